"""The panel of a blind vote: names stay hidden until the end, and an answer can be taken back."""

import io
from datetime import UTC, datetime

import numpy as np
import pytest

from nstlib.errors import InputError
from nstlib.evaluation.votes import Ballot, join_votes
from nstlib.images.arrays import to_pil
from nstlib.notebook.vote_panel import preference_panel


def gray(value: float) -> np.ndarray:
    return np.full((1, 8, 10, 3), value, "float32")


def darker(left, right, *given) -> str:
    return "left" if left.mean() < right.mean() else "right"


@pytest.fixture
def panel():
    """A panel over a ballot with things given, and its parts: click(name), text, pictures."""
    noon = [gray(value) for value in (0.5, 0.6, 0.7, 0.8)]
    night = [gray(0.1), gray(0.1), gray(0.1), gray(0.9)]
    ballot = Ballot({"night": night, "noon": noon}, given=[(gray(0), gray(1))] * 4)
    widget = preference_panel(ballot)
    return ballot, widget.buttons, widget.text, widget.given, widget.pictures


def test_the_panel_hides_names_until_the_end(panel):
    ballot, buttons, text, given, pictures = panel
    for place in range(1, 5):
        assert text.value.startswith(f"{place} of 4") and "night" not in text.value
        assert len(given.children) == len(pictures.children) == 2
        buttons[darker(*ballot.pictures())].click()
    assert "night preferred to noon in 3 of 4 votes" in text.value
    assert not pictures.children and buttons["left"].disabled
    assert ballot.question is None


def test_back_takes_an_answer_back_and_stop_ends(panel):
    ballot, buttons, text, _, pictures = panel
    assert buttons["back"].disabled
    shown = pictures.children[0].value
    buttons["left"].click()
    assert ballot.answers == ["left"]
    buttons["back"].click()
    assert ballot.answers == [] and pictures.children[0].value == shown
    buttons["tie"].click()
    buttons["stop"].click()
    assert "ties: 1" in text.value and "left: 0 of 1 answers" in text.value


def photo_file(name: str) -> dict:
    """What the page sends of an upload."""
    to_pil(gray(0.25)).save(file := io.BytesIO(), "png")
    facts = {"type": "image/png", "size": 1, "last_modified": datetime.now(UTC)}
    return {"name": name, "content": memoryview(file.getvalue()), **facts}


def test_answers_are_saved_for_a_class(panel, tmp_path, monkeypatch):
    monkeypatch.setenv("NST_OUT", str(tmp_path))
    ballot, buttons, *_ = panel
    widget = preference_panel(ballot)
    assert widget.save.disabled
    widget.buttons["left"].click()
    widget.voter.value = "Mei / 1"
    widget.save.click()
    (votes,) = join_votes([tmp_path / "votes_Mei1.json"])
    assert votes.wins + votes.losses == 1 and votes == ballot.count()[0]


def test_a_painter_and_photos_are_added_before_the_first_answer():
    painters = {name: lambda photo, k=k: photo * k for k, name in enumerate(("a", "b", "c"), 1)}
    given = [(gray(0.1), gray(1))] * 2
    ballot = Ballot({name: [gray(0.1)] * 2 for name in ("a", "b")}, given)
    widget = preference_panel(ballot, painters)
    add, upload = widget.more
    add.click()
    assert list(ballot.paintings) == ["a", "b", "c"] and len(ballot) == 6
    np.testing.assert_allclose(ballot.paintings["c"][0], gray(0.3))
    upload.value = (photo_file("mine.png"),)
    assert len(ballot) == 9 and len(ballot.given) == 3
    assert abs(ballot.paintings["b"][2].mean() - 0.5) < 0.01
    widget.buttons["tie"].click()
    assert upload.disabled
    widget.buttons["back"].click()
    upload.value = ({**photo_file("no.png"), "content": memoryview(b"no picture")},)
    assert len(ballot) == 9 and widget.said.value


def test_painters_need_the_photos():
    with pytest.raises(InputError, match="the ballot needs the photos"):
        preference_panel(Ballot({"a": [gray(0)], "b": [gray(1)]}), {"c": lambda photo: photo})
