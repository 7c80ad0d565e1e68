"""What leaves the house paints what Keras paints, in every runtime and at any size."""

import logging

import keras
import numpy as np
import pytest

from nstlib.errors import InputError, MissingFile, WeightsError
from nstlib.export import tensorflow as export_tensorflow
from nstlib.export.freeze import freeze
from nstlib.export.onnx import export_onnx, onnx_forward
from nstlib.export.reader import onnx_session, open_exported, style_transfer
from nstlib.images.arrays import resize
from nstlib.images.bundled import photo as bundled_photo
from nstlib.images.files import load_image, save_image
from nstlib.networks.conditions import conditions
from nstlib.networks.files import PaintingNetwork, build_network, load_network
from nstlib.stylizers.door import stylizer

SIZES = ((67, 93), (50, 45))  # no side a multiple of 4
STYLES = ("dots", "waves", "fields")
STYLE = "starry_night"
BUNDLED = {
    "light": STYLE,
    "johnson_starry_night": STYLE,
    "stylebank": {"red_fuji": 0.5, "udnie": 0.5},
    "adain": STYLE,
    "adain-light": STYLE,
}
# The bundled networks are stored as float16, so a file of float16 loses nothing of them. Only what
# is not stored has more bits, the opponent colours of the palette and the VGG19 that "adain"
# carries, and rounding them shows in the paintings: by 0.0007 and 0.001, measured; one level of a
# picture is 0.004.
TOLERANCE = {"light": 2e-3, "adain": 4e-3}


def photo(size: tuple[int, int]) -> np.ndarray:
    return resize(bundled_photo("great_wall", 128), size)


@pytest.fixture(scope="module")
def expected() -> dict:
    """What Keras paints, by network and size."""
    trained = {name: load_network(name) for name in BUNDLED}
    return {
        (name, size): keras.ops.convert_to_numpy(
            one.network([photo(size), *conditions(one, BUNDLED[name])], training=False)
        )
        for name, one in trained.items()
        for size in SIZES
    }


@pytest.fixture(scope="module")
def untrained() -> PaintingNetwork:
    """A network of three banks, which is quick to write."""
    keras.utils.set_random_seed(3)
    return PaintingNetwork("stylebank", STYLES, build_network("stylebank", len(STYLES)))


def compare(paint, expected: dict, name: str, tolerance: float) -> None:
    for size in SIZES:
        np.testing.assert_allclose(paint(photo(size)), expected[name, size], atol=tolerance)


# --- The bundled networks in four runtimes --------------------------------------------------------


@pytest.mark.parametrize("name", BUNDLED)
def test_onnx_runtime(name, expected, tmp_path):
    path = export_onnx(name, tmp_path / "network.onnx", BUNDLED[name])
    compare(open_exported(path), expected, name, 1e-5)
    if name == "stylebank":
        with pytest.raises(InputError, match="cannot write the layer mix_banks .*: give `style=`"):
            export_onnx(name, tmp_path / "free.onnx")
        return
    trained, free = load_network(name), open_exported(export_onnx(name, tmp_path / "free.onnx"))
    condition = conditions(trained, BUNDLED[name])
    others = dict(zip(list(free.inputs)[1:], condition, strict=True))
    compare(lambda picture: free(picture, **others), expected, name, 1e-5)
    forward = onnx_forward(freeze(trained.network, condition), threads=1)
    compare(forward, expected, name, 1e-5)


def test_threads_of_a_dask_worker(untrained, tmp_path, monkeypatch):
    path = str(export_onnx(untrained, tmp_path / "one.onnx", "dots"))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert onnx_session(path).get_session_options().intra_op_num_threads == 1
    assert onnx_session(path, 2).get_session_options().intra_op_num_threads == 2
    monkeypatch.delenv("OMP_NUM_THREADS")
    assert onnx_session(path).get_session_options().intra_op_num_threads == 0  # ONNX Runtime's own


def test_opencv(expected, tmp_path, capsys):
    cv2 = pytest.importorskip("cv2", "5")
    paths = {name: export_onnx(name, tmp_path / f"{name}.onnx", STYLE) for name in TOLERANCE}
    for name, path in paths.items():
        network = cv2.dnn.readNetFromONNX(str(path))

        def paint(picture, network=network):
            network.setInput(np.ascontiguousarray(picture.transpose(0, 3, 1, 2)))
            return network.forward().transpose(0, 2, 3, 1)

        compare(paint, expected, name, 1e-3)
    source, target = tmp_path / "photo.png", tmp_path / "painting.png"
    save_image(photo(SIZES[0]), source)
    assert style_transfer(source, target, paths["light"]) > 0
    assert "painted 93 x 67 pixels in" in capsys.readouterr().out
    wanted = stylizer(STYLE, runtime="keras")(load_image(source))
    np.testing.assert_allclose(load_image(target), wanted, atol=2 / 255)
    style_transfer(source, tmp_path / "small.jpg", paths["light"], width=48, jpg_quality=60)
    assert load_image(tmp_path / "small.jpg").shape == (1, 35, 48, 3)
    (tmp_path / "broken.onnx").write_bytes(b"not a network")
    with pytest.raises(MissingFile, match="There is no network .*no.onnx.* Write it"):
        style_transfer(source, target, tmp_path / "no.onnx")
    with pytest.raises(WeightsError, match="OpenCV .* cannot run .*broken.onnx"):
        style_transfer(source, target, tmp_path / "broken.onnx")
    assert not hasattr(cv2.dnn, "readNetFromTorch")  # up to OpenCV 4 it read .t7 files: source 000


