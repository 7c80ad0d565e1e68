"""The objective: its weights and conventions, and that nothing is looked at or built twice."""

import keras
import numpy as np
import pytest
from keras import ops

from nstlib.gatys import objective as module
from nstlib.gatys.film import GatysPainter
from nstlib.gatys.harmonize import harmonize
from nstlib.gatys.objective import objective
from nstlib.gatys.painting import style_transfer
from nstlib.gatys.photoreal import photorealistic
from nstlib.gatys.recipe import recipe
from nstlib.images.arrays import without_grain
from nstlib.vgg import losses
from nstlib.vgg.network import feature_extractor
from nstlib.vgg.table import MEAN_BGR

pytestmark = pytest.mark.random_weights

LAYERS = {
    "content_layers": {"block2_conv1": 1.0},
    "style_layers": ["block1_conv1", "block2_conv1"],
    "grain": 1.0,  # so that a picture can be its own painting
}


def value_of(image, *arguments, **options):
    settings = recipe("plain", **LAYERS, **options.pop("recipe", {}))
    function = objective(*arguments, settings, weights="random", **options)
    total, terms = function(ops.array(image))
    return float(total), {name: float(term) for name, term in terms.items()}


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
        grain=2.0,
    )
    total, terms = objective(tiny_image, style_image, settings, weights="random")(
        ops.array(1 - tiny_image)
    )
    extractor = feature_extractor(["block1_conv2", "block2_conv1"], weights="random")
    softer = without_grain(style_image, 2.0)
    now, photo, painting = (extractor(i) for i in (1 - tiny_image, tiny_image, softer))
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
    whole, _ = value_of(
        1 - tiny_image, tiny_image, style_image, model_masks=full[:, :24, :24], **given
    )
    assert whole == pytest.approx(plain, rel=1e-5)


def test_each_painting_is_asked_of_its_own_half(tiny_image, style_image, left_half):
    """Left half of one painting beside the other's right half: with full insets both are right."""
    other = 1 - tiny_image
    flat = np.broadcast_to(style_image[:, :1, :1], (1, 32, 40, 3)).copy()
    image = np.where(left_half, flat, other)
    paintings = {"flat": flat, "other": other}
    _, terms = value_of(image, tiny_image, paintings, masks=[left_half, None])
    _, swapped = value_of(image, tiny_image, paintings, masks=[None, left_half])
    for layer in LAYERS["style_layers"]:
        name = f"style {layer} flat"
        assert terms[name] < 0.01 * swapped[name]


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


def test_regions_that_are_their_models_cost_nothing(tiny_image, left_half):
    halves = [left_half, 1 - left_half]
    asked = {"masks": halves, "model_masks": halves, "recipe": {"histogram_weight": 1.0}}
    _, terms = value_of(tiny_image, tiny_image, [tiny_image, tiny_image], **asked)
    costs = [cost for name, cost in terms.items() if name.startswith(("style", "histogram"))]
    assert len(costs) == 8 and max(costs) < 1e-8
    _, terms = value_of(tiny_image, tiny_image, [tiny_image, tiny_image], masks=halves)
    assert terms["style block2_conv1 style 1"] > 1e-3
    assert not any("histogram" in name for name in terms)


# --- VGG once, every painting once a size --------------------------------------------------------


@pytest.fixture
def looks(monkeypatch) -> dict[str, list]:
    """What is "built" as an extractor, and the pictures that are "seen" by it, one by one."""
    found = {"built": [], "seen": [], "traced": []}

    def counting(layers, **options):
        see = feature_extractor(layers, **options)
        found["built"].append(see)

        def seeing(image):
            found["seen" if isinstance(image, np.ndarray) else "traced"].append(image)
            return see(image)

        return seeing

    monkeypatch.setattr(module, "feature_extractor", counting)
    return found


def times_seen(looks, picture) -> int:
    return sum(np.array_equal(picture, seen) for seen in looks["seen"])


def test_coarse_sizes_build_vgg_once_and_see_each_painting_once_a_size(
    looks, landscape, style_image
):
    sizes, options = {0.5: 1, 0.75: 1}, {"weights": "random", "progress": False, **LAYERS}
    halves = [np.ones((1, 64, 200, 1), "float32")] * 2
    paintings = [style_image, style_image]  # of one size: too small to be shrunk
    style_transfer(landscape, paintings, "plain", steps=1, coarse=sizes, masks=halves, **options)
    assert len(looks["built"]) == 1
    assert times_seen(looks, style_image) == 1
    assert len(looks["seen"]) == 1 + 3  # the painting, and the photo at three sizes


def test_stages_and_passes_build_vgg_once(looks, tiny_image, left_half):
    pairs, options = [(left_half, left_half), (1 - left_half, 1 - left_half)], {"progress": False}
    options |= {"steps": (1, 1), "weights": "random"}
    run = photorealistic(tiny_image, 1 - tiny_image, masks=pairs, **LAYERS, **options)
    assert list(run.stages) == ["plain", "regularised", "smoothed"] and len(looks["built"]) == 1
    assert times_seen(looks, 1 - tiny_image) == len(pairs)  # once for each part that is a model
    harmonize(1 - tiny_image, tiny_image[:, :16, :20], left_half[:, :16, :20], **options)
    assert len(looks["built"]) == 2
    assert times_seen(looks, 1 - tiny_image) == len(pairs) + 1


def test_a_film_builds_vgg_once_sees_the_painting_once_and_is_compiled_once(
    looks, tiny_image, style_image
):
    painter = GatysPainter(style_image, "plain", steps=2, weights="random", **LAYERS)
    moved, trust = painter(tiny_image), np.ones((1, 32, 40, 1), "float32")
    for frame in (1 - tiny_image, tiny_image**2):
        moved = painter.follow(frame, moved, trust, 1.0)
    assert len(looks["built"]) == 1
    assert times_seen(looks, style_image) == 1
    assert len(looks["seen"]) == 1 + 3
    if keras.backend.backend() != "torch":
        assert len(looks["traced"]) == 1
    painter(tiny_image[:, :24])  # a picture of another size
    assert len(looks["built"]) == 1 and times_seen(looks, style_image) == 1
