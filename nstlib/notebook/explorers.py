"""Looking into VGG19: plain functions that draw, and thin widgets over the same drawings."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

import ipywidgets as widgets
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure

from nstlib.backend import keras, ops
from nstlib.errors import InputError, number
from nstlib.images.arrays import as_image
from nstlib.notebook.kit import at_most, panel
from nstlib.stylizers.door import fast_styles, stylizer
from nstlib.vgg.losses import gram_matrix
from nstlib.vgg.network import build_vgg
from nstlib.vgg.table import layer_name, layer_names, smallest_side

MAPS = 8  # channels beside each other


def show_feature_maps(
    image, layer: str, *, first: int = 0, count: int = MAPS, weights: str = "imagenet"
) -> None:
    """Draw where in a picture some channels of a layer answer, and how strongly.

    `image` is a picture (1, height, width, 3), RGB, 0..1; the channels are `first`, `first` + 1, …,
    `count` of them. Each map goes from black (silent) to white (its largest answer, which its title
    names). `weights` is as for `build_vgg`. InputError names an unknown layer or channel.
    """
    maps = _features(image, layer, weights)
    channels = maps.shape[-1]
    number("first", first, 0, channels - 1, whole=True, hint=f"{layer} has {channels} channels.")
    number("count", count, 1, whole=True)
    _draw_maps(plt.figure, maps[..., first : first + count], first)
    plt.show()


def show_gram(images, layer: str, *, channels: int = 64) -> None:
    """Draw the Gram matrix of a picture at a layer: which channels answer at the same places.

    One picture, or a dict from title to picture; then all matrices share one scale of colours,
    which shows square roots, because a few channels are far stronger than the rest. The first
    `channels` channels are drawn (at most as many as there are), and the title names the two
    different ones that answer together most. Gatys et al. 2016, eq. 3, averaged over positions.
    """
    number("channels", channels, 2, whole=True)
    images = _named(images if isinstance(images, Mapping) else {"": images})
    entries = [(title, image, _gram(image, layer)) for title, image in images.items()]
    _draw_grams(plt.figure, entries, channels)
    plt.show()


def layer_explorer(images: Mapping[str, np.ndarray]):
    """A widget over `show_feature_maps`: choose a picture, a layer, and the first channel.

    `images` maps names to pictures, which are shrunk to 320 pixels on the longest side.
    """
    pictures = _shrunk(images)
    features = lru_cache(maxsize=16)(lambda name, layer: _features(pictures[name], layer))
    slider = widgets.IntSlider(step=MAPS, continuous_update=False)

    def draw(picture: str, layer: str, channel: int):
        maps = features(picture, layer)
        slider.max = maps.shape[-1] - MAPS  # which may move it: its value is asked for anew
        return _draw_maps(Figure, maps[..., slider.value :][..., :MAPS], slider.value)

    return panel({"picture": list(pictures), "layer": layer_names(), "channel": slider}, draw)


def gram_explorer(images: Mapping[str, np.ndarray], layers: Sequence[str] = ()):
    """A widget over `show_gram`: two pictures side by side, at a layer, for some channels.

    As `layer_explorer`; `layers` are the choices, by default all of VGG19.
    """
    pictures, layers = _shrunk(images), [layer_name(one) for one in layers or layer_names()]
    gram = lru_cache(maxsize=64)(lambda name, layer: _gram(pictures[name], layer))
    names = list(pictures)

    def draw(left: str, layer: str, right=(names * 2)[1], channels=64):
        entries = [(name, pictures[name], gram(name, layer)) for name in (left, right)]
        return _draw_grams(Figure, entries, channels)

    controls = {"left": names, "right": names, "layer": layers, "channels": (8, 128, 8)}
    return panel(controls, draw)


def style_explorer(images: Mapping[str, np.ndarray], network: str = "light"):
    """A widget over `nst.stylizer`: a photo, two of a network's styles, and the way between them.

    As `layer_explorer`; `network` is a bundled network or a file.
    """
    pictures, styles = _shrunk(images), list(fast_styles(network))

    def draw(photo, style, other=styles[-1], share=0.0, strength=1.0, preserve_color=False):
        mix = {style: 1 - share}
        mix[other] = mix.get(other, 0.0) + share
        return stylizer(mix, network=network)(pictures[photo], strength, preserve_color)

    controls = {"photo": list(pictures), "style": styles, "other": styles, "share": (0.0, 1.0, 0.1)}
    return panel(controls | {"strength": (0.0, 1.0, 0.1), "preserve_color": False}, draw)


# --- What is drawn -------------------------------------------------------------------------------


def _features(image, layer: str, weights: str = "imagenet") -> np.ndarray:
    """The activations of one layer, (height, width, channels)."""
    image, layer = as_image(image), layer_name(layer)
    (height, width), smallest = image.shape[1:3], smallest_side([layer])
    if min(height, width) < smallest:
        raise InputError(
            f"The picture has {width} x {height} pixels, and {layer} needs {smallest} on the "
            "shorter side: take a larger picture, or a shallower layer."
        )
    network = _cached_vgg(weights=weights)
    extractor = keras.Model(network.input, network.get_layer(layer).output)
    return ops.convert_to_numpy(extractor(image))[0]


_cached_vgg = lru_cache(maxsize=2)(build_vgg)


def _gram(image, layer: str) -> np.ndarray:
    return ops.convert_to_numpy(gram_matrix(_features(image, layer)[None]))[0]


def _draw_maps(new_figure: Callable, maps: np.ndarray, first: int):
    """(height, width, count) -> a figure with four maps in a row."""
    height, width, count = maps.shape
    rows, shape = -(-count // 4), np.clip(height / width, 0.2, 2.0)
    figure = new_figure(figsize=(9.0, rows * (2.2 * shape + 0.3)), layout="constrained")
    for index in range(count):
        values = maps[..., index]
        largest = values.max()
        axis = figure.add_subplot(rows, 4, index + 1)
        axis.imshow(values, cmap="gray", vmin=0, vmax=largest or 1, interpolation="nearest")
        strength = f"up to {largest:.0f}" if largest else "silent"
        axis.set_title(f"channel {first + index}, {strength}", fontsize=9)
        axis.axis("off")
    return figure


def _draw_grams(new_figure: Callable, entries: Sequence[tuple], channels: int):
    """(title, picture, Gram matrix) of each picture -> a figure with each pair in a row."""
    figure = new_figure(figsize=(5.6 * len(entries), 3.3), layout="constrained")
    axes = figure.subplots(1, 2 * len(entries), squeeze=False, width_ratios=[2, 3] * len(entries))
    entries = [(title, image, gram[:channels, :channels]) for title, image, gram in entries]
    norm = PowerNorm(0.5, vmin=0, vmax=max(gram.max() for *_, gram in entries) or 1)
    for (seen, matrix), (title, image, gram) in zip(axes.reshape(-1, 2), entries, strict=True):
        seen.imshow(as_image(image)[0])
        seen.set_title(title, fontsize=10)
        seen.axis("off")
        matrix.imshow(gram, cmap="magma", norm=norm, interpolation="nearest")
        i, j = np.unravel_index(np.argmax(np.triu(gram, k=1)), gram.shape)
        matrix.set_title(f"most together: channels {i} and {j}", fontsize=9)
    return figure


# --- What is given -------------------------------------------------------------------------------


def _named(images: Mapping[str, np.ndarray]) -> Mapping[str, np.ndarray]:
    if not isinstance(images, Mapping) or not images:
        raise InputError(f"images is {type(images).__name__}: give a dict from name to picture.")
    return images


def _shrunk(images: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name: at_most(image) for name, image in _named(images).items()}
