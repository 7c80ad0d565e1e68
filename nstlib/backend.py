"""Keras without its chatter, what it computes on, and value and gradient on its backend.

Every module that needs Keras takes it from here: `from nstlib.backend import keras, layers, ops`.
Whatever else nstlib computes is written in `keras.ops`, which runs on TensorFlow, JAX and PyTorch
but has no gradient of its own; `value_and_grad` fills that gap with the interface that JAX made
known. `compiled` makes a network quick that is asked many times.
"""

import importlib
import logging
import os
import re
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import lru_cache, partial
from pathlib import Path

from nstlib.errors import BackendError
from nstlib.machine import cores, held_back, keras_problem

# Read by TensorFlow when it is imported. Lines that it writes before it reads them are held back.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
if "keras" not in sys.modules and (found := keras_problem()):
    raise BackendError(": ".join(found) + ".")
with nullcontext() if "tensorflow" in sys.modules else held_back():
    import keras
    from keras import layers, ops

__all__ = ["compiled", "device", "has_gpu", "keras", "layers", "ops", "own_settings"]
__all__ += ["value_and_grad"]


def backend_name() -> str:
    """The backend that Keras runs on: "tensorflow", "jax" or "torch"."""
    return keras.backend.backend()


def backend_version() -> str:
    return importlib.import_module(backend_name()).__version__


def device() -> str:
    """What the backend computes on, in words: "CPU, 2 cores" or "GPU NVIDIA A100"."""
    count = cores()
    return _accelerator() or f"CPU, {count} core{'s' if count != 1 else ''}"


def has_gpu() -> bool:
    """Whether the backend sees a GPU (or another accelerator)."""
    return bool(_accelerator())


def has_fast_bfloat16() -> bool:
    """Whether TensorFlow computes convolutions in bfloat16 on this CPU, in about half the time."""
    flags = Path("/proc/cpuinfo")
    if backend_name() != "tensorflow" or has_gpu() or not flags.exists():
        return False
    return bool(re.search(r"\b(avx512_bf16|amx_bf16)\b", flags.read_text()))


def _accelerator() -> str:
    """The first accelerator that the backend sees, or "" for none."""
    finders = {"tensorflow": _tensorflow_gpu, "jax": _jax_gpu, "torch": _torch_gpu}
    return finders[backend_name()]() if backend_name() in finders else ""


def _tensorflow_gpu() -> str:
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    if not gpus:
        return ""
    name = tf.config.experimental.get_device_details(gpus[0]).get("device_name", "")
    return f"GPU {name}".strip()


def _jax_gpu() -> str:
    import jax

    first = jax.devices()[0]
    return "" if first.platform == "cpu" else f"{first.platform.upper()} {first.device_kind}"


def _torch_gpu() -> str:
    import torch

    if torch.cuda.is_available():
        return f"GPU {torch.cuda.get_device_name(0)}"
    return "GPU Apple" if torch.backends.mps.is_available() else ""


# --- Keras' settings ------------------------------------------------------------------------------


@contextmanager
def own_settings(precision: str | None = None) -> Iterator[None]:
    """Inside, Keras builds and trains as nstlib means it, whatever keras.json and the program say.

    Channels come last and numbers are float32. Layers compute by the policy `precision`; by default
    that is the program's, if it is a mixed one ("mixed_float16", "mixed_bfloat16"), else float32.
    A layer keeps for good what it was made with; the settings are put back. `@own_settings()` has
    a whole function run in it.
    """
    before = keras.config.dtype_policy()  # of this thread, unlike the others
    mixed = before.name if before.name.startswith("mixed_") else "float32"
    with _LAYOUT:
        keras.config.set_dtype_policy(precision or mixed)
        try:
            yield
        finally:
            keras.config.set_dtype_policy(before)


