"""Small untrained networks as ONNX files, and the program that runs one with OpenCV alone."""

import numpy as np
import pytest
from keras import ops

from nstlib.errors import InputError, MissingFile, WeightsError
from nstlib.export import onnx as export, opencv
from nstlib.images.files import load_image, save_image
from nstlib.networks.conditions import style_mix
from nstlib.networks.files import PaintingNetwork, build_network, save_network
from nstlib.stylizers.door import stylizer

STYLES = ("dots", "waves", "fields")
ODD = (67, 93)  # no multiple of 4


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    network = PaintingNetwork("light", STYLES, build_network("light", 3))
    return save_network(network, tmp_path_factory.mktemp("networks") / "three.npz")


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    return np.random.default_rng(1).uniform(0, 1, (1, *ODD, 3)).astype("float32")


@pytest.mark.parametrize("architecture", ["light", "johnson", "stylebank"])
@pytest.mark.parametrize("style", [None, "waves", {"dots": 0.5, "fields": 0.5}])
def test_onnx_runtime_paints_what_keras_paints(architecture, style, tmp_path):
    import onnxruntime

    if architecture == "stylebank" and style is None:
        pytest.skip("a StyleBank is exported for one mix")
    trained = PaintingNetwork(architecture, STYLES, build_network(architecture, 3))
    path = export.export_onnx(trained, tmp_path / "network.onnx", style)
    session = onnxruntime.InferenceSession(str(path))
    for size in (ODD, (130, 101)):
        picture = np.random.default_rng(2).uniform(0, 1, (1, *size, 3)).astype("float32")
        mix = style_mix(STYLES, style or "waves")
        feed = {"image": picture.transpose(0, 3, 1, 2)} | ({"mix": mix} if style is None else {})
        theirs = session.run(None, feed)[0].transpose(0, 2, 3, 1)
        ours = ops.convert_to_numpy(trained.network([picture, mix]))
        np.testing.assert_allclose(theirs, ours, atol=1e-3)


def test_a_bank_that_is_not_wanted_stays_out_of_the_file(tmp_path):
    trained = PaintingNetwork("stylebank", STYLES, build_network("stylebank", 3))
    one = export.export_onnx(trained, tmp_path / "one.onnx", "dots").stat().st_size
    two = export.export_onnx(trained, tmp_path / "2.onnx", {"dots": 1, "waves": 1}).stat().st_size
    assert two - one > 400_000


def test_opencv_paints_the_same_from_file_to_file(file, photo, tmp_path, capsys):
    model = export.export_onnx(file, tmp_path / "dots.onnx", "dots")
    source, target = tmp_path / "photo.png", tmp_path / "painting.png"
    save_image(photo, source)
    seconds = opencv.style_transfer(source, target, model)
    assert seconds > 0 and "painted 93 x 67 pixels in" in capsys.readouterr().out
    painted = stylizer("dots", network=file)(load_image(source))
    np.testing.assert_allclose(load_image(target), painted, atol=2 / 255)
    opencv.style_transfer(source, tmp_path / "small.jpg", model, width=48, jpg_quality=60)
    assert load_image(tmp_path / "small.jpg").shape == (1, 35, 48, 3)


def test_opencv_says_what_it_cannot_read(photo, tmp_path):
    save_image(photo, tmp_path / "photo.png")
    with pytest.raises(MissingFile, match="There is no network"):
        opencv.style_transfer(tmp_path / "photo.png", tmp_path / "out.jpg", tmp_path / "no.onnx")
    (tmp_path / "broken.onnx").write_bytes(b"not a network")
    with pytest.raises(WeightsError, match="cannot read"):
        opencv.style_transfer(tmp_path / "photo.png", tmp_path / "o.jpg", tmp_path / "broken.onnx")


def test_a_style_is_asked_for_by_name_and_a_folder_must_be_one(file, tmp_path):
    with pytest.raises(InputError, match="alpha: this belongs to a style"):
        export.export_onnx(file, tmp_path / "never.onnx", alpha=0.5)
    (tmp_path / "taken").write_text("a file, not a folder")
    with pytest.raises(InputError, match="could not be written"):
        export.export_onnx(file, tmp_path / "taken" / "network.onnx")
