"""One door to every engine: a stylizer is a function, picture -> painting.

What is behind the door (an optimiser, a network for one style, a network for many) differs in
speed and in freedom; what comes out is the same kind of function, so that folders, videos and big
pictures need to know nothing of engines.
"""

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
from keras import ops

from nstlib.color import keep_color
from nstlib.data import bundled_networks, find_picture
from nstlib.errors import InputError, did_you_mean
from nstlib.images import as_image, load_image
from nstlib.networks import PaintingNetwork, load_network

FAST_NETWORK = "light"
SMALLEST = 32  # pixels on the shorter side: below, a network has nothing to reflect
STYLE_SIZE = 512  # pixels: longest side of a style picture given by name to the optimiser

Stylizer = Callable[..., np.ndarray]


def stylizer(
    name, /, style=None, *, network: str = FAST_NETWORK, runtime: str = "keras", **options
) -> Stylizer:
    """A function `paint(picture, strength=1.0, preserve_color=False) -> picture`.

    `name` is a style that a network was trained for ("starry_night"), a dict of such styles to
    shares ({"great_wave": 0.5, "poppies": 0.5}), or the engine "gatys", which takes any painting as
    `style` (a bundled name, a file, or a picture) and paints by gradient descent, with the options
    of `style_transfer`. `network` is a bundled network or a file; `runtime="onnx"` runs it in ONNX
    Runtime, which is several times faster on a CPU and needs a moment to begin.

    A picture is (1, height, width, 3), RGB, 0..1; the painting has exactly its size. `strength`
    runs from 0, the photo, to 1; `preserve_color` keeps the photo's colours.
    """
    if name == "gatys":
        return _finished(_gatys(style, options))
    if options or style is not None:
        given = ", ".join(options) or "style"
        raise InputError(f"{given}: only the engine 'gatys' takes it: nst.stylizer('gatys', …).")
    return _finished(_feed_forward(load_network(network), name, runtime))


def fast_styles(network: str = FAST_NETWORK) -> tuple[str, ...]:
    """The names of the styles that a feed-forward network can paint in."""
    return load_network(network).styles


def _finished(paint: Callable) -> Stylizer:
    """What all engines share: a look at the picture before, strength and colours after."""

    def stylize(picture, strength: float = 1.0, preserve_color: bool = False) -> np.ndarray:
        picture = as_image(picture)
        return finished(paint(picture), picture, strength, preserve_color)

    return stylize


def finished(painting, picture, strength: float = 1.0, preserve_color: bool = False) -> np.ndarray:
    """A painting of a picture, with the picture's colours if wanted, and as strong as wanted."""
    if not 0 <= strength <= 1:
        raise InputError(f"strength is {strength!r}; it runs from 0, the photo, to 1.")
    if preserve_color:
        painting = keep_color(painting, picture)
    return np.clip(picture + np.float32(strength) * (painting - picture), 0, 1)


def _gatys(style, options: dict) -> Callable:
    from nstlib.optimize import style_transfer

    if style is None:
        raise InputError('Name the painting: nst.stylizer("gatys", style="starry_night").')
    if not hasattr(style, "shape"):
        style = load_image(find_picture(style), STYLE_SIZE)
    return lambda picture: style_transfer(picture, style, **options).image


def _feed_forward(trained: PaintingNetwork, style, runtime: str) -> Callable:
    mix = style_mix(trained.styles, style)
    if runtime == "keras":
        forward = partial(_keras_forward, trained.network, mix)
    elif runtime == "onnx":
        from nstlib.export import onnx_forward

        forward = onnx_forward(trained, style)
    else:
        raise InputError(f"runtime is {runtime!r}; it can be 'keras' or 'onnx'.")

    def paint(picture: np.ndarray) -> np.ndarray:
        _, height, width, _ = picture.shape
        if min(height, width) < SMALLEST:
            raise InputError(
                f"The picture has {width} x {height} pixels; the network needs {SMALLEST} on the "
                "shorter side. Enlarge it first: nst.resize(picture, 256)."
            )
        return forward(picture)

    return paint


def _keras_forward(network, mix: np.ndarray, picture: np.ndarray) -> np.ndarray:
    return ops.convert_to_numpy(network([picture, mix], training=False))


def style_mix(styles: tuple[str, ...], wanted: str | Mapping[str, float]) -> np.ndarray:
    """The mix (1, styles) for one style or for shares of several, scaled to add up to 1."""
    shares = {wanted: 1.0} if isinstance(wanted, str) else dict(wanted)
    for name, share in shares.items():
        if name not in styles:
            raise InputError(_unknown(name, styles))
        if not (np.isfinite(share) and share >= 0):
            raise InputError(f"The share of {name} is {share!r}; it must be a number, 0 or more.")
    total = sum(shares.values())
    if not total > 0:
        raise InputError("The shares of the styles add up to 0: give at least one more than that.")
    return np.array([[shares.get(name, 0.0) / total for name in styles]], "float32")


def _unknown(name: str, styles: tuple[str, ...]) -> str:
    others = [key for key, row in bundled_networks().items() if name in row["styles"]]
    elsewhere = f" The network {others[0]!r} knows it." if others else ""
    return (
        f"This network has not learnt {name!r}.{did_you_mean(name, styles)}{elsewhere} It knows "
        f'{", ".join(styles)}. Any other painting: nst.stylizer("gatys", style=…).'
    )
