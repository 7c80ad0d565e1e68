"""Paintings of one photo side by side, with what can be measured of them: a table and a strip."""

import csv
import io
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from nstlib.errors import InputError
from nstlib.evaluation import measures
from nstlib.evaluation.frechet import style_frechet
from nstlib.files import writable, write
from nstlib.images.arrays import as_image, resize
from nstlib.images.files import EXTENSIONS, load_image, save_image
from nstlib.machine import progress

IDENTITY, STYLE_COPY = "identity", "style-copy"
SLOW = 10.0  # seconds: a stylizer that took longer is not asked a second time
COLUMNS, HEIGHT, DOTS = 6, 2.5, 120  # of a strip: pictures in a row, inches, dots an inch in a file
FORMATS = (".md", ".csv", *EXTENSIONS)  # what a comparison is saved as: tables, or the strip
# What is measured, and with how many decimals it is told.
DECIMALS = dict(content=2, style=3, perceptual=2, ssim=2, color=1, frechet=0, art_fid=0, seconds=2)
LEGEND = (
    "Distances, where smaller is nearer: content and perceptual to the photo; style, color (Lab "
    "units) and frechet to the style; art_fid to both. ssim: 1 has all of the photo's structure. "
    f"Each can be fooled: {IDENTITY} is the photo itself, {STYLE_COPY} the style itself."
)
TIMING = f"seconds: of a second call, or of the first if it took over {SLOW:g} s."


@dataclass(frozen=True, eq=False)
class Comparison:
    """Paintings with their measures: `rows` maps each name to {measure: value}.

    `pictures` holds the picture behind each row, all of the photo's size. The first two rows are
    "identity", the photo itself, and "style-copy", the style stretched to the photo's size. A row
    has "seconds" if a stylizer painted it. In a notebook a comparison shows as its table.
    """

    rows: dict[str, dict[str, float]]
    pictures: dict[str, np.ndarray] = field(repr=False)

    def table(self) -> str:
        """The rows in Markdown, with a legend below."""
        names = self.measures()
        lines = ["| | " + " | ".join(names) + " |", "|---" + "|---:" * len(names) + "|"]
        for title, row in self.rows.items():
            cells = [f"{row[n]:.{DECIMALS[n]}f}" if n in row else "" for n in names]
            lines.append("| " + " | ".join([title.replace("|", "\\|"), *cells]) + " |")
        return "\n".join([*lines, "", LEGEND, *([TIMING] if "seconds" in names else [])])

    _repr_markdown_ = table

    def measures(self) -> list[str]:
        """The names of the columns."""
        return [name for name in DECIMALS if any(name in row for row in self.rows.values())]

    def save(self, path: str | os.PathLike, *, overwrite: bool = True) -> Path:
        """Write the table (.md), the table with all digits (.csv), or the strip (.jpg, .png, …).

        Raises InputError for another extension, or a file that is there if not `overwrite`.
        """
        path, text = writable(path, FORMATS, overwrite=overwrite), io.StringIO()
        if path.suffix.lower() == ".md":
            text.write(self.table() + "\n")
        elif path.suffix.lower() == ".csv":
            writer = csv.DictWriter(text, ["name", *self.measures()], lineterminator="\n")
            writer.writeheader()
            writer.writerows({"name": name, **row} for name, row in self.rows.items())
        else:
            self._strip(Figure, COLUMNS, HEIGHT).savefig(strip := io.BytesIO(), dpi=DOTS)
            return save_image(load_image(strip), path)
        return write(path, text.getvalue().encode())

    def show(self, *, columns: int = COLUMNS, height: float = HEIGHT) -> None:
        """Draw the strip here: each picture, `height` inches high, above its numbers."""
        self._strip(plt.figure, columns, height)
        plt.show()

    def _strip(self, new_figure: Callable, columns: int, height: float) -> Figure:
        columns = min(columns, len(self.rows))
        down = -(-len(self.rows) // columns)
        _, high, wide, _ = self.pictures[IDENTITY].shape
        across = max(height * min(wide / high, 3), 1.8)  # inches: the numbers need some room
        size = columns * across, down * (height + 1.1)
        figure = new_figure(figsize=size, layout="constrained")
        for place, (name, row) in enumerate(self.rows.items(), start=1):
            numbers = [f"{measure} {value:.{DECIMALS[measure]}f}" for measure, value in row.items()]
            pairs = [" · ".join(numbers[begin : begin + 2]) for begin in range(0, len(numbers), 2)]
            axis = figure.add_subplot(down, columns, place, xticks=[], yticks=[], frame_on=False)
            axis.imshow(self.pictures[name][0])
            axis.set_title(name, fontsize=10)
            axis.set_xlabel("\n".join(pairs), fontsize=8)
        return figure


def compare(paintings: Mapping[str, object], content, style) -> Comparison:
    """Measure paintings of one photo in one style, beside the photo itself and the style itself.

    `paintings` maps names to pictures of the photo's size, or to stylizers, functions from picture
    to painting, which then paint and are timed (second call; the first one if it took over SLOW
    seconds). Measures: `content_distance`, `style_distance`, `perceptual_distance`, `ssim`,
    `color_distance`, `style_frechet` of one picture and `art_fid`; all depend on the size. Raises
    InputError, before anything is painted, for pictures of other sizes than the photo's, too small,
    or with NaN.
    """
    if (
        not isinstance(paintings, Mapping)
        or not paintings
        or {IDENTITY, STYLE_COPY} & paintings.keys()
    ):
        raise InputError(
            "paintings has to be a dict from name to picture, with one at least, and without the "
            f"names {IDENTITY!r} and {STYLE_COPY!r}, which are rows of every table."
        )
    content, style = measures.look(content), measures.look(style)
    photo = content.picture
    shown = {IDENTITY: photo, STYLE_COPY: resize(style.picture, photo.shape[1:3]), **paintings}
    shown = {n: one if callable(one) else _checked(n, one, photo) for n, one in shown.items()}
    rows = {}
    for name in progress(list(shown), desc="compare"):
        seconds = {}
        if callable(shown[name]):
            painting, spent = _painted(shown[name], photo)
            shown[name], seconds = _checked(name, painting, photo), {"seconds": spent}
        rows[name] = measure(shown[name], content, style) | seconds
    return Comparison(rows, shown)


def measure(image, content, style) -> dict[str, float]:
    """All measures of one painting: a row of `compare`. Pictures, or what `measures.look` makes."""
    image, content, style = (measures.look(given) for given in (image, content, style))
    row = {
        "content": measures.content_distance(image, content),
        "style": measures.style_distance(image, style),
        "perceptual": measures.perceptual_distance(image, content),
        "ssim": measures.ssim(image, content),
        "color": measures.color_distance(image, style),
        "frechet": style_frechet(image, style),
    }
    # `nst.art_fid` of the three, from what is known already.
    return row | {"art_fid": (1 + row["perceptual"]) * (1 + row["frechet"])}


def _checked(name: str, painting, photo: np.ndarray) -> np.ndarray:
    """A painting as a picture of the photo's size, or an error that names it."""
    try:
        painting = as_image(painting)
    except InputError as error:
        raise InputError(f"{name}: {error}") from error
    measures.check_size(painting, photo, name)
    return painting


def _painted(stylizer: Callable, photo: np.ndarray) -> tuple[np.ndarray, float]:
    """A painting, and the seconds that it took, without those of the first start if it is fast."""
    for _ in range(2):
        begin = time.perf_counter()
        painting = stylizer(photo)
        seconds = time.perf_counter() - begin
        if seconds > SLOW:
            break
    return painting, seconds
