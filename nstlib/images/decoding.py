"""An image file of whatever kind as colours in sRGB and opacity, upright, and not too large."""

import math
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple

from PIL import Image, ImageOps, UnidentifiedImageError

from nstlib.errors import InputError, MemoryRefused, NstError
from nstlib.images.arrays import MAX_PIXELS
from nstlib.images.formats import FILMS, INSTALL_HEIF, READABLE, has_heif, is_stub
from nstlib.images.profiles import color_and_opacity, srgb_of
from nstlib.machine import available_memory

MAX_READ = 500_000_000  # pixels of a file that is read smaller than it is
FINER = 3  # times as many pixels a side as wanted are kept for the filtering
STRIP = 2**22  # pixels that are reduced at a time
# Bytes a pixel: Pillow's own and a copy to turn it; and all that filtering in floats takes.
HELD, FILTERED = 8, 24
ORIENTATION = 0x0112  # the EXIF tag
LYING = (5, 6, 7, 8)  # its values for a camera held on a side
LOOPS = ("GIF", "PNG", "WEBP")  # whose frames are shown one after another
PAGES = ("MPO", "PSD")  # a phone's JPEG, with a second picture; layers
HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")

_opening = threading.Lock()


class Decoded(NamedTuple):
    """Colours, on white where they are transparent: RGB, or gray as F in 0..1; opacity, L, if any;
    (height, width) in the file; and what is to be said. All upright, as the camera was held."""

    color: Image.Image
    opacity: Image.Image | None
    sides: tuple[int, int]
    notes: list[str]


def decode(
    file: Path | BinaryIO, name: str, size: int | None = None, *, draft: int | None = None
) -> Decoded:
    """The picture in a file, at least `size` pixels long if it has as many.

    It is smaller than in the file only if it has more than MAX_PIXELS there; or, if it is a JPEG,
    where a `draft` with so many pixels on the shorter side will do. `name` is what messages call
    it. Raises InputError for what is no picture, is damaged, or has too many pixels.
    """
    try:
        with opened(file) as picture:
            if is_stub(picture.format):
                raise UnidentifiedImageError
            full = picture.size
            share = min(1.0, draft / min(full) if draft else (size or max(full)) / max(full))
            refuse_too_many(name, full, share)
            factor = _shrunk_on_reading(picture, share, draft is not None)
            _refuse_memory(name, picture.size, factor)
            notes, drafted = _frames(picture, name), picture.size != full
            picture.load()  # TIFF comes upright
            full, turn = full if drafted else picture.size, _turn(picture)
            layers = (_upright(one, turn) for one in _layers(picture, name, notes, factor))
            return Decoded(*layers, full if turn in LYING else full[::-1], notes)
    except UnidentifiedImageError as error:
        raise InputError(_unknown(file, name)) from error
    except Image.DecompressionBombError as error:  # a picture inside of a picture
        raise InputError(f"{name} is too large ({error}): make a smaller copy.") from error
    except (NstError, MemoryError, Warning):
        raise
    except Exception as error:  # Pillow meets damage with a dozen kinds, from OSError to IndexError
        raise InputError(f"{name} is damaged or cut short ({error}): copy it again.") from error


@contextmanager
def opened(file: Path | BinaryIO):
    """Pillow's picture of a file, of which only the beginning has been read, of any size."""
    if _is_heif(file) and has_heif():
        import pillow_heif

        pillow_heif.register_heif_opener()
    with _opening:  # Pillow's own limit is one for all, and lower than ours
        limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            picture = Image.open(file)
        finally:
            Image.MAX_IMAGE_PIXELS = limit
    with picture:
        yield picture


def sides_of(file: Path) -> tuple[int, int]:
    """The sides of a picture in its file, in pixels, in any order."""
    with opened(file) as picture:
        return picture.size


def _beginning(file: Path | BinaryIO) -> bytes:
    """The first bytes of a file, which say what it is."""
    if isinstance(file, Path):
        with file.open("rb") as stream:
            return stream.read(16)
    file.seek(0)  # where Pillow begins, too
    start = file.read(16)
    file.seek(0)
    return start


def _is_heif(file: Path | BinaryIO) -> bool:
    start = _beginning(file)
    return start[4:8] == b"ftyp" and start[8:12] in HEIF_BRANDS


