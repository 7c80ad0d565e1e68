"""Whatever keras.json and the user's own code say to Keras, nstlib paints the same, in float32."""

import shutil
import threading
from functools import lru_cache, partial

import numpy as np
import pytest

from nstlib.backend import keras, ops, own_settings
from nstlib.files import data_folder
from nstlib.gatys.painting import style_transfer
from nstlib.networks import conditions
from nstlib.networks.endless import texture
from nstlib.networks.files import PaintingNetwork, build_network, save_network
from nstlib.stylizers.door import stylizer
from nstlib.vgg import losses
from nstlib.vgg.network import feature_extractor

pytestmark = pytest.mark.random_weights
LAYERS = ("block1_conv1", "block2_conv1")
SETTINGS = {
    "keras.json": {
        "floatx": "float16", "dtype_policy": "float16",
        "image_data_format": "channels_first", "epsilon": 0.1,
    },
    "doubles and halves": {"floatx": "float64", "dtype_policy": "float16"},
    "mixed": {"dtype_policy": "mixed_float16"},
}  # fmt: skip


def told() -> tuple:
    """What Keras is told."""
    config = keras.config
    return config.floatx(), config.image_data_format(), config.dtype_policy().name


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A small untrained network of each kind."""
    keras.utils.set_random_seed(0)
    path = tmp_path_factory.mktemp("networks")
    for name in ("light", "texture"):
        save_network(PaintingNetwork(name, ("dots",), build_network(name, 1)), path / name)
    shutil.copy(data_folder() / "weights/adain.npz", path / "adain")
    return path


def made(picture, path) -> dict:
    """What nstlib makes of a picture with networks from files that it has not seen before."""
    painting = picture[:, ::-1, :, ::-1]
    recipe = {"steps": 1, "optimizer": "adam", "content_layers": LAYERS[1], "style_layers": LAYERS}
    gatys = partial(style_transfer, weights="random", progress=False, precision="float32")
    features = feature_extractor(LAYERS, weights="random", precision="float32")(picture)
    deep = features[LAYERS[1]]
    results = {
        "fast": stylizer("dots", network=path / "light", runtime="keras")(picture),
        "adain": stylizer("adain", painting, network=path / "adain")(picture),
        "gatys": gatys(picture, painting, "plain", **recipe).image,
        "texture": texture(path / "texture", 32),
        **features,
        "gram_matrix": losses.gram_matrix(deep),
        "mean_std": losses.mean_std(deep),
        "total_variation": losses.total_variation(picture),
        "histogram_loss": losses.histogram_loss(deep, losses.histogram_target(deep, 320)),
    }
    return {name: ops.convert_to_numpy(result) for name, result in results.items()}


@pytest.fixture(scope="module")
def usual(files, tmp_path_factory):
    picture = np.random.default_rng(0).uniform(0, 1, (1, 32, 40, 3)).astype("float32")
    return picture, made(picture, files)


@pytest.mark.parametrize("kind", SETTINGS)
def test_what_is_made_is_the_same_and_float32(
    kind, keras_settings, usual, files, tmp_path, monkeypatch
):
    picture, expected = usual
    monkeypatch.setattr(conditions, "_encoder", lru_cache(conditions._encoder.__wrapped__))
    keras_settings(**SETTINGS[kind])
    before = told()
    results = made(picture, shutil.copytree(files, tmp_path / "networks"))
    assert told() == before, "they are the user's"
    for name, result in results.items():
        assert result.dtype == "float32", name
        np.testing.assert_array_equal(result, expected[name], err_msg=name)


# --- The settings themselves ----------------------------------------------------------------------


def test_inside_they_are_nstlibs_and_afterwards_the_users(keras_settings):
    keras_settings(**SETTINGS["keras.json"])
    outside, own = told(), ("float32", "channels_last", "float32")
    with pytest.raises(ZeroDivisionError), own_settings():
        with own_settings("mixed_bfloat16"):
            assert told() == (*own[:2], "mixed_bfloat16")
            with own_settings():
                assert told() == (*own[:2], "mixed_bfloat16"), "which is a mixed one"
        assert told() == own
        raise ZeroDivisionError
    assert told() == outside


def test_the_last_thread_puts_them_back(keras_settings):
    keras_settings(image_data_format="channels_first")
    inside, go_on = threading.Event(), threading.Event()

    def stay():
        with own_settings():
            inside.set()
            go_on.wait(10)

    with own_settings():
        other = threading.Thread(target=stay)
        other.start()
        assert inside.wait(10)
    assert told()[1] == "channels_last", "there is still one inside"
    go_on.set()
    other.join()
    assert told()[1] == "channels_first"
