"""What a network paints on, as nodes of an ONNX graph: the photo in its palette, and the ground.

For one picture, (1, 3, height, width), as `nstlib.networks.palette` and `ground` do it for many.
"""

import numpy as np

from nstlib.networks import ground as primer
from nstlib.networks.palette import FLAT, GAIN, LOWER, OPPONENT

FLOAT = 1  # ONNX's number of the type


def one_palette(graph, layer, image):
    """With the palette that is the layer's weight."""
    return palette(graph, layer, image, layer.get_weights()[0][None])


def palette(graph, layer, image, colors):
    """With a palette (1, COLORS), numbers or the name of an input."""
    add = graph.add
    mean, lower, share = (
        add("Slice", colors, [begin], [end], [1]) for begin, end in ((0, 3), (3, 9), (9, 10))
    )
    places = np.zeros((6, 9))
    places[range(6), np.ravel_multi_index(LOWER, (3, 3))] = 1
    factor = add("Reshape", add("MatMul", lower, places), [3, 3])
    pixels = add("Reshape", image, [3, -1])
    apart = add("Sub", pixels, add("ReduceMean", pixels, axes=[1], keepdims=1))
    count = add("Cast", add("Gather", add("Shape", pixels), 1, axis=0), to=FLOAT)
    covariance = add("Div", add("MatMul", apart, add("Transpose", apart, perm=[1, 0])), count)
    covariance = add("MatMul", OPPONENT, add("MatMul", covariance, OPPONENT.T))
    whitening = _whitening(graph, covariance, _least(graph, factor, share))
    matrix = add("MatMul", factor, add("MatMul", whitening, OPPONENT))
    center = add("MatMul", OPPONENT.T, add("Reshape", mean, [3, 1]))
    matched = add("Add", add("MatMul", add("MatMul", OPPONENT.T, matrix), apart), center)
    if isinstance(colors, str) or colors[0, -1] != 1:
        matched = add("Add", matched, add("Mul", pixels, add("Sub", 1.0, share)))
    return add("Reshape", add("Clip", matched, 0.0, 1.0), add("Shape", image))


def _least(graph, factor, share):
    """By what each opponent colour is divided at least: (3, 1)."""
    diagonal = graph.add("MatMul", graph.add("Mul", factor, np.eye(3)), np.ones((3, 1)))
    return graph.add("Div", diagonal, graph.add("Mul", graph.add("Max", share, 1e-3), GAIN))


def _whitening(graph, covariance, least):
    rows, scaled = [], []
    for number, axis in enumerate(np.eye(3)):
        row = axis[None]
        for before, variance in rows:
            share = graph.add("Div", _product(graph, row, covariance, before), variance)
            row = graph.add("Sub", row, graph.add("Mul", before, share))
        variance = graph.add("Max", _product(graph, row, covariance, row), FLAT**2)
        rows.append((row, variance))
        size = graph.add("Slice", least, [number], [number + 1], [0])
        size = graph.add("Max", graph.add("Sqrt", variance), size)
        scaled.append(graph.add("Div", row, size))
    return graph.add("Concat", *scaled, axis=0)


def _product(graph, left, covariance, right):
    """Of two rows (1, 3): (1, 1)."""
    column = graph.add("Transpose", right, perm=[1, 0])
    return graph.add("MatMul", graph.add("MatMul", left, covariance), column)


def ground(graph, layer, image):
    """The knots of the ground, spread over as many rows and columns as the image has."""
    shape = graph.add("Shape", image)
    rows, columns = (_bumps(graph, shape, axis) for axis in (2, 3))
    numbers = layer.strength * primer.knots()
    columns = graph.add("Transpose", columns, perm=[1, 0])
    laid = graph.add("MatMul", graph.add("MatMul", rows, numbers), columns)
    laid = graph.add("Unsqueeze", laid, [0, 1])
    return graph.add("Clip", graph.add("Add", image, laid), 0.0, 1.0)


def _bumps(graph, shape, axis: int):
    """How much of each knot is at each place: (length, KNOTS)."""
    turn = primer.KNOTS * primer.SPACING
    places = graph.add("Range", 0, graph.add("Gather", shape, axis, axis=0), 1)
    places = graph.add("Reshape", graph.add("Cast", places, to=FLOAT), [-1, 1])
    knots = np.arange(primer.KNOTS)[None] / primer.KNOTS
    turns = graph.add("Sub", graph.add("Mul", places, 1 / turn), knots)
    turns = graph.add("Sub", turns, graph.add("Floor", graph.add("Add", turns, 0.5)))
    narrow = -0.5 * (turn / primer.SMOOTHNESS) ** 2
    return graph.add("Exp", graph.add("Mul", graph.add("Mul", turns, turns), narrow))
