"""Training networks that paint in any style: every step sees photos and, for each, a painting.

Huang & Belongie 2017, section 6: content is kept near what adaptive instance normalisation made of
the photo, style near the painting's means and standard deviations. We add Gram matrices, which tell
strokes from colours, and divide every term by the mean square of its target. The light network's
content is kept near that of the photo itself, in the painting's palette.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from nstlib.backend import keras, ops
from nstlib.images.color import color_matcher
from nstlib.machine import progress
from nstlib.networks.adain import adain_decoder, set_style_axes
from nstlib.networks.training.diary import Preview
from nstlib.networks.training.loop import fit
from nstlib.networks.training.photos import PhotoFolder, with_grain
from nstlib.vgg import losses
from nstlib.vgg.statistics import ADAPTED, LEVELS, level_statistics, style_encoder, style_vector

DEEPEST = ADAPTED[-1]
WEIGHTS = {
    "adain": {"content": 0.12, "mean_std": 30.0, "gram": 32.0, "tv": 1.0},
    # It does not see VGG19's features of the photo, and without more content and the tones of the
    # photo, in the painting's palette, it painted light for dark.
    "adain_light": {"content": 9.0, "tone": 10.0, "mean_std": 30.0, "gram": 32.0, "tv": 1.0},
}
FLOOR = 0.02  # added to mean squares, which are near 1
TONE_CELL = 16  # pixels: strokes are free within it
PAINTING_ZOOM = (1.2, 2.2)  # so that strokes are seen as large as in a painting of 300 to 400 px


class PhotosAndPaintings(keras.utils.PyDataset):
    """`dataset[step]` -> ((photos, paintings),), both (batch, crop, crop, 3), RGB, 0..1.

    Two folders, each read as `PhotoFolder` does. Half of the paintings have their colour channels
    exchanged, so that a few hundred stand for more palettes than they have. With `palette` photos
    get the painting's colours beforehand, as `nst.stylizer` does it.
    """

    def __init__(
        self, content, paintings, *, crop, batch, seed=0, first=0, workers=2, palette=False
    ):
        super().__init__(workers=workers, max_queue_size=8)
        shared = {"crop": crop, "batch": batch, "first": first}
        self.photos = PhotoFolder(content, seed=seed, **shared)
        self.paintings = PhotoFolder(paintings, seed=seed + 1, zoom=PAINTING_ZOOM, **shared)
        self.seed, self.first, self.palette = seed, first, palette

    @property
    def num_batches(self):
        return None  # endless

    def __getitem__(self, index: int):
        photos, paintings = (folder[index][0][0] for folder in (self.photos, self.paintings))
        step = self.first + index
        random = np.random.default_rng([self.seed, step, 2])
        for painting in paintings[step * len(paintings) % 2 :: 2]:
            painting[...] = painting[..., random.permutation(3)]
        if self.palette:
            pairs = zip(photos, paintings, strict=True)
            photos = np.concatenate([_matched(photo, model) for photo, model in pairs])
            photos = with_grain(photos, random)
        return ((photos, paintings),)


def _matched(photo: np.ndarray, painting: np.ndarray) -> np.ndarray:
    return color_matcher(painting[None], quiet=True)(photo[None])


class AnyStyleTrainer(keras.Model):
    """An any-style network as Keras trains it: (photos, paintings) -> what the loss needs."""

    def __init__(self, network: keras.Model, weights: str = "imagenet", replicas: int = 1):
        super().__init__(name="trainer")
        self.network, self.replicas = network, replicas
        encoder = style_encoder(weights)
        self.look = lambda pictures: encoder(pictures)  # functions: not to be saved with it
        self.paint = _painter(network)
        names = [
            *(name for name in ("content", "tone") if name in WEIGHTS[network.name]),
            *(f"{kind} {level}" for level in LEVELS for kind in ("mean_std", "gram")),
        ]
        self.meters = {name: keras.metrics.Mean(name=name) for name in [*names, "tv"]}
        self.built = True

    def call(self, inputs, training=False):
        photos, paintings = inputs
        seen, models = self.look(photos), self.look(paintings)
        style = style_vector(models)
        painted, target = self.paint(photos, seen, style)
        return {  # sums of squares are made in single precision, whatever the network's
            "photos": ops.cast(photos, "float32"),
            "painted": ops.cast(painted, "float32"),
            "target": ops.stop_gradient(target),
            "style": style,
            "grams": {level: _gram(models, level) for level in LEVELS},
        }

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        terms = self.terms(y_pred)
        for name, term in terms.items():
            self.meters[name].update_state(term)
        return sum(terms.values()) / self.replicas

    def terms(self, made: dict) -> dict:
        """The weighted terms of the loss by name; each kind is a mean over the levels."""
        after, weights = self.look(made["painted"]), WEIGHTS[self.network.name]
        style = style_vector(after)
        deepest = after[DEEPEST] / LEVELS[DEEPEST][1]
        terms = {"content": weights["content"] * _distance(deepest, made["target"])}
        if "tone" in weights:
            tones = (ops.average_pool(made[key], TONE_CELL) for key in ("painted", "photos"))
            terms["tone"] = weights["tone"] * _distance(*tones)
        for level in LEVELS:
            statistics = (level_statistics(vector, level) for vector in (style, made["style"]))
            terms[f"mean_std {level}"] = weights["mean_std"] / len(LEVELS) * _distance(*statistics)
            distance = _distance(_gram(after, level), made["grams"][level])
            terms[f"gram {level}"] = weights["gram"] / len(LEVELS) * distance
        terms["tv"] = weights["tv"] * losses.total_variation(made["painted"])
        return terms


def _painter(network: keras.Model) -> Callable:
    """(photos, their features, style) -> (painted, what the deepest features should be)."""
    if len(network.inputs) == 3:  # the encoder has seen the photos already
        decoder = adain_decoder(network)

        def paint(photos, seen, style):
            alpha = ops.ones_like(style[:, : len(ADAPTED)])
            return decoder([photos, *(seen[level] for level in ADAPTED), style, alpha])
    else:

        def paint(photos, seen, style):
            return network([photos, style], training=True), seen[DEEPEST] / LEVELS[DEEPEST][1]

    return paint


def _gram(features: dict, level: str):
    return losses.gram_matrix(features[level] / LEVELS[level][1])


def _distance(value, target):
    """Mean over the batch of the mean squared difference, divided by the target's mean square.

    What excites nearly nothing, an almost black painting, is not to outweigh all others: FLOOR.
    """
    axes = tuple(range(1, len(target.shape)))
    energy = ops.mean(ops.square(target), axis=axes) + FLOOR
    return ops.mean(ops.mean(ops.square(value - target), axis=axes) / energy)


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
    steps: int = 2000,
    batch: int = 4,
    crop: int = 128,
    learning_rate: float = 1e-3,
    every: int = 50,
    previews: Mapping[str, np.ndarray] | None = None,
    preview_paintings=(),
    seed: int = 0,
    weights: str = "imagenet",
) -> PhotosAndPaintings:
    """Train `adain_network` or `adain_light_network` on a folder of photos and one of paintings.

    Otherwise as `nstlib.train`: checkpoints, log, going on after an interruption. Of the network
    with VGG19 inside only the decoder learns; one without begins with `lay_style_axes`.
    """
    settings = {
        "network": network.name, "weights": network.count_params(), "terms": WEIGHTS[network.name],
        "batch": batch, "crop": crop, "seed": seed, "vgg_weights": str(weights),
    }  # fmt: skip
    conditions = [_condition(network, painting, weights) for painting in preview_paintings]
    return fit(
        network,
        lambda shared, replicas: AnyStyleTrainer(shared, weights, replicas),
        lambda first, workers: PhotosAndPaintings(
            content,
            paintings,
            crop=crop,
            batch=batch,
            seed=seed,
            first=first,
            workers=workers,
            palette=network.name == "adain_light",
        ),
        out,
        settings,
        steps=steps,
        learning_rate=learning_rate,
        every=every,
        callbacks=[Preview(Path(out), conditions, previews or {})],
    )


def _condition(network: keras.Model, painting: np.ndarray, weights: str) -> list[np.ndarray]:
    """What the network takes beside a picture, to paint in the style of a painting."""
    style = ops.convert_to_numpy(style_vector(style_encoder(weights)(painting)))[0]
    alpha = [np.ones(len(ADAPTED), "float32")]
    return [style, *(alpha if len(network.inputs) == 3 else [])]
