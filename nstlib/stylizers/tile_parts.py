"""A painting network taken apart for `nstlib.stylizers.tiles`: what each layer takes, sees and normalises."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np

from nstlib.backend import keras, layers, ops
from nstlib.errors import InputError
from nstlib.networks.adain import Adapt
from nstlib.networks.blocks import ConditionalInstanceNormalization, CropLike
from nstlib.networks.stylebank import MixBanks
from nstlib.vgg.statistics import level_statistics

LOCAL = (  # layers of which a position sees its neighbourhood only
    *("Add", "AveragePooling2D", "Concatenate", "Conv2D", "CropLike", "Dense", "InputLayer"),
    *("MaxPooling2D", "MixBanks", "ReLU", "ReflectionPadding", "Rescaling", "UpSampling2D"),
    "_Preprocess",
)


class Part(NamedTuple):
    """A layer and what has to be known of it.

    The names of the layers whose results it takes; how many normalisations lie one behind another
    up to its result; how many pixels of the picture its positions are apart, 0 if it has none,
    being made of the style alone.
    """

    layer: keras.Layer
    takes: tuple[str, ...]
    depth: int
    scale: int


def parts_of(network: keras.Model, condition: list[np.ndarray]) -> tuple[dict, dict]:
    """The parts by name, in an order in which they can be computed, from the picture to the
    painting; and what the network takes beside the picture, `condition`, by name.

    Raises InputError for a layer that is not known to work in tiles.
    """
    owner = {id(layer.output): layer.name for layer in network.layers}
    image, *others = (owner[id(tensor)] for tensor in network.inputs)
    given, parts = dict(zip(others, condition, strict=True)), {}
    for layer in network.layers:
        takes = [] if layer.name in (image, *others) else [owner[id(t)] for t in _entering(layer)]
        if isinstance(layer, MixBanks):
            takes, given = _used_banks(takes, given)
        depth = max((parts[name].depth for name in takes), default=0) + normalises(layer)
        scale = int(layer.name == image) or _scale(layer, [parts[name].scale for name in takes])
        parts[layer.name] = Part(layer, tuple(takes), depth, scale)
    return {name: parts[name] for name in order(parts, [owner[id(network.outputs[0])]])}, given


def _entering(layer) -> list:
    return layer.input if isinstance(layer.input, list | tuple) else [layer.input]


def normalises(layer) -> bool:
    """Whether a layer looks at the whole picture; InputError if that is not known."""
    found = isinstance(layer, tuple(_NORMALISATIONS))
    if isinstance(layer, layers.GroupNormalization):
        known = layer.groups in (-1, layer.output.shape[-1])  # each channel is a group of its own
    else:
        known = found or type(layer).__name__ in LOCAL
    if not known:
        raise InputError(
            f"The network's layer {layer.name!r} ({type(layer).__name__}) is not known to work in "
            "tiles: paint the whole picture, without tile=."
        )
    return found


def _used_banks(takes: list[str], given: dict) -> tuple[list[str], dict]:
    """What MixBanks takes, and the inputs, without the banks that have no share in the mix."""
    mix, features, *banks = takes
    used = np.flatnonzero(given[mix][0])
    return [mix, features, *(banks[i] for i in used)], given | {mix: given[mix][:, used]}


def _scale(layer, scales: list[int]) -> int:
    scale = next(filter(None, scales), 0)
    if isinstance(layer, layers.UpSampling2D):
        return scale // layer.size[0]
    return scale * getattr(layer, "strides", (1,))[0]


def order(parts: dict, targets: Iterable[str], known: Iterable[str] = ()) -> list[str]:
    """The parts to compute for the targets, one after another, when some are known."""
    known = set(known)
    wanted = set(targets) - known
    for name in reversed(parts):
        if name in wanted:
            wanted |= set(parts[name].takes) - known
    return [name for name in parts if name in wanted]


def reach(parts: dict, computed: list[str]) -> int:
    """How many pixels from where a picture was cut the last of these parts feels the cut."""
    pixels = dict.fromkeys(parts, 0)
    for name in computed:
        layer, takes, _, scale = parts[name]
        pixels[name] = max((pixels[taken] for taken in takes), default=0)
        if isinstance(layer, layers.Conv2D):
            pixels[name] += layer.kernel_size[0] // 2 * parts[takes[0]].scale
        pixels[name] = round_up(pixels[name], scale)
    return max(pixels.values())


def round_up(number: int, step: int) -> int:
    """The next multiple of a step; without a step 0."""
    return -(-number // step) * step if step else 0


def sizes(parts: dict, height: int, width: int) -> dict[str, tuple[int, int]]:
    """Positions along the sides of each part's result, for a whole picture.

    Padding counts as a part of the convolution behind it.
    """
    found = {}
    for name, (layer, takes, *_) in parts.items():
        sides = found[takes[0]] if takes else (height, width)
        if isinstance(layer, layers.UpSampling2D):
            sides = tuple(side * layer.size[0] for side in sides)
        elif isinstance(layer, CropLike):
            sides = found[takes[1]]
        elif hasattr(layer, "strides"):
            halves = layer.strides[0]
            sides = tuple(-(-side // halves) for side in sides)
        found[name] = sides
    return found


# --- Normalisation with a mean and a variance that are known --------------------------------------


def normalised(layer, inputs: list, mean, variance):
    """What a layer that normalises gives, if these are the statistics of its first input."""
    apply, epsilon = next(how for kind, how in _NORMALISATIONS.items() if isinstance(layer, kind))
    x, *others = inputs
    normal = (x - mean) * ops.rsqrt(variance + getattr(layer, "epsilon", epsilon))
    return apply(layer, x, normal, *others)


def _conditional(layer, x, normal, mix):
    if layer.limit is not None:
        normal = ops.clip(normal, -layer.limit, layer.limit)
    scale, shift = (ops.matmul(mix, table)[:, None, None] for table in (layer.scale, layer.shift))
    return normal * scale + shift


def _adapted(layer, x, normal, style, alpha):
    statistics = level_statistics(style, layer.level)
    adapted = normal * statistics[:, 1, None, None] + statistics[:, 0, None, None]
    share = alpha[:, layer.place, None, None, None]
    return share * adapted + (1 - share) * x


def _grouped(layer, x, normal):
    normal = normal * layer.gamma if layer.scale else normal
    return normal + layer.beta if layer.center else normal


_NORMALISATIONS: dict[type, tuple[Callable, float]] = {  # with the epsilon, where a layer has none
    ConditionalInstanceNormalization: (_conditional, 1e-5),
    Adapt: (_adapted, 1e-5),
    layers.GroupNormalization: (_grouped, 1e-5),
}
