"""Several paintings: their shares and regions are completed, and what is wrong is said."""

import numpy as np
import pytest

from nstlib.errors import InputError
from nstlib.gatys.paintings import gather_styles, painted_part

CONTENT = np.zeros((1, 8, 10, 3), "float32")
PAINTINGS = {name: np.full((1, 6, 4, 3), 0.5, "float32") for name in ("wave", "night", "field")}
PAIR = {name: PAINTINGS[name] for name in ("wave", "night")}


def left(columns=5, height=8, width=10):
    mask = np.zeros((1, height, width, 1), "float32")
    mask[:, :, :columns] = 1
    return mask


def shares(*arguments, **options):
    return [style.share for style in gather_styles(*arguments, **options)]


def test_one_painting_is_everywhere_and_has_it_all():
    for given in (PAIR["wave"], [PAIR["wave"]]):
        (style,) = gather_styles(given, CONTENT)
        assert (style.name, style.share, style.mask) == ("style", 1.0, None)
    assert painted_part(gather_styles(PAIR, CONTENT)) is None


def test_weights_become_shares_that_add_up_to_one():
    assert shares(PAIR, CONTENT) == [0.5, 0.5]
    assert shares(PAIR, CONTENT, style_weights=[1, 3]) == [0.25, 0.75]
    assert shares(PAIR, CONTENT, style_weights=np.array([1, 3])) == [0.25, 0.75]
    assert shares(PAIR, CONTENT, style_weights={"night": 3}) == [0.25, 0.75]
    (style,) = gather_styles(PAIR, CONTENT, style_weights=[0, 7])
    assert (style.name, style.share) == ("night", 1.0)


def test_with_masks_shares_go_by_area_so_that_all_regions_are_painted_equally_boldly():
    given = {"masks": [left(2), None]}
    assert shares(PAIR, CONTENT, **given) == pytest.approx([0.2, 0.8])
    weighted = shares(PAIR, CONTENT, style_weights=[4, 1], **given)
    assert weighted == pytest.approx([0.5, 0.5])
    assert shares(PAIR["wave"], CONTENT, masks=left(2)) == pytest.approx([0.2])
    assert shares(PAIR, CONTENT, style_weights=[0, 1], **given) == pytest.approx([0.8])


def test_a_missing_mask_takes_what_others_leave():
    first, second = gather_styles(PAIR, CONTENT, masks={"wave": left()})
    np.testing.assert_array_equal(first.mask, left())
    np.testing.assert_array_equal(second.mask, 1 - left())
    *_, a, b = gather_styles(PAINTINGS, CONTENT, masks=[left(), None, None])
    np.testing.assert_array_equal(a.mask, 0.5 * (1 - left()))
    np.testing.assert_array_equal(a.mask, b.mask)


def test_overlapping_masks_never_claim_more_than_the_whole():
    first, second = gather_styles(PAIR, CONTENT, masks=[left(10), left()])
    np.testing.assert_array_equal(first.mask + second.mask, 1)


def test_pixels_of_nobody_are_counted_and_left():
    with pytest.warns(UserWarning, match="24 of 80 pixels belong to no mask: they stay"):
        styles = gather_styles(PAIR, CONTENT, masks=[left(5), left(7)])
    np.testing.assert_array_equal(painted_part(styles), left(7))
    assert sum(style.share for style in styles) == pytest.approx(0.7)
    only = gather_styles(PAIR["wave"], CONTENT, masks=left())  # one mask leaves the rest on purpose
    np.testing.assert_array_equal(painted_part(only), left())


def test_a_mask_of_another_size_is_named_and_resized():
    with pytest.warns(UserWarning, match="mask of wave has 20 x 16 pixels, the picture 10 x 8"):
        first, _ = gather_styles(PAIR, CONTENT, masks=[left(10, 16, 20), None])
    np.testing.assert_array_equal(first.mask, left())


@pytest.mark.parametrize(("scale", "side"), [(0.5, 5), (1, 10), (0.01, 1)])
def test_style_scale_is_relative_to_the_picture(scale, side):
    painting, upper = np.zeros((1, 20, 15, 3), "float32"), left(20, 10, 15)
    whole = np.concatenate([upper, 1 - upper], axis=1)
    (style,) = gather_styles(painting, CONTENT, style_scale=scale, model_masks=whole)
    assert max(style.image.shape[1:3]) == side
    assert style.model_mask.shape[1:3] == style.image.shape[1:3]
    assert style.model_mask.mean() == pytest.approx(0.5, abs=0.1)


def test_enlarging_a_painting_is_said():
    with pytest.warns(UserWarning, match="wave picture is enlarged from 6 to 20 pixels"):
        gather_styles({"wave": PAIR["wave"]}, CONTENT, style_scale=2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"style_weights": [1, 2, 3]}, r"2 paintings \(wave, night\) and 3 style_weights: give"),
        ({"style_weights": [1]}, "and 1 style_weights"),
        ({"masks": [left()]}, r"2 paintings \(wave, night\) and 1 masks: give one for each"),
        ({"masks": {"nigth": left()}}, "a name in masks is 'nigth'. Did you mean 'night'?"),
        (
            {"style_weights": [1, -1]},
            "a weight in style_weights is -1; it must be a number, 0 or more",
        ),
        ({"style_weights": [1, float("nan")]}, "a weight in style_weights is nan"),
        ({"style_weights": [0, 0]}, "sum of style_weights is 0; it must be a number above 0"),
        ({"masks": [0 * left(), None]}, "The mask of wave is 0 everywhere"),
        ({"masks": [left(10), None]}, "rest that other masks leave to night is 0 everywhere"),
        ({"style_scale": 0}, "style_scale is 0; it must be a number above 0"),
        ({"model_masks": [None, 0 * left(4, 6, 4)]}, "model mask of night is 0 everywhere"),
        ({"style_scale": float("inf")}, "style_scale is inf"),
    ],
)
def test_what_is_wrong_is_named(options, message):
    with pytest.raises(InputError, match=message):
        gather_styles(PAIR, CONTENT, **options)


def test_no_painting_at_all():
    for nothing in ({}, []):
        with pytest.raises(InputError, match="no painting among the styles"):
            gather_styles(nothing, CONTENT)
