"""One canvas for what wants the mouse: look, click, paint, wipe. canvas.js is its other half."""

from pathlib import Path

import anywidget
import traitlets

from nstlib.notebook.kit import as_jpeg

MODES = ("look", "click", "paint", "wipe")


class Canvas(anywidget.AnyWidget):
    """A picture on the page, in JupyterLab and in Colab.

    `picture` and `before` are JPEG files as bytes (`show` makes them of pictures). `mode` is one of
    "look"; "click", which sets `at`, (x, y); "paint", which sets `stroke`, a list of (x, y), when
    the mouse lets go, drawn with a brush of `radius`; "wipe", which lays `before` over the picture,
    left of `split`. Places go from 0 (left, top) to 1, the radius is a share of the longest side,
    `width` is in pixels of the page, and `label` tells those who cannot see it what there is.
    """

    _esm = Path(__file__).with_name("canvas.js")
    picture = traitlets.Bytes().tag(sync=True)
    before = traitlets.Bytes().tag(sync=True)
    mode = traitlets.Enum(MODES, "look").tag(sync=True)
    at = traitlets.List([0.5, 0.5]).tag(sync=True)
    stroke = traitlets.List().tag(sync=True)
    radius = traitlets.Float(0.08).tag(sync=True)
    split = traitlets.Float(0.5).tag(sync=True)
    width = traitlets.Int(480).tag(sync=True)
    label = traitlets.Unicode("a picture").tag(sync=True)

    def show(self, picture, before=None) -> None:
        """Show a picture (1, height, width, 3), RGB, 0..1, and perhaps one to wipe over it."""
        self.picture = as_jpeg(picture)
        self.before = b"" if before is None else as_jpeg(before)

    def __repr__(self) -> str:
        """What a page without widgets shows."""
        return f"Canvas({self.label!r})"
