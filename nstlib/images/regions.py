"""A picture as a map of flat fields: neighbours that are nearly alike are merged, and no others."""

import numpy as np
from scipy.sparse import coo_array

from nstlib.errors import number
from nstlib.images.arrays import as_image


def flat_regions(image, *, calm: float = 0.04) -> np.ndarray:
    """The fields of a picture, a number each: (1, height, width, 3) -> (height, width) of integers.

    To fill them with their mean colours makes an error, its square summed over pixels and channels;
    but every step of border, one pixel long, costs `calm`. From single pixels on, two fields merge
    where that is cheaper (Mumford & Shah 1989; merging as in Koepfler, Lopez & Morel 1994). So fine
    things stay if they stand out: a square of s pixels that differs by c, in RGB, is a field of its
    own while s c² / 4 is above `calm`. Of a picture twice as large, the same fields take twice the
    `calm`. Departure: many pairs merge at a time, as coins fall that are the same in every run.
    """
    number("calm", calm, 0, above=True)
    pixels = as_image(image)[0]
    labels = np.arange(pixels[..., 0].size)
    size, total = np.ones(labels.size), pixels.reshape(-1, 3).astype(np.float64)
    pairs, coins = _neighbours(labels.reshape(pixels.shape[:2])), np.random.default_rng(0)
    length = np.ones(pairs.shape[1])
    while True:
        cost = _error_of_merging(pairs, size, total / size[:, None]) / length
        cheap = cost < calm
        if not cheap.any():
            return labels.reshape(pixels.shape[:2])
        new = _merged(pairs[:, cheap], cost[cheap], coins.random(size.size) < 0.5)
        labels, size = new[labels], np.bincount(new, size)
        total = np.stack([np.bincount(new, channel) for channel in total.T], axis=1)
        pairs, length = _borders(new[pairs], length, size.size)


def fill_regions(image, regions: np.ndarray) -> np.ndarray:
    """The picture with the mean colour of its field at every pixel, (1, height, width, 3)."""
    pixels, places = as_image(image)[0].reshape(-1, 3), regions.ravel()
    sums = np.stack([np.bincount(places, channel) for channel in pixels.T], axis=1)
    return as_image((sums / np.bincount(places)[:, None])[regions])


# --- Fields and their borders: pairs are (2, borders), what is next to what ----------------------


def _neighbours(places: np.ndarray) -> np.ndarray:
    beside, below = (places[:, :-1], places[:, 1:]), (places[:-1], places[1:])
    return np.concatenate([np.reshape(pair, (2, -1)) for pair in (beside, below)], axis=1)


def _error_of_merging(pairs: np.ndarray, size: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """By how much the squared error grows when a pair gets one colour."""
    one, two = pairs
    apart = np.square(mean[one] - mean[two]).sum(axis=-1)
    return apart * size[one] * size[two] / (size[one] + size[two])


def _merged(pairs: np.ndarray, cost: np.ndarray, stays: np.ndarray) -> np.ndarray:
    """The new number of every field, when each joins its cheapest neighbour: if that one stays.

    Without the coins, chains of fields would become one, whose ends have nothing in common.
    """
    count = stays.size
    least, best = np.full(count, np.inf), np.arange(count)
    for here in pairs:
        np.minimum.at(least, here, cost)
    for here, there in (pairs, pairs[::-1]):
        cheapest = cost == least[here]
        best[here[cheapest]] = there[cheapest]
    goes = stays[best] & ~stays
    return (np.cumsum(~goes) - 1)[np.where(goes, best, np.arange(count))]


def _borders(pairs: np.ndarray, length: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Each pair once, with the length of all its borders; what lies within a field is none."""
    one, two = np.sort(pairs, axis=0)[:, (between := pairs[0] != pairs[1])]
    table = coo_array((length[between], (one, two)), shape=(count, count)).tocsr().tocoo()
    return np.stack(table.coords), table.data
