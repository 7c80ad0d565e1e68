"""Pictures that tests of the optimiser share."""

import numpy as np
import pytest


@pytest.fixture(scope="session")
def style_image() -> np.ndarray:
    return np.random.default_rng(5).uniform(0, 1, (1, 24, 24, 3)).astype("float32")


@pytest.fixture(scope="session")
def landscape() -> np.ndarray:
    """Large enough to be painted at half its size first."""
    return np.random.default_rng(3).uniform(0, 1, (1, 64, 200, 3)).astype("float32")


@pytest.fixture(scope="session")
def left_half() -> np.ndarray:
    """A mask for `tiny_image`."""
    mask = np.zeros((1, 32, 40, 1), "float32")
    mask[:, :, :20] = 1
    return mask
