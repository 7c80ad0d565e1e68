"""The parts that every painting network is made of.

Reflection padding keeps borders from showing; instance normalisation takes a picture's own contrast
out, so that a style's can be put in (Ulyanov et al. 2016); nearest-neighbour upsampling before a
convolution leaves no checkerboard (Odena et al. 2016).
"""

from nstlib.backend import keras, layers, ops
from nstlib.vgg.layers import ReflectionPadding


def normalized(x, epsilon: float = 1e-5, limit: float | None = None):
    """Each channel of each picture brought to mean 0 and standard deviation 1.

    (batch, height, width, channels) -> the same shape. With a `limit`, what lies further than so
    many standard deviations from the mean is cut off: a network may otherwise learn to blind the
    normalisation with one glaring spot, which shows as a droplet in every painting (Karras et al.
    2020, section 2, met it in StyleGAN).
    """
    mean, variance = ops.moments(x, axes=(1, 2), keepdims=True)
    normal = (x - mean) * ops.rsqrt(variance + epsilon)
    return normal if limit is None else ops.clip(normal, -limit, limit)


@keras.saving.register_keras_serializable("nstlib")
class InstanceNormalization(layers.Layer):
    """Give each channel of a picture a contrast and a brightness that were learnt.

    (batch, height, width, channels) -> the same shape: `normalized`, times `gamma`, plus `beta`,
    both (channels,) (Ulyanov et al. 2016). Keras' GroupNormalization with a group for each channel
    does the same by way of five dimensions, which LiteRT loses track of.
    """

    def __init__(self, epsilon: float = 1e-5, limit: float | None = None, **options):
        super().__init__(**{"dtype": "float32", **options})  # means need all the bits
        self.epsilon, self.limit = epsilon, limit

    def build(self, shape):
        self.gamma = self.add_weight(shape=shape[-1:], initializer="ones", name="gamma")
        self.beta = self.add_weight(shape=shape[-1:], initializer="zeros", name="beta")

    def call(self, x):
        return normalized(x, self.epsilon, self.limit) * self.gamma + self.beta

    def compute_output_shape(self, shape):
        return shape

    def get_config(self):
        return {**super().get_config(), "epsilon": self.epsilon, "limit": self.limit}


@keras.saving.register_keras_serializable("nstlib")
class ConditionalInstanceNormalization(layers.Layer):
    """Give each channel the contrast and brightness of a style, or of a mix of styles.

    [x (batch, height, width, channels), mix (batch, styles)] -> the shape of x: `normalized`, then
    scaled and shifted by numbers learnt for each style and weighted by `mix`. With one style this
    is instance normalisation; with several, Dumoulin et al. 2017, eq. 5.
    """

    def __init__(self, styles: int, epsilon: float = 1e-5, limit: float | None = None, **options):
        super().__init__(**{"dtype": "float32", **options})  # means need all the bits
        self.styles, self.epsilon, self.limit = styles, epsilon, limit

    def build(self, shapes):
        shape = (self.styles, shapes[0][-1])
        self.scale = self.add_weight(shape=shape, initializer="ones", name="scale")
        self.shift = self.add_weight(shape=shape, initializer="zeros", name="shift")

    def call(self, inputs):
        x, mix = inputs
        scale = ops.matmul(mix, self.scale)[:, None, None, :]
        shift = ops.matmul(mix, self.shift)[:, None, None, :]
        return normalized(x, self.epsilon, self.limit) * scale + shift

    def compute_output_shape(self, shapes):
        return shapes[0]

    def get_config(self):
        own = {"styles": self.styles, "epsilon": self.epsilon, "limit": self.limit}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable("nstlib")
