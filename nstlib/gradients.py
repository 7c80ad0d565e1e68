"""The only module that touches a backend's automatic differentiation.

Everything else in nstlib is written in `keras.ops`, which runs on TensorFlow, JAX and PyTorch but
has no gradient of its own. `value_and_grad` fills that gap with the interface that JAX made known.
"""

import logging
from collections.abc import Callable

import keras
from keras import ops


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
