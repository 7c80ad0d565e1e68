"""Painting networks as ONNX files, which need neither Keras nor Python to run.

A file is written layer by layer from the network's graph: a dozen kinds of layers are all that
painting networks are made of. Pictures stay RGB, 0..1, but in ONNX's order: (1, 3, height, width).
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from nstlib.backend import keras, ops
from nstlib.errors import InputError
from nstlib.export.phases import (
    assembling_kernel,
    cell_kernel,
    doubling_kernel,
    inputs_of,
    last_doubling,
    phase_kernel,
)
from nstlib.files import write
from nstlib.networks.conditions import conditions
from nstlib.networks.files import PaintingNetwork, load_network
from nstlib.vgg.statistics import ADAPTED, LEVELS, level_statistics
from nstlib.vgg.table import MEAN_BGR

OPSET, IR_VERSION = 17, 9  # old enough for OpenCV and for ONNX Runtime of 2023


def export_onnx(network, path, style=None, **options) -> Path:
    """Write a painting network for any height and width; returns the path.

    `network` is a bundled name, a file, or a `PaintingNetwork`. With `style` and `options` as for
    `nst.stylizer` (but `palette`, which comes before the network: `nst.match_color`) the file has
    one input, "image" (1, 3, height, width), RGB, 0..1, and what belongs to other styles is left
    out. Without it the network's other inputs are the file's too:
    "mix" (1, styles), or "style" (1, 1920) and "alpha" (1, 3).
    """
    return write(path, _onnx_model(network, style, options).SerializeToString())


def onnx_forward(
    network: keras.Model, condition: list[np.ndarray], threads: int = 0
) -> Callable[[np.ndarray], np.ndarray]:
    """A function picture -> painting, both (1, height, width, 3), that runs in ONNX Runtime.

    `network` takes [picture, *condition], as `nstlib.networks.conditions` makes it; `threads` is
    how many may be used, 0 one for every core.
    """
    import onnxruntime

    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = threads
    model = _Writer(network, condition).model().SerializeToString()
    session = onnxruntime.InferenceSession(model, settings, providers=["CPUExecutionProvider"])

    def forward(picture: np.ndarray) -> np.ndarray:
        planes = np.ascontiguousarray(picture.transpose(0, 3, 1, 2))
        painting = session.run(None, {"image": planes})[0]
        return np.ascontiguousarray(painting.transpose(0, 2, 3, 1))

    return forward


def _onnx_model(network, style, options: dict):
    import onnx

    if not isinstance(network, PaintingNetwork):
        network = load_network(network)
    if style is None and options:
        raise InputError(f"{', '.join(options)}: this belongs to a style, so give `style=` too.")
    fixed = [] if style is None else conditions(network, style, **options)
    model = _Writer(network.network, fixed).model()
    onnx.helper.set_model_props(model, {"styles": ",".join(network.styles), "range": "RGB, 0..1"})
    onnx.checker.check_model(model)
    return model


def _in_phases(network) -> tuple[list, dict]:
    """The layers that work with phases (nstlib.export.phases), and how kernels are made for that.

    The latter by layer: a function kernel -> kernel, and the strides it is for.
    """
    end = last_doubling(network)
    if not end:
        return [], {}
    first, last = (layer for layer in end if isinstance(layer, keras.layers.Conv2D))
    if first.kernel_size == last.kernel_size == (3, 3):
        return end, {first: (doubling_kernel, (1, 1)), last: (phase_kernel, (1, 1))}
    return [], {last: (cell_kernel, (2, 2))}


class _Writer:
    """Goes through the layers in order and writes the ONNX nodes of each.

    `fixed` holds what the inputs after the picture are always to be, or nothing. What depends on
    them alone is computed here, once, and is a constant in the file.
    """

    def __init__(self, network, fixed: list[np.ndarray]):
        from onnx import helper

        self.helper = helper
        self.nodes, self.constants, self.names, self.values = [], [], {}, {}
        self.halved, self.remade = _in_phases(network)
        image, *others = network.inputs
        self.names[id(image)] = "image"
        self.inputs = {} if fixed else {tensor.name: tensor.shape[1] for tensor in others}
        self.names |= {id(tensor): tensor.name for tensor in others if not fixed}
        self.values |= {id(t): value for t, value in zip(others, fixed, strict=False)}
        for layer in network.layers:
            if self._constant_layer(layer):
                continue
            write = getattr(self, "_" + type(layer).__name__.lstrip("_"), None)
            if write is None:
                raise InputError(f"export_onnx cannot write the layer {layer.name} yet.")
            result = write(layer)
            if result is not None:
                self.names[id(layer.output)] = result
        self.output = self.names[id(network.outputs[0])]

    def _constant_layer(self, layer) -> bool:
        """Whether all that a layer takes is fixed; then what it gives is, too."""
        tensors = inputs_of(layer)
        if isinstance(layer, keras.layers.InputLayer) or any(
            id(tensor) not in self.values for tensor in tensors
        ):
            return False
        self.values[id(layer.output)] = ops.convert_to_numpy(layer(self.values[id(tensors[0])]))
        return True

    def model(self):
        from onnx import TensorProto

        def value(name, shape):
            return self.helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)

        inputs = [value("image", [1, 3, "height", "width"])]
        inputs += [value(name, [1, size]) for name, size in self.inputs.items()]
        self.nodes.append(self.helper.make_node("Identity", [self.output], ["painting"]))
        graph = self.helper.make_graph(
            self._needed(), "nstlib", inputs, [value("painting", [1, 3, "height", "width"])],
            initializer=self.constants,
        )  # fmt: skip
        opset = [self.helper.make_opsetid("", OPSET)]
        return self.helper.make_model(graph, opset_imports=opset, ir_version=IR_VERSION)

    def _needed(self) -> list:
        """The nodes on the way to the painting, so that unused banks stay out of the file."""
        wanted, kept = {"painting"}, []
        for node in reversed(self.nodes):
            if wanted & set(node.output):
                wanted |= set(node.input)
                kept.append(node)
        self.constants = [constant for constant in self.constants if constant.name in wanted]
        return kept[::-1]

    def _add(self, kind: str, inputs: list[str], **attributes) -> str:
        output = f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(self.helper.make_node(kind, inputs, [output], **attributes))
        return output

    def _constant(self, array) -> str:
        from onnx import numpy_helper

        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def _number(self, value: float) -> str:
        return self._constant(np.float32(value))

    def _incoming(self, layer) -> list[str]:
        tensors = inputs_of(layer)
        return [self.names.get(id(tensor), "") for tensor in tensors]

    # --- One method a layer -----------------------------------------------------------------------

    def _InputLayer(self, layer):
        return None

    def _ReflectionPadding(self, layer):
        pads = np.array([0, 0, layer.size, layer.size] * 2, "int64")
        mode = "edge" if layer in self.halved else "reflect"  # of phases they are the same
        return self._add("Pad", [*self._incoming(layer), self._constant(pads)], mode=mode)

    def _Conv2D(self, layer):
        kernel, *bias = (np.asarray(weight, "float32") for weight in layer.get_weights())
        strides = layer.strides
        if layer in self.remade:
            remake, strides = self.remade[layer]
            kernel, bias = remake(kernel), [numbers.repeat(4) for numbers in bias]
        weights = [self._constant(kernel.transpose(3, 2, 0, 1)), *map(self._constant, bias)]
        inputs = [*self._incoming(layer), *weights]
        how = {"strides": strides, "kernel_shape": kernel.shape[:2]}  # OpenCV 4 wants both
        if layer.padding == "same":
            how["pads"] = [side // 2 for side in layer.kernel_size] * 2
        convolved = self._add("Conv", inputs, **how)
        activation = {"sigmoid": "Sigmoid", "relu": "Relu"}.get(layer.activation.__name__)
        result = self._add(activation, [convolved]) if activation else convolved
        if layer not in self.remade or layer in self.halved[:-1]:
            return result
        places = self._constant(assembling_kernel(layer.filters))
        how = {"strides": (2, 2), "kernel_shape": (2, 2)}
        return self._add("ConvTranspose", [result, places], **how)

    def _Preprocess(self, layer):
        bgr = self._add("Gather", [*self._incoming(layer), self._constant([2, 1, 0])], axis=1)
        mean = self._constant(np.array(MEAN_BGR, "float32").reshape(1, 3, 1, 1))
        return self._add("Sub", [self._add("Mul", [bgr, self._number(255.0)]), mean])

    def _MaxPooling2D(self, layer):
        how = {"kernel_shape": layer.pool_size, "strides": layer.strides}
        return self._add("MaxPool", self._incoming(layer), ceil_mode=1, **how)

    def _Rescaling(self, layer):
        return self._add("Mul", [*self._incoming(layer), self._number(layer.scale)])

    def _Concatenate(self, layer):
        return self._add("Concat", self._incoming(layer), axis=1)

    def _Dense(self, layer):
        kernel, bias = (self._constant(np.asarray(w, "float32")) for w in layer.get_weights())
        x = self._add("Add", [self._add("MatMul", [*self._incoming(layer), kernel]), bias])
        return self._add("Tanh", [x])  # the only activation that a Dense has here

    def _Adapt(self, layer):
        channels = LEVELS[layer.level][0]
        x, style, alpha = layer.input
        name = self.names[id(x)]
        if id(style) in self.values:
            alpha = float(self.values[id(alpha)][0, layer.place])
            statistics = level_statistics(self.values[id(style)], layer.level)
            mean, std = alpha * ops.convert_to_numpy(statistics)[0]
            adapted = self._normalised(name, std, mean, 1e-5)
            if alpha == 1:
                return adapted
            return self._add("Add", [adapted, self._add("Mul", [name, self._number(1 - alpha)])])
        mean, std, alpha = self._statistics(layer, channels)
        adapted = self._normalised(name, np.ones(channels), np.zeros(channels), 1e-5)
        adapted = self._add("Add", [self._add("Mul", [adapted, std]), mean])
        change = self._add("Mul", [self._add("Sub", [adapted, name]), alpha])
        return self._add("Add", [name, change])

    def _statistics(self, layer, channels: int) -> tuple[str, str, str]:
        """Mean, spread and alpha of a level, cut out of the inputs "style" and "alpha"."""
        place = list(LEVELS).index(layer.level)
        begin = 2 * sum(size for size, _ in list(LEVELS.values())[:place])

        def cut(name: str, first: int, count: int) -> str:
            ends = map(self._constant, ([first], [first + count], [1]))
            return self._shaped(self._add("Slice", [name, *ends]), [1, count, 1, 1])

        alpha = cut("alpha", ADAPTED.index(layer.level), 1)
        return cut("style", begin, channels), cut("style", begin + channels, channels), alpha

    def _ReLU(self, layer):
        return self._add("Relu", self._incoming(layer))

    def _Add(self, layer):
        return self._add("Add", self._incoming(layer))

    def _UpSampling2D(self, layer):
        if layer in self.halved:
            return self._incoming(layer)[0]  # the convolution after it doubles
        scales = self._constant(np.array([1, 1, *layer.size], "float32"))
        how = {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
        return self._add("Resize", [*self._incoming(layer), "", scales], mode="nearest", **how)

    def _GroupNormalization(self, layer):
        scale, shift = (np.asarray(weight, "float32") for weight in layer.get_weights())
        return self._normalised(self._incoming(layer)[0], scale, shift, layer.epsilon)

    def _ConditionalInstanceNormalization(self, layer):
        x, mix = layer.input
        x, channels = self.names[id(x)], layer.scale.shape[1]
        if layer not in self.halved:
            return self._conditional(layer, x, mix)
        joined = self._shaped(x, [0, channels, -1, 0])  # a channel's phases one below the other
        return self._shaped(self._conditional(layer, joined, mix), [0, 4 * channels, -1, 0])

    def _conditional(self, layer, x: str, mix) -> str:
        scale, shift = (np.asarray(weight, "float32") for weight in layer.get_weights())
        channels = scale.shape[1]
        if id(mix) in self.values:
            scale, shift = (self.values[id(mix)] @ table for table in (scale, shift))
            x = self._normalised(x, scale[0], shift[0], layer.epsilon)
            if layer.limit is None:
                return x
            reach = np.abs(scale) * layer.limit
            x = self._add("Min", [x, self._constant((shift + reach).reshape(1, -1, 1, 1))])
            return self._add("Max", [x, self._constant((shift - reach).reshape(1, -1, 1, 1))])
        x = self._normalised(x, np.ones(channels), np.zeros(channels), layer.epsilon)
        if layer.limit is not None:
            x = self._add("Clip", [x, self._number(-layer.limit), self._number(layer.limit)])
        scale, shift = (self._mixed(mix, table) for table in (scale, shift))
        return self._add("Add", [self._add("Mul", [x, scale]), shift])

    def _shaped(self, x: str, shape: list[int]) -> str:
        return self._add("Reshape", [x, self._constant(np.array(shape, "int64"))])

    def _mixed(self, mix, table: np.ndarray) -> str:
        """A number a channel: the mix of the rows of a table (styles, channels)."""
        product = self._add("MatMul", [self.names[id(mix)], self._constant(table)])
        return self._shaped(product, [1, table.shape[1], 1, 1])

    def _normalised(self, x: str, scale, shift, epsilon: float) -> str:
        inputs = [x, self._constant(scale.astype("f4")), self._constant(shift.astype("f4"))]
        return self._add("InstanceNormalization", inputs, epsilon=epsilon)

    def _MixBanks(self, layer):
        _, features, *banks = self._incoming(layer)
        mix = self.values.get(id(layer.input[0]))
        if mix is None:
            raise InputError("A StyleBank is exported for one style or one mix: give `style=`.")
        parts = [
            self._add("Mul", [tensor, self._number(share)])
            for tensor, share in zip(banks, mix[0], strict=True)
            if share > 0
        ]
        rest = 1 - float(mix.sum())
        if rest > 1e-6:
            parts.append(self._add("Mul", [features, self._number(rest)]))
        return parts[0] if len(parts) == 1 else self._add("Sum", parts)

    def _CropLike(self, layer):
        x, picture = self._incoming(layer)
        shape = self._add("Shape", [picture])
        size = self._add("Slice", [shape, *map(self._constant, ([2], [4]))])  # height, width
        start, axes = self._constant([0, 0]), self._constant([2, 3])
        return self._add("Slice", [x, start, size, axes])
