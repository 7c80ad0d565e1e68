"""Try the first cell of a chapter on the versions that Colab ships, without Colab.

    python tools/try_colab.py --plan                   what the first cell would change there
    python tools/try_colab.py [--python python3.12]    and do it: install, then run 00 and 08

Colab publishes what it has installed (github.com/googlecolab/backend-info); `--list` takes another
address, that of a past runtime, or a file. An environment gets those packages that the course asks
for, in those versions, and all that they need in turn. Then nstlib is installed into it as the
first cell does it, and the chapters run at the budget `ci`. What pip changed is told: where that is
something that a running notebook has already imported, Colab asks its reader to restart.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import NamedTuple

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
LISTED = "https://raw.githubusercontent.com/googlecolab/backend-info/main/pip-freeze.txt"
# Colab's own kernel and what it runs on, and two packages that share a folder with one of ours.
KERNEL = ("ipykernel", "ipython", "jupyter-client", "traitlets", "tornado", "pyzmq")
BESIDE = ("nbclient", "nbconvert", "opencv-python", "opencv-contrib-python")
CHAPTERS = ("00_start_here", "08_one_style_one_network")
BUILT_FROM = ("pyproject.toml", "setup.py", "README.md", "LICENSE", "LICENSE-TEXT.md")


class Step(NamedTuple):
    """What the first cell does to one package: "kept", "raised" or "added"."""

    package: str
    shipped: str
    asked: str
    what: str

    def __str__(self) -> str:
        restart = ": the notebook has to be restarted" * self.restarts
        return f"{self.what:7s}{self.package} {self.shipped or '-'} ({self.asked}){restart}"

    @property
    def restarts(self) -> bool:
        return self.what == "raised" and self.package in KERNEL


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--list", default=LISTED, help="an address, or a file")
    parser.add_argument("--plan", action="store_true", help="install and run nothing")
    parser.add_argument("--python", default=sys.executable, help="Colab has 3.12")
    parser.add_argument("--out", type=Path, default=ROOT / "out" / "colab")
    parser.add_argument("chapters", nargs="*", default=CHAPTERS)
    args = parser.parse_args(argv)
    shipped = pins(fetched(args.list))
    for step in plan(shipped, requirements()):
        print(step)
    if args.plan:
        return 0
    python = environment(args.out, args.python, shipped)
    before = installed(python)
    first_cell(python, args.out)
    print(*changes(before, installed(python)), sep="\n")
    return max(run(python, chapter, args.out) for chapter in args.chapters)


# --- What would happen ----------------------------------------------------------------------------


def fetched(place: str) -> str:
    """The text of a list, from a file or the web."""
    if not re.match(r"https?://", place):
        return Path(place).read_text(encoding="utf-8")
    with urllib.request.urlopen(place, timeout=60) as answer:
        return answer.read().decode()


def pins(text: str) -> dict[str, str]:
    """Package -> version, of what `pip freeze` wrote. What came from an address has no version."""
    found = {}
    for line in text.splitlines():
        name, equal, version = line.partition("==")
        if equal and not line.startswith("#"):
            found[canonicalize_name(name)] = version.partition("+")[0].strip()
    if not found:
        raise SystemExit("This is no list of `pip freeze`: no line reads package==version.")
    return found


def requirements() -> list[Requirement]:
    """What nstlib asks for."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    block = re.search(r"^dependencies = \[(.*?)^\]", text, re.MULTILINE | re.DOTALL)[1]
    return [Requirement(line) for line in re.findall(r'"(.*?)"', block)]


def plan(shipped: dict[str, str], asked: list[Requirement]) -> list[Step]:
    """What pip does to each package that nstlib asks for by name."""
    steps = []
    for one in asked:
        name = canonicalize_name(one.name)
        version = shipped.get(name, "")
        fits = one.specifier.contains(version, prereleases=True) if version else False
        what = "kept" if fits else "raised" if version else "added"
        steps.append(Step(name, version, str(one.specifier), what))
    return steps


def changes(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """What an installation did, package by package."""
    names = [name for name in sorted(after) if before.get(name) != after[name]]
    return [f"pip: {name} {before.get(name, '-')} -> {after[name]}" for name in names]


# --- What does happen -----------------------------------------------------------------------------


def environment(out: Path, python: str, shipped: dict[str, str]) -> Path:
    """The Python of a new environment with Colab's versions of what the course asks for."""
    shutil.rmtree(out, ignore_errors=True)
    subprocess.run([python, "-m", "venv", out / "venv"], check=True)
    listed = out / "pins.txt"
    listed.write_text("".join(f"{name}=={version}\n" for name, version in shipped.items()))
    asked = [canonicalize_name(one.name) for one in requirements()]
    wanted = [name for name in dict.fromkeys([*asked, *KERNEL, *BESIDE]) if name in shipped]
    made = out / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python"
    pip(made, "-c", listed, *wanted)
    return made


def first_cell(python: Path, out: Path) -> None:
    """Install nstlib on top, as the first cell does, but from this folder instead of GitHub."""
    copy = out / "nst-course"
    for name in BUILT_FROM:
        copy.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, copy)
    for name in ("nstlib", "data"):
        shutil.copytree(ROOT / name, copy / name)
    pip(python, copy)


def pip(python: Path, *words) -> None:
    quiet = ("install", "-q", "--disable-pip-version-check")
    subprocess.run([python, "-m", "pip", *quiet, *words], check=True)


def installed(python: Path) -> dict[str, str]:
    command = [python, "-m", "pip", "list", "--format", "json", "--disable-pip-version-check"]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return {canonicalize_name(one["name"]): one["version"] for one in json.loads(said)}


def run(python: Path, chapter: str, out: Path) -> int:
    """Every cell of a chapter, with the nstlib that was installed; returns nbconvert's status."""
    settings = {"NST_BUDGET": "ci", "NST_OUT": str(out / "paintings"), "PYTHONPATH": ""}
    command = [python, "-m", "nbconvert", "--to", "notebook", "--execute", "--log-level=WARN"]
    command += ["--output-dir", out, ROOT / "notebooks" / f"{chapter}.ipynb"]
    status = subprocess.run(command, env=os.environ | settings, cwd=out).returncode
    print(f"{chapter}: {'failed' if status else 'runs'}")
    return status


if __name__ == "__main__":
    sys.exit(main())
