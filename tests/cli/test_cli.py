"""The command line: exit codes, messages, and that nothing of the reader's is ever lost.

`run` calls `main([…])` in this process, because every start of TensorFlow takes seconds.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from nstlib import __version__
from nstlib.cli import doctor
from nstlib.cli.main import main
from nstlib.gatys import painting as optimize
from nstlib.images import files as images
from nstlib.vgg import network as vgg

ROOT = Path(__file__).resolve().parent.parent
QUICK = ["--size", "64", "--steps", "2", "--weights", "random"]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """Every test works in a folder of its own, and leaves NST_PROGRESS as it was."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NST_PROGRESS", "0")
    monkeypatch.delenv("NSTLIB_DEBUG", raising=False)
    vgg._arrays.cache_clear()  # or the banner of untrained weights would be said to another test


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
    """Replace the painting by a stand-in that answers at once; returns what it was given."""
    given = {}

    def stand_in(content, style, recipe, *, on_step, **options):
        given.update(content=content, style=style, recipe=recipe, **options)
        history = [optimize.Step(i, content, 5.0 - i, {"tv": 1.0}, i + 1) for i in range(3)]
        for step in history:
            on_step(step)
        return optimize.Result(content, history, recipe, 1.0, 3, given.get("stopped", "steps"))

    monkeypatch.setattr(optimize, "style_transfer", stand_in)
    return given


def size_of(path: Path) -> tuple[int, int]:
    with Image.open(path) as picture:
        return picture.size


# --- The whole way -------------------------------------------------------------------------------


def test_stylize_paints_a_bundled_photo(run):
    code, out, err = run(
        *("stylize", "great_wall", "starry_night", "-o", "new folder/wall.jpg", "--size", "64"),
        *("--steps", "2", "--weights", "random", "--save-every", "1"),
    )
    assert code == 0 and "RANDOM" in err and err.count("\n") == 1
    assert re.search(r"Painted new folder.wall\.jpg: 64 x 48 pixels, 2 steps in \d+ s, final", out)
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


def test_help_imports_nothing_heavy():
    program = """if True:
        import sys
        from nstlib.cli.main import main
        for arguments in (["--help"], ["stylize", "--help"]):
            try:
                main(arguments)
            except SystemExit as end:
                assert end.code == 0
        heavy = {"keras", "tensorflow", "jax", "torch", "numpy", "PIL", "matplotlib"}
        assert not heavy & set(sys.modules), heavy & set(sys.modules)
    """
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "--save-every" in done.stdout


def test_version(run):
    assert run("--version") == (0, f"nstlib {__version__}\n", "")


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
    assert recipe.source == optimize.named_recipe("gatys-2016").source
    assert (painted["seed"], painted["weights"], painted["start"]) == (9, "random", None)


def test_start_can_be_a_picture(run, painted, photo):
    assert run("stylize", "cat", "brick", "-o", "a.jpg", *QUICK, "--start", photo)[0] == 0
    assert painted["start"].shape == (1, 40, 64, 3) and painted["recipe"].start == "content"
    code, _, err = run("stylize", "cat", "brick", "-o", photo, "--start", photo, "--overwrite")
    assert code == 1 and "is one of the pictures that are read" in err


WRONG_USAGE = {
    "no command": ([], "COMMAND"),
    "unknown command": (["paint"], "stylize"),
    "no output": (["stylize", "cat", "brick"], "-o/--output"),
    "size 0": (["--size", "0"], "--size: '0' is not allowed; give a whole number, 1 or more"),
    "size in words": (["--size", "big"], "--size: 'big' is not allowed; give a whole number"),
    "endless size": (["--size", "9" * 400], "is not allowed; give a whole number, 1 or more"),
    "half a pixel": (["--size", "1.5"], "--size: '1.5' is not allowed"),
    "steps 0": (["--steps", "0"], "--steps: '0' is not allowed; give a whole number, 1 or more"),
    "save every 0": (["--save-every", "0"], "--save-every: '0' is not allowed"),
    "negative weight": (["--style-weight", "-1"], "--style-weight: '-1' is not allowed; give a n"),
    "weight NaN": (["--content-weight", "nan"], "--content-weight: 'nan' is not allowed; give a"),
    "endless weight": (["--tv-weight", "inf"], "--tv-weight: 'inf' is not allowed; give a number"),
    "negative seed": (["--seed", "-1"], "'-1' is not allowed; give a whole number, from 0 to 4294"),
    "optimizer": (["--optimizer", "lbgfs"], "invalid choice: 'lbgfs' (choose from"),
    "recipe": (["--recipe", "gatys-2061"], "no recipe 'gatys-2061'. Did you mean 'gatys-2016'?"),
    "nothing to do": (["--content-weight", "0", "--style-weight", "0"], "both 0"),
}


