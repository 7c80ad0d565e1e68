"""What the exercises of chapter 11 ask for, and a hint for each."""

import numpy as np

from nstlib.notebook.answers.kinds import Value


def _loss_of_one_mark() -> float:
    """Of a critic that has to give the same mark to everything, and chooses it well."""
    marks = np.linspace(0, 1, 101)
    return float(np.min(((marks - 1) ** 2 + marks**2) / 2))


def _field(halvings: int) -> int:
    """On how many pixels a critic's mark depends: kernels of 4, as many of stride 2, one of 1."""
    return 4 + sum(3 * 2**number for number in range(1, halvings + 1))


_COVER, _SECRET = np.random.default_rng(11).integers(0, 256, (2, 6, 9, 3), dtype="uint8")


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
}
