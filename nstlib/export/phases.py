"""A picture as four of half its size, one for each place in its cells of 2 x 2: its phases.

A convolution that follows a doubling, and the convolution after that, give the same sums whether
they are made for a picture or for its phases (Vaidyanathan 1993, section 4.3: polyphase filters).
With phases nothing is doubled, and little is padded and copied, at a painting's full size, where
memory sets the pace. The phases of a picture are 4 * channels, in the order (channel, row, column).
"""

from collections.abc import Callable
from functools import partial
from itertools import pairwise

import numpy as np

from nstlib.backend import keras, layers
from nstlib.export.nodes import WRITTEN, convolved
from nstlib.networks import blocks
from nstlib.vgg.layers import ReflectionPadding


def cell_kernel(kernel: np.ndarray) -> np.ndarray:
    """From a picture, in steps of 2, to phases: (size, size, in, out) -> (size + 1, …, 4 * out).

    A processor makes eight or sixteen channels at a time, and a painting has three.
    """
    size, _, incoming, outgoing = kernel.shape
    phases = np.zeros((size + 1, size + 1, incoming, outgoing, 2, 2), kernel.dtype)
    for row, column in np.ndindex(2, 2):
        phases[row : row + size, column : column + size, :, :, row, column] = kernel
    return phases.reshape(size + 1, size + 1, incoming, 4 * outgoing)


def phase_kernel(kernel: np.ndarray) -> np.ndarray:
    """From phases to phases: (3, 3, in, out), or 5 x 5, -> (3, 3, 4 * in, 4 * out)."""
    cells = cell_kernel(kernel)
    edge = (6 - len(cells)) // 2  # up to 3 x 3 cells
    cells = np.pad(cells, ((edge, edge), (edge, edge), (0, 0), (0, 0)))
    cells = cells.reshape(3, 2, 3, 2, *cells.shape[2:]).transpose(0, 2, 4, 1, 3, 5)
    return cells.reshape(3, 3, 4 * cells.shape[2], -1)


def doubling_kernel(kernel: np.ndarray, smooth: bool = False) -> np.ndarray:
    """For a picture before doubling: (3, 3, in, out) -> (3, 3, in, 4 * out), which gives phases.

    To double smoothly is to repeat every value and to blur by [1, 2, 1] / 4.
    """
    if smooth:
        kernel = _blurred(_blurred(kernel, axis=0), axis=1)
    places = phase_kernel(kernel).reshape(3, 3, kernel.shape[2], 4, -1)
    return places.sum(axis=3)  # since the four places of a cell hold the same


def _blurred(kernel: np.ndarray, axis: int) -> np.ndarray:
    """A kernel that sees, along an axis, what this one sees after a blur: two longer."""
    wide = np.pad(kernel, [(2, 2) if place == axis else (0, 0) for place in range(4)])
    once, twice = (np.roll(wide, by, axis) for by in (-1, 1))
    blurred = np.moveaxis((once + 2 * wide + twice) / 4, axis, 0)[1:-1]
    return np.moveaxis(blurred, 0, axis)


def in_phases(network: keras.Model) -> dict[keras.Layer, Callable]:
    """The layers that can work with phases, and how each is written then (`nstlib.export.nodes`).

    They end a network: its last doubling, padding, a convolution with what normalises and clips its
    result, padding and the convolution that mixes the colours; no other layer sees what these make,
    and only the crop to the picture's size follows. Where both convolutions are 3 x 3, all of them
    can work with phases; the last one can always step by cells, since it sees an even size.
    """
    doublings = [n for n, layer in enumerate(network.layers) if isinstance(layer, blocks.Enlarge)]
    end = network.layers[doublings[-1] :] if doublings else []
    chained = all(
        keras.tree.flatten(after.input)[0] is layer.output for layer, after in pairwise(end)
    )
    known = all(isinstance(layer, (*_KINDS, layers.Conv2D, layers.ReLU)) for layer in end[:-1])
    convolutions = [layer for layer in end if isinstance(layer, layers.Conv2D)]
    steps = [layer.strides for layer in convolutions]
    if not (chained and known and steps == [(1, 1), (1, 1)] and end[0].size == 2):
        return {}
    first, last = convolutions
    if not first.kernel_size == last.kernel_size == (3, 3):
        return {last: partial(_assembled, remade=cell_kernel, step=2)}
    special = {layer: _KINDS[type(layer)] for layer in end if type(layer) in _KINDS}
    remade = partial(doubling_kernel, smooth=end[0].smooth)
    special[first] = partial(_convolution, remade=remade)
    return special | {last: partial(_assembled, remade=phase_kernel)}


def _convolution(graph, layer, x, remade: Callable, step: int = 1):
    kernel, *bias = layer.get_weights()
    bias = [numbers.repeat(4) for numbers in bias]
    return convolved(graph, layer, x, remade(kernel), bias, (step, step))


def _assembled(graph, layer, x, **how):
    """Phases, and then laid side by side."""
    x = _convolution(graph, layer, x, **how)
    places = np.eye(4 * layer.filters).reshape(-1, layer.filters, 2, 2)  # a phase to a place
    return graph.add("ConvTranspose", x, places, strides=(2, 2), kernel_shape=(2, 2))


def _normalization(graph, layer, x, *mix):
    """Of a channel's phases one below the other."""
    channels = layer.output.shape[-1]
    x = graph.add("Reshape", x, [0, channels, -1, 0])
    x = WRITTEN[type(layer)](graph, layer, x, *mix)
    return graph.add("Reshape", x, [0, 4 * channels, -1, 0])


def _padding(graph, layer, x):
    """Of phases, and of what will be doubled, to repeat the border is the same as to mirror it."""
    return graph.add("Pad", x, [0, 0, layer.size, layer.size] * 2, mode="edge")


_KINDS = {
    blocks.Enlarge: lambda graph, layer, x: x,  # the convolution after it doubles
    ReflectionPadding: _padding,
    blocks.InstanceNormalization: _normalization,
    blocks.ConditionalInstanceNormalization: _normalization,
}
