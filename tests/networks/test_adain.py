"""Any style: the layer, the two networks, their files and their training."""

import json

import keras
import numpy as np
import pytest
from keras import ops

from nstlib.errors import WeightsError
from nstlib.networks import adain
from nstlib.networks.files import PaintingNetwork, build_network, load_network, save_network
from nstlib.networks.palette import palette_of
from nstlib.networks.training import any_style
from nstlib.networks.training.diary import read_log
from nstlib.vgg.losses import mean_std
from nstlib.vgg.statistics import (
    ADAPTED,
    LEVELS,
    STATISTICS,
    level_statistics,
    style_encoder,
    style_vector,
)

pytestmark = pytest.mark.xdist_group("adain")  # its networks are built and compiled once
NETWORKS = ("adain", "adain-light")
ODD = (67, 93)  # no multiple of 8


def noise(*shape, seed=0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0, 1, shape).astype("float32")


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> dict:
    """Both networks, untrained, in files: name -> path."""
    keras.utils.set_random_seed(0)
    folder = tmp_path_factory.mktemp("adain")
    return {
        name: save_network(
            PaintingNetwork(name, (), build_network(name, 0)), folder / f"{name}.npz"
        )
        for name in NETWORKS
    }


@pytest.fixture(scope="module")
def painting() -> np.ndarray:
    return noise(1, 80, 64, 3, seed=5)


# --- The layer ------------------------------------------------------------------------------------


def test_the_output_has_exactly_the_statistics_of_the_style():
    photo, style = noise(2, 16, 12, 5) * 3, noise(2, 9, 7, 5, seed=1) + 1
    adapted = adain.adaptive_instance_normalization(photo, mean_std(style), epsilon=1e-9)
    np.testing.assert_allclose(mean_std(adapted), mean_std(style), rtol=1e-3)


def test_a_photo_with_its_own_statistics_stays_as_it_is():
    photo = noise(1, 16, 12, 5)
    same = adain.adaptive_instance_normalization(photo, mean_std(photo))
    np.testing.assert_allclose(same, photo, atol=1e-3)


def test_alpha_leads_straight_from_the_photo_to_the_style():
    layer = adain.Adapt("block2_conv1")
    x, style = noise(1, 8, 8, 128), noise(1, STATISTICS, seed=1)
    at = {a: layer([x, style, np.full((1, 3), a, "float32")]) for a in (0.0, 0.5, 1.0)}
    np.testing.assert_allclose(at[0.0], x, atol=1e-6)
    np.testing.assert_allclose(at[0.5], (at[0.0] + at[1.0]) / 2, atol=1e-5)


def test_constant_features_give_no_nan():
    flat = np.ones((1, 8, 8, 4), "float32")
    result = adain.adaptive_instance_normalization(flat, mean_std(noise(1, 8, 8, 4)))
    assert np.isfinite(ops.convert_to_numpy(result)).all()


def test_a_style_vector_holds_every_level_in_order():
    shapes = {level: (2, 8, 8, channels) for level, (channels, _) in LEVELS.items()}
    features = {level: noise(*shape, seed=n) for n, (level, shape) in enumerate(shapes.items())}
    vector = style_vector(features)
    assert vector.shape == (2, STATISTICS)
    for level, (_, size) in LEVELS.items():
        part = level_statistics(vector, level)
        np.testing.assert_allclose(part, mean_std(features[level] / size), rtol=1e-5)


# --- The networks ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def encoder() -> keras.Model:
    return style_encoder()


def test_a_painting_has_the_size_of_the_photo(files, encoder, painting):
    photo = noise(1, *ODD, 3)
    style = ops.convert_to_numpy(style_vector(encoder(painting)))
    for name in NETWORKS:
        network = load_network(files[name]).network
        last = np.ones((1, 3), "float32") if name == "adain" else palette_of(painting)[None]
        inputs = [photo, style, last]
        result = ops.convert_to_numpy(network(inputs))
        assert result.shape == (1, *ODD, 3) and np.isfinite(result).all(), name


def test_only_the_decoder_is_trained_and_saved(files):
    network = load_network(files["adain"]).network
    names = [weight.path for weight in network.trainable_weights]
    assert names and not [name for name in names if name.startswith("block")]
    with np.load(files["adain"]) as archive:
        assert not [name for name in archive.files if name.startswith("block")]
    assert all(path.stat().st_size < 8e6 for path in files.values())


