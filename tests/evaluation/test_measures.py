"""Measures of paintings: what they must say of pictures whose answer is known beforehand."""

import cv2
import numpy as np
import pytest
from keras import ops

from nstlib.errors import InputError
from nstlib.evaluation import frechet, measures
from nstlib.images.bundled import painting, photo
from nstlib.vgg.losses import gram_matrix, relative_distance
from nstlib.vgg.statistics import LEVELS, style_encoder, style_vector


@pytest.fixture(scope="module")
def cat():
    return measures.look(photo("cat", 64))  # 64 x 43 pixels


@pytest.fixture(scope="module")
def wave():
    return measures.look(painting("great_wave", 64))


def changed(seen, change) -> measures.Look:
    """A picture of which the network sees something else."""
    features = {name: change(np.asarray(values)) for name, values in seen.features.items()}
    return measures.Look(seen.picture, features)


def gray(level: float, shape=(4, 6)):
    return np.full((1, *shape, 3), level, "float32")


# --- Content and style ---------------------------------------------------------------------------


def test_distances_of_a_picture_to_itself_are_zero(cat):
    picture = cat.picture
    assert measures.content_distance(picture, picture) == 0
    assert measures.style_distance(picture, picture) == 0
    assert measures.perceptual_distance(picture, picture) == 0
    assert measures.color_distance(picture, picture) == 0


def test_distances_come_from_the_layers_that_their_names_say(cat, wave):
    image = measures.look(1 - cat.picture)
    deep, others = image.features["block4_conv1"], cat.features["block4_conv1"]
    assert measures.content_distance(image, cat) == relative_distance(deep, others) > 0
    first, second = (
        [gram_matrix(seen.features[layer]) for layer in LEVELS] for seen in (image, wave)
    )
    apart = [np.mean((a - b) ** 2) / np.mean(b**2) for a, b in zip(first, second, strict=True)]
    assert measures.style_distance(image, wave) == pytest.approx(np.mean(apart), rel=1e-4)


def test_a_network_that_sees_nothing_is_at_the_distance_one(cat, wave):
    blind = changed(cat, np.zeros_like)
    assert measures.content_distance(blind, cat) == pytest.approx(1)
    assert measures.style_distance(blind, wave) == pytest.approx(1)
    assert measures.perceptual_distance(blind, cat) == pytest.approx(1, abs=1e-3)


def test_style_forgets_places_and_content_does_not(cat):
    def shuffled(values):
        flat = values.reshape(-1, values.shape[-1])
        return np.random.default_rng(0).permutation(flat).reshape(values.shape)

    elsewhere = changed(cat, shuffled)
    assert measures.style_distance(elsewhere, cat) < 1e-9
    assert measures.content_distance(elsewhere, cat) > 0.5


def test_a_mirrored_painting_keeps_its_style(wave, cat):
    mirrored = wave.picture[:, :, ::-1]
    kept = measures.style_distance(mirrored, wave)
    assert kept < 0.3 * measures.style_distance(cat, wave)
    assert measures.content_distance(mirrored, wave) > 0.5
    assert measures.color_distance(mirrored, wave) == pytest.approx(0, abs=1e-9)


def test_perceptual_distance_sees_directions_not_lengths(cat):
    longer = changed(cat, lambda values: 3 * values)
    assert measures.perceptual_distance(longer, cat) == pytest.approx(0, abs=1e-6)
    turned = changed(cat, lambda values: np.eye(1, values.shape[-1], 0) + 0 * values)
    other = changed(cat, lambda values: np.eye(1, values.shape[-1], 1) + 0 * values)
    assert measures.perceptual_distance(turned, other) == pytest.approx(2)


def test_more_noise_is_further_away(cat):
    noise = np.random.default_rng(1).normal(size=cat.picture.shape)
    noisy = [np.clip(cat.picture + level * noise, 0, 1) for level in (0.05, 0.1, 0.3)]
    for distance in (measures.content_distance, measures.perceptual_distance):
        found = [distance(image, cat) for image in noisy]
        assert 0 < found[0] < found[1] < found[2]


# --- Colours -------------------------------------------------------------------------------------


def test_color_distance_of_grays_is_that_of_their_lightness():
    assert measures.color_distance(gray(0), gray(1)) == pytest.approx(100, abs=0.01)
    known = 53.389 - 21.247  # L of the two in CIELAB, by the formula
    assert measures.color_distance(gray(0.2), gray(0.5)) == pytest.approx(known, abs=0.1)


def test_color_distance_of_a_shift_is_its_length():
    random = np.random.default_rng(2)
    colors = random.uniform((45, -9, -9), (65, 9, 9), (24, 32, 3)).astype("float32")
    shift = np.array([6, -4, 12], "float32")
    pictures = [cv2.cvtColor(c, cv2.COLOR_LAB2RGB)[None] for c in (colors, colors + shift)]
    assert measures.color_distance(*pictures) == pytest.approx(14, rel=0.01)


def test_color_distance_forgets_places_and_size(cat):
    pixels = np.random.default_rng(3).permutation(cat.picture.reshape(-1, 3))
    assert measures.color_distance(pixels.reshape(cat.picture.shape), cat) < 1e-9
    doubled = np.repeat(cat.picture, 2, axis=1)
    assert measures.color_distance(doubled, cat) < 0.05


