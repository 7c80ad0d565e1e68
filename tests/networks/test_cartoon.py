"""Learning from cartoons: what its two critics see, what is asked of a painting, refusals."""

import keras
import numpy as np
import pytest
from keras import ops

from nstlib.errors import InputError
from nstlib.images.cartoons import structure_look, surface_look, texture_look, texture_weights
from nstlib.networks.files import build_network
from nstlib.networks.training import cartoon
from nstlib.networks.training.cartoon import CartoonTrainer, PhotosAndCartoons, train_cartoon
from nstlib.networks.training.diary import read_log
from nstlib.networks.training.loop import Training

TINY = {"crop": 32, "batch": 2, "weights": "random"}


@pytest.fixture(autouse=True)
def seeded():
    keras.utils.set_random_seed(0)


@pytest.fixture
def gray_edge():
    """One picture (1, 32, 32, 3): dark and light gray, side by side, with grain."""
    picture = np.full((1, 32, 32, 1), 0.2, "float32")
    picture[:, :, 16:] = 0.8
    return np.repeat(picture + np.random.default_rng(0).normal(0, 0.02, picture.shape), 3, -1)


def test_a_critic_of_surfaces_sees_edges_and_no_grain(gray_edge):
    seen = np.asarray(cartoon.smoothed(ops.convert_to_tensor(gray_edge, "float32")))
    by_hand = surface_look(
        gray_edge.astype("float32"), radius=cartoon.RADIUS, tolerance=cartoon.TOLERANCE
    )
    inside = (slice(None), slice(8, 24), slice(8, 24))  # borders are mirrored in the one only
    # A gray guide in colour spreads in three channels at once, so it keeps the edge a little more.
    assert np.abs(seen - by_hand)[inside].max() < 0.1
    assert seen[0, 8:24, 2:8].std() < 0.3 * gray_edge[0, 8:24, 2:8].std()
    assert seen[0, :, 20].mean() - seen[0, :, 11].mean() > 0.5


def test_a_critic_of_texture_sees_what_the_texture_look_shows(photo_folder):
    stream = PhotosAndCartoons(photo_folder, photo_folder, crop=32, batch=2, seed=0)
    ((photos, fields, cartoons, *_, grays),) = stream[3]
    assert photos.shape == fields.shape == cartoons.shape == (2, 32, 32, 3)
    assert np.allclose(grays, [texture_weights(seed) for seed in (6, 7)])
    assert np.allclose(grays.sum(axis=1), 1, atol=1e-6), "white stays white"
    gray = np.asarray(cartoon.in_gray(ops.convert_to_tensor(photos), grays))
    for one, photo, seed in zip(gray, photos, (6, 7), strict=True):
        assert np.allclose(one.clip(0, 1), texture_look(photo[None], seed=seed), atol=1e-5)
    assert np.allclose(fields[0], structure_look(photos[:1], lines=cartoon.LINES))


def test_fields_painted_as_they_are_have_nothing_to_be_corrected():
    trainer = CartoonTrainer(build_network("light", 1), Training(**TINY))
    photos, fields, other = np.random.default_rng(0).random((3, 2, 32, 32, 3), "float32")
    looks = dict.fromkeys(("surface", "texture"), [fields, other, other])
    made = {"pictures": (photos, fields, fields), **looks}
    terms = {name: float(term) for name, term in trainer.terms(made).items()}
    assert terms["structure"] == pytest.approx(0, abs=1e-5) == terms["colors"]
    assert terms["content"] > 0.01
    for name, critic in trainer.critics.items():
        marks = np.asarray(critic(fields))
        share = cartoon.WEIGHTS[name]
        assert terms[name] == pytest.approx(share * np.mean((marks - 1) ** 2), rel=1e-4)
    away = trainer.terms(made | {"pictures": (photos, fields, fields / 2)})
    assert float(away["colors"]) == pytest.approx(10 * fields.mean() / 2, rel=1e-4)


def test_painter_and_critics_learn_and_vgg_does_not(photo_folder, tmp_path):
    network, out = build_network("light", 1), tmp_path / "out"
    before = network.get_weights()
    trainer = CartoonTrainer(network, Training(**TINY))
    names = {weight.path.split("/")[0] for weight in trainer.trainable_variables}
    assert not any(name.startswith("block") for name in names)
    stream = train_cartoon(network, photo_folder, photo_folder, out, steps=2, every=2, **TINY)
    assert isinstance(stream, PhotosAndCartoons) and read_log(out)[-1]["step"] == 2
    assert set(cartoon.WEIGHTS) < set(read_log(out)[-1])
    assert any(np.abs(a - b).max() > 0 for a, b in zip(before, network.get_weights(), strict=True))
    assert network.get_layer("colors").get_weights()[0][0, -1] == 1, "it has the mean palette"


def test_a_network_of_two_ways_is_refused(photo_folder, tmp_path):
    with pytest.raises(InputError, match="last of 2 numbers; for one way it must take a picture"):
        train_cartoon(build_network("cyclegan", 2), photo_folder, photo_folder, tmp_path / "out")
