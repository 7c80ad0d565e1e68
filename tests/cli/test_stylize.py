"""stylize: a photo from the command line to the file, and that nothing of the reader's is lost."""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nstlib.errors import InputError
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


def test_from_the_command_line_to_pictures(photo):
    Image.fromarray(np.repeat([[255, 0]], 48, axis=1).astype(np.uint8)).save("left half.png")
    command = [sys.executable, "-m", "nstlib", "stylize", photo.name, "brick", *QUICK]
    command += ["-o", "new folder/畫 1.png", "--save-every", "1", "--mask", "left half.png"]
    command += ["--color", "luminance", "--histogram-weight", "1"]
    found = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": found, "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(command, capture_output=True, env=environment)
    out, err = done.stdout.decode(), done.stderr.decode()
    assert done.returncode == 0, err
    assert re.match(r"Painted new folder.畫 1\.png: 64 x 40 pixels, 2 steps in \d+ s, final", out)
    assert out.endswith("\nWeights: random\n") and out.count("\n") == 2
    notes = err.splitlines()
    assert all(note.startswith("nstlib: note: ") for note in notes) and len(notes) == 2, err
    assert "RANDOM WEIGHTS" in err and "mask left half.png has 96 x 1 pixels" in err
    names = ["畫 1-0001.png", "畫 1-0002.png", "畫 1.png"]
    assert sorted(path.name for path in Path("new folder").iterdir()) == names
    painted, original = images.load_image("new folder/畫 1.png"), images.load_image(photo, 64)
    assert np.abs(painted - original)[:, :, :30].mean() > 0.01
    np.testing.assert_allclose(painted[:, :, 34:], original[:, :, 34:], atol=0.02)


# --- Options -------------------------------------------------------------------------------------


def test_options_reach_the_painting(run, painted, photo):
    code, out, err = run(
        *("stylize", photo, "starry_night", "-o", "a.jpg", "--size", 32, "--recipe", "gatys-2016"),
        *("--steps", 7, "--content-weight", 2, "--style-weight", "3e2", "--tv-weight", 0),
        *("--optimizer", "adam", "--start", "noise", "--seed", 9, "--weights", "random", "--quiet"),
    )
    recipe = painted["recipe"]
    assert (code, out, err) == (0, "", "")
    assert (
        painted["content"].shape == (1, 20, 32, 3)
        and max(painted["style"]["starry_night"].shape) == 32
    )
    assert (recipe.steps, recipe.optimizer) == (7, "adam")
    assert (recipe.content_weight, recipe.style_weight, recipe.tv_weight) == (2.0, 300.0, 0.0)
    assert recipe.source == named_recipe("gatys-2016").source
    begin = {"start": "noise", "seed": 9, "weights": "random"}
    assert painted["options"] == begin | {"masks": [None]}


def test_start_can_be_a_picture(run, painted, photo):
    assert run("stylize", "cat", "brick", "-o", "a.jpg", *QUICK, "--start", photo)[0] == 0
    assert painted["options"]["start"].shape == (1, 40, 64, 3)
    assert painted["recipe"].start == "content"


def test_a_picture_of_one_pixel_is_painted_or_refused_in_words(run, photo):
    tiny = photo.with_name("tiny.png")
    Image.new("RGB", (1, 1)).save(tiny)
    code, _, err = run("stylize", tiny, "brick", "-o", "a.png", *QUICK)
    assert (code == 0) == Path("a.png").exists()
    assert code == 0 or (err.startswith("nstlib: ") and "DEBUG" not in err)


def test_an_output_is_replaced_if_told_so(run, painted, photo):
    Path("old.png").write_bytes(b"precious")
    assert run("stylize", photo, "brick", "-o", "old.png", *QUICK, "--overwrite")[0] == 0
    assert size_of(Path("old.png")) == (64, 40)


# --- What can go wrong while working -------------------------------------------------------------


def full_disk(monkeypatch, is_full) -> None:
    save = images.save_image

    def save_if_there_is_room(image, path, **options):
        if is_full(Path(path)):
            raise InputError(f"{path} could not be written (No space left on device).")
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


