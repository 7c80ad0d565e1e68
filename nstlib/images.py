"""Pictures in, out and on the screen, with one pixel convention.

Everywhere in nstlib a picture is a NumPy array, float32, RGB, 0..1, of shape (1, height, width, 3),
which is what a Keras network takes. Files of every other kind are turned into that here.
"""

import errno
import os
import tempfile
import warnings
from collections.abc import Iterable, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from nstlib.errors import InputError, MissingFile, did_you_mean

MAX_PIXELS = 100_000_000  # beyond this a small file may unpack into all of the memory
EXTENSIONS = (".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp")
WHITE = (255, 255, 255, 255)


def load_image(source, size: int | None = None, *, alpha: str = "white"):
    """A picture from a file: RGB, 0..1, upright, (1, height, width, 3).

    `source` is a path or an open binary file. `size` is the longest side in pixels, at most: larger
    pictures are shrunk (Lanczos), smaller ones left as they are. Rotation noted by a camera (EXIF)
    is applied; gray, palette, CMYK, 16-bit and float files become RGB; of an animation the first
    frame is taken, with a warning. Transparent parts are laid on white, or, with alpha="mask",
    returned as a second picture (1, height, width, 1), 1 where the file is opaque.

    Raises MissingFile, or InputError for what is no picture, is damaged, or has over MAX_PIXELS.
    """
    if alpha not in ("white", "mask"):
        raise InputError(f"alpha is {alpha!r}; it can be 'white' or 'mask'.")
    _check_size(size)
    with _opened(source) as file:
        color, mask = _decode(file, _name(source))
    if size is not None and size < max(color.shape[1:3]):
        color, mask = resize(color, size), resize(mask, size)
    return (color, mask) if alpha == "mask" else color


def resize(image, size: int | tuple[int, int]) -> np.ndarray:
    """A picture at another size, by Lanczos filtering, in floating point, clipped to 0..1.

    (1, height, width, channels) -> the same with new sides. `size` is the longest side in pixels,
    exactly, the shorter one following in proportion; or (height, width).
    """
    image = np.asarray(image, np.float32)
    height, width = image.shape[1:3]
    if not isinstance(size, list | tuple):
        _check_size(size)
        scale = size / max(height, width)
        size = max(1, round(height * scale)), max(1, round(width * scale))
    for side in size:
        _check_size(side)
    if tuple(size) == (height, width):
        return image
    bands = [
        np.asarray(Image.fromarray(band).resize((size[1], size[0]), Image.Resampling.LANCZOS))
        for band in np.moveaxis(image[0], -1, 0)
    ]
    return np.stack(bands, axis=-1)[None].clip(0, 1)


def as_image(array) -> np.ndarray:
    """An array or tensor as a picture: float32, 0..1, (1, height, width, 3).

    Takes (height, width) gray, (height, width, 1 or 3), and the same with a leading 1; integers as
    0..255, floats as 0..1 (a hundredth beyond is rounding and clipped). Else InputError.
    """
    array = np.asarray(array)
    given = f"an array of shape {array.shape} and type {array.dtype}"
    if array.ndim == 2:
        array = array[..., None]
    if array.ndim == 3:
        array = array[None]
    if array.ndim != 4 or len(array) != 1 or array.shape[-1] not in (1, 3) or 0 in array.shape:
        raise InputError(
            f"This is {given}, not a picture: give (1, height, width, 3), (height, width, 3) or "
            "gray (height, width)."
        )
    pixels = array.astype(np.float32) / (255 if array.dtype.kind in "iu" else 1)
    if not np.isfinite(pixels).all():
        raise InputError(f"This picture ({given}) has values that are NaN or infinite.")
    if pixels.min() < -0.01 or pixels.max() > 1.01:
        low, high = array.min(), array.max()
        raise InputError(
            f"This picture ({given}) has values from {low:.4g} to {high:.4g}: floats go from 0 to "
            "1, integers from 0 to 255. Divide by 255, or convert to uint8."
        )
    return np.broadcast_to(pixels.clip(0, 1), (*pixels.shape[:3], 3)).copy()


