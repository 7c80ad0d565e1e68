"""Pictures on the screen: each with its title, and Matplotlib only when it is needed."""

import subprocess
import sys

import matplotlib.pyplot as plt
import numpy as np
import pytest

from nstlib.errors import InputError
from nstlib.images.show import show


def test_show_draws_each_picture_with_its_title(rgb):
    show({"a photo": rgb, "a map": np.eye(5), "one channel": np.zeros((1, 4, 4, 1))})
    figure = plt.gcf()
    assert [axis.get_title() for axis in figure.axes] == ["a photo", "a map", "one channel"]
    assert figure.axes[0].images[0].get_array().shape == (6, 9, 3)
    show([rgb] * 5, columns=2)
    assert len(plt.gcf().axes) == 6
    show(rgb, "one picture")
    assert [axis.get_title() for axis in plt.gcf().axes] == ["one picture"]
    show(np.ones((1, 4, 4, 1)))  # a mask without a hole is white
    assert plt.gcf().axes[0].images[0].get_clim() == (0, 1)
    plt.close("all")


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (([],), {}, "There are 0 pictures"),
        (([np.eye(4)] * 2, ["one title"]), {}, "2 pictures and 1 titles"),
        ((np.eye(4),), {"columns": 0}, "columns is 0"),
        ((np.full((4, 4, 3), 9.0),), {}, "Divide by 255"),
    ],
)
def test_show_refuses_before_it_draws(arguments, options, message):
    with pytest.raises(InputError, match=message):
        show(*arguments, **options)


def test_matplotlib_waits_until_something_is_shown():
    code = (
        "import sys; from nstlib.images import files, show; sys.exit('matplotlib' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
