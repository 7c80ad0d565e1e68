"""What stands for a figure of a chapter where it cannot be seen: read from the code that draws it.

The words drawn in it come first: titles of pictures, axes and legends, with … for what is known
only when the cell runs. A figure without words is told by what the function that draws it says of
itself, and by the pictures of the course that the cell names; else by the names of what is shown.
"""

import ast
from collections.abc import Iterator
from functools import lru_cache

import check_notebooks
import site_api
from nstlib.images.bundled import clips, pictures

KEYWORDS = ("title", "titles", "label", "xlabel", "ylabel", "suptitle")
AXES = {"show_lines": ("x", "y")}  # keywords that are words on an axis there
METHODS = ("title", "suptitle", "xlabel", "ylabel", "set_title", "set_xlabel", "set_ylabel")
HELPERS = ("show_", "studio", "wipe", "_explorer", "_panel", "_editor", "_player")


def shown(source: str) -> list[str]:
    """The words for the figures that a cell draws, each once."""
    nodes = list(ast.walk(check_notebooks.parsed(source)))
    found = [*_titles(nodes)] or [*_helpers(nodes), *_named(nodes)] or [*_variables(nodes)]
    return list(dict.fromkeys(filter(None, found)))


def _titles(nodes: list[ast.AST]) -> Iterator[str]:
    """Keys of pictures, and what axes and legends say."""
    settings = set(_settings(nodes))
    for node in nodes:
        if isinstance(node, ast.Dict) and node not in settings:
            for key in node.keys:
                yield from _words(key)
        if isinstance(node, ast.DictComp):
            yield from _words(node.key)
        if _is_stored(node) and node not in settings:
            yield from _words(node.slice)  # painted[f"step {step}"] = …
        if isinstance(node, ast.Call):
            name = _called(node)
            asked = KEYWORDS + AXES.get(name, ())
            given = node.args[:1] if name in METHODS else node.args[1:2] if name == "show" else []
            for value in [*given, *(one.value for one in node.keywords if one.arg in asked)]:
                yield from _words(value)


def _settings(nodes: list[ast.AST]) -> Iterator[ast.AST]:
    """Dicts that are unpacked into the arguments of a call, and what is stored in them."""
    calls = (node for node in nodes if isinstance(node, ast.Call))
    unpacked = [one.value for call in calls for one in call.keywords if one.arg is None]
    yield from unpacked
    names = {value.id for value in unpacked if isinstance(value, ast.Name)}
    for node in nodes:
        targets = getattr(node, "targets", [])
        if any(isinstance(one, ast.Name) and one.id in names for one in targets):
            yield node.value
        if _is_stored(node) and getattr(node.value, "id", "") in names:
            yield node


def _is_stored(node: ast.AST) -> bool:
    return isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store)


def _words(node) -> Iterator[str]:
    """A text, or the texts of a list; of an f-string, what is in the braces is not known."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value:
        yield node.value.replace("\n", " ")
    if isinstance(node, ast.JoinedStr):
        parts = [part.value if isinstance(part, ast.Constant) else "…" for part in node.values]
        if any(letter.isalpha() for letter in "".join(parts)):
            yield "".join(parts).replace("\n", " ")
    if isinstance(node, ast.List | ast.Tuple):
        for one in node.elts:
            yield from _words(one)
    if isinstance(node, ast.BinOp):  # names + [""] * 3, paintings | {"last": picture}
        for one in (node.left, node.right):
            yield from _words(one)


def _helpers(nodes: list[ast.AST]) -> Iterator[str]:
    """The first sentence of what a function of nstlib that draws, or a panel, says of itself."""
    for node in nodes:
        name = _called(node)
        if any(part in name for part in HELPERS):
            text = " ".join(site_api.docstring(name).split("\n\n")[0].split("\n"))
            yield text.split(". ")[0].removeprefix("Draw ").rstrip(".:").replace("`", "")


def _named(nodes: list[ast.AST]) -> Iterator[str]:
    """The bundled pictures that the cell names."""
    for node in nodes:
        if isinstance(node, ast.Constant) and node.value in _bundled():
            yield node.value.replace("_", " ")


def _variables(nodes: list[ast.AST]) -> Iterator[str]:
    """What is handed to `nst.show`, by its name in the code."""
    for node in nodes:
        if _called(node) == "show" and node.args:
            names = (one.id for one in ast.walk(node.args[0]) if isinstance(one, ast.Name))
            yield from (name for name in names if name != "nst")


def _called(node: ast.AST) -> str:
    """The name of what is called, without what it belongs to."""
    function = getattr(node, "func", None)
    return getattr(function, "attr", getattr(function, "id", ""))


@lru_cache
def _bundled() -> set[str]:
    return {entry.name for entry in (*pictures(), *clips())}
