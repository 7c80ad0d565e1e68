"""The house style of the notebooks: every chapter and its solutions have the same shape.

    python tools/check_notebooks.py                                  all of them
    python tools/check_notebooks.py notebooks/00_start_here.ipynb …  only these

Prints `file: problem`, and exits with 1 if there is one. It reads the stored files only: what their
cells compute is nbval's matter (`make notebooks`), the stored form clean_notebooks.py's, the line
of links make_nav.py's. Each rule below is a generator over one notebook, which says what is wrong.
"""

import argparse
import ast
import os
import re
import statistics
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from urllib.parse import unquote

import nbformat

from clean_notebooks import all_notebooks
from make_nav import colab_badge

SET_UP = """\
import sys

if "google.colab" in sys.modules:
    %pip install -q "nstlib @ git+https://github.com/nstlib/nst-course"

import nstlib as nst

nst.hello()"""
LAST_SECTIONS = ["Explore", "Try it", "What you now know", "Where this came from", "Next"]
EXERCISES = ["Predict", "Change", "Build"]
OPEN_TASK = "Yours"  # a picture to make and to defend; it has no solution
TIME = re.compile(r".*\d.* laptop CPU.*\d.* Colab GPU.*")
DISMISSIVE = re.compile(r"\b(simply|obviously|trivially)\b", re.IGNORECASE)
FEWEST_CELLS, MOST_CELLS = 25, 45
MEDIAN_LINES, MOST_LINES = 6, 25  # of the code cells, blank lines left out


class Notebook:
    """A stored notebook, and the parts of it that rules ask for."""

    def __init__(self, path: Path):
        self.path = path
        self.cells = nbformat.read(path, as_version=4).cells
        self.is_solution = path.parent.name == "solutions"

    @cached_property
    def code(self) -> list[str]:
        return [cell.source for cell in self.cells if cell.cell_type == "code"]

    @cached_property
    def prose(self) -> str:
        return "\n\n".join(cell.source for cell in self.cells if cell.cell_type == "markdown")

    @cached_property
    def head(self) -> list[str]:
        """The lines of the title cell that say something, two at least."""
        lines = [line.strip() for line in self.cells[0].source.splitlines()] if self.cells else []
        return [*(line for line in lines if line), "", ""]

    @property
    def number(self) -> int:
        return int(self.path.stem[:2])

    def headings(self, level: int) -> list[str]:
        """The headings of one level, without their #; lines inside fenced code are none."""
        text = re.sub(r"^```.*?^```", "", self.prose, flags=re.MULTILINE | re.DOTALL)
        return re.findall(rf"^#{{{level}}} (.*?)\s*$", text, flags=re.MULTILINE)

    def said(self, label: str) -> str:
        """What the title cell says after a label in bold, such as **Time**; "" if not just once."""
        found = [line for line in self.head if line.startswith(f"**{label}** ")]
        return found[0].removeprefix(f"**{label}** ") if len(found) == 1 else ""


# --- How every notebook is -----------------------------------------------------------------------


def badge(notebook: Notebook) -> Iterator[str]:
    """One badge, which opens this very file."""
    found = re.findall(r"\[!\[Open in Colab\].*?\]\(.*?\)", notebook.prose)
    if found != [colab_badge(notebook.path)]:
        yield f"not exactly one badge, for this file: {found}"


def set_up(notebook: Notebook) -> Iterator[str]:
    if notebook.code[:1] != [SET_UP]:
        yield f"the first code cell is not the common set-up:\n{SET_UP}"


def tone(notebook: Notebook) -> Iterator[str]:
    """What is easy for one is not for another."""
    for word in DISMISSIVE.findall(notebook.prose):
        yield f"{word!r} belittles the reader who finds it hard"


def links(notebook: Notebook) -> Iterator[str]:
    """Relative ones lead to files."""
    for target in re.findall(r"\]\(([^)\s]+)\)", notebook.prose):
        place = unquote(target.split("#")[0])
        own = place and not re.match(r"[a-z]+:", target)
        if own and not (notebook.path.parent / place).exists():
            yield f"the link {target} leads nowhere"


