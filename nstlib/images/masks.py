"""Regions of a picture: from a file, by themselves, with soft edges, and down a network's layers.

A mask is float32, (1, height, width, 1), 0..1: 1 inside its region, 0 outside, between at a soft
edge. It is a share: where two masks are both 0.5, two paintings have an equal say.
"""

import os
import warnings
from collections.abc import Mapping, Sequence

import cv2
import numpy as np

from nstlib.errors import InputError, number
from nstlib.images.arrays import as_image, resize, to_uint8
from nstlib.images.files import load_image

WORK_SIZE = 320  # pixels on the longest side, in which GrabCut works: a second or less
FOREGROUND = (cv2.GC_FGD, cv2.GC_PR_FGD)
SMOOTH = 0.012  # of brightness a pixel: skies change less, most other things more


def as_mask(source, size: tuple[int, int] | None = None, name: str = "mask") -> np.ndarray:
    """A mask from a file, a picture or an array.

    Of a file, transparency is the mask, 1 where it is opaque; of a file without any, and of a
    picture, brightness (the mean of red, green and blue). Arrays as `nst.as_image` takes them, so
    booleans, too. `size` is the (height, width) wanted; another one is resized, with a warning that
    calls the mask by its `name`.
    """
    if isinstance(source, str | os.PathLike) or hasattr(source, "read"):
        picture, mask = load_image(source, alpha="mask")
        mask = picture.mean(axis=-1, keepdims=True) if mask.min() == 1 else mask
    else:
        mask = as_image(source).mean(axis=-1, keepdims=True)
    if size is None or mask.shape[1:3] == tuple(size):
        return mask
    (height, width), (high, wide) = mask.shape[1:3], size
    message = (
        f"The {name} has {width} x {height} pixels, the picture {wide} x {high}: it is resized."
    )
    warnings.warn(message, stacklevel=2)
    return _shaped(_resized(mask[0, ..., 0], size))


def feather(mask, pixels: float) -> np.ndarray:
    """The mask with its edges softened by a Gaussian blur whose standard deviation is `pixels`."""
    number("pixels", pixels, 0)
    mask = as_mask(mask)
    return _shaped(cv2.GaussianBlur(mask[0, ..., 0], (0, 0), pixels)) if pixels else mask


