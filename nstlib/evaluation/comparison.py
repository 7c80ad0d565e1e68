"""Paintings of one photo side by side, with what can be measured of them: a table and a strip."""

import csv
import io
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from nstlib.errors import InputError
from nstlib.evaluation import measures
from nstlib.evaluation.frechet import style_frechet
from nstlib.files import writable, write
from nstlib.images.arrays import as_image, resize
from nstlib.images.bundled import find_picture
from nstlib.images.files import EXTENSIONS, load_image, save_image
from nstlib.machine import progress

IDENTITY, STYLE_COPY = "identity", "style-copy"
SLOW = 10.0  # seconds: a stylizer that took longer is not asked a second time
DOTS, COLUMNS = 120, 6  # of a strip: dots an inch when saved, pictures in a row
FORMATS = (".md", ".csv", *EXTENSIONS)  # what a comparison is saved as: tables, or the strip
# What is measured, and with how many decimals it is told.
DECIMALS = {"content": 2, "style": 3, "perceptual": 2, "ssim": 2, "color": 1, "frechet": 0}
DECIMALS |= {"art_fid": 0, "seconds": 2}
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
            title = title.replace("|", "\\|")
            cells = [_written(name, row[name]) if name in row else "" for name in names]
            lines.append(f"| {title} | " + " | ".join(cells) + " |")
        return "\n".join([*lines, "", LEGEND, *([TIMING] if "seconds" in names else [])])

    _repr_markdown_ = table

    def measures(self) -> list[str]:
        """The names of the columns."""
        return [name for name in DECIMALS if any(name in row for row in self.rows.values())]

    def save(self, path: str | os.PathLike, *, overwrite: bool = True) -> Path:
        """Write the table (.md), the table with all digits (.csv), or the strip (.jpg, .png, …).

        Raises InputError for another extension, or a file that is there if not `overwrite`.
        """
        path = writable(path, FORMATS, overwrite=overwrite)
        if path.suffix.lower() in EXTENSIONS:
            return save_image(_pixels(self.figure()), path)
        text = self.table() + "\n" if path.suffix.lower() == ".md" else self._csv()
        return write(path, text.encode())

    def _csv(self) -> str:
        text = io.StringIO()
        writer = csv.DictWriter(text, ["name", *self.measures()], lineterminator="\n")
        writer.writeheader()
        writer.writerows({"name": name, **row} for name, row in self.rows.items())
        return text.getvalue()

    def figure(self, *, columns: int | None = None, height: float = 2.5):
        """The strip: each picture above its numbers, as a Matplotlib figure that is not shown yet.

        `columns` starts a new row after as many (6); `height` is that of a picture, in inches.
        """
        from matplotlib.figure import Figure

        return _strip(self, Figure, columns, height)

    def show(self, *, columns: int | None = None, height: float = 2.5) -> None:
        """Draw the strip of `figure` here."""
        import matplotlib.pyplot as plt

        _strip(self, plt.figure, columns, height)
        plt.show()


def compare(paintings, content, style, *, size: int | None = None) -> Comparison:
    """Measure paintings of one photo in one style, beside the photo itself and the style itself.

    `paintings` is a dict from name to picture of the photo's size, or to a stylizer, a function
    from picture to painting, which then paints and is timed (second call; the first one if it took
    over SLOW seconds); or a list of these, or one. `content` and `style` are pictures, or names or
    files that are read at a longest side of `size` pixels at most. Measures: `content_distance`,
    `style_distance`, `perceptual_distance`, `ssim`, `color_distance`, `style_frechet` of one
    picture and `art_fid`; all depend on the size. Raises InputError, before anything is painted,
    for pictures of other sizes than the photo's, too small, or with NaN.
    """
    content, style = (measures.look(_read(given, size)) for given in (content, style))
    named = _named(paintings)
    photo = content.picture
    pictures = {n: one if callable(one) else _checked(n, one, photo) for n, one in named.items()}
    copy = resize(style.picture, photo.shape[1:3])
    rows, shown = {}, {IDENTITY: photo, STYLE_COPY: copy, **pictures}
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
        "ssim": measures.ssim(image.picture, content.picture),
        "color": measures.color_distance(image, style),
        "frechet": style_frechet(image, style),
    }
    # `nst.art_fid` of the three, from what is known already.
    return row | {"art_fid": (1 + row["perceptual"]) * (1 + row["frechet"])}


# --- Parts ---------------------------------------------------------------------------------------


def _read(given, size: int | None):
    """A picture, from a picture, a bundled name or a file."""
    if isinstance(given, str | os.PathLike):
        return load_image(find_picture(given), size)
    return given


def _named(paintings) -> dict:
    if not isinstance(paintings, Mapping):
        several = paintings if isinstance(paintings, list | tuple) else [paintings]
        paintings = {f"painting {place}": one for place, one in enumerate(several, start=1)}
    if not paintings:
        raise InputError("There are no paintings: give at least one, {name: picture}.")
    for name in (IDENTITY, STYLE_COPY):
        if name in paintings:
            raise InputError(f"The name {name!r} is kept for a row of every table: take another.")
    return dict(paintings)


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


def _written(name: str, value: float) -> str:
    return f"{value:.{DECIMALS[name]}f}"


def _strip(comparison: Comparison, make: Callable, columns: int | None, height: float):
    """Pictures above their numbers, on a figure that `make` begins."""
    count = len(comparison.rows)
    columns = min(columns or COLUMNS, count)
    down = -(-count // columns)
    _, high, wide, _ = comparison.pictures[IDENTITY].shape
    across = max(height * min(wide / high, 3), 1.8)  # inches: the numbers need some room
    figure = make(figsize=(columns * across, down * (height + 1.1)), layout="constrained")
    for place, (name, row) in enumerate(comparison.rows.items(), start=1):
        axis = figure.add_subplot(down, columns, place)
        axis.imshow(comparison.pictures[name][0])
        axis.set(xticks=[], yticks=[], frame_on=False)
        axis.set_title(name, fontsize=10)
        numbers = [f"{measure} {_written(measure, value)}" for measure, value in row.items()]
        pairs = [" · ".join(numbers[begin : begin + 2]) for begin in range(0, len(numbers), 2)]
        axis.set_xlabel("\n".join(pairs), fontsize=8)
    return figure


def _pixels(figure) -> np.ndarray:
    """A figure as (height, width, 3), 0..255."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure.set_dpi(DOTS)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3]
