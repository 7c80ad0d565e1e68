"""The kit for a rented GPU: what is packed, how large it may be, and that it stops in time."""

import math
import zipfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

import gpu_kit
import gpu_lesson
from nstlib.networks.files import (
    PaintingNetwork,
    build_network,
    load_network,
    save_network,
    with_more_styles,
)
from nstlib.networks.training.diary import TrainingDiverged, read_log


def pictures(folder: Path, *names: str, size=(500, 400)) -> Path:
    folder.mkdir(parents=True)
    for name in names:
        Image.new("RGB", size, "teal").save(folder / name)
    return folder


@pytest.fixture
def words(tmp_path) -> list[str]:
    """Of a command that packs a photo, two paintings and a wheel."""
    photos = pictures(tmp_path / "photos", "cup.jpg")
    paintings = pictures(tmp_path / "paintings", "boats.png", "red_fuji.jpg", size=(100, 80))
    (tmp_path / "wheels").mkdir()
    with zipfile.ZipFile(tmp_path / "wheels" / "one-1-py3-none-any.whl", "w") as wheel:
        wheel.writestr("one/__init__.py", "")
    start = tmp_path / "start.npz"
    start.write_bytes(b"weights")
    folders = ["--content", photos, "--paintings", paintings, "--wheels", tmp_path / "wheels"]
    folders += ["--collection", f"monet={pictures(tmp_path / 'monet', 'lily.jpg')}"]
    given = ["pack", *folders, "--start", f"light={start}", "--out", tmp_path / "kit"]
    return [str(word) for word in given]


# --- pack -----------------------------------------------------------------------------------------


def test_a_kit_has_all_that_is_needed_and_says_what_it_weighs(words, tmp_path, capsys):
    gpu_kit.pack(gpu_kit.parsed(words))
    kit, said = tmp_path / "kit", capsys.readouterr().out
    parts = {"gpu_kit.py", "gpu_lesson.py", "nstlib", "data", "photos", "paintings", "wheels"}
    assert {path.name for path in kit.iterdir()} == parts | {"starts", "monet"}
    for part in (*parts, "all"):
        assert part in said
    with Image.open(kit / "photos" / "0000_cup.webp") as photo:
        assert photo.size == (360, 288)
    with Image.open(kit / "paintings" / "0000_boats.webp") as painting:
        assert painting.size == (100, 80), "small ones stay as they are"
    assert len(list((kit / "paintings").iterdir())) == 1, "no network is judged on what it saw"
    assert (kit / "starts" / "light.npz").read_bytes() == b"weights"
    needed = {name for name, lesson in gpu_kit.LESSONS.items() if not lesson.folders}
    assert needed <= {path.stem for path in (kit / "starts").iterdir()}
    assert [path.name for path in (kit / "monet").iterdir()] == ["0000_lily.webp"]
    shown = {path.stem for path in (kit / "data" / "images" / "content").iterdir()}
    assert shown == set(gpu_kit.SHOWN)
    site = gpu_kit.unpacked(kit / "wheels", tmp_path / "site")
    assert (site / "one" / "__init__.py").is_file()
    gpu_kit.pack(gpu_kit.parsed(words))  # again, over the old one


def test_a_kit_that_is_too_large_is_refused(words):
    with pytest.raises(SystemExit, match="over 1 MiB"):
        gpu_kit.pack(gpu_kit.parsed([*words, "--limit", str(2**20)]))


def test_a_folder_that_is_no_kit_is_left_alone(words, tmp_path):
    mine = pictures(tmp_path / "kit", "mine.png") / "mine.png"
    with pytest.raises(SystemExit, match="is no kit"):
        gpu_kit.pack(gpu_kit.parsed(words))
    assert mine.exists()


# --- train ----------------------------------------------------------------------------------------


def test_networks_end_by_their_share_side_by_side_or_in_turn():
    ends = gpu_kit.turns(["light", "adain"], 1000, 300, one_by_one=False)
    assert ends == {"light": 1300, "adain": 1150}
    ends = gpu_kit.turns(["light", "adain"], 1000, 300, one_by_one=True)
    assert ends == {"light": 1200, "adain": 1300}