@pytest.mark.parametrize(("arguments", "message"), WRONG_USAGE.values(), ids=WRONG_USAGE)
def test_wrong_usage_is_exit_code_2(run, arguments, message):
    if arguments and arguments[0].startswith("--"):
        arguments = ["stylize", "cat", "brick", "-o", "a.jpg", *arguments]
    code, out, err = run(*arguments)
    assert code == 2 and out == "" and err.startswith("usage: nstlib") and message in err
    assert not Path("a.jpg").exists()


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


@pytest.mark.parametrize("position", [0, 1])
@pytest.mark.parametrize("kind", ["missing", "folder", "text", "empty", "truncated"])
def test_a_bad_picture_is_named(run, photo, kind, position):
    pictures = ["cat", "cat"]
    pictures[position] = broken_picture(kind, photo)
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


@pytest.fixture
def never_painted(monkeypatch):
    """Fail if the work is begun: the output has to be looked at before."""

    def refuse(*_, **__):
        raise AssertionError("the painting was begun")

    monkeypatch.setattr(optimize, "style_transfer", refuse)


def test_output_may_not_be_an_input(run, photo, never_painted):
    before = photo.read_bytes()
    same = photo.parent / "." / photo.name
    code, _, err = run("stylize", photo, "brick", "-o", same, *QUICK, "--overwrite")
    assert code == 1 and "is one of the pictures that are read" in err
    link = photo.with_name("link.png")
    link.symlink_to(photo)
    assert run("stylize", "cat", link, "-o", photo, *QUICK, "--overwrite")[0] == 1
    assert photo.read_bytes() == before


def test_an_existing_output_is_kept_unless_told_otherwise(run, painted, photo):
    output = photo.with_name("old.png")
    output.write_bytes(b"precious")
    arguments = ["stylize", photo, "brick", "-o", output, *QUICK]
    code, _, err = run(*arguments)
    assert code == 1 and "is there already: name another file, or add --overwrite" in err
    assert output.read_bytes() == b"precious" and not painted
    assert run(*arguments, "--overwrite")[0] == 0
    assert size_of(output) == (64, 40)


def test_a_numbered_output_that_exists_is_found_before_painting(run, photo, never_painted):
    Path("a-0002.jpg").write_bytes(b"precious")
    code, _, err = run("stylize", photo, "brick", "-o", "a.jpg", *QUICK, "--save-every", "2")
    assert code == 1 and "a-0002.jpg is there already" in err
    assert Path("a-0002.jpg").read_bytes() == b"precious"


@pytest.mark.parametrize("name", ["a.gif", "a.txt", "a", ".jpg"])
def test_an_output_of_unknown_format_is_refused(run, never_painted, name):
    code, _, err = run("stylize", "cat", "brick", "-o", name, *QUICK)
    assert code == 1 and name in err and ".jpg, .jpeg, .png" in err


def test_a_folder_as_output_is_refused(run, never_painted):
    Path("a.jpg").mkdir()
    code, _, err = run("stylize", "cat", "brick", "-o", "a.jpg", *QUICK)
    assert code == 1 and "is a folder: name a file in it" in err


def test_an_output_folder_that_cannot_be_written_is_refused(run, never_painted):
    Path("file").write_text("in the way")
    code, _, err = run("stylize", "cat", "brick", "-o", "file/a.jpg", *QUICK)
    assert code == 1 and "The folder of the output, file, is a file, not a folder" in err


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


