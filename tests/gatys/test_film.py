"""The optimiser as a painter: what it takes as a style, and how it goes on from a frame."""

import numpy as np
import pytest

from nstlib.errors import InputError
from nstlib.gatys.film import GatysPainter
from nstlib.gatys.painting import style_transfer
from nstlib.images.bundled import painting

SHALLOW = {"content_layers": "block2_conv1", "style_layers": ["block1_conv1"]}
QUICK = {"recipe": "plain", "steps": 2, "weights": "random", **SHALLOW}


@pytest.mark.random_weights
def test_it_paints_what_style_transfer_paints_with_every_option(tiny_image, style_image, left_half):
    """Twice, so that what it remembers is used."""
    options = {**QUICK, "style_weights": [1, 2], "masks": [left_half, None], "start": "mix"}
    options |= {"style_scale": 0.5, "seed": 3, "extra": {"dark": lambda x: (x.sum(), 1 + 0 * x)}}
    pair, steps = [style_image, 1 - style_image], []
    once = style_transfer(tiny_image, pair, progress=False, **options)
    painter = GatysPainter(pair, on_step=steps.append, **options)
    painter(1 - tiny_image)
    np.testing.assert_allclose(painter(tiny_image), once.image, atol=1e-5)
    assert len(steps) == 6 and "dark" in steps[0].terms


@pytest.mark.parametrize("way", [dict, list])
def test_styles_by_name_by_file_and_as_shares(way, tmp_path):
    names = ["starry_night", "great_wave"]
    painter = GatysPainter(dict.fromkeys(names, 0.5) if way is dict else names)
    np.testing.assert_array_equal(painter.style[1], painting("great_wave", 512))
    assert painter.options.get("style_weights") == ([0.5, 0.5] if way is dict else None)
    named = GatysPainter({"wave": "great_wave"}, style_scale=1.0).style["wave"]
    np.testing.assert_array_equal(named, painting("great_wave"))


def test_what_is_wrong_is_said_before_anything_is_built(style_image):
    with pytest.raises(InputError, match="A recipe has no 'stepz'. Did you mean 'steps'"):
        GatysPainter(style_image, stepz=3)
