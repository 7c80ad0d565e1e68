"""A panel to try recipes on: choose layers and weights, paint small, keep, compare, take the code.

The painting is a plain function, `quick_look`, which remembers what it has painted; the panel is
thin. Core ipywidgets and JPEG pictures, which JupyterLab and Colab both show.
"""

import io
from dataclasses import fields

import numpy as np

from nstlib.errors import InputError
from nstlib.gatys.painting import style_transfer
from nstlib.gatys.recipe import STYLE_LAYERS, Recipe, recipe
from nstlib.images.arrays import as_image, resize, to_pil
from nstlib.notebook.explorers import WIDGET_SIZE
from nstlib.vgg.table import layer_names

LOOK_SIZE, LOOK_STEPS = 128, 30  # seconds on two cores, and enough to see where a recipe leads
KEPT = 6  # pictures beside each other


class QuickLooks:
    """Paintings of one pair at low resolution, each painted once and then remembered.

    `content` and `style` are pictures (1, height, width, 3), RGB, 0..1, shrunk to `size` pixels on
    the longest side.
    """

    def __init__(self, content, style, size: int = LOOK_SIZE):
        if not 16 <= size <= WIDGET_SIZE:
            raise InputError(f"size is {size}; quick looks have 16 to {WIDGET_SIZE} pixels.")
        self.content, self.style = (resize(as_image(image), size) for image in (content, style))
        self.painted: dict[str, np.ndarray] = {}

    def __call__(self, settings: Recipe) -> np.ndarray:
        """The painting by a recipe; at once if it has been asked for before."""
        key = as_code(settings)
        if key not in self.painted:
            result = style_transfer(self.content, self.style, settings, progress=False)
            self.painted[key] = result.image
        return self.painted[key]


def as_code(settings: Recipe) -> str:
    """The shortest call of `nst.recipe` that makes this recipe, ready to be pasted."""
    base = recipe("default")
    changed = {
        entry.name: getattr(settings, entry.name)
        for entry in fields(Recipe)
        if getattr(settings, entry.name) != getattr(base, entry.name)
    }
    arguments = "".join(f", {name}={value!r}" for name, value in changed.items())
    return f'nst.recipe("default"{arguments})'


def recipe_explorer(content, style, *, size: int = LOOK_SIZE, steps: int = LOOK_STEPS):
    """A panel over `nst.style_transfer`: content layer, style layers, weights, pooling.

    `content` and `style` are pictures (1, height, width, 3), RGB, 0..1; they are shrunk to `size`
    pixels on the longest side and painted with `steps` steps, in seconds. "paint" paints, or
    recalls what was painted before; "keep" puts the picture into the row below, over the code that
    makes its recipe. Returns the widget, which Jupyter displays.
    """
    import ipywidgets as widgets

    looks, settings = QuickLooks(content, style, size), _controls()
    picture = widgets.Image(format="jpeg", value=_jpeg(looks.content), height=260)
    code, row = widgets.Textarea(layout={"width": "60%", "height": "5em"}), widgets.HBox([])
    paint = widgets.Button(description="paint", button_style="primary")
    keep = widgets.Button(description="keep", disabled=True)

    def on_paint(_) -> None:
        try:
            chosen = _chosen(settings, steps)
        except InputError as error:
            code.value = str(error)
            return
        paint.disabled, code.value = True, "painting …"
        picture.value, code.value = _jpeg(looks(chosen)), as_code(chosen)
        paint.disabled = keep.disabled = False

    def on_keep(_) -> None:
        kept = widgets.VBox(
            [
                widgets.Image(format="jpeg", value=picture.value, height=160),
                widgets.Textarea(value=code.value, layout={"width": "200px", "height": "6em"}),
            ]
        )
        row.children = (*row.children, kept)[-KEPT:]

    paint.on_click(on_paint)
    keep.on_click(on_keep)
    panel = widgets.VBox([*settings.values(), widgets.HBox([paint, keep])])
    return widgets.VBox([widgets.HBox([panel, picture]), code, row])


def _controls() -> dict:
    """The panel's controls by name, set to the default recipe."""
    import ipywidgets as widgets

    base, layers = recipe("default"), [n for n in layer_names() if not n.endswith("pool")]
    return {
        "content": widgets.Dropdown(options=layers, value="block4_conv2", description="content"),
        "style": widgets.SelectMultiple(
            options=layers, value=STYLE_LAYERS, rows=8, description="style"
        ),
        "style_weight": widgets.FloatLogSlider(
            base.style_weight, min=-1, max=4, step=0.25, description="β, style"
        ),
        "tv_weight": widgets.FloatSlider(base.tv_weight, min=0, max=100, description="smoothness"),
        "pooling": widgets.Dropdown(options=["max", "average"], description="pooling"),
        "start": widgets.Dropdown(options=["content", "mix", "noise"], description="start"),
    }


def _chosen(settings: dict, steps: int) -> Recipe:
    """The recipe that the controls describe."""
    value = {name: control.value for name, control in settings.items()}
    if not value["style"]:
        raise InputError("No style layer is chosen: hold Ctrl (or Cmd) and click one or more.")
    base, layers = recipe("default"), tuple(value["style"])
    same = layers == STYLE_LAYERS
    return recipe(
        base,
        content_layers={value["content"]: 1.0},
        style_layers=base.style_layers if same else dict.fromkeys(layers, 1 / len(layers)),
        style_weight=round(value["style_weight"], 4),
        tv_weight=value["tv_weight"],
        pooling=value["pooling"],
        start=value["start"],
        steps=steps,
        coarse={},
    )


def _jpeg(image: np.ndarray) -> bytes:
    file = io.BytesIO()
    to_pil(image).save(file, format="jpeg", quality=90)
    return file.getvalue()
