"""Painting networks as ONNX files, which need neither Keras nor Python to run.

A file is written layer by layer from the network's graph: a dozen kinds of layers are all that
painting networks are made of. Pictures stay RGB, 0..1, but in ONNX's order: (1, 3, height, width).
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from nstlib.errors import InputError
from nstlib.networks import PaintingNetwork, load_network
from nstlib.networks.files import written
from nstlib.stylizers import style_mix

OPSET, IR_VERSION = 17, 9  # old enough for OpenCV and for ONNX Runtime of 2023


def export_onnx(network, path, style=None) -> Path:
    """Write a painting network for any height and width; returns the path.

    `network` is a bundled name, a file, or a `PaintingNetwork`. With `style` (a name or a dict of
    shares) the file has one input, "image" (1, 3, height, width), RGB, 0..1, and what belongs to
    other styles is left out. Without it there is a second input, "mix" (1, styles).
    """
    return written(_onnx_model(network, style).SerializeToString(), path)


def onnx_forward(network, style, threads: int = 0) -> Callable[[np.ndarray], np.ndarray]:
    """A function picture -> painting, both (1, height, width, 3), that runs in ONNX Runtime.

    `threads` is how many it may use; 0 is one for every core.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    model = _onnx_model(network, style).SerializeToString()
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])

    def forward(picture: np.ndarray) -> np.ndarray:
        planes = np.ascontiguousarray(picture.transpose(0, 3, 1, 2))
        return session.run(None, {"image": planes})[0].transpose(0, 2, 3, 1)

    return forward


def _onnx_model(network, style):
    import onnx

    if not isinstance(network, PaintingNetwork):
        network = load_network(network)
    mix = None if style is None else style_mix(network.styles, style)
    model = _Writer(network.network, mix).model()
    onnx.helper.set_model_props(model, {"styles": ",".join(network.styles), "range": "RGB, 0..1"})
    onnx.checker.check_model(model)
    return model


class _Writer:
    """Goes through the layers in order and writes the ONNX nodes of each."""

    def __init__(self, network, mix: np.ndarray | None):
        from onnx import helper

        self.helper, self.mix = helper, mix
        self.nodes, self.constants, self.names = [], [], {}
        self.image, self.mix_input = network.inputs
        self.names[id(self.image)] = "image"
        if mix is None:
            self.names[id(self.mix_input)] = "mix"
        for layer in network.layers:
            write = getattr(self, "_" + type(layer).__name__, None)
            if write is None:
                raise InputError(f"export_onnx cannot write the layer {layer.name} yet.")
            result = write(layer)
            if result is not None:
                self.names[id(layer.output)] = result
        self.output = self.names[id(network.outputs[0])]

    def model(self):
        from onnx import TensorProto

        def value(name, shape):
            return self.helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)

        inputs = [value("image", [1, 3, "height", "width"])]
        if self.mix is None:
            inputs.append(value("mix", [1, int(self.mix_input.shape[1])]))
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
        tensors = layer.input if isinstance(layer.input, (list, tuple)) else [layer.input]
        return [self.names.get(id(tensor), "") for tensor in tensors]

    # --- One method a layer -----------------------------------------------------------------------

    def _InputLayer(self, layer):
        return None

    def _ReflectionPadding(self, layer):
        pads = np.array([0, 0, layer.size, layer.size] * 2, "int64")
        return self._add("Pad", [*self._incoming(layer), self._constant(pads)], mode="reflect")

    def _Conv2D(self, layer):
        kernel, *bias = (np.asarray(weight, "float32") for weight in layer.get_weights())
        weights = [self._constant(kernel.transpose(3, 2, 0, 1)), *map(self._constant, bias)]
        inputs = [*self._incoming(layer), *weights]
        how = {"strides": layer.strides, "kernel_shape": layer.kernel_size}  # OpenCV 4 wants both
        painted = self._add("Conv", inputs, **how)
        if layer.activation.__name__ == "sigmoid":
            return self._add("Sigmoid", [painted])
        return painted

    def _ReLU(self, layer):
        return self._add("Relu", self._incoming(layer))

    def _Add(self, layer):
        return self._add("Add", self._incoming(layer))

    def _UpSampling2D(self, layer):
        scales = self._constant(np.array([1, 1, *layer.size], "float32"))
        how = {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
        return self._add("Resize", [*self._incoming(layer), "", scales], mode="nearest", **how)

    def _GroupNormalization(self, layer):
        scale, shift = (np.asarray(weight, "float32") for weight in layer.get_weights())
        return self._normalised(self._incoming(layer)[0], scale, shift, layer.epsilon)

    def _ConditionalInstanceNormalization(self, layer):
        x, _ = self._incoming(layer)
        scale, shift = (np.asarray(weight, "float32") for weight in layer.get_weights())
        channels = scale.shape[1]
        if self.mix is not None:
            scale, shift = (self.mix @ scale)[0], (self.mix @ shift)[0]
            x = self._normalised(x, scale, shift, layer.epsilon)
            if layer.limit is None:
                return x
            reach = np.abs(scale) * layer.limit
            x = self._add("Min", [x, self._constant((shift + reach).reshape(1, -1, 1, 1))])
            return self._add("Max", [x, self._constant((shift - reach).reshape(1, -1, 1, 1))])
        x = self._normalised(x, np.ones(channels), np.zeros(channels), layer.epsilon)
        if layer.limit is not None:
            x = self._add("Clip", [x, self._number(-layer.limit), self._number(layer.limit)])
        scale, shift = (self._mixed(table, channels) for table in (scale, shift))
        return self._add("Add", [self._add("Mul", [x, scale]), shift])

    def _mixed(self, table: np.ndarray, channels: int) -> str:
        """A number a channel: a constant, or the mix of a table (styles, channels)."""
        if self.mix is not None:
            return self._constant(table.reshape(1, channels, 1, 1).astype("float32"))
        shape = self._constant(np.array([1, channels, 1, 1], "int64"))
        return self._add("Reshape", [self._add("MatMul", ["mix", self._constant(table)]), shape])

    def _normalised(self, x: str, scale, shift, epsilon: float) -> str:
        inputs = [x, self._constant(scale.astype("f4")), self._constant(shift.astype("f4"))]
        return self._add("InstanceNormalization", inputs, epsilon=epsilon)

    def _MixBanks(self, layer):
        _, features, *banks = self._incoming(layer)
        if self.mix is None:
            raise InputError("A StyleBank is exported for one style or one mix: give `style=`.")
        parts = [
            self._add("Mul", [tensor, self._number(share)])
            for tensor, share in zip(banks, self.mix[0], strict=True)
            if share > 0
        ]
        rest = 1 - float(self.mix.sum())
        if rest > 1e-6:
            parts.append(self._add("Mul", [features, self._number(rest)]))
        return parts[0] if len(parts) == 1 else self._add("Sum", parts)

    def _CropLike(self, layer):
        x, picture = self._incoming(layer)
        shape = self._add("Shape", [picture])
        size = self._add("Slice", [shape, *map(self._constant, ([2], [4]))])  # height, width
        start, axes = self._constant([0, 0]), self._constant([2, 3])
        return self._add("Slice", [x, start, size, axes])
