"""One door to every engine: a stylizer is a function, picture -> painting.

What is behind the door (an optimiser, a network for one style, a network for many) differs in
speed and in freedom; what comes out is the same kind of function, so that folders, videos and big
pictures need to know nothing of engines.
"""

import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from numbers import Real

import numpy as np
from keras import ops

from nstlib.color import color_matcher, keep_color
from nstlib.data import bundled_networks, find_picture
from nstlib.errors import InputError, did_you_mean
from nstlib.images import as_image, load_image, resize
from nstlib.masks import as_mask
from nstlib.networks import PaintingNetwork, load_network

FAST_NETWORK = "light"
ANY_STYLE = ("adain", "adain-light")  # engines that take any painting, and the networks they run
SMALLEST = 32  # pixels on the shorter side: below, a network has nothing to reflect
STYLE_SIZE = 512  # pixels: longest side of a style picture given by name to the optimiser
ADAIN_STYLE_SIZE, LARGEST_STYLE = 384, 1024  # the same for adain, and what it will look at
ONE_COLOR = 0.004  # standard deviation of a picture that is of one colour to the eye

Stylizer = Callable[..., np.ndarray]


def stylizer(
    name,
    /,
    style=None,
    *,
    network: str | None = None,
    runtime: str = "keras",
    threads: int = 0,
    tile: int | None = None,
    **options,
) -> Stylizer:
    """A function `paint(picture, strength=1.0, preserve_color=False) -> picture`.

    `name` is a style that a network was trained for ("starry_night"), a dict of such styles to
    shares ({"great_wave": 0.5, "poppies": 0.5}), or an engine that takes any painting as `style`, a
    bundled name, a file, or a picture: "gatys" paints by gradient descent, with the options of
    `style_transfer`; "adain" and "adain-light" paint in one pass, take a dict of paintings to
    shares too, and have as options `alpha`, 0..1, or one for each of block2_conv1, block3_conv1 and
    block4_conv1 (adain only), `style_size`, the longest side in pixels at which they look at a
    painting that comes from a file: smaller means denser strokes, and `palette`, 0..1, how far the
    photo gets the painting's colours (`nst.match_color`) before it is painted. {"adain": style} is
    short for "adain", style. `network` is a bundled network (light) or a file; with one for any
    style, `name` can be the painting. `runtime="onnx"` runs it in ONNX Runtime, which is faster on
    a CPU, light most of all, and needs a moment to begin, on so many `threads` (0: all cores).
    With a `tile`, such as 1024, pictures that are larger are painted in tiles of so many pixels:
    the same painting, in bounded memory and more time (`nstlib.tiles`; not with "onnx").

    A picture is (1, height, width, 3), RGB, 0..1; the painting has exactly its size. `strength`
    runs from 0, the photo, to 1; `preserve_color` keeps the photo's colours.
    """
    if isinstance(name, Mapping) and len(name) == 1 and next(iter(name)) in ANY_STYLE:
        [(name, style)] = name.items()
    if name == "gatys":
        if (network, runtime, tile) != (None, "keras", None):
            raise InputError("network, runtime and tile are for networks: 'gatys' takes none.")
        return _finished(_gatys(style, options))
    if name not in ANY_STYLE and style is not None:
        raise InputError(f"style is for the engines gatys, {', '.join(ANY_STYLE)}: give one first.")
    trained = load_network(network or (name if name in ANY_STYLE else FAST_NETWORK))
    if trained.styles and name in ANY_STYLE:
        raise InputError(
            f"The network {network} paints in its own styles only, {', '.join(trained.styles)}: "
            f"leave {name!r} out, or the network. (On the command line: --engine fast.)"
        )
    style = style if name in ANY_STYLE else name
    if trained.styles:
        return _finished(_one_pass(trained, style, runtime, threads, tile, **options))
    palette = options.pop("palette", 1.0)
    paint = _one_pass(trained, style, runtime, threads, tile, **options)
    return _finished(_in_palette(paint, style, palette, **options))


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
    if strength < 1:
        painting = picture + np.float32(strength) * (painting - picture)
    return np.clip(painting, 0, 1)


