"""Videos, from file to file, with any stylizer."""

import os
import shutil
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nstlib.errors import InputError, NstError
from nstlib.files import write_problem
from nstlib.images.arrays import resize
from nstlib.machine import progress as progress_bar
from nstlib.stylizers.clips import Format, Frame, VideoFacts, encoder_for, join, look, read_frames
from nstlib.stylizers.frames import CONSISTENCY, FramePainter, check_share
from nstlib.stylizers.parts import Parts

FAILURES = 10  # frames in a row that cannot be painted before the work is given up
UNEVEN = 1.5  # of the shortest time between frames: beyond it, the rate is not constant
SHORT = 0.05  # of its length: a file whose frames end so much earlier is cut short


@dataclass(frozen=True)
class VideoReport:
    """What became of a video: the file, its frames, and all that was not as it should be.

    `skipped` are the (number, problem) of frames that could not be read or painted, in whose place
    the painting before stays on the screen; `notes` are sentences.
    """

    path: Path
    frames: int
    skipped: list[tuple[int, str]]
    notes: list[str]
    seconds: float


def stylize_video(
    path_in: str | os.PathLike,
    path_out: str | os.PathLike,
    paint,
    *,
    consistency: float = CONSISTENCY,
    size: int | None = None,
    strength: float = 1.0,
    preserve_color: bool = False,
    codec: str | None = None,
    overwrite: bool = True,
) -> VideoReport:
    """Paint a video, frame by frame, with any stylizer, its sound and its times kept.

    `paint` and `consistency` are as for `FramePainter`; `size` is the longest side in pixels at
    most, and by itself the video's; `strength` and `preserve_color` are as for a stylizer, and
    done after, from the frame. `path_out` ends in .mp4, .mkv, .mov or .webm; `codec` is "libx264"
    or "libvpx-vp9". Memory does not grow with length. Work that was killed goes on where it was
    when the same call is made again, from the folder PATH_OUT.parts, which goes when all is done.

    A frame that is damaged, or that the painter fails on, is skipped, with a warning and an entry
    in the report. Raises MissingFile, or InputError for what is no video, has no frames, cannot be
    written, and when the disk is full.
    """
    begin = time.perf_counter()
    source, target = Path(path_in).expanduser(), Path(path_out).expanduser()
    painter, finish = FramePainter(paint, consistency), _finisher(strength, preserve_color)
    facts = look(source)
    check_target(source, target, overwrite)
    shape = _first_shape(source, size)
    form = Format(encoder_for(target, shape, codec), shape, facts.rate, facts.time_base)
    whose = [getattr(paint, "label", ""), consistency, strength, preserve_color]
    try:
        parts = Parts(target, form, {"source": _identity(source), "painter": whose})
        notes = _paint_all(source, facts, painter, finish, parts)
        notes += _joined(parts, source, target, facts)
    except NstError:
        raise
    except OSError as error:
        raise InputError(
            f"{target} could not be written ({error.strerror or error}). What is painted is kept "
            f"in {target.name}.parts beside it: make room, and begin again in the same way."
        ) from error
    for note in notes:
        warnings.warn(note, stacklevel=2)
    return VideoReport(target, parts.done, parts.skipped, notes, time.perf_counter() - begin)


def _identity(source: Path) -> list:
    status = source.stat()
    return [str(source.resolve()), status.st_size, status.st_mtime_ns]


def check_target(source: Path, target: Path, overwrite: bool) -> None:
    """Raise InputError if nothing can, or must, be written there; before hours of work."""
    encoder_for(target, (2, 2))
    if target.is_dir():
        raise InputError(f"{target} is a folder: name a file in it.")
    if target.exists() and target.samefile(source):
        raise InputError(f"{target} is the video that is read: name another output.")
    if target.exists() and not overwrite:
        raise InputError(
            f"{target} is there already: name another file, or allow overwriting it (--overwrite)."
        )
    problem = write_problem(target.parent)
    if problem:
        raise InputError(f"The folder of the output, {target.parent}, {problem}.")


def _first_shape(source: Path, size: int | None) -> tuple[int, int]:
    """(height, width) of the frames to be written: as the first one is, or smaller."""
    for frame in read_frames(source):
        if frame.picture is not None:
            height, width = frame.picture.shape[1:3]
            smaller = size is not None and size < max(height, width)
            return resize(frame.picture, size).shape[1:3] if smaller else (height, width)
    raise InputError(f"{source} has no frames that can be read: it is empty, or damaged.")


def _finisher(strength: float, preserve_color: bool):
    """(painting, frame) -> what is shown: from the frame, so nothing of it is blended over time."""
    check_share(strength, "strength", "the frame")
    if strength == 1 and not preserve_color:
        return lambda painting, frame: painting
    from nstlib.stylizers.finish import finished

    return lambda painting, frame: finished(painting, frame, strength, preserve_color)


