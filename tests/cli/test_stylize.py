"""stylize: a photo from the command line to the file, and that nothing of the reader's is lost."""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from PIL import Image

from nstlib.gatys import painting as optimize
from nstlib.gatys.recipe import recipe as named_recipe
from nstlib.images import files as images
from nstlib.stylizers.engine import Engine

ROOT = Path(__file__).resolve().parents[2]
QUICK = ["--size", "64", "--steps", "2", "--weights", "random"]


def size_of(path: Path) -> tuple[int, int]:
    with Image.open(path) as picture:
        return picture.size


# --- The whole way -------------------------------------------------------------------------------


def test_stylize_paints_a_bundled_photo(run):
    code, out, err = run(
        *("stylize", "great_wall", "starry_night", "-o", "new folder/wall.jpg", "--size", "64"),
        *("--steps", "2", "--weights", "random", "--save-every", "1"),
    )
    assert code == 0, err
    assert re.search(r"Painted new folder.wall\.jpg: 64 x 48 pixels, 2 steps in \d+ s, final", out)
    assert out.endswith("Weights: RANDOM\n")
    names = ["wall-0001.jpg", "wall-0002.jpg", "wall.jpg"]
    assert sorted(path.name for path in Path("new folder").iterdir()) == names
    assert {size_of(path) for path in Path("new folder").iterdir()} == {(64, 48)}


def test_stylize_by_subprocess(photo):
    command = [sys.executable, "-m", "nstlib", "stylize", photo.name, "brick", "-o", "畫 1.png"]
    found = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": found, "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run([*command, *QUICK], capture_output=True, env=environment)
    out, err = done.stdout.decode(), done.stderr.decode()
    assert done.returncode == 0, err
    assert "Painted 畫 1.png: 64 x 40 pixels" in out and out.count("\n") == 2
    assert err.startswith("nstlib: note: *** RANDOM WEIGHTS ***") and err.count("\n") == 1
    assert size_of(Path("畫 1.png")) == (64, 40)


# --- Options -------------------------------------------------------------------------------------


def test_options_reach_the_painting(run, painted, photo):
    code, out, err = run(
        *("stylize", photo, "starry_night", "-o", "a.jpg", "--size", 16, "--recipe", "gatys-2016"),
        *("--steps", 7, "--content-weight", 2, "--style-weight", "3e2", "--tv-weight", 0),
        *("--optimizer", "adam", "--start", "noise", "--seed", 9, "--weights", "random", "--quiet"),
    )
    recipe = painted["recipe"]
    assert (code, out, err) == (0, "", "")
    assert painted["content"].shape == (1, 10, 16, 3) and max(painted["style"].shape[1:3]) == 16
    assert (recipe.steps, recipe.optimizer, recipe.start) == (7, "adam", "noise")
    assert (recipe.content_weight, recipe.style_weight, recipe.tv_weight) == (2.0, 300.0, 0.0)
    assert recipe.source == named_recipe("gatys-2016").source
    assert painted["options"] == {"seed": 9, "weights": "random"}


def test_start_can_be_a_picture(run, painted, photo):
    assert run("stylize", "cat", "brick", "-o", "a.jpg", *QUICK, "--start", photo)[0] == 0
    assert painted["options"]["start"].shape == (1, 40, 64, 3)
    assert painted["recipe"].start == "content"
    code, _, err = run("stylize", "cat", "brick", "-o", photo, "--start", photo, "--overwrite")
    assert code == 1 and "is one of the files that are read" in err


# --- Bad pictures --------------------------------------------------------------------------------


def broken_picture(kind: str, photo: Path) -> Path:
    path = photo.with_name(f"{kind}.jpg")
    Image.open(photo).save(path)
    content = path.read_bytes()
    if kind == "folder":
        path.unlink()
        path.mkdir()
    elif kind == "missing":
        path.unlink()
    else:
        path.write_bytes({"text": b"hello", "empty": b"", "truncated": content[:-200]}[kind])
    return path


@pytest.mark.parametrize("kind", ["missing", "folder", "text", "empty", "truncated"])
def test_a_bad_picture_is_named(run, photo, kind, never_painted):
    broken = broken_picture(kind, photo)
    for pictures in ((broken, "cat"), ("cat", broken)):
        code, out, err = run("stylize", *pictures, "-o", "a.png", *QUICK)
        assert code == 1 and out == "" and not Path("a.png").exists()
        assert err.startswith("nstlib: ") and f"{kind}.jpg" in err and "Error:" not in err


