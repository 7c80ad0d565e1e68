"""Training: the loss is the painter's, the stream repeats itself, and nothing is lost by a kill.

Networks are tiny here (32 px crops, untrained VGG), so that a training takes seconds.
"""

import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import ops
from PIL import Image

from nstlib.errors import InputError, MissingFile
from nstlib.gatys import recipe as recipes
from nstlib.gatys.objective import objective
from nstlib.networks.files import PaintingNetwork, build_network
from nstlib.networks.growth import with_more_styles
from nstlib.networks.training import diary as training_log, loop as training
from nstlib.networks.training.photos import PhotoFolder, with_grain
from nstlib.vgg.losses import gram_matrix

RECIPE = recipes.recipe(
    "feed-forward", content_layers=["block1_conv2"], style_layers=["block1_conv1", "block2_conv1"]
)
pytestmark = pytest.mark.random_weights


@pytest.fixture(autouse=True)
def seeded():
    """Networks begin the same in every run."""
    keras.utils.set_random_seed(0)


@pytest.fixture
def folder(tmp_path) -> Path:
    """Twelve small photos of smooth colours."""
    random = np.random.default_rng(1)
    path = tmp_path / "photos"
    path.mkdir()
    for number in range(12):
        corners = random.integers(0, 256, (3, 4, 3), np.uint8)
        Image.fromarray(corners).resize((60, 48)).save(path / f"photo {number:02d}.jpg")
    return path


@pytest.fixture
def paintings() -> dict[str, np.ndarray]:
    random = np.random.default_rng(2)
    return {name: random.uniform(0, 1, (1, 32, 32, 3)).astype("float32") for name in ("one", "two")}


def train(network, folder, styles, out, **options):
    options = {"steps": 4, "every": 2, "crop": 32, "batch": 2, "weights": "random"} | options
    return training.train(network, folder, styles, out, recipe=RECIPE, **options)


# --- The stream of photos -----------------------------------------------------------------------


def test_the_stream_depends_on_the_seed_and_the_step_alone(folder):
    first, again = (PhotoFolder(folder, crop=32, batch=3, styles=4) for _ in range(2))
    ahead = PhotoFolder(folder, crop=32, batch=3, styles=4, first=5)
    other = PhotoFolder(folder, crop=32, batch=3, styles=4, seed=1)
    ((photos, mix),) = first[7]
    assert photos.shape == (3, 32, 32, 3) and photos.min() >= 0 and photos.max() <= 1
    np.testing.assert_array_equal(mix.sum(axis=1), 1)
    assert len(set(mix.argmax(axis=1))) == 3, "a batch has different styles as long as there are"
    np.testing.assert_array_equal(photos, again[7][0][0])
    np.testing.assert_array_equal(photos, ahead[2][0][0])
    assert not np.array_equal(photos, other[7][0][0])


def test_every_photo_comes_once_in_a_turn(folder):
    stream = PhotoFolder(folder, crop=32, batch=4)
    seen = np.concatenate([stream[step][0][0] for step in range(3)])
    means = {tuple(np.round(photo.mean(axis=(0, 1)), 3)) for photo in seen}
    assert len(means) == 12


def test_a_flat_photo_gets_grain_and_the_others_stay():
    photos = np.stack([np.full((8, 8, 3), 1.0), np.random.default_rng(0).random((8, 8, 3))])
    grainy = with_grain(photos.astype("float32"), np.random.default_rng(1))
    np.testing.assert_array_equal(grainy[1], photos[1].astype("float32"))
    assert 0 < grainy[0].std() < 0.01 and grainy.max() <= 1 and grainy.dtype == "float32"


def test_the_identity_step_asks_for_no_style(folder):
    stream = PhotoFolder(folder, crop=32, batch=2, styles=2, identity_every=3)
    totals = [stream[step][0][1].sum() for step in range(6)]
    assert totals == [2, 2, 0, 2, 2, 0]


def test_only_some_styles_are_drawn(folder):
    stream = PhotoFolder(folder, crop=32, batch=4, styles=5, only=[3])
    assert set(stream[0][0][1].argmax(axis=1)) == {3}


