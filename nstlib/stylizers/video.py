"""Videos, from file to file, with any stylizer."""

import os
import shutil
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from nstlib.errors import InputError, NstError, number
from nstlib.files import unwritten, writable
from nstlib.images.arrays import SMALLEST, fitted, refuse_too_small, resize
from nstlib.machine import progress
from nstlib.stylizers import clips
from nstlib.stylizers.door import built, finished, painter
from nstlib.stylizers.engine import Engine, fingerprint
from nstlib.stylizers.frames import CONSISTENCY, FramePainter
from nstlib.stylizers.parts import Parts
from nstlib.stylizers.tracks import join

FAILURES = 10  # frames in a row that cannot be painted before the work is given up
SAID = 5  # frames that a message names
SHORT = 0.05  # of its length: a file whose frames end so much earlier is cut short


@dataclass(frozen=True)
class VideoReport:
    """What became of a video. `skipped` are the (number, problem) of frames that could not be read
    or painted, in whose place the painting before stays on the screen; `notes` are sentences."""

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
    **options,
) -> VideoReport:
    """Paint a video, frame by frame, with any stylizer, its sound and its times kept.

    `paint` and `options` are what `nst.stylizer` takes: "red_fuji", or "adain", style="mosaic"; or
    `paint` is a stylizer, or any function picture -> picture, with its options. `consistency` is as
    for `FramePainter`; `size` is the longest side in pixels at most, by itself the video's;
    `strength` and `preserve_color` are those of a stylizer. `path_out` ends in .mp4, .mkv, .mov or
    .webm, or, without sound, in .gif, .webp or .apng; `codec` is "libx264" or "libvpx-vp9". Memory
    does not grow with length. Work that was killed goes on when the same call is made again, from
    the folder PATH_OUT.parts, which goes when all is done; with other settings it begins anew.
    What can be read, and what of it is kept, is in docs/formats.md.

    A frame that is damaged, or that the painter fails on, is skipped, with a warning. Raises
    MissingFile, or InputError for what is no video, cannot be written, and when the disk is full.
    """
    begin, source = time.perf_counter(), Path(path_in).expanduser()
    number("strength", strength, 0, 1, hint="0 is the frame.")
    paint, facts = painter(paint, **options), clips.look(source)
    target = writable(path_out, clips.CONTAINERS, overwrite=overwrite, protect=[source])
    whole, (facts, encoder, sized) = facts.shape, _sized(facts, target, size, codec)
    if isinstance(paint, Engine) and paint.name != "gatys":  # before it is loaded
        needs = {"needs": "the network needs", "file": whole}
        refuse_too_small("A frame", facts.shape, SMALLEST, **needs)
    frames = FramePainter(built(paint), consistency)
    state = source.stat()
    identity = repr([source.resolve(), state.st_size, state.st_mtime_ns, facts, encoder])
    settings = fingerprint([identity, paint, consistency, strength, preserve_color])
    finish = partial(finished, strength=strength, preserve_color=preserve_color)
    try:
        parts = Parts(target, encoder, facts, settings)
        lasts = _paint_all(source, frames, finish, parts)
        notes = sized + _notes(source, parts, lasts) + _joined(source, parts, target)
    except NstError:
        raise
    except OSError as error:
        said = f"{unwritten(target, error)} Begin again in the same way: it goes on from there."
        raise InputError(said) from error
    for note in notes:
        warnings.warn(note, stacklevel=2)
    return VideoReport(target, parts.done, parts.skipped, notes, time.perf_counter() - begin)


def _sized(facts, target: Path, size: int | None, codec: str | None) -> tuple:
    """(facts with the shape that is painted, encoder, what is to be said of the two). What is made
    smaller gets even sides, with which H.264 can be used, which plays everywhere."""
    if size is not None and number("size", size, 1, whole=True, unit="pixels") < max(facts.shape):
        facts = replace(facts, shape=clips.even(fitted(*facts.shape, size)))
    encoder, (height, width) = clips.encoder_for(target, facts.shape, codec), facts.shape
    shape = clips.even(facts.shape)
    if shape != facts.shape and encoder in clips.EVEN_ONLY:
        said = f"{width} x {height} is painted as {shape[1]} x {shape[0]}: {encoder} takes even"
        return replace(facts, shape=shape), encoder, [f"{said} sides only."]
    if encoder == clips.encoder_for(target, shape, codec):
        return facts, encoder, []
    said = f"{width} x {height} has an odd side, so it is written by {encoder}, which QuickTime and"
    return facts, encoder, [f"{said} many phones do not play; the codec libx264 makes it even."]


def _paint_all(source: Path, frames: FramePainter, finish: Callable, parts: Parts) -> int:
    """Paint the frames that are not done yet; one that cannot be painted shows the one before.
    Returns how long after the first the last begins."""
    begin, times, frames.memory = parts.done, [], parts.memory
    bar = progress(total=max(parts.facts.frames, begin) or None, desc="painting")
    bar.initial = bar.n = begin
    try:
        for index, frame in enumerate(clips.read_frames(source, skip=begin)):
            times[1:] = [frame.time]  # the first and the last
            if index < begin:
                continue
            problem = frame.problem or _problem(frame.picture, index, frames, parts)
            if problem:
                parts.skipped.append((index, problem))
            if frames.memory is not None:  # else nothing is painted yet
                picture, painting = frames.memory
                parts.write(finish(painting, picture), frame.time, index + 1, frames.memory)
            bar.update(1)
        parts.finish()
    finally:
        bar.close()
        with suppress(Exception):  # an error that is already on its way says more
            parts.finish()
    return times[-1] - times[0]


def _problem(picture, index: int, frames: FramePainter, parts: Parts) -> str:
    """Paint a frame; returns what went wrong, or ""; what is no accident is raised."""
    try:
        shape = parts.facts.shape
        frames(picture if picture.shape[1:3] == shape else resize(picture, shape))
        return ""
    except Exception as error:
        problem = str(error).strip() or type(error).__name__
        if frames.memory is None:  # it has never painted anything
            said = f"The painter failed on the first frame: {type(error).__name__}: {error}"
            raise error if isinstance(error, NstError) else NstError(said) from error
        if {*range(index - FAILURES + 1, index)} <= {number for number, _ in parts.skipped}:
            said = f"The painter failed on {FAILURES} frames in a row, up to {index}: {problem}."
            raise InputError(f"{said} Mend it and begin again: it goes on.") from error
        return problem


def _notes(source: Path, parts: Parts, lasts: int) -> list[str]:
    """What is to be said of a file that is HDR, whose frames end too early, or were skipped."""
    notes, told, each = [], parts.facts.seconds, 1 / float(parts.facts.rate)
    if parts.facts.hdr:
        notes.append(f"{source} is HDR ({parts.facts.hdr}); it is painted in ordinary colours.")
    heard = lasts * float(parts.facts.time_base) + float(parts.facts.last)
    if told - heard > max(SHORT * told, 2 * each):
        notes.append(f"{source} is cut short, and painted so far: {heard:.2f} s of {told:.2f} s.")
    if parts.skipped:
        some = ", ".join(f"{number} ({problem})" for number, problem in parts.skipped[:SAID])
        notes.append(f"{len(parts.skipped)} frames show the painting before, such as {some}.")
    return notes


def _joined(source: Path, parts: Parts, target: Path) -> list[str]:
    """Make the video of its pieces; returns what is to be said of what is left out of it."""
    joined = parts.folder / f"joined{target.suffix}"
    notes = join(parts, source, joined)
    os.replace(joined, target)
    shutil.rmtree(parts.folder, ignore_errors=True)
    return notes
