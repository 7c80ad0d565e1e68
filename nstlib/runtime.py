"""Where the course runs: one line of greeting, how much work to do, progress bars, answers checked.

Nothing here imports Keras before it is needed, so that `progress` and `budget` stay cheap.
"""

import importlib
import os
import platform
import re
import sys
import tempfile
import uuid
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from nstlib import __version__
from nstlib.errors import InputError, did_you_mean

BUDGETS = ("ci", "laptop", "gpu")
CGROUPS = Path("/sys/fs/cgroup")
OWN_CGROUP = Path("/proc/self/cgroup")
# The names of limit, use and reclaimable cache differ between the two versions of control groups.
CGROUP_FILES = (
    ("memory.max", "memory.current", "inactive_file"),
    ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
)


def hello(seed: int = 0) -> None:
    """Seed everything, choose small figures, and print the one line that a bug report needs.

    Python, NumPy and Keras start from `seed`, so a notebook run twice gives the same pictures.
    """
    if not isinstance(seed, int) or not 0 <= seed < 2**32:
        raise InputError(f"seed is {seed!r}: give a whole number from 0 to {2**32 - 1}.")
    keras = import_keras()
    _figures_as_jpeg()
    line = (
        f"nstlib {__version__} · Python {platform.python_version()} · Keras {keras.__version__} on "
        f"{backend_name()} {backend_version()} · {device()} · budget {budget_name()} · seed {seed}"
    )
    with _held_back_chatter():  # seeding imports TensorFlow, if it is installed, on any backend
        keras.utils.set_random_seed(seed)  # last, since a library that loads may draw numbers
    print(line)


def log_quietly() -> None:
    """Silence TensorFlow's log; works only before TensorFlow is imported. Set values are kept."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")


def import_keras() -> ModuleType:
    """Keras with its backend, imported without the backend's start-up chatter."""
    log_quietly()
    with _held_back_chatter():
        return importlib.import_module("keras")


@contextmanager
def _held_back_chatter() -> Iterator[None]:
    """Hold back what is written to the process's error stream, and show it only after an error.

    TensorFlow 2.19 and later write some lines, from C++, before they read TF_CPP_MIN_LOG_LEVEL;
    once it is imported, nothing is held back. TF_CPP_MIN_LOG_LEVEL=0 shows everything.
    """
    if "tensorflow" in sys.modules or os.environ.get("TF_CPP_MIN_LOG_LEVEL") == "0":
        yield
        return
    with tempfile.TemporaryFile() as held:
        stream = os.dup(2)
        os.dup2(held.fileno(), 2)
        try:
            yield
        except Exception:
            held.seek(0)
            os.write(stream, held.read())
            raise
        finally:
            os.dup2(stream, 2)
            os.close(stream)


def _figures_as_jpeg() -> None:
    """Store figures in notebooks as JPEG: a photo takes a tenth of the room that PNG takes."""
    ipython = sys.modules.get("IPython")
    if ipython is None or ipython.get_ipython() is None:
        return
    from matplotlib_inline.backend_inline import set_matplotlib_formats

    set_matplotlib_formats("jpeg", pil_kwargs={"quality": 85})


def backend_name() -> str:
    """The backend that Keras runs on: "tensorflow", "jax" or "torch"."""
    return import_keras().backend.backend()


def backend_version() -> str:
    return importlib.import_module(backend_name()).__version__


def device() -> str:
    """What the backend computes on, in words: "CPU, 2 cores" or "GPU NVIDIA A100"."""
    found = _accelerator(backend_name())
    if found:
        return found
    cores = _cores()
    return f"CPU, {cores} core{'s' if cores != 1 else ''}"


def has_gpu() -> bool:
    """Whether the backend sees a GPU (or another accelerator)."""
    return bool(_accelerator(backend_name()))


def has_fast_bfloat16() -> bool:
    """Whether TensorFlow computes convolutions in bfloat16 on this CPU, in about half the time."""
    flags = Path("/proc/cpuinfo")
    if backend_name() != "tensorflow" or has_gpu() or not flags.exists():
        return False
    return bool(re.search(r"\b(avx512_bf16|amx_bf16)\b", flags.read_text()))


