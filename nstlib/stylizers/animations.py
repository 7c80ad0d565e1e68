"""Animated pictures, GIF, WebP and PNG, as films.

Pillow reads them, since FFmpeg knows no animated WebP and loses frames of a GIF without times.
FFmpeg writes them, in memory that does not grow with their length; a GIF is read twice for it, once
for the 256 colours that suit the whole best.
"""

import itertools
import os
import struct
from collections.abc import Callable, Iterator
from contextlib import suppress
from fractions import Fraction
from functools import partial
from pathlib import Path

import av
from PIL import Image

from nstlib.errors import InputError
from nstlib.images.arrays import refuse_too_large
from nstlib.images.files import eight_bits
from nstlib.images.profiles import color_and_opacity, srgb_of

FORMATS = ("GIF", "WEBP", "PNG")  # Pillow's names
# What can be written: FFmpeg's name of the container, of the encoder, and of the pixels.
CONTAINERS = {
    ".gif": ("gif", ("gif",)),
    ".webp": ("webp", ("libwebp_anim",)),
    ".apng": ("apng", ("apng",)),
}
PIXELS = {"gif": "pal8", "libwebp_anim": "bgra", "apng": "rgb24"}
OPTIONS = {"libwebp_anim": {"quality": "92"}}
UNIT = Fraction(1, 1000)  # seconds: that of times in WebP, and fine enough for the others
SHORTEST, INSTEAD = 10, 100  # ms: browsers show a frame of no more than the one for the other
GIF_UNIT, GIF_STEP = Fraction(1, 100), 2  # seconds, and units: two hundredths are played as such


def is_animation(path: Path) -> bool:
    """Whether a file is one of these pictures; InputError if it is, and does not move or open."""
    with path.open("rb") as file:
        head = file.read(12)
    if head[:4] not in (b"GIF8", b"\x89PNG") and head[:4] + head[8:] != b"RIFFWEBP":
        return False
    try:
        with Image.open(path, formats=FORMATS) as file:
            refuse_too_large(str(path), *file.size[::-1])
            moves = getattr(file, "n_frames", 1) > 1
    except (Image.DecompressionBombError, OSError, SyntaxError) as error:
        raise InputError(f"{path} is damaged, or too large ({error}): copy it again.") from error
    if not moves:
        raise InputError(f"{path} is a picture, not a video: paint it with `nstlib stylize`.")
    return True


def read(path: Path) -> Iterator[tuple[int, Image.Image | None, str]]:
    """(its time in ms, the picture in RGB, on white where it is transparent, or None, and what is
    wrong with it) of each frame. After one that is damaged nothing can be told."""
    with Image.open(path, formats=FORMATS) as file:
        for index in range(file.n_frames):
            try:
                file.seek(index)
                color, _ = color_and_opacity(file, str(path), srgb_of(file, str(path), []))
            except Exception as error:  # Pillow meets damage with a dozen kinds
                yield INSTEAD, None, str(error)
                return
            lasts = round(file.info.get("duration", 0))
            yield lasts if lasts > SHORTEST else INSTEAD, eight_bits(color), ""


def write(frames: Callable[[], Iterator], path: Path, encoder: str, facts) -> int:
    """Write an animation that repeats for ever, from film frames with their times.

    `frames` makes them anew each time it is called; `facts` are the film's. Returns how many are
    left out, which of a GIF are those beyond 50 a second: players would show it five times slower.
    Raises OSError if the disk refuses.
    """
    kind = next(kind for kind, encoders in CONTAINERS.values() if encoder in encoders)
    unit = GIF_UNIT if kind == "gif" else UNIT
    times = _spaced([frame.pts * frame.time_base / unit for frame in frames()], kind)
    last = max(1, round(facts.last / unit))
    options = {"gif": {"final_delay": str(last)}, "apng": {"plays": "0"}, "webp": {"loop": "0"}}
    options["apng"]["final_delay"] = f"{last}/{unit.denominator}"
    with path.open("wb") as file:  # Python's own file tells of a full disk
        with av.open(file, "w", format=kind, options=options[kind]) as container:
            stream = container.add_stream(encoder, facts.rate, OPTIONS.get(encoder, {}))
            stream.height, stream.width = facts.shape
            stream.pix_fmt, stream.codec_context.time_base = PIXELS[encoder], unit
            timed = partial(_timed, frames, times, unit)
            for frame in _in_few_colors(timed) if kind == "gif" else timed():
                container.mux(stream.encode(frame.reformat(format=PIXELS[encoder])))
            container.mux(stream.encode(None))
        file.flush()
        os.fsync(file.fileno())
    if kind == "webp":
        _end_after(path, last)
    return times.count(None)


def _spaced(times: list[Fraction], kind: str) -> list[int | None]:
    """When each frame is shown, from 0 on, in whole units; None for one that comes too early."""
    step, shown, last = GIF_STEP if kind == "gif" else 1, [], None
    for time in times:
        time = round(time - times[0])
        late = last is None or time >= last + step
        last = time if late else last
        shown.append(time if late else None)
    return shown


def _timed(frames: Callable[[], Iterator], times: list[int | None], unit: Fraction) -> Iterator:
    for frame, time in zip(frames(), times, strict=True):
        if time is not None:
            frame = frame.reformat(format="bgra")
            frame.pts, frame.time_base = time, unit
            yield frame


def _in_few_colors(frames: Callable[[], Iterator]) -> Iterator:
    """The same frames in the 256 colours that suit all of them best, mixed by dots (Sierra)."""
    first = next(frames())
    layout = dict(format="bgra", time_base=first.time_base)
    graph, size = av.filter.Graph(), dict(width=first.width, height=first.height)
    source, end = graph.add_buffer(**size, **layout), graph.add("buffersink")
    graph.link_nodes(source, graph.add("palettegen"), end).configure()
    for frame in frames():
        source.push(frame)
    source.push(None)
    palette = end.pull()
    graph = av.filter.Graph()
    source, end = graph.add_buffer(**size, **layout), graph.add("buffersink")
    colors = graph.add_buffer(width=palette.width, height=palette.height, **layout)
    mixed = graph.add("paletteuse", "diff_mode=rectangle")
    source.link_to(mixed, 0, 0)
    colors.link_to(mixed, 0, 1)
    mixed.link_to(end)
    graph.configure()
    palette.pts, palette.time_base = 0, first.time_base
    colors.push(palette)
    colors.push(None)
    for frame in itertools.chain(frames(), [None]):
        source.push(frame)
        with suppress(av.BlockingIOError, av.EOFError):
            while True:
                yield end.pull()


def _end_after(path: Path, milliseconds: int) -> None:
    """Write the last frame's time into a WebP, for which FFmpeg takes the mean of the others."""
    with path.open("r+b") as file:
        at, size = 12, path.stat().st_size  # behind the head, chunks: name, length, content
        while at < size:
            file.seek(at)
            name, length = struct.unpack("<4sI", file.read(8))
            if name == b"ANMF":
                last = at + 8 + 12  # behind its place and size
            at += 8 + length + length % 2
        file.seek(last)
        file.write(min(milliseconds, (1 << 24) - 1).to_bytes(3, "little"))
