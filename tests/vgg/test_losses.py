"""Losses have analytic answers."""

import numpy as np
import pytest
from keras import ops

from nstlib.vgg import losses

N, M_HEIGHT, M_WIDTH = 6, 5, 7
M = M_HEIGHT * M_WIDTH


@pytest.fixture
def pair():
    generator = np.random.default_rng(3)
    return generator.uniform(0, 9, (2, 1, M_HEIGHT, M_WIDTH, N)).astype("float32")


def number(tensor) -> float:
    return float(ops.convert_to_numpy(tensor))


def test_losses_of_a_thing_with_itself_are_zero(pair):
    features = pair[0]
    assert number(losses.content_loss(features, features)) == 0
    assert number(losses.gram_loss(features, losses.gram_matrix(features))) == 0
    assert number(losses.mean_std_loss(features, losses.mean_std(features))) == 0


def test_content_loss_of_a_constant_difference_is_its_square(pair):
    assert number(losses.content_loss(pair[0] + 3, pair[0])) == pytest.approx(9, rel=1e-5)


def test_gram_of_a_constant_picture_is_the_outer_product():
    color = np.array([1.0, 2.0, 3.0], "float32")
    features = np.broadcast_to(color, (1, 4, 5, 3)).copy()
    gram = ops.convert_to_numpy(losses.gram_matrix(features))
    np.testing.assert_allclose(gram[0], np.outer(color, color), rtol=1e-6)


def test_gram_is_the_uncentred_covariance(pair):
    flat = pair[0].reshape(-1, N)
    expected = np.cov(flat.T, bias=True) + np.outer(flat.mean(0), flat.mean(0))
    np.testing.assert_allclose(losses.gram_matrix(pair[0])[0], expected, rtol=1e-5)


def test_gram_forgets_place_and_picture_size(pair):
    gram = ops.convert_to_numpy(losses.gram_matrix(pair[0]))
    shuffled = np.random.default_rng(0).permutation(pair[0].reshape(M, N)).reshape(pair[0].shape)
    np.testing.assert_allclose(losses.gram_matrix(shuffled), gram, rtol=1e-5)
    doubled = np.tile(pair[0], (1, 2, 1, 1))
    np.testing.assert_allclose(losses.gram_matrix(doubled), gram, rtol=1e-5)


def test_mean_std_agrees_with_numpy(pair):
    mean, std = ops.convert_to_numpy(losses.mean_std(pair[0], epsilon=0.0))[0]
    np.testing.assert_allclose(mean, pair[0].mean((0, 1, 2)), rtol=1e-5)
    np.testing.assert_allclose(std, pair[0].std((0, 1, 2)), rtol=1e-5)


def test_mean_std_of_a_constant_has_a_finite_gradient():
    from nstlib.backend import value_and_grad

    target = np.ones((1, 2, 3), "float32")
    flat = np.ones((1, 4, 4, 3), "float32")
    _, gradient = value_and_grad(lambda x: losses.mean_std_loss(x, target))(flat)
    assert np.isfinite(ops.convert_to_numpy(gradient)).all()


@pytest.mark.parametrize(("norm", "power"), [("l1", 1), ("l2", 2)])
def test_total_variation_of_a_ramp(norm, power):
    height, width, slope = 6, 9, 0.1
    row = slope * np.arange(width, dtype="float32")
    ramp = np.broadcast_to(row[None, None, :, None], (1, height, width, 3)).copy()
    expected = 3 * height * (width - 1) * slope**power / (height * width)
    assert number(losses.total_variation(ramp, norm)) == pytest.approx(expected, rel=1e-4)


def region(left: int = 3) -> np.ndarray:
    mask = np.zeros((1, M_HEIGHT, M_WIDTH, 1), "float32")
    mask[:, :, :left] = 1
    return mask


def test_a_full_mask_gives_the_plain_statistics(pair):
    full = np.ones((1, M_HEIGHT, M_WIDTH, 1), "float32")
    plain = ops.convert_to_numpy(losses.gram_matrix(pair[0]))
    np.testing.assert_array_equal(losses.guided_gram(pair[0], full), plain)
    np.testing.assert_allclose(losses.guided_gram(pair[0], 0.25 * full), plain, rtol=1e-5)
    expected = ops.convert_to_numpy(losses.mean_std(pair[0]))
    np.testing.assert_allclose(losses.mean_std(pair[0], mask=full), expected, rtol=1e-5)


