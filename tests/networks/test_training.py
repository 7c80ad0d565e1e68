"""Training: nothing is lost by a kill, nothing is mixed up, and every machine learns the same.

Networks are tiny here (32 px crops, untrained VGG), so that a training takes seconds. Most of that
is compiling, so networks have few layers, trainings are few, and what one leaves is looked at from
several sides, by one worker.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import ops

from nstlib.errors import InputError
from nstlib.gatys.recipe import recipe
from nstlib.networks import transform
from nstlib.networks.files import PaintingNetwork, build_network, with_more_styles
from nstlib.networks.training import loop
from nstlib.networks.training.diary import (
    Diary,
    TrainingDiverged,
    loss_table,
    model_card,
    read_log,
)
from nstlib.vgg.table import VGG_TABLE

RECIPE = recipe(
    "feed-forward", content_layers=["block1_conv2"], style_layers=["block1_conv1", "block2_conv1"]
)
pytestmark = [pytest.mark.random_weights, pytest.mark.xdist_group("training")]


@contextmanager
def small_networks():
    """Inside, the network light has one residual block instead of five."""
    with pytest.MonkeyPatch.context() as patch:
        few = transform.DESIGNS["light"]._replace(residuals=1)
        patch.setitem(transform.DESIGNS, "light", few)
        yield


@pytest.fixture(autouse=True, scope="module")
def small():
    with small_networks():
        yield


@pytest.fixture(autouse=True)
def seeded():
    """Networks begin the same in every run."""
    keras.utils.set_random_seed(0)


def train(network, folder, styles, out, **options):
    options = {"steps": 4, "every": 2, "crop": 32, "batch": 2, "weights": "random"} | options
    return loop.train(network, folder, styles, out, recipe=RECIPE, **options)


def train_light(folder, out) -> None:
    """The training that is killed: the same whenever and in whatever process it is begun."""
    keras.utils.set_random_seed(3)
    random = np.random.default_rng(2)
    styles = {n: random.uniform(0, 1, (1, 32, 32, 3)).astype("float32") for n in ("one", "two")}
    previews = {"photo": np.full((1, 40, 50, 3), 0.5, "float32")}
    train(build_network("light", 2), folder, styles, out, steps=16, previews=previews)


def in_a_process(call: str, *arguments, **environment) -> subprocess.Popen:
    """A call of a function of this file, somewhere else."""
    words = ", ".join(repr(str(argument)) for argument in arguments)
    code = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
import test_training
with test_training.small_networks():
    test_training.{call}({words})
"""
    command = [sys.executable, "-c", code]
    return subprocess.Popen(command, env=os.environ | environment)


# --- What a training leaves -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def whole(photo_folder, tmp_path_factory) -> Path:
    """The folder of `train_light`, which nobody has disturbed."""
    out = tmp_path_factory.mktemp("trained") / "whole"
    train_light(photo_folder, out)
    return out


def test_training_lowers_the_loss_and_leaves_a_log(whole):
    rows = read_log(whole)
    assert [row["step"] for row in rows] == list(range(2, 17, 2))
    assert rows[-1]["loss"] < 0.95 * rows[0]["loss"]
    parts = sum(value for name, value in rows[0].items() if name not in ("step", "loss"))
    assert parts == pytest.approx(rows[0]["loss"], rel=1e-4)
    names = {"log.csv", "loss.png", "preview.jpg", "settings.json"}
    kept = {f"step_{step:07d}.weights.h5" for step in (14, 16)}
    assert set(os.listdir(whole)) == names | kept


def test_a_killed_training_goes_on_with_the_same_curve(whole, photo_folder, tmp_path):
    """SIGKILL at whatever moment, and the newest checkpoint cut short: as if nothing happened."""
    out = tmp_path / "killed"
    process = in_a_process("train_light", photo_folder, out)
    while len(read_log(out)) < 3 and process.poll() is None:
        time.sleep(0.05)
    assert process.poll() is None, "it ended before it could be killed"
    process.send_signal(signal.SIGKILL if os.name == "posix" else signal.SIGTERM)
    process.wait()
    newest = max(out.glob("step_*.h5"))
    newest.write_bytes(newest.read_bytes()[:5000])
    with pytest.warns(UserWarning, match=f"{newest.name} cannot be read"):
        train_light(photo_folder, out)
    curves = read_log(whole), read_log(out)
    for one, other in zip(*curves, strict=True):
        assert one == pytest.approx(other, rel=1e-2, abs=1e-6)


