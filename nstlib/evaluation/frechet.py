"""How far is the brushwork of some pictures, as it varies, from that of others?

Fréchet distances on VGG19's style statistics, and ArtFID, which multiplies one with a distance of
content. Pictures are float32, RGB, 0..1, (1, height, width, 3), or looks of
`nstlib.evaluation.measures`.
"""

from collections.abc import Sequence

import numpy as np

from nstlib.backend import ops
from nstlib.errors import InputError
from nstlib.evaluation.measures import SMALLEST, look, perceptual_distance, picture_of
from nstlib.vgg.statistics import LEVELS

PATCH = 64  # pixels: side of the patches whose statistics are a sample of a style


def frechet_distance(mean, spread, other_mean, other_spread) -> float:
    """How far two normal distributions are apart: squared distance of means, and of spreads.

    Means (n,); spreads are covariances (n, n), or variances (n,) where all else is 0 -> the squared
    2-Wasserstein distance |m - m'|^2 + tr(C + C' - 2 (C C')^(1/2)). Dowson & Landau 1982.
    """
    mean, spread, other_mean, other_spread = (
        np.asarray(given, "float64") for given in (mean, spread, other_mean, other_spread)
    )
    apart = float(np.sum((mean - other_mean) ** 2))
    if spread.ndim == 1:
        return apart + float(np.sum((np.sqrt(spread) - np.sqrt(other_spread)) ** 2))
    values, vectors = np.linalg.eigh(spread)
    root = vectors * np.sqrt(values.clip(0)) @ vectors.T
    shared = np.sqrt(np.linalg.eigvalsh(root @ other_spread @ root).clip(0)).sum()
    return apart + max(0.0, float(np.trace(spread) + np.trace(other_spread) - 2 * shared))


def style_frechet(images, paintings, *, patch: int = PATCH) -> float:
    """How far the brushwork of some pictures, as it varies, is from that of others.

    Two lists of pictures, or single ones -> `frechet_distance`, without unit, of the statistics of
    their patches. A sample is a patch of `patch` pixels (a multiple of 16), half overlapping its
    neighbours and no larger than the smallest picture: its means and standard deviations of the
    channels at LAYERS, 1920 numbers, as in `nst.style_vector`. Where FID (Heusel et al. 2017) fits
    covariances to thousands of pictures, a few pictures give some hundred samples that are not
    independent, so that only variances are fitted: correlations of channels are not seen. Compare
    numbers of the same patch, and of sets of about one size, only.
    """
    images, paintings = _several(images, "images"), _several(paintings, "paintings")
    patch = _patch_side(patch, [*images, *paintings])
    samples = [np.concatenate([_patches(one, patch) for one in s]) for s in (images, paintings)]
    return frechet_distance(*(f(s, axis=0) for s in samples for f in (np.mean, np.var)))


def art_fid(images, contents, paintings, *, patch: int = PATCH) -> float:
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
    images, contents = _several(images, "images"), _several(contents, "contents")
    if len(images) != len(contents):
        raise InputError(
            f"There are {len(images)} images and {len(contents)} contents: give each image's photo."
        )
    pairs = zip(images, contents, strict=True)
    content = float(np.mean([perceptual_distance(image, photo) for image, photo in pairs]))
    return (1 + content) * (1 + style_frechet(images, paintings, patch=patch))


# --- Parts ---------------------------------------------------------------------------------------


def _several(given, name: str) -> Sequence:
    """A list of pictures or looks, from one or several."""
    several = list(given) if isinstance(given, list | tuple) else [given]
    if not several:
        raise InputError(f"{name} is empty: give at least one picture.")
    return several


def _patch_side(patch: int, pictures: Sequence) -> int:
    if not (isinstance(patch, int) and patch >= SMALLEST and patch % 16 == 0):
        raise InputError(f"patch is {patch!r}; it is a multiple of 16 pixels, {SMALLEST} or more.")
    least = min(min(picture_of(picture).shape[1:3]) for picture in pictures)
    return min(patch, max(least // 16 * 16, SMALLEST))  # what is smaller, `look` refuses


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