def test_no_weights_reachable(run, photo, tmp_path, monkeypatch):
    for name in ("NSTLIB_VGG19", "NSTLIB_VGG16"):
        monkeypatch.delenv(name, raising=False)
    for name in ("NSTLIB_CACHE", "KERAS_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setenv("NSTLIB_OFFLINE", "1")
    vgg._arrays.cache_clear()  # another test may have loaded them
    code, _, err = run("weights")
    assert code == 1 and "No copy of the VGG19 weights" in err and "NSTLIB_OFFLINE" in err
    code, _, err = run("stylize", photo, "brick", "-o", "a.png", "--size", "64", "--steps", "1")
    assert code == 1 and "No copy of the VGG19 weights" in err and not Path("a.png").exists()


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


# --- weights, styles -----------------------------------------------------------------------------


def test_weights_of_a_file(run, tmp_path):
    code, _, err = run("weights", "--file", "vgg19.h5")
    assert code == 1 and "vgg19.h5" in err
    Path("vgg19.h5").write_bytes(b"<html>")
    code, _, err = run("weights", "--file", "vgg19.h5")
    assert code == 1 and "cannot be used as VGG19" in err


def test_weights_says_where_and_which_copy(run, monkeypatch):
    from nstlib.vgg import weights

    copy = SimpleNamespace(origin="VGG19 from a test")
    monkeypatch.setattr(weights, "load_vgg_weights", lambda network, source, report: copy)
    monkeypatch.setenv("NSTLIB_CACHE", "kept here")
    code, out, err = run("weights")
    assert (code, err) == (0, "")
    assert out.startswith("VGG19 from a test\nCache folder: kept here (")


def test_styles_lists_every_picture_with_its_licence(run):
    from nstlib.images.bundled import bundled_networks, pictures

    code, out, err = run("styles")
    table, learnt = out.split("\n\n")
    lines = table.splitlines()
    assert (code, err) == (0, "") and lines[0].split()[:3] == ["NAME", "KIND", "SIZE"]
    for name, row in bundled_networks().items():
        assert f"{name}: {', '.join(row['styles'])}" in learnt
    assert len(lines) == 1 + len(pictures())
    for picture in pictures():
        line = next(line for line in lines if line.split()[0] == picture.name)
        parts = (picture.kind, picture.title, picture.author, picture.licence)
        assert all(part in line for part in (*parts, f"{picture.width} x {picture.height}"))


# --- doctor --------------------------------------------------------------------------------------


def good() -> doctor.Check:
    return doctor.Check(True, "good")


def explode() -> doctor.Check:
    raise RuntimeError("no idea")


@pytest.mark.parametrize(
    ("check", "line", "code"),
    [
        (good, "OK   good", 0),
        (lambda: doctor.Check(None, "not here", "do this"), "NOTE not here -> do this", 0),
        (lambda: doctor.Check(False, "broken", "do that"), "FAIL broken -> do that", 1),
        (explode, "FAIL explode: RuntimeError: no idea -> mend what fails above", 1),
    ],
)
def test_doctor_prints_a_line_a_check(run, monkeypatch, check, line, code):
    monkeypatch.setattr(doctor, "checks", lambda: [good, check])
    found, out, err = run("doctor")
    lines = out.splitlines()
    assert (found, err) == (code, "") and lines[:2] == ["OK   good", line] and len(lines) == 3
    assert lines[2] == ("1 to mend, see FAIL above." if code else "All is well.")


def test_doctor_looks_at_this_machine(run):
    code, out, err = run("doctor")
    for what in ("Python 3.", "numpy ", "tensorflow ", "Keras computes on", "memory: ", "pictures"):
        assert re.search(rf"^(OK  |FAIL|NOTE) .*{re.escape(what)}", out, re.MULTILINE), what
    assert code == int("FAIL" in out) and err == "" and not Path("out").exists()


def test_python_has_to_be_one_that_is_tested(monkeypatch):
    for version, ok in [((3, 9), False), ((3, 10), True), ((3, 13), True), ((3, 14), False)]:
        monkeypatch.setattr(doctor, "sys", SimpleNamespace(version_info=(*version, 0)))
        assert doctor.python().ok is ok and bool(doctor.python().mend) is not ok


@pytest.mark.parametrize(
    ("version", "ok"), [("2.17.1", False), ("2.18.0", True), ("2.18.0rc1", True), ("2.9", False)]
)
def test_packages_are_compared_as_numbers(monkeypatch, version, ok):
    monkeypatch.setattr(doctor.importlib.metadata, "version", lambda name: version)
    found = doctor.package("tensorflow", "2.18")
    assert found.ok is ok and found.what == f"tensorflow {version}"
    assert found.mend == ("" if ok else 'pip install "tensorflow>=2.18"')


def test_a_missing_package_comes_with_its_mend():
    found = doctor.package("no-such-package-here", "1.0")
    assert found == (False, found.what, 'pip install "no-such-package-here>=1.0"')
    assert "is not installed" in found.what


def test_needed_packages_come_from_the_requirements():
    needed = doctor.needed_packages()
    assert needed["numpy"] == "2.0" and {"tensorflow", "keras", "pillow", "psutil"} <= set(needed)


def test_weights_that_are_not_here_yet_are_a_note(monkeypatch, tmp_path):
    for name in ("NSTLIB_CACHE", "KERAS_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.delenv("NSTLIB_VGG19", raising=False)
    found = doctor.weights()
    assert found.ok is None and "first use" in found.what
    assert found.mend == "python -m nstlib weights" and not list(tmp_path.iterdir())
    monkeypatch.setenv("NSTLIB_VGG19", "nowhere.h5")
    assert doctor.weights().ok is False and "nowhere.h5" in doctor.weights().what


def test_pictures_that_are_changed_or_missing(monkeypatch, tmp_path):
    from nstlib.images import bundled as data

    assert doctor.pictures().ok is True
    bundled = data.data_folder() / "images"
    (tmp_path / "images/content").mkdir(parents=True)
    (tmp_path / "images/manifest.json").write_bytes((bundled / "manifest.json").read_bytes())
    monkeypatch.setenv("NSTLIB_DATA", str(tmp_path))
    found = doctor.pictures()
    assert found.ok is None and found.what.endswith("pictures are fetched when they are used")
    (tmp_path / "images/content/cat.jpg").write_bytes(b"another cat")
    found = doctor.pictures()
    assert found.ok is False and found.what == "pictures changed: cat"


def test_folders_are_looked_at_without_being_made(monkeypatch, tmp_path):
    monkeypatch.setenv("NST_OUT", str(tmp_path / "a/b"))
    assert doctor.output_folder().ok and not (tmp_path / "a").exists()
    usage = SimpleNamespace(free=1e6)
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda path: usage)
    found = doctor.output_folder()
    assert found.ok is False and "has 1 MB left" in found.what and "NST_OUT" in found.mend
    (tmp_path / "a").write_text("in the way")
    assert "is a file" in doctor.output_folder().what


def test_too_little_memory_is_a_failure(monkeypatch):
    from nstlib import machine as runtime

    monkeypatch.setattr(runtime, "available_memory", lambda: 10**9)
    found = doctor.memory()
    assert found.ok is False and "memory: 1.0 GB free" in found.what and "--size" in found.mend


def test_a_backend_that_does_not_start_is_a_failure(monkeypatch):
    from nstlib import machine as runtime

    def fail():
        raise ImportError("DLL load failed")

    monkeypatch.setattr(runtime, "backend_name", fail)
    assert doctor.backend().ok is False and "DLL load failed" in doctor.backend().what


# --- Steering ------------------------------------------------------------------------------------


@pytest.fixture
def mask(tmp_path) -> Path:
    """The left half, as the transparency of a PNG of another size than the photo's."""
    pixels = np.full((30, 48, 4), 255, np.uint8)
    pixels[:, 24:, 3] = 0
    path = tmp_path / "my mask.png"
    Image.fromarray(pixels).save(path)
    return path


def left_half(given) -> np.ndarray:
    _, height, width, _ = given["content"].shape
    return np.broadcast_to(np.arange(width)[None, None, :, None] < width / 2, (1, height, width, 1))


def test_steering_reaches_the_painting(run, painted, photo, mask):
    code, _, err = run(
        *("stylize", photo, "starry_night", "-o", "a.png", "--size", 64, "--mask", mask),
        *("--styles", "brick", "--style-weights", 1, 3, "--style-size", 0.5),
        *("--histogram-weight", 2, "--pooling", "average", "--padding", "zero"),
        *("--style-layers", "conv1_1", "conv3_1=0.5", "--content-layers", "block3_conv2"),
    )
    recipe = painted["recipe"]
    assert code == 0 and "mask my mask.png has 48 x 30 pixels" in err
    assert list(painted["style"]) == ["starry_night", "brick"]
    assert painted["style_weights"] == [1.0, 3.0] and painted["style_scale"] == 0.5
    assert max(painted["style"]["brick"].shape[1:3]) > 64  # whole: it is shrunk to half of 64
    np.testing.assert_allclose(painted["masks"][0], left_half(painted), atol=0.6)
    np.testing.assert_allclose(sum(painted["masks"]), 1, atol=1e-6)
    assert (recipe.histogram_weight, recipe.pooling, recipe.padding) == (2.0, "average", "zero")
    assert recipe.style_layers == {"block1_conv1": 1.0, "block3_conv1": 0.5}
    assert recipe.content_layers == {"block3_conv2": 1.0}


def test_without_steering_nothing_is_passed_on(run, painted, photo):
    assert run("stylize", photo, "brick", "-o", "a.png", *QUICK)[0] == 0
    assert not {"style_weights", "masks", "style_scale"} & set(painted)
    assert painted["style"].shape[-1] == 3


def test_automatic_masks(run, painted):
    arguments = ["stylize", "great_wall", "brick", "-o", "a.png", "--size", 128, "--overwrite"]
    assert run(*arguments, "--mask", "sky", "--feather", 2)[0] == 0
    (sky,) = painted["masks"]
    assert sky[:, :20].mean() > 0.8 and sky[:, -40:].mean() < 0.01
    assert run(*arguments, "--styles", "grass", "--mask", "rest", "subject")[0] == 0
    rest, subject = painted["masks"]
    np.testing.assert_allclose(rest + subject, 1, atol=1e-6)
    code, _, err = run("stylize", "cat", "brick", "-o", "b.png", *QUICK, "--mask", "sky")
    assert code == 1 and "No sky was found" in err


def test_colors_of_the_photo(run, painted, mask):
    content = ["stylize", "coffee", "starry_night", "-o", "a.png", *QUICK, "--overwrite"]
    assert run(*content)[0] == 0
    plain, photo = painted["style"], painted["content"]
    kept = {}
    for way in ("match", "histogram", "luminance"):
        assert run(*content, "--color", way)[0] == 0
        kept[way] = painted["style"]
    for way in ("match", "histogram"):
        np.testing.assert_allclose(kept[way].mean((1, 2)), photo.mean((1, 2)), atol=0.03)
    np.testing.assert_array_equal(kept["luminance"], plain)  # this one comes after the painting
    np.testing.assert_allclose(images.load_image("a.png"), photo, atol=0.01)  # of a stand-in: done
    assert run(*content, "--color", "match", "--mask", mask)[0] == 0
    left = photo[:, :, :32].mean((1, 2))
    np.testing.assert_allclose(painted["style"].mean((1, 2)), left, atol=0.03)


def test_a_gray_style_is_matched_with_a_note(run, painted):
    code, _, err = run("stylize", "cat", "brick", "-o", "a.png", *QUICK, "--color", "match")
    assert code == 0 and "note: The picture's colours vary along 1 of 3 axes" in err
    assert np.isfinite(painted["style"]).all()


TWO = ["--styles", "grass"]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--style-weights", 1, 2], 2, "--style-weights gives 2 for 1 paintings"),
        ([*TWO, "--style-weights", 1], 2, "--style-weights gives 1 for 2 paintings"),
        ([*TWO, "--style-weights", 0, 0], 2, "--style-weights are all 0"),
        ([*TWO, "--mask", "a", "b", "c"], 2, "--mask gives 3 for 2 paintings"),
        (["--mask", "rest"], 2, "--mask rest is what other masks leave"),
        (["--feather", 3], 2, "--feather softens masks"),
        (["--style-size", 0], 2, "--style-size: '0' is not allowed; give a number, from 0.05 to"),
        (["--style-layers", "conv1_1=x"], 2, "'conv1_1=x' is not allowed; write block4_conv2"),
        (["--style-layers", "conv9_1"], 2, "VGG19 has no layer 'conv9_1'"),
        (["--color", "red"], 2, "invalid choice: 'red'"),
        (["--mask", "sbject"], 1, "no mask sbject. Did you mean 'subject'?"),
        (["--styles", "gras"], 1, "'gras'"),
        (["--engine", "fast", "--mask", "sky"], 2, "--mask is for --engine gatys only"),
        (["--engine", "fast", *TWO], 2, "--styles is for --engine gatys only"),
        (["--engine", "fast", "--color", "match"], 2, "--color is for --engine gatys only"),
        (["--engine", "fast", "--pooling", "max"], 2, "--pooling is for --engine gatys only"),
    ],
)
def test_wrong_steering_is_found_before_painting(run, never_painted, arguments, code, message):
    found, out, err = run("stylize", "cat", "brick", "-o", "a.png", "--size", 64, *arguments)
    assert (found, out) == (code, "") and message in err and not Path("a.png").exists()


