"""What a photo's file says of the photo, when, with what, whose, that its painting may keep."""

import os
from pathlib import Path

from PIL import Image

from nstlib.images.decoding import opened

EXIF, COLOR_SPACE, SRGB = 0x8769, 0xA001, 1
# Of the picture: its title, camera, program, date, author, copyright, and Windows' texts.
ABOUT = (0x010E, 0x010F, 0x0110, 0x0131, 0x0132, 0x013B, 0x8298, *range(0x9C9B, 0x9CA0))
# Of the shot everything but the maker's notes, which can hold any secret; what depends on the size,
# the way up or the encoding (components, subject's place, sides, file source); and other places.
LEFT_OUT = (0x9101, 0x9102, 0x9214, 0x927C, 0xA002, 0xA003, 0xA004, 0xA005, 0xA20E, 0xA20F, 0xA214)
LARGEST = 60_000  # bytes: JPEG holds 64 kB


def kept_tags(path: str | os.PathLike) -> bytes:
    """The EXIF tags of a photo that hold for its painting, or b"" if there are none.

    Date, camera, exposure, author and texts stay. Where it was taken (GPS), which way up the camera
    was held, the thumbnail and the maker's notes go. Tags that are damaged are none.
    """
    try:
        with opened(Path(path)) as picture:
            before = picture.getexif()
            shot = dict(before.get_ifd(EXIF))
        kept = Image.Exif()
        kept.update({tag: before[tag] for tag in ABOUT if tag in before})
        shot = {tag: value for tag, value in shot.items() if tag not in LEFT_OUT}
        if shot:
            kept[EXIF] = shot | {COLOR_SPACE: SRGB}
        content = kept.tobytes() if kept else b""
    except Exception:  # of whatever kind: damage here is no reason to lose a painting
        return b""
    return content if len(content) <= LARGEST else b""
