"""What in a Chinese cell must be as in its English, and how Chinese is set. Sentences, or none."""

import ast
import re
from collections import Counter
from collections.abc import Callable, Iterator

from markdown_it import MarkdownIt

from translation import Problem, Section, documented, english, is_text, parsed, remarks

FENCE = re.compile(r"^(```|~~~).*?^\1[ \t]*$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"(`+)(?!`)(.+?)(?<!`)\1(?!`)", re.DOTALL)
FORMULA = re.compile(r"\$\$.+?\$\$|\$[^$\n]+?\$", re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+(?= )", re.MULTILINE)
NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
COUNTED = re.compile(r"[\d.,]+ (?:thousand|million|billion)")
HAN = "[\u3400-\u9fff]"


def wrong(parts: list[Section], cells: dict) -> Iterator[Problem]:
    """All that is wrong with sections, given {key: cell} of the English."""
    for part in parts:
        if part.key in cells:
            for message in compared(part, cells[part.key]):
                yield Problem(part.line, message, True)


def compared(part: Section, cell) -> Iterator[str]:
    if is_text(cell):
        if part.changes:
            yield "a fence `diff` is for code, and this cell is text"
        yield from untranslated(part.text, english(cell))
        yield from differing(part.text, english(cell))
    else:
        yield from unlike_code(part.changes, cell.source)
        if HEADING.search(part.text):
            yield "a caption has no heading"
    yield from broken(part.text)
    for text in (part.text, *(new for _, new in part.changes)):
        yield from ill_set(text)


# --- Text ----------------------------------------------------------------------------------------


def untranslated(text: str, source: str) -> Iterator[str]:
    if re.search("[A-Za-z]{3}", words(source)) and not re.search(HAN, text):
        yield "this cell has no Chinese yet"


def differing(text: str, source: str) -> Iterator[str]:
    """Formulas, code, links and levels of headings are the English ones; no number is lost."""
    for name, parts in SAME.items():
        ours, theirs = Counter(parts(text)), Counter(parts(source))
        for part in (theirs - ours).elements():
            yield f"missing {name}: {part}"
        for part in (ours - theirs).elements():
            yield f"{name} that the English has not: {part}"
    counted = COUNTED.sub("", words(source))  # 1.3 million are 130 万
    for number in sorted({*NUMBER.findall(counted)} - {*NUMBER.findall(words(text))}):
        yield f"missing number: {number}"


def formulas(text: str) -> list[str]:
    return [" ".join(formula.split()) for formula in FORMULA.findall(without_code(text))]


def code(text: str) -> list[str]:
    spans = (found[0] for found in SPAN.finditer(FENCE.sub("", text)))
    return [*(found[0] for found in FENCE.finditer(text)), *spans]


def links(text: str) -> list[str]:
    return LINK.findall(without_code(text))


def headings(text: str) -> list[str]:
    return HEADING.findall(FENCE.sub("", text))


SAME: dict[str, Callable] = {"formula": formulas, "code": code, "link": links, "heading": headings}


def without_code(text: str) -> str:
    return SPAN.sub("`", FENCE.sub("", text))


def words(text: str) -> str:
    """What is left for the reader's ear: no code, formulas, addresses, or marks of emphasis."""
    text = FORMULA.sub("$", without_code(text))
    return re.sub(r"!?\[|\]\([^)]*\)|\]|\*", "", text)


# --- Code ----------------------------------------------------------------------------------------


def unlike_code(changes: list[tuple[str, str]], source: str) -> Iterator[str]:
    """Only comments and docstrings may change, and all of them do."""
    for old, new in changes:
        if old not in source:
            yield f"the cell has no {old!r}"
        elif not new:
            yield f"no line with + follows {old!r}"
    if bones(changed(source, changes)) != bones(source):
        yield "the lines with + change more than comments and docstrings"
    for text in remarks(source):
        if not any(old in text for old, _ in changes):
            yield f"not translated: {text!r}"


def changed(source: str, changes: list[tuple[str, str]]) -> str:
    """A cell's code with its remarks in Chinese."""
    for old, new in changes:
        source = source.replace(old, new)
    return source


def bones(source: str) -> str:
    """What of a cell is executed; of code that is none, all of it."""
    try:
        tree = parsed(source)
    except SyntaxError:
        return source
    for docstring in documented(tree):
        docstring.value.value = ""
    return ast.dump(tree)


# --- How it is set -------------------------------------------------------------------------------


def broken(text: str) -> Iterator[str]:
    """Marks that Markdown would print as they stand, such as ** between 。 and a letter."""
    if "<!--" in text:
        yield "a comment is not closed by a line -->"
    if len(re.findall("^(?:```|~~~)", text, re.MULTILINE)) % 2:
        yield "a fence of code is not closed"
    if FORMULA.sub("", without_code(text)).count("$") % 2:
        yield "a $ has no partner"
    for token in MarkdownIt().enable("table").parse(FORMULA.sub("$", FENCE.sub("", text))):
        for child in token.children or []:
            mark = re.search(r"\*+|`|\]\(", child.content) if child.type == "text" else None
            if mark:
                yield f"{mark[0]} is printed as it stands: {around(child.content, mark)}"


def ill_set(text: str) -> Iterator[str]:
    """A space between Chinese and Latin letters or digits; full-width punctuation in Chinese."""
    text = words(text).replace('"""', " ")  # of a docstring
    for found in re.finditer(f"{HAN}[A-Za-z0-9$`]|[A-Za-z0-9$`%]{HAN}", text):
        yield f"a space is missing: {around(text, found)}"
    for found in re.finditer(rf'{HAN}(?:[,;:?!"()]|\.(?!\w))|[("]{HAN}', text):
        yield f"full-width punctuation is missing: {around(text, found)}"


def around(text: str, found: re.Match) -> str:
    return repr(text[max(0, found.start() - 6) : found.end() + 6].replace("\n", " "))
