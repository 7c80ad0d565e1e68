"""Networks that paint in one pass: one architecture a file, built from the parts in `blocks`."""

from nstlib.networks.files import (
    PaintingNetwork,
    build_network,
    load_network,
    save_network,
)
from nstlib.networks.growth import with_more_styles

__all__ = [
    "PaintingNetwork",
    "build_network",
    "load_network",
    "save_network",
    "with_more_styles",
]
