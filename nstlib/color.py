"""Colours of one picture, brushwork of another."""

import numpy as np

from nstlib.images import as_image

# RGB -> one channel of brightness and two of colour (YIQ), as Gatys et al. 2016 b use it.
_YIQ = np.array([[0.299, 0.587, 0.114], [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]])


def keep_color(painting, photo) -> np.ndarray:
    """The painting's brightness with the photo's colours.

    Two pictures (1, height, width, 3), RGB, 0..1, of one size -> the same. "Luminance-only
    transfer" of Gatys, Bethge, Hertzmann & Shechtman 2016, section 5.
    """
    painting, photo = as_image(painting), as_image(photo)
    brightness, colors = painting @ _YIQ[:1].T, photo @ _YIQ[1:].T
    mixed = np.concatenate([brightness, colors], axis=-1) @ np.linalg.inv(_YIQ).T
    return np.clip(mixed, 0, 1).astype("float32")
