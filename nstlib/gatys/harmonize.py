"""Cut-outs that become paint: an object pasted into a painting takes over its brushwork.

Luan, Paris, Shechtman & Bala 2018, "Deep Painterly Harmonization", in a shorter form. The style to
copy is that of the places in the painting that the object resembles. A coarse pass finds them for
every layer by itself, which is robust; a fine pass, on the result of the first, finds them once, so
that neighbours agree and all layers tell of the same strokes.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from scipy.ndimage import gaussian_filter

from nstlib.backend import ops
from nstlib.errors import InputError, number
from nstlib.gatys.descent import Stages, descend, numbered
from nstlib.gatys.memory import check_sizes
from nstlib.gatys.objective import Objective, Wishes, energy, inside
from nstlib.gatys.paintings import marked
from nstlib.gatys.recipe import Recipe
from nstlib.images.arrays import as_image
from nstlib.images.masks import layer_masks

COARSE = ("block3_conv1", "block4_conv1")  # Luan et al. add block 5, which breaks small objects
FINE = ("block1_conv1", "block2_conv1", "block3_conv1", "block4_conv1")
CONTENT = "block4_conv1"  # also the layer in which the fine pass looks for its places
TV_WEIGHT = 5.0  # of total variation, beside a content weight of 1
SOFTNESS = 1.0  # pixels: standard deviation of the blur that softens the object's edge
MARGIN = 24  # pixels of painting around the cut-out that the network sees with it
NEIGHBOURS = 2  # positions to each side that are asked where a position's model may be
Layers = dict[str, np.ndarray]


def harmonize(
    painting,
    cutout,
    mask,
    *,
    at: tuple[int, int] | None = None,
    style_weights: tuple[float, float] = (3.0, 5.0),
    steps: tuple[int, int] = (30, 40),
    weights: str = "imagenet",
    progress: bool = True,
) -> Stages:
    """The painting with the cut-out in it, painted by the same hand.

    `painting` and `cutout` are pictures (1, height, width, 3), the cut-out no larger; `mask`,
    (1, height, width, 1), 1 on the object, belongs to the cut-out. `at` is where its upper left
    corner goes, (row, column) in pixels; left out, it is centred. Pairs are for the coarse and the
    fine pass: `style_weights` beside a content weight of 1, and `steps` of L-BFGS. Outside the mask
    every pixel stays exactly as it is.

    The stages are "pasted", "coarse" and "fine". Ctrl-C ends the run with what is there. Departures
    from Luan et al. 2018: relative losses, content and style in fewer layers, no histogram loss, a
    fixed style weight in place of their estimate from the painter, no smoothing afterwards.
    """
    painting = as_image(painting)
    plan = Recipe(content_layers=CONTENT, style_layers=FINE, padding="reflect")
    check_sizes({"painting": painting}, plan)
    pasted, region = paste(painting, cutout, mask, at=at)
    asked, box = Objective(plan, weights), _around(region)
    palette, picture, share = _arrays(asked.see(painting)), pasted[box], region[box]
    scene = _arrays(asked.see(picture))
    masks = layer_masks(share, {layer: values.shape[:2] for layer, values in scene.items()})
    stages, passes = {"pasted": pasted}, {"coarse": coarse_places, "fine": fine_places}
    for turn, (name, find) in enumerate(passes.items()):
        places = find(_arrays(asked.see(picture)), palette, masks)
        targets = {layer: gram_of_places(palette[layer], p) for layer, p in places.items()}
        wishes = _wishes(scene[CONTENT], targets, masks, style_weights[turn])
        evaluate = asked.evaluator(wishes, painted=share > 0)
        run = numbered(evaluate, picture, replace(plan, steps=steps[turn]))
        best, _, stopped = descend(run, desc=f"{name} pass", progress=progress)
        picture = picture if best is None else best.image
        stages[name] = painting.copy()
        stages[name][box] = painting[box] * (1 - share) + picture * share
        if stopped in ("interrupted", "not finite"):
            break
    return Stages(stages[name], stages)


def paste(painting, cutout, mask, *, at: tuple[int, int] | None = None) -> tuple:
    """The cut-out laid on the painting, and where: (1, height, width, 3) and (1, height, width, 1).

    Arguments as for `harmonize`. The edge is softened inwards only, by multiplying the mask with
    its blur, so that nothing outside it changes.
    """
    painting, cutout = as_image(painting), as_image(cutout)
    mask = marked(mask, cutout.shape[1:3], "cut-out's mask")
    (height, width), (rows, columns) = painting.shape[1:3], cutout.shape[1:3]
    if rows > height or columns > width:
        fits = int(max(rows, columns) * min(height / rows, width / columns))
        raise InputError(
            f"The cut-out has {columns} x {rows} pixels and the painting {width} x {height}: "
            f"shrink the cut-out and its mask, to a longest side of at most {fits} pixels."
        )
    top, left = ((height - rows) // 2, (width - columns) // 2) if at is None else at
    number("the row in at", top, 0, height - rows, whole=True, unit="pixels")
    number("the column in at", left, 0, width - columns, whole=True, unit="pixels")
    window = np.s_[:, top : top + rows, left : left + columns]
    region, whole = np.zeros_like(painting[..., :1]), painting.copy()
    region[window], whole[window] = mask, cutout
    region *= gaussian_filter(region, SOFTNESS, axes=(1, 2), mode="nearest")
    return painting * (1 - region) + whole * region, region


# --- Which places of the painting are the model --------------------------------------------------


def coarse_places(scene: Layers, palette: Layers, masks: Layers) -> Layers:
    """For every position of the object, in every COARSE layer, the place that resembles it most.

    `scene` and `palette` map layers to features (height, width, channels) of the picture and of the
    painting, `masks` to (1, height, width, 1) -> by layer, rows and columns in the painting's
    features, (positions, 2). The first pass of Luan et al. 2018.
    """
    return {layer: nearest(scene[layer], palette[layer], inside(masks[layer])) for layer in COARSE}


def fine_places(scene: Layers, palette: Layers, masks: Layers) -> Layers:
    """As `coarse_places`, but the same ones in every FINE layer, and each counted once.

    They are found in the layer CONTENT and evened out by `agree`. The second pass of Luan et al.
    """
    object_, features = inside(masks[CONTENT]), palette[CONTENT]
    places = agree(nearest(scene[CONTENT], features, object_), object_, features)
    found = {}
    for layer in FINE:
        side = 2 ** (int(CONTENT[5]) - int(layer[5]))  # of the square that pooling made one of
        steps = np.stack(np.mgrid[:side, :side], axis=-1).reshape(1, -1, 2)
        found[layer] = np.unique((places[:, None] * side + steps).reshape(-1, 2), axis=0)
    return found


def nearest(features: np.ndarray, palette: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Where in the palette the 3 x 3 positions look most like those around each one inside.

    (height, width, channels), (palette's height, width, channels), (height, width) of booleans ->
    rows and columns, (positions inside, 2). Likeness is the cosine between the two patches.
    """
    wanted = _patches(features)[inside]
    offered = _patches(palette).reshape(-1, wanted.shape[-1])
    parts = np.array_split(wanted, -(-len(wanted) // 512))  # so that memory stays bounded
    best = np.concatenate([np.argmax(part @ offered.T, axis=1) for part in parts])
    return np.stack(np.divmod(best, palette.shape[1]), axis=-1)


def _patches(features: np.ndarray) -> np.ndarray:
    """(height, width, channels) -> (height, width, channels * 9), each of length 1."""
    padded = np.pad(features, ((1, 1), (1, 1), (0, 0)), mode="edge")
    patches = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(0, 1))
    patches = patches.reshape(*features.shape[:2], -1)
    return patches / (np.linalg.norm(patches, axis=-1, keepdims=True) + 1e-8)


def agree(places: np.ndarray, inside: np.ndarray, palette: np.ndarray) -> np.ndarray:
    """Places that follow from one another as their positions do, wherever they nearly did.

    Rows and columns (positions inside, 2) -> the same. A neighbour proposes the place beside its
    own; of all proposals the one is taken whose features are nearest to their mean, which is the
    one with the least sum of squared distances to the others.
    """
    limits, reach = np.array(palette.shape[:2]), NEIGHBOURS
    field = np.full((*np.add(inside.shape, 2 * reach), 2), -1)
    field[reach:-reach, reach:-reach][inside] = places
    shifts = np.stack(np.mgrid[: 2 * reach + 1, : 2 * reach + 1], axis=-1).reshape(-1, 2)
    around = np.argwhere(inside)[:, None] + shifts  # (positions, neighbours, 2), in the field
    theirs = field[around[..., 0], around[..., 1]]
    proposals = theirs - (shifts - reach)
    valid = ((theirs >= 0) & (proposals >= 0) & (proposals < limits)).all(axis=-1)
    rows, columns = np.moveaxis(proposals.clip(0, limits - 1), -1, 0)
    features = palette[rows, columns]
    mean = np.einsum("pnc,pn->pc", features, valid) / valid.sum(axis=1, keepdims=True)
    distance = np.square(features - mean[:, None]).sum(axis=-1)
    best = np.where(valid, distance, np.inf).argmin(axis=1)
    return proposals[np.arange(len(places)), best]


def gram_of_places(features: np.ndarray, places: np.ndarray) -> np.ndarray:
    """The Gram matrix of some positions: (height, width, channels) -> (1, channels, channels)."""
    chosen = features[places[:, 0], places[:, 1]]
    return (chosen.T @ chosen / len(chosen))[None]


# --- Painting ------------------------------------------------------------------------------------


def _wishes(content: np.ndarray, targets: Layers, masks: Layers, style_weight: float) -> Wishes:
    """What a pass asks for: content and style within the mask, relative to targets; smoothness."""
    root = np.sqrt(masks[CONTENT])  # of the mask, since differences are squared with it
    kept = {"weight": 1 / energy(content, root), "target": content[None], "mask": root}
    wishes: Wishes = {("content", CONTENT): kept, ("tv",): {"weight": TV_WEIGHT}}
    for layer, target in targets.items():
        weight = style_weight / len(targets) / energy(target)
        wishes["style", layer] = {"weight": weight, "target": target, "mask": masks[layer]}
    return wishes


def _around(region: np.ndarray) -> tuple:
    """The part of the painting that is worked on: the region and MARGIN pixels around it.

    It begins at a multiple of 8, so that the layers pool the same pixels as in the whole.
    """
    slices = [slice(None)]
    for others in ((0, 2, 3), (0, 1, 3)):  # rows, then columns
        used = np.flatnonzero(region.any(axis=others))
        slices.append(slice(max(0, used[0] - MARGIN) // 8 * 8, used[-1] + 1 + MARGIN))
    return tuple(slices)


def _arrays(features: Mapping) -> Layers:
    """Layers of a batch of one, as NumPy arrays (height, width, channels)."""
    return {name: ops.convert_to_numpy(values)[0] for name, values in features.items()}
