"""Every message says what was given, what is allowed and what to do; here is their wording."""

import math

import numpy as np
import pytest

from nstlib.errors import InputError, choice, did_you_mean, number

REFUSED = {  # arguments of `number`: what it says
    (-1, 0, 10): "size is -1; it must be a number from 0 to 10.",
    (0.5, 1): "size is 0.5; it must be a number, 1 or more.",
    (3, -math.inf, 2): "size is 3; it must be a number, 2 at most.",
    (math.nan,): "size is nan; it must be a number.",
    (math.inf, 0): "size is inf; it must be a number, 0 or more.",
    ("7", 0, 10): "size is '7'; it must be a number from 0 to 10.",
    (True, 0, 10): "size is True; it must be a number from 0 to 10.",
    (None, 0, 10): "size is None; it must be a number from 0 to 10.",
}
REFUSED_WITH = [  # arguments of `number`, its options, what it says
    ((2.0, 1, 4), {"whole": True}, "size is 2.0; it must be a whole number from 1 to 4."),
    ((0, 0), {"above": True}, "size is 0; it must be a number above 0."),
    ((0, 0, 1), {"above": True}, "size is 0; it must be a number above 0, 1 at most."),
    (
        (8, 16),
        {"whole": True, "unit": "pixels", "hint": "Enlarge it first."},
        "size is 8; it must be a whole number of pixels, 16 or more. Enlarge it first.",
    ),
]


@pytest.mark.parametrize(("given", "options", "said"), REFUSED_WITH)
def test_options_of_a_number_are_said(given, options, said):
    with pytest.raises(InputError) as error:
        number("size", *given, **options)
    assert str(error.value) == said


def test_what_is_no_number_is_refused():
    for given, said in REFUSED.items():
        with pytest.raises(InputError) as error:
            number("size", *given)
        assert str(error.value) == said


@pytest.mark.parametrize("given", [0, 1, 0.5, np.float32(0.25), np.int64(1)])
def test_a_number_comes_back_as_it_is(given):
    assert number("share", given, 0, 1) is given
    assert number("count", np.int64(3), 1, whole=True) == 3


def test_a_choice_comes_back_or_the_nearest_is_asked_for():
    assert choice("kind", "pan", ["pan", "zoom"]) == "pan"
    with pytest.raises(InputError) as error:
        choice("kind", "pane", ["pan", "zoom"], "Clips are made so.")
    said = "kind is 'pane'. Did you mean 'pan'? It can be 'pan', 'zoom'. Clips are made so."
    assert str(error.value) == said


def test_a_choice_may_be_of_numbers():
    assert choice("side", 8, [8, 16]) == 8
    with pytest.raises(InputError, match=r"^side is 7. It can be 8, 16.$"):
        choice("side", 7, [8, 16])


def test_a_large_limit_keeps_its_digits():
    with pytest.raises(InputError, match="from 0 to 4294967295"):
        number("seed", -1, 0, 2**32 - 1, whole=True)


def test_a_far_name_has_no_question():
    assert did_you_mean("xyz", ["block1_conv1"]) == ""
