"""`python -m nstlib stylize`: one photo, painted by any engine."""

import argparse
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import NamedTuple

from nstlib.cli.options import (
    WEIGHT,
    WHOLE,
    add_common,
    add_engine,
    engine_of,
    free_name,
    given,
    number_type,
    path,
)
from nstlib.cli.steering import add_steering, check_steering, mask_files, steered
from nstlib.errors import InputError, NstError

HELP = "paint a photo in the manner of a painting"
STARTS = (None, "content", "noise", "mix")  # anything else is a picture


def add_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("photo", metavar="PHOTO", help="a bundled picture (see `styles`) or a file")
    add("style", metavar="STYLE", help="the same, for the manner of painting")
    add("-o", "--output", metavar="OUT", type=path, required=True, help="the picture to write")
    add_common(parser)
    add_gatys = add_engine(parser, "stylize")
    _add_recipe(add_gatys)
    add_steering(add_gatys)


def _add_recipe(add: Callable) -> None:
    add("--recipe", metavar="NAME", help="named settings, such as gatys-2016")
    add("--content-weight", metavar="W", type=WEIGHT, help="more keeps more of the photo")
    add("--style-weight", metavar="W", type=WEIGHT, help="more paints more boldly")
    add("--tv-weight", metavar="W", type=WEIGHT, help="more is smoother (total variation)")
    add("--histogram-weight", metavar="W", type=WEIGHT, help="more copies contrasts more closely")
    add("--optimizer", choices=("lbfgs", "adam", "sgd"))
    add("--pooling", choices=("max", "average"), help="average is smoother")
    add("--padding", choices=("zero", "reflect"), help="reflect leaves no frame at the border")
    add("--start", metavar="START", help="content, noise, mix, or a picture to go on from")
    add("--weights", metavar="W", help="of VGG19: imagenet, random, or a file")
    add("--seed", metavar="N", type=number_type(0, 2**32 - 1, whole=True), help="for noise: 0")
    add("--save-every", metavar="N", type=WHOLE, help="also save OUT-0010.jpg … every N steps")


class Files(NamedTuple):
    """The files behind what was typed: all are read, and none is ever written over."""

    photo: Path
    paintings: list[Path]
    start: Path | None
    masks: list[Path]


def run(args: argparse.Namespace) -> None:
    """The request, the pictures, the painting, the finish, the file, in this order.

    What can be wrong is found out before the minutes of painting, not after.
    """
    if args.color == "luminance":  # the one way that needs no optimiser: every engine has it
        args.preserve_color, args.color = True, None
    engine = engine_of(args)
    check_steering(args)
    from nstlib.files import writable
    from nstlib.images.files import EXTENSIONS, load_image
    from nstlib.stylizers.door import finished

    files = _files(args, engine)
    protect = [*filter(None, (files.photo, files.start)), *files.paintings, *files.masks]
    rules = {"overwrite": args.overwrite, "protect": protect}
    writable(args.output, EXTENSIONS, **rules)
    content = load_image(files.photo, args.size)
    if engine.name == "gatys":
        painting, report = _by_descent(args, content, files, rules)
    else:
        painting, report = _in_one_pass(engine, content)
    image = finished(painting, content, args.strength, args.preserve_color)
    _save_or_rescue(image, args.output, rules)
    if not args.quiet:
        _, height, width, _ = image.shape
        print(f"Painted {args.output}: {width} x {height} pixels{report}")


def _files(args: argparse.Namespace, engine) -> Files:
    from nstlib.images.bundled import find_picture

    names = [engine.style] if isinstance(engine.style, str) else engine.style
    names = [] if engine.name == "fast" else [*names, *(args.styles or [])]  # it knows its styles
    photo, *paintings = (find_picture(name) for name in (args.photo, *names))
    start = None if args.start in STARTS else find_picture(args.start)
    return Files(photo, paintings, start, mask_files(args))


