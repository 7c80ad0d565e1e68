"""The options of `stylize` that steer the painter: which paintings, where, in which colours.

As in `nstlib.cli.main`, everything heavy is imported when the command runs.
"""

import argparse
import math
from collections.abc import Callable
from pathlib import Path

from nstlib.errors import MissingFile, did_you_mean

# All of them are None unless they are given; a network has no use for them.
STEERING_OPTIONS = ("styles", "style_weights", "style_size", "mask", "feather", "color")
LAYER_OPTIONS = ("content_layers", "style_layers")
AUTOMATIC = ("subject", "sky")
REST = "rest"


def add_steering(parser: argparse.ArgumentParser, weight: Callable, scale: Callable) -> None:
    """Add the options; `weight` and `scale` are the types of numbers that they take."""
    add = parser.add_argument
    add("--color", choices=("luminance", "match", "histogram"), help="keep the photo's: how")
    add("--styles", metavar="STYLE", nargs="+", help="more paintings")
    add(
        "--style-weights",
        metavar="W",
        nargs="+",
        type=weight,
        help="one for STYLE, one for each of --styles",
    )
    add("--style-size", metavar="S", type=scale, help="of strokes: 0.5 halves them")
    add("--mask", metavar="M", nargs="+", help="where to paint: a file, subject, sky, rest")
    add("--feather", metavar="N", type=weight, help="soften the edges of masks by N pixels")
    add("--content-layers", metavar="L=W", nargs="+", type=_layer, help="such as block4_conv2=1")
    add("--style-layers", metavar="L=W", nargs="+", type=_layer, help="layers and their weights")
    add("--histogram-weight", metavar="W", type=weight, help="more copies contrasts more closely")
    add("--pooling", choices=("max", "average"), help="average is smoother")
    add("--padding", choices=("zero", "reflect"), help="reflect leaves no frame at the border")


def _layer(text: str) -> tuple[str, float]:
    """ "conv4_2=0.5" -> ("conv4_2", 0.5); without a number the weight is 1."""
    name, _, number = text.partition("=")
    try:
        weight = float(number or 1)
    except ValueError:
        weight = math.nan
    if not (math.isfinite(weight) and weight >= 0):
        raise argparse.ArgumentTypeError(f"{text!r} is not allowed; write block4_conv2=0.5")
    return name, weight


def check_steering(args: argparse.Namespace) -> None:
    """Wrong usage, before any picture is read."""
    count = 1 + len(args.styles or [])
    weights, masks = args.style_weights, args.mask
    if weights and len(weights) != count:
        args.usage_error(f"--style-weights gives {len(weights)} for {count} paintings")
    if weights and not any(weights):
        args.usage_error("--style-weights are all 0")
    if masks and len(masks) not in (count, 1 if count <= 2 else count):
        args.usage_error(f"--mask gives {len(masks)} for {count} paintings")
    if masks and all(mask == REST for mask in masks):
        args.usage_error(f"--mask {REST} is what other masks leave: give one")
    if args.feather is not None and not masks:
        args.usage_error("--feather softens masks: give one with --mask")


def mask_files(args: argparse.Namespace) -> list[Path]:
    """The files among the masks, which are read like the pictures."""
    return [Path(mask).expanduser() for mask in args.mask or [] if mask not in (*AUTOMATIC, REST)]


def paintings_and_steering(args: argparse.Namespace, content, paintings: dict) -> tuple:
    """What `style_transfer` takes: the painting or a mapping of several, and its options.

    One mask for two paintings: the second one gets the rest. One for one: the rest stays the photo.
    """
    masks = _masks(args, content, len(paintings))
    regions = masks or [None] * len(paintings)
    pairs = zip(paintings.items(), regions, strict=True)
    paintings = {n: _colored(image, content, args.color, where) for (n, image), where in pairs}
    options = {"style_weights": args.style_weights, "masks": masks, "style_scale": args.style_size}
    style = paintings if len(paintings) > 1 else next(iter(paintings.values()))
    return style, {name: value for name, value in options.items() if value is not None}


def _colored(painting, content, color: str | None, where):
    """The painting in the photo's colours, if it is to be painted after in them."""
    from nstlib.images.color import match_color, match_histogram

    if color not in ("match", "histogram"):
        return painting
    match = match_color if color == "match" else match_histogram
    return match(painting, content, where=where)


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
    if not Path(name).expanduser().exists():
        hint = did_you_mean(name, (*AUTOMATIC, REST))
        raise MissingFile(f"There is no mask {name}.{hint} Give a file, subject, sky, or rest.")
    return masks.as_mask(name, content.shape[1:3], f"mask {Path(name).name}")
