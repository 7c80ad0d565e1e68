"""A panel of chapter 10: any photo in the style of any painting, bundled ones or the reader's."""

import html

import ipywidgets as widgets
import numpy as np

from nstlib.errors import NstError, choice, number
from nstlib.images.arrays import as_image
from nstlib.notebook.canvas import Canvas
from nstlib.notebook.choice import PictureChoice
from nstlib.notebook.kit import as_jpeg, at_most, in_a_row
from nstlib.stylizers.door import stylizer
from nstlib.stylizers.engine import ANY_STYLE
from nstlib.vgg.statistics import ADAPTED

WIDTH = 520  # pixels of the canvas on the page
SHOWN = 200  # longest side in pixels of the painting beside it
STYLE_SIZES = (192, 256, 384, 512, 640)
ALL = "all depths"


def any_style(
    photo,
    painting,
    engine: str = "adain-light",
    *,
    alpha: float = 1.0,
    depth: str = ALL,
    style_size: int = 384,
) -> np.ndarray:
    """A photo in the style of any painting, with the knobs of `any_style_explorer`.

    Both are pictures (1, height, width, 3), RGB, 0..1, and so is what comes out. `alpha`, 0..1, is
    the strength: the engine "adain" mixes features by it, at one of the layers `ADAPTED` only if
    `depth` names it (the others stay the photo's), "adain-light" mixes the painting with the photo.
    The painting is looked at with a longest side of `style_size` pixels at most.
    """
    paint, options = _painter(engine, at_most(painting, style_size), alpha, depth)
    return paint(as_image(photo), **options)


def _painter(engine: str, painting, alpha: float, depth: str) -> tuple:
    """A stylizer, and what it is called with beside the photo."""
    choice("engine", engine, ANY_STYLE)
    number("alpha", alpha, 0, 1, hint="0 is the photo.")
    choice("depth", depth, (ALL, *ADAPTED))
    if engine == "adain-light":
        return stylizer(engine, painting), {"strength": alpha}
    alphas = {layer: alpha * (depth in (ALL, layer)) for layer in ADAPTED}
    return stylizer(engine, painting, alpha=alpha if depth == ALL else alphas), {}


def any_style_explorer(
    photo: str = "cat", painting: str = "composition_vii", *, size: int = 384
) -> "AnyStylePanel":
    """A panel over `any_style`: a photo, a painting, each bundled or yours, and three knobs.

    `photo` and `painting` are the bundled pictures it begins with, `size` is the longest side of
    the photo in pixels. It paints at each change; the white line wipes the photo over the result.
    """
    number("size", size, 32, 2048, whole=True, unit="pixels")
    return AnyStylePanel(photo, painting, size=size)


class AnyStylePanel(widgets.VBox):
    """What `any_style_explorer` returns. `image` is the last result, or None."""

    def __init__(self, photo: str, painting: str, *, size: int):
        self.image, self._size = None, size
        self.photo, self.painting = (
            PictureChoice("photo", photo),
            PictureChoice("picture", painting),
        )
        self.painting.menu.description = "painting"
        self.engine = widgets.Dropdown(options=list(ANY_STYLE)[::-1], description="network")
        self.alpha = widgets.FloatSlider(
            1, min=0, max=1, step=0.05, description="alpha", continuous_update=False
        )
        self.depth = widgets.Dropdown(options=(ALL, *ADAPTED), description="depth")
        self.style_size = widgets.SelectionSlider(
            options=STYLE_SIZES, value=384, description="seen at", continuous_update=False
        )
        self.style, self.said, self.code = widgets.Image(), widgets.Label(), widgets.HTML()
        self.canvas = Canvas(mode="wipe", width=WIDTH, label="the photo, and over it the result")
        knobs = [self.engine, self.alpha, self.depth, self.style_size]
        for knob in (self.photo.menu, self.painting.menu, *knobs):
            knob.observe(self.redraw, names="value")
        self.redraw()
        shown = widgets.VBox([self.style], layout={"align_items": "center"})
        left = [self.photo, self.painting, *knobs, shown, self.said]
        left = widgets.VBox(left, layout={"width": "430px"})
        super().__init__([in_a_row([left, self.canvas]), self.code])

    def redraw(self, change=None) -> None:
        """Paint with the knobs as they stand, or say why not."""
        self.depth.disabled = self.engine.value == "adain-light"
        self.said.value = "painting …"
        try:
            photo = self.photo.load(self._size)
            painting = self.painting.load(self.style_size.value)
            self.style.value = as_jpeg(at_most(painting, SHOWN))
            self.image = any_style(photo, painting, self.engine.value, **self._knobs())
            self.canvas.show(self.image, photo)
            self.said.value = "drag the white line"
        except NstError as error:
            self.said.value = str(error)
        self.code.value = f"<code>{html.escape(self._call())}</code>"

    def _knobs(self) -> dict:
        knobs = {"alpha": self.alpha.value, "style_size": self.style_size.value}
        return knobs if self.depth.disabled else knobs | {"depth": self.depth.value}

    def _call(self) -> str:
        """The call that does the same, to be copied."""
        photo, painting = self.photo.code(self._size), self.painting.code(self.style_size.value)
        knobs = "".join(f", {name}={value!r}" for name, value in self._knobs().items())
        return f"nst.any_style({photo}, {painting}, {self.engine.value!r}{knobs})"
