"""Files: may it be read, may it be written, and written whole or not at all."""

import errno
import os
from pathlib import Path

import pytest

from nstlib import files
from nstlib.errors import InputError, MissingFile
from nstlib.files import data_folder, readable, writable, write, write_problem


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """Paths in these tests are relative to an empty folder, which is the home folder, too."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))  # the same on Windows
    return tmp_path


# --- May it be read? -----------------------------------------------------------------------------


def test_what_is_there_may_be_read(here):
    Path("photo.jpg").write_text("something")
    assert readable("photo.jpg") == Path("photo.jpg")
    assert readable("~/photo.jpg") == here / "photo.jpg"


def test_what_is_not_there_is_named_with_the_nearest():
    Path("photo.jpg").write_text("something")
    said = r"no picture foto.jpg. Did you mean 'photo.jpg'\? Take one of your own"
    with pytest.raises(MissingFile, match=said):
        readable("foto.jpg", "picture", "Take one of your own.")
    with pytest.raises(MissingFile, match="no file nowhere"):
        readable("nowhere/photo.jpg")


def test_folders_and_empty_files_are_nothing_to_read():
    Path("album").mkdir()
    Path("empty.jpg").touch()
    with pytest.raises(InputError, match="album is a folder, not a picture: name a file in it"):
        readable("album", "picture")
    with pytest.raises(InputError, match=r"empty.jpg is empty \(0 bytes\): copy or download"):
        readable("empty.jpg")


# --- May it be written? --------------------------------------------------------------------------


def test_what_may_be_written_has_its_folder_made(here):
    assert writable("new/deep/out.PNG", [".png", ".jpg"]) == Path("new/deep/out.PNG")
    assert Path("new/deep").is_dir() and not list(Path("new/deep").iterdir())
    assert writable("~/out.png") == here / "out.png"


def test_what_may_not_be_written():
    Path("folder.png").mkdir()
    Path("there.png").write_text("old")
    os.symlink("there.png", "link.png")
    refused = [
        ("folder.png", {}, "folder.png is a folder: name a file in it"),
        ("out.gif", {"suffixes": [".png"]}, "out.gif does not end in .png: which format"),
        ("there.png", {"overwrite": False}, "there.png is there already: name another, .*overwrit"),
        ("there.png", {"protect": ["./there.png"]}, "there.png is one of the files that are read"),
        ("link.png", {"protect": ["there.png"]}, "link.png is one of the files that are read"),
        ("there.png/out.png", {}, "there.png, is, or is in, a file, not a folder"),
    ]
    for path, options, said in refused:
        with pytest.raises(InputError, match=said):
            writable(path, **options)
    assert writable("there.png", protect=["not there.png"]) == Path("there.png")
    assert Path("there.png").read_text() == "old"


def test_a_read_only_folder_is_a_problem_in_words(monkeypatch):
    def refuse(**_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(files.tempfile, "TemporaryFile", refuse)  # root may write anyway
    assert write_problem(Path("new")) == "cannot be written to (Permission denied)"
    with pytest.raises(InputError, match=r"folder of the output, new, cannot be written to"):
        writable("new/out.png")


# --- Written whole or not at all -----------------------------------------------------------------


def test_written_whole_into_a_folder_that_is_made():
    assert write("new/out.bin", b"content") == Path("new/out.bin")
    write("new/out.bin", b"other")
    assert Path("new/out.bin").read_bytes() == b"other" and os.listdir("new") == ["out.bin"]


def test_a_link_goes_on_pointing_to_its_file():
    Path("there").mkdir()
    os.symlink("there/real.bin", "link.bin")
    write("link.bin", b"content")
    assert Path("link.bin").is_symlink() and Path("there/real.bin").read_bytes() == b"content"


@pytest.mark.parametrize(
    ("code", "said"), [(errno.ENOSPC, "The disk is full: free some"), (errno.EACCES, "denied")]
)
def test_when_the_disk_refuses_the_old_file_stays(monkeypatch, code, said):
    def refuse(_):
        raise OSError(code, os.strerror(code))

    Path("out.bin").write_text("old")
    monkeypatch.setattr(files.os, "fsync", refuse)
    with pytest.raises(InputError, match=f"out.bin could not be written .*{said}.*unchanged"):
        write("out.bin", b"content")
    assert Path("out.bin").read_text() == "old" and os.listdir() == ["out.bin"]


def test_an_interruption_leaves_nothing_behind(monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(files.os, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write("out.bin", b"content")
    assert os.listdir() == []


# --- Where data/ is ------------------------------------------------------------------------------


def test_data_is_in_the_clone_or_where_the_variable_says(monkeypatch, here):
    monkeypatch.delenv("NSTLIB_DATA", raising=False)
    assert (data_folder() / "images" / "manifest.json").is_file()
    monkeypatch.setenv("NSTLIB_DATA", str(here))
    with pytest.raises(MissingFile, match="manifest.json is missing. Clone .* or set NSTLIB_DATA"):
        data_folder()
    write("images/manifest.json", b"[]")
    assert data_folder() == here
