"""Looking at a mask and correcting it: plain functions, and a thin widget over them."""

import cv2
import ipywidgets as widgets
import numpy as np

from nstlib.errors import InputError, number
from nstlib.images.arrays import as_image
from nstlib.images.masks import as_mask, feather, refine_mask, sky_mask, subject_mask
from nstlib.notebook.kit import at_most, in_a_row, panel

OUTSIDE = np.array([0.65, 0.1, 0.5], np.float32)  # magenta, which few photos have
PREVIEW_SIZE = 360  # pixels, of the longest side


def over_photo(photo, mask) -> np.ndarray:
    """The photo as it is inside the mask, and dark magenta outside: (1, height, width, 3)."""
    photo = as_image(photo)
    mask = as_mask(mask, photo.shape[1:3])
    return mask * photo + (1 - mask) * (0.3 * photo + 0.7 * OUTSIDE)


def brush(mask, x: float, y: float, radius: float, value: float = 1.0) -> np.ndarray:
    """The mask with a disc of `value`: 1 adds to the region, 0 removes from it.

    `x` and `y` go from 0 (left, top) to 1, `radius` is a share of the longest side. The disc's edge
    is a pixel soft.
    """
    for name, given in {"x": x, "y": y, "radius": radius, "value": value}.items():
        number(name, given, 0, 1)
    mask = as_mask(mask)
    _, height, width, _ = mask.shape
    rows, columns = np.mgrid[0.5:height, 0.5:width]
    distance = np.hypot(columns - x * width, rows - y * height)
    disc = np.clip(radius * max(height, width) + 0.5 - distance, 0, 1)[None, ..., None]
    return (mask + disc * (value - mask)).astype("float32")


def grow(mask, pixels: int) -> np.ndarray:
    """The mask with its region wider by `pixels` on all sides, or narrower if they are negative."""
    size = 2 * abs(int(pixels)) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    change = cv2.dilate if pixels > 0 else cv2.erode
    return change(as_mask(mask)[0, ..., 0], disc)[None, ..., None]


def mask_editor(photo, mask=None):
    """A widget to find, paint and correct a mask; its attribute `mask` is the mask so far.

    `photo` is (1, height, width, 3), `mask` where to begin, by default nowhere. Move the brush by
    its sliders and press *add* or *remove*; *snap to edges*, *subject* and *sky* ask GrabCut and
    take about a second.
    """
    photo = as_image(photo)
    states = [as_mask(0 * photo if mask is None else mask, photo.shape[1:3])]
    sliders = {
        name: widgets.FloatSlider(value, min=0.01, max=most, step=0.01)
        for name, value, most in (("x", 0.5, 1.0), ("y", 0.5, 1.0), ("radius", 0.1, 0.5))
    }
    view = panel(sliders, lambda **at: _preview(photo, states[-1], **at))
    said = widgets.Label()

    def on_click(button) -> None:
        said.value = ""
        try:
            if button.description != "undo":
                at = {name: slider.value for name, slider in sliders.items()}
                states.append(_CHANGES[button.description](states[-1], photo, at))
            elif len(states) > 1:
                states.pop()
        except InputError as error:
            said.value = str(error)
        box.mask = states[-1]
        view.redraw()

    buttons = [widgets.Button(description=name) for name in (*_CHANGES, "undo")]
    for button in buttons:
        button.on_click(on_click)
    box = widgets.VBox([view, in_a_row(buttons), said])
    box.mask = states[-1]
    return box


# Each makes the next mask of the mask so far, the photo, and where the brush is.
_CHANGES = {
    "add": lambda mask, photo, at: brush(mask, **at),
    "remove": lambda mask, photo, at: brush(mask, **at, value=0.0),
    "snap to edges": lambda mask, photo, at: refine_mask(photo, mask),
    "wider": lambda mask, photo, at: grow(mask, 2),
    "narrower": lambda mask, photo, at: grow(mask, -2),
    "softer": lambda mask, photo, at: feather(mask, 2.0),
    "turn round": lambda mask, photo, at: 1 - mask,
    "subject": lambda mask, photo, at: subject_mask(photo),
    "sky": lambda mask, photo, at: sky_mask(photo),
}


def _preview(photo, mask, x: float, y: float, radius: float) -> np.ndarray:
    """The photo under the mask, small, with the brush as a white ring."""
    shown = at_most(over_photo(photo, mask), PREVIEW_SIZE)
    nothing = 0 * shown[..., :1]
    inner = brush(nothing, x, y, max(0.0, radius - 1.5 / max(shown.shape)))
    return np.clip(shown + brush(nothing, x, y, radius) - inner, 0, 1)
