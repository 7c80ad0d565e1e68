"""The VGG family in one table: five networks, their layers by name, what each needs."""

import re
from collections.abc import Iterable
from typing import NamedTuple

from nstlib.errors import InputError, choice, did_you_mean

_CHANNELS = (64, 128, 256, 512, 512)
_KERNELS = {
    "vgg11": ((3,), (3,), (3, 3), (3, 3), (3, 3)),
    "vgg13": ((3, 3),) * 5,
    "vgg16-1x1": ((3, 3), (3, 3), (3, 3, 1), (3, 3, 1), (3, 3, 1)),
    "vgg16": ((3, 3), (3, 3), (3, 3, 3), (3, 3, 3), (3, 3, 3)),
    "vgg19": ((3, 3), (3, 3), (3, 3, 3, 3), (3, 3, 3, 3), (3, 3, 3, 3)),
}
# Simonyan & Zisserman 2015, table 1. Five blocks each: channels, kernel size of each convolution.
VGG_TABLE = {
    name: tuple(zip(_CHANNELS, kernels, strict=True)) for name, kernels in _KERNELS.items()
}
_LETTERS = dict(zip("ABCDE", VGG_TABLE, strict=True))

PRETRAINED = ("vgg16", "vgg19")
PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")
MEAN_BGR = (103.939, 116.779, 123.68)  # ImageNet's mean colour, in the order of the Caffe weights


class Layer(NamedTuple):
    """A convolution with its ReLU or, with `kernel` 0, the pool that ends a block and halves it."""

    name: str
    block: int
    channels: int
    kernel: int


def vgg_layers(network: str = "vgg19") -> list[Layer]:
    """The layers of a network, from the picture inwards."""
    found = []
    for block, (channels, kernels) in enumerate(VGG_TABLE[network_name(network)], start=1):
        for number, kernel in enumerate(kernels, start=1):
            found.append(Layer(f"block{block}_conv{number}", block, channels, kernel))
        found.append(Layer(f"block{block}_pool", block, channels, 0))
    return found


def layer_names(network: str = "vgg19") -> list[str]:
    """The layers of a network, from the picture inwards, by their Keras names."""
    return [layer.name for layer in vgg_layers(network)]


def kernel_shapes(network: str = "vgg19") -> dict[str, tuple[int, int, int, int]]:
    """{"block1_conv1": (3, 3, 3, 64), …}: height, width, channels in, channels out."""
    shapes, channels = {}, 3
    for layer in vgg_layers(network):
        if layer.kernel:
            shapes[layer.name] = (layer.kernel, layer.kernel, channels, layer.channels)
        channels = layer.channels
    return shapes


def network_name(network: str) -> str:
    """The table's name of a network: `E` and `VGG19` are both `vgg19`."""
    name = _LETTERS.get(str(network).upper(), str(network).lower())
    return choice("network", name, VGG_TABLE, "The paper's letters A to E will do, too.")


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


def receptive_reach(layer: str, network: str = "vgg19") -> int:
    """How far a position of a layer looks beyond the pixels pooled into it: pixels on each side.

    Half of what its receptive field is wider than its stride: 1 for block1_conv1, 70 for VGG19's
    block5_conv1.
    """
    depth = layer_names(network).index(layer_name(layer, network)) + 1
    passed = vgg_layers(network)[:depth]
    return sum(one.kernel // 2 * 2 ** (one.block - 1) for one in passed)
