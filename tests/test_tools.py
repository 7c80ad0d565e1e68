"""The project's tools: the stored form of notebooks, the shape of a chapter, the first painting."""

import base64
import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from PIL import Image

import check_notebooks
import clean_notebooks
import heroes
import make_course_picture
import make_nav
import shelf
import start

ROOT = Path(__file__).resolve().parent.parent


# --- tools/clean_notebooks.py --------------------------------------------------------------------


def picture(kind: str, side: int = 20) -> str:
    noise = Image.frombytes("RGBA", (side, side), os.urandom(side * side * 4))
    buffer = io.BytesIO()
    (noise if kind == "PNG" else noise.convert("RGB")).save(buffer, kind, quality=95)
    return base64.b64encode(buffer.getvalue()).decode()


def text_of(*outputs, **code) -> str:
    """The JSON of a notebook with one heading and one executed cell."""
    cell = new_code_cell("1 + 1", outputs=list(outputs), **{"execution_count": 1} | code)
    return nbformat.writes(new_notebook(cells=[new_markdown_cell("# Title"), cell]))


def stream(text: str, name: str = "stderr"):
    return new_output("stream", name=name, text=text)


def display(data: dict):
    return new_output("display_data", data=data)


def outputs(text: str) -> list:
    return json.loads(text)["cells"][1]["outputs"]


def test_a_mended_notebook_is_left_alone():
    mended, problems = clean_notebooks.clean(text_of(stream("4\n", "stdout")))
    assert problems and all(problem.mended for problem in problems)
    assert clean_notebooks.clean(mended) == (mended, [])


def test_noise_goes_and_warnings_lose_their_place():
    log = "2026-01-02 03:04:05.678901: I tensorflow/core/util/port.cc:153] oneDNN is on\n"
    warning = "/somewhere/site-packages/thing.py:12: UserWarning: mind the gap\n"
    bar = "painting: 100%|██████████| 10/10 [00:01<00:00]\n"
    mended, _ = clean_notebooks.clean(text_of(stream(log + warning + bar)))
    assert [output["text"] for output in outputs(mended)] == [["UserWarning: mind the gap\n"]]
    mended, _ = clean_notebooks.clean(text_of(stream(log)))
    assert outputs(mended) == []


def test_widgets_keep_their_text_and_progress_bars_go():
    view = {clean_notebooks.WIDGET_VIEW: {"model_id": "0"}}
    slider = display(view | {"text/plain": "IntSlider(value=0)"})
    bar = display(view | {"text/plain": "  0%|          | 0/10 [00:00<?, ?it/s]"})
    mended, _ = clean_notebooks.clean(text_of(slider, bar))
    assert [output["data"] for output in outputs(mended)] == [
        {"text/plain": ["IntSlider(value=0)"]}
    ]


def test_a_panel_gets_its_still(tmp_path, monkeypatch):
    monkeypatch.setattr(clean_notebooks, "PANELS", tmp_path)
    (tmp_path / "studio.jpg").write_bytes(base64.b64decode(picture("JPEG")))
    panel = {clean_notebooks.WIDGET_VIEW: {"model_id": "0"}, "text/plain": "Studio(children=())"}
    notebook = nbformat.reads(text_of(display(panel)), 4)
    notebook.cells[-1].source = "nst.studio('cat', 'the_scream')"
    mended, _ = clean_notebooks.clean(nbformat.writes(notebook))
    assert list(outputs(mended)[0]["data"]) == ["image/jpeg", "text/plain"]
    assert clean_notebooks.clean(mended)[1] == []
    (tmp_path / "studio.jpg").write_bytes(base64.b64decode(picture("JPEG", 16)))
    _, problems = clean_notebooks.clean(mended)
    assert [problem.message for problem in problems] == ["the panel's still is missing or old"]
    for word, side in {"great_wave": 20, "the_scream": 24}.items():
        (tmp_path / f"studio-{word}.jpg").write_bytes(base64.b64decode(picture("JPEG", side)))
    mended, _ = clean_notebooks.clean(mended)
    still = base64.b64decode(outputs(mended)[0]["data"]["image/jpeg"])
    assert Image.open(io.BytesIO(still)).size == (24, 24)


