"""The VGG family in one table: five networks, their layers by name, what each needs."""

import re
from collections.abc import Iterable

from nstlib.errors import InputError, did_you_mean

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


def receptive_reach(layer: str, network: str = "vgg19") -> int:
    """How far a position of a layer looks beyond the pixels pooled into it: pixels on each side.

    Half of what its receptive field is wider than its stride: 1 for block1_conv1, 70 for VGG19's
    block5_conv1.
    """
    name, reach = layer_name(layer, network), 0
    for block, (_, kernels) in enumerate(VGG_TABLE[network_name(network)], start=1):
        for conv, kernel in enumerate(kernels, start=1):
            reach += kernel // 2 * 2 ** (block - 1)
            if f"block{block}_conv{conv}" == name:
                return reach
        if f"block{block}_pool" == name:
            return reach
    raise AssertionError(f"{name} is not in {network}")  # layer_name() has checked it
