"""The machine under the course: its cores, its free memory, its terminal, and what it tells Keras.

Light: no Keras here.
"""

import importlib.util
import json
import os
import re
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

BACKENDS = ("tensorflow", "jax", "torch")  # on which nstlib computes
# What keras.json may say for Keras to start, first what is usual.
KERAS_SETTINGS = {
    "floatx": ("float32", "float16", "float64"),
    "image_data_format": ("channels_last", "channels_first"),
}
CGROUPS = Path("/sys/fs/cgroup")
OWN_CGROUP = Path("/proc/self/cgroup")


def cores() -> int:
    """The cores this process may use, which in a container are fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def available_memory() -> int:
    """Bytes that can still be used: what the machine has free, within the limit of a container."""
    import psutil

    return max(0, min([psutil.virtual_memory().available, *_cgroup_room()]))


def _cgroup_room() -> Iterator[int]:
    """For every control group around this process that has a memory limit, the bytes left in it.

    File cache that the kernel gives back when asked (`inactive_file`) does not count as used.
    """
    try:
        own = OWN_CGROUP.read_text().strip().rpartition(":")[2].lstrip("/")
    except OSError:  # not Linux
        return
    for folder in (CGROUPS / own, *(CGROUPS / own).parents):
        try:
            limit = int((folder / "memory.max").read_text())  # "max" means none: ValueError
            used = int((folder / "memory.current").read_text())
            stat = (folder / "memory.stat").read_text()
        except (OSError, ValueError):
            continue
        cache = re.search(r"^inactive_file (\d+)$", stat, re.MULTILINE)
        yield limit - used + (int(cache[1]) if cache else 0)


def keras_home() -> Path:
    """The folder in which Keras looks for its settings and keeps what it fetches."""
    home = os.path.expanduser("~")
    usual = os.path.join(home if os.access(home, os.W_OK) else "/tmp", ".keras")
    return Path(os.path.expanduser(os.environ.get("KERAS_HOME", usual)))


def keras_json() -> dict:
    """What Keras' file of settings says: nothing if it is not there or, as for Keras, no JSON."""
    path = keras_home() / "keras.json"
    try:
        return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    except ValueError:
        return {}


def in_keras_json(name: str) -> str:
    """Where a setting stands: "line 2 of ~/.keras/keras.json"."""
    path = keras_home() / "keras.json"
    lines = path.read_text(encoding="utf-8").splitlines()
    return f"line {next((n for n, line in enumerate(lines, 1) if name in line), 1)} of {path}"


def keras_problem() -> tuple[str, str] | None:
    """The setting that keeps Keras from starting, if there is one, and what to do then.

    Every program that uses Keras can have left one, also years ago, for another Keras.
    """
    path = keras_home() / "keras.json"
    try:
        said = keras_json()
    except OSError as error:
        return f"{path} cannot be read ({error.strerror})", "set KERAS_HOME to another folder"
    if not isinstance(said, dict):
        return f"{path} holds no settings by name, and Keras stumbles over it", "delete it"
    for name, allowed in KERAS_SETTINGS.items():
        if (given := said.get(name, allowed[0])) not in allowed:
            what = f"{name} is {given!r} in {in_keras_json(name)}, which Keras refuses"
            return what, f'write "{allowed[0]}" there'
    if not isinstance(given := said.get("epsilon", 1e-7), float):
        what = f"epsilon is {given!r} in {in_keras_json('epsilon')}, which Keras refuses"
        return what, "write 1e-07 there"
    if named := os.environ.get("KERAS_BACKEND"):
        return _backend_problem(named, f"KERAS_BACKEND is {named!r}", "unset KERAS_BACKEND")
    if named := said.get("backend"):
        what = f"backend is {named!r} in {in_keras_json('backend')}"
        return _backend_problem(named, what, f'write "{BACKENDS[0]}" there')
    return None


def _backend_problem(name, what: str, mend: str) -> tuple[str, str] | None:
    if name not in (*BACKENDS, "numpy", "openvino"):
        return f"{what}, which Keras does not know", f"{mend}; it can be {', '.join(BACKENDS)}"
    if name != BACKENDS[0] and importlib.util.find_spec(name) is None:
        return f"{what}, which is not installed", f"pip install {name}, or {mend}"
    return None


def progress(iterable: Iterable | None = None, *, total: int | None = None, desc: str = ""):
    """A progress bar with the time left, in a terminal or a notebook; NST_PROGRESS=0 silences it.

    Loop over it, or give `total` and call its `update(1)`. Returns a tqdm bar.
    """
    from tqdm.auto import tqdm

    silent = os.environ.get("NST_PROGRESS") == "0"
    return tqdm(iterable, total=total, desc=desc or None, disable=silent)


@contextmanager
def held_back(*, show_after_error: bool = True) -> Iterator[None]:
    """Hold back what libraries write to the process's error stream from C++.

    It is shown after an error, if wanted. TF_CPP_MIN_LOG_LEVEL=0 shows everything at once.
    """
    if os.environ.get("TF_CPP_MIN_LOG_LEVEL") == "0":
        yield
        return
    sys.stderr.flush()
    with tempfile.TemporaryFile() as held:
        stream = os.dup(2)
        os.dup2(held.fileno(), 2)
        try:
            yield
        except Exception:
            if show_after_error:
                held.seek(0)
                os.write(stream, held.read())
            raise
        finally:
            os.dup2(stream, 2)
            os.close(stream)