def test_figures_become_small_jpegs():
    mended, _ = clean_notebooks.clean(text_of(display({"image/png": picture("PNG")})))
    data = outputs(mended)[0]["data"]
    assert list(data) == ["image/jpeg"]
    assert Image.open(io.BytesIO(base64.b64decode(data["image/jpeg"]))).format == "JPEG"
    large = picture("JPEG", 680)
    mended, _ = clean_notebooks.clean(text_of(display({"image/jpeg": large})))
    smaller = base64.b64decode(outputs(mended)[0]["data"]["image/jpeg"])
    assert len(smaller) <= clean_notebooks.MAX_FIGURE_BYTES < len(base64.b64decode(large))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (text_of(execution_count=3), "execution count is 3 in place of 1"),
        (text_of(execution_count=None), "execution count is absent"),
        (text_of(new_output("error", ename="ValueError", evalue="no")), "ValueError: no"),
        (text_of(stream("saved in /home" + "/ada/out.jpg", "stdout")), "path of one machine"),
        (text_of(stream("saved in C:" + "\\Users\\ada", "stdout")), "path of one machine"),
        (text_of(display({"image/jpeg": picture("JPEG", 1000)})), "draw it smaller"),
        (text_of(stream("x" * 2_500_001, "stdout")), "more than 2.5"),
    ],
    ids=["count", "no count", "error", "path", "Windows path", "large figure", "large notebook"],
)
def test_what_no_tool_can_mend_is_reported(text, message):
    left = [p.message for p in clean_notebooks.clean(text)[1] if not p.mended]
    assert len(left) == 1 and message in left[0], left


def test_addresses_on_the_web_are_no_paths():
    text = text_of(stream("see https://example.org/home/page and data/images/content/cat.jpg"))
    assert not [p for p in clean_notebooks.clean(text)[1] if not p.mended]


def test_check_changes_nothing_and_fails(tmp_path, capsys):
    path = tmp_path / "a notebook.ipynb"
    path.write_text(text_of(), encoding="utf-8")
    before = path.read_bytes()
    assert clean_notebooks.main(["--check", str(path)]) == 1
    assert path.read_bytes() == before
    assert "a notebook.ipynb: metadata.kernelspec" in capsys.readouterr().out
    assert clean_notebooks.main([str(path)]) == 0
    assert clean_notebooks.main(["--check", str(path)]) == 0


# --- tools/check_notebooks.py --------------------------------------------------------------------

TITLE = """# 1 · A chapter

It promises one thing.

**You will** see it, say it and build it.

**You need** [0 · Start](00_start.ipynb)

**Time** about 2 minutes on a laptop CPU, about 1 on a Colab GPU
"""
GREETING = "nstlib 1.0 · Python 3.12 · Keras 3 · CPU, 2 cores · budget laptop · seed 0\n"
PARTS = [  # each part is a text cell, or a code cell if it is in a tuple
    "## Set up",
    (check_notebooks.SET_UP,),
    ("SIZE = nst.budget(ci=64, laptop=256, gpu=512)",),
    "## 1 · What is there to see?",
    ("assert True",),
    *["Look.", "Say it.", "See it move."] * 2,
    *["## Explore", "## Try it"],
    *["### Predict", ("answer = ...",), "### Change", ("1 + 1",), "### Build"],
    ("nst.check(answer, 2)",),
    *["## What you now know", "## Where this came from", "## Next", "More.", "More.", "Much more."],
]


@pytest.fixture
def chapter(tmp_path, monkeypatch):
    """Write a made-up chapter, with some of its text replaced -> the problems found in it."""
    monkeypatch.setattr(make_nav, "ROOT", tmp_path)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    folder = tmp_path / "notebooks"
    (folder / "solutions").mkdir(parents=True)
    (folder / "00_start.ipynb").touch()

    def find(old: str = "", new: str = "", name: str = "01_a_chapter.ipynb") -> list[str]:
        path = folder / name
        cells = [new_markdown_cell(TITLE + make_nav.colab_badge(path))]
        for part in PARTS:
            cells.append(new_code_cell(*part) if type(part) is tuple else new_markdown_cell(part))
        cells[2].outputs = [new_output("stream", text=GREETING)]
        cells[5].outputs = [new_output("display_data", data={"image/jpeg": "/9j/"})]
        text = nbformat.writes(new_notebook(cells=cells))
        old, new = (json.dumps(words, ensure_ascii=False)[1:-1] for words in (old, new))
        assert old in text
        path.write_text(text.replace(old, new) if old else text, encoding="utf-8")
        return list(check_notebooks.problems(path))

    return find


