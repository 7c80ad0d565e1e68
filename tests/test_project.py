"""The project's own papers agree with each other, and the wheel holds what the course needs."""

import argparse
import ast
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import nstlib
from nstlib.__main__ import main

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # pytest brings it on Python 3.10

ROOT = Path(__file__).resolve().parent.parent
PLANNED = 16  # chapters, 00 to 15


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def pyproject() -> dict:
    return tomllib.loads(read("pyproject.toml"))


def requirements(name: str) -> dict[str, tuple[str, str]]:
    """{package: (whole requirement, reason)} of one requirements file."""
    found = {}
    for line in read(name).splitlines():
        requirement, _, reason = line.partition("#")
        package = re.match(r"[A-Za-z0-9_.-]+", line)
        if package and not line.startswith("-"):
            found[package[0]] = requirement.strip(), reason.strip()
    return found


# --- Papers --------------------------------------------------------------------------------------


REQUIREMENTS = ["requirements.txt", "requirements-dev.txt", "requirements-site.txt"]


@pytest.mark.parametrize("name", REQUIREMENTS)
def test_every_requirement_has_a_lower_bound_and_a_reason(name):
    for requirement, reason in requirements(name).values():
        assert ">=" in requirement, f"{requirement}: no lower bound for make test-lowest to try"
        assert reason, f"{requirement}: no reason"


def test_the_library_asks_for_what_the_course_installs():
    course = {requirement for requirement, _ in requirements("requirements.txt").values()}
    library = set(pyproject()["project"]["dependencies"])
    assert library <= course, f"other ranges than in requirements.txt: {library - course}"


def test_what_the_library_imports_is_declared():
    imported = set()
    for path in (ROOT / "nstlib").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                imported.add(node.module.split(".")[0])
    project = pyproject()["project"]
    extras = [line for lines in project["optional-dependencies"].values() for line in lines]
    names = {re.match(r"[\w-]+", line)[0] for line in project["dependencies"] + extras}
    names |= {name.replace("-", "_") for name in names}
    names |= {"PIL", "cv2", "nstlib"}  # under another name
    names |= {"jax", "torch", "IPython", "matplotlib_inline"}  # never required
    unknown = imported - set(sys.stdlib_module_names) - names
    assert not unknown, f"imported, but no dependency: {unknown}"


def test_python_versions_agree():
    assert pyproject()["project"]["requires-python"] == ">=3.10,<3.14"
    assert "(3, 10) <= sys.version_info[:2] <= (3, 13)" in read("Makefile")
    assert re.search(r"python=3\.1[0-3]$", read("environment.yml"), re.MULTILINE)
    tried = re.findall(r'"(3\.\d+)"', read(".github/workflows/ci.yml"))
    assert {"3.10", "3.13"} <= set(tried), f"CI does not try both ends: {tried}"


def test_the_version_is_the_same_everywhere():
    version = nstlib.__version__
    assert f"\nversion: {version}\n" in read("CITATION.cff")
    first = re.search(r"^## \[?([\d.]+)", read("CHANGELOG.md"), re.MULTILINE)
    assert first and first[1] == version, f"CHANGELOG.md begins with {first and first[1]}"


def test_the_repository_is_the_same_everywhere():
    address = pyproject()["project"]["urls"]["Repository"]
    assert address in read("CITATION.cff")
    assert f"git clone --depth 1 {address}" in read("README.md")
    owner, name = address.split("/")[-2:]
    pages = re.findall(r"https://[\w-]+\.github\.io/[\w-]+/", read("README.md"))
    assert set(pages) == {f"https://{owner}.github.io/{name}/"}


def test_the_container_is_made_by_make_and_has_no_list_of_its_own():
    lines = read(".devcontainer/devcontainer.json").splitlines()
    container = json.loads("\n".join(line for line in lines if not line.lstrip().startswith("//")))
    target = re.fullmatch(r"make (\w+) PYTHON=python", container["postCreateCommand"])[1]
    assert re.search(rf"^{target}: \$\(VENV\)/\.course$", read("Makefile"), re.MULTILINE)
    assert re.search(r"/python:3\.1[0-3]$", container["image"])
    for path in container["customizations"]["codespaces"]["openFiles"]:
        assert (ROOT / path).exists()


