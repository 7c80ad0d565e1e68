"""The loss of training is the painter's, and what is added to it costs what it should."""

import numpy as np
import pytest

from nstlib.errors import InputError
from nstlib.gatys.objective import objective
from nstlib.gatys.recipe import recipe
from nstlib.networks.training.loss import (
    IDENTITY_WEIGHT,
    PerceptualLoss,
    tone_distance,
)

RECIPE = recipe(
    "feed-forward", content_layers=["block1_conv2"], style_layers=["block1_conv1", "block2_conv1"]
)
pytestmark = pytest.mark.random_weights


def test_the_loss_of_a_batch_is_the_mean_of_what_the_painter_minimises(tiny_image, paintings):
    styles = list(paintings.values())
    photos = np.concatenate([tiny_image, tiny_image[:, ::-1]])
    painted = np.clip(photos + 0.1 * np.sin(40 * photos), 0, 1).astype("float32")
    mix = np.eye(2, dtype="float32")
    terms = PerceptualLoss(styles, RECIPE, "random")(photos, mix, painted)
    wanted = {}
    for number in range(2):
        photo, painting = photos[number : number + 1], painted[number : number + 1]
        loss = objective(photo, styles[number], RECIPE, weights="random")
        for name, term in loss(painting)[1].items():
            wanted[name] = wanted.get(name, 0) + float(term) / 2
    assert float(terms.pop("identity")) == 0
    assert float(terms.pop("tone")) > 0
    assert terms.keys() == wanted.keys()
    for name, term in terms.items():
        assert float(term) == pytest.approx(wanted[name], rel=1e-4), name


def test_tone_is_free_within_a_cell_and_dear_beyond(tiny_image):
    photo = np.full((1, 32, 32, 3), 0.5, "float32")
    stroke, blotch = np.zeros((2, 1, 32, 32, 3), "float32")
    stroke[:, ::2] = 0.2
    stroke[:, 1::2] = -0.2
    blotch[:, :16, :16] = 0.2
    free, dear = (float(tone_distance(photo, photo + change)[0]) for change in (stroke, blotch))
    assert free < 1e-6
    assert dear == pytest.approx(0.2**2 / 4 / (0.5**2 + 0.02), rel=1e-4)


def test_where_no_style_is_asked_for_only_the_identity_counts(tiny_image, paintings):
    loss = PerceptualLoss(list(paintings.values()), RECIPE, "random")
    terms = loss(tiny_image, np.zeros((1, 2), "float32"), np.clip(tiny_image + 0.1, 0, 1))
    identity = float(terms.pop("identity"))
    assert 0 < identity <= IDENTITY_WEIGHT * 0.1**2 * 1.01
    assert all(float(term) == 0 for term in terms.values())


def test_only_relative_recipes_train_networks(paintings):
    with pytest.raises(InputError, match="Only recipes that are relative"):
        PerceptualLoss(list(paintings.values()), "gatys-2016", "random")


def test_a_weight_that_networks_cannot_take_is_not_passed_over(paintings):
    with pytest.raises(InputError, match="histogram_weight is for nst.style_transfer"):
        PerceptualLoss(list(paintings.values()), recipe(RECIPE, histogram_weight=1.0), "random")
