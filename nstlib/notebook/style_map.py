"""A map of styles to click on: alike ones lie near each other, and what lies between is a mix."""

from collections.abc import Mapping
from functools import lru_cache

import ipywidgets as widgets
import numpy as np

from nstlib.errors import InputError, NstError, number
from nstlib.images.arrays import resize
from nstlib.images.bundled import painting
from nstlib.notebook.canvas import Canvas
from nstlib.notebook.choice import PictureChoice
from nstlib.notebook.kit import as_jpeg, in_a_row
from nstlib.stylizers.door import stylizer

Places = Mapping[str, tuple[float, float]]
WIDTH, HEIGHT, THUMB = 720, 540, 84  # pixels of the map, and of a painting's longest side on it
MARGIN = THUMB // 2 + 2  # pixels around the places: a painting at 0 or 1 stays whole
NEAR = 3  # styles that a place between them mixes
APART = 0.17  # of the map's width: thumbnails nearer than this push each other away


def style_places(names, distances) -> dict[str, tuple[float, float]]:
    """Places (x, y), 0..1, of styles with such distances (styles, styles) between them.

    Classical scaling: the plane on which most of the distances can be kept (Torgerson 1952). Then
    what would overlap is pushed apart a little.
    """
    squares = np.asarray(distances, "float64") ** 2
    if squares.shape != (len(names), len(names)):
        raise InputError(f"{len(names)} names and distances of shape {squares.shape} do not fit.")
    center = np.eye(len(names)) - 1 / len(names)
    sizes, axes = np.linalg.eigh(-center @ squares @ center / 2)
    points = axes[:, -2:] * np.sqrt(np.maximum(sizes[-2:], 0))
    points = points - points.min(axis=0)
    points = points / np.maximum(points.max(axis=0), 1e-9)
    for _ in range(100):
        apart = points[:, None] - points[None]
        distance = np.linalg.norm(apart, axis=-1) + np.eye(len(names))
        push = np.maximum(APART - distance, 0) / distance
        points = np.clip(points + 0.3 * (push[..., None] * apart).sum(axis=1), 0, 1)
    return {name: (float(x), float(y)) for name, (x, y) in zip(names, points, strict=True)}


def style_map(places: Places, at: tuple[float, float] | None = None) -> np.ndarray:
    """The map as a picture (1, height, width, 3), a painting at each place, and a ring `at` one."""
    drawn = np.ones((1, HEIGHT, WIDTH, 3), "float32")
    for name, place in places.items():
        small = _thumbnail(name)
        _, height, width, _ = small.shape
        left, top = (
            int(v - side // 2) for v, side in zip(_pixel(place), (width, height), strict=True)
        )
        drawn[:, top : top + height, left : left + width] = small
    if at is not None:
        x, y = _pixel(at)
        rows, columns = np.indices((HEIGHT, WIDTH))
        ring = np.abs(np.hypot(rows - y, columns - x) - 9) < 2.5
        drawn[0, ring] = (1, 0.35, 0)
    return drawn


@lru_cache(maxsize=64)
def _thumbnail(name: str) -> np.ndarray:
    """A painting as it lies on the map, which is drawn anew at each click."""
    return resize(painting(name, 2 * THUMB), THUMB)


def _pixel(place: tuple[float, float]) -> tuple[float, float]:
    """Column and row of a place."""
    x, y = (number("a place", value, 0, 1) for value in place)
    return MARGIN + x * (WIDTH - 2 * MARGIN), MARGIN + y * (HEIGHT - 2 * MARGIN)


def mix_at(places: Places, x: float, y: float) -> dict[str, float]:
    """The styles nearest to a place, with shares that add up to 1, the nearer, the larger.

    A share goes with the inverse of the squared distance (Shepard 1968); on a style it is 1.
    """
    distance = {name: float(np.hypot(x - a, y - b)) for name, (a, b) in places.items()}
    near = sorted(distance, key=distance.get)[:NEAR]
    weights = {name: 1 / max(distance[name], 1e-6) ** 2 for name in near}
    total = sum(weights.values())
    shares = {name: weight / total for name, weight in weights.items()}
    kept = {name: share for name, share in shares.items() if share > 0.02}
    return {name: share / sum(kept.values()) for name, share in kept.items()}


def map_explorer(
    places: Places, photo: str = "cat", *, network: str = "light", size: int = 448
) -> "StyleMap":
    """A panel over `nst.mix_at` and `nst.stylizer`: click on the map, and see the photo painted so.

    `places` are those of the network's styles (`nst.style_places`); `photo` is the bundled one it
    begins with, `size` its longest side in pixels.
    """
    number("size", size, 32, 1024, whole=True, unit="pixels")
    return StyleMap(places, photo, network=network, size=size)


class StyleMap(widgets.VBox):
    """What `map_explorer` returns."""

    def __init__(self, places: Places, photo: str, *, network: str, size: int):
        self._places, self._network, self._size = places, network, size
        self.photo, self.said = PictureChoice("photo", photo), widgets.Label()
        self.map = Canvas(mode="click", width=480, label="a map of paintings to click on")
        self.painted = Canvas(width=440, label="the photo, painted in the mix of styles clicked on")
        self.map.observe(self._paint, names="at")
        self.photo.menu.observe(self._paint, names="value")
        self._paint()
        super().__init__([self.photo, in_a_row([self.map, self.painted]), self.said])

    def _paint(self, change=None) -> None:
        x, y = self.place()
        try:
            mix = mix_at(self._places, x, y)
            picture = self.photo.load(self._size)
            self.painted.picture = as_jpeg(stylizer(mix, network=self._network)(picture))
            self.map.picture = as_jpeg(style_map(self._places, (x, y)))
            shares = ", ".join(f"{name!r}: {share:.2f}" for name, share in mix.items())
            self.said.value = f"nst.stylizer({{{shares}}})"
        except NstError as error:
            self.said.value = str(error)

    def place(self) -> tuple[float, float]:
        """Where on the map was clicked, without its margin."""
        sides = zip(self.map.at, (WIDTH, HEIGHT), strict=True)
        return tuple(float(np.clip((a * s - MARGIN) / (s - 2 * MARGIN), 0, 1)) for a, s in sides)
