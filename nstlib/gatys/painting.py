"""Painting by gradient descent: change the pixels until the features say what they should.

Gatys, Ecker & Bethge 2016. The picture is the variable; the network never changes. Underneath is a
generator of steps, `painting_steps`, so that showing, saving and stopping sit outside the loop.
"""

import math
import time
import warnings
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from nstlib.backend import ops, value_and_grad
from nstlib.errors import InputError
from nstlib.gatys.memory import check_memory, check_sizes
from nstlib.gatys.objective import all_layers, sum_of_terms
from nstlib.gatys.paintings import Style, gather_styles, painted_part
from nstlib.gatys.recipe import Recipe, recipe as named_recipe
from nstlib.gatys.solvers import first_order, lbfgs
from nstlib.images.arrays import as_image, resize
from nstlib.machine import progress as progress_bar
from nstlib.vgg.table import smallest_side

PATIENCE = 20  # steps over which `Recipe.tolerance` is judged
COARSEST = (
    96  # pixels on the longest side: smaller pictures are left out of a recipe's coarse sizes
)
SMALLEST_PAINTING = 32  # pixels on the shorter side, to which a coarse size shrinks a painting
OWN_OPTIONS = ("seed", "weights", "extra", "style_weights", "masks", "style_scale")


@dataclass(frozen=True)
class Step:
    """One state of the picture: its number, the picture, and what it costs.

    `size` is 1 for a picture of the content's size, and less while the recipe's `coarse` sizes are
    painted; totals can be compared among steps of the same size.
    `terms` maps "content block4_conv2", "style block1_conv1", …, "tv" to the numbers whose sum is
    `total`: weights and conventions are already in them. Of several paintings, the name follows:
    "style block1_conv1 starry_night". Step 0 is the start. `evaluations` counts how often value and
    gradient have been computed so far.
    """

    index: int
    image: np.ndarray | None
    total: float
    terms: dict[str, float]
    evaluations: int
    size: float = 1.0


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
    """Paint the content picture in the manner of the style picture, or of several.

    Pictures are (1, height, width, 3), RGB, 0..1, each of any size; the result has the content's.
    `style` is one, a list, or a mapping from name to picture. `options` are the arguments of
    `painting_steps` (start, seed, weights, extra, style_weights, masks, style_scale) and any field
    of `Recipe`, such as steps=100 or style_weight=3. `on_step` is called with every `Step`. Ctrl-C
    ends the run and returns the best picture so far.
    """
    begin = time.perf_counter()
    steps = painting_steps(content, style, recipe, **options)
    history, best, stopped = [], None, ""
    settings, start = _resolve(recipe, options)
    sizes = _sizes(settings, as_image(content), start, options.get("extra"))
    count = sum(sizes.values()) + len(sizes) - 1
    bar = progress_bar(total=count, desc="painting") if progress else None
    try:
        while not stopped:
            try:
                step = next(steps)
            except StopIteration as end:
                stopped = end.value
                break
            if settings.average or best is None or _beats(step, best):
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
    image = best.image if best.size == 1 else resize(best.image, as_image(content).shape[1:3])
    seconds = time.perf_counter() - begin
    return Result(image, history, settings, seconds, history[-1].evaluations, stopped)


def _beats(step: Step, best: Step) -> bool:
    return step.size > best.size or step.total <= best.total


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
    extra: Mapping[str, Callable] = MappingProxyType({}),
    style_weights=None,
    masks=None,
    style_scale: float | None = None,
    **changes,
) -> Iterator[Step]:
    """The loop inside `style_transfer`: yields every `Step`, and returns why it stopped.

    Pictures as for `style_transfer`. `start` is "content", "noise", "mix", or a picture to go on
    from; `seed` decides the noise. `extra` adds terms of your own: name -> a function from the
    picture, a NumPy array, to (value, gradient of the picture's shape). `style_weights`, `masks`
    and `style_scale` are for `nstlib.gatys.paintings.gather_styles`: how much of each painting, where, and
    how large; pixels that belong to no mask stay the content's. The recipe's `coarse` sizes are
    left out where they have less than 96 pixels or are too small for its layers, and all of them if
    `start` is a picture, whose detail they would lose, or if there are extra terms, which know one
    size only. Value and gradient are computed in the caller's thread, and nothing more is computed
    once the caller stops asking.
    """
    recipe, start = _resolve(recipe, {"start": start, **changes})
    content = as_image(content)
    steering = {"style_weights": style_weights, "masks": masks, "style_scale": style_scale}
    styles = gather_styles(style, content, **steering)
    check_sizes({"content": content} | {entry.name: entry.image for entry in styles}, recipe)
    check_memory(content.shape, recipe, styles)
    sizes = _sizes(recipe, content, start, extra)
    return _through_sizes(sizes, content, styles, recipe, start, seed, weights, extra)


