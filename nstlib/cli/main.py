"""The command line: `python -m nstlib stylize PHOTO STYLE -o OUT`, and train, doctor, weights, …

`--help` has to answer at once, so everything heavy is imported inside the commands. Exit codes:
0 done, 1 the work failed (why is on the error stream), 2 the command line was wrong, 130 Ctrl-C.
"""

import argparse
import math
import os
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

from nstlib.cli.compare import add_compare
from nstlib.cli.export import add_export
from nstlib.cli.folder import add_folder, shares
from nstlib.cli.steering import (
    LAYER_OPTIONS,
    STEERING_OPTIONS,
    add_steering,
    check_steering,
    mask_files,
    paintings_and_steering,
)
from nstlib.cli.train import add_train
from nstlib.cli.video import add_video
from nstlib.errors import InputError, NstError

ENGINES = ("gatys", "fast", "adain")
STARTS = (None, "content", "noise", "mix")  # anything else is a picture
SUMMARY = "Neural style transfer in Keras: paint a photo in the manner of a painting."
EXAMPLE = "Example: nstlib stylize great_wall starry_night -o painting.jpg"
# The options of `stylize` that change a field of the recipe when they are given.
RECIPE_OPTIONS = (
    *("steps", "content_weight", "style_weight", "tv_weight", "optimizer"),
    *("histogram_weight", "pooling", "padding", *LAYER_OPTIONS),
)
# A network has no use for these.
GATYS_OPTIONS = (*RECIPE_OPTIONS, *STEERING_OPTIONS, "recipe", "seed", "weights", "start")
GATYS_OPTIONS += ("save_every",)
NETWORK_OPTIONS = {"network": "fast or adain", "alpha": "adain", "tile": "fast or adain"}


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns the exit code, or raises SystemExit for --help and wrong usage."""
    parser = build_parser()
    args = parser.parse_args(argv)
    for name, value in vars(args).items():
        if isinstance(value, Path):  # a shell that was given quotes leaves the ~ to us
            setattr(args, name, Path(os.path.expanduser(value)))
    for stream in (sys.stdout, sys.stderr):  # a terminal that lacks a letter is no reason to fail
        if hasattr(stream, "reconfigure"):  # in a notebook it cannot
            stream.reconfigure(errors="replace")
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _show_note
            return args.run(args) or 0
    except KeyboardInterrupt:
        return _fail("stopped by Ctrl-C; nothing was saved", 130)
    except NstError as error:
        return _fail(str(error))
    except ModuleNotFoundError as error:
        return _fail(f"{error}. Install what requirements.txt lists, then: python -m nstlib doctor")
    except Exception as error:  # a bug, or a failure of the machine: one line is enough for most
        reason = (str(error).strip() or "no reason given").splitlines()[0]
        return _fail(f"{type(error).__name__}: {reason} (NSTLIB_DEBUG=1 shows the traceback)")


def _fail(message: str, code: int = 1) -> int:
    if os.environ.get("NSTLIB_DEBUG") == "1":
        raise  # the error that is being handled
    print(f"nstlib: {message}", file=sys.stderr)
    return code


def _show_note(message, *where) -> None:
    """Warnings on the command line: the sentence, without the line of code that raised it."""
    print(f"nstlib: note: {message}", file=sys.stderr)


# --- What can be typed ---------------------------------------------------------------------------


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="nstlib", description=SUMMARY, epilog=EXAMPLE)
    parser.add_argument("--version", action="version", version=f"nstlib {version('nstlib')}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    _add_stylize(commands.add_parser("stylize", help="paint a photo in the manner of a painting"))
    train = commands.add_parser("train", help="teach a network styles of your own")
    add_train(train, _number(int, 1), _number(float, 0))
    folder = commands.add_parser("folder", help="paint every picture of a folder")
    add_folder(folder, _number(int, 1), _number(float, 0, 1), _number(float, 0))
    video = commands.add_parser("video", help="paint a video, with paint that stays in its place")
    add_video(video, _number(int, 1), _number(float, 0, 1), shares)
    compare = commands.add_parser("compare", help="measure paintings of one photo, side by side")
    add_compare(compare, _number(int, 1))
    export = commands.add_parser("export", help="write a network for programs without Keras")
    add_export(export, _number(float, 0, 1))
    doctor = commands.add_parser("doctor", help="check this machine: OK or FAIL, and the mend")
    doctor.set_defaults(run=run_doctor)
    weights = commands.add_parser("weights", help="where the pretrained network is; fetch it now")
    weights.add_argument("--network", choices=("vgg19", "vgg16"), default="vgg19")
    weights.add_argument("--file", type=Path, help="check this file (.h5, .npz, .mat) instead")
    weights.set_defaults(run=run_weights)
    styles = commands.add_parser("styles", help="list the bundled pictures and their licences")
    styles.set_defaults(run=run_styles)
    return parser


def _add_stylize(parser: argparse.ArgumentParser) -> None:
    add, whole, weight = parser.add_argument, _number(int, 1), _number(float, 0)
    add("photo", metavar="PHOTO", help="a bundled picture (see `styles`) or a file")
    add("style", metavar="STYLE", help="the same, for the manner of painting")
    add("-o", "--output", metavar="OUT", type=Path, required=True, help="the picture to write")
    add("--size", metavar="N", type=whole, default=512, help="longest side in pixels, at most: 512")
    add("--engine", choices=ENGINES, default="gatys", help="gatys, slowly; adain; fast, trained")
    add("--network", metavar="N", help="a bundled one, such as light, or a file")
    add("--tile", metavar="N", type=whole, help="paint in tiles of N pixels, such as 1024")
    add("--alpha", metavar="A", type=_number(float, 0, 1), help="adain: 0, keep content, to 1")
    add("--strength", metavar="S", type=_number(float, 0, 1), default=1.0, help="0, photo, to 1")
    add("--preserve-color", action="store_true", help="keep the colours of the photo")
    add("--recipe", metavar="NAME", help="named settings, such as gatys-2016")
    add("--steps", metavar="N", type=whole, help="updates of the picture")
    add("--content-weight", metavar="W", type=weight, help="more keeps more of the photo")
    add("--style-weight", metavar="W", type=weight, help="more paints more boldly")
    add("--tv-weight", metavar="W", type=weight, help="more is smoother (total variation)")
    add("--optimizer", choices=("lbfgs", "adam", "sgd"))
    add("--start", metavar="START", help="content, noise, mix, or a picture to go on from")
    add("--weights", metavar="W", help="of VGG19: imagenet, random, or a file")
    add("--seed", metavar="N", type=_number(int, 0, 2**32 - 1), help="for noise: 0")
    add("--save-every", metavar="N", type=whole, help="also save OUT-0010.jpg … every N steps")
    add("--overwrite", action="store_true", help="replace OUT if it exists")
    add("--quiet", action="store_true", help="print errors and notes only")
    add_steering(parser, weight, _number(float, 0.05, 20))
    parser.set_defaults(run=run_stylize, usage_error=parser.error)


def _number(kind: type, least: float, most: float = math.inf) -> Callable[[str], float]:
    """An argparse type: a number within bounds, that says what is allowed when it is not."""

    def parse(text: str) -> float:
        try:
            value = kind(text)
            if math.isfinite(value) and least <= value <= most:
                return value
        except (ValueError, OverflowError):
            pass  # not a number of this kind at all
        what = "a whole number" if kind is int else "a number"
        bounds = f"{least} or more" if most == math.inf else f"from {least} to {most}"
        raise argparse.ArgumentTypeError(f"{text!r} is not allowed; give {what}, {bounds}")

    return parse


# --- stylize -------------------------------------------------------------------------------------


def run_stylize(args: argparse.Namespace) -> None:
    """Everything that can be wrong is found out before the minutes of painting, not after."""
    if args.quiet:
        os.environ["NST_PROGRESS"] = "0"
    if args.color == "luminance":  # the one way that needs no painter: every engine has it
        args.preserve_color, args.color = True, None
    if args.engine != "gatys":
        return run_one_pass(args)
    for name, engines in NETWORK_OPTIONS.items():
        if getattr(args, name) is not None:
            args.usage_error(f"--{name} is for --engine {engines}")
    if not isinstance(shares(args.style), str):
        args.usage_error("a mix is for --engine fast or adain; gatys takes --styles")
    args.weights, args.seed = args.weights or "imagenet", args.seed or 0
    check_steering(args)
    content, paintings, start = _read_pictures(args)
    recipe = _recipe(args)
    style, steering = paintings_and_steering(args, content, paintings)
    options = {"on_step": _step_saver(args, recipe.all_steps), "start": start, **steering}
    from nstlib.gatys.painting import style_transfer

    result = style_transfer(content, style, recipe, seed=args.seed, weights=args.weights, **options)
    if result.stopped == "interrupted" and len(result.history) < 2:
        raise KeyboardInterrupt  # only the start is there: nothing is painted yet
    from nstlib.stylizers.finish import finished

    image = finished(result.image, content, args.strength, args.preserve_color)
    _save_or_rescue(image, args)
    if not args.quiet:
        print(_summary(args, result))


def _read_pictures(args: argparse.Namespace) -> tuple:
    """The photo, the paintings by name, and the picture to start from, if it is one."""
    from nstlib.images.bundled import find_picture
    from nstlib.images.files import load_image

    named = [args.photo, args.style, *(args.styles or [])]
    named += [] if args.start in STARTS else [args.start]
    found = [find_picture(name) for name in named]
    args.inputs = [*found, *mask_files(args)]
    _check_output(args.output, args)
    content, paintings = load_image(found[0], args.size), {}
    for path in found[1 : 2 + len(args.styles or [])]:
        name = path.stem if path.stem not in paintings else f"{path.stem} {len(paintings) + 1}"
        paintings[name] = load_image(path, None if args.style_size else args.size)
    return content, paintings, None if args.start in STARTS else load_image(found[-1], args.size)


def run_one_pass(args: argparse.Namespace) -> None:
    """One pass through a network, in a style or a mix: great_wave=0.5,poppies=0.5."""
    from nstlib.images.bundled import find_picture
    from nstlib.images.files import load_image

    useless = [name for name in GATYS_OPTIONS if getattr(args, name) is not None]
    if useless:
        args.usage_error(f"--{useless[0].replace('_', '-')} is for --engine gatys only")
    if args.alpha is not None and args.engine != "adain":
        args.usage_error("--alpha is for --engine adain only; --strength is for all")
    style = shares(args.style)
    paintings = [style] if isinstance(style, str) else list(style)
    args.inputs = [find_picture(args.photo)]
    if args.engine == "adain":
        args.inputs += [find_picture(painting) for painting in paintings]
    _check_output(args.output, args)
    picture = load_image(args.inputs[0], args.size)
    from nstlib.stylizers.door import stylizer

    named = {"network": args.network} if args.network else {}
    named |= {"tile": args.tile} if args.tile else {}
    if args.engine == "adain":
        named |= {} if args.alpha is None else {"alpha": args.alpha}
        paint = stylizer("adain", style, **named)
    else:
        paint = stylizer(style, **named)
    begin = time.perf_counter()
    image = paint(picture, args.strength, args.preserve_color)
    seconds = time.perf_counter() - begin
    _save_or_rescue(image, args)
    if not args.quiet:
        _, height, width, _ = image.shape
        print(f"Painted {args.output}: {width} x {height} pixels in {seconds:.2f} s")


def _check_output(path: Path, args: argparse.Namespace) -> None:
    """Raise InputError if the picture could not, or must not, be written there."""
    from nstlib.files import writable
    from nstlib.images.files import EXTENSIONS

    writable(path, EXTENSIONS, overwrite=args.overwrite, protect=args.inputs)


def _recipe(args: argparse.Namespace):
    """The recipe with the options that were given; what it refuses is wrong usage."""

    from nstlib.gatys.recipe import recipe

    changes = {name: getattr(args, name) for name in RECIPE_OPTIONS}
    changes["start"] = args.start if args.start in STARTS else None
    changes |= {name: dict(changes[name]) for name in LAYER_OPTIONS if changes[name]}
    try:
        return recipe(
            args.recipe or "default", **{k: v for k, v in changes.items() if v is not None}
        )
    except InputError as error:
        return args.usage_error(str(error))


def _step_saver(args: argparse.Namespace, steps: int) -> Callable:
    """What saves OUT-0010.jpg and so on while painting, as --save-every asks."""
    from nstlib.images.files import save_image

    every, output = args.save_every or steps + 1, args.output
    numbered = {
        index: output.with_name(f"{output.stem}-{index:04d}{output.suffix}")
        for index in range(every, steps + 1, every)
    }
    for path in numbered.values():
        _check_output(path, args)

    def save_step(step) -> None:
        if step.index not in numbered:
            return
        try:
            save_image(step.image, numbered[step.index], overwrite=args.overwrite)
        except (NstError, OSError) as error:  # the painting itself is worth going on with
            warnings.warn(f"Step {step.index} was not saved: {error}", stacklevel=2)

    return save_step


def _save_or_rescue(image, args: argparse.Namespace) -> None:
    """Save the painting; if the disk is full by now, do not throw minutes of work away."""
    from nstlib.images.files import save_image

    try:
        save_image(image, args.output, overwrite=args.overwrite, protect=args.inputs)
    except (NstError, OSError) as error:
        kept = Path(tempfile.mkdtemp(prefix="nstlib-")) / args.output.name
        try:
            save_image(image, kept)
        except (NstError, OSError):
            raise error from None
        raise NstError(f"{error} The painting is kept in {kept} instead.") from error


def _summary(args: argparse.Namespace, result) -> str:
    """What was made, and with which copy of the network, in one line each."""
    from nstlib.vgg.weights import weights_status

    _, height, width, _ = result.image.shape
    steps, wanted, size = len(result.history) - 1, result.recipe.all_steps, result.history[-1].size
    totals = [step.total for step in result.history if step.size == size]
    loss = totals[-1] if result.recipe.average else min(totals)
    early = "" if result.stopped == "steps" else f" of {wanted} ({result.stopped})"
    known = {"imagenet": weights_status(result.recipe.network).line, "random": "RANDOM weights"}
    return (
        f"Weights: {known.get(args.weights, args.weights)}\n"
        f"Painted {args.output}: {width} x {height} pixels, {steps} steps{early} "
        f"in {result.seconds:.0f} s, final loss {loss:.4g}"
    )


# --- doctor, weights, styles ---------------------------------------------------------------------


def run_doctor(args: argparse.Namespace) -> int:
    from nstlib.cli.doctor import examine

    return examine()


def run_weights(args: argparse.Namespace) -> None:
    """Say which copy of the network is taken, and that it is whole; VGG16 is fetched if need be."""
    from nstlib.vgg.weights import load_vgg_weights

    source = str(args.file.absolute()) if args.file else "imagenet"
    print(load_vgg_weights(args.network, source).origin)


def run_styles(args: argparse.Namespace) -> None:
    """A table of the bundled pictures, by kind, and what the fast engine has learnt."""
    from nstlib.images.bundled import bundled_networks, pictures

    rows = [("NAME", "KIND", "SIZE", "TITLE, AUTHOR", "LICENCE")]
    for p in sorted(pictures(), key=lambda p: (p.kind, p.name)):
        size = f"{p.width} x {p.height}"
        rows.append((p.name, p.kind, size, f"{p.title}, {p.author}", p.licence))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(map(str.ljust, row, widths)).rstrip())
    print("\nStyles of --engine fast, by --network (--engine adain and gatys take any picture):")
    for name, row in bundled_networks().items():
        print(f"  {name}: {', '.join(row['styles']) or 'any (--engine adain)'}")


if __name__ == "__main__":
    sys.exit(main())
