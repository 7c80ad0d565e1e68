"""The Chinese edition: notebooks/zh from the notebooks and from what stands in translations/zh.

    python tools/translate.py start 00     begin translations/zh/00_….md and its solution's
    python tools/translate.py read 00      each cell in English and in Chinese, for a second reading
    python tools/translate.py check [00]   what is stale, and what is wrong; wrong ends with 1
    python tools/translate.py build [00]   write notebooks/zh/00_….ipynb and its solution

A Chinese notebook has the code and the stored outputs of the English one. A cell that has no
Chinese, or whose English has changed since, stays English. The built notebooks are kept in git, so
that GitHub, Gitee and Colab show them as they are; as they hold the same pictures as the English
ones, git packs them as differences from these: five chapters took 44 kB more than without.
"""

import argparse
import os
import re
import sys
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path

import nbformat

import make_nav
import site_figures
import translation
import translation_rules
from clean_notebooks import all_notebooks, clean
from translation import Problem, Section

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "notebooks"
HEAD = """<!-- {path}. The rules and the terms are in {terms},
the form is told in tools/translation.py. -->
"""


def file_of(path: Path) -> Path:
    """Where the Chinese of an English notebook stands."""
    return ROOT / "translations" / "zh" / path.relative_to(FOLDER).with_suffix(".md")


def built_of(path: Path) -> Path:
    """Where the Chinese notebook goes."""
    return FOLDER / "zh" / path.relative_to(FOLDER)


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def cells_of(path: Path) -> list:
    return nbformat.read(path, as_version=4).cells


def parts_of(path: Path) -> list[Section]:
    return translation.sections(file_of(path).read_text(encoding="utf-8"))


# --- start and read ------------------------------------------------------------------------------


def start(path: Path) -> str:
    """Begin the file of a notebook: every key, and below it the English."""
    file = file_of(path)
    if file.exists():
        return f"{name_of(file)} is there already; `check` says which cells it lacks."
    terms = os.path.relpath(ROOT / "translations" / "zh" / "terms.md", file.parent)
    blocks = [HEAD.format(path=name_of(path), terms=terms)]
    blocks += [made for cell in cells_of(path) if (made := skeleton(cell))]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join(blocks), encoding="utf-8", newline="\n")
    return f"{name_of(file)}: {len(blocks) - 1} cells to translate"


def skeleton(cell) -> str:
    """A cell's key, its English as a comment, and room; "" if a reader meets no words in it."""
    if translation.is_text(cell):
        body = f"<!-- en\n{translation.english(cell)}\n-->\n"
    else:
        runs = (re.sub("^", "- ", text, flags=re.MULTILINE) for text in remarks_of(cell))
        lines = "".join(f"{run}\n+ \n" for run in runs)
        body = f"```diff\n{lines}```\n" if lines else ""
        if words := words_in_figure(cell):
            body += f"<!-- en\nWords in the figure, for a caption if it needs one: {words}\n-->\n"
    return body and f"<!-- cell {translation.key_of(cell)} -->\n{body}"


def words_in_figure(cell) -> str:
    drawn = any("image/jpeg" in output.get("data", {}) for output in cell.outputs)
    words = site_figures.shown(cell.source) if drawn else ()
    return " · ".join(dict.fromkeys(word for word in words if re.search("[A-Za-z]{3}", word)))


def remarks_of(cell) -> list[str]:
    return list(dict.fromkeys(translation.remarks(cell.source)))


def read(path: Path) -> str:
    """Both languages, cell by cell, for a second reading."""
    parts, lines = {part.key: part for part in parts_of(path)}, []
    for cell in cells_of(path):
        part = parts.get(translation.key_of(cell), Section("", 0, "", []))
        chinese = part.text
        if not translation.is_text(cell):
            code = translation_rules.changed(cell.source, part.changes)
            chinese = f"```python\n{code}\n```\n{chinese}"
        english = translation.english(cell) if translation.is_text(cell) else ""
        lines.append("\n\n".join([f"=== {translation.key_of(cell)}", english, chinese]))
    return "\n\n".join(lines)


# --- check ---------------------------------------------------------------------------------------


def problems(path: Path) -> list[Problem]:
    """All that is stale or wrong in the file of a notebook."""
    text, cells = file_of(path).read_text(encoding="utf-8"), cells_of(path)
    parts = translation.sections(text)
    by_key = {translation.key_of(cell): cell for cell in cells}
    found = [*translation.misformed(text), *translation.stale(parts, cells)]
    return sorted([*found, *translation_rules.wrong(parts, by_key)])


def check(path: Path) -> Iterator[tuple[str, bool]]:
    """Each problem of a notebook as a line, and whether it is wrong or only stale."""
    for line, message, wrong in problems(path):
        yield f"{name_of(file_of(path))}:{line}: {'' if wrong else 'stale: '}{message}", wrong
    built = built_of(path)
    if not built.exists() or built.read_text(encoding="utf-8") != edition(path):
        yield f"{name_of(built)}: stale: build it with: python tools/translate.py build", False


# --- build ---------------------------------------------------------------------------------------


