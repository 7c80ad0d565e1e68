"""What is read and written again is the same picture, to within what its format loses.

For each format, mode, orientation and way of transparency: what `stylize --strength 0` does.
"""

import numpy as np
import pytest
from PIL import Image, ImageOps

from nstlib.errors import InputError
from nstlib.images.files import EXTENSIONS, load_image, save_image
from nstlib.images.tags import kept_tags

LOSS = {".jpg": 12, ".webp": 12, ".avif": 12, ".gif": 30}  # of 255, at most, on a smooth picture
WITH_TAGS = [end for end in (".jpg", ".png", ".tif", ".webp", ".avif") if end in EXTENSIONS]
MODES = ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", "I", "F", "LAB", "YCbCr", "PA", "HSV")
SOURCES = ("PNG", "TIFF", "JPEG", "WEBP", "AVIF", "GIF", "BMP", "JPEG2000", "TGA", "PPM", "PCX",
           "SGI", "DDS", "QOI")  # fmt: skip


def smooth(mode: str = "RGBA", size=(32, 24)) -> Image.Image:
    """Colours that run from corner to corner, opaque at the left, clear at the right."""
    width, height = size
    y, x = np.mgrid[0:height, 0:width] / (max(size) - 1)
    ramps = np.stack([0.2 + 0.6 * x, 0.2 + 0.6 * y, 0.8 - 0.6 * x, (1 - x).clip(0, 1)], axis=-1)
    if mode in ("I;16", "I", "F"):
        whole, kind = {"I;16": (65535, "uint16"), "I": (65535, "int32"), "F": (1, "float32")}[mode]
        return Image.fromarray((ramps[..., 0] * whole).astype(kind))
    picture = Image.fromarray(np.uint8(ramps * 255))
    if mode in ("RGBA", "LA", "PA"):
        return picture.convert(mode)
    return picture.convert("RGB").quantize() if mode == "P" else _opaque(picture, mode)


def _opaque(picture: Image.Image, mode: str) -> Image.Image:
    if mode == "LAB":
        from PIL import ImageCms

        srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
        return ImageCms.profileToProfile(picture.convert("RGB"), srgb, lab, outputMode="LAB")
    return picture.convert("RGB").convert(mode)


def seen_on(path, background: str) -> np.ndarray:
    """What a viewer shows of a file: float, 0..255."""
    with Image.open(path) as picture:
        layered = ImageOps.exif_transpose(picture).convert("RGBA")
    behind = Image.new("RGBA", layered.size, background)
    return np.asarray(Image.alpha_composite(behind, layered).convert("RGB"), np.float32)


def there_and_back(path, out):
    picture, alpha = load_image(path, alpha="mask")
    return save_image(picture, out, alpha=alpha)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", SOURCES)
def test_what_pillow_writes_comes_back(tmp_path, kind, mode):
    """In any mode that a format knows; what it holds is what Pillow reads of it."""
    if kind not in Image.SAVE:
        pytest.skip(f"this Pillow has no {kind}")
    try:
        smooth(mode).save(tmp_path / "a", kind)
        Image.open(tmp_path / "a").load()
    except (OSError, ValueError, KeyError):  # a format does not know each mode
        return
    out = there_and_back(tmp_path / "a", tmp_path / "b.png")
    if mode in ("I;16", "I", "F") and kind in ("PNG", "TIFF", "PPM", "JPEG2000"):
        wanted = np.repeat(np.asarray(smooth("RGB"), np.float32)[..., :1], 3, axis=-1)
        np.testing.assert_allclose(seen_on(out, "white"), wanted, atol=1.5)
        return
    if mode == "LAB" and kind == "TIFF":  # 8 bits of Lab are coarse where blue is strong
        error = abs(seen_on(out, "white") - np.asarray(smooth("RGB"), np.float32))
        assert error.max() <= 20 and error.mean() <= 1.5
        return
    for background in ("white", "black"):
        before = seen_on(tmp_path / "a", background)
        np.testing.assert_allclose(seen_on(out, background), before, atol=1.5)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L"])
@pytest.mark.parametrize("extension", EXTENSIONS)
def test_what_is_written_is_what_was_read(tmp_path, extension, mode):
    smooth(mode).save(tmp_path / "a.png")
    clear = mode == "RGBA" and extension in (".jpg", ".jpeg", ".jpe", ".jfif", ".bmp")
    if clear:
        with pytest.warns(UserWarning, match=f"{extension} files hold no transparency.*on white"):
            out = there_and_back(tmp_path / "a.png", tmp_path / f"b{extension}")
    else:
        out = there_and_back(tmp_path / "a.png", tmp_path / f"b{extension}")
    kind = {"jp": ".jpg", "jf": ".jpg"}.get(extension[1:3], extension)
    hard = mode == "RGBA" and extension == ".gif"  # clear or opaque, nothing between
    for background in ["white"] if clear or hard else ["white", "black"]:
        error = seen_on(out, background) - seen_on(tmp_path / "a.png", background)
        assert abs(error).max() <= (128 if hard else LOSS.get(kind, 1))
        assert abs(error).mean() <= (25 if hard else LOSS.get(kind, 1) / 4)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("extension", WITH_TAGS)
