"""Correcting a mask: the plain functions, and the widget as a hand would use it."""

import io

import numpy as np
import pytest
from PIL import Image

from nstlib.errors import InputError
from nstlib.notebook import mask_editor as editor

PHOTO = np.full((1, 40, 60, 3), 0.2, "float32")
PHOTO[:, 10:30, 20:40] = [0.9, 0.4, 0.1]
SQUARE = (PHOTO[..., :1] > 0.5).astype("float32")


def press(widget, name):
    _, _, buttons, _ = widget.children
    next(button for button in buttons.children if button.description == name).click()


def test_a_brush_adds_and_removes_a_disc():
    empty = np.zeros((1, 200, 300, 1), "float32")
    disc = editor.brush(empty, 0.5, 0.5, 0.1)
    assert disc.sum() == pytest.approx(np.pi * 30**2, rel=0.01)
    assert disc[0, 100, 150, 0] == 1 and disc[0, 100, 185, 0] == 0
    np.testing.assert_array_equal(editor.brush(disc, 0.5, 0.5, 0.15, value=0.0), empty)
    with pytest.raises(InputError, match="x is 2; it must be a number from 0 to 1"):
        editor.brush(empty, 2, 0.5, 0.1)


def test_growing_and_shrinking_a_square():
    np.testing.assert_array_equal(editor.grow(SQUARE, 0), SQUARE)
    wider = editor.grow(SQUARE, 3)
    assert wider[0, 20, 17, 0] == 1 and wider[0, 20, 16, 0] == 0
    np.testing.assert_array_equal(editor.grow(wider, -3), SQUARE)


def test_the_photo_is_seen_inside_and_magenta_outside():
    shown = editor.over_photo(PHOTO, SQUARE)
    np.testing.assert_array_equal(shown[0, 20, 30], PHOTO[0, 20, 30])
    red, green, blue = shown[0, 0, 0]
    assert green < min(red, blue)


def test_a_stroke_is_the_brush_along_a_line():
    empty = np.zeros((1, 100, 200, 1), "float32")
    line = editor.stroke(empty, [(0.25, 0.5), (0.75, 0.5)], 0.05)
    assert line[0, 50, 50:150, 0].min() == 1 and line[0, 50, 165, 0] == 0
    assert line.sum() == pytest.approx(100 * 20 + np.pi * 10**2, rel=0.06)
    dot = editor.stroke(empty, [(0.5, 0.5)], 0.05)
    np.testing.assert_allclose(dot.sum(), editor.brush(empty, 0.5, 0.5, 0.05).sum(), rtol=0.1)
    np.testing.assert_array_equal(editor.stroke(line, [(0, 0.5), (1, 0.5)], 0.1, 0.0), empty)


def test_the_widget_paints_undoes_and_keeps_its_mask():
    widget = editor.mask_editor(PHOTO)
    (value, radius), canvas = widget.children[0].children, widget.children[1]
    assert not widget.mask.any()
    before = canvas.picture
    radius.value = 0.3
    assert canvas.picture == before and not widget.mask.any()
    canvas.stroke = [(0.5, 0.5), (0.6, 0.5)]
    assert canvas.picture != before and widget.mask.mean() > 0.3
    press(widget, "turn round")
    for _ in range(3):
        press(widget, "undo")
    assert not widget.mask.any()
    press(widget, "subject")
    assert np.abs(widget.mask - SQUARE).mean() < 0.1
    value.value = "remove"
    canvas.stroke = [(0.5, 0.0), (0.5, 1.0)]
    assert widget.mask.mean() < SQUARE.mean()
    for name in ("wider", "narrower", "softer", "snap to edges"):
        press(widget, name)
        assert widget.mask.shape == SQUARE.shape and np.isfinite(widget.mask).all()


def test_what_cannot_be_found_is_said_in_the_widget():
    noise = np.random.default_rng(0).uniform(0, 1, PHOTO.shape).astype("float32")
    widget = editor.mask_editor(noise, SQUARE)
    press(widget, "sky")
    assert "No sky was found" in widget.children[3].value
    np.testing.assert_array_equal(widget.mask, SQUARE)
    press(widget, "undo")
    assert widget.children[3].value == ""


def test_large_photos_are_shown_small():
    widget = editor.mask_editor(np.zeros((1, 900, 600, 3), "float32"))
    shown = Image.open(io.BytesIO(widget.children[1].picture))
    assert max(shown.size) == 2 * editor.PREVIEW_SIZE
    assert widget.mask.shape == (1, 900, 600, 1)
