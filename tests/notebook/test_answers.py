"""What the course keeps of the exercises: right answers are right, near ones are not."""

import numpy as np
import pytest
from scipy import fft

from nstlib.gatys.recipe import recipe
from nstlib.images.flow import find_flow, warp
from nstlib.notebook import course


def rounds(steps):
    return recipe("plain", coarse={0.25: steps, 0.5: steps}, steps=steps)


def transposed(g, s):
    return s * fft.dctn(g, axes=(1, 2), norm="ortho")


def ramp(height, width):
    return np.tile(np.linspace(0, 1, width)[None, None, :, None], (1, height, 1, 1))


def triangle(first, second):
    return np.linalg.cholesky(second) @ np.linalg.inv(np.linalg.cholesky(first))


def instance_norm(x, axes=(1, 2), epsilon=1e-5):
    mean, variance = x.mean(axis=axes, keepdims=True), x.var(axis=axes, keepdims=True)
    return (x - mean) / np.sqrt(variance + epsilon)


def scaled(distances, factor=-0.5):
    squares = distances**2
    rows, columns = squares.mean(axis=0), squares.mean(axis=1, keepdims=True)
    sizes, axes = np.linalg.eigh(factor * (squares - rows - columns + squares.mean()))
    return axes[:, -2:] * np.sqrt(np.abs(sizes[-2:]))


def on_fours(frames, paint, every=4):
    film = []
    for place, frame in enumerate(frames):
        if place % every == 0:
            drawn, drawing = frame, paint(frame)
        film.append(warp(drawing, find_flow(drawn, frame)))
    return film


def held(frames, paint):
    return [paint(frames[place // 4 * 4]) for place in range(len(frames))]


def strengths(wins, rounds=200, half=False):
    pi, met = np.full(len(wins), 1 / len(wins)), wins + wins.T
    for _ in range(rounds):
        pi = wins.sum(axis=1) / (met / (1 if half else pi[:, None] + pi)).sum(axis=1)
        pi = pi / pi.sum()
    return pi


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


def hidden(cover, secret, bits=3):
    step = 2**bits
    return cover // step * step + secret // (256 // step)


def bands(curve, slanted=True):
    """A glaze's area; not `slanted`: as if every band stood upright."""
    ways = np.linalg.norm(np.diff(curve, axis=0), axis=1) if slanted else np.diff(curve[:, 1])
    return (np.pi * (curve[1:, 0] + curve[:-1, 0]) * ways).sum()


def likest(queries, keys, values, cosine=True):
    unit = keys / np.linalg.norm(keys, axis=1, keepdims=True) if cosine else keys
    return values[(queries @ unit.T).argmax(axis=1)]


RIGHT = {
    "05.build": transposed,
    "05.change": rounds(75),
    "05.predict": 51 / 4 + 61,
    "06.build": triangle,
    "06.change": ramp,
    "06.predict": 0.5,
    "08.build": instance_norm,
    "08.change": 4,
    "08.predict": "Finer",
    "09.build": scaled,
    "09.change": ["up", "colors"],
    "09.predict": 4.64,
    "12.build": on_fours,
    "12.change": "right",
    "12.predict": 8,
    "14.build": strengths,
    "14.change": "content",
    "14.predict": 4,
    "10.build": part,
    "10.change": numbers_mixed,
    "10.predict": "alpha 0",
    "13.build": tile_by_tile,
    "13.predict": [0, 4],
    "11.build": hidden,
    "11.change": 5,
    "11.predict": 0.25,
    "15.build": bands,
    "15.change": likest,
    "15.predict": 1,
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
    ("08.build", lambda x: instance_norm(x, (0, 1, 2))),  # batch normalisation
    ("08.build", lambda x: instance_norm(x, (1, 2, 3))),  # layer normalisation
    ("08.build", lambda x: -instance_norm(x)),
    ("08.change", 3),
    ("08.change", 1),
    ("08.predict", "coarser"),
    ("09.build", lambda distances: scaled(distances, -1)),
    ("09.build", lambda distances: 0.9 * scaled(distances)),
    ("09.change", ["colors"]),
    ("09.change", ["down", "residual", "up"]),
    ("09.predict", 5),
    ("09.predict", 66.7),
    ("09.predict", 2 * 4.6),
    ("12.build", lambda frames, paint: [paint(frame) for frame in frames]),
    ("12.build", lambda frames, paint: on_fours(frames, paint, every=2)),
    ("12.build", held),
    ("12.build", lambda frames, paint: on_fours(frames, lambda frame: 0.9 * paint(frame))),
    ("12.change", "left"),
    ("12.predict", 5),
    ("14.build", lambda wins: strengths(wins.T)),
    ("14.build", lambda wins: strengths(wins, half=True)),
    ("14.change", "style"),
    ("14.predict", 2),
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
    ("11.build", lambda cover, secret: hidden(secret, cover)),
    ("11.build", lambda cover, secret: hidden(cover, secret, bits=2)),
    ("11.build", lambda cover, secret: cover + secret // 32),
    ("11.build", lambda cover, secret: cover // 8 * 8 + secret % 8),
    ("11.change", 4),
    ("11.change", 3),
    ("11.predict", 0),
    ("11.predict", 0.5),
    ("11.predict", 1),
    ("15.build", lambda curve: bands(curve[:, ::-1])),
    ("15.build", lambda curve: bands(curve) / 2),
    ("15.build", lambda curve: bands(curve, slanted=False)),
    ("15.change", lambda q, k, values: likest(q, k, values, cosine=False)),
    ("15.change", lambda q, k, values: likest(k, q, values)),
    ("15.change", lambda q, k, values: likest(q, k, k)),
    ("15.predict", 2),
]


@pytest.mark.parametrize("name", RIGHT)
def test_right_answers_are_right(name, capsys):
    assert course.check(name, RIGHT[name])


@pytest.mark.parametrize(("name", "yours"), WRONG)
def test_wrong_answers_get_a_hint(name, yours, capsys):
    assert not course.check(name, yours)
    assert "A hint: " in capsys.readouterr().out


@pytest.mark.parametrize("name", ["06.change", "08.build", "09.build", "11.build", "15.build"])
@pytest.mark.parametrize("yours", [..., lambda *_: ..., lambda *_: None])
def test_a_stub_is_not_wrong_but_empty(name, yours, capsys):
    assert not course.check(name, yours)
    assert "nothing given" in capsys.readouterr().out
