"""A picture as four of half its size, one for each place in its cells of 2 x 2: its phases.

A convolution that follows a doubling, and the convolution after that, give the same sums whether
they are made for a picture or for its phases (Vaidyanathan 1993, section 4.3: polyphase filters).
With phases nothing is doubled, and little is padded and copied, at a painting's full size, where
memory sets the pace. The phases of a picture are 4 * channels, in the order (channel, row, column).
"""

from collections import Counter
from collections.abc import Callable
from functools import partial
from itertools import product

import numpy as np

from nstlib.backend import keras, layers
from nstlib.export.freeze import inputs_of
from nstlib.export.nodes import WRITTEN, convolved, padding
from nstlib.networks.blocks import (
    ConditionalInstanceNormalization,
    Enlarge,
    InstanceNormalization,
)
from nstlib.vgg.layers import ReflectionPadding

PLACES = tuple(product((0, 1), (0, 1)))  # (row, column) within a cell
TAPS = tuple(product((-1, 0, 1), (-1, 0, 1)))


def doubling_kernel(kernel: np.ndarray) -> np.ndarray:
    """For a picture before doubling: (3, 3, in, out) -> (3, 3, in, 4 * out), which gives phases."""
    incoming, outgoing = kernel.shape[2:]
    phases = np.zeros((3, 3, incoming, outgoing, 2, 2), kernel.dtype)
    for (dy, dx), (row, column) in product(TAPS, PLACES):
        y, x = (row + dy) // 2, (column + dx) // 2
        phases[y + 1, x + 1, :, :, row, column] += kernel[dy + 1, dx + 1]
    return phases.reshape(3, 3, incoming, 4 * outgoing)


def phase_kernel(kernel: np.ndarray) -> np.ndarray:
    """From phases to phases: (3, 3, in, out) -> (3, 3, 4 * in, 4 * out)."""
    incoming, outgoing = kernel.shape[2:]
    phases = np.zeros((3, 3, incoming, 2, 2, outgoing, 2, 2), kernel.dtype)
    for (dy, dx), (row, column) in product(TAPS, PLACES):
        y, x = (row + dy) // 2, (column + dx) // 2
        above, left = (row + dy) % 2, (column + dx) % 2
        phases[y + 1, x + 1, :, above, left, :, row, column] = kernel[dy + 1, dx + 1]
    return phases.reshape(3, 3, 4 * incoming, 4 * outgoing)


def cell_kernel(kernel: np.ndarray) -> np.ndarray:
    """From a picture, in steps of 2, to phases: (size, size, in, out) -> (size + 1, …, 4 * out).

    A processor makes eight or sixteen channels at a time, and a painting has three.
    """
    size, _, incoming, outgoing = kernel.shape
    phases = np.zeros((size + 1, size + 1, incoming, outgoing, 2, 2), kernel.dtype)
    for row, column in PLACES:
        phases[row : row + size, column : column + size, :, :, row, column] = kernel
    return phases.reshape(size + 1, size + 1, incoming, 4 * outgoing)


def assembling_kernel(channels: int) -> np.ndarray:
    """Of the transposed convolution that lays phases side by side: (4 * out, out, 2, 2)."""
    kernel = np.zeros((channels, 2, 2, channels, 2, 2), "float32")
    for channel, (row, column) in product(range(channels), PLACES):
        kernel[channel, row, column, channel, row, column] = 1
    return kernel.reshape(4 * channels, channels, 2, 2)


def last_doubling(network: keras.Model) -> list:
    """The layers of a network's end from its last doubling on, in order, or none.

    They are the doubling, padding, a convolution with what normalises and clips its result, padding
    and the convolution that mixes the colours; no other layer sees what these make, and after them
    only the crop to the picture's size may follow. Where both convolutions are 3 x 3, all of them
    can work with phases; the last one can always step by cells, since it sees an even size.
    """
    seen_by = Counter(id(tensor) for layer in network.layers for tensor in inputs_of(layer))
    made_by = {id(layer.output): layer for layer in network.layers}

    def before(layer):
        return made_by[id(inputs_of(layer)[0])]

    possible = (*_KINDS, layers.Conv2D, layers.ReLU)
    chain, layer = [], before(made_by[id(network.outputs[0])])
    while seen_by[id(layer.output)] == 1 and isinstance(layer, possible):
        chain.insert(0, layer)
        if getattr(layer, "strides", (1, 1)) != (1, 1):
            return []
        if isinstance(layer, Enlarge):
            convolutions = [one for one in chain if isinstance(one, layers.Conv2D)]
            return chain if layer.size == len(convolutions) == 2 else []
        layer = before(layer)
    return []


# --- The nodes of these layers (nstlib.export.nodes) ----------------------------------------------


def in_phases(network: keras.Model) -> dict[keras.Layer, Callable]:
    """The layers that can work with phases, and how each is written then."""
    end = last_doubling(network)
    if not end:
        return {}
    first, last = (layer for layer in end if isinstance(layer, layers.Conv2D))
    if not first.kernel_size == last.kernel_size == (3, 3):
        return {last: partial(_assembled, remade=cell_kernel, step=2)}
    special = {layer: _KINDS[type(layer)] for layer in end if type(layer) in _KINDS}
    special[first] = partial(_convolution, remade=doubling_kernel)
    return special | {last: partial(_assembled, remade=phase_kernel)}


def _convolution(graph, layer, x, remade: Callable, step: int = 1):
    kernel, *bias = layer.get_weights()
    bias = [numbers.repeat(4) for numbers in bias]
    return convolved(graph, layer, x, remade(kernel), bias, strides=(step, step))


def _assembled(graph, layer, x, **how):
    """Phases, and then laid side by side."""
    x, places = _convolution(graph, layer, x, **how), assembling_kernel(layer.filters)
    return graph.add("ConvTranspose", x, places, strides=(2, 2), kernel_shape=(2, 2))


def _normalization(graph, layer, x, *mix):
    """Of a channel's phases one below the other."""
    channels = layer.output.shape[-1]
    x = graph.add("Reshape", x, [0, channels, -1, 0])
    x = WRITTEN[type(layer)](graph, layer, x, *mix)
    return graph.add("Reshape", x, [0, 4 * channels, -1, 0])


_KINDS = {
    Enlarge: lambda graph, layer, x: x,  # the convolution after it doubles
    ReflectionPadding: partial(padding, mode="edge"),  # of phases, the same as to reflect
    InstanceNormalization: _normalization,
    ConditionalInstanceNormalization: _normalization,
}
