"""The optimiser: its arithmetic, its ways to stop, and what it promises about pictures and runs."""

import threading

import keras
import numpy as np
import pytest
from keras import ops

from nstlib.errors import InputError, MemoryRefused
from nstlib.gatys import memory, painting as optimize, solvers
from nstlib.gatys.coordinates import SLOPE, coordinates, leashed
from nstlib.gatys.objective import objective
from nstlib.gatys.paintings import Style
from nstlib.gatys.recipe import recipe
from nstlib.vgg import losses
from nstlib.vgg.network import feature_extractor
from nstlib.vgg.table import MEAN_BGR

pytestmark = pytest.mark.filterwarnings("ignore:.*RANDOM WEIGHTS")

LAYERS = {
    "content_layers": {"block2_conv1": 1.0},
    "style_layers": ["block1_conv1", "block2_conv1"],
}
QUICK = {"recipe": "plain", "weights": "random", "progress": False, **LAYERS}


@pytest.fixture
def style_image():
    return np.random.default_rng(5).uniform(0, 1, (1, 24, 24, 3)).astype("float32")


def paint(content, style, **changes):
    return optimize.style_transfer(content, style, **{**QUICK, **changes})


@pytest.mark.parametrize("optimizer", ["lbfgs", "adam", "sgd"])
def test_a_run_counts_its_steps_and_falls(optimizer, tiny_image, style_image):
    rate = 1e-4 if optimizer == "sgd" else 0.02
    result = paint(tiny_image, style_image, optimizer=optimizer, steps=6, learning_rate=rate)
    assert [step.index for step in result.history] == list(range(7))
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


def test_weights_and_conventions_meet_in_the_objective(tiny_image, style_image):
    settings = recipe(
        "plain",
        content_layers={"block1_conv2": 2.0},
        style_layers={"block2_conv1": 0.5},
        content_weight=3.0,
        style_weight=5.0,
        tv_weight=7.0,
        convention="keras-example",
        relative=False,
        padding="zero",
    )
    total, terms = objective(tiny_image, style_image, settings, weights="random")(
        ops.array(1 - tiny_image)
    )
    extractor = feature_extractor(["block1_conv2", "block2_conv1"], weights="random")
    now, photo, painting = (extractor(i) for i in (1 - tiny_image, tiny_image, style_image))
    content = losses.content_loss(now["block1_conv2"], photo["block1_conv2"])
    style = losses.gram_loss(now["block2_conv1"], losses.gram_matrix(painting["block2_conv1"]))
    pixels, (n1, m1), (n2, m2) = 32 * 40, (64, 32 * 40), (128, 16 * 20)
    expected = {
        "content block1_conv2": 3 * 2 * float(content) * n1 * m1,
        "style block2_conv1": 5 * 0.5 * float(style) * (n2 * m2) ** 2 / (36 * pixels**2),
        "tv": 7 * 255**2 * pixels * float(losses.total_variation(1 - tiny_image)),
    }
    assert {name: float(term) for name, term in terms.items()} == pytest.approx(expected, rel=1e-3)
    assert float(total) == pytest.approx(sum(expected.values()), rel=1e-3)


def test_relative_terms_start_at_their_weight_for_a_picture_that_excites_nothing(tiny_image):
    """A black picture's features, seen after mean subtraction, are not zero; a mean gray's are."""
    gray = np.broadcast_to(np.array(MEAN_BGR[::-1], "float32") / 255, tiny_image.shape)
    settings = recipe("plain", style_weight=6.0, **{**LAYERS, "style_layers": ["block1_conv1"]})
    _, terms = objective(tiny_image, tiny_image, settings, weights="random")(ops.array(gray))
    assert float(terms["style block1_conv1"]) == pytest.approx(6, rel=1e-3)
    assert float(terms["content block2_conv1"]) == pytest.approx(1, rel=1e-3)


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
    starts = {}
    for start in ("content", "noise", "mix", style_image):
        steps = optimize.painting_steps(
            tiny_image, style_image, start=start, noise_share=0.25, **LAYERS, weights="random"
        )
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


