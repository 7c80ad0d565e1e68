"""The optimiser: its ways to begin and to stop, and what it promises about pictures and runs."""

import threading
from functools import lru_cache

import numpy as np
import pytest

from nstlib.errors import InputError
from nstlib.gatys import painting as optimize
from nstlib.gatys.descent import numbered
from nstlib.gatys.objective import Objective
from nstlib.gatys.recipe import recipe
from nstlib.images.arrays import resize

pytestmark = pytest.mark.random_weights

LAYERS = {
    "content_layers": {"block2_conv1": 1.0},
    "style_layers": ["block1_conv1", "block2_conv1"],
    "grain": 1.0,  # so that a picture can be its own painting
}
QUICK = {"recipe": "plain", "weights": "random", "progress": False, **LAYERS}


# What decides the terms; runs that differ in other things share what they ask for.
TERMS = ("content_weight", "style_weight", "tv_weight", "histogram_weight", "histogram_layers")


@lru_cache
def asked(**terms) -> Objective:
    return Objective(recipe("plain", **LAYERS, **terms), "random")


def paint(content, style, **changes):
    terms = {name: value for name, value in changes.items() if name in TERMS}
    options = {**QUICK, **changes, "objective": asked(**terms)}
    return optimize.style_transfer(content, style, **options)


@pytest.mark.parametrize("optimizer", ["lbfgs", "adam", "sgd"])
def test_a_run_counts_its_steps_and_falls(optimizer, tiny_image, style_image):
    rate = 1e-4 if optimizer == "sgd" else 0.02
    result = paint(tiny_image, style_image, optimizer=optimizer, steps=6, learning_rate=rate)
    assert [step.index for step in result.history] == list(range(7))
    assert {step.planned for step in result.history} == {6}
    assert result.stopped == "steps"
    assert result.evaluations >= 7
    assert result.curve()[-1] < result.curve()[0]
    assert result.image.shape == tiny_image.shape
    assert result.image.dtype == np.float32
    assert 0 <= result.image.min() <= result.image.max() <= 1


def test_terms_add_up_to_the_total_and_are_those_of_the_recipe(tiny_image, style_image):
    result = paint(tiny_image, style_image, steps=2, tv_weight=3.0)
    names = ["content block2_conv1", "style block1_conv1", "style block2_conv1", "tv"]
    for step in result.history:
        assert sorted(step.terms) == names
        assert sum(step.terms.values()) == pytest.approx(step.total, rel=1e-5)
    kinds = sum(result.curve(kind) for kind in ("content", "style", "tv"))
    np.testing.assert_allclose(kinds, result.curve("total"), rtol=1e-5)


@pytest.mark.parametrize("shape", [(1, 1), (8, 8), (1, 4000)])
def test_pictures_too_small_for_the_layers_are_named(shape, tiny_image):
    small = np.zeros((1, *shape, 3), "float32")
    size = rf"{shape[1]} x {shape[0]} pixels.* need 32 on the shorter side"
    for content, style, name in ((small, tiny_image, "content"), (tiny_image, small, "style")):
        with pytest.raises(InputError, match=f"The {name} picture has {size}"):
            next(optimize.painting_steps(content, style, weights="random"))


def test_terms_of_weight_zero_are_left_out(tiny_image, style_image):
    result = paint(tiny_image, style_image, steps=1, content_weight=0.0, tv_weight=0.0)
    assert all(name.startswith("style ") for name in result.history[0].terms)


def test_starts(tiny_image, style_image):
    starts, options = {}, {"noise_share": 0.25, "objective": asked(), **LAYERS}
    for start in ("content", "noise", "mix", style_image):
        steps = optimize.painting_steps(tiny_image, style_image, "plain", start=start, **options)
        starts[start if isinstance(start, str) else "image"] = next(steps).image
        steps.close()
    np.testing.assert_allclose(starts["content"], tiny_image, atol=1e-6)
    mix = 0.25 * starts["noise"] + 0.75 * tiny_image
    np.testing.assert_allclose(starts["mix"], mix, atol=1e-6)
    assert starts["image"].shape == tiny_image.shape


def test_a_seed_gives_the_same_picture_twice_and_another_seed_does_not(tiny_image, style_image):
    first, again, other = (
        paint(tiny_image, style_image, steps=3, start="noise", seed=seed).image
        for seed in (7, 7, 8)
    )
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0.05


