"""What a comparison of paintings is written as: a table, a file of numbers, a strip of pictures."""

import csv
import io
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from nstlib.errors import InputError
from nstlib.files import writable, write, write_problem
from nstlib.images.files import EXTENSIONS, save_image

IDENTITY, STYLE_COPY = "identity", "style-copy"
SLOW = 10.0  # seconds: a stylizer that took longer is not asked a second time
DOTS, COLUMNS = 120, 6  # of a strip: dots an inch when saved, pictures in a row
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
        path = check_output(path, overwrite=overwrite)
        if path.suffix.lower() in EXTENSIONS:
            return save_image(_pixels(self.figure()), path, overwrite=overwrite)
        text = self.table() + "\n" if path.suffix.lower() == ".md" else self._csv()
        write(path, text.encode())
        return path

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


def check_output(
    path: str | os.PathLike, *, overwrite: bool, protect: Iterable[str | os.PathLike] = ()
) -> Path:
    """The path that `Comparison.save` may write to; InputError if it may not."""
    path = Path(os.path.expanduser(path))
    if path.suffix.lower() not in (".md", ".csv"):
        if path.suffix.lower() not in EXTENSIONS:
            raise InputError(
                f"{path} ends in none of .md, .csv (the table), {', '.join(EXTENSIONS)} (the strip)"
            )
        writable(path, EXTENSIONS, overwrite=overwrite, protect=protect)
    elif path.is_dir():
        raise InputError(f"{path} is a folder: name a file in it.")
    elif path.exists() and not overwrite:
        raise InputError(f"{path} is there already: name another file, or allow overwriting it.")
    problem = write_problem(path.parent)
    if problem:
        raise InputError(f"The folder of the output, {path.parent}, {problem}.")
    return path


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
