"""Any style: the layer, the two networks, what can be steered, their files and their training."""

import json

import keras
import numpy as np
import pytest
from keras import ops
from PIL import Image

from nstlib.errors import InputError, WeightsError
from nstlib.export import onnx as export
from nstlib.images.color import match_color
from nstlib.networks import adain
from nstlib.networks.files import PaintingNetwork, build_network, load_network, save_network
from nstlib.networks.training import any_style
from nstlib.networks.training.diary import read_log
from nstlib.stylizers import door as stylizers
from nstlib.vgg.losses import mean_std

ODD = (67, 93)  # no multiple of 8


def noise(*shape, seed=0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0, 1, shape).astype("float32")


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> dict:
    """Both networks, untrained, in files: engine -> path."""
    keras.utils.set_random_seed(0)
    folder = tmp_path_factory.mktemp("adain")
    return {
        name: save_network(
            PaintingNetwork(name, (), build_network(name, 0)), folder / f"{name}.npz"
        )
        for name in stylizers.ANY_STYLE
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
    x, style = noise(1, 8, 8, 128), noise(1, adain.STATISTICS, seed=1)
    at = {a: layer([x, style, np.full((1, 3), a, "float32")]) for a in (0.0, 0.5, 1.0)}
    np.testing.assert_allclose(at[0.0], x, atol=1e-6)
    np.testing.assert_allclose(at[0.5], (at[0.0] + at[1.0]) / 2, atol=1e-5)


def test_constant_features_give_no_nan():
    flat = np.ones((1, 8, 8, 4), "float32")
    result = adain.adaptive_instance_normalization(flat, mean_std(noise(1, 8, 8, 4)))
    assert np.isfinite(ops.convert_to_numpy(result)).all()


def test_a_style_vector_holds_every_level_in_order():
    shapes = {level: (2, 8, 8, channels) for level, (channels, _) in adain.LEVELS.items()}
    features = {level: noise(*shape, seed=n) for n, (level, shape) in enumerate(shapes.items())}
    vector = adain.style_vector(features)
    assert vector.shape == (2, adain.STATISTICS)
    for level, (_, size) in adain.LEVELS.items():
        part = adain.level_statistics(vector, level)
        np.testing.assert_allclose(part, mean_std(features[level] / size), rtol=1e-5)


# --- The networks ---------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", stylizers.ANY_STYLE)
def test_a_painting_has_the_size_of_the_photo(engine, files, painting):
    paint = stylizers.stylizer(engine, painting, network=files[engine])
    result = paint(noise(1, *ODD, 3))
    assert result.shape == (1, *ODD, 3) and np.isfinite(result).all()


def test_only_the_decoder_is_trained_and_saved(files):
    network = load_network(files["adain"]).network
    names = [weight.path for weight in network.trainable_weights]
    assert names and not [name for name in names if name.startswith("block")]
    with np.load(files["adain"]) as archive:
        assert not [name for name in archive.files if name.startswith("block")]
    assert all(path.stat().st_size < 8e6 for path in files.values())


def test_the_decoder_alone_paints_what_the_whole_network_paints(files, painting):
    network, photo = load_network(files["adain"]).network, noise(1, 48, 40, 3)
    encoder = adain.style_encoder()
    style = adain.style_vector(encoder(painting))
    alpha, seen = np.ones((1, 3), "float32"), encoder(photo)
    inputs = [photo, *(seen[level] for level in adain.ADAPTED), style, alpha]
    alone, _ = adain.adain_decoder(network)([ops.convert_to_tensor(x) for x in inputs])
    whole = network([ops.convert_to_tensor(x) for x in (photo, style, alpha)])
    np.testing.assert_allclose(alone, whole, atol=1e-5)


def test_the_axes_lie_along_what_differs():
    random, network = np.random.default_rng(0), build_network("adain-light", 0)
    mean, along = random.normal(size=(2, adain.STATISTICS))
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
    styles = np.random.default_rng(1).random((2, adain.STATISTICS), "float32")
    photos = noise(2, 40, 48, 3)
    light = adain.light_network_of(network, styles)
    np.testing.assert_allclose(
        light([photos, np.eye(2, dtype="float32")]), network([photos, styles]), atol=1e-5
    )


def test_a_decoder_of_another_encoder(files, tmp_path):
    with np.load(files["adain-light"]) as archive:
        arrays = dict(archive)
    about = json.loads(str(arrays["about"])) | {"architecture": "adain"}
    np.savez(tmp_path / "other.npz", **arrays | {"about": np.array(json.dumps(about))})
    with pytest.raises(WeightsError, match="holds another network than adain"):
        load_network(tmp_path / "other.npz")


# --- Steering -------------------------------------------------------------------------------------


def test_shares_of_two_paintings_are_scaled_to_one(files, tmp_path):
    names = [tmp_path / f"{name}.png" for name in "ab"]
    for seed, name in enumerate(names):
        Image.fromarray((noise(64, 64, 3, seed=seed) * 255).astype("uint8")).save(name)
    trained, (a, b) = load_network(files["adain-light"]), map(str, names)
    one = [stylizers.conditions(trained, name)[0] for name in (a, b)]
    mixed = stylizers.conditions(trained, {a: 3, b: 1})[0]
    np.testing.assert_allclose(mixed, 0.75 * one[0] + 0.25 * one[1], rtol=1e-5)
    for shares, said in (({a: -1, b: 2}, "must be a number, 0 or more"), ({a: 0}, "add up to 0")):
        with pytest.raises(InputError, match=said):
            stylizers.conditions(trained, shares)


def test_alpha_at_each_level(files, painting):
    trained = load_network(files["adain"])
    np.testing.assert_allclose(stylizers.conditions(trained, painting, alpha=0.4)[1], 0.4)
    levels = stylizers.conditions(trained, painting, alpha={"block3_conv1": 0.5})[1]
    np.testing.assert_allclose(levels, [[1, 0.5, 1]])
    for alpha in (-0.1, 1.5, "much", {"block3_conv1": 2}):
        with pytest.raises(InputError, match=r"alpha is .*; it runs from 0, the photo, to 1"):
            stylizers.conditions(trained, painting, alpha=alpha)
    with pytest.raises(InputError, match="its levels are block2_conv1, block3_conv1, block4_conv1"):
        stylizers.conditions(trained, painting, alpha={"block5_conv1": 1})
    with pytest.raises(InputError, match="alpha is for the network adain"):
        stylizers.conditions(load_network(files["adain-light"]), painting, alpha=0.5)


def test_the_photo_gets_the_palette_before_it_is_painted(painting):
    photo, warm = noise(1, 40, 50, 3), painting * np.array([1, 0.5, 0.2], "float32")
    same = stylizers._in_palette(lambda picture: picture, warm, 1.0)(photo)
    np.testing.assert_allclose(same, match_color(photo, warm), atol=1e-6)
    half = stylizers._in_palette(lambda picture: picture, warm, 1.0, alpha=0.5)(photo)
    np.testing.assert_allclose(half, (photo + same) / 2, atol=1e-6)
    assert stylizers._in_palette(len, warm, 0.0) is len
    with pytest.raises(InputError, match="palette is 2; it runs from 0"):
        stylizers._in_palette(len, warm, 2)


def test_paintings_that_are_too_small_of_one_colour_or_huge(files):
    trained = load_network(files["adain"])
    with pytest.raises(InputError, match="The style has 31 x 40 pixels: too few for brushwork"):
        stylizers.conditions(trained, noise(1, 40, 31, 3))
    with pytest.warns(UserWarning, match="The style is of one colour"):
        vector, _ = stylizers.conditions(trained, np.full((1, 40, 40, 3), 0.5, "float32"))
    assert np.isfinite(vector).all()
    huge = np.repeat(np.repeat(noise(1, 40, 30, 3), 40, 1), 40, 2)  # 1600 x 1200
    assert np.isfinite(stylizers.conditions(trained, huge)[0]).all()


def test_the_engine_as_a_dict(files, painting):
    with pytest.raises(InputError, match="Name the painting"):
        stylizers.stylizer({"adain": None}, network=files["adain"])
    photo = noise(1, 48, 48, 3)
    paints = [
        stylizers.stylizer(*how, network=files["adain"])
        for how in (({"adain": painting},), ("adain", painting))
    ]
    np.testing.assert_array_equal(*(paint(photo) for paint in paints))


def test_regions_are_painted_each_by_its_own():
    photo = noise(1, 20, 30, 3)
    black, white = (lambda p, *_, v=v: np.full_like(p, v) for v in (0.0, 1.0))
    left = np.zeros((20, 30), "float32")
    left[:, :15] = 1
    result = stylizers.by_region([black, white], [left, 1 - left])(photo)
    assert (result[:, :, :15] == 0).all() and (result[:, :, 15:] == 1).all()
    result = stylizers.by_region([black, None], [left, 0.5 * (1 - left)])(photo)
    np.testing.assert_array_equal(result[:, :, 15:], photo[:, :, 15:])
    with pytest.raises(InputError, match="2 stylizers and 1 masks"):
        stylizers.by_region([black, white], [left])
    with pytest.raises(InputError, match="belong to no region"):
        stylizers.by_region([black, white], [left, left])(photo)


# --- ONNX -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", stylizers.ANY_STYLE)
def test_onnx_runtime_paints_what_keras_paints(engine, files, painting, tmp_path):
    runtime = pytest.importorskip("onnxruntime")
    trained = load_network(files[engine])
    session = runtime.InferenceSession(export.export_onnx(trained, tmp_path / "any.onnx"))
    condition = stylizers.conditions(trained, painting)
    for shape in (ODD, (50, 33)):
        photo = noise(1, *shape, 3)
        expected = ops.convert_to_numpy(trained.network([photo, *condition]))
        fixed = export.onnx_forward(trained, painting)(photo)
        names = [entry.name for entry in session.get_inputs()]
        inputs = dict(zip(names, [photo.transpose(0, 3, 1, 2), *condition], strict=True))
        free = session.run(None, inputs)[0].transpose(0, 2, 3, 1)
        np.testing.assert_allclose(fixed, expected, atol=1e-3)
        np.testing.assert_allclose(free, expected, atol=1e-3)


def test_onnx_with_a_part_of_the_strength(files, painting):
    pytest.importorskip("onnxruntime")
    trained, photo = load_network(files["adain"]), noise(1, *ODD, 3)
    condition = stylizers.conditions(trained, painting, alpha=0.3)
    expected = ops.convert_to_numpy(trained.network([photo, *condition]))
    result = export.onnx_forward(trained, painting, alpha=0.3)(photo)
    np.testing.assert_allclose(result, expected, atol=1e-3)


# --- Training -------------------------------------------------------------------------------------


@pytest.fixture
def folders(tmp_path):
    for kind in ("photos", "paintings"):
        (tmp_path / kind).mkdir()
        for number in range(3):
            picture = Image.fromarray((noise(4, 4, 3, seed=number) * 255).astype("uint8"))
            picture.resize((48, 48)).save(tmp_path / kind / f"{number}.png")
    return tmp_path / "photos", tmp_path / "paintings"


@pytest.mark.filterwarnings("ignore:.*holds only:UserWarning")
@pytest.mark.parametrize("engine", stylizers.ANY_STYLE)
def test_training_lowers_the_loss_and_goes_on(engine, folders, tmp_path):
    keras.utils.set_random_seed(0)
    network = build_network(engine, 0)
    frozen = {w.path: w.numpy() for w in network.weights if w.path.startswith("block")}
    options = {"batch": 2, "crop": 32, "every": 4, "learning_rate": 5e-4}
    any_style.train_any_style(network, *folders, tmp_path / "out", steps=8, **options)
    any_style.train_any_style(network, *folders, tmp_path / "out", steps=24, **options)
    log = read_log(tmp_path / "out")
    assert [row["step"] for row in log] == [4, 8, 12, 16, 20, 24]
    assert log[-1]["loss"] < log[0]["loss"]
    assert log[-1]["loss"] == pytest.approx(
        sum(value for name, value in log[-1].items() if name not in ("step", "loss")), rel=0.02
    )
    for weight in network.weights:
        if weight.path in frozen:
            np.testing.assert_array_equal(weight.numpy(), frozen[weight.path])


@pytest.mark.filterwarnings("ignore:.*holds only:UserWarning")
def test_the_stream_is_the_same_from_any_step(folders):
    whole = any_style.PhotosAndPaintings(*folders, crop=32, batch=2)
    late = any_style.PhotosAndPaintings(*folders, crop=32, batch=2, first=5)
    for ((photos, paintings),), ((later, too),) in ((whole[5], late[0]), (whole[6], late[1])):
        np.testing.assert_array_equal(photos, later)
        np.testing.assert_array_equal(paintings, too)