def test_a_good_chapter_has_no_problems(chapter):
    assert chapter() == []


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("# 1 · A", "# 2 · A", "the first line is '# 2 · A chapter', not # 1 · …"),
        ("one thing.", "one thing", "no sentence of promise"),
        ("one thing.", "one thing. And more.", "the promise has 2 sentences"),
        ("see it, say it and build it", "see it", "**You will** names fewer than three"),
        ("[0 · Start](00_start.ipynb)", "nothing", "**You need** links to no chapter"),
        ("(00_start.ipynb)", "(01_a_chapter.ipynb)", "points to this or a later chapter: ['01']"),
        ("**Time** about 2", "**Time** some", "write: **Time** about N minutes"),
        ("Open in Colab", "Open", "not exactly one badge"),
        ("nst.hello()", "nst.hello(1)", "not the common set-up"),
        ("budget laptop", "budget ci", "not a run at laptop or gpu budget"),
        ("nstlib 1.0", "Warning: nstlib 1.0", "not the one line of nst.hello()"),
        ("image/jpeg", "image/png", "no output is a picture"),
        ("nst.budget(ci=64, laptop=256, gpu=512)", "256", "takes no number from nst.budget("),
        ("laptop=256, ", "", "not for all three budgets"),
        ("1 + 1", "nst.budget(ci=1)", "a knob outside the knobs cell"),
        ("## Set up", "## Setting up", "the first section is 'Setting up'"),
        ("## Next", "## Later", "the last five sections are"),
        ("## 1 · What is there to see?", "Look.", "there is no section 1"),
        ("see?", "see", "should be: 1 · a question?"),
        ("### Build", "### Make", "the last headings ### are not"),
        ("### Change", "Change", "no cell to write the answer to 'Change' in"),
        ("nst.check(answer, 2)", "2", "no exercise answers with nst.check"),
        ("assert True", "True", "no cell has an assert"),
        ("assert True", "assert True\n" * 26, "the longest code cell has 26 lines"),
        ("Much more.", "It is simply more.", "'simply' belittles"),
        ("Much more.", "[More](nowhere.md#at-all)", "nowhere.md#at-all leads nowhere"),
    ],
)
def test_what_a_chapter_lacks_is_named(chapter, old, new, message):
    found = chapter(old, new)
    assert any(message in problem for problem in found), found


def test_an_empty_notebook_lacks_nearly_everything(chapter, tmp_path):
    path = tmp_path / "notebooks" / "02_empty.ipynb"
    nbformat.write(new_notebook(), path)
    assert len(list(check_notebooks.problems(path))) > 15


def test_a_name_without_a_number_is_refused(chapter):
    assert chapter(name="chapter.ipynb") == ["the name is not NN_name.ipynb"]


def test_solutions_have_the_chapters_title_and_its_exercises(chapter):
    chapter()
    found = chapter(name="solutions/01_a_chapter.ipynb")
    assert found[:-1] == ["the link 00_start.ipynb leads nowhere"]
    assert found[-1].endswith("not '# Solutions to 1 · A chapter'")
    found = chapter("### Build", "Build", name="solutions/01_a_chapter.ipynb")
    assert found[-1] == "no heading starts with 'Build'"


def test_chapters_and_solutions_come_in_pairs():
    names = ["notebooks/01_a.ipynb", "notebooks/01_b.ipynb", "notebooks/solutions/01_a.ipynb"]
    assert list(check_notebooks.pairs([*map(Path, names)])) == [
        "2 chapters have the number 01",
        "01_b.ipynb is there only as a chapter",
    ]
    assert list(check_notebooks.pairs([])) == ["no *.ipynb: was the folder moved?"]


def test_the_check_prints_the_file_with_each_problem(chapter, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    chapter("see?", "see")
    path = Path("notebooks", "01_a_chapter.ipynb")
    assert check_notebooks.main([str(path)]) == 1
    assert capsys.readouterr().out.startswith(f"{path}: section '1 · What is there to see'")
    chapter()
    assert check_notebooks.main([str(path)]) == 0 and not capsys.readouterr().out


# --- Running notebooks ---------------------------------------------------------------------------


def test_a_cell_out_of_time_fails_the_run_even_if_it_ends_well(tmp_path):
    """`style_transfer` answers an interruption with a picture; nbval alone lets that pass."""
    patient = "import time\ntry:\n    time.sleep(60)\nexcept KeyboardInterrupt:\n    print('best')"
    nbformat.write(
        new_notebook(cells=[new_code_cell(patient), new_code_cell("2")]), tmp_path / "slow.ipynb"
    )
    shutil.copy(ROOT / "conftest.py", tmp_path)
    options = ["--nbval-lax", "--nbval-current-env", "--nbval-cell-timeout=2", "-p", "no:xdist"]
    run = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "--rootdir", tmp_path, tmp_path],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 1 and "ran longer than 2 seconds" in run.stdout, run.stdout


