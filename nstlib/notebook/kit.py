"""What all panels are made of: controls above a picture that follows them, and pictures as JPEG.

Core ipywidgets and JPEG pictures, which JupyterLab and Colab both show.
"""

import inspect
import io
from collections.abc import Callable, Iterable, Mapping

import ipywidgets as widgets
import numpy as np

from nstlib.errors import InputError
from nstlib.images.arrays import as_image, resize, to_pil

WIDGET_SIZE = 320  # longest side in pixels at most, so that a new layer is there within a second


def panel(controls: Mapping, draw: Callable):
    """Controls in a row above the picture that `draw` makes of their values, anew at each change.

    `controls` maps the names of arguments of `draw` to widgets, or to what `ipywidgets.interact`
    makes one of: (0, 1, 0.05) is a slider, a list is a menu, both set to the argument's default.
    `draw` returns a picture (1, height, width, 3), RGB, 0..1, or a Matplotlib figure. Returns the
    widget, which Jupyter displays; its `redraw()` draws without a change.
    """
    controls = {name: _control(name, given, draw) for name, given in controls.items()}
    picture = widgets.Image(format="jpeg", layout={"align_self": "flex-start"})  # not stretched

    def redraw(change=None) -> None:
        values = {name: control.value for name, control in controls.items()}
        picture.value = as_jpeg(draw(**values))

    redraw()
    for control in controls.values():
        control.observe(redraw, names="value")
    box = widgets.VBox([in_a_row(controls.values()), picture])
    box.redraw = redraw
    return box


def _control(name: str, given, draw: Callable):
    """A widget as it is, or one made of an abbreviation; named after its argument if nameless."""
    argument = inspect.signature(draw).parameters.get(name)
    default = argument.default if argument else inspect.Parameter.empty
    control = widgets.interactive.widget_from_abbrev(given, default)
    if control is None:
        raise InputError(f"{name} is {given!r}: give a widget, a list, or (least, most, step).")
    if control is not given and hasattr(control, "continuous_update"):
        control.continuous_update = False  # drawn where a slider is let go, not all along the way
    control.description = control.description or name
    return control


def in_a_row(parts: Iterable):
    """Widgets beside each other, and below where there is no room."""
    return widgets.HBox(list(parts), layout={"flex_flow": "row wrap"})


def as_jpeg(drawn) -> bytes:
    """A picture (1, height, width, 3), or a Matplotlib figure, as a JPEG file."""
    file = io.BytesIO()
    if hasattr(drawn, "savefig"):
        drawn.savefig(file, format="jpeg", dpi=80, pil_kwargs={"quality": 85})
    else:
        to_pil(drawn).save(file, format="jpeg", quality=90)
    return file.getvalue()


def at_most(image, size: int = WIDGET_SIZE) -> np.ndarray:
    """The picture, shrunk to a longest side of `size` pixels if it is larger."""
    image = as_image(image)
    return resize(image, size) if max(image.shape[1:3]) > size else image


def named(images: Mapping) -> Mapping:
    """The pictures by name that a panel is given; InputError if they have no names."""
    if not isinstance(images, Mapping) or not images:
        raise InputError(f"images is {type(images).__name__}: give a dict from name to picture.")
    return images


def shrunk(images: Mapping, size: int = WIDGET_SIZE) -> dict[str, np.ndarray]:
    """The same, at most `size` pixels on the longest side."""
    return {name: at_most(image, size) for name, image in named(images).items()}
