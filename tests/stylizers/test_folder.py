"""A folder is painted once, whatever dies, is damaged, or stood there before."""

import errno
import importlib.util
import json
import logging
import os
import signal
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nstlib.errors import InputError, MissingFile
from nstlib.images.files import load_image, save_image
from nstlib.stylizers import folder as folders, workers
from nstlib.stylizers.folder import MANIFEST, Manifest

ALONE = {"workers": 1}
NESTED = ("a.png", "b.png", "deep/er/a.png", "deep/c.jpg")


def negative(picture, marks=None):
    """A painting in no time; `marks` is a folder where each painting leaves a mark."""
    if marks:
        Path(marks, f"{os.getpid()} {float(picture.mean()):.4f} {os.urandom(4).hex()}").touch()
    return 1 - picture


def deadly(picture, marks):
    """The same, but who first meets a black picture dies of it."""
    sign = Path(marks) / "somebody died"
    if picture.max() == 0 and not sign.exists():
        sign.touch()
        os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
    return negative(picture, marks)


def as_in(picture, style):
    return np.full_like(picture, load_image(style).mean())


class Impossible:
    """A painter that cannot be made where it arrives."""

    def __call__(self, picture):
        return picture

    def __reduce__(self):
        return refuse, ()


def refuse():
    raise InputError("no such style")


def failing(picture):
    raise RuntimeError("no paint left")


def picture(level: float, size=(12, 16)) -> np.ndarray:
    return np.full((1, *size, 3), level, "float32")


@pytest.fixture
def photos(tmp_path) -> Path:
    folder = tmp_path / "photos 長城"
    for number, name in enumerate(NESTED):
        save_image(picture(number / 8), folder / name)
    return folder


def rows(out: Path) -> dict[str, dict]:
    lines = (out / MANIFEST).read_text(encoding="utf-8").splitlines()
    found = [json.loads(line) for line in lines]
    assert len({row["source"] for row in found}) == len(found), "a line for each"
    return {row["source"]: row for row in found}


def paintings(out: Path) -> set[str]:
    files = (path for path in out.rglob("*") if path.is_file() and path.suffix != ".jsonl")
    return {path.relative_to(out).as_posix() for path in files}


# --- One after another ----------------------------------------------------------------------------


def test_folders_in_folders_stay(photos, tmp_path):
    report = folders.stylize_folder(photos, tmp_path / "out", negative, **ALONE)
    assert paintings(tmp_path / "out") == set(NESTED) == set(report.done)
    np.testing.assert_allclose(load_image(tmp_path / "out/b.png"), 1 - picture(1 / 8), atol=0.003)
    assert {row["status"] for row in rows(tmp_path / "out").values()} == {"done"}
    assert str(report).startswith("4 painted in ")


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*.png", {"a.png", "b.png"}),
        ("**/*.png", {"a.png", "b.png", "deep/er/a.png"}),
        ("deep/*", {"c.jpg"}),
        ("b.png", {"b.png"}),
    ],
)
def test_globs_and_single_files(photos, tmp_path, pattern, expected):
    report = folders.stylize_folder(f"{photos}/{pattern}", tmp_path / "out", negative, **ALONE)
    assert set(report.done) == expected


def test_the_folder_of_paintings_may_lie_in_that_of_photos(photos):
    for expected in (4, 0):
        report = folders.stylize_folder(photos, photos / "out", negative, **ALONE)
        assert len(report.done) == expected


def test_a_second_run_paints_what_is_new_or_changed(photos, tmp_path):
    marks, out = tmp_path / "marks", tmp_path / "out"
    marks.mkdir()

    def run(**options):
        return folders.stylize_folder(photos, out, negative, marks=str(marks), **ALONE, **options)

    assert len(run().done) == 4
    assert run().done == () and len(list(marks.iterdir())) == 4
    os.utime(photos / "a.png")  # a later time, the same content
    save_image(picture(0.9), photos / "b.png")
    save_image(picture(0.3), photos / "new.png")
    (out / "deep/c.jpg").unlink()
    report = run()
    assert set(report.done) == {"b.png", "new.png", "deep/c.jpg"}
    assert set(report.skipped) == {"a.png", "deep/er/a.png"}
    assert len(run(size=8).done) == 5, "painted otherwise"


