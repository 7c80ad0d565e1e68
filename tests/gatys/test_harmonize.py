"""Cut-outs in a painting: what they find in it, and what they leave as it is."""

import warnings

import numpy as np
import pytest

from nstlib.errors import InputError
from nstlib.gatys import harmonize as harmony

random_weights = pytest.mark.random_weights
QUICK = {"weights": "random", "progress": False}


def some_photo(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0, 1, (1, height, width, 3)).astype("float32")


def disk(height: int, width: int) -> np.ndarray:
    y, x = np.mgrid[:height, :width]
    inside = (y - height / 2) ** 2 + (x - width / 2) ** 2 < (min(height, width) / 3) ** 2
    return inside.astype("float32")[None, ..., None]


@random_weights
def test_harmonize_changes_the_object_and_nothing_else():
    painting, cutout, mask = some_photo(48, 64), np.ones((1, 24, 32, 3), "float32"), disk(24, 32)
    run = harmony.harmonize(painting, cutout, mask, at=(20, 10), steps=(2, 2), **QUICK)
    assert list(run.stages) == ["pasted", "coarse", "fine"]
    outside = np.ones((48, 64), bool)
    outside[20:44, 10:42] = mask[0, ..., 0] == 0
    for stage in run.stages.values():
        np.testing.assert_array_equal(stage[0, outside], painting[0, outside])
    inside = run.stages["fine"][0, ~outside] - run.stages["pasted"][0, ~outside]
    assert abs(inside).max() > 0.01


def test_paste_softens_the_edge_inwards_and_centres():
    painting, mask = np.zeros((1, 31, 41, 3), "float32"), np.zeros((1, 21, 21, 1), "float32")
    mask[:, 5:16, 5:16] = 1
    pasted, region = harmony.paste(painting, np.ones((1, 21, 21, 3), "float32"), mask)
    assert region[0, :10].max() == 0 and region[0, 10, 20, 0] == pytest.approx(0.7, abs=0.05)
    assert region[0, 15, 20, 0] == pytest.approx(1, abs=1e-3)
    np.testing.assert_allclose(pasted, np.broadcast_to(region, pasted.shape), atol=1e-6)


def test_nearest_finds_a_patch_where_it_was_cut():
    palette = np.random.default_rng(0).normal(size=(12, 15, 8)).astype("float32")
    scene, inside = palette[3:10, 4:12], np.zeros((7, 8), bool)
    inside[1:-1, 1:-1] = True  # where the whole 3 x 3 is the same
    places = harmony.nearest(scene, palette, inside)
    np.testing.assert_array_equal(places, np.argwhere(inside) + (3, 4))


def test_agreement_leaves_what_agrees_and_mends_an_outlier():
    y, x = np.mgrid[:12, :15]
    palette = np.stack([y, x], axis=-1).astype("float32")  # features that tell the place
    inside = np.zeros((7, 8), bool)
    inside[1:6, 1:7] = True
    places = np.argwhere(inside) + (3, 4)
    np.testing.assert_array_equal(harmony.agree(places, inside, palette), places)
    wrong = places.copy()
    wrong[14] = (0, 0)
    np.testing.assert_array_equal(harmony.agree(wrong, inside, palette), places)


def test_fine_places_are_the_same_squares_in_every_layer():
    random = np.random.default_rng(0)
    layers = {name: 2 ** (4 - int(name[5])) for name in harmony.FINE}
    palette = {name: random.normal(size=(4 * s, 5 * s, 6)) for name, s in layers.items()}
    mask = np.zeros((1, 4, 5, 1), "float32")
    mask[:, 1, 2] = 1
    places = harmony.fine_places(palette, palette, {harmony.CONTENT: mask})
    for name, side in layers.items():
        rows, columns = np.mgrid[side : 2 * side, 2 * side : 3 * side]
        np.testing.assert_array_equal(places[name], np.stack([rows.ravel(), columns.ravel()], 1))


def test_gram_of_all_places_is_the_gram_matrix():
    from nstlib.vgg.losses import gram_matrix

    features = np.random.default_rng(0).normal(size=(4, 5, 6)).astype("float32")
    everywhere = np.stack(np.mgrid[:4, :5], axis=-1).reshape(-1, 2)
    ours = harmony.gram_of_places(features, everywhere)
    np.testing.assert_allclose(ours, gram_matrix(features[None]), rtol=1e-5, atol=1e-6)


@random_weights
def test_one_pixel_is_enough():
    mask = np.zeros((1, 20, 20, 1), "float32")
    mask[:, 19, 0] = 1
    painting, cutout = np.full((1, 32, 40, 3), 0.5, "float32"), some_photo(20, 20)
    run = harmony.harmonize(painting, cutout, mask, at=(12, 0), steps=(1, 1), **QUICK)
    assert np.isfinite(run.image).all()
    assert (run.image != painting).any(axis=-1).sum() <= 1


@pytest.mark.parametrize(
    ("cutout", "mask", "options", "message"),
    [
        ((60, 20), 1, {}, "longest side of at most 48 pixels"),
        ((24, 20), 0, {}, "mask is 0 everywhere"),
        (
            (24, 20),
            1,
            {"at": (30, 0)},
            "row in at is 30; it must be a whole number of pixels from 0 to 24",
        ),
    ],
)
def test_harmonize_says_what_is_wrong(cutout, mask, options, message):
    shape = (1, *cutout, 1)
    with pytest.raises(InputError, match=message):
        harmony.harmonize(
            some_photo(48, 64), some_photo(*cutout), np.full(shape, mask, "float32"), **options
        )


def test_a_small_mask_is_resized_and_a_tiny_painting_refused():
    with pytest.warns(UserWarning, match="cut-out's mask has 12 x 12"):
        harmony.paste(some_photo(48, 64), some_photo(24, 24), np.ones((12, 12)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(InputError, match="painting picture has 64 x 12 pixels; .* need 16 on"):
            harmony.harmonize(some_photo(12, 64), some_photo(8, 8), np.ones((8, 8)))
