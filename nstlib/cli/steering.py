"""The options of `stylize` that steer the optimiser: which paintings, where, in which colours."""

import argparse
from collections.abc import Callable
from functools import partial
from pathlib import Path

from nstlib.cli.options import WEIGHT, given, number_type, path
from nstlib.errors import MissingFile, did_you_mean

AUTOMATIC = ("subject", "sky")  # masks that are found in the photo
REST = "rest"  # the mask of what others leave


def add_steering(add: Callable) -> None:
    several, ways = {"nargs": "+", "metavar": "W"}, ("luminance", "match", "histogram")
    add("--color", choices=ways, help="keep the photo's: how (luminance: with any engine)")
    add("--styles", metavar="STYLE", nargs="+", help="more paintings")
    add("--style-weights", type=WEIGHT, help="one for STYLE, one for each of --styles", **several)
    scale = {"metavar": "S", "dest": "style_scale", "type": number_type(0.05, 20)}
    add("--style-size", help="of strokes: 0.5 halves them", **scale)
    add("--mask", metavar="M", nargs="+", help="where to paint: a file, subject, sky, rest")
    add("--feather", metavar="N", type=WEIGHT, help="soften the edges of masks by N pixels")
    several = {"nargs": "+", "metavar": "L=W", "type": _layer}
    add("--content-layers", help="such as block4_conv2=1", **several)
    add("--style-layers", help="layers and their weights", **several)


def _layer(text: str) -> tuple[str, float]:
    """ "conv4_2=0.5" -> ("conv4_2", 0.5); without a number the weight is 1."""
    name, _, weight = text.partition("=")
    return name, WEIGHT(weight or "1")


def check_steering(args: argparse.Namespace) -> None:
    """Wrong usage, before any picture is read."""
    count = 1 + len(args.styles or [])
    weights, masks = args.style_weights, args.mask
    if weights and len(weights) != count:
        args.usage_error(f"--style-weights gives {len(weights)} for {count} paintings")
    if weights and not any(weights):
        args.usage_error("--style-weights are all 0")
    if masks and len(masks) != count and not (len(masks) == 1 and count == 2):
        args.usage_error(f"--mask gives {len(masks)} for {count} paintings")
    if masks and all(mask == REST for mask in masks):
        args.usage_error(f"--mask {REST} is what other masks leave: give one")
    if args.feather is not None and not masks:
        args.usage_error("--feather softens masks: give one with --mask")


def mask_files(args: argparse.Namespace) -> list[Path]:
    """The files among the masks, which are read like the pictures."""
    return [path(mask) for mask in args.mask or [] if mask not in (*AUTOMATIC, REST)]


def steered(args: argparse.Namespace, content, paintings: dict) -> tuple:
    """What `style_transfer` takes: the painting or a mapping of several, and its options.

    One mask for two paintings: the second one gets the rest. One for one: the rest stays the photo.
    """
    masks = _masks(args, content, len(paintings))
    regions = masks or [None] * len(paintings)
    recolor = _recolored(args.color, content)
    pairs = zip(paintings.items(), regions, strict=True)
    paintings = {name: recolor(image, where=where) for (name, image), where in pairs}
    options = given(args, "style_weights", "style_scale")
    options |= {"masks": masks} if masks else {}
    return paintings if len(paintings) > 1 else next(iter(paintings.values())), options


def _recolored(color: str | None, content) -> Callable:
    """(painting, where=mask) -> the painting, in the photo's colours there if wanted."""
    from nstlib.images.color import match_color, match_histogram

    ways = {"match": match_color, "histogram": match_histogram}
    return partial(ways[color], reference=content) if color else lambda painting, where: painting


def _masks(args: argparse.Namespace, content, count: int) -> list | None:
    import numpy as np

    from nstlib.images.masks import feather

    if not args.mask:
        return None
    wanted = args.mask + [REST] * (count - len(args.mask))
    masks = [None if name == REST else _mask(name, content) for name in wanted]
    if args.feather:
        masks = [None if mask is None else feather(mask, args.feather) for mask in masks]
    left = 1 - np.minimum(sum(mask for mask in masks if mask is not None), 1)
    return [left if mask is None else mask for mask in masks]


def _mask(name: str, content):
    from nstlib.images import masks

    if name in AUTOMATIC:
        return {"subject": masks.subject_mask, "sky": masks.sky_mask}[name](content)
    if not path(name).exists():
        hint = did_you_mean(name, (*AUTOMATIC, REST))
        raise MissingFile(f"There is no mask {name}.{hint} Give a file, subject, sky, or rest.")
    return masks.as_mask(name, content.shape[1:3], f"mask {Path(name).name}")
