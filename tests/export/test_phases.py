"""Phases give what the picture gives: the same convolutions, written out at full size."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from nstlib.export import phases as polyphase
from nstlib.networks.blocks import CropLike, Enlarge
from nstlib.networks.files import build_network

# --- Kernels --------------------------------------------------------------------------------------


@pytest.fixture
def draw():
    return np.random.default_rng(4).standard_normal


def phases(picture: np.ndarray) -> np.ndarray:
    """(1, 2 height, 2 width, channels) -> (1, height, width, 4 channels)."""
    _, height, width, channels = picture.shape
    cells = picture.reshape(height // 2, 2, width // 2, 2, channels)
    return cells.transpose(0, 2, 4, 1, 3).reshape(1, height // 2, width // 2, 4 * channels)


def convolved(picture: np.ndarray, kernel: np.ndarray, mode: str) -> np.ndarray:
    """A 3 x 3 convolution by its definition, borders padded by one pixel."""
    _, height, width, _ = picture.shape
    padded = np.pad(picture, ((0, 0), (1, 1), (1, 1), (0, 0)), mode)
    return sum(
        padded[:, y : y + height, x : x + width] @ kernel[y, x] for y in range(3) for x in range(3)
    )


def test_a_convolution_after_doubling(draw):
    picture, kernel = draw((1, 5, 4, 2)), draw((3, 3, 2, 3))
    expected = convolved(picture.repeat(2, axis=1).repeat(2, axis=2), kernel, "reflect")
    made = convolved(picture, polyphase.doubling_kernel(kernel), "edge")
    np.testing.assert_allclose(made, phases(expected), atol=1e-12)


def test_a_convolution_after_doubling_smoothly(draw):
    picture, kernel = draw((1, 5, 4, 2)).astype("float32"), draw((3, 3, 2, 3)).astype("float32")
    doubled = np.asarray(Enlarge(2, smooth=True)(picture))
    expected = convolved(doubled, kernel, "symmetric")
    made = convolved(picture, polyphase.doubling_kernel(kernel, smooth=True), "edge")
    np.testing.assert_allclose(made, phases(expected), atol=1e-4)


def test_a_convolution_between_phases(draw):
    picture, kernel = draw((1, 6, 8, 2)), draw((3, 3, 2, 3))
    made = convolved(phases(picture), polyphase.phase_kernel(kernel), "edge")
    np.testing.assert_allclose(made, phases(convolved(picture, kernel, "reflect")), atol=1e-12)


def test_a_convolution_in_steps_of_two(draw):
    picture, kernel = draw((1, 6, 8, 2)).astype("float32"), draw((5, 5, 2, 3)).astype("float32")
    made, expected = (
        np.asarray(ops.conv(picture, of, strides=step, padding="valid"))
        for of, step in ((polyphase.cell_kernel(kernel), 2), (kernel, 1))
    )
    np.testing.assert_allclose(made, phases(expected), atol=1e-4)


# --- Where they are used --------------------------------------------------------------------------


@pytest.mark.parametrize("architecture", ["light", "johnson", "stylebank"])
def test_the_layers_from_the_last_doubling_on(architecture):
    names = {layer.name for layer in polyphase.in_phases(build_network(architecture, 2))}
    all_of_them = {"up3_up", "up3_pad", "up3_conv", "up3_norm", "paint_pad", "paint"}
    assert names == (all_of_them if architecture == "light" else {"paint"})


def test_an_end_that_others_look_at():
    image = keras.Input((None, None, 3))
    doubled = Enlarge(2)(layers.Conv2D(3, 3, strides=2, padding="same")(image))
    painted = layers.Conv2D(3, 1)(doubled)
    network = keras.Model(image, CropLike()([layers.Add()([painted, doubled]), image]))
    assert polyphase.in_phases(network) == {}
    assert polyphase.in_phases(keras.Model(image, layers.Conv2D(3, 1)(image))) == {}
