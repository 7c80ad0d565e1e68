"""Any style: a photo's features take a painting's means and spreads, and a decoder paints them.

Huang & Belongie 2017. The encoder is VGG19 as it is; only the decoder is trained. A style is a
vector, the statistics of a painting's features, which is computed once. We depart from the paper in
adapting at three depths instead of one: with the deepest alone strokes stay weak and edges soft.
"""

import numpy as np

from nstlib.backend import keras, layers, ops, own_settings
from nstlib.networks import blocks
from nstlib.networks.ground import primed
from nstlib.networks.palette import COLORS
from nstlib.networks.transform import DESIGNS, transform_network, transformed
from nstlib.vgg.network import feature_extractor
from nstlib.vgg.statistics import ADAPTED, LEVELS, STATISTICS, level_statistics

AXES = 48  # of the space of styles, that the light network knows; the first is the same for all


def adaptive_instance_normalization(features, statistics, epsilon: float = 1e-5):
    """The features of a photo, each channel with the mean and the spread it has in a painting.

    (batch, height, width, channels), (batch, 2, channels) as `mean_std` makes it -> features.
    Nothing is learnt here. Huang & Belongie 2017, eq. 8.
    """
    style_mean, style_std = statistics[:, 0, None, None], statistics[:, 1, None, None]
    return blocks.normalized(features, epsilon) * style_std + style_mean


@keras.saving.register_keras_serializable("nstlib")
class Adapt(layers.Layer):
    """[features of a level, style (batch, STATISTICS), alpha (batch, len(ADAPTED))] -> features.

    Alpha 1 gives them the style's statistics, 0 leaves them as they are; between, a mixture of both
    (Huang & Belongie 2017, eq. 14), at each level its own.
    """

    def __init__(self, level: str, **options):
        super().__init__(**options)
        self.level, self.place = level, ADAPTED.index(level)

    def call(self, inputs):
        x, style, alpha = inputs
        adapted = adaptive_instance_normalization(x, level_statistics(style, self.level))
        alpha = alpha[:, self.place, None, None, None]
        return alpha * adapted + (1 - alpha) * x

    def compute_output_shape(self, shapes):
        return shapes[0]

    def get_config(self):
        return {**super().get_config(), "level": self.level}


@own_settings()
def adain_network(*, weights: str = "imagenet") -> keras.Model:
    """A network [picture, style, alpha] -> painting, for any style.

    picture (batch, height, width, 3), RGB, 0..1, sides of 32 pixels or more; style (batch,
    STATISTICS) made by `style_vector`; alpha (batch, 3), the strength at each level of ADAPTED,
    0..1; painting of exactly the picture's size. Only what comes after VGG19 can be trained.
    """
    encoder = feature_extractor(ADAPTED, weights=weights, padding="reflect", round_up=True)
    style = keras.Input((STATISTICS,), name="style")
    alpha = keras.Input((len(ADAPTED),), name="alpha")
    adapted = {}
    for level in ADAPTED:
        features = encoder.get_layer(level).output
        x = layers.Rescaling(1 / LEVELS[level][1], name=f"scale_{level}")(features)
        adapted[level] = Adapt(level, name=f"adapt_{level}", dtype="float32")([x, style, alpha])
    painted = _decoded(adapted, encoder.input)
    return keras.Model([encoder.input, style, alpha], painted, name="adain")


@own_settings()
def adain_decoder(network: keras.Model) -> keras.Model:
    """What of `adain_network` comes after VGG19, sharing its weights, to be trained without it.

    [picture, features at each level of ADAPTED, style, alpha] -> (painting, target): the target is
    what the painting's features at the deepest level should be, divided by that level's size.
    """
    picture, style, alpha = network.inputs
    features = [network.get_layer(level).output for level in ADAPTED]
    deepest = network.get_layer(f"adapt_{ADAPTED[-1]}").output
    inputs = [picture, *features, style, alpha]
    return keras.Model(inputs, [network.outputs[0], deepest], name="adain_decoder")