def test_each_region_sees_only_its_own_half(pair):
    mask = region()
    both = np.concatenate([pair[0][:, :, :3], pair[1][:, :, 3:]], axis=2)
    for statistic, guided in (
        (losses.gram_matrix, losses.guided_gram),
        (losses.mean_std, lambda features, m: losses.mean_std(features, mask=m)),
    ):
        left = ops.convert_to_numpy(statistic(pair[0][:, :, :3]))
        right = ops.convert_to_numpy(statistic(pair[1][:, :, 3:]))
        np.testing.assert_allclose(guided(both, mask), left, rtol=1e-4)
        np.testing.assert_allclose(guided(both, 1 - mask), right, rtol=1e-4)


def test_guided_losses_of_a_region_with_itself_are_zero(pair):
    mask = region()
    target = losses.guided_gram(pair[0], mask)
    assert number(losses.gram_loss(pair[0], target, mask)) == 0
    target = losses.mean_std(pair[0], mask=mask)
    assert number(losses.mean_std_loss(pair[0], target, mask)) == 0


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_empty_regions_and_regions_of_one_pixel_have_finite_gradients(value, pair):
    from nstlib.backend import value_and_grad

    mask = np.zeros((1, M_HEIGHT, M_WIDTH, 1), "float32")
    mask[:, 2, 2] = value
    one = pair[0][:, 2:3, 2:3] * value
    np.testing.assert_allclose(losses.guided_gram(pair[0], mask), losses.gram_matrix(one))
    for loss, target in (
        (losses.gram_loss, losses.gram_matrix(pair[1])),
        (losses.mean_std_loss, losses.mean_std(pair[1])),
    ):
        asked = lambda x, loss=loss, target=target: loss(x, target, mask)  # noqa: E731
        total, gradient = value_and_grad(asked)(pair[0])
        gradient = ops.convert_to_numpy(gradient)
        assert np.isfinite(number(total)) and np.isfinite(gradient).all()
        assert (gradient[0, :2] == 0).all() and (gradient != 0).any() == bool(value)


def test_histogram_loss_is_zero_for_equal_sets_in_any_order_and_number(pair):
    shuffled = np.random.default_rng(0).permutation(pair[0].reshape(M, N)).reshape(pair[0].shape)
    target = losses.histogram_target(pair[0], M)
    assert number(losses.histogram_loss(shuffled, target)) == pytest.approx(0, abs=1e-9)
    twice = losses.histogram_target(np.repeat(pair[0], 2, axis=1), M)
    np.testing.assert_allclose(twice, target, atol=0.35)
    flat = losses.histogram_target(np.full((1, 2, 2, N), 3.0, "float32"), M)
    np.testing.assert_allclose(flat, 3, rtol=1e-6)


def test_histogram_loss_is_the_distance_to_the_matched_features(pair):
    """Risser et al. 2017, eq. 8, with the matching done by rank, channel by channel."""
    from nstlib.backend import value_and_grad

    now, wanted = (features.reshape(M, N) for features in pair)
    ranks = np.argsort(np.argsort(now, axis=0), axis=0)
    matched = np.take_along_axis(np.sort(wanted, axis=0), ranks, axis=0).reshape(pair[0].shape)
    target = losses.histogram_target(pair[1], M)
    value, gradient = value_and_grad(lambda x: losses.histogram_loss(x, target))(pair[0])
    assert number(value) == pytest.approx(((pair[0] - matched) ** 2).mean(), rel=1e-4)
    np.testing.assert_allclose(gradient, 2 * (pair[0] - matched) / matched.size, atol=1e-5)


def test_histograms_see_what_gram_matrices_do_not():
    """One strong answer, or four of half its strength: the same mean square."""
    few, many = np.zeros((2, 1, 2, 2, 1), "float32")
    few[0, 0, 0], many[:] = 2.0, 1.0
    assert number(losses.gram_loss(few, losses.gram_matrix(many))) == 0
    assert number(losses.histogram_loss(few, losses.histogram_target(many, 4))) == 1


def test_total_variation_names_what_is_allowed():
    with pytest.raises(ValueError, match="norm is 'l3'.*'l1', 'l2'"):
        losses.total_variation(np.zeros((1, 2, 2, 3), "float32"), "l3")


def test_a_relative_distance_is_one_for_zeros_whatever_the_target(pair):
    target = 1e3 * pair[1]
    assert number(losses.relative_distance(0 * target, target)) == pytest.approx(1, rel=1e-6)
    assert number(losses.relative_distance(3 * target, target)) == pytest.approx(4, rel=1e-6)
    each = losses.relative_distance(0 * target, target, axis=(1, 2))
    np.testing.assert_allclose(each, np.ones((1, N)), rtol=1e-6)
    black = np.zeros_like(target)
    assert number(losses.relative_distance(black + 0.1, black, floor=0.01)) == pytest.approx(1)
