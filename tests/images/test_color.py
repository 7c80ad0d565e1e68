"""Colours: matching gives exactly what was wanted, and flat pictures never give NaN."""

import numpy as np
import pytest

from nstlib.errors import InputError
from nstlib.images import color


@pytest.fixture
def pictures():
    """Two pictures of unlike size and colours, gentle enough that nothing has to be clipped."""
    generator = np.random.default_rng(2)
    mixes = generator.uniform(-1, 1, (2, 3, 3))
    sizes = ((1, 20, 30, 3), (1, 16, 16, 3))
    centres = (np.array([0.6, 0.5, 0.4]), np.array([0.4, 0.45, 0.6]))
    return [
        (centre + 0.03 * generator.normal(size=size).clip(-2, 2) @ mix).astype("float32")
        for size, mix, centre in zip(sizes, mixes, centres, strict=True)
    ]


def mean_and_covariance(picture):
    flat = np.asarray(picture, "float64").reshape(-1, 3)
    return flat.mean(0), np.cov(flat.T, bias=True)


@pytest.mark.parametrize("method", color.METHODS)
def test_matched_colors_have_exactly_the_wanted_mean_and_covariance(method, pictures):
    matched = color.match_color(*pictures, method=method)
    assert matched.shape == pictures[0].shape and matched.dtype == np.float32
    for found, wanted in zip(*map(mean_and_covariance, (matched, pictures[1])), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("method", color.METHODS)
def test_colors_matched_to_themselves_stay(method, pictures):
    matched = color.match_color(pictures[0], pictures[0], method=method)
    np.testing.assert_allclose(matched, pictures[0], atol=1e-5)


def test_the_methods_are_what_their_names_say(pictures):
    old, new = (mean_and_covariance(picture)[1] for picture in pictures)
    triangle, monge = (color._matrix(old, new, method) for method in ("cholesky", "monge"))
    np.testing.assert_allclose(triangle, np.tril(triangle), atol=1e-10)
    expected = np.linalg.cholesky(new) @ np.linalg.inv(np.linalg.cholesky(old))
    np.testing.assert_allclose(triangle, expected, rtol=1e-6)
    np.testing.assert_allclose(monge, monge.T, atol=1e-10)
    moved = {
        method: np.abs(color.match_color(*pictures, method=method) - pictures[0]).mean()
        for method in color.METHODS
    }
    assert moved["monge"] == min(moved.values())


@pytest.mark.parametrize("method", color.METHODS)
@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_a_constant_picture_becomes_the_mean_color(method, value, pictures):
    flat = np.full((1, 4, 5, 3), value, "float32")
    with pytest.warns(UserWarning, match="vary along 0 of 3 axes"):
        matched = color.match_color(flat, pictures[1], method=method)
    np.testing.assert_allclose(matched[0, 0, 0], pictures[1].mean((0, 1, 2)), atol=1e-5)


@pytest.mark.parametrize("method", color.METHODS)
def test_a_gray_picture_keeps_its_pattern_in_the_wanted_colors(method, pictures):
    gray = pictures[0].mean(axis=-1, keepdims=True).repeat(3, axis=-1)
    with pytest.warns(UserWarning, match="vary along 1 of 3 axes"):
        matched = color.match_color(gray, pictures[1], method=method)
    assert np.isfinite(matched).all()
    np.testing.assert_allclose(matched.mean((0, 1, 2)), pictures[1].mean((0, 1, 2)), atol=1e-5)
    assert np.abs(np.corrcoef(gray[..., 0].ravel(), matched.sum(-1).ravel())[0, 1]) > 0.999


@pytest.mark.parametrize("method", color.METHODS)
def test_a_constant_reference_gives_a_constant_picture(method, pictures):
    flat = np.full((1, 4, 5, 3), 0.25, "float32")
    np.testing.assert_allclose(color.match_color(pictures[0], flat, method=method), 0.25, atol=1e-5)


def test_where_looks_at_a_part_of_the_reference(pictures):
    left = np.zeros((1, 16, 16, 1), "float32")
    left[:, :, :8] = 1
    for match in (color.match_color, color.match_histogram):
        expected = match(pictures[0], pictures[1][:, :, :8])
        np.testing.assert_allclose(match(*pictures, where=left), expected, atol=1e-6)
        with pytest.raises(InputError, match="where is 0 everywhere"):
            match(*pictures, where=0 * left)
        with pytest.raises(InputError, match=r"where is \(1, 4, 16, 1\); .* a mask of \(16, 16\)"):
            match(*pictures, where=left[:, :4])


def test_an_unknown_method_names_those_there_are(pictures):
    with pytest.raises(InputError, match="'median'. It can be 'pca', 'cholesky', 'monge'"):
        color.match_color(*pictures, method="median")


def test_matched_histograms_are_the_wanted_ones(pictures):
    shuffled = np.random.default_rng(0).permutation(pictures[1].reshape(-1, 3))
    same_size = pictures[0][:, :16, :16]
    matched = color.match_histogram(same_size, shuffled.reshape(1, 16, 16, 3))
    found, wanted = (np.sort(p.reshape(-1, 3), axis=0) for p in (matched, pictures[1]))
    np.testing.assert_allclose(found, wanted, atol=1e-6)
    order = np.argsort(same_size[..., 0].ravel())
    assert (np.diff(matched[..., 0].ravel()[order]) >= 0).all()


def test_equal_values_stay_equal_under_histogram_matching(pictures):
    two = np.zeros((1, 4, 4, 3), "float32")
    two[:, :2] = 1
    matched = color.match_histogram(two, pictures[1])
    assert len(np.unique(matched[0, ..., 0])) == 2
    flat = color.match_histogram(np.full((1, 3, 3, 3), 0.7), pictures[1])
    middle = np.median(pictures[1].reshape(-1, 3), axis=0)
    np.testing.assert_allclose(flat[0, 0, 0], middle, atol=1e-6)


def test_keep_color_takes_brightness_from_one_and_colors_from_the_other(pictures):
    painting, photo = pictures[0][:, :16, :16], pictures[1]
    kept = color.keep_color(painting, photo)
    weights = np.array([0.299, 0.587, 0.114])
    np.testing.assert_allclose(kept @ weights, painting @ weights, atol=1e-5)
    difference = (kept - kept @ weights[:, None]) - (photo - photo @ weights[:, None])
    assert np.abs(difference).max() < 0.01
