"""Growing a texture from the layers that one chooses."""

import ipywidgets as widgets
import numpy as np

from nstlib.errors import NstError, number
from nstlib.gatys.painting import style_transfer
from nstlib.notebook.canvas import Canvas
from nstlib.notebook.choice import PictureChoice
from nstlib.notebook.kit import WIDGET_SIZE, as_jpeg, at_most, in_a_row

LAYERS = [f"block{block}_conv1" for block in range(1, 6)]
SETTINGS = {"content_weight": 0.0, "start": "noise", "pooling": "average", "tv_weight": 1.0}


def grow_texture(model, layers, size: int, *, steps: int = 50, on_step=None) -> np.ndarray:
    """A square picture of that size, in pixels, grown from noise towards a model's Gram matrices.

    `model` is a picture (1, height, width, 3), RGB, 0..1, `layers` are names, or names with
    weights, as in a recipe. Gatys, Ecker & Bethge 2015, with total variation against the grain.
    """
    blank = np.full((1, size, size, 3), 0.5, "float32")
    watched = {"on_step": on_step, "progress": False}
    settings = {**SETTINGS, "style_layers": layers, "steps": steps}
    return style_transfer(blank, model, "plain", **settings, **watched).image


def texture_explorer(model: str = "brick", *, size: int = 128, steps: int = 40) -> "TexturePanel":
    """A panel over `nst.grow_texture`: the model, and which layers it is grown from.

    `model` is a bundled texture or painting; `size` is the side in pixels, `steps` the updates.
    """
    number("size", size, 32, WIDGET_SIZE, whole=True, unit="pixels")
    number("steps", steps, 1, whole=True)
    return TexturePanel(model, size=size, steps=steps)


class TexturePanel(widgets.VBox):
    """What `texture_explorer` returns."""

    def __init__(self, model: str, *, size: int, steps: int):
        self._size, self._steps = size, steps
        self.model = PictureChoice("painting", model)
        self.boxes = [widgets.Checkbox(True, description=layer, indent=False) for layer in LAYERS]
        self.grow = widgets.Button(description="grow", button_style="primary")
        self.said = widgets.Label()
        self.shown = [Canvas(width=256, label=label) for label in ("the model", "the texture")]
        self.model.menu.observe(self._look, names="value")
        self.grow.on_click(self._grow)
        self._look()
        controls = [self.model, *self.boxes, self.grow, self.said]
        super().__init__([in_a_row([widgets.VBox(controls), *self.shown])])

    def _look(self, change=None) -> None:
        try:
            self.shown[0].show(at_most(self.model.load(2 * self._size)))
            self.said.value = ""
        except NstError as error:
            self.said.value = str(error)

    def _grow(self, _) -> None:
        layers = [box.description for box in self.boxes if box.value]
        if not layers:
            self.said.value = "Choose a layer."
            return
        self.grow.disabled = True
        try:
            model = self.model.load(2 * self._size)
            grown = grow_texture(model, layers, self._size, steps=self._steps, on_step=self._watch)
            self.shown[1].picture = as_jpeg(grown)
        except NstError as error:
            self.said.value = str(error)
        finally:
            self.grow.disabled = False

    def _watch(self, step) -> None:
        self.said.value = f"step {step.index} of {step.planned}"
        if step.index % 5 == 0:
            self.shown[1].picture = as_jpeg(step.image)
