"""`python -m nstlib train diffusion`: what a painter's few pictures teach a diffusion network."""

import argparse

from nstlib import images, networks
from nstlib.cli.options import given, path
from nstlib.errors import InputError


def check(args: argparse.Namespace) -> None:
    """Photos where there are to be none, or none where they are needed, are wrong usage."""
    if (args.content is None) != (args.kind == "diffusion"):
        args.usage_error("--content, a folder of photos, is for all kinds but diffusion")


def taught(args: argparse.Namespace) -> tuple:
    """The network, trained, and what its card says of that."""
    if args.add_to or args.style_weight:
        raise InputError("`train diffusion` takes neither --add-to nor --style-weight.")
    training, load = networks.training.diffusion, images.files.load_image
    folder = path(args.style[0])
    paintings = folder
    if len(args.style) > 1 or not folder.is_dir():
        files = [images.bundled.find_picture(name) for name in args.style]
        paintings = {file.stem: load(file, training.LARGEST) for file in files}
    name = (folder if folder.is_dir() else args.output).resolve().name
    start = networks.files.load_network(args.go_on_from, to_train=True) if args.go_on_from else None
    if start and start.architecture != images.bundled.DIFFUSION:
        raise InputError(
            f"{args.go_on_from} is {start.architecture}; `train diffusion` goes on from diffusion."
        )
    shown = [images.bundled.find_picture(photo) for photo in args.preview]
    options = given(args, "steps", "batch", "crop", "learning_rate", "every", "seed")
    previews = {file.stem: load(file, 256) for file in shown}
    trained = training.train_diffusion(
        paintings, args.output, name=name, start=start, previews=previews, **options
    )
    return trained, dict(trained.about)