def edition(path: Path) -> str:
    """The Chinese notebook as it is stored."""
    notebook, parts = nbformat.read(path, as_version=4), {p.key: p for p in parts_of(path)}
    notebook.cells = [made for cell in notebook.cells for made in chinese(cell, parts, path)]
    notebook.cells[0].source += f"\n\n{nav_block(path)}"
    return clean(nbformat.writes(notebook))[0]


def chinese(cell, parts: dict[str, Section], path: Path) -> list:
    """A cell in Chinese, and its caption if it has one; as it is if nobody has translated it."""
    made, part = deepcopy(cell), parts.get(translation.key_of(cell))
    if translation.is_text(cell):
        text = part.text if part and part.text else translation.english(cell)
        made.source = relinked(text, path)
        return [made]
    if part is None:
        return [made]
    made.source = translation_rules.changed(cell.source, part.changes)
    caption = nbformat.v4.new_markdown_cell(relinked(part.text, path))
    return [made, caption] if part.text else [made]


def relinked(text: str, path: Path) -> str:
    """Links written as in the English notebook, to what is there in Chinese, seen from zh."""

    def turned(found: re.Match) -> str:
        place, mark, anchor = found[1].partition("#")
        if not place or re.match("[a-z]+:", place):
            return found[0]
        return f"]({link(Path(os.path.normpath(path.parent / place)), path)}{mark}{anchor})"

    return translation_rules.LINK.sub(turned, text)


def link(target: Path, path: Path) -> str:
    """From the Chinese of a notebook to a file, or to its Chinese if it has one."""
    if target.suffix == ".ipynb" and target.is_relative_to(FOLDER) and file_of(target).exists():
        target = built_of(target)
    elif target.suffix == ".md" and target.is_relative_to(ROOT):
        room, *rest = target.relative_to(ROOT).parts  # docs/zh/formats.md, README.zh.md
        places = (target.with_suffix(".zh.md"), ROOT.joinpath(room, "zh", *rest))
        target = next((place for place in places if place.exists()), target)
    return Path(os.path.relpath(target, built_of(path).parent)).as_posix()


def nav_block(path: Path) -> str:
    """As make_nav.py's: the chapter before, contents, the one after, solutions, English, Colab."""
    order, solution = make_nav.chapters(), path.parent.name == "solutions"
    chapter = FOLDER / path.name
    place = order.index(chapter)
    around = {"‹ {}": order[place - 1 : place], "{} ›": order[place + 1 : place + 2]}
    before, after = ([form.format(titled(p, path)) for p in ps] for form, ps in around.items())
    links = [f"‹ {titled(chapter, path)}"] if solution else before
    links.append(f"[目录]({link(ROOT / 'README.md', path)}#chapters)")
    if not solution:
        links += [*after, f"[题解]({link(FOLDER / 'solutions' / path.name, path)})"]
    english = Path(os.path.relpath(path, built_of(path).parent)).as_posix()
    badge = make_nav.colab_badge(built_of(path)).replace("Open in Colab", "在 Colab 中打开")
    line = " · ".join([*links, f"[English]({english})", badge])
    return f"<!-- nav -->\n\n{line}\n\n<!-- /nav -->"


def titled(target: Path, path: Path) -> str:
    """A link to a chapter, in the words of its Chinese title if there is one."""
    parts = parts_of(target) if file_of(target).exists() else []
    title = parts[0].text.partition("\n")[0].lstrip("# ") if parts else ""
    return f"[{title or make_nav.title(target)}]({link(target, path)})"


def build(path: Path) -> str:
    built, text = built_of(path), edition(path)
    if built.exists() and built.read_text(encoding="utf-8") == text:
        return ""
    built.parent.mkdir(parents=True, exist_ok=True)
    built.write_text(text, encoding="utf-8", newline="\n")
    return f"{name_of(built)}: written"


# --- The command ---------------------------------------------------------------------------------


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("command", choices=("start", "read", "check", "build"))
    parser.add_argument("chapters", nargs="*", metavar="NN", help="default: all")
    args = parser.parse_args(argv)
    asked = [p for p in all_notebooks() if not args.chapters or p.name[:2] in args.chapters]
    unknown = {*args.chapters} - {path.name[:2] for path in asked}
    if unknown:
        parser.error(f"there is no chapter {', '.join(sorted(unknown))}; write 00, 01, …")
    begun = [path for path in asked if args.command == "start" or file_of(path).exists()]
    if args.command == "check":
        return report(begun, len(asked) - len(begun))
    do: Callable[[Path], str] = {"start": start, "read": read, "build": build}[args.command]
    print(*filter(None, map(do, begun)), sep="\n")
    return 0


def report(begun: list[Path], missing: int) -> int:
    """Print what `check` finds; 1 if something is wrong, 0 if it is only stale."""
    found = [line for path in begun for line in check(path)]
    print(*(line for line, _ in found), sep="\n", end="\n" if found else "")
    if missing:
        print(f"The Chinese edition: {missing} chapters and solutions are not begun yet.")
    return int(any(wrong for _, wrong in found))


if __name__ == "__main__":
    sys.exit(main())