def test_damage_is_reported_and_passed_over(photos, tmp_path):
    (photos / "empty.jpg").touch()
    (photos / "page.png").write_text("<html>")
    whole = (photos / "a.png").read_bytes()
    (photos / "short.png").write_bytes(whole[: len(whole) // 2])
    with pytest.warns(UserWarning, match=r"3 of 7 passed over. empty.jpg: .*empty \(0 bytes\)"):
        report = folders.stylize_folder(photos, tmp_path / "out", negative, **ALONE)
    assert set(report.failed) == {"empty.jpg", "page.png", "short.png"} and len(report.done) == 4
    found = rows(tmp_path / "out")
    assert found["page.png"]["status"] == "failed" and "no" in found["page.png"]["reason"]
    save_image(picture(0.5), photos / "empty.jpg")
    with pytest.warns(UserWarning, match="2 of 7"):
        assert folders.stylize_folder(photos, tmp_path / "out", negative, **ALONE).done == (
            "empty.jpg",
        )


def test_a_painter_that_fails_is_reported(photos, tmp_path):
    with pytest.warns(UserWarning, match="4 of 4 passed over. a.png: RuntimeError: no paint left"):
        report = folders.stylize_folder(photos, tmp_path / "out", failing, **ALONE)
    assert not report.done and len(report.failed) == 4


def test_names_that_become_one_are_refused(tmp_path):
    for name in ("deep/sea.png", "sea.png", "Sea.tif"):
        save_image(picture(0.5), tmp_path / "in" / name)
    assert len(folders.stylize_folder(tmp_path / "in", tmp_path / "o", negative, **ALONE).done) == 3
    with pytest.raises(InputError, match="Sea.tif and sea.png would both become sea.jpg: leave"):
        folders.stylize_folder(tmp_path / "in", tmp_path / "p", negative, extension="jpg", **ALONE)
    assert not (tmp_path / "p").exists()


def test_strength_and_colours_are_those_of_a_stylizer_for_any_painter(photos, tmp_path):
    how = {"extension": ".png", "strength": 0.5, **ALONE}
    folders.stylize_folder(photos, tmp_path / "out", lambda p: 1 - p, **how)
    np.testing.assert_allclose(load_image(tmp_path / "out/b.png"), 0.5, atol=0.003)


def test_what_was_there_before_is_not_painted_over(photos, tmp_path):
    out = tmp_path / "out"
    save_image(picture(0.25), out / "b.png")
    with pytest.raises(InputError, match="b.png is there already, and not in .*jsonl"):
        folders.stylize_folder(photos, out, negative, **ALONE)
    with pytest.raises(InputError, match="is the folder that is read"):
        folders.stylize_folder(photos, photos / "deep" / "..", negative, **ALONE)
    with pytest.raises(InputError, match="c.jpg is there already"):
        save_image(picture(0.1), photos / "deep" / "deep" / "c.jpg")
        folders.stylize_folder(photos / "deep", photos, negative, **ALONE)
    assert load_image(out / "b.png").mean() == pytest.approx(0.25, abs=0.01)


def test_folders_with_nothing(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "notes.txt").touch()
    with pytest.raises(InputError, match="empty holds no pictures"):
        folders.stylize_folder(tmp_path / "empty", tmp_path / "out", negative)
    with pytest.raises(MissingFile, match="no folder .*empt. Did you mean 'empty'"):
        folders.stylize_folder(tmp_path / "empt", tmp_path / "out", negative)
    with pytest.raises(InputError, match="holds no pictures"):
        folders.stylize_folder(tmp_path / "no*" / "*.jpg", tmp_path / "out", negative)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": 0}, "size is 0"),
        ({"strength": 2}, "strength is 2"),
        ({"extension": ".pdf"}, "extension is '.pdf'"),
        ({"workers": 0}, "workers is 0"),
        ({"paint": "the_scream", "tiles": 512}, "tiles: a network of named styles takes palette"),
    ],
)
def test_options_that_cannot_be(photos, tmp_path, options, message):
    with pytest.raises(InputError, match=message):
        folders.stylize_folder(photos, tmp_path / "out", options.pop("paint", negative), **options)
    assert not paintings(tmp_path / "out")


def test_a_trained_network_paints_a_folder(tmp_path):
    for name in ("a.png", "b.jpg"):
        save_image(picture(0.5, (40, 48)), tmp_path / "in" / name)
    options = {"strength": 0.8, "preserve_color": True, **ALONE}
    report = folders.stylize_folder(tmp_path / "in", tmp_path / "out", "the_scream", **options)
    assert report.done == ("a.png", "b.jpg")
    assert load_image(tmp_path / "out" / "a.png").shape == (1, 40, 48, 3)
    with pytest.raises(InputError, match="has not learnt 'the_screm'"):
        folders.stylize_folder(tmp_path / "in", tmp_path / "out", "the_screm", **ALONE)
    again = folders.stylize_folder(tmp_path / "in", tmp_path / "out", "the_scream", **options)
    assert len(again.skipped) == 2, "a mistake has not made the list forget"


