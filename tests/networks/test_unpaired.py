"""Learning without pairs: who learns from what, what the critics are shown, and both ways."""

import keras
import numpy as np
import pytest
from keras import ops

from nstlib.backend import value_and_grad
from nstlib.errors import InputError
from nstlib.networks.critic import KEPT, PastPaintings, held, patch_critic
from nstlib.networks.files import build_network
from nstlib.networks.palette import COLORS, palette_of
from nstlib.networks.training import unpaired
from nstlib.networks.training.diary import read_log
from nstlib.networks.training.unpaired import TwoFolders, UnpairedTrainer, train_unpaired


@pytest.fixture(autouse=True)
def seeded():
    keras.utils.set_random_seed(0)


@pytest.fixture(scope="module")
def trainer():
    return UnpairedTrainer(build_network("cyclegan", 2), crop=32)


@pytest.fixture(scope="module")
def batch(photo_folder):
    return TwoFolders(photo_folder, photo_folder, crop=32, batch=2, seed=0)[0][0]


def test_a_critic_marks_squares_of_any_picture():
    critic = patch_critic()
    for height, width in ((32, 32), (40, 64)):
        marks = critic(np.zeros((2, height, width, 3), "float32"))
        assert marks.shape == (2, height // 8, width // 8, 1)


def test_a_held_critic_says_the_same_and_only_the_picture_learns_from_it():
    critic, picture = patch_critic(), np.random.default_rng(0).random((1, 32, 32, 3), "float32")
    assert np.allclose(held(critic)(picture), critic(picture), atol=1e-6)
    _, slope = value_and_grad(lambda x: ops.mean(held(critic)(x)))(ops.convert_to_tensor(picture))
    assert np.abs(slope).max() > 0


def test_painter_and_critics_learn_from_their_own_terms_only(trainer, batch):
    """The gradient of the whole sum at the critics' weights is that of the critics' term."""
    tensorflow = pytest.importorskip("tensorflow")
    if keras.backend.backend() != "tensorflow":
        pytest.skip("Keras' JAX has no tape")
    critics = [w for critic in trainer.critics for w in critic.trainable_variables]
    painter = trainer.network.trainable_variables
    with tensorflow.GradientTape(persistent=True) as tape:
        terms = trainer.terms(trainer(batch))
        whole = sum(terms.values())
        theirs, rest = terms["critic"], whole - terms["critic"]
    watched = [w.value for w in critics]
    for a, b in zip(tape.gradient(whole, watched), tape.gradient(theirs, watched), strict=True):
        assert np.allclose(a, b, atol=1e-7)
    assert tape.gradient(theirs, [w.value for w in painter])[0] is None
    assert not any(np.any(slope) for slope in tape.gradient(rest, watched))


def test_paintings_of_the_past_are_shown_and_kept():
    past, painted = PastPaintings(32), np.full((2, 32, 32, 3), 0.25, "float32")
    slots = np.eye(KEPT, dtype="float32")[[3, 5]]
    never, always = (np.full((2, 1), value, "float32") for value in (0, 1))
    assert np.allclose(past(painted, slots, never), 0.25)
    assert np.allclose(past.kept.numpy()[[3, 5]], 0.25) and not past.kept.numpy()[4].any()
    assert np.allclose(past(painted + 0.1, slots, always), 0.25)  # those of before
    assert np.allclose(past.kept.numpy()[5], 0.35) and not past.trainable_variables


def test_the_stream_is_the_same_again_and_its_two_sides_differ(photo_folder):
    def stream(first):
        made = TwoFolders(photo_folder, photo_folder, crop=32, batch=2, seed=1)
        made.first = first
        return made

    for one, other in zip(stream(0)[7][0], stream(5)[2][0], strict=True):
        assert np.array_equal(one, other)
    photos, paintings, *_ = stream(0)[7][0]
    assert not np.array_equal(photos, paintings)


def test_every_place_of_the_memory_is_filled_before_one_is_used_again(photo_folder):
    stream, seen = TwoFolders(photo_folder, photo_folder, crop=16, batch=2, seed=1), []
    for step in range(KEPT // 2):
        *_, slots, old = stream[step][0]
        assert not old.any() and (slots.sum(axis=1) == 1).all()
        seen += slots.argmax(axis=1).tolist()
    assert sorted(seen) == list(range(KEPT))
    later = [stream[step][0] for step in range(KEPT, KEPT + 20)]
    share = np.mean([old for *_, old in later])
    assert 0.2 < share < 0.8
    for *_, slots, old in later:
        assert np.array_equal(slots.sum(axis=1), old[:, 0]) and slots.sum(axis=0).max() <= 1


def test_training_goes_both_ways(photo_folder, tmp_path):
    network, previews = build_network("cyclegan", 2), {"one": np.full((1, 32, 40, 3), 0.5)}
    before, out = network.get_weights(), tmp_path / "out"
    tiny = {"steps": 2, "every": 2, "crop": 32, "previews": previews}
    stream = train_unpaired(network, photo_folder, photo_folder, out, **tiny)
    assert (out / "preview.jpg").is_file()
    log = read_log(out)
    assert log[-1]["step"] == 2 and set(unpaired.WEIGHTS) < set(log[-1])
    assert any(np.abs(a - b).max() > 0 for a, b in zip(before, network.get_weights(), strict=True))
    rows = network.get_layer("colors").get_weights()[0]
    seen = np.mean([palette_of(stream.paintings[s][0][0]) for s in range(12)], axis=0)
    assert np.allclose(rows[0], seen, atol=1e-6)
    with pytest.raises(InputError, match="another training.*palettes"):
        train_unpaired(network, photo_folder, photo_folder, out, palettes=False, **tiny)


def test_a_network_of_three_styles_is_refused(photo_folder, tmp_path):
    with pytest.raises(InputError, match="last of 3 numbers; it must take a picture and 2"):
        train_unpaired(build_network("light", 3), photo_folder, photo_folder, tmp_path / "out")


def test_without_palettes_the_picture_keeps_its_colours(photo_folder):
    network = build_network("cyclegan", 2)
    unpaired.set_mean_palettes(network, ())
    assert np.array_equal(network.get_layer("colors").get_weights()[0], np.zeros((2, COLORS)))
