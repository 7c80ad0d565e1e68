"""Painting by a diffusion network: from noise alone, or from a photo with noise on it (SDEdit)."""

from collections.abc import Callable, Iterator
from itertools import pairwise, product

import numpy as np

from nstlib.backend import compiled, keras, ops
from nstlib.errors import InputError, number
from nstlib.images.arrays import SMALLEST, as_image, refuse_too_large, refuse_too_small
from nstlib.images.bundled import DIFFUSION
from nstlib.networks.diffusion import CELL, REACH, mixed, parted
from nstlib.networks.files import PaintingNetwork, load_network

STRENGTH, STEPS = 0.45, 20  # a canvas that still is of the photo; more steps change little
TILE = 512  # pixels of a picture that are looked at together, on each side: less than 1 GB


def sdedit(
    network, photo, strength: float = STRENGTH, *, steps: int = STEPS, seed: int = 0
) -> np.ndarray:
    """A photo as the network's painters would finish it: noise is laid on it and taken out again.

    `network` is a diffusion network: a bundled name ("diffusion"), a file, a PaintingNetwork or a
    Keras model [z, time] -> v. photo and what is returned are (1, height, width, 3), RGB, 0..1, of
    any size from 32 pixels on; large ones are painted in tiles, which do not show. `strength` is
    the time, 0..1, to which the photo is taken: at 0 it stays as it is, at 0.45 its forms stay and
    its surface is painted, at 1 nothing of it is left. In `steps` steps it goes back; the same
    `seed` gives the same painting. Meng et al. 2022, section 3, with the steps of DDIM.
    """
    number("strength", strength, 0, 1, hint="0 is the photo, 1 is all invented.")
    number("steps", steps, 1, whole=True)
    ask, photo = _asker(network), as_image(photo)
    _, height, width, _ = photo.shape
    needs = "the network, which learnt on squares, needs"
    refuse_too_small("The photo", (height, width), SMALLEST, needs=needs)
    if strength == 0:
        return photo
    beyond = ((0, 0), (0, -height % CELL), (0, -width % CELL), (0, 0))
    known = np.pad(2 * photo - 1, beyond, mode="reflect")
    noisy, _ = mixed(known, noise(known.shape, seed), strength)
    *_, painted = denoising(ask, noisy, strength, steps)
    return painted[:, :height, :width]


def from_noise(network, size, *, count: int = 1, steps: int = 2 * STEPS, seed: int = 0):
    """What a diffusion network paints without a photo: (count, height, width, 3), RGB, 0..1.

    `network`, `steps` and `seed` are as for `sdedit`; `size` is in pixels, of both sides, or
    (height, width), multiples of 4 (CELL).
    """
    sides = size if isinstance(size, tuple | list) else (size, size)
    for side in sides:
        number("size", side, SMALLEST, whole=True, unit="pixels")
        if side % CELL:
            raise InputError(f"size is {side}; it must be a multiple of {CELL}.")
    number("count", count, 1, whole=True)
    refuse_too_large("What is to be painted", count * sides[0], sides[1])
    *_, painted = denoising(network, noise((count, *sides, 3), seed), 1.0, steps)
    return painted


def noise(shape: tuple[int, ...], seed: int) -> np.ndarray:
    """Normal numbers, the same for the same seed and shape on every machine."""
    number("seed", seed, 0, whole=True)
    return np.random.default_rng(seed).standard_normal(shape, "float32")


def denoising(network, noisy, start: float = 1.0, steps: int = STEPS) -> Iterator[np.ndarray]:
    """Take the noise out in steps; after each, the picture as the network sees it by now.

    noisy (batch, height, width, 3), a picture in -1..1 with the noise of the time `start`, as
    `mixed` makes it, sides multiples of CELL -> `steps` pictures of its shape, RGB, 0..1; the last
    is the painting. Each step asks for picture and noise, and mixes both anew for a time that is a
    little earlier (DDIM: Song et al. 2021, eq. 12 with sigma 0).
    """
    number("start", start, 0, 1, above=True)
    number("steps", steps, 1, whole=True)
    ask = _asker(network)
    for time, earlier in pairwise(np.linspace(start, 0, steps + 1)):
        picture, rest = parted(noisy, _asked(ask, noisy, time), time)
        picture = np.clip(picture, -1, 1)  # there is no other: what lies beyond would add up
        noisy, _ = mixed(picture, rest, earlier)
        yield (picture + 1) / 2


def _asked(ask: Callable, noisy: np.ndarray, time: float) -> np.ndarray:
    """What the network says, tile by tile, each with as much around it as is seen from it."""
    said, (count, height, width, _) = np.empty_like(noisy), noisy.shape
    times = np.full((count, 1), time, "float32")
    for corner in product(range(0, height, TILE), range(0, width, TILE)):
        inner = tuple(slice(at, at + TILE) for at in corner)
        outer = tuple(slice(max(0, at - REACH), at + TILE + REACH) for at in corner)
        made = ops.convert_to_numpy(ask([noisy[(slice(None), *outer)], times]))
        back = (slice(at - big.start, at - big.start + TILE) for at, big in zip(corner, outer))  # noqa: B905
        said[(slice(None), *inner)] = made[(slice(None), *back)]
    return said


def _asker(network) -> Callable:
    """The function [z, time] -> v behind a name, a file, a trained network or a Keras model."""
    if callable(network):
        return compiled(network) if isinstance(network, keras.Model) else network
    trained = network if isinstance(network, PaintingNetwork) else load_network(network)
    if trained.architecture != DIFFUSION:
        raise InputError(
            f"The network {trained.architecture} paints in one pass and is no diffusion network: "
            f'nst.stylizer(…) paints with it. "{DIFFUSION}" is one.'
        )
    return compiled(trained.network)
