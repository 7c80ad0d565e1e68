"""The painting networks' parts have analytic answers, and the whole keeps every picture's size."""

import numpy as np
import pytest
from keras import layers, ops

from nstlib.errors import InputError
from nstlib.networks.blocks import (
    ConditionalInstanceNormalization,
    CropLike,
    Enlarge,
    InstanceNormalization,
)
from nstlib.networks.transform import transform_network
from nstlib.vgg.layers import ReflectionPadding


def test_reflection_padding_mirrors():
    row = np.arange(4, dtype="float32").reshape(1, 1, 4, 1).repeat(4, axis=1)
    padded = ops.convert_to_numpy(ReflectionPadding(2)(row))
    np.testing.assert_array_equal(padded[0, 0, :, 0], [2, 1, 0, 1, 2, 3, 2, 1])


def test_a_style_gives_each_channel_its_contrast_and_brightness(tiny_image):
    layer = ConditionalInstanceNormalization(2, epsilon=0.0)
    layer.build([tiny_image.shape, (1, 2)])
    layer.scale.assign([[1, 2, 3], [4, 5, 6]])
    layer.shift.assign([[0, 0, 0], [7, 8, 9]])
    for mix, scale, shift in (([1, 0], [1, 2, 3], [0, 0, 0]), ([0.5, 0.5], [2.5, 3.5, 4.5], None)):
        out = ops.convert_to_numpy(layer([tiny_image, np.array([mix], "float32")]))
        np.testing.assert_allclose(out.std(axis=(1, 2))[0], scale, rtol=1e-4)
        shift = [3.5, 4, 4.5] if shift is None else shift
        np.testing.assert_allclose(out.mean(axis=(1, 2))[0], shift, atol=1e-4)


def test_a_limit_takes_the_glare_out_of_a_spot(tiny_image):
    glaring = tiny_image.copy()
    glaring[0, 5, 5] = 100.0
    mix, found = np.ones((1, 1), "float32"), {}
    for limit in (None, 4.0):
        layer = ConditionalInstanceNormalization(1, limit=limit)
        found[limit] = ops.convert_to_numpy(layer([glaring, mix])).max()
    assert found[None] > 30 and found[4.0] == pytest.approx(4.0)


def test_instance_normalisation_is_keras_group_normalisation_of_single_channels(tiny_image):
    ours, theirs = InstanceNormalization(), layers.GroupNormalization(-1, epsilon=1e-5)
    ours.build(tiny_image.shape)
    theirs.build(tiny_image.shape)
    assert [w.path.split("/")[-1] for w in ours.weights] == ["gamma", "beta"], "as in .npz files"
    for layer in (ours, theirs):
        layer.set_weights([np.float32([1, 2, 3]), np.float32([0, 0.5, 1])])
    np.testing.assert_allclose(ours(tiny_image), theirs(tiny_image), atol=1e-5)


def test_a_border_that_is_mirrored_too():
    row = np.arange(4, dtype="float32").reshape(1, 1, 4, 1).repeat(4, axis=1)
    padded = ops.convert_to_numpy(ReflectionPadding(2, repeat=True)(row))
    np.testing.assert_array_equal(padded[0, 0, :, 0], [1, 0, 0, 1, 2, 3, 3, 2])


def test_enlarging_smoothly_goes_straight_from_pixel_to_pixel():
    row = np.array([0, 4, 0, 0], "float32").reshape(1, 1, 4, 1).repeat(3, axis=1)
    made = ops.convert_to_numpy(Enlarge(2, smooth=True)(row))
    assert made.shape == (1, 6, 8, 1)
    np.testing.assert_allclose(made[0, 0, :, 0], [0, 1, 3, 3, 1, 0, 0, 0], atol=1e-6)


@pytest.mark.parametrize("size", [2, 3])
def test_enlarging_repeats_every_pixel(size, tiny_image):
    wanted = tiny_image.repeat(size, axis=1).repeat(size, axis=2)
    layer = Enlarge(size)
    np.testing.assert_array_equal(layer(tiny_image), wanted)
    assert layer.compute_output_shape((None, None, 8, 3)) == (None, None, 8 * size, 3)


def test_crop_takes_the_pictures_rows_and_columns(tiny_image):
    wide = np.pad(tiny_image, ((0, 0), (0, 3), (0, 5), (0, 0)))
    np.testing.assert_array_equal(CropLike()([wide, tiny_image]), tiny_image)


@pytest.mark.parametrize("design", ["light", "johnson"])
@pytest.mark.parametrize("size", [(33, 47), (64, 40)])
def test_a_painting_has_exactly_the_pictures_size(design, size):
    network = transform_network(design, styles=3)
    picture = np.random.default_rng(0).uniform(0, 1, (2, *size, 3)).astype("float32")
    mix = np.array([[1, 0, 0], [0, 0.5, 0.5]], "float32")
    painting = ops.convert_to_numpy(network([picture, mix]))
    assert painting.shape == picture.shape
    assert painting.min() >= 0 and painting.max() <= 1


def test_johnsons_network_has_the_papers_size():
    """1.68 million weights, as in PyTorch's example, which has the same layers and biases."""
    network = transform_network("johnson")
    assert network.count_params() == pytest.approx(1.679e6, rel=0.01)


def test_an_unknown_design_names_the_nearest():
    with pytest.raises(InputError, match="design is 'lite'. Did you mean 'light'"):
        transform_network("lite")
