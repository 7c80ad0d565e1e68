"""A cartoon seen three ways, each by hand: its smooth surface, its flat fields, its drawing.

They are the three things that Wang & Yu 2020 ("white-box cartoonisation") let a network learn, each
by a critic that sees one of them only. Pictures are (1, height, width, 3), RGB, 0..1.
"""

import cv2
import numpy as np

from nstlib.errors import number
from nstlib.images import filter_parts as parts
from nstlib.images.arrays import as_image
from nstlib.images.filter_parts import as_picture
from nstlib.images.regions import fill_regions, flat_regions

FULL_INK = 0.25  # how far above the first grey line a difference of colours is drawn in black
COLOR_SHARE = 0.2  # of the texture's gray that random weights have a say in: 1 - alpha of Wang & Yu


def surface_look(image, *, radius=6, tolerance=0.08) -> np.ndarray:
    """Colours laid on smoothly, without grain, pores and wrinkles; the contours stay.

    A guided filter (He, Sun & Tang 2013) whose guide is the picture: in squares that reach `radius`
    pixels far, what spreads less than `tolerance` in RGB is levelled, what spreads more is kept.
    Wang & Yu 2020, section 3.1.
    """
    number("radius", radius, 1, 200, whole=True, unit="pixels")
    number("tolerance", tolerance, 0, 2, above=True)
    pixels = as_image(image)[0]
    return as_picture(parts.guided(pixels, pixels, radius, tolerance))


def structure_look(image, *, calm=0.04, contrast=1.2, lines=0.13) -> np.ndarray:
    """Flat fields with ink between them.

    `flat_regions` finds the fields, the fewer the higher `calm`; each gets its mean colour, and
    all colours `contrast` times their distance from mid-gray. Ink lies where two fields differ by
    more than `lines` in a channel, and the photo does, too, so that soft shading gets none; it is
    black from 0.25 more on, and with `lines` 1 there is none. Everything is drawn three times as
    fine, for smooth contours. After Wang & Yu 2020, section 3.2, who take superpixels and no ink.
    """
    number("contrast", contrast, 0, 10)
    number("lines", lines, 0, 1)
    image = as_image(image)
    fields = fill_regions(image, flat_regions(image, calm=calm))
    fine = cv2.medianBlur(_thrice(fields[0]), 5)  # takes the stairs off the contours
    steps = np.minimum(_steps(fine, 5), _thrice(_steps(image[0], 3)))
    ink = ((steps - lines) / FULL_INK).clip(0, 1)[..., None]
    drawn = (0.5 + contrast * (fine - 0.5)).clip(0, 1) * (1 - ink)
    return as_picture(cv2.resize(drawn, image.shape[2:0:-1], interpolation=cv2.INTER_AREA))


def texture_look(image, *, seed=0) -> np.ndarray:
    """The drawing without its colours: a gray picture, where red may be darker than green or not.

    It is 0.8 times the brightness, plus 0.2 times red, green and blue with weights that `seed`
    draws from -1 to 1. A critic that sees another one every time cannot tell a cartoon by its
    palette or its light: only lines and the fineness of detail are left. Wang & Yu 2020, section
    3.3; departure: divided by the sum of all weights, so that white stays white.
    """
    return as_picture(as_image(image)[0] @ texture_weights(seed))


def texture_weights(seed: int) -> np.ndarray:
    """How much of red, green and blue the gray of a texture takes: (3,), of the sum 1."""
    number("seed", seed, 0, whole=True)
    drawn = np.random.default_rng(seed).uniform(-1, 1, 3)
    weights = (1 - COLOR_SHARE) * parts.LUMA + COLOR_SHARE * drawn
    return weights / weights.sum()


# --- Parts ---------------------------------------------------------------------------------------


def _thrice(pixels: np.ndarray) -> np.ndarray:
    """Three times as high and wide, every pixel nine times."""
    return pixels.repeat(3, axis=0).repeat(3, axis=1)


def _steps(pixels: np.ndarray, side: int) -> np.ndarray:
    """How far apart the values within a disc of `side` pixels are, in the channel where most."""
    near = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    return (cv2.dilate(pixels, near) - cv2.erode(pixels, near)).max(axis=-1)