def test_the_decoder_alone_paints_what_the_whole_network_paints(files, encoder, painting):
    network, photo = load_network(files["adain"]).network, noise(1, 48, 40, 3)
    style = style_vector(encoder(painting))
    alpha, seen = np.ones((1, 3), "float32"), encoder(photo)
    inputs = [photo, *(seen[level] for level in ADAPTED), style, alpha]
    alone, _ = adain.adain_decoder(network)([ops.convert_to_tensor(x) for x in inputs])
    whole = network([ops.convert_to_tensor(x) for x in (photo, style, alpha)])
    np.testing.assert_allclose(alone, whole, atol=1e-5)


def test_the_two_halves_with_the_layer_between_them_are_the_whole_network(files, encoder, painting):
    network, photo = load_network(files["adain"]).network, noise(1, *ODD, 3)
    see, decode = adain.adain_halves(network)
    pairs = zip(see(photo), see(painting), strict=True)
    adapted = [adain.adaptive_instance_normalization(x, mean_std(y)) for x, y in pairs]
    style, alpha = style_vector(encoder(painting)), np.ones((1, 3), "float32")
    whole = network([ops.convert_to_tensor(x) for x in (photo, style, alpha)])
    painted = decode([ops.convert_to_tensor(photo), *adapted])
    np.testing.assert_allclose(painted, whole, atol=1e-5)
    assert see.count_params() + decode.count_params() == network.count_params()


def test_the_axes_lie_along_what_differs():
    random, network = np.random.default_rng(0), build_network("adain-light", 0)
    mean, along = random.normal(size=(2, STATISTICS))
    along /= np.linalg.norm(along)
    amounts = np.linspace(-1, 1, 41)
    adain.set_style_axes(network, mean + amounts[:, None] * along)
    places = ops.convert_to_numpy(network.get_layer("axes")(mean + amounts[:, None] * along))
    np.testing.assert_allclose(places[:, 0], np.tanh(4.0), rtol=1e-5)
    expected = np.tanh(amounts / (2 * amounts.std()))
    np.testing.assert_allclose(np.abs(places[:, 1]), np.abs(expected), atol=1e-4)
    np.testing.assert_allclose(places[:, 2:], 0, atol=1e-5)


def test_a_light_network_of_styles_paints_what_that_of_any_style_paints(files):
    network = load_network(files["adain-light"]).network
    styles = np.random.default_rng(1).random((2, STATISTICS), "float32")
    photos = noise(2, 40, 48, 3)
    colors = np.stack([palette_of(noise(1, 40, 40, 3, seed=seed)) for seed in (2, 3)])
    light = adain.light_network_of(network, styles, colors)
    mix = np.eye(2, dtype="float32")
    np.testing.assert_allclose(light([photos, mix]), network([photos, styles, colors]), atol=1e-5)


def test_a_decoder_of_another_encoder(files, tmp_path):
    with np.load(files["adain-light"]) as archive:
        arrays = dict(archive)
    about = json.loads(str(arrays["about"])) | {"architecture": "adain"}
    np.savez(tmp_path / "other.npz", **arrays | {"about": np.array(json.dumps(about))})
    with pytest.raises(WeightsError, match="holds another network than adain"):
        load_network(tmp_path / "other.npz")


# --- Training -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NETWORKS)
def test_training_lowers_the_loss_of_what_is_no_encoder(name, photo_folder, tmp_path):
    keras.utils.set_random_seed(0)
    network = build_network(name, 0)
    frozen = {w.path: w.numpy() for w in network.weights if w.path.startswith("block")}
    assert bool(frozen) == (name == "adain")
    options = {"steps": 20, "batch": 2, "crop": 32, "every": 5, "learning_rate": 5e-4}
    preview = {
        "previews": {"photo": noise(1, 40, 50, 3)},
        "preview_paintings": [noise(1, 40, 40, 3)],
    }
    out, folders = tmp_path / "out", (photo_folder, photo_folder)
    any_style.train_any_style(network, *folders, out, **options, **preview)
    log = read_log(out)
    assert [row["step"] for row in log] == [5, 10, 15, 20]
    assert log[-1]["loss"] < log[0]["loss"] and (out / "preview.jpg").exists()
    parts = sum(value for name, value in log[-1].items() if name not in ("step", "loss"))
    assert log[-1]["loss"] == pytest.approx(parts, rel=0.02)
    for weight in network.weights:
        if weight.path in frozen:
            np.testing.assert_array_equal(weight.numpy(), frozen[weight.path])


def test_the_stream_is_the_same_from_any_step(photo_folder):
    folders = (photo_folder, photo_folder)
    whole = any_style.PhotosAndPaintings(*folders, crop=32, batch=2)
    late = any_style.PhotosAndPaintings(*folders, crop=32, batch=2)
    late.first = 5
    for (now,), (later,) in ((whole[5], late[0]), (whole[6], late[1])):
        for one, other in zip(now, later, strict=True):
            np.testing.assert_array_equal(one, other)
