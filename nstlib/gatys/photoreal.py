"""Photographs that stay photographs: colours may change, lines may not.

In every small window of the result, the colours are to be an affine map of the photo's (Luan,
Paris, Shechtman & Bala 2017). How far they are from one is a quadratic form, the matting Laplacian
of Levin, Lischinski & Weiss 2008: its gradient and its minimum are sparse linear algebra.
"""

import warnings
from collections.abc import Callable, Sequence

import numpy as np
from scipy import sparse
from scipy.sparse import linalg

from nstlib.errors import InputError, number
from nstlib.gatys.descent import Stages
from nstlib.gatys.objective import Objective
from nstlib.gatys.painting import settled, style_transfer
from nstlib.gatys.paintings import marked
from nstlib.images.arrays import as_image, resize
from nstlib.images.masks import share_out

# epsilon / 9 is the variance of rounding to 8 bits, (1/255)^2 / 12: what is fainter than that in a
# window is not the photo's. Levin's 1e-7 takes rounding for detail, and skies come out in steps.
EPSILON = 1e-5
WEIGHT = 1e4  # of the matting term beside the terms of the recipe plain, found by looking
ALPHA = 0.999  # of the smoothing step
CONTRAST = 1.5  # times the photo's, to which a region's may grow: flat skies keep their grain


# --- The matting Laplacian -----------------------------------------------------------------------


def matting_laplacian(photo, *, radius: int = 1, epsilon: float = EPSILON) -> sparse.csr_array:
    """The matrix L for which x^T L x says how far x is from a locally affine map of the photo.

    Photo (1, height, width, 3), 0..1 -> sparse, (pixels, pixels), float64. For one channel x of a
    picture, x^T L x is the sum, over all windows of (2 radius + 1)^2 pixels, of the squared errors
    that remain when the photo's three colours and a constant are fitted to x, plus `epsilon` times
    the squared slopes of the fit. L is symmetric, positive semi-definite, and its rows sum to 0.

    Levin et al. 2008, eq. 12, with another epsilon (see EPSILON). Building it takes about 1 kB a
    pixel at radius 1. Raises InputError if no window fits.
    """
    colors = as_image(photo)[0].astype("float64")
    height, width, _ = colors.shape
    largest, hint = (min(height, width) - 1) // 2, f"The photo has {width} x {height} pixels."
    number("radius", radius, 1, largest, whole=True, unit="pixels", hint=hint)
    number("epsilon", epsilon, 0, above=True, hint=f"{EPSILON:g} is the variance of rounding.")
    side = 2 * radius + 1
    rows, columns = height - side + 1, width - side + 1
    places = [(y, x) for y in range(side) for x in range(side)]
    seen = [colors[y : y + rows, x : x + columns] for y, x in places]
    seen = np.stack(seen) - sum(seen) / len(seen)  # (window's pixels, rows, columns, 3), centred
    covariance = np.einsum("nhwc,nhwd->hwcd", seen, seen) / len(places)
    inverse = np.linalg.inv(covariance + epsilon / len(places) * np.eye(3))
    diagonals = {}
    for first, (y, x) in enumerate(places):
        whitened = np.einsum("hwc,hwcd->hwd", seen[first], inverse)
        for second, (v, u) in enumerate(places[first:], start=first):
            affinity = (1 + np.einsum("hwd,hwd->hw", whitened, seen[second])) / len(places)
            diagonal = diagonals.setdefault((v - y) * width + u - x, np.zeros((height, width)))
            diagonal[y : y + rows, x : x + columns] += (first == second) - affinity
    return _symmetric(diagonals, height * width)


def _symmetric(diagonals: dict[int, np.ndarray], size: int) -> sparse.csr_array:
    """The matrix with these diagonals, offset 0 and above, and their mirror images below."""
    bands = [values.ravel()[: size - offset] for offset, values in diagonals.items()]
    upper = sparse.diags_array(bands, offsets=list(diagonals), shape=(size, size), format="csr")
    return (upper + sparse.triu(upper, 1).T).tocsr()


def photoreal_term(photo, weight: float = WEIGHT) -> Callable:
    """A term for `style_transfer(…, extra={"photoreal": …})` that forbids what no colour map does.

    -> a function from a picture of the photo's size to (value, gradient): weight * the sum of
    x^T L x over the three channels / pixels, and 2 * weight * L x / pixels. Luan et al. 2017,
    eq. 2, who sum over the pixels.
    """
    laplacian = matting_laplacian(photo)
    pixels, shape = laplacian.shape[0], as_image(photo).shape

    def term(picture):
        if picture.shape != shape:
            raise InputError(f"The picture has shape {picture.shape}, the photo {shape}.")
        x = picture.reshape(pixels, 3).astype("float64")
        slope = laplacian @ x
        value = weight * float(np.vdot(x, slope)) / pixels
        return value, (2 * weight / pixels * slope).reshape(shape).astype("float32")

    return term