def test_any_style_takes_a_mix_of_paintings(run, photo, asked):
    adain = ["--engine", "adain", "--alpha", 0.8, "--tile", 64, "--network", "n.npz"]
    mix = f"brick=1,{photo}=3"
    code, out, _ = run("stylize", "cat", mix, "-o", "a.png", "--size", 64, *adain)
    assert code == 0 and "Painted a.png: 64 x 43 pixels in 0.00 s" in out
    style = {"brick": 1.0, str(photo): 3.0}
    assert asked == [Engine("adain", style, "n.npz", tile=64, options={"alpha": 0.8})]


def test_every_engine_can_be_weaker_and_keep_the_photo_s_luminance(run, photo, monkeypatch):
    black = lambda engine: lambda picture: picture * 0  # noqa: E731
    monkeypatch.setattr("nstlib.stylizers.door.Stylizer", black)
    fast = ["stylize", photo, "the_scream", "-o", "a.png", "--engine", "fast", "--overwrite"]
    before = images.load_image(photo)
    assert run(*fast, "--strength", 0.5)[0] == 0
    assert abs(images.load_image("a.png") - before / 2).max() < 0.01
    assert run(*fast, "--color", "luminance")[0] == 0
    assert images.load_image("a.png").max() > 0.1, "colours of the photo are left"


# --- What the file of the photo holds beside its colours ------------------------------------------


@pytest.fixture
def sticker() -> Path:
    """A picture that is clear at the right, of a known day, from a known place."""
    exif = Image.Exif()
    exif[0x0132], exif[0x8825] = "2026:11:28 12:00:00", {1: "N"}
    picture = Image.new("RGBA", (64, 64), (200, 60, 50, 255))
    picture.paste((0, 0, 0, 0), (32, 0, 64, 64))
    picture.save("sticker.png", exif=exif)
    return Path("sticker.png")


@pytest.mark.parametrize("engine", [["--engine", "fast"], [*QUICK, "--save-every", "2"]])
def test_transparency_and_the_day_are_kept(run, painted, asked, sticker, engine):
    code, _, err = run("stylize", sticker, "brick", "-o", "a.png", *engine)
    assert (code, err) == (0, "")
    for name in ["a.png", *Path().glob("a-*.png")]:
        with Image.open(name) as picture:
            assert [picture.getpixel((x, 8))[3] for x in (0, 31, 32, 63)] == [255, 255, 0, 0]
            assert picture.getexif()[0x0132] == "2026:11:28 12:00:00"
            assert 0x8825 not in picture.getexif()


def test_where_transparency_cannot_be_kept_it_is_said_once(run, painted, sticker):
    code, _, err = run("stylize", sticker, "brick", "-o", "a.jpg", *QUICK, "--save-every", "1")
    assert code == 0 and err.count("\n") == 1
    assert ".jpg files hold no transparency: it is laid on white in a.jpg. .png, .web" in err


def test_quality_and_lossless_reach_the_file(run, asked, photo):
    fast = ["stylize", photo, "the_scream", "--engine", "fast", "-o"]
    for name, options in [("a.jpg", ["--quality", 20]), ("b.jpg", []), ("c.webp", ["--lossless"])]:
        assert run(*fast, name, *options)[0] == 0
    assert Path("a.jpg").stat().st_size < Path("b.jpg").stat().st_size / 2
    np.testing.assert_array_equal(images.load_image("c.webp"), images.load_image(photo))


def test_an_animation_is_painted_and_leads_to_video(run, asked):
    frames = [Image.new("RGB", (64, 48), color) for color in ("red", "blue")]
    frames[0].save("a.webp", save_all=True, append_images=frames[1:])
    code, _, err = run("stylize", "a.webp", "the_scream", "-o", "b.png", "--engine", "fast")
    assert code == 0 and "a.webp has 2 frames; the first one is taken. `nstlib video`" in err


def test_too_few_pixels_are_refused_before_the_engine_is_loaded(run, painted, asked):
    Image.new("RGB", (24, 24)).save("dot.png")
    for engine in (QUICK, ["--engine", "fast"], ["--engine", "adain"]):
        code, _, err = run("stylize", "dot.png", "brick", "-o", "a.png", *engine)
        assert code == 1 and "24 x 24 pixels" in err
    assert asked == [] and painted == {}
