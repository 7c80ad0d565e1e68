"""Looking at a mask and correcting it: plain functions, and a thin widget over them.

The widget's sliders only move the brush and draw; what costs more than that waits for a button.
"""

import io
from collections.abc import Callable

import cv2
import numpy as np

from nstlib.errors import InputError
from nstlib.images.arrays import as_image, resize, to_pil
from nstlib.images.masks import as_mask, feather, refine_mask, sky_mask, subject_mask

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
    for name, number in {"x": x, "y": y, "radius": radius, "value": value}.items():
        if not 0 <= number <= 1:
            raise InputError(f"{name} is {number!r}; it goes from 0 to 1.")
    mask = as_mask(mask)
    _, height, width, _ = mask.shape
    rows, columns = np.mgrid[0.5:height, 0.5:width]
    distance = np.hypot(columns - x * width, rows - y * height)
    disc = np.clip(radius * max(height, width) + 0.5 - distance, 0, 1)[None, ..., None]
    return (mask + disc * (value - mask)).astype("float32")


def grow(mask, pixels: int) -> np.ndarray:
    """The mask with its region wider by `pixels` on all sides, or narrower if they are negative."""
    mask = as_mask(mask)
    size = 2 * abs(int(pixels)) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    change = cv2.dilate if pixels > 0 else cv2.erode
    return change(mask[0, ..., 0], disc)[None, ..., None]


def mask_editor(photo, mask=None):
    """A widget to find, paint and correct a mask; its attribute `mask` is the mask so far.

    `photo` is (1, height, width, 3), `mask` where to begin, by default nowhere. Move the brush by
    its sliders and press *add* or *remove*; *snap to edges*, *subject* and *sky* ask GrabCut and
    take about a second. Returns the widget, which Jupyter displays.
    """
    import ipywidgets as widgets

    photo = as_image(photo)
    start = np.zeros((*photo.shape[:3], 1), "float32") if mask is None else mask
    states = [as_mask(start, photo.shape[1:3])]
    picture, said, box = widgets.Image(format="jpeg"), widgets.Label(), widgets.VBox()
    sliders, buttons = _sliders(), [widgets.Button(description=name) for name in _ACTIONS]

    def draw(change=None) -> None:
        box.mask = states[-1]
        picture.value = _preview(photo, states[-1], *(slider.value for slider in sliders))

    def on_click(button) -> None:
        said.value = ""
        try:
            _ACTIONS[button.description](states, photo, [slider.value for slider in sliders])
        except InputError as error:
            said.value = str(error)
        draw()

    _listen(sliders, draw, buttons, on_click)
    row = widgets.HBox(buttons, layout=widgets.Layout(flex_flow="row wrap"))
    box.children = [widgets.HBox([picture, widgets.VBox(sliders)]), row, said]
    draw()
    return box


def _sliders() -> list:
    import ipywidgets as widgets

    bounds = {"x": (0.5, 0.0, 1.0), "y": (0.5, 0.0, 1.0), "radius": (0.1, 0.01, 0.5)}
    return [
        widgets.FloatSlider(value, min=least, max=most, step=0.01, description=name)
        for name, (value, least, most) in bounds.items()
    ]


def _listen(sliders: list, draw: Callable, buttons: list, on_click: Callable) -> None:
    for slider in sliders:
        slider.observe(draw, names="value")
    for button in buttons:
        button.on_click(on_click)


# Each is given the states so far (the last is the mask), the photo, and the brush: x, y, radius.
_ACTIONS: dict[str, Callable] = {
    "add": lambda states, photo, at: states.append(brush(states[-1], *at)),
    "remove": lambda states, photo, at: states.append(brush(states[-1], *at, value=0.0)),
    "undo": lambda states, photo, at: states.pop() if len(states) > 1 else None,
    "snap to edges": lambda states, photo, at: states.append(refine_mask(photo, states[-1])),
    "wider": lambda states, photo, at: states.append(grow(states[-1], 2)),
    "narrower": lambda states, photo, at: states.append(grow(states[-1], -2)),
    "softer": lambda states, photo, at: states.append(feather(states[-1], 2.0)),
    "turn round": lambda states, photo, at: states.append(1 - states[-1]),
    "subject": lambda states, photo, at: states.append(subject_mask(photo)),
    "sky": lambda states, photo, at: states.append(sky_mask(photo)),
}


def _preview(photo, mask, x: float, y: float, radius: float) -> bytes:
    """The photo under the mask with the brush as a ring, small, as JPEG."""
    shown = over_photo(photo, mask)
    shown = resize(shown, PREVIEW_SIZE) if max(shown.shape[1:3]) > PREVIEW_SIZE else shown
    _, height, width, _ = shown.shape
    inner = brush(np.zeros((1, height, width, 1)), x, y, max(0.0, radius - 1.5 / max(shown.shape)))
    ring = brush(np.zeros((1, height, width, 1)), x, y, radius) - inner
    file = io.BytesIO()
    to_pil(np.clip(shown + ring, 0, 1)).save(file, format="jpeg", quality=90)
    return file.getvalue()
