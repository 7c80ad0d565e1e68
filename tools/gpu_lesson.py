"""One network of the kit that tools/gpu_kit.py packs, trained by the clock.

`python gpu_lesson.py NAME SETTINGS` is what `gpu_kit.py train` starts for each network; SETTINGS
are JSON. What is learnt is what `nstlib train` teaches: its networks, losses and streams. Only the
clock is new: the rate follows the time that is left, and every two minutes OUT/NAME.zip is written
anew, with the network, its log, and a sheet of paintings.
"""

import io
import json
import math
import os
import re
import sys
import time
import zipfile
from contextlib import nullcontext
from pathlib import Path

sys.path += [folder for folder in [os.environ.get("KIT_SITE")] if folder]  # what is there is first
HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE if (HERE / "nstlib").is_dir() else HERE.parent))

import numpy as np  # noqa: E402 - found on the paths above

import nstlib as nst  # noqa: E402
from gpu_kit import SHOWN  # noqa: E402
from nstlib.backend import backend_name, device, keras  # noqa: E402
from nstlib.cli.train import PREVIEW_PAINTINGS  # noqa: E402
from nstlib.files import write  # noqa: E402
from nstlib.networks.conditions import conditions  # noqa: E402
from nstlib.networks.files import PaintingNetwork, build_network  # noqa: E402
from nstlib.networks.palette import set_palettes  # noqa: E402
from nstlib.networks.training import (  # noqa: E402
    any_style,
    diary,
    diffusion,
    loop,
    photos as streams,
    unpaired,
)

STYLE_SIZE = 448  # pixels, at which a painting is seen
SIDE = 256  # pixels of a picture on the sheet
WARM_UP, LOWEST = 0.03, 0.02  # the first part of the time, and the last part of the rate
FIRST = 0.7  # the part of the time in which the styles that are not added later are learnt
KEEP_EVERY, RESERVE = 120, 12  # seconds: between two files, and for the last one


def rate_at(used: float) -> float:
    """The part of the highest rate when a part of the time is used: it rises, then a cosine."""
    rise = min(1.0, used / WARM_UP)
    fall = LOWEST + (1 - LOWEST) * (1 + math.cos(math.pi * min(1.0, used))) / 2
    return max(LOWEST, rise * fall)


class Clock(keras.callbacks.Callback):
    """Sets the rate by the time that is used, calls `keep(rows)` now and then, and stops in time.

    An epoch is `every` steps. The first, in which the step is compiled, is taken at the lowest
    rate, and the clock starts after it. `steps` is an end for rehearsals. A loss that is not finite
    ends the training, and the last file stays.
    """

    def __init__(self, until, rate, keep, rows, *, every, steps, now=time.time):
        super().__init__()
        self.until, self.rate, self.keep, self.rows = until, rate, keep, rows
        self.every, self.now, self.begun = every, now, None
        self.done = rows[-1]["step"] if rows else 0
        self.last = self.done + steps

    def on_train_begin(self, logs=None):
        self.model.optimizer.learning_rate = self.rate * LOWEST
        self.kept = self.now()

    def on_epoch_end(self, epoch, logs=None):
        now, self.done = self.now(), self.done + self.every
        self.begun = self.begun or now
        if not math.isfinite(logs["loss"]):
            raise diary.TrainingDiverged(f"At step {self.done} the loss is not finite.")
        self.rows.append({"step": self.done} | {name: float(logs[name]) for name in logs})
        used = min(1.0, (now - self.begun) / max(1e-3, self.until - self.begun))
        ends = now >= self.until or self.done >= self.last
        self.model.stop_training = ends
        self.model.optimizer.learning_rate = self.rate * rate_at(used)
        if ends or now - self.kept >= KEEP_EVERY:
            self.keep(self.rows)
            self.kept = self.now()


def with_styles(trained: PaintingNetwork, names) -> PaintingNetwork:
    """A network of these styles that knows of each what `trained` does.

    Tables of a style that is new to it begin with the mean of the others', banks as they are built.
    """
    network = build_network(trained.architecture, len(names))
    old = {variable.path: variable.numpy() for variable in trained.network.weights}
    places = [trained.styles.index(n) if n in trained.styles else None for n in names]
    for variable in network.weights:
        path, bank = variable.path, re.match(r"bank(\d+)(_.*)", variable.path)
        if bank:
            place = places[int(bank[1]) - 1]
            if place is None:
                continue
            path = f"bank{place + 1}{bank[2]}"
        table = old[path]
        if path.endswith(("scale", "shift", "colors/kernel")):
            mean = table.mean(axis=0)
            table = np.stack([mean if place is None else table[place] for place in places])
        variable.assign(table)
    return PaintingNetwork(trained.architecture, tuple(names), network, dict(trained.about))


