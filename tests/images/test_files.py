"""Reading and writing pictures: one convention, and nothing lost on the way."""

import errno
import io
import os

import numpy as np
import pytest
from PIL import Image

from nstlib.errors import InputError, MissingFile
from nstlib.images import files as images
from nstlib.images.arrays import resize, to_uint8


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
    np.testing.assert_array_equal(to_uint8(images.load_image(path)), rgb)


def test_an_open_file_will_do(rgb):
    file = io.BytesIO()
    Image.fromarray(rgb).save(file, "PNG")
    file.seek(0)
    assert images.load_image(file).shape == (1, 6, 9, 3)
    assert not file.closed
    for wrong, kind in ((io.StringIO("pixels"), "StringIO"), (rgb, "ndarray")):
        with pytest.raises(InputError, match=f"a path or a file open as 'rb', not {kind}"):
            images.load_image(wrong)


def test_size_shrinks_and_never_enlarges(tmp_path):
    path = saved(tmp_path, Image.new("RGB", (80, 40), "navy"))
    assert images.load_image(path, 20).shape == (1, 10, 20, 3)
    assert images.load_image(path, 200).shape == (1, 40, 80, 3)
    with pytest.raises(InputError, match="size is 0; it must be a whole number of pixels"):
        images.load_image(path, 0)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA", "L"])
def test_shrinking_while_loading_is_resize(tmp_path, mode):
    noise = np.random.default_rng(2).integers(0, 256, (50, 70, 4), np.uint8)
    path = saved(tmp_path, Image.fromarray(noise).convert(mode))
    whole, mask = images.load_image(path, alpha="mask")
    small, small_mask = images.load_image(path, 31, alpha="mask")
    np.testing.assert_allclose(small, resize(whole, 31), atol=1e-6)
    np.testing.assert_allclose(small_mask, resize(mask, 31), atol=1e-6)
    assert small_mask.shape == (1, 22, 31, 1)


@pytest.mark.parametrize("shape", [(1, 1), (8, 8), (1, 4000), (4000, 1)])
def test_odd_shapes_survive(tmp_path, shape):
    path = saved(tmp_path, Image.new("RGB", shape[::-1], "red"))
    assert images.load_image(path).shape == (1, *shape, 3)
    small = images.load_image(path, 16)
    assert min(small.shape[1:3]) >= 1 and max(small.shape[1:3]) <= 16
    np.testing.assert_allclose(small[0, 0, 0], [1, 0, 0], atol=1e-6)


# What undoes each EXIF orientation, by NumPy: 1 is upright, 6 a camera held on its right side.
UPRIGHT = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
    8: lambda a: np.rot90(a),
}


