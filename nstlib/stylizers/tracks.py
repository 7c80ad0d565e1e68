"""A film made whole of its painted pieces, with what else its source holds: sound, subtitles,
chapters and tags.

Nothing is encoded anew, but for animated pictures. What the new container cannot hold is left out,
and said. Where a film was shot (tags of a location) is left out, too, as it is of pictures.
"""

import heapq
import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import av

from nstlib.stylizers import animations
from nstlib.stylizers.clips import CONTAINERS, opened, pictures_of
from nstlib.stylizers.parts import Parts

CALLED = {"audio": "The sound", "subtitle": "The track of subtitles"}
OF_THE_FILE = ("brand", "minor_version", "encoder", "location")  # in keys that are not copied
# QuickTime knows the other one of the two codes that ISO 639-2 has for some languages.
CODES = "alb sqi arm hye bur mya chi zho cze ces dut nld fre fra geo kat ger deu gre ell ice isl"
CODES += " mac mkd mao mri may msa per fas rum ron slo slk tib bod wel cym"
QUICKTIME = dict(zip(CODES.split()[1::2], CODES.split()[::2], strict=True))


def join(parts: Parts, source: Path, target: Path) -> list[str]:
    """Make the film of its pieces; returns what is to be said of the rest of its source.

    Raises OSError if the disk refuses.
    """
    suffix = target.suffix.lower()
    with _opened(source) as whole:
        tracks = [track for track in whole.streams if track.type in CALLED] if whole else []
        kept = [track for track in tracks if _holds(suffix, track)]
        notes = [_left_out(track, suffix) for track in tracks if track not in kept]
        if parts.encoder in animations.PIXELS:
            few = animations.write(parts.frames, target, parts.encoder, parts.facts)
            said = f"{few} frames are left out of {suffix}, which can show 50 a second at most."
            return notes + [said] * bool(few)
        try:
            return notes + _join(parts, target, whole, kept)
        except av.FFmpegError:
            if not kept:
                raise
        notes += [_left_out(track, suffix) for track in kept]  # it is told at the end at times
        return notes + _join(parts, target, whole, [])


def _join(parts: Parts, target: Path, source, tracks: list) -> list[str]:
    """The same with these tracks of a source that is open, if it is no animated picture."""
    suffix, notes = target.suffix.lower(), []
    with parts.new(target, CONTAINERS[suffix][0]) as (container, stream):
        copies = {track.index: container.add_stream_from_template(track) for track in tracks}
        if source:
            notes += _copy_tags(source, container)
            _copy_names(pictures_of(source), stream, suffix)
        for track in tracks:
            _copy_names(track, copies[track.index], suffix)
        spoilt = _fill(container, parts.packets(stream), _packets(source, tracks, copies))
        lost = [track for track in tracks if copies[track.index].index in spoilt]
        return notes + [f"{_name(track)} is damaged, and only in part copied." for track in lost]


@contextmanager
def _opened(source: Path) -> Iterator:
    """The container of a film; None of an animated picture."""
    if animations.is_animation(source):
        yield None
    else:
        with opened(source) as (container, _):
            yield container


def _holds(suffix: str, track) -> bool:
    """Whether a file that ends so takes a track as it is."""
    try:
        with av.open(io.BytesIO(), "w", format=CONTAINERS[suffix][0]) as trial:
            trial.add_stream_from_template(track)
            trial.start_encoding()
    except (av.FFmpegError, ValueError, AttributeError):  # the last: of a codec that is not known
        return False
    return True


def _left_out(track, suffix: str) -> str:
    better = next((f": a {end} can hold it" for end in (".mkv", ".mp4") if _holds(end, track)), "")
    return f"{_name(track)} is left out of {suffix}{better}."


def _name(track) -> str:
    """By its codec, and its language if it says one: "The sound (aac, deu)"."""
    codec = track.codec_context.name if track.codec_context else "unknown"
    language = track.metadata.get("language", "und")
    return f"{CALLED[track.type]} ({codec}{f', {language}' if language != 'und' else ''})"


def _copy_tags(source, target) -> list[str]:
    """Copy title, date and so on, and the chapters; returns what is to be said of them."""
    for key, value in source.metadata.items():
        if not any(word in key.lower() for word in OF_THE_FILE):
            target.metadata[key] = value
    try:
        target.set_chapters(source.chapters())
    except (av.FFmpegError, ValueError, OverflowError) as error:
        return [f"The chapters are damaged ({error}) and left out."]
    return []


def _copy_names(track, copy, suffix: str) -> None:
    """Copy the language and title of a track, and whether players take it by themselves."""
    tags = {key: track.metadata[key] for key in ("language", "title") if key in track.metadata}
    if suffix == ".mov" and "language" in tags:
        tags["language"] = QUICKTIME.get(tags["language"], tags["language"])
    copy.metadata.update(tags)
    with suppress(TypeError):  # PyAV 17 cannot set it
        copy.disposition = track.disposition


def _packets(source, tracks: list, copies: dict) -> Iterator:
    """The packets of these tracks of the source, addressed to their copies."""
    with suppress(av.FFmpegError):  # a file that is cut short: what there is
        for packet in source.demux(tracks) if tracks else ():
            if packet.size and packet.dts is not None:
                packet.stream = copies[packet.stream.index]
                yield packet


def _fill(container, pictures: Iterable, others: Iterable) -> set[int]:
    """Write all packets in order of time; returns the tracks some of whose were refused."""
    spoilt = set()
    for packet in heapq.merge(pictures, others, key=lambda packet: packet.dts * packet.time_base):
        index = packet.stream.index
        try:
            container.mux(packet)
        except av.FFmpegError:
            if index == 0:  # the pictures
                raise
            spoilt.add(index)
    return spoilt
