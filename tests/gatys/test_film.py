"""The optimiser as a painter: what it takes as a style, and how it goes on from a frame."""

from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from nstlib.errors import InputError
from nstlib.gatys import film
from nstlib.gatys.film import GatysPainter, temporal_term
from nstlib.gatys.painting import style_transfer
from nstlib.images.bundled import painting
from nstlib.stylizers.frames import FramePainter

SHALLOW = {"content_layers": "block2_conv1", "style_layers": ["block1_conv1"]}
QUICK = {"recipe": "plain", "steps": 2, "weights": "random", **SHALLOW}


def texture(height: int, width: int, seed: int = 0) -> np.ndarray:
    """A smooth random picture, (1, height, width, 3)."""
    noise = np.random.default_rng(seed).uniform(0, 1, (height, width, 3)).astype("float32")
    smooth = cv2.GaussianBlur(noise, (0, 0), 2)
    return ((smooth - smooth.min()) / np.ptp(smooth))[None]


def sliding(count: int, shape, step: int) -> list[np.ndarray]:
    """Frames in which a picture slides to the left by whole pixels."""
    wide = texture(shape[0], shape[1] + step * count)
    return [wide[:, :, step * t : step * t + shape[1]] for t in range(count)]


def distance(picture, other) -> float:
    return float(np.abs(picture - other).mean())


def test_the_temporal_term_pulls_only_where_it_trusts():
    moved, picture = texture(6, 5, 1).astype("float64"), texture(6, 5, 2).astype("float64")
    trust = np.zeros((1, 6, 5, 1))
    trust[:, :3] = 0.5
    term, step = temporal_term(moved, trust, 7.0), 1e-5
    value, slope = term(picture)
    assert value == pytest.approx(7 * (trust * (picture - moved) ** 2).mean())
    assert not slope[:, 3:].any() and term(moved)[0] == 0
    for place in [(0, 1, 2, 0), (0, 2, 4, 1)]:
        nudged = picture.copy()
        nudged[place] += step
        assert (term(nudged)[0] - value) / step == pytest.approx(slope[place], rel=1e-3)


@pytest.mark.random_weights
def test_the_optimiser_goes_on_from_its_painting_moved_along(monkeypatch):
    given = []

    def stand_in(frame, style, recipe, **options):
        given.append(options)
        return SimpleNamespace(image=np.clip(frame * 0.5, 0, 1), stopped="steps")

    monkeypatch.setattr(film, "style_transfer", stand_in)
    painter = FramePainter(GatysPainter(texture(32, 32), **{**QUICK, "steps": 9}), 0.5)
    before, now = sliding(2, (64, 96), step=4)
    first = painter(before)
    painter(now)
    alone, after = given
    assert not {"steps", "start", "extra"} & set(alone) and painter.paint.recipe.steps == 9
    assert alone["objective"] is after["objective"]
    assert after["steps"] == 4 and after["start"].shape == now.shape
    inner = np.s_[:, 10:-10, 10:-20]
    assert distance(after["start"][inner], 0.5 * now[inner]) < 0.02
    assert distance(after["start"][:, :, -3:], now[:, :, -3:]) < 0.05  # new: nothing to go on from
    assert after["extra"]["temporal"](first)[0] > 0


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
    with pytest.raises(InputError, match="name of an option is 'stepz'. Did you mean 'steps'"):
        GatysPainter(style_image, stepz=3)


@pytest.mark.random_weights
def test_ctrl_c_ends_the_film_and_not_a_frame_of_it(tiny_image, style_image):
    def stop(step):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        GatysPainter(style_image, on_step=stop, **QUICK)(tiny_image)
