"""What the exercises of chapters 8 to 10 ask for, and a hint for each."""

import numpy as np

from nstlib.backend import layers, ops
from nstlib.networks.files import load_network
from nstlib.notebook.answers.kinds import Value, Word


def _overlaps(size: int) -> int:
    """How many different sums a transposed convolution of ones, stride 2, leaves in its middle."""
    kernel = {"kernel_initializer": "ones", "use_bias": False}
    laid = layers.Conv2DTranspose(1, int(size), strides=2, **kernel)(np.ones((1, 16, 16, 1)))
    middle = ops.convert_to_numpy(laid)[0, 8:-8, 8:-8]
    return len(np.unique(middle)) if size >= 2 else 0  # with 1 three of four places stay empty


# Two pictures of two channels that differ in contrast and brightness.
_FEATURES = np.random.default_rng(8).normal(size=(2, 7, 9, 2)).astype("float32")
_FEATURES[1] = 5 * _FEATURES[1] + 3


def _normal() -> np.ndarray:
    mean, deviation = (part(_FEATURES, axis=(1, 2), keepdims=True) for part in (np.mean, np.std))
    return (_FEATURES - mean) / np.sqrt(deviation**2 + 1e-5)


def _growth(styles: int) -> float:
    """How many times as large `light` is with so many styles."""
    trained = load_network("light")
    each = sum(weight.shape[1] for weight in trained.network.weights if len(weight.shape) == 2)
    now = trained.network.count_params()
    return 1 + (styles - len(trained.styles)) * each / now


def _apart(points) -> np.ndarray:
    """The distances between points (count, 2); of no points none."""
    if points is None or points is ...:
        return ...
    points = np.asarray(ops.convert_to_numpy(points), "float64").reshape(-1, 2)
    return np.linalg.norm(points[:, None] - points, axis=-1)


_POINTS = np.random.default_rng(9).uniform(0, 3, (7, 2))


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


def _each(answer):
    """A pair as it is; dots where one of its two is missing."""
    return ... if any(part is ... or part is None for part in answer) else answer


ANSWERS = {
    "08.build": Value(
        _normal,
        "two pictures come at once, and neither may change the other: over which axes is the mean?",
        of=lambda instance_norm: instance_norm(_FEATURES),
    ),
    "08.change": Value(
        lambda: 1,
        "with stride 2, how many kernels of this size lie on a position, at even places and at odd "
        "ones?",
        of=_overlaps,
    ),
    "08.predict": Word(
        "384ede47ade8",
        ("finer", "coarser", "the same"),
        "VGG19 sees a fixed number of pixels: how wide is a stroke in them?",
    ),
    "09.build": Value(
        lambda: _apart(_POINTS),
        "the rows and columns of B have the mean 0; eigh returns the largest eigenvalues last.",
        of=lambda scaled: _apart(scaled(_apart(_POINTS))),
    ),
    "09.change": Value(
        lambda: ["up"],
        "in section 2, with which of the moves did the marks stay, and the colours change?",
        of=lambda parts: sorted({parts} if isinstance(parts, str) else {*parts} - {"colors"}),
    ),
    "09.predict": Value(
        lambda: _growth(1000),
        "the shared part stays what it is; a style adds its row to every table.",
        tolerance=0.02,  # 4.6 will do
    ),
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
