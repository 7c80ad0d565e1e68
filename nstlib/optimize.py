"""Painting by gradient descent: change the pixels until the features say what they should.

Gatys, Ecker & Bethge 2016. The picture is the variable; the network never changes. Underneath is a
generator of steps, `painting_steps`, so that showing, saving and stopping sit outside the loop.
"""

import math
import time
import warnings
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from keras import ops

from nstlib import losses
from nstlib.errors import InputError, MemoryRefused
from nstlib.gradients import value_and_grad
from nstlib.images import as_image, resize
from nstlib.recipes import Recipe
from nstlib.recipes import recipe as named_recipe
from nstlib.runtime import available_memory
from nstlib.runtime import progress as progress_bar
from nstlib.solvers import HISTORY, first_order, lbfgs
from nstlib.vgg import VGG_TABLE, feature_extractor, smallest_side

STATISTICS = {
    "gram": (losses.gram_matrix, losses.gram_loss),
    "mean_std": (losses.mean_std, losses.mean_std_loss),
}
PATIENCE = 20  # steps over which `Recipe.tolerance` is judged
BYTES_A_VALUE, BASE_BYTES = 12.0, 1.05e9  # measured: see benchmarks/memory.py


@dataclass(frozen=True)
class Step:
    """One state of the picture: its number, the picture, and what it costs.

    `terms` maps "content block4_conv2", "style block1_conv1", …, "tv" to the numbers whose sum is
    `total`: weights and conventions are already in them. Step 0 is the start. `evaluations` counts
    how often value and gradient have been computed so far.
    """

    index: int
    image: np.ndarray | None
    total: float
    terms: dict[str, float]
    evaluations: int


@dataclass(frozen=True)
class Result:
    """A finished painting: the picture with the lowest total, and how it came about.

    `history` holds every step without its picture, `seconds` is wall time, and `stopped` is
    "steps", "tolerance", "converged", "interrupted" or "not finite".
    """

    image: np.ndarray
    history: list[Step]
    recipe: Recipe
    seconds: float
    evaluations: int
    stopped: str

    def curve(self, term: str = "total") -> np.ndarray:
        """One number a step: "total", a whole kind ("content", "style", "tv"), or a single term."""
        if term == "total":
            return np.array([step.total for step in self.history])
        names = [n for n in self.history[0].terms if n == term or n.startswith(f"{term} ")]
        if not names:
            known = ", ".join(["total", "content", "style", *self.history[0].terms])
            raise InputError(f"This run has no term {term!r}. Terms: {known}.")
        return np.array([sum(step.terms[name] for name in names) for step in self.history])


def style_transfer(
    content,
    style,
    recipe: str | Recipe = "default",
    *,
    on_step: Callable[[Step], None] | None = None,
    progress: bool = True,
    **options,
) -> Result:
    """Paint the content picture in the manner of the style picture.

    Both are pictures (1, height, width, 3), RGB, 0..1, each of any size; the result has the
    content's. `options` are the arguments of `painting_steps` (start, seed, weights) and any field
    of `Recipe`, such as steps=100 or style_weight=3. `on_step` is called with every `Step`. Ctrl-C
    ends the run and returns the best picture so far.
    """
    begin = time.perf_counter()
    steps = painting_steps(content, style, recipe, **options)
    history, best, stopped = [], None, ""
    settings = _resolve(recipe, options)[0]
    bar = progress_bar(total=settings.steps, desc="painting") if progress else None
    try:
        while not stopped:
            try:
                step = next(steps)
            except StopIteration as end:
                stopped = end.value
                break
            if settings.average or best is None or step.total <= best.total:
                best = step  # a running average has no total of its own: the latest is the best
            history.append(replace(step, image=None))
            _report(step, bar, on_step)
    except KeyboardInterrupt:
        if best is None:
            raise
        stopped = "interrupted"
    finally:
        steps.close()
        if bar is not None:
            bar.close()
    seconds = time.perf_counter() - begin
    return Result(best.image, history, settings, seconds, history[-1].evaluations, stopped)


