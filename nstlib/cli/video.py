"""`python -m nstlib video`: paint a video frame by frame, with paint that stays in its place."""

from nstlib import stylizers
from nstlib.cli.options import SHARE, add_common, add_engine, engine_of, given, path

OUT = ".mp4 .mkv .mov .webm; .gif .webp .apng without sound"


def add_options(parser) -> None:
    add = parser.add_argument
    add("video", metavar="VIDEO", type=path, help="a film, GIF, WebP or APNG")
    add("style", metavar="STYLE", help="a bundled picture (see `styles`), a mix, or a file")
    add("-o", "--output", metavar="OUT", type=path, required=True, help=OUT)
    add("--consistency", metavar="C", type=SHARE, help="0, each frame anew, to 1: 0.8")
    add("--codec", metavar="C", help="libx264 or libvpx-vp9: what suits OUT")
    add_common(parser, None)
    add_engine(parser, "fast")
    parser.set_defaults(when_stopped="the same command goes on from here")


def run(args) -> None:
    """Paint the video; after Ctrl-C or a kill the same command goes on where it was."""
    options = given(args, "consistency", "size", "strength", "preserve_color", "codec", "overwrite")
    engine = engine_of(args)
    report = stylizers.video.stylize_video(args.video, args.output, engine, **options)
    if not args.quiet:
        print(f"Painted {report.path}: {report.frames} frames in {report.seconds:.0f} s")
