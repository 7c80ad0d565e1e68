"""The house that nstlib is: who may import whom, how long a file may be, and every public name."""

import ast
import os
import subprocess
import sys
from functools import lru_cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "nstlib"
# A room may import from the floors below its own; the ground files have an order of their own.
FLOORS = {
    **dict.fromkeys(("errors", "words"), 0),
    **dict.fromkeys(("files", "machine"), 1),
    "backend": 2,
    **dict.fromkeys(("images", "vgg"), 3),
    **dict.fromkeys(("gatys", "evaluation"), 4),
    "networks": 5,
    "export": 6,
    "stylizers": 7,
    **dict.fromkeys(("notebook", "cli"), 8),
    "__main__": 9,
}
LONGEST = 250  # lines of a file


@lru_cache
def imports() -> dict[str, set[str]]:
    """Module -> the modules of nstlib that it imports, anywhere in its file."""
    paths = {".".join(path.relative_to(PACKAGE).with_suffix("").parts): path for path in files()}
    paths = {name.removesuffix(".__init__"): path for name, path in paths.items()}
    found = {}
    for name, path in paths.items():
        nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        taken = [m for node in nodes for m in imported(node)]
        inside = [m.removeprefix("nstlib").removeprefix(".") for m in taken]
        found[name] = {nearest(m, paths) for m in inside}
    return found


def files() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def imported(node) -> list[str]:
    """The names under nstlib that an import statement asks for, modules or what is in them."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names if alias.name.split(".")[0] == "nstlib"]
    if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "nstlib":
        names = [alias.name for alias in node.names if alias.name != "__version__"]
        return [f"{node.module}.{name}" for name in names]
    return []


def nearest(name: str, modules) -> str:
    """The module that a dotted name is, or is in."""
    while name not in modules and name:
        name = name.rpartition(".")[0]
    return name or "__init__"


def room(module: str) -> str:
    return module.split(".")[0]


def arrows() -> list[tuple[str, str]]:
    """(module, module that it imports), where they are in different rooms."""
    pairs = [(module, taken) for module, several in imports().items() for taken in several]
    return [pair for pair in pairs if room(pair[0]) != room(pair[1])]


def test_every_room_has_a_floor():
    assert {room(module) for module in imports()} == {*FLOORS, "__init__"}


def test_imports_lead_downwards_only():
    assert [
        pair for pair in arrows() if FLOORS[room(pair[0])] <= FLOORS.get(room(pair[1]), 99)
    ] == []


def test_networks_know_the_optimiser_only_where_they_are_taught():
    outside = [m for m in imports() if room(m) == "networks" and "networks.training" not in m]
    assert [m for m in outside if any(room(taken) == "gatys" for taken in imports()[m])] == []


def test_no_module_imports_itself_by_way_of_others():
    tuple(TopologicalSorter(imports()).static_order())  # raises CycleError


@pytest.mark.parametrize("path", files(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_file_is_read_in_one_sitting(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST


def test_every_public_name_can_be_imported():
    code = "import nstlib; print(len(nstlib.__all__)); [getattr(nstlib, n) for n in nstlib.__all__]"
    settings = {**os.environ, "EAGER_IMPORT": "1"}
    run = subprocess.run(
        [sys.executable, "-c", code], env=settings, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    assert int(run.stdout) > 120