def test_a_style_that_does_not_exist_is_met_with_the_nearest(run):
    code, _, err = run("stylize", "cat", "stary_night", "-o", "a.jpg", *QUICK)
    assert code == 1 and "'stary_night'" in err and "'starry_night'" in err


def test_a_picture_of_one_pixel_is_painted_or_refused_in_words(run, photo):
    tiny = photo.with_name("tiny.png")
    Image.new("RGB", (1, 1)).save(tiny)
    code, _, err = run("stylize", tiny, "brick", "-o", "a.png", *QUICK)
    assert (code == 0) == Path("a.png").exists()
    assert code == 0 or (err.startswith("nstlib: ") and "DEBUG" not in err)


# --- Output --------------------------------------------------------------------------------------


def test_output_may_not_be_an_input(run, photo, never_painted):
    before = photo.read_bytes()
    same = photo.parent / "." / photo.name
    code, _, err = run("stylize", photo, "brick", "-o", same, *QUICK, "--overwrite")
    assert code == 1 and "is one of the files that are read" in err
    link = photo.with_name("link.png")
    link.symlink_to(photo)
    assert run("stylize", "cat", link, "-o", photo, *QUICK, "--overwrite")[0] == 1
    assert photo.read_bytes() == before


def test_an_existing_output_is_kept_unless_told_otherwise(run, painted, photo):
    output = photo.with_name("old.png")
    output.write_bytes(b"precious")
    arguments = ["stylize", photo, "brick", "-o", output, *QUICK]
    code, _, err = run(*arguments)
    assert code == 1 and "is there already" in err and "--overwrite" in err
    assert output.read_bytes() == b"precious" and not painted
    assert run(*arguments, "--overwrite")[0] == 0
    assert size_of(output) == (64, 40)


def test_a_numbered_output_that_exists_is_found_before_painting(run, photo, never_painted):
    Path("a-0002.jpg").write_bytes(b"precious")
    code, _, err = run("stylize", photo, "brick", "-o", "a.jpg", *QUICK, "--save-every", "2")
    assert code == 1 and "a-0002.jpg is there already" in err
    assert Path("a-0002.jpg").read_bytes() == b"precious"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("a.gif", ".jpg, .jpeg, .png"),
        (".jpg", ".jpg, .jpeg, .png"),
        ("folder.jpg", "is a folder: name a file in it"),
        ("file/a.jpg", "The folder of the output, file, is, or is in, a file"),
    ],
)
def test_an_output_that_cannot_be_written_is_refused(run, never_painted, name, message):
    Path("folder.jpg").mkdir()
    Path("file").write_text("in the way")
    code, _, err = run("stylize", "cat", "brick", "-o", name, *QUICK)
    assert code == 1 and name.split("/")[0] in err and message in err


# --- What can go wrong while working -------------------------------------------------------------


def full_disk(monkeypatch, is_full) -> None:
    save = images.save_image

    def save_if_there_is_room(image, path, **options):
        if is_full(Path(path)):
            raise OSError(28, "No space left on device", str(path))
        return save(image, path, **options)

    monkeypatch.setattr(images, "save_image", save_if_there_is_room)


def test_a_painting_survives_a_full_disk(run, painted, photo, monkeypatch, tmp_path_factory):
    shelter = tmp_path_factory.mktemp("temporary")
    monkeypatch.setattr(tempfile, "tempdir", str(shelter))
    full_disk(monkeypatch, lambda path: path.parent == photo.parent)
    output = photo.with_name("old.png")
    output.write_bytes(b"precious")
    code, out, err = run("stylize", photo, "brick", "-o", output, *QUICK, "--overwrite")
    kept = next(shelter.rglob("old.png"))
    assert code == 1 and out == "" and "No space left" in err
    assert f"The painting is kept in {kept} instead." in err
    assert output.read_bytes() == b"precious" and size_of(kept) == (64, 40)


def test_a_full_disk_everywhere_is_one_line(run, painted, photo, monkeypatch):
    full_disk(monkeypatch, lambda path: True)
    code, out, err = run("stylize", photo, "brick", "-o", "a.png", *QUICK)
    assert code == 1 and out == "" and "No space left" in err and err.count("\n") == 1


def test_a_step_that_cannot_be_saved_does_not_end_the_painting(run, painted, photo, monkeypatch):
    full_disk(monkeypatch, lambda path: path.name == "a-0001.png")
    every = ["--save-every", "1"]
    code, _, err = run("stylize", photo, "brick", "-o", "a.png", *QUICK, *every)
    assert code == 0 and "nstlib: note: Step 1 was not saved" in err
    assert Path("a.png").exists() and Path("a-0002.png").exists()