def _report(step: Step, bar, on_step) -> None:
    if bar is not None:
        bar.set_postfix_str(f"loss {step.total:.4g}", refresh=False)
        bar.update(min(step.index, 1))
    if on_step is not None:
        on_step(step)


def painting_steps(
    content,
    style,
    recipe: str | Recipe = "default",
    *,
    start=None,
    seed: int = 0,
    weights: str = "imagenet",
    **changes,
) -> Iterator[Step]:
    """The loop inside `style_transfer`: yields every `Step`, and returns why it stopped.

    Pictures as for `style_transfer`. `start` is "content", "noise", "mix", or a picture to go on
    from; `seed` decides the noise. Value and gradient are computed in the caller's thread, and
    nothing more is computed once the caller stops asking.
    """
    recipe, start = _resolve(recipe, {"start": start, **changes})
    content, style = as_image(content), as_image(style)
    _check_sizes({"content": content, "style": style}, recipe)
    _check_memory(content.shape, recipe)
    image = _start_picture(content, recipe, start, seed)
    evaluate = _evaluator(objective(content, style, recipe, weights=weights))
    return _steps(evaluate, image, recipe)


def _resolve(recipe: str | Recipe, options: dict) -> tuple[Recipe, object]:
    """The recipe with the changes among the options, and the start if it is a picture."""
    changes = {k: v for k, v in options.items() if k not in ("seed", "weights")}
    start = changes.pop("start", None)
    if isinstance(start, str):
        changes["start"], start = start, None
    return named_recipe(recipe, **changes), start


def objective(content, style, recipe: Recipe, *, weights: str = "imagenet") -> Callable:
    """The function that a painting minimises: picture -> (total, terms), as tensors.

    The targets (the photo's features, the painting's statistics) are computed here, once. This is
    the one place where terms are weighted: weight of the kind * weight of the layer * factor of
    the recipe's convention, / the target's mean square if the recipe is relative. Terms of weight
    zero are left out.
    """
    factors = layer_weights(recipe)
    extractor = feature_extractor(
        [layer for _, layer in factors],
        network=recipe.network,
        weights=weights,
        pooling=recipe.pooling,
        padding=recipe.padding,
    )
    targets, style_loss = _targets(extractor, content, style, factors, recipe)
    if recipe.relative:
        factors = {key: weight / _energy(targets[key]) for key, weight in factors.items()}
    loss = {"content": losses.content_loss, "style": style_loss}
    pixels = content.shape[1] * content.shape[2]
    convention = losses.CONVENTIONS[recipe.convention]

    def total_and_terms(image):
        features = extractor(image)
        terms = {}
        for (kind, layer), weight in factors.items():
            _, height, width, channels = features[layer].shape
            sizes = (channels, height * width)
            weight *= getattr(convention, kind)(*sizes, *([pixels] if kind == "style" else []))
            terms[f"{kind} {layer}"] = weight * loss[kind](features[layer], targets[kind, layer])
        if recipe.tv_weight:
            weight = recipe.tv_weight * convention.tv(pixels)
            terms["tv"] = weight * losses.total_variation(image, convention.tv_norm)
        return sum(terms.values()), terms

    return total_and_terms


def layer_weights(recipe: Recipe) -> dict[tuple[str, str], float]:
    """(kind, layer) -> weight of the kind * weight of the layer, without those that are zero."""
    content = {("content", n): recipe.content_weight * w for n, w in recipe.content_layers.items()}
    style = {("style", n): recipe.style_weight * w for n, w in recipe.style_layers.items()}
    return {key: weight for key, weight in (content | style).items() if weight > 0}


def _targets(extractor, content, style, factors, recipe: Recipe):
    """What the features are compared with, and the function that compares style."""
    summarise, style_loss = STATISTICS[recipe.style_statistic]
    photo, painting = extractor(content), extractor(style)
    targets = {
        (kind, layer): photo[layer] if kind == "content" else summarise(painting[layer])
        for kind, layer in factors
    }
    return targets, style_loss


def _energy(target) -> float:
    """The mean square of a target: what its loss would be for a picture that excites nothing."""
    return float(ops.convert_to_numpy(ops.mean(ops.square(target)))) + 1e-12


