"""The bundled pictures: every row of the manifest is true, and every way to ask for one works."""

import hashlib
import json
import shutil

import pytest
from PIL import Image

from nstlib import data
from nstlib.errors import InputError, MissingFile

LICENCES = ("CC0-1.0", "CC-BY", "Public domain", "public domain", "PDM", "Unsplash")
ROWS = json.loads((data.data_folder() / "images" / "manifest.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["file"])
def test_every_row_of_the_manifest_is_true(row):
    path = data.data_folder() / "images" / row["file"]
    content = path.read_bytes()
    assert len(content) == row["bytes"]
    assert hashlib.sha256(content).hexdigest() == row["sha256"]
    assert Image.open(path).size == (row["width"], row["height"])
    assert row["title"] and row["author"] and row["source"] and row["licence"]


def test_every_picture_has_a_row():
    folder = data.data_folder() / "images"
    files = {path.relative_to(folder).as_posix() for path in folder.glob("*/*")}
    assert files == {row["file"] for row in ROWS}


def test_names_are_unique_and_kinds_add_up():
    names = [entry.name for entry in data.pictures()]
    assert len(set(names)) == len(names) == 29
    assert sum(len(data.pictures(kind)) for kind in data.KINDS) == 29
    assert [entry.name for entry in data.pictures("texture")] == sorted(
        data.TEXTURES, key=names.index
    )


def test_photo_and_painting_load_at_a_size():
    assert data.photo("great_wall", 100).shape == (1, 75, 100, 3)
    assert max(data.painting("starry_night", 64).shape) == 64
    assert data.painting("brick", 32).shape[-1] == 3


def test_a_wrong_name_or_kind_says_what_there_is():
    with pytest.raises(MissingFile, match="no picture 'great_wal'. Did you mean 'great_wall'"):
        data.photo("great_wal")
    with pytest.raises(InputError, match="'starry_night' is a painting, not a photo"):
        data.photo("starry_night")
    with pytest.raises(InputError, match="it can be photo, painting, texture"):
        data.pictures("sculpture")


def test_find_picture_takes_a_name_or_a_file(tmp_path):
    assert data.find_picture("great_wall") == data.picture("great_wall").path
    mine = tmp_path / "my own.jpg"
    shutil.copy(data.picture("cat").path, mine)
    assert data.find_picture(mine) == mine
    with pytest.raises(MissingFile, match="neither a file nor a bundled picture. Did you mean"):
        data.find_picture("stary_night")


def test_a_missing_picture_is_fetched_by_its_hash(tmp_path, monkeypatch):
    folder = tmp_path / "data" / "images"
    folder.mkdir(parents=True)
    shutil.copy(data.data_folder() / "images" / "manifest.json", folder)
    source = data.data_folder() / "images"
    monkeypatch.setattr(data, "REPOSITORY", "mirror/")
    fetched = []

    def retrieve(url, known_hash, fname, path):
        fetched.append((url, known_hash))
        return str(source / url.removeprefix("mirror/"))

    monkeypatch.setattr("pooch.retrieve", retrieve)
    monkeypatch.setenv("NSTLIB_DATA", str(tmp_path / "data"))
    assert data.photo("cat", 40).shape[-1] == 3
    cat = next(row for row in ROWS if row["file"] == "content/cat.jpg")
    assert fetched == [("mirror/content/cat.jpg", cat["sha256"])]


def test_no_pictures_and_no_network_is_said(tmp_path, monkeypatch):
    folder = tmp_path / "data" / "images"
    folder.mkdir(parents=True)
    shutil.copy(data.data_folder() / "images" / "manifest.json", folder)

    def offline(*args, **options):
        raise ConnectionError("no route to host")

    monkeypatch.setattr("pooch.retrieve", offline)
    monkeypatch.setenv("NSTLIB_DATA", str(tmp_path / "data"))
    with pytest.raises(MissingFile, match="could not be fetched: no route to host"):
        data.photo("cat")
    monkeypatch.setenv("NSTLIB_DATA", str(tmp_path))
    with pytest.raises(MissingFile, match="images/manifest.json is missing"):
        data.pictures()