def test_weights_that_are_not_there(run, photo):
    weights = ["--weights", "nowhere.h5", "--size", 64, "--steps", 1]
    code, out, err = run("stylize", photo, "brick", "-o", "a.png", *weights)
    assert code == 1 and "nowhere.h5" in err and not out and not Path("a.png").exists()


def test_ctrl_c_saves_the_best_so_far(run, painted, photo):
    painted["stopped"] = "interrupted"
    code, out, _ = run("stylize", photo, "brick", "-o", "a.png", *QUICK)
    assert code == 0 and "(interrupted)" in out and Path("a.png").exists()


@pytest.mark.parametrize("moment", ["before the first step", "after the start alone"])
def test_ctrl_c_before_anything_is_painted(run, photo, monkeypatch, moment):
    def interrupt(content, style, recipe, **_):
        if moment == "before the first step":
            raise KeyboardInterrupt
        start = optimize.Step(0, None, 1.0, {}, 1)
        return optimize.Result(content, [start], recipe, 0.1, 1, "interrupted")

    monkeypatch.setattr(optimize, "style_transfer", interrupt)
    code, out, err = run("stylize", photo, "brick", "-o", "a.png", *QUICK)
    assert code == 130 and out == "" and not Path("a.png").exists()
    assert err == "nstlib: stopped by Ctrl-C; nothing was saved\n"


def test_a_bug_is_one_line_with_the_way_to_its_traceback(run, photo, monkeypatch):
    def fail(*_, **__):
        raise ZeroDivisionError("first line\nsecond line")

    monkeypatch.setattr(optimize, "style_transfer", fail)
    arguments = ["stylize", photo, "brick", "-o", "a.png", *QUICK]
    code, _, err = run(*arguments)
    assert code == 1
    assert err == "nstlib: ZeroDivisionError: first line (NSTLIB_DEBUG=1 shows the traceback)\n"
    monkeypatch.setenv("NSTLIB_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        run(*arguments)


# --- In one pass ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def network(tmp_path_factory) -> Path:
    """An untrained network of two styles in a file."""
    from nstlib.networks.files import PaintingNetwork, build_network, save_network

    trained = PaintingNetwork("light", ("dots", "waves"), build_network("light", 2))
    return save_network(trained, tmp_path_factory.mktemp("networks") / "network.npz")


def test_the_fast_engine_paints_in_one_pass(run, photo, network):
    fast = ["--engine", "fast", "--network", network]
    code, out, _ = run("stylize", photo, "dots=1,waves=3", "-o", "out.png", *fast)
    assert code == 0 and re.search(r"Painted out.png: 96 x 60 pixels in \d", out)
    assert size_of(Path("out.png")) == (96, 60)
    for style, message in (("dotts", "Did you mean 'dots'"), ("dots=a", "no mix of styles")):
        code, _, err = run("stylize", photo, style, "-o", "no.png", *fast)
        assert code == 1 and message in err and not Path("no.png").exists()


def test_any_style_reads_its_paintings_and_never_writes_over_them(run, photo, asked):
    adain = ["--engine", "adain", "--alpha", 0.8, "--tile", 64, "--network", "n.npz"]
    mix = f"brick=1,{photo}=3"
    code, out, _ = run("stylize", "cat", mix, "-o", "a.png", "--size", 64, *adain)
    assert code == 0 and "Painted a.png: 64 x 43 pixels in 0.00 s" in out
    style = {"brick": 1.0, str(photo): 3.0}
    assert asked == [Engine("adain", style, "n.npz", tile=64, options={"alpha": 0.8})]
    code, _, err = run("stylize", "cat", mix, "-o", photo, "--overwrite", *adain)
    assert code == 1 and "is one of the files that are read" in err and len(asked) == 1
    code, _, err = run("stylize", "cat", "stary_night", "-o", "b.png", *adain)
    assert code == 1 and "Did you mean 'starry_night'" in err and len(asked) == 1


def test_every_engine_can_be_weaker_and_keep_the_photo_s_luminance(run, photo, monkeypatch):
    black = lambda engine: lambda picture: picture * 0  # noqa: E731
    monkeypatch.setattr("nstlib.stylizers.door.Stylizer", black)
    fast = ["stylize", photo, "poppies", "-o", "a.png", "--engine", "fast", "--overwrite"]
    before = images.load_image(photo)
    assert run(*fast, "--strength", 0.5)[0] == 0
    assert abs(images.load_image("a.png") - before / 2).max() < 0.01
    assert run(*fast, "--color", "luminance")[0] == 0
    assert images.load_image("a.png").max() > 0.1, "colours of the photo are left"
