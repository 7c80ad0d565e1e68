"""Training networks that paint in any style: every step sees photos and, for each, a painting.

Huang & Belongie 2017, section 6: content is kept near what adaptive instance normalisation made of
the photo, style near the painting's means and standard deviations. We add Gram matrices, which tell
strokes from colours, and divide every term by the mean square of its target. The light network's
content is kept near that of the photo itself, in the painting's palette.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from nstlib.backend import keras, ops
from nstlib.images.color import color_matcher
from nstlib.machine import progress
from nstlib.networks.adain import adain_decoder, set_style_axes
from nstlib.networks.training.diary import Preview
from nstlib.networks.training.loop import Trainer, fit
from nstlib.networks.training.loss import relative_distance
from nstlib.networks.training.photos import PhotoFolder, with_grain
from nstlib.networks.training.plan import Training
from nstlib.vgg import losses
from nstlib.vgg.statistics import ADAPTED, LEVELS, level_statistics, style_encoder, style_vector

DEEPEST = ADAPTED[-1]
WEIGHTS = {
    "adain": {"content": 0.12, "mean_std": 30.0, "gram": 32.0, "tv": 1.0},
    # It does not see VGG19's features of the photo, and without more content and the tones of the
    # photo, in the painting's palette, it painted light for dark.
    "adain_light": {"content": 9.0, "tone": 10.0, "mean_std": 30.0, "gram": 32.0, "tv": 1.0},
}
FLOOR = 0.02  # of `relative_distance`, added to mean squares that are near 1
TONE_CELL = 16  # pixels: strokes are free within it
PAINTING_ZOOM = (1.2, 2.2)  # so that strokes are seen as large as in a painting of 300 to 400 px


class PhotosAndPaintings(keras.utils.PyDataset):
    """`dataset[step]` -> ((photos, paintings),), both (batch, crop, crop, 3), RGB, 0..1.

    Two folders, each read as `PhotoFolder` does. Half of the paintings have their colour channels
    exchanged, so that a few hundred stand for more palettes than they have. With `palette` photos
    get the painting's colours beforehand, as `nst.stylizer` does it.
    """

    def __init__(self, content, paintings, *, crop, batch, seed=0, first=0, palette=False):
        super().__init__(workers=2, max_queue_size=8)
        shared = {"crop": crop, "batch": batch}
        self.photos = PhotoFolder(content, seed=seed, **shared)
        self.paintings = PhotoFolder(paintings, seed=seed + 1, zoom=PAINTING_ZOOM, **shared)
        self.seed, self.first, self.palette = seed, first, palette

    @property
    def num_batches(self):
        return None  # endless

    def __getitem__(self, index: int):
        step = self.first + index
        photos, paintings = (folder[step][0][0] for folder in (self.photos, self.paintings))
        random = np.random.default_rng([self.seed, step, 2])
        for painting in paintings[step * len(paintings) % 2 :: 2]:
            painting[...] = painting[..., random.permutation(3)]
        if self.palette:
            matchers = [color_matcher(painting[None], quiet=True) for painting in paintings]
            pairs = zip(matchers, photos, strict=True)
            photos = with_grain(
                np.concatenate([match(photo[None]) for match, photo in pairs]), random
            )
        return ((photos, paintings),)


class AnyStyleTrainer(Trainer):
    """An any-style network as Keras trains it: (photos, paintings) -> what the loss needs."""

    def __init__(self, network: keras.Model, weights: str = "imagenet", replicas: int = 1):
        names = [
            *(name for name in ("content", "tone") if name in WEIGHTS[network.name]),
            *(f"{kind} {level}" for level in LEVELS for kind in ("mean_std", "gram")),
            "tv",
        ]
        super().__init__(network, names, replicas)
        encoder = style_encoder(weights)
        decoder = adain_decoder(network) if len(network.inputs) == 3 else None
        self.look = lambda pictures: encoder(pictures)  # functions: not to be saved with it
        self.decode = decoder and (lambda inputs: decoder(inputs))

    def call(self, inputs, training=False):
        photos, paintings = inputs
        seen, models = self.look(photos), self.look(paintings)
        style = style_vector(models)
        painted, target = self.paint(photos, seen, style)
        return {  # sums of squares are made in single precision, whatever the network's
            "photos": photos,
            "painted": ops.cast(painted, "float32"),
            "target": ops.stop_gradient(target),
            "style": style,
            "grams": {level: losses.gram_matrix(_scaled(models, level)) for level in LEVELS},
        }

    def paint(self, photos, seen: dict, style):
        """Photos, their features, style -> painted, and what its deepest features should be."""
        if self.decode is None:
            return self.network([photos, style], training=True), _scaled(seen, DEEPEST)
        alpha = ops.ones_like(style[:, : len(ADAPTED)])
        return self.decode([photos, *(seen[level] for level in ADAPTED), style, alpha])

    def terms(self, made: dict) -> dict:
        """The weighted terms of the loss by name; each kind is a mean over the levels."""
        after, weights = self.look(made["painted"]), WEIGHTS[self.network.name]
        style = style_vector(after)
        content = _distance(_scaled(after, DEEPEST), made["target"])
        terms = {"content": weights["content"] * content}
        if "tone" in weights:
            tones = (ops.average_pool(made[key], TONE_CELL) for key in ("painted", "photos"))
            terms["tone"] = weights["tone"] * _distance(*tones)
        for level in LEVELS:
            statistics = (level_statistics(vector, level) for vector in (style, made["style"]))
            grams = losses.gram_matrix(_scaled(after, level)), made["grams"][level]
            terms[f"mean_std {level}"] = weights["mean_std"] / len(LEVELS) * _distance(*statistics)
            terms[f"gram {level}"] = weights["gram"] / len(LEVELS) * _distance(*grams)
        terms["tv"] = weights["tv"] * losses.total_variation(made["painted"])
        return terms


def _scaled(features: dict, level: str):
    return features[level] / LEVELS[level][1]


def _distance(value, target):
    """Mean over the batch of the relative distance."""
    return ops.mean(relative_distance(value, target, FLOOR))


def lay_style_axes(
    network: keras.Model, content, paintings, *, crop: int = 128, batch: int = 4, seed: int = 0,
    count: int = 1000, weights: str = "imagenet",
) -> None:  # fmt: skip
    """Lay the axes of a new `adain_light_network` through `count` crops of paintings."""
    stream = PhotosAndPaintings(content, paintings, crop=crop, batch=batch, seed=seed + 1)
    look = style_encoder(weights)
    batches = (stream[number][0][1] for number in range(-(-count // batch)))
    batches = progress(batches, total=-(-count // batch), desc="Looking at paintings")
    vectors = [ops.convert_to_numpy(style_vector(look(painting))) for painting in batches]
    set_style_axes(network, np.concatenate(vectors))


def train_any_style(
    network: keras.Model,
    content,
    paintings,
    out,
    *,
    previews: Mapping[str, np.ndarray] | None = None,
    preview_paintings: Sequence[np.ndarray] = (),
    callbacks: Sequence[keras.callbacks.Callback] = (),
    **options,
) -> PhotosAndPaintings:
    """Train `adain_network` or `adain_light_network` on a folder of photos and one of paintings.

    Otherwise as `nstlib.train`: `options`, of which crop=128 and learning_rate=1e-3 are other,
    checkpoints, log, going on after an interruption. Of the network with VGG19 inside only the
    decoder learns; one without begins with `lay_style_axes`.
    """
    plan = Training(**{"crop": 128, "learning_rate": 1e-3} | options)
    stream = PhotosAndPaintings(
        content, paintings, crop=plan.crop, batch=plan.batch, seed=plan.seed,
        palette=network.name == "adain_light",
    )  # fmt: skip
    conditions = _conditions(network, preview_paintings, plan.weights)
    fit(
        network,
        lambda shared, replicas: AnyStyleTrainer(shared, plan.weights, replicas),
        stream,
        out,
        plan=plan,
        settings={"terms": WEIGHTS[network.name]},
        callbacks=[*callbacks, Preview(Path(out), conditions, previews or {})],
    )
    return stream


def _conditions(network: keras.Model, paintings, weights: str) -> list[list[np.ndarray]]:
    """What the network takes beside a picture, to paint in the style of each painting."""
    look = style_encoder(weights) if paintings else None
    styles = [ops.convert_to_numpy(style_vector(look(painting)))[0] for painting in paintings]
    alpha = [np.ones(len(ADAPTED), "float32")] * (len(network.inputs) - 2)
    return [[style, *alpha] for style in styles]
