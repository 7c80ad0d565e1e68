"""Growing a texture from the layers that one chooses."""

import ipywidgets as widgets
import numpy as np

from nstlib.errors import NstError, number
from nstlib.gatys.objective import Objective
from nstlib.gatys.painting import settled, style_transfer
from nstlib.notebook.canvas import Canvas
from nstlib.notebook.choice import PictureChoice
from nstlib.notebook.kit import WIDGET_SIZE, as_jpeg, at_most, in_a_row

LAYERS = [f"block{block}_conv1" for block in range(1, 6)]
SETTINGS = {"content_weight": 0.0, "pooling": "average", "coordinates": "waves"}
SPREAD = 0.02  # of the noise at the start around gray: a strong one leaves its grain


def grow_texture(
    model, layers, size: int, *, steps: int = 50, shifts: int = 0, seed: int = 0, **changes
) -> np.ndarray:
    """A square picture of that size, in pixels, grown from noise towards a model's Gram matrices.

    `model` is a picture (1, height, width, 3), RGB, 0..1, `layers` are names, or names with
    weights, as in a recipe. `shifts` times in the first half of its `steps` the picture is shifted
    around at random, what leaves it on one side coming in on the other: so no place stays near a
    border, from which layers know where they are. `seed` decides noise and shifts; `changes` are
    for `style_transfer`, on_step among them. Gatys, Ecker & Bethge 2015, in waves, with total
    variation against the grain.
    """
    draw = np.random.default_rng(seed)
    image = 0.5 + SPREAD * draw.standard_normal((1, size, size, 3)).astype("float32")
    settings = {**SETTINGS, "style_layers": layers, "progress": False, **changes}
    recipe, watched = settled("plain", settings)
    watched["objective"] = Objective(recipe, watched.get("weights", "imagenet"))
    parts = np.diff([*np.linspace(0, steps // 2, shifts + 1).astype(int), steps])
    for part in parts[parts > 0]:
        if shifts:
            image = np.roll(image, draw.integers(0, size, 2), axis=(1, 2))
        start = image.clip(0, 1)
        image = style_transfer(start, model, recipe, start=start, steps=int(part), **watched).image
    return image


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
