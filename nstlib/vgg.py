"""The VGG family as a feature extractor: the five networks of one paper, built from one table.

Simonyan & Zisserman 2015, table 1: configurations A to E, here without the classifier. A picture
goes in as nstlib knows it (RGB, 0..1); only this module knows that the pretrained networks want
BGR, 0..255, with the mean colour of ImageNet subtracted.
"""

import re
from collections.abc import Iterable
from functools import lru_cache

import keras
from keras import layers, ops

from nstlib.errors import InputError, did_you_mean
from nstlib.weights import load_vgg_weights

# Five blocks each: (channels, kernel size of each convolution). Pooling halves the picture between.
_CHANNELS = (64, 128, 256, 512, 512)
_KERNELS = {
    "vgg11": ((3,), (3,), (3, 3), (3, 3), (3, 3)),
    "vgg13": ((3, 3),) * 5,
    "vgg16-1x1": ((3, 3), (3, 3), (3, 3, 1), (3, 3, 1), (3, 3, 1)),
    "vgg16": ((3, 3), (3, 3), (3, 3, 3), (3, 3, 3), (3, 3, 3)),
    "vgg19": ((3, 3), (3, 3), (3, 3, 3, 3), (3, 3, 3, 3), (3, 3, 3, 3)),
}
VGG_TABLE = {
    name: tuple(zip(_CHANNELS, kernels, strict=True)) for name, kernels in _KERNELS.items()
}
_LETTERS = dict(zip("ABCDE", VGG_TABLE, strict=True))
PRETRAINED = ("vgg16", "vgg19")
PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")

MEAN_BGR = (103.939, 116.779, 123.68)  # ImageNet's mean colour, in the order of the Caffe weights


def preprocess(image):
    """What the pretrained networks expect: BGR, 0..255, minus the mean colour of ImageNet.

    (batch, height, width, 3) RGB in 0..1 -> the same shape, roughly -124..151.
    """
    return ops.flip(image, axis=-1) * 255.0 - ops.array(MEAN_BGR, dtype=image.dtype)


def layer_names(network: str = "vgg19") -> list[str]:
    """The layers of a network, from the picture inwards, by their Keras names."""
    names = []
    for block, (_, kernels) in enumerate(VGG_TABLE[network_name(network)], start=1):
        names += [f"block{block}_conv{conv}" for conv in range(1, len(kernels) + 1)]
        names.append(f"block{block}_pool")
    return names


def network_name(network: str) -> str:
    """The table's name of a network: `E` and `VGG19` are both `vgg19`."""
    name = _LETTERS.get(str(network).upper(), str(network).lower())
    if name not in VGG_TABLE:
        raise InputError(
            f"There is no network {network!r}.{did_you_mean(name, VGG_TABLE)} "
            f"Networks: {', '.join(VGG_TABLE)} (or the letters A to E of the paper)."
        )
    return name


def layer_name(name: str, network: str = "vgg19") -> str:
    """The Keras name of a layer, also from the papers' `conv4_2`, `relu4_2` and `pool4`.

    Keras' convolution layers end in their ReLU, so `conv4_2` and `relu4_2` are both
    `block4_conv2`, the activation after the ReLU, which is what the papers' codes take.
    """
    allowed = layer_names(network)
    keras_name = re.sub(r"^(?:conv|relu)(\d)_(\d)$", r"block\1_conv\2", str(name).lower())
    keras_name = re.sub(r"^pool_?(\d)$", r"block\1_pool", keras_name)
    if keras_name not in allowed:
        raise InputError(
            f"{network_name(network).upper()} has no layer {name!r}."
            f"{did_you_mean(keras_name, allowed)} Layers: {', '.join(allowed)}."
        )
    return keras_name


def smallest_side(layers: Iterable[str], padding: str = "zero") -> int:
    """How many pixels a picture needs on its shorter side for every one of these Keras layers.

    Each pooling halves it, at least one position must be left, and a mirror needs two.
    """
    deepest = max(int(name[5]) - (0 if name.endswith("pool") else 1) for name in layers)
    return 2**deepest * (2 if padding == "reflect" else 1)


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
    `weights` is "imagenet", "random", or a file (see `nstlib.weights`). `pooling` is "max", as
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


class _Preprocess(layers.Layer):
    """`preprocess` as a layer, so that every network takes nstlib's pictures as they are."""

    def call(self, image):
        return preprocess(image)


@keras.saving.register_keras_serializable("nstlib")
class ReflectionPadding(layers.Layer):
    """`size` pixels of mirror image on every side; the picture must be larger than `size`."""

    def __init__(self, size: int = 1, **options):
        super().__init__(**options)
        self.size = size

    def call(self, x):
        sides = (self.size, self.size)
        return ops.pad(x, ((0, 0), sides, sides, (0, 0)), mode="reflect")

    def compute_output_shape(self, shape):
        grow = [None if side is None else side + 2 * self.size for side in shape[1:3]]
        return (shape[0], *grow, shape[3])

    def get_config(self):
        return {**super().get_config(), "size": self.size}


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