@own_settings()
def adain_halves(network: keras.Model) -> tuple[keras.Model, keras.Model]:
    """`adain_network` without its layers of adaptation: (encoder, decoder), sharing its weights.

    The encoder turns a picture into VGG19's features at the levels of ADAPTED, each divided by its
    level's size; the decoder paints [picture, *features], of which the picture gives the size only.
    What is done to the features in between is the caller's; with
    `adaptive_instance_normalization` at each level it is the whole network.
    """
    features = [network.get_layer(f"scale_{level}").output for level in ADAPTED]
    adapted = [network.get_layer(f"adapt_{level}").output for level in ADAPTED]
    picture = network.inputs[0]
    encoder = keras.Model(picture, features, name="encoder")
    return encoder, keras.Model([picture, *adapted], network.outputs[0], name="decoder")


def _decoded(adapted: dict, picture):
    """From the deepest level up; the shallower ones join on the way, at their own size."""
    x = blocks.convolution(adapted["block4_conv1"], 256, 3, name="decode4")
    for block, channels in ((3, 128), (2, 64)):
        skip = adapted[f"block{block}_conv1"]
        x = blocks.Enlarge(2, name=f"decode{block}_up")(x)
        x = blocks.CropLike(name=f"decode{block}_crop")([x, skip])
        x = layers.Concatenate(name=f"decode{block}_join")([x, skip])
        x = blocks.convolution(x, channels, 3, name=f"decode{block}")
    x = blocks.Enlarge(2, name="decode1_up")(x)
    x = blocks.convolution(x, 32, 3, name="decode1")
    return blocks.painting(x, picture, 3, dtype="float32")


@own_settings()
def adain_light_network() -> keras.Model:
    """A network [picture, style, colors] -> painting, for any style, a hundredth of VGG19 in size.

    Shapes as for `adain_network`; colors (batch, COLORS) made by `palette_of`. Where the style lies
    among those of many paintings, on each of AXES between -1 and 1, is what "mix" is for a network
    of `transform`: scales and shifts are sums over the axes, weighted by it (compare Ghiasi et al.
    2017).
    """
    image = keras.Input((None, None, 3), name="image")
    style = keras.Input((STATISTICS,), name="style")
    drawn = keras.initializers.RandomNormal(stddev=0.02, seed=0)
    axes = layers.Dense(AXES, "tanh", kernel_initializer=drawn, dtype="float32", name="axes")
    axes.trainable = False
    colors = keras.Input((COLORS,), name="colors")
    painted = transformed(primed(image, colors), axes(style), DESIGNS["light"])
    network = keras.Model([image, style, colors], painted, name="adain_light")
    for layer in network.layers:
        if isinstance(layer, blocks.ConditionalInstanceNormalization):
            # The first axis says 1 for all styles; the others begin small, other for each channel.
            channels = layer.scale.shape[1]
            start = 0.1 * np.random.default_rng(channels).standard_normal((AXES, channels))
            start[0] = 0
            layer.scale.assign(start + np.eye(AXES, 1))
            layer.shift.assign(start[:, ::-1])
    return network


def set_style_axes(network: keras.Model, styles: np.ndarray) -> None:
    """Lay the axes of `adain_light_network` along those in which styles (count, STATISTICS) differ.

    Their principal components, two standard deviations away from the mean at tanh 1. What comes
    after has to be trained anew.
    """
    mean = styles.mean(axis=0)
    _, sizes, directions = np.linalg.svd(styles - mean, full_matrices=False)
    count = min(AXES - 1, int((sizes > 1e-3 * sizes[0]).sum()))
    kernel, bias = np.zeros((STATISTICS, AXES), "float32"), np.zeros(AXES, "float32")
    bias[0] = 4.0  # tanh(4) is nearly 1, whatever the style
    spread = sizes[:count] / np.sqrt(len(styles))
    kernel[:, 1 : count + 1] = (directions[:count] / (2 * spread[:, None])).T
    network.get_layer("axes").set_weights([kernel, bias - mean @ kernel])


def light_network_of(trained: keras.Model, styles: np.ndarray, colors: np.ndarray) -> keras.Model:
    """A `light` network of styles (count, STATISTICS) that paints as `adain_light_network` does.

    What the latter would make of each style is the former's table of scales and shifts; their
    palettes, (count, COLORS), are the table that is measured.
    """
    network = transform_network("light", styles=len(styles))
    places = ops.convert_to_numpy(trained.get_layer("axes")(styles))
    learnt = {variable.path: variable.numpy() for variable in trained.weights}
    learnt["colors/kernel"] = colors
    for variable in network.weights:
        table, of_styles = learnt[variable.path], variable.path.endswith(("scale", "shift"))
        variable.assign(places @ table if of_styles else table)
    return network