def test_color_distance_sees_which_hue_is_the_dark_one():
    """Dark red and light green, or light red and dark green: channel by channel the same."""
    pairs = ((40, 25, 10), (65, -25, 10)), ((65, 25, 10), (40, -25, 10))
    rows = [np.array([pair], "float32").repeat(8, axis=0) for pair in pairs]
    first, second = (cv2.cvtColor(row, cv2.COLOR_LAB2RGB)[None] for row in rows)
    assert measures.color_distance(first, second) > 10


# --- Structure, and calm -------------------------------------------------------------------------


def test_ssim_is_that_of_scikit_image(cat):
    from skimage.metrics import structural_similarity

    noise = np.random.default_rng(5).uniform(size=cat.picture.shape).astype("float32")
    other = 0.7 * cat.picture + 0.3 * noise
    gray_pair = [one[0].astype("float64") @ (0.299, 0.587, 0.114) for one in (cat.picture, other)]
    options = {"gaussian_weights": True, "use_sample_covariance": False, "data_range": 1.0}
    expected = structural_similarity(*gray_pair, **options)
    assert measures.ssim(cat, other) == pytest.approx(expected, rel=1e-4)
    assert measures.ssim(cat, cat) == pytest.approx(1)
    assert abs(measures.ssim(cat, noise)) < 0.1


def test_ssim_of_two_constants_is_the_term_of_brightness():
    expected = (2 * 0.2 * 0.6 + 1e-4) / (0.2**2 + 0.6**2 + 1e-4)
    assert measures.ssim(gray(0.2), gray(0.6)) == pytest.approx(expected, rel=1e-4)


def test_flicker_of_a_step_in_brightness_is_its_height():
    frames = [gray(level, (8, 8)) for level in (0.2, 0.5, 0.5)]
    still, seen = np.zeros((8, 8, 2), "float32"), np.ones((1, 8, 8, 1), "float32")
    assert measures.flicker(frames, [still] * 2, [seen] * 2) == pytest.approx(0.15)
    with pytest.raises(InputError, match="3 frames, 1 flows"):
        measures.flicker(frames, [still], [seen])


# --- Sets ----------------------------------------------------------------------------------------


def test_frechet_distance_has_a_closed_form():
    assert frechet.frechet_distance([0.0], [1.0], [3.0], [4.0]) == pytest.approx(9 + 1)
    mean, variances = np.array([1.0, 2.0]), np.array([4.0, 9.0])
    assert frechet.frechet_distance(mean, variances, mean, variances) == 0
    assert frechet.frechet_distance(mean, variances, mean, [1.0, 1.0]) == pytest.approx(1 + 4)


def test_the_statistics_of_a_patch_are_its_style_vector(cat):
    cut = cat.picture[:, :32, :32]
    expected = ops.convert_to_numpy(style_vector(style_encoder()(cut)))
    np.testing.assert_allclose(frechet._patches(cut, 32), expected, rtol=1e-3, atol=1e-3)
    assert frechet._patches(cat, 32).shape == (3, 1920)  # 64 x 43: every 16 pixels, none cut


def test_style_frechet_of_a_set_with_itself_is_zero(cat, wave):
    assert frechet.style_frechet(cat, cat) == 0
    assert frechet.style_frechet([cat, wave], [wave, cat]) == pytest.approx(0, abs=1e-9)
    there, back = frechet.style_frechet(cat, [wave]), frechet.style_frechet([wave], cat)
    assert there == pytest.approx(back) and there > 10
    assert frechet.style_frechet([cat, wave], wave) < there, "half of it is there"


def test_art_fid_of_an_untouched_photo_has_the_least_first_factor(cat, wave):
    """Its flaw: no painting can have less, so a painting has to make up for having painted."""
    untouched = frechet.art_fid(cat, cat, wave)
    assert untouched == pytest.approx(1 + frechet.style_frechet(cat, wave))
    darker = measures.look(0.9 * cat.picture)
    content = measures.perceptual_distance(darker, cat)
    expected = (1 + content / 2) * (1 + frechet.style_frechet([cat, darker], wave))
    assert frechet.art_fid([cat, darker], [cat, cat], wave) == pytest.approx(expected)
    assert frechet.art_fid(wave, wave, wave) == 1


# --- What cannot be measured ---------------------------------------------------------------------


@pytest.mark.parametrize("distance", ["content_distance", "perceptual_distance", "ssim"])
def test_pictures_that_do_not_fit(cat, distance):
    with pytest.raises(InputError, match="painting has 40 x 43 pixels, its photo 64 x 43.*resize"):
        getattr(measures, distance)(cat.picture[:, :, :40], cat)


def test_pictures_that_are_none(cat):
    small, broken = gray(0.5, (31, 64)), np.full((1, 40, 40, 3), np.nan, "float32")
    with pytest.raises(InputError, match="64 x 31 pixels; to be measured it needs 32"):
        measures.style_distance(small, cat)
    with pytest.raises(InputError, match="needs 32"):
        frechet.style_frechet(cat, [small])
    for measure in (measures.style_distance, measures.color_distance, frechet.style_frechet):
        with pytest.raises(InputError, match="NaN"):
            measure(cat, broken)


def test_sets_that_are_none(cat):
    with pytest.raises(InputError, match="list of pictures is empty"):
        frechet.style_frechet(cat, [])
    with pytest.raises(InputError, match="list of pictures is empty"):
        frechet.art_fid([], [], cat)
    with pytest.raises(InputError, match="1 images and 2 contents"):
        frechet.art_fid(cat, [cat, cat], cat)
