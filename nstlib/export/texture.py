"""Texture networks for other programs: a picture of noise in, a texture of its size out.

The noise is what `nstlib.networks.endless.noise_picture` makes: even in 0..1, sides multiples of
32. The file makes the noise of the coarser levels from it and lets it go on at the other side, so
that the texture has no seam.
"""

from collections.abc import Callable

from nstlib.backend import keras, layers
from nstlib.errors import InputError
from nstlib.images.bundled import TEXTURE
from nstlib.networks.files import PaintingNetwork, load_network
from nstlib.networks.texture import SPREAD, NoiseLevel, tile_network


def for_texture(network, style, options: dict) -> tuple[PaintingNetwork, keras.Model] | None:
    """A texture network, by name or as it is, and the same as noise -> texture; None for others.

    Raises InputError for a style or options, which it has no use for.
    """
    if not isinstance(network, PaintingNetwork):
        network = load_network(network, texture=None)
    if network.architecture != TEXTURE:
        return None
    if style is not None or options:
        raise InputError("A texture network takes noise and nothing else: leave out style and all.")
    return network, tile_network(network.network)


def texture_layers(network: keras.Model) -> dict[keras.Layer, Callable]:
    """How the layers that only texture networks have are written (`nstlib.export.nodes`)."""
    return {layer: _KINDS[type(layer)] for layer in network.layers if type(layer) in _KINDS}


def _noise_level(graph, layer, x):
    shape = graph.add("Shape", x)
    for axis in (2, 3):
        side = graph.add("Gather", shape, axis)
        end = graph.add("Add", graph.add("Div", side, layer.step), layer.margin)
        places = graph.add("Mul", graph.add("Range", -layer.margin, end, 1), layer.step)
        places = graph.add("Mod", graph.add("Add", places, layer.step // 2), side)
        x = graph.add("Gather", x, places, axis=axis)
    return graph.add("Mul", graph.add("Sub", x, 0.5), SPREAD)


def _cut(graph, layer, x):
    (top, bottom), (left, right) = layer.cropping
    return graph.add("Slice", x, [top, left], [-bottom, -right], [2, 3])


_KINDS = {NoiseLevel: _noise_level, layers.Cropping2D: _cut}
