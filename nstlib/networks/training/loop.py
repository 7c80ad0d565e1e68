"""Training networks that paint: Keras' own `fit` around a perceptual loss.

Johnson et al. 2016: what Gatys' optimiser minimises for one picture, a network learns to minimise
for all pictures, so that afterwards one pass is enough. The loss is the same sum of terms as in
`nstlib.gatys.painting`, taken over a batch. Written in `keras.ops`: it runs on TensorFlow and on JAX.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import fields
from pathlib import Path

import numpy as np

from nstlib.backend import keras, ops
from nstlib.errors import InputError
from nstlib.files import write
from nstlib.gatys.objective import layer_weights
from nstlib.gatys.recipe import Recipe, recipe as named_recipe
from nstlib.networks.training.diary import (
    Checkpoints,
    Counter,
    Logbook,
    NanGuard,
    Preview,
    ProgressBar,
)
from nstlib.networks.training.photos import PhotoFolder
from nstlib.vgg import losses
from nstlib.vgg.network import feature_extractor

WARM_UP = 100  # steps, at most a tenth of all
SMALLEST_CROP = 32  # pixels: of less, a network with strides has nothing to reflect
IDENTITY_WEIGHT = 100.0  # of the mean squared difference of pixels, where nothing is to be painted
SHIFT, SHIFT_WEIGHT = 3, 40.0  # pixels, no divisor of a stride; of the mean squared difference


class PerceptualLoss:
    """(photos, mix, painted) -> terms: what a painting network is trained to make small.

    photos and painted (batch, height, width, 3), mix (batch, styles) the share of each painting; a
    dict of scalars, weighted as they are summed, under the names that `nst.objective` uses. Each is
    a mean over the batch of what `nst.objective` says of the single pictures. Where a picture's mix
    is all 0, only "identity" counts: the mean squared difference from the photo.

    With `windows` above 1 each picture is cut into that many rows and columns, and the painting's
    Gram matrix is asked of every part. A Gram matrix does not know where: asked of the whole, a
    network may keep most of the photo and pay its debt to the style in one coloured blotch.
    """

    def __init__(
        self, paintings, recipe: str | Recipe = "feed-forward", weights="imagenet", windows: int = 1
    ):
        self.recipe, self.windows = named_recipe(recipe), windows
        if not self.recipe.relative or self.recipe.style_statistic != "gram":
            raise InputError(
                "Networks are trained with recipes that are relative, on Gram matrices."
            )
        self.weights = layer_weights(self.recipe)
        self.extract = feature_extractor(
            [layer for _, layer in self.weights],
            network=self.recipe.network,
            weights=weights,
            pooling=self.recipe.pooling,
            padding=self.recipe.padding,
        )
        features = [self._features(painting) for painting in paintings]
        self.grams = {
            layer: ops.concatenate([losses.gram_matrix(seen[layer]) for seen in features])
            for kind, layer in self.weights
            if kind == "style"
        }

    @property
    def names(self) -> list[str]:
        return [" ".join(key) for key in self.weights] + ["tv", "identity"]

    def __call__(self, photos, mix, painted) -> dict:
        before, after = self._features(photos), self._features(painted)
        share = ops.sum(mix, axis=1)
        terms = {}
        for (kind, layer), weight in self.weights.items():
            if kind == "content":
                value, target = after[layer], ops.stop_gradient(before[layer])
            else:
                value = window_grams(after[layer], self.windows)
                target = ops.einsum("bs,scd->bcd", mix, self.grams[layer])[:, None]
            distance = _mean_square(value - target) / (_mean_square(target) + 1e-12)
            terms[f"{kind} {layer}"] = weight * ops.mean(share * distance)
        roughness = losses.total_variation(painted * share[:, None, None, None])
        terms["tv"] = self.recipe.tv_weight * roughness
        unpainted = (1 - share) * _mean_square(painted - photos)
        terms["identity"] = IDENTITY_WEIGHT * ops.mean(unpainted)
        return terms

    def _features(self, pictures) -> dict:
        """In single precision, whatever the network computes in: Gram matrices overflow halves."""
        features = self.extract(pictures)
        return {layer: ops.cast(value, "float32") for layer, value in features.items()}


def window_grams(features, windows: int):
    """Gram matrices of the parts of a picture, cut into `windows` rows and as many columns.

    (batch, height, width, channels) -> (batch, windows^2, channels, channels); rows and columns
    that are left over at the lower and right border are not seen.
    """
    batch, height, width, channels = features.shape
    height, width = height // windows, width // windows
    parts = features[:, : height * windows, : width * windows]
    parts = ops.reshape(parts, (-1, windows, height, windows, width, channels))
    grams = ops.einsum("byhxwc,byhxwd->byxcd", parts, parts) / (height * width)
    return ops.reshape(grams, (-1, windows * windows, channels, channels))


def _mean_square(tensor):
    """One number a picture: (batch, …) -> (batch)."""
    return ops.mean(ops.square(tensor), axis=tuple(range(1, len(tensor.shape))))


def shift_distance(network, photos, mix, painted):
    """How much the painting of a photo that has moved differs from the painting, moved: a scalar.

    In a cloudless sky a network with strides paints their lattice, an even weave that a perceptual
    loss takes for strokes. The lattice stays where it is when the photo moves, and this is its
    price. (Losses for video ask the same of two frames: Gupta et al. 2017.)
    """
    mix = ops.concatenate([mix[::2], mix[1::2]])
    again = network([_shifted(photos), mix], training=True)
    distance = _mean_square(ops.cast(again, "float32") - _shifted(painted))
    return ops.mean(ops.sum(mix, axis=1) * distance)


def _shifted(pictures):
    """The first, third, … picture without its first rows, the others without first columns."""
    down, right = pictures[::2, SHIFT:, :-SHIFT], pictures[1::2, :-SHIFT, SHIFT:]
    return ops.concatenate([down, right])


class Trainer(keras.Model):
    """A painting network as Keras trains it: `compute_loss` is the perceptual loss.

    [photos, mix] -> painted. Every term is also a metric, so that logs and guards see all of them.
    """

    def __init__(self, network: keras.Model, loss: PerceptualLoss, replicas: int = 1):
        super().__init__(name="trainer")
        self.network = network
        self.terms = lambda *batch: loss(*batch)  # a function: the VGG inside is not to be saved
        self.replicas = replicas
        self.meters = {name: keras.metrics.Mean(name=name) for name in [*loss.names, "shift"]}
        self.built = True  # its parts are, and a checkpoint can be loaded before the first batch

    def call(self, inputs, training=False):
        return self.network(inputs, training=training)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        painted = ops.cast(y_pred, "float32")
        terms = self.terms(*x, painted)
        terms["shift"] = SHIFT_WEIGHT * shift_distance(self.network, *x, painted)
        for name, term in terms.items():
            self.meters[name].update_state(term)
        return sum(terms.values()) / self.replicas  # each device adds its share


def train(
    network: keras.Model,
    content,
    styles: Mapping[str, np.ndarray],
    out,
    *,
    recipe: str | Recipe = "feed-forward",
    steps: int = 2000,
    batch: int = 4,
    crop: int = 192,
    learning_rate: float = 3e-3,
    every: int = 50,
    windows: int = 2,
    only=None,
    identity_every: int = 0,
    previews: Mapping[str, np.ndarray] | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    seed: int = 0,
    weights: str = "imagenet",
) -> PhotoFolder:
    """Train a network [photo, mix] -> painting on a folder of photos; it learns in place.

    `styles` maps a name to its painting (1, height, width, 3), in the order of the network's mix,
    at the size at which its strokes are to be seen. Every `every` steps the folder `out` gets a
    checkpoint, a row of `log.csv`, `loss.png` and, now and then, for the photos in `previews`,
    `preview.jpg`. If `out` holds checkpoints of the same training, it goes on from the newest that
    can be read; `steps`, `every` and `learning_rate` may be others than before.
    With `only`, a list of numbers, it draws from these styles alone, and with `identity_every` N,
    every Nth step asks for the photo itself (StyleBank's T + 1). `callbacks` are Keras' own; an
    epoch is `every` steps, and the network is `self.model.network`. Several devices share each
    batch, and under Keras' policy "mixed_float16" it computes in mixed precision. Returns the
    stream of photos, which knows what was skipped.
    """
    settings = {
        "network": network.name, "weights": network.count_params(), "styles": list(styles),
        "style_sizes": [list(painting.shape[1:3]) for painting in styles.values()],
        "recipe": _said(named_recipe(recipe)), "windows": windows, "batch": batch, "crop": crop,
        "seed": seed, "only": None if only is None else [int(number) for number in only],
        "identity_every": identity_every, "vgg_weights": str(weights),
    }  # fmt: skip
    if crop < SMALLEST_CROP:
        raise InputError(f"crop is {crop}; {SMALLEST_CROP} pixels are the least to train on.")

    def trainer(shared, replicas: int):
        loss = PerceptualLoss(list(styles.values()), recipe, weights, windows)
        return Trainer(shared, loss, replicas)

    def stream(first: int, workers: int):
        return PhotoFolder(
            content, crop=crop, batch=batch, styles=len(styles), only=only,
            identity_every=identity_every, seed=seed, first=first, workers=workers,
        )  # fmt: skip

    mixes = np.eye(len(styles), dtype="float32")[:: max(1, -(-len(styles) // 8))]
    preview = Preview(Path(out), [[mix] for mix in mixes], previews or {})
    return fit(
        network, trainer, stream, out, settings,
        steps=steps, learning_rate=learning_rate, every=every, callbacks=[*callbacks, preview],
    )  # fmt: skip


def _said(recipe: Recipe) -> dict:
    """What a recipe says beyond the defaults, so that a new field does not end old trainings."""
    return {
        entry.name: value
        for entry in fields(Recipe)
        if (value := getattr(recipe, entry.name)) != getattr(Recipe(), entry.name)
    }


def fit(
    network: keras.Model,
    make_trainer: Callable,
    make_stream: Callable,
    out,
    settings: dict,
    *,
    steps: int,
    learning_rate: float,
    every: int,
    callbacks: Sequence[keras.callbacks.Callback] = (),
):
    """What all trainings share: devices, checkpoints to go on from, log, guard; returns the stream.

    `make_trainer(network, replicas)` gives the model to fit, `make_stream(first, workers)` the data
    from a step on, and `settings` are what has to be the same for a training to go on.
    """
    out = Path(out)
    _claim(out, settings | {"loss_scaling": keras.config.dtype_policy().name == "mixed_float16"})
    scope, replicas = _devices()
    with scope:
        shared = keras.models.clone_model(network) if replicas > 1 else network
        shared.set_weights(network.get_weights())
        trainer = _compiled(make_trainer(shared, replicas), learning_rate, steps)
    counter = Counter(steps)
    checkpoints = Checkpoints(out, counter)
    first = counter.done = checkpoints.restore(trainer)
    # With several devices Keras begins to read twice, and threads would go on where it left.
    stream = make_stream(first, 1 if replicas > 1 else 2)
    beside = [
        counter,
        *callbacks,
        NanGuard(counter),
        Logbook(out, counter),
        ProgressBar(counter),
        checkpoints,  # last: what it has kept, the others have written
    ]
    trainer.fit(
        stream,
        steps_per_epoch=every,
        epochs=-(-max(0, steps - first) // every),
        callbacks=beside,
        shuffle=False,  # the stream is in the order it wants to be in
        verbose=0,
    )
    network.set_weights(shared.get_weights())
    return stream


def _claim(out: Path, settings: dict) -> None:
    """Note in the folder which training it holds, and refuse to mix it with another."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise InputError(f"{out} is, or is in, a file: name a folder for the training.") from error
    note = out / "settings.json"
    if note.exists() and list(out.glob("*.weights.h5")):
        try:
            before = json.loads(note.read_text(encoding="utf-8"))
        except ValueError as error:
            raise InputError(
                f"{note} cannot be read ({error}), so which training the folder holds is not "
                "known: name another folder, or delete this one."
            ) from error
        changed = [key for key, value in settings.items() if before.get(key) != value]
        if changed:
            raise InputError(
                f"{out} holds another training: its {', '.join(changed)} differ. Name another "
                "folder, delete this one, or give the same settings to go on with it."
            )
    write(note, json.dumps(settings, indent=1).encode())


def _compiled(trainer: Trainer, learning_rate: float, steps: int) -> Trainer:
    """With Adam on a cosine schedule, whose variables are there before a checkpoint is read.

    The rate rises over the first steps: an untrained decoder without normalisation otherwise runs
    into the flat ends of its sigmoid, and stays there.
    """
    rise = min(WARM_UP, steps // 10)
    rate = keras.optimizers.schedules.CosineDecay(
        learning_rate / 20, steps - rise, alpha=0.02, warmup_target=learning_rate, warmup_steps=rise
    )
    adam = keras.optimizers.Adam(rate, global_clipnorm=5.0)
    trainer.compile(adam, jit_compile="auto" if _compiles_well() else False)
    trainer.optimizer.build(trainer.trainable_variables)  # Adam, or what scales its losses
    return trainer


def _devices():
    """The scope in which to build, so that all devices share the work, and their number."""
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
        if len(devices) > 1:
            return tf.distribute.MirroredStrategy([d.name for d in devices]).scope(), len(devices)
    elif len(keras.distribution.list_devices()) > 1:
        keras.distribution.set_distribution(keras.distribution.DataParallel())
    return nullcontext(), 1


def _compiles_well() -> bool:
    """XLA pays on accelerators and is JAX's only way; on a CPU TensorFlow is faster without."""
    from nstlib.backend import has_gpu

    return keras.backend.backend() == "jax" or has_gpu()
