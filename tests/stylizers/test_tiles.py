"""Painting in tiles gives the picture that painting at once gives."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from nstlib.errors import InputError
from nstlib.export.freeze import freeze
from nstlib.images import bundled as data
from nstlib.images.arrays import resize
from nstlib.networks.conditions import conditions
from nstlib.networks.files import build_network, load_network
from nstlib.stylizers import tiles

ONE_LEVEL = 1 / 255
SHIPPED = {"light": {"starry_night": 0.5, "the_scream": 0.5}, "adain": "the_scream"}


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    return resize(data.photo("great_wall"), (320, 384))


@pytest.fixture(scope="module")
def shaken() -> dict[str, keras.Model]:
    """Small untrained networks of two styles whose normalisations all differ."""
    keras.utils.set_random_seed(0)
    random = np.random.default_rng(0)
    networks = {name: build_network(name, 2) for name in ("light", "johnson", "stylebank")}
    for network in networks.values():
        for weight in network.weights:
            if "norm" in weight.path:
                weight.assign(weight.numpy() + random.normal(0, 0.3, weight.shape))
    return networks


def painted(network, condition, picture, tile):
    """The painting at once, and the painting in tiles."""
    whole = ops.convert_to_numpy(network([picture, *condition], training=False))
    return whole, tiles.tiled_forward(freeze(network, condition), tile)(picture)


@pytest.mark.parametrize("name", SHIPPED)
def test_tiles_agree_with_the_whole(name, photo):
    trained, picture = load_network(name), photo[:, :192, :256]
    whole, tiled = painted(trained.network, conditions(trained, SHIPPED[name]), picture, 128)
    assert tiled.shape == whole.shape and tiled.dtype == np.float32
    assert np.abs(tiled - whole).max() < 0.05 * ONE_LEVEL


@pytest.mark.parametrize("architecture", ["light", "johnson", "stylebank"])
def test_sides_that_no_stride_divides(architecture, shaken, photo):
    network, mix = shaken[architecture], [np.array([[0.3, 0.7]], "float32")]
    for height, width in ((97, 131), (65, 200)):
        whole, tiled = painted(network, mix, photo[:, :height, :width], 64)
        assert np.abs(tiled - whole).max() < 0.05 * ONE_LEVEL


@pytest.mark.parametrize("memory", [0, 3e5])
def test_what_is_not_kept_is_computed_again(memory, shaken, photo, monkeypatch):
    monkeypatch.setattr(tiles, "MEMORY", memory)
    mix = [np.array([[0.5, 0.5]], "float32")]
    whole, tiled = painted(shaken["stylebank"], mix, photo[:, :100, :150], 64)
    assert np.abs(tiled - whole).max() < 0.05 * ONE_LEVEL


def test_statistics_are_those_of_the_whole_picture(shaken, photo):
    """Two halves, one dark and one bright: a tile's own statistics would make them alike."""
    network, mix = shaken["stylebank"], [np.array([[1.0, 0.0]], "float32")]
    picture = photo[:, :64, :256] * np.repeat([0.2, 1.0], 128)[None, None, :, None]
    whole, tiled = painted(network, mix, picture.astype("float32"), 128)
    halves = [ops.convert_to_numpy(network([half, *mix])) for half in np.split(picture, 2, axis=2)]
    assert np.abs(np.concatenate(halves, axis=2) - whole).mean() > 2 * ONE_LEVEL
    assert np.abs(tiled - whole).max() < 0.05 * ONE_LEVEL


def test_a_picture_within_a_tile_is_painted_at_once(shaken, photo, monkeypatch):
    monkeypatch.setattr(tiles, "_Passes", None)
    whole, tiled = painted(shaken["light"], [np.array([[1.0, 0.0]])], photo[:, :64, :50], 64)
    np.testing.assert_allclose(tiled, whole, atol=1e-5)


def test_moments_of_tiles_are_those_of_the_whole():
    """Also where single precision is too coarse: summed in it, this variance is 2e-4 off."""
    values = np.random.default_rng(0).normal(30, 1, (300, 2000, 4)).astype("float32")
    cut = values[:, :700], values[:, 700:701], values[:, 701:]
    mean, variance = tiles.pooled(*zip(*map(tiles.moments, cut), strict=True))
    np.testing.assert_allclose(mean, values.mean((0, 1), dtype="float64"), rtol=1e-6)
    np.testing.assert_allclose(variance, values.var((0, 1), dtype="float64"), rtol=1e-6)


def test_how_far_a_cut_is_felt():
    """conv 5 at one pixel: 2; conv 3 with stride 2: 2 + 1, on a grid of 2; conv 3 at 2: 4 + 2."""
    image = keras.Input((None, None, 3), name="image")
    x = layers.Conv2D(4, 5, padding="same", name="a")(image)
    x = layers.Conv2D(4, 3, strides=2, padding="same", name="b")(x)
    x = layers.Conv2D(4, 3, padding="same", name="c")(x)
    parts = tiles.parts_of(keras.Model(image, x))
    assert [tiles.reach(parts, [*"abc"[:count]]) for count in (1, 2, 3)] == [2, 4, 6]
    assert [parts[name].scale for name in ("image", "a", "b", "c")] == [1, 1, 2, 2]
    assert tiles.shapes(parts, 9, 8)["c"] == (5, 4, 4)


def test_what_cannot_be_tiled_is_refused():
    image = keras.Input((None, None, 3))
    network = keras.Model(image, layers.LayerNormalization(name="odd")(image))
    with pytest.raises(InputError, match="'odd' .* is not known to work in tiles"):
        tiles.tiled_forward(network)
    for tile in (63, 64.0, True):
        with pytest.raises(InputError, match="tile is .* pixels, 64 or more"):
            tiles.tiled_forward(network, tile)


def test_tiles_through_the_door(photo):
    from nstlib.stylizers.door import stylizer

    picture = photo[:, :67, :90]
    whole, tiled = (stylizer("adain", "the_scream", tile=tile)(picture) for tile in (None, 64))
    assert np.abs(tiled - whole).max() < 0.05 * ONE_LEVEL
