"""What leaves the house paints what Keras paints, in every runtime and at any size.

ONNX files of small untrained networks are in test_stylizers.py and test_adain.py; here are the
bundled networks in four runtimes, the formats that TensorFlow writes, and the command line.
"""

import logging

import keras
import numpy as np
import pytest

from nstlib.errors import InputError, MissingFile, WeightsError
from nstlib.export import onnx as export, reader as exported, tensorflow as export_tensorflow
from nstlib.images import bundled as data
from nstlib.images.arrays import resize
from nstlib.networks.files import PaintingNetwork, build_network, load_network
from nstlib.stylizers import door as stylizers

SIZES = ((67, 93), (50, 45))  # no side a multiple of 4
STYLES = ("dots", "waves", "fields")
BUNDLED = ("light", "johnson_starry_night", "adain")
STYLE = "starry_night"
# The bundled networks are stored as float16, so a file of float16 loses nothing of them. Only the
# VGG19 that "adain" carries has more bits, and rounding them (by 1/2048 at most) shows in the
# paintings: by 0.001, measured; one level of a picture is 0.004.
TOLERANCE = {"light": 1e-4, "johnson_starry_night": 1e-4, "adain": 4e-3}


@pytest.fixture(scope="module")
def expected() -> dict:
    """What Keras paints, by network and size."""
    trained = {name: load_network(name) for name in BUNDLED}
    return {
        (name, size): keras.ops.convert_to_numpy(
            one.network([photo(size), *stylizers.conditions(one, STYLE)], training=False)
        )
        for name, one in trained.items()
        for size in SIZES
    }


@pytest.fixture(scope="module")
def onnx_files(tmp_path_factory) -> dict:
    folder = tmp_path_factory.mktemp("onnx")
    return {name: export.export_onnx(name, folder / f"{name}.onnx", STYLE) for name in BUNDLED}


@pytest.fixture(scope="module")
def untrained() -> PaintingNetwork:
    """A network with every kind of layer that is traced otherwise than Keras does it."""
    keras.utils.set_random_seed(3)
    return PaintingNetwork("stylebank", STYLES, build_network("stylebank", len(STYLES)))


def photo(size: tuple[int, int]) -> np.ndarray:
    return resize(data.photo("great_wall", 128), size)


def compare(paint, expected: dict, name: str, tolerance: float) -> None:
    for size in SIZES:
        np.testing.assert_allclose(paint(photo(size)), expected[name, size], atol=tolerance)


# --- The bundled networks in four runtimes --------------------------------------------------------


@pytest.mark.parametrize("name", BUNDLED)
def test_onnx_runtime(name, onnx_files, expected):
    compare(exported.open_exported(onnx_files[name]), expected, name, 1e-3)


@pytest.mark.parametrize("name", BUNDLED)
def test_opencv(name, onnx_files, expected):
    cv2 = pytest.importorskip("cv2", "5")
    network = cv2.dnn.readNetFromONNX(str(onnx_files[name]))

    def paint(picture):
        network.setInput(np.ascontiguousarray(picture.transpose(0, 3, 1, 2)))
        return network.forward().transpose(0, 2, 3, 1)

    compare(paint, expected, name, 1e-3)


@pytest.mark.parametrize("name", BUNDLED)
def test_litert(name, expected, tmp_path, capfd):
    handlers = list(logging.root.handlers)
    path = export_tensorflow.export_litert(name, tmp_path / "network.tflite", STYLE)
    compare(exported.open_exported(path), expected, name, TOLERANCE[name])
    assert capfd.readouterr() == ("", ""), "TensorFlow and LiteRT chatter"
    assert logging.root.handlers == handlers, "else other libraries' notes are printed from now on"


@pytest.mark.parametrize("name", BUNDLED)
def test_saved_model(name, expected, tmp_path):
    path = export_tensorflow.export_saved_model(name, tmp_path / "folder", STYLE)
    compare(exported.open_exported(path), expected, name, 1e-4)


def test_opencv_5_reads_no_torch_files():
    cv2 = pytest.importorskip("cv2", "5")
    assert not hasattr(cv2.dnn, "readNetFromTorch")  # up to OpenCV 4 it did: source 000


# --- Other inputs, other sizes --------------------------------------------------------------------


@pytest.mark.parametrize("write", ["export_litert", "export_saved_model"])
def test_the_mix_as_an_input(write, untrained, tmp_path):
    paint = exported.open_exported(
        getattr(export_tensorflow, write)(untrained, tmp_path / "mix.tflite")
    )
    assert paint.inputs == {"image": (1, None, None, 3), "mix": (1, 3)}
    for mix in ([[1, 0, 0]], [[0.2, 0.3, 0.1]]):
        mix, picture = np.array(mix, "float32"), photo(SIZES[0])
        expected = keras.ops.convert_to_numpy(untrained.network([picture, mix]))
        np.testing.assert_allclose(paint(picture, mix=mix), expected, atol=2e-3)
    with pytest.raises(InputError, match="takes image, mix; given: image"):
        paint(picture)
    with pytest.raises(InputError, match=r"the shape \(50, 45, 3\); .* takes \(1, height, width"):
        paint(photo(SIZES[1])[0], mix=[[1, 0, 0]])


