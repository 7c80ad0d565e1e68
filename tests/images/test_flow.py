"""Where a pixel was a moment before: motion with known answers."""

import cv2
import numpy as np
import pytest

from nstlib.errors import InputError
from nstlib.images.flow import find_flow, flow_trust, warp
from nstlib.notebook.moving_clips import moving_clip


def texture(height: int, width: int, seed: int = 0) -> np.ndarray:
    """A smooth random picture, (1, height, width, 3)."""
    noise = np.random.default_rng(seed).uniform(0, 1, (height, width, 3)).astype("float32")
    smooth = cv2.GaussianBlur(noise, (0, 0), 2)
    return ((smooth - smooth.min()) / np.ptp(smooth))[None]


def sliding(count: int, shape, step: int) -> list[np.ndarray]:
    """Frames in which a picture slides to the left by whole pixels."""
    wide = texture(shape[0], shape[1] + step * count)
    return [wide[:, :, step * t : step * t + shape[1]] for t in range(count)]


def test_warping_by_whole_pixels_is_a_shift():
    wide = texture(20, 40)
    flow = np.broadcast_to(np.float32([3, 0]), (20, 30, 2))
    np.testing.assert_allclose(warp(wide[:, :, :30], flow)[:, :, :25], wide[:, :, 3:28], atol=1e-6)


def test_flow_finds_a_slide_and_trusts_all_but_what_came_in():
    before, now = sliding(2, (64, 96), step=4)
    back, forth = find_flow(before, now), find_flow(now, before)
    np.testing.assert_allclose(back[8:-8, 8:-16].mean((0, 1)), [4, 0], atol=0.1)
    trust = flow_trust(back, forth, before, now)[0, ..., 0]
    assert trust[:, 10:-16].min() > 0.8 and trust[:, -4:].max() < 0.1


def test_what_was_hidden_is_not_trusted():
    photo, (y, x) = texture(120, 160), np.mgrid[-1:1:120j, -1:1:160j]
    oval = photo[:, ::-1], (np.hypot(x / 0.5, y / 0.66) < 1).astype("float32")
    clip = moving_clip(photo, "cut-out", 2, 160, cut_out=oval)
    (before, now), seen = clip.frames, clip.visible[0]
    trust = flow_trust(find_flow(before, now), find_flow(now, before), before, now)
    assert (trust * seen).sum() / seen.sum() > 0.75
    assert (trust * (1 - seen)).sum() / (1 - seen).sum() < 0.2


def test_flow_of_pictures_of_two_sizes_is_refused_and_tiny_ones_stand_still():
    with pytest.raises(InputError, match="one size; these have 8 x 6 and 6 x 6"):
        find_flow(texture(6, 8), texture(6, 6))
    assert not find_flow(texture(2, 3), texture(2, 3, 1)).any()
