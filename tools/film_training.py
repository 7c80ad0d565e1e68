"""Film a network while it learns one painting: what chapter 8 shows of a longer training.

    python tools/film_training.py --content PHOTOS

PHOTOS is a folder of a few hundred photos. FILM gets the frames: one photo, painted by the network
after so many of its first steps.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import nstlib as nst  # noqa: E402 - found beside this folder
from nstlib.backend import has_fast_bfloat16, keras, ops, own_settings  # noqa: E402
from nstlib.notebook.training_film import COLUMNS, FRAMES  # noqa: E402

FILM = ROOT / "data" / "course" / "training.jpg"
PHOTO, PAINTING = "cat", "starry_night"
SIZE, SEEN = 320, 448  # pixels of the photo, and of the painting


class Film(keras.callbacks.Callback):
    """Keeps the painted photo after each step that is named in FRAMES."""

    def __init__(self, photo: np.ndarray):
        super().__init__()
        self.photo, self.frames, self.done = photo, [], 0

    def on_train_begin(self, logs=None):
        self._look()

    def on_train_batch_end(self, batch, logs=None):
        self.done += 1
        self._look()

    def _look(self) -> None:
        if self.done in FRAMES:
            mix = np.ones((1, 1), "float32")
            self.frames.append(ops.convert_to_numpy(self.model.network([self.photo, mix])))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--content", type=Path, required=True, metavar="PHOTOS")
    content = parser.parse_args().content
    keras.utils.set_random_seed(8)
    film, styles = Film(nst.photo(PHOTO, SIZE)), {PAINTING: nst.painting(PAINTING, SEEN)}
    settings = dict(steps=FRAMES[-1], every=10, crop=144, learning_rate=3e-3, callbacks=[film])
    precision = "mixed_bfloat16" if has_fast_bfloat16() else "float32"
    with tempfile.TemporaryDirectory() as folder, own_settings(precision):
        network = nst.build_network("light", 1)
        nst.train(network, content, styles, folder, **settings)
    starts = range(0, len(FRAMES), COLUMNS)
    rows = [np.concatenate(film.frames[start : start + COLUMNS], axis=2) for start in starts]
    nst.save_image(np.concatenate(rows, axis=1), FILM, overwrite=True)


if __name__ == "__main__":
    main()
