"""The layers of painting networks as nodes of an ONNX graph: a function for each kind of layer.

It takes the graph, the layer, and the names of what the layer takes, and returns the name of what
it gives. Channels come before height and width.
"""

from collections.abc import Callable

import numpy as np

from nstlib.backend import keras, layers, ops
from nstlib.errors import InputError, choice
from nstlib.export import canvas
from nstlib.networks import blocks
from nstlib.networks.adain import Adapt
from nstlib.networks.ground import Ground
from nstlib.networks.palette import OnePalette, Palette
from nstlib.vgg.layers import Preprocess, ReflectionPadding
from nstlib.vgg.statistics import STATISTICS, level_statistics
from nstlib.vgg.table import MEAN_BGR

ACTIVATIONS = {"linear": "", "relu": "Relu", "sigmoid": "Sigmoid", "tanh": "Tanh"}


class Graph:
    """The nodes and the constants of an ONNX graph, to which more are added."""

    def __init__(self):
        self.nodes, self.constants = [], []

    def add(self, kind: str, *inputs, **attributes) -> str:
        """A node, whose inputs are names, or numbers that are stored; returns its result's name."""
        from onnx import helper

        names = [one if isinstance(one, str) else self._stored(np.asarray(one)) for one in inputs]
        result = f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, names, [result], **attributes))
        return result

    def _stored(self, numbers: np.ndarray) -> str:
        from onnx import numpy_helper

        name = f"constant_{len(self.constants)}"
        numbers = numbers.astype("int64" if numbers.dtype.kind == "i" else "float32", order="C")
        self.constants.append(numpy_helper.from_array(numbers, name))
        return name


def nodes_of(network: keras.Model, special: dict[keras.Layer, Callable]) -> tuple[list, list]:
    """The nodes from the network's inputs, the picture being "image", to "painting"; the constants.

    `special` are functions for layers that are not to be written as their kind is. Raises
    InputError for a layer that cannot be written.
    """
    from onnx import helper

    graph = Graph()
    image, *others = network.inputs
    names = {id(image): "image"} | {id(tensor): tensor.name for tensor in others}
    for layer in network.layers:
        if isinstance(layer, layers.InputLayer):
            continue
        write = special.get(layer) or WRITTEN.get(type(layer))
        if write is None:
            kind = type(layer).__name__
            hint = ": give `style=`, for which it may be left out." if others else "."
            raise InputError(f"export_onnx cannot write the layer {layer.name} ({kind}){hint}")
        taken = [names[id(tensor)] for tensor in keras.tree.flatten(layer.input)]
        names[id(layer.output)] = write(graph, layer, *taken)
    last = helper.make_node("Identity", [names[id(network.outputs[0])]], ["painting"])
    return [*graph.nodes, last], graph.constants


# --- One function a kind of layer -----------------------------------------------------------------


def padding(graph, layer, x):
    mode = "edge" if layer.repeat else "reflect"  # which for one pixel is to mirror the border too
    return graph.add("Pad", x, [0, 0, layer.size, layer.size] * 2, mode=mode)


def _convolution(graph, layer, x):
    kernel, *bias = layer.get_weights()
    return convolved(graph, layer, x, kernel, bias, layer.strides)


def convolved(graph, layer, x, kernel, bias: list, strides: tuple):
    choice(f"The padding of {layer.name}", layer.padding, ["valid"])
    how = {"kernel_shape": kernel.shape[:2], "strides": strides}  # as OpenCV 4 wants it
    x = graph.add("Conv", x, kernel.transpose(3, 2, 0, 1), *bias, **how)
    return _activated(graph, layer, x)


def _activated(graph, layer, x):
    name = choice(f"The activation of {layer.name}", layer.activation.__name__, ACTIVATIONS)
    return x if name == "linear" else graph.add(ACTIVATIONS[name], x)


