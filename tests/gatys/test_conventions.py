"""Every convention is checked against the formula of its own source."""

import keras
import numpy as np
import pytest
from keras import ops

from nstlib.gatys.conventions import CONVENTIONS
from nstlib.vgg import losses

N, HEIGHT, WIDTH, PIXELS = 6, 5, 7, 4 * 5 * 7
M = HEIGHT * WIDTH


@pytest.fixture
def pair():
    generator = np.random.default_rng(3)
    return generator.uniform(0, 9, (2, 1, HEIGHT, WIDTH, N)).astype("float32")


def number(tensor) -> float:
    return float(ops.convert_to_numpy(tensor))


def undivided_gram(features) -> np.ndarray:
    flat = features.reshape(-1, features.shape[-1]).astype("float64")
    return flat.T @ flat


# Each convention as its source writes it, in NumPy, next to our loss times the factor.
def scaled(difference):
    return (difference**2).sum() / np.abs(difference).sum()


CONTENT_FORMULAS = {
    "nstlib": lambda f, p: ((f - p) ** 2).mean(),
    "gatys-2016": lambda f, p: ((f - p) ** 2).sum() / 2,
    "johnson-2016": lambda f, p: ((f - p) ** 2).sum() / (N * M),
    "source-001": lambda f, p: ((f - p) ** 2).sum() / (4 * M * N),
    "source-002": lambda f, p: ((f - p) ** 2).sum() / (2 * M * N),
    "tensorflow-tutorial": lambda f, p: ((f - p) ** 2).mean(),
    "keras-example": lambda f, p: ((f - p) ** 2).sum(),
    "neural-style": lambda f, p: ((f - p) ** 2).mean(),
    "crowsonkb": lambda f, p: scaled((f - p) / (255 * 0.226)),
}
STYLE_FORMULAS = {
    "nstlib": lambda g, a: ((g / M - a / M) ** 2).mean(),
    "gatys-2016": lambda g, a: ((g - a) ** 2).sum() / (4 * N**2 * M**2),
    "johnson-2016": lambda g, a: ((g / (N * M) - a / (N * M)) ** 2).sum(),
    "source-001": lambda g, a: ((g - a) ** 2).sum() / (4 * N**2 * M**2),
    "source-002": lambda g, a: ((g - a) ** 2).sum() / (4 * M**2 * N**2),
    "tensorflow-tutorial": lambda g, a: ((g / M - a / M) ** 2).mean(),
    "keras-example": lambda g, a: ((g - a) ** 2).sum() / (4 * 3**2 * PIXELS**2),
    "neural-style": lambda g, a: ((g / (N * M) - a / (N * M)) ** 2).mean(),
    "crowsonkb": lambda g, a: scaled((g / M - a / M) / (255 * 0.226) ** 2),
}


@pytest.mark.parametrize("name", CONVENTIONS)
def test_convention_of_content(name, pair):
    ours = number(losses.content_loss(*pair, measure=CONVENTIONS[name].measure))
    theirs = CONTENT_FORMULAS[name](*pair.astype("float64"))
    assert ours * CONVENTIONS[name].content(N, M) == pytest.approx(theirs, rel=1e-5)


@pytest.mark.parametrize("name", CONVENTIONS)
def test_convention_of_style(name, pair):
    target, measure = losses.gram_matrix(pair[1]), CONVENTIONS[name].measure
    ours = number(losses.gram_loss(pair[0], target, measure=measure))
    theirs = STYLE_FORMULAS[name](*map(undivided_gram, pair))
    assert ours * CONVENTIONS[name].style(N, M, PIXELS) == pytest.approx(theirs, rel=1e-4)


def squared_differences(x) -> float:
    return (np.diff(x, axis=1) ** 2).sum() + (np.diff(x, axis=2) ** 2).sum()


def absolute_differences(x) -> float:
    return np.abs(np.diff(x, axis=1)).sum() + np.abs(np.diff(x, axis=2)).sum()


TV_FORMULAS = {
    "tensorflow-tutorial": absolute_differences,
    "keras-example": lambda x: squared_differences(255 * x),
    "neural-style": lambda x: squared_differences(255 * x) / 2,
    "crowsonkb": lambda x: squared_differences(x) / x.size,
}


@pytest.mark.parametrize("name", TV_FORMULAS)
def test_convention_of_total_variation(name, tiny_image):
    convention = CONVENTIONS[name]
    pixels = tiny_image.shape[1] * tiny_image.shape[2]
    ours = number(losses.total_variation(tiny_image, convention.tv_norm)) * convention.tv(pixels)
    assert ours == pytest.approx(TV_FORMULAS[name](tiny_image.astype("float64")), rel=1e-4)


def test_total_variation_of_tensorflow_is_the_one_meant(tiny_image):
    if keras.backend.backend() != "tensorflow":
        pytest.skip("compares with TensorFlow's own function")
    import tensorflow as tf

    expected = float(tf.image.total_variation(tf.constant(tiny_image))[0])
    assert absolute_differences(tiny_image) == pytest.approx(expected, rel=1e-4)
