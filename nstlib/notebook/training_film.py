"""A training that takes longer than a chapter may, filmed by tools/film_training.py."""

import numpy as np

from nstlib.files import data_folder
from nstlib.images.files import load_image

FRAMES = (0, 5, 10, 20, 40, 60, 90, 130, 180, 250, 350, 500)  # steps
COLUMNS = 4  # frames beside each other in the file


def training_film() -> dict[str, np.ndarray]:
    """A photo as the network `light` painted it in its first 500 steps: "step 20" -> picture.

    Pictures are (1, height, width, 3), RGB, 0..1. Starry Night, squares of 144 pixels, 566 photos,
    from an untrained network.
    """
    sheet = load_image(data_folder() / "course" / "training.jpg")
    rows = np.split(sheet, len(FRAMES) // COLUMNS, axis=1)
    frames = [frame for row in rows for frame in np.split(row, COLUMNS, axis=2)]
    return {f"step {step}": frame for step, frame in zip(FRAMES, frames, strict=True)}
