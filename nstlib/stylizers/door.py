"""One door to every engine: what is to paint is said in an `Engine`, a `Stylizer` paints.

What comes out is the same kind of function, picture -> painting, whatever is behind the door, so
that folders, videos and big pictures need to know nothing of engines.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache, partial

import numpy as np

from nstlib.errors import InputError, NstError, number
from nstlib.images.arrays import as_image
from nstlib.images.color import keep_color
from nstlib.images.masks import as_mask
from nstlib.stylizers.engine import ENGINES, Engine


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
    shares ({"great_wave": 0.5, "the_scream": 0.5}), or an engine that takes any painting as
    `style`, a bundled name, a file, or a picture: "gatys" paints by gradient descent, with the
    options of `style_transfer`; "adain" and "adain-light" paint in one pass, take a dict of
    paintings to shares too, and have as options `alpha`, 0..1, or one for each of block2_conv1,
    block3_conv1 and block4_conv1 (adain only), and `style_size`, the longest side in pixels at
    which they look at a painting's file: smaller means denser strokes. `network` is a bundled
    network (light) or a file; with one for any style, `name` can be the painting. All networks have
    the options `palette`, 0..1, how far the photo first gets the painting's colours, and, but for
    adain, `ground`, 0..1, how strong the noise is that they paint on. "diffusion" takes no
    painting: it learnt from a painter's few, lays `noise` on the photo, 0..1, 0.45 by itself, and
    takes it out in `steps`; another `seed` is another painting (`nst.sdedit`).

    A network runs in Keras ("keras" as `runtime`) or in ONNX Runtime ("onnx"), on so many `threads`
    (0: all cores). Both paint the same but for rounding. By itself it is ONNX Runtime on a CPU, for
    all networks but adain, which gains least by it; else Keras. ONNX takes a moment more to begin.
    Pictures larger than a `tile`, such as 1024 pixels, are painted in tiles, in Keras: the same
    painting, in bounded memory and more time.

    A picture is (1, height, width, 3), RGB, 0..1; the painting has exactly its size. `strength`
    runs from 0, the photo, to 1; `preserve_color` keeps the photo's colours. Raises InputError for
    a style that is not known and for what the engine does not take.
    """
    named = dict(network=network, runtime=runtime, threads=threads, tile=tile)
    return Stylizer(request(name, style, **named, **options))


def request(name, /, style=None, *, network=None, runtime=None, threads=0, tile=None, **options):
    """What `stylizer` is asked for, as an Engine: its `name` may be a learnt style, too."""
    if not (isinstance(name, str) and name in ENGINES):
        if style is not None:
            raise InputError(f"style is for the engines {', '.join(ENGINES)}: give one first.")
        name, style = "fast", name
    return Engine(name, style, network, runtime, threads, tile, options)


def painter(paint, /, **options) -> Engine | Callable:
    """Who is to paint a folder or a film: checked, and not yet built.

    `paint` and `options` are what `stylizer` takes, which makes an Engine; or `paint` is an Engine,
    a Stylizer, or any function picture -> picture, which is given its own `options`.
    """
    if options and isinstance(paint, Engine | Stylizer):
        raise InputError(f"{', '.join(options)}: this belongs into the engine, which is made.")
    if isinstance(paint, Engine) or (callable(paint) and not options):
        return paint
    return partial(paint, **options) if callable(paint) else request(paint, **options)


def built(paint: Engine | Callable) -> Callable:
    """A function picture -> painting from what `painter` returns, which may take its time.

    The bar is that of the folder or the film, so a painter by gradient descent has none.
    """
    if not isinstance(paint, Engine):
        return paint
    options = {"progress": False} if paint.name == "gatys" else {}
    return Stylizer(replace(paint, options={**options, **paint.options}))


class Stylizer:
    """A painter: `paint(picture, strength=1.0, preserve_color=False) -> painting`.

    It can be pickled: what travels is its `engine`, which is built again at the other end. `follow`
    is there where an engine can go on from the painting of the frame before (`nst.GatysPainter`).
    Raises NstError in a process that was forked off one with stylizers, where it would hang.
    """

    def __init__(self, engine: Engine):
        _check_process()
        self.engine = engine
        if engine.name == "gatys":
            from nstlib.gatys.film import GatysPainter

            self._paint = GatysPainter(engine.style, **{"progress": True, **engine.options})
            self.follow = self._paint.follow
        elif engine.name == "diffusion":
            from nstlib.stylizers.diffused import by_diffusion

            self._paint = by_diffusion(engine)
        else:
            from nstlib.stylizers.one_pass import one_pass

            self._paint = one_pass(engine)

    def __call__(self, picture, strength: float = 1.0, preserve_color: bool = False) -> np.ndarray:
        _check_process()
        picture = as_image(picture)
        return finished(self._paint(picture), picture, strength, preserve_color)

    def __reduce__(self):
        return Stylizer, (self.engine,)


@lru_cache
def _first_process() -> int:
    """The process in which a stylizer was first made; those forked off it inherit the answer."""
    return os.getpid()


def _check_process() -> None:
    if os.getpid() != _first_process():
        raise NstError(
            "This process was forked off one that has made stylizers, where they would hang: start "
            "workers by multiprocessing.get_context('spawn')."
        )


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


# --- Several stylizers in one picture -------------------------------------------------------------


def by_region(stylizers: Sequence[Stylizer | None], masks: Sequence) -> Callable:
    """A stylizer that paints each region of a picture in its own way.

    One mask for each stylizer, whatever `nst.as_mask` takes, 0..1; they are scaled to add up to 1.
    None instead of a stylizer leaves the photo. Every stylizer sees the whole picture, so that a
    region's statistics are not those of a scrap. Raises InputError if a place belongs to nobody.
    """
    if len(stylizers) != len(masks) or not masks:
        raise InputError(f"{len(stylizers)} stylizers and {len(masks)} masks: give one for each.")
    return partial(_by_region, tuple(stylizers), tuple(masks))


def _by_region(stylizers, masks, picture, strength=1.0, preserve_color=False) -> np.ndarray:
    picture = as_image(picture)
    shares = [as_mask(mask, picture.shape[1:3]) for mask in masks]
    total = sum(shares)
    if total.min() <= 0:
        raise InputError("Some pixels belong to no region: let the last mask be 1 - the others.")
    painted = np.zeros_like(picture)
    for paint, share in zip(stylizers, shares, strict=True):
        part = paint(picture, strength, preserve_color) if paint else picture
        painted += share / total * part
    return painted
