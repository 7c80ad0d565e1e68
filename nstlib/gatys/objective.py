"""What a painting is asked for: terms, one for each wish at each layer, weighted and summed.

Content from the photo; style from each painting, in its region if it has one; smoothness.
"""

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from numbers import Real

import numpy as np

from nstlib.backend import has_fast_bfloat16, ops, value_and_grad
from nstlib.gatys.conventions import CONVENTIONS
from nstlib.gatys.paintings import Style, gather_styles
from nstlib.gatys.recipe import Recipe
from nstlib.images.arrays import as_image, without_grain
from nstlib.images.masks import layer_masks
from nstlib.vgg import losses
from nstlib.vgg.network import feature_extractor
from nstlib.vgg.table import receptive_reach

# (kind, layer, and of several paintings the name) -> {"weight": …, "target": …, "mask": …}
Wishes = dict[tuple[str, ...], dict]


def objective(content, style, recipe: Recipe, *, weights: str = "imagenet", **steering) -> Callable:
    """The function that a painting minimises: picture -> (total, terms), as tensors.

    The targets (the photo's features, the paintings' statistics) are computed here, once. Terms of
    weight zero are left out. `steering` is style_weights, masks, model_masks and style_scale, as
    for `painting_steps`.
    """
    content, asked = as_image(content), Objective(recipe, weights)
    wishes = asked.wishes(content, gather_styles(style, content, **steering))
    return partial(asked.total, wishes=wishes)