def test_tolerance_ends_a_run_that_no_longer_improves(tiny_image, style_image):
    result = paint(tiny_image, style_image, steps=400, tolerance=0.5, optimizer="adam")
    assert result.stopped == "tolerance"
    assert optimize.PATIENCE < len(result.history) < 400


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

    steps = optimize._steps(evaluate, good, recipe("plain", optimizer="adam", steps=9))
    np.testing.assert_array_equal(next(steps).image, good)
    with (
        pytest.warns(UserWarning, match="style x is not finite"),
        pytest.raises(StopIteration) as end,
    ):
        next(steps)
    last, why = end.value.value
    assert (last.index, why) == (0, "not finite")


def test_an_error_in_the_objective_reaches_the_caller():
    def evaluate(image):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        next(solvers.lbfgs(evaluate, np.zeros((1, 2, 2, 3), "float32"), recipe("plain", steps=3)))


def test_lbfgs_minimises_a_bounded_quadratic():
    """The minimum of |x - target|^2 under 0 <= x <= 1 is the target, clipped."""
    target = np.linspace(-0.5, 1.5, 48, dtype="float32").reshape(1, 4, 4, 3)

    def evaluate(image):
        return float(((image - target) ** 2).sum()), {"tv": 0.0}, 2 * (image - target)

    *_, last = solvers.lbfgs(evaluate, np.full_like(target, 0.5), recipe("plain", steps=30))
    np.testing.assert_allclose(last[0], target.clip(0, 1), atol=1e-4)