def test_an_empty_mask_names_its_painting(run):
    Image.new("L", (64, 43)).save("black.png")
    code, _, err = run("stylize", "cat", "brick", "-o", "a.png", *QUICK, "--mask", "black.png")
    assert code == 1 and "The mask of style is 0 everywhere" in err
    more = ["--styles", "grass", "--mask", "black.png"]
    code, _, err = run("stylize", "cat", "brick", "-o", "a.png", *QUICK, *more)
    assert code == 1 and "The mask of brick is 0 everywhere" in err


def test_a_mask_is_never_written_over(run, mask, never_painted):
    before = mask.read_bytes()
    code, _, err = run("stylize", "cat", "brick", "-o", mask, "--mask", mask, "--overwrite")
    assert code == 1 and "is one of the pictures that are read" in err
    assert mask.read_bytes() == before


def test_steered_from_the_command_line_to_a_picture(run, photo, mask):
    code, _, err = run(
        *("stylize", photo, "brick", "-o", "a.png", *QUICK, "--mask", mask),
        *("--color", "luminance", "--histogram-weight", 1),
    )
    assert code == 0 and "RANDOM" in err
    painted, original = images.load_image("a.png"), images.load_image(photo, 64)
    assert np.abs(painted - original)[:, :, :30].mean() > 0.01
    np.testing.assert_allclose(painted[:, :, 34:], original[:, :, 34:], atol=0.02)


