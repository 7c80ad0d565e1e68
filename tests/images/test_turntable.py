"""The turntable: colours and stripes come where they should, and its two ways are one matrix."""

import numpy as np
import pytest

from nstlib.errors import InputError
from nstlib.images.turntable import Turntable

RANDOM = np.random.default_rng(0)


@pytest.fixture(scope="module")
def table() -> Turntable:
    return Turntable("vase", 48)


def stripes(width: int) -> np.ndarray:
    """A texture whose left half is red and whose right half is blue."""
    texture = np.zeros((1, 32, width, 3), "float32")
    texture[:, :, : width // 2, 0] = texture[:, :, width // 2 :, 2] = 1
    return texture


def test_a_texture_of_one_colour_is_seen_where_the_glaze_is(table):
    color = np.float32([0.2, 0.5, 0.8])
    seen = table.see(np.tile(color, (1, 20, 64, 1)))
    np.testing.assert_allclose(seen, table.mask * color, atol=1e-5)
    assert 0.3 < table.mask.mean() < 0.8 and max(table.mask.shape) == 48


def test_longitude_grows_to_the_right_and_a_turn_brings_the_next_side(table):
    seen, (_, height, width, _) = table.see(stripes(64), turn=0.25), table.mask.shape
    middle = height // 2, width // 2
    assert seen[(0, *middle)].argmax() == 0 and table.see(stripes(64), 0.75)[(0, *middle)][2] > 0.9
    at_seam = table.see(stripes(64), turn=0.5)[0, height // 2]
    assert at_seam[width // 2 - 5, 0] > 0.9 and at_seam[width // 2 + 5, 2] > 0.9
    np.testing.assert_array_equal(table.see(stripes(64), 1.25), seen)


def test_the_gradient_is_the_view_transposed(table):
    texture = RANDOM.uniform(0, 1, (1, 24, 48, 3)).astype("float32")
    slope = RANDOM.normal(size=table.mask.shape[:3] + (3,)).astype("float32")
    forth = np.vdot(table.see(texture, 0.3), slope)
    back = np.vdot(texture, table.pull(slope, (24, 48), 0.3))
    assert forth == pytest.approx(back, rel=1e-4)


def test_all_sixteen_views_together_see_every_texel():
    table = Turntable("cylinder", 64, elevation=20)
    seen = sum(
        table.pull(np.ones(table.mask.shape[:3] + (3,)), (16, 64), k / 16) for k in range(16)
    )
    assert seen.min() > 0


def test_a_render_is_a_picture_with_light_and_a_shadow(table):
    texture = np.full((1, 16, 32, 3), 0.6, "float32")
    picture = table.render(texture, 0.1)
    assert picture.dtype == np.float32 and picture.shape == table.mask.shape[:3] + (3,)
    assert picture.min() >= 0 and picture.max() <= 1 and picture[0, 0, 0].min() > 0.97
    glazed = picture[table.mask[..., 0] == 1]
    assert glazed.std() > 0.03  # a lamp, and not the same light everywhere
    assert picture[0, -4:].min() < 0.9  # the shadow, below the foot


@pytest.mark.parametrize("options", [{"size": 10}, {"elevation": 0}, {"elevation": 90}])
def test_what_cannot_be_seen_is_refused(options):
    with pytest.raises(InputError, match=next(iter(options))):
        Turntable("vase", **options)