def test_one_that_fails_does_not_take_the_others_along(tmp_path, monkeypatch, capfd):
    lesson = "import json, pathlib, sys\nsettings = json.loads(sys.argv[2])\n"
    lesson += "assert sys.argv[1] != 'light'\npathlib.Path(settings['out'], sys.argv[1]).touch()\n"
    (tmp_path / "gpu_lesson.py").write_text(lesson)
    for folder in ("HERE", "ROOT"):
        monkeypatch.setattr(gpu_kit, folder, tmp_path)
    given = ["--what", "light,adain", "--out", str(tmp_path / "out")]
    assert gpu_kit.train(gpu_kit.parsed(["train", *given])) == 1
    said = capfd.readouterr().out
    assert "light: failed (1)" in said and "adain: done" in said
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["adain"]


def test_an_unknown_network_is_refused(capsys):
    with pytest.raises(SystemExit):
        gpu_kit.parsed(["train", "--out", "x", "--what", "light,heavy"])
    assert "heavy: there are light, adain-light" in capsys.readouterr().err


def test_the_rate_rises_and_falls_with_the_time():
    rates = [gpu_lesson.rate_at(used) for used in np.linspace(0, 1, 201)]
    top = int(np.argmax(rates))
    assert rates[0] == rates[-1] == gpu_lesson.LOWEST
    assert top == 6 and rates[top] > 0.99
    assert (np.diff(rates[: top + 1]) > 0).all() and (np.diff(rates[top:]) <= 0).all()


def clock_at(*times: float, until=1000, steps=10**9):
    """A clock that reads these times, after 0 s at the start; its model, and what was kept when."""
    ticks, kept = iter([0.0, *times]), []
    clock = gpu_lesson.Clock(
        until, 0.5, lambda rows: kept.append(len(rows)), [], every=10, steps=steps,
        now=lambda: next(ticks),
    )  # fmt: skip
    model = SimpleNamespace(optimizer=SimpleNamespace(learning_rate=None), stop_training=False)
    clock.set_model(model)
    clock.on_train_begin()
    return clock, model, kept


def test_the_clock_starts_after_compiling_keeps_every_two_minutes_and_stops():
    clock, model, kept = clock_at(90, 130, 131, 500, 501, 1001, 1002)
    rates, stopped = [model.optimizer.learning_rate], []
    for _ in range(4):
        clock.on_epoch_end(0, {"loss": 2.0})
        rates.append(model.optimizer.learning_rate)
        stopped.append(model.stop_training)
    assert [row["step"] for row in clock.rows] == [10, 20, 30, 40]
    assert kept == [2, 3, 4] and stopped == [False, False, False, True]
    lowest = 0.5 * gpu_lesson.LOWEST
    assert rates[0] == rates[1] == rates[4] == pytest.approx(lowest) and rates[2] > rates[3] > 0.2


def test_a_rehearsal_ends_by_the_step():
    clock, model, kept = clock_at(1, 2, 3, steps=20)
    clock.on_epoch_end(0, {"loss": 2.0})
    assert not model.stop_training
    clock.on_epoch_end(1, {"loss": 2.0})
    assert model.stop_training and kept == [2]


def test_a_loss_that_is_not_finite_ends_it_and_is_not_kept():
    clock, _, kept = clock_at(1)
    with pytest.raises(TrainingDiverged, match="At step 10"):
        clock.on_epoch_end(0, {"loss": math.nan})
    assert not kept and not clock.rows


# --- What a network begins with -------------------------------------------------------------------


def begun(architecture: str, *styles: str) -> PaintingNetwork:
    network, random = build_network(architecture, len(styles)), np.random.default_rng(0)
    for variable in network.weights:
        variable.assign(random.normal(size=variable.shape))
    return PaintingNetwork(architecture, styles, network)


def weights(trained: PaintingNetwork) -> dict:
    return {variable.path: variable.numpy() for variable in trained.network.weights}


def test_old_rows_are_kept_and_new_ones_begin_from_their_mean():
    trained = begun("light", "a", "b", "c")
    before, after = weights(trained), weights(gpu_lesson.with_styles(trained, ("c", "new", "a")))
    for path, table in before.items():
        if path.endswith(("scale", "shift", "colors/kernel")):
            table = np.stack([table[2], table.mean(axis=0), table[0]])
        np.testing.assert_allclose(after[path], table, atol=1e-6)


