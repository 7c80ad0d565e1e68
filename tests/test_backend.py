"""Device in words, Keras without chatter; the gradient is right and the same on every backend."""

import importlib.util
import json
import os
import re
import subprocess
import sys

import numpy as np
import pytest

from nstlib import backend
from nstlib.backend import compiled, keras, ops, value_and_grad

# One Gatys step on a small untrained network, in a process of its own, since a backend is chosen
# once per process. Prints the total, some of the gradient, and the gradient's size.
GATYS_STEP = """
import json, warnings
import numpy as np
from keras import ops
warnings.simplefilter("ignore")
from nstlib.backend import value_and_grad
from nstlib.gatys.recipe import recipe
from nstlib.gatys.objective import objective
generator = np.random.default_rng(0)
content, style, image = generator.uniform(0, 1, (3, 1, 32, 40, 3)).astype("float32")
settings = recipe(
    "plain", style_weight=10.0, tv_weight=1.0,
    content_layers=["block2_conv2"], style_layers=["block1_conv1", "block2_conv1", "block3_conv1"],
)
function = objective(content, style, settings, weights="random")
(total, terms), gradient = value_and_grad(function, has_aux=True)(image)
gradient = ops.convert_to_numpy(gradient)
print(json.dumps([float(total), len(terms), gradient[0, ::6, ::8].ravel().tolist(),
                  float(np.abs(gradient).max())]))
"""


def gatys_step(name: str):
    environment = {**os.environ, "KERAS_BACKEND": name, "JAX_PLATFORMS": "cpu"}
    command = [sys.executable, "-c", GATYS_STEP]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_gradient_agrees_with_finite_differences():
    def function(x):
        return ops.sum(ops.sin(x) * x)

    x = np.linspace(-2, 2, 7, dtype="float32")
    value, gradient = value_and_grad(function)(x)
    assert float(value) == pytest.approx(float(np.sum(np.sin(x) * x)), rel=1e-5)
    step, wide = 1e-5, x.astype("float64")
    numeric = [
        (np.sum(np.sin(u) * u) - np.sum(np.sin(v) * v)) / (2 * step)
        for u, v in ((wide + step * e, wide - step * e) for e in np.eye(7))
    ]
    np.testing.assert_allclose(gradient, numeric, rtol=1e-4, atol=1e-4)


def test_aux_is_carried_along_and_other_arguments_are_constant():
    def function(x, scale):
        return ops.sum(x * scale["factor"]), {"doubled": 2 * x}

    call = value_and_grad(function, has_aux=True)
    (value, aux), gradient = call(np.ones(3, "float32"), {"factor": np.float32(5)})
    assert float(value) == 15
    np.testing.assert_array_equal(aux["doubled"], [2, 2, 2])
    np.testing.assert_array_equal(gradient, [5, 5, 5])


class Doubled(keras.layers.Layer):
    """Doubles, and notes the sizes that it is compiled for."""

    def call(self, x):
        self.seen = [*getattr(self, "seen", []), tuple(x.shape)]
        return 2 * x


def test_a_network_is_compiled_once_a_size_and_has_its_weights_of_now():
    doubled, dense, x = Doubled(), keras.layers.Dense(3), keras.Input((None, 3))
    network = keras.Model([x], dense(doubled(x)))
    doubled.seen = []
    for size in (4, 4, 5, 6, 4):
        given = np.full((1, size, 3), size, "float32")
        dense.set_weights([size * np.eye(3), np.ones(3)])
        assert compiled(network) is compiled(network)
        said = ops.convert_to_numpy(compiled(network)([given]))
        np.testing.assert_allclose(said, 2 * size * given + 1)
    assert len(doubled.seen) <= 3, doubled.seen


@pytest.mark.parametrize("name", ["jax", "torch"])
def test_a_gatys_step_is_the_same_on_every_backend(name):
    if importlib.util.find_spec(name) is None:
        pytest.skip(f"{name} is not installed")
    ours, theirs = gatys_step("tensorflow"), gatys_step(name)
    assert ours[0] == pytest.approx(theirs[0], rel=1e-4)
    assert ours[1] == theirs[1] == 5
    np.testing.assert_allclose(ours[2], theirs[2], rtol=1e-2, atol=1e-4 * ours[3])


# --- Device, and chatter -------------------------------------------------------------------------


def test_device_names_the_cores_or_the_accelerator(monkeypatch):
    monkeypatch.setattr(backend, "_accelerator", lambda: "")
    for cores, words in ((1, "CPU, 1 core"), (8, "CPU, 8 cores")):
        monkeypatch.setattr(backend, "cores", lambda cores=cores: cores)
        assert backend.device() == words and not backend.has_gpu()
    monkeypatch.setattr(backend, "_accelerator", lambda: "GPU NVIDIA T4")
    assert backend.device() == "GPU NVIDIA T4" and backend.has_gpu()


@pytest.mark.parametrize("name", ["tensorflow", "jax", "torch"])
def test_every_backend_can_be_asked_for_its_gpu(name, monkeypatch):
    pytest.importorskip(name)
    monkeypatch.setattr(backend, "backend_name", lambda: name)
    found = backend._accelerator()
    assert found == "" or found.split()[0] in ("GPU", "TPU")


def test_an_unknown_backend_has_no_gradient_but_a_mend(monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "openvino")
    with pytest.raises(RuntimeError, match="not on Keras backend 'openvino'.*KERAS_BACKEND=tensor"):
        value_and_grad(lambda x: x)


def test_keras_starts_quietly():
    """In a process of its own, since libraries read the setting once."""
    settings = {k: v for k, v in os.environ.items() if k != "TF_CPP_MIN_LOG_LEVEL"}
    code = "import os, nstlib.backend; print(os.environ['TF_CPP_MIN_LOG_LEVEL'])"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=settings, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("3\n", "")


def test_keras_that_cannot_start_is_an_error_in_one_line(tmp_path):
    """In a process of its own, where Keras is not there yet."""
    (tmp_path / "keras.json").write_text('{"backend": "theano"}')
    settings = {k: v for k, v in os.environ.items() if k != "KERAS_BACKEND"}
    settings |= {"KERAS_HOME": str(tmp_path)}
    command = [sys.executable, "-m", "nstlib", "texture", "brick", "-o", "never.png"]
    done = subprocess.run(command, env=settings, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 1 and not (tmp_path / "never.png").exists()
    said = (
        "nstlib: backend is 'theano' in line 1 of .*keras.json, .*: write \"tensorflow\" there; .*"
    )
    assert re.fullmatch(said, done.stderr.strip())
