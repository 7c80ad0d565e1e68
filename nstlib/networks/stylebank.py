"""StyleBank: one auto-encoder for all pictures, and for each style a small bank of filters.

Chen, Yuan, Liao, Yu & Hua 2017. The encoder and the decoder learn to give a photo back; a bank
between them repaints what passes. A new style is a new bank: the auto-encoder stays as it is. We
depart in having no normalisation in the auto-encoder, since it takes a photo's own colours away.
"""

from nstlib.backend import keras, layers, ops, own_settings
from nstlib.networks.blocks import InstanceNormalization, convolution, doubled, painting
from nstlib.networks.ground import primed
from nstlib.networks.palette import table_of_palettes
from nstlib.vgg.layers import ReflectionPadding

ENCODER = ((24, 5, 1), (48, 3, 2), (64, 3, 2))  # channels, kernel, stride
BANK = 3  # convolutions in each bank


@keras.saving.register_keras_serializable("nstlib")
class MixBanks(layers.Layer):
    """[mix (batch, styles), features, one tensor a bank] -> their sum by the shares in the mix.

    What is left of 1 goes to the features as they came: a mix of zeros is the auto-encoder, and
    half a share is half the strength.
    """

    def call(self, inputs):
        mix, features, *painted = inputs
        total = (1 - ops.sum(mix, axis=1))[:, None, None, None] * features
        for number, bank in enumerate(painted):
            total = total + mix[:, number][:, None, None, None] * bank
        return total

    def compute_output_shape(self, shapes):
        return shapes[1]


@own_settings()
def stylebank_network(*, styles: int) -> keras.Model:
    """A network [picture, mix] -> painting.

    picture (batch, height, width, 3), RGB, 0..1, sides of 8 pixels or more; mix (batch, styles),
    the share of each style, in all from 0 (the photo itself, as the auto-encoder sees it) to 1;
    painting of exactly the picture's size, RGB, 0..1.
    """
    image = keras.Input((None, None, 3), name="image")
    mix = keras.Input((styles,), name="mix")
    x = canvas = primed(image, table_of_palettes(mix))
    for number, (channels, size, stride) in enumerate(ENCODER, start=1):
        x = convolution(x, channels, size, stride=stride, name=f"encoder{number}")
    x = MixBanks(name="mix_banks")([mix, x, *(_bank(x, f"bank{n}") for n in range(1, styles + 1))])
    for number, (channels, *_) in enumerate(reversed(ENCODER[:-1]), start=1):
        x = doubled(x, channels, name=f"decoder{number}")
    return keras.Model([image, mix], painting(x, canvas, 5), name="stylebank")


def _bank(x, name: str):
    """A style: convolutions with instance normalisation."""
    for number in range(1, BANK + 1):
        part, last = f"{name}_{number}", number == BANK
        x = ReflectionPadding(1, name=f"{part}_pad")(x)
        x = layers.Conv2D(x.shape[-1], 3, use_bias=last, name=f"{part}_conv")(x)
        if not last:
            x = InstanceNormalization(name=f"{part}_norm")(x)
            x = layers.ReLU(name=f"{part}_relu")(x)
    return x
