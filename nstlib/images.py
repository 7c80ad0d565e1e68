"""Pictures in, out and on the screen, with one pixel convention.

Everywhere in nstlib a picture is a NumPy array, float32, RGB, 0..1, of shape (1, height, width, 3),
which is what a Keras network takes. Files of every other kind are turned into that here.
"""

import errno
import io
import os
import threading
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from nstlib.errors import InputError, MissingFile, NstError, did_you_mean
from nstlib.runtime import write_whole

MAX_PIXELS = 100_000_000  # beyond this a small file may unpack into all of the memory
EXTENSIONS = (".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp")


def load_image(
    source: str | os.PathLike | BinaryIO, size: int | None = None, *, alpha: str = "white"
) -> np.ndarray | tuple[np.ndarray, np.ndarray]:
    """A picture from a file: RGB, 0..1, upright, (1, height, width, 3).

    `source` is a path or an open binary file. `size` is the longest side in pixels, at most: larger
    pictures are shrunk (Lanczos), smaller ones left as they are. Rotation noted by a camera (EXIF)
    is applied, a colour profile is not; gray, palette, CMYK, 16-bit and float files become RGB; of
    an animation the first frame is taken, with a warning. Transparent parts are laid on white. With
    alpha="mask" the answer is (picture, mask), the mask (1, height, width, 1), 1 where opaque.

    Raises MissingFile, or InputError for what is no picture, is damaged, or has over MAX_PIXELS.
    """
    if alpha not in ("white", "mask"):
        raise InputError(f"alpha is {alpha!r}; it can be 'white' or 'mask'.")
    if size is not None:
        _checked(size, "size (in pixels)")
    with _opened(source) as (file, name):
        picture, opacity = _decode(file, name)
    width, height = picture.size
    shape = (
        (height, width) if size is None else _fitted(height, width, min(size, max(picture.size)))
    )
    color = _floats(picture, shape).repeat(3 // len(picture.getbands()), axis=-1)
    if alpha == "white":
        return color
    return color, np.ones((1, *shape, 1), np.float32) if opacity is None else _floats(
        opacity, shape
    )


def resize(image, size: int | tuple[int, int]) -> np.ndarray:
    """A picture or a mask at another size, by Lanczos filtering in floats, clipped to 0..1.

    (1, height, width, 3 or 1), or an array as `as_image` takes it -> (1, new height, new width, the
    same channels). `size` is the longest side in pixels, exactly, the shorter one following in
    proportion (at least 1); or (height, width).
    """
    pixels = _pixels(image)
    pair = isinstance(size, list | tuple) and len(size) == 2
    for side in size if pair else [size]:
        _checked(side, "size (in pixels)")
    height, width = size if pair else _fitted(*pixels.shape[1:3], size)
    if height * width > MAX_PIXELS:
        raise InputError(f"A picture of {width} x {height} pixels is too large. {_TOO_LARGE}")
    bands = np.moveaxis(pixels[0], -1, 0)
    return np.stack([_lanczos(band, (height, width)) for band in bands], axis=-1)[None]


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


def save_image(
    image,
    path: str | os.PathLike,
    *,
    quality: int = 95,
    overwrite: bool = True,
    protect: Iterable[str | os.PathLike] = (),
) -> Path:
    """Write a picture to a file, whole or not at all: the old file stays until the new one is done.

    The extension decides the format (EXTENSIONS); `quality`, 1 to 100, is for JPEG and WebP. A
    missing folder is made. Raises InputError for an unknown extension, for a file that is there
    when `overwrite` is False, for any file in `protect` (the inputs of the work), and when the disk
    refuses. Returns the path.
    """
    path = Path(os.path.expanduser(path))
    check_target(path, overwrite=overwrite, protect=protect)
    if not _is_whole(quality) or not 1 <= quality <= 100:
        raise InputError(f"quality is {quality!r}; it must be a whole number from 1 to 100.")
    picture = to_pil(image)
    try:
        write_whole(_encoded(picture, path.suffix, int(quality)), path)
    except (OSError, ValueError, KeyError) as error:  # the disk; or a format's largest size
        full = getattr(error, "errno", None) == errno.ENOSPC
        raise InputError(
            f"{path} could not be written ({getattr(error, 'strerror', None) or error})."
            f"{' The disk is full: free some room.' * full} What was there before is unchanged."
        ) from error
    return path


def check_target(
    path: str | os.PathLike, *, overwrite: bool, protect: Iterable[str | os.PathLike] = ()
) -> None:
    """Raise InputError if a picture may not be written to `path`; to ask before hours of work.

    `protect` names files that must not be written over, whatever link or spelling leads to them.
    """
    path = Path(os.path.expanduser(path))
    if path.suffix.lower() not in EXTENSIONS and not os.path.isdir(path):
        raise InputError(
            f"{path} does not end in {', '.join(EXTENSIONS)}: which format is it to be?"
        )
    if not os.path.exists(path):
        return
    if os.path.isdir(path):
        raise InputError(f"{path} is a folder: name a file in it.")
    sources = map(os.path.expanduser, protect)
    if any(os.path.exists(source) and os.path.samefile(path, source) for source in sources):
        raise InputError(f"{path} is one of the pictures that are read: name another output.")
    if not overwrite:
        raise InputError(f"{path} is there already: name another file, or allow overwriting it.")


def show(
    images,
    titles: str | Sequence[str] | None = None,
    *,
    columns: int | None = None,
    height: float = 3.0,
) -> None:
    """Draw pictures side by side: one picture, a list, or a dict from title to picture.

    Pictures as `as_image` takes them, or maps of one channel with any range of values, drawn from
    black (smallest) to white. `columns` starts a new row after as many; `height` is that of a row,
    in inches.
    """
    import matplotlib.pyplot as plt

    if isinstance(images, Mapping):
        titles, images = list(images), list(images.values())
    images = images if isinstance(images, list | tuple) else [images]
    pictures = [_drawable(image) for image in images]
    titles = _titles(titles, len(pictures))
    columns = len(pictures) if columns is None else min(_checked(columns, "columns"), len(pictures))
    rows = -(-len(pictures) // columns)
    aspect = max(picture.shape[1] / picture.shape[0] for picture in pictures)
    inches = columns * height * min(aspect, 3), rows * (height + 0.3 * any(titles))
    _, axes = plt.subplots(rows, columns, figsize=inches, squeeze=False, layout="constrained")
    for axis in axes.flat:
        axis.axis("off")
    for axis, picture, title in zip(axes.flat, pictures, titles, strict=False):  # spare axes: empty
        axis.imshow(picture, **_drawing(picture))
        axis.set_title(title, fontsize=10)
    plt.show()


# --- Arrays --------------------------------------------------------------------------------------


def _numpy(array) -> np.ndarray:
    """Any array or tensor in NumPy; PyTorch has to be asked to leave gradients and GPU behind."""
    return np.asarray(array.detach().cpu() if hasattr(array, "detach") else array)


def _pixels(array) -> np.ndarray:
    """A new array, (1, height, width, 1 or 3), float32, 0..1, from all that `as_image` takes."""
    array = _numpy(array)
    given = f"an array of shape {array.shape} and type {array.dtype}"
    array = array[..., None] if array.ndim == 2 else array
    array = array[None] if array.ndim == 3 else array
    known = array.dtype.kind not in "OSUcmM"
    if not known or array.ndim != 4 or len(array) != 1 or array.shape[-1] not in (1, 3):
        hint = " A file is loaded with load_image." if array.dtype.kind in "SU" else ""
        raise InputError(
            f"This is {given}, not a picture: give (1, height, width, 3), (height, width, 3) or "
            f"gray (height, width).{hint}"
        )
    return _in_range(array, f"This picture ({given})")


def _in_range(array: np.ndarray, given: str) -> np.ndarray:
    """Integers 0..255 or floats 0..1 as float32 0..1; what lies beyond is an error, not a guess."""
    if array.size == 0:
        raise InputError(f"{given} has no pixels.")
    pixels = array.astype(np.float32) / (255 if array.dtype.kind in "iu" else 1)
    if not np.isfinite(pixels).all():
        raise InputError(f"{given} has values that are NaN or infinite.")
    if pixels.min() < -0.01 or pixels.max() > 1.01:
        low, high = float(array.min()), float(array.max())
        raise InputError(
            f"{given} has values from {low:.4g} to {high:.4g}: floats go from 0 to 1, integers "
            "from 0 to 255. Divide by 255, or convert to uint8."
        )
    return pixels.clip(0, 1)


def _is_whole(number) -> bool:
    return isinstance(number, int | np.integer) and not isinstance(number, bool)


def _checked(number, name: str) -> int:
    if not _is_whole(number) or number < 1:
        raise InputError(f"{name} is {number!r}; it must be a whole number, 1 or more.")
    return number


def _fitted(height: int, width: int, size: int) -> tuple[int, int]:
    """(height, width) in the same proportion with `size` as the longest side."""
    scale = size / max(height, width)
    return max(1, round(height * scale)), max(1, round(width * scale))


def _lanczos(band: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """One channel, float32 (height, width) in 0..1, at another shape."""
    if band.shape == shape:
        return band
    small = Image.fromarray(band).resize(shape[::-1], Image.Resampling.LANCZOS)
    return np.asarray(small).clip(0, 1)  # the filter swings beyond the values beside an edge


def _drawable(image) -> np.ndarray:
    """(height, width, 3) colour, or (height, width) for a map of one channel."""
    array = _numpy(image)
    array = array[0] if array.ndim == 4 and len(array) == 1 else array
    array = array[..., 0] if array.ndim == 3 and array.shape[-1] == 1 else array
    return array if array.ndim == 2 and array.size else as_image(array)[0]


def _titles(titles, count: int) -> list[str]:
    titles = [titles] if isinstance(titles, str) else list(titles or [""] * count)
    if count == 0 or len(titles) != count:
        raise InputError(f"There are {count} pictures and {len(titles)} titles: give one for each.")
    return titles


def _drawing(picture: np.ndarray) -> dict:
    """How Matplotlib draws it: tiny ones pixel by pixel, a constant map by its value in 0..1."""
    tiny = max(picture.shape[:2]) <= 64
    limits = {"vmin": 0, "vmax": 1} if picture.min() == picture.max() else {}
    return {"cmap": "gray", "interpolation": "nearest" if tiny else "antialiased", **limits}


# --- Reading -------------------------------------------------------------------------------------

_READABLE = "JPEG, PNG, WebP, TIFF, BMP, GIF and the like can; export HEIC or SVG as one of them."
_TOO_LARGE = f"At most {MAX_PIXELS:,} pixels can be handled: make it smaller."
_LIMIT = threading.Lock()


@contextmanager
def _opened(source) -> Iterator[tuple[BinaryIO, str]]:
    """The bytes behind a path or an open file, and what messages call it."""
    if hasattr(source, "read"):
        name = getattr(source, "name", None)
        if isinstance(source, io.TextIOBase):
            raise InputError(f"{name or 'This file'} is open as text: open it with mode 'rb'.")
        yield source, name if isinstance(name, str) else "The file"
        return
    try:
        path = Path(os.path.expanduser(source))
    except TypeError:
        kind = type(source).__name__
        raise InputError(f"A picture is loaded from a path or an open file, not {kind}.") from None
    with _file(path) as file:
        yield file, str(path)


def _file(path: Path) -> BinaryIO:
    if os.path.isdir(path):
        raise InputError(f"{path} is a folder, not a picture: name a file in it.")
    if not os.path.exists(path):
        neighbours = []
        with suppress(OSError):
            neighbours = os.listdir(path.parent)
        raise MissingFile(f"There is no file {path}.{did_you_mean(path.name, neighbours)}")
    if os.path.getsize(path) == 0:
        raise InputError(f"{path} is empty (0 bytes): copy or download it again.")
    try:
        return path.open("rb")
    except OSError as error:
        raise InputError(f"{path} cannot be opened ({error.strerror}).") from error


def _decode(file: BinaryIO, name: str) -> tuple[Image.Image, Image.Image | None]:
    """An image file as Pillow pictures: colour (RGB, or F in 0..1), and opacity (L) if any."""
    try:
        with _header(file) as picture:
            width, height = picture.size
            if width * height > MAX_PIXELS:
                count = f"{width} x {height} = {width * height:,} pixels"
                raise InputError(f"{name} has {count}. {_TOO_LARGE}")
            frames = getattr(picture, "n_frames", 1)
            if frames > 1 and picture.format not in ("MPO", "PSD"):  # a phone's JPEG; layers
                message = f"{name} has {frames} frames; the first one is taken."
                warnings.warn(message, stacklevel=3)
            picture.load()
            return _color_and_opacity(ImageOps.exif_transpose(picture), name)
    except UnidentifiedImageError as error:
        raise InputError(f"{name} is not a picture that can be read: {_READABLE}") from error
    except (NstError, MemoryError, Warning):
        raise
    except Exception as error:  # Pillow meets damage with a dozen kinds, from OSError to IndexError
        raise InputError(f"{name} is damaged or cut short ({error}): copy it again.") from error


def _header(file: BinaryIO) -> Image.Image:
    """The picture before its pixels are decoded, however large: MAX_PIXELS decides, by its size.

    Pillow's own limit would warn below it, and beyond it would not tell height and width.
    """
    with _LIMIT:
        limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            return Image.open(file)
        finally:
            Image.MAX_IMAGE_PIXELS = limit


def _color_and_opacity(picture: Image.Image, name: str) -> tuple[Image.Image, Image.Image | None]:
    if picture.mode.startswith("I") or picture.mode == "F":
        return _deep_gray(picture, name), None
    if "A" not in picture.getbands() and "transparency" not in picture.info:
        return picture.convert("RGB"), None
    layered = picture.convert("RGBA")
    white = Image.new("RGBA", layered.size, "white")
    return Image.alpha_composite(white, layered).convert("RGB"), layered.getchannel("A")


def as_rgb(picture: Image.Image, name: str) -> Image.Image:
    """Any Pillow picture in mode RGB, 8 bits, on white where it is transparent, as it was shot."""
    color, _ = _color_and_opacity(ImageOps.exif_transpose(picture), name)
    if color.mode == "F":
        color = Image.fromarray(np.rint(np.asarray(color) * 255).astype(np.uint8))
    return color.convert("RGB")


def _deep_gray(picture: Image.Image, name: str) -> Image.Image:
    """Gray of 16 bits, or of floats in 0..1, as Pillow's floats in 0..1."""
    values = np.asarray(picture, np.float32)
    whole = 1 if picture.mode == "F" else 65535
    if not (values.min() >= 0 and values.max() <= whole):  # NaN, too
        raise InputError(
            f"{name} holds values from {values.min():g} to {values.max():g}; floats are read from "
            "0 to 1, whole numbers from 0 to 65535. Rescale it first."
        )
    return Image.fromarray(values / np.float32(whole))


def _floats(layer: Image.Image, shape: tuple[int, int]) -> np.ndarray:
    """(1, height, width, channels) in 0..1. One channel at a time: a large photo fits in memory."""
    whole = np.float32(1 if layer.mode == "F" else 255)
    bands = [_lanczos(np.asarray(band, np.float32) / whole, shape) for band in layer.split()]
    return np.stack(bands, axis=-1)[None]


# --- Writing -------------------------------------------------------------------------------------


def _encoded(picture: Image.Image, extension: str, quality: int) -> bytes:
    """The content of the file. Made in memory, so that a full disk is met with its own error."""
    buffer = io.BytesIO()
    picture.save(buffer, Image.registered_extensions()[extension.lower()], quality=quality)
    return buffer.getvalue()
