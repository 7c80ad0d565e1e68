"""Textures from noise: of any size, seamless, in pieces as at once; and how they are learnt."""

import hashlib

import numpy as np
import pytest

from nstlib.errors import InputError, MissingFile
from nstlib.evaluation.gates import glance, style_distances
from nstlib.files import data_folder
from nstlib.images import bundled
from nstlib.networks import endless, texture as architecture
from nstlib.networks.endless import noise_picture, texture
from nstlib.networks.files import PaintingNetwork, build_network, load_network, save_network
from nstlib.networks.training import texture as learning
from nstlib.networks.training.diary import read_log
from nstlib.networks.training.texture import Noise, train_texture

NAMES = bundled.textures()
FOLDER = data_folder() / "weights"


@pytest.fixture(scope="module")
def network():
    return build_network("texture", 1)


@pytest.fixture(scope="module")
def file(network, tmp_path_factory):
    """An untrained texture, saved: what it makes is noise, too, which is all that matters here."""
    path = tmp_path_factory.mktemp("textures") / "mine.npz"
    return save_network(PaintingNetwork("texture", ("mine",), network), path)


# --- The network ----------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(32, 32), (64, 96)])
def test_maps_of_noise_become_a_texture_of_the_size_they_are_for(network, size):
    maps = architecture.noise_maps(noise_picture(*size, 0), 0, 0, *size)
    assert [one.shape[1] for one in maps] == [
        size[0] // 2**n + 2 * m for n, m in enumerate(architecture.MARGINS)
    ]
    made = np.asarray(network(maps))
    assert made.shape == (1, *size, 3) and made.min() >= 0 and made.max() <= 1


def test_noise_has_mean_0_and_deviation_1_in_training_as_in_use():
    in_use = architecture.noise_maps(noise_picture(256, 256, 0), 0, 0, 256, 256)
    for maps in (in_use, Noise(crop=256, batch=2, seed=0)[0][0]):
        for one in maps:
            places = np.sqrt(one.size)
            assert abs(one.mean()) < 4 / places and abs(one.std() - 1) < 4 / places


def test_every_number_of_the_noise_can_be_seen(network):
    before = noise_picture(64, 64, 0)
    after = before.copy()
    after[16, 16] = 1 - before[16, 16]  # the coarsest map's
    made = [network(architecture.noise_maps(noise, 0, 0, 64, 64)) for noise in (before, after)]
    assert np.abs(made[0] - made[1]).max() > 0


def test_normalisation_goes_into_the_kernels():
    learnt = architecture.texture_network(normalized=True)
    maps = list(Noise(crop=64, batch=2, seed=0)[0][0])
    random = np.random.default_rng(0)
    learnt.set_weights([w + random.uniform(0, 0.5, w.shape) for w in learnt.get_weights()])
    folded = architecture.plain(learnt)
    np.testing.assert_allclose(folded(maps), learnt(maps, training=False), atol=1e-5)
    gray = np.asarray(architecture.plain(learnt, gray=True)(maps))
    assert np.ptp(gray, axis=-1).max() < 1e-6


def test_the_noise_picture_s_own_network_is_the_same(network):
    noise = noise_picture(64, 32, 3)
    whole = architecture.tile_network(network)(noise[None])
    np.testing.assert_allclose(
        whole, network(architecture.noise_maps(noise, 0, 0, 64, 32)), atol=1e-6
    )


# --- What is made ---------------------------------------------------------------------------------


def test_size_and_seed(file):
    made = texture(file, (70, 101), seed=3)
    assert made.shape == (1, 70, 101, 3) and made.dtype == np.float32
    assert (made == texture(file, [70, 101], seed=3)).all()
    assert np.abs(made - texture(file, (70, 101), seed=4)).max() > 1e-3
    assert texture(file, 1).shape == (1, 1, 1, 3)


def test_tiles_make_what_is_made_at_once(file, monkeypatch):
    whole = texture(file, (96, 130))
    monkeypatch.setattr(endless, "TILE", 64)
    np.testing.assert_allclose(texture(file, (96, 130)), whole, atol=1e-6)


def test_a_texture_goes_on_at_the_other_side(file, monkeypatch):
    shift = (32, 64)
    noise = noise_picture(96, 128, 0)
    made = texture(file, (96, 128))
    monkeypatch.setattr(endless, "noise_picture", lambda *_: np.roll(noise, shift, (0, 1)))
    moved = texture(file, (96, 128))
    np.testing.assert_allclose(moved, np.roll(made, shift, (1, 2)), atol=1e-6)


