"""What a painting is asked for: terms, one for each wish at each layer, weighted and summed.

Content from the photo; style from each painting, in its region if it has one; smoothness. The
weighting of all of them happens here and nowhere else.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from nstlib.backend import has_fast_bfloat16, ops
from nstlib.gatys.conventions import CONVENTIONS
from nstlib.gatys.paintings import Style, gather_styles
from nstlib.gatys.recipe import Recipe
from nstlib.images.arrays import as_image
from nstlib.images.masks import layer_masks
from nstlib.vgg import losses
from nstlib.vgg.network import feature_extractor
from nstlib.vgg.table import receptive_reach

STATISTICS = {
    "gram": (losses.gram_matrix, losses.gram_loss),
    "mean_std": (losses.mean_std, losses.mean_std_loss),
}


def objective(content, style, recipe: Recipe, *, weights: str = "imagenet", **steering) -> Callable:
    """The function that a painting minimises: picture -> (total, terms), as tensors.

    The targets (the photo's features, the paintings' statistics) are computed here, once. This is
    the one place where terms are weighted: weight of the kind * weight of the layer * share of the
    painting * factor of the recipe's convention, / the target's mean square if the recipe is
    relative. Terms of weight zero are left out. `steering` is style_weights, masks and style_scale,
    as for `painting_steps`.
    """
    content = as_image(content)
    return sum_of_terms(content, gather_styles(style, content, **steering), recipe, weights)


def sum_of_terms(content, styles: Sequence[Style], recipe: Recipe, weights: str) -> Callable:
    """`objective`, for paintings that are already gathered."""
    extractor = feature_extractor(
        all_layers(recipe),
        network=recipe.network,
        weights=weights,
        pooling=recipe.pooling,
        padding=recipe.padding,
        precision=_precision(recipe),
    )
    terms = _terms(extractor, content, styles, recipe)
    convention, pixels = CONVENTIONS[recipe.convention], content.shape[1] * content.shape[2]

    def total_and_terms(image):
        features, values = extractor(image), {}
        for name, term in terms.items():
            values[name] = term.weight * term.distance(features[term.layer], term.target)
        if recipe.tv_weight:
            weight = recipe.tv_weight * convention.tv(pixels)
            values["tv"] = weight * losses.total_variation(image, convention.tv_norm)
        return sum(values.values()), values

    return total_and_terms


def _precision(recipe: Recipe) -> str:
    if recipe.precision == "fast":
        return "mixed_bfloat16" if has_fast_bfloat16() else "float32"
    return recipe.precision


@dataclass(frozen=True)
class _Term:
    """One wish: at a layer, `distance(features, target)` is to be small."""

    kind: str
    layer: str
    weight: float
    target: object
    distance: Callable


def _terms(extractor, content, styles: Sequence[Style], recipe: Recipe) -> dict[str, _Term]:
    """All terms by name, each with the weight that it has in the sum."""
    photo, pixels = extractor(content), content.shape[1] * content.shape[2]
    shapes = {layer: features.shape for layer, features in photo.items()}
    terms = _content_terms(photo, recipe)
    for style in styles:
        suffix = f" {style.name}" if len(styles) > 1 else ""
        for term in _style_terms(style, extractor(style.image), shapes, recipe):
            terms[f"{term.kind} {term.layer}{suffix}"] = term
    return {
        name: replace(term, weight=term.weight * _factor(term, shapes[term.layer], pixels, recipe))
        for name, term in terms.items()
    }


def layer_weights(recipe: Recipe) -> dict[tuple[str, str], float]:
    """(kind, layer) -> weight of the kind * weight of the layer, without those that are zero."""
    content = {("content", n): recipe.content_weight * w for n, w in recipe.content_layers.items()}
    style = {("style", n): recipe.style_weight * w for n, w in recipe.style_layers.items()}
    return {key: weight for key, weight in (content | style).items() if weight > 0}


def _histogram_weights(recipe: Recipe) -> dict[str, float]:
    weights = {n: recipe.histogram_weight * w for n, w in recipe.histogram_layers.items()}
    return {layer: weight for layer, weight in weights.items() if weight > 0}


def all_layers(recipe: Recipe) -> list[str]:
    """Every layer that is asked for anything."""
    return [layer for _, layer in layer_weights(recipe)] + list(_histogram_weights(recipe))


def _content_terms(photo, recipe: Recipe) -> dict[str, _Term]:
    distance = partial(losses.content_loss, measure=CONVENTIONS[recipe.convention].measure)
    return {
        f"content {layer}": _Term(kind, layer, weight, photo[layer], distance)
        for (kind, layer), weight in layer_weights(recipe).items()
        if kind == "content"
    }


def _style_terms(style: Style, painting, shapes: dict, recipe: Recipe) -> Iterator[_Term]:
    """What one painting asks of the picture, in its region if it has one."""
    summarise, distance = STATISTICS[recipe.style_statistic]
    measure = CONVENTIONS[recipe.convention].measure
    masks = {}
    if style.mask is not None:
        insets = {n: recipe.mask_inset * receptive_reach(n, recipe.network) for n in shapes}
        masks = layer_masks(style.mask, {n: shape[1:3] for n, shape in shapes.items()}, insets)
    for (kind, layer), weight in layer_weights(recipe).items():
        if kind == "style":
            mask = ops.convert_to_tensor(masks[layer]) if masks else None
            asked = partial(distance, mask=mask, measure=measure)
            yield _Term(kind, layer, weight * style.share, summarise(painting[layer]), asked)
    for layer, weight in _histogram_weights(recipe).items():
        place = _places(masks[layer]) if masks else None
        count = math.prod(shapes[layer][1:3]) if place is None else len(place)
        target = losses.histogram_target(painting[layer], count)
        asked = partial(_histogram_at, place)
        yield _Term("histogram", layer, weight * style.share, target, asked)


def _places(mask: np.ndarray) -> np.ndarray:
    """The positions that are mostly in a region, as numbers from 0 to height * width - 1."""
    return np.flatnonzero(mask >= mask.max() / 2)


def _histogram_at(place: np.ndarray | None, features, target):
    if place is not None:  # the region's positions, as if they were a picture one pixel wide
        flat = ops.reshape(features, (features.shape[0], -1, 1, features.shape[-1]))
        features = ops.take(flat, place, axis=1)
    return losses.histogram_loss(features, target)


def _factor(term: _Term, shape, pixels: int, recipe: Recipe) -> float:
    """What the recipe's convention and `relative` make of a term."""
    _, height, width, channels = shape
    convention, sizes = CONVENTIONS[recipe.convention], (channels, height * width)
    factor = 1.0  # for histograms: no source but Risser et al. has them
    if term.kind == "content":
        factor = convention.content(*sizes)
    if term.kind == "style":
        factor = convention.style(*sizes, pixels)
    return factor / _energy(term.target) if recipe.relative else factor


def _energy(target) -> float:
    """The mean square of a target: what its loss would be for a picture that excites nothing."""
    return float(ops.convert_to_numpy(ops.mean(ops.square(target)))) + 1e-12
