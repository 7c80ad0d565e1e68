"""What a film holds beside its pictures goes along, or it is said: sound, subtitles, names."""

import io
import warnings
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import av
import numpy as np
import pytest

from nstlib.stylizers import tracks, video

SUBTITLES = "1\n00:00:00,000 --> 00:00:00,200\nhello\n\n2\n00:00:00,250 --> 00:00:00,400\nbye\n"
MS = Fraction(1, 1000)
CHAPTERS = [("Beach", 0, 250), ("Hotel", 250, 500)]


def tone(file, track, pitch: float) -> None:
    for begin in range(0, 24000, 1024):
        wave = np.sin(np.arange(begin, begin + 1024) * pitch).astype("float32")[None]
        frame = av.AudioFrame.from_ndarray(wave, format="fltp", layout="mono")
        frame.sample_rate, frame.pts = 48000, begin
        file.mux(track.encode(frame))
    file.mux(track.encode(None))


def pictures(file) -> None:
    stream = file.add_stream("libx264", 10)
    stream.height, stream.width, stream.pix_fmt = 32, 48, "yuv420p"
    stream.metadata["language"] = "nld"
    for number in range(5):
        frame = av.VideoFrame.from_ndarray(np.full((32, 48, 3), 40 * number, "u1"), format="rgb24")
        frame.pts, frame.time_base = number, Fraction(1, 10)
        file.mux(stream.encode(frame))
    file.mux(stream.encode(None))


@pytest.fixture(scope="module")
def holiday(tmp_path_factory) -> Path:
    """Half a second with two tracks of sound, one of subtitles, chapters and a title."""
    folder = tmp_path_factory.mktemp("holiday")
    (folder / "s.srt").write_text(SUBTITLES)
    with av.open(str(folder / "two.mkv"), "w") as file, av.open(str(folder / "s.srt")) as spoken:
        file.metadata.update(title="My holiday", location="+52.5+013.4/")
        file.set_chapters(
            [
                dict(id=number, start=start, end=end, time_base=MS, metadata={"title": title})
                for number, (title, start, end) in enumerate(CHAPTERS, 1)
            ]
        )
        sounds = []
        for language in ("eng", "deu"):
            sounds.append(file.add_stream("aac", rate=48000))
            sounds[-1].metadata["language"] = language
        sounds[1].metadata["title"] = "As dad tells it"
        text = file.add_stream_from_template(spoken.streams.subtitles[0])
        text.metadata["language"] = "eng"
        pictures(file)
        for number, track in enumerate(sounds):
            tone(file, track, 0.06 + 0.04 * number)
        for packet in spoken.demux():
            if packet.size:
                packet.stream = text
                file.mux(packet)
    return folder / "two.mkv"


