"""Settings of a painting by gradient descent, as one value that can be named, changed and printed.

`RECIPES` holds the settings of papers, tutorials and this course's sources, in their own numbers:
the recipe's `convention` says how they are to be read (see `nstlib.gatys.conventions`).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace

from nstlib.errors import InputError, did_you_mean
from nstlib.gatys.conventions import CONVENTIONS
from nstlib.gatys.coordinates import COORDINATES
from nstlib.vgg.table import PRECISIONS, layer_name, network_name

STYLE_LAYERS = tuple(f"block{block}_conv1" for block in range(1, 6))
HISTOGRAM_LAYERS = ("block1_conv1", "block4_conv1")  # Risser et al. 2017, section 4.3


def _equal(layers) -> dict[str, float]:
    """Equal weights that add up to one."""
    return {name: 1 / len(layers) for name in layers}


@dataclass(frozen=True)
class Recipe:
    """Everything that decides how a picture is painted, except the two pictures and the seed.

    Layers are mappings from layer name to weight. `relative` divides each content and style term by
    the mean square of its target, so that 1 is the loss of a picture that excites nothing, at every
    layer and for every picture; without it block 4 drowns the others. `start` is "content", "noise"
    or "mix" (then `noise_share` of the start is noise). One step is one update of the picture by
    `optimizer`: "lbfgs", "adam" or "sgd", in "pixels" or in "waves" (`nstlib.gatys.coordinates`).
    `learning_rate` is in pixels of 0..1 and is multiplied by `decay` every 100 steps. `coarse` maps
    sizes, as parts of the picture's, to steps that are taken there first, smallest first, with the
    content weight multiplied by `coarse_content`. `precision` is the type in which VGG computes
    (`nstlib.vgg.network.build_vgg`); "fast" takes mixed_bfloat16 on CPUs that have it, in half the time.
    With `average` > 0 the result is the running average of the steps with that decay. A run stops
    early when the total has fallen by less than `tolerance` of itself in 20 steps.

    `histogram_weight` adds, at its layers, that each channel's values should be distributed as the
    painting's (`nstlib.vgg.losses.histogram_loss`). `mask_inset`, 0 to 1, is how much of its receptive
    field a position needs within a region to count as part of it (`nstlib.images.masks.layer_masks`).
    """

    network: str = "vgg19"
    content_layers: Mapping[str, float] = field(default_factory=lambda: {"block4_conv2": 1.0})
    style_layers: Mapping[str, float] = field(default_factory=lambda: _equal(STYLE_LAYERS))
    content_weight: float = 1.0
    style_weight: float = 1.0
    tv_weight: float = 0.0
    histogram_weight: float = 0.0
    histogram_layers: Mapping[str, float] = field(default_factory=lambda: _equal(HISTOGRAM_LAYERS))
    mask_inset: float = 0.25
    convention: str = "nstlib"
    relative: bool = False
    style_statistic: str = "gram"
    start: str = "content"
    noise_share: float = 0.5
    optimizer: str = "lbfgs"
    coordinates: str = "pixels"
    learning_rate: float = 0.02
    beta_1: float = 0.9
    epsilon: float = 1e-7
    decay: float = 1.0
    steps: int = 200
    coarse: Mapping[float, int] = field(default_factory=dict)
    coarse_content: float = 1.0
    pooling: str = "max"
    padding: str = "zero"
    precision: str = "float32"
    average: float = 0.0
    tolerance: float = 0.0
    source: str = ""

    def __post_init__(self):
        object.__setattr__(self, "network", network_name(self.network))
        for kind in ("content_layers", "style_layers", "histogram_layers"):
            object.__setattr__(self, kind, self._checked_layers(getattr(self, kind), kind))
        for name in _NUMBERS:
            _check_number(name, getattr(self, name))
        for name, allowed in _CHOICES.items():
            _check_choice(name, getattr(self, name), allowed)
        for name in ("noise_share", "average", "beta_1", "mask_inset"):
            _check_number(name, getattr(self, name), most=1.0)
        if not isinstance(self.steps, int) or self.steps < 1:
            raise InputError(f"steps is {self.steps!r}; it must be a whole number, 1 or more.")
        object.__setattr__(self, "coarse", _checked_sizes(self.coarse))
        if not self.content_weight + self.style_weight > 0:
            raise InputError("content_weight and style_weight are both 0: nothing to paint.")

    @property
    def all_steps(self) -> int:
        """Steps at all sizes; the first picture of each size after the first counts as one."""
        return self.steps + sum(1 + steps for steps in self.coarse.values())

    def _checked_layers(self, layers, kind: str) -> dict[str, float]:
        if isinstance(layers, str):
            layers = [layers]
        if not isinstance(layers, Mapping):
            layers = _equal(list(layers))
        for name, weight in layers.items():
            _check_number(f"the weight of {name} in {kind}", weight)
        return {layer_name(name, self.network): float(w) for name, w in layers.items()}


_NUMBERS = (
    *("content_weight", "style_weight", "histogram_weight", "tv_weight"),
    *("learning_rate", "tolerance", "coarse_content"),
)
_CHOICES = {
    "start": ("content", "noise", "mix"),
    "optimizer": ("lbfgs", "adam", "sgd"),
    "pooling": ("max", "average"),
    "padding": ("zero", "reflect"),
    "precision": (*PRECISIONS, "fast"),
    "coordinates": tuple(COORDINATES),
    "style_statistic": ("gram", "mean_std"),
    "convention": tuple(CONVENTIONS),
}


def _check_number(name: str, value, most: float = math.inf) -> None:
    fits = isinstance(value, (int, float)) and math.isfinite(value) and 0 <= value <= most
    if not fits:
        upper = "" if most == math.inf else f" and at most {most:g}"
        raise InputError(f"{name} is {value!r}; it must be a number, 0 or more{upper}.")


def _checked_sizes(coarse) -> dict[float, int]:
    """Sizes below 1 with their steps, smallest first."""
    for size, steps in coarse.items():
        if not (isinstance(size, float) and 0 < size < 1 and isinstance(steps, int) and steps > 0):
            raise InputError(
                f"coarse has {size!r}: {steps!r}; it maps parts of the picture's size, between 0 "
                "and 1, to whole numbers of steps, such as {0.5: 50}."
            )
    return dict(sorted(coarse.items()))


def _check_choice(name: str, given, allowed: tuple[str, ...]) -> None:
    if given not in allowed:
        hint = did_you_mean(given, allowed)
        raise InputError(f"{name} is {given!r}.{hint} It can be {', '.join(allowed)}.")


TUTORIAL_ADAM = {"optimizer": "adam", "learning_rate": 0.02, "beta_1": 0.99, "epsilon": 0.1}

SOURCE_003 = {
    "convention": "source-002",
    "start": "mix",
    "optimizer": "adam",
    "learning_rate": 1 / 255,
}
PLAIN = Recipe(
    # Block 5 sees whole objects of the painting and would repeat them, so it weighs less.
    style_layers=dict(zip(STYLE_LAYERS, (0.25, 0.25, 0.25, 0.2, 0.05), strict=True)),
    style_weight=20.0,
    tv_weight=10.0,
    relative=True,
    padding="reflect",
    steps=100,
    source="this course, chapter 04: relative terms, reflection padding, a little smoothing",
)

RECIPES: dict[str, Recipe] = {
    "default": replace(
        PLAIN,
        coordinates="waves",
        coarse={0.5: 50},
        coarse_content=2.0,
        steps=60,
        precision="fast",
        source="this course, chapter 05: as plain, at half size first, in waves, in half the bits",
    ),
    "plain": PLAIN,
    "feed-forward": Recipe(
        content_layers={"block3_conv2": 1.0},
        style_layers=_equal(STYLE_LAYERS[:4]),
        content_weight=3.0,
        style_weight=12.0,
        tv_weight=5.0,
        relative=True,
        padding="reflect",
        optimizer="adam",
        steps=100,
        source="this course, chapter 08: what its feed-forward networks were trained to minimise",
    ),
    "gatys-2016": Recipe(
        style_layers={
            layer: 1 / channels**2
            for layer, channels in zip(STYLE_LAYERS, (64, 128, 256, 512, 512), strict=True)
        },
        style_weight=1e3,
        steps=500,
        source="Gatys et al. 2016 by the authors' code: content conv4_2, style 1000 / channels^2",
    ),
    "johnson-neural-style": Recipe(
        content_weight=5.0,
        style_layers=dict.fromkeys(STYLE_LAYERS, 1.0),
        style_weight=100.0,
        tv_weight=1e-3,
        convention="neural-style",
        start="noise",
        steps=1000,
        source="Johnson's neural-style: content 5, style 100, TV 0.001, L-BFGS, 1000 iterations. "
        "It starts from nearly gray noise, this one from noise of 0..1",
    ),
    "crowsonkb": Recipe(
        content_weight=0.015,
        style_layers=dict(
            zip(STYLE_LAYERS, (256 / 341, 64 / 341, 16 / 341, 4 / 341, 1 / 341), strict=True)
        ),
        tv_weight=2.0,
        convention="crowsonkb",
        optimizer="adam",
        coarse={0.25: 1000, 0.354: 500, 0.5: 500, 0.707: 500},
        steps=500,
        padding="reflect",
        average=0.99,
        source="Crowson's style-transfer-pytorch: layers 256:64:16:4:1, Adam 0.02, sizes from a "
        "quarter on by sqrt(2), average 0.99. It pads the first layer by its border and keeps "
        "Adam's state from size to size; its network is torchvision's",
    ),
    "source-001": Recipe(
        content_weight=10.0,
        style_weight=40.0,
        convention="source-001",
        optimizer="adam",
        learning_rate=2 / 255,
        steps=2000,
        source="source 001: Adam 2 on pixels 0..255, 2000 steps from the photo; the weights 10 and "
        "40 and the layer conv4_2 are those of the exercise that it follows",
    ),
    "source-002": Recipe(
        content_layers=_equal(("block4_conv2", "block5_conv2")),
        style_weight=500.0,
        steps=3000,
        source="source 002: content conv4_2 and conv5_2, 1 to 500, half noise, 3000 steps; the "
        "optimiser is that of source 003",
        **SOURCE_003,
    ),
    "source-003": Recipe(
        content_layers=_equal(("block4_conv2", "block5_conv2")),
        style_weight=500.0,
        steps=200,
        source="source 003, VGG19: layers and weights as source 002, Adam 1 on pixels 0..255, 200 "
        "steps. Its noise is within 20 of gray, this one's from 0 to 1",
        **SOURCE_003,
    ),
    "source-003-vgg16": Recipe(
        network="vgg16",
        content_layers={"block3_conv3": 1.0},
        style_layers=_equal(("block1_conv2", "block2_conv2", "block3_conv3", "block4_conv3")),
        style_weight=500.0,
        steps=200,
        source="source 003, its VGG16 variant: content relu3_3, style to relu4_3",
        **SOURCE_003,
    ),
    "source-004": Recipe(
        content_layers={"block5_conv2": 1.0},
        content_weight=1e3,
        style_weight=1e-2,
        convention="tensorflow-tutorial",
        steps=1000,
        source="source 004: content block5_conv2, Adam(0.02, 0.99, epsilon 0.1), 10 x 100 steps",
        **TUTORIAL_ADAM,
    ),
    "tensorflow-tutorial": Recipe(
        content_layers={"block5_conv2": 1.0},
        content_weight=1e4,
        style_weight=1e-2,
        tv_weight=30.0,
        convention="tensorflow-tutorial",
        steps=1000,
        source="TensorFlow's tutorial on style transfer: as source 004, with total variation 30",
        **TUTORIAL_ADAM,
    ),
    "keras-example": Recipe(
        content_layers={"block5_conv2": 1.0},
        content_weight=2.5e-8,
        style_weight=1e-6,
        tv_weight=1e-6,
        convention="keras-example",
        optimizer="sgd",
        learning_rate=100 / 255**2,  # a gradient by pixels of 0..1 is 255 times one by 0..255
        decay=0.96,
        steps=4000,
        source="Keras' example: SGD 100 on pixels 0..255, times 0.96 every 100 steps",
    ),
}


def recipe(name: "str | Recipe" = "default", **changes) -> Recipe:
    """A recipe by name, with any of its fields changed: `recipe("gatys-2016", steps=100)`."""
    if not isinstance(name, Recipe):
        if name not in RECIPES:
            hint = did_you_mean(name, RECIPES)
            raise InputError(f"There is no recipe {name!r}.{hint} Recipes: {', '.join(RECIPES)}.")
        name = RECIPES[name]
    allowed = [entry.name for entry in fields(Recipe)]
    for change in changes:
        if change not in allowed:
            hint = did_you_mean(change, allowed)
            raise InputError(f"A recipe has no {change!r}.{hint} It has {', '.join(allowed)}.")
    return replace(name, **changes)
