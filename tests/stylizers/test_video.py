"""Video: paint that stays, files of every kind of trouble, and work that was killed.

Painters are functions of a line, so that nothing here waits for a network.
"""

import subprocess
import sys
import warnings
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from nstlib.errors import InputError, MissingFile, NstError
from nstlib.evaluation.measures import flicker
from nstlib.images.arrays import to_uint8
from nstlib.images.filters import posterise
from nstlib.notebook.moving_clips import moving_clip
from nstlib.stylizers import camera, clips, parts as video_parts, video
from nstlib.stylizers.frames import FramePainter, blend

HEIGHT, WIDTH = 48, 64
LOSS = 0.05  # mean difference that two codecs may make of a small and busy picture


def texture(height: int, width: int, seed: int = 0) -> np.ndarray:
    """A smooth random picture, (1, height, width, 3)."""
    noise = np.random.default_rng(seed).uniform(0, 1, (height, width, 3)).astype("float32")
    smooth = cv2.GaussianBlur(noise, (0, 0), 2)
    return ((smooth - smooth.min()) / np.ptp(smooth))[None]


def sliding(count: int, shape=(HEIGHT, WIDTH), step: int = 2) -> list[np.ndarray]:
    """Frames in which a picture slides to the left by whole pixels."""
    wide = texture(shape[0], shape[1] + step * count)
    return [wide[:, :, step * t : step * t + shape[1]] for t in range(count)]


def negative(picture) -> np.ndarray:
    return 1 - picture


class Restless:
    """A painter that never paints a thing twice in the same way."""

    def __init__(self):
        self.generator = np.random.default_rng(0)

    def __call__(self, picture):
        return np.clip(picture + self.generator.normal(0, 0.1, picture.shape), 0, 1)


def write_clip(path, pictures, *, times=None, sound="", codec=None, broken=(), rate=25) -> Path:
    """A small video by PyAV alone; `times` in ms; packets in `broken` are overwritten."""
    with av.open(str(path), "w") as file:
        stream = file.add_stream(codec or "libx264", rate, {"bf": "0", "g": "5"})
        stream.height, stream.width = pictures[0].shape[1:3]
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        stream.codec_context.time_base = unit = Fraction(1, 1000 if times else rate)
        track = file.add_stream(sound, rate=48000) if sound else None
        packets = []
        for number, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(to_uint8(picture), format="rgb24")
            frame.pts = times[number] if times else number
            frame.time_base = unit
            packets += stream.encode(frame)
        for number, packet in enumerate(packets + stream.encode(None)):
            file.mux(_spoiled(packet) if number in broken else packet)
        if track:
            _write_tone(file, track, len(pictures) / rate)
    return Path(path)


def _spoiled(packet):
    spoiled = av.Packet(b"\x13" * 40)
    spoiled.pts, spoiled.dts, spoiled.time_base = packet.pts, packet.dts, packet.time_base
    spoiled.stream = packet.stream
    return spoiled


def _write_tone(file, track, seconds: float) -> None:
    for begin in range(0, int(seconds * 48000), 1024):
        wave = np.sin(np.arange(begin, begin + 1024) * 0.06).astype("float32")[None]
        frame = av.AudioFrame.from_ndarray(wave, format="fltp", layout="mono")
        frame.sample_rate, frame.pts = 48000, begin
        file.mux(track.encode(frame))
    file.mux(track.encode(None))


@pytest.fixture
def clip(tmp_path) -> Path:
    return write_clip(tmp_path / "clip.mp4", sliding(10))


def frames_of(path) -> list[clips.Frame]:
    return list(clips.read_frames(Path(path)))


def distance(picture, other) -> float:
    return float(np.abs(picture - other).mean())


# --- One frame after another ---------------------------------------------------------------------


def test_blending_leaves_what_agrees_and_keeps_contrast():
    generator = np.random.default_rng(0)
    one, other = generator.uniform(0.3, 0.7, (2, 1, 64, 64, 3)).astype("float32")
    np.testing.assert_allclose(blend(one, other, 0.0), one, atol=1e-6)
    np.testing.assert_allclose(blend(one, one, 0.8), one, atol=1e-6)
    assert (one + 0.5 * (other - one)).std() < 0.75 * one.std()
    assert blend(one, other, 0.5).std() == pytest.approx(one.std(), rel=0.1)


