"""Painting by gradient descent: change the pixels until the features say what they should.

Gatys, Ecker & Bethge 2016. The picture is the variable; the network never changes. Underneath is a
generator of steps, `painting_steps`, so that showing, saving and stopping sit outside the loop.
"""

import math
import time
import warnings
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
from keras import ops

from nstlib.errors import InputError, MemoryRefused
from nstlib.gradients import value_and_grad
from nstlib.images import as_image, resize
from nstlib.recipes import Recipe
from nstlib.recipes import recipe as named_recipe
from nstlib.runtime import available_memory
from nstlib.runtime import progress as progress_bar
from nstlib.solvers import HISTORY, first_order, lbfgs
from nstlib.styles import Style, gather_styles, painted_part
from nstlib.terms import all_layers, sum_of_terms
from nstlib.terms import layer_weights as layer_weights
from nstlib.terms import objective as objective
from nstlib.vgg import VGG_TABLE, smallest_side

PATIENCE = 20  # steps over which `Recipe.tolerance` is judged
OWN_OPTIONS = ("seed", "weights", "extra", "style_weights", "masks", "style_scale")
# Measured: see benchmarks/memory.py.
BYTES_A_VALUE, BYTES_A_COPY, BYTES_A_LOOK, BASE_BYTES = 12.0, 8.0, 10.0, 1.05e9


@dataclass(frozen=True)
class Step:
    """One state of the picture: its number, the picture, and what it costs.

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
    and `style_scale` are for `nstlib.styles.gather_styles`: how much of each painting, where, and
    how large; pixels that belong to no mask stay the content's. Value and gradient are computed in
    the caller's thread, and nothing more is computed once the caller stops asking.
    """
    recipe, start = _resolve(recipe, {"start": start, **changes})
    content = as_image(content)
    steering = {"style_weights": style_weights, "masks": masks, "style_scale": style_scale}
    styles = gather_styles(style, content, **steering)
    _check_sizes({"content": content} | {entry.name: entry.image for entry in styles}, recipe)
    _check_memory(content.shape, recipe, styles)
    image, painted = _start_picture(content, recipe, start, seed), painted_part(styles)
    if painted is not None:
        image = np.where(painted, image, content)
    evaluate = _evaluator(sum_of_terms(content, styles, recipe, weights), extra, painted)
    return _steps(evaluate, image, recipe)


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


def estimate_memory(
    height: int, width: int, recipe: str | Recipe = "default", styles: Sequence[Style] = ()
) -> int:
    """About how many bytes a painting of this size takes, activations and gradients together.

    Every value that a layer computes is kept for the way back and joined there by its gradient;
    bytes for each, and what the program takes by itself, were fitted to measured peaks
    (`benchmarks/memory.py`). L-BFGS adds two vectors of the picture's size for each step it keeps;
    every further painting of `styles`, or every region, a copy of the style layers; histograms two
    of theirs. Before that each painting is looked at by itself, which for one that is much larger
    than the picture takes more.
    """
    recipe = named_recipe(recipe)
    vectors = 2 * HISTORY + 10 if recipe.optimizer == "lbfgs" else 10
    copies = max(0, len(styles) - all(style.mask is None for style in styles))
    working = BYTES_A_VALUE * _values(height, width, recipe) + 8 * vectors * 3 * height * width
    working += BYTES_A_COPY * copies * _values(height, width, recipe, recipe.style_layers)
    if recipe.histogram_weight:
        working += 2 * BYTES_A_COPY * _values(height, width, recipe, recipe.histogram_layers)
    sizes = [style.image.shape[1:3] for style in styles]
    looking = max((BYTES_A_LOOK * _values(*size, recipe) for size in sizes), default=0)
    return int(max(working, looking) + BASE_BYTES)


def _values(height: int, width: int, recipe: Recipe, layers: Iterable[str] | None = None) -> int:
    """How many values these layers compute, or all of the network's as deep as it is needed."""
    table = list(enumerate(VGG_TABLE[recipe.network]))
    if layers is not None:
        counts = Counter(int(layer[5]) - 1 for layer in layers)
    else:
        deepest = max(int(layer[5]) for layer in all_layers(recipe))
        counts = {block: len(kernels) for block, (_, kernels) in table[:deepest]}
    return sum(
        counts.get(block, 0) * channels * (height >> block) * (width >> block)
        for block, (channels, _) in table
    )


def _check_sizes(pictures: dict[str, np.ndarray], recipe: Recipe) -> None:
    smallest = smallest_side(all_layers(recipe), recipe.padding)
    for name, image in pictures.items():
        _, height, width, _ = image.shape
        if min(height, width) < smallest:
            raise InputError(
                f"The {name} picture has {width} x {height} pixels, and this recipe's layers need "
                f"{smallest} on the shorter side: take a larger picture, or shallower layers."
            )


def _check_memory(shape, recipe: Recipe, styles: Sequence[Style] = ()) -> None:
    """Refuse what cannot fit, before minutes of work end in a killed process."""
    _, height, width, _ = shape
    needed, free = estimate_memory(height, width, recipe, styles), available_memory()
    if needed <= free:
        return
    largest = max((math.prod(style.image.shape[1:3]) for style in styles), default=0)
    if estimate_memory(height, width, recipe) <= free and largest > height * width:
        advice = "The largest painting takes most of it: make it smaller."
    else:
        per_pixel = (needed - BASE_BYTES) / (height * width)
        pixels = max(free - BASE_BYTES, 0) / per_pixel
        fits = int(math.sqrt(pixels / (height * width)) * max(height, width)) // 16 * 16
        advice = f"A longest side of {fits} pixels would fit: make the photo that size or smaller."
    raise MemoryRefused(
        f"Painting {width} x {height} pixels needs about {needed / 1e9:.1f} GB, and "
        f"{free / 1e9:.1f} GB are free. {advice}"
    )
