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


def instance_norm(x, axes=(1, 2), epsilon=1e-5):
    mean, variance = x.mean(axis=axes, keepdims=True), x.var(axis=axes, keepdims=True)
    return (x - mean) / np.sqrt(variance + epsilon)


def scaled(distances, factor=-0.5):
    squares = distances**2
    rows, columns = squares.mean(axis=0), squares.mean(axis=1, keepdims=True)
    sizes, axes = np.linalg.eigh(factor * (squares - rows - columns + squares.mean()))
    return axes[:, -2:] * np.sqrt(np.abs(sizes[-2:]))


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
    ("09.predict", 66.7),
    ("09.predict", 2 * 4.6),
]


@pytest.mark.parametrize("name", RIGHT)
def test_right_answers_are_right(name, capsys):
    assert course.check(name, RIGHT[name])


@pytest.mark.parametrize(("name", "yours"), WRONG)
def test_wrong_answers_get_a_hint(name, yours, capsys):
    assert not course.check(name, yours)
    assert "A hint: " in capsys.readouterr().out


@pytest.mark.parametrize("name", ["06.change", "08.build", "09.build"])
@pytest.mark.parametrize("yours", [..., lambda *_: ..., lambda *_: None])
def test_a_stub_is_not_wrong_but_empty(name, yours, capsys):
    assert not course.check(name, yours)
    assert "nothing given" in capsys.readouterr().out