def test_without_consistency_every_frame_is_painted_anew():
    painter = FramePainter(negative, 0)
    for frame in sliding(3):
        np.testing.assert_allclose(painter(frame), 1 - frame, atol=1 / 255)


def test_restless_paint_comes_to_rest_and_stays_sharp():
    clip = moving_clip(texture(200, 300), "pan", 8, 96)
    alone, ours = Restless(), FramePainter(Restless())
    alone, ours = [[paint(frame) for frame in clip.frames] for paint in (alone, ours)]
    apart, calm = (flicker(f, clip.flows, clip.visible) for f in (alone, ours))
    assert calm < 0.4 * apart
    assert ours[-1].std() > 0.9 * alone[-1].std()


def test_a_cut_begins_anew_and_what_comes_in_is_painted_anew():
    painter = FramePainter(negative)
    first, second = texture(64, 96, 1), 1 - texture(64, 96, 2)
    painter(first)
    np.testing.assert_allclose(painter(second), 1 - second, atol=2 / 255)
    moods = iter([0.0, 1.0])
    painter = FramePainter(lambda picture: np.full_like(picture, next(moods)))
    before, now = (painter(frame)[0, 10:-10] for frame in sliding(2, (64, 96), step=6))
    assert before.max() == 0 and now[:, -4:].min() > 0.9 and now[:, 20:-30].max() < 0.25


def test_an_error_fades_even_at_full_consistency():
    still, moods = texture(32, 32), iter([1.0] + [0.0] * 60)
    painter = FramePainter(lambda picture: np.full_like(picture, next(moods)), 1)
    last = [painter(still).mean() for _ in range(61)][-1]
    assert last < 0.1


def test_consistency_is_a_share():
    with pytest.raises(InputError, match=r"consistency is 1\.5; .* from 0 to 1"):
        FramePainter(negative, 1.5)


def test_a_painter_that_follows_is_given_what_it_painted_moved_along():
    given = {}

    class Follower:
        def __call__(self, frame):
            return negative(frame)

        def follow(self, frame, moved, trust, consistency):
            given.update(moved=moved, trust=trust, consistency=consistency)
            return frame

    painter, frames = FramePainter(Follower(), 0.5), sliding(2, (64, 96), step=4)
    painter(frames[0])
    np.testing.assert_allclose(painter(frames[1]), frames[1], atol=1 / 255)
    assert given["consistency"] == 0.5 and given["trust"].shape == (1, 64, 96, 1)
    assert distance(given["moved"][:, 8:-8, 8:-16], 1 - frames[1][:, 8:-8, 8:-16]) < 0.01


# --- From file to file ---------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".mov", ".webm"])
def test_a_video_comes_back_frame_by_frame(clip, tmp_path, suffix):
    out = tmp_path / f"deep/out{suffix}"
    report = video.stylize_video(clip, out, negative, consistency=0)
    assert report.frames == 10 and report.skipped == [] and report.notes == []
    facts, before = clips.look(out), frames_of(clip)
    painted = frames_of(out)
    assert len(painted) == 10 and facts.rate == 25
    for number, (now, then) in enumerate(zip(painted, before, strict=True)):
        assert distance(now.picture, 1 - then.picture) < LOSS
        assert float(now.time * facts.time_base) == pytest.approx(number / 25, abs=2e-3)
    assert list(out.parent.iterdir()) == [out]


@pytest.mark.parametrize("shape", [(47, 63), (47, 64), (48, 63)])
def test_odd_sizes_stay_as_they_are_where_the_container_allows(tmp_path, shape):
    source = write_clip(tmp_path / "odd.avi", sliding(3, shape), codec="mjpeg")
    for suffix, wanted in ((".mp4", shape), (".mov", clips.even(shape))):
        with pytest.warns(UserWarning, match=f"{shape[1]} x {shape[0]}"):
            video.stylize_video(source, tmp_path / f"out{suffix}", negative)
        shapes = [frame.picture.shape[1:3] for frame in frames_of(tmp_path / f"out{suffix}")]
        assert shapes == [wanted] * 3


