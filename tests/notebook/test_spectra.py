"""Spectra and the stored film."""

import numpy as np

import nstlib as nst
from nstlib.notebook import training_film


def test_what_repeats_every_four_pixels_lies_at_a_quarter():
    weave = 0.5 + 0.2 * np.cos(np.pi / 2 * np.arange(64))[None, None, :, None]
    found = nst.spectrum(np.broadcast_to(weave, (1, 64, 64, 3)))
    row, column = np.unravel_index(found.argmax(), found.shape)
    assert row == 32 and abs(column - 32) == 16


def test_pictures_stand_above_their_spectra(tiny_image, figures):
    nst.show_spectra({"ramp": tiny_image, "mirror": 1 - tiny_image})
    titles = [axis.get_title() for axis in figures[0].axes]
    assert titles == ["ramp", "mirror", "spectrum of ramp", "spectrum of mirror"]


def test_lines_have_levels_by_name(figures):
    nst.show_lines({"descent": {0: 2.0, 1: 1.0}}, x="step", y="loss", level={"one pass": 1.5})
    assert [text.get_text() for text in figures[0].axes[0].get_legend().texts] == [
        "descent",
        "one pass",
    ]


def test_the_film_has_all_its_frames():
    film = nst.training_film()
    assert list(film) == [f"step {step}" for step in training_film.FRAMES]
    assert len({frame.shape for frame in film.values()}) == 1
    first, last = film["step 0"], film["step 500"]
    blue = nst.painting("starry_night", 64).mean(axis=(1, 2))
    apart = [np.abs(frame.mean(axis=(1, 2)) - blue).max() for frame in (first, last)]
    assert apart[1] < apart[0]
