"""One door to every engine: what is to paint is said in an `Engine`, a `Stylizer` paints.

What is behind the door (an optimiser, a network for one style, a network for many) differs in
speed and in freedom; what comes out is the same kind of function, picture -> painting, so that
folders, videos and big pictures need to know nothing of engines.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np

from nstlib.errors import InputError, NstError, number
from nstlib.images.arrays import as_image
from nstlib.images.color import color_matcher, keep_color
from nstlib.images.masks import as_mask
from nstlib.stylizers.engine import ENGINES, FASTER_IN_ONNX, Engine


def stylizer(
    name,
    /,
    style=None,
    *,
    network: str | os.PathLike | None = None,
    runtime: str | None = None,
    threads: int = 0,
    tile: int | None = None,
    **options,
) -> "Stylizer":
    """A function `paint(picture, strength=1.0, preserve_color=False) -> picture`.

    `name` is a style that a network was trained for ("starry_night"), a dict of such styles to
    shares ({"great_wave": 0.5, "poppies": 0.5}), or an engine that takes any painting as `style`, a
    bundled name, a file, or a picture: "gatys" paints by gradient descent, with the options of
    `style_transfer`; "adain" and "adain-light" paint in one pass, take a dict of paintings to
    shares too, and have as options `alpha`, 0..1, or one for each of block2_conv1, block3_conv1 and
    block4_conv1 (adain only), `style_size`, the longest side in pixels at which they look at a
    painting that comes from a file: smaller means denser strokes, and `palette`, 0..1, how far the
    photo gets the painting's colours (`nst.match_color`) before it is painted. `network` is a
    bundled network (light) or a file; with one for any style, `name` can be the painting.

    A network runs in Keras ("keras" as `runtime`) or in ONNX Runtime ("onnx"), on so many `threads`
    (0: all cores). Both paint the same but for rounding; by itself ONNX Runtime is taken where it
    is faster: on a CPU, for all networks but adain. With a `tile`, such as 1024, pictures that are
    larger are painted in tiles of so many pixels, in Keras: the same painting, in bounded memory
    and more time (`nstlib.stylizers.tiles`).

    A picture is (1, height, width, 3), RGB, 0..1; the painting has exactly its size. `strength`
    runs from 0, the photo, to 1; `preserve_color` keeps the photo's colours. Raises InputError for
    a style that is not known and for what the engine does not take.
    """
    return Stylizer(
        request(
            name, style, network=network, runtime=runtime, threads=threads, tile=tile, **options
        )
    )


def request(
    name, /, style=None, *, network=None, runtime=None, threads=0, tile=None, **options
) -> Engine:
    """What `stylizer` is asked for, as an Engine: its `name` may be a learnt style, too."""
    if name not in ENGINES if isinstance(name, str) else True:
        if style is not None:
            raise InputError(f"style is for the engines {', '.join(ENGINES)}: give one first.")
        name, style = "fast", name
    return Engine(name, style, network, runtime, threads, tile, options)


class Stylizer:
    """A painter: `paint(picture, strength=1.0, preserve_color=False) -> painting`.

    It can be pickled: what travels is its `engine`, which is built again at the other end. `follow`
    is there where an engine can go on from the painting of the frame before (`nst.GatysPainter`).
    """

    def __init__(self, engine: Engine):
        self.engine, self._process = engine, os.getpid()
        self._paint = _gatys(engine) if engine.name == "gatys" else _one_pass(engine)
        if hasattr(self._paint, "follow"):
            self.follow = self._paint.follow

    def __call__(self, picture, strength: float = 1.0, preserve_color: bool = False) -> np.ndarray:
        if os.getpid() != self._process:
            raise NstError(
                "This stylizer was made in another process, and a fork of it cannot paint: "
                "TensorFlow's threads do not come along. Start workers by spawning "
                "(multiprocessing.get_context('spawn')), or make the stylizer in the worker."
            )
        picture = as_image(picture)
        return finished(self._paint(picture), picture, strength, preserve_color)

    def __reduce__(self):
        return Stylizer, (self.engine,)


def finished(painting, picture, strength: float = 1.0, preserve_color: bool = False) -> np.ndarray:
    """A painting of a picture, with the picture's colours if wanted, and as strong as wanted."""
    number("strength", strength, 0, 1, hint="0 is the photo.")
    if preserve_color:
        painting = keep_color(painting, picture)
    if strength < 1:
        painting = picture + np.float32(strength) * (painting - picture)
    return np.clip(painting, 0, 1)


def fast_styles(network: str = "light") -> tuple[str, ...]:
    """The names of the styles that a feed-forward network can paint in."""
    from nstlib.networks.files import load_network

    return load_network(network).styles