def test_another_painting_under_the_same_name_is_another_style(photos, tmp_path):
    style = tmp_path / "style.png"
    for level, expected in ((0.1, 4), (0.1, 0), (0.9, 4)):
        save_image(picture(level), style)
        report = folders.stylize_folder(photos, tmp_path / "out", as_in, style=style, **ALONE)
        assert len(report.done) == expected


# --- What is taken, and what is said of the rest -------------------------------------------------


def test_every_suffix_is_taken_and_the_rest_is_named(tmp_path, recwarn, monkeypatch):
    monkeypatch.setattr("nstlib.images.formats.has_heif", lambda: False)
    album, out = tmp_path / "album", tmp_path / "out"
    for name in ("a.jfif", "b.JPE", "c.gif", "d.tga", "e.png"):
        kind = Image.registered_extensions()[Path(name).suffix.lower()]
        (album).mkdir(exist_ok=True)
        Image.new("RGB", (8, 6), "red").save(album / name, kind)
    for name in ("f.heic", "g.HEIC", "h.mp4", "notes.txt", *(f"._{n}.png" for n in range(99))):
        (album / name).touch()
    report = folders.stylize_folder(album, out, negative, **ALONE)
    assert paintings(out) == {"a.jfif", "b.JPE", "c.gif", "d.tga.png", "e.png"}
    assert set(report.done) == {"a.jfif", "b.JPE", "c.gif", "d.tga", "e.png"}
    said = [str(note.message) for note in recwarn if note.category is UserWarning]
    assert len(said) == 1 and said[0].startswith(f"{album} also holds 2 .heic: pip install")
    assert "1 .mp4: `nstlib video` paints films" in said[0] and "._" not in said[0]
    assert len(folders.stylize_folder(album, out, negative, **ALONE).skipped) == 5


def test_a_folder_of_unreadable_things_names_each_once(tmp_path, monkeypatch):
    monkeypatch.setattr("nstlib.images.formats.has_heif", lambda: False)
    for name in ("a.heic", "b.heic", "c.svg"):
        (tmp_path / "in" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "in" / name).touch()
    with pytest.raises(InputError, match=r"no pictures that can be read, but 2 .heic: .*; 1 .svg"):
        folders.stylize_folder(tmp_path / "in", tmp_path / "out", negative, **ALONE)
    for number in range(6):
        (tmp_path / "in" / f"{number}.jpg").write_text("no")
    with pytest.warns(UserWarning, match="6 of 6 passed over") as said:
        report = folders.stylize_folder(tmp_path / "in", tmp_path / "out", negative, **ALONE)
    assert len(report.failed) == 6 and not report.done
    (note,) = [str(one.message) for one in said if "6 of 6" in str(one.message)]
    assert all(note.count(f"{number}.jpg: ") == 1 for number in range(3))
    assert note.endswith(" Also: 3.jpg, 4.jpg, 5.jpg.")


def test_transparency_and_tags_are_kept_or_it_is_said(tmp_path):
    (tmp_path / "in").mkdir()
    exif = Image.Exif()
    exif[0x0132], exif[0x8825] = "2026:11:28 12:00:00", {1: "N"}
    for number in range(5):
        clear = Image.new("RGBA", (8, 6), (200, 60, 50, 0))
        clear.save(tmp_path / "in" / f"{number}.png", exif=exif)
    report = folders.stylize_folder(tmp_path / "in", tmp_path / "out", negative, **ALONE)
    with Image.open(tmp_path / "out" / "0.png") as painted:
        assert painted.mode == "RGBA" and painted.getpixel((0, 0))[3] == 0
        assert painted.getexif()[0x0132] == "2026:11:28 12:00:00"
        assert 0x8825 not in painted.getexif()
    assert len(report.done) == 5
    jpeg = {"extension": ".jpg", "quality": 80, **ALONE}
    with pytest.warns(UserWarning, match=r"hold no transparency.* 2 more are in .*jsonl") as said:
        folders.stylize_folder(tmp_path / "in", tmp_path / "jpeg", negative, **jpeg)
    assert len(said) == 1


def test_how_files_are_written_is_part_of_what_was_done(photos, tmp_path):
    def run(**options):
        out = tmp_path / "out"
        return len(folders.stylize_folder(photos, out, negative, **ALONE, **options).done)

    assert [run(), run(quality=92), run(quality=50), run(quality=50, lossless=True)] == [4, 0, 4, 4]
    with pytest.raises(InputError, match="quality is 0"):
        run(quality=0)


# --- Interruptions --------------------------------------------------------------------------------


def test_a_line_that_a_kill_has_cut_is_passed_over(photos, tmp_path):
    out = tmp_path / "out"
    folders.stylize_folder(photos, out, negative, **ALONE)
    file = out / MANIFEST
    done = file.read_bytes()
    file.write_bytes(done.replace(b'"done"', b'"planned"') + done[:-9])
    report = folders.stylize_folder(photos, out, negative, **ALONE)
    assert report.done == ("deep/er/a.png",) and set(rows(out)) == set(NESTED)


