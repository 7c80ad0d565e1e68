"""Keep the stored notebooks small, in one form, and free of what belongs to one machine.

    python tools/clean_notebooks.py              mend all notebooks and solutions, in place
    python tools/clean_notebooks.py --check      change nothing, report everything, exit with 1
    python tools/clean_notebooks.py notebooks/00_start_here.ipynb …

Each rule below is a generator over one notebook: it mends what it can and yields a `Problem` for
everything that it found. What no rule can mend (an error, a path of the author's machine, cells run
out of order) needs a new run of the notebook from top to bottom.
"""

import argparse
import base64
import hashlib
import io
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import nbformat

ROOT = Path(__file__).resolve().parent.parent
MAX_FIGURE_BYTES = 300_000
MAX_NOTEBOOK_BYTES = 2_500_000
JPEG_QUALITIES = (85, 75, 65, 55)  # tried in this order until a figure is small enough

KERNELSPEC = {"display_name": "Python 3", "language": "python", "name": "python3"}
LANGUAGE = {"name": "python"}
KEPT_METADATA = ("accelerator", "colab")  # they ask Colab for a GPU
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"

PANELS = ROOT / "data" / "gallery" / "panels"
PANEL = re.compile(r"\w+\(children=")  # how a box of widgets writes itself

PROGRESS_BAR = re.compile(r"\d+%\||\d+it \[")
START_UP = re.compile(  # how TensorFlow's C++ parts write to a log, before and after it is set up
    r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+: [IWEF] |[IWEF]\d{4} |To enable the following instr"
    r"|WARNING: All log messages before absl::InitializeLog|WARNING:tensorflow:"
)
WARNING_PLACE = re.compile(r"^.*\.py:\d+: (?=\w*Warning: )", re.MULTILINE)
# A path of one machine. Not a part of an address on the web, hence nothing word-like before it.
MACHINE_PATH = re.compile(
    r"(?<![\w./])/(?:home|root|Users|tmp|work|content|private|var)/|\b[A-Z]:\\"
)


class Problem(NamedTuple):
    cell: int | None  # counted from 0, as in the notebook's JSON; None for the whole notebook
    message: str
    mended: bool


def metadata(notebook) -> Iterator[Problem]:
    """Only the kernel and the language: no versions, no widget states, no editor's notes."""
    wanted = {key: notebook.metadata[key] for key in KEPT_METADATA if key in notebook.metadata}
    wanted |= {"kernelspec": KERNELSPEC, "language_info": LANGUAGE}
    for key in sorted(notebook.metadata.keys() | wanted.keys()):
        if notebook.metadata.get(key) != wanted.get(key):
            yield Problem(None, f"metadata.{key} is not {wanted.get(key, 'absent')}", True)
    notebook.metadata = nbformat.from_dict(wanted)


def cells(notebook) -> Iterator[Problem]:
    """No empty cells; of a cell's metadata, only the tags."""
    for index, cell in enumerate(notebook.cells):
        if not cell.source.strip():
            yield Problem(index, "the cell is empty", True)
        extra = sorted(cell.metadata.keys() - {"tags"})
        if extra:
            yield Problem(index, f"metadata other than tags: {', '.join(extra)}", True)
        cell.metadata = nbformat.from_dict({k: v for k, v in cell.metadata.items() if k == "tags"})
        cell.pop("attachments", None)
    notebook.cells = [cell for cell in notebook.cells if cell.source.strip()]


def identifiers(notebook) -> Iterator[Problem]:
    """Every cell is named after its text, so that a rebuilt notebook has a small difference."""
    names: list[str] = []
    for cell in notebook.cells:
        name = hashlib.sha256(cell.source.encode()).hexdigest()[:8]
        names.append(name + "x" * sum(name == other.rstrip("x") for other in names))
    wrong = [
        cell for cell, name in zip(notebook.cells, names, strict=True) if cell.get("id") != name
    ]
    if wrong:
        yield Problem(None, f"{len(wrong)} cells have another id than their text asks for", True)
    for cell, name in zip(notebook.cells, names, strict=True):
        cell["id"] = name
    notebook.nbformat, notebook.nbformat_minor = 4, 5


