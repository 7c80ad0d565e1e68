"""The VGG family as a feature extractor: the five networks of one paper, built from one table.

Simonyan & Zisserman 2015, table 1: configurations A to E, here without the classifier. A picture
goes in as nstlib knows it (RGB, 0..1); only this module knows that the pretrained networks want
BGR, 0..255, with the mean colour of ImageNet subtracted.
"""

from collections.abc import Iterable
from functools import lru_cache

from nstlib.backend import keras, layers, ops
from nstlib.errors import InputError
from nstlib.vgg.layers import ReflectionPadding, _Preprocess
from nstlib.vgg.table import (
    PRECISIONS,
    PRETRAINED,
    VGG_TABLE,
    layer_name,
    layer_names,
    network_name,
)
from nstlib.vgg.weights import load_vgg_weights


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
    `weights` is "imagenet", "random", or a file (see `nstlib.vgg.weights`). `pooling` is "max", as
    trained, or "average", which Gatys et al. 2016 found to give smoother pictures. `padding` is
    "zero", as trained, or "reflect", which keeps the picture's border from looking like an edge.
    With `round_up`, pooling an odd number of rows keeps the last one instead of dropping it.
    `precision` is the type of the layers: "float32", or "mixed_bfloat16" or "mixed_float16", which
    are about twice as fast where the processor knows them; by default Keras' global policy.
    """
    _check_choice("pooling", pooling, ("max", "average"))
    _check_choice("padding", padding, ("zero", "reflect"))
    precision = precision or keras.config.dtype_policy().name
    _check_choice("precision", precision, PRECISIONS)
    network = network_name(network)
    last = layer_name(last or "block5_pool", network)
    model = _build(network, pooling, padding, round_up, precision, last)
    if weights == "random" or network in PRETRAINED:
        _set_weights(model, network, weights)
    else:
        raise InputError(
            f"There are no pretrained weights for {network!r}, only for {', '.join(PRETRAINED)}. "
            'Take one of those, or weights="random".'
        )
    model.trainable = False
    return model


def feature_extractor(
    layers: Iterable[str],
    *,
    network: str = "vgg19",
    weights: str = "imagenet",
    pooling: str = "max",
    padding: str = "zero",
    round_up: bool = False,
    precision: str | None = None,
) -> keras.Model:
    """A network that shows what it sees in a picture at several depths at once.

    (batch, height, width, 3) RGB in 0..1 -> a dict from Keras layer name to activations
    (batch, height / 2^(block - 1), width / 2^(block - 1), channels), rounded down unless `round_up`
    says otherwise; float32 whatever `precision` its layers have, since squares and sums do not bear
    less. It is built no deeper than the deepest layer asked for. Options as for `build_vgg`.
    """
    names = [layers] if isinstance(layers, str) else list(layers)
    names = list(dict.fromkeys(layer_name(name, network) for name in names))
    if not names:
        raise InputError(
            f"Name at least one layer of {network}: {', '.join(layer_names(network))}."
        )
    deepest = max(names, key=layer_names(network).index)
    options = {"pooling": pooling, "padding": padding, "round_up": round_up}
    options |= {"precision": precision}
    model = build_vgg(network, weights=weights, last=deepest, **options)
    outputs = {name: model.get_layer(name).output for name in names}
    outputs = {name: ops.cast(output, "float32") for name, output in outputs.items()}
    return keras.Model(model.input, outputs, name=f"{model.name}_features", trainable=False)


def _build(
    network: str, pooling: str, padding: str, round_up: bool, precision: str, last: str
) -> keras.Model:
    pool = layers.MaxPooling2D if pooling == "max" else layers.AveragePooling2D
    inputs = keras.Input((None, None, 3), name="image", dtype="float32")
    x = _Preprocess(name="preprocess", dtype="float32")(inputs)
    typed = {"dtype": precision}
    for block, (channels, kernels) in enumerate(VGG_TABLE[network], start=1):
        for conv, kernel in enumerate(kernels, start=1):
            name = f"block{block}_conv{conv}"
            reflect = padding == "reflect" and kernel > 1
            if reflect:
                x = ReflectionPadding(name=f"{name}_pad", **typed)(x)
            border = "valid" if reflect else "same"
            options = {"padding": border, "activation": "relu", "name": name, **typed}
            x = layers.Conv2D(channels, kernel, **options)(x)
            if name == last:
                return keras.Model(inputs, x, name=network.replace("-", "_"))
        border = "same" if round_up else "valid"
        x = pool(2, padding=border, name=f"block{block}_pool", **typed)(x)
        if f"block{block}_pool" == last:
            return keras.Model(inputs, x, name=network.replace("-", "_"))
    raise AssertionError(f"{last} is not in {network}")  # layer_name() has checked it


def _set_weights(model: keras.Model, network: str, weights: str) -> None:
    if weights == "random" and network not in PRETRAINED:
        return  # as Keras initialised it: fixed by the seed, and no file is involved
    arrays = _arrays(network, str(weights))
    for layer in model.layers:
        if layer.name in arrays:
            layer.set_weights(arrays[layer.name])


@lru_cache(maxsize=2)
def _arrays(network: str, weights: str):
    """Read once a process: 80 MB that never change."""
    return load_vgg_weights(network, weights).arrays


def _check_choice(what: str, given: str, allowed: tuple[str, ...]) -> None:
    if given not in allowed:
        raise InputError(f"{what} is {given!r}; it can be {' or '.join(map(repr, allowed))}.")
