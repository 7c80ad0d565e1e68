"""The light part of the machine: progress, memory, cores, and a quiet error stream."""

import json
import os
import re
import types
from pathlib import Path

import psutil
import pytest

from nstlib import machine

GB = 10**9


def test_cores_are_those_of_this_process():
    assert 1 <= machine.cores() <= os.cpu_count()


def test_chatter_is_held_back_but_shown_after_an_error(capfd, monkeypatch):
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "3")
    with machine.held_back():
        os.write(2, b"I0000 00:00 chatter\n")
    assert capfd.readouterr().err == ""
    with pytest.raises(ImportError), machine.held_back():
        os.write(2, b"a library is missing\n")
        raise ImportError
    assert capfd.readouterr().err == "a library is missing\n"
    with pytest.raises(ImportError), machine.held_back(show_after_error=False):
        os.write(2, b"a library is missing\n")
        raise ImportError
    os.write(2, b"open again\n")
    assert capfd.readouterr().err == "open again\n"
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "0")
    with machine.held_back():
        os.write(2, b"wanted\n")
    assert capfd.readouterr().err == "wanted\n"


def test_progress_passes_everything_on_and_can_be_silenced(monkeypatch, capsys):
    monkeypatch.setenv("NST_PROGRESS", "0")
    assert list(machine.progress(range(3))) == [0, 1, 2]
    assert capsys.readouterr().err == ""
    monkeypatch.delenv("NST_PROGRESS")
    with machine.progress(total=2, desc="painting") as bar:
        bar.update(1)
    assert "painting" in capsys.readouterr().err


# --- Memory --------------------------------------------------------------------------------------


@pytest.fixture
def groups(tmp_path, monkeypatch):
    """A machine with 8 GB free and control groups that a test writes in the returned folder."""
    monkeypatch.setattr(psutil, "virtual_memory", lambda: types.SimpleNamespace(available=8 * GB))
    monkeypatch.setattr(machine, "CGROUPS", tmp_path)
    monkeypatch.setattr(machine, "OWN_CGROUP", tmp_path / "own")
    return tmp_path


def write_group(folder: Path, **contents) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (folder / name.replace("__", ".")).write_text(f"{content}\n")


def test_memory_is_the_machines_where_there_are_no_control_groups(groups):
    assert machine.available_memory() == 8 * GB


def test_memory_limit_of_a_container(groups):
    write_group(groups, own="0::/")
    stat = f"anon 1\ninactive_file {GB}\nactive_file 5"
    write_group(groups, memory__max=4 * GB, memory__current=3 * GB, memory__stat=stat)
    assert machine.available_memory() == 2 * GB
    write_group(groups, memory__max="max")
    assert machine.available_memory() == 8 * GB


def test_memory_limit_of_a_group_above_counts_too(groups):
    write_group(groups, own="0::/user/session")
    usage = {"memory__current": GB, "memory__stat": "anon 1"}
    write_group(groups / "user/session", memory__max="max", **usage)
    write_group(groups / "user", memory__max=3 * GB, **usage)
    assert machine.available_memory() == 2 * GB


def test_memory_is_never_negative(groups):
    write_group(groups, own="0::/")
    write_group(groups, memory__max=GB, memory__current=2 * GB, memory__stat="anon 1")
    assert machine.available_memory() == 0


def test_memory_of_this_machine_is_plausible():
    assert 2**20 < machine.available_memory() < 2**50


# --- What it tells Keras --------------------------------------------------------------------------

THERE = {"floatx": "float16", "epsilon": 0.01, "image_data_format": "channels_first"}


@pytest.fixture
def settings_file(tmp_path, monkeypatch):
    """A function that writes Keras' file of settings, a line for each."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    path = tmp_path / "keras.json"
    return lambda settings: path.write_text(
        settings if isinstance(settings, str) else json.dumps(settings, indent=1)
    )


@pytest.mark.parametrize(
    ("settings", "what", "mend"),
    [
        (THERE, None, None),  # odd, and Keras takes it
        ("no JSON", None, None),
        (THERE | {"backend": "tensorflow"}, None, None),
        (THERE | {"backend": "theano"}, "backend is 'theano' in line 5 of .*not know", '"tensorfl'),
        (THERE | {"backend": "jax"}, "'jax' in line 5 of .*not installed", "install jax, or write"),
        (THERE | {"floatx": "bfloat16"}, "floatx is 'bfloat16' in line 2 of .*", '"float32" there'),
        (THERE | {"epsilon": 1}, "epsilon is 1 in line 3 of .*", "1e-07"),
        (THERE | {"image_data_format": "th"}, "'th' in line 4 of .*", '"channels_last" there'),
        ("[1]", "keras.json holds no settings by name", "delete it"),
    ],
)
def test_a_setting_that_stops_keras_is_named_with_its_line(
    settings_file, monkeypatch, settings, what, mend
):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    settings_file(settings)
    problem = machine.keras_problem()
    if what is None:
        assert problem is None
        return
    assert re.search(what, problem[0]) and mend in problem[1]


def test_the_variable_is_named_where_it_decides(settings_file, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    settings_file({"backend": "theano"})
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    what, mend = machine.keras_problem()
    assert what == "KERAS_BACKEND is 'torch', which is not installed"
    assert mend == "pip install torch, or unset KERAS_BACKEND"
    monkeypatch.setenv("KERAS_BACKEND", "cntk")
    assert machine.keras_problem()[0].startswith("KERAS_BACKEND is 'cntk', which Keras does not")
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    assert machine.keras_problem() is None


def test_keras_home_is_where_keras_looks(monkeypatch, tmp_path):
    from keras.src.backend.config import keras_home

    assert machine.keras_home() == Path(keras_home())
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    assert machine.keras_home() == tmp_path