def smooth_like(picture, photo, *, alpha: float = ALPHA) -> np.ndarray:
    """The picture's colours with the photo's edges.

    Two pictures (1, height, width, 3), the picture resized to the photo -> the same. `alpha`, 0 to
    below 1, is how much a pixel listens to those that have its colour in the photo. With W the
    affinities of the matting Laplacian, L = D - W, the answer is (1 - alpha) (I - alpha S)^-1
    picture, S = D^-1 W: the smoothing step of Li et al. 2018 (PhotoWCT). They take
    S = D^-1/2 W D^-1/2, which darkens a border; ours keeps every affine map of the photo as it is.
    """
    number("alpha", alpha, 0, 0.999999, hint=f"{ALPHA} is usual.")
    photo = as_image(photo)
    colors = resize(as_image(picture), photo.shape[1:3]).reshape(-1, 3).astype("float64")
    # alpha L x + (1 - alpha) D x = (1 - alpha) D picture: the same, multiplied by D, which says in
    # how many windows of 3 x 3 each pixel lies.
    laplacian = matting_laplacian(photo)
    counts = [np.convolve(np.ones(side - 2), np.ones(3)) for side in photo.shape[1:3]]
    pull = (1 - alpha) * np.outer(*counts).ravel()
    matrix = alpha * laplacian + sparse.diags_array(pull)
    smooth = _solve(matrix, pull[:, None] * colors, start=colors)
    return smooth.clip(0, 1).reshape(photo.shape).astype("float32")


def _solve(matrix, right: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Conjugate gradients, all columns at once, to less than half a step of 8 bits.

    A direct solver would be as fast at 256 px, and take over 1 GB at 512.
    """

    def product(x):  # SciPy's conjugate gradients know vectors only
        return (matrix @ x.reshape(right.shape)).ravel()

    system = linalg.LinearOperator((right.size, right.size), product, dtype="float64")
    jacobi = sparse.diags_array(1 / np.repeat(matrix.diagonal(), right.shape[1]))
    options = {"x0": start.ravel(), "rtol": 1e-3, "maxiter": 5000, "M": jacobi}
    solution, unfinished = linalg.cg(system, right.ravel(), **options)
    if unfinished:
        warnings.warn(f"Smoothing stopped after {unfinished} rounds, not quite done.", stacklevel=3)
    return solution.reshape(right.shape)


# --- Photorealistic transfer ---------------------------------------------------------------------


def photorealistic(
    photo,
    style,
    *,
    masks: Sequence[tuple] = (),
    weight: float = WEIGHT,
    steps: tuple[int, int] = (40, 40),
    alpha: float = ALPHA,
    **options,
) -> Stages:
    """The photo in the style's colours and light, with its lines as they are.

    Two pictures (1, height, width, 3), best both photos -> a picture of the photo's size. The
    answer keeps three stages: "plain" is Gatys' transfer, steps[0] of it; "regularised" goes on
    from there, smoothed like the photo, with `weight` on the matting term, for steps[1]; "smoothed"
    is `smooth_like` of that, with `alpha`. `masks` are pairs (region of the photo, region of the
    style), as `nst.as_mask` takes them: each region takes its style from its partner, the plain
    stage starts from `region_colors`, and what is in no region stays as it is. `options` go to
    `style_transfer` with the recipe "plain". Ctrl-C ends the run with what is there.

    Luan et al. 2017, section 3, whose second stage starts from the first as it is and takes a
    thousand steps; from the smoothed one it is there in forty.
    """
    photo, style = as_image(photo), as_image(style)
    options = {"tv_weight": 0.0, **options}  # here smoothness is the matting term's business
    if masks:
        pairs = _pairs(masks, photo, style)
        options = {"start": region_colors(photo, style, pairs), **options}
        options["masks"], options["model_masks"] = zip(*pairs, strict=True)
        style = {f"region {index}": style for index, _ in enumerate(pairs, start=1)}
    plan, options = settled("plain", options)
    options["objective"] = Objective(plan, options.get("weights", "imagenet"))
    run = style_transfer(photo, style, plan, steps=steps[0], **options)
    stages = {"plain": run.image}
    if run.stopped not in ("interrupted", "not finite"):
        extra = {**(options.get("extra") or {}), "photoreal": photoreal_term(photo, weight)}
        options |= {"extra": extra, "start": smooth_like(run.image, photo, alpha=alpha)}
        run = style_transfer(photo, style, plan, steps=steps[1], **options)
        stages["regularised"] = run.image
    stages["smoothed"] = smooth_like(run.image, photo, alpha=alpha)
    return Stages(stages["smoothed"], stages)


def region_colors(photo, style, masks: Sequence[tuple]) -> np.ndarray:
    """The photo with the mean colour of each region's partner, and the spread of each channel.

    Arguments as for `photorealistic` -> (1, height, width, 3). The spread grows at most CONTRAST
    times. In each region this is an affine map of the photo, which the matting term lets pass, and
    it spares the descent its slowest part: moving the colour of a large, even region. Reinhard et
    al. 2001, in RGB.
    """
    photo, style = as_image(photo), as_image(style)
    pairs = _pairs(masks, photo, style)
    shares = share_out([place for place, _ in pairs])
    picture = photo * (1 - sum(shares))
    for share, (place, model) in zip(shares, pairs, strict=True):
        (mean, spread), (wanted, wanted_spread) = _colors(photo, place), _colors(style, model)
        scale = np.minimum(wanted_spread / spread, CONTRAST)
        picture = picture + share * ((photo - mean) * scale + wanted)
    return picture.clip(0, 1).astype("float32")


def _colors(picture: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A region's mean colour and standard deviations, which are never less than rounding."""
    weights = mask / mask.sum()
    mean = (weights * picture).sum(axis=(0, 1, 2))
    variance = (weights * (picture - mean) ** 2).sum(axis=(0, 1, 2))
    return mean, np.sqrt(variance + (0.5 / 255) ** 2)


def _pairs(masks, photo: np.ndarray, style: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Both masks of every pair at its picture's size; InputError if one of them is empty."""
    pairs = []
    for index, (place, model) in enumerate(masks, start=1):
        place = marked(place, photo.shape[1:3], f"photo's mask of region {index}")
        pairs.append((place, marked(model, style.shape[1:3], f"style's mask of region {index}")))
    return pairs