def _sizes(recipe: Recipe, content: np.ndarray, start, extra) -> dict[float, int]:
    """Size -> steps, smallest first: the coarse ones that make sense, and the full one."""
    sides, smallest = content.shape[1:3], smallest_side(all_layers(recipe), recipe.padding)
    coarse = {
        size: steps
        for size, steps in ({} if extra or start is not None else recipe.coarse).items()
        if size * max(sides) >= COARSEST and size * min(sides) >= smallest
    }
    return {**coarse, 1.0: recipe.steps}


def _through_sizes(
    sizes: dict[float, int], content, styles, recipe: Recipe, start, seed: int, weights: str, extra
) -> Iterator[Step]:
    """Paint at each size in turn, from smallest to full, each starting with what the last made."""
    last = None
    for size, steps in sizes.items():
        small, paintings = _at_size(size, content, styles)
        weight = recipe.content_weight * (recipe.coarse_content if size < 1 else 1)
        stage = replace(recipe, steps=steps, content_weight=weight)
        begin = start if last is None else last.image
        image, painted = _start_picture(small, recipe, begin, seed), painted_part(paintings)
        if painted is not None:  # waves would reach the pixels of nobody, too
            image, stage = np.where(painted, image, small), replace(stage, coordinates="pixels")
        evaluate = _evaluator(sum_of_terms(small, paintings, stage, weights), extra, painted)
        last, stopped = yield from _steps(evaluate, image, stage, size, last)
        if stopped == "not finite":
            break
    return stopped


def _at_size(size: float, content, styles: Sequence[Style]):
    """The content and the paintings, with their masks, shrunk to a part of their size."""

    def shrunk(picture, smallest: int = 1):
        if size == 1 or picture is None:
            return picture
        factor = min(1.0, max(size, smallest / min(picture.shape[1:3])))
        return resize(picture, tuple(round(factor * side) for side in picture.shape[1:3]))

    return shrunk(content), [
        replace(style, image=shrunk(style.image, SMALLEST_PAINTING), mask=shrunk(style.mask))
        for style in styles
    ]


def _resolve(recipe: str | Recipe, options: dict) -> tuple[Recipe, object]:
    """The recipe with the changes among the options, and the start if it is a picture."""
    changes = {k: v for k, v in options.items() if k not in OWN_OPTIONS}
    start = changes.pop("start", None)
    if isinstance(start, str):
        changes["start"], start = start, None
    return named_recipe(recipe, **changes), start


def _evaluator(function: Callable, extra: Mapping[str, Callable], painted=None) -> Callable:
    """picture -> (total, terms, gradient), as Python floats and NumPy arrays.

    `painted`, (1, height, width, 1), is 0 where the gradient is to be 0, so that no solver moves
    those pixels.
    """
    compiled = value_and_grad(function, has_aux=True)

    def evaluate(image):
        (total, terms), gradient = compiled(image)
        floats = {name: float(ops.convert_to_numpy(term)) for name, term in terms.items()}
        total, gradient = float(ops.convert_to_numpy(total)), ops.convert_to_numpy(gradient)
        for name, term in extra.items():
            floats[name], slope = term(image)
            total, gradient = total + floats[name], gradient + slope
        return total, floats, gradient if painted is None else gradient * painted

    return evaluate


def _start_picture(content, recipe: Recipe, start, seed: int) -> np.ndarray:
    if start is not None:
        return resize(as_image(start), content.shape[1:3])
    if recipe.start == "content":
        return content
    noise = np.random.default_rng(seed).uniform(0, 1, content.shape).astype("float32")
    share = 1.0 if recipe.start == "noise" else recipe.noise_share
    return share * noise + np.float32(1 - share) * content


def _steps(
    evaluate: Callable,
    image: np.ndarray,
    recipe: Recipe,
    size: float = 1.0,
    before: Step | None = None,
) -> Iterator[Step]:
    """Number the solver's states on from `before`, average them if asked to, know when to stop.

    Returns the last step and why it was the last.
    """
    solver = lbfgs if recipe.optimizer == "lbfgs" else first_order
    recent, mean, last = deque(maxlen=PATIENCE + 1), 0.0, before
    first, counted = (before.index + 1, before.evaluations) if before else (0, 0)
    states = solver(evaluate, image, recipe)
    for index, (picture, total, terms, evaluations) in enumerate(states):
        if not math.isfinite(total):
            broken = ", ".join(name for name, term in terms.items() if not math.isfinite(term))
            warnings.warn(
                f"Step {first + index} stops the run: {broken} is not finite.", stacklevel=3
            )
            return last, "not finite"
        if recipe.average:  # divided by the sum of its weights, so that the start does not linger
            mean = recipe.average * mean + (1 - recipe.average) * picture
            picture = mean / (1 - recipe.average ** (index + 1))
        last = Step(first + index, picture, total, terms, counted + evaluations, size)
        yield last
        recent.append(total)
        if index == recipe.steps:
            return last, "steps"
        if len(recent) > PATIENCE and recent[0] - total < recipe.tolerance * recent[0]:
            return last, "tolerance"
    return last, "converged"