def _cores() -> int:
    """The cores this process may use, which in a container are fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _accelerator(backend: str) -> str:
    """The first accelerator that this backend sees, or "" for none."""
    finders = {"tensorflow": _tensorflow_gpu, "jax": _jax_gpu, "torch": _torch_gpu}
    return finders[backend]() if backend in finders else ""


def _tensorflow_gpu() -> str:
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    if not gpus:
        return ""
    name = tf.config.experimental.get_device_details(gpus[0]).get("device_name", "")
    return f"GPU {name}".strip()


def _jax_gpu() -> str:
    import jax

    first = jax.devices()[0]
    return "" if first.platform == "cpu" else f"{first.platform.upper()} {first.device_kind}"


def _torch_gpu() -> str:
    import torch

    if torch.cuda.is_available():
        return f"GPU {torch.cuda.get_device_name(0)}"
    return "GPU Apple" if torch.backends.mps.is_available() else ""


def budget_name() -> str:
    """How much work to do here: NST_BUDGET if set, else "gpu" if one is seen, else "laptop"."""
    name = os.environ.get("NST_BUDGET", "").strip().lower()
    if not name:
        return "gpu" if has_gpu() else "laptop"
    if name not in BUDGETS:
        raise InputError(
            f"NST_BUDGET is {name!r}.{did_you_mean(name, BUDGETS)} Allowed: {', '.join(BUDGETS)}."
        )
    return name


def budget(*, ci: Any, laptop: Any, gpu: Any) -> Any:
    """The argument that fits this machine, so that one notebook runs in CI, on a laptop, on a GPU.

    `SIZE, STEPS = budget(ci=(64, 2), laptop=(256, 150), gpu=(512, 400))`
    """
    return {"ci": ci, "laptop": laptop, "gpu": gpu}[budget_name()]


def progress(iterable: Iterable | None = None, *, total: int | None = None, desc: str = ""):
    """A progress bar with the time left, in a terminal or a notebook; NST_PROGRESS=0 silences it.

    Loop over it, or give `total` and call its `update(1)`. Returns a tqdm bar.
    """
    from tqdm.auto import tqdm

    silent = os.environ.get("NST_PROGRESS") == "0"
    return tqdm(iterable, total=total, desc=desc or None, disable=silent)


def output_folder() -> Path:
    """Where notebooks save pictures: NST_OUT if set, else `out` here, else in the temporary folder.

    The folder is made if it is missing. Raises InputError if NST_OUT cannot be written to.
    """
    named = os.environ.get("NST_OUT")
    folder = Path(named or "out")
    problem = write_problem(folder)
    if problem and named:
        raise InputError(f"NST_OUT is {named!r}, which {problem}. Set it to a folder of your own.")
    if problem:
        folder = Path(tempfile.gettempdir()) / "nstlib-out"
        folder.mkdir(exist_ok=True)
        warnings.warn(f"Pictures go to {folder}, because 'out' {problem}.", stacklevel=2)
    return folder


def write_problem(folder: Path) -> str:
    """Why nothing can be written in `folder`, or "" if it can; makes a missing folder."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()  # the only test that is right everywhere
    except FileExistsError:
        return "is a file, not a folder"
    except OSError as error:
        return f"cannot be written to ({error.strerror or error})"
    return ""


def write_whole(content: bytes, path: Path) -> None:
    """Into a file beside the target first, then moved over it, which happens at once or not."""
    path = Path(os.path.realpath(path))  # a link goes on pointing to its file
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f".nstlib-{uuid.uuid4().hex}.part")
    try:
        with scratch.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())  # a full disk may show only here
        os.replace(scratch, path)
    except BaseException:
        scratch.unlink(missing_ok=True)
        raise


def available_memory() -> int:
    """Bytes that can still be used: what the machine has free, within the limit of a container."""
    import psutil

    return max(0, min([psutil.virtual_memory().available, *_cgroup_room()]))


