"""What the exercises of chapters 0 to 7 ask for, and a hint for each."""

import numpy as np
from numpy.linalg import cholesky, inv
from scipy.fft import dctn
from scipy.ndimage import median_filter

from nstlib.backend import keras, ops
from nstlib.gatys.photoreal import matting_laplacian
from nstlib.gatys.recipe import recipe
from nstlib.images.bundled import photo
from nstlib.images.filters import emboss
from nstlib.notebook.answers.kinds import Value, Word
from nstlib.vgg.table import receptive_reach, vgg_layers


def _field(layer: str, network: str) -> int:
    """The receptive field of a convolution, in pixels."""
    return 2 ** (int(layer[5]) - 1) + 2 * receptive_reach(layer, network)


def _relief(light: float) -> float:
    """How bright a ramp of 0.02 a pixel is, embossed with the depth 4."""
    slope = np.tile(0.02 * np.arange(30, dtype="float32"), (20, 1))
    return float(emboss(slope, light=light, depth=4)[0, 10, 15, 0])


def _shape(height: int, width: int, layer: str) -> tuple[int, int, int, int]:
    """Of the features of a photo at a layer of VGG19."""
    found = next(one for one in vgg_layers("vgg19") if one.name == layer)
    scale = 2 ** (found.block - 1)
    return 1, height // scale, width // scale, found.channels


def _cost(steps: int, coarse: dict[float, int]) -> float:
    """Steps and the first picture at each size, by their pixels."""
    sizes = recipe("plain", steps=steps, coarse=coarse).coarse | {1: steps}
    return sum(size**2 * (1 + steps) for size, steps in sizes.items())


def _shifted_gram(k: int) -> np.ndarray:
    """How channels go together with those `k` positions to the right, for chapter 3's example."""
    features = np.arange(60.0).reshape(3, 5, 4) % 7
    left, right = features[:, : 5 - k], features[:, k:]
    return np.einsum("hwc,hwd->cd", left, right) / (3 * (5 - k))


def _three_steps_of_adam() -> float:
    pixel, optimizer = keras.Variable(0.5), keras.optimizers.Adam(0.04)
    for slope in (1.0, -2.0, 0.5):
        optimizer.apply([ops.convert_to_tensor(slope)], [pixel])
    return float(ops.convert_to_numpy(pixel))


def _brightness_gradient(weight: float) -> np.ndarray:
    """Of weight * b^T L b / pixels, b the brightness of a small photo whose colours are squared."""
    small, shares = photo("golden_temple", 48), np.array([0.299, 0.587, 0.114])
    slope = matting_laplacian(small) @ ((small.astype("float64") ** 2).reshape(-1, 3) @ shares)
    return (2 * weight / len(slope) * slope[:, None] * shares).reshape(small.shape)


# What functions that are answers are given: a gradient and a stretch, and two covariances.
_GRADIENT = np.random.default_rng(5).standard_normal((1, 6, 9, 3))
_STRETCH = np.linspace(1, 3, 54).reshape(1, 6, 9, 1)
_CLOUDS = np.array([[[4, 1, 0], [1, 3, 1], [0, 1, 2]], [[2, 0, 1], [0, 5, 1], [1, 1, 3]]]) / 100


ANSWERS = {
    "00.predict": Word(
        "55c64d0fcd6f",
        ("photo", "painting", "noise"),
        "with a style weight of 0, for which picture are all terms 0?",
    ),
    "01.build": Value(
        lambda: median_filter(photo("coffee", 64)[0], size=(5, 5, 1), mode="reflect"),
        "the windows have two axes of their own, the last two: take the median over both.",
    ),
    "01.predict": Value(
        lambda: [_relief(light) for light in (180, 90)],
        "the ground rises to the right: put its slope, 0.02, and 0 downwards into the formula.",
    ),
    "02.change": Value(
        lambda: [_field("block5_conv3", network) for network in ("vgg16-1x1", "vgg16")],
        "a kernel of side 1 sees no more than the layer below it.",
    ),
    "02.predict": Value(
        lambda: [_shape(300, 400, "block4_conv2"), _field("block4_conv2", "vgg19")],
        "three poolings lie above block 4; each halves the sides and drops a remainder.",
    ),
    "03.build": Value(
        lambda: _shifted_gram(2),
        "cut k columns off the right of one copy and off the left of the other; there are "
        "h (w - k) pairs of places, and c comes from the left one.",
    ),
    "03.predict": Value(
        lambda: ["mirrored", "upside down", "shuffled"],
        "what do the strokes of the wave look like in each? Then measure all three.",
    ),
    "04.build": Value(
        _three_steps_of_adam,
        "m and v are updated first, then x moves against m / (sqrt(v) + epsilon).",
    ),
    "04.change": Word(
        "55c64d0fcd6f",
        ("photo", "painting"),
        "which layers see colour, and which of them are asked?",
    ),
    "04.predict": Value(
        lambda: 0.04,
        "put m = (1 - rho_1) g and v = (1 - rho_2) g^2 into the formula: what cancels?",
    ),
    "05.build": Value(
        lambda: _STRETCH * dctn(_GRADIENT, axes=(1, 2), norm="ortho"),
        "the map stretches first and goes back to pixels then; its transpose undoes the order.",
        of=lambda transposed: transposed(_GRADIENT, _STRETCH),
    ),
    "05.change": Value(
        lambda: [(0.25, 75), (0.5, 75), 75],
        "a quarter of the side is a sixteenth of the price; each size has its steps and a start.",
        of=lambda mine: [*mine.coarse.items(), mine.steps],
    ),
    "05.predict": Value(
        lambda: _cost(60, {0.5: 50}),
        "half the side is a quarter of the pixels; the start of each size counts as a step.",
    ),
    "06.build": Value(
        lambda: cholesky(_CLOUDS[1]) @ inv(cholesky(_CLOUDS[0])),
        "which triangle takes the painting's cloud to one that is round, of size one?",
        of=lambda matrix: matrix(*_CLOUDS),
    ),
    "06.change": Value(
        lambda: np.tile(np.linspace(0, 1, 7)[None, None, :, None], (1, 4, 1, 1)),
        "one row by np.linspace, then np.tile; the shape is (1, height, width, 1).",
        of=lambda ramp: ramp(4, 7),
    ),
    "06.predict": Value(
        lambda: 3 / 4 / (3 / 4 + 1 * 3 / 4),
        "the first claims 3 times a quarter, the second 1 times the rest; divide by the sum.",
    ),
    "07.change": Value(
        lambda: _brightness_gradient(100.0),
        "the gradient by the brightness is that of section 5; how much of a pixel's brightness "
        "comes from each channel?",
    ),
    "07.predict": Value(
        lambda: [(4 * radius + 1) ** 2 for radius in (1, 2)],
        "two pixels share a window if both fit into it: how far apart can they be in a row?",
    ),
}
