"""Which paintings, how much of each, and where: what is said of styles, checked and completed."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from nstlib.errors import InputError, choice, number
from nstlib.images.arrays import as_image, resize
from nstlib.images.masks import as_mask, share_out

NOBODY = 0.01  # pixels of which all paintings together claim less are left as they are


@dataclass(frozen=True)
class Style:
    """A painting among several: its name, its picture, its share, and where it is the model.

    `share` is its part of the recipe's style weight; all shares add up to the part of the picture
    that is painted. `mask`, (1, height, width, 1) of the picture's size, is where it is the model,
    and `model_mask`, of the painting's size, the part of it that is; None is everywhere.
    """

    name: str
    image: np.ndarray
    share: float = 1.0
    mask: np.ndarray | None = None
    model_mask: np.ndarray | None = None


def gather_styles(
    style, content, *, style_weights=None, masks=None, model_masks=None, style_scale=None
) -> tuple[Style, ...]:
    """The paintings as a tuple of `Style`, for a content picture (1, height, width, 3).

    `style` is a picture, a sequence of pictures, or a mapping from name to picture. The rest are
    sequences in the same order or mappings with the same names: `style_weights` are weights
    (default: equal ones; only their ratios matter), `masks` the regions of the picture that each
    paints (whatever `nst.as_mask` takes; None is where no other mask is), and `model_masks` the
    parts of each that are its model (None is all). With masks a painting's share is its weight
    times its part of the picture's area, so that equal weights paint all regions equally boldly.
    `style_scale` sets every painting's longest side to so many times the picture's: 0.5 makes
    strokes half as large as 1.
    """
    pictures = _named(style)
    names = list(pictures)
    weights = _in_order(style_weights, names, "style_weights", 1.0)
    for weight in weights:
        number("a weight in style_weights", weight, 0)
    number("the sum of style_weights", sum(weights), 0, above=True)
    masks = _regions(_in_order(masks, names, "masks"), names, content.shape[1:3])
    models = _in_order(model_masks, names, "model_masks")
    models = [
        marked(mask, image.shape[1:3], f"model mask of {name}")
        for mask, (name, image) in zip(models, pictures.items(), strict=True)
    ]
    areas = np.array([1 / len(names) if mask is None else mask.mean() for mask in masks])
    claims = np.array(weights) * areas
    painted = 1 if masks[0] is None else areas[claims > 0].sum()
    shares = claims * (painted / claims.sum())
    found = zip(names, pictures.values(), shares.tolist(), masks, models, strict=True)
    styles = tuple(Style(*parts) for parts in found if parts[2] > 0)
    if style_scale is None:
        return styles
    number("style_scale", style_scale, 0, above=True, hint="0.5 halves the strokes.")
    side = max(1, round(style_scale * max(content.shape[1:3])))
    return tuple(_at_side(style, side) for style in styles)


def painted_part(styles: Sequence[Style]) -> np.ndarray | None:
    """Which pixels any painting has a say in: (1, height, width, 1) of 0 and 1, None for all."""
    if any(style.mask is None for style in styles):
        return None
    claimed = sum(style.mask for style in styles) >= NOBODY
    return None if claimed.all() else claimed.astype("float32")


def _named(style) -> dict[str, np.ndarray]:
    if isinstance(style, Mapping):
        named = {str(name): picture for name, picture in style.items()}
    elif isinstance(style, list | tuple) and len(style) != 1:
        named = {f"style {index}": picture for index, picture in enumerate(style, start=1)}
    else:
        named = {"style": style[0] if isinstance(style, list | tuple) else style}
    if not named:
        raise InputError("There is no painting among the styles: give at least one.")
    return {name: as_image(picture) for name, picture in named.items()}


def _in_order(given, names: list[str], what: str, default=None) -> list:
    """One value a painting: in the order of the names, or by name; of one painting, by itself."""
    if given is None:
        return [default] * len(names)
    if isinstance(given, Mapping):
        for name in given:
            choice(f"a name in {what}", name, names)
        return [given.get(name, default) for name in names]
    alone = len(names) == 1 and not isinstance(given, list | tuple) and np.ndim(given) != 1
    given = [given] if alone else list(given)
    if len(given) != len(names):
        paintings = f"{len(names)} paintings ({', '.join(names)})"
        raise InputError(f"There are {paintings} and {len(given)} {what}: give one for each.")
    return given


def marked(mask, size: tuple[int, int], name: str) -> np.ndarray | None:
    """A mask as `nst.as_mask` takes it, or None; InputError, by its `name`, if nothing is in it."""
    mask = None if mask is None else as_mask(mask, size, name)
    if mask is not None and mask.max() < NOBODY:
        raise InputError(f"The {name} is 0 everywhere, or nearly: mark a region, or leave it out.")
    return mask


def _regions(masks: list, names: list[str], size: tuple[int, int]) -> list:
    """Masks of the picture's size that share it out; the missing ones take what is left."""
    if all(mask is None for mask in masks):
        return masks
    given = [marked(m, size, f"mask of {name}") for m, name in zip(masks, names, strict=True)]
    left = 1 - np.minimum(sum(mask for mask in given if mask is not None), 1)
    for index, name in enumerate(names):
        if given[index] is None:
            given[index] = marked(left, size, f"rest that other masks leave to {name}")
    shared = share_out(given)
    nobody = int((sum(shared) < NOBODY).sum())
    if nobody and len(masks) > 1:
        warnings.warn(
            f"{nobody:,} of {left.size:,} pixels belong to no mask: they stay as in the photo.",
            stacklevel=5,
        )
    return shared


def _at_side(style: Style, side: int) -> Style:
    """The painting with a longest side of so many pixels, and its own mask with it."""
    longest = max(style.image.shape[1:3])
    if side > longest:
        warnings.warn(
            f"The {style.name} picture is enlarged from {longest} to {side} pixels, which blurs "
            "its strokes: load it larger, or take a smaller style_scale.",
            stacklevel=6,
        )
    return style if side == longest else resized_painting(style, side)


def resized_painting(style: Style, size: int | tuple[int, int]) -> Style:
    """The `Style` with its painting and model mask at another size, as `nst.resize` takes it."""
    image, mask = resize(style.image, size), style.model_mask
    if mask is not None:
        mask = resize(mask, image.shape[1:3])
    return replace(style, image=image, model_mask=mask)
