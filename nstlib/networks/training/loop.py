"""Training networks that paint: Keras' own `fit` around a loss, a folder, and all devices."""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nstlib.backend import backend_name, has_gpu, keras, own_settings
from nstlib.errors import InputError, number
from nstlib.files import write, write_problem
from nstlib.gatys.recipe import Recipe, recipe as named_recipe
from nstlib.networks.conditions import SMALLEST
from nstlib.networks.palette import set_palettes
from nstlib.networks.training.canvas import Canvas
from nstlib.networks.training.diary import Diary, Preview
from nstlib.networks.training.loss import PerceptualLoss
from nstlib.networks.training.photos import PhotoFolder

WARM_UP = 100  # steps, at most a tenth of all
LONGEST_AVERAGE = 1000  # steps over which weights are averaged, at most


@dataclass(frozen=True)
class Training:
    """How long a network learns, from how much, and how fast.

    `steps` batches of `batch` photos, each a square of `crop` pixels; the `learning_rate` of Adam
    where it is highest; `every` so many steps a checkpoint and a row of the log; the `seed` of the
    stream of photos; the `weights` of VGG19, "imagenet", "random" or a file.
    """

    steps: int = 6000
    batch: int = 1
    crop: int = 256
    learning_rate: float = 2e-3
    every: int = 50
    seed: int = 0
    weights: str = "imagenet"

    def __post_init__(self):
        for name in ("steps", "batch", "every"):
            number(name, getattr(self, name), 1, whole=True)
        number("crop", self.crop, SMALLEST, whole=True, unit="pixels")
        number("learning_rate", self.learning_rate, 0, above=True)


class Trainer(keras.Model):
    """A painting network as Keras trains it.

    A class that derives from it says in `call` how a batch is painted, and in `terms` what is asked
    of that: a dict of scalars under these `names`, weighted as they are summed. Every term is also
    a metric, so that the diary sees all of them. Each of `replicas` devices adds its share. Adam
    has the `momentum` (beta_1) that the class names. With an `average`, 0..1, the weights in the
    end are a running average of those of all steps, of which so much stays at each.
    """

    replicas, momentum, average = 1, 0.9, None

    def __init__(self, network: keras.Model, names: Sequence[str]):
        super().__init__(name="trainer", autocast=False)  # photos in single precision for the loss
        self.network = network
        self.meters = {name: keras.metrics.Mean(name=name) for name in names}
        self.built = True  # its parts are, and a checkpoint can be loaded before the first batch

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        terms = self.terms(y_pred)
        for name, term in terms.items():
            self.meters[name].update_state(term)
        return sum(terms.values()) / self.replicas


