"""`python -m nstlib folder`: every picture of a folder, painted into another."""

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path

from nstlib.errors import InputError

ENGINES = ("fast", "adain", "gatys")


def add_folder(
    parser: argparse.ArgumentParser, whole: Callable, share: Callable, seconds: Callable
) -> None:
    """The options of `folder`; `whole`, `share`, `seconds` are the argparse types of numbers."""
    add = parser.add_argument
    add("source", metavar="IN", help='a folder, or a glob in quotes: "photos/**/*.jpg"')
    add("style", metavar="STYLE", help="a learnt style, or for adain and gatys any painting")
    add("-o", "--output", metavar="OUT", required=True, help="the folder to write, with a list")
    add("--engine", choices=ENGINES, default="fast", help="fast, trained; adain; gatys, slowly")
    add("--network", metavar="N", help="a bundled one, such as light, or a file")
    add("--size", metavar="N", type=whole, default=512, help="longest side in pixels, at most: 512")
    add("--full-size", action="store_true", help="as large as they are; --tile saves memory")
    add("--tile", metavar="N", type=whole, help="paint in tiles of N pixels, such as 512")
    add("--strength", metavar="S", type=share, default=1.0, help="0, photo, to 1")
    add("--preserve-color", action="store_true", help="keep the colours of the photos")
    add("--extension", metavar="E", help="write all as .jpg, .png, …; else as they are")
    add("--workers", metavar="N", type=whole, help="processes on this machine; 1 needs no Dask")
    add("--scheduler", metavar="ADDRESS", help="a dask.distributed one, such as tcp://host:8786")
    add("--timeout", metavar="S", type=seconds, default=10.0, help="it has to answer in: 10 s")
    add("--quiet", action="store_true", help="print errors and notes only")
    parser.set_defaults(run=run_folder, usage_error=parser.error)


def run_folder(args: argparse.Namespace) -> int:
    """Paint what is not done yet. The exit code is 1 if a picture had to be passed over."""
    from nstlib.stylizers.folder import stylize_folder

    if args.quiet:
        os.environ["NST_PROGRESS"] = "0"
    if args.engine == "gatys" and (args.network or args.tile):
        args.usage_error("--network and --tile are for the engines fast and adain")
    shared = ("strength", "preserve_color", "extension", "workers", "scheduler", "timeout")
    options = {name: getattr(args, name) for name in shared}
    size = None if args.full_size else args.size
    try:
        report = stylize_folder(args.source, args.output, size=size, **options, **_painter(args))
    except KeyboardInterrupt:
        print("nstlib: stopped by Ctrl-C; the same command goes on from here", file=sys.stderr)
        return 130
    if not args.quiet:
        print(report)
    return 1 if report.failed else 0


def _painter(args: argparse.Namespace) -> dict:
    """What `stylize_folder` is to paint with."""
    named = {"network": args.network, "tile": args.tile}
    options = {name: value for name, value in named.items() if value is not None}
    if args.engine == "fast":
        return {"paint": shares(args.style), **options}
    if args.engine == "gatys":
        return {"paint": "gatys", "style": args.style, "progress": False}
    return {"paint": "adain", "style": shares(args.style), **options}


def shares(text: str) -> str | dict[str, float]:
    """A style, or several: "poppies" or "great_wave=0.5,poppies=0.5"."""
    if "=" not in text or Path(text).is_file():
        return text
    try:
        pairs = [part.split("=") for part in text.split(",")]
        return {name.strip(): float(share) for name, share in pairs}
    except ValueError:
        raise InputError(
            f"{text!r} is no mix of styles; write great_wave=0.5,poppies=0.5."
        ) from None
