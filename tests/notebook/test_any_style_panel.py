"""The panel for any painting, without a front end."""

from types import SimpleNamespace

import numpy as np
import pytest

import nstlib as nst
from nstlib.errors import InputError
from nstlib.notebook import any_style_panel


@pytest.fixture
def asked(monkeypatch):
    """What stylizers were asked for, and with what they were called; they paint negatives."""
    calls = []

    def stylizer(engine, painting, **options):
        def paint(photo, **more):
            calls.append((engine, max(painting.shape[1:3]), options | more))
            return 1 - photo

        return paint

    monkeypatch.setattr(any_style_panel, "stylizer", stylizer)
    return calls


def test_strength_and_depth_go_where_the_engine_takes_them(asked):
    photo, painting = nst.photo("cat", 48), nst.painting("udnie", 64)
    nst.any_style(photo, painting, alpha=0.5, style_size=40)
    nst.any_style(photo, painting, "adain", alpha=0.5)
    nst.any_style(photo, painting, "adain", alpha=0.5, depth="block3_conv1")
    one = {"block2_conv1": 0.0, "block3_conv1": 0.5, "block4_conv1": 0.0}
    assert asked == [
        ("adain-light", 40, {"strength": 0.5}),
        ("adain", 64, {"alpha": 0.5}),
        ("adain", 64, {"alpha": one}),
    ]


@pytest.mark.parametrize("knob", [{"alpha": 2}, {"depth": "block9"}])
def test_what_no_knob_has_is_refused(knob):
    with pytest.raises(InputError, match=next(iter(knob))):
        nst.any_style(nst.photo("cat", 48), nst.painting("udnie", 48), **knob)
    with pytest.raises(InputError, match="engine is 'fast'"):
        nst.any_style(nst.photo("cat", 48), nst.painting("udnie", 48), "fast")


def test_it_paints_at_each_change_and_says_the_call(asked):
    panel = nst.any_style_explorer("coffee", "udnie", size=48)
    assert panel.depth.disabled and panel.canvas.before and panel.style.value
    np.testing.assert_allclose(panel.image, 1 - nst.photo("coffee", 48), atol=1e-6)
    panel.engine.value = "adain"
    panel.depth.value = "block4_conv1"
    assert asked[-1][0] == "adain" and asked[-1][2]["alpha"]["block2_conv1"] == 0
    assert "depth=&#x27;block4_conv1&#x27;" in panel.code.value
    panel.style_size.value = 192
    assert asked[-1][1] == 192 and len(asked) == 4


def test_an_uploaded_painting_is_painted_in(asked):
    panel = nst.any_style_explorer(size=48)
    content = any_style_panel.as_jpeg(nst.photo("cat", 80))
    file = {"name": "mine.jpg", "content": content}
    panel.painting._on_upload(SimpleNamespace(new=(file,)))
    assert panel.painting.is_own and asked[-1][1] == 80


def test_what_is_refused_is_said_in_the_panel(monkeypatch):
    def refuse(*_, **__):
        raise InputError("no such style")

    monkeypatch.setattr(any_style_panel, "stylizer", refuse)
    panel = nst.any_style_explorer(size=48)
    assert panel.said.value == "no such style" and panel.image is None
