"""Write the line of links at the top of every notebook: back, contents, on, solutions, Colab.

    python tools/make_nav.py            rewrite the lines that are out of date
    python tools/make_nav.py --check    change nothing, name them, exit with 1

The line stands in the first cell between `<!-- nav -->` and `<!-- /nav -->`. Its order is the order
of the file names; its words are the notebooks' titles; the repository is named in pyproject.toml.
Colab opens no relative links, so that a second line has the addresses there.
"""

import argparse
import re
import sys
from pathlib import Path

import nbformat

from clean_notebooks import clean

ROOT = Path(__file__).resolve().parent.parent
BLOCK = re.compile(r"<!-- nav -->.*?<!-- /nav -->", re.DOTALL)
COLAB = "https://colab.research.google.com"
BRANCH = "main"


def repository() -> str:
    """`owner/name`, from the Repository line of pyproject.toml (Python 3.10 reads no TOML)."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    found = re.search(r'^Repository = "https://github\.com/([^"]+)"', text, re.MULTILINE)
    if not found:
        raise SystemExit('pyproject.toml has no line: Repository = "https://github.com/…"')
    return found[1]


def in_colab(path: Path) -> str:
    """The address of a file of this repository in Colab."""
    place = path.resolve().relative_to(ROOT).as_posix()
    return f"{COLAB}/github/{repository()}/blob/{BRANCH}/{place}"


def colab_badge(path: Path) -> str:
    """The picture that opens a file of this repository in Colab, as Markdown."""
    return f"[![Open in Colab]({COLAB}/assets/colab-badge.svg)]({in_colab(path)})"


def title(path: Path) -> str:
    """The words of a notebook's first heading."""
    first = nbformat.read(path, as_version=4).cells[0].source
    return first.splitlines()[0].lstrip("# ").strip()


def chapters() -> list[Path]:
    return sorted((ROOT / "notebooks").glob("*.ipynb"))


def chapter_links(path: Path) -> list[str]:
    """‹ the chapter before · contents · the chapter after › · its solutions."""
    order = chapters()
    index = order.index(path)
    links = ["[Contents](../README.md#chapters)"]
    if index > 0:
        before = order[index - 1]
        links.insert(0, f"‹ [{title(before)}]({before.name})")
    if index + 1 < len(order):
        after = order[index + 1]
        links.append(f"[{title(after)}]({after.name}) ›")
    if (path.parent / "solutions" / path.name).exists():
        links.append(f"[Solutions](solutions/{path.name})")
    return links


def solution_links(path: Path) -> list[str]:
    """‹ the chapter that these are the solutions to · contents."""
    links = ["[Contents](../../README.md#chapters)"]
    chapter = path.parent.parent / path.name
    if chapter.exists():
        links.insert(0, f"‹ [{title(chapter)}](../{path.name})")
    return links


def colab_links(path: Path) -> str:
    """Every chapter by its number, and this one's solutions or chapter, as they open in Colab."""
    is_solution = path.parent.name == "solutions"
    there = [p for p in chapters() if is_solution or p != path]
    links = [f"[{p.stem[:2]}]({in_colab(p)})" for p in there]
    solutions = path.parent / "solutions" / path.name
    if solutions.exists():
        links.append(f"[solutions]({in_colab(solutions)})")
    return f"In Colab: {' '.join(links)}"


def nav_block(path: Path) -> str:
    """The whole block. The blank lines make Markdown read the links as links, not as HTML."""
    links = solution_links(path) if path.parent.name == "solutions" else chapter_links(path)
    line = " · ".join([*links, colab_badge(path)])
    return f"<!-- nav -->\n\n{line}\n\n{colab_links(path)}\n\n<!-- /nav -->"


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="report and change nothing")
    args = parser.parse_args(argv)
    paths = [*chapters(), *sorted((ROOT / "notebooks" / "solutions").glob("*.ipynb"))]
    messages = [message for path in paths if (message := treat(path, args.check))]
    for message in messages:
        print(message)
    if messages and args.check:
        print("Rewrite the links with: python tools/make_nav.py")
    missing = [message for message in messages if "missing" in message]
    return int(bool(messages if args.check else missing))


def treat(path: Path, check: bool) -> str:
    """Bring one notebook up to date, unless it is only checked; returns what was wrong, or ""."""
    notebook = nbformat.read(path, as_version=4)
    first, name = notebook.cells[0], path.relative_to(ROOT)
    if not BLOCK.search(first.source):
        return f"{name}:0: <!-- nav --> and <!-- /nav -->, the place for the links, are missing"
    wanted = BLOCK.sub(lambda found: nav_block(path), first.source)
    if wanted == first.source:
        return ""
    if not check:
        first.source = wanted
        path.write_text(clean(nbformat.writes(notebook))[0], encoding="utf-8", newline="\n")
    return f"{name}:0: the links {'are out of date' if check else 'were out of date: rewritten'}"


if __name__ == "__main__":
    sys.exit(main())
