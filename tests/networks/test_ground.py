"""The ground is smooth noise that depends on the place alone."""

import numpy as np
import pytest
from keras import ops

from nstlib.networks.files import build_network
from nstlib.networks.ground import KNOTS, SMOOTHNESS, SPACING, STRENGTH, Ground, ground
from nstlib.networks.training import loop
from nstlib.networks.training.loss import PerceptualLoss


def laid(*places) -> np.ndarray:
    return ops.convert_to_numpy(ground(*(np.asarray(p, "float32") for p in places)))


def test_mean_spread_and_smoothness():
    noise = laid(np.arange(512), np.arange(512))
    assert abs(noise.mean()) < 0.05 and noise.std() == pytest.approx(1, abs=0.05)
    for axis in (0, 1):  # blurred by a Gaussian, noise is alike over distances of its width
        for distance in (2, 5, 10):
            alike = (noise * np.roll(noise, distance, axis)).mean() / noise.var()
            wanted = np.exp(-(distance**2) / (4 * SMOOTHNESS**2))
            assert alike == pytest.approx(wanted, abs=0.08)


def test_it_depends_on_the_place_alone():
    whole = laid(np.arange(90), np.arange(70))
    np.testing.assert_allclose(laid(np.arange(20, 50), np.arange(70))[:], whole[20:50], atol=1e-5)
    turn = KNOTS * SPACING
    np.testing.assert_allclose(laid(np.arange(90) + turn, np.arange(70)), whole, atol=2e-3)


def test_a_batch_of_places():
    rows, columns = np.arange(24.0).reshape(2, 12), np.arange(18.0).reshape(2, 9)
    both = laid(rows, columns)
    np.testing.assert_allclose(both[1], laid(rows[1], columns[1]), atol=1e-5)


@pytest.mark.parametrize("size", [(32, 48), (33, 97)])
def test_the_layer_adds_it_to_every_colour(size):
    gray = np.full((2, *size, 3), 0.5, "float32")
    made = ops.convert_to_numpy(Ground()(gray)) - gray
    np.testing.assert_allclose(made[..., :1].repeat(3, axis=-1), made, atol=1e-6)
    np.testing.assert_allclose(made[0], made[1])
    assert made.std() == pytest.approx(STRENGTH, rel=0.25)


def test_it_stays_within_the_range_of_pictures():
    made = ops.convert_to_numpy(Ground(0.5)(np.ones((1, 64, 64, 3), "float32")))
    assert made.max() == 1 and made.min() >= 0


@pytest.mark.random_weights
def test_what_is_drawn_while_training_belongs_to_the_trainer():
    """Else a backend that compiles pure functions would lay the same ground in every step."""
    loss = PerceptualLoss([np.ones((1, 32, 32, 3), "float32")], weights="random")
    trainer = loop.StyleTrainer(build_network("light", 1), loss)
    assert any(state is trainer.canvas.draw.state for state in trainer.non_trainable_variables)
