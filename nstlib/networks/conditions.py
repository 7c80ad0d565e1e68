"""What a network takes beside the picture: shares of its styles, or what a painting looks like."""

import warnings
from collections.abc import Mapping
from functools import lru_cache

import numpy as np

from nstlib.backend import ops, own_settings
from nstlib.errors import InputError, choice, did_you_mean, number
from nstlib.images.arrays import SMALLEST, as_image, resize
from nstlib.images.bundled import bundled_networks, find_picture
from nstlib.images.color import of_one_color
from nstlib.images.files import load_image
from nstlib.networks.files import PaintingNetwork
from nstlib.networks.palette import palette_of
from nstlib.vgg.statistics import ADAPTED, style_encoder, style_vector

STYLE_SIZE, LARGEST_STYLE = 384, 1024  # pixels at which a painting is looked at, and at most


def conditions(trained: PaintingNetwork, style, **options) -> list[np.ndarray]:
    """What a network takes beside the picture: [mix], [style, colors] or [style, alpha].

    A network of named styles takes one of them, or a dict of them to shares; one for any style
    takes a painting (name, file or picture) or a dict of paintings, and the options of
    `painting_condition` and `looked_at`.
    """
    if not trained.styles:
        size = options.pop("style_size", STYLE_SIZE)
        return painting_condition(trained, *looked_at(style, size), **options)
    if options:
        raise InputError(
            f"{', '.join(options)}: a network of named styles takes no such thing; adain, "
            "adain-light or gatys may: nst.stylizer('gatys', …)."
        )
    return [style_mix(trained.styles, style)]


def style_mix(styles: tuple[str, ...], wanted: str | Mapping[str, float]) -> np.ndarray:
    """The mix (1, styles) for one style or for shares of several, scaled to add up to 1."""
    shares = {wanted: 1.0} if isinstance(wanted, str) else dict(wanted)
    for name in shares:
        if name not in styles:
            others = [key for key, row in bundled_networks().items() if name in row["styles"]]
            elsewhere = f" The network {others[0]!r} knows it." if others else ""
            raise InputError(
                f"This network has not learnt {name!r}.{did_you_mean(name, styles)}{elsewhere} It "
                f'knows {", ".join(styles)}. Any other painting: nst.stylizer("adain-light", …), '
                "on the command line --engine adain --network adain-light."
            )
    return _scaled([shares.get(name, 0.0) for name in styles], styles)


def _scaled(shares: list[float], names) -> np.ndarray:
    for name, share in zip(names, shares, strict=True):
        number(f"The share of {name}", share, 0)
    if not sum(shares) > 0:
        raise InputError("The shares of the styles add up to 0: give at least one more than that.")
    return np.array([shares], "float32") / np.float32(sum(shares))


# --- Any painting ---------------------------------------------------------------------------------


def looked_at(style, size: int = STYLE_SIZE) -> tuple[np.ndarray, list[np.ndarray]]:
    """Shares (1, paintings) that add up to 1, and the paintings as pictures, none too large.

    `style` is a bundled name, a file, a picture, or a dict of these to shares; `size` is the
    longest side in pixels at which files are read, at most.
    """
    if style is None:
        raise InputError('Name the painting: nst.stylizer("adain", style="starry_night").')
    number("style_size", size, 1, whole=True, unit="pixels")
    several = isinstance(style, Mapping)
    paintings, shares = (list(style), list(style.values())) if several else ([style], [1.0])
    return _scaled(shares, paintings), [_painting(one, size) for one in paintings]


def _painting(painting, size: int) -> np.ndarray:
    if not hasattr(painting, "shape"):
        return load_image(find_picture(painting), min(size, LARGEST_STYLE))
    painting = as_image(painting)
    return resize(painting, LARGEST_STYLE) if max(painting.shape) > LARGEST_STYLE else painting


def painting_condition(
    trained: PaintingNetwork, shares: np.ndarray, paintings: list[np.ndarray], alpha=None
) -> list[np.ndarray]:
    """What a network for any style takes for paintings that are `looked_at`.

    `alpha`, 0..1, is the strength, for "adain" only, or a dict of strengths at the levels of
    ADAPTED.
    """
    vectors = np.concatenate([_style_vector(painting) for painting in paintings])
    vector = (shares @ vectors).astype("float32")
    if trained.architecture == "adain":
        return [vector, _alphas(1.0 if alpha is None else alpha)]
    if alpha is not None:
        raise InputError(
            "alpha is for the network adain; adain-light has the strength of its paintings: "
            "paint(picture, strength=0.5), or --strength."
        )
    colors = np.stack([palette_of(painting) for painting in paintings])
    return [vector, (shares @ colors).astype("float32")]


def _alphas(alpha) -> np.ndarray:
    """The strength at each level, (1, levels), from one number or a dict from level to number."""
    given = alpha if isinstance(alpha, Mapping) else dict.fromkeys(ADAPTED, alpha)
    for level, value in given.items():
        choice("A level of alpha", level, ADAPTED)
        number(f"alpha at {level}", value, 0, 1, hint="0 is the photo.")
    return np.array([[given.get(level, 1.0) for level in ADAPTED]], "float32")


def _style_vector(painting: np.ndarray) -> np.ndarray:
    """The statistics (1, STATISTICS) of a painting."""
    check_painting(painting, stacklevel=7)
    return ops.convert_to_numpy(style_vector(_encoder()(painting)))


def check_painting(painting: np.ndarray, stacklevel: int = 4) -> None:
    """Raise InputError for a painting that is too small; warn of one that is of one colour."""
    _, height, width, _ = painting.shape
    if min(height, width) < SMALLEST:
        raise InputError(
            f"The style has {width} x {height} pixels: too few for brushwork. Its shorter side "
            f"needs {SMALLEST} at least."
        )
    if of_one_color(painting):
        message = "The style is of one colour, and so will be the painting."
        warnings.warn(message, stacklevel=stacklevel)


_encoder = lru_cache(maxsize=1)(own_settings("float32")(style_encoder))
