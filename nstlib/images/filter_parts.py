"""What the filters are made of: brightness and slopes, kernels and lenses, dots and outlines.

A band is one channel, (height, width), 0..1. Beyond its border a picture goes on as in a mirror.
"""

from math import cos, radians, sin

import cv2
import numpy as np

from nstlib.errors import number
from nstlib.images.arrays import as_image

MIRROR = cv2.BORDER_REFLECT
LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # as television weighs red, green and blue


def brightness(image):
    """(height, width), 0..1, of a picture."""
    return as_image(image)[0] @ LUMA


def as_picture(pixels):
    """(height, width) or (height, width, 3) -> (1, height, width, 3), clipped to 0..1."""
    return as_image(np.clip(pixels, 0, 1))


def blurred(band, blur):
    """By a Gaussian of the spread `blur` in pixels, or as it is if that is 0."""
    number("blur", blur, 0, 100, unit="pixels")
    return cv2.GaussianBlur(band, (0, 0), blur, borderType=MIRROR) if blur else band


def slopes(band, method):
    """To the right and downwards: a straight step of height h gives h on both of its sides."""
    derive, scale = (cv2.Scharr, 1 / 16) if method == "scharr" else (cv2.Sobel, 1 / 4)
    options = {"scale": scale, "borderType": MIRROR}
    return [derive(band, cv2.CV_32F, *order, **options) for order in ((1, 0), (0, 1))]


def weighed(pixels, kernel):
    """At each pixel the sum of its neighbours, each times its entry in `kernel`."""
    return cv2.filter2D(pixels, -1, kernel, borderType=MIRROR)


def disc(radius):
    """(2 radius + 1, the same): 1 in a disc, 0 around it."""
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    return (np.hypot(x, y) < radius + 0.5).astype(np.float64)


def region_kernels(radius, kind):
    """Kernels (2 radius + 1, the same) that sum to 1: four squares, or eight sectors."""
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    if kind == "squares":
        kernels = [(a * x >= 0) & (b * y >= 0) for b in (-1, 1) for a in (-1, 1)]
    else:
        near = disc(radius) * np.exp(-2 * (x**2 + y**2) / radius**2)
        turned = [np.arctan2(y, x) - sector * np.pi / 4 for sector in range(8)]
        kernels = [near * np.where(x**2 + y**2, np.cos(t).clip(0) ** 2, 1 / 8) for t in turned]
    return [kernel / kernel.sum() for kernel in kernels]


def guided(pixels, guide, radius, tolerance):
    """The pixels, smoothed, but for those edges that the guide has, too (He, Sun & Tang 2013).

    (height, width, channels) and (height, width, guides) -> the first. Around every pixel, `radius`
    pixels far, the pixels are a linear function of the guide: steep where the guide spreads more
    than `tolerance`, level where it spreads less. Section 3.5, for a guide in colour.
    """

    def mean(values):  # whatever stands behind height and width
        flat = values.reshape(*values.shape[:2], -1)
        side = (2 * radius + 1, 2 * radius + 1)
        return cv2.blur(flat, side, borderType=MIRROR).reshape(values.shape)

    down, across, pixels = guide[..., None], guide[..., None, :], pixels[..., None, :]
    middle, level = mean(down), mean(pixels)
    spread = mean(down * across) - middle * mean(across)
    shared = mean(down * pixels) - middle * level
    slopes = np.linalg.solve(spread + tolerance**2 * np.eye(guide.shape[-1]), shared)
    rest = level - (slopes * middle).sum(axis=2, keepdims=True)
    return ((mean(slopes) * down).sum(axis=2, keepdims=True) + mean(rest))[:, :, 0]


def outlines(bright, width):
    """1 on flat ground, less where it is darker than around; the constant keeps black calm."""
    return ((bright + 0.02) / (blurred(bright, width) + 0.02)).clip(0, 1)


def lens(image):
    """Each pixel's offset from the middle, its distance in radii (1 outside); and the middle."""
    height, width = image.shape[1:3]
    row, column = (height - 1) / 2, (width - 1) / 2
    y, x = np.indices((height, width))
    right, down = x - column, y - row
    share = np.minimum(np.hypot(right, down) / (min(height, width) / 2), 1)
    return right, down, share, (row, column)


def look_up(image, x, y):
    """The colours at (x, y), to 1/32 of a pixel, bicubic: exact where both are whole numbers."""
    places = x.astype(np.float32), y.astype(np.float32)
    return as_picture(cv2.remap(image[0], *places, cv2.INTER_CUBIC, borderMode=MIRROR))


def dots(band, cell, angle):
    """White where `band` is above a wavy threshold, whose values are evenly spread over 0..1."""
    crest = np.cos(np.linspace(0, 2 * np.pi, 128, endpoint=False))
    waves = np.sort(np.add.outer(crest, crest).ravel())
    c, s, white = cos(radians(angle)), sin(radians(angle)), 0.0
    for samples in np.ndindex(3, 3):  # nine a pixel, for round dots
        y, x = np.indices(band.shape) + np.reshape(samples, (2, 1, 1)) / 3
        wave = sum(np.cos(2 * np.pi / cell * way) for way in (c * x + s * y, c * y - s * x))
        white = white + (band > np.searchsorted(waves, wave) / (len(waves) + 1)) / 9
    return white