def _cgroup_room() -> Iterator[int]:
    """For every control group around this process that has a memory limit, the bytes left in it.

    File cache that the kernel gives back when asked (`inactive_file`) does not count as used.
    """
    for folder in _cgroup_folders():
        for limit_name, use_name, cache_name in CGROUP_FILES:
            try:
                limit = int((folder / limit_name).read_text())  # "max" means none: ValueError
                used = int((folder / use_name).read_text())
                stat = (folder / "memory.stat").read_text()
            except (OSError, ValueError):
                continue
            cache = re.search(rf"^{cache_name} (\d+)$", stat, re.MULTILINE)
            yield limit - used + (int(cache[1]) if cache else 0)


def _cgroup_folders() -> set[Path]:
    """The folders of this process's control groups and of all above them (versions 1 and 2)."""
    folders = {CGROUPS, CGROUPS / "memory"}
    try:
        lines = OWN_CGROUP.read_text().splitlines()
    except OSError:  # not Linux
        return set()
    for line in lines:
        _, controllers, path = line.split(":", 2)
        root = CGROUPS / "memory" if "memory" in controllers.split(",") else CGROUPS
        own = root / path.lstrip("/")
        folders.update(folder for folder in (own, *own.parents) if folder.is_relative_to(root))
    return folders


def check(yours: Any, reference: Any, *, tolerance: float = 1e-4) -> bool:
    """Whether an exercise's answer agrees with the reference: prints `yes` or `not yet: why`.

    Numbers, strings, arrays, tensors, and lists or dicts of them. `tolerance` is relative to the
    reference's largest value, and absolute below 1. Never raises, so that Run All always finishes.
    """
    try:
        problem = _difference(yours, reference, tolerance)
    except Exception as error:  # whatever a half-written answer is, the notebook goes on
        problem = f"a {type(yours).__name__} cannot be compared with the reference ({error})"
    print(f"not yet: {problem}" if problem else "yes")
    return not problem


def _difference(yours: Any, reference: Any, tolerance: float) -> str:
    """The first difference in words, or "" for none."""
    if yours is None or yours is ...:
        return "nothing given, write your answer in place of the dots"
    mine, theirs = _entries(yours), _entries(reference)
    if mine is None or theirs is None:
        return _array_difference(_as_array(yours), _as_array(reference), tolerance)
    if mine.keys() != theirs.keys():
        return f"the entries are {list(mine)}, expected {list(theirs)}"
    problems = ((key, _difference(mine[key], theirs[key], tolerance)) for key in theirs)
    return next((f"at {key!r}, {problem}" for key, problem in problems if problem), "")


def _entries(value: Any) -> dict | None:
    """The parts of a dict, list or tuple by key or position; None for anything else."""
    if isinstance(value, list | tuple):
        return dict(enumerate(value))
    return value if isinstance(value, dict) else None


def _as_array(value: Any) -> np.ndarray:
    """A NumPy array of a number, string, list or tensor; numbers in double precision."""
    if hasattr(value, "detach"):  # a PyTorch tensor, perhaps on a GPU and with a gradient
        value = value.detach().cpu()
    array = np.asarray(value)
    return array.astype(np.float64) if array.dtype.kind in "biuf" else array


def _array_difference(yours: np.ndarray, reference: np.ndarray, tolerance: float) -> str:
    if yours.shape != reference.shape:
        return f"the shape is {yours.shape}, expected {reference.shape}"
    if yours.dtype != np.float64 or reference.dtype != np.float64:
        same = yours.dtype.kind == reference.dtype.kind and np.array_equal(yours, reference)
        return "" if same else f"{repr(yours.tolist()):.60} is not the answer"
    largest = float(np.max(np.abs(yours - reference), initial=0.0))
    allowed = tolerance * max(1.0, float(np.max(np.abs(reference), initial=0.0)))
    # Written so that NaN, which is neither larger nor smaller, counts as a difference.
    return "" if largest <= allowed else f"the largest difference is {largest:.3g}"
