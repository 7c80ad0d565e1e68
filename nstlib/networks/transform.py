"""Image transform networks: a whole painting in one pass, for the styles they were trained on.

Johnson, Alahi & Fei-Fei 2016, with the conditional instance normalisation of Dumoulin et al. 2017,
so that one network holds many styles; with one style it is Johnson's network.
"""

from typing import NamedTuple

from nstlib.backend import keras, layers, own_settings
from nstlib.errors import choice
from nstlib.networks.blocks import CropLike, convolution, doubled, painting, residual
from nstlib.networks.ground import primed
from nstlib.networks.palette import table_of_palettes


class Design(NamedTuple):
    """Encoder: channels, kernel and stride of each convolution; decoder: channels after each
    doubling; last: the kernel that mixes the colours; skip: after how many doublings what the
    encoder saw at that size joins the decoder; limit: of the normalisation on the
    way down and in the residual blocks.
    """

    encoder: tuple[tuple[int, int, int], ...]
    residuals: int
    decoder: tuple[int, ...]
    last: int
    skip: int = 0
    limit: float | None = None


DESIGNS = {
    # Johnson et al. 2016, supplementary material: c9s1-32, d64, d128, R128 x 5, u64, u32, c9s1-3.
    # The limit is ours: without it, both designs learnt to paint droplets.
    "johnson": Design(((32, 9, 1), (64, 3, 2), (128, 3, 2)), 5, (64, 32), last=9, limit=4.0),
    # Works at an eighth of the size, where a convolution costs a sixty-fourth; the skip carries
    # what is lost on the last step down. (One from half the size tints the photo and paints less.)
    "light": Design(((16, 5, 2), (32, 3, 2), (64, 3, 2)), 5, (32, 16, 16), 3, skip=1, limit=4.0),
    # Zhu et al. 2017, appendix 7.2, with a quarter of the channels and four residual blocks.
    "cyclegan": Design(((16, 7, 1), (32, 3, 2), (64, 3, 2)), 4, (32, 16), last=7, skip=2),
}


@own_settings()
def transform_network(design: str = "light", *, styles: int = 1) -> keras.Model:
    """A network [picture, mix] -> painting.

    picture (batch, height, width, 3), RGB, 0..1, any size above 16 pixels a side; mix (batch,
    styles), the share of each style, in all 1; painting of exactly the picture's size, RGB, 0..1.
    """
    plan = DESIGNS[choice("design", design, DESIGNS)]
    image = keras.Input((None, None, 3), name="image")
    mix = keras.Input((styles,), name="mix")
    canvas = primed(image, table_of_palettes(mix))
    return keras.Model([image, mix], transformed(canvas, mix, plan), name=f"transform_{design}")


def transformed(canvas, mix, plan: Design):
    """The layers of a design between what is painted on, mix and painting."""
    x, levels, limit = canvas, [], plan.limit
    for number, (channels, size, stride) in enumerate(plan.encoder, start=1):
        name = f"down{number}"
        x = convolution(x, channels, size, mix=mix, stride=stride, limit=limit, name=name)
        levels.append(x)
    for number in range(1, plan.residuals + 1):
        x = residual(x, mix, limit=limit, name=f"residual{number}")
    for number, channels in enumerate(plan.decoder, start=1):
        x = doubled(x, channels, mix=mix, name=f"up{number}")
        if number <= plan.skip:
            x = _joined(x, levels[-1 - number], "skip" if number == 1 else f"skip{number}")
    return painting(x, canvas, plan.last)


def _joined(x, seen, name: str):
    """What was doubled and what the encoder had seen at that size, added."""
    return layers.Add(name=name)([CropLike(name=f"{name}_crop")([x, seen]), seen])
