"""How near is a painting to its photo, and how near to the painting whose style it is to have?

Pictures are float32, RGB, 0..1, (1, height, width, 3). Features are VGG19's, by layer name, with
reflection padding. No number here says whether a painting is good, and each can be fooled: the
photo itself is nearest to the photo, the painting itself to the style, so `nst.compare` puts both
into every table. For sets of pictures there are `nst.style_frechet` and `nst.art_fid`.
"""

from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import product

import cv2
import numpy as np
from scipy.ndimage import gaussian_filter, uniform_filter

from nstlib.backend import ops
from nstlib.errors import InputError, number
from nstlib.images.arrays import as_image, refuse_too_small
from nstlib.images.flow import warp
from nstlib.vgg.losses import gram_matrix, relative_distance
from nstlib.vgg.network import feature_extractor
from nstlib.vgg.statistics import LEVELS

CONTENT_LAYER = "block4_conv1"  # shallower ones hold on to hues and exact edges, too
# The last layer of each block, as LPIPS takes them of VGG16.
PERCEPTUAL_LAYERS = tuple(f"block{b}_conv{n}" for b, n in enumerate((2, 2, 4, 4, 4), start=1))
SMALLEST = 32  # pixels on the shorter side: block 5 with its reflection needs two positions
CELLS = 8  # periods down and across in which `lattice` looks for what repeats
FAINTEST = 1.0  # Lab units squared: the variance of detail that is hardly seen
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

    (1, height, width, 3), sides of 32 pixels or more -> features at LEVELS and PERCEPTUAL_LAYERS,
    about 1 kB a pixel. Raises InputError for smaller pictures, and for NaN.
    """
    if isinstance(picture, Look):
        return picture
    picture = as_image(picture)
    _, height, width, _ = picture.shape
    needs = "to be measured it needs"
    refuse_too_small("The picture", (height, width), SMALLEST, needs=needs)
    return Look(picture, _network()(picture))


@lru_cache(maxsize=1)
def _network():
    return feature_extractor([*LEVELS, *PERCEPTUAL_LAYERS], padding="reflect", precision="float32")


# --- One painting, its photo, its style ----------------------------------------------------------


def content_distance(image, content) -> float:
    """How far a painting is from showing what the photo shows: 0 for the photo itself.

    Two pictures of one size -> the mean squared difference of their features at CONTENT_LAYER, as
    in Gatys et al. 2016, eq. 1, but relative (`relative_distance`): about 1 to 2 for a free
    painting.
    """
    image, content = _looks(image, content)
    seen = (one.features[CONTENT_LAYER] for one in (image, content))
    return float(relative_distance(*seen))


def style_distance(image, style) -> float:
    """How far a painting's strokes are from the style's: 0 for the style itself.

    Two pictures, each of any size, wherever their parts are -> the mean squared difference of the
    Gram matrices of their features, relative, averaged over LEVELS: Gatys et al. 2016, eq. 4.
    """
    seen = look(image).features, look(style).features
    grams = ([gram_matrix(features[layer]) for features in seen] for layer in LEVELS)
    return float(np.mean([relative_distance(*pair) for pair in grams]))


def perceptual_distance(image, content) -> float:
    """How different two pictures look, near to how people judge it: 0 the same, at most 2.

    Two pictures of one size -> at each position of each of PERCEPTUAL_LAYERS the channels are
    scaled to a vector of length 1, and the squared distances of these vectors are averaged, over
    positions, then over layers. LPIPS of Zhang et al. 2018, eq. 1, without the weights of channels
    that they learnt from people's judgements (their baseline w = 1), with VGG19 for VGG16, and a
    mean over layers for their sum: do not compare it with LPIPS numbers from elsewhere.
    """
    seen = [one.features for one in _looks(image, content)]
    unit = partial(ops.normalize, epsilon=1e-7)
    pairs = [[unit(features[layer]) for features in seen] for layer in PERCEPTUAL_LAYERS]
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
    ranked = []
    for picture in (image, style):
        colors = cv2.cvtColor(picture_of(picture)[0], cv2.COLOR_RGB2LAB).reshape(-1, 3)
        ranked.append(np.quantile(colors.astype("float64") @ _AXES.T, RANKS, axis=0))
    return float(np.sqrt(3 * np.mean((ranked[0] - ranked[1]) ** 2)))


def ssim(picture, photo) -> float:
    """How much of the photo's structure is left: 1 for all of it, about 0 for none.

    Two pictures (1, height, width, 3) of one size -> the structural similarity of their brightness,
    averaged over all windows that fit. Wang, Bovik, Sheikh & Simoncelli 2004, eq. 13, Gaussian
    windows of standard deviation 1.5 cut off at 5 pixels, K = 0.01 and 0.03.
    """
    pictures = picture_of(picture), picture_of(photo)
    check_size(*pictures)
    x, y = (image[0].astype("float64") @ (0.299, 0.587, 0.114) for image in pictures)
    blurred = partial(gaussian_filter, sigma=1.5, radius=5)
    mean_x, mean_y = blurred(x), blurred(y)
    variance_x, variance_y = blurred(x * x) - mean_x**2, blurred(y * y) - mean_y**2
    covariance = blurred(x * y) - mean_x * mean_y
    c1, c2 = 0.01**2, 0.03**2
    likeness = (2 * mean_x * mean_y + c1) * (2 * covariance + c2)
    likeness /= (mean_x**2 + mean_y**2 + c1) * (variance_x + variance_y + c2)
    inner = likeness[5:-5, 5:-5]
    return float((inner if inner.size else likeness).mean())


# --- A painting by itself ------------------------------------------------------------------------


def color_spread(picture) -> np.ndarray:
    """How rich a picture is in lights and darks, and in hues: standard deviations of L, a and b.

    (1, height, width, 3) -> (3,) in Lab units; L runs from 0 to 100, a from green to red, b from
    blue to yellow. Painted in one mean colour, a picture has little of the latter two.
    """
    return cv2.cvtColor(picture_of(picture)[0], cv2.COLOR_RGB2LAB).std(axis=(0, 1), dtype="float64")


def lattice(picture, period: int = 8) -> float:
    """How much of a picture's fine detail repeats every `period` pixels: 1 or less without a weave.

    A network that steps down to an eighth of the size and up again leaves a pattern of 8 pixels (or
    4, or 2, which repeat every 8, too) where a photo gives it nothing to paint. In windows of CELLS
    x CELLS periods, half overlapping, the detail's brightness is averaged by its place within the
    period, and so are its rows and its columns. These averages vary by chance, the less, the more
    cells there are; the result is the median over the windows of how many times more they do. It
    does not depend on the picture's size. From 2 on, the eye finds a weave in a clear sky; 10 is a
    carpet. Strokes at other distances count for nothing, however regular, and so does what is too
    faint to be seen. Raises InputError for a picture smaller than a window.
    """
    bright = cv2.cvtColor(picture_of(picture)[0], cv2.COLOR_RGB2LAB)[..., 0].astype("float64")
    side = number("period", period, 2, whole=True, unit="pixels") * CELLS
    if min(bright.shape) < side:
        high, wide = bright.shape
        raise InputError(
            f"The picture has {wide} x {high} pixels; for a lattice of {period} it takes {side} on "
            "either side."
        )
    detail = np.lib.stride_tricks.sliding_window_view(
        bright - uniform_filter(bright, period), (side, side)
    )[:: side // 2, :: side // 2].reshape(-1, CELLS, period, CELLS, period)
    detail = detail - detail.mean(axis=(1, 2, 3, 4), keepdims=True)
    rows, columns = detail.mean(axis=(3, 4), keepdims=True), detail.mean(axis=(1, 2), keepdims=True)
    found, chance = 0, FAINTEST / CELLS**2
    for part, cells in ((rows, (1,)), (columns, (3,)), (detail - rows - columns, (1, 3))):
        found += part.mean(axis=cells, keepdims=True).var(axis=(1, 2, 3, 4))
        spread = part.var(axis=cells, ddof=1, keepdims=True).mean(axis=(1, 2, 3, 4))
        chance += spread / CELLS ** len(cells)
    return float(np.median(found / chance))


# --- A painted clip ------------------------------------------------------------------------------


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


# --- Parts ---------------------------------------------------------------------------------------


def picture_of(given) -> np.ndarray:
    """The picture of a look, or what is given, checked."""
    return given.picture if isinstance(given, Look) else as_image(given)


def check_size(painting: np.ndarray, photo: np.ndarray, name: str = "The painting") -> None:
    """InputError, which calls the painting `name`, unless both pictures are of one size."""
    (_, high, wide, _), (_, height, width, _) = painting.shape, photo.shape
    if (high, wide) != (height, width):
        raise InputError(
            f"{name} has {wide} x {high} pixels, its photo {width} x {height}: they are compared "
            f"place by place. Resize it first: nst.resize(painting, ({height}, {width}))."
        )


def _looks(image, content) -> tuple[Look, Look]:
    """Looks at two pictures that are compared place by place."""
    image, content = look(image), look(content)
    check_size(image.picture, content.picture)
    return image, content