@pytest.mark.parametrize("orientation", UPRIGHT)
def test_exif_rotation_is_applied(tmp_path, rgb, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = saved(tmp_path, Image.fromarray(rgb), exif=exif)
    expected = UPRIGHT[orientation](rgb) / np.float32(255)
    np.testing.assert_array_equal(images.load_image(path)[0], expected)


def test_transparency_is_laid_on_white_or_returned(tmp_path):
    picture = Image.new("RGBA", (2, 1), (255, 0, 0, 255))
    picture.putpixel((1, 0), (0, 0, 255, 0))
    path = saved(tmp_path, picture)
    np.testing.assert_array_equal(images.load_image(path)[0, 0], [[1, 0, 0], [1, 1, 1]])
    _, mask = images.load_image(path, alpha="mask")
    np.testing.assert_array_equal(mask, [[[[1], [0]]]])
    with pytest.raises(InputError, match="alpha is 'black'. It can be 'white', 'mask'"):
        images.load_image(path, alpha="black")


def test_half_transparent_gray_is_half_white(tmp_path):
    path = saved(tmp_path, Image.new("LA", (2, 2), (0, 128)))
    np.testing.assert_allclose(images.load_image(path), 127 / 255, atol=1e-6)


def test_a_file_without_transparency_has_a_full_mask(tmp_path, rgb):
    image, mask = images.load_image(saved(tmp_path, Image.fromarray(rgb)), alpha="mask")
    assert mask.shape == (*image.shape[:3], 1) and mask.dtype == np.float32
    assert (mask == 1).all()


def test_a_palette_with_a_transparent_colour(tmp_path):
    picture = Image.new("P", (2, 1))
    picture.putpalette([0, 255, 0, 0, 0, 255])
    picture.putpixel((1, 0), 1)
    image = images.load_image(saved(tmp_path, picture, transparency=1))
    np.testing.assert_array_equal(image[0, 0], [[0, 1, 0], [1, 1, 1]])


@pytest.mark.parametrize(
    ("name", "dtype", "white"),
    [
        ("8.png", np.uint8, 255),
        ("16.png", np.uint16, 65535),
        ("16.tif", np.uint16, 65535),
        ("32.tif", np.int32, 65535),
        ("float.tif", np.float32, 1),
    ],
)
def test_gray_of_every_depth_is_gray(tmp_path, name, dtype, white):
    ramp = np.arange(52).reshape(4, 13) / 51  # 51 divides 255 and 65535: exact in each
    path = saved(tmp_path, Image.fromarray((ramp * white).round(5).astype(dtype)), name)
    image, mask = images.load_image(path, alpha="mask")
    assert image.shape == (1, 4, 13, 3) and mask.shape == (1, 4, 13, 1)
    np.testing.assert_allclose(image[0], np.repeat(ramp[..., None], 3, axis=-1), atol=1e-5)


@pytest.mark.parametrize("value", [300, -1, np.nan, np.inf])
def test_floats_out_of_range_are_refused(tmp_path, value):
    path = saved(tmp_path, Image.fromarray(np.full((2, 2), value, np.float32)), "f.tif")
    with pytest.raises(InputError, match=f"values from {value:g} to .*rescale them to 0..1"):
        images.load_image(path)


def test_whole_numbers_beyond_16_bits_are_refused(tmp_path):
    path = saved(tmp_path, Image.fromarray(np.full((2, 2), 70_000, np.int32)), "i.tif")
    with pytest.raises(InputError, match="values from 70000 .* to 0..65535"):
        images.load_image(path)


def test_cmyk_becomes_rgb(tmp_path):
    path = saved(tmp_path, Image.new("CMYK", (4, 4), (0, 255, 255, 0)), "c.jpg", quality=100)
    np.testing.assert_allclose(images.load_image(path)[0, 0, 0], [1, 0, 0], atol=0.02)


def test_the_first_frame_of_an_animation_is_taken_and_said(tmp_path):
    frames = [Image.new("RGB", (4, 4), color) for color in ("red", "blue")]
    path = saved(tmp_path, frames[0], "a.gif", save_all=True, append_images=frames[1:])
    with pytest.warns(UserWarning, match="2 frames; the first one is taken") as said:
        image = images.load_image(path)
    assert said[0].filename == __file__  # it points at the reader's line, not into nstlib
    np.testing.assert_allclose(image[0, 0, 0], [1, 0, 0], atol=0.01)


@pytest.mark.filterwarnings("error")
def test_the_second_picture_inside_a_phones_jpeg_is_not_mentioned(tmp_path, rgb):
    first = Image.fromarray(rgb)
    path = saved(tmp_path, first, "a.jpg", format="MPO", save_all=True, append_images=[first])
    assert images.load_image(path).shape == (1, 6, 9, 3)


def test_names_with_spaces_and_chinese_characters(tmp_path, rgb):
    path = images.save_image(rgb, tmp_path / "我的 照片.png")
    assert images.load_image(path).shape == (1, 6, 9, 3)


def test_a_missing_file_names_its_neighbour(tmp_path, rgb):
    saved(tmp_path, Image.fromarray(rgb), "mountain.png")
    with pytest.raises(MissingFile, match="Did you mean 'mountain.png'"):
        images.load_image(tmp_path / "mountian.png")
    for name in ("no folder/a.png", "a\0.png", "a" * 300 + ".png"):
        with pytest.raises(MissingFile, match="There is no picture"):
            images.load_image(tmp_path / name)


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


@pytest.mark.parametrize("name", ["half.jpg", "half.png", "half.gif", "half.tif", "half.webp"])
def test_a_picture_cut_short_is_never_returned(tmp_path, name):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    path = saved(tmp_path, Image.fromarray(noise), name)
    content = path.read_bytes()
    for share in (0.05, 0.5, 0.9):
        path.write_bytes(content[: int(len(content) * share)])
        with pytest.raises(InputError, match="damaged or cut short|is not a picture"):
            images.load_image(path)


@pytest.mark.filterwarnings("ignore:.*frames")
def test_an_animation_cut_anywhere_is_refused_or_shows_its_first_frame():
    # Pillow meets some of these cuts with an IndexError, some with a struct.error.
    frames = [Image.new("RGB", (4, 4), color) for color in ("red", "blue")]
    whole = io.BytesIO()
    frames[0].save(whole, "GIF", save_all=True, append_images=frames[1:])
    refused = 0
    for length in range(1, len(whole.getvalue())):
        try:
            image = images.load_image(io.BytesIO(whole.getvalue()[:length]))
            np.testing.assert_allclose(image[0, 0, 0], [1, 0, 0], atol=0.01)
        except InputError:
            refused += 1
    assert refused > 20


def test_a_file_that_may_not_be_read_is_named(tmp_path, rgb, monkeypatch):
    path = saved(tmp_path, Image.fromarray(rgb))
    monkeypatch.setattr(os, "access", lambda *_: False)  # as root, chmod would not keep us out
    with pytest.raises(InputError, match=r"picture\.png may not be read \(permission denied\)"):
        images.load_image(path)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("width", "size", "message"),
    [
        (11_000, None, r"more than 100,000,000: a size of 10488 \(--size 10488\) or less reads it"),
        (20_000, 15_000, r"more than 100,000,000: a size of 14142 \(--size 14142\) or less reads"),
        (50_001, 512, "Files of up to 500,000,000 can be read, however small they are wanted"),
    ],
)
def test_a_decompression_bomb_is_refused_by_what_its_header_says(width, size, message):
    with pytest.raises(InputError, match=f"The file has {width} x 10000 pixels.*{message}"):
        images.load_image(io.BytesIO(b"P6 %d 10000 255 " % width), size)


