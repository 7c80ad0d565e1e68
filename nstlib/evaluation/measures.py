"""How near is a painting to its photo, and how near to the painting whose style it is to have?

Pictures are float32, RGB, 0..1, (1, height, width, 3). Features are VGG19's, by layer name, with
reflection padding. No number here says whether a painting is good, and each can be fooled: the
photo itself is nearest to the photo, the painting itself to the style, so `nst.compare` puts both
into every table. Others live elsewhere: `nst.style_frechet` and `nst.art_fid` for sets of pictures
(nstlib.evaluation.frechet), `nst.ssim` for structure (nstlib.gatys.photoreal), `nst.flicker` for clips
(nstlib.notebook.moving_clips).
"""

from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import cv2
import numpy as np
from scipy.ndimage import gaussian_filter

from nstlib.backend import ops
from nstlib.errors import InputError
from nstlib.images.arrays import as_image
from nstlib.images.flow import warp
from nstlib.vgg.losses import gram_matrix
from nstlib.vgg.network import feature_extractor
from nstlib.vgg.statistics import LEVELS

LAYERS = tuple(LEVELS)  # block1_conv1 to block4_conv1
CONTENT_LAYER = "block4_conv1"  # shallower ones hold on to hues and exact edges, too
# The last layer of each block, as LPIPS takes them of VGG16.
PERCEPTUAL_LAYERS = tuple(f"block{b}_conv{n}" for b, n in enumerate((2, 2, 4, 4, 4), start=1))
SMALLEST = 32  # pixels on the shorter side: block 5 with its reflection needs two positions
RANKS = (np.arange(512) + 0.5) / 512  # the quantiles by which distributions are compared
# The 13 axes of a cube through its faces, edges and corners. The squares of a vector's projections
# on them add up to 13 / 3 of its squared length, whatever its direction.
_AXES = np.array([axis for axis in product((-1, 0, 1), repeat=3) if axis > (0, 0, 0)], "float64")
_AXES /= np.linalg.norm(_AXES, axis=1, keepdims=True)


@dataclass(frozen=True, eq=False)
class Look:
    """A picture, and VGG19's features of it by layer: passed on, it need not be looked at again."""

    picture: np.ndarray
    features: dict


def look(picture) -> Look:
    """What all measures here start from; they take a `Look` wherever they take a picture.

    (1, height, width, 3), sides of 32 pixels or more -> features at LAYERS and PERCEPTUAL_LAYERS,
    about 1 kB a pixel. Raises InputError for smaller pictures, and for NaN.
    """
    if isinstance(picture, Look):
        return picture
    picture = as_image(picture)
    _, height, width, _ = picture.shape
    if min(height, width) < SMALLEST:
        raise InputError(
            f"The picture has {width} x {height} pixels; to be measured it needs {SMALLEST} on the "
            "shorter side. Enlarge it first: nst.resize(picture, 256), or a larger --size."
        )
    return Look(picture, _network()(picture))


@lru_cache(maxsize=1)
def _network():
    return feature_extractor((*LAYERS, *PERCEPTUAL_LAYERS), padding="reflect")


# --- One painting, its photo, its style ----------------------------------------------------------


def layer_distances(image, content, style) -> dict[str, dict[str, float]]:
    """How far a painting is from photo and style, layer by layer.

    Three pictures, the first two of one size -> {"content": {layer: distance}, "style": …} for each
    of LAYERS: mean squared differences of features, and of their Gram matrices, each divided by the
    mean square of its target. So 0 is no difference, and 1 that of a network that sees nothing.
    The terms of Gatys et al. 2016, eq. 1 and 4, but relative.
    """
    image, content, style = look(image), look(content), look(style)
    _check_sizes(image, content)
    where = {layer: _relative(image.features[layer], content.features[layer]) for layer in LAYERS}
    strokes = {layer: _gram_distance(image, style, layer) for layer in LAYERS}
    return {"content": where, "style": strokes}


def content_distance(image, content) -> float:
    """How far a painting is from showing what the photo shows: `layer_distances` at CONTENT_LAYER.

    Two pictures of one size -> 0 for the photo itself, about 1 to 2 for a free painting.
    """
    image, content = look(image), look(content)
    _check_sizes(image, content)
    return _relative(image.features[CONTENT_LAYER], content.features[CONTENT_LAYER])


def style_distance(image, style) -> float:
    """How far a painting's strokes are from the style's: `layer_distances`, the mean over LAYERS.

    Two pictures, each of any size -> 0 for the style itself, wherever its parts are.
    """
    image, style = look(image), look(style)
    return float(np.mean([_gram_distance(image, style, layer) for layer in LAYERS]))


