"""`python -m nstlib folder`: paint every picture of a folder, and go on where it stopped."""

from nstlib import stylizers
from nstlib.cli.options import (
    WEIGHT,
    WHOLE,
    add_common,
    add_engine,
    add_saving,
    engine_of,
    given,
    saving_of,
)


def add_options(parser) -> None:
    add = parser.add_argument
    add("source", metavar="IN", help='a folder, or a glob in quotes: "photos/**/*.jpg"')
    add("style", metavar="STYLE", help="a learnt style, or for adain and gatys any painting")
    add("-o", "--output", metavar="OUT", required=True, help="the folder to write, with a list")
    add_common(parser, overwrite=False)
    add_saving(parser)
    add("--full-size", action="store_true", help="as large as they are; --tile saves memory")
    add("--extension", metavar="E", help="write all as .jpg, .png, …; else as they are")
    add("--workers", metavar="N", type=WHOLE, help="processes on this machine; 1 needs no Dask")
    add("--scheduler", metavar="ADDRESS", help="a dask.distributed one, such as tcp://host:8786")
    add("--timeout", metavar="S", type=WEIGHT, help="seconds in which it has to answer: 10")
    add_engine(parser, "fast")
    parser.set_defaults(when_stopped="the same command goes on from here")


def run(args) -> int:
    """Paint what is not done yet. The exit code is 1 if a picture had to be passed over."""
    engine, paths = engine_of(args), (args.source, args.output)
    options = given(args, "strength", "preserve_color", "extension")
    options |= given(args, "workers", "scheduler", "timeout") | saving_of(args)
    options["size"] = None if args.full_size else args.size
    report = stylizers.folder.stylize_folder(*paths, engine, **options)
    if not args.quiet:
        print(report)
    return 1 if report.failed else 0
