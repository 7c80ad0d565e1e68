"""Diffusion: a network that takes noise out of a picture, little by little, and so paints one.

A picture x, RGB, scaled to -1..1, and noise e, normal, are mixed at a time t, 0..1:
z = alpha(t) x + sigma(t) e, from the picture at 0 to nothing but noise at 1. The network is shown z
and t and says v = alpha e - sigma x (Salimans & Ho 2022, section 4), which holds both:
x = alpha z - sigma v, e = sigma z + alpha v. To paint is to begin with noise, or with a photo with
some noise on it (SDEdit, Meng et al. 2022), and to go back to time 0 in steps (DDIM, Song et al.
2021).
"""

import math

import numpy as np

from nstlib.backend import keras, layers, ops, own_settings
from nstlib.networks.blocks import Enlarge
from nstlib.vgg.layers import ReflectionPadding

CHANNELS = (48, 80, 144)  # of each level, the finest first; each is half as high as the one before
BLOCKS = (1, 2, 3)  # of each level, on the way down and, but for the last, again on the way up
CELL = 2 ** (len(CHANNELS) - 1)  # pixels: both sides of a picture are multiples of it
EMBEDDING = 64  # numbers that say the time
# How far the network sees, in pixels: its convolutions, down and up again, what lies between when
# it enlarges, the first and the last; and up to a cell more, where squares are averaged.
_SIZES = [2**level for level in range(len(CHANNELS))]
_PAIRS = sum(2 * count * size for count, size in zip(BLOCKS, _SIZES, strict=True))
_SEEN = 2 * _PAIRS - 2 * BLOCKS[-1] * CELL + sum(_SIZES[1:]) + 2
REACH = -(-_SEEN // CELL) * CELL + CELL
FASTEST = 1000.0  # of the waves that the time is said in, in radians a unit of time


# --- Pictures and noise ---------------------------------------------------------------------------


def levels(time) -> tuple[np.ndarray, np.ndarray]:
    """How much of the picture, alpha, and how much noise, sigma, there is at a time, 0..1.

    A quarter of a circle: alpha = cos(pi t / 2), sigma = sin(pi t / 2), so that alpha^2 + sigma^2
    is 1 and the variance of z that of picture and noise. A number -> numbers; (batch, 1) -> both
    (batch, 1, 1, 1). Salimans & Ho 2022 simplify the cosine of Nichol & Dhariwal 2021 to this.
    """
    angle = np.asarray(time, "float64") * (math.pi / 2)
    angle = angle.reshape(-1, 1, 1, 1) if angle.ndim else angle
    return np.float32(np.cos(angle)), np.float32(np.sin(angle))


def mixed(picture, noise, time) -> tuple[np.ndarray, np.ndarray]:
    """z, the picture with noise on it, and v, what a network is to say of z.

    picture, in -1..1, and noise are (batch, height, width, 3), and so are z and v; time is a number
    or (batch, 1).
    """
    alpha, sigma = levels(time)
    return alpha * picture + sigma * noise, alpha * noise - sigma * picture


def parted(noisy, velocity, time) -> tuple[np.ndarray, np.ndarray]:
    """The picture and the noise that z is made of if v is right: `mixed`, the other way round."""
    alpha, sigma = levels(time)
    return alpha * noisy - sigma * velocity, sigma * noisy + alpha * velocity


# --- The network ----------------------------------------------------------------------------------


@keras.saving.register_keras_serializable("nstlib")
class TimeWaves(layers.Layer):
    """A time, 0..1, as sines and cosines of many lengths, so that near times can be told apart.

    (batch, 1) -> (batch, EMBEDDING). The positions of Vaswani et al. 2017, section 3.5.
    """

    def call(self, time):
        half = EMBEDDING // 2
        pace = ops.exp(ops.arange(half, dtype="float32") * (math.log(FASTEST) / (half - 1)))
        return ops.concatenate([ops.sin(time * pace), ops.cos(time * pace)], axis=-1)

    def compute_output_shape(self, shape):
        return (shape[0], EMBEDDING)


@keras.saving.register_keras_serializable("nstlib")
class TimedNormalization(layers.Layer):
    """At each place a root mean square of 1 over the channels, then as the time says.

    [x (batch, height, width, channels), time (batch, EMBEDDING)] -> the shape of x. A scale and a
    shift for each channel, as a style says them in conditional instance normalisation. The root
    mean square (Zhang & Sennrich 2019) is that of one place, not of the picture, so that what was
    learnt on small squares holds for pictures of any size, and for one that is painted in tiles.
    """

    def __init__(self, epsilon: float = 1e-5, **options):
        super().__init__(**{"dtype": "float32", **options})
        self.epsilon = epsilon

    def build(self, shapes):
        (*_, channels), (_, size) = shapes
        self.kernel = self.add_weight(
            shape=(size, 2 * channels), name="kernel", initializer="zeros"
        )
        self.bias = self.add_weight(shape=(2 * channels,), name="bias", initializer="zeros")

    def call(self, inputs):
        x, time = inputs
        said = ops.matmul(time, self.kernel) + self.bias
        scale, shift = ops.split(said[:, None, None, :], 2, axis=-1)
        power = ops.mean(ops.square(x), axis=-1, keepdims=True)
        return x * ops.rsqrt(power + self.epsilon) * (1 + scale) + shift

    def compute_output_shape(self, shapes):
        return shapes[0]

    def get_config(self):
        return {**super().get_config(), "epsilon": self.epsilon}


@own_settings()
def diffusion_network() -> keras.Model:
    """An untrained network [z, time] -> v: a U-Net (Ronneberger et al. 2015) of convolutions alone.

    z (batch, height, width, 3) is a picture with noise, both sides multiples of CELL; time (batch,
    1), 0..1; v has the shape of z. What was seen on the way down is added on the way up, where it
    has the same size; the paper puts it beside. Nothing looks at the picture as a whole.
    """
    noisy, time = keras.Input((None, None, 3), name="noisy"), keras.Input((1,), name="time")
    said = TimeWaves(name="waves", dtype="float32")(time)
    said = layers.Dense(EMBEDDING, "silu", name="time_1", dtype="float32")(said)
    said = layers.Dense(EMBEDDING, "silu", name="time_2", dtype="float32")(said)
    x, seen = _convolution(noisy, CHANNELS[0], name="first"), []
    for level, channels in enumerate(CHANNELS):
        if level:
            seen.append(x)
            x = layers.AveragePooling2D(2, name=f"down{level}_pool")(x)
            x = layers.Conv2D(channels, 1, name=f"down{level}_mix")(x)
        x = _blocks(x, said, BLOCKS[level], f"down{level}")
    for level in reversed(range(len(CHANNELS) - 1)):
        x = layers.Conv2D(CHANNELS[level], 1, name=f"up{level}_mix")(x)
        x = Enlarge(2, smooth=True, name=f"up{level}_enlarge")(x)
        x = layers.Add(name=f"up{level}_join")([x, seen[level]])
        x = _blocks(x, said, BLOCKS[level], f"up{level}")
    x = TimedNormalization(name="last_norm")([x, said])
    v = _convolution(x, 3, zero=True, name="last", dtype="float32")
    return keras.Model([noisy, time], v, name="diffusion")


def _blocks(x, time, count: int, name: str):
    """Pairs of convolutions; what each pair makes is added to what came in, at first nothing."""
    for number in range(1, count + 1):
        block, channels = f"{name}_{number}", x.shape[-1]
        y = _convolution(x, channels, name=f"{block}a")
        y = TimedNormalization(name=f"{block}_norm")([y, time])
        y = layers.Activation("silu", name=f"{block}_silu")(y)
        y = _convolution(y, channels, zero=True, name=f"{block}b")
        x = layers.Add(name=f"{block}_add")([x, y])
    return x


def _convolution(x, channels: int, *, zero: bool = False, name: str, dtype=None):
    """3 x 3 pixels, mirrored at the border, that stays unseen; with `zero` it begins at nothing."""
    x = ReflectionPadding(1, name=f"{name}_pad")(x)
    start = "zeros" if zero else "glorot_uniform"
    return layers.Conv2D(channels, 3, kernel_initializer=start, name=f"{name}_conv", dtype=dtype)(x)