def _dense(graph, layer, x):
    kernel, *bias = layer.get_weights()
    x = graph.add("MatMul", x, kernel)
    return _activated(graph, layer, graph.add("Add", x, *bias) if bias else x)


def _normalization(graph, layer, x):
    scale, shift = layer.get_weights()
    x = graph.add("InstanceNormalization", x, scale, shift, epsilon=layer.epsilon)
    if layer.limit is None:
        return x
    reach = np.abs(scale) * layer.limit
    x = graph.add("Min", x, (shift + reach)[:, None, None])
    return graph.add("Max", x, (shift - reach)[:, None, None])


def _preprocess(graph, layer, x):
    bgr = graph.add("Mul", graph.add("Gather", x, [2, 1, 0], axis=1), 255.0)
    return graph.add("Sub", bgr, np.reshape(MEAN_BGR, (3, 1, 1)))


def _pooling(graph, layer, x):
    how = {"kernel_shape": layer.pool_size, "strides": layer.strides}
    return graph.add("MaxPool", x, ceil_mode=1, **how)


def _enlarged(graph, layer, x):
    scales = [1.0, 1.0, layer.size, layer.size]
    if layer.smooth:
        how = {"mode": "linear", "coordinate_transformation_mode": "half_pixel"}
        return graph.add("Resize", x, "", scales, **how)
    how = {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    return graph.add("Resize", x, "", scales, mode="nearest", **how)


def _crop(graph, layer, x, picture):
    size = graph.add("Slice", graph.add("Shape", picture), [2], [4])  # height, width
    return graph.add("Slice", x, [0, 0], size, [2, 3])


# --- For any style: what depends on the style is computed with the painting -----------------------


def _conditional(graph, layer, x, mix):
    x = _standardized(graph, layer, x)
    if layer.limit is not None:
        x = graph.add("Clip", x, -layer.limit, layer.limit)
    scale, shift = (
        graph.add("Reshape", graph.add("MatMul", mix, table), [1, -1, 1, 1])
        for table in layer.get_weights()
    )
    return graph.add("Add", graph.add("Mul", x, scale), shift)


def _adapted(graph, layer, x, style, alpha):
    places = level_statistics(np.arange(STATISTICS)[None], layer.level)
    mean, std = (
        graph.add("Gather", style, one[:, None, None], axis=1)
        for one in ops.convert_to_numpy(places)[0]
    )
    share = graph.add("Gather", alpha, [[[layer.place]]], axis=1)
    normal = _standardized(graph, layer, x)
    adapted = graph.add("Add", graph.add("Mul", normal, std), mean)
    change = graph.add("Mul", graph.add("Sub", adapted, x), share)
    return graph.add("Add", x, change)


def _standardized(graph, layer, x):
    channels, epsilon = layer.output.shape[-1], getattr(layer, "epsilon", 1e-5)
    ones, zeros = np.ones(channels), np.zeros(channels)
    return graph.add("InstanceNormalization", x, ones, zeros, epsilon=epsilon)


WRITTEN: dict[type, Callable[..., str]] = {
    Adapt: _adapted,
    blocks.ConditionalInstanceNormalization: _conditional,
    blocks.CropLike: _crop,
    blocks.Enlarge: _enlarged,
    blocks.InstanceNormalization: _normalization,
    Ground: canvas.ground,
    OnePalette: canvas.one_palette,
    Palette: canvas.palette,
    ReflectionPadding: padding,
    Preprocess: _preprocess,
    layers.Add: lambda graph, layer, *parts: graph.add("Sum" if parts[2:] else "Add", *parts),
    layers.Concatenate: lambda graph, layer, *parts: graph.add("Concat", *parts, axis=1),
    layers.Conv2D: _convolution,
    layers.Dense: _dense,
    layers.MaxPooling2D: _pooling,
    layers.ReLU: lambda graph, layer, x: graph.add("Relu", x),
    layers.Rescaling: lambda graph, layer, x: graph.add("Mul", x, layer.scale),
}
