"""`python -m nstlib texture`: make a wall, a meadow, strokes, of any size, without a photo."""

import argparse
import re

from nstlib import images, networks
from nstlib.cli.options import WHOLE, given, number_type, path
from nstlib.files import writable, write

NETWORK = "network.npz"  # in the folder of a training
LEARNT_FROM = 512  # pixels of the longest side of a picture that is learnt, at most


def add_options(parser: argparse.ArgumentParser) -> None:
    add, seed = parser.add_argument, number_type(0, whole=True)
    add(
        "name",
        metavar="NAME",
        help="brick, gravel, … (see `styles`), a network, or with --train a picture",
    )
    add("-o", "--output", metavar="OUT", type=path, required=True, help="the picture to write")
    add("--size", metavar="N", type=_size, default=512, help="pixels, or WxH: %(default)s")
    add("--seed", metavar="N", type=seed, default=0, help="another, another piece: %(default)s")
    add("--train", metavar="DIR", type=path, help="learn the picture NAME first; DIR keeps it")
    add("--steps", metavar="N", type=WHOLE, help="of --train: 600")
    add("--quiet", action="store_true", help="print errors and notes only")
    add("--overwrite", action="store_true", help="replace OUT if it exists")
    parser.set_defaults(when_stopped="with --train the same command goes on from here")


def _size(text: str) -> int | tuple[int, int]:
    """An argparse type: N, or WxH -> (height, width)."""
    if not re.fullmatch(r"\d+(x\d+)?", text.lower()):
        raise argparse.ArgumentTypeError(f"{text!r} is no size; write 2048, or 640x480")
    width, *height = map(int, text.lower().split("x"))
    return (*height, width) if height else width


def run(args: argparse.Namespace) -> None:
    """Learn the texture if that is wanted, make a piece, write it."""
    if args.steps and not args.train:
        args.usage_error("--steps is for --train only")
    writable(args.output, images.files.EXTENSIONS, overwrite=args.overwrite)
    name = _learnt(args) if args.train else args.name
    made = networks.endless.texture(name, args.size, seed=args.seed)
    images.files.save_image(made, args.output, overwrite=args.overwrite)
    if not args.quiet:
        _, height, width, _ = made.shape
        print(f"Made {args.output}: {width} x {height} pixels of {args.name}")


def _learnt(args: argparse.Namespace):
    """The file of a network that has learnt the picture, with its card beside it."""
    file = images.bundled.find_picture(args.name)
    training, diary = networks.training.texture, networks.training.diary
    picture = images.files.load_image(file, LEARNT_FROM)
    trained = training.train_texture(picture, args.train, name=file.stem, **given(args, "steps"))
    card = diary.model_card(args.train.name, trained, diary.read_log(args.train))
    write(args.train / "card.md", card.encode())
    return networks.files.save_network(trained, args.train / NETWORK)