def test_ctrl_c_returns_the_best_so_far(tiny_image, style_image):
    def stop_at_two(step):
        if step.index == 2:
            raise KeyboardInterrupt

    result = paint(tiny_image, style_image, steps=50, on_step=stop_at_two)
    assert result.stopped == "interrupted"
    assert len(result.history) == 3
    assert result.curve()[2] < result.curve()[0]
    assert not any("_minimise" in thread.name for thread in threading.enumerate())


def test_a_picture_that_is_already_right_has_converged(tiny_image):
    result = paint(tiny_image, tiny_image, steps=5, tv_weight=0.0)
    assert result.stopped == "converged"
    np.testing.assert_array_equal(result.image, tiny_image)


def test_the_average_of_the_iterates_is_smoother_than_they_are(tiny_image, style_image):
    settings = {"optimizer": "adam", "steps": 12, "learning_rate": 0.05}
    iterates = []
    paint(tiny_image, style_image, **settings, on_step=lambda step: iterates.append(step.image))
    averaged = paint(tiny_image, style_image, **settings, average=0.5)
    weights = 0.5 ** np.arange(len(iterates))[::-1]
    expected = sum(w * image for w, image in zip(weights, iterates, strict=True)) / weights.sum()
    np.testing.assert_allclose(averaged.image, expected, atol=1e-4)


def test_a_term_that_is_not_finite_ends_the_run_with_the_last_good_picture():
    good = np.full((1, 4, 4, 3), 0.5, "float32")
    answers = iter([(2.0, {"style x": 2.0}), (float("nan"), {"style x": float("nan")})])

    def evaluate(image):
        return *next(answers), np.ones_like(image)

    steps = numbered(evaluate, good, recipe("plain", optimizer="adam", steps=9))
    np.testing.assert_array_equal(next(steps).image, good)
    with (
        pytest.warns(UserWarning, match="style x is not finite"),
        pytest.raises(StopIteration) as end,
    ):
        next(steps)
    last, why = end.value.value
    assert (last.index, why) == (0, "not finite")
    broken = numbered(lambda image: (np.inf, {"tv": np.inf}, image), good, recipe("plain"))
    with pytest.raises(InputError, match="The start cannot be judged: tv is not finite there"):
        next(broken)


def test_a_term_that_is_not_there_is_named(tiny_image, style_image):
    result = paint(tiny_image, style_image, steps=1)
    with pytest.raises(InputError, match="no term 'flavour'. Terms: total, content, style"):
        result.curve("flavour")


# --- Several paintings, regions, histograms ------------------------------------------------------


def test_terms_of_several_paintings_carry_their_names(tiny_image, style_image):
    styles = {"a": style_image, "b": tiny_image}
    result = paint(tiny_image, styles, steps=1, style_weights={"a": 2, "b": 1})
    assert {"style block1_conv1 a", "style block2_conv1 b"} < set(result.history[0].terms)
    layer = result.curve("style block1_conv1")
    np.testing.assert_allclose(layer, sum(result.curve(f"style block1_conv1 {n}") for n in styles))


@pytest.mark.parametrize(
    ("optimizer", "start", "coordinates"),
    [("lbfgs", "content", "pixels"), ("lbfgs", "noise", "waves"), ("adam", "noise", "waves")],
)
def test_pixels_of_nobody_stay_as_in_the_photo(
    optimizer, start, coordinates, tiny_image, style_image, left_half
):
    settings = {"optimizer": optimizer, "start": start, "steps": 3, "masks": left_half}
    result = paint(tiny_image, style_image, coordinates=coordinates, **settings)
    np.testing.assert_array_equal(result.image[:, :, 20:], tiny_image[:, :, 20:])
    assert np.abs(result.image - tiny_image)[:, :, :20].mean() > 0.005


@pytest.mark.parametrize("pixel", [(5, 7), (31, 39)])
def test_a_region_of_one_pixel_is_painted_without_nan(pixel, tiny_image, style_image):
    mask = np.zeros((1, 32, 40, 1), "float32")
    mask[:, pixel[0], pixel[1]] = 1
    styles = [style_image, 1 - style_image]
    result = paint(tiny_image, styles, masks=[mask, None], steps=2, histogram_weight=1.0)
    assert result.stopped == "steps" and np.isfinite(result.image).all()
    assert np.isfinite(result.curve()).all()


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_constant_pictures_are_painted_without_nan(value, tiny_image):
    flat = np.full_like(tiny_image, value)
    for content, style in ((flat, tiny_image), (tiny_image, flat)):
        options = {"histogram_weight": 1.0, "histogram_layers": "block1_conv1"}
        result = paint(content, style, steps=2, **options)
        assert np.isfinite(result.image).all() and np.isfinite(result.curve()).all()


