"""The frames of a short film as pictures: a bundled clip by name, or a file of the reader's own."""

import os
from itertools import islice

import numpy as np

from nstlib.errors import InputError, number
from nstlib.images.arrays import fitted, resize
from nstlib.images.bundled import find_clip
from nstlib.stylizers.clips import even, read_frames


def clip(
    name: str | os.PathLike,
    size: int | None = None,
    frames: int | None = None,
    *,
    start: int = 0,
    every: int = 1,
) -> list[np.ndarray]:
    """The frames of a film, each (1, height, width, 3), RGB, 0..1.

    `name` is a bundled clip ("bird", "aisle"), or the path of a video. `size` is the longest side
    in pixels at most, and both sides are even, as H.264 wants them; `frames` is how many to take at
    most, from frame `start` on, and only one of `every` so many. All of it is held in memory: for
    long films there is `stylize_video`. Frames that cannot be read are left out.
    """
    for what, given, least in (("size", size, 2), ("frames", frames, 1)):
        if given is not None:
            number(what, given, least, whole=True)
    number("start", start, 0, whole=True)
    number("every", every, 1, whole=True)
    path = find_clip(name)
    last = None if frames is None else start + (frames - 1) * every + 1
    taken = islice(read_frames(path), start, last, every)
    found = [_sized(frame.picture, size) for frame in taken if frame.picture is not None]
    if not found:
        raise InputError(f"{path} has no frame {start}: begin earlier.")
    return found


def _sized(picture: np.ndarray, size: int | None) -> np.ndarray:
    shape = picture.shape[1:3]
    if size is not None and size < max(shape):
        shape = fitted(*shape, size)
    shape = even(shape)
    return picture if picture.shape[1:3] == shape else resize(picture, shape)
