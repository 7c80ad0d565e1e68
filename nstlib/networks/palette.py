"""The first thing a network does: it mixes the photo in the colours of the painting.

A network that is to keep the photo's content and take the painting's colours at once settles on one
mean colour. So the photo is first given the painting's mean and covariance of colours, a closed
form in which nothing is learnt (compare Gatys et al. 2016 b, section 5.1), and brushwork is all
that is left to learn. It is one more place where a style is a shift and a scale, here a 3 x 3 one.
"""

import numpy as np

from nstlib.backend import keras, layers, ops
from nstlib.images.arrays import as_image

# Light, yellow against blue, red against green (Ruderman et al. 1998, of RGB): rows of length 1, so
# that the transpose leads back.
OPPONENT = np.array([[1, 1, 1], [1, 1, -2], [1, -1, 0]], "float32") / np.sqrt(
    np.array([[3], [6], [2]], "float32")
)
COLORS = 10  # numbers that describe a palette
LOWER = np.tril_indices(3)  # where in a matrix the six of a Cholesky factor lie
GAIN = 3.0  # no colour is spread further: a gray sky would become confetti
FLAT = 1 / 255  # a standard deviation below one step of an 8-bit picture is rounding, not colour


def palette_of(painting) -> np.ndarray:
    """The colours of a painting (1, height, width, 3), RGB, 0..1, as numbers (COLORS,).

    In opponent colours their mean, the Cholesky factor of their covariance, row by row, and a 1:
    their share, which makes sums of palettes, weighted by shares, palettes too.
    """
    colors = as_image(painting).reshape(-1, 3).astype("float64") @ OPPONENT.T
    factor = np.linalg.cholesky(np.cov(colors.T, bias=True) + 1e-9 * np.eye(3))
    return np.concatenate([colors.mean(axis=0), factor[LOWER], [1]]).astype("float32")


def in_palette(pictures, colors):
    """Pictures (batch, height, width, 3), RGB, 0..1, in palettes (batch, COLORS).

    Each opponent colour is freed of what those before it say (Gram and Schmidt), brought to a
    standard deviation of 1, and all are given the painting's covariance and mean. What a palette
    lacks of a share of 1 stays as it was. A gray picture has no colours to spread, so its shades
    take those that the painting's lights and darks have.
    """
    mean, factor, share = _parts(colors)
    shape = ops.shape(pictures)
    pixels = ops.reshape(pictures, (shape[0], -1, 3))
    center = ops.mean(pixels, axis=1, keepdims=True)
    apart = pixels - center
    count = ops.cast(shape[1] * shape[2], "float32")
    covariance = OPPONENT @ (ops.transpose(apart, (0, 2, 1)) @ apart / count) @ OPPONENT.T
    least = ops.sum(factor * np.eye(3, dtype="float32"), axis=2)  # the diagonal
    least = least / (GAIN * ops.maximum(share, 1e-3))
    matrix = OPPONENT.T @ factor @ _whitening(covariance, least) @ OPPONENT
    matched = apart @ ops.transpose(matrix, (0, 2, 1)) + (mean @ OPPONENT)[:, None]
    whole = matched + (1 - share)[:, None] * pixels
    return ops.reshape(ops.clip(whole, 0, 1), shape)


def _parts(colors):
    """Palettes (batch, COLORS) as means (batch, 3), factors (batch, 3, 3), shares (batch, 1)."""
    places = np.zeros((6, 9), "float32")
    places[range(6), np.ravel_multi_index(LOWER, (3, 3))] = 1
    return colors[:, :3], ops.reshape(colors[:, 3:9] @ places, (-1, 3, 3)), colors[:, 9:]


def _whitening(covariance, least):
    """W (batch, 3, 3), for which W covariance W^T is 1, but that no row is divided by less than
    `least` (batch, 3)."""
    rows, scaled = [], []
    for number, axis in enumerate(np.eye(3, dtype="float32")):
        row = ops.zeros_like(covariance[:, :1]) + axis
        for before, variance in rows:
            row = row - _product(row, covariance, before) / variance * before
        variance = ops.maximum(_product(row, covariance, row), FLAT**2)
        rows.append((row, variance))
        scaled.append(row / ops.maximum(ops.sqrt(variance), least[:, number, None, None]))
    return ops.concatenate(scaled, axis=1)


def _product(left, covariance, right):
    """Of two rows (batch, 1, 3): (batch, 1, 1)."""
    return left @ covariance @ ops.transpose(right, (0, 2, 1))


@keras.saving.register_keras_serializable("nstlib")
class Palette(layers.Layer):
    """[pictures, palettes (batch, COLORS)] -> the pictures `in_palette`."""

    def __init__(self, **options):
        super().__init__(**{"dtype": "float32", **options})

    def call(self, inputs):
        return in_palette(*inputs)

    def compute_output_shape(self, shapes):
        return shapes[0]


@keras.saving.register_keras_serializable("nstlib")
class OnePalette(layers.Layer):
    """Pictures -> the pictures in the palette that is the layer's weight, (COLORS,)."""

    def __init__(self, **options):
        super().__init__(**{"dtype": "float32", **options})

    def build(self, shape):
        self.colors = self.add_weight(shape=(COLORS,), name="colors", trainable=False)

    def call(self, pictures):
        colors = ops.broadcast_to(self.colors, (ops.shape(pictures)[0], COLORS))
        return in_palette(pictures, colors)

    def compute_output_shape(self, shape):
        return shape


def table_of_palettes(mix):
    """The layer with a row (COLORS,) for each style: mix (batch, styles) -> (batch, COLORS)."""
    table = layers.Dense(
        COLORS, use_bias=False, kernel_initializer="zeros", dtype="float32", name="colors"
    )
    table.trainable = False  # it is measured: `set_palettes`
    return table(mix)


def set_palettes(network: keras.Model, paintings: dict[int, np.ndarray]) -> None:
    """Measure the palettes of paintings, by the number of the style, for a network with a table."""
    table = network.get_layer("colors")
    rows = table.get_weights()[0].copy()
    for number, painting in paintings.items():
        rows[number] = palette_of(painting)
    table.set_weights([rows])
