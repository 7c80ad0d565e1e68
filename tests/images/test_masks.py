"""Masks: from files, softened, shared out, down the layers, and found without help."""

import numpy as np
import pytest
from PIL import Image

from nstlib.errors import InputError
from nstlib.images import bundled as data, masks
from nstlib.vgg.network import feature_extractor
from nstlib.vgg.table import receptive_reach


def left_half(height=32, width=40):
    mask = np.zeros((1, height, width, 1), "float32")
    mask[:, :, : width // 2] = 1
    return mask


# --- From files and arrays -----------------------------------------------------------------------


def test_transparency_is_the_mask_and_without_it_brightness(tmp_path):
    rgba = np.full((4, 6, 4), 255, np.uint8)
    rgba[:, 3:, 3] = 0
    Image.fromarray(rgba).save(tmp_path / "cut out.png")
    found = masks.as_mask(tmp_path / "cut out.png")
    np.testing.assert_array_equal(found, left_half(4, 6))
    Image.fromarray(rgba[..., 3]).save(tmp_path / "gray.png")
    np.testing.assert_array_equal(masks.as_mask(str(tmp_path / "gray.png")), left_half(4, 6))


@pytest.mark.parametrize(
    "given",
    [
        left_half()[0, ..., 0],
        left_half()[0, ..., 0] > 0.5,
        (255 * left_half()[0]).astype(np.uint8),
        left_half().repeat(3, axis=-1),
    ],
    ids=["floats", "booleans", "integers", "picture"],
)
def test_arrays_of_every_kind(given):
    np.testing.assert_array_equal(masks.as_mask(given), left_half())


def test_a_mask_of_another_size_is_resized_and_this_is_said():
    with pytest.warns(UserWarning, match="The mask of sky has 40 x 32 pixels, the picture 20"):
        found = masks.as_mask(left_half(), (16, 20), "mask of sky")
    np.testing.assert_array_equal(found, left_half(16, 20))
    with pytest.warns(UserWarning, match="it is resized"):
        larger = masks.as_mask(left_half(), (64, 80))
    assert larger.shape == (1, 64, 80, 1) and 0 <= larger.min() <= larger.max() <= 1


def test_a_thin_part_survives_shrinking():
    line = np.zeros((1, 40, 40, 1), "float32")
    line[:, :, 7] = 1
    with pytest.warns(UserWarning):
        small = masks.as_mask(line, (10, 10))
    np.testing.assert_allclose(small.mean(), line.mean(), rtol=1e-5)


# --- Soft edges, shares --------------------------------------------------------------------------


def test_feathered_complements_still_add_up_to_one():
    mask = left_half()
    soft, other = masks.feather(mask, 3.0), masks.feather(1 - mask, 3.0)
    np.testing.assert_allclose(soft + other, 1, atol=1e-5)
    np.testing.assert_allclose(soft.mean(), mask.mean(), atol=1e-3)
    assert 0.1 < soft[0, 5, 18, 0] < 0.9 and soft[0, 5, 0, 0] == pytest.approx(1)
    np.testing.assert_array_equal(masks.feather(mask, 0), mask)
    with pytest.raises(InputError, match="pixels is -1"):
        masks.feather(mask, -1)


def test_overlaps_are_shared_and_gaps_are_left():
    mask = left_half()
    whole, half = masks.share_out([np.ones_like(mask), mask])
    np.testing.assert_array_equal(whole, 1 - 0.5 * mask)
    np.testing.assert_array_equal(half, 0.5 * mask)
    np.testing.assert_array_equal(masks.share_out([0.25 * mask])[0], 0.25 * mask)


# --- Down the layers -----------------------------------------------------------------------------


def test_a_position_has_the_mean_of_the_pixels_that_are_pooled_into_it():
    mask = np.random.default_rng(0).uniform(0, 1, (1, 37, 45, 1)).astype("float32")
    shapes = {"one": (37, 45), "two": (18, 22), "three": (9, 11), "six": (1, 1)}
    found = masks.layer_masks(mask, shapes)
    np.testing.assert_allclose(found["one"], mask)
    by_hand = mask[:, :36, :44].reshape(1, 9, 4, 11, 4, 1).mean((2, 4))
    np.testing.assert_allclose(found["three"], by_hand, rtol=1e-5)
    np.testing.assert_allclose(found["six"].item(), mask[:, :32, :32].mean(), rtol=1e-5)


def test_a_full_mask_stays_full_whatever_the_inset():
    full = np.ones((1, 37, 45, 1), "float32")
    found = masks.layer_masks(full, {"two": (18, 22)}, {"two": 50})
    np.testing.assert_array_equal(found["two"], 1)


@pytest.mark.random_weights
def test_with_the_whole_reach_as_inset_no_position_sees_another_region():
    """What lies outside the region is painted over: the features inside must not change."""
    layers, mask = ["block1_conv2", "block2_conv2", "block3_conv1"], left_half(65, 96)
    before = np.random.default_rng(0).uniform(0, 1, (1, 65, 96, 3)).astype("float32")
    after = np.where(mask > 0, before, 1 - before)
    extractor = feature_extractor(layers, weights="random")
    seen = [{layer: np.asarray(x) for layer, x in extractor(p).items()} for p in (before, after)]
    for layer in layers:
        change = np.square(seen[1][layer] - seen[0][layer]).sum(-1)[0]
        shapes, reach = {layer: change.shape}, receptive_reach(layer)
        plain = masks.layer_masks(mask, shapes)[layer][0, ..., 0]
        inset = masks.layer_masks(mask, shapes, {layer: reach})[layer][0, ..., 0]
        assert change[plain > 0].max() > 0
        assert change[inset > 0].max() == 0
        assert change[:, np.flatnonzero(inset[0])[-1] + 1].max() > 0  # no column more was taken


def test_an_inset_never_takes_a_region_away():
    dot, line = np.zeros((1, 64, 64, 1), "float32"), np.zeros((1, 65, 65, 1), "float32")
    dot[:, 20, 20] = 1
    line[:, 64, :] = 1  # in the row that rounding down leaves out
    for mask in (dot, line, 0.3 * np.ones_like(dot)):
        found = masks.layer_masks(mask, {"deep": (4, 4), "deeper": (1, 1)}, {"deep": 70})
        assert all(layer.max() > 0 and np.isfinite(layer).all() for layer in found.values())


# --- Found without help --------------------------------------------------------------------------


def disc(height=60, width=80):
    y, x = np.mgrid[:height, :width]
    return ((x - 40) ** 2 + (y - 30) ** 2 < 15**2)[None, ..., None]


def test_a_disc_on_a_plain_ground_is_the_subject():
    noise = np.random.default_rng(0).normal(0, 0.02, (1, 60, 80, 3))
    photo = np.where(disc(), [0.9, 0.3, 0.1], [0.2, 0.5, 0.3]) + noise
    found = masks.subject_mask(photo.clip(0, 1).astype("float32"))
    assert found.shape == (1, 60, 80, 1) and found.dtype == np.float32
    assert (np.abs(found - disc()) > 0.5).mean() < 0.01
    again = masks.subject_mask(photo.clip(0, 1).astype("float32"))
    np.testing.assert_array_equal(found, again)


def test_of_a_photo_of_one_color_the_middle_is_the_subject():
    found = masks.subject_mask(np.full((1, 40, 50, 3), 0.3, "float32"))
    assert found[0, 20, 25, 0] == pytest.approx(1) and found[0, 0].max() < 0.5


@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (5, 400)])
def test_tiny_photos_do_not_break_the_automatic_masks(shape):
    photo = np.random.default_rng(0).uniform(0, 1, (1, *shape, 3)).astype("float32")
    assert masks.subject_mask(photo).shape == (1, *shape, 1)


