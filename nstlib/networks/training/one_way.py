"""Training on a collection without a way back: a critic asks for its look, VGG19 for the content.

Chen, Lai & Liu 2018 (CartoonGAN). A cycle wants back every colour that a collection does not have,
and so teaches a network to hide it; features want back only what is seen where. One network instead
of two ways, and one critic: a step costs less than half. We depart from the paper in two things.
The content is compared with the photo in the collection's mean palette
(`nstlib.networks.palette`), early in VGG19 (block3_conv1 instead of conv4_4). And light and colour
of every cell of some pixels stay near the photo's, as for networks of one painting.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from nstlib.backend import keras, ops
from nstlib.errors import InputError
from nstlib.networks.critic import PastPaintings, for_true, held, patch_critic, told_apart
from nstlib.networks.training.canvas import Canvas
from nstlib.networks.training.diary import Preview
from nstlib.networks.training.loop import Trainer, Training, average_over, fit
from nstlib.networks.training.loss import ONE, TONE_WEIGHT, tone_distance
from nstlib.networks.training.photos import ZOOM
from nstlib.networks.training.unpaired import TwoFolders, set_mean_palettes
from nstlib.vgg.losses import relative_distance
from nstlib.vgg.network import feature_extractor

WEIGHTS = {"adversarial": 1.0, "content": 1.0, "tone": TONE_WEIGHT, "critic": 1.0}
LAYER = "block3_conv1"  # whose features say what is seen where
USUAL = {"steps": 2500, "batch": 2, "crop": 128, "learning_rate": 7e-4, "every": 100}


class OneStyleTrainer(Trainer):
    """A network of one style, [picture, mix] -> painting, and what it is shown and compared by."""

    momentum = 0.5

    def __init__(
        self, network: keras.Model, plan: Training, weights: Mapping, average: float | None
    ):
        super().__init__(network, list(weights))
        self.average, self.shares = average, dict(weights)
        self.canvas, self.past = Canvas(network), PastPaintings(plan.crop, name="past")
        self.look = feature_extractor([LAYER], weights=plan.weights)


class OneWayTrainer(OneStyleTrainer):
    """A network of one style, and the critic of what it paints."""

    def __init__(self, network: keras.Model, plan: Training, weights=WEIGHTS, average=None):
        super().__init__(network, plan, weights, average)
        self.critic = patch_critic()

    def call(self, inputs, training=False):
        photos, paintings, lie, slots, old = inputs
        photos, painted = self.canvas(photos, [ops.ones_like(photos[:, 0, 0, :1])], lie)
        remembered = self.past(painted, slots, old)
        return {
            "photos": photos, "painted": painted, "paintings": paintings, "remembered": remembered
        }  # fmt: skip

    def terms(self, made: dict) -> dict:
        before, after = (self.look(made[name])[LAYER] for name in ("photos", "painted"))
        distance = relative_distance(after, ops.stop_gradient(before), axis=ONE)
        found = {
            "adversarial": for_true(held(self.critic)(made["painted"])),
            "content": ops.mean(distance),
            "tone": ops.mean(tone_distance(made["photos"], made["painted"])),
            "critic": told_apart(self.critic(made["paintings"]), self.critic(made["remembered"])),
        }
        return {name: self.shares[name] * value for name, value in found.items()}


def train_one_way(
    network: keras.Model,
    photos,
    paintings,
    out,
    *,
    zoom: tuple[float, float] = ZOOM,
    weights_of_terms: Mapping[str, float] = WEIGHTS,
    previews: Mapping[str, np.ndarray] = {},
    callbacks: Sequence[keras.callbacks.Callback] = (),
    **options,
) -> TwoFolders:
    """Train a network [picture, mix] -> painting, of one style, on two folders; it learns in place.

    As `train_unpaired`, but photos become paintings only, and VGG19 keeps the content instead of a
    way back. Raises InputError for a network of more styles than one.
    """
    plan = Training(**USUAL | options)
    of_one_style(network)
    shared = {"crop": plan.crop, "batch": plan.batch, "seed": plan.seed, "zoom": zoom}
    stream = TwoFolders(photos, paintings, **shared)
    set_mean_palettes(network, (stream.paintings,))
    diary = {"previews": previews, "callbacks": callbacks}
    teach(network, OneWayTrainer, stream, out, plan, weights_of_terms, **diary)
    return stream


# --- Shared with the training on cartoons --------------------------------------------------------


def of_one_style(network: keras.Model) -> None:
    """Raise InputError unless the network takes a picture and one number, its style's share."""
    if len(network.inputs) != 2 or network.inputs[-1].shape[-1] != 1:
        raise InputError(
            f"The network {network.name} takes {len(network.inputs)} inputs, the last of "
            f"{network.inputs[-1].shape[-1]} numbers; for one way it must take a picture and 1, "
            'its one style: build_network("light", 1).'
        )


def teach(network, make_trainer, stream: TwoFolders, out, plan, weights, *, previews, callbacks):
    """Train a network of one style as `make_trainer` says: (network, plan, weights, average)."""
    settings = {
        "photos": len(stream.photos.files), "paintings": len(stream.paintings.files),
        "zoom": list(stream.photos.zoom), "terms": dict(weights),
    }  # fmt: skip
    fit(
        network,
        lambda net: make_trainer(net, plan, weights, average_over(plan.steps)),
        stream, out, plan=plan, settings=settings,
        callbacks=[*callbacks, Preview(Path(out), [[np.ones(1, "float32")]], previews)],
    )  # fmt: skip
