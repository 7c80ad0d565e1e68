"""The machine under the course: its cores, its free memory, its terminal. Light: no Keras here."""

import os
import re
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

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
