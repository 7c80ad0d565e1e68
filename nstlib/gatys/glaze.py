"""A painting's style on a surface: a texture, grown until the surface has the style from all sides.

What is compared are views, not the texture. So strokes are as large on a neck as on a belly, where
a picture that is laid around is squeezed or stretched. No view knows of a seam at the back, nor do
the waves in which the texture moves: they close around. The idea is that of Mordvintsev, Pezzotti,
Schubert & Olah 2018, "Differentiable Image Parameterizations", the section on 3D models; we depart
from it in fixed views of a surface of revolution, for which no graphics library is needed, in
L-BFGS, and in having no content.
"""

import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

import numpy as np

from nstlib.errors import number
from nstlib.gatys.descent import Step, descend, numbered
from nstlib.gatys.memory import check_sizes
from nstlib.gatys.objective import Objective
from nstlib.gatys.paintings import gather_styles
from nstlib.gatys.recipe import Recipe, recipe
from nstlib.images.arrays import SMALLEST, as_image, resize
from nstlib.images.color import of_one_color
from nstlib.images.turntable import Turntable
from nstlib.vgg.table import smallest_side

VIEWS = 16  # all around, evenly
SETS = (0, 2, 1, 3)  # of the four views in a quarter; a set is one from each quarter
SPREAD = 0.02  # of the noise at the start, around the painting's mean colour
STEPS = 15  # of L-BFGS for each set of views, at half size and at full size
# Whatever is seen counts, as far as the outline: else foot and rim would belong to no view.
PLAN = recipe("default", coordinates="waves around", content_weight=0.0, mask_inset=0.0)


def grow_glaze(
    painting,
    points="vase",
    size: int = 160,
    *,
    elevation: float = 16.0,
    steps: int = STEPS,
    style_scale: float = 1.2,
    start=None,
    seed: int = 0,
    weights: str = "imagenet",
    progress: bool = True,
    on_step: Callable[[Step], None] | None = None,
    **changes,
) -> np.ndarray:
    """A texture for a surface of revolution, grown from a painting through sixteen fixed views.

    `painting` is a picture, RGB, 0..1; `points`, `size` and `elevation` say which surface, and how
    it is seen, as for `nst.Turntable`, whose `render` shows the result: a picture (1, height,
    width, 3), all around and seamless. `steps` of L-BFGS are taken for each of four sets of views,
    at half the size and then at all of it. The painting's longest side is `style_scale` times that
    of a view; `changes` are fields of `Recipe`. `start` is a texture to go on from, at full size
    only, else noise by `seed`. `on_step` is called with every `Step`, whose picture is the texture.
    Ctrl-C ends the run with what is there.
    """
    number("size", size, SMALLEST, 4096, whole=True, unit="pixels")
    number("style_scale", style_scale, 0, above=True, hint="A smaller one makes smaller strokes.")
    painting, given = as_image(painting), {"coarse": {0.5: steps}, "steps": steps} | changes
    if of_one_color(painting):
        warnings.warn("The painting is of one colour, and so will be the glaze.", stacklevel=2)
    plan = recipe(PLAN, **given if start is None else {**given, "coarse": {}})
    views = partial(Turntable, points, elevation=elevation)
    stages = list(_stages(painting, plan, size, style_scale, views))
    texture = _start(painting, size, seed) if start is None else as_image(start)
    run = _through_stages(stages, texture, Objective(plan, weights))
    best, _, _ = descend(run, desc="glaze", progress=progress, on_step=on_step, averaged=True)
    if best is None:
        raise KeyboardInterrupt
    return best.image


def _start(painting: np.ndarray, size: int, seed: int) -> np.ndarray:
    """The painting's mean colour with a little noise."""
    noise = np.random.default_rng(seed).standard_normal((1, size, 2 * size, 3))
    return np.clip(painting.mean(axis=(1, 2), keepdims=True) + SPREAD * noise, 0, 1)


def _all_around(texture: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """A texture at another size, each edge enlarged with what lies beyond the other: no seam."""
    height, width = shape
    return resize(np.tile(texture, (1, 1, 3, 1)), (height, 3 * width))[:, :, width : 2 * width]


def _stages(painting, plan: Recipe, size: int, style_scale: float, views: Callable) -> Iterator:
    """(recipe, surface, painting) for each size, smallest first, but those too small to be seen."""
    smallest = smallest_side(plan.layers, plan.padding)
    for part, steps in {**plan.coarse, 1.0: plan.steps}.items():
        side = max(SMALLEST, round(part * size))
        table = views(side)
        style = resize(painting, max(SMALLEST, round(side * style_scale)))
        if part == 1:
            check_sizes({"view": table.mask, "painting": style}, plan)
        if min(*table.mask.shape[1:3], *style.shape[1:3]) >= smallest:
            yield replace(plan, steps=steps), table, style


def _through_stages(stages: list, texture: np.ndarray, asked: Objective) -> Iterator[Step]:
    """The steps of all stages, each with all sets of views in turn, as one numbered descent."""
    planned = sum(len(SETS) * (1 + stage.steps) for stage, *_ in stages) - 1
    last = None
    for stage, table, painting in stages:
        texture = _all_around(texture if last is None else last.image, table.texture_shape)
        evaluate_views = _judge(table, painting, asked)
        for first in SETS:
            turns = [first / VIEWS + quarter / 4 for quarter in range(4)]
            evaluate = _by_texture(evaluate_views, table, turns, painting.mean(axis=(1, 2)))
            run = numbered(evaluate, texture, stage, before=last, planned=planned)
            last, stopped = yield from run
            texture = last.image
            if stopped == "not finite":
                return last, stopped
    return last, stopped


def _judge(table: Turntable, painting: np.ndarray, asked: Objective) -> Callable:
    """Views (views, height, width, 3) -> (total, terms, gradient): all sides have one outline."""
    gray = np.full((1, *table.mask.shape[1:3], 3), 0.5, "float32")
    wishes = asked.wishes(gray, gather_styles(painting, gray, masks=[table.mask]))
    return asked.evaluator(wishes)


def _by_texture(evaluate_views: Callable, table: Turntable, turns: list, around) -> Callable:
    """texture -> (total, terms, gradient by the texture), of its views after so many `turns`."""

    def evaluate(texture: np.ndarray):
        seen = np.concatenate([table.see(texture, turn) for turn in turns])
        views = (seen + (1 - table.mask) * around).astype("float32")
        total, terms, slopes = evaluate_views(views)
        pulled = [
            table.pull(slope, texture.shape[1:3], turn)
            for slope, turn in zip(slopes, turns, strict=True)
        ]
        return total, terms, sum(pulled)

    return evaluate
