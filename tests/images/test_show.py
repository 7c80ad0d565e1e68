"""Pictures on the screen: each with its title, and Matplotlib only when it is needed."""

import subprocess
import sys
import warnings

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib import font_manager

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


def fonts_installed(monkeypatch, *names):
    """Let Matplotlib know these fonts besides its own; their letters are those of DejaVu Sans."""
    own = [font for font in font_manager.fontManager.ttflist if font.name.startswith("DejaVu")]
    path = font_manager.findfont("DejaVu Sans")
    more = [font_manager.FontEntry(fname=path, name=name) for name in names]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", own + more)


def test_a_chinese_title_takes_a_font_that_has_its_letters(monkeypatch):
    fonts_installed(monkeypatch, "SimHei", "Noto Sans CJK SC", "Another")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        show({"the photo": np.eye(5), "照片": np.eye(5)})
    family = plt.gcf().axes[1].title.get_fontfamily()
    assert family == [*plt.rcParams["font.family"], "Noto Sans CJK SC"]
    show({"the photo": np.eye(5), 2: np.eye(5)})
    assert plt.gcf().axes[0].title.get_fontfamily() == plt.rcParams["font.family"]
    plt.close("all")


def test_without_such_a_font_one_note_says_what_to_install(monkeypatch):
    fonts_installed(monkeypatch, "Another")
    monkeypatch.setattr(plt, "show", lambda: plt.gcf().canvas.draw())
    with pytest.warns(UserWarning) as notes:
        show({"照片（左）": np.eye(5), "画作": np.eye(5)})
    (note,) = notes
    assert "Install Noto Sans CJK SC" in str(note.message) and note.filename == __file__
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
