"""Arrays become pictures by one convention, or are refused; sizes change and values stay."""

import numpy as np
import pytest

from nstlib.errors import InputError
from nstlib.images.arrays import as_image, resize, to_pil, to_uint8, without_grain


@pytest.mark.parametrize("size", [0, -3, 2.5, True, None, "small", (4, 0), (1, 2, 3)])
def test_a_size_is_a_whole_number(size, tiny_image):
    with pytest.raises(InputError, match="size is .* must be a whole number of pixels, 1 or more"):
        resize(tiny_image, size)


def test_a_size_beyond_all_memory_is_refused(tiny_image):
    with pytest.raises(InputError, match="12000 x 9600 pixels, more than 100,000,000"):
        resize(tiny_image, 12_000)


def test_resize_keeps_a_constant_and_the_proportions():
    gray = np.full((1, 30, 40, 3), 0.4, np.float32)
    for size, shape in ((20, (15, 20)), (80, (60, 80)), ((7, 5), (7, 5))):
        small = resize(gray, size)
        assert small.shape == (1, *shape, 3) and small.dtype == np.float32
        np.testing.assert_allclose(small, 0.4, atol=1e-6)
    assert resize(gray[:, :1], 4).shape == (1, 1, 4, 3)
    assert resize(gray[..., :1], 4).shape == (1, 3, 4, 1)


def test_resize_stays_in_range_beside_an_edge():
    edge = np.zeros((1, 16, 16, 3), np.float32)
    edge[:, :, 8:] = 1
    large = resize(edge, 64)
    assert large.min() == 0 and large.max() == 1


def test_grain_goes_and_shapes_stay(tiny_image):
    column, row = np.meshgrid(np.arange(40), np.arange(32))
    threads = np.repeat((column % 2)[None, ..., None], 3, axis=-1).astype(np.float32)
    bars = np.repeat((row // 8 % 2)[None, ..., None], 3, axis=-1).astype(np.float32)
    soft = without_grain(0.5 * threads + 0.5 * bars)
    assert soft[0, 2:6, 4:-4].std() < 0.05 and soft.shape == threads.shape
    assert soft[0, 12].mean() - soft[0, 4].mean() > 0.45
    np.testing.assert_array_equal(without_grain(tiny_image, 1), tiny_image)
    with pytest.raises(InputError, match="times is 0.5"):
        without_grain(tiny_image, 0.5)


def test_resize_takes_what_as_image_takes_and_leaves_it_alone(rgb, tiny_image):
    np.testing.assert_array_equal(resize(rgb, 9), as_image(rgb))
    same = resize(tiny_image, 40)
    assert not np.shares_memory(same, tiny_image)
    with pytest.raises(InputError, match="Divide by 255"):
        resize(rgb.astype(np.float32), 5)


def test_arrays_of_all_kinds_become_pictures(rgb):
    floats = rgb.astype(np.float64) / 255
    for array in (rgb, floats, floats[None], rgb.astype(np.int64)):
        np.testing.assert_allclose(as_image(array)[0], floats, atol=1e-6)
    for gray in (rgb[..., 0], rgb[..., :1], rgb[None, ..., :1], rgb[..., 0] > 127):
        image = as_image(gray)
        assert image.shape == (1, 6, 9, 3) and (image[..., 0] == image[..., 2]).all()
    np.testing.assert_array_equal(as_image(to_pil(rgb)), as_image(rgb))


def test_tensors_become_pictures(tiny_image):
    import tensorflow as tf

    np.testing.assert_array_equal(as_image(tf.constant(tiny_image)), tiny_image)
    np.testing.assert_array_equal(as_image(tf.Variable(tiny_image)[0]), tiny_image)


def test_as_image_gives_a_copy_rounded_into_range(tiny_image):
    image = as_image(tiny_image * 1.005)
    assert image.max() == 1
    assert not np.shares_memory(as_image(tiny_image), tiny_image)


def test_uint8_is_rounded_to_the_nearest():
    levels = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1).repeat(3, axis=-1)
    np.testing.assert_array_equal(to_uint8(levels / 255 + 0.4 / 255), levels[0])
    np.testing.assert_array_equal(to_uint8(levels / 255 - 0.4 / 255), levels[0])


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((2, 4, 4, 3)), r"shape \(2, 4, 4, 3\)"),
        (np.zeros((4, 4, 7)), "not a picture"),
        (np.zeros((0, 4, 3)), r"shape \(0, 4, 3\).*not a picture"),
        (np.full((4, 4, 3), np.nan), "NaN or infinite"),
        (np.full((4, 4, 3), np.inf), "NaN or infinite"),
        (np.full((4, 4, 3), -0.5), "values from -0.5"),
        (np.full((4, 4, 3), 9000, np.uint16), "values from 9000"),
        ("photo.jpg", "A file is loaded with load_image"),
        (None, r"shape \(\) and type object"),
        (np.full((4, 4, 3), 128.0), "values from 128 to 128.*Divide by 255"),
    ],
)
def test_arrays_that_are_no_pictures(array, message):
    with pytest.raises(InputError, match=message):
        as_image(array)