def counts(notebook) -> Iterator[Problem]:
    """Executed from top to bottom by a fresh kernel: counts 1, 2, 3, …"""
    for expected, (index, cell) in enumerate(code_cells(notebook), start=1):
        if cell.execution_count != expected:
            given = cell.execution_count or "absent"
            message = f"execution count is {given} in place of {expected}: run all cells anew"
            yield Problem(index, message, False)
        for output in cell.outputs:
            if output.output_type == "execute_result":
                output.execution_count = cell.execution_count


def streams(notebook) -> Iterator[Problem]:
    """No start-up chatter, no progress bars of a moment long past, no place of a warning."""
    for index, cell in code_cells(notebook):
        for output in cell.outputs:
            if output.output_type == "stream":
                text = "".join(line for line in lines_of(output) if not is_noise(line, output.name))
                text = WARNING_PLACE.sub("", text)
                if text != output.text:
                    what = "start-up messages, progress bars or places of warnings"
                    yield Problem(index, f"{what} in {output.name}", True)
                output.text = text
        cell.outputs = [output for output in cell.outputs if output.get("text", "kept").strip()]


def lines_of(output) -> list[str]:
    return output.text.splitlines(keepends=True)


def is_noise(line: str, stream: str) -> bool:
    return bool(PROGRESS_BAR.search(line) or (stream == "stderr" and START_UP.match(line)))


def widgets(notebook) -> Iterator[Problem]:
    """A widget is alive only beside its kernel: a still of the panel, or its text, stays."""
    for index, cell in code_cells(notebook):
        kept = []
        for output in cell.outputs:
            data = output.get("data", {})
            text = data.get("text/plain", "")
            if WIDGET_VIEW in data:
                yield Problem(index, "a widget's view is stored", True)
                output.data = {"text/plain": text}
                if not text or PROGRESS_BAR.search(text):
                    continue
            still = still_of(cell.source) if PANEL.match(text) else None
            if still and output.data.get("image/jpeg") != still:
                yield Problem(index, "the panel's still is missing or old", True)
                output.data["image/jpeg"] = still
            kept.append(output)
        cell.outputs = kept


def still_of(source: str) -> str | None:
    """The still of the panel that a cell shows last (`tools/make_stills.py`), or None.

    `studio-the_scream.jpg` is for a call of `nst.studio` with that word in its cell, `studio.jpg`
    for any other.
    """
    for name in reversed(re.findall(r"\bnst\.(\w+)\(", source)):
        own = [p for p in PANELS.glob(f"{name}-*.jpg") if p.stem.partition("-")[2] in source]
        for path in [*own, PANELS / f"{name}.jpg"]:
            if path.is_file():
                return encoded(path.read_bytes())
    return None


def figures(notebook) -> Iterator[Problem]:
    """Figures are JPEG, and small: a photograph in PNG takes ten times the room."""
    for index, cell in code_cells(notebook):
        for output in cell.outputs:
            data = output.get("data", {})
            if "image/png" in data:
                yield Problem(index, "the figure is PNG, not JPEG", True)
                picture = base64.b64decode(data.pop("image/png"))
                data.setdefault("image/jpeg", encoded(as_jpeg(picture)))
                output.metadata = {}
            if "image/jpeg" in data:
                yield from small_figure(index, data)


def small_figure(index: int, data) -> Iterator[Problem]:
    size = len(base64.b64decode(data["image/jpeg"]))
    if size <= MAX_FIGURE_BYTES:
        return
    message = f"the figure has {size // 1000} kB, more than {MAX_FIGURE_BYTES // 1000}"
    smaller = as_jpeg(base64.b64decode(data["image/jpeg"]))
    fits = len(smaller) <= MAX_FIGURE_BYTES
    if fits:
        data["image/jpeg"] = encoded(smaller)
    yield Problem(index, message + ("" if fits else ": draw it smaller"), fits)


