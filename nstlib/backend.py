"""Keras without its chatter, what it computes on, and value and gradient on its backend.

Every module that needs Keras takes it from here: `from nstlib.backend import keras, layers, ops`.
Whatever else nstlib computes is written in `keras.ops`, which runs on TensorFlow, JAX and PyTorch
but has no gradient of its own; `value_and_grad` fills that gap with the interface that JAX made
known.
"""

import importlib
import logging
import os
import re
import sys
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

from nstlib.machine import cores, held_back

# Read by TensorFlow when it is imported. Lines that it writes before it reads them are held back.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
with nullcontext() if "tensorflow" in sys.modules else held_back():
    import keras
    from keras import layers, ops

__all__ = ["device", "has_gpu", "keras", "layers", "ops", "value_and_grad"]


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


def value_and_grad(function: Callable, *, has_aux: bool = False) -> Callable:
    """Turn `function(x, …) -> scalar` into one that also says how the scalar changes with `x`.

    Returns `g(x, …) -> (value, gradient)`, the gradient with the shape of `x`. With `has_aux` the
    function returns `(scalar, aux)` and g returns `((scalar, aux), gradient)`; `aux` is carried
    along and not differentiated. Compiled once per shape of the arguments on TensorFlow and JAX.
    """
    backend = keras.backend.backend()
    if backend not in _BACKENDS:
        raise RuntimeError(
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