def test_one_frame_and_a_smaller_size(tmp_path):
    source = write_clip(tmp_path / "one.mp4", sliding(1))
    assert video.stylize_video(source, tmp_path / "out.mp4", negative, size=32).frames == 1
    assert [f.picture.shape for f in frames_of(tmp_path / "out.mp4")] == [(1, 24, 32, 3)]


def test_the_sound_goes_along_unchanged_or_it_is_said(tmp_path):
    source = write_clip(tmp_path / "in.mp4", sliding(10), sound="aac")
    report = video.stylize_video(source, tmp_path / "out.mkv", negative)
    assert report.notes == [] and clips.look(tmp_path / "out.mkv").sound == "aac"
    packets = []
    for path in (source, tmp_path / "out.mkv"):
        with av.open(str(path)) as file:
            packets.append([bytes(p) for p in file.demux(audio=0) if p.size])
    assert packets[0] == packets[1]
    with pytest.warns(UserWarning, match=r"sound \(aac\) is left out of \.webm"):
        report = video.stylize_video(source, tmp_path / "out.webm", negative)
    assert len(report.notes) == 1 and len(frames_of(tmp_path / "out.webm")) == 10


def test_frames_keep_their_own_times(tmp_path):
    times = [0, 40, 80, 200, 240, 500]
    source = write_clip(tmp_path / "in.mkv", sliding(6), times=times)
    video.stylize_video(source, tmp_path / "out.mp4", negative)
    unit = clips.look(tmp_path / "out.mp4").time_base
    painted = [round(1000 * float(f.time * unit)) for f in frames_of(tmp_path / "out.mp4")]
    assert painted == times


def test_strength_is_mixed_in_after_the_painting(clip, tmp_path):
    video.stylize_video(clip, tmp_path / "out.mp4", negative, strength=0.0)
    assert distance(frames_of(tmp_path / "out.mp4")[9].picture, sliding(10)[9]) < LOSS


def test_frames_are_read_only_when_they_are_needed(clip, tmp_path, monkeypatch):
    read, most, read_frames = [0], [], clips.read_frames

    def counted(path, skip=0):
        for frame in read_frames(path, skip):
            read[0] += 1
            yield frame

    monkeypatch.setattr(clips, "read_frames", counted)
    painted = []

    def paint(picture):
        painted.append(1)
        most.append(read[0] - len(painted))
        return picture

    video.stylize_video(clip, tmp_path / "out.mp4", paint)
    assert max(most) == 0 and len(painted) == 10


# --- Trouble -------------------------------------------------------------------------------------