def share_out(masks: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Masks that together claim no more than the whole of any pixel.

    Where they add up to more than 1 they are divided by their sum. Where they add up to less, the
    rest belongs to nobody.
    """
    return [mask / np.maximum(sum(masks), 1) for mask in masks]


def layer_masks(
    mask, shapes: Mapping[str, tuple[int, int]], insets: Mapping[str, float] | None = None
) -> dict[str, np.ndarray]:
    """A mask as a network's layers see it: from layer name to (1, height, width, 1).

    `shapes` are the layers' (height, width), each the mask's, halved some times and rounded down,
    as pooling does. A position's value is the mean over the pixels that are pooled into it. But it
    also looks at pixels around those, as far as its receptive field reaches, and near an edge these
    are another region's. `insets` says, layer by layer, how many pixels beyond its own a position
    may need within the region; the others are set to 0, though never more than half the way to the
    region's middle. Gatys et al. 2017, section 4.1, who go all the way.
    """
    mask = as_mask(mask)[0, ..., 0]
    depth = _depth(mask)
    found = {}
    for name, shape in shapes.items():
        pooled, inset = _blocks(mask, shape).mean(axis=(1, 3)), (insets or {}).get(name, 0)
        if inset > 0:
            inner = _blocks(depth, shape).min(axis=(1, 3))
            pooled = pooled * (inner >= min(inset + 1, inner.max() / 2))
        if not pooled.any():  # all of it lies in the row or column that rounding down leaves out
            pooled = _resized(mask, shape)
        found[name] = _shaped(pooled)
    return found


def subject_mask(photo) -> np.ndarray:
    """What stands in the middle of a photo, against its background.

    (1, height, width, 3) -> (1, height, width, 1). GrabCut (Rother et al. 2004) learns the colours
    of a frame, a twentieth of each side wide, as background, and cuts out what differs. If that is
    nearly nothing, the middle third is taken as subject and it cuts again. It knows colours, not
    things: hair of the background's colour goes with the background, and a reflection with the
    subject. Look at the mask before using it.
    """
    from scipy.ndimage import binary_fill_holes

    small = _small(photo)
    seeds = np.full(small.shape[:2], cv2.GC_BGD, np.uint8)
    _middle(seeds, 0.05)[:] = cv2.GC_PR_FGD
    mask = _grab_cut(small, seeds)
    if mask.mean() < 0.05:
        _middle(seeds, 0.35)[:] = cv2.GC_FGD
        mask = _grab_cut(small, seeds)
    # Without specks (parts under a quarter of the largest) and without holes.
    _, labels, statistics, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    areas = statistics[1:, cv2.CC_STAT_AREA]
    large = 1 + np.flatnonzero(areas >= 0.25 * areas.max(initial=0))
    return _like(photo, binary_fill_holes(np.isin(labels, large)))


def sky_mask(photo) -> np.ndarray:
    """The sky of a photo: (1, height, width, 3) -> (1, height, width, 1).

    What is smooth, not warm in colour and touches the upper edge begins as sky, the lowest quarter
    is not; GrabCut (Rother et al. 2004) settles the rest. InputError if nothing begins as sky.
    """
    small = _small(photo)
    color = small.astype(np.float32) / 255
    bright = cv2.GaussianBlur(color.mean(axis=-1), (0, 0), 1.5)
    slopes = (cv2.Scharr(bright, -1, *way) / 32 for way in ((1, 0), (0, 1)))
    rough = cv2.GaussianBlur(np.hypot(*slopes), (0, 0), 2)
    candidate = (rough < SMOOTH) & (color[..., 2] >= color[..., 0] - 0.02)
    _, labels = cv2.connectedComponents(candidate.astype(np.uint8))
    at_top = np.unique(labels[: max(1, len(labels) // 40)])
    sky = np.isin(labels, at_top[at_top > 0])
    seeds = np.where(sky, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    seeds[len(seeds) * 3 // 4 :] = cv2.GC_BGD
    mask = _grab_cut(small, seeds)
    if mask.mean() < 0.01:
        why = "nothing smooth, bluish or gray is at the photo's upper edge"
        raise InputError(f"No sky was found: {why}. Give a mask of your own.")
    return _like(photo, mask)


def refine_mask(photo, mask, band: float = 0.03) -> np.ndarray:
    """A rough mask, moved to the nearest edges of colour in the photo by GrabCut.

    `band`, a share of the photo's longest side, is how far on either side of the mask's edge things
    may change. Picture (1, height, width, 3) and mask of one size -> mask of the same size.
    """
    small = _small(photo)
    rough = _resized(as_mask(mask)[0, ..., 0], small.shape[:2]) >= 0.5
    reach = max(1, band * max(small.shape[:2]))
    seeds = np.where(rough, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    seeds[_depth(rough) > reach] = cv2.GC_FGD
    seeds[_depth(~rough) > reach] = cv2.GC_BGD
    return _like(photo, _grab_cut(small, seeds))


# --- Parts ---------------------------------------------------------------------------------------


def _shaped(mask: np.ndarray) -> np.ndarray:
    """(height, width) -> (1, height, width, 1)."""
    return np.ascontiguousarray(mask, np.float32)[None, ..., None]


def _resized(mask: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """By area when it shrinks, so that no thin part is missed; linearly when it grows."""
    way = cv2.INTER_AREA if size[0] < mask.shape[0] else cv2.INTER_LINEAR
    return cv2.resize(mask, (size[1], size[0]), interpolation=way)


def _blocks(mask: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """(height, width) -> (rows, side, columns, side): the pixels pooled into each position."""
    rows, columns = shape
    side = 2 ** int(np.log2(mask.shape[0] // rows))
    return mask[: rows * side, : columns * side].reshape(rows, side, columns, side)


def _depth(mask: np.ndarray) -> np.ndarray:
    """How many steps, also diagonal ones, each pixel is from the nearest one outside the region."""
    inside = (mask >= mask.max() / 2) & (mask > 0)
    if inside.all():
        return np.full(mask.shape, np.inf, np.float32)
    return cv2.distanceTransform(inside.astype(np.uint8), cv2.DIST_C, 3)


def _small(photo) -> np.ndarray:
    """(height, width, 3), 0..255, at WORK_SIZE, since smoothness is a matter of size."""
    return to_uint8(resize(as_image(photo), WORK_SIZE))


def _like(photo, mask: np.ndarray) -> np.ndarray:
    """A mask (height, width), true or false, at the photo's size, with an edge a pixel soft."""
    whole = _resized(mask.astype(np.float32), as_image(photo).shape[1:3])
    return feather(_shaped(whole), 1.0)


def _middle(seeds: np.ndarray, margin: float) -> np.ndarray:
    height, width = seeds.shape
    top, left = max(1, round(margin * height)), max(1, round(margin * width))
    return seeds[top : height - top, left : width - left]


def _grab_cut(photo: np.ndarray, seeds: np.ndarray) -> np.ndarray:
    """True where GrabCut sees foreground; as the seeds say where it has nothing to choose from."""
    foreground = np.isin(seeds, FOREGROUND)
    plain = (photo == photo[0, 0]).all()  # no edge to cut along, for which it may search minutes
    if plain or foreground.all() or not foreground.any():
        return foreground
    cv2.setRNGSeed(0)  # it begins with k-means: the same photo gives the same mask
    result, models = seeds.copy(), np.zeros((2, 1, 65))
    cv2.grabCut(photo, result, None, models[0], models[1], 5, cv2.GC_INIT_WITH_MASK)
    return np.isin(result, FOREGROUND)
