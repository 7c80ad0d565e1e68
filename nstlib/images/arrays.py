"""Pictures as arrays, with one convention: float32, RGB, 0..1, (1, height, width, 3)."""

import math
from collections.abc import Iterable

import numpy as np
from PIL import Image

from nstlib.errors import InputError, number

MAX_PIXELS = 100_000_000  # beyond this a small file may unpack into all of the memory
SMALLEST = 32  # pixels on the shorter side: below, a network has nothing to reflect


def resize(image, size: int | tuple[int, int]) -> np.ndarray:
    """A picture or a mask at another size, by Lanczos filtering in floats, clipped to 0..1.

    (1, height, width, 3 or 1), or an array as `as_image` takes it -> (1, new height, new width, the
    same channels). `size` is the longest side in pixels, exactly, the shorter one following in
    proportion (at least 1); or (height, width).
    """
    pixels = _pixels(image)
    pair = isinstance(size, list | tuple) and len(size) == 2
    for side in size if pair else [size]:
        number("size", side, 1, whole=True, unit="pixels")
    height, width = size if pair else fitted(*pixels.shape[1:3], size)
    refuse_too_large("The new picture", height, width)
    return scaled(np.moveaxis(pixels[0], -1, 0), (height, width))


def without_grain(picture, times: float = 1.6) -> np.ndarray:
    """A picture so many times smaller, and enlarged again: softer, without canvas, paper and noise.

    (1, height, width, 3), RGB, 0..1, of the same size; with `times` 1 it is the same picture. A
    painter, network or descent, that is asked for what is finer than its strokes answers with
    threads along the rows and columns, an even weave.
    """
    picture = as_image(picture)
    if number("times", times, 1) == 1:
        return picture
    _, height, width, _ = picture.shape
    small = resize(picture, (max(1, round(height / times)), max(1, round(width / times))))
    return resize(small, (height, width))


def as_image(array) -> np.ndarray:
    """An array or tensor as a picture: float32, 0..1, (1, height, width, 3).

    Takes (height, width) gray, (height, width, 1 or 3), and the same with a leading 1; integers as
    0..255, floats as 0..1 (a hundredth beyond is rounding and clipped). Else InputError.
    """
    pixels = _pixels(array)
    return pixels.repeat(3 // pixels.shape[-1], axis=-1)


def to_uint8(image) -> np.ndarray:
    """(1, height, width, 3), 0..1 -> (height, width, 3), 0..255, rounded to the nearest."""
    return np.rint(as_image(image)[0] * 255).astype(np.uint8)


def to_pil(image) -> Image.Image:
    """A picture as Pillow knows it: mode RGB, 8 bits a channel."""
    return Image.fromarray(to_uint8(image))


def to_numpy(array) -> np.ndarray:
    """Any array or tensor in NumPy; PyTorch has to be asked to leave gradients and GPU behind."""
    return np.asarray(array.detach().cpu() if hasattr(array, "detach") else array)


def fitted(height: int, width: int, size: int) -> tuple[int, int]:
    """(height, width) in the same proportion with `size` as the longest side."""
    scale = size / max(height, width)
    return max(1, round(height * scale)), max(1, round(width * scale))


def scaled(channels: Iterable[np.ndarray], shape: tuple[int, int]) -> np.ndarray:
    """Channels, each float32 (height, width) in 0..1, at another shape: (1, *shape, channels)."""
    size, way = shape[::-1], Image.Resampling.LANCZOS
    bands = [np.asarray(Image.fromarray(band).resize(size, way)) for band in channels]
    pixels = np.stack(bands, axis=-1)[None]
    return pixels.clip(0, 1, out=pixels)  # the filter swings beyond the values beside an edge


def refuse_too_large(name: str, height: int, width: int) -> None:
    """Raise InputError for a picture of more than MAX_PIXELS; `name` begins the sentence."""
    if height * width > MAX_PIXELS:
        raise InputError(
            f"{name} has {width} x {height} pixels, more than {MAX_PIXELS:,}: make it smaller."
        )


def refuse_too_small(
    name: str,
    shape: tuple[int, int],
    smallest: int,
    *,
    needs: str = "it needs",
    file: tuple[int, int] | None = None,
) -> None:
    """Raise InputError for a picture (height, width) with too few pixels on its shorter side.

    `name` begins the sentence, `needs` goes on; `file` are the sides in its file, in any order.
    """
    (height, width), enough = shape, math.ceil(smallest * max(shape) / min(shape))
    if min(shape) >= smallest:
        return
    few = f"{name} has {width} x {height} pixels; {needs} {smallest} on the shorter side: "
    larger = f"nst.resize(picture, {enough}) enlarges it"
    if file is None:
        raise InputError(f"{few}{larger}; of a larger file, read more (--size {enough}).")
    enough = math.ceil(smallest * max(file) / min(file))
    if min(file) >= smallest:
        raise InputError(f"{few}its file has {min(file)} there, and --size {enough} is enough.")
    raise InputError(f"{few}--size never enlarges. In Python, {larger}; or take a larger file.")


def _pixels(array) -> np.ndarray:
    """A new array, (1, height, width, 1 or 3), float32, 0..1, from all that `as_image` takes."""
    array = to_numpy(array)
    given = f"an array of shape {array.shape} and type {array.dtype}"
    array = array[..., None] if array.ndim == 2 else array
    array = array[None] if array.ndim == 3 else array
    known = array.dtype.kind not in "OSUcmM" and array.size > 0
    if not known or array.ndim != 4 or len(array) != 1 or array.shape[-1] not in (1, 3):
        raise InputError(
            f"This is {given}, not a picture: give (1, height, width, 3), (height, width, 3) or "
            "gray (height, width). A file is loaded with load_image."
        )
    pixels = array.astype(np.float32) / (255 if array.dtype.kind in "iu" else 1)
    if not np.isfinite(pixels).all():
        raise InputError(f"This picture ({given}) has values that are NaN or infinite.")
    if pixels.min() < -0.01 or pixels.max() > 1.01:
        low, high = float(array.min()), float(array.max())
        raise InputError(
            f"This picture ({given}) has values from {low:.4g} to {high:.4g}: floats go from 0 to "
            "1, integers from 0 to 255. Divide by 255, or convert to uint8."
        )
    return pixels.clip(0, 1)
