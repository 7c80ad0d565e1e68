"""The house style of the notebooks: every chapter and its solutions have the same shape.

What the cells compute is nbval's matter (`make notebooks`); this reads the stored files only.
"""

import ast
import re
import statistics
from functools import cache
from pathlib import Path
from urllib.parse import unquote

import nbformat
import pytest

from clean_notebooks import clean
from make_nav import colab_badge, nav_block

ROOT = Path(__file__).resolve().parent.parent
CHAPTERS = sorted((ROOT / "notebooks").glob("*.ipynb"))
SOLUTIONS = sorted((ROOT / "notebooks" / "solutions").glob("*.ipynb"))

SET_UP = """\
import sys

if "google.colab" in sys.modules:
    %pip install -q "nstlib @ git+https://github.com/nstlib/nst-course"

import nstlib as nst

nst.hello()"""
LAST_SECTIONS = ["Explore", "Try it", "What you now know", "Where this came from", "Next"]
EXERCISES = ["Predict", "Change", "Build"]
DISMISSIVE = re.compile(r"\b(simply|obviously|trivially)\b", re.IGNORECASE)

every_chapter = pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
every_solution = pytest.mark.parametrize("path", SOLUTIONS, ids=lambda path: path.stem)
every_notebook = pytest.mark.parametrize(
    "path", CHAPTERS + SOLUTIONS, ids=lambda path: path.relative_to(ROOT / "notebooks").as_posix()
)


@cache
def cells(path: Path) -> list:
    return nbformat.read(path, as_version=4).cells


def code(path: Path) -> list[str]:
    return [cell.source for cell in cells(path) if cell.cell_type == "code"]


def prose(path: Path) -> str:
    return "\n\n".join(cell.source for cell in cells(path) if cell.cell_type == "markdown")


def headings(path: Path, level: int) -> list[str]:
    """The headings of one level, without their #; lines inside fenced code are not headings."""
    text = re.sub(r"^```.*?^```", "", prose(path), flags=re.MULTILINE | re.DOTALL)
    return re.findall(rf"^#{{{level}}} (.*?)\s*$", text, flags=re.MULTILINE)


def head(path: Path) -> list[str]:
    """The lines of the title cell that say something."""
    return [line.strip() for line in cells(path)[0].source.splitlines() if line.strip()]


def number(path: Path) -> int:
    return int(path.stem[:2])


def line_after(path: Path, label: str) -> str:
    """What the title cell says after a label in bold, such as **Time**."""
    found = [line for line in head(path) if line.startswith(f"**{label}** ")]
    assert len(found) == 1, f"the title cell needs one line that starts with **{label}**"
    return found[0].removeprefix(f"**{label}** ")


def length(source: str) -> int:
    return sum(1 for line in source.splitlines() if line.strip())


# --- All of them together ------------------------------------------------------------------------


def test_there_are_chapters():
    assert CHAPTERS, "notebooks/ has no *.ipynb: was the folder moved?"


def test_file_names_carry_their_number_once():
    for path in CHAPTERS + SOLUTIONS:
        assert re.fullmatch(r"\d\d_[a-z0-9_]+\.ipynb", path.name), f"{path.name}: not NN_name.ipynb"
    numbers = [path.name[:2] for path in CHAPTERS]
    assert len(set(numbers)) == len(numbers), f"two chapters have the same number: {numbers}"


def test_every_chapter_has_its_solutions_and_the_other_way_round():
    chapters, solutions = ({path.name for path in paths} for paths in (CHAPTERS, SOLUTIONS))
    assert chapters == solutions, f"only on one side: {sorted(chapters ^ solutions)}"


# --- How a chapter begins ------------------------------------------------------------------------


@every_chapter
def test_title_carries_the_number(path):
    wanted = f"# {number(path)} · "
    assert head(path)[0].startswith(wanted), f"the first line is {head(path)[0]!r}, not {wanted}…"


@every_chapter
def test_promise_is_one_sentence(path):
    promise = head(path)[1]
    assert promise[0] not in "*#<![", f"the second line is no sentence of promise: {promise!r}"
    assert promise.endswith((".", "!", "?")), f"the promise has no full stop: {promise!r}"
    sentences = len(re.findall(r"[.!?](?:\s+[A-Z]|$)", promise))
    assert sentences == 1, f"the promise has {sentences} sentences, not 1: {promise!r}"


@every_chapter
def test_you_will_names_three_things(path):
    parts = re.split(r",| and |;", line_after(path, "You will"))
    assert len([part for part in parts if part.strip()]) >= 3, f"fewer than three: {parts}"


@every_chapter
def test_you_need_links_back(path):
    needed = re.findall(r"\]\((\d\d)_[^)]*\.ipynb\)", line_after(path, "You need"))
    assert needed or number(path) == 0, "**You need** links to no chapter"
    late = [link for link in needed if int(link) >= number(path)]
    assert not late, f"**You need** points to this or a later chapter: {late}"


@every_chapter
def test_time_is_told_for_both_machines(path):
    wanted = r".*\d.* laptop CPU.*\d.* Colab GPU.*"
    assert re.fullmatch(wanted, line_after(path, "Time")), (
        "write: **Time** about N minutes on a laptop CPU, about M on a Colab GPU"
    )


@every_notebook
def test_links_at_the_top_are_up_to_date(path):
    assert nav_block(path) in cells(path)[0].source, "run: python tools/make_nav.py"