def to_uint8(image) -> np.ndarray:
    """(1, height, width, 3), 0..1 -> (height, width, 3), 0..255, rounded to the nearest."""
    return np.rint(as_image(image)[0] * 255).astype(np.uint8)


def to_pil(image) -> Image.Image:
    """A picture as Pillow knows it."""
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

    The extension decides the format (EXTENSIONS); `quality` is for JPEG and WebP. A missing folder
    is made. Raises InputError for an unknown extension, for a file that is there when `overwrite`
    is False, for any file in `protect` (the inputs of the work), and when the disk refuses.
    """
    path = Path(path)
    check_target(path, overwrite=overwrite, protect=protect)
    picture = to_pil(image)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_whole(picture, path, quality)
    except OSError as error:
        full = " The disk is full: free some room." if error.errno == errno.ENOSPC else ""
        raise InputError(
            f"{path} could not be written ({error.strerror or error}).{full} What was there before "
            "is unchanged."
        ) from error
    return path


def check_target(path: Path, *, overwrite: bool, protect: Iterable[str | os.PathLike] = ()) -> None:
    """Raise InputError if a picture may not be written to `path`; to ask before hours of work."""
    if path.is_dir():
        raise InputError(f"{path} is a folder: name a file in it.")
    if path.suffix.lower() not in EXTENSIONS:
        raise InputError(
            f"{path} does not end in {', '.join(EXTENSIONS)}: which format is it to be?"
        )
    for source in map(Path, protect):
        if path.exists() and source.exists() and path.samefile(source):
            raise InputError(f"{path} is one of the pictures that are read: name another output.")
    if path.exists() and not overwrite:
        raise InputError(f"{path} is there already: name another file, or allow overwriting it.")


def show(
    images, titles: Sequence[str] | None = None, *, columns: int | None = None, height: float = 3.0
) -> None:
    """Draw pictures side by side: one picture, a list, or a dict from title to picture.

    Pictures as `as_image` takes them, or maps of one channel with any range of values, drawn from
    black (smallest) to white. `columns` starts a new row after as many; `height` is that of a row,
    in inches.
    """
    import matplotlib.pyplot as plt

    if isinstance(images, Mapping):
        titles, images = list(images), list(images.values())
    images = list(images) if isinstance(images, list | tuple) else [images]
    pictures = [_drawable(image) for image in images]
    columns = min(columns or len(pictures), len(pictures))
    rows = -(-len(pictures) // columns)
    aspect = max(picture.shape[1] / picture.shape[0] for picture in pictures)
    figure, axes = plt.subplots(
        rows,
        columns,
        figsize=(columns * height * min(aspect, 3), rows * (height + 0.3 * bool(titles))),
        squeeze=False,
        layout="constrained",
    )
    for axis in axes.flat:
        axis.axis("off")
    for axis, picture, title in zip(
        axes.flat, pictures, titles or [""] * len(pictures), strict=False
    ):
        axis.imshow(picture, cmap="gray", interpolation=_interpolation(picture))
        axis.set_title(title, fontsize=10)
    plt.show()


def _drawable(image) -> np.ndarray:
    """(height, width, 3) colour, or (height, width) for a map of one channel."""
    array = np.asarray(image)
    array = array[0] if array.ndim == 4 else array
    if array.ndim == 3 and array.shape[-1] == 1:
        array = array[..., 0]
    return array if array.ndim == 2 else as_image(array)[0]


def _interpolation(picture: np.ndarray) -> str:
    """Tiny pictures are shown with their pixels, others smoothly."""
    return "nearest" if max(picture.shape[:2]) <= 64 else "antialiased"


# --- Reading -------------------------------------------------------------------------------------


def _name(source) -> str:
    return str(getattr(source, "name", "this file")) if hasattr(source, "read") else str(source)


def _check_size(size) -> None:
    whole = isinstance(size, int | np.integer) and not isinstance(size, bool)
    if size is not None and not (whole and size >= 1):
        raise InputError(f"A size is {size!r}; it must be a whole number of pixels, 1 or more.")


@contextmanager
def _opened(source):
    """The bytes behind a path or an open file."""
    if hasattr(source, "read"):
        yield source
        return
    path = Path(source)
    if path.is_dir():
        raise InputError(f"{path} is a folder, not a picture: name a file in it.")
    if not path.exists():
        neighbours = [file.name for file in path.parent.glob("*")] if path.parent.is_dir() else []
        raise MissingFile(f"There is no file {path}.{did_you_mean(path.name, neighbours)}")
    if path.stat().st_size == 0:
        raise InputError(f"{path} is empty (0 bytes): copy or download it again.")
    with path.open("rb") as file:
        yield file


def _decode(file: BinaryIO, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Colour (1, height, width, 3) and mask (1, height, width, 1) of an image file."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # MAX_PIXELS decides
            with Image.open(file) as picture:
                _check_pixels(picture.size, name)
                if (
                    getattr(picture, "n_frames", 1) > 1 and picture.format != "MPO"
                ):  # a phone's JPEG
                    frames = f"{name} has {picture.n_frames} frames; the first one is taken."
                    warnings.warn(frames, stacklevel=4)
                picture.seek(0)
                picture.load()
                return _color_and_mask(ImageOps.exif_transpose(picture), name)
    except Image.DecompressionBombError as error:
        raise InputError(f"{name} is too large: {error}. {_TOO_LARGE}") from error
    except UnidentifiedImageError as error:
        raise InputError(f"{name} is not a picture that can be read: {_READABLE}") from error
    except InputError:
        raise
    except (OSError, SyntaxError, ValueError, EOFError) as error:  # Pillow's ways to meet damage
        raise InputError(f"{name} is damaged or cut short ({error}): copy it again.") from error


_READABLE = "JPEG, PNG, WebP, TIFF, BMP, GIF and the like can."
_TOO_LARGE = f"At most {MAX_PIXELS:,} pixels are read; make the picture smaller first."


def _check_pixels(size: tuple[int, int], name: str) -> None:
    width, height = size
    if width * height > MAX_PIXELS:
        raise InputError(f"{name} has {width} x {height} = {width * height:,} pixels. {_TOO_LARGE}")


def _color_and_mask(picture: Image.Image, name: str) -> tuple[np.ndarray, np.ndarray]:
    if picture.mode.startswith("I") or picture.mode == "F":
        gray = _deep_gray(picture, name)
        return np.repeat(gray, 3, axis=-1)[None], np.ones((1, *gray.shape), np.float32)
    transparent = "A" in picture.getbands() or "transparency" in picture.info
    if not transparent:
        color = np.asarray(picture.convert("RGB"), np.float32) / 255
        return color[None], np.ones((1, *color.shape[:2], 1), np.float32)
    layered = picture.convert("RGBA")
    flat = Image.alpha_composite(Image.new("RGBA", layered.size, WHITE), layered).convert("RGB")
    mask = np.asarray(layered.getchannel("A"), np.float32)[None, ..., None] / 255
    return np.asarray(flat, np.float32)[None] / 255, mask


def _deep_gray(picture: Image.Image, name: str) -> np.ndarray:
    """Gray of 16 bits, or of floats in 0..1, as (height, width, 1) in 0..1."""
    values = np.asarray(picture, np.float32)[..., None]
    if picture.mode != "F":
        return (values / 65535).clip(0, 1)
    if not np.isfinite(values).all() or values.min() < 0 or values.max() > 1:
        raise InputError(
            f"{name} holds floats from {values.min():g} to {values.max():g}; nstlib reads 0 to 1. "
            "Rescale it first."
        )
    return values


# --- Writing -------------------------------------------------------------------------------------


def _write_whole(picture: Image.Image, path: Path, quality: int) -> None:
    """Into a file beside the target first, then moved over it, which happens at once or not."""
    handle, scratch = tempfile.mkstemp(dir=path.parent, prefix=".nstlib-", suffix=path.suffix)
    try:
        with os.fdopen(handle, "wb") as file:
            picture.save(
                file, format=Image.registered_extensions()[path.suffix.lower()], quality=quality
            )
            file.flush()
            os.fsync(file.fileno())
        os.chmod(scratch, 0o644)  # mkstemp makes files that no one else may read
        os.replace(scratch, path)
    except BaseException:
        os.unlink(scratch)
        raise
