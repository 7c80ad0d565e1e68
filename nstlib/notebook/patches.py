"""What one position of a layer sees, and what a channel likes best."""

from functools import lru_cache

import matplotlib.pyplot as plt
import numpy as np

from nstlib.errors import number
from nstlib.images.arrays import as_image
from nstlib.images.bundled import photo, pictures
from nstlib.notebook import features as seen
from nstlib.vgg.table import layer_name, receptive_reach

PATCHES = 8  # beside each other
PHOTO_SIZE = 256  # longest side in pixels of the photos that patches come from
PARTS = 4  # a photo offers one patch from each of 4 x 4 parts
FRAME = 1.0, 0.0  # white, and black inside of it


def receptive_field(image, layer: str, at) -> tuple[int, int, int, int]:
    """(top, left, bottom, right), in pixels of the picture, of what a place of a layer sees.

    The place is (x, y), 0..1; what would lie outside the picture is cut off.
    """
    _, height, width, _ = as_image(image).shape
    layer = layer_name(layer)
    stride = 2 ** (int(layer[5]) - (0 if layer.endswith("pool") else 1))  # "block3_conv1": 4
    reach, edges = receptive_reach(layer), []
    for place, length in ((at[1], height), (at[0], width)):
        start = min(int(place * length), length - 1) // stride * stride
        edges.append((max(0, start - reach), min(length, start + stride + reach)))
    (top, bottom), (left, right) = edges
    return top, left, bottom, right


def framed(image, layer: str, at) -> np.ndarray:
    """The picture with a frame around what a place (x, y) of a layer sees."""
    image = as_image(image).copy()
    top, left, bottom, right = receptive_field(image, layer, at)
    for inset, shade in enumerate(FRAME):
        part = image[0, top + inset : bottom - inset, left + inset : right - inset]
        part[:1] = part[-1:] = part[:, :1] = part[:, -1:] = shade
    return image


def best_patches(
    layer: str, channel: int, count: int = PATCHES, *, size: int = PHOTO_SIZE
) -> list[np.ndarray]:
    """The patches of the bundled photos that excite a channel of a layer most, strongest first.

    Each is what its position sees, as far as the photo reaches: (1, height, width, 3), RGB, 0..1.
    A photo, with `size` pixels on its longest side, gives at most one patch from each sixteenth of
    its area. Zeiler & Fergus 2014, figure 2.
    """
    layer = layer_name(layer)
    answers = _answers(layer, size)
    seen.check_channel("channel", channel, next(iter(answers.values()))[0], layer)
    found = [
        (value, name, place)
        for name, (values, places) in answers.items()
        for value, place in zip(values[:, channel], places[:, channel], strict=True)
    ]
    patches = []
    for _, name, place in sorted(found, key=lambda one: -one[0])[:count]:
        picture = photo(name, size)
        top, left, bottom, right = receptive_field(picture, layer, place)
        patches.append(picture[:, top:bottom, left:right])
    return patches


def show_patches(layer: str, channel: int, *, count: int = PATCHES, size: int = PHOTO_SIZE) -> None:
    """Draw `best_patches`."""
    number("count", count, 1, whole=True)
    patches = best_patches(layer, channel, count, size=size)
    rows = -(-count // PATCHES)
    figure = plt.figure(figsize=(9.0, 1.3 * rows + 0.3), layout="constrained")
    figure.suptitle(f"{layer_name(layer)}, channel {channel}: what excites it most", fontsize=10)
    draw_patches(figure, patches, rows)
    plt.show()


def draw_patches(figure, patches: list[np.ndarray], rows: int) -> None:
    """Patches in so many rows."""
    for index, patch in enumerate(patches):
        axis = figure.add_subplot(rows, PATCHES, index + 1)
        axis.imshow(patch[0], interpolation="nearest")
        axis.axis("off")


@lru_cache(maxsize=16)
def _answers(layer: str, size: int) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """name of a photo -> (values, places): the largest answer of every channel in each part of it,
    (parts, channels), and where, (parts, channels, 2), as (x, y) in 0..1."""
    found = {}
    for entry in pictures("photo"):
        maps = seen.features(photo(entry.name, size), layer)
        height, width, channels = maps.shape
        values, places = [], []
        for rows in np.array_split(np.arange(height), min(PARTS, height)):
            for columns in np.array_split(np.arange(width), min(PARTS, width)):
                part = maps[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
                flat = part.reshape(-1, channels)
                row, column = np.divmod(flat.argmax(axis=0), len(columns))
                values.append(flat.max(axis=0))
                x, y = (columns[0] + column + 0.5) / width, (rows[0] + row + 0.5) / height
                places.append(np.stack([x, y], axis=-1))
        found[entry.name] = np.stack(values), np.stack(places)
    return found
