"""One door to every engine, networks in files, and what leaves the house as ONNX."""

import json

import keras
import numpy as np
import pytest
from keras import ops

from nstlib import networks
from nstlib.errors import InputError, MissingFile, WeightsError
from nstlib.export import onnx as export, opencv
from nstlib.images import bundled as data
from nstlib.images.color import keep_color
from nstlib.images.files import load_image, save_image
from nstlib.networks.files import PaintingNetwork, build_network, load_network, save_network
from nstlib.stylizers import door as stylizers

STYLES = ("dots", "waves", "fields")
ODD = (67, 93)  # no multiple of 4


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """A small untrained network of three styles that differ, saved."""
    keras.utils.set_random_seed(0)
    network, random = build_network("light", 3), np.random.default_rng(0)
    for weight in network.weights:
        if "norm" in weight.path:
            weight.assign(weight.numpy() + random.normal(0, 0.5, weight.shape))
    path = tmp_path_factory.mktemp("networks") / "three.npz"
    return save_network(PaintingNetwork("light", STYLES, network, {"steps": 7}), path)


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    return np.random.default_rng(1).uniform(0, 1, (1, *ODD, 3)).astype("float32")


# --- Files ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("architecture", ["light", "johnson", "stylebank"])
def test_a_network_comes_back_from_its_file(architecture, photo, tmp_path):
    saved = PaintingNetwork(architecture, STYLES, build_network(architecture, 3), {"steps": 7})
    loaded = load_network(save_network(saved, tmp_path / "network.npz"))
    assert (loaded.architecture, loaded.styles, loaded.about) == (
        architecture,
        STYLES,
        {"steps": 7},
    )
    mix = np.array([[0.2, 0.3, 0.5]], "float32")
    before, after = (ops.convert_to_numpy(net.network([photo, mix])) for net in (saved, loaded))
    np.testing.assert_allclose(before, after, atol=0.01)  # half precision, in 256 levels
    assert (tmp_path / "network.npz").stat().st_size < 2.2 * saved.network.count_params() + 40_000


def test_damaged_and_foreign_files(file, tmp_path):
    content = file.read_bytes()
    for name, damaged in {
        "half": content[: len(content) // 2], "page": b"<html>no</html>"
    }.items():  # fmt: skip
        path = tmp_path / f"{name}.npz"
        path.write_bytes(damaged)
        with pytest.raises(WeightsError, match="not a network that nstlib saved, or it is damaged"):
            load_network(path)


def test_a_file_of_another_architecture(file, tmp_path):
    with np.load(file) as archive:
        arrays = dict(archive)
    about = json.loads(str(arrays["about"])) | {"architecture": "johnson"}
    np.savez(tmp_path / "other.npz", **arrays | {"about": np.array(json.dumps(about))})
    with pytest.raises(WeightsError, match="holds another network than transform_johnson"):
        load_network(tmp_path / "other.npz")


def test_a_place_that_cannot_be_written(file, tmp_path):
    (tmp_path / "taken").write_text("a file, not a folder")
    for write in (
        lambda p: save_network(load_network(file), p),
        lambda p: export.export_onnx(file, p),
    ):
        with pytest.raises(InputError, match="cannot be written"):
            write(tmp_path / "taken" / "network")


def test_names_that_are_no_network(tmp_path):
    with pytest.raises(MissingFile, match="There is no network .*nothing.npz. Bundled networks: "):
        load_network(tmp_path / "nothing.npz")
    with pytest.raises(InputError, match="architecture is 'lihgt'. Did you mean 'light'"):
        build_network("lihgt", 1)


@pytest.fixture
def bundle(file, tmp_path, monkeypatch):
    """A list of networks with the one from `file`; returns the function that changes its hash."""
    folder = tmp_path / "data"
    (folder / "weights").mkdir(parents=True)
    (folder / "weights" / "three.npz").write_bytes(file.read_bytes())
    for module in (data, networks.files):
        monkeypatch.setattr(module, "data_folder", lambda: folder)

    def write(sha256):
        row = {"file": "three.npz", "sha256": sha256, "styles": STYLES}
        (folder / "weights" / "manifest.json").write_text(json.dumps([row]))

    import hashlib

    write(hashlib.sha256(file.read_bytes()).hexdigest())
    return write


def test_a_bundled_network_is_checked_by_its_hash(bundle):
    assert load_network("three").styles == STYLES
    bundle("0" * 64)
    with pytest.raises(WeightsError, match="SHA-256 differs"):
        load_network("three")
    with pytest.raises(MissingFile, match="Did you mean 'three'"):
        load_network("thre")


# --- The door -------------------------------------------------------------------------------------


def test_a_stylizer_keeps_size_and_range(file, photo):
    paint = stylizers.stylizer("dots", network=file)
    painting = paint(photo)
    assert painting.shape == photo.shape and painting.dtype == np.float32
    assert painting.min() >= 0 and painting.max() <= 1
    np.testing.assert_array_equal(paint(photo, strength=0.0), photo)
    half = paint(photo, strength=0.5)
    np.testing.assert_allclose(half, (photo + painting) / 2, atol=1e-6)


def test_a_painting_can_be_the_name_where_the_network_takes_any(photo, tmp_path):
    painting = save_image(photo[:, ::-1, :, ::-1] ** 2, tmp_path / "painting.png")
    named = stylizers.stylizer("adain-light", painting)(photo)
    np.testing.assert_array_equal(stylizers.stylizer(painting, network="adain-light")(photo), named)


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (("gatys", "poppies"), {"tile": 1024}, "'gatys' takes none"),
        (("dots",), {"alpha": 0.5}, "alpha: a network of named styles takes no such thing"),
        (("dots", "poppies"), {}, "style is for the engines gatys, adain, adain-light"),
    ],
)
def test_options_that_nothing_takes(arguments, options, message, file):
    network = {} if arguments[0] == "gatys" else {"network": file}
    with pytest.raises(InputError, match=message):
        stylizers.stylizer(*arguments, **network, **options)
    with pytest.raises(InputError, match="alpha: this belongs to a style"):
        export.export_onnx(file, "never.onnx", alpha=0.5)


