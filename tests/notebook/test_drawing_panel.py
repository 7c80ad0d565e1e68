"""Drawing on a picture: the plain function, and the panel as a hand would use it."""

import numpy as np
import pytest

from nstlib.errors import InputError
from nstlib.notebook.drawing_panel import PENS, draw_on, drawing_explorer

WHITE = np.ones((1, 40, 40, 3), "float32")
ACROSS = [(0, 0.5), (1, 0.5)]


def negative(picture):
    return 1 - picture


def test_a_line_is_drawn_where_it_goes_and_nowhere_else():
    drawn = draw_on(WHITE, ACROSS, pen="red", radius=0.05)
    np.testing.assert_allclose(drawn[0, 20, 10], PENS["red"], atol=1e-6)
    np.testing.assert_array_equal(drawn[0, :15], WHITE[0, :15])
    with pytest.raises(InputError, match="pen is 'pink'"):
        draw_on(WHITE, ACROSS, pen="pink")


def test_the_panel_paints_after_every_stroke_and_undoes():
    panel = drawing_explorer({"one": WHITE, "two": 0.5 * WHITE}, negative)
    before = panel.result.picture
    panel.canvas.stroke = ACROSS
    assert panel.result.picture != before and panel.drawing.min() < 0.2
    np.testing.assert_allclose(panel.painting, 1 - panel.drawing)
    panel.pen.value, panel.radius.value = "white", 0.1  # wider: a line's edge is soft
    panel.canvas.stroke = [(0, 0.5), (0.999, 0.5)]
    np.testing.assert_allclose(panel.drawing, WHITE, atol=1e-6)
    for _ in range(3):
        panel.undo.click()
    np.testing.assert_array_equal(panel.drawing, WHITE)
    panel.menu.value = "two"
    np.testing.assert_array_equal(panel.drawing, 0.5 * WHITE)
    assert panel.canvas.picture


def test_pictures_need_names():
    with pytest.raises(InputError, match="give a dict"):
        drawing_explorer([WHITE], negative)
