"""Curves, a race by turns, and what a position of VGG19 sees."""

import numpy as np

from nstlib.gatys.descent import Step
from nstlib.gatys.painting import Result
from nstlib.notebook import speed

TOTALS = (5.0, 3.0, 4.0, 2.0)


def steps(totals=TOTALS, size=1.0):
    for index, total in enumerate(totals):
        yield Step(index, None, total, {}, 2 * index + 1, size)


def test_curves_keep_their_rises(figures):
    run = Result(None, list(steps()), None, 0.0, 7, "steps")
    speed.show_curves({"a run": run})
    (line,) = figures[0].axes[0].lines
    assert list(line.get_xdata()) == [1, 3, 5, 7] and tuple(line.get_ydata()) == TOTALS


def test_a_race_goes_by_turns_and_by_each_ones_own_clock(monkeypatch):
    now, turns = 0.0, []
    monkeypatch.setattr(speed.time, "perf_counter", lambda: now)

    def racer(name: str, seconds: float):
        nonlocal now
        for step in steps():
            now += seconds
            turns.append(name)
            yield step

    films = speed.race({"slow": racer("slow", 3.0), "quick": racer("quick", 1.0)})
    assert [at for at, _ in films["slow"]] == [3, 6, 9, 12]
    assert [at for at, _ in films["quick"]] == [1, 2, 3, 4]
    assert turns == ["slow", *3 * ["quick"], "slow", "quick", "slow", "slow"]


def test_arrival_is_the_first_time_at_full_size(figures):
    film = [(second, step) for second, step in enumerate([*steps((0.1,), 0.5), *steps()])]
    assert speed.arrival(film, 3.5) == 2
    assert speed.arrival(film, 1.0) is None
    speed.show_race({"one": film}, 3.5)
    assert len(figures[0].axes[0].lines[0].get_xdata()) == 4


def test_half_of_what_counts_lies_near_the_middle(figures):
    picture = np.random.default_rng(0).uniform(0, 1, (1, 96, 64, 3)).astype("float32")
    (x, y), radius = speed.half_circle(picture, "block3_conv1")
    assert abs(x - 34) < 4 and abs(y - 50) < 4  # position (12, 8) of a quarter of the size
    assert 2 < radius < 12  # of a square of 28 pixels
    speed.show_field(picture, (96, 48), "block3_conv1")
    assert "384 positions" in figures[0].axes[0].get_title()
