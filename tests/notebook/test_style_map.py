"""The map of styles: places that keep distances, mixes between them, and what a click paints."""

import numpy as np
import pytest

import nstlib as nst
from nstlib.errors import InputError
from nstlib.notebook import style_map

PLACES = {"great_wave": (0.0, 0.0), "the_kiss": (1.0, 0.0), "mosaic": (0.5, 1.0), "udnie": (1, 1)}


def test_points_of_a_plane_keep_their_order_of_distances():
    points = np.array([(0, 0), (5, 0), (0, 5), (5, 5.5), (2.5, 2)])
    distances = np.linalg.norm(points[:, None] - points, axis=-1)
    found = np.array(list(nst.style_places("abcde", distances).values()))
    assert found.min() == 0 and found.max() == 1
    again = np.linalg.norm(found[:, None] - found, axis=-1)
    assert np.corrcoef(again[np.triu_indices(5, 1)], distances[np.triu_indices(5, 1)])[0, 1] > 0.99


def test_distances_that_do_not_fit_are_refused():
    with pytest.raises(InputError, match="3 names and distances of shape"):
        nst.style_places("abc", np.zeros((2, 2)))


def test_a_mix_is_the_style_itself_on_it_and_shares_between():
    assert nst.mix_at(PLACES, 1, 0) == {"the_kiss": 1.0}
    halfway = nst.mix_at(PLACES, 0.5, 0)
    assert sum(halfway.values()) == pytest.approx(1)
    assert halfway["great_wave"] == pytest.approx(halfway["the_kiss"])


def test_the_map_shows_paintings_and_a_ring():
    plain, ringed = nst.style_map(PLACES), nst.style_map(PLACES, (0.5, 0.5))
    assert plain.shape == (1, style_map.HEIGHT, style_map.WIDTH, 3)
    assert (plain[0, 0, -1] == 1).all() and plain.min() < 0.2
    assert (plain != ringed).any()


def test_a_click_paints_the_mix_and_says_it(monkeypatch):
    asked = []

    def stylizer(mix, network):
        asked.append(mix)
        return lambda picture: np.full_like(picture, len(asked) / 10)

    monkeypatch.setattr(style_map, "stylizer", stylizer)
    panel = nst.map_explorer(PLACES, size=32)
    before = panel.painted.picture
    panel.map.at = [0.0, 0.0]
    assert asked[-1] == {"great_wave": 1.0} and panel.painted.picture != before
    assert panel.said.value == "nst.stylizer({'great_wave': 1.00})"
    panel.photo.menu.value = "coffee"
    assert len(asked) == 3
    with pytest.raises(InputError, match="size is 4096"):
        nst.map_explorer(PLACES, size=4096)
