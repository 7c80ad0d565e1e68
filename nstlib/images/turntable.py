"""A surface of revolution that turns before the eye, with a picture on it, in a lamp's light."""

import numpy as np
import scipy

from nstlib.errors import number
from nstlib.images.arrays import as_image
from nstlib.images.surfaces import cast, profile

SAMPLES = 2  # rays a pixel, across and down
MARGIN = 0.09  # around what is seen, as a share of its longer side
LAMP = np.array((-0.55, -0.65, 0.55))  # where it is: to the left, towards the eye, above
AMBIENT, SHINE, SHARPNESS = 0.55, 0.35, 90  # light from everywhere; how strong a gleam, how small
INSIDE = 0.7  # of the light outside, on the inside, which has the mean colour of the rim
SHADOW, SOFTNESS = 0.4, 0.3  # on the table: how dark, how far from the foot, in its radii


class Turntable:
    """A surface of revolution, looked at from a side.

    `points` are a profile, as for `profile`; `size` is the longest side of a view in pixels, and
    `elevation` the angle by which the eye looks down, 5 to 85 degrees. A texture is a picture (1,
    height, width, 3) of any size, laid all around with the rim on top; `texture_shape` (height,
    width) is about as fine as a view. What is seen is linear in it: a pixel is the mean of what its
    rays meet, each between four texels. `mask` (1, height, width, 1) is the share of rays that meet
    the glazed side.
    """

    def __init__(self, points="vase", size: int = 192, *, elevation: float = 16.0):
        number("size", size, 32, 4096, whole=True, unit="pixels")
        number("elevation", elevation, 5, 85, unit="degrees")
        curve = profile(points)
        across, up, pixel = _places(curve, size, elevation)
        self.rays, self._matrices = cast(curve, across, up, elevation), {}
        self.mask = _pixels(self.rays.outside)
        self._shade = _shade(self.rays, elevation)
        self._table = _table(curve, across, up, elevation) * (1 - _pixels(self.rays.hit))
        length = np.linalg.norm(np.diff(curve, axis=0), axis=1).sum()
        around = 16 * round(2 * np.pi * curve[:, 0].max() / pixel / 16)  # sixteen views, no rest
        self.texture_shape = round(length / pixel), max(16, around)

    def see(self, texture: np.ndarray, turn: float = 0.0) -> np.ndarray:
        """The view (1, height, width, 3) of a texture, turned so far, without light; 0 elsewhere.

        To turn the surface is to roll its texture, by whole texels.
        """
        _, height, width, _ = texture.shape
        rolled = np.roll(texture[0], -round(turn * width), axis=1)
        seen = self._matrix(height, width) @ rolled.reshape(-1, 3)
        return seen.reshape(1, *self.mask.shape[1:3], 3)

    def pull(self, slope: np.ndarray, shape: tuple[int, int], turn: float = 0.0) -> np.ndarray:
        """A gradient by the view as one by a texture of that shape: `see`, transposed."""
        pulled = self._matrix(*shape).T @ slope.reshape(-1, 3)
        return np.roll(pulled.reshape(1, *shape, 3), round(turn * shape[1]), axis=2)

    def render(self, texture, turn: float = 0.0, *, background=(1.0, 1.0, 1.0)) -> np.ndarray:
        """The view (1, height, width, 3), RGB, 0..1, in the light of a lamp, on a table.

        `texture` and `turn` as for `see`, `background` a colour, RGB, or a picture of that size.
        """
        light, gleam, inside = self._shade
        texture = as_image(texture)
        seen = self.see(texture, turn) * light + gleam + inside * texture[:, 0].mean(axis=1)
        return np.clip(seen + self._table * background, 0, 1).astype("float32")

    def _matrix(self, height: int, width: int):
        """(pixels, texels): how much of each texel each pixel is, mixed by area and linearly."""
        if (height, width) not in self._matrices:
            self._matrices[height, width] = _mixture(self.rays, height, width)
        return self._matrices[height, width]


def _places(curve: np.ndarray, size: int, elevation: float) -> tuple:
    """Where the rays of a view go that shows all of a surface: across, up, and a pixel's side."""
    (radius, height), turn = curve.T, np.radians(elevation)
    low = (height * np.cos(turn) - radius * np.sin(turn)).min()
    high = (height * np.cos(turn) + radius * np.sin(turn)).max()
    wide = 2 * radius.max()
    pixel = max(wide, high - low) * (1 + 2 * MARGIN) / size
    rows, columns = (
        SAMPLES * min(size, round(side / pixel + 2 * MARGIN * size)) for side in (high - low, wide)
    )
    ray = pixel / SAMPLES
    up = (low + high) / 2 + ray * ((rows - 1) / 2 - np.arange(rows))
    across = ray * (np.arange(columns) - (columns - 1) / 2)
    return *np.meshgrid(across, up), pixel


def _mixture(rays, height: int, width: int):
    """The matrix of `Turntable`: each ray between four texels, each pixel the mean of its rays."""
    down, right = (1 - rays.along) * height - 0.5, rays.longitude * width - 0.5
    row, column = np.floor(down).astype(int), np.floor(right).astype(int)
    rows, columns = rays.hit.shape
    pixel = np.arange(rows)[:, None] // SAMPLES * (columns // SAMPLES)
    pixel = pixel + np.arange(columns) // SAMPLES
    parts = []
    for below in (0, 1):
        for beside in (0, 1):
            share = np.abs(1 - below - (down - row)) * np.abs(1 - beside - (right - column))
            texel = (row + below).clip(0, height - 1) * width + (column + beside) % width
            parts.append((share / SAMPLES**2, pixel, texel))
    shares, pixels, texels = (
        np.stack(one)[:, rays.outside].ravel() for one in zip(*parts, strict=True)
    )
    shape = (rows * columns // SAMPLES**2, height * width)
    return scipy.sparse.csr_array((shares, (pixels, texels)), shape=shape, dtype="float32")


def _shade(rays, elevation: float) -> tuple:
    """Light on the glaze, the gleam on it, and light on the bare inside: (1, height, width, 1)."""
    turn = np.radians(elevation)
    lamp, eye = LAMP / np.linalg.norm(LAMP), np.array((0, -np.cos(turn), np.sin(turn)))
    between = (lamp + eye) / np.linalg.norm(lamp + eye)
    lit = AMBIENT + (1.05 - AMBIENT) * np.maximum(rays.normal @ lamp, 0)
    gleam = SHINE * np.maximum(rays.normal @ between, 0) ** SHARPNESS
    light = _pixels(lit * rays.outside) / np.maximum(_pixels(rays.outside), 1e-6)
    return light, _pixels(gleam * rays.outside), _pixels(INSIDE * lit * (rays.hit & ~rays.outside))


def _table(curve: np.ndarray, across, up, elevation: float) -> np.ndarray:
    """What is left of the light on the table, where the foot keeps it off."""
    away = (up - curve[0, 1] * np.cos(np.radians(elevation))) / np.sin(np.radians(elevation))
    foot = max(curve[0, 0], 1e-6)
    beyond = np.maximum(np.hypot(across / foot - 0.2, away / foot - 0.1) - 1, 0)
    return _pixels(1 - SHADOW * np.exp(-((beyond / SOFTNESS) ** 2)))


def _pixels(values: np.ndarray) -> np.ndarray:
    """The means over the rays of each pixel: (rows, columns) -> (1, height, width, 1)."""
    rows, columns = (side // SAMPLES for side in values.shape)
    return values.reshape(1, rows, SAMPLES, columns, SAMPLES).mean((2, 4))[..., None]
