"""A panel to try recipes on: choose layers and weights, paint small, keep, and take the code."""

import ipywidgets as widgets

from nstlib.errors import InputError, NstError, number
from nstlib.gatys.painting import style_transfer
from nstlib.gatys.recipe import Recipe, recipe
from nstlib.notebook.canvas import Canvas
from nstlib.notebook.choice import PictureChoice
from nstlib.notebook.kit import WIDGET_SIZE, as_jpeg, in_a_row
from nstlib.vgg.table import layer_names

KEPT = 6  # pictures beside each other
STYLE_WEIGHTS = (0, 0.5, 1, 2, 5, 10, 20, 40, 80, 150, 300, 600, 2000)


def as_code(settings: Recipe) -> str:
    """The shortest call of `nst.recipe` that makes this recipe, ready to be pasted."""
    base = vars(recipe("default"))
    changed = {name: value for name, value in vars(settings).items() if value != base[name]}
    arguments = "".join(f", {name}={value!r}" for name, value in changed.items())
    return f'nst.recipe("default"{arguments})'


def recipe_explorer(
    photo: str = "cat", painting: str = "the_scream", *, size: int = 160, steps: int = 30
) -> "RecipePanel":
    """A panel over `nst.style_transfer`: the pair, the content layer, of each block a style layer
    and its weight, the other weights, pooling, the start.

    `photo` and `painting` are the bundled pictures it begins with; `size` is the longest side in
    pixels, small enough for `steps` steps in seconds on two cores, and large enough to see where a
    recipe leads. *paint* paints, or recalls what was painted before; *keep* puts the picture into
    the row below, over the code that makes its recipe, and behind the wipe, so that the next one
    can be compared with it.
    """
    number("size", size, 32, WIDGET_SIZE, whole=True, unit="pixels")
    number("steps", steps, 1, whole=True)
    return RecipePanel(photo, painting, size=size, steps=steps)


class RecipePanel(widgets.VBox):
    """What `recipe_explorer` returns."""

    def __init__(self, photo: str, painting: str, *, size: int, steps: int):
        self._size, self._steps, self._painted = size, steps, {}
        self.pair = PictureChoice("photo", photo), PictureChoice("painting", painting)
        self.settings, self.layers = _settings(), _layers()
        self.canvas = Canvas(mode="wipe", width=400, label="the painting, and over it what is kept")
        self.code = widgets.Textarea(layout={"width": "98%", "height": "4em"})
        self.row = widgets.HBox([])
        self.paint = widgets.Button(description="paint", button_style="primary")
        self.keep = widgets.Button(description="keep", disabled=True)
        for chosen in self.pair:
            chosen.menu.observe(self._look, names="value")
        self.paint.on_click(self._paint)
        self.keep.on_click(self._keep)
        self._look()
        rows, buttons = map(widgets.HBox, self.layers), widgets.HBox([self.paint, self.keep])
        panel = widgets.VBox([*self.pair, *self.settings.values(), *rows, buttons])
        super().__init__([in_a_row([panel, self.canvas]), self.code, self.row])

    def _look(self, change=None) -> None:
        """Show the photo."""
        try:
            picture = self.pair[0].load(self._size)
            self.canvas.before, self.canvas.picture, self.code.value = b"", as_jpeg(picture), ""
        except NstError as error:
            self.code.value = str(error)

    def _paint(self, _) -> None:
        self.paint.disabled = True
        try:
            chosen = self.chosen()
            key = (as_code(chosen), *(each.name for each in self.pair))
            if key not in self._painted:
                pictures = (each.load(self._size) for each in self.pair)
                result = style_transfer(*pictures, chosen, on_step=self._tell, progress=False)
                self._painted[key] = as_jpeg(result.image)
            self.canvas.picture, self.code.value = self._painted[key], as_code(chosen)
            self.keep.disabled = False
        except NstError as error:
            self.code.value = str(error)
        finally:
            self.paint.disabled = False

    def _tell(self, step) -> None:
        self.code.value = f"painting … {step.index} of {step.planned} steps"

    def _keep(self, _) -> None:
        self.canvas.before = self.canvas.picture
        image = widgets.Image(format="jpeg", value=self.canvas.picture, height=160)
        text = widgets.Textarea(value=self.code.value, layout={"width": "200px", "height": "6em"})
        self.row.children = (*self.row.children, widgets.VBox([image, text]))[-KEPT:]

    def chosen(self) -> Recipe:
        """The recipe that the controls describe."""
        style = {layer.value: weight.value for layer, weight in self.layers if weight.value > 0}
        if not style:
            raise InputError("All style layers have the weight 0: give one of them more.")
        value = {name: control.value for name, control in self.settings.items()}
        return recipe("default", **value, style_layers=style, steps=self._steps, coarse={})


def _settings() -> dict:
    """The panel's controls by the setting that each decides, set to the default recipe."""
    base, layers = recipe("default"), [n for n in layer_names() if not n.endswith("pool")]
    controls = {
        "content_layers": widgets.Dropdown(options=layers, value=next(iter(base.content_layers))),
        "style_weight": widgets.SelectionSlider(options=STYLE_WEIGHTS, value=base.style_weight),
        "tv_weight": widgets.FloatSlider(base.tv_weight, min=0, max=100),
        "pooling": widgets.Dropdown(options=["max", "average"]),
        "start": widgets.Dropdown(options=["content", "mix", "noise"]),
    }
    for name, control in controls.items():
        control.description = name.removesuffix("_layers").replace("_", " ")
    return controls


def _layers() -> list[tuple]:
    """(layer, weight) for each block of VGG19, set to the default recipe."""
    weights, controls = recipe("default").style_layers, []
    for block in range(1, 6):
        layers = [name for name in layer_names() if name.startswith(f"block{block}_conv")]
        known = next((name for name in layers if name in weights), layers[0])
        layer = widgets.Dropdown(options=layers, value=known, description=f"style {block}")
        weight = widgets.FloatSlider(weights.get(known, 0.0), min=0, max=1, step=0.05)
        controls.append((layer, weight))
    return controls
