"""The second thing a network does: it lays a ground on the photo, as painters prime a canvas.

In a cloudless sky the only thing a network sees is the lattice of its own steps, and it paints
that: an even weave. Smooth noise, a little of it, is something to paint on instead. It is the noise
that texture networks begin with (Ulyanov et al. 2016).
"""

import numpy as np

from nstlib.backend import keras, layers, ops
from nstlib.networks.palette import Palette

# Of a lattice of random numbers, how many there are, and the pixels between two of them; the
# standard deviation in pixels of the bump that each is spread to. Half precision knows them all.
KNOTS, SPACING, SMOOTHNESS = 128, 4.0, 5.12
STRENGTH = 0.05  # standard deviation, of brightness 0..1


def knots() -> np.ndarray:
    """The random numbers (KNOTS, KNOTS), scaled so that the ground's standard deviation is 1."""
    numbers = np.random.default_rng(3).standard_normal((KNOTS, KNOTS))
    return (numbers * SPACING / (np.sqrt(np.pi) * SMOOTHNESS)).astype("float32")


def ground(rows, columns):
    """The ground at places, in pixels: rows (…, height), columns (…, width) -> (…, height, width).

    White noise, smoothed by a Gaussian: a function of the place, which comes again every
    KNOTS * SPACING pixels. Since a Gaussian is one of the row times one of the column, all bumps
    are added up in two products of thin matrices.
    """
    return _bumps(rows) @ knots() @ ops.swapaxes(_bumps(columns), -1, -2)


def _bumps(places):
    """How much of each knot is at each place: (…, length) -> (…, length, KNOTS)."""
    turns = places[..., None] / (KNOTS * SPACING) - np.arange(KNOTS, dtype="float32") / KNOTS
    distance = (turns - ops.floor(turns + 0.5)) * (KNOTS * SPACING / SMOOTHNESS)
    return ops.exp(-0.5 * ops.square(distance))


@keras.saving.register_keras_serializable("nstlib")
class Ground(layers.Layer):
    """Pictures (batch, height, width, 3), RGB, 0..1 -> the same with a ground laid on them.

    The same for all, always; `strength` is its standard deviation.
    """

    def __init__(self, strength: float = STRENGTH, **options):
        super().__init__(**{"dtype": "float32", **options})
        self.strength = strength

    def call(self, pictures):
        _, height, width, _ = ops.shape(pictures)
        places = (ops.cast(ops.arange(side, dtype="int32"), "float32") for side in (height, width))
        laid = ops.reshape(self.strength * ground(*places), (1, height, width, 1))
        return ops.clip(pictures + laid, 0, 1)

    def compute_output_shape(self, shape):
        return shape

    def get_config(self):
        return {**super().get_config(), "strength": self.strength}


def primed(image, colors):
    """What a network paints on: the image in a palette (batch, COLORS), and a ground on it."""
    return Ground(name="ground")(Palette(name="palette")([image, colors]))