def test_a_mix_lies_between_and_its_shares_are_scaled(file, photo):
    first, second, mixed, larger = (
        stylizers.stylizer(style, network=file)(photo)
        for style in ("dots", "waves", {"dots": 0.5, "waves": 0.5}, {"dots": 3, "waves": 3})
    )
    np.testing.assert_allclose(mixed, larger, atol=1e-6)
    assert np.abs(mixed - first).mean() < np.abs(second - first).mean()


def test_preserve_color_keeps_the_photos_hues(file, photo):
    kept = stylizers.stylizer("dots", network=file)(photo, preserve_color=True)
    gray = np.repeat(photo.mean(axis=-1, keepdims=True), 3, axis=-1)
    painted = stylizers.stylizer("dots", network=file)(gray, preserve_color=True)
    assert np.ptp(painted, axis=-1).max() < 0.01, "a gray photo stays gray"
    assert kept.shape == photo.shape


def test_keeping_colors_of_the_same_picture_changes_nothing(photo):
    np.testing.assert_allclose(keep_color(photo, photo), photo, atol=1e-5)


@pytest.mark.parametrize(
    ("style", "message"),
    [
        ("dotts", "has not learnt 'dotts'. Did you mean 'dots'"),
        ({"dots": -1.0}, "share of dots is -1.0"),
        ({"dots": np.nan}, "share of dots is nan"),
        ({"dots": 0.0}, "add up to 0"),
        ({}, "add up to 0"),
    ],
)
def test_styles_that_cannot_be(file, style, message):
    with pytest.raises(InputError, match=message):
        stylizers.stylizer(style, network=file)


def test_pictures_and_strengths_that_cannot_be(file, photo):
    paint = stylizers.stylizer("dots", network=file)
    with pytest.raises(InputError, match="8 x 8 pixels; the network needs 32"):
        paint(photo[:, :8, :8])
    with pytest.raises(InputError, match="strength is 1.5"):
        paint(photo, strength=1.5)
    with pytest.raises(InputError, match="steps: a network of named styles"):
        stylizers.stylizer("dots", network=file, steps=3)
    with pytest.raises(InputError, match="Name the painting"):
        stylizers.stylizer("gatys")


