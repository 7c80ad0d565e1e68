"""Video files, read frame by frame by PyAV (the FFmpeg libraries), and what can be written.

OpenCV could do it, too, but it cuts odd sizes to even ones, drops the sound and each frame's own
time, writes no H.264, which browsers play, and does not say when the disk is full.
"""

import heapq
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.sidedata.sidedata import Type

from nstlib.errors import InputError, choice
from nstlib.files import readable
from nstlib.images.arrays import as_image, resize
from nstlib.stylizers import animations
from nstlib.stylizers.film_colors import HDR, to_rgb

# What can be written: FFmpeg's name of the container, and the encoders, the first that takes the
# size being the default.
CONTAINERS = {
    ".mp4": ("mp4", ("libx264", "libvpx-vp9")),
    ".mkv": ("matroska", ("libx264", "libvpx-vp9")),
    ".mov": ("mov", ("libx264",)),
    ".webm": ("webm", ("libvpx-vp9",)),
    **animations.CONTAINERS,
}
EVEN_ONLY = ("libx264",)  # with colours at half the resolution, as all players expect them
DEFAULT_RATE = Fraction(25)  # frames a second, where the file does not say
PHOTOS = ("avif", "heic", "heix", "mif1")  # brands of files that FFmpeg takes for films
WIDEST = 4  # width of a pixel to its height, or the other way round; beyond it is a mistake


@dataclass(frozen=True)
class VideoFacts:
    """What a file says of itself: frames a second, about how many frames, seconds, and the sound's
    codec ("" without sound). `time_base` is the unit of the frames' times, in seconds; `shape` is
    the (height, width) of the first frame that can be read, upright, its pixels square; `hdr` is
    "HLG" or "PQ" where that is how light is stored, else ""; `last` is for how many seconds the
    last frame is shown."""

    rate: Fraction
    frames: int
    seconds: float
    time_base: Fraction
    sound: str
    shape: tuple[int, int]
    hdr: str = ""
    last: Fraction = 1 / DEFAULT_RATE


@dataclass(frozen=True)
class Frame:
    """One frame: its time in units of the file's `time_base`, and its picture, (1, height, width,
    3), RGB, 0..1, BT.709, upright, its pixels square; or None, and what is wrong with it."""

    time: int
    picture: np.ndarray | None
    problem: str = ""


@contextmanager
def opened(path: Path) -> Iterator[tuple]:
    """(container, its stream of pictures) of a file that must be a video."""
    path = readable(path, "video")
    try:
        container = av.open(address(path), metadata_errors="replace")
    except (av.FFmpegError, OSError) as error:
        why = error.strerror or error
        raise InputError(f"{path} is not a video that can be read ({why}).") from error
    with container:
        yield container, pictures_of(container)


def address(path: Path) -> str:
    """How FFmpeg is told of a file, which else takes "12:30.mp4" for a protocol named 12."""
    return f"file:{path}"


def pictures_of(container):
    """The stream of pictures of a film that is open; InputError if it has none."""
    path = container.name.removeprefix("file:")
    photo = container.metadata.get("major_brand", "").strip() in PHOTOS
    if photo or container.format.name.endswith("_pipe") or container.format.name == "image2":
        raise InputError(f"{path} is a picture, not a video: paint it with `nstlib stylize`.")
    cover = av.stream.Disposition.attached_pic  # of a record
    moving = [stream for stream in container.streams.video if not stream.disposition & cover]
    if not moving:
        others = {stream.type or "unknown data" for stream in container.streams} or {"nothing"}
        raise InputError(f"{path} has no frames: it holds {', '.join(others)}.")
    if moving[0].codec_context is None:
        raise InputError(f"{path} is in a codec that is not known here: convert it to H.264.")
    moving[0].thread_type = "AUTO"
    return moving[0]


def look(path: Path) -> VideoFacts:
    """What a video says of itself. Raises MissingFile, or InputError for what is no video."""
    if animations.is_animation(readable(path, "video")):
        return _look_at_animation(path)
    with opened(path) as (container, stream):
        rate = Fraction(stream.average_rate or stream.guessed_rate or DEFAULT_RATE)
        unit, sound = stream.time_base, ""
        longest = (container.duration or 0) / av.time_base  # of its streams
        seconds = float(stream.duration * unit if stream.duration else longest)
        frames = stream.frames or round(seconds * rate)
        for heard in container.streams.audio[:1]:
            sound = heard.codec_context.name if heard.codec_context else "unknown"
        for _, frame, problem in _decoded(container, stream):
            if not problem:
                shape, hdr = _picture(frame, stream).shape[1:3], HDR.get(frame.color_trc, "")
                return VideoFacts(rate, frames, seconds, unit, sound, shape, hdr, 1 / rate)
    raise InputError(f"{path} has no frames that can be read: it is empty, or damaged.")


