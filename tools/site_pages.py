"""The pages of the site as Sphinx reads them: notebooks and papers, and what is made of them.

Everything keeps its place under the root, so that links between pages hold. A link to a file that
is no page leads to the repository; one to the README, to the start page.
"""

import ast
import os
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import nbformat

import check_notebooks
import make_nav

ROOT = Path(__file__).resolve().parent.parent
PAPERS = ("notebooks/glossary.md", "docs/*.md", "data/weights/*.md", "benchmarks/README.md")
LINK = re.compile(r"(?<=\]\()([^)\s]+)(?=\))")
READING = re.compile(r"(\d+) minutes to read")
RUNNING = re.compile(r"(\d+) minutes? on a laptop")
# Each route in reading order; a test compares it with what the chapters say that they need.
ROUTES = {
    "afternoon": ["00", "02", "03", "04"],
    "week": ["00", "02", "03", "04", "06", "08", "09", "10"],
    "term": [path.stem[:2] for path in make_nav.chapters()],
}


def papers() -> list[Path]:
    return sorted(path for pattern in PAPERS for path in ROOT.glob(pattern))


def notebooks() -> list[Path]:
    return [*make_nav.chapters(), *sorted((ROOT / "notebooks" / "solutions").glob("*.ipynb"))]


@lru_cache
def _pages() -> set[Path]:
    return {*papers(), *notebooks()}


def relinked(text: str, path: Path) -> str:
    """The text of a page with links to pages, or to the repository; those on the web are left."""

    def turned(found: re.Match) -> str:
        place, _, anchor = found[1].partition("#")
        if not place or re.match(r"[a-z]+:", place):
            return found[1]
        target = Path(os.path.normpath(path.parent / place))
        if target == ROOT / "README.md":
            place = os.path.relpath(ROOT / "index.md", path.parent)
        elif target not in _pages() and target.suffix != ".jpg":
            kind = "tree" if target.is_dir() else "blob"
            inside = target.relative_to(ROOT).as_posix()
            place = f"https://github.com/{make_nav.repository()}/{kind}/{make_nav.BRANCH}/{inside}"
        return f"{place}#{anchor}" if anchor else place

    return LINK.sub(turned, text)


# --- Notebooks -----------------------------------------------------------------------------------


def notebook_page(path: Path):
    """A stored notebook for reading: links turned, figures described, panels named."""
    notebook, section = nbformat.read(path, as_version=4), ""
    for place, cell in enumerate(notebook.cells):
        if cell.cell_type == "markdown":
            cell.source = relinked(make_nav.BLOCK.sub(lambda _: _nav(path), cell.source), path)
            if place:  # a page has one title; a chapter in two parts says so further down
                cell.source = re.sub(r"^# (?=Part )", "## ", cell.source, flags=re.MULTILINE)
            section = ([section, *re.findall(r"^##+ (.*)", cell.source, re.MULTILINE)])[-1]
        else:
            cell.metadata["mystnb"] = {"image": {"alt": described(cell.source, section)}}
            cell.outputs = [output for output in cell.outputs if not _only_panel(output)]
    notebook.metadata["language_info"] = {"name": "python", "pygments_lexer": "ipython3"}
    return notebook


def _nav(path: Path) -> str:
    """Where the notebook can be run, and its solutions; the way on and back is the theme's."""
    links = [f"[Open in Colab]({make_nav.in_colab(path)})"]
    if (path.parent / "solutions" / path.name).exists():
        links.append(f"[Solutions](solutions/{path.name})")
    elif path.parent.name == "solutions":
        links.append(f"[The chapter](../{path.name})")
    source = f"https://github.com/{make_nav.repository()}/blob/{make_nav.BRANCH}"
    links.append(f"[The notebook]({source}/{path.relative_to(ROOT).as_posix()})")
    return "{.run}\n" + " · ".join(links)


def _only_panel(output) -> bool:
    """Whether of an output only the name of a widget is stored."""
    data = output.get("data", {})
    return list(data) == ["text/plain"] and bool(
        re.match(r"\w*Box\(|\w+\(children", data["text/plain"])
    )


def described(source: str, section: str) -> str:
    """What stands for a figure where it cannot be seen: its section, and the words drawn in it."""
    words = list(dict.fromkeys(drawn_words(source)))
    shown = f": {', '.join(words)}" if words else ""
    return f"Figure to “{section}”{shown}."