def test_a_stop_in_the_middle_keeps_what_is_done(photos, tmp_path, monkeypatch):
    paint_file = workers.paint_file

    def stopped(job, paint, **how):
        if job.row["source"].startswith("deep"):
            raise KeyboardInterrupt
        return paint_file(job, paint, **how)

    monkeypatch.setattr(workers, "paint_file", stopped)
    with pytest.raises(KeyboardInterrupt):
        folders.stylize_folder(photos, tmp_path / "out", negative, **ALONE)
    monkeypatch.undo()
    report = folders.stylize_folder(photos, tmp_path / "out", negative, **ALONE)
    assert report.skipped == ("a.png", "b.png") and len(report.done) == 2


def test_a_full_disk_leaves_a_list_that_can_be_read(tmp_path, monkeypatch):
    manifest = Manifest(tmp_path)
    manifest.add({"source": "a.png", "status": "done"})

    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError, match="could not be written .No space left.*it goes on from"):
        manifest.add({"source": "b.png", "status": "done"})
    with pytest.raises(InputError, match="could not be written"):
        manifest.tidy()
    assert set(rows(tmp_path)) >= {"a.png"}


# --- Dask -----------------------------------------------------------------------------------------


def test_without_dask_it_is_said(photos, tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"need Dask: pip install .nstlib\[folders\]"):
        folders.stylize_folder(photos, tmp_path / "out", negative, workers=2)
    with pytest.warns(UserWarning, match="Dask is not installed: one picture after"):
        assert len(folders.stylize_folder(photos, tmp_path / "out", negative).done) == 4


def test_a_scheduler_that_does_not_answer(photos, tmp_path):
    pytest.importorskip("distributed")
    for address in ("tcp://127.0.0.1:9", "nowhere at all"):
        with pytest.raises(InputError, match="No Dask scheduler .* within 0.5 s"):
            folders.stylize_folder(
                photos, tmp_path / "out", negative, scheduler=address, timeout=0.5
            )


@pytest.fixture(scope="module")
def cluster():
    """Two workers, processes of this machine."""
    distributed = pytest.importorskip("distributed")
    options = {"n_workers": 2, "threads_per_worker": 1, "silence_logs": logging.CRITICAL}
    with distributed.LocalCluster(**options, memory_limit=None, dashboard_address=None) as cluster:
        yield cluster


def test_a_scheduler_by_address(cluster, photos, tmp_path):
    shade = 0.5  # a function that nobody can import, with what it holds, travels too
    address = cluster.scheduler_address
    report = folders.stylize_folder(
        photos, tmp_path / "out", lambda picture: shade * picture, scheduler=address
    )
    assert set(report.done) == paintings(tmp_path / "out") == set(NESTED)
    np.testing.assert_allclose(load_image(tmp_path / "out/b.png"), 1 / 16, atol=0.003)


def test_what_workers_cannot_paint_is_said_before_anything_is(cluster, photos, tmp_path):
    from distributed import Client

    with Client(cluster) as client, (photos / "a.png").open("rb") as file:
        for paint, message in [
            (Impossible(), "no such style"),
            (lambda picture: file, "cannot be sent to workers"),
        ]:
            with pytest.raises(InputError, match=message):
                folders.stylize_folder(photos, tmp_path / "out", paint, scheduler=client)
    assert not paintings(tmp_path / "out")


def test_a_worker_killed_half_way(cluster, tmp_path):
    """Two processes, and the picture in the middle kills the one that takes it."""
    count, marks, out = 16, tmp_path / "marks", tmp_path / "out"
    marks.mkdir()
    for number in range(count):
        level = 0 if number == count // 2 else (number + 1) / 32
        save_image(picture(level), tmp_path / "in" / f"{number:02d}.png")
    options = {"scheduler": cluster, "marks": str(marks)}
    report = folders.stylize_folder(tmp_path / "in", out, deadly, **options)
    assert (marks / "somebody died").exists()
    assert len(report.done) == len(paintings(out)) == count and not report.failed
    assert {row["status"] for row in rows(out).values()} == {"done"} and len(rows(out)) == count
    painted = [mark.name.split() for mark in marks.iterdir() if mark.name != "somebody died"]
    assert len({level for _, level, _ in painted}) == count
    assert len({process for process, *_ in painted}) >= 2
    assert not folders.stylize_folder(tmp_path / "in", out, deadly, **options).done


def test_workers_of_this_machine(photos, tmp_path):
    pytest.importorskip("distributed")
    report = folders.stylize_folder(photos, tmp_path / "out", negative, workers=2)
    assert set(report.done) == set(NESTED)
