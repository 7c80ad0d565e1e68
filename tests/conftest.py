"""What all unit tests share: a quiet machine, a tiny picture, and a mark for untrained networks.

Nothing here imports Keras: a test file that does not need it is collected in an instant.
"""

import os

import numpy as np
import pytest

# Before any test module is imported: Matplotlib and TensorFlow read these once.
os.environ["MPLBACKEND"] = "Agg"
os.environ["NST_PROGRESS"] = "0"
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
for choice in ("NST_BUDGET", "NST_OUT"):  # the developer's own settings are no part of a test
    os.environ.pop(choice, None)


@pytest.fixture
def tiny_image() -> np.ndarray:
    """A picture of smooth colour and a little noise, always the same: (1, 32, 40, 3), 0..1."""
    height, width = 32, 40
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    ramps = np.stack([x / width, y / height, (x + y) / (width + height)], axis=-1)
    noise = np.random.default_rng(0).uniform(-0.1, 0.1, ramps.shape)
    return np.clip(ramps + noise, 0, 1).astype(np.float32)[None]


@pytest.fixture
def keras_settings():
    """A function that changes what Keras is told, as in floatx="float16", until the test ends."""
    from keras import config

    names = ("floatx", "image_data_format", "epsilon", "dtype_policy")
    before = {name: getattr(config, name)() for name in names}

    def change(**settings):
        for name, value in settings.items():
            getattr(config, f"set_{name}")(value)

    yield change
    change(**before)


def pytest_collection_modifyitems(items):
    """A test marked `random_weights` expects the banner that an untrained network prints."""
    expected = pytest.mark.filterwarnings(r"ignore:\*\*\* RANDOM WEIGHTS \*\*\*")
    for item in items:
        if item.get_closest_marker("random_weights"):
            item.add_marker(expected)
