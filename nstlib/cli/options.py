"""What the commands share: types of arguments, the options of engines, and the engine asked for."""

import argparse
import math
import os
from collections.abc import Callable, Collection
from pathlib import Path

from nstlib import images
from nstlib.errors import InputError, number
from nstlib.stylizers.engine import ENGINES, Engine
from nstlib.words import _

ENGINE_HELP = "gatys, slowly; fast, in styles it was trained for; adain and adain-light, in any; "
ENGINE_HELP += "diffusion, out of noise"
NETWORKS = tuple(name for name in ENGINES if name not in ("gatys", "diffusion"))


# --- Types ---------------------------------------------------------------------------------------


def path(text: str) -> Path:
    """A path, with ~ for the home folder: a shell that was given quotes leaves it to us."""
    return Path(os.path.expanduser(text))


def number_type(low: float, high: float = math.inf, *, whole: bool = False) -> Callable:
    """An argparse type: a number within bounds, that says what is allowed when it is not."""

    def parse(text: str) -> float:
        try:
            value = float(text)
            value = int(text) if whole and math.isfinite(value) else value
        except ValueError:
            value = text  # no number of this kind at all
        try:
            return number("it", value, low, high, whole=whole)
        except InputError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return parse


WHOLE, SHARE, WEIGHT = number_type(1, whole=True), number_type(0, 1), number_type(0)


def shares(text: str) -> str | dict[str, float]:
    """A style, or several: "the_scream" or "great_wave=0.5,the_scream=0.5"."""
    if "=" not in text or path(text).is_file():
        return text
    try:
        pairs = [part.split("=") for part in text.split(",")]
        return {name.strip(): float(share) for name, share in pairs}
    except ValueError:
        raise InputError(f"{text!r} is no mix; write great_wave=0.5,the_scream=0.5.") from None


def given(args: argparse.Namespace, *names: str) -> dict:
    """What was given of these options: for the others the defaults of the function rule."""
    return {name: getattr(args, name) for name in names if getattr(args, name) is not None}


def free_name(name: str, taken: Collection[str]) -> str:
    """The name, with a number if it is taken already."""
    names = [name, *(f"{name} {number}" for number in range(2, len(taken) + 2))]
    return next(free for free in names if free not in taken)


# --- Options -------------------------------------------------------------------------------------


def add_common(parser: argparse.ArgumentParser, size: int | None = 512, *, overwrite=True) -> None:
    """--size, by itself as large as it is if None; --quiet; and --overwrite, if it is true."""
    add, most = parser.add_argument, f"longest side in pixels, at most: {size or 'as it is'}"
    add("--size", metavar="N", type=WHOLE, default=size, help=most)
    add("--quiet", action="store_true", help="print errors and notes only")
    if overwrite:
        add("--overwrite", action="store_true", help="replace OUT if it exists")


def add_saving(parser: argparse.ArgumentParser) -> None:
    """--quality and --lossless, of the files that are written (see `saving_of`)."""
    add, quality = parser.add_argument, number_type(1, 100, whole=True)
    add("--quality", metavar="Q", type=quality, help="of JPEG, WebP and AVIF, 1 to 100: 92")
    add("--lossless", action="store_true", help="write WebP without loss")


def saving_of(args: argparse.Namespace, suffix: str | None = None) -> dict:
    """What `save_image` is told. What a file with this suffix has no use for is wrong usage."""
    if args.lossless and args.quality:
        args.usage_error("--quality is for files with a loss, --lossless for those without")
    if suffix and args.lossless and suffix != ".webp":
        args.usage_error("--lossless is for .webp; .png and .tif have no loss anyway")
    if suffix and args.quality and suffix not in images.formats.LOSSY:
        args.usage_error("--quality is for .jpg, .webp and .avif")
    return given(args, "quality") | ({"lossless": True} if args.lossless else {})


def add_engine(parser: argparse.ArgumentParser, default: str, *, seeded=("diffusion",)) -> Callable:
    """The options from which `engine_of` makes an engine; returns an `add` for gatys alone.

    `seeded` are the engines that take a --seed here.
    """
    add = parser.add_argument
    add("--engine", choices=ENGINES, default=default, help=f"{ENGINE_HELP}: %(default)s")
    add("--strength", metavar="S", type=SHARE, default=1.0, help="0, the photo, to 1")
    add("--preserve-color", action="store_true", help="keep the colours of the photo")
    parser.set_defaults(only={})
    add = _only_for(parser, (*NETWORKS, "diffusion"))
    add("--network", metavar="N", help="a bundled one, such as light, or a file")
    add = _only_for(parser, NETWORKS)
    add("--tile", metavar="N", type=WHOLE, help="paint in tiles of N pixels, such as 1024")
    add("--palette", metavar="P", type=SHARE, help="0, the photo's colours, to 1, the painting's")
    add("--ground", metavar="G", type=SHARE, help="0, the bare photo, to 1: noise to paint on")
    add = _only_for(parser, ("adain",))
    add("--alpha", metavar="A", type=SHARE, help="0, keep content, to 1")
    add = _only_for(parser, ("diffusion",))
    add("--noise", metavar="N", type=SHARE, help="0, the photo, to 1, nothing of it: 0.45")
    add = _only_for(parser, ("gatys", "diffusion"))
    add("--steps", metavar="N", type=WHOLE, help="updates of the picture, or of the first frame")
    add = _only_for(parser, seeded)
    add("--seed", metavar="N", type=number_type(0, 2**32 - 1, whole=True), help="for noise: 0")
    return _only_for(parser, ("gatys",))


def _only_for(parser: argparse.ArgumentParser, engines: tuple[str, ...]) -> Callable:
    """An `add_argument` for options that these engines take, and `engine_of` refuses to others."""
    title = _("for --engine {names} only").format(names=_(" or ").join(engines))
    group = parser.add_argument_group(title)

    def add(*names: str, **how) -> None:
        option = group.add_argument(*names, **how)
        parser.get_default("only")[option.dest] = names[0], engines

    return add


def engine_of(args: argparse.Namespace) -> Engine:
    """The engine that was asked for. What it has no use for is wrong usage."""
    for name, (option, engines) in args.only.items():
        if getattr(args, name) is not None and args.engine not in engines:
            args.usage_error(f"{option} is for --engine {' or '.join(engines)} only")
    style = shares(args.style)
    if args.engine == "gatys" and not isinstance(style, str):
        args.usage_error("gatys takes no mix; `stylize` takes more paintings with --styles")
    options = given(args, "alpha", "steps", "palette", "ground", "noise")
    if args.engine == "diffusion":
        options |= given(args, "seed")
    return Engine(args.engine, style, args.network, tile=args.tile, options=options)
