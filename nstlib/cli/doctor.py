"""Is this machine ready? One check a line: OK, NOTE or FAIL, and for each failure what mends it.

Every check imports what it looks at by itself, so that one broken package does not hide the rest.
"""

import hashlib
import importlib.metadata
import os
import platform
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

from nstlib.errors import InputError

PYTHONS = ((3, 10), (3, 13))  # the oldest and the newest that the course is tested on
OUT_ROOM = 50e6  # bytes: a few hundred pictures


class Check(NamedTuple):
    """What one check found. `ok` is None for what is worth knowing but fails nothing."""

    ok: bool | None
    what: str
    mend: str = ""


def examine() -> int:
    """Run every check and print a line for each; the exit code: 0 if nothing failed, else 1."""
    failed = 0
    for check in checks():
        ok, what, mend = _tried(check)
        failed += ok is False
        word = {True: "OK  ", False: "FAIL", None: "NOTE"}[ok]
        print(f"{word} {what}" + (f" -> {mend}" if mend else ""), flush=True)
    print(f"{failed} to mend, see FAIL above." if failed else "All is well.")
    return 1 if failed else 0


def checks() -> Iterator[Callable[[], Check]]:
    yield python
    yield from (partial(package, name, least) for name, least in needed_packages().items())
    yield from (
        installation,
        backend,
        device,
        budget,
        memory,
        output_folder,
        weights,
        pictures,
    )


def _tried(check: Callable[[], Check]) -> Check:
    try:
        return check()
    except Exception as error:  # a broken package can fail in any way, and the other checks go on
        name = getattr(check, "__name__", "package").replace("_", " ")
        return Check(False, f"{name}: {type(error).__name__}: {error}", "mend what fails above")


def python() -> Check:
    here = f"Python {platform.python_version()}"
    low, high = (f"{major}.{minor}" for major, minor in PYTHONS)
    ok = PYTHONS[0] <= sys.version_info[:2] <= PYTHONS[1]
    return Check(ok, here, "" if ok else f"install Python {low} to {high}, and start from there")


def needed_packages() -> dict[str, str]:
    """{"numpy": "2.0", …}: the oldest version of each that the course (or nstlib alone) runs on."""
    clone = Path(__file__).parent.parent
    if (clone / "pyproject.toml").is_file():
        lines = (clone / "requirements.txt").read_text(encoding="utf-8").splitlines()
    else:
        lines = importlib.metadata.requires("nstlib") or []
    found = (re.match(r"([\w.-]+)\s*>=\s*([\d.]+)(?!.*extra ==)", line) for line in lines)
    return {match[1]: match[2] for match in found if match}


def installation() -> Check:
    """The notebooks need it installed: in their own folder they would not find it otherwise."""
    try:
        return Check(True, f"nstlib {importlib.metadata.version('nstlib')}")
    except importlib.metadata.PackageNotFoundError:
        return Check(False, "nstlib is not installed", "pip install --no-deps -e .")


def package(name: str, least: str) -> Check:
    mend = f'pip install "{name}>={least}"'
    try:
        version = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return Check(False, f"{name} is not installed", mend)
    ok = _numbers(version) >= _numbers(least)
    return Check(ok, f"{name} {version}", "" if ok else mend)


def _numbers(version: str) -> list[int]:
    """ "2.18.0rc1" -> [2, 18, 0]: enough to compare with the oldest version allowed."""
    return [int(part) for part in re.match(r"[\d.]*\d", version)[0].split(".")]


def backend() -> Check:
    from nstlib import machine as runtime

    mend = 'pip install --force-reinstall "keras" "tensorflow"'
    try:
        return Check(
            True, f"Keras computes on {runtime.backend_name()} {runtime.backend_version()}"
        )
    except Exception as error:
        return Check(False, f"Keras does not start: {type(error).__name__}: {error}", mend)


def device() -> Check:
    from nstlib import machine as runtime

    if shutil.which("nvidia-smi") and not runtime.has_gpu():
        mend = 'pip install "tensorflow[and-cuda]" (Linux), or go on without'
        return Check(None, f"{runtime.device()}; an NVIDIA driver is here but unused", mend)
    return Check(True, runtime.device())


def budget() -> Check:
    from nstlib import machine as runtime

    try:
        return Check(True, f"budget {runtime.budget_name()}: how much work the notebooks do here")
    except InputError as error:
        return Check(False, str(error), "set the variable NST_BUDGET anew, or not at all")


def memory() -> Check:
    from nstlib.gatys.memory import estimate_memory
    from nstlib.machine import available_memory

    free, needed = available_memory(), estimate_memory(512, 512)
    what = f"memory: {free / 1e9:.1f} GB free, {needed / 1e9:.1f} GB to paint 512 x 512 pixels"
    ok = free >= needed
    return Check(ok, what, "" if ok else "close other programs, or paint with --size 256")


def output_folder() -> Check:
    return _folder(Path(os.environ.get("NST_OUT") or "out").absolute(), OUT_ROOM, "NST_OUT")


def _folder(folder: Path, room: float, variable: str) -> Check:
    """Whether files can be written there; a folder that is missing is not made for that."""
    from nstlib.files import write_problem

    nearest = next(path for path in (folder, *folder.parents) if path.exists())
    problem, free = write_problem(nearest), shutil.disk_usage(nearest).free
    if not problem and free < room:
        problem = f"has {free / 1e6:.0f} MB left, {room / 1e6:.0f} MB are needed"
    if problem:
        mend = f"make room, or set {variable} to another folder"
        return Check(False, f"{folder}: {nearest} {problem}", mend)
    return Check(True, f"{folder} can be written, {free / 1e9:.0f} GB free")


def weights() -> Check:
    from nstlib.vgg.weights import weights_status

    ready, line = weights_status("vgg19")
    if ready:
        return Check(True, f"weights: {line}")
    if os.environ.get("NSTLIB_VGG19"):
        return Check(False, f"weights: {line}", "correct or unset NSTLIB_VGG19")
    return Check(None, f"weights: {line}", "python -m nstlib weights")


def pictures() -> Check:
    from nstlib.images import bundled as data

    entries = data.pictures()
    here = [entry for entry in entries if entry.path.is_file()]
    changed = [entry.name for entry in here if _sha256(entry.path) != entry.sha256]
    if changed:
        return Check(False, f"pictures changed: {', '.join(changed)}", "git checkout data/images")
    if len(here) < len(entries):
        return Check(None, f"{len(entries) - len(here)} pictures are fetched when they are used")
    return Check(True, f"{len(entries)} bundled pictures, intact")


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