class Work:
    """A network with its log and its sheet, and the file in which they are kept."""

    def __init__(self, path: Path, scratch: Path, trained: PaintingNetwork, about: dict):
        self.path, self.scratch, self.trained, self.sheet = path, scratch, trained, b""
        self.began = time.time()
        trained.about.update(about)
        self.conditions = self._conditions()
        self.photos = [_square(nst.photo(name)) for name in SHOWN]

    def _conditions(self) -> list:
        """What the network takes beside a photo, for each column of the sheet."""
        styles = self.trained.styles or PREVIEW_PAINTINGS
        with on_the_cpu():
            each = [conditions(self.trained, one) for one in styles]
        return [np.concatenate(parts).astype("float32") for parts in zip(*each)]  # noqa: B905

    def __call__(self, rows: list) -> None:
        """Keep what there is; the network first, since a sheet takes its time."""
        self.trained.about["steps"] = rows[-1]["step"]
        losses = " -> ".join(f"{rows[place]['loss']:.3f}" for place in (0, -1))
        name, spent = self.path.stem, time.time() - self.began
        print(f"{name}: step {rows[-1]['step']} after {spent:.0f} s, loss {losses}", flush=True)
        self._write(rows)
        self.sheet = self._painted()
        self._write(rows)

    def _write(self, rows: list) -> None:
        content = io.BytesIO()
        nst.save_network(self.trained, self.scratch / "network.npz")
        diary.write_log(rows, self.scratch)
        with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as file:
            for name in ("network.npz", "log.csv"):
                file.write(self.scratch / name, name)
            if self.sheet:
                file.writestr("preview.jpg", self.sheet)
        write(self.path, content.getvalue())

    def _painted(self) -> bytes:
        rows = [np.concatenate([*self._row(photo)], axis=1) for photo in self.photos]
        sheet = np.concatenate(rows)
        content = io.BytesIO()
        nst.to_pil(np.clip(sheet, 0, 1)[None]).save(content, "JPEG", quality=85)
        return content.getvalue()

    def _row(self, photo: np.ndarray) -> np.ndarray:
        """A photo, and it painted in each style, as one batch."""
        same = np.repeat(photo, len(self.conditions[0]), axis=0)
        painted = self.trained.network.predict_on_batch([same, *self.conditions])
        return np.concatenate([photo, painted.astype("float32")])


class DiffusionWork(Work):
    """The same of a diffusion network, which is kept as the average of its weights."""

    def __init__(self, *args, trainer):
        self.averages = keras.callbacks.SwapEMAWeights()
        self.averages.set_model(trainer)
        super().__init__(*args)

    def _conditions(self) -> list:
        return list(diffusion.SHOWN)

    def __call__(self, rows: list) -> None:
        self.averages.on_test_begin()
        try:
            super().__call__(rows)
        finally:
            self.averages.on_test_end()

    def _row(self, photo: np.ndarray) -> np.ndarray:
        network, strengths = self.trained.network, self.conditions
        painted = [nst.sdedit(network, photo, strength, steps=10) for strength in strengths]
        return np.concatenate([photo, *painted])


