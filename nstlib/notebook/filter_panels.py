"""Panels over the filters: any of them with its numbers, and a kernel whose numbers one types."""

from collections.abc import Mapping
from functools import wraps

import cv2
import ipywidgets as widgets
import numpy as np

from nstlib.errors import InputError
from nstlib.images.arrays import as_image
from nstlib.images.filter_parts import MIRROR
from nstlib.images.filters import FILTERS
from nstlib.notebook.kit import in_a_row, panel, shrunk

# How far each slider goes: from, to, step. What a menu offers is a list.
CONTROLS = {
    "kuwahara": {"radius": (1, 12, 1), "regions": ["sectors", "squares"]},
    "oil": {"radius": (1, 12, 1), "levels": (2, 40, 1)},
    "cartoon": {"tolerance": (0.05, 0.5, 0.01), "levels": (2, 12, 1), "lines": (0.0, 3.0, 0.5)},
    "pencil": {"width": (0.5, 10.0, 0.5), "shading": (0.0, 1.0, 0.1), "length": (1, 40, 1)},
    "halftone": {"cell": (3.0, 16.0, 0.5), "angle": (0.0, 90.0, 5.0), "inks": ["black", "cmy"]},
    "posterise": {"levels": (2, 12, 1)},
    "edges": {"method": ["sobel", "scharr", "canny"], "blur": (0.0, 4.0, 0.5)},
    "contour": {"levels": (1, 16, 1), "blur": (0.0, 6.0, 0.5)},
    "emboss": {"light": (-180.0, 180.0, 15.0), "depth": (1.0, 10.0, 0.5)},
    "ripple": {"amplitude": (0.0, 20.0, 1.0), "wavelength": (10.0, 120.0, 5.0)},
    "bulge": {"strength": (-0.8, 3.0, 0.1)},
    "swirl": {"angle": (-720.0, 720.0, 30.0)},
}
KERNELS = {
    "nothing": [[0, 0, 0], [0, 1, 0], [0, 0, 0]],
    "blur": [[1, 1, 1], [1, 1, 1], [1, 1, 1]],
    "sharpen": [[0, -1, 0], [-1, 5, -1], [0, -1, 0]],
    "edges": [[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]],
    "relief": [[0, 1, 2], [-1, 0, 1], [-2, -1, 0]],
}


def apply_kernel(image, kernel) -> np.ndarray:
    """A picture whose pixels are weighted sums of their neighbours, each colour by itself.

    (1, height, width, 3), RGB, 0..1 -> the same. `kernel` is a table of numbers, odd in both sides.
    It is divided by its sum; one whose sum is 0 has 0.5 added, so that no change is gray.
    """
    image, kernel = as_image(image), np.asarray(kernel, "float32")
    if kernel.ndim != 2 or not all(side % 2 for side in kernel.shape):
        raise InputError(f"The kernel's shape is {kernel.shape}: give rows and columns, odd both.")
    total = float(kernel.sum())
    flat = abs(total) < 1e-6
    found = cv2.filter2D(image[0], -1, kernel / (1 if flat else total), borderType=MIRROR)
    return (found + 0.5 * flat).clip(0, 1)[None]


def kernel_explorer(images: Mapping[str, np.ndarray]):
    """A panel over `nst.apply_kernel`: nine numbers to type, or a kernel with a name to begin with.

    `images` maps names to pictures, which are shrunk to 320 pixels on the longest side.
    """
    images = shrunk(images)
    cells = [
        widgets.FloatText(value, description=" ", layout={"width": "4.5em"}, step=1)
        for value in np.ravel(KERNELS["relief"])
    ]
    for cell in cells:
        cell.style.description_width = "0"
    menu = widgets.Dropdown(options=list(KERNELS), value="relief", description="begin with")

    def draw(picture: str, **numbers):
        kernel = np.reshape([numbers[f"n{place}"] for place in range(9)], (3, 3))
        return apply_kernel(images[picture], kernel)

    controls = {"picture": list(images)} | {f"n{place}": cell for place, cell in enumerate(cells)}
    box = panel(controls, draw)
    picture, shown = box.children[0].children[0], box.children[1]
    grid = widgets.GridBox(cells, layout={"grid_template_columns": "repeat(3, 5em)"})

    def begin(change) -> None:
        for cell, value in zip(cells, np.ravel(KERNELS[change["new"]]), strict=True):
            cell.value = value

    menu.observe(begin, names="value")
    box.children = [in_a_row([widgets.VBox([picture, menu, grid]), shown])]
    box.cells, box.menu, box.shown = cells, menu, shown
    return box


def filter_explorer(images: Mapping[str, np.ndarray]):
    """A panel over `nst.FILTERS`: a picture, a filter, and that filter's numbers.

    As `kernel_explorer`. Each control begins at the filter's own default.
    """
    images = shrunk(images)
    pictures = widgets.Dropdown(options=list(images), description="picture")
    names = widgets.Dropdown(options=list(CONTROLS), description="filter")
    below = widgets.VBox()

    def choose(change=None) -> None:
        chosen = FILTERS[names.value]

        @wraps(chosen)  # so that the panel finds the defaults
        def draw(**settings):
            return chosen(images[pictures.value], **settings)

        below.children = [panel(CONTROLS[names.value], draw)]

    pictures.observe(lambda change: below.children[0].redraw(), names="value")
    names.observe(choose, names="value")
    choose()
    return widgets.VBox([in_a_row([pictures, names]), below])