# --- The fast engine, and training ----------------------------------------------------------------


@pytest.fixture
def network(tmp_path) -> Path:
    """An untrained network of two styles in a file."""
    from nstlib.networks.files import PaintingNetwork, build_network, save_network

    trained = PaintingNetwork("light", ("dots", "waves"), build_network("light", 2))
    return save_network(trained, tmp_path / "network.npz")


def test_the_fast_engine_paints_in_one_pass(run, photo, network):
    fast = ["--engine", "fast", "--network", network]
    code, out, _ = run("stylize", photo, "dots", "-o", "out.png", *fast)
    assert code == 0 and re.search(r"Painted out.png: 96 x 60 pixels in \d", out)
    assert images.load_image("out.png").shape == (1, 60, 96, 3)
    code, _, _ = run("stylize", photo, "dots=1,waves=3", "-o", "mix.png", "--strength", 0.5, *fast)
    assert code == 0 and Path("mix.png").exists()


@pytest.mark.parametrize(
    ("style", "more", "code", "message"),
    [
        ("dotts", [], 1, "Did you mean 'dots'"),
        ("dots=a", [], 1, "no mix of styles"),
        ("dots", ["--steps", "3"], 2, "--steps is for --engine gatys only"),
        ("dots", ["--strength", "2"], 2, "from 0 to 1"),
    ],
)
def test_the_fast_engine_says_what_is_wrong(run, photo, network, style, more, code, message):
    fast = ["--engine", "fast", "--network", network, *more]
    found, _, err = run("stylize", photo, style, "-o", "out.png", *fast)
    assert found == code and message in err and not Path("out.png").exists()


