"""What the tests of pictures share."""

import numpy as np
import pytest


@pytest.fixture
def rgb() -> np.ndarray:
    """Noise as Pillow gives it: (6, 9, 3), 0..255."""
    return np.random.default_rng(1).integers(0, 256, (6, 9, 3), np.uint8)