@every_notebook
def test_badge_opens_this_very_file(path):
    badges = re.findall(r"\[!\[Open in Colab\].*?\]\(.*?\)", prose(path))
    place = path.relative_to(ROOT).as_posix()
    assert badges == [colab_badge(path)], f"not exactly one badge, for {place}: {badges}"
    assert badges[0].endswith(f"/{place})")


@every_notebook
def test_set_up_is_the_same_everywhere(path):
    assert code(path)[0] == SET_UP, f"the first code cell is not the common set-up:\n{SET_UP}"


@every_chapter
def test_outputs_come_from_a_laptop_run(path):
    set_up = next(cell for cell in cells(path) if cell.cell_type == "code")
    greeting = "".join(output.get("text", "") for output in set_up.outputs)
    assert greeting.startswith("nstlib ") and greeting.count("\n") == 1, f"printed: {greeting!r}"
    assert " · budget laptop · seed 0" in greeting, f"not a run at laptop budget: {greeting!r}"


@every_chapter
def test_knobs_follow_the_set_up_and_stand_nowhere_else(path):
    _, knobs, *others = code(path)
    calls = [
        {keyword.arg for keyword in node.keywords}
        for node in ast.walk(ast.parse(knobs))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "nst.budget"
    ]
    assert calls, "the cell after the set-up takes no number from nst.budget(ci=, laptop=, gpu=)"
    assert all(names == {"ci", "laptop", "gpu"} for names in calls), f"incomplete: {calls}"
    stray = [source for source in others if "nst.budget(" in source]
    assert not stray, f"a knob outside the knobs cell:\n{stray[:1]}"


# --- How it goes on and ends ---------------------------------------------------------------------


@every_chapter
def test_sections_are_numbered_questions_and_end_alike(path):
    first, *sections = headings(path, 2)
    assert first == "Set up"
    assert sections[-5:] == LAST_SECTIONS, f"the last five sections are {sections[-5:]}"
    assert sections[:-5], "there is no section 1"
    for index, section in enumerate(sections[:-5], start=1):
        assert section.startswith(f"{index} · "), f"section {section!r} should be {index} · …"
        assert section.endswith("?"), f"section {section!r} is no question"


@every_chapter
def test_exercises_are_predict_change_build(path):
    assert headings(path, 3)[-3:] == EXERCISES, f"the last headings ### are not {EXERCISES}"


@every_solution
def test_solutions_answer_the_three_exercises(path):
    found = headings(path, 2) + headings(path, 3)
    missing = [word for word in EXERCISES if not any(h.startswith(word) for h in found)]
    assert not missing, f"no heading starts with {missing}"


@every_chapter
def test_each_exercise_can_be_tried(path):
    kinds, current = {}, None
    for cell in cells(path):
        found = re.findall(r"^#{2,3} (.*)", cell.source, flags=re.MULTILINE)
        if cell.cell_type == "markdown" and found:
            current = found[-1].strip()
        if cell.cell_type == "code":
            kinds.setdefault(current, []).append(cell.source)
    empty = [exercise for exercise in EXERCISES if exercise not in kinds]
    assert not empty, f"no cell to write the answer in: {empty}"
    stubs = "".join(source for exercise in EXERCISES for source in kinds[exercise])
    assert "nst.check(" in stubs, "no exercise answers with nst.check(yours, reference)"


@every_chapter
def test_what_the_prose_says_is_asserted(path):
    found = [source for source in code(path) if re.search(r"^\s*assert ", source, re.MULTILINE)]
    assert found, "no cell has an assert; at the budget of CI only asserts are compared"


@every_chapter
def test_number_and_size_of_cells(path):
    lengths = sorted(length(source) for source in code(path))
    texts = len(cells(path)) - len(lengths)
    assert 25 <= len(cells(path)) <= 45, f"{len(cells(path))} cells, not 25 to 45"
    assert texts >= len(lengths), f"{texts} text cells for {len(lengths)} code cells"
    assert statistics.median(lengths) <= 6, f"the median code cell has more than 6: {lengths}"
    assert lengths[-1] <= 25, f"the longest code cell has {lengths[-1]} lines, more than 25"


@every_chapter
def test_there_is_something_to_see(path):
    outputs = [output for cell in cells(path) for output in cell.get("outputs", [])]
    pictures = [output for output in outputs if "image/jpeg" in output.get("data", {})]
    assert pictures, "no output is a picture: was the notebook executed?"


@every_notebook
def test_tone(path):
    found = DISMISSIVE.findall(prose(path))
    assert not found, f"what is easy for one is not for another: {found}"


# --- Both kinds ----------------------------------------------------------------------------------


@every_notebook
def test_stored_form(path):
    """Executed in order, no errors, small JPEG figures, no paths: tools/clean_notebooks.py."""
    _, problems = clean(path.read_text(encoding="utf-8"))
    lines = [f"cell {problem.cell}: {problem.message}" for problem in problems]
    assert not problems, "run tools/clean_notebooks.py:\n" + "\n".join(lines)


@every_notebook
def test_relative_links_lead_to_files(path):
    targets = re.findall(r"\]\(([^)\s]+)\)", prose(path))
    own = [unquote(target.split("#")[0]) for target in targets if not re.match(r"[a-z]+:", target)]
    missing = [target for target in own if target and not (path.parent / target).exists()]
    assert not missing, f"these links lead nowhere: {missing}"


@every_solution
def test_solutions_are_titled_after_their_chapter(path):
    chapter = path.parent.parent / path.name
    wanted = f"# Solutions to {head(chapter)[0].removeprefix('# ')}"
    assert head(path)[0] == wanted, f"the first line is {head(path)[0]!r}, not {wanted!r}"
