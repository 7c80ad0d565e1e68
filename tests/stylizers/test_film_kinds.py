"""Films of every kind that phones, discs and the web hand out: colours, shapes and names."""

import os
import warnings
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from nstlib.errors import InputError
from nstlib.stylizers import clips, film_colors, video

PATCHES = [(220, 30, 30), (30, 180, 40), (40, 60, 210), (230, 200, 30), (200, 120, 90), (128,) * 3]
RATE = Fraction(1, 10)
# What a frame's tags can say, by H.273: red's and blue's share of luma.
SHARES = {1: (0.2126, 0.0722), 5: (0.299, 0.114), 6: (0.299, 0.114), 7: (0.212, 0.087)}
SHARES |= {9: (0.2627, 0.0593)}


def patches(height: int = 32, side: int = 16) -> np.ndarray:
    """Six colours side by side, (height, 6 * side, 3), 0..255."""
    return np.repeat(np.float64(PATCHES), side, axis=0)[None].repeat(height, axis=0)


def colors_of(rgb: np.ndarray) -> np.ndarray:
    """The middles of the six patches, 0..255, of a picture in 0..1."""
    height, width = rgb.shape[:2]
    return 255 * rgb[height // 2, width // 12 :: width // 6][:6]


def stored(signal, layout="yuv420p10le", *, matrix=9, full=False, tags=(1, 1), name_it=True):
    """A frame as a camera stores it, its R'G'B' (height, width, 3) in 0..1 given."""
    red, blue = SHARES[matrix]
    luma = signal @ [red, 1 - red - blue, blue]
    u = (signal[..., 2] - luma) / (2 * (1 - blue))
    v = (signal[..., 0] - luma) / (2 * (1 - red))
    low, high, span = (0, 255, 255) if full else (16, 219, 224)
    numbers = np.stack([low + high * luma, 128 + span * u, 128 + span * v], -1)
    whole = np.rint(numbers * 256).clip(0, 65535).astype(np.uint16)
    frame = av.VideoFrame.from_ndarray(whole, format="yuv444p16le").reformat(format=layout)
    frame.colorspace = matrix if name_it else 2
    frame.color_range, (frame.color_trc, frame.color_primaries) = 2 if full else 1, tags
    return frame


def save(path: Path, frames: list, codec="libx264", **options) -> Path:
    """A film of frames, ten a second, with their tags in the file, too."""
    with av.open(f"file:{path}", "w", format=options.pop("kind", None)) as file:
        stream = file.add_stream(codec, 1 / RATE, {"qp": "4"} if codec == "libx264" else {})
        stream.height, stream.width = frames[0].height, frames[0].width
        stream.pix_fmt, context = frames[0].format.name, stream.codec_context
        for tag in ("colorspace", "color_range", "color_trc", "color_primaries"):
            setattr(context, tag, getattr(frames[0], tag))
        context.sample_aspect_ratio = options.get("aspect", Fraction(0))
        for number, frame in enumerate(frames):
            frame.pts, frame.time_base = number, RATE
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return path


def frames_of(path) -> list[np.ndarray]:
    return [frame.picture[0] for frame in clips.read_frames(Path(path))]


def through(source: Path, target: Path, **options) -> tuple:
    """(frames of the film painted at strength 0, notes)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        report = video.stylize_video(
            source,
            target,
            lambda picture: 1 - picture,
            **{"strength": 0, "consistency": 0, **options},
        )
    return frames_of(target), report.notes


# --- Colours --------------------------------------------------------------------------------------


def hlg(nits: np.ndarray) -> np.ndarray:
    """What a camera stores for light on a screen of 1000 cd/m2: BT.2100, table 5, backwards."""
    luma = nits @ [0.2627, 0.6780, 0.0593] / 1000
    scene = nits / 1000 * (luma ** (-0.2 / 1.2))[..., None]
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    above = a * np.log(np.maximum(12 * scene - b, 1e-9)) + c
    return np.where(scene <= 1 / 12, np.sqrt(3 * scene), above)


def pq(nits: np.ndarray) -> np.ndarray:
    """SMPTE ST 2084, its inverse EOTF."""
    root = (nits / 10_000) ** (2610 / 16384)
    return ((3424 / 4096 + 2413 / 128 * root) / (1 + 2392 / 128 * root)) ** (2523 / 32)


def wide(rgb: np.ndarray, primaries=film_colors.FROM_2020) -> np.ndarray:
    """The light, white being 1, that these numbers of an ordinary screen mean, in primaries."""
    return (rgb / 255) ** 2.4 @ np.linalg.inv(primaries).T


CURVES = {"HLG": (18, hlg), "PQ": (16, pq)}


@pytest.mark.parametrize("curve", CURVES)
@pytest.mark.parametrize("layout", ["yuv420p10le", "yuv422p12le", "p010le"])
def test_hdr_is_brought_to_the_colours_of_an_ordinary_screen(curve, layout):
    number, encode = CURVES[curve]
    frame = stored(encode(203 * wide(patches())), layout, tags=(number, 9))
    np.testing.assert_allclose(colors_of(film_colors.to_rgb(frame)), PATCHES, atol=5)


def test_primaries_of_hdr_films_are_wide_unless_they_say_otherwise():
    wanted = dict(desired=PATCHES, atol=5)
    frame = stored(hlg(203 * wide(patches())), tags=(18, 2), name_it=False)
    np.testing.assert_allclose(colors_of(film_colors.to_rgb(frame)), **wanted)
    frame = stored(hlg(203 * wide(patches(), np.eye(3))), tags=(18, 1))
    np.testing.assert_allclose(colors_of(film_colors.to_rgb(frame)), **wanted)


@pytest.mark.parametrize("curve", CURVES)
def test_highlights_keep_their_order_and_are_not_burnt_out(curve):
    number, encode = CURVES[curve]
    nits = np.geomspace(1, 1000, 48)[None, :, None].repeat(3, -1).repeat(16, 0)
    shown = film_colors.to_rgb(stored(encode(nits), tags=(number, 9)))[8, :, 1]
    assert (np.diff(shown) > -1 / 255).all() and 0.98 < shown[-1] <= 1
    white = film_colors.to_rgb(stored(encode(nits * 0 + 203), tags=(number, 9)))[8, 8, 1]
    assert 0.95 < white < 0.98


def test_an_hdr_film_comes_out_as_an_ordinary_one_with_one_note(tmp_path):
    frame = stored(hlg(203 * wide(patches())), tags=(18, 9))
    source = save(tmp_path / "phone.mov", [frame] * 3)
    painted, notes = through(source, tmp_path / "out.mp4")
    assert len(painted) == 3 and len(notes) == 1 and "HDR (HLG)" in notes[0]
    np.testing.assert_allclose(colors_of(painted[2]), PATCHES, atol=6)
    with av.open(str(tmp_path / "out.mp4")) as file:
        context = file.streams.video[0].codec_context
        assert (context.colorspace, context.color_trc, context.color_primaries) == (1, 1, 1)


@pytest.mark.parametrize(("primaries", "matrix"), [(9, "FROM_2020"), (12, "FROM_P3")])
def test_wide_primaries_of_ordinary_films_are_brought_to_narrow_ones(primaries, matrix):
    signal = wide(patches(), getattr(film_colors, matrix)) ** (1 / 2.4)
    frame = stored(signal, tags=(1, primaries))
    np.testing.assert_allclose(colors_of(film_colors.to_rgb(frame)), PATCHES, atol=3)


@pytest.mark.parametrize("full", [False, True], ids=["limited", "full"])
@pytest.mark.parametrize("layout", ["yuv420p", "nv12", "yuv444p10le"])
@pytest.mark.parametrize("matrix", SHARES)
def test_every_matrix_and_range_is_respected(matrix, full, layout):
    frame = stored(patches() / 255, layout, matrix=matrix, full=full)
    np.testing.assert_allclose(colors_of(film_colors.to_rgb(frame)), PATCHES, atol=2.5)


@pytest.mark.parametrize("layout", ["rgb24", "gbrp", "bgra"])
def test_films_that_hold_rgb_are_not_converted(layout):
    frame = av.VideoFrame.from_ndarray(patches().astype(np.uint8), format="rgb24")
    shown = colors_of(film_colors.to_rgb(frame.reformat(format=layout)))
    np.testing.assert_allclose(shown, PATCHES, atol=1e-3)


@pytest.mark.parametrize(("limited", "shown"), [(0, 120), (1, 255 * (120 - 16) / 219), (2, 120)])
def test_gray_films_may_have_a_range_too(limited, shown):
    frame = av.VideoFrame.from_ndarray(np.full((16, 16), 120, np.uint8), format="gray")
    frame.color_range = limited
    np.testing.assert_allclose(255 * film_colors.to_rgb(frame), shown, atol=0.01)


@pytest.mark.parametrize(("shape", "matrix"), [((720, 96), 1), ((48, 1284), 1), ((576, 96), 5)])
def test_untagged_films_are_read_by_their_size_as_players_do(shape, matrix):
    frame = stored(
        patches(shape[0], shape[1] // 6) / 255, matrix=matrix, tags=(2, 2), name_it=False
    )
    np.testing.assert_allclose(colors_of(film_colors.to_rgb(frame)), PATCHES, atol=2)


# --- Shapes ---------------------------------------------------------------------------------------


def corners(height: int = 48, width: int = 64) -> np.ndarray:
    """A picture with four corners of different colour, (height, width, 3), 0..1."""
    rows, columns = np.mgrid[:height, :width] >= np.array([height // 2, width // 2])[:, None, None]
    return np.stack([rows, columns, rows & columns], -1).astype(float)


@pytest.mark.parametrize(
    ("matrix", "turn"),
    {
        (1, 0, 0, 1): lambda p: p,
        (0, 1, -1, 0): lambda p: np.rot90(p, -1),  # as an upright phone says it
        (-1, 0, 0, -1): lambda p: np.rot90(p, 2),
        (0, -1, 1, 0): lambda p: np.rot90(p, 1),
        (-1, 0, 0, 1): np.fliplr,  # a camera that looks at its owner
        (1, 0, 0, -1): np.flipud,
        (0, 1, 1, 0): lambda p: p.swapaxes(0, 1),
        (0, -1, -1, 0): lambda p: np.rot90(p, 2).swapaxes(0, 1),
    }.items(),
)
def test_films_are_turned_and_mirrored_as_they_say(displayed, tmp_path, matrix, turn):
    frame = stored(corners(), "yuv420p", matrix=1)
    source = displayed(save(tmp_path / "in.mp4", [frame]), matrix)
    shown, wanted = frames_of(source)[0], turn(corners())
    assert shown.shape == wanted.shape == (1, *clips.look(source).shape, 3)[1:]
    assert abs(shown - wanted).mean() < 0.02


@pytest.mark.parametrize(
    ("aspect", "shape"),
    [
        (Fraction(16, 11), (80, 140)),
        (Fraction(8, 9), (90, 96)),
        (Fraction(0, 1), (80, 96)),
        (Fraction(500, 1), (80, 96)),
        (Fraction(1, 500), (80, 96)),
    ],
)
def test_pixels_are_made_square(tmp_path, aspect, shape):
    frame = stored(corners(80, 96), "yuv420p", matrix=1)
    source = save(tmp_path / "dvd.mkv", [frame], aspect=aspect)
    painted, notes = through(source, tmp_path / "out.mp4")
    assert painted[0].shape == (*shape, 3) and notes == []
    assert abs(painted[0] - corners(*shape)).mean() < 0.04
    with av.open(str(tmp_path / "out.mp4")) as file:
        assert file.streams.video[0].codec_context.name == "h264"
        assert file.streams.video[0].sample_aspect_ratio in (None, 0, 1)


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
def test_what_is_made_smaller_gets_even_sides_and_h264(tmp_path, suffix):
    source = save(tmp_path / "wide.mp4", [stored(corners(72, 128), "yuv420p", matrix=1)])
    painted, notes = through(source, tmp_path / f"out{suffix}", size=100)
    assert painted[0].shape == (56, 100, 3) and notes == []
    with av.open(str(tmp_path / f"out{suffix}")) as file:
        assert file.streams.video[0].codec_context.name == "h264"


def test_of_an_odd_film_it_is_said_what_became_of_it(tmp_path):
    source = save(tmp_path / "odd.mkv", [stored(corners(47, 63), "yuv444p", matrix=1)], "ffv1")
    for name, codec, shape, note in [
        ("out.mp4", None, (47, 63), "63 x 47 has an odd side, so it is written by libvpx-vp9"),
        ("out.mp4", "libx264", (48, 64), "63 x 47 is painted as 64 x 48: libx264 takes even"),
        ("out.mov", None, (48, 64), "63 x 47 is painted as 64 x 48"),
        ("out.webm", None, (47, 63), ""),
    ]:
        painted, notes = through(source, tmp_path / name, codec=codec)
        assert painted[0].shape[:2] == shape
        assert len(notes) == bool(note) and note in "".join(notes)


def test_frames_too_small_for_a_network_are_refused_before_it_is_loaded(tmp_path, monkeypatch):
    film = save(tmp_path / "wide.mp4", [stored(patches() / 255, "yuv420p", tags=(1, 1))])
    monkeypatch.setattr(video, "built", lambda paint: pytest.fail("the network was loaded"))
    with pytest.raises(InputError, match="A frame has 64 x 20 pixels; .* --size 96 is enough"):
        video.stylize_video(film, tmp_path / "out.mp4", "red_fuji", size=64)


def test_a_photo_that_ffmpeg_takes_for_a_film_is_for_stylize(tmp_path):
    content = save(tmp_path / "in.mp4", [stored(corners(), "yuv420p", matrix=1)]).read_bytes()
    (tmp_path / "in.heic").write_bytes(content.replace(b"ftypisom", b"ftypheic", 1))
    with pytest.raises(
        InputError, match="is a picture, not a video: paint it with `nstlib stylize`"
    ):
        through(tmp_path / "in.heic", tmp_path / "out.mp4")


# --- Names ----------------------------------------------------------------------------------------

NAMES = ["12:30", "-o", "a\nb", "%03d", "what?#&", "日本", " ", "x" * 251, "é" * 125, "\udcff"]


@pytest.mark.skipif(os.name == "nt", reason="Windows forbids most of these")
@pytest.mark.parametrize("name", NAMES, ids=lambda name: ascii(name[:9]))
def test_any_name_can_be_read_and_written(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    try:
        source = save(Path(f"{name}.mkv"), [stored(corners(), "yuv420p", matrix=1)])
    except OSError:
        pytest.skip("this file system has no such names")
    painted, _ = through(source, Path(f"{name}.mp4"))
    assert len(painted) == 1
    assert sorted(os.listdir()) == sorted([f"{name}.mkv", f"{name}.mp4"])