def test_corrupt_photos_are_reported_once_and_passed_over(folder):
    whole = (folder / "photo 00.jpg").read_bytes()
    (folder / "photo 03.jpg").write_bytes(whole[: len(whole) // 3])
    (folder / "photo 05.jpg").write_text("not a picture")
    stream = PhotoFolder(folder, crop=32, batch=4)
    with pytest.warns(UserWarning, match="cannot be read and is passed over") as said:
        for step in range(6):
            assert np.isfinite(stream[step][0][0]).all()
    assert len(said) == 2
    assert set(stream.skipped) == {"photo 03.jpg", "photo 05.jpg"}


def test_folders_that_cannot_be_trained_on(folder, tmp_path):
    with pytest.raises(MissingFile, match="is not a folder"):
        PhotoFolder(tmp_path / "nowhere")
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(InputError, match="holds no pictures"):
        PhotoFolder(empty)
    for number in range(2):
        (empty / f"{number}.jpg").write_text("no")
    with (
        pytest.warns(UserWarning, match="only 2 pictures|passed over"),
        pytest.raises(InputError, match="None of the 2 pictures"),
    ):
        PhotoFolder(empty)


def test_deep_and_transparent_photos_look_as_they_do_elsewhere(tmp_path):
    ramp = np.tile(np.linspace(0, 65535, 64).astype("uint16"), (64, 1))
    Image.fromarray(ramp).save(tmp_path / "a.png")
    with pytest.warns(UserWarning, match="holds only 1"):
        crop = PhotoFolder(tmp_path, crop=32, batch=1, zoom=(1, 1))[0][0][0]
    assert crop.mean() == pytest.approx(0.5, abs=0.01)
    Image.new("RGBA", (64, 64), (0, 0, 0, 0)).save(tmp_path / "a.png")
    with pytest.warns(UserWarning, match="holds only 1"):
        assert PhotoFolder(tmp_path, crop=32, batch=1)[0][0][0].min() > 0.9


def test_two_photos_are_enough_to_begin_with_a_warning(folder):
    for path in sorted(folder.iterdir())[2:]:
        path.unlink()
    with pytest.warns(UserWarning, match="learn them by heart"):
        stream = PhotoFolder(folder, crop=32, batch=4)
    assert stream[0][0][0].shape == (4, 32, 32, 3)


# --- The loss -----------------------------------------------------------------------------------


def test_the_loss_of_a_batch_is_the_mean_of_what_the_painter_minimises(tiny_image, paintings):
    styles = list(paintings.values())
    photos = np.concatenate([tiny_image, tiny_image[:, ::-1]])
    painted = np.clip(photos + 0.1 * np.sin(40 * photos), 0, 1).astype("float32")
    mix = np.eye(2, dtype="float32")
    terms = training.PerceptualLoss(styles, RECIPE, "random")(photos, mix, painted)
    wanted = {}
    for number in range(2):
        photo, painting = photos[number : number + 1], painted[number : number + 1]
        loss = objective(photo, styles[number], RECIPE, weights="random")
        for name, term in loss(painting)[1].items():
            wanted[name] = wanted.get(name, 0) + float(term) / 2
    assert float(terms.pop("identity")) == 0
    assert terms.keys() == wanted.keys()
    for name, term in terms.items():
        assert float(term) == pytest.approx(wanted[name], rel=1e-4), name


def test_windows_ask_for_the_style_in_every_part(tiny_image, paintings):
    grams = ops.convert_to_numpy(training.window_grams(tiny_image, 2))
    parts = [tiny_image[:, y : y + 16, x : x + 20] for y in (0, 16) for x in (0, 20)]
    wanted = [ops.convert_to_numpy(gram_matrix(part))[0] for part in parts]
    np.testing.assert_allclose(grams[0], wanted, rtol=1e-5)
    whole = ops.convert_to_numpy(training.window_grams(tiny_image, 1))
    np.testing.assert_allclose(whole[:, 0], gram_matrix(tiny_image), rtol=1e-5)


def test_where_no_style_is_asked_for_only_the_identity_counts(tiny_image, paintings):
    loss = training.PerceptualLoss(list(paintings.values()), RECIPE, "random")
    terms = loss(tiny_image, np.zeros((1, 2), "float32"), np.clip(tiny_image + 0.1, 0, 1))
    identity = float(terms.pop("identity"))
    assert 0 < identity <= training.IDENTITY_WEIGHT * 0.1**2 * 1.01
    assert all(float(term) == 0 for term in terms.values())


@pytest.mark.parametrize(("axis", "share"), [(1, 1 / 2), (2, 1 / 2), (None, 0)])
def test_a_lattice_that_stays_when_the_photo_moves_costs(axis, share, tiny_image):
    photos = ops.concatenate([tiny_image, tiny_image])  # the first will move down, the other right
    lattice = np.zeros(photos.shape, "float32")
    if axis is not None:
        np.moveaxis(lattice, axis, 0)[::8] = 0.1

    def network(inputs, training):
        _, height, width, _ = inputs[0].shape
        return inputs[0] + lattice[: inputs[0].shape[0], :height, :width]

    mix = np.ones((2, 1), "float32")
    distance = training.shift_distance(network, photos, mix, network([photos, mix], True))
    lines = 2 / 8  # each line of the lattice is missed twice: where it was and where it is
    assert float(distance) == pytest.approx(share * lines * 0.1**2, rel=0.15, abs=1e-9)


def test_only_relative_recipes_train_networks(paintings):
    with pytest.raises(InputError, match="relative"):
        training.PerceptualLoss(list(paintings.values()), "gatys-2016", "random")


# --- Training -----------------------------------------------------------------------------------


def test_training_lowers_the_loss_and_leaves_a_log(folder, paintings, tmp_path):
    network, out = build_network("light", 2), tmp_path / "out"
    previews = {"photo": np.full((1, 40, 50, 3), 0.5, "float32")}
    train(network, folder, paintings, out, steps=24, every=4, previews=previews)
    rows = training_log.read_log(out)
    assert [row["step"] for row in rows] == [4, 8, 12, 16, 20, 24]
    assert rows[-1]["loss"] < 0.95 * rows[0]["loss"]
    parts = sum(value for name, value in rows[0].items() if name not in ("step", "loss"))
    assert parts == pytest.approx(rows[0]["loss"], rel=1e-4)
    assert {"log.csv", "loss.png", "preview.jpg", "settings.json"} <= set(os.listdir(out))
    assert len(list(out.glob("*.weights.h5"))) == 2


def test_going_on_gives_what_one_run_gives(folder, paintings, tmp_path):
    for out, stops in ((tmp_path / "whole", [8]), (tmp_path / "parts", [4, 8])):
        keras.utils.set_random_seed(3)
        for stop in stops:
            network = build_network("light", 2)
            epochs = training_log.Checkpoints.on_epoch_end

            def stopping(self, epoch, logs=None, stop=stop, epochs=epochs):
                epochs(self, epoch, logs)
                self.model.stop_training = self.counter.done >= stop

            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(training_log.Checkpoints, "on_epoch_end", stopping)
                train(network, folder, paintings, out, steps=8)
    whole, parts = (training_log.read_log(tmp_path / name) for name in ("whole", "parts"))
    assert [row["step"] for row in parts] == [2, 4, 6, 8]
    for one, other in zip(whole, parts, strict=True):
        assert one == pytest.approx(other, rel=1e-3)


KILLED = """
import sys, keras, numpy as np
sys.path.insert(0, {tests!r})
from nstlib.networks.training import loop as training
from nstlib.networks.files import build_network
from test_training import RECIPE
keras.utils.set_random_seed(3)
random = np.random.default_rng(2)
styles = {{n: random.uniform(0, 1, (1, 32, 32, 3)).astype("float32") for n in ("one", "two")}}
training.train(build_network("light", 2), sys.argv[1], styles, sys.argv[2], recipe=RECIPE,
               steps=40, every=2, crop=32, batch=2, weights="random")
"""


def test_a_killed_training_goes_on_with_the_same_curve(folder, tmp_path):
    """SIGKILL at whatever moment: the log ends up as if nothing had happened."""
    code = KILLED.format(tests=str(Path(__file__).parent))

    def start(out):
        return subprocess.Popen([sys.executable, "-c", code, str(folder), str(out)])

    assert start(tmp_path / "whole").wait(timeout=300) == 0
    out = tmp_path / "killed"
    process = start(out)
    while len(training_log.read_log(out)) < 3 and process.poll() is None:
        time.sleep(0.05)
    assert process.poll() is None, "it ended before it could be killed"
    process.send_signal(signal.SIGKILL if os.name == "posix" else signal.SIGTERM)
    process.wait()
    assert start(out).wait(timeout=300) == 0
    whole, killed = (training_log.read_log(folder) for folder in (tmp_path / "whole", out))
    assert [row["step"] for row in killed] == [row["step"] for row in whole]
    for one, other in zip(whole, killed, strict=True):
        assert one["loss"] == pytest.approx(other["loss"], rel=1e-2)


def test_a_half_written_checkpoint_gives_way_to_the_one_before(folder, paintings, tmp_path):
    network, out = build_network("light", 2), tmp_path / "out"
    train(network, folder, paintings, out, steps=4)
    newest = out / "step_0000004.weights.h5"
    newest.write_bytes(newest.read_bytes()[:5000])
    with pytest.warns(UserWarning, match="step_0000004.weights.h5 cannot be read"):
        train(network, folder, paintings, out, steps=6)
    assert [row["step"] for row in training_log.read_log(out)] == [2, 4, 6]


def test_steps_are_counted_whatever_an_epoch_has(folder, paintings, tmp_path):
    network, out = build_network("light", 2), tmp_path / "out"
    train(network, folder, paintings, out, steps=3, every=5)
    train(network, folder, paintings, out, steps=8, every=3, learning_rate=1e-4)
    assert [row["step"] for row in training_log.read_log(out)] == [3, 6, 8]
    assert {path.name for path in out.glob("*.h5")} == {
        "step_0000006.weights.h5",
        "step_0000008.weights.h5",
    }


def test_going_on_in_half_precision_keeps_the_optimiser(folder, paintings, tmp_path):
    seen = []

    def look(logs):
        seen.append(int(note.model.optimizer.inner_optimizer.iterations))

    note = keras.callbacks.LambdaCallback(on_train_begin=look, on_train_end=look)
    keras.mixed_precision.set_global_policy("mixed_float16")
    try:
        for steps in (4, 6):
            network = build_network("light", 2)
            train(network, folder, paintings, tmp_path, steps=steps, callbacks=[note])
    finally:
        keras.mixed_precision.set_global_policy("float32")
    assert seen[0] == 0 < seen[1] == seen[2] < seen[3]


def test_a_term_that_is_new_joins_an_old_log(tmp_path):
    (tmp_path / "log.csv").write_text("step,loss\n2,1.5\n", encoding="utf-8")
    counter = training_log.Counter(4, done=2)
    book = training_log.Logbook(tmp_path, counter)
    counter.done = 4
    book.on_epoch_end(0, {"loss": 1.25, "shift": 0.5})
    before, after = training_log.read_log(tmp_path)
    assert np.isnan(before["shift"]) and after == {"step": 4, "loss": 1.25, "shift": 0.5}


def test_settings_that_cannot_be_read_are_said(folder, paintings, tmp_path):
    network, out = build_network("light", 2), tmp_path / "out"
    train(network, folder, paintings, out, steps=2)
    (out / "settings.json").write_text("", encoding="utf-8")
    with pytest.raises(InputError, match="settings.json cannot be read"):
        train(network, folder, paintings, out, steps=4)


def test_a_file_is_no_folder_for_a_training(folder, paintings, tmp_path):
    (tmp_path / "out").write_bytes(b"")
    with pytest.raises(InputError, match="out is, or is in, a file"):
        train(build_network("light", 2), folder, paintings, tmp_path / "out")


def test_crops_have_a_least_size(folder, paintings, tmp_path):
    with pytest.raises(InputError, match="crop is 8; 32 pixels"):
        train(build_network("light", 2), folder, paintings, tmp_path / "out", crop=8)


def test_another_training_is_not_mixed_into_the_folder(folder, paintings, tmp_path):
    network, out = build_network("light", 2), tmp_path / "out"
    train(network, folder, paintings, out, steps=2)
    with pytest.raises(InputError, match="holds another training: its batch differ"):
        train(network, folder, paintings, out, steps=2, batch=1)


def test_a_term_that_is_not_finite_is_named(folder, paintings, tmp_path):
    paintings["two"] = np.full((1, 32, 32, 3), np.nan, "float32")
    with pytest.raises(training_log.TrainingDiverged, match="At step 1 style block1_conv1, style"):
        train(build_network("light", 2), folder, paintings, tmp_path / "out")
    assert not list((tmp_path / "out").glob("*.h5"))


def test_mixed_precision_keeps_the_loss_in_single(folder, paintings, tmp_path):
    keras.mixed_precision.set_global_policy("mixed_float16")
    try:
        network = build_network("light", 2)
        train(network, folder, paintings, tmp_path / "out")
    finally:
        keras.mixed_precision.set_global_policy("float32")
    assert network.get_layer("down1_conv").compute_dtype == "float16"
    assert {weight.dtype for weight in network.weights} == {"float32"}
    assert all(np.isfinite(row["loss"]) for row in training_log.read_log(tmp_path / "out"))


# --- One style more -----------------------------------------------------------------------------


@pytest.mark.parametrize("architecture", ["light", "stylebank"])
def test_a_new_style_leaves_the_old_ones_to_the_bit(architecture, folder, paintings, tmp_path):
    before = PaintingNetwork(architecture, ("one",), build_network(architecture, 1))
    after = with_more_styles(before, ["two"])
    assert after.styles == ("one", "two")
    picture = np.random.default_rng(0).uniform(0, 1, (1, 40, 40, 3)).astype("float32")
    old = ops.convert_to_numpy(before.network([picture, np.ones((1, 1), "float32")]))
    mixes = np.eye(2, dtype="float32")
    start = ops.convert_to_numpy(after.network([picture, mixes[1:]]))
    train(after.network, folder, paintings, tmp_path / "out", only=[1], learning_rate=0.01)
    now = [ops.convert_to_numpy(after.network([picture, mix[None]])) for mix in mixes]
    np.testing.assert_allclose(now[0], old, atol=1e-6)
    learnt = {weight.path: weight.numpy() for weight in before.network.weights}
    for weight in after.network.weights:
        if weight.path in learnt:
            rows = slice(0, 1) if "scale" in weight.path or "shift" in weight.path else slice(None)
            np.testing.assert_array_equal(weight.numpy()[rows], learnt[weight.path])
    assert np.abs(now[1] - start).max() > 0.01


def test_a_network_for_any_style_does_not_grow():
    with pytest.raises(InputError, match="any style"):
        with_more_styles(PaintingNetwork("adain-light", (), None), ["one"])


def test_a_style_is_not_learnt_twice():
    network = PaintingNetwork("light", ("one",), build_network("light", 1))
    with pytest.raises(InputError, match="one to add"):
        with_more_styles(network, ["one"])


# --- Other machines -----------------------------------------------------------------------------

FIRST_LOSSES = """
import sys, keras, numpy as np
sys.path.insert(0, {tests!r})
from test_training import RECIPE
from nstlib.networks.training import loop as training
from nstlib.networks.training import diary as training_log
from nstlib.networks.files import build_network
if {devices} > 1:
    import tensorflow as tf
    cpu = tf.config.list_physical_devices("CPU")[0]
    split = [tf.config.LogicalDeviceConfiguration()] * {devices}
    tf.config.set_logical_device_configuration(cpu, split)
network, random = build_network("light", 2), np.random.default_rng(5)
for weight in network.weights:
    if "conv" in weight.path or "paint" in weight.path:
        weight.assign(random.normal(0, 0.05, weight.shape))
styles = {{n: random.uniform(0, 1, (1, 32, 32, 3)).astype("float32") for n in ("one", "two")}}
training.train(network, sys.argv[1], styles, sys.argv[2], recipe=RECIPE, steps=10, every=1,
               crop=32, batch=4, learning_rate=1e-4, weights=sys.argv[3])
moved = network.get_layer("down1_conv").get_weights()[0]
assert np.isfinite(moved).all()
"""


def first_losses(folder, out, weights, backend="tensorflow", devices=1) -> list[float]:
    code = FIRST_LOSSES.format(tests=str(Path(__file__).parent), devices=devices)
    environment = os.environ | {"KERAS_BACKEND": backend}
    command = [sys.executable, "-c", code, str(folder), str(out), str(weights)]
    subprocess.run(command, check=True, env=environment, timeout=300)
    with open(out / "log.csv", newline="") as file:
        return [float(row["loss"]) for row in csv.DictReader(file)]


@pytest.fixture
def same_weights(tmp_path) -> Path:
    """One file of VGG weights for all backends: each would draw its own otherwise."""
    from nstlib.vgg.table import kernel_shapes

    random, arrays = np.random.default_rng(0), {}
    for layer, shape in kernel_shapes("vgg19").items():
        deep = int(layer[5]) > 2
        scale = 0.0 if deep else np.sqrt(2 / np.prod(shape[:3]))
        arrays[f"{layer}/kernel"] = (random.standard_normal(shape) * scale).astype("float32")
        arrays[f"{layer}/bias"] = np.zeros(shape[-1], "float32")
    path = tmp_path / "vgg.npz"
    np.savez(path, **arrays)
    return path


def test_tensorflow_and_jax_agree_on_the_first_ten_losses(folder, tmp_path, same_weights):
    pytest.importorskip("jax")
    ours = first_losses(folder, tmp_path / "tf", same_weights)
    theirs = first_losses(folder, tmp_path / "jax", same_weights, "jax")
    assert len(ours) == 10
    np.testing.assert_allclose(ours, theirs, rtol=2e-3)


def test_two_devices_train_as_one(folder, tmp_path, same_weights):
    one = first_losses(folder, tmp_path / "one", same_weights)
    two = first_losses(folder, tmp_path / "two", same_weights, devices=2)
    np.testing.assert_allclose(one, two, rtol=2e-3)
