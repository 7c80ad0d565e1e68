"""What the exercises of chapters 8 to 10 ask for, and a hint for each."""

import numpy as np

from nstlib.notebook.answers.kinds import Value, Word

ALPHA = 0.3


def _maps() -> tuple[np.ndarray, np.ndarray]:
    """Features of a photo and of a painting, of other sizes and spreads."""
    random = np.random.default_rng(10)
    scales = np.array([0.5, 3.0, 2.0, 1.0])
    return random.normal(1, scales, (1, 6, 8, 4)), random.normal(-1, scales[::-1], (1, 9, 5, 4))


def _adain_with(x: np.ndarray, y: np.ndarray, alpha: float) -> np.ndarray:
    (mean, std), (style_mean, style_std) = (
        (z.mean(axis=(1, 2), keepdims=True), z.std(axis=(1, 2), keepdims=True)) for z in (x, y)
    )
    return alpha * (style_std * (x - mean) / std + style_mean) + (1 - alpha) * x


def _mask() -> np.ndarray:
    """A part of the painting, with a soft border."""
    return np.linspace(1.5, -0.5, 9).clip(0, 1)[None, :, None, None] * np.ones((1, 1, 5, 1))


def _mean_std_where(y: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    mean = np.average(y, axis=(1, 2), weights=mask * np.ones_like(y), keepdims=True)
    variance = np.average((y - mean) ** 2, axis=(1, 2), weights=mask * np.ones_like(y))
    return mean, np.sqrt(variance).reshape(mean.shape)


ANSWERS = {
    "10.build": Value(
        lambda: _mean_std_where(_maps()[1], _mask()),
        "every position counts by its mask, in the sum and in what it is divided by; the deviation "
        "is taken from the mean inside the part.",
        of=lambda yours: _each(yours(_maps()[1], _mask())),
    ),
    "10.change": Value(
        lambda: _adain_with(*_maps(), ALPHA),
        "which mean and which deviation should the answer have? Standard deviations are mixed, not "
        "variances.",
        of=lambda yours: yours(*_maps(), ALPHA),
    ),
    "10.predict": Word(
        "d2c7fc5e256d",
        ("the photo", "alpha 0", "another"),
        "what does adain change if both means and both deviations agree, and what still has to "
        "paint?",
    ),
}


def _each(answer):
    """A pair as it is; dots where one of its two is missing."""
    return ... if any(part is ... or part is None for part in answer) else answer
