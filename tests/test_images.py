"""Reading, writing and showing pictures: one convention, and nothing lost on the way."""

import errno
import io
import os

import numpy as np
import pytest
from PIL import Image

from nstlib import images
from nstlib.errors import InputError, MissingFile


@pytest.fixture
def rgb():
    return np.random.default_rng(1).integers(0, 256, (6, 9, 3), np.uint8)


def saved(tmp_path, picture, name="picture.png", **options):
    path = tmp_path / name
    picture.save(path, **options)
    return path


def test_a_picture_comes_in_by_the_convention(tmp_path, rgb):
    image = images.load_image(saved(tmp_path, Image.fromarray(rgb)))
    assert image.shape == (1, 6, 9, 3) and image.dtype == np.float32
    np.testing.assert_array_equal(image[0], rgb.astype(np.float32) / 255)


def test_saving_and_loading_changes_nothing(tmp_path, rgb):
    path = images.save_image(rgb, tmp_path / "deep" / "er" / "a.png")
    np.testing.assert_array_equal(images.to_uint8(images.load_image(path)), rgb)


def test_an_open_file_will_do(rgb):
    file = io.BytesIO()
    Image.fromarray(rgb).save(file, "PNG")
    file.seek(0)
    assert images.load_image(file).shape == (1, 6, 9, 3)


def test_size_shrinks_and_never_enlarges(tmp_path):
    path = saved(tmp_path, Image.new("RGB", (80, 40), "navy"))
    assert images.load_image(path, 20).shape == (1, 10, 20, 3)
    assert images.load_image(path, 200).shape == (1, 40, 80, 3)


@pytest.mark.parametrize("shape", [(1, 1), (8, 8), (1, 4000), (4000, 1)])
def test_odd_shapes_survive(tmp_path, shape):
    path = saved(tmp_path, Image.new("RGB", shape[::-1], "red"))
    assert images.load_image(path).shape == (1, *shape, 3)
    small = images.load_image(path, 16)
    assert min(small.shape[1:3]) >= 1 and max(small.shape[1:3]) <= 16
    np.testing.assert_allclose(small[0, 0, 0], [1, 0, 0], atol=1e-6)


def test_exif_rotation_is_applied(tmp_path, rgb):
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held on its side
    path = saved(tmp_path, Image.fromarray(rgb), exif=exif)
    np.testing.assert_allclose(images.load_image(path)[0] * 255, np.rot90(rgb, -1), atol=1e-3)


def test_transparency_is_laid_on_white_or_returned(tmp_path):
    picture = Image.new("RGBA", (2, 1), (255, 0, 0, 255))
    picture.putpixel((1, 0), (0, 0, 255, 0))
    path = saved(tmp_path, picture)
    np.testing.assert_array_equal(images.load_image(path)[0, 0], [[1, 0, 0], [1, 1, 1]])
    _, mask = images.load_image(path, alpha="mask")
    np.testing.assert_array_equal(mask, [[[[1], [0]]]])


def test_a_palette_with_a_transparent_colour(tmp_path):
    picture = Image.new("P", (2, 1))
    picture.putpalette([0, 255, 0, 0, 0, 255])
    picture.putpixel((1, 0), 1)
    image = images.load_image(saved(tmp_path, picture, transparency=1))
    np.testing.assert_array_equal(image[0, 0], [[0, 1, 0], [1, 1, 1]])


def test_gray_of_every_depth_is_gray(tmp_path):
    ramp = np.linspace(0, 1, 12).reshape(3, 4)
    files = [
        saved(tmp_path, Image.fromarray((ramp * 255).round().astype(np.uint8)), "8.png"),
        saved(tmp_path, Image.fromarray((ramp * 65535).round().astype(np.uint16)), "16.png"),
        saved(tmp_path, Image.fromarray((ramp * 65535).round().astype(np.uint16)), "16.tif"),
        saved(tmp_path, Image.fromarray(ramp.astype(np.float32)), "float.tif"),
    ]
    for path in files:
        image = images.load_image(path)
        expected = np.repeat(ramp[..., None], 3, axis=-1)[None]
        np.testing.assert_allclose(image, expected, atol=0.003, err_msg=path.name)


def test_floats_out_of_range_are_refused(tmp_path):
    path = saved(tmp_path, Image.fromarray(np.full((2, 2), 300, np.float32)), "f.tif")
    with pytest.raises(InputError, match="floats from 300 to 300; nstlib reads 0 to 1"):
        images.load_image(path)


def test_cmyk_becomes_rgb(tmp_path):
    path = saved(tmp_path, Image.new("CMYK", (4, 4), (0, 255, 255, 0)), "c.jpg", quality=100)
    np.testing.assert_allclose(images.load_image(path)[0, 0, 0], [1, 0, 0], atol=0.02)


def test_the_first_frame_of_an_animation_is_taken_and_said(tmp_path):
    frames = [Image.new("RGB", (4, 4), color) for color in ("red", "blue")]
    path = saved(tmp_path, frames[0], "a.gif", save_all=True, append_images=frames[1:])
    with pytest.warns(UserWarning, match="2 frames; the first one is taken"):
        image = images.load_image(path)
    np.testing.assert_allclose(image[0, 0, 0], [1, 0, 0], atol=0.01)


