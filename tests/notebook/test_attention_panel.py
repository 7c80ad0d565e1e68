"""Arrows from photo to painting, and the panel over them, without a front end."""

import numpy as np
import pytest

import nstlib as nst
from nstlib.errors import InputError
from nstlib.notebook import attention_panel


@pytest.fixture
def asked(monkeypatch):
    """Temperatures that were painted with; a place looks at the first cell, and a little around."""
    calls = []

    def attend(photo, painting, temperature):
        calls.append(temperature)
        return 1 - photo

    def who_looks_where(photo, painting, places, temperature):
        shares = np.full((len(places), 5, 8), 0.01)
        shares[:, 0, 0] = 1
        return shares

    monkeypatch.setattr(attention_panel, "attend", attend)
    monkeypatch.setattr(attention_panel, "who_looks_where", who_looks_where)
    return calls


def test_an_arrow_leads_from_the_place_to_what_it_looks_at(asked):
    photo, painting = np.ones((1, 40, 60, 3)), np.ones((1, 40, 64, 3))
    drawn = nst.draw_gaze(photo, painting, [(0.5, 1.0)], height=80)
    assert drawn.shape == (1, 80, 120 + attention_panel.GAP + 128, 3)
    inked = np.argwhere(drawn[0].min(axis=-1) < 0.9)
    (top, right), (_, left) = inked[inked[:, 0].argmin()], inked[inked[:, 1].argmin()]
    assert abs(right - (120 + attention_panel.GAP + 8)) < 14 and top < 14  # the first cell's middle
    assert abs(left - 60) < 8


def test_the_panel_paints_at_each_temperature_and_looks_from_where_one_clicks(asked):
    panel = nst.attention_explorer("coffee", "udnie", size=64)
    assert panel.place == (0.5, 0.5) and panel.painted.before
    panel.temperature.value = 1.0
    assert len(asked) == 2 and asked[-1] == pytest.approx(1)
    before, panel.gaze.at = panel.gaze.picture, [0.1, 0.25]
    assert panel.gaze.picture != before and len(asked) == 2
    assert panel.place[0] == pytest.approx(0.1 * 2, rel=0.4) and panel.place[1] == 0.25
    panel.gaze.at = [0.9, 0.25]  # on the painting: the place stays
    assert panel.place[1] == 0.25 and panel.place[0] < 0.5
    assert "temperature=1)" in panel.code.value


def test_what_is_refused_is_said(monkeypatch):
    def refuse(*_):
        raise InputError("too small")

    monkeypatch.setattr(attention_panel, "attend", refuse)
    panel = nst.attention_explorer(size=48)
    assert panel.said.value == "too small" and panel.image is None
