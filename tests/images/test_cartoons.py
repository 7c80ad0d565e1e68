"""A cartoon's three looks: steps stay, grain goes; fields and ink; a gray that keeps white."""

import numpy as np
import pytest

from nstlib.errors import InputError
from nstlib.images import cartoons
from nstlib.images.filter_parts import guided

LOOKS = (cartoons.surface_look, cartoons.structure_look, cartoons.texture_look)
every_look = pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.__name__)


def step(low=0.2, high=0.8, height=24, width=40) -> np.ndarray:
    image = np.full((1, height, width, 3), low, np.float32)
    image[:, :, width // 2 :] = high
    return image


def ramp(height=20, width=60) -> np.ndarray:
    return np.broadcast_to(np.linspace(0.1, 0.9, width)[:, None], (1, height, width, 3)).copy()


# --- What holds for all of them ------------------------------------------------------------------


@every_look
def test_a_picture_becomes_a_picture_and_stays_as_it_was(look, tiny_image):
    before = tiny_image.copy()
    after = look(tiny_image)
    assert after.shape == before.shape and after.dtype == np.float32
    assert after.min() >= 0 and after.max() <= 1
    np.testing.assert_array_equal(tiny_image, before)
    np.testing.assert_array_equal(look(tiny_image), after)


@every_look
def test_tiny_flat_pictures_stay_flat(look):
    for shape in [(1, 1), (1, 7), (5, 1), (2, 3)]:
        after = look(np.full((1, *shape, 3), 0.5))
        np.testing.assert_allclose(after, np.full((1, *shape, 3), 0.5), atol=1e-5)


WRONG = [
    (cartoons.surface_look, {"radius": 0.5}),
    (cartoons.surface_look, {"tolerance": 0}),
    (cartoons.structure_look, {"calm": 0}),
    (cartoons.structure_look, {"contrast": -1}),
    (cartoons.structure_look, {"lines": 2}),
    (cartoons.texture_look, {"seed": -1}),
]


@pytest.mark.parametrize(("look", "wrong"), WRONG)
def test_a_wrong_value_is_named_with_what_is_allowed(look, wrong):
    (name, given), *_ = wrong.items()
    with pytest.raises(InputError, match=f"{name} is {given}; it must be"):
        look(step(), **wrong)


# --- Surface -------------------------------------------------------------------------------------


def test_the_surface_keeps_a_step_and_loses_grain():
    grain = np.random.default_rng(0).normal(0, 0.02, step().shape)
    after = cartoons.surface_look(np.clip(step() + grain, 0, 1))
    np.testing.assert_allclose(after, step(), atol=0.06)
    assert after[:, :, :12].std() < 0.3 * grain[:, :, :12].std()


def test_a_guided_step_shrinks_as_the_formula_says():
    """Windows of 3 pixels: two have both sides in them, with slope var / (var + tolerance²)."""
    band = step(0.0, 0.6)[0, ..., :1]
    after = guided(band, band, 1, 0.1)[12, :, 0]
    slope = np.array([0, 2 / 9, 2 / 9, 0]) * 0.6**2  # variances of windows at columns 18 to 21
    slope = slope / (slope + 0.1**2)
    rest = (1 - slope) * np.array([0, 0.2, 0.4, 0.6])
    assert after[19] == pytest.approx(rest[:3].mean(), abs=1e-5)
    assert after[20] == pytest.approx((slope[1:] * 0.6 + rest[1:]).mean(), abs=1e-5)


def test_an_edge_goes_where_the_guide_has_one_and_is_smoothed_where_it_has_none():
    guide, mask = step()[0], np.roll(step(0, 1)[0, ..., :1], 2, axis=1)
    found = guided(mask, guide, 6, 0.01)[12, :, 0]
    assert np.abs(np.diff(found)).argmax() == 19  # the mask's is two columns farther right
    flat = guided(mask, np.full_like(guide, 0.5), 3, 0.01)[12, :, 0]
    twice = np.convolve(np.ones(7) / 7, np.ones(7) / 7)  # a mean of means
    np.testing.assert_allclose(
        flat[10:32], np.convolve(mask[12, :, 0], twice, "same")[10:32], atol=1e-5
    )


# --- Structure -----------------------------------------------------------------------------------


def test_two_halves_are_two_flats_with_ink_between():
    after = cartoons.structure_look(step(), contrast=1)[0, 12]
    np.testing.assert_allclose(after[:18], 0.2, atol=1e-5)
    np.testing.assert_allclose(after[22:], 0.8, atol=1e-5)
    assert after[19:21].max() < 0.4 and after[20:21].max() < 0.4


def test_without_lines_only_the_contrast_changes():
    plain = cartoons.structure_look(step(), contrast=1.2, lines=1)
    np.testing.assert_allclose(plain, 0.5 + 1.2 * (step() - 0.5), atol=1e-5)
    faint = step(0.4, 0.5)
    np.testing.assert_allclose(cartoons.structure_look(faint, contrast=1), faint, atol=1e-5)


def test_soft_shading_becomes_flats_without_ink():
    after = cartoons.structure_look(ramp(), contrast=1, lines=0.05)[0, 10, :, 0]
    flat = np.abs(np.diff(after)) < 1e-4
    assert flat.mean() > 0.6 and (np.diff(after) > -1e-4).all()


def test_eyes_and_mouth_of_a_face_stay_dark():
    """Two spots of 3 pixels and a line of 2, in a field of skin with soft shading."""
    face = np.full((1, 60, 60, 3), (0.85, 0.65, 0.55), np.float32)
    face *= np.linspace(0.9, 1.05, 60, dtype=np.float32)[None, None, :, None]
    for rows, columns in ((slice(20, 23), slice(18, 21)), (slice(20, 23), slice(38, 41)),
                          (slice(40, 42), slice(22, 38))):  # fmt: skip
        face[:, rows, columns] = 0.2
        middle = (0, (rows.start + rows.stop) // 2, (columns.start + columns.stop) // 2)
        assert face[middle].max() < 0.3
    after = cartoons.structure_look(face.clip(0, 1))
    for row, column in ((21, 19), (21, 39), (41, 30)):
        assert after[0, row, column].max() < 0.3 and after[0, row + 8, column].mean() > 0.6


# --- Texture -------------------------------------------------------------------------------------


def test_gray_stays_as_it_is_whatever_the_weights():
    for seed in range(20):
        after = cartoons.texture_look(ramp(), seed=seed)
        np.testing.assert_allclose(after, ramp(), atol=1e-5)


def test_another_seed_is_another_gray_in_three_equal_channels(tiny_image):
    one, other = (cartoons.texture_look(tiny_image, seed=seed) for seed in (0, 1))
    np.testing.assert_array_equal(one[..., 0], one[..., 2])
    assert np.abs(one - other).max() > 0.05


def test_red_is_darker_than_green_for_some_weights_and_brighter_for_others():
    """Of equal brightness, so that only the random weights tell them apart."""
    colors = np.array([[[0.587, 0, 0], [0, 0.299, 0]]], np.float32)
    gaps = [np.diff(cartoons.texture_look(colors, seed=seed)[0, 0, :, 0]) for seed in range(10)]
    assert min(gaps) < -0.02 and max(gaps) > 0.02
