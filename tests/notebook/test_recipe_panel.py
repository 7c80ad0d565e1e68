"""The panel for recipes: what it paints, remembers, keeps and says as code."""

import numpy as np
import pytest

import nstlib as nst
from nstlib.errors import InputError
from nstlib.notebook import recipe_panel


@pytest.fixture
def painted(monkeypatch):
    """Painting replaced by a gray as deep as the number of paintings so far; returns recipes."""
    recipes = []

    def style_transfer(content, style, settings, **_):
        recipes.append(settings)
        image = np.full_like(content, len(recipes) / 10)
        return type("Result", (), {"image": image})

    monkeypatch.setattr(recipe_panel, "style_transfer", style_transfer)
    return recipes


def parts(panel) -> dict:
    """Every control and button of the panel by its description."""
    found, open_ones = {}, [panel]
    while open_ones:
        widget = open_ones.pop()
        open_ones += getattr(widget, "children", ())
        found[getattr(widget, "description", "") or type(widget).__name__] = widget
    return found


def test_a_recipe_is_painted_once(painted, tiny_image):
    panel = nst.recipe_explorer(tiny_image, tiny_image, size=16)
    found = parts(panel)
    for pooling in ("max", "average", "max"):
        found["pooling"].value = pooling
        found["paint"].click()
    assert [settings.pooling for settings in painted] == ["max", "average"]


def test_quick_looks_are_small(tiny_image):
    with pytest.raises(InputError, match="size is 4096; .* pixels from 16 to 320"):
        nst.recipe_explorer(tiny_image, tiny_image, size=4096)


@pytest.mark.parametrize(
    "settings",
    [{}, {"steps": 7}, {"style_layers": {"block3_conv1": 1.0}, "pooling": "average"}],
)
def test_the_code_makes_the_recipe(settings):
    wanted = nst.recipe("default", **settings)
    assert eval(recipe_panel.as_code(wanted), {"nst": nst}) == wanted


def test_paint_shows_the_chosen_recipe_and_keep_puts_it_into_the_row(painted, tiny_image):
    panel = nst.recipe_explorer(tiny_image, tiny_image, size=16, steps=3)
    found = parts(panel)
    assert found["keep"].disabled
    found["pooling"].value = "average"
    found["style"].value = ("block1_conv1", "block3_conv1")
    found["paint"].click()
    assert painted[-1].pooling == "average" and painted[-1].steps == 3
    assert painted[-1].style_layers == {"block1_conv1": 0.5, "block3_conv1": 0.5}
    code, row = panel.children[1:]
    assert eval(code.value, {"nst": nst}) == painted[-1]
    for _ in range(recipe_panel.KEPT + 2):
        found["keep"].click()
    assert len(row.children) == recipe_panel.KEPT
    assert row.children[0].children[1].value == code.value


def test_no_style_layer_is_said_in_the_panel(painted, tiny_image):
    panel = nst.recipe_explorer(tiny_image, tiny_image, size=16)
    found = parts(panel)
    found["style"].value = ()
    found["paint"].click()
    assert "hold Ctrl" in panel.children[1].value and not painted
    assert not found["paint"].disabled