class _Layout:
    """Keras' data format and type of numbers, which all threads share: the first one that is inside
    sets them, the last one that leaves puts them back."""

    def __init__(self):
        self.lock, self.inside, self.before = threading.Lock(), 0, ()

    def __enter__(self):
        with self.lock:
            if not self.inside:
                self.before = keras.config.floatx(), keras.config.image_data_format()
                self._set("float32", "channels_last")
            self.inside += 1

    def __exit__(self, *error):
        with self.lock:
            self.inside -= 1
            if not self.inside:
                self._set(*self.before)

    def _set(self, floatx: str, data_format: str) -> None:
        keras.config.set_floatx(floatx)
        keras.config.set_image_data_format(data_format)


_LAYOUT = _Layout()


# --- Value and gradient ---------------------------------------------------------------------------


def value_and_grad(function: Callable, *, has_aux: bool = False) -> Callable:
    """Turn `function(x, …) -> scalar` into one that also says how the scalar changes with `x`.

    Returns `g(x, …) -> (value, gradient)`, the gradient with the shape of `x`. With `has_aux` the
    function returns `(scalar, aux)` and g returns `((scalar, aux), gradient)`; `aux` is carried
    along and not differentiated. Compiled once per shape of the arguments on TensorFlow and JAX.
    """
    backend = keras.backend.backend()
    if backend not in _BACKENDS:
        raise BackendError(
            f"nstlib differentiates on {', '.join(_BACKENDS)}, not on Keras backend {backend!r}. "
            "Set the environment variable KERAS_BACKEND=tensorflow before Python starts."
        )
    return _BACKENDS[backend](function, has_aux)


def _on_tensorflow(function: Callable, has_aux: bool) -> Callable:
    import tensorflow as tf

    logging.getLogger("tensorflow").addFilter(_is_no_advice_on_retracing)

    # reduce_retracing stays off: one trace per picture size is what we want, with static shapes.
    @tf.function(autograph=False)
    def compiled(x, *rest):
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(x)
            result = function(x, *rest)
        return result, tape.gradient(result[0] if has_aux else result, x)

    def call(x, *rest):
        return compiled(ops.convert_to_tensor(x), *map(_as_tensor, rest))

    return call


def _is_no_advice_on_retracing(record: logging.LogRecord) -> bool:
    """Every painting compiles a function of its own, which TensorFlow takes for a mistake."""
    return "triggered tf.function retracing" not in record.getMessage()


def _on_jax(function: Callable, has_aux: bool) -> Callable:
    import jax

    return jax.jit(jax.value_and_grad(function, has_aux=has_aux))


def _on_torch(function: Callable, has_aux: bool) -> Callable:
    import torch

    def call(x, *rest):
        x = ops.convert_to_tensor(x).detach().requires_grad_(True)
        result = function(x, *map(_as_tensor, rest))
        (gradient,) = torch.autograd.grad(result[0] if has_aux else result, x)
        return torch.utils._pytree.tree_map_only(torch.Tensor, torch.detach, result), gradient

    return call


def _as_tensor(value):
    return keras.tree.map_structure(ops.convert_to_tensor, value)


_BACKENDS = {"tensorflow": _on_tensorflow, "jax": _on_jax, "torch": _on_torch}


# --- A network, compiled --------------------------------------------------------------------------


@lru_cache(maxsize=8)
def compiled(network: keras.Model) -> Callable:
    """The network as a function `[input, …] -> output` that does not learn, for many calls.

    JAX compiles it once per size; TensorFlow for the first size, and once more for all the others;
    PyTorch not at all. The weights are those of the moment of the call. The same network gives the
    same function, so that nothing is compiled twice.
    """
    makers = {"tensorflow": _compiled_on_tensorflow, "jax": _compiled_on_jax}
    run = makers.get(backend_name(), lambda network: partial(network, training=False))(network)
    return lambda inputs: run([ops.convert_to_tensor(one) for one in inputs])


def _compiled_on_tensorflow(network: keras.Model) -> Callable:
    import tensorflow as tf

    run = partial(network, training=False)
    return tf.function(run, autograph=False, reduce_retracing=True)


def _compiled_on_jax(network: keras.Model) -> Callable:
    import jax

    run = jax.jit(partial(network.stateless_call, training=False))

    def call(inputs):
        variables = network.trainable_variables, network.non_trainable_variables
        return run(*([one.value for one in group] for group in variables), inputs)[0]

    return call
