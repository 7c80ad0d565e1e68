"""A painting's style as a vector: means and spreads of what VGG19 sees at four depths."""

from nstlib.backend import keras, ops
from nstlib.vgg.losses import mean_std
from nstlib.vgg.network import feature_extractor

# The layers whose statistics describe a style: channels, and how large their activations are (root
# mean square over the bundled photos). Divided by it, all layers are near 1.
LEVELS = {
    "block1_conv1": (64, 45.0),
    "block2_conv1": (128, 210.0),
    "block3_conv1": (256, 260.0),
    "block4_conv1": (512, 900.0),
}
STATISTICS = 2 * sum(channels for channels, _ in LEVELS.values())
ADAPTED = ("block2_conv1", "block3_conv1", "block4_conv1")  # where the decoder is told of the style


def style_encoder(weights: str = "imagenet") -> keras.Model:
    """What looks at paintings and photos: a picture -> a dict of VGG19's features at all LEVELS."""
    return feature_extractor(LEVELS, weights=weights, padding="reflect", round_up=True)


def style_vector(features):
    """The numbers that describe a style, from the features of paintings at all LEVELS.

    A dict of (batch, height, width, channels) -> (batch, STATISTICS): level by level the means of
    the channels, then their standard deviations, all divided by the level's size.
    """
    parts = [
        ops.reshape(mean_std(features[level] / size), (-1, 2 * channels))
        for level, (channels, size) in LEVELS.items()
    ]
    return ops.concatenate(parts, axis=1)


def level_statistics(style, level: str):
    """The part of style vectors (batch, STATISTICS) that is one level's: (batch, 2, channels)."""
    names, channels = list(LEVELS), LEVELS[level][0]
    begin = 2 * sum(LEVELS[name][0] for name in names[: names.index(level)])
    return ops.reshape(style[:, begin : begin + 2 * channels], (-1, 2, channels))
