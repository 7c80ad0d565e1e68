"""Training networks that paint in any style: every step sees photos and, for each, a painting.

Huang & Belongie 2017, section 6: content is kept near what adaptive instance normalisation made of
the photo (or, for the light network, near the photo in the painting's palette), style near the
painting's means and standard deviations. We add Gram matrices, which tell strokes from colours, and
divide every term by the mean square of its target.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from nstlib.backend import keras, ops
from nstlib.machine import progress
from nstlib.networks.adain import adain_decoder, set_style_axes
from nstlib.networks.palette import in_palette, palette_of
from nstlib.networks.training.canvas import Canvas
from nstlib.networks.training.diary import Preview
from nstlib.networks.training.loop import Trainer, Training, fit
from nstlib.networks.training.loss import TONE_WEIGHT, tone_distance
from nstlib.networks.training.photos import PhotoFolder
from nstlib.vgg import losses
from nstlib.vgg.statistics import ADAPTED, LEVELS, level_statistics, style_encoder, style_vector

DEEPEST = ADAPTED[-1]
WEIGHTS = {
    "adain": {"content": 0.12, "mean_std": 30.0, "gram": 32.0, "tv": 1.0},
    # It does not see VGG19's features of the photo, and without more content and the tones of the
    # photo, in the painting's palette, it painted light for dark.
    "adain_light": {"content": 9.0, "tone": TONE_WEIGHT, "mean_std": 30.0, "gram": 32.0, "tv": 1.0},
}
FLOOR = 0.02  # of `relative_distance`, added to mean squares that are near 1
PAINTING_ZOOM = (1.2, 2.2)  # so that strokes are seen as large as in a painting of 300 to 400 px


class PhotosAndPaintings(keras.utils.PyDataset):
    """`dataset[step]` -> ((photos, paintings, colors),).

    photos and paintings (batch, crop, crop, 3), RGB, 0..1; colors (batch, COLORS), the palettes of
    the paintings.

    Two folders, each read as `PhotoFolder` does. Half of the paintings have their colour channels
    exchanged, so that a few hundred stand for more palettes than they have.
    """

    num_batches, first = None, 0  # endless

    def __init__(self, content, paintings, *, seed=0, **sizes):
        super().__init__()
        self.photos = PhotoFolder(content, seed=seed, **sizes)
        self.paintings = PhotoFolder(paintings, seed=seed + 1, zoom=PAINTING_ZOOM, **sizes)
        self.seed = seed

    def __getitem__(self, index: int):
        step = self.first + index
        photos, paintings = (folder[step][0][0] for folder in (self.photos, self.paintings))
        random = np.random.default_rng([self.seed, step, 2])
        for painting in paintings[step * len(paintings) % 2 :: 2]:
            painting[...] = painting[..., random.permutation(3)]
        colors = np.stack([palette_of(painting[None]) for painting in paintings])
        return ((photos, paintings, colors),)


class AnyStyleTrainer(Trainer):
    """An any-style network as Keras trains it: photos, paintings, their palettes -> what the loss
    needs."""

    def __init__(self, network: keras.Model, weights: str = "imagenet", seed: int = 0):
        wishes = [name for name in ("content", "tone") if name in WEIGHTS[network.name]]
        models = [f"{kind} {level}" for level in LEVELS for kind in ("mean_std", "gram")]
        super().__init__(network, [*wishes, *models, "tv"])
        encoder = style_encoder(weights)
        deep = network.name == "adain"
        decoder = adain_decoder(network) if deep else None
        self.canvas = None if deep else Canvas(network, seed)
        self.draw = self.canvas and self.canvas.draw  # as in StyleTrainer
        self.look = lambda pictures: encoder(pictures)  # functions: not to be saved with it
        self.decode = decoder and (lambda inputs: decoder(inputs))

    def call(self, inputs, training=False):
        photos, paintings, colors = inputs
        models = self.look(paintings)
        style = style_vector(models)
        if self.canvas:
            photos, painted = self.canvas(photos, [style, colors])
            target = _scaled(self.look(photos), DEEPEST)
        else:
            photos = in_palette(photos, colors)
            seen = self.look(photos)
            alpha = ops.ones_like(style[:, : len(ADAPTED)])
            features = [seen[level] for level in ADAPTED]
            painted, target = self.decode([photos, *features, style, alpha])
        return {  # sums of squares are made in single precision, whatever the network's
            "photos": photos,
            "painted": ops.cast(painted, "float32"),
            "target": ops.stop_gradient(target),
            "style": style,
            "grams": {level: losses.gram_matrix(_scaled(models, level)) for level in LEVELS},
        }

    def terms(self, made: dict) -> dict:
        """The weighted terms of the loss by name; each kind is a mean over the levels."""
        after, weights = self.look(made["painted"]), WEIGHTS[self.network.name]
        style = style_vector(after)
        terms = {"content": _distance(_scaled(after, DEEPEST), made["target"])}
        if "tone" in weights:
            terms["tone"] = ops.mean(tone_distance(made["photos"], made["painted"]))
        for level in LEVELS:
            statistics = (level_statistics(vector, level) for vector in (style, made["style"]))
            gram = losses.gram_matrix(_scaled(after, level))
            terms[f"mean_std {level}"] = _distance(*statistics) / len(LEVELS)
            terms[f"gram {level}"] = _distance(gram, made["grams"][level]) / len(LEVELS)
        terms["tv"] = losses.total_variation(made["painted"])
        return {name: weights[name.split()[0]] * term for name, term in terms.items()}


def _scaled(features: dict, level: str):
    return features[level] / LEVELS[level][1]


def _distance(value, target):
    """Mean over the batch of the relative distance."""
    one = tuple(range(1, len(value.shape)))
    return ops.mean(losses.relative_distance(value, target, axis=one, floor=FLOOR))


def lay_style_axes(
    network: keras.Model, content, paintings, *, crop: int, seed: int, count: int, weights: str
) -> None:
    """Lay the axes of a new `adain_light_network` through `count` crops of paintings."""
    stream = PhotosAndPaintings(content, paintings, crop=crop, batch=4, seed=seed + 1)
    steps = progress(range(-(-count // 4)), desc="Looking at paintings")
    set_style_axes(network, _style_vectors((stream[step][0][1] for step in steps), weights))


def _style_vectors(paintings: Iterable[np.ndarray], weights: str) -> np.ndarray:
    """What describes each style: batches of paintings -> (count, STATISTICS)."""
    look = style_encoder(weights)
    return np.concatenate([style_vector(look(painting)) for painting in paintings])


def train_any_style(
    network: keras.Model,
    content,
    paintings,
    out,
    *,
    previews: Mapping[str, np.ndarray] = {},
    preview_paintings: Sequence[np.ndarray] = (),
    callbacks: Sequence[keras.callbacks.Callback] = (),
    **options,
) -> PhotosAndPaintings:
    """Train `adain_network` or `adain_light_network` on a folder of photos and one of paintings.

    Otherwise as `nstlib.train`: `options`, of which learning_rate=1e-3 is another,
    checkpoints, log, going on after an interruption. Of the network with VGG19 inside only the
    decoder learns; one without begins with `lay_style_axes`.
    """
    plan = Training(**{"learning_rate": 1e-3} | options)
    stream = PhotosAndPaintings(
        content, paintings, crop=plan.crop, batch=plan.batch, seed=plan.seed
    )
    styles = _style_vectors(preview_paintings, plan.weights) if preview_paintings else []
    deep, alpha = network.name == "adain", np.ones(len(ADAPTED), "float32")
    others = [alpha if deep else palette_of(painting) for painting in preview_paintings]
    preview = Preview(Path(out), [*zip(styles, others, strict=True)], previews)
    trainer = partial(AnyStyleTrainer, weights=plan.weights, seed=plan.seed)
    settings, callbacks = {"terms": WEIGHTS[network.name]}, [*callbacks, preview]
    fit(network, trainer, stream, out, plan=plan, settings=settings, callbacks=callbacks)
    return stream
