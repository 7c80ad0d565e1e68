"""Greeting, budgets, progress, folders, memory and the checking of answers."""

import platform
import random
import sys
import types
from pathlib import Path

import numpy as np
import pytest

from nstlib import __version__, machine as runtime
from nstlib.errors import InputError

GB = 10**9


def refuse(*_, **__):
    raise AssertionError("this must not be called")


# --- hello ---------------------------------------------------------------------------------------


def test_hello_prints_one_line_that_says_where_we_are(capfd, monkeypatch):
    monkeypatch.setenv("NST_BUDGET", "ci")
    runtime.hello(7)
    out, err = capfd.readouterr()
    parts = out.removesuffix("\n").split(" · ")
    assert out.count("\n") == 1 and err == ""
    assert parts[:2] == [f"nstlib {__version__}", f"Python {platform.python_version()}"]
    assert parts[2].startswith("Keras ") and f" on {runtime.backend_name()} " in parts[2]
    assert parts[3:] == [runtime.device(), "budget ci", "seed 7"]


def test_hello_seeds_python_and_numpy(capsys):
    def draw():
        runtime.hello(3)
        return random.random(), np.random.rand()

    assert draw() == draw()


@pytest.mark.parametrize("seed", [-1, 2**32, 1.5, "zero", None])
def test_hello_refuses_a_seed_that_numpy_would_refuse(seed):
    with pytest.raises(InputError, match="whole number from 0 to 4294967295"):
        runtime.hello(seed)


def test_figures_become_jpeg_only_under_ipython(monkeypatch):
    chosen = []
    backend = types.ModuleType("matplotlib_inline.backend_inline")
    backend.set_matplotlib_formats = lambda *formats, **options: chosen.extend(formats)
    monkeypatch.setitem(sys.modules, "matplotlib_inline.backend_inline", backend)
    ipython = types.ModuleType("IPython")
    monkeypatch.setitem(sys.modules, "IPython", ipython)

    ipython.get_ipython = lambda: None  # IPython is imported, but nobody sits in front of it
    runtime._figures_as_jpeg()
    assert chosen == []
    ipython.get_ipython = lambda: object()
    runtime._figures_as_jpeg()
    assert chosen == ["jpeg"]


def test_log_quietly_keeps_what_the_reader_has_set(monkeypatch):
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "0")
    runtime.log_quietly()
    assert runtime.os.environ["TF_CPP_MIN_LOG_LEVEL"] == "0"
    monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL")
    runtime.log_quietly()
    assert runtime.os.environ["TF_CPP_MIN_LOG_LEVEL"] == "3"


def test_chatter_is_held_back_but_shown_after_an_error(capfd, monkeypatch):
    monkeypatch.delitem(sys.modules, "tensorflow", raising=False)
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "3")
    with runtime._held_back_chatter():
        runtime.os.write(2, b"I0000 00:00 chatter\n")
    assert capfd.readouterr().err == ""
    with pytest.raises(ImportError), runtime._held_back_chatter():
        runtime.os.write(2, b"a library is missing\n")
        raise ImportError
    assert capfd.readouterr().err == "a library is missing\n"
    runtime.os.write(2, b"open again\n")
    assert capfd.readouterr().err == "open again\n"


# --- device and budget ---------------------------------------------------------------------------


def test_device_names_the_cores_or_the_accelerator(monkeypatch):
    monkeypatch.setattr(runtime, "_accelerator", lambda backend: "")
    monkeypatch.setattr(runtime, "_cores", lambda: 1)
    assert runtime.device() == "CPU, 1 core" and not runtime.has_gpu()
    monkeypatch.setattr(runtime, "_cores", lambda: 8)
    assert runtime.device() == "CPU, 8 cores"
    monkeypatch.setattr(runtime, "_accelerator", lambda backend: "GPU NVIDIA T4")
    assert runtime.device() == "GPU NVIDIA T4" and runtime.has_gpu()


@pytest.mark.parametrize("backend", ["tensorflow", "jax", "torch"])
def test_every_backend_can_be_asked_for_its_gpu(backend):
    pytest.importorskip(backend)
    found = runtime._accelerator(backend)
    assert found == "" or found.split()[0] in ("GPU", "TPU")


def test_budget_is_chosen_by_the_environment(monkeypatch):
    monkeypatch.setattr(runtime, "has_gpu", refuse)  # a set budget does not wait for the backend
    for name in ("ci", "laptop", "gpu", " GPU "):
        monkeypatch.setenv("NST_BUDGET", name)
        assert runtime.budget(ci="ci", laptop="laptop", gpu="gpu") == name.strip().lower()


@pytest.mark.parametrize(("gpu", "expected"), [(True, (512, 400)), (False, (256, 150))])
def test_budget_looks_for_a_gpu_when_nothing_is_set(monkeypatch, gpu, expected):
    monkeypatch.delenv("NST_BUDGET", raising=False)
    monkeypatch.setattr(runtime, "has_gpu", lambda: gpu)
    assert runtime.budget(ci=(64, 2), laptop=(256, 150), gpu=(512, 400)) == expected


def test_a_wrong_budget_is_named_with_the_nearest(monkeypatch):
    monkeypatch.setenv("NST_BUDGET", "labtop")
    with pytest.raises(InputError, match="'labtop'. Did you mean 'laptop'\\? Allowed: ci, laptop"):
        runtime.budget_name()


