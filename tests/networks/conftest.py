"""What the tests of networks share: a folder of photos, and two paintings."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


@pytest.fixture(scope="session")
def photo_folder(tmp_path_factory) -> Path:
    """Twelve small photos of smooth colours."""
    random = np.random.default_rng(1)
    path = tmp_path_factory.mktemp("photos")
    for number in range(12):
        corners = random.integers(0, 256, (3, 4, 3), np.uint8)
        Image.fromarray(corners).resize((60, 48)).save(path / f"photo {number:02d}.jpg")
    return path


@pytest.fixture
def folder(photo_folder, tmp_path) -> Path:
    """A copy of them, to be spoilt."""
    return Path(shutil.copytree(photo_folder, tmp_path / "photos"))


@pytest.fixture(scope="session")
def paintings() -> dict[str, np.ndarray]:
    random = np.random.default_rng(2)
    return {name: random.uniform(0, 1, (1, 32, 32, 3)).astype("float32") for name in ("one", "two")}
