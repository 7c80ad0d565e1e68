"""A folder, two workers, and one that dies: what is told of it."""

import importlib.util
import time

import pytest

import nstlib as nst
from nstlib.notebook import accident


@pytest.fixture
def folder(tmp_path):
    for level in range(8):
        nst.save_image(nst.photo("cat", 24) * (1 - level / 9), tmp_path / "in" / f"p{level}.png")
    return tmp_path


def test_a_worker_dies_and_every_picture_is_painted(folder, figures):
    pytest.importorskip("distributed")

    def slowly(picture):
        time.sleep(0.3)
        return 1 - picture

    told = nst.folder_accident(folder / "in", folder / "out", slowly, kill_after=2)
    lost = [span for span in told.spans if span.lost]
    assert len(told.report.done) == 8 and len(lost) == 1
    again = [span for span in told.spans if span.name == lost[0].name and not span.lost]
    assert lost[0].end == told.killed and again[0].worker != lost[0].worker
    nst.show_accident(told)
    (axis,) = figures[0].axes
    assert sum(bool(bar.get_hatch()) for bar in axis.patches) == 1
    assert lost[0].name in [text.get_text() for text in axis.texts]


def test_threads_when_nobody_is_to_die(folder):
    pytest.importorskip("distributed")
    told = nst.folder_accident(
        folder / "in", folder / "out", lambda picture: 1 - picture, kill_after=None
    )
    names = [span.name for span in told.spans if not span.name.startswith("prepare")]
    assert told.killed is None and sorted(names) == sorted(f"p{level}" for level in range(8))


def test_without_dask_the_folder_is_painted_all_the_same(folder, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.warns(UserWarning, match="Dask is missing"):
        told = nst.folder_accident(folder / "in", folder / "out", lambda picture: picture)
    assert len(told.report.done) == 8 and told.spans == ()


def test_what_has_no_end_was_lost(tmp_path):
    diary = tmp_path / "diary"
    events = [("True", 1.0, "cat.jpg (x-0)"), ("True", 2.0, "dog.jpg (x-1)")]
    events += [("False", 2.5, "cat.jpg (x-0)")]
    diary.write_text("".join(f"7 0\t{begins}\t{at}\t{key}\n" for begins, at, key in events))
    first, second = accident._spans(diary, killed=3.0)
    assert first == ("7 0", "cat", 1.0, 2.5, False) and second == ("7 0", "dog", 2.0, 3.0, True)
