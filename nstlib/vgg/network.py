"""The VGG family as a feature extractor: Simonyan & Zisserman 2015, without the classifier."""

from collections.abc import Iterable
from functools import lru_cache

from nstlib.backend import keras, layers, ops, own_settings
from nstlib.errors import InputError, choice
from nstlib.vgg import table
from nstlib.vgg.layers import Preprocess, ReflectionPadding
from nstlib.vgg.weights import load_vgg_weights

_POOLS = {"max": layers.MaxPooling2D, "average": layers.AveragePooling2D}


@own_settings()
def build_vgg(
    network: str = "vgg19",
    *,
    weights: str = "imagenet",
    pooling: str = "max",
    padding: str = "zero",
    round_up: bool = False,
    precision: str | None = None,
    last: str | None = None,
) -> keras.Model:
    """A frozen VGG network without its classifier, up to the layer `last`.

    (batch, height, width, 3) RGB in 0..1 -> the activations of `last` (default: of the last pool).
    `weights` is "imagenet", "full", "random", or a file (see `nstlib.vgg.weights`). `pooling` is
    "max", as trained, or "average", which Gatys et al. 2016 found to give smoother pictures.
    `padding` is "zero", as trained, or "reflect", which keeps the picture's border from looking
    like an edge. With `round_up`, pooling an odd number of rows keeps the last one instead of
    dropping it. `precision` is the type of the layers: "float32", or "mixed_bfloat16" or
    "mixed_float16", which are about twice as fast where the processor knows them; by default Keras'
    global policy, if it is a mixed one.
    """
    network = table.network_name(network)
    last = table.layer_name(last or "block5_pool", network)
    pool = _POOLS[choice("pooling", pooling, _POOLS)]
    reflect = choice("padding", padding, ("zero", "reflect")) == "reflect"
    precision = choice("precision", precision or keras.config.dtype_policy().name, table.PRECISIONS)
    image = keras.Input((None, None, 3), name="image", dtype="float32")
    x = Preprocess(name="preprocess", dtype="float32")(image)
    for layer in table.vgg_layers(network):
        if layer.kernel:
            x = _convolved(x, layer, reflect and layer.kernel > 1, precision)
        else:
            border = "same" if round_up else "valid"
            x = pool(2, padding=border, name=layer.name, dtype=precision)(x)
        if layer.name == last:
            break
    model = keras.Model(image, x, name=network.replace("-", "_"))
    if weights != "random" or network in table.PRETRAINED:  # else Keras' own, by its seed
        arrays = _arrays(network, str(weights))
        model.set_weights([part for layer in model.layers for part in arrays.get(layer.name, ())])
    model.trainable = False
    return model


@own_settings()
def feature_extractor(layers: Iterable[str], *, network: str = "vgg19", **options) -> keras.Model:
    """A network that shows what it sees in a picture at several depths at once.

    (batch, height, width, 3) RGB in 0..1 -> a dict from Keras layer name to activations
    (batch, height / 2^(block - 1), width / 2^(block - 1), channels), rounded down unless `round_up`
    says otherwise; float32 whatever `precision` its layers have, since squares and sums do not bear
    less. It is built no deeper than the deepest layer asked for. `options` are those of
    `build_vgg`: weights, pooling, padding, round_up and precision.
    """
    names = [layers] if isinstance(layers, str) else list(layers)
    names = list(dict.fromkeys(table.layer_name(name, network) for name in names))
    known = table.layer_names(network)
    if not names:
        raise InputError(f"Name at least one layer of {network}: {', '.join(known)}.")
    model = build_vgg(network, last=max(names, key=known.index), **options)
    outputs = {name: ops.cast(model.get_layer(name).output, "float32") for name in names}
    return keras.Model(model.input, outputs, name=f"{model.name}_features", trainable=False)


def _convolved(x, layer: table.Layer, reflect: bool, precision: str):
    """`x` after a convolution and its ReLU, which leave its size as it is."""
    if reflect:
        x = ReflectionPadding(name=f"{layer.name}_pad", dtype=precision)(x)
    border = "valid" if reflect else "same"
    options = {"padding": border, "activation": "relu", "name": layer.name, "dtype": precision}
    return layers.Conv2D(layer.channels, layer.kernel, **options)(x)


@lru_cache(maxsize=2)
def _arrays(network: str, weights: str):
    """Read once a process: 80 MB that never change."""
    return load_vgg_weights(network, weights).arrays
