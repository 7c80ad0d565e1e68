"""What makes a picture close to another: short functions of feature tensors that return a scalar.

One normalisation throughout: every loss is a mean, over positions and over channels, so that its
size depends on neither the picture's size nor the layer's width, and a weight means the same at
every layer. Papers and tutorials sum where others average, which is why their weights do not carry
over from one to the other; `CONVENTIONS` holds the factor between each of them and ours.

Targets (a Gram matrix, a mean and standard deviation) are arguments, so that the caller computes
them once and not in every step. Weighting happens in one place, `nstlib.optimize`.
"""

from collections.abc import Callable
from dataclasses import dataclass

from keras import ops

from nstlib.errors import InputError


def content_loss(features, target):
    """How far the features are from the photo's, position by position: *what is where*.

    Two tensors (batch, height, width, channels) -> scalar, the mean squared difference.
    Gatys et al. 2016, eq. 1, which takes half the sum.
    """
    return ops.mean(ops.square(features - target))


def gram_matrix(features):
    """How strongly each pair of channels fires together, wherever in the picture.

    (batch, height, width, channels) -> (batch, channels, channels), averaged over positions, so
    that its size does not grow with the picture. Gatys et al. 2016, eq. 3, divided by
    height * width.
    """
    _, height, width, _ = ops.shape(features)
    gram = ops.einsum("bhwc,bhwd->bcd", features, features)
    return gram / ops.cast(height * width, features.dtype)


def gram_loss(features, target):
    """How far the features' Gram matrix is from the painting's: *which strokes go together*.

    features (batch, height, width, channels), target (batch, channels, channels) made by
    `gram_matrix` -> scalar, the mean squared difference. Four times E_l of Gatys et al. 2016,
    eq. 4.
    """
    return ops.mean(ops.square(gram_matrix(features) - target))


def mean_std(features, epsilon: float = 1e-5):
    """The mean and the spread of each channel: a summary of style much shorter than a Gram matrix.

    (batch, height, width, channels) -> (batch, 2, channels): means, then standard deviations.
    `epsilon` joins the variance under the root, whose slope is infinite at zero.
    Huang & Belongie 2017, eq. 5 and 6.
    """
    mean = ops.mean(features, axis=(1, 2))
    variance = ops.mean(ops.square(features - mean[:, None, None, :]), axis=(1, 2))
    return ops.stack([mean, ops.sqrt(variance + epsilon)], axis=1)


def mean_std_loss(features, target):
    """How far the features' means and spreads are from the painting's.

    features (batch, height, width, channels), target (batch, 2, channels) made by `mean_std` ->
    scalar, the mean squared difference. Huang & Belongie 2017, eq. 13, which sums two norms.
    """
    return ops.mean(ops.square(mean_std(features) - target))


def total_variation(image, norm: str = "l2"):
    """How rough a picture is: the differences between neighbours, large in noise, small in paint.

    (batch, height, width, channels) -> scalar, summed over both directions and the channels and
    divided by height * width: squared differences for "l2", absolute ones for "l1", which spares
    edges. Johnson et al. 2016, section 3.2, after Mahendran & Vedaldi 2015.
    """
    if norm not in ("l1", "l2"):
        raise InputError(f"norm is {norm!r}; it can be 'l1' or 'l2'.")
    measure = ops.square if norm == "l2" else ops.abs
    batch, height, width, _ = ops.shape(image)
    down = measure(image[:, 1:, :, :] - image[:, :-1, :, :])
    right = measure(image[:, :, 1:, :] - image[:, :, :-1, :])
    return (ops.sum(down) + ops.sum(right)) / ops.cast(batch * height * width, image.dtype)


@dataclass(frozen=True)
class Convention:
    """How a paper or a program measures the three terms, as factors on nstlib's own.

    `content(n, m)` and `style(n, m, pixels)` are for a layer of n channels and m positions in a
    picture of `pixels` pixels, `tv(pixels)` for total variation: their term = factor * our term. So
    a weight w of theirs is the weight w * factor here.
    """

    source: str
    content: Callable[[int, int], float] = lambda n, m: 1.0
    style: Callable[[int, int, int], float] = lambda n, m, pixels: 1.0
    tv: Callable[[int], float] = lambda pixels: 1.0
    tv_norm: str = "l2"


CONVENTIONS = {
    "nstlib": Convention("means throughout; also the authors' released code for Gatys et al. 2016"),
    "gatys-2016": Convention(
        "Gatys et al. 2016, eq. 1 and 4: half the sum; sum of Gram differences / (4 N^2 M^2)",
        content=lambda n, m: n * m / 2,
        style=lambda n, m, pixels: 1 / 4,
    ),
    "johnson-2016": Convention(
        "Johnson et al. 2016, eq. 2 and 4: mean; Frobenius norm of Gram matrices divided by N M",
    ),
    "source-001": Convention(
        "source 001 and the exercise it follows: content sum / (4 N M); style as in Gatys' paper",
        content=lambda n, m: 1 / 4,
        style=lambda n, m, pixels: 1 / 4,
    ),
    "source-002": Convention(
        "sources 002 and 003: sum / (2 M N); sum of undivided Gram differences / (4 M^2 N^2)",
        content=lambda n, m: 1 / 2,
        style=lambda n, m, pixels: 1 / 4,
    ),
    "tensorflow-tutorial": Convention(
        "TensorFlow's tutorial and source 004: means; total variation as a sum of |differences|",
        tv=lambda pixels: float(pixels),
        tv_norm="l1",
    ),
    "keras-example": Convention(
        "Keras' example: sums; Gram undivided, / (4 * 3^2 * pixels^2) at every layer; pixels "
        "0..255. Its total variation takes the power 1.25 of the squares, ours here the squares",
        content=lambda n, m: n * m,
        style=lambda n, m, pixels: (n * m) ** 2 / (36 * pixels**2),
        tv=lambda pixels: 255.0**2 * pixels,
    ),
}