# --- How a chapter begins ------------------------------------------------------------------------


def title(notebook: Notebook) -> Iterator[str]:
    """Its number, then one sentence of promise."""
    first, promise = notebook.head[:2]
    if not first.startswith(f"# {notebook.number} · "):
        yield f"the first line is {first!r}, not # {notebook.number} · …"
    if not promise or promise[0] in "*#<![" or promise[-1] not in ".!?":
        yield f"the second line is no sentence of promise: {promise!r}"
    sentences = len(re.findall(r"[.!?](?:\s+[A-Z]|$)", promise))
    if sentences > 1:
        yield f"the promise has {sentences} sentences, not 1: {promise!r}"


def labels(notebook: Notebook) -> Iterator[str]:
    """**You will** names three things, **You need** links back, **Time** is for both machines."""
    things = [part for part in re.split(r",| and |;", notebook.said("You will")) if part.strip()]
    if len(things) < 3:
        yield f"**You will** names fewer than three things: {things}"
    needed = re.findall(r"\]\((\d\d)_[^)]*\.ipynb\)", notebook.said("You need"))
    if not notebook.said("You need") or not (needed or notebook.number == 0):
        yield "**You need** links to no chapter"
    late = [link for link in needed if int(link) >= notebook.number]
    if late:
        yield f"**You need** points to this or a later chapter: {late}"
    if not TIME.fullmatch(notebook.said("Time")):
        yield "write: **Time** about N minutes on a laptop CPU, about M on a Colab GPU"


def printed_edition(notebook: Notebook) -> Iterator[str]:
    """The stored outputs come from a run for readers, and there is something to see."""
    outputs = [cell.outputs for cell in notebook.cells if cell.cell_type == "code"] or [[]]
    greeting = "".join(output.get("text", "") for output in outputs[0])
    if not (greeting.startswith("nstlib ") and greeting.count("\n") == 1):
        yield f"the set-up printed {greeting!r}, not the one line of nst.hello()"
    elif not re.search(" · budget (laptop|gpu) · seed 0", greeting):
        yield f"not a run at laptop or gpu budget: {greeting!r}"
    if not any("image/jpeg" in output.get("data", {}) for output in sum(outputs, [])):
        yield "no output is a picture: was the notebook executed?"


def knobs(notebook: Notebook) -> Iterator[str]:
    """They follow the set-up, for all three budgets, and stand nowhere else."""
    cell, others = "".join(notebook.code[1:2]), notebook.code[2:]
    calls = [
        {keyword.arg for keyword in node.keywords}
        for node in ast.walk(parsed(cell))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "nst.budget"
    ]
    if not calls:
        yield "the cell after the set-up takes no number from nst.budget(ci=, laptop=, gpu=)"
    if any(names != {"ci", "laptop", "gpu"} for names in calls):
        yield f"a knob is not for all three budgets: {calls}"
    for source in others:
        if "nst.budget(" in source:
            yield f"a knob outside the knobs cell:\n{source}"


def parsed(source: str) -> ast.AST:
    """A cell as a tree; an empty one if it is more than Python."""
    try:
        return ast.parse(source)
    except SyntaxError:
        return ast.Module([], [])


# --- How it goes on and ends ---------------------------------------------------------------------


def sections(notebook: Notebook) -> Iterator[str]:
    """Numbered questions between the set-up and five sections that all chapters have."""
    first, *others = notebook.headings(2) or [""]
    own, last = others[:-5], others[-5:]
    if first != "Set up":
        yield f"the first section is {first!r}, not 'Set up'"
    if last != LAST_SECTIONS:
        yield f"the last five sections are {last}"
    if not own:
        yield "there is no section 1"
    for index, section in enumerate(own, start=1):
        if not (section.startswith(f"{index} · ") and section.endswith("?")):
            yield f"section {section!r} should be: {index} · a question?"


