"""What every training on the command line begins with: pictures, settings, and a network."""

import argparse

from nstlib import images, networks
from nstlib.cli.options import given
from nstlib.errors import InputError
from nstlib.stylizers.engine import ANY_STYLE

# What is taught -> the architectures that it may go on from, first the one that it makes.
KINDS = {
    "transform": ("johnson",),
    "styles": ("light", "adain-light"),
    "stylebank": ("stylebank",),
    "collection": ("cyclegan", "light", "adain-light"),
    **dict.fromkeys(("one-way", "cartoon"), ("light", "cyclegan", "adain-light")),
    **{name: (name,) for name in (*ANY_STYLE, "diffusion")},
}
# The options that are arguments of both functions that train.
SETTINGS = ("steps", "batch", "crop", "learning_rate", "every", "seed", "weights")


def pictures_of(names, size: int) -> dict:
    """name -> picture, for bundled names and files, at a longest side of `size` at most."""
    files = [images.bundled.find_picture(name) for name in names]
    pictures = {file.stem: images.files.load_image(file, size) for file in files}
    if len(pictures) < len(files):
        raise InputError(f"Two pictures have one name: {', '.join(names)}. Rename a file.")
    return pictures


def settings(args: argparse.Namespace) -> dict:
    """What both functions that train are told."""
    return {"previews": pictures_of(args.preview, 256), **given(args, *SETTINGS)}


def begun(kind: str, name: str):
    """The network of that name or file, which `train KIND` is to go on from."""
    trained = networks.files.load_network(name, to_train=True)
    allowed, its = " or ".join(KINDS[kind]), trained.architecture
    if its not in KINDS[kind]:
        raise InputError(f"{name} is {its}; `train {kind}` goes on from {allowed}.")
    return trained


def new(kind: str, styles=()):
    """An untrained network of what `train KIND` makes."""
    architecture = KINDS[kind][0]
    network = networks.files.build_network(architecture, len(styles))
    return networks.files.PaintingNetwork(architecture, tuple(styles), network)
