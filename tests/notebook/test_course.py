"""Greeting, budgets, the folder of pictures, and the checking of answers."""

import io
import platform
import random
import sys
import types
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from nstlib import __version__, backend
from nstlib.backend import ops
from nstlib.errors import InputError
from nstlib.gatys.photoreal import matting_laplacian
from nstlib.images.bundled import photo
from nstlib.notebook import course


def refuse(*_, **__):
    raise AssertionError("this must not be called")


# --- Hello ---------------------------------------------------------------------------------------


def test_hello_prints_one_line_that_says_where_we_are(capfd, monkeypatch):
    monkeypatch.setenv("NST_BUDGET", "ci")
    course.hello(7)
    out, err = capfd.readouterr()
    parts = out.removesuffix("\n").split(" · ")
    assert out.count("\n") == 1 and err == ""
    assert parts[:2] == [f"nstlib {__version__}", f"Python {platform.python_version()}"]
    assert parts[2].startswith("Keras ") and f" on {backend.backend_name()} " in parts[2]
    assert parts[3:] == [backend.device(), "budget ci", "seed 7"]


def test_hello_seeds_python_and_numpy(capsys):
    def draw():
        course.hello(3)
        return random.random(), np.random.rand()

    assert draw() == draw()


@pytest.mark.parametrize("seed", [-1, 2**32, None])
def test_hello_refuses_a_seed_that_numpy_would_refuse(seed):
    with pytest.raises(InputError, match=f"seed is {seed}; it must be a whole number from 0 to 4"):
        course.hello(seed)


def test_figures_become_jpeg_only_under_ipython(monkeypatch):
    chosen = []
    backend = types.ModuleType("matplotlib_inline.backend_inline")
    backend.set_matplotlib_formats = lambda *formats, **options: chosen.extend(formats)
    monkeypatch.setitem(sys.modules, "matplotlib_inline.backend_inline", backend)
    ipython = types.ModuleType("IPython")
    monkeypatch.setitem(sys.modules, "IPython", ipython)

    ipython.get_ipython = lambda: None  # IPython is imported, but nobody sits in front of it
    course._figures_as_jpeg()
    assert chosen == []
    kept, jpeg = {}, types.SimpleNamespace(for_type=lambda kind, draw: kept.update({kind: draw}))
    formatter = types.SimpleNamespace(formatters={"image/jpeg": jpeg})
    ipython.get_ipython = lambda: types.SimpleNamespace(display_formatter=formatter)
    course._figures_as_jpeg()
    assert chosen == ["jpeg"] and kept == {Figure: course.figure_as_jpeg}


