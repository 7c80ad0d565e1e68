"""How much memory a painting takes, said beforehand, so that no minutes of work end in a kill."""

import math
from collections.abc import Iterable, Sequence

import numpy as np

from nstlib.errors import MemoryRefused
from nstlib.gatys.paintings import Style
from nstlib.gatys.recipe import Recipe, recipe as named_recipe
from nstlib.gatys.solvers import HISTORY
from nstlib.images.arrays import refuse_too_small
from nstlib.machine import available_memory
from nstlib.vgg.table import VGG_TABLE, smallest_side

# Measured: see benchmarks/memory.py.
BYTES_A_VALUE, BYTES_A_COPY, BYTES_A_LOOK, BASE_BYTES = 12.0, 8.0, 10.0, 1.05e9


def estimate_memory(
    height: int, width: int, recipe: str | Recipe = "default", styles: Sequence[Style] = ()
) -> int:
    """About how many bytes a painting of this size takes, activations and gradients together.

    Every value that a layer computes is kept for the way back and joined there by its gradient;
    bytes for each, and what the program takes by itself, were fitted to measured peaks. L-BFGS
    adds two vectors of the picture's size for each step it keeps; every further painting of
    `styles`, or every region, a copy of the style layers; histograms two of theirs. Before that
    each painting is looked at, which for one that is much larger than the picture takes more.
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
    table = VGG_TABLE[recipe.network]  # block by block: (channels, kernels)
    blocks = [int(layer[5]) - 1 for layer in layers or recipe.layers]
    if layers is None:
        blocks = [b for b in range(max(blocks) + 1) for _ in table[b][1]]
    return sum(table[block][0] * (height >> block) * (width >> block) for block in blocks)


def check_sizes(pictures: dict[str, np.ndarray], recipe: Recipe) -> None:
    """Refuse pictures, given by name, that are too small for the recipe's deepest layer."""
    smallest = smallest_side(recipe.layers, recipe.padding)
    for name, image in pictures.items():
        _, height, width, _ = image.shape
        needs = "this recipe's layers need"
        refuse_too_small(f"The {name} picture", (height, width), smallest, needs=needs)


def check_memory(shape, recipe: Recipe, styles: Sequence[Style] = ()) -> None:
    """Refuse what cannot fit, and say what would."""
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