def as_jpeg(picture: bytes) -> bytes:
    """The picture as JPEG on white, at the best quality that is small enough, or at the lowest."""
    from PIL import Image

    image = Image.open(io.BytesIO(picture)).convert("RGBA")
    flat = Image.new("RGB", image.size, "white")
    flat.paste(image, mask=image.getchannel("A"))
    for quality in JPEG_QUALITIES:
        buffer = io.BytesIO()
        flat.save(buffer, "JPEG", quality=quality, optimize=True)
        if buffer.tell() <= MAX_FIGURE_BYTES:
            break
    return buffer.getvalue()


def encoded(picture: bytes) -> str:
    return base64.b64encode(picture).decode()


def errors(notebook) -> Iterator[Problem]:
    """No cell failed, but for those that show a failure on purpose."""
    for index, cell in code_cells(notebook):
        for output in cell.outputs:
            allowed = "raises-exception" in cell.metadata.get("tags", [])
            if output.output_type == "error" and not allowed:
                yield Problem(index, f"the cell failed: {output.ename}: {output.evalue}", False)


def paths(notebook) -> Iterator[Problem]:
    """Nothing in an output names a folder of the machine that it was run on."""
    for index, cell in code_cells(notebook):
        for output in cell.outputs:
            for text in texts(output):
                found = MACHINE_PATH.search(text)
                if found:
                    line = text[text.rfind("\n", 0, found.start()) + 1 :].splitlines()[0]
                    yield Problem(index, f"a path of one machine is shown: {line[:100]}", False)
                    break


def texts(output) -> list[str]:
    """Everything in an output that a reader reads."""
    data = output.get("data", {})
    found = [data[kind] for kind in data if kind.startswith("text/")]
    return [*found, output.get("text", ""), *output.get("traceback", [])]


RULES = (metadata, cells, identifiers, counts, streams, widgets, figures, errors, paths)


def code_cells(notebook) -> list:
    pairs = enumerate(notebook.cells)
    return [(index, cell) for index, cell in pairs if cell.cell_type == "code"]


def clean(text: str) -> tuple[str, list[Problem]]:
    """A notebook's JSON -> the same, mended and in one layout, and all that was found."""
    notebook = nbformat.reads(text, as_version=4)
    problems = [problem for rule in RULES for problem in rule(notebook)]
    result = nbformat.writes(notebook).rstrip("\n") + "\n"
    size = len(result.encode())
    if size > MAX_NOTEBOOK_BYTES:
        limit = f"{MAX_NOTEBOOK_BYTES / 1e6:g}"
        problems.append(Problem(None, f"{size / 1e6:.2f} MB, more than {limit}", False))
    if result != text and not problems:
        problems.append(Problem(None, "the JSON's layout is not the stored one", True))
    return result, problems


def all_notebooks() -> list[Path]:
    """The chapters and their solutions, in reading order."""
    folder = ROOT / "notebooks"
    return sorted(folder.glob("*.ipynb")) + sorted(folder.glob("solutions/*.ipynb"))


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="report and change nothing")
    parser.add_argument("files", nargs="*", type=Path, help="default: all chapters and solutions")
    args = parser.parse_args(argv)
    open_problems = sum(treat(path, args.check) for path in args.files or all_notebooks())
    if open_problems and args.check:
        print("Mend what can be mended with: python tools/clean_notebooks.py")
    return int(open_problems > 0)


def treat(path: Path, check: bool) -> int:
    """Mend or check one file, and say what is left; returns how many problems are left."""
    text = path.read_text(encoding="utf-8")
    result, problems = clean(text)
    left = [problem for problem in problems if check or not problem.mended]
    name = os.path.relpath(path)
    for problem in left:
        print(f"{name}{'' if problem.cell is None else f':{problem.cell}'}: {problem.message}")
    if result != text and not check:
        path.write_text(result, encoding="utf-8", newline="\n")
        print(f"{name}: mended {len(problems) - len(left)}")
    return len(left)


if __name__ == "__main__":
    sys.exit(main())
