"""Clips of known motion: the flow that comes with them is the one that is seen."""

import numpy as np
import pytest

from nstlib.errors import InputError
from nstlib.evaluation.measures import flicker
from nstlib.notebook.moving_clips import moving_clip


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    """Smooth patches of colour, (1, 200, 300, 3)."""
    y, x = np.mgrid[:200, :300]
    waves = [np.sin(x / a) * np.cos(y / b) for a, b in ((9, 7), (13, 11), (6, 17))]
    return (0.5 + 0.5 * np.stack(waves, axis=-1))[None].astype("float32")


@pytest.fixture(scope="module")
def oval(photo) -> tuple:
    """The photo upside down, so that it differs from what is behind it, and an oval mask."""
    y, x = np.mgrid[-1:1:200j, -1:1:300j]
    return photo[:, ::-1], (np.hypot(x / 0.5, y / 0.66) < 1).astype("float32")


@pytest.mark.parametrize("kind", ["pan", "zoom", "cut-out"])
def test_the_flow_of_a_moving_clip_is_its_motion(photo, oval, kind):
    clip = moving_clip(photo, kind, 4, 96, cut_out=oval if kind == "cut-out" else None)
    assert len(clip.frames) == 4 and len(clip.flows) == len(clip.visible) == 3
    assert clip.frames[0].shape == (1, 64, 96, 3)
    still = [np.zeros_like(flow) for flow in clip.flows]
    true, none = (flicker(clip.frames, flows, clip.visible) for flows in (clip.flows, still))
    assert true < 0.15 * none and min(seen.mean() for seen in clip.visible) > 0.9
    if kind == "pan":
        np.testing.assert_allclose(clip.flows[0][5, 5], [2.3, 0.7], rtol=1e-5)


def test_a_moving_clip_says_what_it_can_be(photo):
    with pytest.raises(InputError, match="Did you mean 'pan'"):
        moving_clip(photo, "pane")
    with pytest.raises(InputError, match="frames is 0"):
        moving_clip(photo, "pan", 0)
    with pytest.raises(InputError, match=r"cut_out=\(picture, mask\) is what passes"):
        moving_clip(photo, "cut-out")
    assert moving_clip(photo, "pan", 1, 16).flows == []