def _square(photo: np.ndarray) -> np.ndarray:
    """The middle of a photo, SIDE pixels high and wide."""
    side = min(photo.shape[1:3])
    top, left = ((length - side) // 2 for length in photo.shape[1:3])
    return nst.resize(photo[:, top : top + side, left : left + side], (SIDE, SIDE))


def on_the_cpu():
    """Where paintings are looked at: a GPU would compile VGG19 for the size of each of them."""
    if backend_name() != "jax":
        return nullcontext()
    import jax

    return jax.default_device(jax.devices("cpu")[0])


def prepared(trained: PaintingNetwork, settings: dict, only=None):
    """The trainer, compiled, and the stream of batches, which are cut from pictures in memory.

    VGG19 computes in `settings["precision"]`, the network as it is loaded, in single precision.
    """
    if settings["alone"]:
        return with_optimizer(*_alone(trained, settings), settings)
    kit, between = Path(settings["kit"]), settings["between"]
    sizes = {"keep": True} | {name: settings[name] for name in ("crop", "batch", "seed")}
    before, count = keras.config.dtype_policy(), len(trained.styles)
    keras.mixed_precision.set_global_policy(settings["precision"])
    try:
        with on_the_cpu():
            if between:
                trainer = unpaired.UnpairedTrainer(trained.network, settings["crop"])
            elif count:
                paintings = [nst.painting(name, STYLE_SIZE) for name in trained.styles]
                set_palettes(trained.network, dict(enumerate(paintings)))
                recipe = nst.recipe("feed-forward", **settings["recipe"])
                loss = nst.PerceptualLoss(paintings, recipe)
                trainer = loop.StyleTrainer(trained.network, loss)
            else:
                trainer = any_style.AnyStyleTrainer(trained.network)
    finally:
        keras.mixed_precision.set_global_policy(before)
    if between:
        sides = [kit / folder for folder in between]
        stream = unpaired.TwoFolders(*sides, **{n: sizes[n] for n in ("crop", "batch", "seed")})
        unpaired.set_mean_palettes(trained.network, (stream.paintings, stream.photos))
    elif count:
        again = count + 1 if trained.architecture == "stylebank" and only is None else 0
        how = {"styles": count, "only": only, "identity_every": again}
        stream = streams.PhotoFolder(kit / "photos", **how, **sizes)
    else:
        stream = any_style.PhotosAndPaintings(kit / "photos", kit / "paintings", **sizes)
    return with_optimizer(trainer, stream, settings)


def _alone(trained: PaintingNetwork, settings: dict):
    """The trainer and the stream of a diffusion network, in single precision."""
    paintings = diffusion.read_paintings(Path(settings["kit"], settings["alone"]))
    sizes = {name: settings[name] for name in ("crop", "batch", "seed")}
    average = 1 - 1 / loop.LONGEST_AVERAGE
    trainer = diffusion.DiffusionTrainer(trained.network, average)
    return trainer, diffusion.Patches(paintings, **sizes)


def with_optimizer(trainer, stream, settings: dict):
    """The trainer, compiled, and the stream, with as many threads as there is room for."""
    stream.workers, stream.max_queue_size = settings["workers"], 2 * settings["workers"]
    adam = loop.adam_of(trainer, settings["rate"])
    trainer.compile(adam, jit_compile="auto" if backend_name() == "jax" else False)
    trainer.optimizer.build(trainer.trainable_variables)
    return trainer, stream


def stages(started: PaintingNetwork, settings: dict):
    """(network, the numbers of the styles it learns or None for all, the part of the time by then).

    Styles that come `later` are banks of a StyleBank, taught when all else is done and frozen.
    """
    later = settings["later"]
    if settings["alone"]:
        yield started, None, 1.0
        return
    names = [name for name in settings["styles"] or started.styles if name not in later]
    first = with_styles(started, names) if names else started
    yield first, None, FIRST if later else 1.0
    if later:
        more = nst.with_more_styles(first, later)
        known = with_styles(started, more.styles)
        values = {variable.path: variable.numpy() for variable in known.network.weights}
        for variable in more.network.trainable_weights:
            variable.assign(values[variable.path])
        yield more, list(range(len(names), len(more.styles))), 1.0


def begun(name: str, settings: dict) -> PaintingNetwork:
    """The network to go on with, or a new one that begins with what adain-light knows of both."""
    start, between = Path(settings["start"]), settings["between"]
    if settings["alone"] and not start.is_file():
        return PaintingNetwork(name, (settings["alone"],), build_network(name, 1))
    if start.is_file() or not between:
        return nst.load_network(start, to_train=True)
    sides = {name: between[1], "photo": between[0]}
    firsts = {n: sorted(Path(settings["kit"], folder).iterdir())[0] for n, folder in sides.items()}
    pictures = {n: nst.load_image(file) for n, file in firsts.items()}
    with on_the_cpu():
        return nst.network_for(pictures, start.with_name("adain-light.npz"))


def main() -> None:
    name, settings = sys.argv[1], json.loads(sys.argv[2])
    begun, until, rows = time.time(), settings["until"] - RESERVE, []
    print(f"{device()}, Keras {keras.__version__} on {backend_name()}", flush=True)
    started = begun(name, settings)
    about = {
        "batch": f"{settings['batch']} crops of {settings['crop']} px",
        "optimizer": f"Adam {settings['rate']:g}, cosine in time, gradients clipped to norm 5",
        "seed": settings["seed"],
        "style_size": STYLE_SIZE,
    }
    for network, only, part in stages(started, settings):
        trainer, stream = prepared(network, settings, only)
        path, scratch = Path(settings["out"], f"{name}.zip"), Path(settings["scratch"])
        how = {"trainer": trainer} if settings["alone"] else {}
        work = (DiffusionWork if how else Work)(path, scratch, network, about, **how)
        ends, how = begun + part * (until - begun), {n: settings[n] for n in ("every", "steps")}
        print(f"{name}: ready after {time.time() - begun:.0f} s", flush=True)
        clock = Clock(ends, settings["rate"], work, rows, **how)
        trainer.fit(
            stream,
            steps_per_epoch=settings["every"],
            epochs=10**6,  # the clock ends it
            callbacks=[clock],
            shuffle=False,
            verbose=0,
        )


if __name__ == "__main__":
    main()
