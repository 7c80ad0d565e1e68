"""Texture networks as ONNX files: noise in, what Keras makes of it out, and seamless."""

import numpy as np
import pytest

from nstlib.errors import InputError
from nstlib.export.onnx import export_onnx
from nstlib.export.reader import open_exported
from nstlib.export.tensorflow import export_litert
from nstlib.networks.endless import noise_picture, texture
from nstlib.networks.files import load_network


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    path = tmp_path_factory.mktemp("textures") / "brick.onnx"
    return open_exported(export_onnx("texture_brick", path))


def test_one_input_for_any_size(exported):
    assert exported.inputs == {"image": (1, 3, None, None)}
    assert exported.path.stat().st_size < 1e6


@pytest.mark.parametrize("size", [(32, 32), (64, 160)])
def test_it_makes_what_keras_makes(exported, size):
    noise = noise_picture(*size, 7)[None]
    np.testing.assert_allclose(exported(noise), texture("brick", size, seed=7), atol=1e-4)


def test_it_has_no_seam(exported):
    noise, shift = noise_picture(64, 96, 0)[None], (32, 64)
    moved = exported(np.roll(noise, shift, (1, 2)))
    np.testing.assert_allclose(moved, np.roll(exported(noise), shift, (1, 2)), atol=1e-4)


def test_what_it_has_no_use_for(tmp_path):
    trained = load_network("texture_brick", texture=True)
    with pytest.raises(InputError, match="takes noise and nothing else"):
        export_onnx(trained, tmp_path / "brick.onnx", style="brick")
    with pytest.raises(InputError, match="paints no pictures"):
        export_litert("texture_brick", tmp_path / "brick.tflite")
