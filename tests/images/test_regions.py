"""Flat fields: two halves are two, a small thing stays if it stands out, and merging pays."""

import cv2
import numpy as np
import pytest

from nstlib.errors import InputError
from nstlib.images.regions import fill_regions, flat_regions


def halves(left=0.2, right=0.6, height=12, width=20) -> np.ndarray:
    image = np.full((1, height, width, 3), left, np.float32)
    image[:, :, width // 2 :] = right
    return image


def spot(side: int, contrast: float) -> np.ndarray:
    """A square of gray in the middle of a large field; its distance in RGB is `contrast`."""
    image = np.full((1, 60, 60, 3), 0.3, np.float32)
    image[:, 30 : 30 + side, 30 : 30 + side] += contrast / 3**0.5
    return image


def noise(height=16, width=18) -> np.ndarray:
    return np.random.default_rng(0).uniform(0, 1, (1, height, width, 3)).astype(np.float32)


def energy(image, labels, calm) -> float:
    """Mumford & Shah's: what the fields miss, and what their borders cost."""
    border = (labels[1:] != labels[:-1]).sum() + (labels[:, 1:] != labels[:, :-1]).sum()
    return np.square(image - fill_regions(image, labels)).sum() + calm * border


def test_two_flat_halves_are_two_fields_of_their_own_colors():
    labels = flat_regions(halves())
    assert labels.shape == (12, 20) and np.unique(labels).tolist() == [0, 1]
    assert (labels[:, :10] == labels[0, 0]).all() and (labels[:, 10:] == labels[0, -1]).all()
    np.testing.assert_allclose(fill_regions(halves(), labels), halves(), atol=1e-6)


def test_two_halves_are_one_where_the_border_costs_more_than_the_error():
    """12 rows of 10 pixels each: the error is 12 * 5 * 3 * 0.4²; of the border, 12 steps."""
    even = 5 * 3 * 0.4**2
    assert flat_regions(halves(), calm=0.99 * even).max() == 1
    assert flat_regions(halves(), calm=1.01 * even).max() == 0


@pytest.mark.parametrize("side", [1, 2, 5])
def test_a_spot_stays_if_it_stands_out_for_its_size(side):
    contrast = 0.5
    limit = side * contrast**2 / 4  # around it is all of the field, or what has merged by then
    for calm, fields in ((0.8 * limit, 2), (1.05 * limit, 1)):
        assert flat_regions(spot(side, contrast), calm=calm).max() + 1 == fields


def test_merging_pays_and_goes_on_until_it_does_not():
    image, calm = noise(), 0.15
    labels = flat_regions(image, calm=calm)
    found = energy(image, labels, calm)
    single = np.arange(labels.size).reshape(labels.shape)
    assert found < energy(image, single, calm)
    assert found < energy(image, np.zeros_like(labels), calm)
    beside = {tuple(pair) for pair in np.stack([labels[:, :-1], labels[:, 1:]], -1).reshape(-1, 2)}
    for one, two in beside:
        together = np.where(labels == two, one, labels)
        _, together = np.unique(together, return_inverse=True)
        assert energy(image, together.reshape(labels.shape), calm) >= found - 1e-3


def test_every_field_hangs_together_and_the_same_picture_gives_the_same_ones():
    labels = flat_regions(noise(), calm=0.1)
    np.testing.assert_array_equal(flat_regions(noise(), calm=0.1), labels)
    assert 1 < labels.max() + 1 == np.unique(labels).size < labels.size
    for field in range(labels.max() + 1):
        parts, _ = cv2.connectedComponents((labels == field).astype(np.uint8), connectivity=4)
        assert parts == 2  # the field, and what is around it


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (5, 1), (2, 3)])
def test_tiny_flat_pictures_are_one_field(shape):
    labels = flat_regions(np.full((1, *shape, 3), 0.3))
    assert labels.shape == shape and labels.max() == 0


def test_a_filled_field_has_the_mean_of_its_colors():
    image, labels = noise(), np.arange(16 * 18).reshape(16, 18) // 100
    for field in range(3):
        mean = image[0][labels == field].mean(axis=0)
        apart = fill_regions(image, labels)[0][labels == field] - mean
        np.testing.assert_allclose(apart, 0, atol=1e-5)


@pytest.mark.parametrize("calm", [0, -1, float("nan"), "much"])
def test_a_wrong_value_is_named(calm):
    with pytest.raises(InputError, match="calm is .*must be a number above 0"):
        flat_regions(noise(), calm=calm)
