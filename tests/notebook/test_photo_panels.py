"""The panels for photos in another light and for cut-outs, without a front end."""

import io
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

import nstlib as nst
from nstlib.errors import InputError
from nstlib.notebook import photo_panels


def gray(level: float, height: int, width: int) -> np.ndarray:
    return np.full((1, height, width, 3), level, "float32")


def mean(jpeg: bytes) -> float:
    return np.asarray(Image.open(io.BytesIO(jpeg))).mean() / 255


@pytest.fixture
def cutout():
    """A white cut-out, 40 x 60, whose object is 20 x 30 in the middle, and its mask."""
    mask = np.zeros((1, 40, 60, 1), "float32")
    mask[:, 10:30, 15:45] = 1
    return gray(1.0, 40, 60), mask


def test_a_wipe_shows_both_at_one_shape():
    canvas = nst.wipe(gray(0.2, 16, 32), gray(0.8, 8, 16))
    sizes = {Image.open(io.BytesIO(jpeg)).size for jpeg in (canvas.picture, canvas.before)}
    assert canvas.mode == "wipe" and sizes == {(16, 8)}
    assert mean(canvas.before) == pytest.approx(0.2, abs=0.01)
    assert mean(canvas.picture) == pytest.approx(0.8, abs=0.01)


def test_a_cut_out_is_placed_by_its_middle_and_its_longest_side(cutout):
    picture, mask, corner = nst.place_cutout(gray(0, 80, 100), *cutout, (0.5, 0.25), size=0.3)
    assert picture.shape == (1, 20, 30, 3) and mask.shape == (1, 20, 30, 1)
    assert corner == (10, 35) and mask.min() == 1


@pytest.mark.parametrize("at", [(0, 0), (1, 1)])
def test_a_cut_out_stays_inside_the_painting(cutout, at):
    painting = gray(0, 30, 100)
    picture, mask, corner = nst.place_cutout(painting, *cutout, at, size=1)
    assert picture.shape[1:3] == (30, 45)  # no higher than the painting
    nst.paste(painting, picture, mask, at=corner)


def test_a_cut_out_that_cannot_be_placed(cutout):
    with pytest.raises(InputError, match="x is 2; it must be"):
        nst.place_cutout(gray(0, 80, 100), *cutout, (2, 0.5))
    with pytest.raises(InputError, match="The mask is empty"):
        nst.place_cutout(gray(0, 80, 100), cutout[0], 0 * cutout[1])


def test_the_cup_follows_the_click_and_is_painted_there(cutout, monkeypatch):
    asked = []

    def harmonize(painting, picture, mask, **options):
        asked.append((picture.shape, options["at"]))
        return SimpleNamespace(image=painting + 0.5)

    monkeypatch.setattr(photo_panels, "harmonize", harmonize)
    panel = nst.harmonize_explorer(gray(0, 80, 100), *cutout, size=0.3)
    before = panel.canvas.picture
    panel.canvas.at = [0.8, 0.8]
    assert panel.canvas.picture != before and panel.canvas.mode == "click"
    panel.size.value = 0.2
    panel.paint.click()
    assert asked == [((1, 13, 20, 3), (58, 70))]
    assert (panel.mode.value, panel.canvas.mode) == ("compare", "wipe")
    assert mean(panel.canvas.picture) == pytest.approx(0.5, abs=0.01)
    panel.mode.value = "place"
    assert panel.canvas.mode == "click" and not panel.paint.disabled


def test_the_light_panel_paints_with_its_knobs(monkeypatch):
    asked = []

    def photorealistic(photo, light, **options):
        asked.append(options)
        options["on_step"](None)
        return SimpleNamespace(image=1 - photo)

    monkeypatch.setattr(photo_panels, "photorealistic", photorealistic)
    panel = nst.light_explorer("coffee", "red_fuji", size=32, steps=3)
    panel.alpha.value = 0.99
    panel.paint.click()
    assert asked[0]["steps"] == (3, 3) and asked[0]["alpha"] == 0.99
    assert panel.canvas.before and mean(panel.canvas.picture) != mean(panel.canvas.before)
    panel.light.menu.value = "colosseum"  # a photo gives its light as well as a painting
    panel.paint.click()
    assert len(asked) == 2 and not panel.paint.disabled


def test_what_is_refused_is_said_in_the_panel(monkeypatch):
    def refuse(*_, **__):
        raise InputError("no such light")

    monkeypatch.setattr(photo_panels, "photorealistic", refuse)
    panel = nst.light_explorer(size=32)
    panel.paint.click()
    assert panel.said.value == "no such light" and not panel.paint.disabled
