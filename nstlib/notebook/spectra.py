"""What repeats in a picture: its spectrum, where a weave is a few bright points."""

from collections.abc import Mapping

import numpy as np

from nstlib.images.arrays import as_image
from nstlib.images.show import show


def spectrum(picture) -> np.ndarray:
    """How strong each frequency of a picture's brightness is: (side, side), the slowest inmost.

    Of the largest square at the top left, faded out to its borders, which would count as an edge.
    What repeats every N pixels across lies side / N to the left and to the right of the middle.
    """
    bright = as_image(picture)[0].mean(axis=-1)
    side = min(bright.shape)
    fade = np.hanning(side)
    square = bright[:side, :side]
    waves = np.fft.fft2((square - square.mean()) * fade * fade[:, None])
    return np.abs(np.fft.fftshift(waves))


def show_spectra(pictures: Mapping, *, height: float = 2.4) -> None:
    """Draw pictures, and below each its spectrum, from black (nothing) to white."""
    spectra = {f"spectrum of {name}": np.sqrt(spectrum(one)) for name, one in pictures.items()}
    show({**pictures, **spectra}, columns=len(pictures), height=height)