def _gatys(style, options: dict) -> Callable:
    from nstlib.optimize import style_transfer

    if style is None:
        raise InputError('Name the painting: nst.stylizer("gatys", style="starry_night").')
    if not hasattr(style, "shape"):
        style = load_image(find_picture(style), STYLE_SIZE)
    return lambda picture: style_transfer(picture, style, **options).image


def _one_pass(
    trained: PaintingNetwork, style, runtime: str, threads: int, tile: int | None = None, **options
) -> Callable:
    condition = conditions(trained, style, **options)
    if tile is not None:
        from nstlib.tiles import tiled_forward

        if runtime != "keras":
            raise InputError("tile is for runtime='keras': leave one of the two out.")
        forward = tiled_forward(trained.network, condition, tile)
    elif runtime == "keras":
        forward = partial(_keras_forward, trained.network, condition)
    elif runtime == "onnx":
        from nstlib.export import onnx_forward

        forward = onnx_forward(trained, style, threads, **options)
    else:
        raise InputError(f"runtime is {runtime!r}; it can be 'keras' or 'onnx'.")

    def paint(picture: np.ndarray) -> np.ndarray:
        _, height, width, _ = picture.shape
        if min(height, width) < SMALLEST:
            raise InputError(
                f"The picture has {width} x {height} pixels; the network needs {SMALLEST} on the "
                "shorter side. Enlarge it first: nst.resize(picture, 256), or a larger --size."
            )
        return forward(picture)

    return paint


def _keras_forward(network, condition: list[np.ndarray], picture: np.ndarray) -> np.ndarray:
    return ops.convert_to_numpy(network([picture, *condition], training=False))


def conditions(trained: PaintingNetwork, style, **options) -> list[np.ndarray]:
    """What a network takes beside the picture, for a style: [mix], [style] or [style, alpha]."""
    if trained.styles:
        if options:
            raise InputError(
                f"{', '.join(options)}: a network of named styles takes no such thing; "
                f"{', '.join(ANY_STYLE)} or gatys may: nst.stylizer('gatys', …)."
            )
        return [style_mix(trained.styles, style)]
    return _any_style(trained, style, **options)


def _any_style(
    trained: PaintingNetwork, style, alpha=1.0, style_size: int = ADAIN_STYLE_SIZE
) -> list[np.ndarray]:
    if style is None:
        raise InputError('Name the painting: nst.stylizer("adain", style="starry_night").')
    weights, paintings = _paintings(style, style_size)
    vectors = [_style_vector(painting) for painting in paintings]
    vector = (weights @ np.concatenate(vectors)).astype("float32")
    if len(trained.network.inputs) == 2:
        if alpha != 1.0:
            raise InputError(
                "alpha is for the network adain; adain-light has the strength of its paintings: "
                "paint(picture, strength=0.5), or --strength."
            )
        return [vector]
    return [vector, _alphas(alpha)]


def _alphas(alpha) -> np.ndarray:
    """The strength at each level, (1, levels), from one number or a dict from level to number."""
    from nstlib.networks.adain import ADAPTED

    given = alpha if isinstance(alpha, Mapping) else dict.fromkeys(ADAPTED, alpha)
    unknown = [level for level in given if level not in ADAPTED]
    if unknown:
        raise InputError(f"alpha has {unknown[0]!r}; its levels are {', '.join(ADAPTED)}.")
    for level, value in given.items():
        if not (isinstance(value, Real) and 0 <= value <= 1):
            raise InputError(f"alpha is {value!r} at {level}; it runs from 0, the photo, to 1.")
    return np.array([[given.get(level, 1.0) for level in ADAPTED]], "float32")


def _paintings(style, size: int) -> tuple[np.ndarray, list[np.ndarray]]:
    """Shares (1, paintings) that add up to 1, and the paintings, none larger than bearable."""
    several = isinstance(style, Mapping)
    shares = style_mix(tuple(style), style) if several else np.ones((1, 1), "float32")
    return shares, [_painting(one, size) for one in (style if several else [style])]


