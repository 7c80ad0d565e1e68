"""The bundled pictures: every row of the manifest is true, and every way to ask for one works."""

import hashlib
import json
import shutil

import numpy as np
import pytest
from PIL import Image

from nstlib.errors import InputError, MissingFile
from nstlib.images import bundled as data

# What may be passed on with the course. Some rows add since when, or whom to name, in parentheses.
LICENCES = ("CC0-1.0", "CC-BY-4.0", "CC-BY-SA-3.0", "Public domain")
ROWS = json.loads((data.data_folder() / "images" / "manifest.json").read_text(encoding="utf-8"))


def test_every_row_of_the_manifest_is_true():
    for row in ROWS:
        path = data.data_folder() / "images" / row["file"]
        content = path.read_bytes()
        assert hashlib.sha256(content).hexdigest() == row["sha256"], path
        assert len(content) == row["bytes"]
        with Image.open(path) as picture:
            assert picture.size == (row["width"], row["height"])
        assert row["licence"].split(" (")[0] in LICENCES
        assert row["title"] and row["author"] and row["source"] and row["taken_from"]


def test_every_picture_has_a_row():
    folder = data.data_folder() / "images"
    files = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
    assert sorted(files) == sorted(["manifest.json", *(row["file"] for row in ROWS)])


def test_a_picture_repeats_its_row():
    for row, entry in zip(ROWS, data.pictures(), strict=True):
        for field in ("title", "author", "licence", "source", "taken_from", "width", "height"):
            assert getattr(entry, field) == row[field]
        assert entry.path == data.data_folder() / "images" / row["file"]
        assert (entry.kind == "photo") == row["file"].startswith("content/")


def test_names_are_unique_and_kinds_add_up():
    names = [entry.name for entry in data.pictures()]
    assert len(set(names)) == len(names) == 46
    assert sum(len(data.pictures(kind)) for kind in data.KINDS) == 46
    assert [entry.name for entry in data.pictures("texture")] == sorted(
        data.TEXTURES, key=names.index
    )


def test_faces_are_there_in_three_hands_and_once_in_all():
    sizes = {"colour": 512, "ink": 512, "glasses": 256, "pairs": 3 * 64}
    for kind, count in sizes.items():
        faces = data.faces(kind)
        assert faces.shape == (count, 96, 96, 3) and faces.dtype == np.float32
    colour, ink, glasses = np.split(data.faces("pairs"), 3)
    saturation = [np.ptp(some, axis=-1).mean() for some in (colour, ink, glasses)]
    assert saturation[1] < 0.1 < min(saturation[0], saturation[2])
    difference = np.abs(glasses - colour).mean(axis=(0, 3))
    assert difference[40:75, 20:75].mean() > 5 * difference[:30].mean()  # where eyes are
    with pytest.raises(InputError, match="kind is 'chalk'. It can be 'colour', 'ink'"):
        data.faces("chalk")


def test_faces_are_unpacked_into_a_new_folder_only(tmp_path, monkeypatch):
    some = data.faces("pairs")[:2]
    monkeypatch.setattr(data, "faces", lambda kind: some)
    folder = data.unpack_faces("pairs", tmp_path / "new" / "faces")
    assert [path.name for path in sorted(folder.iterdir())] == ["pairs_000.png", "pairs_001.png"]
    assert np.abs(data.load_image(folder / "pairs_001.png")[0] - some[1]).max() < 1 / 255
    with pytest.raises(InputError, match="is there already: name a new folder"):
        data.unpack_faces("pairs", folder)


def test_samples_of_a_collection_are_ink_blue_and_green_or_cartoons():
    ink, blue_green, cartoon = map(data.collection, ("ink", "blue_green", "cartoon"))
    for pictures in (ink, blue_green, cartoon):
        assert pictures.shape == (12, 256, 256, 3) and pictures.std(axis=(1, 2, 3)).min() > 0.05
    assert np.ptp(ink, axis=-1).mean() < 0.15 < np.ptp(blue_green, axis=-1).mean()
    with pytest.raises(InputError, match="kind is 'oil'. It can be 'ink', 'blue_green', 'cartoon'"):
        data.collection("oil")


@pytest.mark.parametrize("folder", ["faces", "collections"])
def test_the_manifest_of_the_sheets_is_true(folder):
    folder = data.data_folder() / folder
    rows = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert sorted(p.name for p in folder.iterdir()) == sorted(
        ["manifest.json", *(row["file"] for row in rows)]
    )
    for row in rows:
        content = (folder / row["file"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == row["sha256"]
        assert row["author"] and row["licence"] and row["source"] and row["taken_from"]


def test_photo_and_painting_load_at_a_size():
    assert data.photo("great_wall", 100).shape == (1, 75, 100, 3)
    assert max(data.painting("starry_night", 64).shape) == 64
    assert data.painting("brick", 32).shape[-1] == 3


def test_a_wrong_name_or_kind_says_what_there_is():
    with pytest.raises(MissingFile, match="no picture 'great_wal'. Did you mean 'great_wall'"):
        data.photo("great_wal")
    with pytest.raises(InputError, match="'starry_night' is a painting, not a photo"):
        data.photo("starry_night")
    with pytest.raises(InputError, match="It can be 'photo', 'painting', 'texture'"):
        data.pictures("sculpture")


def test_find_picture_takes_a_name_or_a_file(tmp_path):
    assert data.find_picture("great_wall") == data.picture("great_wall").path
    mine = tmp_path / "my own.jpg"
    shutil.copy(data.picture("cat").path, mine)
    assert data.find_picture(mine) == mine
    with pytest.raises(MissingFile, match="Did you mean 'starry_night'.*Bundled: great_w"):
        data.find_picture("stary_night")
    with pytest.raises(MissingFile, match="Did you mean 'my own.jpg'"):
        data.find_picture(tmp_path / "my_own.jpg")
    with pytest.raises(MissingFile, match="no file or bundled picture .*of this name.jpg"):
        data.find_picture("~nobody/of this name.jpg")


def test_a_file_comes_before_a_bundled_name_and_a_folder_after_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cat").mkdir()
    assert data.find_picture("cat") == data.picture("cat").path
    shutil.copy(data.picture("cat").path, tmp_path / "coffee")
    assert data.find_picture("coffee").resolve() == tmp_path / "coffee"


@pytest.fixture
def bare(tmp_path, monkeypatch):
    """A folder of data with the manifest, whose pictures are missing."""
    (tmp_path / "images").mkdir()
    shutil.copy(data.data_folder() / "images" / "manifest.json", tmp_path / "images")
    monkeypatch.setenv("NSTLIB_DATA", str(tmp_path))


def test_a_missing_picture_says_where_it_should_be_and_how_to_get_it(bare):
    for ask in (data.photo, data.find_picture):
        with pytest.raises(MissingFile, match=r"no bundled picture .*cat\.jpg\..*Clone the repos"):
            ask("cat")


def test_without_any_data_the_manifest_is_missed(tmp_path, monkeypatch):
    monkeypatch.setenv("NSTLIB_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(MissingFile, match="images/manifest.json is missing"):
        data.pictures()
