"""The optimiser as a painter of films: its temporal term, and where it begins."""

from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from nstlib.gatys.film import GatysPainter, temporal_term
from nstlib.stylizers.frames import FramePainter


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


def test_the_optimiser_goes_on_from_its_painting_moved_along(monkeypatch):
    from nstlib.gatys import painting as optimize

    given = []

    def stand_in(frame, style, recipe, **options):
        given.append(options)
        return SimpleNamespace(image=np.clip(frame * 0.5, 0, 1))

    monkeypatch.setattr(optimize, "style_transfer", stand_in)
    painter = FramePainter(GatysPainter(texture(32, 32), steps=9, weights="random"), 0.5)
    before, now = sliding(2, (64, 96), step=4)
    first = painter(before)
    painter(now)
    alone, after = given
    assert alone["steps"] == 9 and "start" not in alone and alone["weights"] == "random"
    assert after["steps"] == 4 and after["start"].shape == now.shape
    inner = np.s_[:, 10:-10, 10:-20]
    assert distance(after["start"][inner], 0.5 * now[inner]) < 0.02
    assert distance(after["start"][:, :, -3:], now[:, :, -3:]) < 0.05  # new: nothing to go on from
    assert after["extra"]["temporal"](first)[0] > 0