def drawn_words(source: str) -> Iterator[str]:
    """The titles in the call that draws: keys of its pictures, and what axes and legends say."""
    for node in ast.walk(check_notebooks.parsed(source)):
        if isinstance(node, ast.Call):
            for keyword in node.keywords:
                if keyword.arg in ("title", "label", "xlabel", "ylabel", "suptitle"):
                    yield from _strings(keyword.value)
        if isinstance(node, ast.Dict):
            for key in node.keys:
                yield from _strings(key)


def _strings(node) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value.replace("\n", " ")


# --- What the start page says of the chapters ----------------------------------------------------


def minutes(number: str, kind: re.Pattern = READING) -> int:
    """How long a chapter takes to read, or to run, as its own head says."""
    return int(kind.search(chapter(number).said("Time"))[1])


def start_page(text: str) -> str:
    """The start page with its chapters, and with the links and the hours of each route."""
    text = text.replace("THE CHAPTERS", chapter_cards())
    for name, numbers in ROUTES.items():
        total = sum(minutes(number) + minutes(number, RUNNING) for number in numbers)
        links = [f"[{number}](notebooks/{chapter(number).path.name})" for number in numbers]
        text = text.replace(f"THE WAY OF {name}", " ".join(links))
        text = text.replace(f"THE HOURS OF {name}", f"{total / 60:.1f}".removesuffix(".0"))
    return text


def chapter_cards() -> str:
    """A card for each chapter: its picture, its title, its promise, its time; all of it a link."""
    cards = []
    for path in make_nav.chapters():
        notebook = chapter(path.stem[:2])
        title, promise = notebook.head[0].lstrip("# "), notebook.head[1]
        cards.append(
            f"::::{{grid-item-card}} {title}\n:img-top: thumbs/{path.stem}.jpg\n:img-alt: {title}\n"
            f":link: notebooks/{path.stem}\n:link-type: doc\n:class-card: chapter\n{promise}\n"
            f"\n{{.time}}\n{minutes(path.stem[:2])} min\n::::"
        )
    return "\n".join([":::::{grid} 2 2 3 3", ":gutter: 3", *cards, ":::::"])


@lru_cache
def chapter(number: str) -> check_notebooks.Notebook:
    """A chapter, read once: it is some megabytes."""
    paths = (path for path in make_nav.chapters() if path.name.startswith(number))
    return check_notebooks.Notebook(next(paths))


# --- The public names ----------------------------------------------------------------------------


def api_page() -> str:
    """Every public name, its signature and its docstring, room by room; nothing is imported."""
    stub = ast.parse((ROOT / "nstlib" / "__init__.pyi").read_text(encoding="utf-8"))
    parts, room = [API_HEAD], None
    for node in stub.body:
        if not isinstance(node, ast.ImportFrom) or not node.module:
            continue
        if node.module.split(".")[0] != room:
            room = node.module.split(".")[0]
            parts.append(f"## {room}\n\n{_module_docstring(room)}")
        parts += [_entry(node.module, alias.name) for alias in node.names]
    return "\n\n".join(parts)


API_HEAD = """# The names of nstlib

What stands directly under `nst`, after `import nstlib as nst`, room by room. A picture is a NumPy
array everywhere: float32, RGB, 0 to 1, shape (1, height, width, 3)."""


@lru_cache
def _tree(module: str) -> ast.Module:
    base = ROOT / "nstlib" / module.replace(".", "/")
    path = base.with_suffix(".py") if base.with_suffix(".py").exists() else base / "__init__.py"
    return ast.parse(path.read_text(encoding="utf-8"))


def _module_docstring(module: str) -> str:
    return ast.get_docstring(_tree(module)) or ""


def _entry(module: str, name: str) -> str:
    for node in _tree(module).body:
        if getattr(node, "name", None) == name:
            text = ast.get_docstring(node) or ""
            if isinstance(node, ast.FunctionDef):
                return _described("function", f"{name}({_arguments(node.args)})", text)
            return _described("class", name, text)
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if any(getattr(target, "id", None) == name for target in targets):
            return _described("data", name, f"In `nstlib.{module}`.")
    return _described("module", name, _module_docstring(f"{module}.{name}"))


def _arguments(arguments: ast.arguments) -> str:
    """As they are written, but that a computed default is `...`."""
    plain = (ast.Constant, ast.Tuple, ast.List, ast.Dict, ast.Name, ast.Attribute, ast.UnaryOp)
    for values in (arguments.defaults, arguments.kw_defaults):
        values[:] = [v if v is None or isinstance(v, plain) else ast.Constant(...) for v in values]
    return ast.unparse(arguments)


def _described(kind: str, signature: str, text: str) -> str:
    if kind == "module":
        return f"### {signature}\n\n{text}"
    return f"`````{{py:{kind}}} {signature}\n\n{text}\n`````"