def _painting(painting, size: int) -> np.ndarray:
    if not hasattr(painting, "shape"):
        return load_image(find_picture(painting), min(size, LARGEST_STYLE))
    painting = as_image(painting)
    large = max(painting.shape[1:3]) > LARGEST_STYLE
    return resize(painting, LARGEST_STYLE) if large else painting


def _in_palette(paint: Callable, style, palette: float, alpha=1.0, style_size=ADAIN_STYLE_SIZE):
    """The same painter, for whom the photo is first given the painting's mean and covariance of
    colours: an encoder looks at edges more than at hues, so trees would else stay green.
    """
    if not (isinstance(palette, Real) and 0 <= palette <= 1):
        raise InputError(f"palette is {palette!r}; it runs from 0, the photo's colours, to 1.")
    weights, paintings = _paintings(style, style_size)
    strength = np.float32(palette if isinstance(alpha, Mapping) else palette * alpha)
    matchers = [color_matcher(painting, quiet=True) for painting in paintings]

    def paint_in_palette(picture: np.ndarray) -> np.ndarray:
        matched = [match(picture) for match in matchers]
        if len(matched) == 1 and strength == 1:
            return paint(matched[0])
        change = sum(w * (one - picture) for w, one in zip(weights[0], matched, strict=True))
        return paint(picture + strength * change)

    return paint_in_palette if strength else paint


def _style_vector(painting: np.ndarray) -> np.ndarray:
    """The statistics (1, STATISTICS) of a painting, looked at once."""
    from nstlib.networks.adain import style_vector

    _, height, width, _ = painting.shape
    if min(height, width) < SMALLEST:
        raise InputError(
            f"The style has {width} x {height} pixels: too few for brushwork. Its shorter side "
            f"needs {SMALLEST} at least."
        )
    if painting.std(axis=(1, 2)).max() < ONE_COLOR:
        warnings.warn("The style is of one colour, and so will be the painting.", stacklevel=6)
    return ops.convert_to_numpy(style_vector(_encoder()(painting)))


@lru_cache(maxsize=1)
def _encoder():
    from nstlib.networks.adain import style_encoder

    return style_encoder()


def by_region(stylizers: Sequence[Stylizer | None], masks: Sequence) -> Stylizer:
    """A stylizer that paints each region of a picture in its own way.

    One mask for each stylizer, whatever `nst.as_mask` takes: 1 where it is to be seen, and between
    0 and 1 at an edge that blends. They are scaled to add up to 1. None instead of a stylizer
    leaves the photo. Every stylizer sees the whole picture, so that a region's
    statistics are not those of a scrap. Raises InputError if a place belongs to nobody.
    """
    if len(stylizers) != len(masks) or not masks:
        raise InputError(
            f"There are {len(stylizers)} stylizers and {len(masks)} masks: give one for each."
        )

    def stylize(picture, strength: float = 1.0, preserve_color: bool = False) -> np.ndarray:
        picture = as_image(picture)
        shares = [as_mask(mask, picture.shape[1:3]) for mask in masks]
        total = sum(shares)
        if total.min() <= 0:
            raise InputError(
                "Some pixels belong to no region: the masks are 0 there. Let the last "
                "mask be 1 - the others."
            )
        parts = [
            picture if paint is None else paint(picture, strength, preserve_color)
            for paint in stylizers
        ]
        return sum(share / total * part for share, part in zip(shares, parts, strict=True))

    return stylize


def style_mix(styles: tuple[str, ...], wanted: str | Mapping[str, float]) -> np.ndarray:
    """The mix (1, styles) for one style or for shares of several, scaled to add up to 1."""
    shares = {wanted: 1.0} if isinstance(wanted, str) else dict(wanted)
    for name, share in shares.items():
        if name not in styles:
            raise InputError(_unknown(name, styles))
        if not (isinstance(share, Real) and np.isfinite(share) and share >= 0):
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
        f'{", ".join(styles)}. Any other painting: nst.stylizer("adain-light", …), on the command '
        "line --engine adain --network adain-light."
    )
