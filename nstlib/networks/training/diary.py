"""What a training leaves behind: checkpoints, a log and its plot, previews, a card at the end."""

import csv
import io
import math
import os
import re
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from nstlib.backend import keras
from nstlib.errors import NstError
from nstlib.files import write
from nstlib.images.arrays import resize
from nstlib.images.files import save_image
from nstlib.machine import progress
from nstlib.networks.files import PaintingNetwork

PREVIEW_HEIGHT = 160  # pixels a row
ROWS = 8  # of the loss curve that a card has


class TrainingDiverged(NstError, ArithmeticError):
    """A term of the loss has become infinite or not a number."""


class Diary(keras.callbacks.Callback):
    """Counts the steps, `done`, from the first run on, and stops at `steps`.

    After every epoch the folder holds a row more of `log.csv`, the plot `loss.png`, and the last
    two states of network, optimiser and step, each file written whole or not at all. A step whose
    loss is not finite ends the training and leaves the last checkpoint as it is.
    """

    def __init__(self, folder: Path, steps: int):
        super().__init__()
        self.folder, self.steps, self.done, self.rows = folder, steps, 0, []

    def restore(self, trainer: keras.Model) -> int:
        """Load the newest checkpoint that is whole; returns the number of steps it has seen."""
        for path in self._checkpoints():
            try:
                trainer.load_weights(path)
            except Exception as error:  # h5py raises many kinds, all of which mean: not this one
                reason = str(error).splitlines()[0]
                message = f"{path.name} cannot be read, so the one before: {reason}"
                warnings.warn(message, stacklevel=2)
                os.replace(path, path.with_name(path.name + ".unreadable"))
                continue
            self.done = int(re.findall(r"\d+", path.name)[0])
            break
        self.rows = [row for row in read_log(self.folder) if row["step"] <= self.done]
        return self.done

    def on_train_begin(self, logs=None):
        self.bar = progress(total=self.steps, desc="training")
        self.bar.n = self.bar.initial = self.done  # the time left is that of this run

    def on_train_batch_end(self, batch, logs=None):
        self.done += 1
        if self.done >= self.steps:  # in the middle of an epoch, where it is no multiple of one
            self.model.stop_training = True
        broken = [name for name, value in logs.items() if not math.isfinite(float(value))]
        if broken:
            raise TrainingDiverged(
                f"At step {self.done} {', '.join(broken)} is not finite. Give a smaller learning "
                "rate, and the training goes on from its last checkpoint; or look for a broken "
                "picture among the styles."
            )
        self.bar.set_postfix_str(f"loss {float(logs['loss']):.3f}", refresh=False)
        self.bar.update(1)

    def on_epoch_end(self, epoch, logs=None):
        self.rows.append({"step": self.done} | {name: float(logs[name]) for name in logs})
        write_log(self.rows, self.folder)
        plot_log(self.rows, self.folder / "loss.png")
        unfinished = self.folder / "unfinished.weights.h5"
        self.model.save_weights(unfinished, overwrite=True)
        os.replace(unfinished, self.folder / f"step_{self.done:07d}.weights.h5")
        for old in self._checkpoints()[2:]:
            old.unlink()

    def on_train_end(self, logs=None):
        self.bar.close()

    def _checkpoints(self) -> list[Path]:
        """The newest first."""
        return sorted(self.folder.glob("step_*.weights.h5"), reverse=True)


def read_log(folder) -> list[dict[str, float]]:
    """The rows of a training's `log.csv`: step, loss, and every term."""
    path = Path(folder) / "log.csv"
    if not path.is_file():
        return []
    lines = path.read_text(encoding="utf-8").splitlines()
    rows = [{name: float(value) for name, value in row.items()} for row in csv.DictReader(lines)]
    return [row | {"step": int(row["step"])} for row in rows]


def write_log(rows: Sequence[Mapping[str, float]], folder: Path) -> None:
    """All rows as `log.csv`; "nan" stands where a term was not asked for yet."""
    text, names = io.StringIO(newline=""), dict.fromkeys(name for row in rows for name in row)
    writer = csv.DictWriter(text, list(names), restval="nan")
    writer.writeheader()
    writer.writerows(rows)
    write(folder / "log.csv", text.getvalue().encode())


def plot_log(rows: list[dict[str, float]], path: Path) -> None:
    """Every term over the steps, on a logarithmic scale."""
    from matplotlib.figure import Figure

    figure, steps = Figure(figsize=(7, 4), layout="constrained"), [row["step"] for row in rows]
    axis = figure.subplots()
    for name in rows[-1]:
        values = [row.get(name, math.nan) for row in rows]
        if name != "step" and any(value > 0 for value in values):
            axis.semilogy(steps, values, label=name, linewidth=2 if name == "loss" else 1)
    axis.set(xlabel="step", ylabel="term, as summed")
    axis.legend(fontsize=8)
    figure.savefig(path, dpi=110)


class Preview(keras.callbacks.Callback):
    """`preview.jpg`: photos the network is not trained on, one a row, and a column a style.

    It is painted in every fourth epoch and at the end. `conditions` holds, for each column, what
    the network takes beside the picture.
    """

    def __init__(self, folder: Path, conditions, photos):
        super().__init__()
        self.folder, self.conditions, self.photos = folder, conditions, photos

    def on_epoch_end(self, epoch, logs=None):
        if self.photos and (epoch % 4 == 3 or self.model.stop_training):
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


# --- The card -------------------------------------------------------------------------------------


def model_card(
    name: str, trained: PaintingNetwork, log: Sequence[Mapping], *, extra: Mapping[str, str] = {}
) -> str:
    """The card of a network in Markdown: what has to be known before anyone relies on it.

    What it is, how it was trained, its loss curve, and what else is said (after Mitchell et al.,
    "Model Cards for Model Reporting", 2019). `log` holds the rows of `read_log`; `extra` maps the
    title of a section to its text, such as "Known faults" and "Licence".
    """
    about, weights = trained.about, trained.network.count_params()
    facts = {
        "Architecture": f"`{trained.architecture}`, {weights:,} weights, stored as float16",
        "Styles": ", ".join(trained.styles) or "any painting",
        **{key.replace("_", " ").capitalize(): str(value) for key, value in about.items()},
    }
    lines = [f"# {name}", "", *(f"- **{key}**: {value}" for key, value in facts.items())]
    if log:
        lines += ["", "## Loss while training", "", *loss_table(log)]
    for title, text in extra.items():
        lines += ["", f"## {title}", "", text.strip()]
    return "\n".join(lines) + "\n"


def loss_table(log: Sequence[Mapping]) -> list[str]:
    """A few rows of a training's log, evenly spaced, as a Markdown table; terms as summed."""
    names = [name for name in log[0] if max(row[name] for row in log) > 0]
    picked = sorted({round(place * (len(log) - 1) / (ROWS - 1)) for place in range(ROWS)})
    cells = [names, ["---"] * len(names)]
    for place in picked:
        row = log[place]
        cells.append([f"{row[name]}" if name == "step" else f"{row[name]:.3f}" for name in names])
    return ["| " + " | ".join(row) + " |" for row in cells]
