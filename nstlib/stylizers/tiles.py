"""Pictures of any size through a painting network, in bounded memory and without seams.

A convolution sees a few pixels around its own, so a tile with a margin as wide as what it sees
gives what the whole picture gives. A normalisation sees everything: means and variances are
measured first, in as many passes over the tiles as normalisations lie one behind another. What a
pass has computed is kept for the next where memory allows, and computed again where it does not.
"""

from collections.abc import Callable, Iterator
from itertools import product
from typing import NamedTuple

import numpy as np

from nstlib.backend import keras, layers, ops
from nstlib.errors import InputError, number
from nstlib.machine import progress
from nstlib.networks.blocks import CropLike, Enlarge, InstanceNormalization
from nstlib.networks.ground import Ground
from nstlib.networks.palette import OnePalette
from nstlib.vgg.layers import Preprocess, ReflectionPadding

TILE = 512  # pixels
SMALLEST_TILE = 64  # pixels: below, a tile is nearly all margin
MEMORY = 1.5e9  # bytes of features of the whole picture that are kept from pass to pass
FIRST = (OnePalette, Ground)  # of the whole picture, once: they are quick and take no room
KNOWN = (  # all but the first see no more than a position's neighbourhood
    *(*FIRST, InstanceNormalization, CropLike, Enlarge, ReflectionPadding, Preprocess, layers.Add),
    *(layers.AveragePooling2D, layers.Concatenate, layers.Conv2D, layers.MaxPooling2D),
    *(layers.ReLU, layers.Rescaling),
)


def tiled_forward(network: keras.Model, tile: int = TILE) -> Callable:
    """A function picture -> painting, both (1, height, width, 3), RGB, 0..1, that paints in tiles.

    `network` is one for one style (`for_style`). The painting is that of the whole picture, but for
    rounding. `tile` is the side of a tile in pixels,
    without its margin: smaller takes less memory and more time. Raises InputError for layers that
    are not known to work in tiles.
    """
    number("tile", tile, SMALLEST_TILE, whole=True, unit="pixels")
    parts = parts_of(network)

    def forward(picture: np.ndarray) -> np.ndarray:
        if max(picture.shape[1:3]) <= tile:
            return ops.convert_to_numpy(network(picture, training=False))
        return _Passes(parts, picture, tile).painting()

    return forward


# --- A network taken apart ------------------------------------------------------------------------


class Part(NamedTuple):
    """A layer, the names of those whose results it takes, how many normalisations lie one behind
    another up to its result, how many pixels of the picture its positions are apart."""

    layer: keras.Layer
    takes: tuple[str, ...]
    depth: int
    scale: int


def parts_of(network: keras.Model) -> dict[str, Part]:
    """The layers of a network picture -> painting by name, each after those that it takes."""
    owner = {id(layer.output): layer.name for layer in network.layers}
    image, *others = network.layers
    parts = {image.name: Part(image, (), 0, 1)}
    for layer in others:
        if type(layer) not in KNOWN:
            said = f"Layer {layer.name!r} ({type(layer).__name__}) is not known to work in tiles"
            raise InputError(f"{said}: paint the whole picture, without tile=.")
        takes = tuple(owner[id(tensor)] for tensor in keras.tree.flatten(layer.input))
        depth = max(parts[name].depth for name in takes) + isinstance(layer, InstanceNormalization)
        scale = parts[takes[0]].scale * getattr(layer, "strides", (1,))[0]
        scale //= layer.size if isinstance(layer, Enlarge) else 1
        parts[layer.name] = Part(layer, takes, depth, scale)
    return parts


def order(parts: dict, targets: set[str], known: set[str]) -> list[str]:
    """The parts to compute for the targets, one after another, when some are known."""
    wanted = targets - known
    for name in reversed(parts):
        if name in wanted:
            wanted |= set(parts[name].takes) - known
    return [name for name in parts if name in wanted]


def reach(parts: dict, computed: list[str]) -> int:
    """How many pixels from where a picture was cut the last of these parts feels the cut."""
    pixels = dict.fromkeys(parts, 0)
    for name in computed:
        layer, takes, _, scale = parts[name]
        felt = max((pixels[taken] for taken in takes), default=0)
        if isinstance(layer, layers.Conv2D):
            felt += layer.kernel_size[0] // 2 * parts[takes[0]].scale
        if isinstance(layer, Enlarge) and layer.smooth:
            felt += parts[takes[0]].scale
        pixels[name] = _round_up(felt, scale)
    return max(pixels.values())


