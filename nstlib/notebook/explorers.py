"""Looking into VGG19 and into networks of many styles: plain functions, and panels over them."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

import ipywidgets as widgets
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from nstlib.errors import number
from nstlib.notebook import features as seen
from nstlib.notebook.canvas import Canvas
from nstlib.notebook.kit import as_jpeg, panel, shrunk
from nstlib.notebook.patches import best_patches, draw_patches, framed
from nstlib.stylizers.door import fast_styles, stylizer
from nstlib.vgg.table import layer_names

MAPS = 8  # channels beside each other
COLUMNS = 4  # of the maps


def show_feature_maps(
    image, layer: str, *, first: int = 0, count: int = MAPS, weights: str = "imagenet"
) -> None:
    """Draw where in a picture some channels of a layer answer, and how strongly.

    `image` is a picture (1, height, width, 3), RGB, 0..1; the channels are `first`, `first` + 1, …,
    `count` of them. Each map goes from black (silent) to white (its largest answer, which its title
    names). `weights` is as for `build_vgg`. InputError names an unknown layer or channel.
    """
    maps = seen.features(image, layer, weights)
    seen.check_channel("first", first, maps, layer)
    number("count", count, 1, whole=True)
    _draw_maps(plt.figure, maps, range(first, min(first + count, maps.shape[-1])))
    plt.show()


def show_place(image, layer: str, x: float, y: float, *, count: int = MAPS) -> None:
    """Draw which channels of a layer answer most strongly at one place, each with its map.

    `x` and `y` go from 0 (left, top) to 1; a ring marks the place. What the place sees of the
    picture is `nst.framed`.
    """
    for name, value in {"x": x, "y": y}.items():
        number(name, value, 0, 1)
    number("count", count, 1, whole=True)
    maps = seen.features(image, layer)
    _draw_maps(plt.figure, maps, seen.strongest(maps, (x, y))[:count], at=(x, y))
    plt.show()


def layer_explorer(images: Mapping[str, np.ndarray]):
    """A panel over `show_feature_maps`, `show_place` and `show_patches`: click on the picture.

    `images` maps names to pictures, which are shrunk to 320 pixels on the longest side. The frame
    is what the place sees at that layer; the maps are those of the channels that answer most
    strongly there, or of all *in order*, from `channel` on. *patches* adds what excites the first
    of them most in the bundled photos.
    """
    images = shrunk(images)
    maps_of = lru_cache(maxsize=16)(lambda name, layer: seen.features(images[name], layer))
    canvas = Canvas(mode="click", width=400, label="a photo to click on")
    slider = widgets.IntSlider(step=MAPS, continuous_update=False)

    def draw(picture: str, layer: str, channel: int, channels="in order", patches=False):
        maps = maps_of(picture, layer)
        slider.max = maps.shape[-1] - MAPS  # which may move it: its value is asked for anew
        canvas.picture = as_jpeg(framed(images[picture], layer, canvas.at))
        shown = range(slider.value, slider.value + MAPS)
        if channels != "in order":
            shown = seen.strongest(maps, canvas.at)[:MAPS]
        best = best_patches(layer, int(shown[0])) if patches else ()
        return _draw_maps(Figure, maps, shown, at=canvas.at, patches=best)

    orders = ["in order", "strongest here"]
    controls = {"picture": list(images), "layer": layer_names(), "channels": orders}
    box = panel(controls | {"channel": slider, "patches": False}, draw)
    canvas.observe(lambda change: box.redraw(), names="at")
    box.children = [box.children[0], canvas, *box.children[1:]]
    box.canvas = canvas
    return box


def style_explorer(images: Mapping[str, np.ndarray], network: str = "light"):
    """A widget over `nst.stylizer`: a photo, two of a network's styles, and the way between them.

    `images` maps names to photos, which are shrunk to 480 pixels on the longest side; `network` is
    a bundled network or a file.
    """
    pictures, styles = shrunk(images, 480), list(fast_styles(network))

    def draw(photo, style, other=styles[-1], share=0.0, strength=1.0, preserve_color=False):
        mix = {style: 1 - share}
        mix[other] = mix.get(other, 0.0) + share
        return stylizer(mix, network=network)(pictures[photo], strength, preserve_color)

    controls = {"photo": list(pictures), "style": styles, "other": styles, "share": (0.0, 1.0, 0.1)}
    return panel(controls | {"strength": (0.0, 1.0, 0.1), "preserve_color": False}, draw)


# --- What is drawn -------------------------------------------------------------------------------


def _draw_maps(
    new_figure: Callable, maps: np.ndarray, channels: Sequence[int], at=None, patches=()
):
    """Channels of (height, width, channels) -> a figure with four maps in a row, a ring at a place
    (x, y), and a row of patches below."""
    (height, width, _), count = maps.shape, len(channels)
    rows, shape = -(-count // COLUMNS), np.clip(height / width, 0.2, 2.0)
    figure = new_figure(
        figsize=(9.0, rows * (2.2 * shape + 0.3) + 1.2 * bool(patches)), layout="constrained"
    )
    above, below = (
        figure.subfigures(2, 1, height_ratios=[rows * (2.2 * shape + 0.3), 1.2])
        if patches
        else (figure, None)
    )
    for index, channel in enumerate(channels):
        values = maps[..., channel]
        largest = values.max()
        axis = above.add_subplot(rows, COLUMNS, index + 1)
        axis.imshow(values, cmap="gray", vmin=0, vmax=largest or 1, interpolation="nearest")
        strength = f"up to {largest:.0f}" if largest else "silent"
        axis.set_title(f"channel {channel}, {strength}", fontsize=9)
        axis.axis("off")
        if at is not None:
            row, column = seen.position(maps, at)
            axis.plot(column, row, "o", color="none", markeredgecolor="tab:orange", markersize=9)
    if patches:
        below.suptitle(f"what excites channel {channels[0]} most", fontsize=9)
        draw_patches(below, patches, 1)
    return figure
