"""Pictures in, out and on the screen, with one pixel convention.

Everywhere in nstlib a picture is a NumPy array, float32, RGB, 0..1, of shape (1, height, width, 3),
which is what a Keras network takes. Files of every other kind are turned into that here.
"""

import errno
import io
import os
import threading
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from nstlib.errors import InputError, MissingFile, NstError, did_you_mean
from nstlib.files import write
from nstlib.images.arrays import (
    _TOO_LARGE,
    MAX_PIXELS,
    _checked,
    _fitted,
    _is_whole,
    _lanczos,
    to_pil,
)

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
        write(path, _encoded(picture, path.suffix, int(quality)))
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


# --- Arrays --------------------------------------------------------------------------------------


# --- Reading -------------------------------------------------------------------------------------

_READABLE = "JPEG, PNG, WebP, TIFF, BMP, GIF and the like can; export HEIC or SVG as one of them."
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
