"""The features of a picture for whoever draws them: VGG19 is built once, pictures are checked."""

from functools import lru_cache

import numpy as np

from nstlib.backend import keras, ops
from nstlib.errors import InputError, number
from nstlib.images.arrays import as_image, resize, to_numpy
from nstlib.vgg.network import build_vgg
from nstlib.vgg.table import layer_name, smallest_side

DARK = 0.3  # how bright the gray is in which an unlit part of a photo is seen

_cached_vgg = lru_cache(maxsize=2)(build_vgg)


def features(image, layer: str, weights: str = "imagenet") -> np.ndarray:
    """The activations of one layer, (height, width, channels).

    `image` is a picture (1, height, width, 3), RGB, 0..1; `weights` is as for `build_vgg`. Raises
    InputError for an unknown layer, and for a picture that is too small for it.
    """
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


def check_channel(name: str, channel: int, maps: np.ndarray, layer: str) -> None:
    """InputError unless the layer has such a channel; `name` is the argument's."""
    count = maps.shape[-1]
    number(name, channel, 0, count - 1, whole=True, hint=f"{layer} has {count} channels.")


def position(maps: np.ndarray, at) -> tuple[int, int]:
    """(row, column) of maps (height, width, channels) at a place (x, y), 0..1."""
    height, width, _ = maps.shape
    return min(int(at[1] * height), height - 1), min(int(at[0] * width), width - 1)


def strongest(maps: np.ndarray, at) -> np.ndarray:
    """The channels by how strongly they answer at a place (x, y), 0..1, strongest first."""
    return np.argsort(-maps[position(maps, at)], kind="stable")


def spotlight(image, values, *, full: float | None = None) -> np.ndarray:
    """A picture in colour where a feature map is high, and in dark gray where it is 0.

    (1, height, width, 3), RGB, 0..1, and a map (rows, columns) of any size -> the picture's shape.
    `full` is the activation that is fully lit, by default the map's largest; give one number to
    several pictures to compare them.
    """
    image, values = as_image(image), to_numpy(values).astype("float32")
    full = values.max() if full is None else full
    share = (values / full if full else values).clip(0, 1)
    share = resize(share[None, ..., None], image.shape[1:3])
    dark = DARK * image.mean(axis=-1, keepdims=True)
    return dark + share * (image - dark)
