"""One small window of a photo: is the picture there an affine map of the photo's colours?"""

from collections.abc import Callable, Mapping

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from nstlib.errors import InputError, choice, number
from nstlib.images.arrays import as_image
from nstlib.notebook.canvas import Canvas
from nstlib.notebook.diagrams import CONTENT, INK, STYLE
from nstlib.notebook.kit import named, panel

CHANNELS = ("red", "green", "blue")


def show_affine_window(
    photo, pictures: Mapping, at: tuple[float, float] = (0.5, 0.5), *, channel: str = "red"
) -> None:
    """Draw the nine pixels of a window, the affine map that fits them best, and what it misses.

    `photo` is (1, height, width, 3), `pictures` maps names to pictures of its shape, `at` is the
    place, (x, y), from 0 (left, top) to 1. Each pixel stands on the floor where its colour in the
    photo says, along the two directions in which the nine colours differ most, and as high as its
    new `channel` is. A bar runs from it to the fitted plane: the squares of the nine bars add up to
    the misfit in the title. (The fit knows all three channels: what the third direction explains is
    taken off the heights.)
    """
    _draw(plt.figure, photo, pictures, at, channel)
    plt.show()


def window_explorer(photo, pictures: Mapping):
    """A panel over `show_affine_window`: click on the photo, and see the window that lies there."""
    canvas = Canvas(mode="click", width=400, label="a photo to click on")
    canvas.show(photo)
    box = panel(
        {"channel": list(CHANNELS)},
        lambda channel="red": _draw(Figure, photo, pictures, canvas.at, channel),
    )
    canvas.observe(lambda change: box.redraw(), names="at")
    box.children = [canvas, *box.children]
    box.canvas = canvas
    return box


def window_at(image, at: tuple[float, float]) -> tuple[slice, slice]:
    """The rows and columns of the 3 x 3 pixels around a place, all of them inside the picture."""
    for name, value in zip("xy", at, strict=True):
        number(f"the place {name}", value, 0, 1)
    sides = image.shape[2:0:-1]
    column, row = (int(np.clip(x * side, 1, side - 2)) for x, side in zip(at, sides, strict=True))
    return slice(row - 1, row + 2), slice(column - 1, column + 2)


def affine_fit(colors: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The affine map of a window's colours that is nearest to the new values.

    Colours (9, 3), values (9,) -> places of the pixels along the colours' principal directions
    (9, 3), the slopes along them (3,), and what the map misses of each value (9,). Least squares.
    """
    centred = colors - colors.mean(axis=0)
    _, sizes, directions = np.linalg.svd(centred, full_matrices=False)
    places = centred @ directions.T
    useful = sizes > 1e-3  # less than rounding to 8 bits can tell
    slopes = np.zeros(3)
    slopes[useful] = (places.T @ values)[useful] / sizes[useful] ** 2
    return places, slopes, values - values.mean() - places @ slopes


# --- What is drawn -------------------------------------------------------------------------------


def _draw(new_figure: Callable, photo, pictures: Mapping, at, channel: str):
    """The photo and its window, and beside them for each picture its window and the fit."""
    photo, index = as_image(photo), CHANNELS.index(choice("channel", channel, CHANNELS))
    pictures = {name: as_image(picture) for name, picture in named(pictures).items()}
    for name, picture in pictures.items():
        if picture.shape != photo.shape:
            raise InputError(f"{name!r} has shape {picture.shape}, the photo {photo.shape}.")
    window = window_at(photo, at)
    columns = len(pictures) + 1
    figure = new_figure(figsize=(2.9 * columns, 4.1))
    grid = figure.add_gridspec(
        2, columns, height_ratios=[1, 2.7], hspace=0.12, wspace=0.06, left=0.01, right=0.98,
        bottom=0.05, top=0.93,
    )  # fmt: skip
    _draw_window(figure.add_subplot(grid[0, 0]), photo[0][window], "nine pixels of the photo")
    _draw_place(figure.add_subplot(grid[1, 0]), photo[0], window)
    colors = photo[0][window].reshape(9, 3).astype("float64")
    news = [
        picture[0][window][..., index].ravel().astype("float64") for picture in pictures.values()
    ]
    half = max(0.02, *(np.ptp(values) for values in news)) * 0.62
    for place, (name, values) in enumerate(zip(pictures, news, strict=True), start=1):
        title = f"the same nine in: {name}"
        _draw_window(figure.add_subplot(grid[0, place]), pictures[name][0][window], title)
        axis = figure.add_subplot(grid[1, place], projection="3d")
        _draw_fit(axis, colors, values, half)
        axis.text2D(0.02, 0.93, f"new {channel}", transform=axis.transAxes, fontsize=8)
    return figure


def _draw_window(axis, pixels: np.ndarray, title: str) -> None:
    axis.imshow(pixels, interpolation="nearest")
    axis.set_title(title, fontsize=9)
    axis.axis("off")


def _draw_place(axis, photo: np.ndarray, window) -> None:
    """The photo with a frame around the window, wide enough to be found."""
    rows, columns = window
    side = max(photo.shape[:2]) / 16
    corner = columns.start + 1 - side / 2, rows.start + 1 - side / 2
    axis.imshow(photo)
    axis.add_patch(Rectangle(corner, side, side, fill=False, ec="white", lw=2.5))
    axis.add_patch(Rectangle(corner, side, side, fill=False, ec=STYLE, lw=1.3))
    axis.set_title("where they are", fontsize=9)
    axis.axis("off")


def _draw_fit(axis, colors: np.ndarray, values: np.ndarray, half: float) -> None:
    """Nine pixels over the floor of their colours, the plane, and a bar from each to it."""
    places, slopes, missed = affine_fit(colors, values)
    first, second = places[:, 0], places[:, 1]
    on_plane = values.mean() + first * slopes[0] + second * slopes[1]
    corners = [np.linspace(x.min(), x.max(), 2) for x in (first, second)]
    across, along = np.meshgrid(*corners)
    plane = values.mean() + across * slopes[0] + along * slopes[1]
    axis.computed_zorder = False  # the pixels in front, whatever is nearer
    axis.plot_surface(across, along, plane, color=CONTENT, alpha=0.28, shade=False, zorder=1)
    for x, y, foot, bar in zip(first, second, on_plane, missed, strict=True):
        axis.plot([x, x], [y, y], [foot, foot + bar], color=STYLE, lw=4, zorder=3)
    options = {"c": colors.clip(0, 1), "edgecolors": INK, "s": 62, "depthshade": False, "zorder": 4}
    axis.scatter(first, second, on_plane + missed, **options)
    axis.set_zlim(values.mean() - half, values.mean() + half)
    axis.set_title(f"misfit {np.square(missed).sum():.4f}", fontsize=10, y=0.98)
    axis.set_xlabel("colour in the photo", fontsize=8, labelpad=-8)
    axis.tick_params(labelsize=7, pad=-3)
    axis.set_box_aspect((1, 1, 0.85), zoom=1.2)
    axis.set_xticklabels([])
    axis.set_yticklabels([])
    axis.view_init(elev=14, azim=-60)
