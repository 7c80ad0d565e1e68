"""Learning from a collection without a way back: terms, beginnings, refusals."""

import keras
import numpy as np
import pytest

from nstlib.errors import InputError
from nstlib.networks.beginning import network_of_one
from nstlib.networks.files import PaintingNetwork, build_network
from nstlib.networks.palette import palette_of
from nstlib.networks.training import one_way
from nstlib.networks.training.diary import read_log
from nstlib.networks.training.loop import Training
from nstlib.networks.training.one_way import OneWayTrainer, train_one_way
from nstlib.networks.training.unpaired import TwoFolders

TINY = {"crop": 32, "batch": 2, "weights": "random"}


@pytest.fixture(autouse=True)
def seeded():
    keras.utils.set_random_seed(0)


def test_a_painting_that_is_the_photo_has_no_distance_from_its_content():
    trainer = OneWayTrainer(build_network("light", 1), Training(**TINY))
    photos = np.random.default_rng(0).random((2, 32, 32, 3), "float32")
    made = dict.fromkeys(("photos", "painted", "paintings", "remembered"), photos)
    terms = {name: float(term) for name, term in trainer.terms(made).items()}
    assert terms["content"] == pytest.approx(0, abs=1e-5) == terms["tone"]
    marks = np.asarray(
        trainer.critic(photos)
    )  # what it shows to the critic as true, and as painted
    assert terms["adversarial"] == pytest.approx(np.mean((marks - 1) ** 2), rel=1e-4)
    assert terms["critic"] == pytest.approx(np.mean((marks - 1) ** 2 + marks**2) / 2, rel=1e-4)
    darker = trainer.terms(made | {"painted": photos / 2})
    assert float(darker["tone"]) > 1 and float(darker["content"]) > 0.01


def test_painter_and_critic_learn_and_vgg_does_not(photo_folder, tmp_path):
    network, out = build_network("light", 1), tmp_path / "out"
    before = network.get_weights()
    trainer = OneWayTrainer(network, Training(**TINY))
    names = {weight.path.split("/")[0] for weight in trainer.trainable_variables}
    assert not any(name.startswith("block") for name in names)
    stream = train_one_way(network, photo_folder, photo_folder, out, steps=2, every=2, **TINY)
    assert isinstance(stream, TwoFolders) and read_log(out)[-1]["step"] == 2
    assert set(one_way.WEIGHTS) < set(read_log(out)[-1])
    assert any(np.abs(a - b).max() > 0 for a, b in zip(before, network.get_weights(), strict=True))
    seen = [palette_of(one[None]) for one in stream.paintings[0][0][0]]
    row = network.get_layer("colors").get_weights()[0][0]
    assert np.allclose(row, np.mean(seen, axis=0), atol=0.5) and row[-1] == 1


def test_a_network_of_two_ways_is_refused(photo_folder, tmp_path):
    with pytest.raises(InputError, match="last of 2 numbers; for one way it must take a picture"):
        train_one_way(build_network("cyclegan", 2), photo_folder, photo_folder, tmp_path / "out")


@pytest.mark.parametrize("architecture", ["light", "cyclegan"])
def test_a_network_of_one_style_paints_what_the_one_of_many_paints(architecture):
    network = build_network(architecture, 3)
    network.get_layer("colors").set_weights([np.random.default_rng(1).random((3, 10), "float32")])
    many = PaintingNetwork(architecture, ("a", "b", "c"), network)
    one, picture = network_of_one(many, "b", "mine"), np.full((1, 32, 40, 3), 0.4, "float32")
    picture[:, 10:20] = 0.8
    assert one.styles == ("mine",)
    mix = np.eye(3, dtype="float32")[[1]]
    same = one.network([picture, np.ones((1, 1), "float32")])
    assert np.allclose(same, network([picture, mix]), atol=1e-5)
    with pytest.raises(InputError, match="style is 'd'. It can be 'a', 'b', 'c'"):
        network_of_one(many, "d")
