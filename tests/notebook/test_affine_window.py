"""A window and its affine fit: what is drawn is what least squares says."""

import numpy as np
import pytest

import nstlib as nst
from nstlib.errors import InputError
from nstlib.notebook import affine_window


def titles(figure) -> list[str]:
    return [axis.get_title() for axis in figure.axes]


@pytest.fixture
def pictures(tiny_image):
    broken = tiny_image.copy()
    broken[:, :, 20:] = broken[:, :, 20:, ::-1] ** 2
    return {"one map": 0.5 * tiny_image[..., ::-1] + 0.2, "two maps": broken}


def test_the_misfit_is_that_of_least_squares(tiny_image, pictures, figures):
    nst.show_affine_window(tiny_image, pictures, (0.5, 0.5), channel="green")
    rows, columns = affine_window.window_at(tiny_image, (0.5, 0.5))
    assert (rows, columns) == (slice(15, 18), slice(19, 22))
    X = np.column_stack([tiny_image[0, rows, columns].reshape(9, 3), np.ones(9)])
    values = pictures["two maps"][0, rows, columns, 1].ravel()
    missed = values - X @ np.linalg.lstsq(X, values)[0]
    shown = [title for title in titles(figures[0]) if title.startswith("misfit")]
    assert shown == ["misfit 0.0000", f"misfit {np.square(missed).sum():.4f}"]
    assert np.square(missed).sum() > 1e-3


def test_a_window_of_one_colour_is_fitted_by_a_constant():
    values = np.arange(9.0)
    _, slopes, missed = affine_window.affine_fit(np.full((9, 3), 0.4), values)
    assert not slopes.any()
    np.testing.assert_allclose(missed, values - 4)


@pytest.mark.parametrize("at", [(0, 0), (1, 1), (0, 1)])
def test_a_window_lies_inside_the_picture(tiny_image, at):
    assert tiny_image[0][affine_window.window_at(tiny_image, at)].shape == (3, 3, 3)


def test_a_click_moves_the_window(tiny_image, pictures):
    box = nst.window_explorer(tiny_image, pictures)
    before = box.children[-1].value
    box.canvas.at = [0.1, 0.2]
    assert box.children[-1].value != before


def test_what_cannot_be(tiny_image, pictures):
    with pytest.raises(InputError, match="the place x is 1.5"):
        nst.show_affine_window(tiny_image, pictures, (1.5, 0.5))
    with pytest.raises(InputError, match="Did you mean 'green'"):
        nst.show_affine_window(tiny_image, pictures, channel="greem")
    with pytest.raises(InputError, match="'small' has shape"):
        nst.show_affine_window(tiny_image, {"small": tiny_image[:, :8]})
