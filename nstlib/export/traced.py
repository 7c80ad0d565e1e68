"""A painting network as a TensorFlow function, which TensorFlow's own formats are made from.

Three kinds of layers are written in another way than Keras does it, with the same result: LiteRT
loses the number of channels in a reshape to five dimensions, and then cannot convolve.
"""

import numpy as np

from nstlib.backend import keras, layers, ops
from nstlib.errors import InputError
from nstlib.networks.conditions import conditions
from nstlib.networks.files import PaintingNetwork, load_network
from nstlib.networks.stylebank import MixBanks


def traced(network, style, options: dict, size: tuple, *, constant: bool):
    """A tf.Module whose `paint` is the network for pictures of a size, None being any.

    With `constant` the weights are numbers in the graph, as LiteRT wants them, else variables.
    """
    _check_backend()
    import tensorflow as tf

    if not isinstance(network, PaintingNetwork):
        network = load_network(network)
    if style is None and options:
        raise InputError(f"{', '.join(options)}: this belongs to a style, so give `style=` too.")
    fixed = [] if style is None else conditions(network, style, **options)
    weights = [(v, tf.constant(v.value) if constant else v.value) for v in network.network.weights]

    def paint(*inputs):
        with keras.StatelessScope(state_mapping=weights if constant else []):
            return {"painting": _forward(network.network, [*inputs, *fixed])}

    module = tf.Module()
    module.parts = [] if constant else [value for _, value in weights]  # what is to be saved
    signature = _wanted(network.network, size, fixed)
    module.paint = tf.function(paint, input_signature=signature, autograph=False)
    return module


def _check_backend() -> None:
    backend = keras.config.backend()
    if backend != "tensorflow":
        raise InputError(
            f"Keras computes with {backend}, but TensorFlow has to write this file: set "
            "KERAS_BACKEND=tensorflow before Python starts, or use nst.export_onnx."
        )


def _wanted(network: keras.Model, size: tuple, fixed: list) -> list:
    """The inputs of the file: the picture, and the network's others unless they are fixed."""
    import tensorflow as tf

    others = [] if fixed else network.inputs[1:]
    image = tf.TensorSpec((1, *size, 3), "float32", name="image")
    return [image, *(tf.TensorSpec((1, t.shape[1]), "float32", name=t.name) for t in others)]


def _forward(network: keras.Model, inputs: list):
    """What the network gives, with the layers that lose track of shapes written in another way."""
    values = {id(tensor): value for tensor, value in zip(network.inputs, inputs, strict=True)}
    for layer in network.layers:
        if isinstance(layer, layers.InputLayer):
            continue
        several = isinstance(layer.input, (list, tuple))
        incoming = [values[id(t)] for t in (layer.input if several else [layer.input])]
        call = OTHERWISE.get(
            type(layer), lambda layer, *x, many=several: layer(x if many else x[0])
        )
        values[id(layer.output)] = call(layer, *incoming)
    return values[id(network.outputs[0])]


def _upsampled(layer, x):
    """Keras repeats by a reshape to five dimensions, and LiteRT then knows no channels."""
    import tensorflow as tf

    return tf.image.resize(x, tf.shape(x)[1:3] * layer.size, method="nearest")


def _instance_normalised(layer, x):
    """A group of one channel each is that channel's mean and variance; Keras reshapes for it."""
    scale, shift = layer.weights
    mean, variance = ops.moments(x, axes=(1, 2), keepdims=True)
    return (x - mean) * ops.rsqrt(variance + layer.epsilon) * scale + shift


def _mixed_banks(layer, mix, features, *painted):
    """A bank whose share is known to be 0 is left out, and nobody computes it."""
    if not isinstance(mix, np.ndarray):
        return layer([mix, features, *painted])
    parts = [float(share) * bank for share, bank in zip(mix[0], painted, strict=True) if share > 0]
    rest = 1 - float(mix.sum())
    return sum(parts + ([rest * features] if rest > 1e-6 else []))


OTHERWISE = {
    layers.UpSampling2D: _upsampled,
    layers.GroupNormalization: _instance_normalised,
    MixBanks: _mixed_banks,
}