@pytest.mark.parametrize("size", [0, -1, "x", 2.5, None, (64,), (64, 0), (64, 64, 3), True])
def test_sizes_that_are_none(file, size):
    with pytest.raises(InputError, match="size is "):
        texture(file, size)


def test_what_else_will_not_do(file):
    with pytest.raises(InputError, match="more than 100,000,000"):
        texture(file, 10_001)
    for seed in (-1, "x", 0.5):
        with pytest.raises(InputError, match="seed is "):
            texture(file, 32, seed=seed)
    with pytest.raises(MissingFile, match="no texture 'brik'. Did you mean 'brick'. Textures: "):
        texture("brik", 32)
    with pytest.raises(InputError, match="light paints pictures and makes no textures"):
        texture("light", 32)


def test_a_texture_network_paints_no_photo(file):
    for name in (file, "texture_brick"):
        with pytest.raises(InputError, match=r"paints no pictures: nst.texture\("):
            load_network(name)
    assert load_network(file, texture=None).styles == ("mine",)
    assert not set(bundled.bundled_networks()) & set(bundled.bundled_textures())


# --- Learning -------------------------------------------------------------------------------------


@pytest.mark.random_weights
def test_learning_goes_on_where_it_was_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr(learning, "LOOKS", {1: ["block1_conv1"], 2: ["block2_conv1"]})
    gray = np.random.default_rng(0).uniform(0, 1, (1, 128, 130, 1)).astype("float32")
    tiny = {"crop": 128, "every": 1, "weights": "random", "name": "dots"}
    train_texture(gray, tmp_path, steps=1, **tiny)
    trained = train_texture(gray, tmp_path, steps=2, **tiny)
    assert [row["step"] for row in read_log(tmp_path)] == [1, 2]
    assert (tmp_path / "preview.png").is_file()
    assert (trained.architecture, trained.styles) == ("texture", ("dots",))
    made = texture(save_network(trained, tmp_path / "dots.npz"), 64)
    assert np.isfinite(made).all() and np.ptp(made, axis=-1).max() < 1e-3, "gray, as the picture"


def test_pictures_and_crops_that_are_too_small(tmp_path):
    with pytest.raises(InputError, match="crop is 100; it must be a multiple of 32 from 128"):
        train_texture(np.zeros((1, 128, 128, 3)), tmp_path, name="a", crop=100)
    with pytest.raises(InputError, match="has 200 x 90 pixels"):
        train_texture(np.zeros((1, 90, 200, 3)), tmp_path, name="a")


# --- The bundled ones -----------------------------------------------------------------------------


def test_what_is_promised_is_there():
    assert {"brick", "gravel", "grass"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_texture_is_what_its_row_says(name):
    row = bundled.bundled_textures()[f"texture_{name}"]
    path = FOLDER / row["file"]
    assert hashlib.sha256(path.read_bytes()).hexdigest() == row["sha256"]
    assert path.stat().st_size == row["bytes"] < 5e5
    assert row["styles"] == [name]
    card = (FOLDER / row["card"]).read_text(encoding="utf-8")
    for part in ("**Picture**", "**Steps**", "Loss while training", "Known faults", "## Licence"):
        assert part in card, part
    assert f"(texture_{name}.jpg)" in card


def test_textures_are_near_their_pictures_and_far_from_others():
    pictures = [entry.name for entry in bundled.pictures("texture")]
    looks = [glance(bundled.painting(name, 320)) for name in pictures]
    for name in set(NAMES).intersection(pictures):
        made = glance(texture(name, 256, seed=5))
        distances = dict(zip(pictures, style_distances(made, looks), strict=True))
        own = distances.pop(name)
        assert own < 0.5 * min(distances.values()), name


@pytest.mark.parametrize("name", NAMES)
def test_a_large_texture_is_a_small_one_continued(name):
    small, large = texture(name, 256, seed=1), texture(name, (256, 1024), seed=2)
    means = [picture.mean(axis=(0, 1, 2)) for picture in (small, large)]
    spreads = [picture.std(axis=(0, 1, 2)) for picture in (small, large)]
    np.testing.assert_allclose(*means, atol=0.04)
    np.testing.assert_allclose(*spreads, atol=0.04)