@pytest.fixture
def first_chapter(tmp_path, monkeypatch):
    """A folder with notebooks/00_start_here.ipynb of one cell, in place of the real one."""

    def write(source: str) -> Path:
        path = tmp_path / "notebooks" / "00_start_here.ipynb"
        path.parent.mkdir()
        heading = new_markdown_cell("# 0 · Start\n\n[next](02_next.ipynb)")
        nbformat.write(new_notebook(cells=[heading, new_code_cell(source)]), path)
        return path

    monkeypatch.setattr(start, "ROOT", tmp_path)
    monkeypatch.setattr(start, "OUT", tmp_path / "out")
    monkeypatch.setattr(start, "NOTEBOOK", tmp_path / "notebooks" / "00_start_here.ipynb")
    for name, file in {"PAINTING": "first_painting.jpg", "PAGE": "page.html", "LOG": "l"}.items():
        monkeypatch.setattr(start, name, tmp_path / "out" / file)
    monkeypatch.setattr(start, "is_healthy", lambda: True)
    for name in ("NST_OUT", "NST_BUDGET", "NST_PROGRESS"):
        monkeypatch.setenv(name, "laptop")  # start.main() sets them; afterwards they are restored
    return write


def test_start_paints_and_leaves_the_notebook_alone(first_chapter, capsys):
    path = first_chapter(
        "import os, pathlib\npathlib.Path(os.environ['NST_OUT'], 'first_painting.jpg').touch()"
    )
    before = path.read_bytes()
    assert start.main() == 0
    said = capsys.readouterr().out
    assert "first_painting.jpg" in said and "Next: " in said
    assert path.read_bytes() == before
    assert 'href="../notebooks/02_next.ipynb"' in start.PAGE.read_text(encoding="utf-8")


def test_start_says_what_failed_and_keeps_the_page(first_chapter, capsys):
    first_chapter("raise ValueError('no paint')")
    start.OUT.mkdir()
    start.PAINTING.touch()  # of an earlier run
    assert start.main() == 1
    assert "ValueError: no paint" in capsys.readouterr().err
    assert "no paint" in start.PAGE.read_text(encoding="utf-8")
    assert not start.PAINTING.exists()


def test_the_course_picture_shows_what_a_chapter_shows_largest_alone(tmp_path):
    def figure(source, color, size=(40, 30)):
        file = io.BytesIO()
        Image.new("RGB", size, color).save(file, "jpeg")
        stored = base64.b64encode(file.getvalue()).decode()
        output = new_output("display_data", {"image/jpeg": stored})
        return new_code_cell(source, outputs=[output])

    small = figure("nst.show(photo, height=2)", "blue")
    large = figure("nst.show(painted.image, height=6)", "red")
    many = figure('nst.show({"a": a, "b": b}, columns=2, height=9)', "green", (80, 90))
    nbformat.write(new_notebook(cells=[small, large, many]), tmp_path / "hero.ipynb")
    nbformat.write(new_notebook(cells=[many]), tmp_path / "several.ipynb")

    nbformat.write(new_notebook(cells=[new_code_cell("1 + 1")]), tmp_path / "not_run.ipynb")

    assert heroes.hero(tmp_path / "not_run.ipynb") is None
    hero, several = (heroes.hero(tmp_path / f"{n}.ipynb") for n in ("hero", "several"))
    assert hero.getpixel((5, 5))[0] > 250 and several.getpixel((5, 5))[1] > 120
    sheet = make_course_picture.sheet({"1": hero, "2": several}, columns=2, width=100)
    assert sheet.size[0] > 200 and sheet.getpixel((50, 40))[0] > 250


# --- tools/shelf.py -------------------------------------------------------------------------------


def test_a_network_that_is_shipped_again_takes_its_own_row(tmp_path, monkeypatch):
    monkeypatch.setattr(shelf, "FOLDER", tmp_path)
    for name, content in (("b", b"1"), ("a", b"22"), ("b", b"333")):
        (tmp_path / f"{name}.npz").write_bytes(content)
        shelf.add_row(tmp_path / f"{name}.npz", "light", ("one", "two"))
    rows = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))
    assert [(row["file"], row["bytes"]) for row in rows] == [("a.npz", 2), ("b.npz", 3)]
    assert rows[1]["card"] == "b.md" and rows[1]["styles"] == ["one", "two"]


def test_a_sheet_has_every_picture_in_the_middle_of_its_tile(tmp_path):
    wide, tall = np.zeros((1, 10, 20, 3), "float32"), np.zeros((1, 20, 10, 3), "float32")
    shelf.save_sheet([[wide, tall], [wide, wide]], 20, tmp_path / "sheet.jpg")
    sheet = np.asarray(Image.open(tmp_path / "sheet.jpg").convert("L"))
    assert sheet.shape == (20 + 4 + 10 + 4, 2 * (20 + 4))
    dark = sheet < 128
    assert dark[7:17, 2:22].mean() > 0.95 and not dark[:5, :22].any()
    assert dark[2:22, 31:41].mean() > 0.95 and not dark[:24, 24:29].any()