class Objective:
    """What paintings by one recipe are asked for: in all sizes, frames of a film, passes, stages.

    VGG is built once, a painting is looked at once for each size and part of it that is the model,
    and value and gradient are compiled once for each size of the picture.
    """

    def __init__(self, recipe: Recipe, weights: str = "imagenet"):
        self.recipe, self.convention = recipe, CONVENTIONS[recipe.convention]
        fast = "mixed_bfloat16" if has_fast_bfloat16() else "float32"
        options = {name: getattr(recipe, name) for name in ("network", "pooling", "padding")}
        options["precision"] = fast if recipe.precision == "fast" else recipe.precision
        self.see = feature_extractor(recipe.layers, weights=weights, **options)
        self._compiled = value_and_grad(self.total, has_aux=True)
        self._known: dict[tuple, dict] = {}

    def wishes(self, content: np.ndarray, styles: Sequence[Style], emphasis: float = 1.0) -> Wishes:
        """What is asked of a picture of the content's size, `emphasis` times the content's weight.

        This is the one place where terms are weighted: weight of the kind * weight of the layer *
        share of the painting * factor of the recipe's convention (histograms have none), / the
        target's mean square if the recipe is relative.
        """
        photo, pixels = self.see(content), math.prod(content.shape[1:3])
        shapes = {layer: features.shape[1:] for layer, features in photo.items()}
        found: Wishes = {}
        for (kind, layer), weight in self.recipe.layer_weights.items():
            if kind == "content":
                found[kind, layer] = {"weight": weight * emphasis, "target": photo[layer]}
        for style in styles:
            name = (style.name,) if len(styles) > 1 else ()
            for key, wish in self._style_wishes(style, shapes).items():
                found[(*key, *name)] = wish
        for (kind, layer, *_), wish in found.items():
            height, width, channels = shapes[layer]
            if kind == "content":
                wish["weight"] *= self.convention.content(channels, height * width)
            elif kind == "style":
                wish["weight"] *= self.convention.style(channels, height * width, pixels)
            if self.recipe.relative:
                wish["weight"] /= energy(wish["target"])
        if self.recipe.tv_weight:
            found[("tv",)] = {"weight": self.recipe.tv_weight * self.convention.tv(pixels)}
        return found

    def total(self, image, wishes: Wishes):
        """What a picture costs, as tensors: (total, {"content block4_conv2": its part, …})."""
        features, terms = self.see(image), {}
        for key, wish in wishes.items():
            kind, seen = key[0], features[key[1]] if key[1:] else image
            distance = self._distance(kind, seen, wish.get("target"), wish.get("mask"))
            terms[" ".join(key)] = wish["weight"] * distance
        return sum(terms.values()), terms

    def evaluator(self, wishes: Wishes, *, extra=None, painted=None) -> Callable:
        """picture -> (total, terms, gradient), as Python floats and a NumPy array.

        `extra` are terms of other kinds by name, functions from a picture to (value, gradient).
        `painted`, (1, height, width, 1), is 0 where the gradient is to be 0, so that no solver
        moves those pixels.
        """
        wishes = {
            key: {name: _as_tensor(value) for name, value in wish.items() if value is not None}
            for key, wish in wishes.items()
        }

        def evaluate(image: np.ndarray):
            (total, terms), gradient = self._compiled(image, wishes)
            floats = {name: float(ops.convert_to_numpy(term)) for name, term in terms.items()}
            total, gradient = float(ops.convert_to_numpy(total)), ops.convert_to_numpy(gradient)
            for name, term in (extra or {}).items():
                floats[name], slope = term(image)
                total, gradient = total + floats[name], gradient + slope
            return total, floats, gradient if painted is None else gradient * painted

        return evaluate

    def _style_wishes(self, style: Style, shapes: Mapping) -> Wishes:
        """What one painting asks of the picture, in its region if it has one."""
        where = self._where(style.mask, shapes)
        counts = {  # positions of the picture, to which a painting's histogram is stretched
            key: math.prod(shapes[key[1]][:2]) if places is None else places.size
            for key, places in where.items()
            if key[0] == "histogram"
        }
        weights, targets = self.recipe.layer_weights, self._targets(style, counts)
        return {
            key: {"weight": weights[key] * style.share, "target": target, "mask": where[key]}
            for key, target in targets.items()
        }

    def _targets(self, style: Style, counts: Mapping) -> dict:
        """A painting's statistics by kind and layer, computed once."""
        known = _digest(style.image), _digest(style.model_mask), *counts.values()
        if known not in self._known:
            seen = self.see(without_grain(style.image, self.recipe.grain))
            where = self._where(style.model_mask, {n: value.shape[1:] for n, value in seen.items()})
            self._known[known] = {
                key: self._statistic(seen[key[1]], mask, counts.get(key))
                for key, mask in where.items()
            }
        return self._known[known]

    def _where(self, region: np.ndarray | None, shapes: Mapping) -> dict:
        """A region as it is used, by kind and layer: a mask for styles, positions for histograms.

        None is everywhere.
        """
        asked = [key for key in self.recipe.layer_weights if key[0] != "content"]
        if region is None:
            return dict.fromkeys(asked)
        network, inset = self.recipe.network, self.recipe.mask_inset
        insets = {layer: inset * receptive_reach(layer, network) for _, layer in asked}
        masks = layer_masks(region, {layer: shapes[layer][:2] for layer in insets}, insets)
        return {
            (kind, layer): masks[layer] if kind == "style" else np.flatnonzero(inside(masks[layer]))
            for kind, layer in asked
        }

    def _statistic(self, features, mask, count: int | None):
        """The summary of a painting's features that `_distance` compares with."""
        if count is not None:
            return losses.histogram_target(_taken(features, mask), count)
        if self.recipe.style_statistic == "mean_std":
            return losses.mean_std(features, mask=mask)
        return losses.gram_matrix(features) if mask is None else losses.guided_gram(features, mask)

    def _distance(self, kind: str, seen, target, mask):
        """How far a layer's features, or the picture, are from what is wished."""
        measure = self.convention.measure
        if kind == "content":
            return measure(seen - target if mask is None else (seen - target) * mask)
        if kind == "style":
            gram = self.recipe.style_statistic == "gram"
            return (losses.gram_loss if gram else losses.mean_std_loss)(seen, target, mask, measure)
        if kind == "histogram":
            return losses.histogram_loss(_taken(seen, mask), target)
        return losses.total_variation(seen, self.convention.tv_norm)


def energy(target, mask=1.0) -> float:
    """The mean square of a target: what its loss would be for a picture that excites nothing."""
    return float(ops.convert_to_numpy(ops.mean(ops.square(target * mask)))) + 1e-12


def inside(mask: np.ndarray) -> np.ndarray:
    """The positions that are mostly in a region: (1, height, width, 1) -> (height, width)."""
    return (mask >= mask.max() / 2)[0, ..., 0]


def _taken(features, places):
    """Features at some positions, as if they were a picture one pixel wide; None are all."""
    if places is None:
        return features
    return ops.take(ops.reshape(features, (1, -1, 1, features.shape[-1])), places, axis=1)


def _digest(array: np.ndarray | None) -> tuple | None:
    """What tells a picture from every other one."""
    if array is not None:
        return array.shape, hashlib.sha256(np.ascontiguousarray(array)).digest()


def _as_tensor(value):
    return ops.convert_to_tensor(np.float32(value) if isinstance(value, Real) else value)
