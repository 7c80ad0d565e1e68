"""Settings of a painting by gradient descent: one value to be named, changed and printed."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace

from nstlib.errors import InputError, choice, number
from nstlib.gatys.conventions import CONVENTIONS
from nstlib.gatys.known_recipes import KNOWN_RECIPES, STYLE_LAYERS
from nstlib.gatys.solvers import COORDINATES
from nstlib.vgg.table import PRECISIONS, layer_name, network_name

HISTOGRAM_LAYERS = ("block1_conv1", "block4_conv1")  # Risser et al. 2017, section 4.3
Layers = Mapping[str, float] | Sequence[str]


@dataclass(frozen=True)
class Recipe:
    """Everything that decides how a picture is painted, except the two pictures and the seed.

    Layers are mappings from layer name to weight; names alone share a weight of 1. `relative`
    divides each content and style term by the mean square of its target, so that 1 is the loss of a
    picture that excites nothing, at every layer and for every picture; without it block 4 drowns
    the others. `start` is "content", "noise" or "mix" (then `noise_share` of the start is noise).
    One step is one update of the picture by `optimizer`: "lbfgs", "adam" or "sgd", in "pixels", in
    "waves", or in "waves around" if left and right are one (`nstlib.gatys.solvers`).
    `learning_rate` is in pixels of 0..1 and is multiplied by `decay` every 100 steps. `coarse` maps
    sizes, as parts of the picture's, to steps that are taken there first, smallest first, with the
    content weight multiplied by `coarse_content`. With `grain` above 1 paintings are looked at
    without what is finer, in pixels, since a weave of threads would answer it
    (`nst.without_grain`). `precision` is the type in which VGG computes
    (`nstlib.vgg.network.build_vgg`); "fast" takes mixed_bfloat16 on CPUs that have it, in half the
    time. With `average` > 0 the result is the running average of the steps with that decay.
    `convention` says how weights are to be read (`nst.CONVENTIONS`).

    `histogram_weight` adds, at its layers, that each channel's values should be distributed as the
    painting's (`nst.histogram_loss`). `mask_inset`, 0 to 1, is how much of its receptive field a
    position needs within a region to count as part of it (`nst.layer_masks`).
    """

    network: str = "vgg19"
    content_layers: Layers = ("block4_conv2",)
    style_layers: Layers = STYLE_LAYERS
    content_weight: float = 1.0
    style_weight: float = 1.0
    tv_weight: float = 0.0
    histogram_weight: float = 0.0
    histogram_layers: Layers = HISTOGRAM_LAYERS
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
    grain: float = 1.0
    pooling: str = "max"
    padding: str = "zero"
    precision: str = "float32"
    average: float = 0.0
    source: str = ""

    def __post_init__(self):
        for name, most in _NUMBERS.items():
            number(name, getattr(self, name), 0, most)
        for name, allowed in _CHOICES.items():
            choice(name, getattr(self, name), allowed)
        number("grain", self.grain, 1, hint="1 looks at all of the painting.")
        number("steps", self.steps, 1, whole=True)
        for size, steps in self.coarse.items():
            hint = "It is a part of the picture's, as in {0.5: 50}."
            number("a size in coarse", size, 0, 0.99, above=True, hint=hint)
            number(f"coarse[{size}]", steps, 1, whole=True, unit="steps")
        if not self.content_weight + self.style_weight > 0:
            raise InputError("content_weight and style_weight are both 0: nothing to paint.")
        object.__setattr__(self, "network", network_name(self.network))
        object.__setattr__(self, "coarse", dict(sorted(self.coarse.items())))
        for kind in ("content_layers", "style_layers", "histogram_layers"):
            object.__setattr__(self, kind, self._checked_layers(getattr(self, kind), kind))

    @property
    def all_steps(self) -> int:
        """Steps at all sizes; the first picture of each size after the first counts as one."""
        return self.steps + sum(1 + steps for steps in self.coarse.values())

    @property
    def layer_weights(self) -> dict[tuple[str, str], float]:
        """(kind, layer) -> weight of the kind * weight of the layer, without those that are zero.

        Kinds are "content", "style" and "histogram".
        """
        weights = {
            (kind, layer): getattr(self, f"{kind}_weight") * weight
            for kind in ("content", "style", "histogram")
            for layer, weight in getattr(self, f"{kind}_layers").items()
        }
        return {key: weight for key, weight in weights.items() if weight > 0}

    @property
    def layers(self) -> list[str]:
        """Every layer that is asked for anything."""
        return list(dict.fromkeys(layer for _, layer in self.layer_weights))

    def _checked_layers(self, layers, kind: str) -> dict[str, float]:
        if not isinstance(layers, Mapping):
            layers = [layers] if isinstance(layers, str) else list(layers)
            layers = {name: 1 / len(layers) for name in layers}
        return {
            layer_name(name, self.network): float(number(f"the weight of {name} in {kind}", w, 0))
            for name, w in layers.items()
        }


_NUMBERS = {  # from 0 to
    **dict.fromkeys(("content_weight", "style_weight", "histogram_weight", "tv_weight"), math.inf),
    **dict.fromkeys(("learning_rate", "epsilon", "decay", "coarse_content"), math.inf),
    **dict.fromkeys(("noise_share", "average", "beta_1", "mask_inset"), 1),
}
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


RECIPES: dict[str, Recipe] = {name: Recipe(**known) for name, known in KNOWN_RECIPES.items()}


def recipe(name: "str | Recipe" = "default", **changes) -> Recipe:
    """A recipe by name, with any of its fields changed: `recipe("gatys-2016", steps=100)`."""
    known = name if isinstance(name, Recipe) else RECIPES[choice("recipe", name, RECIPES)]
    for change in changes:
        choice("the name of an option", change, [entry.name for entry in fields(Recipe)])
    return replace(known, **changes)
