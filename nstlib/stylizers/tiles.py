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

from nstlib.backend import keras, ops
from nstlib.errors import InputError
from nstlib.machine import progress
from nstlib.stylizers.tile_parts import (
    normalised,
    normalises,
    order,
    parts_of,
    reach,
    round_up,
    sizes,
)

TILE = 512  # pixels
SMALLEST_TILE = 64  # pixels: below, a tile is nearly all margin
MEMORY = 1.5e9  # bytes


def tiled_forward(
    network: keras.Model, condition: list[np.ndarray], tile: int = TILE, memory: float = MEMORY
) -> Callable[[np.ndarray], np.ndarray]:
    """A function picture -> painting, both (1, height, width, 3), RGB, 0..1, that paints in tiles.

    `network` takes [picture, *condition], as `nstlib.stylizers.door.conditions` makes it. The painting
    is that of the whole picture, but for rounding. `tile` is the side of a tile in pixels, without
    its margin: smaller takes less memory and more time. `memory` is how many bytes of features of
    the whole picture may be kept from pass to pass: with less, more is computed again. Raises
    InputError for a network with layers that are not known to work in tiles.
    """
    if isinstance(tile, bool) or not isinstance(tile, int) or tile < SMALLEST_TILE:
        raise InputError(f"tile is {tile!r}; it is a side in pixels, {SMALLEST_TILE} or more.")
    if not memory >= 0:
        raise InputError(f"memory is {memory!r}; it is a number of bytes, 0 or more.")
    parts, given = parts_of(network, condition)

    def forward(picture: np.ndarray) -> np.ndarray:
        if max(picture.shape[1:3]) <= tile:
            return ops.convert_to_numpy(network([picture, *condition], training=False))
        return _Passes(parts, given, picture, tile, memory).painting()

    return forward


