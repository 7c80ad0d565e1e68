"""Drawings of what the chapters talk about, made of the same tables and pictures as the code."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patches import FancyBboxPatch

from nstlib.gatys.recipe import Recipe, recipe as named_recipe
from nstlib.images.arrays import resize
from nstlib.vgg.table import layer_name, layer_names, receptive_reach, vgg_layers

INK, PAPER = "#333333", "#f2efe6"
CONTENT, STYLE, POOL = "#2a78b8", "#d9822b", "#b8b2a2"
SIGNS = LinearSegmentedColormap.from_list("signs", [CONTENT, PAPER, STYLE])  # below 0, 0, above


def show_loop(content, style, painted) -> None:
    """Draw how a picture is painted by gradient descent.

    The photo, the painting and a picture on its way, (1, height, width, 3), RGB, 0..1, all go
    through one network; what is missing comes back as a gradient, and changes the pixels.
    """
    figure = plt.figure(figsize=(10.5, 4.2))
    axis = figure.add_axes((0, 0, 1, 1), xlim=(0, 10.5), ylim=(0, 4.2))
    axis.axis("off")
    rows = {"photo c": (content, 3.5, CONTENT), "picture x": (painted, 2.1, INK)}
    rows["painting s"] = (style, 0.7, STYLE)
    for title, (picture, y, color) in rows.items():
        _picture(axis, picture, (2.05, y), 1.0)
        axis.text(0.12, y, title, color=color, ha="left", va="center", fontsize=10)
        _arrow(axis, (2.85, y), (3.2, y), color)
    _box(
        axis, (3.95, 2.1), (1.35, 3.5), "VGG19\n\nit has learnt\nto name photos;\nit stays as it is"
    )
    for y, color in ((3.5, CONTENT), (2.5, CONTENT), (1.7, STYLE), (0.7, STYLE)):
        _arrow(axis, (4.7, y), (5.2, y), color)
    _box(axis, (6.05, 3.5), (1.6, 0.6), "features", CONTENT)
    _box(axis, (6.05, 2.5), (1.6, 0.6), "features", CONTENT)
    _box(axis, (6.05, 1.7), (1.6, 0.6), "Gram matrices", STYLE)
    _box(axis, (6.05, 0.7), (1.6, 0.6), "Gram matrices", STYLE)
    for (upper, lower), color, name in (
        ((3.5, 2.5), CONTENT, "content loss"),
        ((1.7, 0.7), STYLE, "style loss"),
    ):
        middle = (upper + lower) / 2
        for y in (upper, lower):
            _arrow(axis, (6.95, y), (7.45, middle + 0.12 * np.sign(y - middle)), color)
        _box(axis, (8.15, middle), (1.3, 0.6), name, color)
        _arrow(axis, (8.85, middle), (9.25, 2.1 + 0.2 * np.sign(middle - 2.1)), color)
    _box(axis, (9.8, 2.1), (0.9, 0.7), "loss\n$L(x)$")
    axis.plot([9.8, 9.8, 1.05, 1.05], [1.7, 0.08, 0.08, 2.1], color=INK, lw=1.6)  # and back
    _arrow(axis, (1.05, 2.1), (1.3, 2.1), INK)
    said = "the gradient says how each pixel of x has to change"
    axis.text(5.6, 0.2, said, ha="center", fontsize=10, color=INK)
    plt.show()


def show_numbers(tables: Mapping[str, np.ndarray]) -> None:
    """Draw small tables of numbers (rows, columns) side by side, with the number in each cell.

    Cells of one size throughout: orange above 0, blue below, the stronger the farther from it.
    """
    tables = {title: np.atleast_2d(table) for title, table in tables.items()}
    widths, tallest = [t.shape[1] for t in tables.values()], max(map(len, tables.values()))
    size = 0.36 * (sum(widths) + len(widths)), 0.36 * tallest + 0.4
    ratios = {"width_ratios": widths, "squeeze": False, "layout": "constrained"}
    _, axes = plt.subplots(1, len(tables), figsize=size, **ratios)
    for axis, (title, table) in zip(axes.flat, tables.items(), strict=True):
        most = np.abs(table).max() or 1
        axis.imshow(table, cmap=SIGNS, vmin=-most, vmax=most)
        for (row, column), value in np.ndenumerate(table):
            ink = PAPER if abs(value) > 0.7 * most else INK
            axis.text(column, row, f"{value:g}", ha="center", va="center", fontsize=9, color=ink)
        axis.set_title(title, fontsize=10)
        axis.axis("off")
    plt.show()


def show_vgg(
    content: Sequence[str] = ("block4_conv2",),
    style: Sequence[str] = tuple(f"block{block}_conv1" for block in range(1, 6)),
    *,
    size: int = 512,
) -> None:
    """Draw VGG19 as its table says, with the layers of content and style in colour.

    A box a layer: as high as its maps for a picture of `size` x `size` pixels, a pooling narrow
    and dark; below each block the number of its channels, the side of its maps, and how many
    pixels a position of its first layer sees.
    """
    content, style = ([layer_name(name) for name in names] for names in (content, style))
    figure = plt.figure(figsize=(10.5, 3.7))
    axis = figure.add_axes((0, 0, 1, 1), xlim=(0, 10.5), ylim=(-0.95, 2.75))
    axis.axis("off")
    x, blocks = 0.25, {}
    for layer in vgg_layers("vgg19"):
        pool = layer.name.endswith("pool")
        wide, high = 0.19 if pool else 0.42, 2.2 * 0.62 ** (layer.block - (not pool))
        color = CONTENT if layer.name in content else STYLE if layer.name in style else None
        face = color or (POOL if pool else PAPER)
        _box(axis, (x + wide / 2, 1.1), (wide, high), "", face, filled=True)
        if color:
            name, top = layer.name.split("_")[1], 1.2 + high / 2
            axis.text(x + wide / 2, top, name, ha="center", fontsize=8, color=color)
        blocks.setdefault(layer.block, []).append((x, x + wide, layer))
        x += wide + (0.27 if pool else 0.08)
    for block, layers in blocks.items():
        first = layers[0][2]
        side, sees = size // 2 ** (block - 1), 2 ** (block - 1) + 2 * receptive_reach(first.name)
        middle = (layers[0][0] + layers[-1][1]) / 2
        text = f"block {block}\n{first.channels} channels\n{side} x {side}\nsees {sees} px"
        axis.text(middle, -0.12, text, ha="center", va="top", fontsize=8.5, color=INK)
    for place, (color, word) in enumerate(((CONTENT, "content"), (STYLE, "style"))):
        axis.text(9.0 + 0.75 * place, 2.5, word, color=color, fontsize=10)
    plt.show()


def show_loss_graph(
    content,
    style,
    picture,
    recipe: str | Recipe = "plain",
    *,
    terms: Mapping[str, float] | None = None,
) -> None:
    """Draw the loss of a recipe as a graph: what is compared where, and with which weight.

    The photo, the painting and a picture on its way, (1, height, width, 3), RGB, 0..1, go through
    VGG; a row for each layer that is asked for something, from the picture down to the deepest,
    and the way back of the gradient. `terms` are those of `nst.objective` for that picture: then
    each row says what it adds to the loss.
    """
    recipe = named_recipe(recipe)
    order = layer_names(recipe.network)
    rows = sorted(recipe.layer_weights.items(), key=lambda row: order.index(row[0][1]))
    rows = [(("tv", ""), recipe.tv_weight)] * (recipe.tv_weight > 0) + rows
    figure = plt.figure(figsize=(10.5, 4.6))
    axis = figure.add_axes((0, 0, 1, 1), xlim=(0, 10.5), ylim=(0, 4.6))
    axis.axis("off")
    for title, image, y, color in (
        ("photo c", content, 3.75, CONTENT),
        ("picture x", picture, 2.45, INK),
        ("painting s", style, 1.15, STYLE),
    ):
        _picture(axis, image, (0.95, y), 0.95)
        axis.text(0.95, y + 0.52, title, color=color, ha="center", va="bottom", fontsize=9)
        _arrow(axis, (1.75, y), (2.25, y), color)
    heights = np.linspace(4.2, 0.7, len(rows))
    top, bottom = heights[int(recipe.tv_weight > 0)] + 0.24, heights[-1] - 0.24
    _box(axis, (3.0, (top + bottom) / 2), (1.5, top - bottom), "")
    axis.text(3.0, top + 0.05, recipe.network.upper(), ha="center", va="bottom", fontsize=9)
    for y, (key, weight) in zip(heights, rows, strict=True):
        _loss_row(axis, y, key, weight, recipe, terms)
    said = "loss\n$L(x)$" if terms is None else f"loss\n$L(x)$\n{sum(terms.values()):.3g}"
    _box(axis, (9.85, 2.45), (0.95, 0.95), said)
    axis.plot([9.85, 9.85, 0.12, 0.12], [1.95, 0.12, 0.12, 2.45], color=INK, lw=1.6)
    _arrow(axis, (0.12, 2.45), (0.25, 2.45), INK)
    said = "the gradient $\\partial L / \\partial x$ goes back through VGG to every pixel"
    axis.text(5.0, 0.2, said, ha="center", fontsize=9.5, color=INK)
    plt.show()


def _loss_row(axis, y: float, key, weight: float, recipe: Recipe, terms) -> None:
    """One term: layer, comparison, weight, and what it adds to the loss."""
    kind, layer = key
    color = {"content": CONTENT, "tv": INK}.get(kind, STYLE)
    seen, formula = {
        "tv": ("", "$V(x)$, total variation"),
        "content": ("$F$", r"$\langle (F-P)^2\rangle\ /\ \langle P^2\rangle$"),
        "style": ("$G_l$", r"$\langle (G_l-A_l)^2\rangle\ /\ \langle A_l^2\rangle$"),
        "histogram": ("$F$", "sorted values"),
    }[kind]
    formula = formula if recipe.relative else formula.split(r"\ /")[0].rstrip("$") + "$"
    if layer:
        axis.text(3.0, y, layer, ha="center", va="center", fontsize=9.5, color=color)
        axis.text(3.95, y + 0.06, seen, ha="center", va="bottom", fontsize=9, color=color)
    else:  # it is asked of the pixels, past the network
        axis.plot([2.0, 2.0], [2.45, y], color=INK, lw=1.6)
    _arrow(axis, (3.78 if layer else 2.0, y), (4.25, y), color)
    _box(axis, (5.3, y), (2.0, 0.42), formula, color)
    axis.plot([6.3, 8.3], [y, y], color=color, lw=1.6)
    _arrow(axis, (8.3, y), (9.35, 2.45 + 0.22 * (y - 2.45)), color)
    said = {
        "content": f"× α = {weight:g}",
        "style": f"× β $w_l$ = {recipe.style_weight:g} · {recipe.style_layers.get(layer, 0):g}",
    }.get(kind, f"× {weight:g}" if layer else f"× γ = {weight:g}")
    if terms is not None:
        said += f"  →  {terms[f'{kind} {layer}'.strip()]:.3g}"
    axis.text(6.45, y + 0.05, said, ha="left", va="bottom", fontsize=9, color=color)


def _box(axis, middle, size, text: str, color: str = INK, *, filled: bool = False) -> None:
    (x, y), (width, height) = middle, size
    face = color if filled else PAPER
    shape = "round,pad=0,rounding_size=0.05"
    edge, corner = INK if filled else color, (x - width / 2, y - height / 2)
    axis.add_patch(FancyBboxPatch(corner, width, height, shape, fc=face, ec=edge, lw=1.2))
    axis.text(x, y, text, ha="center", va="center", fontsize=10, color=edge)


def _arrow(axis, start, end, color: str) -> None:
    axis.annotate("", end, start, arrowprops={"arrowstyle": "-|>", "color": color, "lw": 1.6})


def _picture(axis, picture, middle, height: float) -> None:
    """A picture as high as told, at most 1.5 times as wide, around a place."""
    picture = resize(picture, 240)
    wide = min(1.5, picture.shape[2] / picture.shape[1]) * height
    cut = (picture.shape[2] - round(picture.shape[1] * wide / height)) // 2
    (x, y), part = middle, picture[0, :, cut : picture.shape[2] - cut]
    axis.imshow(part, extent=(x - wide / 2, x + wide / 2, y - height / 2, y + height / 2), zorder=2)
    axis.set_xlim(0, 10.5)