def test_a_training_is_in_single_precision(
    folder, paintings, tmp_path, monkeypatch, keras_settings
):
    """Also where Keras computes learning rates and means as they are asked for, batch by batch."""

    def fit(trainer, stream, **how):
        rate, inputs = trainer.optimizer._get_current_learning_rate(), stream[0][0]
        made = trainer(inputs)
        seen.extend([rate, made["painted"], *trainer.terms(made).values(), *trainer.variables])
        seen.extend(metric.variables[0] for metric in trainer.metrics)

    seen, network = [], build_network("light", 2)
    monkeypatch.setattr(loop.Trainer, "fit", fit)
    keras_settings(floatx="float16", dtype_policy="float16", image_data_format="channels_first")
    train(network, folder, paintings, tmp_path / "out")
    assert {keras.backend.standardize_dtype(one.dtype) for one in seen} == {"float32"}


def test_half_precision_keeps_the_loss_in_single_and_the_optimiser(folder, paintings, tmp_path):
    """With steps that are no multiple of an epoch, and another rate in the second run."""
    seen, network = [], None

    def look(logs):
        seen.append(int(note.model.optimizer.inner_optimizer.iterations))

    note = keras.callbacks.LambdaCallback(on_train_begin=look, on_train_end=look)
    keras.mixed_precision.set_global_policy("mixed_float16")
    try:
        for how in ({"steps": 8, "every": 9}, {"steps": 15, "every": 6, "learning_rate": 1e-4}):
            network = build_network("light", 2)
            train(network, folder, paintings, tmp_path / "out", callbacks=[note], **how)
    finally:
        keras.mixed_precision.set_global_policy("float32")
    assert seen[0] == 0 < seen[1] == seen[2] < seen[3]
    assert network.get_layer("down1_conv").compute_dtype == "float16"
    assert network.outputs[0].dtype == "float32", "whatever the layers compute in"
    assert {weight.dtype for weight in network.weights} == {"float32"}
    rows = read_log(tmp_path / "out")
    assert [row["step"] for row in rows] == [8, 14, 15]
    assert all(np.isfinite(row["loss"]) for row in rows)
    kept = {path.name for path in (tmp_path / "out").glob("*.h5")}
    assert kept == {"step_0000014.weights.h5", "step_0000015.weights.h5"}


def test_a_term_that_is_new_joins_an_old_log(tmp_path):
    (tmp_path / "log.csv").write_text("step,loss\n2,1.5\n4,9.9\n", encoding="utf-8")
    (tmp_path / "step_0000002.weights.h5").write_bytes(b"")
    network = keras.Sequential([keras.layers.Dense(1)])
    network.build((1, 1))
    diary = Diary(tmp_path, steps=4)
    network.save_weights(tmp_path / "step_0000002.weights.h5", overwrite=True)
    assert diary.restore(network) == 2
    diary.set_model(network)
    diary.done = 4
    diary.on_epoch_end(0, {"loss": 1.25, "shift": 0.5})
    before, after = read_log(tmp_path)
    assert before["loss"] == 1.5 and np.isnan(before["shift"])
    assert after == {"step": 4, "loss": 1.25, "shift": 0.5}


def test_a_term_that_is_not_finite_is_named(folder, paintings, tmp_path):
    network = build_network("light", 2)
    network.get_layer("paint").bias.assign([np.nan] * 3)
    with pytest.raises(TrainingDiverged, match="At step 1 .*loss, .*tone"):
        train(network, folder, paintings, tmp_path / "out")
    assert not list((tmp_path / "out").glob("*.h5"))


def test_a_painting_with_holes_is_refused(folder, paintings, tmp_path):
    broken = paintings | {"two": np.full((1, 32, 32, 3), np.nan, "float32")}
    with pytest.raises(InputError, match="values that are NaN or infinite"):
        train(build_network("light", 2), folder, broken, tmp_path / "out")


# --- What cannot be trained -----------------------------------------------------------------------


def test_another_training_is_not_mixed_into_the_folder(whole, folder, paintings, tmp_path):
    out = Path(shutil.copytree(whole, tmp_path / "out"))
    with pytest.raises(InputError, match="holds another training, .*: batch differ"):
        train(build_network("light", 2), folder, paintings, out, batch=1)
    (out / "settings.json").write_text("", encoding="utf-8")
    with pytest.raises(InputError, match="its settings.json is damaged"):
        train(build_network("light", 2), folder, paintings, out)


def test_a_file_is_no_folder_for_a_training(folder, paintings, tmp_path):
    (tmp_path / "out").write_bytes(b"")
    with pytest.raises(InputError, match="out is, or is in, a file"):
        train(build_network("light", 2), folder, paintings, tmp_path / "out")


@pytest.mark.parametrize("wrong", [{"crop": 8}, {"steps": 0}, {"batch": 1.5}, {"every": "all"}])
def test_what_is_no_plan(wrong):
    name, value = next(iter(wrong.items()))
    with pytest.raises(InputError, match=f"{name} is {value!r}; it must be a whole number"):
        loop.Training(**wrong)