def perceptual_distance(image, content) -> float:
    """How different two pictures look, near to how people judge it: 0 the same, at most 2.

    Two pictures of one size -> at each position of each of PERCEPTUAL_LAYERS the channels are
    scaled to a vector of length 1, and the squared distances of these vectors are averaged, over
    positions, then over layers. LPIPS of Zhang et al. 2018, eq. 1, without the weights of channels
    that they learnt from people's judgements (their baseline w = 1), with VGG19 for VGG16, and a
    mean over layers for their sum: do not compare it with LPIPS numbers from elsewhere.
    """
    image, content = look(image), look(content)
    _check_sizes(image, content)
    pairs = [(_unit(image.features[n]), _unit(content.features[n])) for n in PERCEPTUAL_LAYERS]
    return float(np.mean([float(ops.mean(ops.sum((a - b) ** 2, axis=-1))) for a, b in pairs]))


def color_distance(image, style) -> float:
    """How far a painting's colours, wherever they are, are from the style's, in Lab units.

    Two pictures, each of any size -> 0 for the same palette in the same shares; if every colour is
    shifted by one vector in CIELAB, its length. About 2.3 is a difference that can just be seen.

    The sliced Wasserstein distance of order 2 between the two clouds of colours (Rabin et al.
    2011), along 13 fixed axes and times sqrt(3), which makes shifts come out exactly. A mean of
    colour differences (CIEDE2000) would ask for pixels that belong together; painting and style
    have none. Histograms of L, a and b alone would miss which hues are dark.
    """
    ranked = [np.quantile(_lab(picture) @ _AXES.T, RANKS, axis=0) for picture in (image, style)]
    return float(np.sqrt(3 * np.mean((ranked[0] - ranked[1]) ** 2)))


# --- Parts ---------------------------------------------------------------------------------------


def _picture(given) -> np.ndarray:
    return given.picture if isinstance(given, Look) else as_image(given)


def _check_sizes(image: Look, content: Look) -> None:
    sizes = [f"{one.picture.shape[2]} x {one.picture.shape[1]}" for one in (image, content)]
    if sizes[0] != sizes[1]:
        raise InputError(
            f"The painting has {sizes[0]} pixels, its photo {sizes[1]}: they are compared place by "
            "place. Bring one to the other's size: nst.resize(painting, photo.shape[1:3])."
        )


def _relative(value, target) -> float:
    """Mean squared difference / mean square of the target."""
    return float(ops.mean(ops.square(value - target)) / (ops.mean(ops.square(target)) + 1e-12))


def _gram_distance(image: Look, style: Look, layer: str) -> float:
    return _relative(*(gram_matrix(one.features[layer]) for one in (image, style)))


def _unit(features):
    length = ops.sqrt(ops.sum(ops.square(features), axis=-1, keepdims=True) + 1e-10)
    return features / length


def _lab(picture) -> np.ndarray:
    """The colours of a picture in CIELAB (white D65), in no order: (pixels, 3), float64."""
    return cv2.cvtColor(_picture(picture)[0], cv2.COLOR_RGB2LAB).reshape(-1, 3).astype("float64")


def ssim(picture, photo) -> float:
    """How much of the photo's structure is left: 1 for all of it, about 0 for none.

    Two pictures (1, height, width, 3) of one size -> the structural similarity of their brightness,
    averaged over all windows that fit. Wang, Bovik, Sheikh & Simoncelli 2004, eq. 13, Gaussian
    windows of standard deviation 1.5 cut off at 5 pixels, K = 0.01 and 0.03.
    """
    pictures = as_image(picture), as_image(photo)
    if pictures[0].shape != pictures[1].shape:
        raise InputError(f"The pictures have shapes {pictures[0].shape} and {pictures[1].shape}.")
    x, y = (image[0].astype("float64") @ (0.299, 0.587, 0.114) for image in pictures)

    def blurred(values):
        return gaussian_filter(values, 1.5, radius=5)

    mean_x, mean_y = blurred(x), blurred(y)
    variance_x, variance_y = blurred(x * x) - mean_x**2, blurred(y * y) - mean_y**2
    covariance = blurred(x * y) - mean_x * mean_y
    c1, c2 = 0.01**2, 0.03**2
    likeness = (2 * mean_x * mean_y + c1) * (2 * covariance + c2)
    likeness /= (mean_x**2 + mean_y**2 + c1) * (variance_x + variance_y + c2)
    inner = likeness[5:-5, 5:-5]
    return float((inner if inner.size else likeness).mean())


def flicker(frames, flows, visible) -> float:
    """What changes in a clip beyond its motion: mean absolute difference, 0..1; smaller is calmer.

    Each frame, warped by the true flow, is compared with the next, where `visible` (masks, 1 where
    a pixel can be seen in both) allows it. The warping error of Lai et al. 2018, not squared.
    """
    if not len(frames) == len(flows) + 1 == len(visible) + 1 >= 2:
        raise InputError(
            f"There are {len(frames)} frames, {len(flows)} flows and {len(visible)} masks: give at "
            "least two frames, and between each two of them a flow and a mask."
        )
    errors = [
        (np.abs(warp(before, flow) - now) * seen).sum() / (3 * max(seen.sum(), 1))
        for before, now, flow, seen in zip(frames, frames[1:], flows, visible, strict=False)
    ]
    return float(np.mean(errors))
