"""Panels of chapter 7: a photo in another light, and a cut-out that is set down in a painting."""

from collections.abc import Sequence

import ipywidgets as widgets
import numpy as np

from nstlib.errors import InputError, NstError, number
from nstlib.gatys.harmonize import harmonize, paste
from nstlib.gatys.photoreal import photorealistic
from nstlib.images.arrays import as_image, resize
from nstlib.images.masks import as_mask
from nstlib.notebook.canvas import Canvas
from nstlib.notebook.choice import PictureChoice
from nstlib.notebook.kit import at_most, in_a_row

WIDTH = 520  # pixels of the canvas on the page
KEPT = 1024  # longest side in pixels of what is sent to the page
ALPHAS = (0.0, 0.9, 0.99, 0.999, 0.9999)


def wipe(before, after, *, width: int = WIDTH) -> Canvas:
    """Two pictures on top of each other: drag the white line, or press the arrow keys.

    `before`, left of the line, is shown at the shape of `after`; both are (1, height, width, 3).
    """
    after = at_most(after, KEPT)
    canvas = Canvas(mode="wipe", width=width, label="two pictures, one wiped over the other")
    canvas.show(after, resize(as_image(before), after.shape[1:3]))
    return canvas


def place_cutout(
    painting, cutout, mask, at: tuple[float, float] = (0.5, 0.5), *, size: float = 0.4
) -> tuple[np.ndarray, np.ndarray, tuple[int, int]]:
    """A cut-out and its mask, as large as told, and where its corner goes: for `nst.harmonize`.

    `at` is the middle of the object in the painting, (x, y), from 0 (left, top) to 1, and `size`
    its longest side as a share of the painting's. What lies around the object is cut off; near the
    border the object is moved inwards, and shrunk where the painting is too low or too narrow. ->
    (cut-out, mask, (row, column)), ready for `harmonize(painting, cutout, mask, at=corner)`.
    """
    for name, value in {"x": at[0], "y": at[1], "size": size}.items():
        number(name, value, 0, 1)
    painting, cutout = as_image(painting), as_image(cutout)
    mask = as_mask(mask, cutout.shape[1:3])
    if not mask.max() > 0.5:
        raise InputError("The mask is empty: it needs 1 on the object, as nst.subject_mask has.")
    box = _box(mask)
    cutout, mask = cutout[box], mask[box]
    sides, room = np.array(cutout.shape[1:3]), np.array(painting.shape[1:3])
    scale = min(size * max(room) / max(sides), *(room / sides))
    shape = tuple(int(side) for side in np.maximum(1, np.floor(scale * sides)))
    corner = np.round(np.multiply(at[::-1], room) - np.divide(shape, 2))
    corner = np.clip(corner, 0, room - shape).astype(int)
    return (
        resize(cutout, shape),
        as_mask(resize(mask, shape)),
        tuple(int(place) for place in corner),
    )


def _box(mask: np.ndarray) -> tuple:
    """The smallest rectangle around a mask."""
    slices = [slice(None)]
    for others in ((0, 2, 3), (0, 1, 3)):
        used = np.flatnonzero((mask > 0.01).any(axis=others))
        slices.append(slice(used[0], used[-1] + 1))
    return tuple(slices)


def light_explorer(
    photo: str = "golden_temple", light: str = "louvre", *, size: int = 192, steps: int = 30
) -> "LightPanel":
    """A panel over `nst.photorealistic`: a photo, the picture whose light it takes, two knobs.

    `photo` and `light` are the bundled pictures it begins with, `size` is the longest side in
    pixels, `steps` those of each of the two stages. The white line wipes the photo over the result.
    """
    number("size", size, 32, 2048, whole=True, unit="pixels")
    number("steps", steps, 1, 2000, whole=True)
    return LightPanel(photo, light, size=size, steps=steps)