def test_a_bank_that_is_not_wanted_stays_out(untrained, tmp_path):
    path = export_tensorflow.export_litert(untrained, tmp_path / "one.tflite", "dots")
    names = [weight.path for weight in untrained.network.weights]
    banks = {name.split("_")[0] for name in names if name.startswith("bank")}
    assert banks == {"bank1", "bank2", "bank3"}
    wanted = sum(
        weight.numpy().size
        for weight in untrained.network.weights
        if weight.path.split("_")[0] in {"bank1"} or not weight.path.startswith("bank")
    )
    assert 2 * wanted < path.stat().st_size < 2 * wanted + 30_000  # bytes, of float16


def test_a_file_for_one_size_in_float32(tmp_path):
    one = PaintingNetwork("light", STYLES, build_network("light", len(STYLES)))
    path = export_tensorflow.export_litert(
        one, tmp_path / "fixed.tflite", "dots", size=SIZES[0], precision="float32"
    )
    paint, picture = exported.open_exported(path, threads=1), photo(SIZES[0])
    assert paint.inputs == {"image": (1, *SIZES[0], 3)} and paint.format == "litert"
    expected = stylizers.conditions(one, "dots")
    expected = keras.ops.convert_to_numpy(one.network([picture, *expected]))
    np.testing.assert_allclose(paint(picture), expected, atol=1e-4)
    assert path.stat().st_size > 2 * sum(w.numpy().size for w in one.network.weights)
    with pytest.raises(InputError, match="paints 93 x 67 pixels only, and the picture has 45 x 50"):
        paint(photo(SIZES[1]))


# --- Bad input ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("network.pb", {}, "network.pb has to end in .tflite"),
        ("n.tflite", {"precision": "int8"}, "precision is 'int8'; it can be float16 or float32"),
        ("n.tflite", {"size": (64,)}, r"size is \(64,\); it is \(height, width\)"),
        ("n.tflite", {"size": (0, 64)}, "32 or more"),
        ("n.tflite", {"size": (15, 64)}, "32 or more"),
        ("n.tflite", {"size": (64.0, 64)}, "whole pixels"),
        ("n.tflite", {"alpha": 0.5}, "alpha: this belongs to a style"),
        ("n.tflite", {"style": "dost"}, "Did you mean 'dots'"),
    ],
)
def test_bad_options(name, options, message, untrained, tmp_path):
    with pytest.raises(InputError, match=message):
        export_tensorflow.export_litert(untrained, tmp_path / name, **options)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("write", ["export_litert", "export_saved_model"])
def test_another_backend_is_told_what_to_do(write, untrained, tmp_path, monkeypatch):
    monkeypatch.setattr(keras.config, "backend", lambda: "jax")
    with pytest.raises(InputError, match="computes with jax.*KERAS_BACKEND=tensorflow"):
        getattr(export_tensorflow, write)(untrained, tmp_path / "n.tflite")


def test_what_is_no_saved_model_is_not_replaced(untrained, tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos/cat.jpg").write_bytes(b"dear")
    with pytest.raises(InputError, match="holds cat.jpg, which is no part of a SavedModel"):
        export_tensorflow.export_saved_model(untrained, tmp_path / "photos")
    with pytest.raises(InputError, match="cat.jpg is a file; a SavedModel is a folder"):
        export_tensorflow.export_saved_model(untrained, tmp_path / "photos/cat.jpg")
    with pytest.raises(InputError, match="cannot be written"):
        export_tensorflow.export_saved_model(untrained, tmp_path / "photos/cat.jpg/model", "dots")
    assert (tmp_path / "photos/cat.jpg").read_bytes() == b"dear"


@pytest.mark.parametrize("error", ["OSError", "ResourceExhaustedError"])
def test_a_saved_model_stays_until_the_new_one_is_whole(error, untrained, tmp_path, monkeypatch):
    import tensorflow as tf

    (tmp_path / "model").mkdir()
    (tmp_path / "model/saved_model.pb").write_bytes(b"old")

    def fail(module, folder, **options):
        (tmp_path / folder).mkdir()
        if error == "OSError":
            raise OSError(28, "No space left on device")
        raise tf.errors.ResourceExhaustedError(None, None, "No space left on device")

    def write(module, folder, **options):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "saved_model.pb").write_bytes(b"new")

    for save, content in ((fail, b"old"), (write, b"new")):
        monkeypatch.setattr(tf.saved_model, "save", save)
        if save is fail:
            with pytest.raises(InputError, match=r"model cannot be written \(No space left"):
                export_tensorflow.export_saved_model(untrained, tmp_path / "model", "dots")
        else:
            export_tensorflow.export_saved_model(untrained, tmp_path / "model", "dots")
        assert (tmp_path / "model/saved_model.pb").read_bytes() == content
        assert [entry.name for entry in tmp_path.iterdir()] == ["model"]


def test_what_cannot_be_opened(tmp_path):
    with pytest.raises(MissingFile, match="There is no .*none.onnx. Write it"):
        exported.open_exported(tmp_path / "none.onnx")
    for name in ("broken.onnx", "broken.tflite", "broken"):
        (tmp_path / name).write_bytes(b"not a network at all")
        with pytest.raises(WeightsError, match="cannot be opened as .*Export it again"):
            exported.open_exported(tmp_path / name)
    (tmp_path / "network.pb").touch()
    with pytest.raises(InputError, match="network.pb ends in .pb; it can end in .onnx or .tflite"):
        exported.open_exported(tmp_path / "network.pb")
