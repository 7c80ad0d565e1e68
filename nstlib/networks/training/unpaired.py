"""Training without pairs: photos here, a collection there, and nobody says what belongs to what.

Zhu, Park, Isola & Efros 2017 (CycleGAN): what is painted has to pass for the collection's, before a
critic that learns to tell them apart, and the way back has to return the photo. We depart from the
paper in four things. One network goes both ways: a direction is a scale and a shift, as a style is
one. Where colours are matched first (`nstlib.networks.palette`), the way back returns the photo in
the mean palette of all photos. Painter and critics learn in one step, from one sum, in which
neither sees the other's gradient. And what paints in the end is a running average of the weights,
since the last of them belong to a game that nobody has won.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from nstlib.backend import keras, ops
from nstlib.errors import InputError
from nstlib.networks.critic import KEPT, PastPaintings, for_true, held, patch_critic, told_apart
from nstlib.networks.palette import COLORS, palette_of
from nstlib.networks.training.canvas import Canvas
from nstlib.networks.training.diary import Preview
from nstlib.networks.training.loop import Trainer, Training, average_over, fit
from nstlib.networks.training.photos import ZOOM, PhotoFolder, lies

# Of the terms: the paper's, section 4 and 5.2.
WEIGHTS = {"adversarial": 1.0, "cycle": 10.0, "identity": 5.0, "critic": 1.0}
USUAL = {"steps": 20000, "batch": 1, "crop": 128, "learning_rate": 2e-4, "every": 200}
MEASURED = 100  # pictures of a folder, at most, whose palettes are averaged
WAYS = dict(zip(("there", "back"), np.eye(2, dtype="float32"), strict=True))


class TwoFolders(keras.utils.PyDataset):
    """`dataset[step]` -> ((photos, paintings, lies, slots, old),), what `UnpairedTrainer` takes.

    photos and paintings (batch, crop, crop, 3), RGB, 0..1, each from its own folder in its own
    order; lies (batch, 4), how the ground lies; slots (batch, KEPT), 1 where a painting is to be
    kept, and old (batch, 1), 1 where the critic is to see the one that was kept there before. What
    a step sees depends on the seed and the step's number alone.
    """

    num_batches, first = None, 0  # endless

    def __init__(self, photos, paintings, *, crop: int, batch: int, seed: int, zoom=ZOOM):
        super().__init__()
        shared = {"crop": crop, "batch": batch, "zoom": zoom, "keep": True}
        self.photos = PhotoFolder(photos, seed=seed, **shared)
        self.paintings = PhotoFolder(paintings, seed=seed + 1, **shared)
        self.batch, self.seed = batch, seed

    def __getitem__(self, index: int):
        step = self.first + index
        random = np.random.default_rng([self.seed, step, 2])
        (photos, *_), (paintings, *_) = self.photos[step][0], self.paintings[step][0]
        slots, old = np.zeros((self.batch, KEPT), "float32"), np.zeros((self.batch, 1), "float32")
        seen = step * self.batch  # until all places are taken, they are taken in order
        places = random.permutation(KEPT) if seen >= KEPT else np.arange(seen, seen + KEPT)
        for row in range(self.batch):
            if seen < KEPT or random.integers(2):
                slots[row, places[row % KEPT] % KEPT] = 1
                old[row] = seen >= KEPT
        return ((photos, paintings, lies(random, self.batch), slots, old),)


class UnpairedTrainer(Trainer):
    """A network of two directions, [picture, mix] -> painting, and the critic at either end."""

    momentum = 0.5

    def __init__(
        self,
        network: keras.Model,
        crop: int,
        weights: Mapping = WEIGHTS,
        average: float | None = None,
    ):
        super().__init__(network, WEIGHTS)
        self.average = average
        self.canvas, self.shares = Canvas(network), dict(weights)
        self.critics = [patch_critic("critic_there"), patch_critic("critic_back")]
        self.past = [PastPaintings(crop, name=name) for name in ("kept_there", "kept_back")]

    def call(self, inputs, training=False):
        photos, paintings, lie, slots, old = inputs
        both = ops.concatenate([photos, paintings])
        _, made = self._painted(both, "there back", lie)
        _, again = self._painted(made, "back there", lie)
        # The way back is measured from each picture in the palette of its own side.
        targets, same = self._own_side(both, lie)
        painted = ops.split(made, 2)
        return {
            "pictures": (paintings, photos),
            "painted": painted,
            "remembered": [
                past(pictures, slots, old)
                for past, pictures in zip(self.past, painted, strict=True)
            ],
            "targets": ops.split(targets, 2),
            "again": ops.split(again, 2),
            "same": ops.split(same, 2),
        }

    def _own_side(self, both, lie):
        """What is on its side already, in the palette there, and painted as if it were not."""
        if self.shares["identity"]:
            return self._painted(both, "back there", lie)
        mixed = self.canvas.mix([both, self._mix(both, ["back", "there"])])
        return mixed, mixed

    def _painted(self, pictures, directions: str, lie):
        """Groups of pictures, each in its direction: in their palettes, and painted."""
        ways = directions.split()
        return self.canvas(
            pictures, [self._mix(pictures, ways)], ops.concatenate([lie] * len(ways))
        )

    def _mix(self, pictures, ways: list[str]):
        rows = ops.convert_to_tensor(np.stack([WAYS[way] for way in ways]))
        return ops.repeat(rows, ops.shape(pictures)[0] // len(ways), axis=0)

    def terms(self, made: dict) -> dict:
        found = dict.fromkeys(self.shares, 0.0)
        for side, critic in enumerate(self.critics):
            fooled = held(critic)(made["painted"][side])
            true, false = critic(made["pictures"][side]), critic(made["remembered"][side])
            target = ops.stop_gradient(made["targets"][side])
            found["adversarial"] += for_true(fooled)
            found["critic"] += told_apart(true, false)
            found["cycle"] += ops.mean(ops.abs(made["again"][side] - target))
            found["identity"] += ops.mean(ops.abs(made["same"][side] - target))
        return {name: self.shares[name] * value for name, value in found.items()}


def train_unpaired(
    network: keras.Model,
    photos,
    paintings,
    out,
    *,
    palettes: bool = True,
    zoom: tuple[float, float] = ZOOM,
    weights_of_terms: Mapping[str, float] = WEIGHTS,
    previews: Mapping[str, np.ndarray] = {},
    callbacks: Sequence[keras.callbacks.Callback] = (),
    **options,
) -> TwoFolders:
    """Train a network [picture, mix] -> painting on two folders; it learns in place.

    `photos` and `paintings` are folders of pictures that have nothing to do with each other, a
    hundred or more each. Of the network's two styles the first paints photos like the paintings,
    the second makes photos of paintings. With `palettes`, both begin from the mean palette of where
    they lead to; without, from the picture's own colours. `zoom` is how many times smaller than a
    picture's shorter side a crop may be, from and to.

    `options` are those of `Training`, with the defaults of USUAL (no VGG19 is asked, so `weights`
    says nothing); the folder `out` gets what `nstlib.train` leaves there, and a training that was
    interrupted goes on. `weights_of_terms` are those of the sum. Returns the stream of both. Raises
    InputError for a network of more or fewer styles than two.
    """
    plan, styles = Training(**USUAL | options), network.inputs[-1].shape[-1]
    if len(network.inputs) != 2 or styles != len(WAYS):
        raise InputError(
            f"The network {network.name} takes {len(network.inputs)} inputs, the last of {styles} "
            'numbers; it must take a picture and 2, one a direction: build_network("cyclegan", 2).'
        )
    shared = {"crop": plan.crop, "batch": plan.batch, "seed": plan.seed, "zoom": zoom}
    stream = TwoFolders(photos, paintings, **shared)
    towards = (stream.paintings, stream.photos) if palettes else ()
    set_mean_palettes(network, towards)
    settings = {
        "photos": len(stream.photos.files), "paintings": len(stream.paintings.files),
        "palettes": palettes, "zoom": list(zoom), "terms": dict(weights_of_terms),
    }  # fmt: skip
    preview = Preview(Path(out), [[mix] for mix in WAYS.values()], previews)
    fit(
        network,
        lambda net: UnpairedTrainer(net, plan.crop, weights_of_terms, average_over(plan.steps)),
        stream, out, plan=plan, settings=settings, callbacks=[*callbacks, preview],
    )  # fmt: skip
    return stream


def set_mean_palettes(network: keras.Model, folders: Sequence[PhotoFolder]) -> None:
    """Give each style the mean palette of its folder; of no folders, no palette at all."""
    rows = np.zeros((network.inputs[-1].shape[-1], COLORS), "float32")
    for direction, folder in enumerate(folders):
        count = min(MEASURED, len(folder.files) // folder.batch)
        seen = [picture for step in range(max(1, count)) for picture in folder[step][0][0]]
        rows[direction] = np.mean([palette_of(picture[None]) for picture in seen], axis=0)
    network.get_layer("colors").set_weights([rows])