# --- progress and folders ------------------------------------------------------------------------


def test_progress_passes_everything_on_and_can_be_silenced(monkeypatch, capsys):
    monkeypatch.setenv("NST_PROGRESS", "0")
    assert list(runtime.progress(range(3))) == [0, 1, 2]
    assert capsys.readouterr().err == ""
    monkeypatch.delenv("NST_PROGRESS")
    with runtime.progress(total=2, desc="painting") as bar:
        bar.update(1)
    assert "painting" in capsys.readouterr().err


def test_output_folder_is_made_where_it_is_asked_for(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NST_OUT", raising=False)
    assert runtime.output_folder() == Path("out") and (tmp_path / "out").is_dir()
    named = tmp_path / "my pictures 画" / "deep"
    monkeypatch.setenv("NST_OUT", str(named))
    assert runtime.output_folder() == named and named.is_dir() and not list(named.iterdir())


def test_output_folder_goes_elsewhere_when_this_place_is_closed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NST_OUT", raising=False)
    monkeypatch.setattr(runtime.tempfile, "gettempdir", lambda: str(tmp_path / "tmp"))
    Path("tmp").mkdir()
    Path("out").write_text("in the way")
    with pytest.warns(UserWarning, match="because 'out' is a file"):
        folder = runtime.output_folder()
    assert folder == tmp_path / "tmp/nstlib-out" and folder.is_dir()
    monkeypatch.setenv("NST_OUT", "out")
    with pytest.raises(InputError, match="NST_OUT is 'out', which is a file, not a folder"):
        runtime.output_folder()


def test_a_read_only_folder_is_a_problem_in_words(tmp_path, monkeypatch):
    def refuse_to_write(**_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(runtime.tempfile, "TemporaryFile", refuse_to_write)  # root may write anyway
    assert runtime.write_problem(tmp_path) == "cannot be written to (Permission denied)"


# --- memory --------------------------------------------------------------------------------------


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine with 8 GB free and control groups that a test writes in the returned folder."""
    import psutil

    monkeypatch.setattr(psutil, "virtual_memory", lambda: types.SimpleNamespace(available=8 * GB))
    monkeypatch.setattr(runtime, "CGROUPS", tmp_path)
    monkeypatch.setattr(runtime, "OWN_CGROUP", tmp_path / "own")
    return tmp_path


def write_group(folder: Path, **contents) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (folder / name.replace("__", ".")).write_text(f"{content}\n")


def test_memory_is_the_machines_where_there_are_no_control_groups(machine):
    assert runtime.available_memory() == 8 * GB


def test_memory_limit_of_a_container_version_2(machine):
    write_group(machine, own="0::/")
    stat = f"anon 1\ninactive_file {GB}\nactive_file 5"
    write_group(machine, memory__max=4 * GB, memory__current=3 * GB, memory__stat=stat)
    assert runtime.available_memory() == 2 * GB
    write_group(machine, memory__max="max")
    assert runtime.available_memory() == 8 * GB


def test_memory_limit_of_a_group_above_counts_too(machine):
    write_group(machine, own="0::/user/session")
    usage = {"memory__current": GB, "memory__stat": "anon 1"}
    write_group(machine / "user/session", memory__max="max", **usage)
    write_group(machine / "user", memory__max=3 * GB, **usage)
    assert runtime.available_memory() == 2 * GB


def test_memory_limit_of_a_container_version_1(machine):
    write_group(machine, own="9:cpu:/\n4:memory,hugetlb:/docker/1\n0::/")
    write_group(
        machine / "memory/docker/1",
        memory__limit_in_bytes=5 * GB,
        memory__usage_in_bytes=2 * GB,
        memory__stat=f"inactive_file 7\ntotal_inactive_file {GB}",
    )
    assert runtime.available_memory() == 4 * GB


def test_memory_is_never_negative(machine):
    write_group(machine, own="0::/")
    write_group(machine, memory__max=GB, memory__current=2 * GB, memory__stat="anon 1")
    assert runtime.available_memory() == 0


def test_memory_of_this_machine_is_plausible():
    assert 2**20 < runtime.available_memory() < 2**50


# --- check ---------------------------------------------------------------------------------------

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
    assert runtime.check(yours, reference) is True
    assert capsys.readouterr().out == "yes\n"


@pytest.mark.parametrize(("yours", "reference", "reason"), OTHER.values(), ids=OTHER)
def test_check_says_not_yet_and_why(capsys, yours, reference, reason):
    assert runtime.check(yours, reference) is False
    out = capsys.readouterr().out
    assert out.startswith("not yet: ") and reason in out and out.count("\n") == 1


def test_check_takes_tensors_and_a_tolerance(capsys):
    keras = runtime.import_keras()
    tensor = keras.ops.convert_to_tensor([1.0, 2.0])
    assert runtime.check(tensor, [1.0, 2.0]) and runtime.check(np.array([1, 2]), tensor)
    assert not runtime.check(tensor, [1.0, 2.1])
    assert runtime.check(tensor, np.array([1.0, 2.1]), tolerance=0.1)


def test_check_never_raises(capsys):
    class Broken:
        def __array__(self, *_, **__):
            raise RuntimeError("no array here")

    assert runtime.check(Broken(), 1) is False
    assert "no array here" in capsys.readouterr().out
