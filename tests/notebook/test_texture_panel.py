"""Textures grown from chosen layers, by a call and by a click."""

from types import SimpleNamespace

import numpy as np
import pytest

import nstlib as nst
from nstlib.errors import InputError
from nstlib.notebook import texture_panel


def test_a_texture_comes_nearer_to_its_model():
    model, layers = nst.painting("brick", 96), ["block1_conv1", "block2_conv1"]
    grown = nst.grow_texture(model, layers, 48, steps=12)
    noise = np.random.default_rng(0).uniform(0, 1, grown.shape).astype("float32")
    assert grown.shape == (1, 48, 48, 3)
    assert nst.style_distance(grown, model) < 0.5 * nst.style_distance(noise, model)


def test_the_canvas_is_shifted_between_the_parts(monkeypatch):
    starts, counted = [], []

    def style_transfer(content, model, recipe, *, start, steps, **watched):
        starts.append(start)
        counted.append(steps)
        return SimpleNamespace(image=start)

    monkeypatch.setattr(texture_panel, "style_transfer", style_transfer)
    grown = nst.grow_texture(nst.painting("brick", 48), ["block1_conv1"], 32, steps=7, shifts=2)
    assert counted == [1, 2, 4] and grown is starts[-1]
    for before, later in zip(starts, starts[1:], strict=False):  # moved, and nothing else
        assert not np.array_equal(before, later)
        np.testing.assert_array_equal(np.sort(before, axis=None), np.sort(later, axis=None))


def test_the_panel_grows_from_the_layers_that_are_ticked(monkeypatch):
    asked = []

    def grow_texture(model, layers, size, *, steps, on_step):
        asked.append((layers, size, steps))
        return np.full((1, size, size, 3), 0.5, "float32")

    monkeypatch.setattr(texture_panel, "grow_texture", grow_texture)
    panel = nst.texture_explorer("gravel", size=32, steps=2)
    assert panel.model.name == "gravel" and panel.shown[0].picture and not panel.shown[1].picture
    for box in panel.boxes[2:]:
        box.value = False
    panel.grow.click()
    assert asked == [(["block1_conv1", "block2_conv1"], 32, 2)] and panel.shown[1].picture
    for box in panel.boxes:
        box.value = False
    panel.grow.click()
    assert panel.said.value == "Choose a layer." and len(asked) == 1


@pytest.mark.parametrize("wrong", [{"model": "velvet"}, {"size": 5000}, {"steps": 0}])
def test_what_cannot_be(wrong):
    with pytest.raises(InputError):
        nst.texture_explorer(**wrong)
