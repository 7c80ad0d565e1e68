"""Colours of one picture, brushwork of another: of a finished painting, or before it is begun."""

import warnings
from collections.abc import Callable

import cv2
import numpy as np

from nstlib.errors import InputError, choice
from nstlib.images.arrays import as_image

# RGB -> one channel of brightness and two of colour (YIQ), as Gatys et al. 2016 b use it.
_YIQ = np.array([[0.299, 0.587, 0.114], [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]])
METHODS = ("pca", "cholesky", "monge")
FLAT = 1 / 255**2  # a variance below one step of an 8-bit picture is rounding, not colour
ONE_COLOR = 0.004  # standard deviation below which the eye sees no difference


def keep_color(painting, photo) -> np.ndarray:
    """The painting's brightness with the photo's colours.

    Two pictures (1, height, width, 3), RGB, 0..1, of one size -> the same. "Luminance-only
    transfer" of Gatys, Bethge, Hertzmann & Shechtman 2016, section 5.
    """
    painting, photo = as_image(painting), as_image(photo)
    brightness, colors = painting @ _YIQ[:1].T, photo @ _YIQ[1:].T
    mixed = np.concatenate([brightness, colors], axis=-1) @ np.linalg.inv(_YIQ).T
    return np.clip(mixed, 0, 1).astype("float32")


def match_color(picture, reference, *, method: str = "pca", where=None) -> np.ndarray:
    """The picture with the mean colour and the covariance of colours of the reference.

    Pictures (1, height, width, 3), RGB, 0..1, each of any size -> one of the first's size: every
    pixel p becomes A p + b, clipped to 0..1. `where` is a mask of the reference, (1, height, width,
    1): only what it covers, mostly, is looked at. Many A fit, and `method` chooses: "pca" (image
    analogies) goes by the axes along which colours vary, "cholesky" channel by channel, "monge"
    changes the colours as little as can be. Of a gray picture, which has no colours to spread, mean
    colour and brightness are matched, with a warning. Gatys, Bethge, Hertzmann & Shechtman 2016,
    section 5.1 (pca, cholesky); Pitié & Kokaram 2007, section 4 (monge).
    """
    return color_matcher(reference, method=method, where=where)(picture)


def color_matcher(reference, *, method: str = "pca", where=None, quiet=False) -> Callable:
    """`match_color` for one reference, which is looked at once, and many pictures, as of a film.

    If `quiet`, a gray picture gets as much colour as it can without a warning.
    """
    choice("method", method, METHODS)
    new_mean, new_covariance = _mean_covariance(_colors_of(reference, where))

    def match(picture) -> np.ndarray:
        picture = as_image(picture)
        mean, covariance = _mean_covariance(picture)
        axes = int((np.linalg.eigvalsh(covariance) >= FLAT).sum())
        if axes < 3 and not quiet:
            message = f"The picture's colours vary along {axes} of 3 axes (gray: 1): matched there."
            warnings.warn(message, stacklevel=3)
        matrix = _matrix(covariance, new_covariance, method if axes == 3 else "pca")
        moved = cv2.transform(picture[0], np.column_stack([matrix, new_mean - matrix @ mean]))
        return np.clip(moved, 0, 1)[None]

    return match


def of_one_color(picture: np.ndarray) -> bool:
    """Whether a picture (1, height, width, 3), RGB, 0..1, is of one colour to the eye."""
    return bool(picture.std(axis=(1, 2)).max() < ONE_COLOR)


def match_histogram(picture, reference, *, where=None) -> np.ndarray:
    """The picture with the histograms of the reference: red, green and blue, each by itself.

    Arguments and result as for `match_color`. A value goes to the value of equal rank, equal ones
    to one and the same. "Color histogram matching" of Gatys et al. 2016 b, section 5.1.
    """
    pixels, wanted = as_image(picture), _colors_of(reference, where)
    channels = [_match_values(pixels[..., c], wanted[..., c]) for c in range(3)]
    return np.stack(channels, axis=-1).astype("float32")


def _colors_of(reference, where) -> np.ndarray:
    """The pixels to be like, (count, 3)."""
    pixels = as_image(reference).astype("float64")
    if where is None:
        return pixels.reshape(-1, 3)
    covered = np.asarray(where)
    if covered.size != pixels.size // 3:
        raise InputError(
            f"where is {covered.shape}; it must be a mask of {pixels.shape[1:3]} pixels."
        )
    if not covered.max() > 0:
        raise InputError("where is 0 everywhere: no colours of the reference are left.")
    return pixels.reshape(-1, 3)[covered.reshape(-1) >= covered.max() / 2]


def _mean_covariance(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    how = cv2.COVAR_NORMAL | cv2.COVAR_ROWS | cv2.COVAR_SCALE
    rows = np.ascontiguousarray(pixels).reshape(-1, 3)
    covariance, mean = cv2.calcCovarMatrix(rows, None, how, ctype=cv2.CV_64F)
    return mean[0], covariance


def _matrix(old: np.ndarray, new: np.ndarray, method: str) -> np.ndarray:
    """A with A old A^T = new, two covariances (3, 3)."""
    if method == "pca":
        return _power(new, 0.5) @ _power(old, -0.5)
    if method == "cholesky":
        return _triangle(new) @ np.linalg.inv(_triangle(old))
    root, inverse = _power(old, 0.5), _power(old, -0.5)
    return inverse @ _power(root @ new @ root, 0.5) @ inverse


def _power(covariance: np.ndarray, exponent: float) -> np.ndarray:
    """A power of a symmetric matrix; what is flat stays flat, also for negative exponents."""
    values, axes = np.linalg.eigh(covariance)
    values = np.maximum(values, 0)
    if exponent < 0:
        values = np.where(values < FLAT, np.inf, values)
    return (axes * values**exponent) @ axes.T


def _triangle(covariance: np.ndarray) -> np.ndarray:
    """The Cholesky factor, also of a covariance with flat axes, where LAPACK would refuse."""
    upper = np.linalg.qr(_power(covariance, 0.5), mode="r")
    return upper.T * np.where(np.diag(upper) < 0, -1, 1)


def _match_values(values: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """The wanted value of equal rank, for every value; ties share the middle of their ranks."""
    known, place, count = np.unique(values, return_inverse=True, return_counts=True)
    rank = (np.cumsum(count) - count / 2) / values.size
    ranks = (np.arange(wanted.size) + 0.5) / wanted.size
    return np.interp(rank, ranks, np.sort(wanted))[place.reshape(values.shape)]
