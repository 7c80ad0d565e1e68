"""Diffusion: picture and noise, mixed and parted; painting in steps; and how it is learnt."""

from functools import partial

import keras
import numpy as np
import pytest

from nstlib.errors import InputError, MissingFile
from nstlib.images.arrays import resize
from nstlib.images.bundled import bundled_networks, painting, photo as bundled_photo
from nstlib.images.files import save_image
from nstlib.networks import denoising as denoisers, diffusion as architecture
from nstlib.networks.denoising import denoising, from_noise, noise, sdedit
from nstlib.networks.diffusion import CELL, REACH, levels, mixed, parted
from nstlib.networks.files import (
    PaintingNetwork,
    build_network,
    load_network,
    save_network,
)
from nstlib.networks.training import diffusion as learning
from nstlib.networks.training.diary import read_log
from nstlib.networks.training.diffusion import Patches, train_diffusion
from nstlib.networks.training.loop import average_over

pytestmark = pytest.mark.xdist_group("diffusion")  # its networks are built and compiled once
FEW = (8, 8, 8)  # channels: enough for all but what is learnt


@pytest.fixture(scope="module")
def network():
    """It is small and untrained, and says something all the same."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(architecture, "CHANNELS", FEW)
        made, random = build_network("diffusion", 1), np.random.default_rng(0)
    for weight in made.weights:
        weight.assign(random.normal(0, 0.12, weight.shape))
    return made


@pytest.fixture
def small(monkeypatch):
    """Networks are built small: most of a test's time is compiling."""
    monkeypatch.setattr(architecture, "CHANNELS", FEW)
    monkeypatch.setattr(architecture, "BLOCKS", (1, 1, 1))


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    return np.random.default_rng(1).random((1, 37, 45, 3), "float32")


@pytest.fixture(scope="module")
def paintings() -> dict[str, np.ndarray]:
    random = np.random.default_rng(2)
    small = (random.random((1, 8, 6, 3), "float32") for _ in range(2))
    return {n: resize(one, (80, 60)) for n, one in zip(("one", "two"), small, strict=True)}


# --- Pictures and noise ---------------------------------------------------------------------------


def test_levels_are_a_quarter_of_a_circle():
    np.testing.assert_allclose(levels(0.0), (1, 0))
    np.testing.assert_allclose(levels(1.0), (0, 1), atol=1e-7)
    np.testing.assert_allclose(levels(1 / 3), (3**0.5 / 2, 1 / 2), rtol=1e-6)
    alpha, sigma = levels(np.linspace(0, 1, 7)[:, None])
    assert alpha.shape == sigma.shape == (7, 1, 1, 1) and alpha.dtype == np.float32
    np.testing.assert_allclose(alpha**2 + sigma**2, 1, rtol=1e-6)


def test_what_was_mixed_is_parted_again():
    picture, rest, times = noise((5, 8, 8, 3), 0), noise((5, 8, 8, 3), 1), noise((5, 1), 2) % 1
    found = parted(*mixed(picture, rest, times), times)
    np.testing.assert_allclose(found, (picture, rest), atol=1e-5)


def gaussian(mean: float, spread: float):
    """Who knows best of pictures whose every number is normal: what is to be expected of v.

    With z = alpha x + sigma e it is x = m + alpha s^2 (z - alpha m) / (alpha^2 s^2 + sigma^2).
    """

    def expected(inputs):
        noisy, times = inputs
        alpha, sigma = levels(times)
        gain = alpha * spread**2 / (alpha**2 * spread**2 + sigma**2)
        picture = mean + gain * (noisy - alpha * mean)
        return (alpha * noisy - picture) / np.maximum(sigma, 1e-6)

    return expected


def test_one_step_on_a_gaussian_leads_to_its_posterior_mean():
    mean, spread, time = 0.1, 0.2, 0.5
    noisy = noise((1, 8, 8, 3), 0)
    (painted,) = denoising(gaussian(mean, spread), noisy, time, 1)
    half = np.sqrt(0.5)  # alpha and sigma: the precision of z about x is that of the noise, 1
    posterior = (mean / spread**2 + noisy / half) / (1 / spread**2 + 1)
    np.testing.assert_allclose(2 * painted - 1, posterior.clip(-1, 1), atol=1e-5)


def test_many_steps_lead_from_noise_to_the_gaussian():
    """Along the flow (z - alpha m)^2 / (alpha^2 s^2 + sigma^2) stays: noise e becomes m + s e."""
    start, mean, spread = noise((1, 8, 8, 3), 0).clip(-2, 2), -0.2, 0.25
    *_, painted = denoising(gaussian(mean, spread), start, 1.0, 300)
    np.testing.assert_allclose(2 * painted - 1, mean + spread * start, atol=0.01)


