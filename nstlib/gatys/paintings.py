"""Which paintings, how much of each, and where: what is said about styles, checked and completed.

Everything that may be left out is filled in here, so that `nstlib.gatys.objective` only has to sum.
"""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Real

import numpy as np

from nstlib.errors import InputError, did_you_mean
from nstlib.images.arrays import as_image, resize
from nstlib.images.masks import as_mask, share_out

NOBODY = 0.01  # pixels of which all paintings together claim less are left as they are


@dataclass(frozen=True)
class Style:
    """A painting among several: its name, its picture, its share, and where it is the model.

    `share` is its part of the recipe's style weight; all shares add up to the part of the picture
    that is painted. `mask` is (1, height, width, 1), or None for everywhere.
    """

    name: str
    image: np.ndarray
    share: float = 1.0
    mask: np.ndarray | None = None


def gather_styles(
    style, content, *, style_weights=None, masks=None, style_scale: float | None = None
) -> tuple[Style, ...]:
    """The paintings as a tuple of `Style`, for a content picture (1, height, width, 3).

    `style` is a picture, a sequence of pictures, or a mapping from name to picture.
    `style_weights` and `masks`, sequences in the same order or mappings with the same names, give
    each its weight (default: equal ones; only their ratios matter) and its region (whatever
    `nst.as_mask` takes; None is where no other mask is). With masks a painting's share is its
    weight times its part of the picture's area, so that equal weights paint all regions equally
    boldly. `style_scale` sets every painting's longest side to so many times the picture's: 0.5
    makes strokes half as large as 1.
    """
    pictures = _named(style)
    names = list(pictures)
    weights = _checked_weights(_in_order(style_weights, names, "style_weights", 1.0))
    masks = [masks] if len(names) == 1 and not isinstance(masks, list | tuple | Mapping) else masks
    masks = _regions(_in_order(masks, names, "masks", None), names, content.shape[1:3])
    side = None if style_scale is None else _scaled_side(style_scale, content.shape)
    images = [_at_side(name, as_image(picture), side) for name, picture in pictures.items()]
    areas = np.array([1 / len(names) if mask is None else mask.mean() for mask in masks])
    claims = np.array(weights) * areas
    painted = 1 if masks[0] is None else areas[claims > 0].sum()
    shares = claims * (painted / claims.sum())
    found = zip(names, images, shares.tolist(), masks, strict=True)
    return tuple(Style(*parts) for parts in found if parts[2] > 0)


def painted_part(styles: Sequence[Style]) -> np.ndarray | None:
    """Which pixels any painting has a say in: (1, height, width, 1) of 0 and 1, None for all."""
    if any(style.mask is None for style in styles):
        return None
    claimed = sum(style.mask for style in styles) >= NOBODY
    return None if claimed.all() else claimed.astype("float32")


def _named(style) -> dict:
    if isinstance(style, Mapping):
        pictures = {str(name): picture for name, picture in style.items()}
    elif isinstance(style, list | tuple):
        pictures = {f"style {index}": picture for index, picture in enumerate(style, start=1)}
    else:
        return {"style": style}
    if not pictures:
        raise InputError("There is no painting among the styles: give at least one.")
    return pictures if len(pictures) > 1 or isinstance(style, Mapping) else {"style": style[0]}


def _in_order(given, names: list[str], what: str, default) -> list:
    """One value a painting: in the order of the names, or by name."""
    if given is None:
        return [default] * len(names)
    if isinstance(given, Mapping):
        for name in given:
            if name not in names:
                hint = did_you_mean(name, names)
                known = ", ".join(names)
                raise InputError(f"{what} names {name!r}.{hint} The paintings are {known}.")
        return [given.get(name, default) for name in names]
    given = list(given)
    if len(given) != len(names):
        raise InputError(
            f"There are {len(names)} paintings ({', '.join(names)}) and {len(given)} {what}: give "
            "one for each."
        )
    return given


def _checked_weights(weights: list) -> list[float]:
    for weight in weights:
        if not isinstance(weight, Real) or not np.isfinite(weight) or weight < 0:
            raise InputError(f"style_weights has {weight!r}; each must be a number, 0 or more.")
    if not sum(weights) > 0:
        raise InputError("style_weights are all 0: give one painting more than that.")
    return weights


def _regions(masks: list, names: list[str], size: tuple[int, int]) -> list:
    """Masks of the picture's size that share it out; the missing ones take what is left."""
    if all(mask is None for mask in masks):
        return masks
    pairs = list(zip(masks, names, strict=True))
    given = [None if mask is None else as_mask(mask, size, f"mask of {n}") for mask, n in pairs]
    left = 1 - np.minimum(sum(mask for mask in given if mask is not None), 1)
    for mask, name in zip(given, names, strict=True):
        if (left if mask is None else mask).max() < NOBODY:
            why = "is what the others leave: nothing" if mask is None else "is 0 everywhere"
            raise InputError(
                f"The mask of {name} {why}. Give it a region, or leave this painting out."
            )
    shared = share_out([left if mask is None else mask for mask in given])
    if len(masks) > 1:
        _say_what_is_left(shared)
    return shared


def _say_what_is_left(masks: list[np.ndarray]) -> None:
    nobody = int((sum(masks) < NOBODY).sum())
    if nobody:
        warnings.warn(
            f"{nobody:,} of {masks[0].size:,} pixels belong to no mask: they stay as in the photo.",
            stacklevel=6,
        )


def _scaled_side(scale, shape) -> int:
    if not isinstance(scale, Real) or not np.isfinite(scale) or scale <= 0:
        raise InputError(f"style_scale is {scale!r}; it must be a number above 0, such as 0.5.")
    return max(1, round(scale * max(shape[1:3])))


def _at_side(name: str, image: np.ndarray, side: int | None) -> np.ndarray:
    if side is None or side == max(image.shape[1:3]):
        return image
    if side > max(image.shape[1:3]):
        warnings.warn(
            f"The {name} picture is enlarged from {max(image.shape[1:3])} to {side} pixels, which "
            "blurs its strokes: load it larger, or take a smaller style_scale.",
            stacklevel=5,
        )
    return resize(image, side)
