"""Looking into Gram matrices: plain functions that draw, and a panel to click in."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure

from nstlib.backend import ops
from nstlib.errors import number
from nstlib.images.arrays import as_image
from nstlib.notebook import features as seen
from nstlib.notebook.canvas import Canvas
from nstlib.notebook.kit import as_jpeg, named, panel, shrunk
from nstlib.vgg.losses import gram_matrix
from nstlib.vgg.table import layer_name, layer_names


def show_gram(images, layer: str, *, channels: int = 64) -> None:
    """Draw the Gram matrix of a picture at a layer: which channels answer at the same places.

    One picture, or a dict from title to picture; then all matrices share one scale of colours,
    which shows square roots, because a few channels are far stronger than the rest. The first
    `channels` channels are drawn (at most as many as there are), and the title names the two
    different ones that answer together most. Gatys et al. 2016, eq. 3, averaged over positions.
    """
    number("channels", channels, 2, whole=True)
    images = named(images if isinstance(images, Mapping) else {"": images})
    entries = [(title, image, gram(seen.features(image, layer))) for title, image in images.items()]
    _draw_grams(plt.figure, entries, channels)
    plt.show()


def show_gram_entry(image, layer: str, c: int, d: int) -> None:
    """Draw what one entry of the Gram matrix is made of: the maps of the channels c and d, their
    product, place by place, and its mean, which is the entry."""
    maps = seen.features(image, layer)
    for name, channel in {"c": c, "d": d}.items():
        seen.check_channel(name, channel, maps, layer)
    _draw_entry(plt.figure, image, maps, (c, d))
    plt.show()


def gram_explorer(images: Mapping[str, np.ndarray], layers: Sequence[str] = ()):
    """A panel over `show_gram_entry`: click on the Gram matrix of a picture at a layer.

    `images` maps names to pictures, which are shrunk to 320 pixels on the longest side; `layers`
    are the choices, by default all of VGG19; `channels` is how many of them are shown.
    """
    images, layers = shrunk(images), [layer_name(one) for one in layers or layer_names()]
    maps_of = lru_cache(maxsize=16)(lambda name, layer: seen.features(images[name], layer))
    canvas = Canvas(mode="click", width=320, at=[0.1, 0.2], label="a Gram matrix to click on")

    def draw(picture: str, layer: str, channels=64):
        maps = maps_of(picture, layer)
        matrix = gram(maps)[:channels, :channels]
        canvas.picture = as_jpeg(_as_picture(matrix))
        entry = seen.position(matrix[..., None], canvas.at)
        return _draw_entry(Figure, images[picture], maps, entry)

    controls = {"picture": list(images), "layer": layers, "channels": (8, 128, 8)}
    box = panel(controls, draw)
    canvas.observe(lambda change: box.redraw(), names="at")
    box.children = [box.children[0], canvas, *box.children[1:]]
    box.canvas = canvas
    return box


def gram(maps: np.ndarray) -> np.ndarray:
    """(height, width, channels) -> (channels, channels)."""
    return ops.convert_to_numpy(gram_matrix(maps[None]))[0]


def _as_picture(matrix: np.ndarray, side: int = 512) -> np.ndarray:
    """A matrix in the colours of the figures, each entry a square of pixels."""
    shades = np.sqrt(np.clip(matrix, 0, None) / (matrix.max() or 1))
    colors = matplotlib.colormaps["magma"](shades)[None, ..., :3].astype("float32")
    times = max(1, side // len(matrix))
    return colors.repeat(times, axis=1).repeat(times, axis=2)


def _draw_entry(new_figure: Callable, image, maps: np.ndarray, entry: tuple[int, int]):
    """The picture, two maps, their product: a figure in a row.

    White is each map's largest activation, and in the product both of them at one place: two
    channels that never meet give a dark one.
    """
    c, d = entry
    one, other = maps[..., c], maps[..., d]
    product, white = one * other, [1, one.max(), other.max(), one.max() * other.max()]
    drawn = {"the picture": as_image(image)[0], f"map of channel c = {c}": one}
    drawn |= {f"map of channel d = {d}": other, f"product, mean {product.mean():,.0f}": product}
    height, width = drawn["the picture"].shape[:2]
    figure = new_figure(figsize=(11.0, 11.0 / 4 * height / width + 0.4), layout="constrained")
    for axis, title, most in zip(figure.subplots(1, 4), drawn, white, strict=True):
        axis.imshow(drawn[title], cmap="gray", vmin=0, vmax=most or 1, interpolation="nearest")
        axis.set_title(title, fontsize=10)
        axis.axis("off")
    return figure


def _draw_grams(new_figure: Callable, entries: Sequence[tuple], channels: int):
    """(title, picture, Gram matrix) of each picture -> a figure with each pair in a row."""
    figure = new_figure(figsize=(5.6 * len(entries), 3.3), layout="constrained")
    axes = figure.subplots(1, 2 * len(entries), squeeze=False, width_ratios=[2, 3] * len(entries))
    entries = [(title, image, matrix[:channels, :channels]) for title, image, matrix in entries]
    norm = PowerNorm(0.5, vmin=0, vmax=max(matrix.max() for *_, matrix in entries) or 1)
    for (left, right), (title, image, matrix) in zip(axes.reshape(-1, 2), entries, strict=True):
        left.imshow(as_image(image)[0])
        left.set_title(title, fontsize=10)
        left.axis("off")
        right.imshow(matrix, cmap="magma", norm=norm, interpolation="nearest")
        i, j = np.unravel_index(np.argmax(np.triu(matrix, k=1)), matrix.shape)
        right.set_title(f"most together: channels {i} and {j}", fontsize=9)
        right.set(xlabel="channel d", ylabel="channel c")
    return figure
