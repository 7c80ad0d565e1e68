"""Networks that paint in one pass: one architecture a file, built from the parts in `blocks`."""

from nstlib.networks.adain import adaptive_instance_normalization, style_encoder, style_vector
from nstlib.networks.files import (
    PaintingNetwork,
    build_network,
    load_network,
    save_network,
)
from nstlib.networks.growth import with_more_styles

__all__ = [
    "PaintingNetwork",
    "adaptive_instance_normalization",
    "build_network",
    "load_network",
    "save_network",
    "style_encoder",
    "style_vector",
    "with_more_styles",
]