def test_a_bank_that_comes_later_goes_on_from_what_it_knew_with_all_else_frozen():
    trained = begun("stylebank", "a", "late", "b")
    settings = {"later": ["late"], "styles": None, "alone": ""}
    (first, everything, part), (more, only, end) = gpu_lesson.stages(trained, settings)
    assert first.styles == ("a", "b") and everything is None
    assert more.styles == ("a", "b", "late") and only == [2]
    assert part == gpu_lesson.FIRST and end == 1
    before, after = weights(trained), weights(more)
    for path in after:
        old = path.replace("bank2", "bankX").replace("bank3", "bank2").replace("bankX", "bank3")
        if not path.startswith("colors"):
            np.testing.assert_array_equal(after[path], before[old])
    assert all(v.path.startswith("bank3") for v in more.network.trainable_weights)
    assert weights(with_more_styles(first, ["late"])).keys() == after.keys()


@pytest.mark.filterwarnings("ignore:.*by heart")
def test_a_collection_is_learnt_both_ways_from_two_folders(tmp_path):
    pictures(tmp_path / "photos", "cup.jpg", size=(64, 48))
    pictures(tmp_path / "monet", "lily.jpg", "pond.jpg", size=(48, 64))
    trained = begun("cyclegan", "monet", "photo")
    sizes = {"crop": 32, "batch": 1, "seed": 0, "workers": 1, "rate": 1e-3, "precision": "float32"}
    where = {"kit": str(tmp_path), "between": ["photos", "monet"], "alone": ""}
    trainer, stream = gpu_lesson.prepared(trained, sizes | where)
    made = trainer(stream[0][0])
    assert made["painted"][0].shape == (1, 32, 32, 3)
    rows = trained.network.get_layer("colors").get_weights()[0]
    assert rows[:, -1].tolist() == [1, 1], "both directions have the palette of where they lead"
    save_network(trained, tmp_path / "monet.npz")
    settings = where | {"start": str(tmp_path / "monet.npz")}
    assert gpu_lesson.begun("monet", settings).styles == ("monet", "photo")


def test_a_diffusion_network_learns_alone_and_is_kept_as_the_average(tmp_path, monkeypatch):
    monkeypatch.setattr(gpu_lesson, "SIDE", 32)
    random = np.random.default_rng(0).integers(0, 256, (80, 90, 3), np.uint8)
    (tmp_path / "van_gogh").mkdir()
    Image.fromarray(random).save(tmp_path / "van_gogh" / "one.png")
    sizes = {"crop": 32, "batch": 2, "seed": 0, "workers": 1, "rate": 1e-2}
    where = {"kit": str(tmp_path), "alone": "van_gogh", "between": [], "start": "none"}
    trained = gpu_lesson.begun("diffusion", where)
    trainer, stream = gpu_lesson.prepared(trained, sizes | where)
    trainer.fit(stream, steps_per_epoch=2, epochs=1, shuffle=False, verbose=0)
    for variable in trained.network.weights:
        variable.assign(variable + 0.1)  # the last step, of which the average has seen nothing
    scratch, last = tmp_path / "scratch", weights(trained)
    path = tmp_path / "diffusion.zip"
    work = gpu_lesson.DiffusionWork(path, scratch, trained, {"seed": 3}, trainer=trainer)
    work([{"step": 2, "loss": 2.0}])
    kept = weights(load_network(scratch / "network.npz"))
    for name, after in weights(trained).items():
        np.testing.assert_allclose(after, last[name], atol=1e-5)
        np.testing.assert_allclose(kept[name], last[name] - 0.1, atol=1e-3)
    with zipfile.ZipFile(path) as file:
        assert file.namelist() == ["network.npz", "log.csv", "preview.jpg"]


# --- What it leaves -------------------------------------------------------------------------------


def test_a_file_holds_the_network_its_log_and_a_sheet(tmp_path, monkeypatch):
    monkeypatch.setattr(gpu_lesson, "SIDE", 32)
    trained, path = begun("light", "a", "b"), tmp_path / "out" / "light.zip"
    work = gpu_lesson.Work(path, tmp_path / "scratch", trained, {"seed": 3})
    work([{"step": 25, "loss": 2.0}, {"step": 50, "loss": 1.5}])
    assert [entry.name for entry in path.parent.iterdir()] == ["light.zip"]
    zipfile.ZipFile(path).extractall(tmp_path / "light")
    found = load_network(tmp_path / "light" / "network.npz")
    assert found.styles == ("a", "b") and found.about == {"seed": 3, "steps": 50}
    assert [row["loss"] for row in read_log(tmp_path / "light")] == [2, 1.5]
    with Image.open(tmp_path / "light" / "preview.jpg") as sheet:
        assert sheet.size == (3 * 32, len(gpu_kit.SHOWN) * 32), "a photo and two paintings a row"