WITH_SKY = ("great_wall", "golden_temple", "colosseum", "giraffes", "louvre")


@pytest.mark.parametrize(
    ("name", "size"), [*((name, 64) for name in WITH_SKY), ("great_wall", 512), ("giraffes", 512)]
)
def test_the_sky_is_above_at_any_size(name, size):
    sky = masks.sky_mask(data.photo(name, size))[0, ..., 0]
    quarter = len(sky) // 4
    assert sky[:quarter].mean() > 0.6 and sky[-quarter:].mean() < 0.01


@pytest.mark.parametrize("name", ["jaguars", "astronaut", "coffee"])
def test_without_a_sky_this_is_said(name):
    with pytest.raises(InputError, match="No sky was found"):
        masks.sky_mask(data.photo(name, 256))


def test_a_rough_mask_moves_to_the_edges_of_the_photo():
    photo = np.where(disc(), 0.9, 0.2).repeat(3, axis=-1).astype("float32")
    photo += np.random.default_rng(0).normal(0, 0.02, photo.shape).astype("float32")
    rough = np.roll(disc(), (2, 2), axis=(1, 2)).astype("float32")
    better = masks.refine_mask(photo.clip(0, 1), rough, band=0.08)
    errors = [(np.abs(mask - disc()) > 0.5).mean() for mask in (rough, better)]
    assert errors[1] < 0.25 * errors[0]