def _look_at_animation(path: Path) -> VideoFacts:
    lasts, shapes = [], []
    for milliseconds, picture, _ in animations.read(path):
        lasts.append(milliseconds * animations.UNIT)
        shapes += [picture.size[::-1]] if picture else []
    if not shapes:
        raise InputError(f"{path} has no frames that can be read: it is damaged.")
    rate = (len(lasts) / sum(lasts)).limit_denominator(1000)
    named = dict(time_base=animations.UNIT, sound="", shape=shapes[0], last=lasts[-1])
    return VideoFacts(rate, len(lasts), float(sum(lasts)), **named)


def read_frames(path: Path, skip: int = 0) -> Iterator[Frame]:
    """The frames in their order, one at a time; the first `skip` of them have no picture. One that
    cannot be decoded is there all the same, with its problem, and so its number; where a file ends
    early, the frames end."""
    if animations.is_animation(readable(path, "video")):
        yield from _read_animation(path, skip)
        return
    with opened(path) as (container, stream):
        step = max(1, round(1 / ((stream.average_rate or DEFAULT_RATE) * stream.time_base)))
        last = None
        for index, (time, frame, problem) in enumerate(_decoded(container, stream)):
            time = time if time is not None else (0 if last is None else last + step)
            last = time if last is None else max(time, last + 1)  # never backwards
            picture = None if problem or index < skip else _picture(frame, stream)
            yield Frame(last, picture, problem)


def _read_animation(path: Path, skip: int) -> Iterator[Frame]:
    time = 0
    for index, (milliseconds, picture, problem) in enumerate(animations.read(path)):
        yield Frame(time, as_image(picture) if picture and index >= skip else None, problem)
        time += milliseconds


def _decoded(container, stream) -> Iterator[tuple]:
    """(time, frame or None, problem) in order of time: a broken packet, which is known before the
    frames ahead of it are out, waits until they are."""
    broken = []
    for packet in _packets(container, stream):
        try:
            frames = stream.decode(packet)
        except av.FFmpegError as error:
            time = -1 if packet is None or packet.pts is None else packet.pts
            heapq.heappush(broken, (time, None, str(error.strerror or error)))
            continue
        for frame in frames:
            while broken and (frame.pts is None or broken[0][0] < frame.pts):
                yield heapq.heappop(broken)
            yield frame.pts, frame, "damaged" if frame.is_corrupt else ""
    yield from sorted(broken)


def _packets(container, stream) -> Iterator:
    """All packets of a stream until the file ends; where it breaks off, None ends them."""
    try:
        yield from container.demux(stream)
    except av.FFmpegError:
        yield None


def _picture(frame, stream) -> np.ndarray:
    pixels, shape = to_rgb(frame), (frame.height, frame.width)
    square = _squared(shape, stream.sample_aspect_ratio)
    if square != shape:
        pixels = resize(pixels, square)[0]
    matrix = frame.side_data.get(Type.DISPLAYMATRIX)
    return (_upright(pixels, np.frombuffer(matrix, np.int32)) if matrix else pixels)[None]


def _squared(shape: tuple[int, int], aspect: Fraction | None) -> tuple[int, int]:
    """(height, width) with square pixels: the shorter way is stretched, so that nothing is lost."""
    height, width = shape
    if not aspect or aspect == 1 or not 1 / WIDEST <= aspect <= WIDEST:
        return shape
    return even((height, width * aspect) if aspect > 1 else (height / aspect, width))


def _upright(pixels: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Turned and mirrored as the nearest of the eight ways in which a display matrix can say it.

    A point (x, y) of the file is shown at (a x + c y, b x + d y), (a, b, _, c, d) its first five.
    """
    a, b, _, c, d = matrix[:5].astype(float)
    if abs(b) + abs(c) > abs(a) + abs(d):
        pixels, a, d = pixels.swapaxes(0, 1), c, b
    return pixels[:: -1 if d < 0 else 1, :: -1 if a < 0 else 1]


def even(shape) -> tuple[int, int]:
    """The nearest (height, width) whose sides are even."""
    height, width = (max(2, 2 * round(side / 2)) for side in shape)
    return height, width


def encoder_for(path: Path, shape: tuple[int, int], codec: str | None = None) -> str:
    """The encoder, `codec` or the first that can, for a file of this extension, one of CONTAINERS,
    and frames of this (height, width). Where none can write odd sides, it is one that writes them
    made even. InputError if FFmpeg has none."""
    suffix, odd = path.suffix.lower(), shape != even(shape)
    wanted = CONTAINERS[suffix][1]
    if codec is not None:
        wanted = [choice(f"codec for {suffix}", codec, wanted)]
    there = [name for name in wanted if name in av.codecs_available]  # FFmpeg may lack some
    for name in sorted(there, key=lambda name: odd and name in EVEN_ONLY):
        return name
    raise InputError(f"FFmpeg has no {' or '.join(wanted)} here: name another codec or container.")