def bad_files(folder: Path) -> dict[str, tuple[Path, str]]:
    (folder / "text.mp4").write_text("no video at all\n" * 50)
    (folder / "empty.mp4").touch()
    cv2.imwrite(str(folder / "still.png"), np.zeros((8, 8, 3), np.uint8))
    with av.open(str(folder / "sound.m4a"), "w", format="mp4") as file:
        _write_tone(file, file.add_stream("aac", rate=48000), 0.2)
    whole = write_clip(folder / "whole.mp4", sliding(3)).read_bytes()
    (folder / "half.mp4").write_bytes(whole[: len(whole) // 2])
    matroska = write_clip(folder / "known.mkv", sliding(3)).read_bytes()
    unknown = matroska.replace(b"V_MPEG4/ISO/AVC", b"V_MPEG9/ISO/XYZ")
    (folder / "unknown.mkv").write_bytes(unknown)
    write_clip(folder / "dead.avi", sliding(3), codec="mjpeg", broken=(0, 1, 2))
    return {
        "missing": (folder / "whole.mp5", r"no video .*whole\.mp5.* Did you mean 'whole\.mp4'"),
        "folder": (folder, "is a folder"),
        "no video": (folder / "text.mp4", "not a video that can be read"),
        "0 bytes": (folder / "empty.mp4", "is empty"),
        "picture": (folder / "still.png", "is a picture"),
        "no frames": (folder / "sound.m4a", "has no frames: it holds audio"),
        "cut in its index": (folder / "half.mp4", "not a video that can be read"),
        "unknown codec": (folder / "unknown.mkv", "codec that is not known"),
        "all damaged": (folder / "dead.avi", "no frames that can be read"),
    }


def test_what_is_no_video_is_said_before_anything_is_painted(tmp_path):
    for name, (path, message) in bad_files(tmp_path).items():
        error = MissingFile if name == "missing" else InputError
        with pytest.raises(error, match=message):
            video.stylize_video(path, tmp_path / "out.mp4", pytest.fail)
        assert not (tmp_path / "out.mp4").exists(), name


def test_what_cannot_be_written_is_said_before_anything_is_painted(clip, tmp_path):
    (tmp_path / "there.mp4").touch()
    (tmp_path / "folder.mp4").mkdir()
    (tmp_path / "link.mp4").symlink_to(clip)
    for name, options, message in [
        ("out.wmv", {}, r"does not end in \.mp4, \.mkv, \.mov, \.webm"),
        ("out", {}, "does not end in"),
        (
            "out.webm",
            {"codec": "libx264"},
            "codec for .webm is 'libx264'. It can be",
        ),
        ("out.mp4", {"codec": "x264"}, "Did you mean 'libx264'"),
        ("clip.mp4", {}, "is one of the files that are read"),
        ("link.mp4", {}, "is one of the files that are read"),
        ("there.mp4", {"overwrite": False}, "is there already"),
        ("folder.mp4", {}, "is a folder"),
        ("there.mp4/out.mp4", {}, "The folder of the output"),
        ("out.mp4", {"strength": 2}, "strength is 2"),
        ("out.mp4", {"consistency": -1}, "consistency is -1"),
        ("out.mp4", {"size": 0}, "size"),
    ]:
        with pytest.raises(InputError, match=message):
            video.stylize_video(clip, tmp_path / name, pytest.fail, **options)
    assert len(frames_of(clip)) == 10


@pytest.mark.parametrize("suffix", [".mkv", ".avi"])
def test_of_a_file_that_is_cut_short_what_there_is_is_painted(tmp_path, suffix):
    codec = "mjpeg" if suffix == ".avi" else "libx264"
    noise = [np.random.default_rng(t).uniform(0, 1, (1, 48, 64, 3)) for t in range(20)]
    whole = write_clip(tmp_path / f"whole{suffix}", noise, codec=codec)
    half = tmp_path / f"half{suffix}"
    half.write_bytes(whole.read_bytes()[: int(0.6 * whole.stat().st_size)])
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")  # the last frame may be damaged, too, which is said
        report = video.stylize_video(half, tmp_path / "out.mp4", negative)
    assert any("cut short, and painted so far" in str(note.message) for note in said)
    assert 8 <= report.frames <= 14
    assert len(frames_of(tmp_path / "out.mp4")) == report.frames


def test_a_damaged_frame_shows_the_painting_before(tmp_path):
    pictures = [np.full((1, HEIGHT, WIDTH, 3), t / 10, "float32") for t in range(8)]
    source = write_clip(tmp_path / "in.avi", pictures, codec="mjpeg", broken=(0, 4))
    with pytest.warns(UserWarning, match="2 frames show the painting before"):
        report = video.stylize_video(source, tmp_path / "out.mp4", negative, consistency=0)
    assert [number for number, _ in report.skipped] == [0, 4]
    levels = [float(frame.picture.mean()) for frame in frames_of(tmp_path / "out.mp4")]
    expected = [0.9, 0.8, 0.7, 0.7, 0.5, 0.4, 0.3]  # the first one has none before it
    np.testing.assert_allclose(levels, expected, atol=0.02)


def failing_at(*numbers):
    """A painter that fails when it is called for these times, and the list of its calls."""
    calls = []

    def paint(picture):
        calls.append(1)
        if len(calls) - 1 in numbers:
            raise ZeroDivisionError("out of paint")
        return negative(picture)

    return paint, calls


def test_a_frame_that_cannot_be_painted_is_skipped_and_ten_in_a_row_are_not(clip, tmp_path):
    paint, calls = failing_at(3)
    with pytest.warns(UserWarning, match=r"3 \(out of paint\)"):
        report = video.stylize_video(clip, tmp_path / "out.mp4", paint)
    assert report.skipped == [(3, "out of paint")] and len(calls) == 10
    assert len(frames_of(tmp_path / "out.mp4")) == 10
    with pytest.raises(NstError, match="first frame: ZeroDivisionError: out of paint"):
        video.stylize_video(clip, tmp_path / "second.mp4", failing_at(0)[0])
    longer = write_clip(tmp_path / "longer.mp4", sliding(14))
    paint, calls = failing_at(*range(2, 99))
    with pytest.raises(InputError, match="failed on 10 frames in a row, up to 11: out of paint"):
        video.stylize_video(longer, tmp_path / "third.mp4", paint)
    assert len(calls) == 12


def test_a_full_disk_is_said_and_the_work_goes_on_after(clip, tmp_path, monkeypatch):
    resource = pytest.importorskip("resource")  # a limit on the size of files, in its place
    monkeypatch.setattr(video_parts, "SECONDS", 0.0)
    limits, calls = resource.getrlimit(resource.RLIMIT_FSIZE), []

    def paint(picture):
        calls.append(1)
        if len(calls) == 6:
            resource.setrlimit(resource.RLIMIT_FSIZE, (500, limits[1]))
        return Restless()(picture)

    try:
        with pytest.raises(InputError, match=r"could not be written \(File too large\)"):
            video.stylize_video(clip, tmp_path / "out.mp4", paint)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not (tmp_path / "out.mp4").exists()
    assert video.stylize_video(clip, tmp_path / "out.mp4", paint).frames == 10
    assert len(calls) == 11  # five were kept; the sixth again
    assert len(frames_of(tmp_path / "out.mp4")) == 10


# --- Work that was killed ------------------------------------------------------------------------


def counting(stop: int = 0):
    """A painter that is stopped at that call, and the list of its calls."""
    calls = []

    def paint(picture):
        calls.append(1)
        if len(calls) == stop:
            raise KeyboardInterrupt
        return negative(picture)

    return paint, calls


def interrupted(clip, out, **options) -> None:
    with pytest.raises(KeyboardInterrupt):
        video.stylize_video(clip, out, counting(stop=7)[0], **options)


@pytest.mark.parametrize("seconds", [0.0, 99.0])
def test_work_that_was_stopped_goes_on_as_if_it_had_not_been(clip, tmp_path, monkeypatch, seconds):
    monkeypatch.setattr(video_parts, "SECONDS", seconds)
    interrupted(clip, tmp_path / "out.mp4")
    assert (tmp_path / "out.mp4.parts").is_dir()
    paint, calls = counting()
    assert video.stylize_video(clip, tmp_path / "out.mp4", paint).frames == 10
    assert len(calls) == 4
    video.stylize_video(clip, tmp_path / "at_once.mp4", negative)
    for one, other in zip(
        frames_of(tmp_path / "out.mp4"), frames_of(tmp_path / "at_once.mp4"), strict=True
    ):
        assert one.time == other.time and distance(one.picture, other.picture) < LOSS
    assert not list(tmp_path.glob("*.parts"))


def test_a_process_that_was_killed_is_gone_on_with(clip, tmp_path, monkeypatch):
    out, calls = tmp_path / "out.mp4", []
    script = f"""if True:
        import os
        from nstlib.images.filters import posterise
        from nstlib.stylizers import parts, video
        parts.SECONDS, calls, write = 0.0, [], parts.Parts.write
        def deadly(self, *args):
            calls.append(1)
            return os._exit(9) if len(calls) == 6 else write(self, *args)
        parts.Parts.write = deadly
        video.stylize_video({str(clip)!r}, {str(out)!r}, posterise, levels=3)
    """
    root = Path(video.__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", script], cwd=root, capture_output=True)
    assert done.returncode == 9 and not out.exists(), done.stderr
    write = video_parts.Parts.write
    monkeypatch.setattr(video_parts.Parts, "write", lambda *a: calls.append(1) or write(*a))
    video.stylize_video(clip, out, posterise, levels=3)
    assert len(calls) == 5 and len(frames_of(out)) == 10


def spoilt(parts: Path, how: str) -> None:
    if how == "pictures":
        next(parts.glob("*-*.npz")).write_bytes(b"no pictures")
    elif how == "a piece":
        (parts / "00000001-00000001.nut").unlink()
    elif how == "settings":
        (parts / "settings").write_text("{}")


@pytest.mark.parametrize("how", ["pictures", "a piece", "settings", "strength", "another painter"])
def test_what_cannot_be_gone_on_with_is_begun_anew_and_said(clip, tmp_path, monkeypatch, how):
    monkeypatch.setattr(video_parts, "SECONDS", 0.0)
    out, options = tmp_path / "out.mp4", {"strength": 0.5} if how == "strength" else {}
    interrupted(clip, out)
    spoilt(tmp_path / "out.mp4.parts", how)
    paint, calls = counting() if how != "another painter" else failing_at()
    with pytest.warns(UserWarning, match="painted in another way, or damaged: begun anew"):
        video.stylize_video(clip, out, paint, **options)
    assert len(calls) == 10 and len(frames_of(out)) == 10


def test_a_style_that_is_unknown_throws_nothing_away(clip, tmp_path, monkeypatch):
    monkeypatch.setattr(video_parts, "SECONDS", 0.0)
    interrupted(clip, tmp_path / "out.mp4")
    for paint, options in (("the_scream", {"alpha": 1}), ("the_scream", {"network": "no.npz"})):
        with pytest.raises((InputError, MissingFile)):
            video.stylize_video(clip, tmp_path / "out.mp4", paint, **options)
    paint, calls = counting()
    video.stylize_video(clip, tmp_path / "out.mp4", paint)
    assert len(calls) == 4


def test_a_folder_of_the_reader_is_not_cleared(clip, tmp_path):
    kept = tmp_path / "out.mp4.parts/holiday.txt"
    kept.parent.mkdir()
    kept.write_text("mine")
    with pytest.raises(InputError, match="holds something else"):
        video.stylize_video(clip, tmp_path / "out.mp4", negative)
    assert kept.read_text() == "mine"


# --- Camera ---------------------------------------------------------------------------------------


class Camera:
    def __init__(self, count: int = 5):
        self.frames = [to_uint8(frame)[..., ::-1] for frame in sliding(count)]

    def read(self):
        return (True, self.frames.pop(0)) if self.frames else (False, None)

    def release(self):
        pass


def test_without_camera_or_window_it_is_said(monkeypatch):
    monkeypatch.setattr(cv2, "VideoCapture", lambda number: Camera(0))
    with pytest.raises(InputError, match="Camera 3 gives no picture"):
        camera.webcam(negative, camera=3)
    monkeypatch.setattr(cv2, "VideoCapture", lambda number: Camera())
    monkeypatch.setattr(cv2, "imshow", no_window)
    with pytest.raises(InputError, match="No window can be opened"):
        camera.webcam(negative)
    with pytest.raises(InputError, match="There is no painter"):
        camera.webcam({})


def no_window(*_):
    raise cv2.error("The function is not implemented.")


def test_keys_change_the_painter(monkeypatch):
    keys, shown = iter([ord("n"), ord("n"), ord("p"), ord("q")]), []
    monkeypatch.setattr(cv2, "VideoCapture", lambda number: Camera())
    monkeypatch.setattr(cv2, "imshow", lambda title, picture: shown.append(picture[30:].mean()))
    monkeypatch.setattr(cv2, "waitKey", lambda wait: next(keys))
    monkeypatch.setattr(cv2, "getWindowProperty", lambda *_: 1.0)
    painters = {name: lambda p, v=v: p * 0 + v for name, v in (("dark", 0.2), ("light", 0.8))}
    assert camera.webcam(painters, size=64) == 4
    np.testing.assert_allclose(np.array(shown) / 255, [0.2, 0.8, 0.2, 0.8], atol=0.01)
