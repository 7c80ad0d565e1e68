"""Colour profiles: what is read looks in sRGB as it looks in a viewer that knows them."""

import io

import numpy as np
import pytest
from PIL import Image, ImageCms

from nstlib.errors import InputError
from nstlib.images.arrays import to_uint8
from nstlib.images.files import load_image, rgb_picture, save_image
from nstlib.images.formats import EXTENSIONS
from nstlib.images.masks import as_mask

NAMES = [f"a{end}" for end in (".png", ".tif", ".webp", ".jpg", ".avif") if end in EXTENSIONS]
SCENE = np.uint8([(200, 60, 50), (60, 160, 70), (50, 70, 190), (210, 190, 60), (128, 128, 128)])


def encoded(profile: bytes) -> Image.Image:
    """SCENE, a row of colours, as a camera with this profile would store it."""
    wide = io.BytesIO(profile)
    srgb = ImageCms.createProfile("sRGB")
    return ImageCms.profileToProfile(Image.fromarray(SCENE[None]), srgb, wide, renderingIntent=1)


@pytest.mark.parametrize("kind", ["p3", "adobe", "srgb"])
@pytest.mark.parametrize("name", NAMES)
def test_colours_are_those_that_were_photographed(tmp_path, profiles, kind, name):
    tall = encoded(profiles[kind]).resize((40, 8), Image.Resampling.NEAREST)
    lossless = {"lossless": True} if name == "a.webp" else {"quality": 100, "subsampling": "4:4:4"}
    tall.save(tmp_path / name, icc_profile=profiles[kind], **lossless)
    seen = to_uint8(load_image(tmp_path / name))[4, 4::8].astype(int)
    np.testing.assert_allclose(seen, SCENE, atol=5 if name in ("a.jpg", "a.avif") else 2)


def test_a_profile_that_is_srgb_changes_no_bit(tmp_path, profiles, rgb):
    Image.fromarray(rgb).save(tmp_path / "a.png", icc_profile=profiles["srgb"])
    np.testing.assert_array_equal(to_uint8(load_image(tmp_path / "a.png")), rgb)


@pytest.mark.parametrize("mode", ["RGBA", "P", "L", "LA"])
def test_every_mode_has_a_profile_of_colours(tmp_path, profiles, mode):
    wide = encoded(profiles["adobe"])
    if mode == "RGBA":
        wide.putalpha(255)
    wide = wide.quantize() if mode == "P" else wide.convert(mode)
    wide.save(tmp_path / "a.png", icc_profile=profiles["adobe"])
    seen = to_uint8(load_image(tmp_path / "a.png"))[0].astype(int)
    if mode in ("L", "LA"):
        assert (np.ptp(seen, axis=-1) <= 1).all() and abs(seen[-1] - 128).max() <= 2
    else:
        np.testing.assert_allclose(seen, SCENE, atol=2)


@pytest.mark.parametrize("kind", ["8.png", "alpha.png", "16.png", "16.tif"])
def test_gray_has_a_profile_of_gray(tmp_path, profiles, kind):
    """Linear light at 0.216 is 128 of 255 in sRGB."""
    stored = {"8": np.uint8([[55, 255]]), "16": np.uint16([[14145, 65535]])}
    level = Image.fromarray(stored.get(kind.split(".")[0], stored["8"]))
    level = level.convert("LA") if kind == "alpha.png" else level
    level.save(tmp_path / kind, icc_profile=profiles["gray"])
    seen = load_image(tmp_path / kind)[0, 0] * 255
    np.testing.assert_allclose(seen, [[128] * 3, [255] * 3], atol=1)


def test_cmyk_has_a_profile_of_inks(tmp_path, profiles):
    picture = Image.new("CMYK", (8, 8), (0, 255, 255, 0))  # Lab 135 / 255, neutral, there
    picture.save(tmp_path / "a.tif", icc_profile=profiles["cmyk"])
    seen = to_uint8(load_image(tmp_path / "a.tif"))[0, 0].astype(int)
    assert np.ptp(seen) <= 2 and 110 < seen[0] < 145, seen


def test_lab_is_read_without_a_profile(tmp_path):
    Image.new("LAB", (4, 4), (136, 128, 128)).save(tmp_path / "a.tif")  # L 53.3: middle gray
    np.testing.assert_allclose(load_image(tmp_path / "a.tif") * 255, 127, atol=2)


@pytest.mark.parametrize(
    ("kind", "mode", "reason"),
    [
        ("broken", "RGB", "cannot open profile"),
        ("gray", "RGB", "it is for GRAY, the picture is RGB"),
        ("cmyk", "RGB", "it is for CMYK, the picture is RGB"),
        ("p3", "CMYK", "it is for RGB, the picture is CMYK"),
    ],
)
def test_a_profile_that_cannot_be_used_is_said_once(tmp_path, profiles, kind, mode, reason):
    Image.new("RGB", (4, 4), (200, 60, 50)).convert(mode).save(
        tmp_path / "a.tif", icc_profile=profiles[kind]
    )
    with pytest.warns(UserWarning, match=f"a.tif has a colour profile.*{reason}.*sRGB") as said:
        seen = to_uint8(load_image(tmp_path / "a.tif"))
    assert len(said) == 1 and said[0].filename == __file__
    np.testing.assert_array_equal(seen[0, 0], (200, 60, 50))


def test_a_profile_cut_anywhere_costs_no_picture(tmp_path, profiles):
    for length in range(1, len(profiles["p3"]), 30):
        picture = Image.new("RGB", (1, 1), (200, 60, 50))
        picture.save(tmp_path / "a.tif", icc_profile=profiles["p3"][:length])
        with pytest.warns(UserWarning, match="colour profile that cannot be used"):
            assert load_image(tmp_path / "a.tif").shape == (1, 1, 1, 3)


def test_masks_and_training_see_the_same_colours(tmp_path, profiles):
    Image.fromarray(np.uint8([[55] * 4] * 4)).save(tmp_path / "a.png", icc_profile=profiles["gray"])
    np.testing.assert_allclose(as_mask(tmp_path / "a.png") * 255, 128, atol=1)
    wide = encoded(profiles["adobe"])
    wide.save(tmp_path / "b.png", icc_profile=profiles["adobe"])
    picture, notes = rgb_picture(tmp_path / "b.png", 1)
    np.testing.assert_allclose(np.asarray(picture)[0].astype(int), SCENE, atol=2)
    assert notes == []


def test_what_is_written_has_no_profile(tmp_path, rgb):
    for suffix in (".jpg", ".png", ".webp", ".tif"):
        with Image.open(save_image(rgb, tmp_path / f"a{suffix}")) as picture:
            assert "icc_profile" not in picture.info


def test_deep_gray_out_of_range_is_still_refused(tmp_path, profiles):
    picture = Image.fromarray(np.full((2, 2), 3, np.float32))
    picture.save(tmp_path / "a.tif", icc_profile=profiles["gray"])
    with pytest.raises(InputError, match="rescale them to 0..1"):
        load_image(tmp_path / "a.tif")
