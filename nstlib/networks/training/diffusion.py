"""Training diffusion networks: small squares of paintings, with noise on them, and nothing else.

Each painting is seen at several heights, so that a square shows half of it or a few strokes. What
paints in the end is a running average of the weights, which is calmer than the last of them.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from nstlib.backend import keras, ops
from nstlib.errors import InputError, MissingFile, number
from nstlib.images.arrays import as_image, resize
from nstlib.images.bundled import DIFFUSION
from nstlib.images.color import of_one_color
from nstlib.images.files import load_image, save_image
from nstlib.images.formats import READABLE, sorted_out
from nstlib.networks.denoising import from_noise, sdedit
from nstlib.networks.diffusion import CELL, diffusion_network, mixed
from nstlib.networks.files import PaintingNetwork
from nstlib.networks.training.loop import Trainer, Training, average_over, fit

HEIGHTS = (72, 96, 128, 160)  # pixels, at which a painting is seen
USUAL = {"steps": 8000, "batch": 16, "crop": 32, "learning_rate": 1e-3, "every": 100}
LARGEST = 1024  # pixels at which a painting is read, at most
SHOWN = (0.3, 0.45, 0.6)  # the strengths of a preview


class Patches(keras.utils.PyDataset):
    """`dataset[step]` -> ((noisy, times, velocity),): squares of paintings and what to say of them.

    noisy and velocity (batch, crop, crop, 3), as `nstlib.networks.diffusion.mixed` makes them of a
    square in -1..1; times (batch, 1), 0..1. `paintings` maps names to pictures (1, height, width,
    3), RGB, 0..1; each square is of any of them, at any of the `heights` in pixels, from any place,
    mirrored or not. A painting is never enlarged. What a step sees depends on the seed and the
    step's number alone. Raises InputError for paintings that are too small or of one colour.
    """

    num_batches, first = None, 0  # endless

    def __init__(self, paintings: Mapping, *, crop=32, batch=16, seed=0, heights=HEIGHTS):
        super().__init__()
        self.crop, self.batch, self.seed = crop, batch, seed
        self.sizes = [_sizes(name, as_image(p), heights, crop) for name, p in paintings.items()]
        if not self.sizes:
            raise InputError("There are no paintings to learn from: give one at least.")

    def __getitem__(self, index: int):
        random = np.random.default_rng([self.seed, self.first + index])
        squares = np.stack([self._square(random) for _ in range(self.batch)])
        # One in each sixteenth of the time, so that no batch is all easy or all hard (Kingma et al.
        # 2021, appendix I.1).
        times = (np.arange(self.batch) + random.random()) / self.batch
        times = times[:, None].astype("float32")
        noise = random.standard_normal(squares.shape, "float32")
        noisy, velocity = mixed(2 * squares - 1, noise, times)
        return ((noisy, times, velocity),)

    def _square(self, random: np.random.Generator) -> np.ndarray:
        sizes = self.sizes[random.integers(len(self.sizes))]
        picture = sizes[random.integers(len(sizes))]
        top, left = (random.integers(side - self.crop + 1) for side in picture.shape[:2])
        square = picture[top : top + self.crop, left : left + self.crop]
        return square[:, ::-1] if random.integers(2) else square


def _sizes(name: str, painting: np.ndarray, heights: Sequence[int], crop: int) -> list[np.ndarray]:
    """A painting at all the heights at which it has room for a square and is not enlarged."""
    _, height, width, _ = painting.shape
    if of_one_color(painting):
        raise InputError(
            f"The painting {name} is of one colour: there is nothing to learn from it. Leave it "
            "out, or look whether its file is damaged."
        )
    shapes = [(high, round(width * high / height)) for high in heights if high <= height]
    found = [resize(painting, shape)[0] for shape in shapes if min(shape) >= crop]
    if not found:
        raise InputError(
            f"The painting {name} has {width} x {height} pixels; at none of the heights "
            f"{', '.join(map(str, heights))} is there room for squares of {crop} pixels in it. "
            "Take a larger file, or other heights."
        )
    return found


class DiffusionTrainer(Trainer):
    """A diffusion network as Keras trains it: it says v, and its mean square error is all."""

    def __init__(self, network: keras.Model, average: float):
        super().__init__(network, ["velocity"])
        self.average = average

    def call(self, inputs, training=False):
        noisy, times, velocity = inputs
        said = self.network([noisy, times], training=training)
        return {"said": ops.cast(said, "float32"), "true": velocity}

    def terms(self, made: dict) -> dict:
        return {"velocity": ops.mean(ops.square(made["said"] - made["true"]))}


class Course(keras.callbacks.Callback):
    """`preview.jpg`: squares from noise, and photos at the strengths SHOWN, by the average.

    It is painted in every fourth epoch and at the end.
    """

    def __init__(self, folder: Path, photos: Mapping[str, np.ndarray]):
        super().__init__()
        self.folder, self.photos = folder, photos
        self.averages = keras.callbacks.SwapEMAWeights()

    def on_epoch_end(self, epoch, logs=None):
        if not self.photos or not (epoch % 4 == 3 or self.model.stop_training):
            return
        self.averages.set_model(self.model)
        self.averages.on_test_begin()
        try:
            sheet = np.concatenate(self._rows(), axis=1)
        finally:
            self.averages.on_test_end()
        save_image(sheet, self.folder / "preview.jpg", overwrite=True)

    def _rows(self) -> list[np.ndarray]:
        network, side, columns = self.model.network, 128, len(SHOWN) + 1
        scraps = from_noise(network, 32, count=4 * columns, steps=10)
        rows = [np.concatenate([np.concatenate(scraps, axis=1)], axis=0)[None]]
        for photo in self.photos.values():
            photo = resize(photo, (side, side))
            painted = [sdedit(network, photo, strength, steps=10) for strength in SHOWN]
            rows.append(np.concatenate([photo, *painted], axis=2))
        return rows


def train_diffusion(
    paintings,
    out,
    *,
    name: str,
    start: PaintingNetwork | None = None,
    heights: Sequence[int] = HEIGHTS,
    previews: Mapping[str, np.ndarray] = {},
    callbacks: Sequence[keras.callbacks.Callback] = (),
    **options,
) -> PaintingNetwork:
    """Teach a diffusion network to paint like the painter of a few paintings.

    `paintings` is a folder, or maps names to pictures (1, height, width, 3), RGB, 0..1; a handful
    is enough for their strokes and colours, not for what they show. `name` is what the painter is
    called. It begins untrained, or with what `start` knows, which stays as it is. `heights` in
    pixels are those at which a painting is seen: lower ones show larger forms. `options` are those
    of `Training`, with the defaults of USUAL (no VGG19 is asked, so `weights` says nothing); crop
    is a multiple of 4 (CELL). The folder `out` gets what `nstlib.train` leaves there, a preview of
    the photos in `previews`, and a training that was interrupted goes on. Save what is returned
    with `save_network`; `nst.sdedit` and `nst.stylizer("diffusion", network=…)` take the file.
    """
    plan, out = Training(**USUAL | options), Path(out)
    if plan.crop % CELL:
        raise InputError(f"crop is {plan.crop}; it must be a multiple of {CELL}.")
    for height in heights:
        number("A height", height, plan.crop, whole=True, unit="pixels")
    pictures = paintings if isinstance(paintings, Mapping) else read_paintings(paintings)
    shared = {"crop": plan.crop, "batch": plan.batch, "seed": plan.seed}
    stream, network = Patches(pictures, heights=heights, **shared), diffusion_network()
    if start is not None:
        network.set_weights(start.network.get_weights())
    settings = {"painter": name, "paintings": sorted(pictures), "heights": list(heights)}
    fit(
        network,
        lambda shared: DiffusionTrainer(shared, average_over(plan.steps)),
        stream, out, plan=plan, settings=settings, callbacks=[*callbacks, Course(out, previews)],
    )  # fmt: skip
    return PaintingNetwork(DIFFUSION, (name,), network, _about(plan, pictures, heights))


def _about(plan: Training, pictures: Mapping, heights: Sequence[int]) -> dict:
    """What a card says of the training."""
    return {
        "steps": plan.steps,
        "batch": f"{plan.batch} squares of {plan.crop} px",
        "optimizer": f"Adam {plan.learning_rate:g}, cosine schedule, gradients clipped to norm 5, "
        f"weights averaged over {round(1 / (1 - average_over(plan.steps)))} steps",
        "seed": plan.seed,
        "paintings": f"{len(pictures)}: {', '.join(sorted(pictures))}",
        "photos": "none",
        "heights": f"{', '.join(map(str, heights))} px, at which a painting is seen",
    }


def read_paintings(folder) -> dict[str, np.ndarray]:
    """The pictures of a folder by the names of their files."""
    folder = Path(folder).expanduser()
    if not folder.is_dir():
        raise MissingFile(f"{folder} is not a folder: name one with paintings.")
    files, others = sorted_out(folder, sorted(folder.rglob("*")))
    if not files:
        raise InputError(
            f"The folder {folder} holds no pictures that can be read"
            f"{f', but {others}' if others else f' ({READABLE})'}."
        )
    names = [file.relative_to(folder).with_suffix("").as_posix() for file in files]
    return {name: load_image(file, LARGEST) for name, file in zip(names, files, strict=True)}
