"""A picture to draw on, and beside it what a painter makes of it: `draw_on`, and a panel."""

from collections.abc import Callable, Mapping, Sequence

import ipywidgets as widgets
import numpy as np

from nstlib.errors import choice
from nstlib.images.arrays import as_image, resize
from nstlib.notebook.canvas import Canvas
from nstlib.notebook.kit import in_a_row, named
from nstlib.notebook.mask_editor import stroke

WIDTH = 384  # pixels of each picture on the page
PENS = {"black": (0.1, 0.1, 0.1), "white": (1.0, 1.0, 1.0), "paper": (0.95, 0.93, 0.89)}
PENS |= {"red": (0.8, 0.2, 0.2), "blue": (0.2, 0.3, 0.8)}


def draw_on(picture, places: Sequence, *, pen: str = "black", radius: float = 0.02) -> np.ndarray:
    """The picture with a line through `places`, (x, y) from 0 (left, top) to 1.

    `pen` is one of PENS, `radius` half the line's width, as a share of the longest side.
    """
    picture = as_image(picture)
    line = stroke(np.zeros_like(picture[..., :1]), places, radius)
    color = np.array(PENS[choice("pen", pen, PENS)], "float32")
    return picture + line * (color - picture)


def drawing_explorer(pictures: Mapping[str, np.ndarray], paint: Callable) -> "DrawingPanel":
    """A panel: draw on a picture with the mouse, and see at once what `paint` makes of it.

    `pictures` are those to choose from, by name; `paint` is a function picture -> picture, such as
    a stylizer. What is drawn so far is the panel's `drawing`, and what was made of it `painting`.
    """
    return DrawingPanel(named(pictures), paint)


class DrawingPanel(widgets.VBox):
    """What `drawing_explorer` returns."""

    def __init__(self, pictures: Mapping[str, np.ndarray], paint: Callable):
        self._pictures, self._paint = pictures, paint
        self.menu = widgets.Dropdown(options=list(pictures), description="face")
        self.pen = widgets.ToggleButtons(options=list(PENS), style={"button_width": "70px"})
        self.radius = widgets.FloatSlider(0.02, min=0.005, max=0.1, step=0.005, description="width")
        self.undo = widgets.Button(description="undo")
        self.canvas = Canvas(mode="paint", width=WIDTH, label="the drawing")
        self.result = Canvas(mode="look", width=WIDTH, label="what the network makes of it")
        widgets.jslink((self.radius, "value"), (self.canvas, "radius"))
        self.menu.observe(self._begin, names="value")
        self.canvas.observe(self._draw, names="stroke")
        self.undo.on_click(self._back)
        super().__init__(
            [
                in_a_row([self.menu, self.pen, self.radius, self.undo]),
                in_a_row([self.canvas, self.result]),
            ]
        )
        self._begin()

    @property
    def drawing(self) -> np.ndarray:
        return self._states[-1]

    def _begin(self, _=None) -> None:
        self._states = [as_image(self._pictures[self.menu.value])]
        self._show()

    def _draw(self, change) -> None:
        if change.new:
            options = {"pen": self.pen.value, "radius": self.radius.value}
            self._states.append(draw_on(self.drawing, change.new, **options))
            self._show()

    def _back(self, _) -> None:
        if len(self._states) > 1:
            self._states.pop()
        self._show()

    def _show(self) -> None:
        self.painting = self._paint(self.drawing)
        for canvas, picture in ((self.canvas, self.drawing), (self.result, self.painting)):
            canvas.show(resize(picture, 2 * WIDTH))
