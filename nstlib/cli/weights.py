"""`python -m nstlib weights`: which copy of the pretrained network is used, and is it whole."""

from nstlib import vgg
from nstlib.cli.options import path


def add_options(parser) -> None:
    parser.add_argument("--network", choices=("vgg19", "vgg16"), default="vgg19")
    parser.add_argument("--file", type=path, help="check this file (.h5, .npz, .mat) instead")


def run(args) -> None:
    """Read it to the last number, fetched first if it has to be, and say which copy it is."""
    print(vgg.weights.load_vgg_weights(args.network, args.file or "imagenet").origin)
