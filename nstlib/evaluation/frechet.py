"""How far is the brushwork of some pictures, as it varies, from that of others?

Pictures are float32, RGB, 0..1, (1, height, width, 3), or looks of `nstlib.evaluation.measures`.
"""

import numpy as np

from nstlib.backend import ops
from nstlib.errors import InputError
from nstlib.evaluation.measures import SMALLEST, look, perceptual_distance, picture_of
from nstlib.vgg.statistics import LEVELS

PATCH = 64  # pixels: side of the patches whose statistics are a sample of a style, a multiple of 16


def frechet_distance(mean, variances, other_mean, other_variances) -> float:
    """How far two normal distributions of independent numbers are apart, in means and in spreads.

    Means and variances (n,) -> the squared 2-Wasserstein distance |m - m'|^2 + |s - s'|^2, where s
    are the standard deviations. Dowson & Landau 1982, for covariances that are 0.
    """
    first = np.concatenate([mean, np.sqrt(variances)], dtype="float64")
    second = np.concatenate([other_mean, np.sqrt(other_variances)], dtype="float64")
    return float(np.sum((first - second) ** 2))


def style_frechet(images, paintings) -> float:
    """How far the brushwork of some pictures, as it varies, is from that of others.

    Two lists of pictures, or single ones -> `frechet_distance`, without unit, of the statistics of
    their patches. A sample is a patch of PATCH pixels, half overlapping its neighbours and no
    larger than the smallest picture: its means and standard deviations of the channels at LEVELS,
    1920 numbers, as in `nst.style_vector`. Where FID (Heusel et al. 2017) fits covariances to
    thousands of pictures, a few pictures give some hundred samples that are not independent, so
    that only variances are fitted: correlations of channels are not seen. Compare numbers of sets
    of about one size only.
    """
    sets = _several(images), _several(paintings)
    smallest = min(min(picture_of(one).shape[1:3]) for pictures in sets for one in pictures)
    patch = min(PATCH, max(smallest // 16 * 16, SMALLEST))  # what is smaller, `look` refuses
    samples = [np.concatenate([_patches(one, patch) for one in pictures]) for pictures in sets]
    return frechet_distance(*(f(s, axis=0) for s in samples for f in (np.mean, np.var)))


def art_fid(images, contents, paintings) -> float:
    """One number for a style transfer: (1 + content distance) * (1 + Fréchet distance), from 1 up.

    Painted pictures and their photos, in the same order, and the paintings of the style: lists, or
    single ones. The first factor is the mean `perceptual_distance`, the second `style_frechet`,
    where Wright & Ommer 2022, eq. 4, have LPIPS and the FID of a network that knows artists: our
    numbers are not theirs.

    Its known flaw: an untouched photo has the least possible first factor, 1, and wins whenever it
    is nearly in the style already, or the paintings it competes with are weak. A copy of the
    style's painting has the least second factor, 1, and a first of 3 at most, and wins nearly
    always. So read it beside the rows "identity" and "style-copy" of `nst.compare`.
    """
    images, contents = _several(images), _several(contents)
    if len(images) != len(contents):
        raise InputError(
            f"There are {len(images)} images and {len(contents)} contents: give each image's photo."
        )
    content = np.mean([perceptual_distance(*pair) for pair in zip(images, contents, strict=True)])
    return float((1 + content) * (1 + style_frechet(images, paintings)))


def _several(given) -> list:
    """A list of pictures or looks, from one or several."""
    several = list(given) if isinstance(given, list | tuple) else [given]
    if not several:
        raise InputError("A list of pictures is empty: give at least one.")
    return several


def _patches(picture, patch: int) -> np.ndarray:
    """(patches, 1920): the style vector of each patch. Cut from the features of the whole picture,
    so that it has no borders of its own.
    """
    seen, parts = look(picture).features, []
    for place, (layer, (channels, size)) in enumerate(LEVELS.items()):
        features, window = seen[layer] / size, patch // 2**place
        pools = {"pool_size": window, "strides": window // 2, "padding": "valid"}
        mean = ops.average_pool(features, **pools)
        variance = ops.average_pool(ops.square(features), **pools) - ops.square(mean)
        deviation = ops.sqrt(ops.maximum(variance, 0) + 1e-5)
        parts += [ops.reshape(values, (-1, channels)) for values in (mean, deviation)]
    return ops.convert_to_numpy(ops.concatenate(parts, axis=1)).astype("float64")
