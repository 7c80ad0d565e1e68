"""A film painted at strength 0 is the film: whatever holds it, to within the loss of its codec."""

import warnings
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from nstlib.stylizers import clips, video

HEIGHT, WIDTH, COUNT = 48, 64, 3
MATRICES = {1: (0.2126, 0.0722), 6: (0.299, 0.114), 9: (0.2627, 0.0593)}  # red and blue in luma
TURNS = {  # a, b, c, d of the display matrix -> what it does
    (1, 0, 0, 1): lambda p: p,
    (0, 1, -1, 0): lambda p: np.rot90(p, -1),
    (-1, 0, 0, 1): np.fliplr,
}
FINE = {"libx264": {"qp": "2"}, "libx265": {"x265-params": "log-level=none:qp=2"}}
FINE["mjpeg"] = FINE["mpeg2video"] = {"flags": "+qscale", "global_quality": "118"}
LOSS = 4  # of 255, in the mean, that H.264 or VP9 and half the colours' resolution take away


def scene(number: int) -> np.ndarray:
    """Smooth colours and a square that moves: (HEIGHT, WIDTH, 3), 0..1."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH] / [[[HEIGHT]], [[WIDTH]]]
    pixels = np.stack([0.2 + 0.6 * rows, 0.2 + 0.6 * columns, 0.8 - 0.5 * rows], -1)
    pixels[8:24, 8 + 8 * number : 24 + 8 * number] = 0.8, 0.7, 0.2
    return pixels


def as_yuv(pixels: np.ndarray, layout: str, matrix: int, full: bool):
    """A tagged frame in YUV, made here, so that no converter can be wrong in both directions."""
    red, blue = MATRICES[matrix]
    luma = pixels @ [red, 1 - red - blue, blue]
    u, v = (pixels[..., 2] - luma) / (2 - 2 * blue), (pixels[..., 0] - luma) / (2 - 2 * red)
    low, high, span = (0, 255, 255) if full else (16, 219, 224)
    numbers = np.stack([low + high * luma, 128 + span * u, 128 + span * v], -1)
    whole = np.rint(numbers * 256).clip(0, 65535).astype(np.uint16)
    frame = av.VideoFrame.from_ndarray(whole, format="yuv444p16le")
    frame = frame.reformat(format=layout.replace("yuvj", "yuv"))  # which would change the range
    if layout != frame.format.name:
        frame = av.VideoFrame.from_ndarray(frame.to_ndarray(), format=layout)
    frame.colorspace, frame.color_range = matrix, 2 if full else 1
    return frame


def write(path: Path, codec: str, layout: str, *, matrix, full, aspect, rate) -> Path:
    with av.open(str(path), "w") as file:
        stream = file.add_stream(codec, rate, FINE.get(codec, {}))
        stream.height, stream.width, stream.pix_fmt = HEIGHT, WIDTH, layout
        context = stream.codec_context
        context.colorspace, context.color_range = matrix, 2 if full else 1
        context.sample_aspect_ratio = aspect
        for number in range(COUNT):
            frame = as_yuv(scene(number), layout, matrix, full)
            frame.pts, frame.time_base = number, 1 / rate
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return path


FILMS = [  # (container, codec, layout)
    (".mp4", "libx264", "yuv420p"),
    (".mov", "libx264", "yuv444p"),
    (".mp4", "libx265", "yuv420p10le"),
    (".mov", "prores_ks", "yuv422p10le"),
    (".mkv", "ffv1", "yuv422p"),
    (".avi", "mjpeg", "yuvj420p"),
    (".webm", "libvpx-vp9", "yuv420p"),
    (".mpg", "mpeg2video", "yuv420p"),
]
RATES = [Fraction(10), Fraction(30_000, 1001), Fraction(60)]
ASPECTS = [Fraction(1), Fraction(4, 3), Fraction(0)]
INTO = [".mp4", ".mov", ".mkv", ".webm", ".gif", ".webp", ".apng"]


def draw(number: int) -> dict:
    """One film: all that varies, drawn by lot, but each film and each target as often."""
    lot = np.random.default_rng(number)
    container, codec, layout = FILMS[number % len(FILMS)]
    can_turn, into = container in (".mp4", ".mov"), INTO[number % len(INTO)]
    return dict(
        film=(container, codec, layout),
        matrix=6 if codec == "mjpeg" else int(lot.choice(list(MATRICES))),  # JPEG knows no other
        full=layout.startswith("yuvj") or (codec in ("libx264", "ffv1") and lot.random() < 0.5),
        turn=list(TURNS)[lot.integers(len(TURNS)) if can_turn else 0],
        rate=RATES[lot.integers(len(RATES) - (into == ".gif"))],  # a GIF has 50 a second at most
        aspect=ASPECTS[lot.integers(len(ASPECTS) if codec != "libvpx-vp9" else 1)],  # not PyAV's
        into=into,
    )


@pytest.mark.parametrize("number", range(28))
def test_at_strength_zero_a_film_comes_back(displayed, tmp_path, number):
    drawn = draw(number)
    container, codec, layout = drawn["film"]
    named = {key: drawn[key] for key in ("matrix", "full", "aspect", "rate")}
    source = write(tmp_path / f"in{container}", codec, layout, **named)
    if drawn["turn"] != (1, 0, 0, 1):
        displayed(source, drawn["turn"])
    target = tmp_path / f"out{drawn['into']}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        report = video.stylize_video(source, target, lambda p: 1 - p, strength=0, consistency=0)
    assert report.frames == COUNT and report.skipped == [], drawn
    unit, frames = clips.look(target).time_base, list(clips.read_frames(target))
    times = [float((frame.time - frames[0].time) * unit) for frame in frames]
    gif = drawn["into"] == ".gif"
    expected = [float(number / drawn["rate"]) for number in range(COUNT)]
    np.testing.assert_allclose(times, expected, atol=0.006 if gif else 0.0012)
    for number, frame in enumerate(frames):
        wanted = TURNS[drawn["turn"]](stretched(scene(number), drawn["aspect"]))
        assert frame.picture.shape[1:] == wanted.shape, drawn
        loss = 255 * abs(frame.picture[0] - wanted).mean()
        assert loss < (7 if gif else LOSS), (loss, drawn)


def stretched(pixels: np.ndarray, aspect: Fraction) -> np.ndarray:
    """With square pixels, by Pillow's own filter."""
    if aspect in (0, 1):
        return pixels
    wide = 2 * round(WIDTH * aspect / 2)
    bands = [Image.fromarray(np.float32(band)) for band in np.moveaxis(pixels, -1, 0)]
    return np.stack([band.resize((wide, HEIGHT), Image.Resampling.LANCZOS) for band in bands], -1)
