"""Training networks that make textures: every step sees noise, and a picture's Gram matrices.

Ulyanov et al. 2016, section 3, with two departures. The texture is looked at three times, as it
is, at half and at a quarter of its size: there VGG19 sees four times as far, at a sixteenth of the
cost, and bricks get their corners (compare Snelgrove 2017). And the Gram matrices of a batch are
averaged before they are compared: where each texture must have the picture's, all must be alike.
(Ulyanov et al. 2017 reward differences within a batch instead.)
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from nstlib.backend import keras, ops
from nstlib.errors import InputError
from nstlib.images.arrays import as_image
from nstlib.images.bundled import TEXTURE
from nstlib.images.files import save_image
from nstlib.networks.files import PaintingNetwork
from nstlib.networks.texture import CELL, MARGINS, NOISE, SPREAD, plain, texture_network
from nstlib.networks.training.loop import Trainer, Training, fit
from nstlib.vgg import losses
from nstlib.vgg.network import feature_extractor

# How many times smaller a texture is looked at -> the layers that are asked for Gram matrices.
LOOKS = {
    1: ("block1_conv1", "block2_conv1", "block3_conv1"),
    2: ("block2_conv1", "block3_conv1", "block4_conv1"),
    4: ("block2_conv1", "block3_conv1", "block4_conv1"),
}
STYLE_WEIGHT, TV_WEIGHT = 20.0, 1.0
USUAL = {"steps": 600, "batch": 1, "crop": 256, "learning_rate": 5e-3, "every": 25}
SMALLEST = 4 * CELL  # pixels of the picture and of a crop: a quarter has to show something


class Noise(keras.utils.PyDataset):
    """`dataset[step]` -> (maps,), what `texture_network` takes for a batch of new textures.

    Which noise a step sees depends on the seed and the step's number alone.
    """

    num_batches, first = None, 0  # endless

    def __init__(self, *, crop: int, batch: int, seed: int):
        super().__init__()
        self.crop, self.batch, self.seed = crop, batch, seed

    def __getitem__(self, index: int):
        random = np.random.default_rng([self.seed, self.first + index])
        sides = [self.crop // 2**level + 2 * margin for level, margin in enumerate(MARGINS)]
        shapes = [(self.batch, side, side, NOISE) for side in sides]
        return (tuple((random.random(s, "float32") - 0.5) * np.float32(SPREAD) for s in shapes),)


class TextureTrainer(Trainer):
    """A texture network as Keras trains it: maps of noise -> textures, for their Gram matrices."""

    def __init__(self, network: keras.Model, picture: np.ndarray, weights: str = "imagenet"):
        see = _eyes(weights)
        targets = see(ops.convert_to_tensor(picture))
        super().__init__(network, [*targets, "tv"])
        self.see = lambda pictures: see(pictures)  # a function: not to be saved with it
        self.target = lambda name: targets[name]

    def call(self, inputs, training=False):
        return self.network(list(inputs), training=training)

    def terms(self, textures) -> dict:
        grams = self.see(textures)
        share = STYLE_WEIGHT / len(grams)
        terms = {
            name: share * losses.relative_distance(gram, self.target(name))
            for name, gram in grams.items()
        }
        return terms | {"tv": TV_WEIGHT * losses.total_variation(textures)}


def _eyes(weights: str):
    """A function pictures (batch, height, width, 3) -> the mean Gram matrix of each look, named."""
    networks = {
        smaller: feature_extractor(layers, weights=weights, padding="reflect")
        for smaller, layers in LOOKS.items()
    }

    def see(pictures) -> dict:
        found = {}
        for smaller, network in networks.items():
            small = ops.average_pool(pictures, smaller, data_format="channels_last")
            for layer, features in network(small).items():
                gram = ops.mean(losses.gram_matrix(features), axis=0)
                found[f"{layer} /{smaller}"] = gram
        return found

    return see


class Sample(keras.callbacks.Callback):
    """`preview.png`: what becomes of the same noise, every fourth epoch and at the end."""

    def __init__(self, folder: Path, maps):
        super().__init__()
        self.folder, self.maps = folder, maps

    def on_epoch_end(self, epoch, logs=None):
        if epoch % 4 == 3 or self.model.stop_training:
            made = ops.convert_to_numpy(self.model.network(self.maps, training=False))
            save_image(made[:1], self.folder / "preview.png", overwrite=True)


def train_texture(
    picture,
    out,
    *,
    name: str,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    **options,
) -> PaintingNetwork:
    """Teach a new network to make more of a picture: a wall, a meadow, a painter's strokes.

    picture (1, height, width, 3), RGB, 0..1, 128 pixels or more a side, at the size at which it is
    to be seen; of a gray one the textures are gray. `name` is what the texture is called. `options`
    are those of `Training`, with the defaults of USUAL; crop is a multiple of 32, 128 or more. The
    folder `out` gets what `nstlib.train` leaves there, and a training that was interrupted goes on.
    Save what is returned with `save_network`; `nst.texture` takes the file.
    """
    plan, picture = Training(**USUAL | options), as_image(picture)
    if plan.crop % CELL or plan.crop < SMALLEST:
        raise InputError(f"crop is {plan.crop}; it must be a multiple of {CELL} from {SMALLEST}.")
    _, height, width, _ = picture.shape
    if min(height, width) < SMALLEST:
        raise InputError(
            f"The picture has {width} x {height} pixels; each side needs {SMALLEST} at least: "
            "nst.resize(picture, 512)."
        )
    network, out = texture_network(normalized=True), Path(out)
    stream = Noise(crop=plan.crop, batch=plan.batch, seed=plan.seed)
    settings = {"texture": name, "picture": [height, width], "looks": str(LOOKS)}
    shown = Noise(crop=384, batch=1, seed=plan.seed)[0][0]
    fit(
        network,
        lambda shared: TextureTrainer(shared, picture, plan.weights),
        stream, out, plan=plan, settings=settings,
        callbacks=[*callbacks, Sample(out, list(shown))],
    )  # fmt: skip
    gray = bool(np.ptp(picture, axis=-1).max() == 0)
    about = {"steps": plan.steps, "batch": f"{plan.batch} of {plan.crop} px", "seed": plan.seed}
    about |= {"picture": f"{width} x {height} px", "learning_rate": plan.learning_rate}
    return PaintingNetwork(TEXTURE, (name,), plain(network, gray=gray), about)
