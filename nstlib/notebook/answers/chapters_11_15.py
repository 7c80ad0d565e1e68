"""What the exercises of chapters 11 and 15 ask for, and a hint for each."""

import numpy as np

from nstlib.images.surfaces import profile
from nstlib.notebook.answers.kinds import Value


def _loss_of_one_mark() -> float:
    """Of a critic that has to give the same mark to everything, and chooses it well."""
    marks = np.linspace(0, 1, 101)
    return float(np.min(((marks - 1) ** 2 + marks**2) / 2))


def _field(halvings: int) -> int:
    """On how many pixels a critic's mark depends: kernels of 4, as many of stride 2, one of 1."""
    return 4 + sum(3 * 2**number for number in range(1, halvings + 1))


def _area(curve: np.ndarray) -> float:
    """Of a surface of revolution: bands between rings, each a piece of a cone's coat."""
    radii, ways = curve[:, 0], np.linalg.norm(np.diff(curve, axis=0), axis=1)
    return float(np.sum(np.pi * (radii[:-1] + radii[1:]) * ways))


def _of_likest(queries: np.ndarray, keys: np.ndarray, values: np.ndarray) -> np.ndarray:
    keys = keys / np.linalg.norm(keys, axis=1, keepdims=True)
    return values[np.argmax(queries @ keys.T, axis=1)]


_COVER, _SECRET = np.random.default_rng(11).integers(0, 256, (2, 6, 9, 3), dtype="uint8")
_POTS = [profile("bowl"), profile([(1, 0), (1, 2)]), profile([(0, 0), (1, 1)])]
_QUERIES, _KEYS, _VALUES = np.random.default_rng(15).standard_normal((3, 8, 5)).astype("float32")
_KEYS *= np.arange(1, 9, dtype="float32")[:, None]  # cosines and products differ


ANSWERS = {
    "11.build": Value(
        lambda: _COVER // 8 * 8 + _SECRET // 32,
        "a byte // 8 * 8 has zeros in its lower three bits, and there is room for 0 to 7; so the "
        "secret has to become 0 to 7.",
        of=lambda hidden: hidden(_COVER.copy(), _SECRET.copy()),
    ),
    "11.change": Value(
        lambda: next(count for count in range(9) if _field(count) >= 96),
        "from the end: 4 pixels; every layer before doubles the steps and adds its own reach, so "
        "that three halvings make 4 + 6 + 12 + 24. How does the sum go on, and when is it 96?",
    ),
    "11.predict": Value(
        _loss_of_one_mark,
        "call the mark m; true pictures cost (m - 1)^2 / 2 and painted ones m^2 / 2. Which m makes "
        "the sum least?",
        tolerance=0.02,
    ),
    "15.build": Value(
        lambda: [_area(pot) for pot in _POTS],
        "a cylinder of radius 1 and height 2 has 4 pi. For a band take half the sum of its two "
        "radii, and the way between the rings as np.linalg.norm of their difference.",
        of=lambda area: [area(pot.copy()) for pot in _POTS],
        tolerance=1e-3,
    ),
    "15.change": Value(
        lambda: _of_likest(_QUERIES, _KEYS, _VALUES),
        "`(unit(queries) @ unit(keys).T)` has a row for each query; argmax along it is a number of "
        "a key, and values[…] takes such numbers.",
        of=lambda likest: likest(_QUERIES.copy(), _KEYS.copy(), _VALUES.copy()),
    ),
    "15.predict": Value(
        lambda: 1,
        "what does the first answer say, if the best guess is always that picture? And what is "
        "left to do?",
    ),
}
