"""Texture networks: noise in at several sizes, a texture out, as large as the noise.

Ulyanov, Lebedev, Vedaldi & Lempitsky 2016. Coarse noise decides where a brick lies, fine noise its
grain. We depart from the paper in three things. Nothing is padded: each map of noise is a little
larger than what is painted, and who makes the noise decides what lies beyond the border. Noise that
goes on at the other side makes a texture that can be laid side by side without a seam, and a piece
of a large texture is painted from its piece of the noise. Normalisation learns its means and
spreads, and a trained network has them in its kernels: a statistic of the picture would make large
textures other than small ones. Coarse levels, which cost little, have more channels than fine ones.
"""

import numpy as np

from nstlib.backend import keras, layers, ops, own_settings
from nstlib.networks.blocks import Enlarge

CHANNELS = (
    16,
    24,
    32,
    48,
    48,
    48,
)  # of each level, the finest first; each is half of the one before
CONVOLUTIONS = 2  # at each level
CELL = 2 ** (len(CHANNELS) - 1)  # pixels of the texture that share a number of the coarsest noise
NOISE = 3  # numbers at each place of each level
SPREAD = 12**0.5  # brings noise that is even in 0..1 to a standard deviation of 1


def _margins() -> tuple[tuple[int, ...], tuple[int, ...]]:
    """By how much noise goes beyond the texture at each level, and what is cut off after doubling.

    Both in places of the level, on each side, the finest level first.
    """
    beyond, cut, made = [], [], 0
    for _ in CHANNELS:
        taken = made + CONVOLUTIONS  # a convolution of 3 x 3 takes one place away on each side
        made = -(-taken // 2)
        beyond.append(taken)
        cut.append(2 * made - taken)
    return tuple(beyond), tuple(cut)


MARGINS, _CUT = _margins()


@own_settings()
def texture_network(*, normalized: bool = False) -> keras.Model:
    """A network [noise, …] -> texture: one map of noise a level, the finest first.

    Each map is (batch, height / 2^level + 2 * margin, width / 2^level + 2 * margin, 3), with height
    and width multiples of CELL and the margin of `MARGINS`; values have mean 0 and standard
    deviation 1 (`noise_maps`). The texture is (batch, height, width, 3), RGB, 0..1. A network that
    is to learn is `normalized`: `plain` turns it into one that is not.
    """
    noise = [keras.Input((None, None, NOISE), name=f"noise{n}") for n in range(len(CHANNELS))]
    return keras.Model(noise, _texture(noise, normalized), name="texture")


@own_settings()
def tile_network(network: keras.Model) -> keras.Model:
    """The same as a network picture of noise -> texture, which makes the maps of noise itself.

    Both (1, height, width, 3), 0..1, sides multiples of CELL. The noise goes on at the other side,
    so the texture does. For files for other programs.
    """
    image = keras.Input((None, None, NOISE), name="image")
    maps = [NoiseLevel(level, name=f"noise{level}") for level in range(len(CHANNELS))]
    made = keras.Model(image, _texture([level(image) for level in maps], False), name="texture")
    made.set_weights(network.get_weights())
    return made


def _texture(noise: list, normalized: bool):
    """From the coarsest level to the finest; what is made joins the noise of the next."""
    x = None
    for level in reversed(range(len(CHANNELS))):
        if x is None:
            x = noise[level]
        else:
            x = Enlarge(2, name=f"level{level}_up")(x)
            if _CUT[level]:
                x = layers.Cropping2D(_CUT[level], name=f"level{level}_cut")(x)
            x = layers.Concatenate(name=f"level{level}_join")([x, noise[level]])
        for number in range(1, CONVOLUTIONS + 1):
            name = f"level{level}_{number}"
            x = layers.Conv2D(CHANNELS[level], 3, use_bias=not normalized, name=f"{name}_conv")(x)
            if normalized:
                norm = layers.BatchNormalization(momentum=0.95, name=f"{name}_norm")
                x = norm(x)
            x = layers.ReLU(name=f"{name}_relu")(x)
    return layers.Conv2D(NOISE, 1, activation="sigmoid", dtype="float32", name="paint")(x)


def plain(network: keras.Model, *, gray: bool = False) -> keras.Model:
    """A trained network without its normalisation, whose numbers go into kernels and biases.

    With `gray` the three colours are painted alike, as their mean.
    """
    made = texture_network()
    for layer in made.layers:
        if not isinstance(layer, layers.Conv2D):
            continue
        weights = network.get_layer(layer.name).get_weights()
        if layer.name == "paint":
            if gray:
                weights = [np.repeat(w.mean(-1, keepdims=True), NOISE, -1) for w in weights]
            layer.set_weights(weights)
            continue
        norm = network.get_layer(layer.name.replace("conv", "norm"))
        scale, shift, mean, variance = norm.get_weights()
        scale = scale / np.sqrt(variance + norm.epsilon)
        layer.set_weights([weights[0] * scale, shift - mean * scale])
    return made


# --- Noise ----------------------------------------------------------------------------------------


def noise_maps(noise: np.ndarray, top: int, left: int, height: int, width: int) -> list[np.ndarray]:
    """What `texture_network` takes for a piece of a texture, from the noise of the whole.

    noise (height, width, 3), even in 0..1, goes on at the other side; it, the piece, and where it
    begins are multiples of CELL. Level n sees every 2^n-th row and column of it.
    """
    maps = []
    for level, margin in enumerate(MARGINS):
        step, offset = 2**level, 2**level // 2  # so that no two of the coarser share a place
        part = noise
        for axis, (begin, length) in enumerate([(top, height), (left, width)]):
            places = np.arange(begin // step - margin, (begin + length) // step + margin)
            part = np.take(part, places * step + offset, axis=axis, mode="wrap")
        maps.append(((part - 0.5) * SPREAD).astype("float32")[None])
    return maps


@keras.saving.register_keras_serializable("nstlib")
class NoiseLevel(layers.Layer):
    """A picture of noise, 0..1 -> the map of one level, as `noise_maps` makes it of the whole.

    (batch, height, width, 3) -> (batch, height / 2^level + 2 * margin, …, 3).
    """

    def __init__(self, level: int, **options):
        super().__init__(**options)
        self.level, self.step, self.margin = level, 2**level, MARGINS[level]

    def call(self, noise):
        _, height, width, _ = ops.shape(noise)
        for axis, side in ((1, height), (2, width)):
            end = side // self.step + self.margin
            places = ops.arange(-self.margin, end, dtype="int32")
            places = (places * self.step + self.step // 2) % side
            noise = ops.take(noise, places, axis=axis)
        return (noise - 0.5) * SPREAD

    def compute_output_shape(self, shape):
        sides = (side and side // self.step + 2 * self.margin for side in shape[1:3])
        return (shape[0], *sides, shape[3])

    def get_config(self):
        return {**super().get_config(), "level": self.level}
