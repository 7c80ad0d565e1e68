"""How fast paintings get where they go: their curves, a race by turns, and what a position sees."""

import time
from collections.abc import Iterator, Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np

from nstlib.backend import ops, value_and_grad
from nstlib.gatys.descent import Step
from nstlib.gatys.painting import Result
from nstlib.images.arrays import as_image, resize
from nstlib.vgg.network import feature_extractor
from nstlib.vgg.table import receptive_reach

Film = list[tuple[float, Step]]  # the steps of a racer, each with the second when it was there


def show_lines(
    lines: Mapping[str, Mapping],
    *,
    x: str,
    y: str,
    marks: bool = False,
    level: float | Mapping[str, float] | None = None,
) -> None:
    """Draw a line for each name, from a dict of its points, over named axes, y logarithmic.

    With `marks` every point is marked, and x is logarithmic, too; `level` is a gray line across, or
    several by name.
    """
    _, axis = plt.subplots(figsize=(7, 3.2), layout="constrained")
    draw, form = (axis.loglog, "o-") if marks else (axis.semilogy, "-")
    for name, points in lines.items():
        draw(list(points), list(points.values()), form, label=name)
    if isinstance(level, Mapping):
        for number, (name, height) in enumerate(level.items(), start=len(lines)):
            axis.axhline(height, color=f"C{number}", ls="--", label=name)
    elif level is not None:
        axis.axhline(level, color="gray", lw=0.8)
    axis.set(xlabel=x, ylabel=y)
    axis.legend()
    plt.show()


def show_curves(runs: Mapping[str, Result]) -> None:
    """Draw the total of each run as it was after so many evaluations, rises included."""
    lines = {
        name: {step.evaluations: step.total for step in run.history} for name, run in runs.items()
    }
    show_lines(lines, x="evaluations", y="total loss")


def race(racers: Mapping[str, Iterator[Step]]) -> dict[str, Film]:
    """Let descents (`nst.painting_steps`) go by turns, and time each by its own clock.

    Whoever has used the least time takes the next step, so that all of them meet the same machine,
    whatever else it does. Name -> [(seconds, step), …], until all have ended.
    """
    racers, films = dict(racers), {name: [] for name in racers}
    spent = dict.fromkeys(racers, 0.0)
    while racers:
        name = min(racers, key=spent.get)
        begin = time.perf_counter()
        step = next(racers[name], None)
        spent[name] += time.perf_counter() - begin
        if step is None:
            del racers[name]
        else:
            films[name].append((spent[name], step))
    return films


def arrival(film: Film, goal: float) -> float | None:
    """The second at which a racer's total at full size was first at or below the goal, or None."""
    return next((at for at, step in film if step.size == 1 and step.total <= goal), None)


def show_race(films: Mapping[str, Film], goal: float) -> None:
    """Draw the totals at full size over the seconds, and the goal as a gray line."""
    lines = {
        name: {at: step.total for at, step in film if step.size == 1}
        for name, film in films.items()
    }
    labels = {"x": "seconds, compiling included", "y": "total loss at full size"}
    show_lines(lines, **labels, level=goal)


def half_circle(picture, layer: str = "block5_conv1") -> tuple[tuple[float, float], float]:
    """Where the position in the middle of a layer looks: ((x, y), radius), in pixels.

    How much a pixel counts is the gradient of the position's activations by that pixel; the circle
    holds half of the sum. Much smaller than the receptive field: Luo et al. 2016.
    """
    extractor = feature_extractor(layer)

    def activation(x):
        features = extractor(x)[layer]
        return ops.sum(features[:, features.shape[1] // 2, features.shape[2] // 2])

    _, gradient = value_and_grad(activation)(as_image(picture))
    counts = np.abs(ops.convert_to_numpy(gradient)).sum(axis=(0, 3))
    rows, columns = np.indices(counts.shape)
    y, x = (float((places * counts).sum() / counts.sum()) for places in (rows, columns))
    distance = np.hypot(rows - y, columns - x).ravel()
    order = distance.argsort()
    held = counts.ravel()[order].cumsum() / counts.sum()
    return (x, y), float(distance[order][held.searchsorted(0.5)])


def show_field(picture, sizes: Sequence[int], layer: str = "block5_conv1") -> None:
    """Draw a picture at several sizes, and on each what the layer's middle position sees.

    White: its receptive field; red: the circle that holds half of what counts (`half_circle`).
    """
    side = 2 ** (int(layer[5]) - 1)
    field = side + 2 * receptive_reach(layer)
    _, axes = plt.subplots(
        1, len(sizes), figsize=(3.6 * len(sizes), 4.7), layout="constrained", squeeze=False
    )
    for axis, size in zip(axes[0], sizes, strict=True):
        small = resize(picture, size)
        (x, y), radius = half_circle(small, layer)
        axis.imshow(small[0])
        corner, white = (x - field / 2, y - field / 2), {"fill": False, "color": "white", "lw": 2}
        axis.add_patch(plt.Rectangle(corner, field, field, **white))
        axis.add_patch(plt.Circle((x, y), radius, fill=False, color="red", lw=2))
        _, height, width, _ = small.shape
        positions = (height // side) * (width // side)
        axis.set_title(f"{size} px: {positions} positions, circle {2 * radius:.0f} px wide")
        axis.axis("off")
    plt.show()
