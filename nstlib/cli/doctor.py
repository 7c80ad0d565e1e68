"""`python -m nstlib doctor`: check this machine: OK, NOTE or FAIL, and the mend.

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

from nstlib import files, gatys, images, machine, vgg
from nstlib.words import _

PYTHONS = ((3, 10), (3, 13))  # the oldest and the newest that the course is tested on
REINSTALL = "pip install --force-reinstall -r requirements.txt"
CUDA = 'pip install "tensorflow[and-cuda]"'
OUT_ROOM = 50e6  # bytes: a few hundred pictures


class Check(NamedTuple):
    """What one check found. `ok` is None for what is worth knowing but fails nothing.

    `mend` is said unless it is OK.
    """

    ok: bool | None
    what: str
    mend: str = ""


def run(args) -> int:
    """Run every check and print a line for each; the exit code: 0 if nothing failed, else 1."""
    failed = 0
    for check in checks():
        ok, what, mend = tried(check)
        failed += ok is False
        word = {True: "OK  ", False: "FAIL", None: "NOTE"}[ok]
        print(f"{word} {what}" + (f" -> {mend}" if mend and not ok else ""), flush=True)
    mend = _("{count} to mend, see FAIL above.").format(count=failed)
    print(mend if failed else _("All is well."))
    return 1 if failed else 0


def checks() -> Iterator[Callable[[], Check]]:
    yield python
    yield from (partial(package, needed) for needed in needed_packages())
    yield keras_settings
    if not machine.keras_problem():  # else what needs Keras would fail for the same reason
        yield from (backend, device, memory)
    yield from (output_folder, weights, course_files)


def tried(check: Callable[[], Check]) -> Check:
    try:
        return check()
    except Exception as error:  # a broken package can fail in any way, and the other checks go on
        name = getattr(check, "__name__", "package").replace("_", " ")
        mend = _("mend what fails above, or: {command}").format(command=REINSTALL)
        return Check(False, f"{name}: {type(error).__name__}: {error}", mend)


def python() -> Check:
    low, high = (f"{major}.{minor}" for major, minor in PYTHONS)
    ok = PYTHONS[0] <= sys.version_info[:2] <= PYTHONS[1]
    mend = _("install Python {low} to {high}, and start from there").format(low=low, high=high)
    return Check(ok, f"Python {platform.python_version()}", mend)


def needed_packages() -> list:
    """What the course (or, in an installed package, nstlib alone) requires, and nstlib itself.

    The notebooks need it installed: in their own folder they would not find it otherwise.
    """
    from importlib import metadata

    from packaging.requirements import Requirement

    clone = Path(__file__).parents[2]
    if (clone / "pyproject.toml").is_file():
        lines = (clone / "requirements.txt").read_text(encoding="utf-8").splitlines()
        lines = filter(None, (line.partition("#")[0].strip() for line in lines))
    else:
        lines = metadata.requires("nstlib") or []
    needed = [Requirement(line) for line in (*lines, "nstlib")]
    return [one for one in needed if one.marker is None or one.marker.evaluate({"extra": ""})]


def package(needed) -> Check:
    from importlib import metadata

    own = needed.name == "nstlib"
    mend = "pip install --no-deps -e ." if own else f'pip install "{needed.name}{needed.specifier}"'
    try:
        version = metadata.version(needed.name)
    except metadata.PackageNotFoundError:
        return Check(False, _("{name} is not installed").format(name=needed.name), mend)
    ok = needed.specifier.contains(version, prereleases=True)
    return Check(ok, f"{needed.name} {version}", mend)


def keras_settings() -> Check:
    """Whether Keras can start with its settings; whether they are the usual ones.

    The networks of nstlib have their own, and the layers that a reader writes in a notebook not.
    """
    if problem := machine.keras_problem():
        return Check(False, *problem)
    said, usual = machine.keras_json(), machine.KERAS_SETTINGS
    odd = [name for name in usual if said.get(name, usual[name][0]) != usual[name][0]]
    taken = _(" and ").join(said.get(name, usual[name][0]) for name in usual)
    what = _("Keras takes {settings}").format(settings=taken)
    what += _("; nstlib does not mind, layers of your own may") * bool(odd)
    form = _('write "{value}" in {place}')
    mends = (form.format(value=usual[name][0], place=machine.in_keras_json(name)) for name in odd)
    return Check(None if odd else True, what, _(", ").join(mends))


def backend() -> Check:
    """What Keras computes on, and whether the program that asks has set a policy of its own."""
    from nstlib.backend import backend_name, backend_version, keras

    name, policy = backend_name(), keras.config.dtype_policy().name
    what = _("Keras computes on {name}").format(name=f"{name} {backend_version()}")
    if name not in machine.BACKENDS:
        mend = _("set KERAS_BACKEND to one of {names}").format(names=", ".join(machine.BACKENDS))
        return Check(False, what + _(", which has no gradients"), mend)
    if policy not in ("float32", keras.config.floatx()):
        own = _(" by the policy {policy}, which this program has set; paintings stay float32")
        what += own.format(policy=policy)
        return Check(None, what, 'keras.config.set_dtype_policy("float32")')
    return Check(True, what)


def device() -> Check:
    from nstlib.backend import device, has_gpu

    if shutil.which("nvidia-smi") and not has_gpu():
        mend = _("{command} (Linux), or go on without").format(command=CUDA)
        return Check(None, device() + _("; an NVIDIA driver is here but unused"), mend)
    return Check(True, device())


def memory() -> Check:
    free, needed = machine.available_memory(), gatys.memory.estimate_memory(512, 512)
    what = _("memory: {free:.1f} GB free, {needed:.1f} GB to paint 512 x 512 pixels")
    what = what.format(free=free / 1e9, needed=needed / 1e9)
    return Check(free >= needed, what, _("close other programs, or paint with --size 256"))


def output_folder() -> Check:
    """Whether pictures can be written; a folder that is missing is not made for that."""
    folder = Path(os.environ.get("NST_OUT") or "out").absolute()
    nearest = next(path for path in (folder, *folder.parents) if path.exists())
    problem, free = files.write_problem(nearest), shutil.disk_usage(nearest).free
    if not problem and free < OUT_ROOM:
        problem = _("has {free:.0f} MB left, {needed:.0f} MB are needed")
        problem = problem.format(free=free / 1e6, needed=OUT_ROOM / 1e6)
    what = _("can be written, {free:.0f} GB free").format(free=free / 1e9)
    what = f"{nearest} {problem}" if problem else what
    mend = _("make room, or set NST_OUT to another folder")
    return Check(not problem, f"{folder}: {what}", mend)


def weights() -> Check:
    status, named = vgg.weights.weights_status("vgg19"), os.environ.get("NSTLIB_VGG19")
    mend = _("correct or unset NSTLIB_VGG19") if named else "git checkout data/weights"
    return Check(status.ready, _("weights: {which}").format(which=status.line), mend)


def course_files() -> Check:
    """Whether the pictures and networks of the course are there; a network says if it is whole."""
    folder, pictures = files.data_folder(), images.bundled.pictures()
    networks = (images.bundled.bundled_networks() | images.bundled.bundled_textures()).values()
    paths = [entry.path for entry in pictures]
    paths += [folder / "weights" / row["file"] for row in networks]
    missing = ", ".join(path.name for path in paths if not path.is_file())
    found = _("{pictures} pictures and {networks} networks")
    found = found.format(pictures=len(pictures), networks=len(networks))
    what = _(", missing from {folder}: {names}") if missing else _(", all in {folder}")
    mend = _("{command}, or clone the repository again").format(command="git checkout data")
    return Check(not missing, found + what.format(folder=folder, names=missing), mend)