# --- One style more -------------------------------------------------------------------------------


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
            table = weight.path.endswith(("scale", "shift", "colors/kernel"))
            rows = slice(0, 1) if table else slice(None)
            np.testing.assert_array_equal(weight.numpy()[rows], learnt[weight.path])
    assert np.abs(now[1] - start).max() > 0.01


def test_what_cannot_grow():
    with pytest.raises(InputError, match="any style"):
        with_more_styles(PaintingNetwork("adain-light", (), None), ["one"])
    with pytest.raises(InputError, match="one to add"):
        with_more_styles(PaintingNetwork("light", ("one",), None), ["one"])
    for architecture in ("diffusion", "texture"):
        with pytest.raises(InputError, match=f"is {architecture}, which takes no mix"):
            with_more_styles(PaintingNetwork(architecture, ("one",), None), ["two"])


# --- Other machines -------------------------------------------------------------------------------


def six_steps(folder, out, weights, devices="1") -> None:
    """A training that begins the same on every backend, on one device or several."""
    if int(devices) > 1:
        import tensorflow as tf

        cpu = tf.config.list_physical_devices("CPU")[0]
        split = [tf.config.LogicalDeviceConfiguration()] * int(devices)
        tf.config.set_logical_device_configuration(cpu, split)
    network, random = build_network("light", 2), np.random.default_rng(5)
    for weight in network.weights:
        if "conv" in weight.path or "paint" in weight.path:
            weight.assign(random.normal(0, 0.05, weight.shape))
    styles = {n: random.uniform(0, 1, (1, 32, 32, 3)).astype("float32") for n in ("one", "two")}
    small = {"steps": 6, "every": 2, "batch": 4, "learning_rate": 1e-4, "weights": weights}
    train(network, folder, styles, out, **small)
    assert np.isfinite(network.get_layer("down1_conv").get_weights()[0]).all()


@pytest.fixture(scope="module")
def same_weights(tmp_path_factory) -> Path:
    """One file of VGG weights for all backends: each would draw its own otherwise."""
    random, arrays, below = np.random.default_rng(0), {}, 3
    for block, (channels, kernels) in enumerate(VGG_TABLE["vgg19"], start=1):
        for number, size in enumerate(kernels, start=1):
            shape, layer = (size, size, below, channels), f"block{block}_conv{number}"
            arrays[f"{layer}/kernel"] = np.zeros(shape, "float32")  # of what no loss looks at
            if block < 3:
                arrays[f"{layer}/kernel"] += random.normal(
                    0, np.sqrt(2 / np.prod(shape[:3])), shape
                )
            arrays[f"{layer}/bias"] = np.zeros(channels, "float32")
            below = channels
    path = tmp_path_factory.mktemp("weights") / "vgg.npz"
    np.savez(path, **arrays)
    return path


@pytest.fixture(scope="module")
def losses(photo_folder, same_weights, tmp_path_factory) -> list[float]:
    """Those of `six_steps` in this process."""
    out = tmp_path_factory.mktemp("ours")
    six_steps(photo_folder, out, same_weights)
    return [row["loss"] for row in read_log(out)]


@pytest.mark.parametrize(("backend", "devices"), [("jax", 1), ("tensorflow", 2)])
def test_another_backend_and_two_devices_learn_the_same(
    backend, devices, losses, photo_folder, tmp_path, same_weights
):
    pytest.importorskip(backend)
    where = {"KERAS_BACKEND": backend}
    process = in_a_process("six_steps", photo_folder, tmp_path, same_weights, devices, **where)
    assert process.wait(timeout=600) == 0
    theirs = [row["loss"] for row in read_log(tmp_path)]
    assert len(losses) == 3
    np.testing.assert_allclose(losses, theirs, rtol=2e-3)


# --- The card -------------------------------------------------------------------------------------


def test_a_card_names_styles_settings_losses_and_faults():
    trained = PaintingNetwork("light", ("dots",), build_network("light", 1), {"style_size": 384})
    log = [{"step": step, "loss": 8 / step, "identity": 0.0} for step in range(1, 101)]
    card = model_card("mine", trained, log, extra={"Known faults": "A grid."})
    assert card.startswith("# mine\n")
    for part in ("`light`", "dots", "**Style size**: 384", "| 100 | 0.080 |", "## Known faults"):
        assert part in card
    assert "identity" not in card, "a term that is always 0 says nothing"


def test_the_table_of_losses_is_short_and_has_both_ends():
    log = [{"step": step, "loss": float(step)} for step in range(1, 1001)]
    rows = loss_table(log)
    assert len(rows) == 10 and rows[2].startswith("| 1 |") and rows[-1].startswith("| 1000 |")
    assert len(loss_table(log[:2])) == 4
