"""A chapter in Chinese: the form of its file, and how it lies beside the English notebook.

`translations/zh/00_start_here.md` is plain Markdown. Above the text of each cell stands the cell's
key, the first eight digits of the SHA-256 of its English, which for most cells is its id:

    <!-- cell b970b822 -->
    ## 准备

Below the key of a code cell, a fence `diff` gives what changes in its comments and docstrings, the
English with `-`, the Chinese with `+`; text outside the fence is a caption, set beneath the cell.
A comment from `<!-- en` to a line `-->` is for the translator only.
"""

import ast
import hashlib
import io
import re
import tokenize
from collections import Counter
from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import NamedTuple

from make_nav import BLOCK

HEADER = re.compile(r"^<!-- cell ([0-9a-f]{8}) -->[ \t]*$", re.MULTILINE)
ALMOST = re.compile(r"^[ \t]*<!--[ \t]*cell?\b.*$", re.MULTILINE)
COMMENT = re.compile(r"^<!-- en$.*?^-->$\n?", re.MULTILINE | re.DOTALL)
DIFF = re.compile(r"^```diff\n(.*?)^```[ \t]*$\n?", re.MULTILINE | re.DOTALL)
RUN = re.compile(r"((?:^-.*\n)+)((?:^\+.*\n)*)", re.MULTILINE)


class Section(NamedTuple):
    key: str
    line: int  # of its header in the file, from 1
    text: str  # Markdown; of a code cell, the caption
    changes: list[tuple[str, str]]  # of a code cell: English, Chinese


class Problem(NamedTuple):
    line: int
    message: str
    wrong: bool  # else it is stale: the English has moved on, or nobody has translated it yet


# --- The file ------------------------------------------------------------------------------------


def sections(text: str) -> list[Section]:
    """The parts of a file, in its order."""
    heads = list(HEADER.finditer(text))
    places = [*(head.start() for head in heads), len(text)]
    return [
        section(head[1], line_of(text, head.start()), text[head.end() : places[index + 1]])
        for index, head in enumerate(heads)
    ]


def section(key: str, line: int, body: str) -> Section:
    body = COMMENT.sub("", body)
    changes = [
        tuple(re.sub("^[-+] ?", "", run, flags=re.MULTILINE).rstrip("\n") for run in runs)
        for fence in DIFF.findall(body)
        for runs in RUN.findall(fence)
    ]
    return Section(key, line, DIFF.sub("", body).strip(), changes)


def line_of(text: str, place: int) -> int:
    return text.count("\n", 0, place) + 1


def misformed(text: str) -> Iterator[Problem]:
    """What in a file cannot be read as it was meant."""
    head = HEADER.search(text)
    before = text[: head.start() if head else len(text)]
    if re.sub(r"<!--.*?-->", "", before, flags=re.DOTALL).strip():
        yield Problem(1, "there is text before the first <!-- cell … -->", True)
    for found in ALMOST.finditer(text):
        if not HEADER.fullmatch(found[0]):
            message = f"{found[0].strip()!r} is no key; write <!-- cell 0123abcd -->"
            yield Problem(line_of(text, found.start()), message, True)
    seen = Counter()
    for part in sections(text):
        seen[part.key] += 1
        if seen[part.key] == 2:
            yield Problem(part.line, f"the cell {part.key} stands here a second time", True)


# --- The English ---------------------------------------------------------------------------------


def english(cell) -> str:
    """A cell's text, without the lines of links that make_nav.py writes."""
    return BLOCK.sub("", cell.source).strip() if BLOCK.search(cell.source) else cell.source


def key_of(cell) -> str:
    return hashlib.sha256(english(cell).encode()).hexdigest()[:8]


def is_text(cell) -> bool:
    return cell.cell_type == "markdown"


def remarks(source: str) -> list[str]:
    """The comments and docstrings of a cell in which there is a word, as they stand in it."""
    found = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type == tokenize.COMMENT:
                found.append((token.start[0], token.string))
        for node in documented(parsed(source)):
            lines = source.splitlines()[node.lineno - 1 : node.end_lineno]
            found.append((node.lineno, "\n".join([lines[0].strip(), *lines[1:]])))
    except (tokenize.TokenError, SyntaxError):  # a cell of IPython's own
        pass
    return [text for _, text in sorted(found) if re.search("[A-Za-z]{3}", text)]


def documented(tree: ast.Module) -> Iterator[ast.Expr]:
    """The docstrings in a tree."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node):
            yield node.body[0]


def parsed(source: str) -> ast.Module:
    """A cell as a tree; lines of IPython's own count as nothing."""
    return ast.parse(re.sub(r"^(\s*)[%!].*", r"\1pass", source, flags=re.MULTILINE))


def wants_words(cell) -> bool:
    return is_text(cell) or bool(remarks(cell.source))


# --- One beside the other ------------------------------------------------------------------------


def stale(parts: list[Section], cells: list) -> Iterator[Problem]:
    """Cells whose English changed, went, came, or stands elsewhere now."""
    ours = [part.key for part in parts]
    theirs = dict.fromkeys(key_of(c) for c in cells if wants_words(c) or key_of(c) in ours)
    theirs = list(theirs)
    for kind, a, b, c, d in SequenceMatcher(None, ours, theirs, autojunk=False).get_opcodes():
        if kind == "equal":
            continue
        new = [key for key in theirs[c:d] if key not in ours]
        for part in parts[a:b]:
            if part.key in theirs:
                message = f"the cell {part.key} stands elsewhere in the English"
            elif new:
                message = f"the English of {part.key} has changed; mend this and name it {new[0]}"
                del new[0]
            else:
                message = f"the cell {part.key} is gone from the English"
            yield Problem(part.line, message, False)
        line = parts[max(0, b - 1)].line if parts else 1
        for key in new:
            yield Problem(line, f"the cell {key}, below this one, is not translated", False)