def test_ci_runs_what_a_contributor_runs():
    commands = [line for line in read(".ci/run").splitlines() if line and line[0] != "#"]
    assert commands[-1] == "make test"
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    assert "make test" in read(".github/workflows/ci.yml")


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "LICENSE-TEXT.md"])
def test_relative_links_lead_to_files(name):
    targets = re.findall(r"\]\(([^)\s]+)\)|src=\"([^\"]+)\"", read(name))
    for target in [one or other for one, other in targets]:
        place = target.split("#")[0]
        if place and not re.match(r"[a-z]+:", place):
            assert (ROOT / place).exists(), f"{name} links to {place}, which is not there"


def test_readme_lists_every_chapter():
    text = read("README.md")
    numbers = re.findall(r"^\| (\d\d) \|", text, re.MULTILINE)
    assert numbers == [f"{number:02}" for number in range(PLANNED)]
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        row = next(line for line in text.splitlines() if line.startswith(f"| {path.name[:2]} |"))
        assert f"](notebooks/{path.name})" in row, f"{path.name} is not linked in its row"
        assert f"/blob/main/notebooks/{path.name})" in row, f"{path.name} has no Colab badge"


def test_the_commands_of_the_readme_are_commands(monkeypatch):
    """Parsed and no more: what they do is tested where they are."""
    commands = re.findall(r"^python -m nstlib (.*)", read("README.md"), re.MULTILINE)
    assert len(commands) > 10
    parse = argparse.ArgumentParser.parse_args

    class Parsed(BaseException):
        """Ends a command before it begins."""

    def parse_only(parser, words):
        raise Parsed(parse(parser, words))

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", parse_only)
    for command in commands:
        with pytest.raises(Parsed):
            main(shlex.split(command, comments=True))


def test_the_names_in_the_readme_are_public():
    code = "".join(re.findall(r"```python\n(.*?)```", read("README.md"), re.DOTALL))
    names = set(re.findall(r"\bnst\.(\w+)", code))
    assert len(names) > 5 and not names - set(nstlib.__all__)


def test_no_machine_is_named():
    """Only this project's own text is searched; outputs of notebooks have tests of their own."""
    rooms = ("nstlib", "tools", "tests", "benchmarks", "site", "docs", ".github", ".devcontainer")
    folders = (ROOT / name for name in rooms)
    files = [path for folder in folders for path in folder.rglob("*")] + list(ROOT.glob("*.*"))
    pattern = re.compile(r"(?<![\w.])/(?:home|root|Users|work|tmp)/\w")
    for path in files:
        if path.suffix in (".py", ".md", ".toml", ".txt", ".yml", ".json", ".cff", ".cfg"):
            found = pattern.search(path.read_text(encoding="utf-8"))
            assert not found, f"{path.name} names a folder of one machine: {found[0]}…"


def test_the_wheel_carries_the_modules_and_the_pictures(tmp_path):
    """Built from a copy, without the network: setuptools is one of the test requirements."""
    source = tmp_path / "source"
    source.mkdir()
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE", "LICENSE-TEXT.md"):
        shutil.copy(ROOT / name, source)
    for name in ("nstlib", "data"):
        shutil.copytree(ROOT / name, source / name)
    command = [sys.executable, "-m", "pip", "wheel", ".", "--no-deps", "--no-build-isolation"]
    subprocess.run([*command, "-q", "-w", tmp_path], cwd=source, check=True)
    names = set(zipfile.ZipFile(next(tmp_path.glob("*.whl"))).namelist())
    modules = (path.relative_to(ROOT) for path in (ROOT / "nstlib").rglob("*.py*"))
    carried = {path.as_posix() for path in modules if path.suffix in (".py", ".pyi")}
    carried |= {"nstlib/export/page.html", "nstlib/export/paint.js"}
    carried |= {"nstlib/locale/zh/LC_MESSAGES/nstlib.mo"}
    assert "nstlib/__init__.pyi" in carried
    for folder in ("clips", "images", "weights", "course"):
        files = (path for path in (ROOT / "data" / folder).rglob("*") if path.is_file())
        carried |= {f"nstlib/_data/{path.relative_to(ROOT / 'data').as_posix()}" for path in files}
    assert "nstlib/_data/images/manifest.json" in carried
    assert carried <= names, f"not in the wheel: {sorted(carried - names)[:5]}"
    assert not any("gallery" in name for name in names)
