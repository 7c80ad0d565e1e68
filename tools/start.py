"""What `make start` does once everything is installed: from a bare machine to a first painting.

    python tools/start.py

1. `nstlib doctor` looks at the machine. 2. The chapter 00_start_here runs without a browser, and
paints. 3. The executed page is written. Everything goes to out/; the stored notebook is not
touched. NST_BUDGET=gpu or ci changes how much is painted; the default is laptop.
"""

import copy
import logging
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from tqdm import tqdm

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOK = ROOT / "notebooks" / "00_start_here.ipynb"
OUT = ROOT / "out"
PAINTING, PAGE = OUT / "first_painting.jpg", OUT / "00_start_here.html"
LOG = OUT / "start.log"
CELL_SECONDS = 1800  # a slow machine is no failure; a hung one is
# Cells take unequal time, so a rate or a time left would mislead: the clock says enough.
BAR = "{desc} {percentage:3.0f}%|{bar:20}| cell {n_fmt} of {total_fmt}, {elapsed}"
RELATIVE_LINK = re.compile(r"\]\((?![a-z]+:|#|/)")


def main() -> int:
    begin = time.perf_counter()
    os.environ.setdefault("NST_BUDGET", "laptop")
    os.environ.update(NST_OUT=str(OUT), NST_PROGRESS="0")  # the bar below is the only one
    OUT.mkdir(exist_ok=True)
    healthy = is_healthy()
    PAINTING.unlink(missing_ok=True)  # so that an old one cannot pass for this one
    problem = run_notebook()
    if problem:
        hint = "" if healthy else " Mend first what doctor marks FAIL above."
        return fail(problem + hint)
    if not PAINTING.exists():
        return fail(f"{NOTEBOOK.name} ran to its end, but {shown(PAINTING)} was not written.")
    print(f"\nDone in {time.perf_counter() - begin:.0f} s.")
    print(f"  {shown(PAINTING)}   your first painting")
    print(f"  {shown(PAGE)}   how it was made, to open in a browser")
    print(f"Next: {next_command()}   opens the course in JupyterLab")
    return 0


def is_healthy() -> bool:
    print("\n--- nstlib doctor", flush=True)
    return subprocess.run([sys.executable, "-m", "nstlib", "doctor"], cwd=ROOT).returncode == 0


def fail(message: str) -> int:
    print(f"\n{message}\nHelp: the README, section 'When something goes wrong'.", file=sys.stderr)
    return 1


def next_command() -> str:
    return "make lab" if "MAKELEVEL" in os.environ else f"{sys.executable} -m jupyterlab notebooks"


def shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


def run_notebook() -> str:
    """Execute the first chapter and write its page, also after a failure; returns the problem."""
    print(f"\n--- running {shown(NOTEBOOK)}, budget {os.environ['NST_BUDGET']}", flush=True)
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    try:
        with tqdm(total=len(notebook.cells), bar_format=BAR) as bar, ticking(bar):
            execute(notebook, bar)
    except CellExecutionError as error:
        return f"A cell failed: {error.ename}: {error.evalue}\n{shown(PAGE)} shows where."
    except CellTimeoutError:
        return f"A cell ran for more than {CELL_SECONDS} s. {shown(PAGE)} shows where."
    except DeadKernelError:
        return f"Python ended in the middle of a cell (out of memory?). See {shown(LOG)}."
    finally:
        write_page(notebook)
    return ""


def execute(notebook, bar: tqdm) -> None:
    """Run all cells in place, while the bar over the cells names the section that is running."""

    def start(cell, cell_index):
        if cell.cell_type == "markdown" and cell.source.startswith("#"):
            bar.set_description_str(f"{cell.source.splitlines()[0].lstrip('# '):<40.40}")
        bar.update(cell_index - bar.n)

    folder = {"metadata": {"path": str(NOTEBOOK.parent)}}
    client = NotebookClient(
        notebook, timeout=CELL_SECONDS, kernel_name="python3", on_cell_start=start, resources=folder
    )
    with LOG.open("w", encoding="utf-8") as log:  # libraries' chatter would tear the bar apart
        client.execute(stderr=log)
    bar.update(bar.total - bar.n)


@contextmanager
def ticking(bar: tqdm) -> Iterator[None]:
    """While the block runs, redraw the bar every second, so that a long cell shows its clock."""
    done = threading.Event()

    def tick():
        while not done.wait(1):
            bar.refresh()

    if sys.stderr.isatty():
        threading.Thread(target=tick, daemon=True).start()
    try:
        yield
    finally:
        done.set()


def write_page(notebook) -> None:
    """The notebook as one file of HTML, its links to other chapters turned to the new place."""
    from nbconvert import HTMLExporter

    logging.getLogger("traitlets").setLevel(logging.ERROR)  # notes for the authors of pages
    notebook = copy.deepcopy(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = RELATIVE_LINK.sub(f"](../{NOTEBOOK.parent.name}/", cell.source)
    resources = {"metadata": {"name": NOTEBOOK.stem, "path": str(NOTEBOOK.parent)}}
    page, _ = HTMLExporter().from_notebook_node(notebook, resources)
    PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
