"""`python -m nstlib video`: a video painted frame by frame, with paint that stays in its place.

As in `nstlib.cli.main`, everything heavy is imported when the command runs.
"""

import argparse
import os
import sys
from pathlib import Path

ENGINES = ("fast", "adain", "gatys")


def add_video(parser: argparse.ArgumentParser, whole, share, mix) -> None:
    """The options of `video`; `whole` and `share` are the argparse types of numbers, and `mix`
    reads a style or a mix of styles."""
    add = parser.add_argument
    add("video", metavar="VIDEO", type=Path, help="a file")
    add("style", metavar="STYLE", help="a bundled picture (see `styles`), a mix, or a file")
    add("-o", "--output", metavar="OUT", type=Path, required=True, help=".mp4 .mkv .mov .webm")
    add("--engine", choices=ENGINES, default="fast", help="fast, trained; adain; gatys, slowly")
    add("--network", metavar="N", help="a bundled one, such as light, or a file")
    add("--consistency", metavar="C", type=share, help="0, each frame anew, to 1: 0.8")
    add("--size", metavar="N", type=whole, help="longest side in pixels, at most: as it is")
    add("--alpha", metavar="A", type=share, help="adain: 0, keep content, to 1")
    add("--strength", metavar="S", type=share, default=1.0, help="0, video, to 1")
    add("--preserve-color", action="store_true", help="keep the colours of the video")
    add("--steps", metavar="N", type=whole, help="gatys: updates of the first frame")
    add("--codec", metavar="C", help="libx264 or libvpx-vp9: what suits OUT")
    add("--overwrite", action="store_true", help="replace OUT if it exists")
    add("--quiet", action="store_true", help="print errors and notes only")
    parser.set_defaults(run=run_video, usage_error=parser.error, mix=mix)


def run_video(args: argparse.Namespace) -> int:
    """Paint the video; after Ctrl-C or a kill the same command goes on where it was."""
    if args.quiet:
        os.environ["NST_PROGRESS"] = "0"
    _check_usage(args)
    from nstlib.stylizers.clips import look
    from nstlib.stylizers.frames import CONSISTENCY
    from nstlib.stylizers.video import check_target, stylize_video

    look(args.video.expanduser())  # before the seconds that an engine takes to begin
    check_target(args.video.expanduser(), args.output.expanduser(), args.overwrite)
    options = {
        "consistency": CONSISTENCY if args.consistency is None else args.consistency,
        **{n: getattr(args, n) for n in ("size", "strength", "preserve_color", "codec")},
    }
    try:
        report = stylize_video(
            args.video, args.output, _painter(args), overwrite=args.overwrite, **options
        )
    except KeyboardInterrupt:
        print("nstlib: stopped by Ctrl-C; the same command goes on from here", file=sys.stderr)
        return 130
    if not args.quiet:
        print(f"Painted {report.path}: {report.frames} frames in {report.seconds:.0f} s")
    return 0


def _check_usage(args: argparse.Namespace) -> None:
    """What an engine has no use for is wrong usage."""
    for name, engines in (
        ("alpha", ("adain",)),
        ("steps", ("gatys",)),
        ("network", ("fast", "adain")),
    ):
        if getattr(args, name) is not None and args.engine not in engines:
            args.usage_error(f"--{name} is for --engine {' or '.join(engines)} only")


def _painter(args: argparse.Namespace):
    """The stylizer that was asked for, in the runtime that is fastest here."""
    from nstlib.backend import has_gpu
    from nstlib.gatys.film import GatysPainter
    from nstlib.stylizers.door import stylizer

    if args.engine == "gatys":
        return GatysPainter(args.style, **({"steps": args.steps} if args.steps else {}))
    named = {"network": args.network} if args.network else {}
    named["runtime"] = "keras" if has_gpu() else "onnx"
    if args.engine == "fast":
        return stylizer(args.mix(args.style), **named)
    named |= {} if args.alpha is None else {"alpha": args.alpha}
    return stylizer("adain", args.mix(args.style), **named)
