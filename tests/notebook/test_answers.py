"""What the course keeps of the exercises: right answers are right, near ones are not."""

import numpy as np
import pytest
from scipy import fft

from nstlib.gatys.recipe import recipe
from nstlib.notebook import course


def rounds(steps):
    return recipe("plain", coarse={0.25: steps, 0.5: steps}, steps=steps)


def transposed(g, s):
    return s * fft.dctn(g, axes=(1, 2), norm="ortho")


def ramp(height, width):
    return np.tile(np.linspace(0, 1, width)[None, None, :, None], (1, height, 1, 1))


def triangle(first, second):
    return np.linalg.cholesky(second) @ np.linalg.inv(np.linalg.cholesky(first))


def adain(x, y):
    (mean, std), (style_mean, style_std) = (
        (z.mean(axis=(1, 2), keepdims=True), z.std(axis=(1, 2), keepdims=True)) for z in (x, y)
    )
    return style_std * (x - mean) / std + style_mean


def numbers_mixed(x, y, alpha, power=1):
    """The standard deviations mixed, or their `power`."""
    mean, style_mean = (z.mean(axis=(1, 2), keepdims=True) for z in (x, y))
    std, style_std = (z.std(axis=(1, 2), keepdims=True) for z in (x, y))
    mixed = (alpha * style_std**power + (1 - alpha) * std**power) ** (1 / power)
    return mixed * (x - mean) / std + alpha * style_mean + (1 - alpha) * mean


def part(y, mask):
    share = mask / mask.sum()
    mean = (y * share).sum(axis=(1, 2), keepdims=True)
    return mean, np.sqrt((share * (y - mean) ** 2).sum(axis=(1, 2), keepdims=True))


def cut_out(y, mask):
    """The misconception: what is outside counts as zero, and is counted."""
    return (y * mask).mean(axis=(1, 2), keepdims=True), (y * mask).std((1, 2), keepdims=True)


def tile_by_tile(tiles, between=True, weighted=True):
    counts, means, variances = [], [], []
    for tile in tiles:
        counts.append(tile.shape[0] * tile.shape[1] if weighted else 1)
        means.append(tile.mean((0, 1)))
        variances.append(tile.var((0, 1)))
    shares = np.array(counts) / sum(counts)
    mean = shares @ np.array(means)
    return [mean, shares @ (np.array(variances) + between * (np.array(means) - mean) ** 2)]


def all_at_once(tiles):
    pixels = np.concatenate([tile.reshape(-1, 3) for tile in list(tiles)])
    return [pixels.mean(axis=0), pixels.var(axis=0)]


RIGHT = {
    "05.build": transposed,
    "05.change": rounds(75),
    "05.predict": 51 / 4 + 61,
    "06.build": triangle,
    "06.change": ramp,
    "06.predict": 0.5,
    "10.build": part,
    "10.change": numbers_mixed,
    "10.predict": "alpha 0",
    "13.build": tile_by_tile,
    "13.predict": [0, 4],
}
WRONG = [
    ("05.build", lambda g, s: fft.dctn(s * g, axes=(1, 2), norm="ortho")),
    ("05.build", lambda g, s: transposed(g, s) / s**2),
    ("05.change", rounds(76)),
    ("05.change", recipe("plain", steps=75)),
    ("05.predict", 50 / 4 + 60),
    ("06.build", lambda first, second: triangle(second, first)),
    ("06.change", lambda height, width: 1 - ramp(height, width)),
    ("06.change", lambda height, width: 0.9 * ramp(height, width)),
    ("06.predict", 0.75),
    ("10.build", cut_out),
    ("10.build", lambda y, mask: part(y, np.ones_like(mask))),
    ("10.build", lambda y, mask: part(y, mask > 0)),
    ("10.build", lambda y, mask: (part(y, mask)[0], part(y, mask)[1] ** 2)),
    ("10.change", lambda x, y, alpha: numbers_mixed(x, y, 1 - alpha)),
    ("10.change", lambda x, y, alpha: numbers_mixed(x, y, alpha, power=2)),
    ("10.change", lambda x, y, alpha: alpha * adain(x, y)),
    ("10.predict", "the photo"),
    ("13.build", all_at_once),
    ("13.build", lambda tiles: tile_by_tile(tiles, between=False)),
    ("13.build", lambda tiles: tile_by_tile(tiles, weighted=False)),
    ("13.predict", [1, 4]),
    ("13.predict", [0, 0]),
]


@pytest.mark.parametrize("name", RIGHT)
def test_right_answers_are_right(name, capsys):
    assert course.check(name, RIGHT[name])


@pytest.mark.parametrize(("name", "yours"), WRONG)
def test_wrong_answers_get_a_hint(name, yours, capsys):
    assert not course.check(name, yours)
    assert "A hint: " in capsys.readouterr().out


@pytest.mark.parametrize("yours", [..., lambda *_: ..., lambda *_: None])
def test_a_stub_is_not_wrong_but_empty(yours, capsys):
    assert not course.check("06.change", yours)
    assert "nothing given" in capsys.readouterr().out
