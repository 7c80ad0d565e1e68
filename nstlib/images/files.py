"""Pictures from files of every kind, upright, as arrays by the one convention; and back."""

import io
import os
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image

from nstlib.errors import InputError, choice, number
from nstlib.files import readable, writable, write
from nstlib.images.arrays import as_image, fitted, scaled, to_pil
from nstlib.images.decoding import decode
from nstlib.images.formats import EXTENSIONS, TRANSPARENT, format_of


def load_image(
    source: str | os.PathLike | BinaryIO, size: int | None = None, *, alpha: str = "white"
) -> np.ndarray | tuple[np.ndarray, np.ndarray]:
    """A picture from a file: sRGB, 0..1, upright, (1, height, width, 3).

    `source` is a path or an open binary file of any format that Pillow reads. `size` is the longest
    side in pixels, at most: larger pictures are shrunk (Lanczos), smaller ones left as they are.
    Rotation noted by a camera (EXIF) and a colour profile (ICC) are applied; gray, palette, CMYK,
    16-bit and float files become RGB; of an animation the first frame is taken, with a warning.
    Transparent parts are laid on white. With alpha="mask" the answer is (picture, mask), the mask
    (1, height, width, 1), 1 where opaque.

    Raises MissingFile, or InputError for what is no picture, is damaged, or has too many pixels:
    100 million in the answer, 500 million in the file; MemoryRefused if there is no room to read
    a file of more than 100 million.
    """
    choice("alpha", alpha, ("white", "mask"))
    if size is not None:
        number("size", size, 1, whole=True, unit="pixels")
    decoded = decode(*_named(source), size)
    for note in decoded.notes:
        warnings.warn(note, stacklevel=2)
    color, longest = decoded.color, max(decoded.sides)
    shape = fitted(*decoded.sides, min(size or longest, longest))
    picture = _floats(color, shape).repeat(3 // len(color.getbands()), axis=-1)
    if alpha == "white":
        return picture
    if decoded.opacity is None:
        return picture, np.ones((1, *shape, 1), np.float32)
    return picture, _floats(decoded.opacity, shape)


def save_image(
    image,
    path: str | os.PathLike,
    *,
    alpha=None,
    quality: int = 92,
    lossless: bool = False,
    exif: bytes = b"",
    overwrite: bool = True,
    protect: Iterable[str | os.PathLike] = (),
) -> Path:
    """Write a picture, sRGB, to a file, whole or not at all; the path.

    The extension decides the format (EXTENSIONS); `quality`, 1 to 100, is for JPEG, WebP and AVIF,
    and `lossless` for WebP. `alpha` is a mask, 1 where the picture is to be opaque, as `load_image`
    gives it; where a format cannot hold it, the picture is laid on white, with a warning. `exif`
    are tags for the formats that hold them (`nstlib.images.tags`). A missing folder is made. Raises
    InputError for an unknown extension, for a file that is there unless `overwrite`, for any in
    `protect` (the inputs of the work), and when the disk refuses.
    """
    number("quality", quality, 1, 100, whole=True)
    path = writable(path, EXTENSIONS, overwrite=overwrite, protect=protect)
    alpha = holdable_alpha(alpha, path)
    content, kind = io.BytesIO(), format_of(path)
    steps = 1 if kind == "GIF" else 255  # of opacity: there a pixel is clear or opaque
    picture = to_pil(image) if alpha is None else _with_opacity(image, alpha, steps)
    try:
        picture.save(content, kind, **_settings(kind, int(quality), lossless, exif))
    except (OSError, ValueError, KeyError) as error:  # over a format's largest size, for example
        raise InputError(f"{path} could not be made ({error}): choose another format.") from error
    return write(path, content.getvalue())


def holdable_alpha(alpha, path: str | os.PathLike):
    """The mask to save a picture with: None if it is 1 everywhere, or the format cannot hold it,
    which is said in a warning."""
    if alpha is None or np.min(alpha) >= 1:
        return None
    if format_of(Path(path)) in TRANSPARENT:
        return alpha
    message = f"{Path(path).suffix} files hold no transparency: it is laid on white in {path}."
    warnings.warn(f"{message} .png, .webp and .tif keep it.", stacklevel=3)
    return None


def rgb_picture(path: Path, least: int) -> tuple[Image.Image, list[str]]:
    """A file as Pillow's picture, RGB, 8 bits, as `load_image` has it, and what is to be said.

    A JPEG is read smaller where that leaves `least` pixels on the shorter side: much faster.
    """
    decoded = decode(path, path.name, draft=least)
    return eight_bits(decoded.color), decoded.notes


def eight_bits(color: Image.Image) -> Image.Image:
    """Colours as they are decoded, RGB, or gray as F in 0..1, as RGB."""
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


def _settings(kind: str, quality: int, lossless: bool, exif: bytes) -> dict:
    """What Pillow is told: colours at full resolution in JPEG and AVIF, which by themselves keep
    one of four."""
    tags = {"exif": exif} if exif and kind in ("JPEG", "PNG", "WEBP", "TIFF", "AVIF") else {}
    if kind == "WEBP" and lossless:
        return tags | {"lossless": True}
    if kind in ("JPEG", "WEBP", "AVIF"):
        tags["quality"] = quality
    return tags | ({"subsampling": "4:4:4"} if kind in ("JPEG", "AVIF") else {})


def _with_opacity(image, alpha, steps: int) -> Image.Image:
    """RGBA: the colours that look like the picture when they are laid on white."""
    picture, mask = as_image(image), as_image(alpha)[..., :1]
    if mask.shape[:3] != picture.shape[:3]:
        sides = " and ".join(f"{one.shape[2]} x {one.shape[1]}" for one in (picture, mask))
        raise InputError(f"The picture and alpha have {sides} pixels: resize one to the other.")
    mask = np.rint(mask * steps) / steps
    colors = np.where(mask > 0, 1 - (1 - picture) / np.maximum(mask, 1 / 255), picture)
    layered = to_pil(colors.clip(0, 1))
    layered.putalpha(Image.fromarray(np.rint(mask[0, ..., 0] * 255).astype(np.uint8)))
    return layered


def _floats(layer: Image.Image, shape: tuple[int, int]) -> np.ndarray:
    """(1, *shape, channels) in 0..1. One channel at a time: a large photo fits in memory."""
    whole = np.float32(1 if layer.mode == "F" else 255)
    return scaled((np.asarray(band, np.float32) / whole for band in layer.split()), shape)
