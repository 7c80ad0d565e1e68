"""A network that paints in one pass as a function picture -> painting, for the style of an Engine.

A style becomes what the network takes beside the picture, once; the network then runs in Keras, in
ONNX Runtime, or tile by tile.
"""

from collections.abc import Callable, Mapping

import numpy as np

from nstlib.backend import has_gpu, keras, ops
from nstlib.errors import InputError
from nstlib.export.freeze import for_style, freeze
from nstlib.export.onnx import onnx_forward
from nstlib.images.arrays import SMALLEST, refuse_too_small
from nstlib.images.color import color_matcher
from nstlib.networks import conditions
from nstlib.networks.files import PaintingNetwork, load_network
from nstlib.stylizers.engine import ANY_STYLE, FASTER_IN_ONNX, Engine
from nstlib.stylizers.tiles import tiled_forward


def one_pass(engine: Engine) -> Callable:
    """The engine's network as a function picture -> painting, both (1, height, width, 3), 0..1.

    Raises InputError for a style or an option that the network does not take.
    """
    trained = load_network(engine.its_network)
    if trained.styles and engine.name in ANY_STYLE:
        raise InputError(
            f"The network {engine.network} paints in its own styles only, "
            f"{', '.join(trained.styles)}: for these the engine is 'fast'."
        )
    if trained.architecture == "adain":
        if "ground" in engine.options:
            raise InputError("ground: the network adain has no such layer.")
        forward = _deep(engine, trained)
    else:
        forward = _forward(engine, *for_style(trained, engine.style, engine.options))

    def paint(picture: np.ndarray) -> np.ndarray:
        _, height, width, _ = picture.shape
        refuse_too_small("The picture", (height, width), SMALLEST, needs="the network needs")
        return forward(picture)

    return paint


def _deep(engine: Engine, trained: PaintingNetwork) -> Callable:
    """The network adain, which has no palette inside, so that the photo gets it beforehand."""
    asked = {"style_size": conditions.STYLE_SIZE, "alpha": None, "palette": 1.0} | engine.options
    size, alpha, palette = asked["style_size"], asked["alpha"], asked["palette"]
    palette *= 1.0 if alpha is None or isinstance(alpha, Mapping) else alpha
    shares, paintings = conditions.looked_at(engine.style, size)
    condition = conditions.painting_condition(trained, shares, paintings, alpha)
    forward = _forward(engine, trained, freeze(trained.network, condition))
    return _in_palette(forward, shares[0], paintings, palette)


def _in_palette(paint: Callable, shares, paintings: list[np.ndarray], strength: float) -> Callable:
    """The same painter, for whom the photo is first given the paintings' mean and covariance of
    colours: an encoder looks at edges more than at hues, so trees would else stay green."""
    if not strength:
        return paint
    matchers = [color_matcher(painting, quiet=True) for painting in paintings]

    def paint_in_palette(picture: np.ndarray) -> np.ndarray:
        matched = [match(picture) for match in matchers]
        if len(matched) == 1 and strength == 1:
            return paint(matched[0])
        change = sum(w * (one - picture) for w, one in zip(shares, matched, strict=True))
        return paint(picture + np.float32(strength) * change)

    return paint_in_palette


def _forward(engine: Engine, trained: PaintingNetwork, network: keras.Model) -> Callable:
    """picture -> painting, in the runtime that is asked for, else in the one that is faster."""
    if engine.tile is not None:
        return tiled_forward(network, engine.tile)
    quick = not has_gpu() and trained.architecture in FASTER_IN_ONNX
    if engine.runtime == "onnx" or (engine.runtime is None and quick):
        return onnx_forward(network, engine.threads)
    return lambda picture: ops.convert_to_numpy(network(picture, training=False))
