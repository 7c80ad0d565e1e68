"""doctor: a line a check, and for each failure what mends it."""

import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from packaging.requirements import Requirement

from nstlib.cli import doctor

ABOVE = f"mend what fails above, or: {doctor.REINSTALL}"


def good() -> doctor.Check:
    return doctor.Check(True, "good")


def explode() -> doctor.Check:
    raise RuntimeError("no idea")


@pytest.mark.parametrize(
    ("check", "line", "code"),
    [
        (lambda: doctor.Check(None, "not here", "do this"), "NOTE not here -> do this", 0),
        (lambda: doctor.Check(False, "broken", "do that"), "FAIL broken -> do that", 1),
        (lambda: doctor.Check(True, "fine", "no mend"), "OK   fine", 0),
        (explode, f"FAIL explode: RuntimeError: no idea -> {ABOVE}", 1),
    ],
)
def test_a_line_a_check(run, monkeypatch, check, line, code):
    monkeypatch.setattr(doctor, "checks", lambda: [good, check])
    found, out, err = run("doctor")
    lines = out.splitlines()
    assert (found, err) == (code, "") and lines[:2] == ["OK   good", line] and len(lines) == 3
    assert lines[2] == ("1 to mend, see FAIL above." if code else "All is well.")


def test_this_machine(run):
    code, out, err = run("doctor")
    found = ("Python 3.", "numpy ", "tensorflow ", "Keras computes on", "memory: ", "weights: ")
    for what in (*found, "pictures and"):
        assert re.search(rf"^(OK  |FAIL|NOTE) .*{re.escape(what)}", out, re.MULTILINE), what
    assert code == int("FAIL" in out) and err == "" and not Path("out").exists()


def test_python_has_to_be_one_that_is_tested(monkeypatch):
    for version, ok in [((3, 9), False), ((3, 10), True), ((3, 13), True), ((3, 14), False)]:
        monkeypatch.setattr(doctor, "sys", SimpleNamespace(version_info=(*version, 0)))
        assert doctor.python().ok is ok and "3.10 to 3.13" in doctor.python().mend


@pytest.mark.parametrize(
    ("version", "ok"), [("2.17.1", False), ("2.18.0", True), ("2.19.0rc1", True), ("2.9", False)]
)
def test_packages_are_compared_as_numbers(monkeypatch, version, ok):
    monkeypatch.setattr("importlib.metadata.version", lambda name: version)
    found = doctor.package(Requirement("tensorflow>=2.18"))
    assert found.ok is ok and found.what == f"tensorflow {version}"
    assert found.mend == 'pip install "tensorflow>=2.18"'


def test_a_missing_package_comes_with_its_mend():
    found = doctor.package(Requirement("no-such-package-here>=1.0"))
    assert found == (False, found.what, 'pip install "no-such-package-here>=1.0"')
    assert "is not installed" in found.what


def test_needed_packages_come_from_the_requirements_without_extras(monkeypatch, tmp_path):
    needed = {one.name: str(one.specifier) for one in doctor.needed_packages()}
    assert needed["numpy"] == ">=2.0" and {"tensorflow", "keras", "jupyterlab"} <= set(needed)
    monkeypatch.setattr(doctor, "__file__", str(tmp_path / "site-packages/nstlib/cli/doctor.py"))
    lines = ["numpy>=2.0", 'dask>=2024.8; extra == "folders"']
    monkeypatch.setattr("importlib.metadata.requires", lambda name: lines)
    assert [one.name for one in doctor.needed_packages()] == ["numpy", "nstlib"]


def test_weights_that_are_not_there(monkeypatch):
    monkeypatch.setenv("NSTLIB_VGG19", "nowhere.h5")
    found = doctor.weights()
    assert found.ok is False and "nowhere.h5" in found.what and "NSTLIB_VGG19" in found.mend


def test_pictures_that_are_missing(monkeypatch, tmp_path):
    from nstlib.files import data_folder

    assert doctor.course_files().ok is True
    manifest = (data_folder() / "images/manifest.json").read_bytes()
    (tmp_path / "images").mkdir()
    (tmp_path / "images/manifest.json").write_bytes(manifest)
    monkeypatch.setenv("NSTLIB_DATA", str(tmp_path))
    found = doctor.course_files()
    assert found.ok is False and "cat.jpg" in found.what and "git checkout" in found.mend


def test_folders_are_looked_at_without_being_made(monkeypatch, tmp_path):
    monkeypatch.setenv("NST_OUT", str(tmp_path / "a/b"))
    assert doctor.output_folder().ok and not (tmp_path / "a").exists()
    usage = SimpleNamespace(free=1e6)
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda path: usage)
    found = doctor.output_folder()
    assert found.ok is False and "has 1 MB left" in found.what and "NST_OUT" in found.mend
    (tmp_path / "a").write_text("in the way")
    assert "in, a file" in doctor.output_folder().what


def test_too_little_memory_is_a_failure(monkeypatch):
    monkeypatch.setattr("nstlib.machine.available_memory", lambda: 10**9)
    found = doctor.memory()
    assert found.ok is False and "memory: 1.0 GB free" in found.what and "--size" in found.mend


def test_a_backend_that_does_not_start_is_a_failure(monkeypatch):
    def fail():
        raise ImportError("DLL load failed")

    monkeypatch.setattr("nstlib.backend.backend_name", fail)
    found = doctor.tried(doctor.backend)
    assert found.ok is False and "DLL load failed" in found.what and "reinstall" in found.mend


# --- Keras' settings ------------------------------------------------------------------------------


def test_settings_that_stop_keras_are_one_failure(run, monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "theano")
    code, out, _ = run("doctor")
    failures = [line for line in out.splitlines() if line.startswith("FAIL")]
    assert code == 1 and len(failures) == 1
    assert re.match("FAIL KERAS_BACKEND is 'theano', .* -> unset KERAS_BACKEND;", failures[0])


def test_settings_that_are_odd_are_noted_with_file_and_line(monkeypatch, tmp_path):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    assert doctor.keras_settings() == (True, "Keras takes float32 and channels_last", "")
    file = tmp_path / "keras.json"
    file.write_text('{\n"image_data_format": "channels_first",\n"floatx": "float16"}')
    found = doctor.keras_settings()
    assert found.ok is None and found.what.startswith("Keras takes float16 and channels_first; ")
    wanted = f'write "float32" in line 3 of {file}, write "channels_last" in line 2 of {file}'
    assert found.mend == wanted


def test_a_policy_of_the_program_is_noted(keras_settings):
    assert doctor.backend().ok
    keras_settings(dtype_policy="mixed_float16")
    found = doctor.backend()
    assert found.ok is None and "policy mixed_float16" in found.what and "set_dtype" in found.mend


def test_a_backend_without_gradients_is_a_failure(monkeypatch):
    monkeypatch.setattr("nstlib.backend.backend_name", lambda: "numpy")
    found = doctor.backend()
    assert found.ok is False and "no gradients" in found.what and "jax" in found.mend
