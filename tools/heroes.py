"""A chapter's hero: the picture that it shows highest alone.

That is the `nst.show` of the largest `height`, or, where no cell shows one picture alone, the
highest figure.
"""

import base64
import io
import re
from pathlib import Path

import nbformat
from PIL import Image

ALONE = re.compile(r"nst\.show\((?![{\[])[^|{]*?height=([\d.]+)\)")


def hero(notebook: Path) -> Image.Image:
    """A chapter's largest picture."""
    cells = nbformat.read(notebook, 4).cells
    shown = [
        (float((ALONE.search(cell.source) or [0, 0])[1]), _figures(cell)[-1])
        for cell in cells
        if _figures(cell)
    ]
    return max(shown, key=lambda one: (one[0], one[1].height))[1]


def _figures(cell) -> list[Image.Image]:
    stored = [output.get("data", {}).get("image/jpeg") for output in cell.get("outputs", ())]
    return [Image.open(io.BytesIO(base64.b64decode(one))) for one in stored if one]
