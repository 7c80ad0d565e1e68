"""`python -m nstlib stylize`: paint a photo in the manner of a painting."""

import argparse
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

from nstlib import gatys, images, stylizers, vgg
from nstlib.cli import options, steering
from nstlib.cli.options import WEIGHT, WHOLE, given, path
from nstlib.errors import NstError
from nstlib.files import writable

STARTS = (None, "content", "noise", "mix")  # anything else is a picture


def add_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("photo", metavar="PHOTO", help="a bundled picture (see `styles`) or a file")
    add("style", metavar="STYLE", help="the same, for the manner of painting")
    add("-o", "--output", metavar="OUT", type=path, required=True, help="the picture to write")
    options.add_common(parser)
    options.add_saving(parser)
    # One picture can wait for the optimiser.
    add = options.add_engine(parser, "gatys", seeded=("gatys", "diffusion"))
    add("--recipe", metavar="NAME", help="named settings, such as gatys-2016")
    add("--content-weight", metavar="W", type=WEIGHT, help="more keeps more of the photo")
    add("--style-weight", metavar="W", type=WEIGHT, help="more paints more boldly")
    add("--tv-weight", metavar="W", type=WEIGHT, help="more is smoother (total variation)")
    add("--histogram-weight", metavar="W", type=WEIGHT, help="more copies contrasts more closely")
    add("--optimizer", choices=("lbfgs", "adam", "sgd"))
    add("--pooling", choices=("max", "average"), help="average is smoother")
    add("--padding", choices=("zero", "reflect"), help="reflect leaves no frame at the border")
    add("--start", metavar="START", help="content, noise, mix, or a picture to go on from")
    add("--weights", metavar="W", help="of VGG19: imagenet, full, random, or a file")
    add("--save-every", metavar="N", type=WHOLE, help="also save OUT-0010.jpg … every N steps")
    steering.add_options(add)


def run(args: argparse.Namespace) -> None:
    """The request, the pictures, the painting, the finish, the file, in this order.

    What can be wrong is found out before the minutes of painting, not after.
    """
    if args.color == "luminance":  # the one way that needs no optimiser: every engine has it
        args.preserve_color, args.color = True, None
    engine = options.engine_of(args)
    steering.check(args)
    saving = options.saving_of(args, args.output.suffix.lower())
    photo, *paintings = _files(args, engine)
    start = [] if args.start in STARTS else [images.bundled.find_picture(args.start)]
    protect = [photo, *paintings, *start, *steering.mask_files(args)]  # what is read
    rules = {"overwrite": args.overwrite, "protect": protect}
    writable(args.output, images.files.EXTENSIONS, **rules)
    content, opacity = images.files.load_image(photo, args.size, alpha="mask")
    _refuse_small("The photo", content, photo, args)
    saving |= rules | {"exif": images.tags.kept_tags(photo)}
    saving["alpha"] = images.files.holdable_alpha(opacity, args.output)
    if engine.name == "gatys":
        painting, report = _by_descent(args, content, paintings, saving)
    else:
        painting, report = _in_one_pass(engine, content)
    image = stylizers.door.finished(painting, content, args.strength, args.preserve_color)
    _save_or_rescue(image, args.output, saving)
    if not args.quiet:
        _, height, width, _ = image.shape
        print(f"Painted {args.output}: {width} x {height} pixels{report}")


def _files(args: argparse.Namespace, engine) -> list[Path]:
    """The files of the photo and of the paintings, which some engines do without."""
    names = [engine.style] if isinstance(engine.style, str) else engine.style
    names = [] if engine.name in ("fast", "diffusion") else [*names, *(args.styles or [])]
    return [images.bundled.find_picture(name) for name in (args.photo, *names)]