class _Span(NamedTuple):
    """Along one side of a picture, a tile: where it begins and ends in pixels, with its margin and
    without, and the picture's length. All but the picture's own end are multiples of all scales.
    """

    outer: tuple[int, int]
    inner: tuple[int, int]
    length: int

    def read(self, scale: int, count: int) -> slice:
        """With the margin, on the whole picture's map of `count` positions `scale` pixels apart."""
        return self._on(self.outer, scale, count)

    def write(self, scale: int, count: int) -> slice:
        """Without the margin, on the same map."""
        return self._on(self.inner, scale, count)

    def crop(self, scale: int, count: int) -> slice:
        """Without the margin, on the map of the tile with its margin."""
        inner, first = self.write(scale, count), self.read(scale, count).start
        return slice(inner.start - first, inner.stop - first)

    def _on(self, ends: tuple[int, int], scale: int, count: int) -> slice:
        return slice(ends[0] // scale, count if ends[1] == self.length else ends[1] // scale)


def _spans(length: int, tile: int, margin: int) -> list[_Span]:
    starts = range(0, length, tile)
    inner = [(start, min(start + tile, length)) for start in starts]
    return [
        _Span((max(0, begin - margin), min(length, end + margin)), (begin, end), length)
        for begin, end in inner
    ]


class _Passes:
    """One picture on its way: what is known of it after each pass over its tiles.

    `kept` has maps of the whole picture, (height, width, channels) at the scale of their part, and
    `statistics` mean and variance of what enters a normalisation, both by the part's name.
    """

    def __init__(self, parts: dict, given: dict, picture: np.ndarray, tile: int, memory: float):
        self.parts, self.given, self.memory = parts, given, memory
        self.step = max(part.scale for part in parts.values())
        self.sides = picture.shape[1:3]
        self.tile, self.sizes = round_up(tile, self.step), sizes(parts, *self.sides)
        self.image = next(name for name, part in parts.items() if part.scale and not part.takes)
        self.kept, self.statistics = {self.image: picture[0]}, {}

    def painting(self) -> np.ndarray:
        last = list(self.parts)[-1]
        depth = self.parts[last].depth
        tiles = np.prod([-(-side // self.tile) for side in self.sides])
        with progress(total=int(tiles) * (depth + 1), desc="Painting in tiles") as bar:
            for number in range(1, depth + 1):
                self._measure(number, bar)
            return self._collect([last], [], bar)[last][None]

    def _measure(self, depth: int, bar) -> None:
        """One pass: the statistics of all normalisations of a depth, and what is worth keeping."""
        at_depth = {name: part for name, part in self.parts.items() if part.depth == depth}
        measured = [p.takes[0] for p in at_depth.values() if normalises(p.layer)]
        border = self._border(depth)
        room = sum(self._bytes(name) for name in {*border, *self.kept} - {self.image})
        self.kept |= self._collect(border if room <= self.memory else [], measured, bar)
        if room <= self.memory:
            self.kept = {name: self.kept[name] for name in {self.image, *border}}

    def _border(self, depth: int) -> list[str]:
        """The maps before the normalisations of a depth from which all that follows is made."""
        later = [part for part in self.parts.values() if part.depth >= depth]
        taken = {name for part in later for name in part.takes} - {self.image}
        return [n for n in taken if self.parts[n].depth < depth and self.parts[n].scale]

    def _bytes(self, name: str) -> int:
        return 4 * int(np.prod(self.sizes[name])) * self.parts[name].layer.output.shape[-1]

    def _collect(self, wanted: list[str], measured: list[str], bar) -> dict[str, np.ndarray]:
        """Maps of the whole picture that are wanted, tile by tile; the others are measured."""
        maps = {
            name: np.empty((*self.sizes[name], self.parts[name].layer.output.shape[-1]), "float32")
            for name in set(wanted) - set(self.kept)
        }
        sums = {name: _Moments() for name in measured}
        for spans, values in self._tiles({*maps, *measured}):
            for name, value in values.items():
                if name in sums:
                    sums[name].add(value)
                if name in maps:
                    place = tuple(self._slices(name, spans, _Span.write))
                    maps[name][place] = ops.convert_to_numpy(value)
            bar.update(1)
        self.statistics |= {name: found.result() for name, found in sums.items()}
        return maps

    def _tiles(self, targets: set[str]) -> Iterator[tuple[tuple[_Span, _Span], dict]]:
        """For every tile its place, and the targets there, without the margin."""
        computed = order(self.parts, targets, {*self.kept, *self.given})
        margin = round_up(reach(self.parts, computed), self.step)
        for spans in product(*(_spans(side, self.tile, margin) for side in self.sides)):
            values = self._tile(computed, targets, spans)
            yield spans, {n: values[n][(0, *self._slices(n, spans, _Span.crop))] for n in targets}

    def _tile(self, computed: list[str], targets: set[str], spans) -> dict:
        """The targets on a tile with its margin; what is no longer needed is let go at once."""
        last_use = {taken: name for name in computed for taken in self.parts[name].takes}
        values = dict(self.given)
        for name in self.kept.keys() & last_use.keys():
            values[name] = self.kept[name][tuple(self._slices(name, spans, _Span.read))][None]
        for name in computed:
            layer, takes, *_ = self.parts[name]
            inputs = [ops.convert_to_tensor(values[taken]) for taken in takes]
            if normalises(layer):
                values[name] = normalised(layer, inputs, *self.statistics[takes[0]])
            else:
                values[name] = layer(inputs if len(inputs) > 1 else inputs[0])
            for taken in takes:
                if last_use[taken] == name and taken not in targets:
                    values.pop(taken, None)
        return values

    def _slices(self, name: str, spans, cut: Callable) -> list[slice]:
        """Rows and columns of a part's map, of the whole picture or of the tile."""
        scale = self.parts[name].scale
        return [cut(s, scale, count) for s, count in zip(spans, self.sizes[name], strict=True)]


class _Moments:
    """Mean and variance of each channel over all tiles; Chan, Golub & LeVeque 1979, eq. 2.1."""

    def __init__(self):
        self.count, self.mean, self.squares = 0, 0.0, 0.0

    def add(self, values) -> None:
        """(height, width, channels), one tile's: row by row in single precision, which is too
        coarse for sums over millions of values, and from there in double precision.
        """
        found = (ops.convert_to_numpy(moment) for moment in ops.moments(values, axes=1))
        means, variances = (moment.astype("float64") for moment in found)
        mean, variance = means.mean(axis=0), variances.mean(axis=0) + means.var(axis=0)
        count = int(np.prod(values.shape[:2]))
        total, away = self.count + count, mean - self.mean
        self.squares += variance * count + away**2 * (self.count * count / total)
        self.mean = self.mean + away * (count / total)
        self.count = total

    def result(self) -> tuple[np.ndarray, np.ndarray]:
        return self.mean.astype("float32"), (self.squares / self.count).astype("float32")
