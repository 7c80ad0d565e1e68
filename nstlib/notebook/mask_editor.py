"""Looking at a mask and correcting it: plain functions, and a thin widget over them."""

import cv2
import ipywidgets as widgets
import numpy as np

from nstlib.errors import InputError, number
from nstlib.images.arrays import as_image
from nstlib.images.masks import as_mask, feather, refine_mask, sky_mask, subject_mask
from nstlib.notebook.canvas import Canvas
from nstlib.notebook.kit import as_jpeg, at_most, in_a_row

OUTSIDE = np.array([0.65, 0.1, 0.5], np.float32)  # magenta, which few photos have
PREVIEW_SIZE = 400  # pixels, the width on the page


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


def stroke(mask, places, radius: float, value: float = 1.0) -> np.ndarray:
    """The mask with a stroke of the brush through `places`, a list of (x, y), as for `brush`."""
    mask = as_mask(mask)
    number("radius", radius, 0, 1)
    _, height, width, _ = mask.shape
    points = (np.asarray([*places, places[-1]]) * [width, height]).astype("int32")
    away = cv2.polylines(np.ones((height, width), "uint8"), [points], False, 0)
    distance = cv2.distanceTransform(away, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    share = np.clip(radius * max(height, width) + 0.5 - distance, 0, 1)[None, ..., None]
    return (mask + share * (value - mask)).astype("float32")


def grow(mask, pixels: int) -> np.ndarray:
    """The mask with its region wider by `pixels` on all sides, or narrower if they are negative."""
    size = 2 * abs(int(pixels)) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    change = cv2.dilate if pixels > 0 else cv2.erode
    return change(as_mask(mask)[0, ..., 0], disc)[None, ..., None]


def mask_editor(photo, mask=None):
    """A widget to find, paint and correct a mask; its attribute `mask` is the mask so far.

    `photo` is (1, height, width, 3), `mask` where to begin, by default nowhere. Paint with the
    mouse: *add* widens the region, *remove* takes from it. *snap to edges*, *subject* and *sky* ask
    GrabCut and take about a second.
    """
    photo = as_image(photo)
    states = [as_mask(0 * photo if mask is None else mask, photo.shape[1:3])]
    canvas = Canvas(mode="paint", width=PREVIEW_SIZE, label="the photo inside the mask")
    value = widgets.ToggleButtons(options=["add", "remove"], style={"button_width": "80px"})
    radius = widgets.FloatSlider(0.08, min=0.01, max=0.4, step=0.01, description="brush")
    widgets.jslink((radius, "value"), (canvas, "radius"))
    said = widgets.Label()

    def show() -> None:
        box.mask = states[-1]
        canvas.picture = as_jpeg(at_most(over_photo(photo, box.mask), 2 * PREVIEW_SIZE))

    def on_stroke(change) -> None:
        states.append(stroke(states[-1], change.new, radius.value, float(value.value == "add")))
        show()

    def on_click(button) -> None:
        said.value = ""
        try:
            if button.description != "undo":
                states.append(_CHANGES[button.description](states[-1], photo))
            elif len(states) > 1:
                states.pop()
        except InputError as error:
            said.value = str(error)
        show()

    canvas.observe(on_stroke, names="stroke")
    buttons = [widgets.Button(description=name) for name in (*_CHANGES, "undo")]
    for button in buttons:
        button.on_click(on_click)
    box = widgets.VBox([in_a_row([value, radius]), canvas, in_a_row(buttons), said])
    show()
    return box


# Each makes the next mask of the mask so far and the photo.
_CHANGES = {
    "snap to edges": lambda mask, photo: refine_mask(photo, mask),
    "wider": lambda mask, photo: grow(mask, 2),
    "narrower": lambda mask, photo: grow(mask, -2),
    "softer": lambda mask, photo: feather(mask, 2.0),
    "turn round": lambda mask, photo: 1 - mask,
    "subject": lambda mask, photo: subject_mask(photo),
    "sky": lambda mask, photo: sky_mask(photo),
}
