"""The panel of a blind vote: names stay hidden until the end, and an answer can be taken back."""

import numpy as np
import pytest

from nstlib.evaluation.votes import Ballot
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
    text, given, pictures, row = widget.children
    buttons = {button.description: button for button in row.children}
    return ballot, buttons, text, given, pictures


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
