"""Training on cartoons: two critics, each of which sees only a part of what a cartoon is.

Wang & Yu 2020 ("white-box cartoonisation"). A critic that is shown cartoons as they are goes by
their palette and their subjects, and a network that pleases it loses the photo's. So one sees
*surfaces*, smoothed until only fields of colour are left, and one sees *texture*, a gray in which
no colour can be trusted, only line and shade. What is a third look in the paper, *structure*, is a
picture to come near to: the photo as flat fields, of which VGG19 and the colours say how far the
painting is. We depart from the paper in three things: the fields are the photo's, found once, and
not the painting's, found anew in every step; ink lies between them; and all is measured in the
cartoons' mean palette (`nstlib.networks.palette`).
"""

from collections.abc import Mapping, Sequence

import numpy as np

from nstlib.backend import keras, ops
from nstlib.images.cartoons import structure_look, texture_weights
from nstlib.networks.critic import for_true, held, patch_critic, told_apart
from nstlib.networks.training.loop import Training
from nstlib.networks.training.loss import ONE
from nstlib.networks.training.one_way import LAYER, USUAL, OneStyleTrainer, of_one_style, teach
from nstlib.networks.training.photos import ZOOM
from nstlib.networks.training.unpaired import TwoFolders, set_mean_palettes
from nstlib.vgg.losses import relative_distance

WEIGHTS = {
    "surface": 0.3, "texture": 1.0, "structure": 1.0, "content": 0.3, "colors": 10.0, "critics": 1.0
}  # fmt: skip
RADIUS, TOLERANCE = 3, 0.1  # of a smoothed surface: pixels of a crop, of 0..1
LINES = 0.13  # how far two fields differ, 0..1, between which ink is drawn


class PhotosAndCartoons(TwoFolders):
    """`dataset[step]` -> ((photos, fields, cartoons, lies, slots, old, grays),).

    As `TwoFolders`; fields (batch, crop, crop, 3) are the photos as `structure_look` sees them,
    and grays (batch, 3) say how much of red, green and blue a texture takes.
    """

    def __getitem__(self, index: int):
        ((photos, cartoons, lies, slots, old),) = super().__getitem__(index)
        fields = np.concatenate([structure_look(photo[None], lines=LINES) for photo in photos])
        seeds = (self.first + index) * self.batch + np.arange(self.batch)
        grays = np.stack([texture_weights(seed) for seed in seeds]).astype("float32")
        return ((photos, fields, cartoons, lies, slots, old, grays),)


class CartoonTrainer(OneStyleTrainer):
    """A network of one style, and the critics of surface and of texture."""

    def __init__(self, network: keras.Model, plan: Training, weights=WEIGHTS, average=None):
        super().__init__(network, plan, weights, average)
        self.critics = {name: patch_critic(f"critic_of_{name}") for name in ("surface", "texture")}

    def call(self, inputs, training=False):
        photos, fields, cartoons, lie, slots, old, grays = inputs
        mix = ops.ones_like(photos[:, 0, 0, :1])
        photos, painted = self.canvas(photos, [mix], lie)
        fields = self.canvas.mix([fields, mix])
        three = painted, cartoons, self.past(painted, slots, old)
        return {
            "pictures": (photos, fields, painted),
            "surface": [smoothed(pictures) for pictures in three],
            "texture": [in_gray(pictures, grays) for pictures in three],
        }

    def terms(self, made: dict) -> dict:
        _, fields, painted = made["pictures"]
        seen = self.look(ops.concatenate(made["pictures"]))[LAYER]
        of_photos, of_fields, of_painted = ops.split(seen, 3)
        found = {"critics": 0.0}
        for name, critic in self.critics.items():
            ours, true, remembered = made[name]
            found[name] = for_true(held(critic)(ours))
            found["critics"] += told_apart(critic(true), critic(remembered))
        for name, target in {"structure": of_fields, "content": of_photos}.items():
            away = relative_distance(of_painted, ops.stop_gradient(target), axis=ONE)
            found[name] = ops.mean(away)
        found["colors"] = ops.mean(ops.abs(painted - fields))
        return {name: self.shares[name] * value for name, value in found.items()}


def smoothed(pictures):
    """What `surface_look` leaves of pictures (batch, height, width, 3), in every channel alone."""

    def mean(values):
        return ops.average_pool(
            values, 2 * RADIUS + 1, 1, padding="same", data_format="channels_last"
        )

    middle = mean(pictures)
    spread = ops.maximum(mean(ops.square(pictures)) - ops.square(middle), 0)
    steep = spread / (spread + TOLERANCE**2)
    return mean(steep) * pictures + mean((1 - steep) * middle)


def in_gray(pictures, grays):
    """What `texture_look` makes of pictures, in all three channels, with weights (batch, 3)."""
    gray = ops.sum(pictures * grays[:, None, None], axis=-1, keepdims=True)
    return ops.repeat(gray, 3, axis=-1)


def train_cartoon(
    network: keras.Model,
    photos,
    cartoons,
    out,
    *,
    zoom: tuple[float, float] = ZOOM,
    weights_of_terms: Mapping[str, float] = WEIGHTS,
    previews: Mapping[str, np.ndarray] = {},
    callbacks: Sequence[keras.callbacks.Callback] = (),
    **options,
) -> PhotosAndCartoons:
    """Train a network [picture, mix] -> cartoon, of one style, on two folders; it learns in place.

    As `train_one_way`, but two critics see a part of the cartoons each, and what is painted comes
    near to the photos' flat fields. Raises InputError for a network of more styles than one.
    """
    plan = Training(**USUAL | options)
    of_one_style(network)
    shared = {"crop": plan.crop, "batch": plan.batch, "seed": plan.seed, "zoom": zoom}
    stream = PhotosAndCartoons(photos, cartoons, **shared)
    set_mean_palettes(network, (stream.paintings,))
    diary = {"previews": previews, "callbacks": callbacks}
    teach(network, CartoonTrainer, stream, out, plan, weights_of_terms, **diary)
    return stream
