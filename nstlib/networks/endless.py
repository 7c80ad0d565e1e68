"""Textures of any size from noise, by the networks of `nstlib.networks.texture`."""

import os
from collections.abc import Sequence

import numpy as np

from nstlib.errors import InputError, MissingFile, did_you_mean, number
from nstlib.images.arrays import refuse_too_large
from nstlib.images.bundled import PREFIX, bundled_textures, textures
from nstlib.networks.files import PaintingNetwork, load_network
from nstlib.networks.texture import CELL, NOISE, noise_maps

TILE = 16 * CELL  # pixels that are made at once, on each side


def texture(name, size: int | Sequence[int], *, seed: int = 0) -> np.ndarray:
    """A new piece of a texture: (1, height, width, 3), RGB, 0..1, in moments.

    `name` is one of `nst.textures()`, or a file that `train_texture` has written. `size` is in
    pixels, of both sides, or (height, width). Every `seed` gives another piece, the same seed and
    size the same one. Where height and width are multiples of 32 (CELL), the right border goes on
    at the left one and the lower at the upper: side by side, copies show no seam. It is made tile
    by tile, so that a large one needs hardly more memory than the picture itself.

    Raises InputError for a size, a seed or a network that will not do, MissingFile for a name that
    is neither. Ulyanov et al. 2016.
    """
    height, width = _sides(size)
    number("seed", seed, 0, whole=True)
    network = texture_network_of(name).network
    noise = noise_picture(height, width, seed)
    made = np.empty((1, *noise.shape), "float32")
    for top in range(0, len(noise), TILE):
        for left in range(0, noise.shape[1], TILE):
            place = np.s_[:, top : top + TILE, left : left + TILE]
            _, high, wide, _ = made[place].shape
            maps = noise_maps(noise, top, left, high, wide)
            made[place] = network(maps, training=False)
    return made[:, :height, :width]


def noise_picture(height: int, width: int, seed: int) -> np.ndarray:
    """The noise of a texture: (height, width, 3), 0..1, the sides rounded up to multiples of CELL.

    It is what an exported texture network takes as its picture, with a first axis of 1.
    """
    shape = (-(-height // CELL) * CELL, -(-width // CELL) * CELL, NOISE)
    return np.random.default_rng(seed).random(shape, "float32")


def texture_network_of(name) -> PaintingNetwork:
    """The trained network behind a texture's name, or in a file."""
    bundled = bundled_textures()
    for known in (str(name), f"{PREFIX}{name}"):
        if known in bundled and not os.path.isfile(os.path.expanduser(name)):
            return load_network(known, texture=True)
    try:
        return load_network(name, texture=True)
    except MissingFile:
        near, known = did_you_mean(name, textures()), ", ".join(textures()) or "none"
        raise MissingFile(
            f"There is no texture {str(name)!r}.{near} Textures: {known}; or a file of "
            "nst.train_texture."
        ) from None


def _sides(size) -> tuple[int, int]:
    """(height, width) in pixels."""
    sides = tuple(size) if isinstance(size, list | tuple | np.ndarray) else (size, size)
    if len(sides) != 2:
        raise InputError(f"size is {size!r}; it must be pixels, or (height, width) in pixels.")
    for side in sides:
        number("size", side, 1, whole=True, unit="pixels")
    height, width = map(int, sides)
    refuse_too_large("The texture", height, width)
    return height, width
