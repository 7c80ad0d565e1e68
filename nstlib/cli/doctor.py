"""`python -m nstlib doctor`: is this machine ready? OK, NOTE or FAIL, and what mends a failure.

Every check imports what it looks at by itself, so that one broken package does not hide the rest.
"""

import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

HELP = "check this machine: OK or FAIL, and the mend"
PYTHONS = ((3, 10), (3, 13))  # the oldest and the newest that the course is tested on
OUT_ROOM = 50e6  # bytes: a few hundred pictures


class Check(NamedTuple):
    """What one check found. `ok` is None for what is worth knowing but fails nothing."""

    ok: bool | None
    what: str
    mend: str = ""


def add_options(parser) -> None:
    """It takes none."""


def run(args) -> int:
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
    yield from (partial(package, needed) for needed in needed_packages())
    yield from (installation, backend, device, memory, output_folder, weights, course_files)


def _tried(check: Callable[[], Check]) -> Check:
    try:
        return check()
    except Exception as error:  # a broken package can fail in any way, and the other checks go on
        name = getattr(check, "__name__", "package").replace("_", " ")
        return Check(False, f"{name}: {type(error).__name__}: {error}", "mend what fails above")


def python() -> Check:
    low, high = (f"{major}.{minor}" for major, minor in PYTHONS)
    ok = PYTHONS[0] <= sys.version_info[:2] <= PYTHONS[1]
    mend = "" if ok else f"install Python {low} to {high}, and start from there"
    return Check(ok, f"Python {platform.python_version()}", mend)


def needed_packages() -> list:
    """The requirements of the course (or, in an installed package, of nstlib alone) here."""
    from importlib import metadata

    from packaging.requirements import Requirement

    clone = Path(__file__).parents[2]
    if (clone / "pyproject.toml").is_file():
        lines = (clone / "requirements.txt").read_text(encoding="utf-8").splitlines()
        lines = filter(None, (line.partition("#")[0].strip() for line in lines))
    else:
        lines = metadata.requires("nstlib") or []
    needed = [Requirement(line) for line in lines]
    return [one for one in needed if one.marker is None or one.marker.evaluate({"extra": ""})]


def package(needed, mend: str = "") -> Check:
    from importlib import metadata

    mend = mend or f'pip install "{needed.name}{needed.specifier}"'
    try:
        version = metadata.version(needed.name)
    except metadata.PackageNotFoundError:
        return Check(False, f"{needed.name} is not installed", mend)
    ok = needed.specifier.contains(version, prereleases=True)
    return Check(ok, f"{needed.name} {version}", "" if ok else mend)


def installation() -> Check:
    """The notebooks need it installed: in their own folder they would not find it otherwise."""
    from packaging.requirements import Requirement

    return package(Requirement("nstlib"), "pip install --no-deps -e .")


def backend() -> Check:
    try:
        from nstlib.backend import backend_name, backend_version

        return Check(True, f"Keras computes on {backend_name()} {backend_version()}")
    except Exception as error:
        mend = 'pip install --force-reinstall "keras" "tensorflow"'
        return Check(False, f"Keras does not start: {type(error).__name__}: {error}", mend)


def device() -> Check:
    from nstlib.backend import device, has_gpu

    if shutil.which("nvidia-smi") and not has_gpu():
        mend = 'pip install "tensorflow[and-cuda]" (Linux), or go on without'
        return Check(None, f"{device()}; an NVIDIA driver is here but unused", mend)
    return Check(True, device())


def memory() -> Check:
    from nstlib.gatys.memory import estimate_memory
    from nstlib.machine import available_memory

    free, needed = available_memory(), estimate_memory(512, 512)
    what = f"memory: {free / 1e9:.1f} GB free, {needed / 1e9:.1f} GB to paint 512 x 512 pixels"
    mend = "" if free >= needed else "close other programs, or paint with --size 256"
    return Check(free >= needed, what, mend)


def output_folder() -> Check:
    """Whether pictures can be written; a folder that is missing is not made for that."""
    from nstlib.files import write_problem

    folder = Path(os.environ.get("NST_OUT") or "out").absolute()
    nearest = next(path for path in (folder, *folder.parents) if path.exists())
    problem, free = write_problem(nearest), shutil.disk_usage(nearest).free
    if not problem and free < OUT_ROOM:
        problem = f"has {free / 1e6:.0f} MB left, {OUT_ROOM / 1e6:.0f} MB are needed"
    if problem:
        mend = "make room, or set NST_OUT to another folder"
        return Check(False, f"{folder}: {nearest} {problem}", mend)
    return Check(True, f"{folder} can be written, {free / 1e9:.0f} GB free")


def weights() -> Check:
    from nstlib.vgg.weights import weights_status

    status = weights_status("vgg19")
    named = os.environ.get("NSTLIB_VGG19")
    mend = "correct or unset NSTLIB_VGG19" if named else "git checkout data/weights"
    return Check(status.ready, f"weights: {status.line}", "" if status.ready else mend)


def course_files() -> Check:
    """Whether the pictures and networks of the course are there; a network says if it is whole."""
    from nstlib.files import data_folder
    from nstlib.images.bundled import bundled_networks, pictures

    paths = [entry.path for entry in pictures()]
    paths += [data_folder() / "weights" / row["file"] for row in bundled_networks().values()]
    missing = [path.name for path in paths if not path.is_file()]
    if missing:
        mend = "git checkout data, or clone the repository again"
        return Check(False, f"missing from {data_folder()}: {', '.join(missing)}", mend)
    return Check(True, f"{len(pictures())} pictures and {len(bundled_networks())} networks")
