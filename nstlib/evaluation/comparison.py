"""Paintings of one photo side by side, with what can be measured of them."""

import os
import time
from collections.abc import Callable, Mapping

import numpy as np

from nstlib.errors import InputError
from nstlib.evaluation import measures as metrics
from nstlib.evaluation.comparison_table import IDENTITY, SLOW, STYLE_COPY, Comparison
from nstlib.evaluation.frechet import style_frechet
from nstlib.evaluation.measures import ssim
from nstlib.images.arrays import as_image, resize
from nstlib.images.bundled import find_picture
from nstlib.images.files import load_image
from nstlib.machine import progress


def compare(paintings, content, style, *, size: int | None = None) -> Comparison:
    """Measure paintings of one photo in one style, beside the photo itself and the style itself.

    `paintings` is a dict from name to picture of the photo's size, or to a stylizer, a function
    from picture to painting, which then paints and is timed (second call; the first one if it took
    over SLOW seconds); or a list of these, or one. `content` and `style` are pictures, or names or
    files that are read at a longest side of `size` pixels at most. Measures: `content_distance`,
    `style_distance`, `perceptual_distance`, `ssim`, `color_distance`, `style_frechet` of one
    picture and `art_fid`; all depend on the size. Raises InputError, before anything is painted,
    for pictures of other sizes than the photo's, too small, or with NaN.
    """
    content, style = (metrics.look(_read(given, size)) for given in (content, style))
    named = _named(paintings)
    photo = content.picture
    pictures = {n: one if callable(one) else _checked(n, one, photo) for n, one in named.items()}
    copy = resize(style.picture, photo.shape[1:3])
    rows, shown = {}, {IDENTITY: photo, STYLE_COPY: copy, **pictures}
    for name in progress(list(shown), desc="compare"):
        seconds = {}
        if callable(shown[name]):
            painting, spent = _painted(shown[name], photo)
            shown[name], seconds = _checked(name, painting, photo), {"seconds": spent}
        rows[name] = measure(shown[name], content, style) | seconds
    return Comparison(rows, shown)


def measure(image, content, style) -> dict[str, float]:
    """All measures of one painting: a row of `compare`. Pictures, or looks of `nstlib.evaluation.measures`."""
    image, content, style = (metrics.look(given) for given in (image, content, style))
    row = {
        "content": metrics.content_distance(image, content),
        "style": metrics.style_distance(image, style),
        "perceptual": metrics.perceptual_distance(image, content),
        "ssim": ssim(image.picture, content.picture),
        "color": metrics.color_distance(image, style),
        "frechet": style_frechet(image, style),
    }
    # `nst.art_fid` of the three, from what is known already.
    return row | {"art_fid": (1 + row["perceptual"]) * (1 + row["frechet"])}


# --- Parts ---------------------------------------------------------------------------------------


def _read(given, size: int | None):
    """A picture, from a picture, a bundled name or a file."""
    if isinstance(given, str | os.PathLike):
        return load_image(find_picture(given), size)
    return given


def _named(paintings) -> dict:
    if not isinstance(paintings, Mapping):
        several = paintings if isinstance(paintings, list | tuple) else [paintings]
        paintings = {f"painting {place}": one for place, one in enumerate(several, start=1)}
    if not paintings:
        raise InputError("There are no paintings: give at least one, {name: picture}.")
    for name in (IDENTITY, STYLE_COPY):
        if name in paintings:
            raise InputError(f"The name {name!r} is kept for a row of every table: take another.")
    return dict(paintings)


def _checked(name: str, painting, photo: np.ndarray) -> np.ndarray:
    """A painting as a picture of the photo's size, or an error that names it."""
    try:
        painting = as_image(painting)
    except InputError as error:
        raise InputError(f"{name}: {error}") from error
    if painting.shape != photo.shape:
        (_, high, wide, _), (_, height, width, _) = painting.shape, photo.shape
        raise InputError(
            f"{name} has {wide} x {high} pixels, the photo {width} x {height}: they are compared "
            f"place by place. Resize it first: nst.resize(painting, ({height}, {width}))."
        )
    return painting


def _painted(stylizer: Callable, photo: np.ndarray) -> tuple[np.ndarray, float]:
    """A painting, and the seconds that it took, without those of the first start if it is fast."""
    for _ in range(2):
        begin = time.perf_counter()
        painting = stylizer(photo)
        seconds = time.perf_counter() - begin
        if seconds > SLOW:
            break
    return painting, seconds
