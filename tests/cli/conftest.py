"""What all tests of the command line share: `run` calls `main([…])` in this process, because every
start of TensorFlow takes seconds, and stand-ins paint in place of the engines.
"""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nstlib.cli.main import main
from nstlib.gatys import painting as optimize


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """Every test works in a folder of its own, and leaves NST_PROGRESS as it was."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NST_PROGRESS", "0")
    monkeypatch.delenv("NSTLIB_DEBUG", raising=False)


@pytest.fixture
def run(capfd):
    """Call main; returns (exit code, what was printed, what was said on the error stream)."""

    def call(*arguments):
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as end:
            code = end.code
        out, err = capfd.readouterr()
        assert "Traceback" not in out + err
        return code, out, err

    return call


@pytest.fixture
def photo(tmp_path) -> Path:
    """A small photo under a name that breaks careless code."""
    path = tmp_path / "my photo 長城.png"
    pixels = np.random.default_rng(0).integers(0, 256, (60, 96, 3), np.uint8)
    Image.fromarray(pixels).save(path)
    return path


@pytest.fixture
def painted(monkeypatch):
    """Replace the optimiser by a stand-in that answers at once; returns what it was given."""
    given = {}

    def stand_in(content, style, recipe, *, on_step, **options):
        given.update(content=content, style=style, recipe=recipe, options=options)
        history = [optimize.Step(i, content, 5.0 - i, {"tv": 1.0}, i + 1) for i in range(3)]
        for step in history:
            on_step(step)
        return optimize.Result(content, history, recipe, 1.0, 3, given.get("stopped", "steps"))

    monkeypatch.setattr(optimize, "style_transfer", stand_in)
    return given


@pytest.fixture
def asked(monkeypatch):
    """Replace the engines by copies of the photo; returns the engines that were asked for."""
    engines = []
    monkeypatch.setattr(
        "nstlib.stylizers.door.Stylizer",
        lambda engine: engines.append(engine) or (lambda picture, *_: picture),
    )
    return engines