def shapes(parts: dict, height: int, width: int) -> dict[str, tuple[int, int, int]]:
    """(height, width, channels) of each part's result for a whole picture, as if padding that is
    for a convolution were a part of it."""
    found = {}
    for name, (layer, takes, _, scale) in parts.items():
        like = takes[-1 if isinstance(layer, CropLike) else 0] if takes else name
        before, sides = parts[like].scale, found.get(like, (height, width))[:2]
        sides = (_round_up(side * before, scale) // scale for side in sides)
        found[name] = *sides, layer.output.shape[-1]
    return found


def _round_up(count: int, step: int) -> int:
    return -(-count // step) * step


# --- One picture ----------------------------------------------------------------------------------


class _Passes:
    """One picture on its way: what is known of it after each pass over its tiles.

    `kept` has maps of the whole picture, (height, width, channels) at the scale of their part, and
    `statistics` mean and variance of what enters a normalisation, both by the part's name. Tiles
    begin and end, with their margins, at multiples of all scales, the last beyond the picture.
    """

    def __init__(self, parts: dict[str, Part], picture: np.ndarray, tile: int):
        self.parts, self.shapes = parts, shapes(parts, *picture.shape[1:3])
        self.step = max(part.scale for part in parts.values())
        self.tile = _round_up(tile, self.step)
        self.corners = [*product(*(range(0, side, self.tile) for side in picture.shape[1:3]))]
        image, *others, self.last = parts
        self.kept, self.statistics = {image: picture[0]}, {}
        for name in others:
            if isinstance(parts[name].layer, FIRST):
                picture = ops.convert_to_numpy(parts[name].layer(picture))
                self.kept[name] = picture[0]

    def painting(self) -> np.ndarray:
        depth = self.parts[self.last].depth
        with progress(total=len(self.corners) * (depth + 1), desc="Painting in tiles") as bar:
            for number in range(1, depth + 1):
                self._measure(number, bar)
            return self._collect({self.last}, [], bar)[self.last][None]

    def _measure(self, depth: int, bar) -> None:
        """One pass: the statistics of all normalisations of a depth, and, where memory allows, the
        maps before this depth from which all that follows is made."""
        later = [part for part in self.parts.values() if part.depth >= depth]
        border = {name for part in later for name in part.takes if self.parts[name].depth < depth}
        normalizing = [part for part in later if isinstance(part.layer, InstanceNormalization)]
        measured = [part.takes[0] for part in normalizing if part.depth == depth]
        room = sum(4 * int(np.prod(self.shapes[name])) for name in border | self.kept.keys())
        found = self._collect(border if room <= MEMORY else set(), measured, bar)
        if room <= MEMORY:
            self.kept = {name: (self.kept | found)[name] for name in border}

    def _collect(self, wanted: set[str], measured: list[str], bar) -> dict[str, np.ndarray]:
        """Maps of the whole picture that are wanted, tile by tile; the others are measured."""
        maps = {name: np.empty(self.shapes[name], "float32") for name in wanted - self.kept.keys()}
        found = {name: [] for name in measured}
        for place, values in self._tiles(maps.keys() | found.keys()):
            for name, tiles in found.items():
                tiles.append(moments(values[name]))
            for name, whole in maps.items():
                whole[self._slices(name, place)] = ops.convert_to_numpy(values[name])
            bar.update(1)
        for name, tiles in found.items():
            self.statistics[name] = np.float32(pooled(*zip(*tiles, strict=True)))
        return maps

    def _tiles(self, targets: set[str]) -> Iterator[tuple[list, dict]]:
        """For every tile where it lies, and the targets there, without the margin."""
        computed = order(self.parts, targets, self.kept.keys())
        margin = _round_up(reach(self.parts, computed), self.step)
        for corner in self.corners:
            inner = [(at, at + self.tile) for at in corner]
            outer = [(max(0, at - margin), at + self.tile + margin) for at in corner]
            values = self._tile(computed, targets, outer)
            yield inner, {n: values[n][(0, *self._slices(n, inner, outer))] for n in targets}

    def _slices(self, name: str, ends, within=((0, 0),) * 2) -> tuple[slice, ...]:
        """Rows and columns between ends in pixels, on a part's map that is `within` others."""
        scale, pairs = self.parts[name].scale, zip(ends, within, strict=True)
        return tuple(
            slice((begin - at) // scale, (end - at) // scale) for (begin, end), (at, _) in pairs
        )

    def _tile(self, computed: list[str], targets: set[str], ends) -> dict:
        """The targets on a tile; what is no longer needed is let go at once."""
        last_use = {taken: name for name in computed for taken in self.parts[name].takes}
        values = {
            name: ops.convert_to_tensor(self.kept[name][self._slices(name, ends)][None])
            for name in self.kept.keys() & {*last_use, *targets}
        }
        for name in computed:
            layer, takes, *_ = self.parts[name]
            inputs = [values[taken] for taken in takes]
            if isinstance(layer, InstanceNormalization):
                values[name] = _normalized(layer, *inputs, *self.statistics[takes[0]])
            else:
                values[name] = layer(inputs if len(inputs) > 1 else inputs[0])
            for taken in takes:
                if last_use[taken] == name and taken not in targets:
                    values.pop(taken, None)
        return values


def _normalized(layer, x, mean, variance):
    """What a normalisation gives if these are the statistics of the whole picture."""
    normal = (x - mean) * ops.rsqrt(variance + layer.epsilon)
    if layer.limit is not None:
        normal = ops.clip(normal, -layer.limit, layer.limit)
    return normal * layer.gamma + layer.beta


def moments(tile) -> tuple[int, np.ndarray, np.ndarray]:
    """How many positions a tile's map (height, width, channels) has, their means and variances:
    row by row in single precision, too coarse for sums over millions, from there in double."""
    means, variances = (ops.convert_to_numpy(moment) for moment in ops.moments(tile, axes=1))
    height, width, _ = tile.shape
    return height * width, *pooled([width] * height, means, variances)


def pooled(counts, means, variances) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance (channels,) of all that is in parts of which both are known.

    Chan, Golub & LeVeque 1979, eq. 2.1, for any number of parts.
    """
    shares, means = np.asarray(counts) / np.sum(counts), np.asarray(means, "float64")
    mean = shares @ means
    return mean, shares @ (np.asarray(variances, "float64") + (means - mean) ** 2)