def _refuse_small(name: str, picture, file: Path, args: argparse.Namespace) -> None:
    """Too few pixels for the engine are known before it is loaded, which takes seconds."""
    smallest, needs = images.arrays.SMALLEST, "the network needs"
    if args.engine == "gatys":
        recipe, needs = _recipe(args), "this recipe's layers need"
        smallest = vgg.table.smallest_side(recipe.layers, recipe.padding)
    sides, refuse = images.decoding.sides_of(file), images.arrays.refuse_too_small
    refuse(name, picture.shape[1:3], smallest, needs=needs, file=sides)


def _in_one_pass(engine, content) -> tuple:
    """The painting by a network, and what is to be said of it."""
    paint = stylizers.door.Stylizer(engine)
    begin = time.perf_counter()
    return paint(content), f" in {time.perf_counter() - begin:.2f} s"


def _by_descent(args: argparse.Namespace, content, files: list[Path], saving: dict) -> tuple:
    """The painting by the optimiser, and what is to be said of it."""
    load, paintings = images.files.load_image, {}
    for file in files:
        size = None if args.style_scale else args.size
        name = options.free_name(file.stem, paintings)
        paintings[name] = load(file, size)
        _refuse_small(f"The {name} picture", paintings[name], file, args)
    if args.start not in STARTS:
        args.start = load(images.bundled.find_picture(args.start), args.size)
    recipe, begin = _recipe(args), given(args, "start", "seed", "weights")
    style, steered = steering.steered(args, content, paintings)
    on_step = _step_saver(args, recipe.all_steps, saving)
    paint = gatys.painting.style_transfer
    result = paint(content, style, recipe, on_step=on_step, **begin, **steered)
    if result.stopped == "interrupted" and len(result.history) < 2:
        raise KeyboardInterrupt  # only the start is there: nothing is painted yet
    return result.image, _summary(args, result)


def _recipe(args: argparse.Namespace):
    """The recipe with the options that were given."""
    names = [entry.name for entry in fields(gatys.recipe.Recipe) if hasattr(args, entry.name)]
    changes = given(args, *names)
    changes.pop("start", None)  # it can be a picture
    changes |= {layers: dict(changes[layers]) for layers in changes if layers.endswith("_layers")}
    return gatys.recipe.recipe(args.recipe or "default", **changes)


def _step_saver(args: argparse.Namespace, steps: int, saving: dict) -> Callable:
    """What saves OUT-0010.jpg and so on while painting, as --save-every asks."""
    every, output = args.save_every or steps + 1, args.output
    rules = {name: saving[name] for name in ("overwrite", "protect")}
    numbered = {
        index: writable(output.with_name(f"{output.stem}-{index:04d}{output.suffix}"), **rules)
        for index in range(every, steps + 1, every)
    }

    def save_step(step) -> None:
        if step.index not in numbered:
            return
        try:
            images.files.save_image(step.image, numbered[step.index], **saving)
        except NstError as error:  # the painting itself is worth going on with
            warnings.warn(f"Step {step.index} was not saved: {error}", stacklevel=2)

    return save_step


def _summary(args: argparse.Namespace, result) -> str:
    """What it took, and with which copy of the network."""
    steps, wanted, size = len(result.history) - 1, result.recipe.all_steps, result.history[-1].size
    totals = [step.total for step in result.history if step.size == size]
    loss = totals[-1] if result.recipe.average else min(totals)
    early = "" if result.stopped == "steps" else f" of {wanted} ({result.stopped})"
    bundled = vgg.weights.weights_status(result.recipe.network).line
    weights = bundled if args.weights in (None, "imagenet") else args.weights
    painted = f", {steps} steps{early} in {result.seconds:.0f} s, final loss {loss:.4g}"
    return f"{painted}\nWeights: {weights}"


def _save_or_rescue(image, output: Path, saving: dict) -> None:
    """Save the painting; if the disk is full by now, do not throw minutes of work away."""
    try:
        images.files.save_image(image, output, **saving)
    except NstError as error:
        kept = Path(tempfile.mkdtemp(prefix="nstlib-")) / output.name
        images.files.save_image(image, kept, **saving)
        raise NstError(f"{error} The painting is kept in {kept} instead.") from error
