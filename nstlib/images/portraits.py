"""Portraits: where the people in a photo are, and a background that is out of focus behind them."""

import warnings

import cv2
import numpy as np

from nstlib.errors import number
from nstlib.files import data_folder, readable
from nstlib.images import filter_parts as parts
from nstlib.images.arrays import as_image, resize
from nstlib.images.filter_parts import as_picture, weighed
from nstlib.images.masks import as_mask, refine_mask

SEEN = 256  # pixels a side: what the network looks at
MARGIN = 0.3  # of their height and width, which is left around people at the second look
SURE = 0.9  # what the network says somewhere of every person whom it really sees
WHITE = 16  # the power of light that leaves white as it is, and next to nothing of a gray wall
TRACE = 1e-4  # the subject's share in the blur, so that there is one where nothing else is near


def person_mask(photo) -> np.ndarray:
    """The people in a photo, all of them together: (1, height, width, 3) -> (1, height, width, 1).

    A network of Google's (its card: data/weights/selfie.md) looks at the whole photo, and once more
    at what it found, nearer, which saves small people and takes back most errors; `refine_mask` and
    a guided filter move the edge to the photo's. A photo without people gives 0 everywhere, and a
    warning. It was made for people within two metres: a cat, a cup or a peak that stands like one
    it takes for a person, small ones in a crowd it may miss. Look at the mask before using it.
    """
    image = as_image(photo)
    network = _network()
    rough = _seen(network, image)
    if rough.max() >= 0.5:
        rows, columns = _around(rough[0, ..., 0] >= 0.5)
        part = image[:, rows, columns]
        rough = _seen(network, part)
    mask = np.zeros_like(image[..., :1])
    if rough.max() < SURE:
        message = "No person was found in this photo: the mask is 0 everywhere. If there is one, "
        warnings.warn(f"{message}give the part around them, or a mask of your own.", stacklevel=2)
        return mask
    mask[:, rows, columns] = _fine(part, rough)
    return mask


def out_of_focus(photo, mask, *, radius=8, glow=4.0) -> np.ndarray:
    """A photo as a wide-open lens sees it that is focused on what the mask covers.

    Photo (1, height, width, 3) and its mask -> (1, height, width, 3). Around, every point of light
    becomes a disc of `radius` pixels. Light is what is added up, not the values of a file (sRGB),
    and what is white there was brighter than white before the camera: up to `glow` times, with 1
    just as bright. Nothing of the subject is in the blur: of each disc only the part that is
    background counts.
    """
    number("radius", radius, 0, 200, whole=True, unit="pixels")
    number("glow", glow, 1, 100)
    image = as_image(photo)
    subject = as_mask(mask, image.shape[1:3])[0]
    light = _light(image[0])
    shining = light * (1 + (glow - 1) * light.min(axis=-1, keepdims=True) ** WHITE)
    behind = np.maximum(1 - 2 * subject, TRACE)  # what is half the subject has its colour
    lens = parts.disc(radius)
    blurred = weighed(shining * behind, lens) / weighed(behind, lens)[..., None]
    return as_picture(_values(light + (1 - subject) * (blurred.clip(0, 1) - light)))


# --- Who is there --------------------------------------------------------------------------------


def _network() -> cv2.dnn.Net:
    path = data_folder() / "weights" / "selfie.tflite"
    hint = "Clone the repository again: it holds it."
    return cv2.dnn.readNetFromTFLite(str(readable(path, "bundled network", hint)))


def _seen(network, image: np.ndarray) -> np.ndarray:
    """The network's mask of a picture, whatever its proportions, at the picture's size."""
    network.setInput(np.ascontiguousarray(resize(image, (SEEN, SEEN)).transpose(0, 3, 1, 2)))
    return resize(network.forward()[0, 0], image.shape[1:3])


def _around(inside: np.ndarray) -> tuple[slice, slice]:
    """The rows and columns of a region and of some margin."""
    spans = []
    for axis in (1, 0):
        places = np.flatnonzero(inside.any(axis=axis))
        margin = round(MARGIN * (np.ptp(places) + 1))
        spans.append(slice(max(0, places[0] - margin), places[-1] + margin + 1))
    return tuple(spans)


def _fine(image: np.ndarray, rough: np.ndarray) -> np.ndarray:
    """The mask with the photo's own edges; steeper than a guided filter leaves it, without halo."""
    radius = max(1, round(max(image.shape) / 128))
    soft = parts.guided(refine_mask(image, rough)[0], image[0], radius, 0.01)
    return (2 * soft - 0.5).clip(0, 1)[None]


# --- Light: what sRGB's values (IEC 61966-2-1) stand for, and back -------------------------------


def _light(values: np.ndarray) -> np.ndarray:
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def _values(light: np.ndarray) -> np.ndarray:
    light = light.clip(0, 1)
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