def exercises(notebook: Notebook) -> Iterator[str]:
    """Predict, change, build: each can be tried, and one at least is answered by nst.check."""
    found = [heading for heading in notebook.headings(3) if heading != OPEN_TASK]
    if found[-3:] != EXERCISES:
        yield f"the last headings ### are not {EXERCISES}"
    stubs, current = {}, None
    for cell in notebook.cells:
        found = re.findall(r"^#{2,3} (.*)", cell.source, flags=re.MULTILINE)
        if cell.cell_type == "markdown" and found:
            current = found[-1].strip()
        if cell.cell_type == "code":
            stubs[current] = stubs.get(current, "") + cell.source
    for exercise in EXERCISES:
        if exercise not in stubs:
            yield f"no cell to write the answer to {exercise!r} in"
    if not any("nst.check(" in stubs.get(exercise, "") for exercise in EXERCISES):
        yield "no exercise answers with nst.check(yours, reference)"


def facts(notebook: Notebook) -> Iterator[str]:
    if not any(re.search(r"^\s*assert ", source, re.MULTILINE) for source in notebook.code):
        yield "no cell has an assert; at the budget of CI only asserts are compared"


def size(notebook: Notebook) -> Iterator[str]:
    """Enough text for the code, and no cell that fills the screen."""
    lines = sorted(sum(bool(line.strip()) for line in cell.splitlines()) for cell in notebook.code)
    count, texts = len(notebook.cells), len(notebook.cells) - len(lines)
    if not FEWEST_CELLS <= count <= MOST_CELLS:
        yield f"{count} cells, not {FEWEST_CELLS} to {MOST_CELLS}"
    if texts < len(lines):
        yield f"{texts} text cells for {len(lines)} code cells"
    if lines and statistics.median(lines) > MEDIAN_LINES:
        yield f"the median code cell has more than {MEDIAN_LINES} lines: {lines}"
    if lines and lines[-1] > MOST_LINES:
        yield f"the longest code cell has {lines[-1]} lines, more than {MOST_LINES}"


# --- Solutions -----------------------------------------------------------------------------------


def answers(notebook: Notebook) -> Iterator[str]:
    """Titled after the chapter, with a heading for each of its exercises."""
    chapter = notebook.path.parent.parent / notebook.path.name
    if chapter.exists():  # if not, `pairs` says so
        wanted = f"# Solutions to {Notebook(chapter).head[0].removeprefix('# ')}"
        if notebook.head[0] != wanted:
            yield f"the first line is {notebook.head[0]!r}, not {wanted!r}"
    found = notebook.headings(2) + notebook.headings(3)
    for exercise in EXERCISES:
        if not any(heading.startswith(exercise) for heading in found):
            yield f"no heading starts with {exercise!r}"


EVERY = (badge, set_up, tone, links)
CHAPTER = (title, labels, printed_edition, knobs, sections, exercises, facts, size)
SOLUTION = (answers,)


# --- All of them together ------------------------------------------------------------------------


def problems(path: Path) -> Iterator[str]:
    """What is wrong with one notebook."""
    if not re.fullmatch(r"\d\d_[a-z0-9_]+\.ipynb", path.name):
        yield "the name is not NN_name.ipynb"
        return
    notebook = Notebook(path)
    for rule in (*EVERY, *(SOLUTION if notebook.is_solution else CHAPTER)):
        yield from rule(notebook)


def pairs(paths: Iterable[Path]) -> Iterator[str]:
    """There are chapters, no number stands twice, and each has its solutions and the other way."""
    solutions = {path.name for path in paths if path.parent.name == "solutions"}
    chapters = [path.name for path in paths if path.parent.name != "solutions"]
    if not chapters:
        yield "no *.ipynb: was the folder moved?"
    for number, count in Counter(name[:2] for name in chapters).items():
        if count > 1:
            yield f"{count} chapters have the number {number}"
    for name in sorted(solutions ^ set(chapters)):
        yield f"{name} is there only as a {'solution' if name in solutions else 'chapter'}"


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", type=Path, help="default: all chapters and solutions")
    files = parser.parse_args(argv).files
    found = [] if files else [f"notebooks: {problem}" for problem in pairs(all_notebooks())]
    for path in files or all_notebooks():
        found += [f"{os.path.relpath(path)}: {problem}" for problem in problems(path.resolve())]
    print(*found, sep="\n", end="\n" if found else "")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
