"""Comparisons: the two rows that keep a table honest, and what is written."""

import csv

import matplotlib.pyplot as plt
import numpy as np
import pytest

from nstlib.errors import InputError
from nstlib.evaluation import comparison, frechet, measures
from nstlib.evaluation.comparison import Comparison, compare
from nstlib.images.arrays import resize
from nstlib.images.bundled import painting, photo
from nstlib.images.files import load_image

MEASURES = ["content", "style", "perceptual", "ssim", "color", "frechet", "art_fid"]


@pytest.fixture(scope="module")
def cat():
    return measures.look(photo("cat", 64))


@pytest.fixture(scope="module")
def wave():
    return measures.look(painting("great_wave", 64))


@pytest.fixture(scope="module")
def found(cat, wave):
    """A picture, a painter, and the two rows that are always there."""
    paintings = {"negative": 1 - cat.picture, "dark|ener": lambda picture: 0.7 * picture}
    return compare(paintings, cat, wave)


def plain(*names, pictures=(), **row) -> Comparison:
    """A comparison without a network's work."""
    pictures = pictures or [np.full((1, 8, 12, 3), 0.5, "float32")] * len(names)
    return Comparison(dict.fromkeys(names, row), dict(zip(names, pictures, strict=True)))


# --- Rows ----------------------------------------------------------------------------------------


def test_the_photo_itself_is_nearest_to_the_photo(found):
    row = found.rows["identity"]
    assert list(found.rows)[:2] == ["identity", "style-copy"]
    assert row["content"] == row["perceptual"] == 0 and row["ssim"] == pytest.approx(1)
    assert row["art_fid"] == pytest.approx(1 + row["frechet"])


def test_the_style_itself_is_nearest_to_the_style(found, cat, wave):
    copy, others = found.rows["style-copy"], ("identity", "negative", "dark|ener")
    for measure in ("style", "color", "frechet"):
        assert copy[measure] < 0.1 * min(found.rows[name][measure] for name in others), measure
    np.testing.assert_array_equal(
        found.pictures["style-copy"], resize(wave.picture, cat.picture.shape[1:3])
    )


def test_rows_are_the_measures_one_by_one(found, cat, wave):
    row, image = found.rows["negative"], measures.look(1 - cat.picture)
    assert list(row) == MEASURES
    assert row["content"] == pytest.approx(measures.content_distance(image, cat))
    assert row["style"] == pytest.approx(measures.style_distance(image, wave))
    assert row["color"] == pytest.approx(measures.color_distance(image, wave))
    assert row["art_fid"] == pytest.approx(frechet.art_fid(image, cat, wave))


def test_painters_paint_and_are_timed(found, cat):
    assert found.measures() == [*MEASURES, "seconds"]
    assert ["seconds" in row for row in found.rows.values()] == [False, False, False, True]
    np.testing.assert_array_equal(found.pictures["dark|ener"], np.float32(0.7) * cat.picture)


@pytest.mark.parametrize(("slow", "calls"), [(10.0, 2), (0.0, 1)])
def test_a_fast_painter_warms_up(cat, monkeypatch, slow, calls):
    monkeypatch.setattr(comparison, "SLOW", slow)
    seen = []
    comparison._painted(lambda picture: seen.append(picture) or picture, cat.picture)
    assert len(seen) == calls


# --- What cannot be compared ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("paintings", "message"),
    [
        ({}, "a dict from name to picture"),
        (np.zeros((43, 64, 3)), "a dict from name to picture"),
        ({"identity": np.zeros((43, 64, 3))}, "without the names 'identity' and 'style-copy'"),
        ({"mine": np.zeros((64, 43, 3))}, "mine has 43 x 64 pixels, its photo 64 x 43.*resize"),
        ({"mine": np.full((43, 64, 3), np.nan)}, "mine: .*NaN"),
        ({"mine": "cat.jpg"}, "mine: .*load_image"),
        ({"half": lambda picture: picture[:, ::2]}, "half has 64 x 22 pixels"),
    ],
)
def test_paintings_that_do_not_fit(cat, wave, paintings, message):
    with pytest.raises(InputError, match=message):
        compare(paintings, cat, wave)


def test_nothing_is_painted_before_all_pictures_are_looked_at(cat, wave):
    def painter(picture):
        raise AssertionError("painted too early")

    with pytest.raises(InputError, match="wrong has 4 x 4 pixels"):
        compare({"painter": painter, "wrong": np.zeros((4, 4, 3))}, cat, wave)
    with pytest.raises(InputError, match="needs 32 on the shorter side"):
        compare({"painter": painter}, cat, np.zeros((30, 64, 3)))


# --- What is written -----------------------------------------------------------------------------


def test_the_table_is_markdown(found):
    lines = found.table().splitlines()
    assert lines[0] == "| | " + " | ".join([*MEASURES, "seconds"]) + " |"
    assert lines[2].startswith("| identity | 0.00 | ") and lines[2].endswith(" |  |")
    assert lines[5].startswith("| dark\\|ener | ") and lines[6] == ""
    assert "Each can be fooled" in lines[7] and lines[8].startswith("seconds: of a second call")
    assert found._repr_markdown_() == found.table()
    assert "array" not in repr(found)


def test_files_of_numbers(found, tmp_path):
    path = found.save(tmp_path / "new" / "table.csv")
    with path.open(newline="") as file:
        rows = {row.pop("name"): row for row in csv.DictReader(file)}
    assert float(rows["negative"]["style"]) == found.rows["negative"]["style"]
    assert rows["identity"]["seconds"] == "" and rows["dark|ener"]["seconds"]
    text = found.save(tmp_path / "table.md").read_text(encoding="utf-8")
    assert text == found.table() + "\n"


def test_the_strip_has_the_numbers_under_each_picture(monkeypatch):
    monkeypatch.setattr(plt, "show", lambda: None)
    plain("identity", "mine", ssim=0.5, color=2.0, style=0.25).show(columns=1)
    first, second = plt.gcf().axes
    assert not first.get_xticks().size and not first.get_yticks().size
    assert second.get_title() == "mine"
    assert second.get_xlabel() == "ssim 0.50 · color 2.0\nstyle 0.250"
    assert first.get_position().y0 > second.get_position().y1, "one column, two rows"
    plt.close()


@pytest.mark.parametrize("extension", [".jpg", ".PNG", ".bmp"])
def test_the_strip_as_a_file(tmp_path, extension):
    path = plain("identity", "mine", ssim=0.5).save(tmp_path / f"strip{extension}")
    _, height, width, _ = load_image(path).shape
    assert (width, height) == (2 * 2.5 * 1.5 * 120, (2.5 + 1.1) * 120)


def test_files_that_may_not_be_written(tmp_path):
    small = plain("identity", ssim=1.0)
    with pytest.raises(InputError, match=r"strip.txt does not end in .md, .csv, .*\.jpg"):
        small.save(tmp_path / "strip.txt")
    small.save(tmp_path / "table.csv")
    with pytest.raises(InputError, match="table.csv is there already"):
        small.save(tmp_path / "table.csv", overwrite=False)
