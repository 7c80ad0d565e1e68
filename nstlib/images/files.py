"""Pictures from files of every kind, upright, as arrays by the one convention; and back."""

import io
import os
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from nstlib.errors import InputError, NstError, choice, number
from nstlib.files import readable, writable, write
from nstlib.images.arrays import fitted, refuse_too_large, scaled, to_pil

EXTENSIONS = (".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp")
READABLE = "JPEG, PNG, WebP, TIFF, BMP, GIF and the like can; export HEIC or SVG as one of them."


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
    choice("alpha", alpha, ("white", "mask"))
    if size is not None:
        number("size", size, 1, whole=True, unit="pixels")
    color, opacity = _decode(*_named(source))
    longest = max(color.size)
    shape = fitted(*color.size[::-1], min(size or longest, longest))
    picture = _floats(color, shape).repeat(3 // len(color.getbands()), axis=-1)
    if alpha == "white":
        return picture
    return picture, _floats(opacity or Image.new("L", color.size, "white"), shape)


def save_image(
    image,
    path: str | os.PathLike,
    *,
    quality: int = 95,
    overwrite: bool = True,
    protect: Iterable[str | os.PathLike] = (),
) -> Path:
    """Write a picture to a file, whole or not at all; the path.

    The extension decides the format (EXTENSIONS); `quality`, 1 to 100, is for JPEG and WebP. A
    missing folder is made. Raises InputError for an unknown extension, for a file that is there
    unless `overwrite`, for any in `protect` (the inputs of the work), and when the disk refuses.
    """
    number("quality", quality, 1, 100, whole=True)
    picture = to_pil(image)
    path = writable(path, EXTENSIONS, overwrite=overwrite, protect=protect)
    content, kind = io.BytesIO(), Image.registered_extensions()[path.suffix.lower()]
    try:
        picture.save(content, kind, quality=int(quality))
    except (OSError, ValueError, KeyError) as error:  # over a format's largest size, for example
        raise InputError(f"{path} could not be made ({error}): choose another format.") from error
    return write(path, content.getvalue())


def as_rgb(picture: Image.Image, name: str) -> Image.Image:
    """Any Pillow picture in mode RGB, 8 bits, on white where it is transparent, as it was shot."""
    color, _ = _color_and_opacity(picture, name)
    if color.mode == "F":
        color = Image.fromarray(np.rint(np.asarray(color) * 255).astype(np.uint8))
    return color.convert("RGB")


def _named(source) -> tuple[Path | BinaryIO, str]:
    """A path or an open file, and what messages call it."""
    if isinstance(source, str | os.PathLike):
        path = readable(source, "picture")
        return path, str(path)
    if not hasattr(source, "read") or isinstance(source, io.TextIOBase):
        kind = type(source).__name__
        raise InputError(f"A picture is loaded from a path or a file open as 'rb', not {kind}.")
    name = getattr(source, "name", None)
    return source, name if isinstance(name, str) else "The file"


def _decode(file: Path | BinaryIO, name: str) -> tuple[Image.Image, Image.Image | None]:
    """An image file as Pillow pictures: colour (RGB, or F in 0..1), and opacity (L) if any."""
    try:
        with Image.open(file) as picture:
            refuse_too_large(name, *picture.size[::-1])
            frames = getattr(picture, "n_frames", 1)
            if frames > 1 and picture.format not in ("MPO", "PSD"):  # a phone's JPEG; layers
                message = f"{name} has {frames} frames; the first one is taken."
                warnings.warn(message, stacklevel=3)
            picture.load()
            return _color_and_opacity(picture, name)
    except UnidentifiedImageError as error:
        raise InputError(f"{name} is not a picture that can be read: {READABLE}") from error
    except Image.DecompressionBombError as error:  # so large that Pillow does not open it
        raise InputError(f"{name} is too large ({error}): make it smaller.") from error
    except (NstError, MemoryError, Warning):
        raise
    except Exception as error:  # Pillow meets damage with a dozen kinds, from OSError to IndexError
        raise InputError(f"{name} is damaged or cut short ({error}): copy it again.") from error


def _color_and_opacity(picture: Image.Image, name: str) -> tuple[Image.Image, Image.Image | None]:
    """Upright, as the camera was held: colour on white (RGB, or F in 0..1), opacity (L) if any."""
    picture = ImageOps.exif_transpose(picture)
    if picture.mode.startswith("I") or picture.mode == "F":
        return _deep_gray(picture, name), None
    if "A" not in picture.getbands() and "transparency" not in picture.info:
        return picture.convert("RGB"), None
    layered = picture.convert("RGBA")
    white = Image.new("RGBA", layered.size, "white")
    return Image.alpha_composite(white, layered).convert("RGB"), layered.getchannel("A")


def _deep_gray(picture: Image.Image, name: str) -> Image.Image:
    """Gray of 16 bits, or of floats in 0..1, as Pillow's floats in 0..1."""
    values, whole = np.asarray(picture, np.float32), 1 if picture.mode == "F" else 65535
    low, high = values.min(), values.max()
    if not (low >= 0 and high <= whole):  # NaN, too
        raise InputError(f"{name} has values from {low:g} to {high:g}: rescale them to 0..{whole}.")
    return Image.fromarray(values / np.float32(whole))


def _floats(layer: Image.Image, shape: tuple[int, int]) -> np.ndarray:
    """(1, *shape, channels) in 0..1. One channel at a time: a large photo fits in memory."""
    whole = np.float32(1 if layer.mode == "F" else 255)
    return scaled((np.asarray(band, np.float32) / whole for band in layer.split()), shape)
