"""A panel to try recipes on: choose layers and weights, paint small, keep, and take the code."""

import ipywidgets as widgets

from nstlib.errors import InputError, NstError, number
from nstlib.gatys.painting import style_transfer
from nstlib.gatys.recipe import Recipe, recipe
from nstlib.images.arrays import as_image, resize
from nstlib.notebook.kit import WIDGET_SIZE, as_jpeg
from nstlib.vgg.table import layer_names

KEPT = 6  # pictures beside each other


def as_code(settings: Recipe) -> str:
    """The shortest call of `nst.recipe` that makes this recipe, ready to be pasted."""
    base = vars(recipe("default"))
    changed = {name: value for name, value in vars(settings).items() if value != base[name]}
    arguments = "".join(f", {name}={value!r}" for name, value in changed.items())
    return f'nst.recipe("default"{arguments})'


def recipe_explorer(content, style, *, size: int = 128, steps: int = 30):
    """A panel over `nst.style_transfer`: content layer, style layers, weights, pooling.

    `content` and `style` are pictures (1, height, width, 3), RGB, 0..1; they are shrunk to `size`
    pixels on the longest side and painted with `steps` steps, in seconds on two cores, and enough
    to see where a recipe leads. "paint" paints, or recalls what was painted before; "keep" puts the
    picture into the row below, over the code that makes its recipe.
    """
    number("size", size, 16, WIDGET_SIZE, whole=True, unit="pixels")
    content, style = (resize(as_image(image), size) for image in (content, style))
    painted, settings = {}, _controls()
    picture = widgets.Image(format="jpeg", value=as_jpeg(content), height=260)
    code, row = widgets.Textarea(layout={"width": "60%", "height": "5em"}), widgets.HBox([])
    paint = widgets.Button(description="paint", button_style="primary")
    keep = widgets.Button(description="keep", disabled=True)

    def on_paint(_) -> None:
        paint.disabled, code.value = True, "painting …"
        try:
            chosen = _chosen(settings, steps)
            name = as_code(chosen)
            if name not in painted:
                result = style_transfer(content, style, chosen, progress=False)
                painted[name] = as_jpeg(result.image)
            picture.value, code.value, keep.disabled = painted[name], name, False
        except NstError as error:
            code.value = str(error)
        finally:
            paint.disabled = False

    def on_keep(_) -> None:
        image = widgets.Image(format="jpeg", value=picture.value, height=160)
        text = widgets.Textarea(value=code.value, layout={"width": "200px", "height": "6em"})
        row.children = (*row.children, widgets.VBox([image, text]))[-KEPT:]

    paint.on_click(on_paint)
    keep.on_click(on_keep)
    panel = widgets.VBox([*settings.values(), widgets.HBox([paint, keep])])
    return widgets.VBox([widgets.HBox([panel, picture]), code, row])


def _controls() -> dict:
    """The panel's controls by the setting that each decides, set to the default recipe."""
    base, layers = recipe("default"), [n for n in layer_names() if not n.endswith("pool")]
    content, style = next(iter(base.content_layers)), tuple(base.style_layers)
    controls = {
        "content_layers": widgets.Dropdown(options=layers, value=content),
        "style_layers": widgets.SelectMultiple(options=layers, value=style, rows=8),
        "style_weight": widgets.FloatLogSlider(base.style_weight, min=-1, max=4, step=0.25),
        "tv_weight": widgets.FloatSlider(base.tv_weight, min=0, max=100),
        "pooling": widgets.Dropdown(options=["max", "average"]),
        "start": widgets.Dropdown(options=["content", "mix", "noise"]),
    }
    for name, control in controls.items():
        control.description = name.removesuffix("_layers").replace("_", " ")
    return controls


def _chosen(settings: dict, steps: int) -> Recipe:
    """The recipe that the controls describe."""
    value = {name: control.value for name, control in settings.items()}
    if not value["style_layers"]:
        raise InputError("No style layer is chosen: hold Ctrl (or Cmd) and click one or more.")
    value["style_weight"] = round(value["style_weight"], 4)  # its slider goes in powers of ten
    return recipe("default", **value, steps=steps, coarse={})
