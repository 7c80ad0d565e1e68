"""What the exercises of chapters 12 to 14 ask for, and a hint for each."""

from collections.abc import Callable, Iterator

import numpy as np

from nstlib.evaluation.votes import votes_needed
from nstlib.images.bundled import photo
from nstlib.images.flow import find_flow, warp
from nstlib.notebook.answers.kinds import Value, Word
from nstlib.notebook.moving_clips import moving_clip

NEAR = 0.02  # mean difference of two frames, 0..1, that is a matter of rounding


def _drawn_and_moved(on_fours: Callable) -> list | None:
    """How many drawings were made of six frames, and whether each is where it belongs."""
    frames, drawn = moving_clip(photo("colosseum"), "pan", 6, 128).frames, []

    def negative(frame):
        drawn.append(frame)
        return 1 - frame

    film = on_fours(frames, negative)
    if film is None or film is ...:
        return None
    models = [frames[place // 4 * 4] for place in range(len(frames))]  # what was drawn last
    flows = map(find_flow, models, frames)
    wanted = [warp(1 - model, flow) for model, flow in zip(models, flows, strict=True)]
    off = [np.abs(mine - one).mean() for mine, one in zip(film, wanted, strict=True)]
    return [len(drawn), *(float(distance < NEAR) for distance in off)]


def _strengths() -> np.ndarray:
    return np.array([0.45, 0.3, 0.15, 0.1])


def _wins() -> np.ndarray:
    """Of four painters with these strengths: (4, 4), the pairs met unequally often."""
    pi, met = _strengths(), 20 + 10 * np.add.outer(np.arange(4), np.arange(4))
    return met * pi[:, None] / (pi[:, None] + pi) * (1 - np.eye(4))


def _whole() -> np.ndarray:
    return np.random.default_rng(13).normal([5, 0, -2], [2, 1, 3], (40, 60, 3)).cumsum(axis=1)


def _one_at_a_time() -> Iterator[np.ndarray]:
    """Tiles of other sizes; each is gone once the next one is asked for."""
    whole = _whole()
    for tile in (whole[:25, :10], whole[25:, :10], whole[:, 10:]):
        lent = tile.copy()
        yield lent
        lent[:] = np.nan


ANSWERS = {
    "12.build": Value(
        lambda: [2, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0],
        "six frames take two drawings, of frames 0 and 4; the flow leads from each frame to the "
        "one that was drawn last: nst.warp(drawing, nst.find_flow(drawn, frame)).",
        of=_drawn_and_moved,
    ),
    "12.change": Word(
        "27042f4e6eca",
        ("left", "right"),
        "which way does the cup move now, and on which side does the wall come out?",
    ),
    "12.predict": Word(
        "2c624232cdd2",
        ("5", "6", "7", "8", "9"),
        "at which size does a part of the network work? When do the same things fall into the "
        "same places of its squares?",
    ),
    "13.build": Value(
        lambda: [_whole().mean((0, 1)), _whole().var((0, 1))],
        "a tile is overwritten when you ask for the next, so keep its count, its means and its "
        "variances; and the means of the tiles differ from the mean of the whole.",
        of=lambda yours: yours(_one_at_a_time()),
    ),
    "13.predict": Value(
        lambda: [0, 4],
        "the manifest knows a picture by a hash of its content, and the painter by one of all its "
        "settings.",
    ),
    "14.build": Value(
        _strengths,
        "the wins of a painter stand in its row; a pair has met W[i, j] + W[j, i] times.",
        of=lambda strengths: strengths(_wins()),
    ),
    "14.change": Word(
        "ed7002b439e9",
        ("content", "style", "ssim"),
        "compare the two rows of your table, column by column.",
    ),
    "14.predict": Value(
        lambda: round(votes_needed(0.55) / votes_needed(0.6)),
        "the share that is seen is off by about one over the square root of the votes.",
    ),
}
