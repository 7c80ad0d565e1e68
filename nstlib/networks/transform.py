"""Image transform networks: a whole painting in one pass, for the styles they were trained on.

Johnson, Alahi & Fei-Fei 2016, with the conditional instance normalisation of Dumoulin et al. 2017,
so that one network holds many styles; with one style it is Johnson's network.
"""

import keras
from keras import layers

from nstlib.errors import InputError, did_you_mean
from nstlib.networks.blocks import CropLike, convolution, residual, upsample
from nstlib.vgg import ReflectionPadding

# Encoder channels with their kernel and stride, residual blocks, decoder channels, last kernel.
DESIGNS = {
    # Johnson et al. 2016, supplementary material: c9s1-32, d64, d128, R128 x 5, u64, u32, c9s1-3.
    "johnson": (((32, 9, 1), (64, 3, 2), (128, 3, 2)), 5, (64, 32), 9),
    # Works at an eighth of the size, where a convolution costs a sixty-fourth.
    "light": (((16, 5, 2), (32, 3, 2), (64, 3, 2)), 5, (32, 16, 16), 3),
}


def transform_network(design: str = "light", *, styles: int = 1) -> keras.Model:
    """A network [picture, mix] -> painting.

    picture (batch, height, width, 3), RGB, 0..1, any size above 16 pixels a side; mix (batch,
    styles), the share of each style, in all 1; painting of exactly the picture's size, RGB, 0..1.
    """
    if design not in DESIGNS:
        hint = did_you_mean(design, DESIGNS)
        raise InputError(f"There is no design {design!r}.{hint} Designs: {', '.join(DESIGNS)}.")
    encoder, residuals, decoder, last = DESIGNS[design]
    image = keras.Input((None, None, 3), name="image")
    mix = keras.Input((styles,), name="mix")
    x = image
    for number, (channels, size, stride) in enumerate(encoder, start=1):
        x = convolution(x, mix, channels, size, stride=stride, name=f"down{number}")
    for number in range(1, residuals + 1):
        x = residual(x, mix, name=f"residual{number}")
    for number, channels in enumerate(decoder, start=1):
        x = upsample(x, mix, channels, name=f"up{number}")
    x = ReflectionPadding(last // 2, name="paint_pad")(x)
    x = layers.Conv2D(3, last, activation="sigmoid", name="paint")(x)
    painting = CropLike(name="painting")([x, image])
    return keras.Model([image, mix], painting, name=f"transform_{design}")
