"""A chapter's hero: the picture that it shows highest alone.

That is the `nst.show` of the largest `height`, or, where no cell shows one picture alone, the
highest figure. A chapter that was not run yet has none.
"""

import base64
import io
import re
from functools import lru_cache
from pathlib import Path

import nbformat
import numpy as np
from PIL import Image, ImageOps

ALONE = re.compile(r"nst\.show\((?![{\[])[^|{]*?height=([\d.]+)\)")
PAPER = 250  # a gray level, of 255, that is no picture any more
LARGE = 0.65  # of the largest picture's side


@lru_cache
def hero(notebook: Path) -> Image.Image | None:
    """A chapter's largest picture; None if no figure is stored in it."""
    cells = nbformat.read(notebook, 4).cells
    shown = [
        (float((ALONE.search(cell.source) or [0, 0])[1]), _figures(cell)[-1])
        for cell in cells
        if _figures(cell)
    ]
    return max(shown, key=lambda one: (one[0], one[1].height), default=(0, None))[1]


def tile(notebook: Path, size: tuple[int, int]) -> Image.Image | None:
    """The hero as a picture of (width, height) pixels, filled to its edges."""
    figure = hero(notebook)
    return figure and ImageOps.fit(framed(figure.convert("RGB")), size)


def framed(figure: Image.Image) -> Image.Image:
    """Of a figure, a large picture alone: without its title, the paper, and its neighbours.

    The last of the first row: on the left is what there was, on the right what became of it.
    """
    for axis in (1, 0):
        drawn = np.asarray(figure.convert("L")) < PAPER
        full = drawn.mean(axis=axis) > 0.5
        edges = np.flatnonzero(np.diff(np.concatenate([[0], full, [0]]).astype(int)))
        runs = edges.reshape(-1, 2).tolist() or [[0, len(full)]]
        longest = max(end - begin for begin, end in runs)
        large = [run for run in runs if run[1] - run[0] > LARGE * longest]
        begin, end = large[0 if axis else -1]
        box = (0, begin, figure.width, end) if axis else (begin, 0, end, figure.height)
        figure = figure.crop(box)
    return figure


def _figures(cell) -> list[Image.Image]:
    stored = [output.get("data", {}).get("image/jpeg") for output in cell.get("outputs", ())]
    return [Image.open(io.BytesIO(base64.b64decode(one))) for one in stored if one]