def _evaluator(function: Callable) -> Callable:
    """picture -> (total, terms, gradient), as Python floats and NumPy arrays."""
    compiled = value_and_grad(function, has_aux=True)

    def evaluate(image):
        (total, terms), gradient = compiled(image)
        floats = {name: float(ops.convert_to_numpy(term)) for name, term in terms.items()}
        return float(ops.convert_to_numpy(total)), floats, ops.convert_to_numpy(gradient)

    return evaluate


def _start_picture(content, recipe: Recipe, start, seed: int) -> np.ndarray:
    if start is not None:
        return resize(as_image(start), content.shape[1:3])
    if recipe.start == "content":
        return content
    noise = np.random.default_rng(seed).uniform(0, 1, content.shape).astype("float32")
    share = 1.0 if recipe.start == "noise" else recipe.noise_share
    return share * noise + np.float32(1 - share) * content


def _steps(evaluate: Callable, image: np.ndarray, recipe: Recipe) -> Iterator[Step]:
    """Number the solver's states, average them if asked to, and know when to stop."""
    solver = lbfgs if recipe.optimizer == "lbfgs" else first_order
    recent, mean = deque(maxlen=PATIENCE + 1), 0.0
    states = solver(evaluate, image, recipe)
    for index, (image, total, terms, evaluations) in enumerate(states):
        if not math.isfinite(total):
            broken = ", ".join(name for name, term in terms.items() if not math.isfinite(term))
            warnings.warn(f"Step {index} stops the run: {broken} is not finite.", stacklevel=2)
            return "not finite"
        if recipe.average:  # divided by the sum of its weights, so that the start does not linger
            mean = recipe.average * mean + (1 - recipe.average) * image
            image = mean / (1 - recipe.average ** (index + 1))
        yield Step(index, image, total, terms, evaluations)
        recent.append(total)
        if index == recipe.steps:
            return "steps"
        if len(recent) > PATIENCE and recent[0] - total < recipe.tolerance * recent[0]:
            return "tolerance"
    return "converged"


def estimate_memory(height: int, width: int, recipe: str | Recipe = "default") -> int:
    """About how many bytes a painting of this size takes, activations and gradients together.

    Every value that a layer computes is kept for the way back and joined there by its gradient;
    bytes for each, and what the program takes by itself, were fitted to measured peaks
    (`benchmarks/memory.py`). L-BFGS adds two vectors of the picture's size for each step it keeps.
    """
    recipe = named_recipe(recipe)
    deepest = max(int(layer[5]) for _, layer in layer_weights(recipe))
    values = sum(
        len(kernels) * channels * (height >> block) * (width >> block)
        for block, (channels, kernels) in enumerate(VGG_TABLE[recipe.network][:deepest])
    )
    vectors = 2 * HISTORY + 10 if recipe.optimizer == "lbfgs" else 10
    return int(BYTES_A_VALUE * values + 8 * vectors * 3 * height * width + BASE_BYTES)


def _check_sizes(pictures: dict[str, np.ndarray], recipe: Recipe) -> None:
    smallest = smallest_side([layer for _, layer in layer_weights(recipe)], recipe.padding)
    for name, image in pictures.items():
        _, height, width, _ = image.shape
        if min(height, width) < smallest:
            raise InputError(
                f"The {name} picture has {width} x {height} pixels, and this recipe's layers need "
                f"{smallest} on the shorter side: take a larger picture, or shallower layers."
            )


def _check_memory(shape, recipe: Recipe) -> None:
    """Refuse what cannot fit, before minutes of work end in a killed process."""
    _, height, width, _ = shape
    needed, free = estimate_memory(height, width, recipe), available_memory()
    if needed <= free:
        return
    per_pixel = (needed - BASE_BYTES) / (height * width)
    longest = max(height, width)
    fits = math.sqrt(max(free - BASE_BYTES, 0) / per_pixel / (height * width)) * longest
    raise MemoryRefused(
        f"Painting {width} x {height} pixels needs about {needed / 1e9:.1f} GB, and "
        f"{free / 1e9:.1f} GB are free. A longest side of {int(fits) // 16 * 16} pixels would "
        "fit: make the photo that size or smaller."
    )
