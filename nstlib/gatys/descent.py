"""Steps of a descent: numbered, watched, and stopped in one way, whatever it is that descends."""

import math
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from nstlib.backend import keras, own_settings
from nstlib.errors import InputError
from nstlib.gatys.recipe import Recipe
from nstlib.gatys.solvers import COORDINATES, State, first_order, lbfgs
from nstlib.machine import progress as progress_bar


@dataclass(frozen=True)
class Step:
    """One state of the picture: its number, the picture, and what it costs.

    `size` is 1 for a picture of the content's size, and less while the recipe's `coarse` sizes are
    painted; totals can be compared among steps of the same size.
    `terms` maps "content block4_conv2", "style block1_conv1", …, "tv" to the numbers whose sum is
    `total`: weights and conventions are already in them. Of several paintings, the name follows:
    "style block1_conv1 starry_night". Step 0 is the start, and `planned` the number of the last
    one, if nothing ends the run before. `evaluations` counts how often value and gradient have been
    computed so far.
    """

    index: int
    image: np.ndarray | None
    total: float
    terms: dict[str, float]
    evaluations: int
    size: float = 1.0
    planned: int = 0


@dataclass(frozen=True)
class Stages:
    """A finished picture, and the pictures on the way to it by name."""

    image: np.ndarray
    stages: dict[str, np.ndarray]


def numbered(
    evaluate: Callable,
    image: np.ndarray,
    recipe: Recipe,
    *,
    size: float = 1.0,
    before: Step | None = None,
    planned: int | None = None,
) -> Iterator[Step]:
    """The solver's states as steps that are numbered on from `before`, averaged if asked to.

    `evaluate(picture) -> (total, terms, gradient)`. Returns the last step and why it was the last:
    "steps", "converged" or "not finite". Raises InputError if the start itself costs no number.
    """
    mean, last, planned = 0.0, before, planned or recipe.steps
    first, counted = (before.index + 1, before.evaluations) if before else (0, 0)
    for index, state in enumerate(_solver(evaluate, image, recipe)):
        picture, total, terms, evaluations = state
        if not math.isfinite(total):
            broken = ", ".join(name for name, term in terms.items() if not math.isfinite(term))
            if last is None:
                raise InputError(f"The start cannot be judged: {broken} is not finite there.")
            warnings.warn(
                f"Step {last.index + 1} stops the run: {broken} is not finite.", stacklevel=2
            )
            return last, "not finite"
        if recipe.average:  # divided by the sum of its weights, so that the start does not linger
            mean = recipe.average * mean + (1 - recipe.average) * picture
            picture = mean / (1 - recipe.average ** (index + 1))
        last = Step(first + index, picture, total, terms, counted + evaluations, size, planned)
        yield last
        if index == recipe.steps:
            return last, "steps"
    return last, "converged"


@own_settings()
def _solver(evaluate: Callable, image: np.ndarray, recipe: Recipe) -> Iterator[State]:
    space = COORDINATES[recipe.coordinates](image.shape)
    if recipe.optimizer == "lbfgs":
        return lbfgs(evaluate, image, recipe.steps, space=space)
    rate = keras.optimizers.schedules.ExponentialDecay(recipe.learning_rate, 100, recipe.decay)
    optimizer = keras.optimizers.SGD(rate)
    if recipe.optimizer == "adam":
        optimizer = keras.optimizers.Adam(rate, beta_1=recipe.beta_1, epsilon=recipe.epsilon)
    return first_order(evaluate, image, recipe.steps, space=space, optimizer=optimizer)


def descend(
    steps: Iterator[Step],
    *,
    desc: str = "painting",
    progress: bool = True,
    on_step: Callable[[Step], None] | None = None,
    averaged: bool = False,
) -> tuple[Step | None, list[Step], str]:
    """Take all the steps: (the best one, all of them without their pictures, why they ended).

    The best has the lowest total at the largest size; where pictures are `averaged`, whose totals
    are not known, it is the latest. Ctrl-C ends the descent with "interrupted" and what is there,
    which may be nothing, None. The steps are closed whatever happens.
    """
    history, best = [], None
    bar = progress_bar(desc=desc) if progress else None
    try:
        while True:
            try:
                step = next(steps)
            except StopIteration as end:
                return best, history, end.value[-1]
            if averaged or best is None or (-step.size, step.total) <= (-best.size, best.total):
                best = step
            history.append(replace(step, image=None))
            if bar is not None:
                if bar.total is None:
                    bar.reset(total=step.planned)
                bar.set_postfix_str(f"loss {step.total:.4g}", refresh=False)
                bar.update(min(step.index, 1))
            if on_step is not None:
                on_step(step)
    except KeyboardInterrupt:
        return best, history, "interrupted"
    finally:
        steps.close()
        if bar is not None:
            bar.close()
