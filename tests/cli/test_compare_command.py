"""The command `compare`: what it prints and writes, and what it refuses."""

import argparse

import numpy as np
import pytest

from nstlib.cli.compare import add_compare
from nstlib.errors import InputError
from nstlib.images.bundled import photo
from nstlib.images.files import save_image


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Call the command in a folder that holds a painting of the cat."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NST_PROGRESS", "0")
    save_image(1 - photo("cat", 64), "mine.png")
    parser = argparse.ArgumentParser(prog="compare")
    add_compare(parser, int)

    def call(*words):
        args = parser.parse_args([*words])
        return args.run(args)

    return call


def test_the_command(run, capsys, tmp_path):
    outputs = ["-o", "table.csv", "-o", "strip.jpg"]
    assert not run("cat", "great_wave", "mine.png", "--size", "64", *outputs)
    table = capsys.readouterr().out.splitlines()
    assert [line.split(" | ")[0] for line in table[2:5]] == [
        *("| identity", "| style-copy", "| mine")
    ]
    assert (tmp_path / "table.csv").exists() and (tmp_path / "strip.jpg").exists()
    with pytest.raises(InputError, match="table.csv is there already"):
        run("cat", "great_wave", "mine.png", "--size", "64", *outputs)


def test_engines_paint_right_there(run, capsys, monkeypatch):
    engines = "fast, stylebank"
    assert not run("cat", "great_wave", "--engines", engines, "--size", "64", "--quiet")
    assert not capsys.readouterr().out
    asked = []
    monkeypatch.setattr(
        "nstlib.stylizers.door.stylizer",
        lambda *a, **o: asked.append((a[0], o)) or (lambda image: image),
    )
    engines = ["--engines", "gatys,adain", "--steps", "7", "--size", "64"]
    run("cat", "great_wave", "mine.png", "mine.png", *engines)
    assert asked == [("gatys", {"steps": 7}), ("adain", {})]
    names = [line.split(" | ")[0] for line in capsys.readouterr().out.splitlines()[4:8]]
    assert names == ["| mine", "| mine 2", "| gatys", "| adain"]


def test_a_painting_of_another_size_and_of_another_form(run):
    save_image(np.zeros((1, 30, 30, 3)), "square.png")
    with pytest.warns(UserWarning, match="mine.png has 64 x 43 pixels and is measured at 80 x 53"):
        run("cat", "great_wave", "mine.png", "--size", "80", "--quiet")
    with pytest.raises(InputError, match="square has 30 x 30 pixels, its photo 64 x 43"):
        run("cat", "great_wave", "square.png", "--size", "64")


def test_wrong_usage(run, capsys):
    for words in (["cat", "great_wave"], ["cat", "great_wave", "mine.png", "--steps", "3"]):
        with pytest.raises(SystemExit):
            run(*words)
    errors = capsys.readouterr().err
    assert "name a PAINTING at least" in errors and "--steps is for --engines gatys" in errors
    with pytest.raises(InputError, match="no engine 'gatis'. Did you mean 'gatys'"):
        run("cat", "great_wave", "--engines", "gatis")
    with pytest.raises(InputError, match="has not learnt 'brick'"):
        run("cat", "brick", "--engines", "fast", "--size", "64")
    with pytest.raises(InputError, match="is one of the files that are read"):
        run("cat", "great_wave", "mine.png", "-o", "mine.png", "--overwrite")
