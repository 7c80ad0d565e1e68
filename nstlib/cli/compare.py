"""`python -m nstlib compare`: paintings of one photo, measured, in a table and a strip of pictures.

As in `nstlib.cli.main`, everything heavy is imported when the command runs.
"""

import argparse
import os
import warnings
from collections.abc import Callable
from pathlib import Path

from nstlib.errors import InputError, did_you_mean

ENGINES = ("fast", "adain", "gatys")
OUTPUTS = "the strip of pictures (.jpg, .png) or the table (.md, .csv); may be given again"
SAME_FORM = 0.02  # two pictures whose sides are in the same proportion, but for rounding


def add_compare(parser: argparse.ArgumentParser, whole: Callable) -> None:
    """The options of `compare`; `whole` is the argparse type of whole numbers."""
    add = parser.add_argument
    add("photo", metavar="PHOTO", help="a bundled picture (see `styles`) or a file")
    add("style", metavar="STYLE", help="the same, for the painting to be like")
    add("paintings", metavar="PAINTING", nargs="*", help="files that were painted of the photo")
    add("--engines", metavar="E,…", help="paint here: fast, adain, gatys, or a bundled network")
    add("--steps", metavar="N", type=whole, help="gatys: updates of the picture")
    add("--size", metavar="N", type=whole, default=512, help="longest side in pixels, at most: 512")
    add("-o", "--output", metavar="OUT", action="append", default=[], help=OUTPUTS)
    add("--overwrite", action="store_true", help="replace OUT if it exists")
    add("--quiet", action="store_true", help="print errors and notes only")
    parser.set_defaults(run=run_compare, usage_error=parser.error)


def run_compare(args: argparse.Namespace) -> None:
    """Print the table; write it, or the strip of pictures, to every OUT."""
    engines = [name.strip() for name in (args.engines or "").split(",") if name.strip()]
    if not (args.paintings or engines):
        args.usage_error("name a PAINTING at least, or engines: --engines fast,adain,gatys")
    if args.steps and "gatys" not in engines:
        args.usage_error("--steps is for --engines gatys only")
    if args.quiet:
        os.environ["NST_PROGRESS"] = "0"
    _check_engines(engines)
    inputs = _inputs(args)

    from nstlib.evaluation.comparison import FORMATS, compare
    from nstlib.files import writable

    for path in args.output:
        writable(path, FORMATS, overwrite=args.overwrite, protect=inputs)
    content, style, paintings = _pictures(inputs, args.size)
    for name in engines:
        paintings[_free(name, paintings)] = _stylizer(name, args, style)
    comparison = compare(paintings, content, style)
    if not args.quiet:
        print(comparison.table())
    for path in args.output:
        comparison.save(path, overwrite=args.overwrite)


def _check_engines(names: list[str]) -> None:
    from nstlib.images.bundled import bundled_networks

    known = tuple(dict.fromkeys([*ENGINES, *bundled_networks()]))
    for name in names:
        if name not in known:
            hint = did_you_mean(name, known)
            raise InputError(f"There is no engine {name!r}.{hint} Engines: {', '.join(known)}.")


def _inputs(args: argparse.Namespace) -> list[Path]:
    """The files of the photo, the style and the paintings."""
    from nstlib.images.bundled import find_picture

    return [find_picture(name) for name in (args.photo, args.style, *args.paintings)]


def _pictures(paths: list[Path], size: int) -> tuple:
    """The photo, the style, and the paintings by the names of their files."""
    from nstlib.images.files import load_image

    content, style, *paintings = (load_image(path, size) for path in paths)
    named = {}
    for path, painting in zip(paths[2:], paintings, strict=True):
        named[_free(path.stem, named)] = _of_size(painting, content, path.name)
    return content, style, named


def _free(name: str, taken: dict) -> str:
    """The name, with a number if there is such a row already."""
    names = [name, *(f"{name} {number}" for number in range(2, len(taken) + 2))]
    return next(free for free in names if free not in taken)


def _of_size(painting, content, name: str):
    """The painting at the photo's size if they are of one form; else `compare` will refuse it."""
    from nstlib.images.arrays import resize

    (_, high, wide, _), (_, height, width, _) = painting.shape, content.shape
    if (high, wide) == (height, width) or abs(wide * height / (high * width) - 1) > SAME_FORM:
        return painting
    warnings.warn(
        f"{name} has {wide} x {high} pixels and is measured at {width} x {height}, the photo's "
        f"size here; --size {max(high, wide)} may leave it as it is.",
        stacklevel=2,
    )
    return resize(painting, (height, width))


def _stylizer(name: str, args: argparse.Namespace, style) -> Callable:
    from nstlib.stylizers.door import stylizer

    if name == "gatys":
        return stylizer("gatys", style, **({"steps": args.steps} if args.steps else {}))
    if name == "adain":
        return stylizer("adain", args.style)
    return stylizer(args.style, **({} if name == "fast" else {"network": name}))
