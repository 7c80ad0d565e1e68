"""folder, video and compare: what is typed becomes an Engine, and who paints is told no more."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from nstlib.stylizers.engine import Engine

FAST = Engine("fast", "the_scream")
MIXED = Engine("fast", {"the_scream": 1.0, "great_wave": 3.0}, "light", tile=64)
ADAIN = Engine("adain", "mine.jpg", options={"alpha": 0.5})
GATYS = Engine("gatys", "mine.jpg", options={"steps": 5})
DIFFUSION = Engine("diffusion", "van_gogh", options={"noise": 0.6, "steps": 9, "seed": 2})
TYPED = [
    (["the_scream"], FAST),
    (["the_scream=1,great_wave=3", "--network", "light", "--tile", 64], MIXED),
    (["mine.jpg", "--engine", "adain", "--alpha", 0.5], ADAIN),
    (["mine.jpg", "--engine", "gatys", "--steps", 5], GATYS),
    (["van_gogh", "--engine", "diffusion", "--noise=0.6", "--steps=9", "--seed=2"], DIFFUSION),
]


@pytest.fixture
def worked(monkeypatch):
    """Replace `stylize_video` and `stylize_folder`; returns their reports and what they got."""
    got = SimpleNamespace(call=None, options=None, error=None, failed={})

    def stand_in(*call, **options):
        got.call, got.options = call, options
        if got.error:
            raise got.error
        path = Path("out.mp4")
        return SimpleNamespace(path=path, frames=10, seconds=2.0, failed=got.failed)

    monkeypatch.setattr("nstlib.stylizers.video.stylize_video", stand_in)
    monkeypatch.setattr("nstlib.stylizers.folder.stylize_folder", stand_in)
    return got


@pytest.mark.parametrize(("typed", "engine"), TYPED)
def test_video_paints_with_the_engine_that_was_typed(run, worked, typed, engine):
    code, out, err = run("video", "in.mp4", *typed, "-o", "out.mp4", "--size", 32)
    assert (code, out, err) == (0, "Painted out.mp4: 10 frames in 2 s\n", "")
    assert worked.call == (Path("in.mp4"), Path("out.mp4"), engine)
    assert worked.options == {
        **{"size": 32, "strength": 1.0, "preserve_color": False, "overwrite": False}
    }
    more = ["--quiet", "--overwrite", "--codec", "libx264", "--consistency", 0]
    assert run("video", "in.mp4", *typed, "-o", "out.mp4", *more) == (0, "", "")
    assert worked.options["consistency"] == 0 and worked.options["codec"] == "libx264"


@pytest.mark.parametrize(("typed", "engine"), TYPED)
def test_folder_paints_with_the_engine_that_was_typed(run, worked, typed, engine):
    code, out, _ = run("folder", "in", *typed, "-o", "out", "--workers", 2)
    assert code == 0 and "frames=10" in out and worked.call == ("in", "out", engine)
    assert worked.options == {
        **{"size": 512, "strength": 1.0, "preserve_color": False, "workers": 2}
    }
    worked.failed = {"a.jpg": "it is empty"}
    more = ["--full-size", "--quiet", "--extension", ".png", "--timeout", 3]
    assert run("folder", "in", *typed, "-o", "out", *more) == (1, "", "")
    assert worked.options["size"] is None and worked.options["timeout"] == 3


@pytest.mark.parametrize("command", ["video", "folder"])
def test_ctrl_c_leaves_work_that_is_gone_on_with(run, worked, command):
    worked.error = KeyboardInterrupt()
    code, out, err = run(command, "in", "the_scream", "-o", "out.mp4")
    assert (code, out) == (130, "")
    assert err == "nstlib: stopped by Ctrl-C; the same command goes on from here\n"


# --- compare --------------------------------------------------------------------------------------


@pytest.fixture
def mine() -> Path:
    """A painting of the cat: 64 x 43 pixels."""
    Image.fromarray(np.full((43, 64, 3), 90, np.uint8)).save("mine.png")
    return Path("mine.png")


@pytest.fixture
def measured(monkeypatch):
    """Replace the measures, which take VGG19; returns the paintings that were to be measured."""
    from nstlib.evaluation import comparison

    given = {}

    def stand_in(paintings, content, style):
        given.update(paintings)
        return SimpleNamespace(table=lambda: "| a table |", save=lambda path, **_: path.touch())

    monkeypatch.setattr(comparison, "compare", stand_in)
    return given


def test_compare_measures_files_and_paints_with_engines(run, mine, measured, asked):
    engines = ["--engines", "gatys, adain,stylebank", "--steps", 7, "--size", 64]
    outputs = ["-o", "table.csv", "-o", "strip.jpg"]
    code, out, _ = run("compare", "cat", "red_fuji", mine, mine, *engines, *outputs)
    assert (code, out) == (0, "| a table |\n")
    assert list(measured) == ["mine", "mine 2", "gatys", "adain", "stylebank"]
    gatys, *others = asked
    assert gatys.name == "gatys" and gatys.options == {"steps": 7}
    assert max(gatys.style.shape) == 64, "the style at the size at which it is measured"
    assert others == [Engine("adain", "red_fuji"), Engine("fast", "red_fuji", "stylebank")]
    assert Path("table.csv").exists() and Path("strip.jpg").exists()
    again = [*outputs, "--overwrite", "--quiet", "--size", 64]
    assert run("compare", "cat", "great_wave", mine, *again) == (0, "", "")


def test_compare_fits_or_refuses_a_painting_of_another_size(run, mine, measured):
    code, _, err = run("compare", "cat", "great_wave", mine, "--size", 80)
    assert code == 0 and "mine.png has 64 x 43 pixels and is measured at 80 x 53" in err
    assert measured["mine"].shape == (1, 53, 80, 3)
    Image.new("RGB", (30, 30)).save("square.png")
    run("compare", "cat", "great_wave", "square.png", "--size", 64)
    assert measured["square"].shape == (1, 30, 30, 3), "of another form: refused by `compare`"