def _unknown(file: Path | BinaryIO, name: str) -> str:
    """What is to be said of a file that Pillow does not know."""
    said, suffix = f"{name} is not a picture that can be read", Path(name).suffix.lower()
    if _is_heif(file):
        return f"{said} here: it is HEIC: {INSTALL_HEIF} to read it, or export it as JPEG."
    if suffix in FILMS:
        return f"{said}: a film is painted by `nstlib video`."
    return f"{said}: {READABLE}; export SVG or RAW as one of them."


def refuse_too_many(name: str, sides: tuple[int, int], share: float) -> None:
    """Raise InputError for a file with too many pixels, as its first bytes say.

    `sides` are (width, height); it is wanted with this `share` of each.
    """
    width, height = sides
    has = f"{name} has {width} x {height} pixels"
    if width * height > MAX_READ:
        raise InputError(
            f"{has}. Files of up to {MAX_READ:,} can be read, however small they are wanted: "
            "make a smaller copy with another program."
        )
    if width * height * share**2 > MAX_PIXELS:
        fits = int(max(sides) * (MAX_PIXELS / (width * height)) ** 0.5)
        raise InputError(
            f"{has}, more than {MAX_PIXELS:,}: a size of {fits} (--size {fits}) or less reads it."
        )


def _frames(picture: Image.Image, name: str) -> list[str]:
    frames = getattr(picture, "n_frames", 1)
    if frames == 1 or picture.format in PAGES:
        return []
    more = " `nstlib video` paints them all." if picture.format in LOOPS else ""
    return [f"{name} has {frames} frames; the first one is taken.{more}"]


# --- Large files ----------------------------------------------------------------------------------


def _shrunk_on_reading(picture: Image.Image, share: float, draft: bool) -> int:
    """Have a JPEG decoded smaller, if it is large or a `draft` will do, and say how many times
    smaller what is large nevertheless is to be made."""
    if not (draft or math.prod(picture.size) > MAX_PIXELS):
        return 1
    sides = [side * min(1.0, share if draft else FINER * share) for side in picture.size]
    picture.draft(None, tuple(max(1, int(side)) for side in sides))
    many = math.prod(picture.size) > MAX_PIXELS
    return max(1, int(max(picture.size) / max(sides))) if many else 1


def _refuse_memory(name: str, sides: tuple[int, int], factor: int) -> None:
    """Raise MemoryRefused for a large picture whose pixels there is no room for."""
    pixels = sides[0] * sides[1]
    needed = pixels * (HELD if factor > 1 else FILTERED)
    if pixels > MAX_PIXELS and needed > (free := available_memory()):
        raise MemoryRefused(
            f"Reading {name}, {sides[0]} x {sides[1]} pixels, needs about {needed / 1e9:.1f} GB, "
            f"and {free / 1e9:.1f} GB are free: close other programs, or make a smaller copy."
        )


def _layers(picture: Image.Image, name: str, notes: list[str], factor: int) -> tuple:
    """Colour and opacity, if any, strip by strip where they are made so many times smaller."""
    to_srgb = srgb_of(picture, name, notes)
    if factor == 1:
        return color_and_opacity(picture, name, to_srgb)
    rows, height = factor * max(1, STRIP // (factor * picture.width)), -(-picture.height // factor)
    layers = [None, None]
    for top in range(0, picture.height, rows):
        strip = picture.crop((0, top, picture.width, min(top + rows, picture.height)))
        for place, part in enumerate(color_and_opacity(strip, name, to_srgb)):
            if part is not None:
                small = part.reduce(factor)
                layers[place] = layers[place] or Image.new(small.mode, (small.width, height))
                layers[place].paste(small, (0, top // factor))
    return tuple(layers)


def _turn(picture: Image.Image) -> int:
    """The EXIF orientation, 1 to 8; 1 where the tags are damaged, as every viewer has it."""
    try:
        return picture.getexif().get(ORIENTATION, 1)
    except Exception:  # Pillow meets damage with whatever its decoders do
        return 1


def _upright(layer: Image.Image | None, turn: int) -> Image.Image | None:
    if layer is None or turn == 1:
        return layer
    layer.getexif()[ORIENTATION] = turn
    return ImageOps.exif_transpose(layer)
