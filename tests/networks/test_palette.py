"""Photos get a painting's mean and covariance of colours, and never more of them than they bear."""

import numpy as np
import pytest
from keras import ops

from nstlib.images.arrays import resize
from nstlib.images.bundled import painting, photo
from nstlib.networks.files import build_network
from nstlib.networks.palette import COLORS, GAIN, OPPONENT, in_palette, palette_of, set_palettes


def matched(picture, colors) -> np.ndarray:
    return ops.convert_to_numpy(in_palette(picture, np.atleast_2d(colors)))


def moments(picture) -> tuple[np.ndarray, np.ndarray]:
    pixels = picture.reshape(-1, 3)
    return pixels.mean(axis=0), np.cov(pixels.T)


@pytest.fixture(scope="module")
def wall() -> np.ndarray:
    return photo("great_wall", 160)


def test_opponent_colours_lead_back():
    np.testing.assert_allclose(OPPONENT @ OPPONENT.T, np.eye(3), atol=1e-6)


def test_a_photo_gets_mean_and_covariance(wall):
    soft = 0.3 + 0.4 * painting("starry_night", 160)  # nothing has to be clipped
    for found, wanted in zip(moments(matched(wall, palette_of(soft))), moments(soft), strict=True):
        np.testing.assert_allclose(found, wanted, atol=2e-3)


def test_a_painting_in_its_own_palette_stays(wall):
    np.testing.assert_allclose(matched(wall, palette_of(wall)), wall, atol=1e-3)


@pytest.mark.parametrize("share", [0, 0.5])
def test_what_a_palette_lacks_of_a_share_of_1_stays(share, wall):
    colors = palette_of(0.3 + 0.4 * painting("starry_night", 160))
    wanted = wall + share * (matched(wall, colors) - wall)
    np.testing.assert_allclose(matched(wall, share * colors), wanted, atol=1e-5)


def test_a_batch_is_its_pictures_one_by_one(wall):
    pictures = np.concatenate([wall, wall[:, ::-1, :, ::-1]])
    colors = np.stack([palette_of(painting(name, 64)) for name in ("starry_night", "great_wave")])
    together = matched(pictures, colors)
    for number in range(2):
        alone = matched(pictures[number : number + 1], colors[number])
        np.testing.assert_allclose(together[number : number + 1], alone, atol=1e-5)


@pytest.mark.parametrize("picture", ["one colour", "black", "gray", "small"])
def test_photos_without_colours_stay_finite_and_calm(picture, wall):
    gray = np.repeat(wall.mean(axis=-1, keepdims=True), 3, axis=-1)
    flat = np.full_like(wall, 0.4)
    given = {"one colour": flat, "black": 0 * flat, "gray": gray, "small": resize(wall, (32, 32))}
    made = matched(given[picture], palette_of(painting("cafe_terrace", 160)))
    assert np.isfinite(made).all()
    if picture in ("one colour", "black"):
        assert made.std(axis=(1, 2)).max() < 1e-3
    elif picture == "gray":
        _, covariance = moments(made)
        assert np.linalg.matrix_rank(covariance, tol=2e-3) <= 2, "one line of colours, clipped"


def test_no_confetti_from_a_gray_sky():
    """Noise of one grey level is spread no further than GAIN times."""
    sky = np.float32(0.6) + np.random.default_rng(0).normal(0, 1 / 255, (1, 64, 64, 3))
    made = matched(sky.astype("float32"), palette_of(painting("cafe_terrace", 160)))
    assert made.std(axis=(1, 2)).max() < 2 * GAIN / 255


def test_a_painting_of_one_colour_makes_everything_of_that_colour(wall):
    blue = np.float32([[[[0.2, 0.3, 0.7]]]]) + np.zeros_like(wall)
    made = matched(wall, palette_of(blue))
    np.testing.assert_allclose(made, blue, atol=1e-3)


@pytest.mark.parametrize("architecture", ["light", "johnson", "stylebank"])
def test_the_table_of_a_network_is_measured(architecture):
    network, paintings = build_network(architecture, 3), {2: painting("great_wave", 64)}
    set_palettes(network, paintings)
    (table,) = network.get_layer("colors").get_weights()
    np.testing.assert_array_equal(table[2], palette_of(paintings[2]))
    assert not table[:2].any() and table.shape == (3, COLORS)
    assert not [v for v in network.trainable_variables if "colors" in v.path]