def paint(source: Path, target: Path) -> list[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return video.stylize_video(source, target, lambda p: 1 - p, consistency=0).notes


def held(path: Path) -> dict:
    """What is in a film: {kind: [(codec, language, title)]}, tags, chapters."""
    with av.open(str(path)) as file:
        found = {"audio": [], "subtitle": [], "video": []}
        for stream in file.streams:
            if stream.type in found:
                tags = stream.metadata
                name = tags.get("title") or tags.get("name")
                found[stream.type] += [(stream.codec_context.name, tags.get("language"), name)]
        chapters = [(c["metadata"]["title"], c["start"] * c["time_base"]) for c in file.chapters()]
        return {**found, "tags": dict(file.metadata), "chapters": chapters}


def sounds_of(path: Path) -> list[list[bytes]]:
    with av.open(str(path)) as file:
        found = [[] for _ in file.streams.audio]
        for packet in file.demux(file.streams.audio):
            found[file.streams.audio.index(packet.stream)] += [bytes(packet)] * bool(packet.size)
        return found


SUBTITLES_LOST = "The track of subtitles (srt, eng) is left out of {}: a .mkv can hold it."


@pytest.mark.parametrize("suffix", [".mkv", ".mp4", ".mov"])
def test_all_that_the_container_can_hold_goes_along(holiday, tmp_path, suffix):
    notes, found = paint(holiday, tmp_path / f"out{suffix}"), held(tmp_path / f"out{suffix}")
    german = "ger" if suffix == ".mov" else "deu"  # QuickTime's code
    dutch = "dut" if suffix == ".mov" else "nld"
    assert [track[:2] for track in found["audio"]] == [("aac", "eng"), ("aac", german)]
    assert found["video"][0][1] == dutch
    assert found["tags"]["title"] == "My holiday" and "location" not in str(found["tags"]).lower()
    assert found["chapters"] == [("Beach", 0), ("Hotel", Fraction(1, 4))]
    assert sounds_of(tmp_path / f"out{suffix}") == sounds_of(holiday)
    if suffix == ".mkv":
        assert notes == [] and found["subtitle"] == [("srt", "eng", None)]
        assert found["audio"][1][2] == "As dad tells it"  # FFmpeg 8.0 writes it here only
    else:
        assert notes == [SUBTITLES_LOST.format(suffix)] and found["subtitle"] == []


@pytest.mark.parametrize("suffix", [".webm", ".gif"])
def test_what_it_cannot_hold_is_said_track_by_track(holiday, tmp_path, suffix):
    notes = paint(holiday, tmp_path / f"out{suffix}")
    sounds = [f"The sound (aac, {one}) is left out of {suffix}" for one in ("eng", "deu")]
    assert [note.partition(":")[0] for note in notes[:2]] == sounds
    assert notes[2] == SUBTITLES_LOST.format(suffix)


def test_sound_that_is_refused_only_at_the_end_is_left_out(tmp_path):
    with av.open(str(tmp_path / "in.avi"), "w") as file:
        sound = file.add_stream("pcm_s16le", rate=48000)
        pictures(file)
        tone(file, sound, 0.06)
    notes = paint(tmp_path / "in.avi", tmp_path / "out.mp4")
    assert notes == ["The sound (pcm_s16le) is left out of .mp4: a .mkv can hold it."]
    assert paint(tmp_path / "in.avi", tmp_path / "out.mkv") == []


def test_sound_in_a_codec_that_nobody_knows_is_left_out(holiday, tmp_path):
    unknown = holiday.read_bytes().replace(b"A_AAC", b"A_XYZ")
    (tmp_path / "in.mkv").write_bytes(unknown)
    notes = paint(tmp_path / "in.mkv", tmp_path / "out.mkv")
    assert [note.split(" is ")[0] for note in notes] == [
        "The sound (unknown, eng)",
        "The sound (unknown, deu)",
    ]
    assert held(tmp_path / "out.mkv")["subtitle"] == [("srt", "eng", None)]


class Strict:
    """A container that refuses the later packets of these tracks."""

    def __init__(self, *refused: int):
        self.refused, self.written = set(refused), []

    def mux(self, packet):
        index = packet.stream.index
        if index in self.refused and len(self.written) > 3:
            raise av.error.InvalidDataError(1, "out of order")
        self.written.append(packet.dts)


def packets(index: int, *times: int) -> list:
    stream = SimpleNamespace(index=index)
    return [SimpleNamespace(stream=stream, dts=time, time_base=MS) for time in times]


def test_packets_are_written_in_order_and_of_a_damaged_track_what_can_be():
    others = [*packets(1, 5, 25), *packets(2, 30, 35)]
    container = Strict(2)
    assert tracks._fill(container, packets(0, 0, 10, 20, 40), others) == {2}
    assert container.written == [0, 5, 10, 20, 25, 40]
    with pytest.raises(av.FFmpegError):
        tracks._fill(Strict(0), packets(0, 0, 10, 20, 30, 40), [])


def test_a_damaged_track_of_subtitles_is_said_and_the_film_is_painted(
    holiday, tmp_path, monkeypatch
):
    monkeypatch.setattr(tracks, "_fill", lambda container, pictures, others: {3})
    assert paint(holiday, tmp_path / "out.mkv") == [
        "The track of subtitles (srt, eng) is damaged, and only in part copied."
    ]


@pytest.mark.parametrize(
    ("before", "after"), [(b"Beach", b"B\xff\xfech"), (b"My hol", b"M\xe9 hol")]
)
def test_names_that_are_no_text_are_no_reason_to_fail(holiday, tmp_path, before, after):
    (tmp_path / "in.mkv").write_bytes(holiday.read_bytes().replace(before, after))
    assert paint(tmp_path / "in.mkv", tmp_path / "out.mkv") == []
    assert "\ufffd" in str(held(tmp_path / "out.mkv"))


def test_chapters_that_are_damaged_are_said():
    damaged = [dict(id=1, start=1 << 70, end=0, time_base=MS, metadata={})]
    source = SimpleNamespace(metadata={"title": "My holiday"}, chapters=lambda: damaged)
    with av.open(io.BytesIO(), "w", format="matroska") as target:
        (note,) = tracks._copy_tags(source, target)
        assert "chapters are damaged" in note and target.metadata == source.metadata
