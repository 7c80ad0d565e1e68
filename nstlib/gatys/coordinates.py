"""What a solver turns to change a picture: its pixels, or the waves that they are the sum of.

A solver sees a vector. Pixel by pixel that vector is a poor one: what a painting needs most, large
soft changes of colour, takes thousands of pixels to agree. As amplitudes of waves each such change
is one number, and stretching the axes of low frequencies lets the solver take
large waves in large steps. Olah, Mordvintsev & Schubert 2017, section "Preconditioning", do this
with Fourier amplitudes; the cosine transform used here has mirrors for borders, as the picture has.
"""

from typing import Protocol

import numpy as np

from nstlib.errors import InputError

SLOPE = 0.3  # amplitudes / frequency ** SLOPE; 0.5 helps one pair of four, 0.25 to 0.35 all tried
LEASH = 1.0  # what a picture all of whose values are 1 too bright pays, in times the start's total


class Coordinates(Protocol):
    """A linear map between a solver's vector and a picture (1, height, width, 3)."""

    bounds: tuple[float, float] | None  # of every coordinate

    def vector(self, picture: np.ndarray) -> np.ndarray:
        """The coordinates (count,) of a picture."""

    def picture(self, vector: np.ndarray) -> np.ndarray:
        """The picture at these coordinates."""

    def slope(self, gradient: np.ndarray) -> np.ndarray:
        """A gradient by pixels, of the picture's shape, as one by coordinates."""


class Pixels:
    """Every value of the picture is a coordinate, and bounded as it is."""

    bounds = (0.0, 1.0)

    def __init__(self, shape: tuple[int, ...]):
        self.shape = shape

    def vector(self, picture):
        return np.asarray(picture, "float64").ravel()

    def picture(self, vector):
        return vector.reshape(self.shape)

    def slope(self, gradient):
        return np.asarray(gradient, "float64").ravel()


class Waves:
    """Cosine amplitudes, each multiplied by frequency ** SLOPE: low frequencies move furthest.

    The transform is orthonormal, so that only the frequencies change what a step means. Waves know
    no bounds; `leashed` keeps the picture within 0..1.
    """

    bounds = None

    def __init__(self, shape: tuple[int, ...]):
        _, height, width, _ = shape
        down, right = np.arange(height)[:, None] / height, np.arange(width)[None] / width
        frequency = np.maximum(np.hypot(down, right), 1 / max(height, width))
        self.shape = shape
        self.reach = ((frequency / frequency.max()) ** -SLOPE)[None, :, :, None]

    def vector(self, picture):
        return (_cosine(np.asarray(picture, "float64")) / self.reach).ravel()

    def picture(self, vector):
        return _cosine(self.reach * vector.reshape(self.shape), inverse=True)

    def slope(self, gradient):
        return (self.reach * _cosine(np.asarray(gradient, "float64"))).ravel()


def _cosine(picture: np.ndarray, inverse: bool = False) -> np.ndarray:
    from scipy import fft

    transform = fft.idctn if inverse else fft.dctn
    return transform(picture, axes=(1, 2), norm="ortho", workers=-1)


COORDINATES = {"pixels": Pixels, "waves": Waves}


def coordinates(name: str, shape: tuple[int, ...]) -> Coordinates:
    """The coordinates of that name for pictures of a shape (1, height, width, 3)."""
    if name not in COORDINATES:
        raise InputError(f"coordinates is {name!r}; it can be {' or '.join(COORDINATES)}.")
    return COORDINATES[name](shape)


def leashed(evaluate, picture: np.ndarray, weight: float):
    """`evaluate` for a picture that may leave 0..1: of its clipped self, and a pull back inside.

    `evaluate(picture) -> (total, terms, gradient)`. Returns the clipped picture (float32), its
    total and terms, the price of leaving (weight * mean squared excess), and the gradient of their
    sum.
    """
    inside = np.clip(picture, 0, 1)
    total, terms, gradient = evaluate(inside.astype("float32"))
    excess = picture - inside
    price = weight * float(np.mean(np.square(excess)))
    gradient = np.where(excess == 0, gradient, 2 * weight / excess.size * excess)
    return inside.astype("float32"), total, terms, price, gradient