@pytest.mark.random_weights
def test_train_from_the_command_line_then_paint_and_add_a_style(run, photo, tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(10):
        pixels = np.random.default_rng(number).integers(0, 256, (50, 50, 3), np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    tiny = ["--content", folder, "--steps", 2, "--every", 1, "--batch", 1, "--crop", 64]
    tiny += ["--style-size", 64, "--weights", "random", "--preview", photo]
    code, out, _ = run("train", "styles", "--style", "poppies", photo, "-o", "two", *tiny)
    assert code == 0 and "poppies, my photo" in out
    card = Path("two/card.md").read_text(encoding="utf-8")
    assert "block3_conv2" in card and "| step |" in card and "10 files" in card
    more = ["--add-to", "two/network.npz", "-o", "three"]
    code, out, _ = run("train", "styles", "--style", "great_wave", *more, *tiny)
    assert code == 0
    on = ["--go-on-from", "two/network.npz", "-o", "further", *tiny]
    code, out, _ = run("train", "styles", "--style", "poppies", photo, *on)
    assert code == 0 and "poppies, my photo" in out
    code, _, err = run("train", "styles", "--style", "poppies", *on)
    assert code == 1 and "knows the styles poppies, my photo" in err
    fast = ["--engine", "fast", "--network", "three/network.npz"]
    code, *_ = run("stylize", photo, "great_wave", "-o", "out.png", *fast)
    assert code == 0 and Path("out.png").exists()


def test_train_refuses_what_cannot_work(run, photo, tmp_path):
    (tmp_path / "empty").mkdir()
    basis = ["train", "transform", "--content", "empty", "-o", "out"]
    code, _, err = run(*basis, "--style", "poppies", "great_wave")
    assert code == 1 and "learns one style" in err
    code, _, err = run(*basis, "--style", photo, photo)
    assert code == 1 and "Two styles have one name" in err
    code, _, err = run(*basis, "--style", "popies")
    assert code == 1 and "Did you mean 'poppies'" in err
