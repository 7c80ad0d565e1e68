"""The catalogue of what nstlib says in Chinese: help, doctor, and the hints of exercises.

    python tools/catalogue.py update   bring the texts of the code into translations/zh/nstlib.po
    python tools/catalogue.py check    what is missing or stale, or wrong; wrong ends with 1
    python tools/catalogue.py build    write nstlib/locale/zh/LC_MESSAGES/nstlib.mo, to be shipped

An English text that has changed a little keeps its Chinese, marked fuzzy: nobody is shown that,
until somebody has mended it and taken the mark away. What nstlib raises stays English, as people
search for it.
"""

import argparse
import ast
import gettext
import io
import re
import string
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from nstlib.cli.main import build_parser

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "translations" / "zh" / "nstlib.po"
BUILT = ROOT / "nstlib" / "locale" / "zh" / "LC_MESSAGES" / "nstlib.mo"
ANSWERS = ROOT / "nstlib" / "notebook" / "answers"
HINTS = {"Value": 1, "Word": 2}  # which argument of an answer is its hint
# What argparse itself says, in the words of Python 3.10 to 3.13.
ARGPARSE = (
    "usage: ",
    "positional arguments",
    "options",
    "%(heading)s:",
    "show this help message and exit",
    "show program's version number and exit",
    "%(prog)s: error: %(message)s\n",
    "argument %(argument_name)s: %(message)s",
    "the following arguments are required: %s",
    "unrecognized arguments: %s",
    "expected one argument",
    "expected at least one argument",
    "invalid choice: %(value)r (choose from %(choices)s)",
    "invalid %(type)s value: %(value)r",
    "not allowed with argument %s",
)


# --- What nstlib says -----------------------------------------------------------------------------


def texts() -> dict[str, str]:
    """Every text that nstlib can say in another language -> the file that says it."""
    found = dict.fromkeys(ARGPARSE, "argparse")
    for path in sorted((ROOT / "nstlib").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
        said = filter(None, (said_by(call, path) for call in calls))
        found |= dict.fromkeys(said, path.relative_to(ROOT).as_posix())
    return found | dict.fromkeys(helps(build_parser()), "nstlib/cli")


def said_by(call: ast.Call, path: Path) -> str | None:
    """The text in `_("…")`, or the hint of an answer."""
    name = call.func.id if isinstance(call.func, ast.Name) else ""
    place = HINTS.get(name) if path.parent == ANSWERS else None
    argument = call.args[place or 0] if name == "_" or place else None
    return argument.value if isinstance(argument, ast.Constant) else None


def helps(parser: argparse.ArgumentParser) -> Iterator[str]:
    """The help of every option and command; the help of --help is argparse's own."""
    if then := parser.get_default("when_stopped"):
        yield then
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            yield from (choice.help for choice in action._choices_actions)
            for command in action.choices.values():
                yield from helps(command)
        elif action.help and action.dest not in ("help", "version"):
            yield action.help


# --- The catalogue --------------------------------------------------------------------------------


def catalogue() -> Catalog:
    with SOURCE.open("rb") as file:
        return read_po(file, locale="zh")


def translated(catalog: Catalog) -> dict[str, str]:
    """English -> Chinese, as far as there is one that fits."""
    return {one.id: one.string for one in catalog if one.id and one.string and not one.fuzzy}


def update() -> None:
    """Bring the texts of the code into the file; what the code no longer says goes."""
    catalog, template = catalogue(), Catalog(locale="zh")
    for text, file in texts().items():
        template.add(text, locations=[(file, None)])
    template.creation_date = catalog.creation_date
    catalog.last_translator = catalog.language_team = "nstlib"
    catalog.update(template, update_header_comment=False)
    catalog.obsolete.clear()
    written = io.BytesIO()
    write_po(written, catalog, width=100, include_lineno=False, include_previous=True)
    SOURCE.write_bytes(written.getvalue())


def build() -> None:
    BUILT.parent.mkdir(parents=True, exist_ok=True)
    with BUILT.open("wb") as file:
        write_mo(file, catalogue())


def built() -> dict[str, str]:
    """What is shipped: English -> Chinese."""
    if not BUILT.exists():
        return {}
    with BUILT.open("rb") as file:
        said = gettext.GNUTranslations(file)._catalog
    return {english: chinese for english, chinese in said.items() if english}


def check() -> Iterator[tuple[str, bool]]:
    """Each problem as a line, and whether it is wrong or only stale."""
    said, catalog = texts(), catalogue()
    chinese = translated(catalog)
    for text in said.keys() - chinese.keys():
        message = catalog.get(text)
        kind = "stale" if message and message.string else "not translated"
        yield f"{said[text]}: {kind}: {text!r}", False
    for text in chinese.keys() - said.keys():
        yield f"nobody says this any more: {text!r}", False
    for message in catalog:
        if message.id and message.id in chinese and places(message.id) != places(message.string):
            yield f"{line_of(message)}: other places to fill than in {message.id!r}", True
    if built() != chinese:
        yield f"{BUILT.relative_to(ROOT).as_posix()}: stale: tools/catalogue.py build", False


def places(text: str) -> list[str]:
    """What a text leaves to be filled: {name:.1f}, %(name)s, %s; and the end of a line."""
    try:
        braces = [f"{{{n}!{c}:{f}}}" for _, n, f, c in string.Formatter().parse(text) if n]
    except ValueError:
        braces = ["broken"]
    return sorted([*braces, *re.findall(r"%(?:\(\w+\))?[a-z]", text), "\n" * text.endswith("\n")])


def line_of(message: Message) -> str:
    return f"{SOURCE.relative_to(ROOT).as_posix()}:{message.lineno}"


def report() -> int:
    found = sorted(check())
    print(*(line for line, _ in found), sep="\n", end="\n" if found else "")
    return int(any(wrong for _, wrong in found))


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("command", choices=("update", "check", "build"))
    command = parser.parse_args(argv).command
    return {"update": update, "check": report, "build": build}[command]() or 0


if __name__ == "__main__":
    sys.exit(main())