class Enlarge(layers.Layer):
    """`size` times as high and as wide: every value repeated, or, if `smooth`, linearly between.

    (batch, height, width, channels) -> (batch, size * height, size * width, channels), as Keras'
    UpSampling2D does it by way of five dimensions, which LiteRT loses track of. Repeated values
    leave a lattice of squares, which a convolution has to blur away and does not quite.
    """

    def __init__(self, size: int = 2, smooth: bool = False, **options):
        super().__init__(**options)
        self.size, self.smooth = size, smooth

    def call(self, x):
        _, height, width, channels = ops.shape(x)
        wide = ops.concatenate(self._places(x, 2), axis=3)  # every pixel beside itself, then rows
        wide = ops.reshape(wide, (-1, height, self.size * width, channels))
        tall = ops.concatenate(self._places(wide, 1), axis=2)
        return ops.reshape(tall, (-1, self.size * height, self.size * width, channels))

    def _places(self, x, axis: int) -> list:
        """What comes at the first, the second, … place of every pixel's, along an axis."""
        if not self.smooth:
            return [x] * self.size
        whole, but_first, but_last, first, last = (
            tuple(part if place == axis else slice(None) for place in range(4))
            for part in (slice(None), slice(1, None), slice(-1), slice(1), slice(-1, None))
        )
        before = ops.concatenate([x[first], x[but_last]], axis=axis)
        after = ops.concatenate([x[but_first], x[last]], axis=axis)
        return [0.75 * x[whole] + 0.25 * neighbour for neighbour in (before, after)]

    def compute_output_shape(self, shape):
        larger = (side and self.size * side for side in shape[1:3])  # None stays None
        return (shape[0], *larger, shape[3])

    def get_config(self):
        return {**super().get_config(), "size": self.size, "smooth": self.smooth}


@keras.saving.register_keras_serializable("nstlib")
class CropLike(layers.Layer):
    """[x, picture] -> x without the rows and columns that go beyond the picture."""

    def call(self, inputs):
        x, picture = inputs
        _, height, width, _ = ops.shape(picture)
        return x[:, :height, :width, :]

    def compute_output_shape(self, shapes):
        return (shapes[0][0], *shapes[1][1:3], shapes[0][3])


def convolution(
    x, channels, size, *, mix=None, stride=1, relu=True, limit=None, repeat=False, name
):
    """Reflection padding, convolution, conditional instance normalisation for a `mix`, and ReLU."""
    x = ReflectionPadding(size // 2, repeat, name=f"{name}_pad")(x)
    bias = mix is None  # after a normalisation its shift is the bias
    x = layers.Conv2D(channels, size, strides=stride, use_bias=bias, name=f"{name}_conv")(x)
    if mix is not None:
        norm = ConditionalInstanceNormalization(mix.shape[-1], limit=limit, name=f"{name}_norm")
        x = norm([x, mix])
    return layers.ReLU(name=f"{name}_relu")(x) if relu else x


def doubled(x, channels: int, *, mix=None, name: str):
    """Twice as high and as wide, smoothly, then a convolution of 3 x 3 pixels.

    Where the border is repeated, it is as if the border had been repeated before the doubling.
    """
    x = Enlarge(2, smooth=True, name=f"{name}_up")(x)
    return convolution(x, channels, 3, mix=mix, repeat=True, name=name)


def residual(x, mix, *, limit=None, name: str):
    """Two convolutions whose result is added to what came in (He et al. 2016), no ReLU after it."""
    shared = {"mix": mix, "limit": limit}
    y = convolution(x, x.shape[-1], 3, name=f"{name}a", **shared)
    y = convolution(y, x.shape[-1], 3, relu=False, name=f"{name}b", **shared)
    return layers.Add(name=f"{name}_add")([x, y])


def painting(x, picture, size: int, *, dtype=None):
    """The last convolution, which mixes the colours, cut to the size of `picture`: RGB, 0..1.

    What it gives is float32, whatever the layers compute in.
    """
    x = ReflectionPadding(size // 2, name="paint_pad")(x)
    x = layers.Conv2D(3, size, activation="sigmoid", name="paint", dtype=dtype)(x)
    return CropLike(name="painting", dtype="float32")([x, picture])
