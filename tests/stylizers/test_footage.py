"""Bundled clips and films of the reader's own, as lists of pictures."""

import hashlib
import json
import shutil

import numpy as np
import pytest

from nstlib.errors import InputError, MissingFile
from nstlib.files import data_folder
from nstlib.images.bundled import clips, find_clip
from nstlib.stylizers.clips import look, read_frames
from nstlib.stylizers.footage import clip

ROWS = json.loads((data_folder() / "clips" / "manifest.json").read_text(encoding="utf-8"))
LICENCES = ("CC-BY-3.0", "CC-BY-4.0")  # each asks for its author's name


def test_every_row_of_the_manifest_is_true():
    for row in ROWS:
        content = (data_folder() / "clips" / row["file"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == row["sha256"]
        assert len(content) == row["bytes"] < 1_000_000
        assert row["licence"].split(" (")[0] in LICENCES
        assert all(row[key] for key in ("title", "author", "source", "taken_from", "changes"))
        facts = look(data_folder() / "clips" / row["file"])
        assert facts.shape == (row["height"], row["width"]) and str(facts.rate) == row["rate"]
        assert facts.frames == row["frames"]


def test_every_clip_has_a_row():
    files = [path.name for path in (data_folder() / "clips").iterdir()]
    assert sorted(files) == sorted(["manifest.json", *(row["file"] for row in ROWS)])
    assert [entry.name for entry in clips()] == ["bird", "aisle"]
    assert {entry.kind for entry in clips()} == {"clip"}


def test_a_clip_is_a_list_of_pictures():
    frames = clip("bird", 64, 3)
    assert [frame.shape for frame in frames] == [(1, 36, 64, 3)] * 3
    assert frames[0].dtype == np.float32 and 0 <= frames[0].min() < frames[0].max() <= 1


def test_some_frames_of_a_clip():
    every = [frame.picture for frame in read_frames(find_clip("aisle"))]
    some = clip("aisle", frames=3, start=5, every=4)
    for found, number in zip(some, (5, 9, 13), strict=True):
        np.testing.assert_array_equal(found, every[number])
    assert len(clip("aisle", 32, 100, start=60)) == 7


def test_a_film_of_ones_own(tmp_path):
    mine = tmp_path / "holiday.mp4"
    shutil.copy(find_clip("bird"), mine)
    assert clip(mine, 32, 2)[1].shape == (1, 18, 32, 3)
    with pytest.raises(MissingFile, match="no video or bundled clip .*Bundled: bird, aisle"):
        clip("brid.mp4")
    with pytest.raises(InputError, match="has no frame 500"):
        clip(mine, 32, start=500)
    with pytest.raises(InputError, match="frames is 0"):
        clip("bird", frames=0)


def test_a_file_comes_before_a_bundled_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copy(find_clip("aisle"), "bird")
    assert find_clip("bird").resolve() == tmp_path / "bird"