def test_each_painting_too_small_is_named(tiny_image, style_image):
    styles = {"wave": style_image, "stamp": style_image[:, :4, :4]}
    with pytest.raises(InputError, match="The stamp picture has 4 x 4 pixels"):
        next(optimize.painting_steps(tiny_image, styles, weights="random", padding="zero"))
    with pytest.raises(InputError, match="The style picture has 4 x 4 pixels"):
        next(optimize.painting_steps(tiny_image, style_image, style_scale=0.1, weights="random"))


def test_the_histogram_term_falls(tiny_image, style_image):
    settings = {"histogram_weight": 5.0, "histogram_layers": "block1_conv1", "steps": 6}
    result = paint(tiny_image, style_image, **settings)
    curve = result.curve("histogram")
    assert curve[-1] < 0.8 * curve[0]
    assert "histogram block1_conv1" in result.history[0].terms


def test_extra_terms_are_added_and_kept_off_the_pixels_of_nobody(
    tiny_image, style_image, left_half
):
    def pull(image):
        return float(image.sum()), np.ones_like(image)

    result = paint(tiny_image, style_image, steps=2, masks=left_half, extra={"dark": pull})
    assert result.curve("dark")[0] == pytest.approx(tiny_image.sum(), rel=1e-5)
    np.testing.assert_array_equal(result.image[:, :, 20:], tiny_image[:, :, 20:])


# --- Coarse to fine, and other coordinates --------------------------------------------------------


def test_coarse_sizes_come_first_and_are_counted_through(landscape, style_image):
    result = paint(landscape, style_image, steps=2, coarse={0.5: 3, 0.75: 1})
    assert [step.size for step in result.history] == [0.5] * 4 + [0.75] * 2 + [1.0] * 3
    assert [step.index for step in result.history] == list(range(9))
    assert {step.planned for step in result.history} == {8}
    counts = [step.evaluations for step in result.history]
    assert counts == sorted(counts)
    assert result.image.shape == landscape.shape


def test_a_size_starts_with_the_picture_of_the_one_before(landscape, style_image):
    film = []
    paint(landscape, style_image, steps=1, coarse={0.5: 2}, on_step=film.append)
    enlarged = resize(film[2].image, landscape.shape[1:3])
    np.testing.assert_allclose(film[3].image, enlarged, atol=1e-6)
    assert film[2].image.shape == (1, 32, 100, 3)


def test_the_content_weighs_more_at_coarse_sizes_if_asked(landscape, style_image):
    def content_term(weight):
        options = {"coarse": {0.5: 1}, "coarse_content": weight, "start": "noise"}
        film = []
        paint(landscape, style_image, steps=1, on_step=film.append, **options)
        return [film[number].terms["content block2_conv1"] for number in (0, 2)]

    (coarse, _), (doubled, _) = content_term(1.0), content_term(2.0)
    assert doubled == pytest.approx(2 * coarse, rel=1e-4)


@pytest.mark.parametrize("options", [{"coarse": {0.4: 3}}, {"start": True}, {"extra": True}])
def test_coarse_sizes_are_left_out_where_they_make_no_sense(landscape, style_image, options):
    if "start" in options:
        options = {"start": landscape}
    if "extra" in options:
        options = {"extra": {"mine": lambda image: (0.0, np.zeros_like(image))}}
    result = paint(landscape, style_image, **{"steps": 1, "coarse": {0.5: 3}, **options})
    assert {step.size for step in result.history} == {1.0}


@pytest.mark.parametrize(
    ("coarse", "message"),
    [
        ({2: 5}, r"size in coarse is 2; .* above 0, 0.99 at most\. It is a part of the picture's"),
        ({1.0: 3}, "size in coarse is 1.0; "),
        ({0.5: 0}, r"coarse\[0.5\] is 0; it must be a whole number of steps, 1 or more"),
        ({0.5: 1.5}, r"coarse\[0.5\] is 1.5; "),
    ],
)
def test_coarse_sizes_are_parts_with_steps(coarse, message):
    with pytest.raises(InputError, match=message):
        recipe(coarse=coarse)
