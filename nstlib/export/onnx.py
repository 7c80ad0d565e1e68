"""Painting networks as ONNX files, which need neither Keras nor Python to run.

Pictures stay RGB, 0..1, but in ONNX's order: (1, 3, height, width).
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from nstlib.backend import keras
from nstlib.export.freeze import for_style
from nstlib.export.nodes import nodes_of
from nstlib.export.phases import in_phases
from nstlib.export.reader import onnx_session, run_onnx
from nstlib.export.texture import for_texture, texture_layers
from nstlib.files import write

OPSET, IR_VERSION = 17, 9  # old enough for OpenCV and for ONNX Runtime of 2023


def export_onnx(network, path, style=None, **options) -> Path:
    """Write a painting network for any height and width; returns the path.

    `network` is a bundled name, a file, or a `PaintingNetwork`. With `style` and `options` as for
    `nst.stylizer` the file has one input, "image", and what belongs to other styles is left out.
    Without it the network's other inputs are the file's too: "mix" (1, styles), or "style" (1,
    1920) and "colors" (1, 10), for adain "alpha" (1, 3). (adain has no palette inside: give its
    file pictures after `nst.match_color`.) Of a texture network the image is noise
    (`nstlib.export.texture`).
    """
    import onnx

    found = for_texture(network, style, options) or for_style(network, style, options)
    trained, frozen = found
    model = _model(frozen)
    onnx.helper.set_model_props(model, {"styles": ",".join(trained.styles), "range": "RGB, 0..1"})
    onnx.checker.check_model(model)
    return write(path, model.SerializeToString())


def onnx_forward(network: keras.Model, threads: int = 0) -> Callable:
    """A function picture -> painting, both (1, height, width, 3), that runs in ONNX Runtime.

    `network` is one for one style (`for_style`), `threads` are as for `onnx_session`.
    """
    model = _model(network).SerializeToString()
    return partial(run_onnx, onnx_session(model, threads))


def _model(network: keras.Model):
    """An ONNX model of a network, with its inputs, the picture first."""
    from onnx import TensorProto, helper

    nodes, constants = nodes_of(network, in_phases(network) | texture_layers(network))
    picture = [1, 3, "height", "width"]
    shapes = {"image": picture, "painting": picture}
    shapes |= {tensor.name: [1, tensor.shape[1]] for tensor in network.inputs[1:]}
    image, painting, *others = (
        helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
        for name, shape in shapes.items()
    )
    graph = helper.make_graph(nodes, "nstlib", [image, *others], [painting], constants)
    opset = [helper.make_opsetid("", OPSET)]
    return helper.make_model(graph, opset_imports=opset, ir_version=IR_VERSION)
