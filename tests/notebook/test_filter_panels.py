"""The panels over the filters draw what the plain functions make."""

import io

import numpy as np
import pytest
from PIL import Image

import nstlib as nst
from nstlib.errors import InputError
from nstlib.notebook import filter_panels as panels, kit


@pytest.fixture
def drawn(monkeypatch):
    """What the panels draw, as arrays."""
    made = []
    monkeypatch.setattr(kit, "as_jpeg", lambda picture: made.append(picture) or b"")
    return made


@pytest.fixture
def images(tiny_image):
    return {"ramp": tiny_image, "mirror": 1 - tiny_image}


def test_every_filter_has_its_controls_within_what_it_takes(drawn, images):
    assert set(panels.CONTROLS) == set(nst.FILTERS)
    box = nst.filter_explorer(images)
    _, names = box.children[0].children
    for name in names.options:
        names.value = name
        controls = box.children[1].children[0].children[0].children
        assert [control.description for control in controls] == list(panels.CONTROLS[name])
        np.testing.assert_array_equal(drawn[-1], nst.FILTERS[name](images["ramp"]))


def test_a_control_and_another_picture_draw_anew(drawn, images):
    box = nst.filter_explorer(images)
    radius, _ = box.children[1].children[0].children[0].children
    radius.value = 2
    np.testing.assert_array_equal(drawn[-1], nst.kuwahara(images["ramp"], radius=2))
    box.children[0].children[0].value = "mirror"
    np.testing.assert_array_equal(drawn[-1], nst.kuwahara(images["mirror"], radius=2))


def test_a_picture_is_shown(images):
    shown = nst.kernel_explorer(images).shown.value
    assert Image.open(io.BytesIO(shown)).format == "JPEG"


def test_the_numbers_are_the_kernel(drawn, images):
    box = nst.kernel_explorer(images)
    box.menu.value = "nothing"
    np.testing.assert_allclose(drawn[-1], images["ramp"], atol=1e-6)
    box.cells[4].value = 0
    box.cells[5].value = 1
    np.testing.assert_allclose(drawn[-1][:, :, :-1], images["ramp"][:, :, 1:], atol=1e-6)


def test_a_kernel_is_divided_by_its_sum_and_no_change_is_gray(tiny_image):
    flat = np.full_like(tiny_image, 0.25)
    for name, kernel in panels.KERNELS.items():
        expected = 0.25 if np.sum(kernel) else 0.5
        np.testing.assert_allclose(
            nst.apply_kernel(flat, kernel), expected, atol=1e-6, err_msg=name
        )


@pytest.mark.parametrize("wrong", [np.ones((2, 3)), np.ones(3)])
def test_a_kernel_needs_a_middle(tiny_image, wrong):
    with pytest.raises(InputError, match="give rows and columns, odd both"):
        nst.apply_kernel(tiny_image, wrong)