def test_names_with_spaces_and_chinese_characters(tmp_path, rgb):
    path = images.save_image(rgb, tmp_path / "我的 照片.png")
    assert images.load_image(path).shape == (1, 6, 9, 3)


def test_a_missing_file_names_its_neighbour(tmp_path, rgb):
    saved(tmp_path, Image.fromarray(rgb), "mountain.png")
    with pytest.raises(MissingFile, match="Did you mean 'mountain.png'"):
        images.load_image(tmp_path / "mountian.png")


def broken_files(tmp_path):
    whole = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    Image.fromarray(noise).save(whole, "JPEG")
    contents = {
        "text.jpg": (b"this is a shopping list", "is not a picture"),
        "empty.jpg": (b"", "is empty"),
        "half.jpg": (whole.getvalue()[: len(whole.getvalue()) // 2], "damaged or cut short"),
        "header.jpg": (whole.getvalue()[:20], "damaged or cut short|is not a picture"),
    }
    for name, (content, message) in contents.items():
        (tmp_path / name).write_bytes(content)
        yield tmp_path / name, message
    yield tmp_path, "is a folder"


def test_what_is_no_picture_is_named(tmp_path):
    for path, message in broken_files(tmp_path):
        with pytest.raises(InputError, match=message) as caught:
            images.load_image(path)
        assert str(path) in str(caught.value)


def test_a_decompression_bomb_is_refused_by_its_size(tmp_path):
    path = saved(tmp_path, Image.new("1", (20_000, 20_000)), "bomb.png")
    with pytest.raises(InputError, match=r"400[,]?000[,]?000 pixels.*At most 100,000,000"):
        images.load_image(path)
    path = saved(tmp_path, Image.new("1", (11_000, 10_000)), "large.png")
    with pytest.raises(InputError, match="11000 x 10000 = 110,000,000 pixels"):
        images.load_image(path)


@pytest.mark.parametrize("size", [0, -3, 2.5, True])
def test_a_size_is_a_whole_number(size, tiny_image):
    with pytest.raises(InputError, match="whole number of pixels, 1 or more"):
        images.resize(tiny_image, size)


def test_resize_keeps_a_constant_and_the_proportions():
    gray = np.full((1, 30, 40, 3), 0.4, np.float32)
    for size, shape in ((20, (15, 20)), (80, (60, 80)), ((7, 5), (7, 5))):
        small = images.resize(gray, size)
        assert small.shape == (1, *shape, 3) and small.dtype == np.float32
        np.testing.assert_allclose(small, 0.4, atol=1e-6)


def test_arrays_of_all_kinds_become_pictures(rgb):
    floats = rgb.astype(np.float64) / 255
    for array in (rgb, floats, floats[None], rgb.astype(np.int64)):
        np.testing.assert_allclose(images.as_image(array)[0], floats, atol=1e-6)
    assert images.as_image(rgb[..., 0]).shape == (1, 6, 9, 3)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((2, 4, 4, 3)), r"shape \(2, 4, 4, 3\)"),
        (np.zeros((4, 4, 7)), "not a picture"),
        (np.full((4, 4, 3), np.nan), "NaN"),
        (np.full((4, 4, 3), 128.0), "values from 128 to 128.*Divide by 255"),
    ],
)
def test_arrays_that_are_no_pictures(array, message):
    with pytest.raises(InputError, match=message):
        images.as_image(array)


def test_saving_protects_inputs_and_what_is_there(tmp_path, rgb):
    path = images.save_image(rgb, tmp_path / "a.png")
    with pytest.raises(InputError, match="one of the pictures that are read"):
        images.save_image(rgb, tmp_path / "." / "a.png", protect=[path])
    os.symlink(path, tmp_path / "link.png")
    with pytest.raises(InputError, match="one of the pictures that are read"):
        images.save_image(rgb, tmp_path / "link.png", protect=[path])
    with pytest.raises(InputError, match="is there already"):
        images.save_image(rgb, path, overwrite=False)
    with pytest.raises(InputError, match="which format"):
        images.save_image(rgb, tmp_path / "a.docx")
    with pytest.raises(InputError, match="is a folder"):
        (tmp_path / "folder.png").mkdir()
        images.save_image(rgb, tmp_path / "folder.png")


def test_a_full_disk_leaves_the_old_file_and_no_litter(tmp_path, rgb, monkeypatch):
    path = images.save_image(rgb, tmp_path / "a.png")
    before = path.read_bytes()

    def full(*args, **options):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", full)
    with pytest.raises(InputError, match="The disk is full.*unchanged"):
        images.save_image(255 - rgb, path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["a.png"]


def test_a_folder_that_cannot_be_made_is_named(tmp_path, rgb):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match="could not be written"):
        images.save_image(rgb, tmp_path / "file" / "a.png")


def test_show_draws_each_picture_with_its_title(rgb):
    import matplotlib.pyplot as plt

    images.show({"a photo": rgb, "a map": np.eye(5), "one channel": np.zeros((1, 4, 4, 1))})
    figure = plt.gcf()
    assert [axis.get_title() for axis in figure.axes] == ["a photo", "a map", "one channel"]
    assert figure.axes[0].images[0].get_array().shape == (6, 9, 3)
    images.show([rgb] * 5, columns=2)
    assert len(plt.gcf().axes) == 6
    plt.close("all")