def _in_one_pass(engine, content) -> tuple:
    """The painting by a network, and what is to be said of it."""
    from nstlib.stylizers.door import Stylizer

    paint = Stylizer(engine)
    begin = time.perf_counter()
    return paint(content), f" in {time.perf_counter() - begin:.2f} s"


# --- By gradient descent -------------------------------------------------------------------------


def _by_descent(args: argparse.Namespace, content, files: Files, rules: dict) -> tuple:
    """The painting by the optimiser, and what is to be said of it."""
    from nstlib.gatys.painting import style_transfer
    from nstlib.images.files import load_image

    paintings = {}
    for file in files.paintings:
        size = None if args.style_scale else args.size
        paintings[free_name(file.stem, paintings)] = load_image(file, size)
    recipe = _recipe(args)
    options = given(args, "seed", "weights")
    if files.start:
        options["start"] = load_image(files.start, args.size)
    style, steering = steered(args, content, paintings)
    save_step = _step_saver(args, recipe.all_steps, rules)
    result = style_transfer(content, style, recipe, on_step=save_step, **options, **steering)
    if result.stopped == "interrupted" and len(result.history) < 2:
        raise KeyboardInterrupt  # only the start is there: nothing is painted yet
    return result.image, _summary(args, result)


def _recipe(args: argparse.Namespace):
    """The recipe with the options that were given; what it refuses is wrong usage."""
    from nstlib.gatys.recipe import Recipe, recipe

    names = [entry.name for entry in fields(Recipe) if hasattr(args, entry.name)]
    changes = given(args, *names)
    changes |= {layers: dict(changes[layers]) for layers in changes if layers.endswith("_layers")}
    if args.start not in STARTS:
        del changes["start"]
    try:
        return recipe(args.recipe or "default", **changes)
    except InputError as error:
        return args.usage_error(str(error))


def _step_saver(args: argparse.Namespace, steps: int, rules: dict) -> Callable:
    """What saves OUT-0010.jpg and so on while painting, as --save-every asks."""
    from nstlib.files import writable
    from nstlib.images.files import save_image

    every, output = args.save_every or steps + 1, args.output
    numbered = {
        index: writable(output.with_name(f"{output.stem}-{index:04d}{output.suffix}"), **rules)
        for index in range(every, steps + 1, every)
    }

    def save_step(step) -> None:
        if step.index not in numbered:
            return
        try:
            save_image(step.image, numbered[step.index], **rules)
        except (NstError, OSError) as error:  # the painting itself is worth going on with
            warnings.warn(f"Step {step.index} was not saved: {error}", stacklevel=2)

    return save_step


def _summary(args: argparse.Namespace, result) -> str:
    """What it took, and with which copy of the network."""
    from nstlib.vgg.weights import weights_status

    steps, wanted, size = len(result.history) - 1, result.recipe.all_steps, result.history[-1].size
    totals = [step.total for step in result.history if step.size == size]
    loss = totals[-1] if result.recipe.average else min(totals)
    early = "" if result.stopped == "steps" else f" of {wanted} ({result.stopped})"
    copy = {None: "imagenet", "random": "RANDOM"}.get(args.weights, args.weights)
    copy = weights_status(result.recipe.network).line if copy == "imagenet" else copy
    return (
        f", {steps} steps{early} in {result.seconds:.0f} s, final loss {loss:.4g}\nWeights: {copy}"
    )


def _save_or_rescue(image, output: Path, rules: dict) -> None:
    """Save the painting; if the disk is full by now, do not throw minutes of work away."""
    from nstlib.images.files import save_image

    try:
        save_image(image, output, **rules)
    except (NstError, OSError) as error:
        kept = Path(tempfile.mkdtemp(prefix="nstlib-")) / output.name
        try:
            save_image(image, kept)
        except (NstError, OSError):
            raise error from None
        raise NstError(f"{error} The painting is kept in {kept} instead.") from error