def _paint_all(source: Path, facts: VideoFacts, painter, finish, parts: Parts) -> list[str]:
    """Paint the frames that are not done yet; returns what is to be said of the file."""
    _go_on(painter, parts)
    begin, clock = parts.done, _Clock(facts)
    bar = progress_bar(total=max(facts.frames, begin) or None, desc="painting")
    bar.initial = bar.n = begin
    try:
        for index, frame in enumerate(read_frames(source, skip=begin)):
            clock.see(frame.time)
            if index >= begin:
                _paint_one(index, frame, painter, finish, parts)
                bar.update(1)
        parts.finish()
    finally:
        bar.close()
        parts.rescue()
    return clock.notes(source) + _skipped(parts.skipped)


def _go_on(painter: FramePainter, parts: Parts) -> None:
    """Give the painter the memory that it had, if it is the one that painted what is there."""
    if not parts.done:
        return
    if getattr(painter.paint, "label", "") or parts.same_painter(painter.paint):
        painter.memory = parts.pictures["frame"], parts.pictures["painting"]
        return
    warnings.warn(f"{parts.folder} is another painter's work: begun anew.", stacklevel=5)
    parts.begin()


def _paint_one(index: int, frame: Frame, painter: FramePainter, finish, parts: Parts) -> None:
    """Paint a frame and write it; in place of one that cannot be painted, the one before."""
    shown, problem, is_first = parts.pictures.get("shown"), frame.problem, painter.memory is None
    if not problem:
        try:
            shown = finish(painter(_fitted(frame.picture, parts.form.shape)), painter.memory[0])
        except Exception as error:
            if is_first:  # it has never painted anything: this is no accident
                raise _explained(error) from error
            problem = str(error).strip() or type(error).__name__
            _check_patience(index, problem, parts)
    if problem:
        parts.skipped.append((index, problem))
    if shown is None:  # nothing is painted yet
        return
    picture, painting = painter.memory
    if is_first:
        parts.save(parts.first, frame=picture, painting=painting)
    parts.write(shown, frame.time, index + 1, frame=picture, painting=painting)


def _explained(error: Exception) -> NstError:
    if isinstance(error, NstError):
        return error
    return NstError(f"The painter failed on the first frame: {type(error).__name__}: {error}")


def _fitted(picture: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    return picture if picture.shape[1:3] == shape else resize(picture, shape)


def _check_patience(index: int, problem: str, parts: Parts) -> None:
    """Raise InputError if the painter has failed on too many frames, one after another."""
    failed = {number for number, _ in parts.skipped}
    if failed.issuperset(range(index - FAILURES + 1, index)):
        raise InputError(
            f"The painter failed on {FAILURES} frames in a row, up to {index}: {problem}. What is "
            f"painted is kept in {parts.folder}: mend the painter and begin again to go on."
        )


class _Clock:
    """Watches the frames' times, for what they say of the file."""

    def __init__(self, facts: VideoFacts):
        self.facts, self.times, self.steps = facts, [], []

    def see(self, when: int) -> None:
        if self.times:
            step = when - self.times[-1]
            self.steps = [min([step, *self.steps[:1]]), max([step, *self.steps[1:]])]
        self.times = [*self.times[:1], when]

    def notes(self, source: Path) -> list[str]:
        found = []
        if self.steps and self.steps[1] > UNEVEN * self.steps[0]:
            found.append(f"{source} has no constant frame rate: every frame keeps its own time.")
        told, unit = self.facts.seconds, float(self.facts.time_base)
        heard = (self.times[-1] - self.times[0]) * unit + 1 / float(self.facts.rate)
        if told - heard > max(SHORT * told, 2 / float(self.facts.rate)):
            found.append(
                f"{source} says that it lasts {told:.2f} s, but its frames end after {heard:.2f} s:"
                " it is cut short, and painted so far."
            )
        return found


def _skipped(skipped: Sequence[tuple[int, str]]) -> list[str]:
    if not skipped:
        return []
    some = ", ".join(f"{number} ({problem})" for number, problem in skipped[:5])
    more = f" and {len(skipped) - 5} more" if len(skipped) > 5 else ""
    return [f"Frames were skipped, and show the painting before: {some}{more}."]


def _joined(parts: Parts, source: Path, target: Path, facts: VideoFacts) -> list[str]:
    """Make the video of its pieces; returns what is to be said of its sound."""
    pieces, notes = parts.pieces(), []
    joined = parts.folder / f"joined{target.suffix}"
    try:
        join(pieces, parts.form, source, joined, sound=bool(facts.sound))
    except ValueError:
        notes.append(
            f"The sound ({facts.sound}) does not fit into {target.suffix} and is left out: name an "
            "output that ends in .mkv, which takes any."
        )
        join(pieces, parts.form, source, joined, sound=False)
    os.replace(joined, target)
    shutil.rmtree(parts.folder, ignore_errors=True)
    return notes