def test_of_a_single_picture_every_step_keeps_noise_and_picture_apart():
    known, rest = 0.5 * noise((1, 8, 8, 3), 3).clip(-1, 1), noise((1, 8, 8, 3), 4)
    noisy, _ = mixed(known, rest, 0.8)

    def expected(inputs):
        alpha, sigma = levels(inputs[1])
        return (alpha * inputs[0] - known) / sigma

    for painted in denoising(expected, noisy, 0.8, 5):
        np.testing.assert_allclose(2 * painted - 1, known, atol=1e-4)


# --- Painting -------------------------------------------------------------------------------------


def test_strength_0_is_the_photo_and_the_same_seed_the_same_painting(network, photo):
    np.testing.assert_array_equal(sdedit(network, photo, 0), photo)
    painted, again, other = (sdedit(network, photo, 0.5, steps=2, seed=s) for s in (3, 3, 4))
    assert painted.shape == photo.shape and painted.dtype == np.float32
    assert painted.min() >= 0 and painted.max() <= 1
    np.testing.assert_array_equal(painted, again)
    assert np.abs(painted - other).mean() > 0.01


def test_an_untrained_network_says_nothing_and_a_weak_strength_changes_little(small, photo):
    fresh = build_network("diffusion", 1)
    assert not np.any(fresh([noise((1, 32, 32, 3), 0), np.ones((1, 1), "float32")]))
    apart = [np.abs(sdedit(fresh, photo, s, steps=1) - photo).mean() for s in (0.02, 0.1, 0.5)]
    assert apart[0] < apart[1] < apart[2] and apart[0] < 0.02


def test_a_compiled_network_paints_what_it_says_itself(network):
    for size in (32, 40):  # compiled for the first size, then for all
        noisy = noise((1, size, 36, 3), size)
        ways = network, partial(network, training=False)
        both = (list(denoising(ask, noisy, 0.6, 2)) for ask in ways)
        np.testing.assert_allclose(*both, atol=1e-4)


def test_pieces_of_a_picture_are_painted_like_the_whole(network, monkeypatch):
    noisy = noise((1, 96, 132, 3), 0)
    whole = denoisers._asked(network, noisy, 0.5)
    monkeypatch.setattr(denoisers, "TILE", 64)
    np.testing.assert_allclose(denoisers._asked(network, noisy, 0.5), whole, atol=1e-4)


def test_no_pixel_is_seen_from_further_than_a_tile_allows(network):
    noisy, side = noise((1, 128, 128, 3), 0), 64
    other = noisy.copy()
    other[0, side, side] += 1
    apart = np.abs(denoisers._asked(network, noisy, 0.5) - denoisers._asked(network, other, 0.5))
    rows = np.nonzero(apart.max(axis=(0, 2, 3)))[0]
    assert rows.min() >= side - REACH and rows.max() <= side + REACH
    assert rows.max() - rows.min() > REACH, "the margin is not much larger than it has to be"


def test_squares_from_noise(network):
    made = from_noise(network, (32, 36), count=2, steps=2, seed=1)
    assert made.shape == (2, 32, 36, 3) and np.abs(made[0] - made[1]).mean() > 0.01


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"strength": 1.2}, "strength is 1.2; .* from 0 to 1. 0 is the photo"),
        ({"strength": -0.1}, "strength is -0.1"),
        ({"steps": 0}, "steps is 0"),
        ({"seed": -1}, "seed is -1"),
    ],
)
def test_settings_that_cannot_be(network, photo, arguments, message):
    with pytest.raises(InputError, match=message):
        sdedit(network, photo, **arguments)


def test_photos_and_networks_that_cannot_be(network, photo):
    with pytest.raises(InputError, match="45 x 20 pixels; .* needs 32 on the shorter side"):
        sdedit(network, photo[:, :20])
    with pytest.raises(InputError, match="size is 33; it must be a multiple of 4"):
        from_noise(network, 33)
    with pytest.raises(InputError, match="light paints in one pass and is no diffusion network"):
        sdedit("light", photo)


# --- Learning -------------------------------------------------------------------------------------


def test_a_stream_is_the_same_again_and_its_parts_belong_together(paintings):
    def stream(first):
        made = Patches(paintings, crop=32, batch=6, seed=1)
        made.first = first
        return made

    for one, other in zip(stream(0)[7][0], stream(5)[2][0], strict=True):
        np.testing.assert_array_equal(one, other)
    noisy, times, velocity = stream(0)[7][0]
    picture, rest = parted(noisy, velocity, times)
    assert picture.min() > -1.001 and picture.max() < 1.001 and abs(rest.std() - 1) < 0.05
    assert (np.floor(6 * times[:, 0]) == np.arange(6)).all(), "one in each part of the time"


def test_squares_come_from_the_painting_at_every_height_and_mirrored():
    ramp = np.linspace(0, 1, 200, dtype="float32")[None, None, :, None] * np.ones((1, 160, 1, 3))
    stream, slopes = Patches({"ramp": ramp}, batch=64, heights=(80, 160, 320)), []
    noisy, times, velocity = stream[0][0]
    for square in parted(noisy, velocity, times)[0]:
        slopes.append(np.diff(square.mean(axis=(0, 2))).mean() / 2 * 199)
    assert {round(slope) for slope in slopes} == {-2, -1, 1, 2}, "and none is enlarged"


