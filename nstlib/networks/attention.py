"""Attention: each place of a photo takes mean and spread from the places of a painting like it.

AdaAttN (Liu et al. 2021) without its learnt projections, in front of the decoder of AdaIN, so that
nothing is trained. We depart from the paper in that who looks where is decided once, at the deepest
level: a place there, a cell of 8 x 8 pixels, brings the statistics of all levels with it. In the
paper each level decides for itself, with many times the places.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np

from nstlib.backend import ops
from nstlib.errors import InputError, number
from nstlib.images.arrays import SMALLEST, as_image, refuse_too_small, resize
from nstlib.images.color import match_color
from nstlib.networks import conditions
from nstlib.networks.adain import adain_halves
from nstlib.networks.blocks import normalized
from nstlib.networks.files import load_network

CELL = 8  # pixels a side of a place
SIDES = (4, 2, 1)  # of a place, in values, at each level of ADAPTED
TEMPERATURE = 0.05  # where the differences of likeness, from -1 to 1, begin to tell
CHUNK = 2048  # places of the photo that look at the painting at a time
EPSILON = 1e-5  # joins the variance under the root, as in AdaIN


def attention(queries, keys, temperature: float = TEMPERATURE):
    """How much each query looks at each key: shares that are larger the more alike they are.

    (queries, channels), (keys, channels) -> (queries, keys), each row adding up to 1: the softmax
    of the cosines between them, divided by `temperature`. Near 0 all of a row is on its likest key,
    at infinity it is even. Liu et al. 2021, section 3.2, with cosines in place of learnt products.
    """
    hint = "A small one looks at the likest place only, a large one at all alike."
    number("temperature", temperature, 0, above=True, hint=hint)
    return ops.softmax(_unit(queries) @ ops.transpose(_unit(keys)) / temperature)


def attended(queries, keys, values, temperature: float = TEMPERATURE, *, chunk: int = CHUNK):
    """The mean and the spread of the keys' values, each query's own by what it looks at.

    values (keys, numbers, 2 * channels): means in cells, then means of squares ->
    two of (queries, channels), mean and standard deviation. Liu et al. 2021, section 3.2.
    So many queries look at a `chunk`, which bounds the memory and changes nothing else.
    """
    number("chunk", chunk, 1, whole=True, hint="It is how many places look at a time.")
    parts = [queries[first : first + chunk] for first in range(0, len(queries), chunk)]
    found = ops.concatenate([attention(part, keys, temperature) @ values for part in parts])
    mean, square = ops.split(found, 2, axis=-1)
    return mean, ops.sqrt(ops.maximum(square - ops.square(mean), 0) + EPSILON)


def attend(
    photo,
    style,
    temperature: float = TEMPERATURE,
    *,
    style_size: int = conditions.STYLE_SIZE,
    chunk: int = CHUNK,
) -> np.ndarray:
    """The photo, painted by the network adain, with the statistics that each place looks up.

    photo (1, height, width, 3), RGB, 0..1, 32 pixels a side or more -> a picture of its size.
    `style` is a painting: a bundled name, a file, read at `style_size` pixels, or a picture. A
    large `temperature` paints as `nst.stylizer("adain", style)` does, a small one takes every place
    from its likest. Raises InputError for a photo or a painting that is too small.
    """
    photo, painting = _ready(photo, style, style_size)
    photo = match_color(photo, painting)
    seen, models = _see(photo), _see(painting)
    queries, keys = _places(seen, models)
    maps = []
    for x, model, side in zip(seen, models, SIDES, strict=True):
        statistics = attended(queries, keys, _in_cells(model, side), temperature, chunk=chunk)
        mean, spread = (_spread_out(one, seen[-1].shape, side, x.shape) for one in statistics)
        maps.append(normalized(x, EPSILON) * spread + mean)
    return ops.convert_to_numpy(_halves()[1]([ops.convert_to_tensor(photo), *maps]))


def who_looks_where(
    photo,
    style,
    places: Sequence[tuple[float, float]],
    temperature: float = TEMPERATURE,
    *,
    style_size: int = conditions.STYLE_SIZE,
) -> np.ndarray:
    """What places of the photo look at in the painting, in `attend`: maps that each add up to 1.

    Arguments as there; `places` are (x, y), from 0, left and top, to 1. -> (places, rows, columns),
    a number for each 8 x 8 pixels of the painting.
    """
    photo, painting = _ready(photo, style, style_size)
    for place in np.ravel(places).tolist():
        number("A place's x or y", place, 0, 1, hint="0 is left or top.")
    seen, models = _see(match_color(photo, painting)), _see(painting)
    queries, keys = _places(seen, models)
    (_, rows, columns, _), across = seen[-1].shape, np.reshape(places, (-1, 2))
    row = np.minimum(across[:, 1] * photo.shape[1] // CELL, rows - 1)
    column = np.minimum(across[:, 0] * photo.shape[2] // CELL, columns - 1)
    asked = ops.take(queries, (row * columns + column).astype(int), axis=0)
    shares = ops.convert_to_numpy(attention(asked, keys, temperature))
    return shares.reshape(-1, *models[-1].shape[1:3])


# --- Parts ----------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def _halves() -> tuple:
    return adain_halves(load_network("adain").network)


def _see(picture) -> list:
    return _halves()[0](picture)


def _ready(photo, style, style_size: int) -> tuple[np.ndarray, np.ndarray]:
    """Photo and painting, checked; the painting of whole cells, so that none weighs more."""
    if isinstance(style, Mapping):
        raise InputError("style is several paintings: attention looks at one; name one.")
    photo, (painting,) = as_image(photo), conditions.looked_at(style, style_size)[1]
    refuse_too_small("The photo", photo.shape[1:3], SMALLEST, needs="attention needs")
    conditions.check_painting(painting)
    sides = (max(SMALLEST, CELL * round(side / CELL)) for side in painting.shape[1:3])
    return photo, resize(painting, tuple(sides))


def _places(seen: list, models: list) -> tuple:
    """Queries and keys: what is seen at the deepest level, against each picture's own average."""
    return tuple(_rows(normalized(levels[-1], EPSILON)) for levels in (seen, models))


def _in_cells(features, size: int):
    """Means of features and of their squares in cells of `size` values: (cells, 2 * channels)."""
    both = ops.concatenate([features, ops.square(features)], axis=-1)
    return _rows(ops.average_pool(both, size) if size > 1 else both)


def _spread_out(values, cells, size: int, shape):
    """Numbers of cells as a map of a level's shape, from cell to cell without a step."""
    x = ops.reshape(values, (1, *cells[1:3], -1))
    if size > 1:
        x = ops.image.resize(x, (size * cells[1], size * cells[2]), interpolation="bilinear")
    return x[:, : shape[1], : shape[2]]


def _rows(features):
    return ops.reshape(features, (-1, features.shape[-1]))


def _unit(vectors):
    return vectors / ops.maximum(ops.norm(vectors, axis=-1, keepdims=True), 1e-6)
