"""`python -m nstlib compare`: measure paintings of one photo, side by side."""

import argparse
import warnings
from pathlib import Path

from nstlib import evaluation, images, stylizers
from nstlib.cli.options import WHOLE, add_common, free_name, given, path
from nstlib.errors import choice
from nstlib.files import writable
from nstlib.stylizers.engine import ENGINES, Engine

OUTPUTS = "the strip of pictures (.jpg, .png) or the table (.md, .csv); may be given again"
SAME_FORM = 0.02  # two pictures whose sides are in the same proportion, but for rounding


def add_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("photo", metavar="PHOTO", help="a bundled picture (see `styles`) or a file")
    add("style", metavar="STYLE", help="the same, for the painting to be like")
    add("paintings", metavar="PAINTING", nargs="*", help="files that were painted of the photo")
    add("--engines", metavar="E,…", default="", help=f"paint here: {', '.join(ENGINES)}, a network")
    add("--steps", metavar="N", type=WHOLE, help="gatys: updates of the picture")
    add("-o", "--output", metavar="OUT", type=path, action="append", default=[], help=OUTPUTS)
    add_common(parser)


def run(args: argparse.Namespace) -> None:
    """Print the table; write it, or the strip of pictures, to every OUT."""
    names = [name.strip() for name in args.engines.split(",") if name.strip()]
    if not (args.paintings or names):
        args.usage_error("name a PAINTING at least, or engines: --engines fast,adain,gatys")
    if args.steps and "gatys" not in names:
        args.usage_error("--steps is for --engines gatys only")
    content, style, paintings = _pictures(args)
    engines = [_engine(name, args, style) for name in names]
    for name, engine in zip(names, engines, strict=True):
        paintings[free_name(name, paintings)] = stylizers.door.Stylizer(engine)
    comparison = evaluation.comparison.compare(paintings, content, style)
    if not args.quiet:
        print(comparison.table())
    for output in args.output:
        comparison.save(output, overwrite=args.overwrite)


def _pictures(args: argparse.Namespace) -> tuple:
    """The photo, the style, and the paintings by the names of their files; OUT is checked, too."""
    names = [args.photo, args.style, *args.paintings]
    files = [images.bundled.find_picture(name) for name in names]
    for output in args.output:
        formats = evaluation.comparison.FORMATS
        writable(output, formats, overwrite=args.overwrite, protect=files)
    content, style, *paintings = (images.files.load_image(file, args.size) for file in files)
    named = {}
    for file, painting in zip(files[2:], paintings, strict=True):
        named[free_name(file.stem, named)] = _of_size(painting, content, file)
    return content, style, named


def _of_size(painting, content, file: Path):
    """The painting at the photo's size if they are of one form; else `compare` will refuse it."""
    (_, high, wide, _), (_, height, width, _) = painting.shape, content.shape
    if (high, wide) == (height, width) or abs(wide * height / (high * width) - 1) > SAME_FORM:
        return painting
    warnings.warn(
        f"{file.name} has {wide} x {high} pixels and is measured at {width} x {height}, the "
        f"photo's size here; --size {max(high, wide)} may leave it as it is.",
        stacklevel=2,
    )
    return images.arrays.resize(painting, (height, width))


def _engine(name: str, args: argparse.Namespace, style) -> Engine:
    """An engine of the table, or a bundled network; gatys gets the style as it is measured."""
    if name == "gatys":
        return Engine(name, style, options=given(args, "steps"))
    if name == "diffusion":  # it has learnt from paintings of its own
        return Engine(name)
    if name in ENGINES:
        return Engine(name, args.style)
    networks = images.bundled.bundled_networks()
    return Engine("fast", args.style, choice("--engines", name, [*ENGINES, *networks]))