def average_over(steps: int) -> float:
    """The momentum of an average of the weights: over a twentieth of the training at most."""
    return 1 - 1 / max(1, min(LONGEST_AVERAGE, steps // 20))


class StyleTrainer(Trainer):
    """A network of some styles: photos, mix and lies -> photos, mix and painted, for the loss."""

    def __init__(self, network: keras.Model, loss: PerceptualLoss):
        super().__init__(network, loss.names)
        self.perceptual, self.canvas = loss, Canvas(network)

    def call(self, inputs, training=False):
        photos, mix, lies = inputs
        photos, painted = self.canvas(photos, [mix], lies)
        return {"photos": photos, "mix": mix, "painted": painted}

    def terms(self, made: dict) -> dict:
        return self.perceptual(**made)


def train(
    network: keras.Model,
    content,
    styles: Mapping[str, np.ndarray],
    out,
    *,
    recipe: str | Recipe = "feed-forward",
    only: Sequence[int] | None = None,
    identity_every: int = 0,
    previews: Mapping[str, np.ndarray] = {},
    callbacks: Sequence[keras.callbacks.Callback] = (),
    **options,
) -> PhotoFolder:
    """Train a network [photo, mix] -> painting on a folder of photos; it learns in place.

    `styles` maps a name to its painting (1, height, width, 3), in the order of the network's mix,
    at the size at which its strokes are to be seen. `options` are those of `Training`: steps,
    batch, crop, learning_rate, every, seed and weights.

    Every `every` steps the folder `out` gets a checkpoint, a row of `log.csv`, `loss.png` and, now
    and then, for the photos in `previews`, `preview.jpg`. If `out` holds checkpoints of the same
    training, it goes on from the newest that can be read; `steps`, `every` and `learning_rate` may
    be others than before.

    `recipe` is for `PerceptualLoss`. With `only`, a list of numbers, it draws from these styles
    alone, and with `identity_every` N, every Nth step asks for the photo itself (StyleBank's
    T + 1). In `callbacks`, Keras' own, the network is `self.model.network`. Several devices share
    each batch; under Keras' policy "mixed_float16" it computes in mixed precision. Returns the
    stream of photos, which knows what was skipped.
    """
    plan, paintings, recipe = Training(**options), list(styles.values()), named_recipe(recipe)
    stream = PhotoFolder(
        content, crop=plan.crop, batch=plan.batch, seed=plan.seed,
        styles=len(styles), only=only, identity_every=identity_every,
    )  # fmt: skip
    usual = vars(Recipe())  # is left out, so that a new field does not end old trainings
    settings = {
        "styles": list(styles), "style_sizes": [list(p.shape[1:3]) for p in paintings],
        "recipe": {name: value for name, value in vars(recipe).items() if value != usual[name]},
        "only": None if only is None else stream.only.tolist(), "identity_every": identity_every,
    }  # fmt: skip

    def trainer(shared: keras.Model) -> StyleTrainer:
        return StyleTrainer(shared, PerceptualLoss(paintings, recipe, plan.weights))

    measured = range(len(styles)) if only is None else only
    set_palettes(network, {number: paintings[number] for number in measured})
    mixes = np.eye(len(styles), dtype="float32")[:: -(-len(styles) // 8)]  # at most 8 columns
    callbacks = [*callbacks, Preview(Path(out), [[mix] for mix in mixes], previews)]
    fit(network, trainer, stream, out, plan=plan, settings=settings, callbacks=callbacks)
    return stream


@own_settings()
def fit(
    network: keras.Model,
    make_trainer: Callable[[keras.Model], Trainer],
    stream,
    out,
    *,
    plan: Training,
    settings: dict,
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> None:
    """What all trainings share: devices, a folder to go on from, and its diary.

    `make_trainer(network)` is called where all devices see what it builds; `stream` has a `first`
    step and a number of `workers`; `settings` have to be the same for a training to go on.
    """
    out = Path(out)
    _claim(out, settings | {
        "network": network.name, "weights": network.count_params(),
        "loss_scaling": keras.config.dtype_policy().name == "mixed_float16",
        "batch": plan.batch, "crop": plan.crop, "seed": plan.seed,
        "vgg_weights": str(plan.weights),
    })  # fmt: skip
    scope, replicas = _devices()
    with scope:
        shared = keras.models.clone_model(network) if replicas > 1 else network
        shared.set_weights(network.get_weights())
        trainer = _compiled(make_trainer(shared), plan)
    trainer.replicas = replicas
    diary = Diary(out, plan.steps)
    stream.first = diary.restore(trainer)
    # With several devices Keras begins to read twice, and threads would go on where it left.
    stream.workers = 1 if replicas > 1 else 2
    trainer.fit(
        stream,
        steps_per_epoch=plan.every,
        epochs=-(-max(0, plan.steps - diary.done) // plan.every),
        callbacks=[*callbacks, diary],  # the diary last: what it has kept, the others have written
        shuffle=False,  # the stream is in the order it wants to be in
        verbose=0,
    )
    if trainer.average is not None:  # `fit` has done so, unless there was nothing left to do
        trainer.optimizer.finalize_variable_values(trainer.trainable_variables)
    network.set_weights(shared.get_weights())


def _claim(out: Path, settings: dict) -> None:
    """Note in the folder which training it holds, and refuse to mix it with another."""
    if problem := write_problem(out):
        raise InputError(f"{out} {problem}: name a folder for the training.")
    note = out / "settings.json"
    if note.exists() and list(out.glob("*.weights.h5")):
        try:
            before = json.loads(note.read_text(encoding="utf-8"))
        except ValueError:
            before = {}
        if changed := [key for key, value in settings.items() if before.get(key) != value]:
            raise InputError(
                f"{out} holds another training, or its settings.json is damaged: "
                f"{', '.join(changed)} differ. Name another folder, delete this one, or give the "
                "same settings to go on with it."
            )
    write(note, json.dumps(settings, indent=1).encode())


def _compiled(trainer: Trainer, plan: Training) -> Trainer:
    """With Adam on a cosine schedule, whose variables are there before a checkpoint is read.

    The rate rises over the first steps: an untrained decoder without normalisation otherwise runs
    into the flat ends of its sigmoid, and stays there.
    """
    rise, high = min(WARM_UP, plan.steps // 10), plan.learning_rate
    rate = keras.optimizers.schedules.CosineDecay(
        high / 20, plan.steps - rise, alpha=0.02, warmup_target=high, warmup_steps=rise
    )
    # XLA pays on accelerators and is JAX's only way; on a CPU TensorFlow is faster without.
    compiles_well = backend_name() == "jax" or has_gpu()
    trainer.compile(adam_of(trainer, rate), jit_compile="auto" if compiles_well else False)
    trainer.optimizer.build(trainer.trainable_variables)  # Adam, or what scales its losses
    return trainer


def adam_of(trainer: Trainer, rate) -> keras.optimizers.Adam:
    """Adam as a trainer wants it, with the average of its weights, if there is to be one."""
    how = {} if trainer.average is None else {"use_ema": True, "ema_momentum": trainer.average}
    return keras.optimizers.Adam(rate, beta_1=trainer.momentum, global_clipnorm=5.0, **how)


def _devices():
    """The scope in which to build, so that all devices share the work, and their number."""
    if backend_name() == "tensorflow":
        import tensorflow as tf

        devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
        if len(devices) > 1:
            return tf.distribute.MirroredStrategy([d.name for d in devices]).scope(), len(devices)
    elif len(keras.distribution.list_devices()) > 1:
        keras.distribution.set_distribution(keras.distribution.DataParallel())
    return nullcontext(), 1
