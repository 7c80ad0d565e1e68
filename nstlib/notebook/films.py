"""Films beside each other: stored in a notebook as one video, and two players that keep step."""

import base64
import html
import io
import os
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path

import av
import ipywidgets as widgets
import numpy as np

from nstlib.errors import InputError, NstError, number
from nstlib.files import writable, write
from nstlib.images.arrays import as_image, resize, to_pil, to_uint8
from nstlib.notebook.choice import ClipChoice
from nstlib.notebook.kit import as_jpeg, at_most, in_a_row, named
from nstlib.stylizers.clips import encoder_for, even
from nstlib.stylizers.door import fast_styles, stylizer
from nstlib.stylizers.film_colors import BT709, LIMITED
from nstlib.stylizers.footage import clip
from nstlib.stylizers.frames import CONSISTENCY, FramePainter

WIDEST = 480  # longest side in pixels of a frame that is sent to a player
QUALITY = "27"  # constant rate factor: brush marks that flicker cost much room
GAP = 8  # white pixels between two films


def show_films(films: Mapping[str, Sequence], rate: float = 12, *, width: int = 960):
    """Films beside each other in one video, so that they cannot fall out of step; it is returned.

    `films` maps titles to lists of frames (1, height, width, 3), RGB, 0..1, all of one height;
    `rate` is in frames a second, `width` that of the video on the page in pixels. A page that plays
    no video shows the frames in the middle.
    """
    joined = _beside(films)
    video = base64.b64encode(as_mp4(joined, rate)).decode()
    still = base64.b64encode(as_jpeg(joined[len(joined) // 2])).decode()
    titles = [html.escape(title, quote=True) for title in films]
    heads = "".join(f'<div style="flex: 1; text-align: center">{title}</div>' for title in titles)
    titles = " beside ".join(titles)
    from IPython.display import HTML  # only a notebook needs it

    return HTML(
        f'<div style="max-width: {width}px"><div style="display: flex">{heads}</div>'
        f'<video width="100%" controls autoplay loop muted playsinline aria-label="{titles}" '
        f'src="data:video/mp4;base64,{video}">'
        f'<img width="100%" alt="{titles}" src="data:image/jpeg;base64,{still}"></video></div>'
    )


def _beside(films: Mapping[str, Sequence]) -> list[np.ndarray]:
    """One film of several: as many frames as the shortest has."""
    lists = [list(frames) for frames in _checked(films).values()]
    heights = {frame.shape[1] for frames in lists for frame in frames}
    if len(heights) > 1:
        raise InputError(f"The films are {sorted(heights)} pixels high: they need one height.")
    gap = np.ones((1, heights.pop(), GAP, 3), "float32")
    between = ([gap, as_image(frame)] for frames in zip(*lists, strict=False) for frame in frames)
    parts = [part for pair in between for part in pair]
    step = 2 * len(lists)
    rows = [parts[first + 1 : first + step] for first in range(0, len(parts), step)]
    return [np.concatenate(row, axis=2) for row in rows]


def _checked(films: Mapping[str, Sequence]) -> Mapping[str, Sequence]:
    for title, frames in named(films).items():
        if not len(frames):
            raise InputError(f"The film {title!r} has no frames.")
    return films


def as_mp4(frames: Sequence, rate: float = 12) -> bytes:
    """A film as an MP4 file, its sides made even: frames (1, height, width, 3), RGB, 0..1."""
    number("rate", rate, 1, 240, unit="frames a second")
    shape, file = even(frames[0].shape[1:3]), io.BytesIO()
    name, rate = encoder_for(Path("film.mp4"), shape), Fraction(rate).limit_denominator(1000)
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream(name, rate, options={"crf": QUALITY, "preset": "slow"})
        (stream.height, stream.width), stream.pix_fmt = shape, "yuv420p"
        for index, picture in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(to_uint8(resize(picture, shape)), format="rgb24")
            frame = frame.reformat(format="yuv420p", dst_colorspace=BT709)
            frame.colorspace, frame.color_range = BT709, LIMITED
            frame.pts, frame.time_base = index, 1 / rate
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return file.getvalue()


def as_webp(frames: Sequence, rate: float = 12) -> bytes:
    """A film as an animated WebP, which pages and messages play for ever like a picture."""
    number("rate", rate, 1, 60, unit="frames a second")
    (first, *others), file = [to_pil(frame) for frame in frames], io.BytesIO()
    how = {"duration": round(1000 / rate), "loop": 0, "quality": 85, "method": 4}
    first.save(file, "webp", save_all=True, append_images=others, **how)
    return file.getvalue()


def save_film(frames: Sequence, path: str | os.PathLike, rate: float = 12) -> Path:
    """Write a film, as `show_films` stores it (.mp4) or as a moving picture (.webp); its path."""
    path = writable(path, (".mp4", ".webp"))
    return write(path, (as_webp if path.suffix.lower() == ".webp" else as_mp4)(frames, rate))


class FilmPlayer(widgets.VBox):
    """Two players that keep step: menus of films for left and right, play, a slider of frames."""

    def __init__(self, films: Mapping[str, Sequence], rate: float = 12):
        number("rate", rate, 1, 60, unit="frames a second")
        pace = round(1000 / rate)
        self.left, self.right = (widgets.Dropdown(description=side) for side in ("left", "right"))
        self.play = widgets.Play(interval=pace, repeat=True)
        self.frame = widgets.IntSlider(description="frame")
        widgets.jslink((self.play, "value"), (self.frame, "value"))
        layout = {"width": "49%", "align_self": "flex-start"}
        self.screens = [widgets.Image(format="jpeg", layout=layout) for _ in range(2)]
        controls = [self.left, self.right, self.play, self.frame]
        super().__init__([in_a_row(controls), widgets.HBox(self.screens)])
        self.load(films)
        for control in (self.left, self.right, self.frame):
            control.observe(self._draw, names="value")

    def load(self, films: Mapping[str, Sequence]) -> None:
        """Show other films: the first on the left, the last on the right."""
        self._files = {
            title: [as_jpeg(at_most(frame, WIDEST)) for frame in frames]
            for title, frames in _checked(films).items()
        }
        titles = list(films)
        self.play.max = self.frame.max = min(map(len, self._files.values())) - 1
        self.left.options = self.right.options = titles
        self.left.value, self.right.value = titles[0], titles[-1]
        self._draw()

    def _draw(self, _=None) -> None:
        for screen, menu in zip(self.screens, (self.left, self.right), strict=True):
            frames = self._files.get(menu.value)
            if frames:
                screen.value = frames[min(self.frame.value, len(frames) - 1)]


def film_player(films: Mapping[str, Sequence], rate: float = 12) -> FilmPlayer:
    """A panel with two players that keep step, over films by title: lists of frames."""
    return FilmPlayer(films, rate)


class FilmPanel(widgets.VBox):
    """What `film_explorer` returns. `films` are the last ones: title -> frames."""

    def __init__(self, clip: str, style: str, *, size: int, frames: int):
        self._size, self._frames, self.films = size, frames, {}
        self.clip = ClipChoice(clip)
        self.style = widgets.Dropdown(options=fast_styles(), value=style, description="style")
        self.keep = widgets.FloatSlider(
            CONSISTENCY, min=0, max=1, step=0.05, description="consistency"
        )
        self.paint = widgets.Button(description="paint", button_style="primary")
        self.paint.on_click(self._on_paint)
        self.said = widgets.Label()
        self._screen = widgets.VBox([])
        controls = [in_a_row([self.clip, self.style, self.keep, self.paint]), self.said]
        super().__init__([*controls, self._screen])

    def _on_paint(self, _) -> None:
        self.paint.disabled = True
        try:
            self._paint()
        except NstError as error:
            self.said.value = str(error)
        finally:
            self.paint.disabled = False

    def _paint(self) -> None:
        paint, frames = stylizer(self.style.value), self._loaded()
        calm, both = FramePainter(paint, self.keep.value), ([], [])
        for count, frame in enumerate(frames, 1):
            both[0].append(paint(frame))
            both[1].append(calm(frame))
            self.said.value = f"painted {count} of {len(frames)}"
        self.films = {"film": frames, "frame by frame": both[0], "kept": both[1]}
        player = FilmPlayer(self.films)
        player.left.value = "frame by frame"
        self._screen.children = [player]

    def _loaded(self) -> list[np.ndarray]:
        return clip(self.clip.path(), self._size, self._frames, every=2)


def film_explorer(
    clip: str = "bird", style: str = "composition_vii", *, size: int = 320, frames: int = 24
) -> FilmPanel:
    """A panel that paints a film twice, frame by frame and with paint that is kept, and plays both.

    `clip` is the bundled clip it begins with, a film of the reader's own can be uploaded; `style`
    is one of `fast_styles()`. Every second frame is taken, `frames` of them at most, of a longest
    side of `size` pixels.
    """
    number("size", size, 32, 1024, whole=True, unit="pixels")
    number("frames", frames, 2, 500, whole=True)
    return FilmPanel(clip, style, size=size, frames=frames)
