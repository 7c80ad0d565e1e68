"""What memory a painting is thought to take, and when it is refused."""

import numpy as np
import pytest

from nstlib.errors import MemoryRefused
from nstlib.gatys import memory
from nstlib.gatys.painting import painting_steps
from nstlib.gatys.paintings import Style
from nstlib.gatys.recipe import recipe


def test_memory_grows_with_the_picture_and_is_refused_with_a_size_that_fits(
    monkeypatch, tiny_image
):
    small, large = (memory.estimate_memory(side, side) for side in (256, 1024))
    assert small < large
    monkeypatch.setattr(memory, "available_memory", lambda: int(2e9))
    with pytest.raises(
        MemoryRefused, match=r"4000 x 3000 pixels needs about .* would fit"
    ) as error:
        next(painting_steps(np.zeros((1, 3000, 4000, 3), "float32"), tiny_image))
    fits = int(str(error.value).split("longest side of ")[1].split()[0])
    assert memory.estimate_memory(fits * 3 // 4, fits) <= 2e9


def test_memory_grows_with_regions_histograms_and_large_paintings(
    monkeypatch, tiny_image, left_half
):
    def style(side, mask=None):
        return Style("a", np.zeros((1, side, side, 3), "float32"), 0.5, mask)

    small, masked, large = style(64), style(64, left_half), style(2000)
    default, histograms = recipe(), recipe(histogram_weight=1.0)
    plain = memory.estimate_memory(400, 600)
    assert memory.estimate_memory(400, 600, default, [small]) == plain
    assert memory.estimate_memory(400, 600, histograms, [small]) > plain
    two = memory.estimate_memory(400, 600, default, [small, small])
    regions = memory.estimate_memory(400, 600, default, [masked, masked])
    looking = memory.estimate_memory(400, 600, default, [large])
    assert plain < two < regions < looking
    monkeypatch.setattr(memory, "available_memory", lambda: (plain + looking) // 2)
    with pytest.raises(MemoryRefused, match="largest painting takes most of it: make it smaller"):
        next(painting_steps(tiny_image, large.image, weights="random"))
