"""The kit of all panels: controls from abbreviations, and a picture that follows them."""

import io

import ipywidgets as widgets
import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from nstlib.errors import InputError
from nstlib.notebook import kit


def gray(level=0.25, tint="none"):
    return np.full((1, 6, 8, 3), level, "float32")


def shown(panel) -> Image.Image:
    return Image.open(io.BytesIO(panel.children[1].value))


def test_the_picture_follows_the_controls():
    panel = kit.panel({"level": (0, 1, 0.05), "tint": ["none", "red"]}, gray)
    level, tint = panel.children[0].children
    assert (level.value, level.description, level.continuous_update) == (0.25, "level", False)
    assert tint.options == ("none", "red")
    assert shown(panel).size == (8, 6) and shown(panel).getpixel((3, 3)) == (64,) * 3
    level.value = 1.0
    assert shown(panel).getpixel((3, 3)) == (255,) * 3


def test_a_widget_is_taken_as_it_is():
    slider = widgets.FloatSlider(0.5, description="how light")
    panel = kit.panel({"level": slider}, gray)
    assert panel.children[0].children == (slider,)
    assert slider.description == "how light" and slider.continuous_update


def test_drawn_anew_when_asked():
    drawn = []
    panel = kit.panel({"level": (0.0, 1.0)}, lambda level: drawn.append(level) or gray(level))
    panel.redraw()
    assert drawn == [0.5, 0.5]


def test_figures_and_large_pictures_become_small_jpegs():
    figure = Image.open(io.BytesIO(kit.as_jpeg(Figure(figsize=(2, 1)))))
    assert (figure.format, figure.size) == ("JPEG", (160, 80))
    assert kit.at_most(np.zeros((1, 400, 800, 3)), 320).shape == (1, 160, 320, 3)
    assert kit.at_most(gray(), 320).shape == gray().shape


def test_what_makes_no_control_is_refused():
    with pytest.raises(InputError, match="level is None: give a widget, a list"):
        kit.panel({"level": None}, gray)
