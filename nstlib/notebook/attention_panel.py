"""A panel of chapter 15: who looks where in a painting, and what is painted of it."""

import html
from collections.abc import Sequence

import cv2
import ipywidgets as widgets
import numpy as np

from nstlib.errors import NstError, number
from nstlib.images.arrays import as_image, resize, to_uint8
from nstlib.networks.attention import TEMPERATURE, attend, who_looks_where
from nstlib.notebook.canvas import Canvas
from nstlib.notebook.choice import PictureChoice
from nstlib.notebook.kit import as_jpeg, in_a_row

INKS = ((230, 30, 120), (255, 140, 0), (0, 190, 90), (40, 170, 255), (250, 230, 40), (170, 90, 255))
ARROWS = 40  # at most from each place
FAINTEST = 0.04  # of the strongest arrow: fainter ones are left out
GAP = 16  # white pixels between photo and painting
WIDTH, SIDE = 640, 420  # pixels on the page, of the arrows and of the painted photo


def draw_gaze(
    photo,
    painting,
    places: Sequence[tuple[float, float]],
    temperature: float = TEMPERATURE,
    *,
    height: int = 420,
) -> np.ndarray:
    """Photo and painting side by side, with arrows from places to what they look at.

    Pictures (1, height, width, 3), RGB, 0..1; `places` and `temperature` as for
    `nst.who_looks_where`; `height` in pixels -> a picture. An arrow is as strong as the share it
    stands for, beside the strongest from its place.
    """
    number("height", height, 32, 2048, whole=True, unit="pixels")
    shares = who_looks_where(photo, painting, places, temperature)
    pictures = [as_image(photo), as_image(painting)]
    widths = [round(height * one.shape[2] / one.shape[1]) for one in pictures]
    gap = np.ones((1, height, GAP, 3), "float32")
    left, right = (resize(p, (height, w)) for p, w in zip(pictures, widths, strict=True))
    drawn = np.ascontiguousarray(to_uint8(np.concatenate([left, gap, right], axis=2)))
    for number_, (place, share) in enumerate(zip(places, shares, strict=True)):
        start = place[0] * widths[0], place[1] * height
        ends = _ends(share, widths[0] + GAP, widths[1], height)
        _draw(drawn, start, ends, INKS[number_ % len(INKS)])
    return as_image(drawn)


def _ends(share: np.ndarray, left: int, width: int, height: int) -> list[tuple]:
    """Where arrows go to, and how strong each is: the middles of the cells, faintest first."""
    rows, columns = share.shape
    strongest = np.argsort(share, axis=None)[-ARROWS:]
    ends = []
    for cell in strongest:
        row, column = divmod(int(cell), columns)
        strength = float(share[row, column] / share.max())
        if strength >= FAINTEST:
            x, y = left + (column + 0.5) / columns * width, (row + 0.5) / rows * height
            ends.append((x, y, strength))
    return ends


def _draw(drawn: np.ndarray, start, ends: list[tuple], ink) -> None:
    """Arrows in one ink into a picture (height, width, 3) of bytes."""
    begin = tuple(round(value) for value in start)
    for x, y, strength in ends:
        over, end = drawn.copy(), (round(x), round(y))
        length = max(np.hypot(x - start[0], y - start[1]), 1)
        cv2.arrowedLine(over, begin, end, ink, 2, cv2.LINE_AA, tipLength=12 / length)
        np.copyto(drawn, cv2.addWeighted(over, strength, drawn, 1 - strength, 0))
    cv2.circle(drawn, begin, 7, (255, 255, 255), -1, cv2.LINE_AA)
    cv2.circle(drawn, begin, 5, ink, -1, cv2.LINE_AA)


def attention_explorer(
    photo: str = "cat", painting: str = "starry_night", *, size: int = 320
) -> "AttentionPanel":
    """A panel over `nst.attend` and `draw_gaze`: click on the photo, and turn the temperature.

    `photo` and `painting` are the bundled pictures it begins with, others and the reader's own can
    be chosen; `size` is the longest side of both in pixels. The white line wipes the photo over
    what was painted.
    """
    number("size", size, 32, 1024, whole=True, unit="pixels")
    return AttentionPanel(photo, painting, size=size)


class AttentionPanel(widgets.VBox):
    """What `attention_explorer` returns. `image` is the last painting, `place` the last click."""

    def __init__(self, photo: str, painting: str, *, size: int):
        self._size, self.image, self.place = size, None, (0.5, 0.5)
        self.photo = PictureChoice("photo", photo)
        self.painting = PictureChoice("painting", painting)
        self.temperature = widgets.FloatLogSlider(
            TEMPERATURE, min=-2, max=1, step=0.1, description="temperature", continuous_update=False
        )
        self.gaze = Canvas(mode="click", width=WIDTH, label="arrows from photo to painting")
        self.painted = Canvas(mode="wipe", width=SIDE, label="the photo, and over it the result")
        self.said, self.code = widgets.Label(), widgets.HTML()
        for knob in (self.photo.menu, self.painting.menu, self.temperature):
            knob.observe(lambda change: self._try(self._paint), names="value")
        self.gaze.observe(lambda change: self._try(self._look), names="at")
        self._try(self._paint)
        knobs = in_a_row([self.photo, self.painting, self.temperature])
        super().__init__([knobs, in_a_row([self.gaze, self.painted]), self.said, self.code])

    def _try(self, action) -> None:
        self.said.value = "click on the photo; drag the white line"
        try:
            action()
        except NstError as error:
            self.said.value = str(error)

    def _paint(self) -> None:
        photo, painting = (chosen.load(self._size) for chosen in (self.photo, self.painting))
        self.image = attend(photo, painting, self.temperature.value)
        self.painted.show(self.image, photo)
        call = f"{self.photo.code(self._size)}, {self.painting.code(self._size)}"
        call = f"nst.attend({call}, temperature={self.temperature.value:.3g})"
        self.code.value = f"<code>{html.escape(call)}</code>"
        self._look()

    def _look(self) -> None:
        """The arrows from the place that was clicked, if that was on the photo."""
        photo, painting = (chosen.load(self._size) for chosen in (self.photo, self.painting))
        wide = [one.shape[2] / one.shape[1] for one in (photo, painting)]
        x = self.gaze.at[0] * (sum(wide) + GAP / SIDE) / wide[0]
        if self.gaze.picture and x <= 1:
            self.place = (max(x, 0.0), min(max(self.gaze.at[1], 0.0), 1.0))
        drawn = draw_gaze(photo, painting, [self.place], self.temperature.value, height=SIDE)
        self.gaze.picture = as_jpeg(drawn)