def test_paintings_that_teach_nothing(paintings, tmp_path):
    with pytest.raises(InputError, match="painting flat is of one colour"):
        Patches(paintings | {"flat": np.full((1, 80, 80, 3), 0.3, "float32")})
    with pytest.raises(InputError, match="painting one has 60 x 80 pixels; at none .* 96"):
        Patches(paintings, heights=(96,))
    with pytest.raises(InputError, match="no paintings to learn from"):
        Patches({})
    with pytest.raises(MissingFile, match="is not a folder"):
        learning.read_paintings(tmp_path / "none")
    with pytest.raises(InputError, match="holds no pictures"):
        learning.read_paintings(tmp_path)
    with pytest.raises(InputError, match="crop is 34; it must be a multiple of 4"):
        train_diffusion(paintings, tmp_path, name="x", crop=CELL * 8 + 2)
    with pytest.raises(InputError, match="A height is 16"):
        train_diffusion(paintings, tmp_path, name="x", heights=(16, 72))


def test_an_average_is_never_over_more_than_a_part_of_the_training():
    assert [average_over(steps) for steps in (3, 20, 60, 2000)] == [0, 0, 1 - 1 / 3, 0.99]
    assert average_over(10**6) == 0.999


class Watch(keras.callbacks.Callback):
    """Keeps a kernel as it is after each step."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def on_train_batch_end(self, batch, logs=None):
        if keras.backend.backend() == "jax":
            self.model.jax_state_sync()
        self.seen.append(kernel(self.model.network))


def kernel(network) -> np.ndarray:
    return network.get_layer("last_conv").get_weights()[0]


def test_three_steps_and_one_more(small, paintings, photo, tmp_path, monkeypatch):
    """The loss moves; the average is what paints; a start stays; and a training goes on."""
    for name, one in paintings.items():
        save_image(one, tmp_path / "paintings" / f"{name}.png")
    monkeypatch.setattr(learning, "average_over", lambda steps: 0.25)
    start, watch = PaintingNetwork("diffusion", ("me",), build_network("diffusion", 1)), Watch()
    out, tiny = tmp_path / "out", {"every": 3, "batch": 4, "heights": (72,), "name": "me"}
    tiny |= {"start": start, "learning_rate": 3e-3}
    more = {"steps": 3, "previews": {"photo": photo}, "callbacks": [watch]}
    three = train_diffusion(tmp_path / "paintings", out, **tiny, **more)
    noisy, times, velocity = Patches(paintings, crop=32, batch=4, heights=(72,))[0][0]
    said = np.asarray(three.network([noisy, times]))
    assert np.square(said - velocity).mean() < 0.98 * np.square(velocity).mean()
    average = watch.seen[0]
    for one in watch.seen[1:]:
        average = 0.25 * average + 0.75 * one
    np.testing.assert_allclose(kernel(three.network), average, atol=1e-6)
    assert np.abs(average - watch.seen[-1]).max() > 1e-4 and not kernel(start.network).any()
    assert (out / "preview.jpg").is_file() and read_log(out)[-1]["step"] == 3
    again = train_diffusion(paintings, out, steps=3, **tiny)  # there is nothing left to do
    np.testing.assert_array_equal(kernel(again.network), kernel(three.network))
    four = train_diffusion(paintings, out, steps=4, **tiny)
    assert read_log(out)[-1]["step"] == 4 and (kernel(four.network) != average).any()
    loaded = load_network(save_network(four, out / "network.npz"))
    assert loaded.styles == ("me",) and loaded.about["paintings"] == "2: one, two"
    painted = [sdedit(one, photo, 0.5, steps=2) for one in (out / "network.npz", four)]
    np.testing.assert_allclose(*painted, atol=0.01)


def test_a_file_holds_two_million_weights_at_most():
    assert 1.7e6 < build_network("diffusion", 1).count_params() < 1.98e6  # two bytes each: 4 MB


# --- The network that comes with the course -------------------------------------------------------

SHIPPED = [name for name, row in bundled_networks().items() if row["architecture"] == "diffusion"]


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_network_knows_its_painter_and_leaves_a_photo_its_forms(name):
    works = {work: painting(work, 300) for work in ("starry_night", "cafe_terrace")}
    noisy, times, velocity = Patches(works, crop=32, batch=24, seed=5)[0][0]
    said = np.asarray(load_network(name).network([noisy, times]))
    assert np.square(said - velocity).mean() < 0.25, "one that knows nothing has about 0.6"
    photo = bundled_photo("colosseum", 96)
    apart = [np.abs(sdedit(name, photo, s, steps=4) - photo).mean() for s in (0.3, 0.6, 0.9)]
    assert 0.01 < apart[0] < apart[1] < apart[2]
