"""People are found and nothing else is; a light becomes a disc, and no subject is in a blur."""

import hashlib

import numpy as np
import pytest

from nstlib.errors import InputError, MissingFile
from nstlib.files import data_folder
from nstlib.images import bundled as data, portraits
from nstlib.images.arrays import resize

# --- A person's mask -----------------------------------------------------------------------------


def pasted(side: int, places=((60, 30),)) -> np.ndarray:
    """The astronaut, made small, at some (row, column) of the Great Wall."""
    picture, person = data.photo("great_wall", 256), resize(data.photo("astronaut"), side)
    for row, column in places:
        picture[:, row : row + side, column : column + side] = person
    return picture


def test_the_network_is_what_its_card_says():
    card = (data_folder() / "weights" / "selfie.md").read_text(encoding="utf-8")
    content = (data_folder() / "weights" / "selfie.tflite").read_bytes()
    assert hashlib.sha256(content).hexdigest() in card and f"{len(content):,} bytes" in card
    licence = (data_folder() / "weights" / "selfie-licence.txt").read_text(encoding="utf-8")
    assert "Apache License" in licence and "(selfie-licence.txt)" in card


@pytest.mark.parametrize("size", [96, 256])
def test_an_astronaut_is_a_person_and_the_wall_behind_her_is_none(size):
    mask = portraits.person_mask(data.photo("astronaut", size))
    assert mask.shape == (1, size, size, 1) and mask.dtype == np.float32
    assert mask.min() == 0 and mask.max() == 1
    at = lambda x, y: mask[0, round(y * size), round(x * size), 0]  # noqa: E731
    assert min(at(0.45, 0.2), at(0.4, 0.6), at(0.2, 0.8)) > 0.9  # face, chest, arm
    assert max(at(0.1, 0.1), at(0.65, 0.1), at(0.85, 0.3)) < 0.1  # flag, wall, shuttle
    assert 0.45 < mask.mean() < 0.6


def test_a_small_person_is_seen_at_the_second_look():
    """Her face is 11 pixels wide."""
    mask = portraits.person_mask(pasted(64))[0, ..., 0]
    inside = mask[60:124, 30:94]
    assert inside[8:16, 24:34].mean() > 0.8 and inside[40:60, 10:40].mean() > 0.9
    assert mask.sum() - inside.sum() < 0.05 * inside.sum()


def test_two_people_are_one_mask():
    mask = portraits.person_mask(pasted(96, [(60, 10), (60, 150)]))[0, ..., 0]
    assert min(mask[110:150, column : column + 30].mean() for column in (30, 170)) > 0.8
    assert mask[:50].max() < 0.1


@pytest.mark.parametrize("name", ["golden_temple", "colosseum", "great_wall", "giraffes"])
def test_without_people_the_mask_is_empty_and_this_is_said(name):
    with pytest.warns(UserWarning, match="No person was found"):
        mask = portraits.person_mask(data.photo(name, 128))
    assert mask.shape[-1] == 1 and not mask.any()


@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (5, 60)])
@pytest.mark.filterwarnings("ignore:No person")
def test_tiny_pictures_do_not_break_it(shape):
    assert portraits.person_mask(np.full((1, *shape, 3), 0.5)).shape == (1, *shape, 1)


def test_a_lost_network_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(portraits, "data_folder", lambda: tmp_path)
    with pytest.raises(MissingFile, match="no bundled network .*selfie.tflite.* Clone"):
        portraits.person_mask(np.full((1, 8, 8, 3), 0.5))


# --- Out of focus --------------------------------------------------------------------------------


def lamp(value=1.0, side=41) -> np.ndarray:
    """One bright pixel in the dark."""
    picture = np.zeros((1, side, side, 3), np.float32)
    picture[:, side // 2, side // 2] = value
    return picture


def nobody(picture) -> np.ndarray:
    return np.zeros_like(picture[..., :1])


@pytest.mark.parametrize("radius", [0, 1, 5, 8])
def test_a_point_of_light_becomes_an_even_disc_of_the_same_sum(radius):
    picture = lamp()
    light = portraits._light(
        portraits.out_of_focus(picture, nobody(picture), radius=radius, glow=1)
    )
    y, x = np.mgrid[-20:21, -20:21]
    disc = np.hypot(x, y) < radius + 0.5
    np.testing.assert_allclose(light[0, ..., 0], disc / disc.sum(), atol=1e-4)
    assert light[0, ..., 0].sum() == pytest.approx(1, abs=1e-3)


def test_glow_is_how_much_brighter_white_was_and_leaves_gray_alone():
    for value, times in ((1.0, 3.0), (0.5, 1.0)):
        picture = lamp(value)
        plain, glowing = (
            portraits._light(portraits.out_of_focus(picture, nobody(picture), glow=glow)).sum()
            for glow in (1, 3)
        )
        assert glowing == pytest.approx(times * plain, rel=1e-3)


def test_the_subject_stays_and_nothing_of_it_is_in_the_blur():
    """A red half before a blue one, each of which has a color of its own and keeps it."""
    picture = np.zeros((1, 30, 40, 3), np.float32)
    picture[:, :, :20, 0], picture[:, :, 20:, 2] = 0.9, 0.7
    mask = (picture[..., :1] > 0).astype(np.float32)
    np.testing.assert_allclose(portraits.out_of_focus(picture, mask), picture, atol=2e-2)
    np.testing.assert_allclose(portraits.out_of_focus(picture, 1 - mask), picture, atol=2e-2)
    mixed = portraits.out_of_focus(picture, nobody(picture))
    assert mixed[0, 15, 22, 0] > 0.4  # without a mask, it would be


def test_a_mask_of_the_whole_changes_nothing(tiny_image):
    whole = np.ones_like(tiny_image[..., :1])
    np.testing.assert_allclose(portraits.out_of_focus(tiny_image, whole), tiny_image, atol=1e-5)


def test_a_half_covered_picture_has_no_hole_where_no_background_is_near():
    picture = np.full((1, 40, 40, 3), 0.6, np.float32)
    mask = np.full((1, 40, 40, 1), 0.7, np.float32)
    np.testing.assert_allclose(portraits.out_of_focus(picture, mask), picture, atol=1e-3)


@pytest.mark.parametrize("wrong", [{"radius": -1}, {"radius": 2.5}, {"glow": 0.5}])
def test_a_wrong_value_is_named(wrong, tiny_image):
    (name, given), *_ = wrong.items()
    with pytest.raises(InputError, match=f"{name} is {given}; it must be"):
        portraits.out_of_focus(tiny_image, nobody(tiny_image), **wrong)