def test_saving_protects_inputs_and_what_is_there(tmp_path, rgb):
    path = images.save_image(rgb, tmp_path / "a.png")
    os.symlink(path, tmp_path / "link.png")
    for spelling in (tmp_path / "." / "a.png", tmp_path / "link.png"):
        with pytest.raises(InputError, match="one of the files that are read"):
            images.save_image(rgb, spelling, protect=[path])
    with pytest.raises(InputError, match="is there already"):
        images.save_image(rgb, path, overwrite=False)
    with pytest.raises(InputError, match="which format"):
        images.save_image(rgb, tmp_path / "a.docx")
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(InputError, match="is a folder"):
        images.save_image(rgb, tmp_path / "folder.png")
    with pytest.raises(InputError, match="quality is 0"):
        images.save_image(rgb, tmp_path / "b.jpg", quality=0)
    with pytest.raises(InputError, match="long.webp could not be made .*another format"):
        images.save_image(np.zeros((1, 16_384, 3), np.uint8), tmp_path / "long.webp")
    assert sorted(os.listdir(tmp_path)) == ["a.png", "folder.png", "link.png"]


def test_a_link_goes_on_pointing_to_its_file(tmp_path, rgb):
    target = images.save_image(rgb, tmp_path / "deep" / "a.png")
    os.symlink(target, tmp_path / "link.png")
    images.save_image(255 - rgb, tmp_path / "link.png")
    assert (tmp_path / "link.png").is_symlink()
    np.testing.assert_array_equal(to_uint8(images.load_image(target)), 255 - rgb)


@pytest.mark.parametrize("extension", images.EXTENSIONS)
def test_every_extension_is_written_in_its_format(tmp_path, rgb, extension):
    path = images.save_image(np.full((8, 8, 3), 0.5), tmp_path / f"a{extension.upper()}")
    with Image.open(path) as picture:
        assert picture.format == Image.registered_extensions()[extension]
    np.testing.assert_allclose(images.load_image(path), 0.5, atol=0.01)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no umask")
def test_a_saved_file_has_the_usual_permissions(tmp_path, rgb):
    (tmp_path / "plain").touch()
    path = images.save_image(rgb, tmp_path / "a.png")
    assert path.stat().st_mode == (tmp_path / "plain").stat().st_mode


@pytest.mark.parametrize(
    ("step", "error", "message"),
    [
        ("fsync", OSError(errno.ENOSPC, "No space left on device"), "The disk is full.*unchanged"),
        ("replace", PermissionError(errno.EACCES, "Permission denied"), "Permission denied"),
    ],
)
def test_a_failed_save_leaves_the_old_file_and_no_litter(
    tmp_path, rgb, monkeypatch, step, error, message
):
    path = images.save_image(rgb, tmp_path / "a.png")
    before = path.read_bytes()

    def fail(*args, **options):
        assert len(os.listdir(tmp_path)) == 2  # the new file is there by now, beside the old one
        raise error

    monkeypatch.setattr(os, step, fail)
    with pytest.raises(InputError, match=message):
        images.save_image(255 - rgb, path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["a.png"]


def test_an_interrupted_save_leaves_the_old_file_and_no_litter(tmp_path, rgb, monkeypatch):
    path = images.save_image(rgb, tmp_path / "a.png")

    def interrupted(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        images.save_image(255 - rgb, path)
    np.testing.assert_array_equal(to_uint8(images.load_image(path)), rgb)
    assert os.listdir(tmp_path) == ["a.png"]


def test_a_folder_that_is_read_only_is_named(tmp_path, rgb, monkeypatch):
    def forbidden(path, *args, **options):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(images.Path, "open", forbidden)  # as root, chmod would not keep us out
    with pytest.raises(InputError, match=r"a\.png could not be written \(Permission denied\)"):
        images.save_image(rgb, tmp_path / "a.png")
    assert os.listdir(tmp_path) == []


def test_a_folder_that_cannot_be_made_is_named(tmp_path, rgb):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match="is, or is in, a file, not a folder"):
        images.save_image(rgb, tmp_path / "file" / "a.png")
