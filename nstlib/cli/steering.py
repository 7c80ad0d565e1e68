"""The options of `stylize` that steer the optimiser: which paintings, where, in which colours."""

import argparse
from collections.abc import Callable
from pathlib import Path

from nstlib import images
from nstlib.cli.options import WEIGHT, given, number_type, path
from nstlib.errors import MissingFile, did_you_mean

AUTOMATIC = ("subject", "sky")  # masks that are found in the photo
REST = "rest"  # the mask of what others leave


def add_options(add: Callable) -> None:
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


def check(args: argparse.Namespace) -> None:
    """Masks that do not fit are wrong usage, before any picture is read."""
    masks, count = args.mask or [], 1 + len(args.styles or [])
    if masks and len(masks) != count and (len(masks), count) != (1, 2):
        args.usage_error(f"--mask gives {len(masks)} for {count} paintings")
    if masks and all(mask == REST for mask in masks):
        args.usage_error(f"--mask {REST} is what other masks leave: give one")
    if args.feather is not None and not masks:
        args.usage_error("--feather softens masks: give one with --mask")


def mask_files(args: argparse.Namespace) -> list[Path]:
    """The files among the masks, which are read like the pictures."""
    return [path(mask) for mask in args.mask or [] if mask not in (*AUTOMATIC, REST)]


def steered(args: argparse.Namespace, content, paintings: dict) -> tuple[dict, dict]:
    """What `style_transfer` takes: the paintings, in the photo's colours if wanted, and options.

    One mask for two paintings: the second one gets the rest. One for one: the rest stays the photo.
    """
    masks = _masks(args, content, len(paintings)) if args.mask else [None] * len(paintings)
    options = given(args, "style_weights", "style_scale") | {"masks": masks}
    if not args.color:
        return paintings, options
    color = images.color
    recolored = {"match": color.match_color, "histogram": color.match_histogram}[args.color]
    pairs = zip(paintings.items(), masks, strict=True)
    return {name: recolored(image, content, where=mask) for (name, image), mask in pairs}, options


def _masks(args: argparse.Namespace, content, count: int) -> list:
    """A mask for each painting, (1, height, width, 1): the rest is worked out from the others."""
    wanted = args.mask + [REST] * (count - len(args.mask))
    masks = [None if name == REST else _mask(name, content) for name in wanted]
    if args.feather:
        soft = images.masks.feather
        masks = [None if mask is None else soft(mask, args.feather) for mask in masks]
    left = (1 - sum(mask for mask in masks if mask is not None)).clip(0)
    return [left if mask is None else mask for mask in masks]


def _mask(name: str, content):
    if name in AUTOMATIC:
        return getattr(images.masks, f"{name}_mask")(content)
    if not path(name).exists():
        hint = did_you_mean(name, (*AUTOMATIC, REST))
        raise MissingFile(f"There is no mask {name}.{hint} Give a file, subject, sky, or rest.")
    return images.masks.as_mask(name, content.shape[1:3], f"mask {Path(name).name}")