def _gatys(engine: Engine) -> Callable:
    from nstlib.gatys.film import GatysPainter

    return GatysPainter(engine.style, **engine.options)


def _one_pass(engine: Engine) -> Callable:
    from nstlib.networks.conditions import conditions, looked_at, painting_condition
    from nstlib.networks.files import load_network

    trained = load_network(engine.network or ENGINES[engine.name])
    if trained.styles and engine.name != "fast":
        raise InputError(
            f"The network {engine.network} paints in its own styles only, "
            f"{', '.join(trained.styles)}: leave {engine.name!r} out, or the network. (On the "
            "command line: --engine fast.)"
        )
    if trained.styles:
        condition = conditions(trained, engine.style, **engine.options)
        return _checked(_forward(engine, trained, condition))
    options = dict(engine.options)
    palette, size = options.pop("palette", 1.0), options.pop("style_size", None)
    shares, paintings = looked_at(engine.style, **({} if size is None else {"size": size}))
    condition = painting_condition(trained, shares, paintings, **options)
    alpha = options.get("alpha", 1.0)
    palette *= 1.0 if isinstance(alpha, Mapping) else alpha
    forward = _checked(_forward(engine, trained, condition))
    return _in_palette(forward, shares[0], paintings, palette)


def _forward(engine: Engine, trained, condition: list[np.ndarray]) -> Callable:
    """picture -> painting, in the runtime that is asked for."""
    from nstlib.backend import has_gpu

    if engine.tile is not None:
        from nstlib.stylizers.tiles import tiled_forward

        return tiled_forward(trained.network, condition, engine.tile)
    quick = not has_gpu() and trained.architecture in FASTER_IN_ONNX
    if engine.runtime == "onnx" or (engine.runtime is None and quick):
        from nstlib.export.onnx import onnx_forward

        return onnx_forward(trained.network, condition, engine.threads)
    return partial(_in_keras, trained.network, condition)


def _in_keras(network, condition: list[np.ndarray], picture: np.ndarray) -> np.ndarray:
    return np.asarray(network([picture, *condition], training=False))


def _checked(forward: Callable) -> Callable:
    from nstlib.networks.conditions import SMALLEST

    def paint(picture: np.ndarray) -> np.ndarray:
        _, height, width, _ = picture.shape
        if min(height, width) < SMALLEST:
            raise InputError(
                f"The picture has {width} x {height} pixels; the network needs {SMALLEST} on the "
                "shorter side. Enlarge it first: nst.resize(picture, 256), or a larger --size."
            )
        return forward(picture)

    return paint


def _in_palette(paint: Callable, shares, paintings: list[np.ndarray], strength: float) -> Callable:
    """The same painter, for whom the photo is first given the paintings' mean and covariance of
    colours: an encoder looks at edges more than at hues, so trees would else stay green.
    """
    if not strength:
        return paint
    matchers = [color_matcher(painting, quiet=True) for painting in paintings]

    def paint_in_palette(picture: np.ndarray) -> np.ndarray:
        matched = [match(picture) for match in matchers]
        if len(matched) == 1 and strength == 1:
            return paint(matched[0])
        change = sum(w * (one - picture) for w, one in zip(shares, matched, strict=True))
        return paint(picture + np.float32(strength) * change)

    return paint_in_palette


def by_region(stylizers: Sequence[Stylizer | None], masks: Sequence) -> Callable:
    """A stylizer that paints each region of a picture in its own way.

    One mask for each stylizer, whatever `nst.as_mask` takes: 1 where it is to be seen, and between
    0 and 1 at an edge that blends. They are scaled to add up to 1. None instead of a stylizer
    leaves the photo. Every stylizer sees the whole picture, so that a region's statistics are not
    those of a scrap. Raises InputError if a place belongs to nobody.
    """
    if len(stylizers) != len(masks) or not masks:
        raise InputError(
            f"There are {len(stylizers)} stylizers and {len(masks)} masks: give one for each."
        )
    return partial(_by_region, tuple(stylizers), tuple(masks))


def _by_region(
    stylizers, masks, picture, strength: float = 1.0, preserve_color: bool = False
) -> np.ndarray:
    picture = as_image(picture)
    shares = [as_mask(mask, picture.shape[1:3]) for mask in masks]
    total = sum(shares)
    if total.min() <= 0:
        raise InputError(
            "Some pixels belong to no region: the masks are 0 there. Let the last mask be 1 - the "
            "others."
        )
    parts = [
        picture if paint is None else paint(picture, strength, preserve_color)
        for paint in stylizers
    ]
    return sum(share / total * part for share, part in zip(shares, parts, strict=True))
