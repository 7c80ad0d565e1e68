"""Painting by gradient descent: change the pixels until the features say what they should.

Gatys, Ecker & Bethge 2016. The picture is the variable; the network never changes. Underneath is a
generator of steps, `painting_steps`, so that showing, saving and stopping sit outside the loop.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from inspect import signature

import numpy as np

from nstlib.errors import InputError
from nstlib.gatys.descent import Step, descend, numbered
from nstlib.gatys.memory import check_memory, check_sizes
from nstlib.gatys.objective import Objective
from nstlib.gatys.paintings import Style, gather_styles, painted_part, resized_painting
from nstlib.gatys.recipe import Recipe, recipe as named_recipe
from nstlib.images.arrays import as_image, resize
from nstlib.vgg.table import smallest_side

COARSEST = 96  # pixels on the longest side: smaller ones are left out of a recipe's coarse sizes
SMALLEST_PAINTING = 32  # pixels on the shorter side, to which a coarse size shrinks a painting


@dataclass(frozen=True)
class Result:
    """A finished painting: the picture with the lowest total, and how it came about.

    `history` holds every step without its picture, `seconds` is wall time, and `stopped` is
    "steps", "converged", "interrupted" or "not finite".
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
    `painting_steps` (start, seed, weights, extra, style_weights, masks, model_masks, style_scale)
    and any field of `Recipe`, such as steps=100 or style_weight=3. `on_step` is called with every
    `Step`. Ctrl-C ends the run and returns the best picture so far.
    """
    begin = time.perf_counter()
    settings, options = settled(recipe, options)
    best, history, stopped = descend(
        painting_steps(content, style, settings, **options),
        progress=progress,
        on_step=on_step,
        averaged=settings.average > 0,
    )
    if best is None:
        raise KeyboardInterrupt
    image = best.image if best.size == 1 else resize(best.image, as_image(content).shape[1:3])
    seconds = time.perf_counter() - begin
    return Result(image, history, settings, seconds, history[-1].evaluations, stopped)


def settled(recipe: str | Recipe, options: Mapping) -> tuple[Recipe, dict]:
    """The recipe with its fields among the options of `style_transfer`, and the other options."""
    own = {*signature(style_transfer).parameters, *signature(painting_steps).parameters}
    if isinstance(options.get("start"), str):
        own.remove("start")
    changes = {name: value for name, value in options.items() if name not in own}
    rest = {name: value for name, value in options.items() if name in own}
    return named_recipe(recipe, **changes), rest


def painting_steps(
    content,
    style,
    recipe: str | Recipe = "default",
    *,
    start=None,
    seed: int = 0,
    weights: str = "imagenet",
    extra: Mapping[str, Callable] | None = None,
    style_weights=None,
    masks=None,
    model_masks=None,
    style_scale: float | None = None,
    objective: Objective | None = None,
    **changes,
) -> Iterator[Step]:
    """The loop inside `style_transfer`: yields every `Step`; returns the last and why it stopped.

    Pictures as for `style_transfer`. `start` is "content", "noise", "mix", or a picture to go on
    from; `seed` decides the noise. `extra` adds terms of your own: name -> a function from the
    picture, a NumPy array, to (value, gradient of the picture's shape). `style_weights`, `masks`,
    `model_masks` and `style_scale` are for `nst.gather_styles`: how much of each painting, where,
    which part of it, and how large; pixels that belong to no mask stay the content's. The recipe's
    `coarse` sizes are left out where they have less than 96 pixels or are too small for its layers,
    and all of them if `start` is a picture, whose detail they would lose, or if there are extra
    terms, which know one size only. `objective` is one that was made before with the same terms and
    `weights`, and remembers what it has seen. Value and gradient are computed in the caller's
    thread, and nothing more is computed once the caller stops asking.
    """
    if isinstance(start, str):
        changes["start"], start = start, None
    recipe, content = named_recipe(recipe, **changes), as_image(content)
    steering = {"style_weights": style_weights, "masks": masks, "model_masks": model_masks}
    styles = gather_styles(style, content, **steering, style_scale=style_scale)
    check_sizes({"content": content} | {entry.name: entry.image for entry in styles}, recipe)
    check_memory(content.shape, recipe, styles)
    sizes = _sizes(recipe, content.shape, coarse=not extra and start is None)
    asked = {"objective": objective or Objective(recipe, weights), "extra": extra}
    return _through_sizes(sizes, content, styles, recipe, start=start, seed=seed, **asked)


def _sizes(recipe: Recipe, shape: tuple[int, ...], *, coarse: bool) -> dict[float, int]:
    """Size -> steps, smallest first: the coarse ones that make sense, and the full one."""
    sides, smallest = shape[1:3], smallest_side(recipe.layers, recipe.padding)
    sizes = {
        size: steps
        for size, steps in recipe.coarse.items()
        if coarse and size * max(sides) >= COARSEST and size * min(sides) >= smallest
    }
    return {**sizes, 1.0: recipe.steps}


def _through_sizes(
    sizes, content, styles, recipe: Recipe, *, start, seed, objective: Objective, extra
) -> Iterator[Step]:
    """Paint at each size in turn, from smallest to full, each starting with what the last made."""
    last, planned = None, sum(sizes.values()) + len(sizes) - 1
    for size, steps in sizes.items():
        small, paintings = _at_size(size, content, styles)
        image = _start_picture(small, recipe, start if last is None else last.image, seed)
        stage, painted = replace(recipe, steps=steps), painted_part(paintings)
        if painted is not None:  # waves would reach the pixels of nobody, too
            image, stage = np.where(painted, image, small), replace(stage, coordinates="pixels")
        wishes = objective.wishes(small, paintings, recipe.coarse_content if size < 1 else 1.0)
        evaluate = objective.evaluator(wishes, extra=extra, painted=painted)
        run = numbered(evaluate, image, stage, size=size, before=last, planned=planned)
        last, stopped = yield from run
        if stopped == "not finite":
            break
    return last, stopped


def _at_size(size: float, content: np.ndarray, styles: Sequence[Style]):
    """The content and the paintings, with their masks, shrunk to a part of their size."""
    if size == 1:
        return content, styles

    def side(picture, factor: float) -> tuple[int, ...]:
        return tuple(round(factor * length) for length in picture.shape[1:3])

    small, paintings = resize(content, side(content, size)), []
    for style in styles:
        factor = min(1.0, max(size, SMALLEST_PAINTING / min(style.image.shape[1:3])))
        mask = None if style.mask is None else resize(style.mask, small.shape[1:3])
        style = resized_painting(style, side(style.image, factor))
        paintings.append(replace(style, mask=mask))
    return small, paintings


def _start_picture(content: np.ndarray, recipe: Recipe, start, seed: int) -> np.ndarray:
    if start is not None:
        return resize(as_image(start), content.shape[1:3])
    share = {"content": 0.0, "noise": 1.0, "mix": recipe.noise_share}[recipe.start]
    noise = np.random.default_rng(seed).uniform(0, 1, content.shape).astype("float32")
    return share * noise + np.float32(1 - share) * content
