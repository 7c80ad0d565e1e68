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


@pytest.fixture
def panel(painted):
    return nst.recipe_explorer(size=32, steps=3)


def test_a_recipe_is_painted_once_for_a_pair(painted, panel):
    for pooling in ("max", "average", "max"):
        panel.settings["pooling"].value = pooling
        panel.paint.click()
    assert [settings.pooling for settings in painted] == ["max", "average"]
    panel.pair[0].menu.value = "coffee"
    panel.paint.click()
    assert len(painted) == 3 and painted[2] == painted[0]


def test_it_begins_with_the_default_recipe(panel):
    assert panel.chosen() == nst.recipe("default", steps=3, coarse={})


@pytest.mark.parametrize("wrong", [{"size": 4096}, {"steps": 0}, {"photo": "dog"}])
def test_what_cannot_be(wrong):
    with pytest.raises(InputError):
        nst.recipe_explorer(**wrong)


@pytest.mark.parametrize(
    "settings",
    [{}, {"steps": 7}, {"style_layers": {"block3_conv1": 1.0}, "pooling": "average"}],
)
def test_the_code_makes_the_recipe(settings):
    wanted = nst.recipe("default", **settings)
    assert eval(recipe_panel.as_code(wanted), {"nst": nst}) == wanted


def test_paint_shows_the_chosen_recipe_and_keep_puts_it_into_the_row(painted, panel):
    assert panel.keep.disabled
    panel.settings["pooling"].value = "average"
    for (layer, weight), wanted in zip(panel.layers, (0.5, 0, 0.75, 0, 0), strict=True):
        weight.value = wanted
        layer.value = layer.options[-1]
    panel.paint.click()
    assert painted[-1].pooling == "average" and painted[-1].steps == 3
    assert painted[-1].style_layers == {"block1_conv2": 0.5, "block3_conv4": 0.75}
    assert eval(panel.code.value, {"nst": nst}) == painted[-1]
    for _ in range(recipe_panel.KEPT + 2):
        panel.keep.click()
    assert len(panel.row.children) == recipe_panel.KEPT
    assert panel.row.children[0].children[1].value == panel.code.value


def test_what_is_kept_stays_behind_the_wipe(painted, panel):
    panel.paint.click()
    panel.keep.click()
    kept = panel.canvas.picture
    panel.settings["pooling"].value = "average"
    panel.paint.click()
    assert panel.canvas.before == kept != panel.canvas.picture


def test_no_style_layer_is_said_in_the_panel(painted, panel):
    for _, weight in panel.layers:
        weight.value = 0
    panel.paint.click()
    assert "give one of them more" in panel.code.value and not painted
    assert not panel.paint.disabled