def test_a_figure_is_stored_with_twice_its_pixels_on_the_page():
    figure = Figure(figsize=(3, 2), dpi=50)
    figure.add_subplot().plot([1, 2])
    content, size = course.figure_as_jpeg(figure)
    with Image.open(io.BytesIO(content)) as stored:
        assert stored.format == "JPEG"
        assert [side // 2 for side in stored.size] == [size["width"], size["height"]]
        assert abs(size["width"] - 150) < 20


# --- Budget --------------------------------------------------------------------------------------


def test_budget_is_chosen_by_the_environment(monkeypatch):
    monkeypatch.setattr(course, "has_gpu", refuse)  # a set budget does not wait for the backend
    for name in ("ci", "laptop", "gpu", " GPU "):
        monkeypatch.setenv("NST_BUDGET", name)
        assert course.budget(ci="ci", laptop="laptop", gpu="gpu") == name.strip().lower()


@pytest.mark.parametrize(("gpu", "expected"), [(True, (512, 400)), (False, (256, 150))])
def test_budget_looks_for_a_gpu_when_nothing_is_set(monkeypatch, gpu, expected):
    monkeypatch.delenv("NST_BUDGET", raising=False)
    monkeypatch.setattr(course, "has_gpu", lambda: gpu)
    assert course.budget(ci=(64, 2), laptop=(256, 150), gpu=(512, 400)) == expected


def test_a_wrong_budget_is_named_with_the_nearest(monkeypatch):
    monkeypatch.setenv("NST_BUDGET", "labtop")
    with pytest.raises(InputError, match="'labtop'. Did you mean 'laptop'\\? It can be 'ci', 'la"):
        course.budget_name()


# --- Folder --------------------------------------------------------------------------------------


def test_output_folder_is_made_where_it_is_asked_for(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NST_OUT", raising=False)
    assert course.output_folder() == Path("out") and (tmp_path / "out").is_dir()
    named = tmp_path / "my pictures 画" / "deep"
    monkeypatch.setenv("NST_OUT", str(named))
    assert course.output_folder() == named and named.is_dir() and not list(named.iterdir())


def test_output_folder_goes_elsewhere_when_this_place_is_closed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NST_OUT", raising=False)
    monkeypatch.setattr(course.tempfile, "gettempdir", lambda: str(tmp_path / "tmp"))
    Path("tmp").mkdir()
    Path("out").write_text("in the way")
    with pytest.warns(UserWarning, match="because 'out' is, or is in, a file"):
        folder = course.output_folder()
    assert folder == tmp_path / "tmp/nstlib-out" and folder.is_dir()
    monkeypatch.setenv("NST_OUT", "out")
    with pytest.raises(InputError, match="NST_OUT is 'out', which is, or is in, a file"):
        course.output_folder()


# --- Check ---------------------------------------------------------------------------------------

SAME = {
    "numbers": (0.1 + 0.2, 0.3),
    "within the relative tolerance": (1_000_010.0, 1_000_000.0),
    "bool": (np.True_, True),
    "string": ("block4_conv2", "block4_conv2"),
    "array of another type": (np.ones((2, 3), np.float32), np.ones((2, 3))),
    "list and array": ([1, 2, 3], np.array([1, 2, 3])),
    "list and tuple": ([1, "a"], (1, "a")),
    "nested": ({"a": [np.zeros(3), 1]}, {"a": [np.zeros(3), 1.0]}),
    "empty": (np.zeros((0, 3)), np.zeros((0, 3))),
    "set": ({1, 2}, {2, 1}),
}
OTHER = {
    "none": (None, 1, "nothing given"),
    "dots": (..., np.ones(3), "nothing given"),
    "dots inside": ([1, ...], [1, 2], "at 1, nothing given"),
    "number": (1.5, 1.0, "the largest difference is 0.5"),
    "shape": (np.ones((2, 3)), np.ones((3, 2)), r"the shape is (2, 3), expected (3, 2)"),
    "not a number": (np.nan, 1.0, "the largest difference is nan"),
    "string": ("conv", "block", "'conv' is not the answer"),
    "string for a number": ("1", 1, "'1' is not the answer"),
    "length": ([1, 2], [1, 2, 3], "the entries are [0, 1], expected [0, 1, 2]"),
    "keys": ({"a": 1}, {"b": 1}, "the entries are ['a'], expected ['b']"),
    "value of a key": ({"a": 1, "b": 2}, {"a": 1, "b": 3}, "at 'b', the largest difference is 1"),
    "a function": (len, 3, "is not the answer"),
    "ragged": ([[1], [1, 2]], np.ones((2, 2)), "a list cannot be compared"),
}


@pytest.mark.parametrize(("yours", "reference"), SAME.values(), ids=SAME)
def test_check_says_yes(capsys, yours, reference):
    assert course.check(yours, reference) is True
    assert capsys.readouterr().out == "yes\n"


@pytest.mark.parametrize(("yours", "reference", "reason"), OTHER.values(), ids=OTHER)
def test_check_says_not_yet_and_why(capsys, yours, reference, reason):
    assert course.check(yours, reference) is False
    out = capsys.readouterr().out
    assert out.startswith("not yet: ") and reason in out and out.count("\n") == 1


def test_check_takes_tensors_and_a_tolerance(capsys):
    tensor = ops.convert_to_tensor([1.0, 2.0])
    assert course.check(tensor, [1.0, 2.0]) and course.check(np.array([1, 2]), tensor)
    assert not course.check(tensor, [1.0, 2.1])
    assert course.check(tensor, np.array([1.0, 2.1]), tolerance=0.1)
    assert course.check(ops.cast(tensor, "bfloat16"), [1.0, 2.0])


def test_check_never_raises(capsys):
    class Broken:
        def __array__(self, *_, **__):
            raise RuntimeError("no array here")

    assert course.check(Broken(), 1) is False
    assert "no array here" in capsys.readouterr().out


# --- Answers that the course keeps ---------------------------------------------------------------


def test_a_kept_answer_is_checked_whatever_its_capitals(capsys):
    assert course.check("00.predict", "Photo ")
    assert not course.check("00.predict", "painting")
    said = capsys.readouterr().out
    assert "'painting' is not the answer" in said and "A hint: with a style weight of 0" in said


RIGHT = {
    "03.build": np.einsum(
        "hwc,hwd->cd", *(np.arange(60.0).reshape(3, 5, 4)[:, a:b] % 7 for a, b in ((0, 3), (2, 5)))
    )
    / 9,
    "03.predict": ["mirrored", "upside down", "shuffled"],
    "04.build": 0.480112,
    "04.change": "Photo",
    "04.predict": 0.04,
}


def test_kept_answers_of_chapters_3_and_4(capsys):
    for name, right in RIGHT.items():
        assert course.check(name, right), name
        wrong = right[::-1] if isinstance(right, list | str) else 0.9 * right
        assert not course.check(name, wrong), name


@pytest.mark.parametrize(("given", "said"), [(..., "nothing given, write your"), (7, "write one")])
def test_an_answer_of_another_kind_is_told_what_is_asked_for(given, said, capsys):
    assert not course.check("00.predict", given)
    assert said in capsys.readouterr().out


@pytest.mark.parametrize(
    ("exercise", "right", "wrong"),
    [
        (
            "01.predict",
            [0.58, 0.5],
            ([0.42, 0.5], [0.5, 0.58], [0.66, 0.5], [0.54, 0.5], [0.08, 0]),
        ),
        (
            "02.predict",
            [(1, 37, 50, 512), 84],
            ([(1, 38, 50, 512), 84], [(1, 37, 50, 512), 42], [(1, 50, 37, 512), 84], [37, 84]),
        ),
        ("02.change", [140, 196], ([196, 140], [126, 196], [140, 98])),
    ],
)
def test_a_right_answer_is_right_and_a_near_one_is_not(exercise, right, wrong, capsys):
    assert course.check(exercise, right)
    assert not any(course.check(exercise, answer) for answer in wrong)


def test_the_gradient_of_chapter_7_has_to_be_exact(capsys):
    """A tenth too little, twice too much, or the brightness' own slope in each channel: not yet."""
    small, shares = photo("golden_temple", 48), np.array([0.299, 0.587, 0.114])
    slope = matting_laplacian(small) @ ((small**2).reshape(-1, 3).astype("float64") @ shares)
    right = (2 * 100 / len(slope) * slope[:, None] * shares).reshape(small.shape)
    assert course.check("07.change", right.astype("float32"))
    per_channel = np.repeat(2 * 100 / len(slope) * slope[:, None], 3, axis=1).reshape(small.shape)
    for wrong in (0.9 * right, 2 * right, -right, per_channel, per_channel / 3):
        assert not course.check("07.change", wrong)


def test_the_row_of_chapter_7_counts_the_pixel_itself(capsys):
    assert course.check("07.predict", [25, 81])
    for wrong in ([9, 25], [24, 80], [25, 49]):
        assert not course.check("07.predict", wrong)
