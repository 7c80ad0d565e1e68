"""Animated pictures as films, in and out, each frame at its own time."""

import warnings
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from nstlib.errors import InputError
from nstlib.stylizers import animations, clips, video

LASTS = [100, 200, 50, 120, 300]  # ms
SIDE = 48


def picture(number: int) -> np.ndarray:
    """A ramp of two colours with a bright bar that moves: (SIDE, SIDE, 3), 0..255."""
    ramp = np.linspace(30, 200, SIDE)
    pixels = np.stack(np.broadcast_arrays(ramp[:, None], ramp[None], 120.0), -1).astype(np.uint8)
    pixels[:, 8 * number : 8 * number + 8] = 250, 240, 200
    return pixels


def animation(path: Path, **options) -> Path:
    frames = [Image.fromarray(picture(number)) for number in range(5)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        more = dict(save_all=True, append_images=frames[1:], duration=LASTS, loop=0, lossless=True)
        frames[0].save(path, "PNG" if path.suffix == ".apng" else None, **{**more, **options})
    return path


def through(source: Path, target: Path, **options):
    settings = {"strength": 0, "consistency": 0, **options}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return video.stylize_video(source, target, lambda shown: 1 - shown, **settings)


def held(path: Path) -> tuple[list[int], list[np.ndarray]]:
    """(ms that each frame lasts, the frames) by Pillow alone."""
    lasts, frames = [], []
    with Image.open(path) as file:
        assert file.info["loop"] == 0  # for ever
        for index in range(file.n_frames):
            file.seek(index)
            frames.append(np.float32(file.convert("RGB")))
            lasts.append(round(file.info["duration"]))
    return lasts, frames


KINDS = [".gif", ".webp", ".apng"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("into", KINDS)
def test_an_animation_comes_back_with_its_own_times(tmp_path, kind, into):
    source = animation(tmp_path / f"in{kind}")
    report = through(source, tmp_path / f"out{into}")
    lasts, frames = held(tmp_path / f"out{into}")
    assert lasts == LASTS and report.notes == [] and report.frames == 5
    for number, frame in enumerate(frames):
        assert abs(frame - picture(number)).mean() < (1e-6 if kind == into == ".apng" else 6)
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"in{kind}", f"out{into}"]


@pytest.mark.parametrize("kind", KINDS)
def test_an_animation_becomes_a_film_and_a_film_an_animation(tmp_path, kind):
    through(animation(tmp_path / f"in{kind}"), tmp_path / "film.mkv")
    unit = clips.look(tmp_path / "film.mkv").time_base
    times = [round(1000 * frame.time * unit) for frame in clips.read_frames(tmp_path / "film.mkv")]
    assert times == [0, 100, 300, 350, 470]
    assert clips.look(tmp_path / "film.mkv").seconds == pytest.approx(0.77, abs=2e-3)
    through(tmp_path / "film.mkv", tmp_path / f"out{kind}", size=33)
    lasts, frames = held(tmp_path / f"out{kind}")
    assert lasts[:4] == LASTS[:4] and frames[0].shape == (32, 32, 3)


@pytest.mark.parametrize("kind", KINDS)
def test_frames_without_a_time_last_a_tenth_of_a_second_as_in_browsers(tmp_path, kind):
    source = animation(tmp_path / f"in{kind}", duration=[0, 10, 20, 5, 0])
    facts = clips.look(source)
    assert [frame.time for frame in clips.read_frames(source)] == [0, 100, 200, 220, 320]
    assert facts.seconds == pytest.approx(0.42) and facts.last == Fraction(1, 10)


def test_frames_may_last_long(tmp_path):
    source = animation(tmp_path / "in.gif", duration=[60_000, 20, 20, 20, 90_000])
    for kind in (".mp4", ".webm", ".gif"):
        through(source, tmp_path / f"out{kind}")
        assert clips.look(tmp_path / f"out{kind}").seconds == pytest.approx(150.06, abs=0.01)


def test_a_gif_in_which_no_time_is_written_at_all(tmp_path):
    frames = [Image.fromarray(picture(number)) for number in range(3)]
    frames[0].save(tmp_path / "in.gif", save_all=True, append_images=frames[1:])
    assert [frame.time for frame in clips.read_frames(tmp_path / "in.gif")] == [0, 100, 200]


def test_transparent_parts_are_laid_on_white(tmp_path):
    frames = [Image.new("RGBA", (SIDE, SIDE), (200, 30, 30, 255)) for _ in range(2)]
    for number, frame in enumerate(frames):
        frame.paste((0, 0, 0, 0), (0, 0, 8 + 8 * number, SIDE))
    for kind in (".gif", ".webp"):
        frames[0].save(tmp_path / f"in{kind}", save_all=True, append_images=frames[1:], disposal=2)
        shown = [frame.picture[0, 8] for frame in clips.read_frames(tmp_path / f"in{kind}")]
        assert shown[0][2].min() > 0.97 and shown[1][12].min() > 0.97
        assert shown[0][12, 1] < 0.3 and shown[1][24, 1] < 0.3


def test_a_gif_shows_fifty_frames_a_second_at_most(tmp_path):
    with av.open(str(tmp_path / "in.mkv"), "w") as file:
        stream = file.add_stream("ffv1", 100)
        stream.height, stream.width, stream.pix_fmt = SIDE, SIDE, "bgr0"
        for number in range(5):
            frame = av.VideoFrame.from_ndarray(picture(number), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 100)
            file.mux(stream.encode(frame.reformat(format="bgr0")))
        file.mux(stream.encode(None))
    report = through(tmp_path / "in.mkv", tmp_path / "out.gif")
    assert report.notes == ["2 frames are left out of .gif, which can show 50 a second at most."]
    assert held(tmp_path / "out.gif")[0][:2] == [20, 20]


@pytest.mark.parametrize("kind", [*KINDS, ".png", ".jpg"])
def test_a_picture_that_does_not_move_is_for_stylize(tmp_path, kind):
    Image.fromarray(picture(0)).save(tmp_path / f"in{kind}", "PNG" if kind == ".apng" else None)
    with pytest.raises(
        InputError, match="is a picture, not a video: paint it with `nstlib stylize`"
    ):
        through(tmp_path / f"in{kind}", tmp_path / "out.mp4")


@pytest.mark.parametrize("kind", KINDS)
def test_of_an_animation_that_is_cut_short_what_there_is_is_painted(tmp_path, kind):
    content = animation(tmp_path / f"in{kind}").read_bytes()
    (tmp_path / f"in{kind}").write_bytes(content[: int(0.7 * len(content))])
    try:
        report = through(tmp_path / f"in{kind}", tmp_path / "out.mp4")
    except InputError as error:
        assert "is damaged" in str(error)  # libwebp takes it whole or not at all
    else:
        assert report.frames >= 2 and report.skipped


def test_times_are_whole_and_none_comes_too_early():
    times = [Fraction(time, 10) for time in (50, 57, 66, 90, 95)]
    assert animations._spaced(times, "gif") == [0, None, 2, 4, None]
    assert animations._spaced(times, "webp") == [0, 1, 2, 4, None]
