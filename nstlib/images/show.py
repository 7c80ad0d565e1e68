"""Pictures side by side on the screen."""

import warnings
from collections.abc import Mapping, Sequence

import numpy as np

from nstlib.errors import InputError, number
from nstlib.images.arrays import as_image, to_numpy
from nstlib.images.fonts import MISSING, families


def show(
    images,
    titles: str | Sequence[str] | None = None,
    *,
    columns: int | None = None,
    height: float = 3.0,
) -> None:
    """Draw pictures side by side: one picture, a list, or a dict from title to picture.

    Pictures as `as_image` takes them, or maps of one channel with any range of values, drawn from
    black (smallest) to white. `columns` starts a new row after as many; `height` is that of a row,
    in inches: pictures in a row are equally high, whatever their shapes. Chinese titles take a font
    that has them, and a warning says so if none is installed.
    """
    import matplotlib.pyplot as plt

    if isinstance(images, Mapping):
        titles, images = list(images), list(images.values())
    images = images if isinstance(images, list | tuple) else [images]
    pictures = [_drawable(image) for image in images]
    titles = [titles] if isinstance(titles, str) else list(titles or [""] * len(pictures))
    if len(titles) != len(pictures) or not pictures:
        count = f"There are {len(pictures)} pictures and {len(titles)} titles"
        raise InputError(f"{count}: give one for each.")
    columns = len(pictures) if columns is None else columns
    columns = min(number("columns", columns, 1, whole=True), len(pictures))
    rows = -(-len(pictures) // columns)
    widths = [_width(pictures[column::columns]) for column in range(columns)]
    inches = height * sum(widths), rows * (height + 0.3 * any(titles))
    grid = {"squeeze": False, "layout": "constrained", "width_ratios": widths}
    font = {"fontfamily": families(titles), "fontsize": 10}
    _, axes = plt.subplots(rows, columns, figsize=inches, **grid)
    for axis in axes.flat:
        axis.axis("off")
    for axis, picture, title in zip(axes.flat, pictures, titles, strict=False):  # spare axes: empty
        axis.imshow(picture, **_drawing(picture))
        axis.set_title(title, **font)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", MISSING)  # `families` has said it, once
        plt.show()


def _width(pictures: Sequence[np.ndarray]) -> float:
    """That of a column of pictures, beside a height of 1."""
    return min(3.0, max(picture.shape[1] / picture.shape[0] for picture in pictures))


def _drawable(image) -> np.ndarray:
    """(height, width, 3) colour, or (height, width) for a map of one channel."""
    array = to_numpy(image)
    array = array[0] if array.ndim == 4 and len(array) == 1 else array
    array = array[..., 0] if array.ndim == 3 and array.shape[-1] == 1 else array
    return array if array.ndim == 2 and array.size else as_image(array)[0]


def _drawing(picture: np.ndarray) -> dict:
    """How Matplotlib draws it: tiny ones pixel by pixel, a constant map by its value in 0..1."""
    tiny = max(picture.shape[:2]) <= 64
    limits = {"vmin": 0, "vmax": 1} if picture.min() == picture.max() else {}
    return {"cmap": "gray", "interpolation": "nearest" if tiny else "antialiased", **limits}