class _Panel(widgets.VBox):
    """A button that works once at a time, a line that says how far it is, and a canvas."""

    def __init__(self, controls: Sequence, canvas: Canvas):
        self.image, self.canvas, self.said = None, canvas, widgets.Label()
        self.paint = widgets.Button(description="paint", button_style="primary")
        self.paint.on_click(self._on_paint)
        left = widgets.VBox([*controls, self.paint, self.said], layout={"width": "430px"})
        super().__init__([in_a_row([left, canvas])])
        self._try(self._look)

    def _on_paint(self, _) -> None:
        self.paint.disabled, self._count = True, 0
        self._try(self._paint)
        self.paint.disabled = False

    def _try(self, action) -> None:
        self.said.value = ""
        try:
            action()
        except NstError as error:
            self.said.value = str(error)

    def _tell(self, step) -> None:
        self._count += 1
        self.said.value = f"painting … step {self._count}"


class LightPanel(_Panel):
    """What `light_explorer` returns. `image` is the last result, or None."""

    def __init__(self, photo: str, light: str, *, size: int, steps: int):
        self._size, self._steps = size, steps
        self.photo, self.light = PictureChoice("photo", photo), PictureChoice("picture", light)
        self.light.menu.description = "light"
        self.weight = widgets.FloatLogSlider(1e4, min=1, max=6, step=0.5, description="weight λ")
        self.alpha = widgets.Dropdown(options=ALPHAS, value=0.999, description="α")
        self.photo.menu.observe(lambda change: self._try(self._look), names="value")
        canvas = Canvas(mode="wipe", width=WIDTH, label="the photo, and over it the result")
        super().__init__([self.photo, self.light, self.weight, self.alpha], canvas)

    def _look(self) -> None:
        self.canvas.show(self.photo.load(self._size))

    def _paint(self) -> None:
        photo, light = (chosen.load(self._size) for chosen in (self.photo, self.light))
        knobs = {"weight": self.weight.value, "alpha": self.alpha.value}
        steps = {"steps": (self._steps, self._steps), "progress": False, "on_step": self._tell}
        self.image = photorealistic(photo, light, **knobs, **steps).image
        self.canvas.show(self.image, photo)
        self.said.value = "drag the white line"


def harmonize_explorer(
    painting, cutout, mask, *, at=(0.5, 0.5), size: float = 0.4, steps: tuple[int, int] = (30, 40)
) -> "HarmonizePanel":
    """A panel over `place_cutout` and `nst.harmonize`: click where the object goes, and paint.

    Arguments as for both. *place* shows the object pasted where the click was; after *paint*,
    *compare* wipes the pasted object over the painted one.
    """
    return HarmonizePanel(painting, (cutout, mask), at, size=size, steps=steps)


class HarmonizePanel(_Panel):
    """What `harmonize_explorer` returns. `image` is the last result, or None."""

    def __init__(self, painting, cutout, at, *, size: float, steps: tuple[int, int]):
        self._painting, self._cutout, self._steps = as_image(painting), cutout, steps
        self.size = widgets.FloatSlider(
            size, min=0.1, max=1, step=0.05, description="size", continuous_update=False
        )
        self.mode = widgets.ToggleButtons(options=["place", "compare"])
        canvas = Canvas(mode="click", at=list(at), width=WIDTH, label="the object in the painting")
        canvas.observe(lambda change: self._try(self._look), names="at")
        self.size.observe(lambda change: self._try(self._look), names="value")
        self.mode.observe(lambda change: self._try(self._look), names="value")
        super().__init__([self.size, self.mode], canvas)

    def _placed(self) -> tuple:
        return place_cutout(self._painting, *self._cutout, self.canvas.at, size=self.size.value)

    def _look(self) -> None:
        """The object where it was clicked; or, to compare, the painted picture."""
        if self.mode.value == "compare" and self.image is not None:
            self.canvas.mode = "wipe"
            self.canvas.show(at_most(self.image, KEPT), at_most(self._pasted, KEPT))
            return
        cutout, mask, corner = self._placed()
        self.canvas.mode = "click"
        self.canvas.show(at_most(paste(self._painting, cutout, mask, at=corner)[0], KEPT))

    def _paint(self) -> None:
        cutout, mask, corner = self._placed()
        self._pasted = paste(self._painting, cutout, mask, at=corner)[0]
        self.said.value = "painting …"
        options = {"steps": self._steps, "progress": False}
        self.image = harmonize(self._painting, cutout, mask, at=corner, **options).image
        self.mode.value = "compare"
        self._look()
        self.said.value = "drag the white line; or choose place, and click anew"