@pytest.mark.parametrize("name", TOLERANCE)
def test_litert(name, expected, tmp_path, capfd):
    handlers = list(logging.root.handlers)
    path = export_tensorflow.export_litert(name, tmp_path / "network.tflite", STYLE)
    compare(open_exported(path), expected, name, TOLERANCE[name])
    assert capfd.readouterr() == ("", ""), "TensorFlow and LiteRT chatter"
    assert logging.root.handlers == handlers, "else other libraries' notes are printed from now on"


def test_saved_model(expected, tmp_path):
    path = export_tensorflow.export_saved_model("adain", tmp_path / "folder", STYLE)
    compare(open_exported(path), expected, "adain", 1e-4)


# --- Other inputs, other sizes --------------------------------------------------------------------


@pytest.mark.parametrize("write", ["export_litert", "export_saved_model"])
def test_the_mix_as_an_input(write, untrained, tmp_path):
    paint = open_exported(getattr(export_tensorflow, write)(untrained, tmp_path / "mix.tflite"))
    assert paint.inputs == {"image": (1, None, None, 3), "mix": (1, 3)}
    for mix in ([[1, 0, 0]], [[0.2, 0.3, 0.1]]):
        mix, picture = np.array(mix, "float32"), photo(SIZES[0])
        expected = keras.ops.convert_to_numpy(untrained.network([picture, mix]))
        np.testing.assert_allclose(paint(picture, mix=mix), expected, atol=2e-3)
    with pytest.raises(InputError, match="takes image, mix; given: image"):
        paint(picture)
    with pytest.raises(InputError, match=r"image .* \(50, 45, 3\); .* takes \(1, any, any, 3\)"):
        paint(photo(SIZES[1])[0], mix=[[1, 0, 0]])
    with pytest.raises(InputError, match=r"mix has the shape \(1, 2\); .* takes \(1, 3\)"):
        paint(picture, mix=[[1, 0]])


def test_a_file_for_one_size_in_float32(tmp_path):
    one = PaintingNetwork("light", STYLES, build_network("light", len(STYLES)))
    path = export_tensorflow.export_litert(
        one, tmp_path / "fixed.tflite", "dots", size=SIZES[0], precision="float32"
    )
    paint, picture = open_exported(path, threads=1), photo(SIZES[0])
    assert paint.inputs == {"image": (1, *SIZES[0], 3)} and paint.format == "litert"
    expected = conditions(one, "dots")
    expected = keras.ops.convert_to_numpy(one.network([picture, *expected]))
    np.testing.assert_allclose(paint(picture), expected, atol=1e-4)
    assert path.stat().st_size > 2 * sum(w.numpy().size for w in one.network.weights)
    with pytest.raises(
        InputError, match=r"\(1, 50, 45, 3\); .* takes \(1, 67, 93, 3\).*nst.resize"
    ):
        paint(photo(SIZES[1]))


# --- Bad input ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("network.pb", {}, "network.pb does not end in .tflite"),
        ("n.tflite", {"precision": "int8"}, "precision is 'int8'.* can be 'float16', 'float32'"),
        ("n.tflite", {"size": (64,)}, r"size is \(64,\); it is \(height, width\)"),
        ("n.tflite", {"size": (15, 64)}, "The height is 15; .* 32 or more"),
        (
            "n.tflite",
            {"size": (64, 64.0)},
            "The width is 64.0; it must be a whole number of pixels",
        ),
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
    monkeypatch.setattr(export_tensorflow, "backend_name", lambda: "jax")
    with pytest.raises(InputError, match="backend of Keras is 'jax'.*KERAS_BACKEND=tensorflow"):
        getattr(export_tensorflow, write)(untrained, tmp_path / "n.tflite")


def test_what_is_no_saved_model_is_not_replaced(untrained, tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos/cat.jpg").write_bytes(b"dear")
    with pytest.raises(InputError, match="holds cat.jpg, which would be lost"):
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


def test_what_no_onnx_file_can_be(untrained, tmp_path):
    (tmp_path / "taken").write_text("a file, not a folder")
    with pytest.raises(InputError, match="could not be written"):
        export_onnx(untrained, tmp_path / "taken" / "network.onnx", "dots")
    image = keras.Input((None, None, 3))
    odd = keras.Model(image, keras.layers.LayerNormalization(name="odd")(image))
    with pytest.raises(InputError, match=r"cannot write the layer odd \(LayerNormalization\)"):
        onnx_forward(odd)
    same = keras.Model(image, keras.layers.Conv2D(3, 3, padding="same", name="same")(image))
    with pytest.raises(InputError, match="The padding of same is 'same'. It can be 'valid'"):
        onnx_forward(same)


def test_what_cannot_be_opened(tmp_path):
    with pytest.raises(MissingFile, match="There is no exported network .*none.onnx. Write it"):
        open_exported(tmp_path / "none.onnx")
    for name in ("broken.onnx", "broken.tflite", "broken"):
        (tmp_path / name).write_bytes(b"not a network at all")
        with pytest.raises(WeightsError, match="cannot be opened as .*Export again"):
            open_exported(tmp_path / name)
    (tmp_path / "network.pb").write_bytes(b"of another kind")
    with pytest.raises(InputError, match="network.pb can end in .onnx or .tflite"):
        open_exported(tmp_path / "network.pb")
