"""What is measured at the gates, on pictures whose answer is known, and as `nst.compare` has it."""

import numpy as np
import pytest

from nstlib.errors import InputError
from nstlib.evaluation import gates, measures
from nstlib.images.bundled import painting, photo, pictures
from nstlib.images.color import keep_color


@pytest.fixture(scope="module")
def cup() -> np.ndarray:
    return photo("coffee", 256)


def woven(picture, period: int, height: float = 0.1) -> np.ndarray:
    """A picture with one lighter line in every `period`."""
    woven = picture.copy()
    woven[:, ::period] += height
    return np.clip(woven, 0, 1)


# --- The weave ------------------------------------------------------------------------------------


@pytest.mark.parametrize("period", [2, 4, 8])
def test_a_lattice_is_found_and_so_are_finer_ones_that_repeat_with_it(cup, period):
    assert measures.lattice(cup) < 1 < gates.WEAVE < measures.lattice(woven(cup, period))


def test_strokes_at_other_distances_are_no_lattice(cup):
    for period in (5, 7, 9):
        assert measures.lattice(woven(cup, period)) < 1
    assert measures.lattice(woven(cup, 7), 7) > gates.WEAVE


def test_bands_however_long_are_strokes():
    """A row of a thousand equal pixels is one stroke, not a thousand proofs of a lattice."""
    levels = np.random.default_rng(3).uniform(0.3, 0.7, (1, 256, 1, 1)).astype("float32")
    bands = np.broadcast_to(levels, (1, 256, 256, 3))
    assert measures.lattice(bands) < gates.WEAVE


def test_noise_is_as_chance_has_it():
    noise = np.random.default_rng(0).uniform(0.2, 0.8, (1, 256, 256, 1)).repeat(3, axis=-1)
    assert measures.lattice(noise.astype("float32")) == pytest.approx(1, abs=0.2)


def test_a_weave_that_nobody_sees_does_not_count(cup):
    gray = np.full_like(cup, 0.5)
    assert measures.lattice(gray) == 0
    assert measures.lattice(woven(gray, 8, height=0.002)) < 1


def test_a_lattice_is_looked_for_in_windows(cup):
    with pytest.raises(InputError, match="60 x 200 pixels; for a lattice of 8 it takes 64"):
        measures.lattice(np.zeros((1, 200, 60, 3), "float32"))
    with pytest.raises(InputError, match="period is 1"):
        measures.lattice(cup, 1)


def test_in_the_sky_only_the_sky_counts():
    temple = photo("golden_temple", 256)
    water = temple.copy()
    water[:, 100:] = woven(water[:, 100:], 8)
    assert gates.weave(water, "golden_temple") == gates.weave(temple, "golden_temple") < 1


# --- The palette ----------------------------------------------------------------------------------


def test_a_gray_picture_has_no_spread_of_hues(cup):
    gray = keep_color(cup, np.full_like(cup, 0.5))
    light, green_red, blue_yellow = measures.color_spread(gray)
    assert light > 10 and green_red == pytest.approx(0, abs=0.1) == blue_yellow
    black_white = np.zeros((1, 4, 4, 3), "float32")
    black_white[:, :2] = 1
    assert measures.color_spread(black_white) == pytest.approx([50, 0, 0], abs=0.01)


def test_half_the_spread_is_half_the_palette(cup):
    whole = measures.color_spread(cup)
    assert gates.palette_kept(whole / 2, whole) == pytest.approx(0.5)


def test_of_ink_no_hues_are_asked_but_that_they_stay_faint():
    ink = (30, 1, 2)
    assert gates.palette_kept((30, 0, 2.9), ink) == pytest.approx([1, 1, 1])
    assert gates.palette_kept((30, gates.PALE, 9), ink)[1] == gates.PALETTE
    assert gates.palette_kept((30, 1, 9), ink)[2] < gates.PALETTE


# --- Distances ------------------------------------------------------------------------------------


def test_a_glance_tells_the_same_as_a_look(cup):
    wave, night = (painting(name, 128) for name in ("great_wave", "starry_night"))
    seen, models = gates.glance(cup), [gates.glance(wave), gates.glance(night)]
    expected = [measures.style_distance(cup, one) for one in (wave, night)]
    assert gates.style_distances(seen, models) == pytest.approx(expected, rel=1e-4)
    mirrored = cup[:, :, ::-1]
    same = measures.content_distance(mirrored, cup)
    assert gates.content_distance(gates.glance(mirrored), seen) == pytest.approx(same, rel=1e-4)


# --- What is judged -------------------------------------------------------------------------------


def test_what_networks_are_judged_on_comes_with_the_course():
    assert set(gates.HELD_OUT) <= {entry.name for entry in pictures("painting")}
    assert set(gates.FLAT) <= {entry.name for entry in pictures("photo")}


def test_networks_of_paintings_are_judged_and_those_of_collections_are_not(monkeypatch):
    styles = {"light": ["starry_night", "udnie"], "adain-light": [], "adain": [], "cyclegan": ["x"]}
    rows = {name: {"architecture": name, "styles": known} for name, known in styles.items()}
    monkeypatch.setattr(gates, "bundled_networks", lambda: rows)
    assert list(gates.photo_networks()) == ["light", "adain-light"]
