"""How pixels move: coordinates that lead there and back, and minima that are known."""

import numpy as np
import pytest

from nstlib.gatys import solvers
from nstlib.gatys.solvers import COORDINATES, SLOPE, Pixels, Waves, leashed


@pytest.mark.parametrize("name", COORDINATES)
def test_coordinates_lead_there_and_back_and_their_slope_is_the_adjoint(name):
    random, shape = np.random.default_rng(0), (1, 9, 14, 3)
    space = COORDINATES[name](shape)
    picture, other = random.standard_normal(shape), random.standard_normal(shape)
    vector = space.vector(picture)
    np.testing.assert_allclose(space.picture(vector), picture, atol=1e-12)
    assert (space.picture(vector) * other).sum() == pytest.approx(vector @ space.slope(other))


def test_in_waves_low_frequencies_move_furthest():
    space, one = Waves((1, 16, 16, 3)), np.zeros((16, 16, 3))

    def moved(row, column):
        vector = one.copy()
        vector[row, column, 0] = 1.0
        return np.linalg.norm(space.picture(vector.ravel()))

    assert moved(0, 1) / moved(0, 4) == pytest.approx(4**SLOPE)
    assert moved(15, 15) == pytest.approx(1.0)


@pytest.mark.parametrize(("space", "same"), [(solvers.WavesAround, True), (Waves, False)])
def test_waves_around_know_no_edge(space, same):
    """A pull at one place moves what is around it, and the same if all is turned."""
    pull = np.zeros((1, 8, 13, 3))
    pull[:, 3, 1] = 1.0
    space = space(pull.shape)

    def moved(slope):
        return space.picture(space.slope(slope))

    turned = np.roll(moved(pull), 11, axis=2)
    assert np.allclose(moved(np.roll(pull, 11, axis=2)), turned, atol=1e-12) == same


def test_outside_of_0_to_1_the_leash_pulls_and_the_picture_is_clipped():
    picture = np.array([-0.5, 0.5, 1.25, 1.0]).reshape(1, 1, 4, 1)

    def evaluate(image):
        return 2.0, {"tv": 2.0}, np.full_like(image, 7.0)

    inside, total, _, price, slope = leashed(evaluate, picture, weight=8.0)
    np.testing.assert_allclose(inside.ravel(), [0, 0.5, 1, 1])
    assert (total, price) == (2.0, pytest.approx(8 * (0.25 + 0.0625) / 4))
    np.testing.assert_allclose(slope.ravel(), [-2.0, 7.0, 1.0, 7.0])


def test_lbfgs_minimises_a_bounded_quadratic():
    """The minimum of |x - target|^2 under 0 <= x <= 1 is the target, clipped."""
    target = np.linspace(-0.5, 1.5, 48, dtype="float32").reshape(1, 4, 4, 3)

    def evaluate(image):
        return float(((image - target) ** 2).sum()), {"tv": 0.0}, 2 * (image - target)

    *_, last = solvers.lbfgs(evaluate, np.full_like(target, 0.5), 30, space=Pixels(target.shape))
    np.testing.assert_allclose(last[0], target.clip(0, 1), atol=1e-4)


def test_lbfgs_in_waves_reaches_a_clipped_target():
    """The minimum of |x - target|^2 over pictures of 0..1 is the target, clipped."""
    target = np.linspace(-0.5, 1.5, 48, dtype="float32").reshape(1, 4, 4, 3)

    def evaluate(image):
        return float(((image - target) ** 2).sum()), {"tv": 0.0}, 2 * (image - target)

    *_, last = solvers.lbfgs(evaluate, np.full_like(target, 0.5), 60, space=Waves(target.shape))
    np.testing.assert_allclose(last[0], np.clip(target, 0, 1), atol=0.02)


def test_an_error_in_the_objective_reaches_the_caller():
    def evaluate(image):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        start = np.zeros((1, 2, 2, 3), "float32")
        next(solvers.lbfgs(evaluate, start, 3, space=Pixels(start.shape)))
