"""The painter behind nst.stylizer("diffusion"): noise on the photo, and out of it again."""

from collections.abc import Callable
from functools import partial

from nstlib.errors import InputError, choice
from nstlib.images.bundled import DIFFUSION
from nstlib.networks.denoising import STRENGTH, sdedit
from nstlib.networks.files import load_network
from nstlib.stylizers.engine import Engine


def by_diffusion(engine: Engine) -> Callable:
    """The engine's network as a function picture -> painting, both (1, height, width, 3), 0..1.

    Raises InputError for a network of another kind, and for a painter that it has not learnt from.
    """
    trained, options = load_network(engine.its_network), dict(engine.options)
    if trained.architecture != DIFFUSION:
        raise InputError(f"{engine.network} paints in one pass: its engine is 'fast' or 'adain'.")
    if engine.style is not None:
        choice("style", engine.style, trained.styles, "Or leave it out.")
    return partial(_painted, trained, options.pop("noise", STRENGTH), options)


def _painted(trained, strength: float, options: dict, picture):
    return sdedit(trained, picture, strength, **options)
