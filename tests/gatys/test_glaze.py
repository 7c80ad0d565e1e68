"""Glazes: what a painting of one colour gives, what one step does, and what is refused."""

import numpy as np
import pytest

from nstlib.errors import InputError
from nstlib.gatys import glaze
from nstlib.images.turntable import Turntable

OPTIONS = {"size": 32, "weights": "random", "progress": False, "precision": "float32"}
OPTIONS |= {"style_layers": {"block1_conv1": 1.0}, "coarse": {}, "steps": 2}


@pytest.fixture(scope="module")
def painting() -> np.ndarray:
    return np.random.default_rng(1).uniform(0, 1, (1, 40, 48, 3)).astype("float32")


def test_it_comes_nearer_to_the_painting_from_every_side(painting):
    steps = []
    texture = glaze.grow_glaze(painting, "cylinder", **OPTIONS, on_step=steps.append)
    table = Turntable("cylinder", 32)
    assert texture.shape == (1, *table.texture_shape, 3) and texture.min() >= 0
    assert len(steps) == 4 * 3 and [step.index for step in steps] == list(range(12))
    for first in range(0, 12, 3):  # each set of views begins where the one before has ended
        assert steps[first + 2].total < steps[first].total
    assert steps[-1].planned == 11


def test_a_coarse_size_comes_first(painting):
    sizes, options = [], OPTIONS | {"size": 64, "coarse": {0.5: 1}, "steps": 1}
    watch = {"on_step": lambda step: sizes.append(step.image.shape[2])}
    glaze.grow_glaze(painting, "cylinder", **options, **watch)
    assert sizes[0] < sizes[-1] and sizes == sorted(sizes)


def test_between_the_sizes_no_place_around_is_special():
    texture = np.random.default_rng(2).uniform(0, 1, (1, 12, 24, 3)).astype("float32")
    larger = glaze._all_around(texture, (24, 48))
    assert larger.shape == (1, 24, 48, 3)
    turned = glaze._all_around(np.roll(texture, 7, axis=2), (24, 48))
    np.testing.assert_allclose(turned, np.roll(larger, 14, axis=2), atol=1e-5)


def test_a_painting_of_one_colour_gives_a_glaze_of_it():
    flat = np.full((1, 40, 40, 3), (0.2, 0.4, 0.7), "float32")
    with pytest.warns(UserWarning, match="of one colour"):
        texture = glaze.grow_glaze(flat, "cylinder", **OPTIONS)
    np.testing.assert_allclose(texture.mean(axis=(1, 2)), flat[0, :1, 0], atol=0.05)


def test_a_texture_can_be_gone_on_from(painting):
    start = np.full((1, 16, 32, 3), 0.25, "float32")
    first = []
    glaze.grow_glaze(painting, "cylinder", **OPTIONS, start=start, on_step=first.append)
    np.testing.assert_allclose(first[0].image, 0.25, atol=1e-3)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"style_scale": 0}, "style_scale is 0"),
        ({"points": [(1, 0), (2, 2), (0.5, 2), (2, 0)]}, "crosses itself"),
        ({"size": 5}, "size is 5"),
    ],
)
def test_what_cannot_be_glazed_is_said(options, said, painting):
    with pytest.raises(InputError, match=said):
        glaze.grow_glaze(painting, **(OPTIONS | options))
