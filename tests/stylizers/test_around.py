"""What is done around a painter: the photo gets a palette, and regions are put together."""

import numpy as np
import pytest

from nstlib.errors import InputError
from nstlib.images.color import match_color
from nstlib.stylizers.door import _in_palette, by_region


def noise(*shape, seed=0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0, 1, shape).astype("float32")


def test_the_photo_gets_the_palette_before_it_is_painted():
    photo, painting = noise(1, 40, 50, 3), noise(1, 80, 64, 3, seed=5)
    warm = painting * np.array([1, 0.5, 0.2], "float32")

    def painter(strength):
        return _in_palette(lambda picture: picture, [1.0], [warm], strength)

    same = painter(1.0)(photo)
    np.testing.assert_allclose(same, match_color(photo, warm), atol=1e-6)
    np.testing.assert_allclose(painter(0.5)(photo), (photo + same) / 2, atol=1e-6)
    assert _in_palette(len, [1.0], [warm], 0.0) is len


def test_regions_are_painted_each_by_its_own():
    photo = noise(1, 20, 30, 3)
    black, white = (lambda p, *_, v=v: np.full_like(p, v) for v in (0.0, 1.0))
    left = np.zeros((20, 30), "float32")
    left[:, :15] = 1
    result = by_region([black, white], [left, 1 - left])(photo)
    assert (result[:, :, :15] == 0).all() and (result[:, :, 15:] == 1).all()
    result = by_region([black, None], [left, 0.5 * (1 - left)])(photo)
    np.testing.assert_array_equal(result[:, :, 15:], photo[:, :, 15:])
    with pytest.raises(InputError, match="2 stylizers and 1 masks"):
        by_region([black, white], [left])
    with pytest.raises(InputError, match="belong to no region"):
        by_region([black, white], [left, left])(photo)
