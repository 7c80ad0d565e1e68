"""The parts that every painting network is made of.

Reflection padding keeps borders from showing; instance normalisation takes a picture's own contrast
out, so that a style's can be put in (Ulyanov et al. 2016); nearest-neighbour upsampling before a
convolution leaves no checkerboard (Odena et al. 2016).
"""

from nstlib.backend import keras, layers, ops
from nstlib.vgg.layers import ReflectionPadding


@keras.saving.register_keras_serializable("nstlib")
class ConditionalInstanceNormalization(layers.Layer):
    """Give each channel the contrast and brightness of a style, or of a mix of styles.

    [x (batch, height, width, channels), mix (batch, styles)] -> the shape of x: each channel of
    each picture is brought to mean 0 and standard deviation 1, then scaled and shifted by numbers
    learnt for each style and weighted by `mix`. With one style this is instance normalisation
    (Ulyanov et al. 2016); with several, Dumoulin et al. 2017, eq. 5.

    With a `limit`, what lies further than so many standard deviations from the mean is cut off. A
    network may otherwise learn to blind the normalisation with one glaring spot, which shows as a
    droplet in every painting (Karras et al. 2020, section 2, met it in StyleGAN).
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
        mean, variance = ops.moments(x, axes=(1, 2), keepdims=True)
        scale = ops.matmul(mix, self.scale)[:, None, None, :]
        shift = ops.matmul(mix, self.shift)[:, None, None, :]
        normal = (x - mean) * ops.rsqrt(variance + self.epsilon)
        if self.limit is not None:
            normal = ops.clip(normal, -self.limit, self.limit)
        return normal * scale + shift

    def compute_output_shape(self, shapes):
        return shapes[0]

    def get_config(self):
        own = {"styles": self.styles, "epsilon": self.epsilon, "limit": self.limit}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable("nstlib")
class CropLike(layers.Layer):
    """[x, picture] -> x without the rows and columns that go beyond the picture."""

    def call(self, inputs):
        x, picture = inputs
        _, height, width, _ = ops.shape(picture)
        return x[:, :height, :width, :]

    def compute_output_shape(self, shapes):
        return (shapes[0][0], *shapes[1][1:3], shapes[0][3])


def convolution(x, mix, channels: int, size: int, *, stride=1, relu=True, limit=None, name=""):
    """Reflection padding, convolution, conditional instance normalisation, and a ReLU if wanted."""
    x = ReflectionPadding(size // 2, name=f"{name}_pad")(x)
    x = layers.Conv2D(channels, size, strides=stride, use_bias=False, name=f"{name}_conv")(x)
    norm = ConditionalInstanceNormalization(mix.shape[-1], limit=limit, name=f"{name}_norm")
    x = norm([x, mix])
    return layers.ReLU(name=f"{name}_relu")(x) if relu else x


def residual(x, mix, *, limit=None, name: str):
    """Two convolutions whose result is added to what came in (He et al. 2016), no ReLU after it."""
    channels = x.shape[-1]
    y = convolution(x, mix, channels, 3, limit=limit, name=f"{name}a")
    y = convolution(y, mix, channels, 3, relu=False, limit=limit, name=f"{name}b")
    return layers.Add(name=f"{name}_add")([x, y])


def upsample(x, mix, channels: int, *, limit=None, name: str):
    """Twice the size: every value repeated, then a convolution."""
    x = layers.UpSampling2D(2, interpolation="nearest", name=f"{name}_up")(x)
    return convolution(x, mix, channels, 3, limit=limit, name=name)