def test_memory_grows_with_the_picture_and_is_refused_with_a_size_that_fits(
    monkeypatch, tiny_image
):
    small, large = (memory.estimate_memory(side, side) for side in (256, 1024))
    assert small < large
    monkeypatch.setattr(memory, "available_memory", lambda: int(2e9))
    with pytest.raises(
        MemoryRefused, match=r"4000 x 3000 pixels needs about .* would fit"
    ) as error:
        next(optimize.painting_steps(np.zeros((1, 3000, 4000, 3), "float32"), tiny_image))
    fits = int(str(error.value).split("longest side of ")[1].split()[0])
    assert memory.estimate_memory(fits * 3 // 4, fits) <= 2e9


def test_a_term_that_is_not_there_is_named(tiny_image, style_image):
    result = paint(tiny_image, style_image, steps=1)
    with pytest.raises(InputError, match="no term 'flavour'. Terms: total, content, style"):
        result.curve("flavour")


# --- Several paintings, regions, histograms ------------------------------------------------------


def left_half(height=32, width=40) -> np.ndarray:
    mask = np.zeros((1, height, width, 1), "float32")
    mask[:, :, : width // 2] = 1
    return mask


def value_of(image, *arguments, **options):
    settings = recipe("plain", **LAYERS, **options.pop("recipe", {}))
    function = objective(*arguments, settings, weights="random", **options)
    total, terms = function(ops.array(image))
    return float(total), {name: float(term) for name, term in terms.items()}


@pytest.mark.parametrize("statistic", ["gram", "mean_std"])
def test_the_same_painting_in_every_way_costs_the_same(statistic, tiny_image, style_image):
    given = {"recipe": {"style_statistic": statistic}}
    plain, _ = value_of(1 - tiny_image, tiny_image, style_image, **given)
    full = np.ones((1, 32, 40, 1), "float32")
    masked, _ = value_of(1 - tiny_image, tiny_image, style_image, masks=full, **given)
    assert masked == pytest.approx(plain, rel=1e-5)
    twice = [style_image, style_image]
    shared, terms = value_of(1 - tiny_image, tiny_image, twice, style_weights=[1, 3], **given)
    assert shared == pytest.approx(plain, rel=1e-5)
    first, second = (terms[f"style block1_conv1 style {number}"] for number in (1, 2))
    assert second == pytest.approx(3 * first, rel=1e-5)


def test_each_painting_is_asked_of_its_own_half(tiny_image, style_image):
    """Left half of one painting beside the other's right half: with full insets both are right."""
    other = 1 - tiny_image
    mask = left_half()
    image = np.where(mask, style_image[:, :1, :1], other)  # flat on the left: its own Gram matrix
    flat = np.broadcast_to(style_image[:, :1, :1], (1, 32, 40, 3)).copy()
    paintings = {"flat": flat, "other": other}
    _, terms = value_of(image, tiny_image, paintings, masks=[mask, None])
    _, swapped = value_of(image, tiny_image, paintings, masks=[None, mask])
    for layer in LAYERS["style_layers"]:
        name = f"style {layer} flat"
        assert terms[name] < 0.01 * swapped[name]


def test_terms_of_several_paintings_carry_their_names(tiny_image, style_image):
    styles = {"a": style_image, "b": tiny_image}
    result = paint(tiny_image, styles, steps=1, style_weights={"a": 2, "b": 1})
    assert {"style block1_conv1 a", "style block2_conv1 b"} < set(result.history[0].terms)
    layer = result.curve("style block1_conv1")
    np.testing.assert_allclose(layer, sum(result.curve(f"style block1_conv1 {n}") for n in styles))


@pytest.mark.parametrize("optimizer", ["lbfgs", "adam"])
@pytest.mark.parametrize("start", ["content", "noise"])
@pytest.mark.parametrize("coordinates", ["pixels", "waves"])
def test_pixels_of_nobody_stay_as_in_the_photo(
    optimizer, start, coordinates, tiny_image, style_image
):
    settings = {"optimizer": optimizer, "start": start, "steps": 3, "masks": left_half()}
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


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_constant_pictures_are_painted_without_nan(value, tiny_image):
    flat = np.full_like(tiny_image, value)
    for content, style in ((flat, tiny_image), (tiny_image, flat), (flat, flat)):
        result = paint(content, style, steps=2, histogram_weight=1.0)
        assert np.isfinite(result.image).all() and np.isfinite(result.curve()).all()


def test_each_painting_too_small_is_named(tiny_image, style_image):
    styles = {"wave": style_image, "stamp": style_image[:, :4, :4]}
    with pytest.raises(InputError, match="The stamp picture has 4 x 4 pixels"):
        next(optimize.painting_steps(tiny_image, styles, weights="random", padding="zero"))
    with pytest.raises(InputError, match="The style picture has 4 x 4 pixels"):
        next(optimize.painting_steps(tiny_image, style_image, style_scale=0.1, weights="random"))


def test_the_histogram_term_falls_and_is_left_out_at_weight_zero(tiny_image, style_image):
    settings = {"histogram_weight": 5.0, "histogram_layers": ["block1_conv1"], "steps": 6}
    result = paint(tiny_image, style_image, **settings)
    curve = result.curve("histogram")
    assert curve[-1] < 0.8 * curve[0]
    assert "histogram block1_conv1" in result.history[0].terms
    _, terms = value_of(tiny_image, tiny_image, tiny_image, recipe={"histogram_weight": 1.0})
    assert terms["histogram block4_conv1"] == pytest.approx(0, abs=1e-6)
    _, terms = value_of(tiny_image, tiny_image, style_image)
    assert not any("histogram" in name for name in terms)


def test_extra_terms_are_added_and_kept_off_the_pixels_of_nobody(tiny_image, style_image):
    def pull(image):
        return float(image.sum()), np.ones_like(image)

    result = paint(tiny_image, style_image, steps=2, masks=left_half(), extra={"dark": pull})
    assert result.curve("dark")[0] == pytest.approx(tiny_image.sum(), rel=1e-5)
    np.testing.assert_array_equal(result.image[:, :, 20:], tiny_image[:, :, 20:])


def test_memory_grows_with_regions_histograms_and_large_paintings(monkeypatch, tiny_image):
    def style(side, mask=None):
        return Style("a", np.zeros((1, side, side, 3), "float32"), 0.5, mask)

    small, masked, large = style(64), style(64, left_half()), style(2000)
    default, histograms = recipe(), recipe(histogram_weight=1.0)
    plain = memory.estimate_memory(400, 600)
    assert memory.estimate_memory(400, 600, default, [small]) == plain
    assert memory.estimate_memory(400, 600, histograms, [small]) > plain
    two = memory.estimate_memory(400, 600, default, [small, small])
    regions = memory.estimate_memory(400, 600, default, [masked, masked])
    looking = memory.estimate_memory(400, 600, default, [large])
    assert plain < two < regions < looking
    monkeypatch.setattr(memory, "available_memory", lambda: (plain + looking) // 2)
    with pytest.raises(MemoryRefused, match="largest painting takes most of it: make it smaller"):
        next(optimize.painting_steps(tiny_image, large.image, weights="random"))


# --- Coarse to fine, and other coordinates --------------------------------------------------------


@pytest.fixture
def landscape():
    return np.random.default_rng(3).uniform(0, 1, (1, 128, 200, 3)).astype("float32")


def test_coarse_sizes_come_first_and_are_counted_through(landscape, style_image):
    result = paint(landscape, style_image, steps=2, coarse={0.5: 3, 0.75: 1})
    assert [step.size for step in result.history] == [0.5] * 4 + [0.75] * 2 + [1.0] * 3
    assert [step.index for step in result.history] == list(range(9))
    counts = [step.evaluations for step in result.history]
    assert counts == sorted(counts)
    assert result.image.shape == landscape.shape


def test_a_size_starts_with_the_picture_of_the_one_before(landscape, style_image):
    film = []
    paint(landscape, style_image, steps=1, coarse={0.5: 2}, on_step=film.append)
    enlarged = optimize.resize(film[2].image, landscape.shape[1:3])
    np.testing.assert_allclose(film[3].image, enlarged, atol=1e-6)
    assert film[2].image.shape == (1, 64, 100, 3)


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


@pytest.mark.parametrize("coarse", [{2: 5}, {0.5: 0}, {0.5: 1.5}, {1.0: 3}])
def test_coarse_sizes_are_parts_with_steps(coarse):
    with pytest.raises(InputError, match="between 0 and 1, to whole numbers of steps"):
        recipe(coarse=coarse)


@pytest.mark.parametrize("name", ["pixels", "waves"])
def test_coordinates_lead_there_and_back_and_their_slope_is_the_adjoint(name):
    random, shape = np.random.default_rng(0), (1, 9, 14, 3)
    space = coordinates(name, shape)
    picture, other = random.standard_normal(shape), random.standard_normal(shape)
    vector = space.vector(picture)
    np.testing.assert_allclose(space.picture(vector), picture, atol=1e-12)
    assert (space.picture(vector) * other).sum() == pytest.approx(vector @ space.slope(other))


def test_in_waves_low_frequencies_move_furthest():
    space, one = coordinates("waves", (1, 16, 16, 3)), np.zeros((16, 16, 3))

    def moved(row, column):
        vector = one.copy()
        vector[row, column, 0] = 1.0
        return np.linalg.norm(space.picture(vector.ravel()))

    assert moved(0, 1) / moved(0, 4) == pytest.approx(4**SLOPE)
    assert moved(15, 15) == pytest.approx(1.0)


def test_outside_of_0_to_1_the_leash_pulls_and_the_picture_is_clipped():
    picture = np.array([-0.5, 0.5, 1.25, 1.0]).reshape(1, 1, 4, 1)

    def evaluate(image):
        return 2.0, {"tv": 2.0}, np.full_like(image, 7.0)

    inside, total, _, price, slope = leashed(evaluate, picture, weight=8.0)
    np.testing.assert_allclose(inside.ravel(), [0, 0.5, 1, 1])
    assert (total, price) == (2.0, pytest.approx(8 * (0.25 + 0.0625) / 4))
    np.testing.assert_allclose(slope.ravel(), [-2.0, 7.0, 1.0, 7.0])


def test_lbfgs_in_waves_reaches_a_clipped_target():
    """The minimum of |x - target|^2 over pictures of 0..1 is the target, clipped."""
    target = np.linspace(-0.5, 1.5, 48, dtype="float32").reshape(1, 4, 4, 3)

    def evaluate(image):
        return float(((image - target) ** 2).sum()), {"tv": 0.0}, 2 * (image - target)

    settings = recipe("plain", coordinates="waves", steps=60)
    *_, last = solvers.lbfgs(evaluate, np.full_like(target, 0.5), settings)
    np.testing.assert_allclose(last[0], np.clip(target, 0, 1), atol=0.02)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="bfloat16 on TensorFlow only")
def test_half_the_bits_give_nearly_the_same_terms(tiny_image, style_image):
    full, half = (
        recipe("plain", precision=precision, **LAYERS)
        for precision in ("float32", "mixed_bfloat16")
    )
    totals = [
        float(objective(tiny_image, style_image, settings, weights="random")(1 - tiny_image)[0])
        for settings in (full, half)
    ]
    assert totals[0] == pytest.approx(totals[1], rel=0.05) and totals[0] != totals[1]
