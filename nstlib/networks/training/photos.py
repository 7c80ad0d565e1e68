"""A folder of photos as an endless stream of crops to train on, the same stream every time.

Which photos, crops and styles a step sees depends on the seed and the step's number alone, so that
a training that was interrupted goes on as if nothing had happened.
"""

import warnings
from pathlib import Path

import numpy as np
from PIL import Image

from nstlib.backend import keras
from nstlib.errors import InputError, MissingFile
from nstlib.images.files import rgb_picture
from nstlib.images.formats import READABLE, sorted_out

ZOOM = (1.0, 1.7)  # a crop's side is the photo's shorter side, or up to 1.7 times less
FEW = 10
# Of the ground: its first row and column, its scale (bumps of 2.5 to 6 pixels), its strength.
LIES = ((0, 1e3), (0, 1e3), (0.85, 2.0), (0.6, 1.2))
GRAIN = 0.002  # half of one of 256 levels


class PhotoFolder(keras.utils.PyDataset):
    """`dataset[step]` -> ((photos, mix, lies),), what a painting network takes.

    photos (batch, crop, crop, 3), RGB, 0..1, scaled, cropped and mirrored at random; mix (batch,
    styles), 1 at the style to paint and 0 elsewhere; lies (batch, 4), how the ground lies
    (`nstlib.networks.training.canvas`). Every `identity_every` steps all of mix is 0:
    the step of StyleBank's auto-encoder. `only` draws from these style numbers alone; step 0 of the
    dataset is step `first` of the stream. `zoom` is how many times smaller than the photo's shorter
    side a crop may be, from and to. Photos that cannot be read are reported once, in a warning and
    in `skipped`, and the next photo takes their place. With `keep` every photo is decoded once and
    stays in memory, where an accelerator would wait for the decoding.
    """

    num_batches, first = None, 0  # endless

    def __init__(
        self, folder, *, crop=256, batch=1, styles=1, only=None, identity_every=0, seed=0,
        zoom=ZOOM, keep=False,
    ):  # fmt: skip
        super().__init__()
        self.folder, self.files = Path(folder), _picture_files(Path(folder))
        self.crop, self.batch, self.seed, self.zoom = crop, batch, seed, zoom
        self.styles, self.identity_every = styles, identity_every
        self.only = np.arange(styles) if only is None else np.asarray(only)
        self.keep, self.kept = keep, {}
        self.skipped: dict[str, str] = {}
        self._said: set[str] = set()
        self._readable(0)  # or an error now, not in the middle of a training

    def __getitem__(self, index: int):
        step = self.first + index
        random = np.random.default_rng([self.seed, step])
        photos = [self._crop(step * self.batch + place, random) for place in range(self.batch)]
        mix = np.zeros((self.batch, self.styles), "float32")
        if not (self.identity_every and step % self.identity_every == self.identity_every - 1):
            again = self.batch > len(self.only)
            mix[np.arange(self.batch), random.choice(self.only, self.batch, replace=again)] = 1
        return ((with_grain(np.stack(photos), random), mix, lies(random, self.batch)),)

    def _crop(self, position: int, random: np.random.Generator) -> np.ndarray:
        """A square out of the photo that comes at this position of the endless stream."""
        turn, place = divmod(position, len(self.files))
        order = np.random.default_rng([self.seed, turn, 1]).permutation(len(self.files))
        photo = self._readable(int(order[place]))
        side = min(photo.size) / random.uniform(*self.zoom)
        left, top = (random.uniform(0, full - side) for full in photo.size)
        shape, box = (self.crop, self.crop), (left, top, left + side, top + side)
        square = photo.resize(shape, Image.Resampling.LANCZOS, box=box)
        pixels = np.asarray(square, "float32") / 255
        return pixels[:, ::-1] if random.integers(2) else pixels

    def _readable(self, number: int) -> Image.Image:
        """The photo of this number, or the nearest after it that can be read."""
        for further in range(len(self.files)):
            path = self.files[(number + further) % len(self.files)]
            name = path.relative_to(self.folder).as_posix()
            if name in self.skipped:
                continue
            try:
                return self.kept[name] if name in self.kept else self._decoded(path, name)
            except Exception as error:  # Pillow raises whatever its decoders do
                reason = f"{type(error).__name__}: {error}"
                if self.skipped.setdefault(name, reason) is reason:  # no other thread was quicker
                    message = f"{path} cannot be read and is passed over: {error}"
                    warnings.warn(message, stacklevel=2)
        raise InputError(
            f"None of the {len(self.files)} pictures in {self.folder} can be read; the first says: "
            f"{next(iter(self.skipped.values()))}."
        )

    def _decoded(self, path: Path, name: str) -> Image.Image:
        photo, notes = rgb_picture(path, 3 * self.crop)
        for note in notes:
            kind = note.removeprefix(path.name)
            if kind not in self._said:  # once for a kind, not for each of ten thousand photos
                self._said.add(kind)
                warnings.warn(note, stacklevel=2)
        if self.keep:
            self.kept[name] = photo
        return photo


def lies(random: np.random.Generator, count: int) -> np.ndarray:
    """How the ground lies under each of several photos, (count, 4), at random within LIES."""
    return random.uniform(*np.transpose(LIES), (count, len(LIES))).astype("float32")


def with_grain(photos: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """The photos, a little noise added to those that are of one colour, such as a cloudless sky.

    Without any contrast every instance normalisation multiplies the gradient by 300, and after a
    dozen of them it is infinite.
    """
    flat = photos.std(axis=(1, 2)).max(axis=-1) < GRAIN
    if not flat.any():
        return photos
    noise = random.normal(0, GRAIN, photos.shape).astype("float32")
    return np.clip(photos + noise * flat[:, None, None, None], 0, 1)


def _picture_files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise MissingFile(f"The training folder {folder} is not a folder: name one with photos.")
    files, others = sorted_out(folder, folder.rglob("*"))
    if not files:
        raise InputError(
            f"The training folder {folder} holds no pictures that can be read"
            f"{f', but {others}' if others else f' ({READABLE})'}. Any few hundred photos will do."
        )
    if others:
        warnings.warn(f"{folder} also holds {others}.", stacklevel=3)
    if len(files) < FEW:
        message = f"{folder} holds only {len(files)} pictures: the network will learn them by heart"
        warnings.warn(f"{message}. A few hundred are enough.", stacklevel=3)
    return sorted(files)