def test_what_lay_on_its_side_is_upright(tmp_path, extension, orientation):
    exif = Image.Exif()
    exif[0x0112], exif[0x0132] = orientation, "2026:11:28 12:00:00"
    smooth("RGB").save(tmp_path / f"a{extension}", exif=exif, quality=95)
    picture = load_image(tmp_path / f"a{extension}")
    tags = kept_tags(tmp_path / f"a{extension}")
    out = save_image(picture, tmp_path / f"b{extension}", exif=tags)
    before = seen_on(tmp_path / f"a{extension}", "white")
    np.testing.assert_allclose(seen_on(out, "white"), before, atol=LOSS.get(extension, 1))
    with Image.open(out) as after:
        assert after.getexif().get(0x0112, 1) == 1
        assert after.getexif()[0x0132] == "2026:11:28 12:00:00"


@pytest.mark.parametrize("opacity", [0, 1, 40, 128, 254, 255])
def test_colours_under_an_old_opacity_look_the_same_on_anything(tmp_path, opacity):
    Image.new("RGBA", (4, 4), (200, 60, 50, opacity)).save(tmp_path / "a.png")
    out = there_and_back(tmp_path / "a.png", tmp_path / "b.png")
    for background in ("white", "black", "blue"):
        difference = seen_on(out, background) - seen_on(tmp_path / "a.png", background)
        assert abs(difference).max() <= 1
    with Image.open(out) as after:
        assert after.mode == ("RGB" if opacity == 255 else "RGBA")


def test_opacity_has_the_picture_s_size(tmp_path):
    with pytest.raises(InputError, match="The picture and alpha have 8 x 8 and 4 x 4 pixels"):
        save_image(np.zeros((8, 8, 3)), tmp_path / "a.png", alpha=np.zeros((1, 4, 4, 1)))


# --- Quality and tags -----------------------------------------------------------------------------


def test_jpeg_keeps_all_its_colours_and_quality_costs_bytes(tmp_path, rgb):
    sizes = []
    for quality in (30, 92, 100):
        path = save_image(rgb, tmp_path / "a.jpg", quality=quality)
        sizes.append(path.stat().st_size)
        with Image.open(path) as picture:
            assert [layer[1:3] for layer in picture.layer] == 3 * [(1, 1)]
    assert sizes == sorted(set(sizes))
    default = save_image(rgb, tmp_path / "b.jpg").stat().st_size
    assert default == sizes[1]


def test_webp_without_loss(tmp_path, rgb):
    path = save_image(rgb, tmp_path / "a.webp", lossless=True)
    np.testing.assert_array_equal(seen_on(path, "white"), rgb)


@pytest.fixture
def shot(tmp_path):
    """A photo with all that a phone writes."""
    exif = Image.Exif()
    exif.update({0x010F: "Maker", 0x0110: "Phone 7", 0x0112: 6, 0x8298: "me", 0x010E: "the sea"})
    exif[0x8769] = {0x9003: "2026:11:28 12:00:00", 0x829A: 0.01, 0x927C: b"secrets", 0xA002: 640,
                    0xA001: 65535}  # fmt: skip
    exif[0x8825] = {1: "N", 2: (46.0, 30.0, 0.0), 3: "E", 4: (9.0, 30.0, 0.0)}
    Image.new("RGB", (8, 6)).save(tmp_path / "a.jpg", exif=exif)
    return tmp_path / "a.jpg"


@pytest.mark.parametrize("extension", WITH_TAGS)
def test_tags_of_the_shot_are_kept_but_its_place(tmp_path, shot, extension):
    path = save_image(load_image(shot), tmp_path / f"b{extension}", exif=kept_tags(shot))
    with Image.open(path) as picture:
        exif = picture.getexif()
        about, inside = dict(exif), exif.get_ifd(0x8769)
    assert (about[0x010F], about[0x0110], about[0x8298]) == ("Maker", "Phone 7", "me")
    assert about.get(0x0112, 1) == 1 and 0x8825 not in about and not exif.get_ifd(0x8825)
    assert inside[0x9003] == "2026:11:28 12:00:00" and inside[0x829A] == pytest.approx(0.01)
    assert inside[0xA001] == 1 and not {0x927C, 0xA002} & set(inside)
    assert b"secrets" not in path.read_bytes()


def test_damaged_or_endless_tags_cost_no_picture(tmp_path, shot):
    content = shot.read_bytes()
    place = content.index(b"Exif\0\0") + 6
    for cut in (b"XX", b"MM\0\x2a\xff\xff\xff\xff"):
        shot.write_bytes(content[:place] + cut + content[place + len(cut) :])
        assert load_image(shot).shape in [(1, 6, 8, 3), (1, 8, 6, 3)]
        save_image(load_image(shot), tmp_path / "b.jpg", exif=kept_tags(shot))
    exif = Image.Exif()
    exif[0x010E] = "long " * 20_000
    Image.new("RGB", (8, 6)).save(tmp_path / "c.png", exif=exif)
    assert kept_tags(tmp_path / "c.png") == b""


def test_a_picture_without_tags_has_none(tmp_path, rgb):
    for name in ("a.png", "a.bmp", "a.tif"):
        assert kept_tags(save_image(rgb, tmp_path / name)) == b""