@pytest.mark.random_weights
def test_gatys_through_the_same_door(photo):
    style, quick = photo[:, ::-1], {"steps": 2, "progress": False, "weights": "random"}
    paint = stylizers.stylizer("gatys", style=style, **quick)
    assert paint(photo, strength=0.5).shape == photo.shape


# --- ONNX -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("architecture", ["light", "johnson", "stylebank"])
@pytest.mark.parametrize("style", [None, "waves", {"dots": 0.5, "fields": 0.5}])
def test_onnx_runtime_paints_what_keras_paints(architecture, style, tmp_path):
    runtime = pytest.importorskip("onnxruntime")
    if architecture == "stylebank" and style is None:
        pytest.skip("a StyleBank is exported for one mix")
    trained = PaintingNetwork(architecture, STYLES, build_network(architecture, 3))
    path = export.export_onnx(trained, tmp_path / "network.onnx", style)
    session = runtime.InferenceSession(str(path))
    for size in (ODD, (130, 101)):
        picture = np.random.default_rng(2).uniform(0, 1, (1, *size, 3)).astype("float32")
        mix = stylizers.style_mix(STYLES, style or "waves")
        feed = {"image": picture.transpose(0, 3, 1, 2)} | ({"mix": mix} if style is None else {})
        theirs = session.run(None, feed)[0].transpose(0, 2, 3, 1)
        ours = ops.convert_to_numpy(trained.network([picture, mix]))
        np.testing.assert_allclose(theirs, ours, atol=1e-3)


def test_a_stylizer_in_onnx_runtime(file, photo):
    pytest.importorskip("onnxruntime")
    for style in ("waves", {"dots": 0.5, "fields": 0.5}):
        ours, theirs = (
            stylizers.stylizer(style, network=file, runtime=runtime)(photo)
            for runtime in ("keras", "onnx")
        )
        np.testing.assert_allclose(ours, theirs, atol=1e-3)
    with pytest.raises(InputError, match="runtime is 'tflite'; it can be 'keras' or 'onnx'"):
        stylizers.stylizer("dots", network=file, runtime="tflite")


def test_a_bank_that_is_not_wanted_stays_out_of_the_file(tmp_path):
    trained = PaintingNetwork("stylebank", STYLES, build_network("stylebank", 3))
    one = export.export_onnx(trained, tmp_path / "one.onnx", "dots").stat().st_size
    two = export.export_onnx(trained, tmp_path / "2.onnx", {"dots": 1, "waves": 1}).stat().st_size
    assert two - one > 400_000


def test_opencv_paints_the_same_from_file_to_file(file, photo, tmp_path, capsys):
    pytest.importorskip("cv2")
    model = export.export_onnx(file, tmp_path / "dots.onnx", "dots")
    source, target = tmp_path / "photo.png", tmp_path / "painting.png"
    save_image(photo, source)
    seconds = opencv.style_transfer(source, target, model)
    assert seconds > 0 and "painted 93 x 67 pixels in" in capsys.readouterr().out
    painted = stylizers.stylizer("dots", network=file)(load_image(source))
    np.testing.assert_allclose(load_image(target), painted, atol=2 / 255)
    opencv.style_transfer(source, tmp_path / "small.jpg", model, width=48, jpg_quality=60)
    assert load_image(tmp_path / "small.jpg").shape == (1, 35, 48, 3)


def test_opencv_says_what_it_cannot_read(photo, tmp_path):
    pytest.importorskip("cv2")
    save_image(photo, tmp_path / "photo.png")
    with pytest.raises(MissingFile, match="There is no network"):
        opencv.style_transfer(tmp_path / "photo.png", tmp_path / "out.jpg", tmp_path / "no.onnx")
    (tmp_path / "broken.onnx").write_bytes(b"not a network")
    with pytest.raises(WeightsError, match="cannot read"):
        opencv.style_transfer(tmp_path / "photo.png", tmp_path / "o.jpg", tmp_path / "broken.onnx")
