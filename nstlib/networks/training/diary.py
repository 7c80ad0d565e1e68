"""What happens beside a training: checkpoints, the log and its plot, previews, the guard."""

import csv
import math
import os
import re
import warnings
from pathlib import Path

import numpy as np

from nstlib.backend import keras
from nstlib.errors import NstError
from nstlib.images.arrays import resize
from nstlib.images.files import save_image
from nstlib.machine import progress

PREVIEW_HEIGHT = 160  # pixels a row


class TrainingDiverged(NstError, ArithmeticError):
    """A term of the loss has become infinite or not a number."""


class Counter(keras.callbacks.Callback):
    """How many steps the network has seen, `done`, from the first run on; stops at `steps`."""

    def __init__(self, steps: int, done: int = 0):
        super().__init__()
        self.steps, self.done = steps, done

    def on_train_batch_end(self, batch, logs=None):
        self.done += 1
        if self.done >= self.steps:  # in the middle of an epoch, where it is no multiple of one
            self.model.stop_training = True


class Checkpoints(keras.callbacks.Callback):
    """Keep the last two states of a training, each written whole or not at all.

    A checkpoint holds network, optimiser and step. `restore` takes the newest that can be read.
    """

    def __init__(self, folder: Path, counter: Counter):
        super().__init__()
        self.folder, self.counter = folder, counter

    def files(self) -> list[Path]:
        """The checkpoints, newest first."""
        return sorted(self.folder.glob("step_*.weights.h5"), reverse=True)

    def on_epoch_end(self, epoch, logs=None):
        unfinished = self.folder / "unfinished.weights.h5"
        self.model.save_weights(unfinished, overwrite=True)
        os.replace(unfinished, self.folder / f"step_{self.counter.done:07d}.weights.h5")
        for old in self.files()[2:]:
            old.unlink()

    def restore(self, trainer: keras.Model) -> int:
        """Load the newest checkpoint that is whole; returns the number of steps it has seen."""
        for path in self.files():
            try:
                trainer.load_weights(path)
            except Exception as error:  # h5py raises many kinds, all of which mean: not this one
                reason = str(error).splitlines()[0]
                warnings.warn(
                    f"{path.name} cannot be read, so the one before: {reason}", stacklevel=2
                )
                os.replace(path, path.with_name(path.name + ".unreadable"))
                continue
            return int(re.findall(r"\d+", path.name)[0])
        return 0


class NanGuard(keras.callbacks.Callback):
    """Stop when a term is not finite, say which, and leave the last checkpoint as it is."""

    def __init__(self, counter: Counter):
        super().__init__()
        self.counter = counter

    def on_train_batch_end(self, batch, logs=None):
        broken = [name for name, value in (logs or {}).items() if not math.isfinite(float(value))]
        if broken:
            terms = ", ".join(name for name in broken if name != "loss") or "loss"
            raise TrainingDiverged(
                f"At step {self.counter.done} {terms} is not finite. Give a smaller learning rate, "
                "and the training goes on from its last checkpoint; or look for a broken picture "
                "among the styles."
            )


class Logbook(keras.callbacks.Callback):
    """`log.csv`, a row of mean terms for every epoch, and the plot `loss.png`."""

    def __init__(self, folder: Path, counter: Counter):
        super().__init__()
        self.folder, self.counter = folder, counter
        self.rows = [row for row in read_log(folder) if row["step"] <= counter.done]

    def on_epoch_end(self, epoch, logs=None):
        row = {"step": self.counter.done}
        self.rows.append(row | {name: float(value) for name, value in logs.items()})
        unfinished = self.folder / "log.csv.part"
        with open(unfinished, "w", newline="", encoding="utf-8") as file:
            names = dict.fromkeys(name for row in self.rows for name in row)
            writer = csv.DictWriter(file, list(names), restval="nan")  # a term that is new
            writer.writeheader()
            writer.writerows(self.rows)
        os.replace(unfinished, self.folder / "log.csv")
        plot_log(self.rows, self.folder / "loss.png")


def read_log(folder) -> list[dict[str, float]]:
    """The rows of a training's `log.csv`: step, loss, and every term."""
    path = Path(folder) / "log.csv"
    if not path.is_file():
        return []
    with open(path, newline="", encoding="utf-8") as file:
        rows = [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]
    return [row | {"step": int(row["step"])} for row in rows]


def plot_log(rows: list[dict[str, float]], path: Path) -> None:
    """Every term over the steps, on a logarithmic scale."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4), layout="constrained")
    axis = figure.subplots()
    for name in rows[-1]:
        values = [row.get(name, math.nan) for row in rows]
        if name != "step" and any(value > 0 for value in values):
            width = 2.0 if name == "loss" else 1.0
            axis.semilogy([row["step"] for row in rows], values, label=name, linewidth=width)
    axis.set(xlabel="step", ylabel="term, as summed")
    axis.legend(fontsize=8)
    figure.savefig(path, dpi=110)


class Preview(keras.callbacks.Callback):
    """`preview.jpg`: photos the network is not trained on, one a row, and a column a style.

    It is painted in every fourth epoch and at the end. `conditions` holds, for each column, what
    the network takes beside the picture.
    """

    def __init__(self, folder: Path, conditions, photos, every: int = 4):
        super().__init__()
        self.folder, self.conditions, self.photos, self.every = folder, conditions, photos, every

    def on_epoch_end(self, epoch, logs=None):
        if self.photos and ((epoch + 1) % self.every == 0 or self.model.stop_training):
            rows = [self._row(photo) for photo in self.photos.values()]
            width = min(row.shape[2] for row in rows)
            sheet = np.concatenate([row[:, :, :width] for row in rows], axis=1)
            save_image(sheet, self.folder / "preview.jpg", overwrite=True)

    def _row(self, photo: np.ndarray) -> np.ndarray:
        network, painted = self.model.network, [photo]
        for condition in self.conditions:
            inputs = [np.asarray(part, "float32")[None] for part in condition]
            painted.append(np.asarray(network([photo, *inputs], training=False)))
        shape = (PREVIEW_HEIGHT, PREVIEW_HEIGHT * photo.shape[2] // photo.shape[1])
        return np.concatenate([resize(image, shape) for image in painted], axis=2)


class ProgressBar(keras.callbacks.Callback):
    """Steps done, time left, and the loss, in the project's own bar."""

    def __init__(self, counter: Counter):
        super().__init__()
        self.counter = counter

    def on_train_begin(self, logs=None):
        self.bar = progress(total=self.counter.steps, desc="training")
        self.bar.n = self.bar.initial = self.counter.done  # the time left is that of this run

    def on_train_batch_end(self, batch, logs=None):
        self.bar.set_postfix_str(f"loss {float(logs['loss']):.3f}", refresh=False)
        self.bar.update(1)

    def on_train_end(self, logs=None):
        self.bar.close()
