"""What makes a picture close to another: short functions of feature tensors that return a scalar.

One normalisation throughout: every loss is a mean, over positions and over channels, so that a
weight means the same at every picture's size and layer's width. Papers and tutorials sum or average
otherwise; `nstlib.gatys.conventions` holds the factor between each of them and ours. Targets (a
Gram matrix, a mean and standard deviation) are arguments, so that they are computed only once.
"""

import numpy as np

from nstlib.backend import ops
from nstlib.errors import choice


def mean_square(difference):
    """How large a tensor of differences is: the mean of its squares."""
    return ops.mean(ops.square(difference))


def relative_distance(value, target, *, axis=None, floor: float = 1e-12):
    """How far a value is from its target, on a scale where a value of zeros is at 1.

    Two tensors of one shape -> scalar, or with `axis` one number for each of what is left: the mean
    squared difference, divided by the target's mean square. `floor` joins the latter, so that a
    target that is nearly zero does not outweigh all others.
    """
    energy = ops.mean(ops.square(target), axis=axis) + floor
    return ops.mean(ops.square(value - target), axis=axis) / energy


def content_loss(features, target, measure=mean_square):
    """How far the features are from the photo's, position by position: *what is where*.

    Two tensors (batch, height, width, channels) -> scalar, the mean squared difference (or another
    `measure`). Gatys et al. 2016, eq. 1, which takes half the sum.
    """
    return measure(features - target)


def gram_matrix(features):
    """How strongly each pair of channels fires together, wherever in the picture.

    (batch, height, width, channels) -> (batch, channels, channels), averaged over positions, so
    that its size does not grow with the picture. Gatys et al. 2016, eq. 3, divided by
    height * width.
    """
    _, height, width, _ = ops.shape(features)
    gram = ops.einsum("bhwc,bhwd->bcd", features, features)
    return gram / ops.cast(height * width, features.dtype)


def guided_gram(features, mask):
    """The Gram matrix of a region: which channels fire together where the mask is.

    features (batch, height, width, channels), mask (1, height, width, 1), 0..1, as `layer_masks`
    takes it down to the layer -> (batch, channels, channels), averaged over positions with the mask
    as their weight. A full mask gives `gram_matrix`; an empty one gives zeros. Gatys et al. 2017,
    eq. 6 and 7, whose squared guidance channel is our mask divided by its sum.
    """
    gram = ops.einsum("bhwc,bhwd->bcd", features * mask, features)
    return gram / ops.maximum(ops.sum(mask), 1e-6)


def gram_loss(features, target, mask=None, measure=mean_square):
    """How far the features' Gram matrix is from the painting's: *which strokes go together*.

    features (batch, height, width, channels), target (batch, channels, channels) made by
    `gram_matrix` -> scalar, the mean squared difference. Four times E_l of Gatys et al. 2016,
    eq. 4. With a mask (1, height, width, 1) only its region is asked (`guided_gram`).
    """
    gram = gram_matrix(features) if mask is None else guided_gram(features, mask)
    return measure(gram - target)


def mean_std(features, epsilon: float = 1e-5, mask=None):
    """The mean and the spread of each channel: a summary of style much shorter than a Gram matrix.

    (batch, height, width, channels) -> (batch, 2, channels): means, then standard deviations, of
    the whole or, with a mask (1, height, width, 1), of its region. `epsilon` joins the variance
    under the root, whose slope is infinite at zero. Huang & Belongie 2017, eq. 5 and 6.
    """

    def average(values):
        if mask is None:
            return ops.mean(values, axis=(1, 2))
        return ops.sum(values * mask, axis=(1, 2)) / ops.maximum(ops.sum(mask), 1e-6)

    mean = average(features)
    variance = average(ops.square(features - mean[:, None, None, :]))
    return ops.stack([mean, ops.sqrt(variance + epsilon)], axis=1)


def mean_std_loss(features, target, mask=None, measure=mean_square):
    """How far the features' means and spreads are from the painting's.

    features (batch, height, width, channels), target (batch, 2, channels) made by `mean_std` ->
    scalar, the mean squared difference. Huang & Belongie 2017, eq. 13, which sums two norms.
    With a mask (1, height, width, 1) only its region is asked.
    """
    return measure(mean_std(features, mask=mask) - target)


def sorted_values(features):
    """The values of each channel, smallest first: its histogram, to the last value.

    (batch, height, width, channels) -> (batch, channels, height * width).
    """
    batch, height, width, channels = features.shape
    flat = ops.reshape(features, (batch, height * width, channels))
    return ops.sort(ops.transpose(flat, (0, 2, 1)), axis=-1)


def histogram_target(features, count: int):
    """What `histogram_loss` compares with: a painting's sorted values, as if it had `count`.

    (batch, height, width, channels) -> (batch, channels, count), by linear interpolation between
    neighbours in rank, since a painting has more or fewer positions than the picture.
    """
    values = sorted_values(features)
    found = values.shape[-1]
    rank = ((np.arange(count) + 0.5) * found / count - 0.5).clip(0, found - 1)
    below = np.floor(rank).astype("int32")
    above, share = np.minimum(below + 1, found - 1), (rank - below).astype("float32")
    return ops.take(values, below, axis=-1) * (1 - share) + ops.take(values, above, axis=-1) * share


def histogram_loss(features, target):
    """How far each channel's values, whatever their places, are from the painting's.

    features (batch, height, width, channels), target (batch, channels, height * width) made by
    `histogram_target` -> scalar, the mean squared difference of values of equal rank. That is the
    distance to the histogram-matched features of Risser et al. 2017, eq. 8, with their gradient,
    but for bins: where they match with 256 bins, we sort. Gram matrices cannot tell few strong
    answers from many weak ones; this can.
    """
    return mean_square(sorted_values(features) - target)


_NORMS = {"l1": ops.abs, "l2": ops.square}


def total_variation(image, norm: str = "l2"):
    """How rough a picture is: the differences between neighbours, large in noise, small in paint.

    (batch, height, width, channels) -> scalar, summed over both directions and the channels and
    divided by height * width: squared differences for "l2", absolute ones for "l1", which spares
    edges. Johnson et al. 2016, section 3.2, after Mahendran & Vedaldi 2015.
    """
    measure = _NORMS[choice("norm", norm, _NORMS)]
    batch, height, width, _ = ops.shape(image)
    down = measure(image[:, 1:, :, :] - image[:, :-1, :, :])
    right = measure(image[:, :, 1:, :] - image[:, :, :-1, :])
    return (ops.sum(down) + ops.sum(right)) / ops.cast(batch * height * width, image.dtype)
