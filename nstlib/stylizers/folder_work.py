"""One picture of a folder, from file to file: what the workers do, here or on other machines.

Nothing here needs Keras before a stylizer is built, so that a worker is ready at once.
"""

import json
import os
import time
import warnings
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from nstlib.errors import InputError, NstError
from nstlib.images.files import load_image, save_image
from nstlib.stylizers.folder_files import content_hash


class Job(NamedTuple):
    """A picture: its name, what it becomes, both as paths too, and what lies there beforehand."""

    name: str
    output: str
    source: Path
    target: Path
    before: tuple | None

    def row(self, manner: "Manner") -> dict:
        """What the manifest says of it before it is painted."""
        row = {"source": self.name, "output": self.output, "settings": manner.settings}
        return row | {"status": "planned"}


class Manner(NamedTuple):
    """How to paint: the painter in words (JSON), how it is called, how files are read and written.

    `settings` is a hash of all this, and of the files that the painter is made from.
    """

    painter: str
    call: str
    size: int | None
    quality: int
    settings: str


def state(path: Path) -> tuple | None:
    """What tells one version of a file from the next: the time of writing and the size."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def described(paint, options: dict) -> dict:
    """A painter in words that another process can read.

    `paint` is what `nst.stylizer` takes as its first argument, `options` the rest; or `paint` is a
    function picture -> picture that can be imported, and `options` what it takes beside. Files are
    named by their whole path. Raises InputError for what cannot be said in words.
    """
    words = {"options": _portable(options)}
    if callable(paint):
        words["function"] = _address(paint)
    else:
        words["stylizer"] = _portable(paint)
    try:
        json.dumps(words)
    except TypeError as error:
        raise InputError(
            f"The stylizer cannot be described to workers ({error}): give styles by name or as "
            "files, and options as numbers and texts."
        ) from error
    return words


def _address(function: Callable) -> str:
    module, name = getattr(function, "__module__", ""), getattr(function, "__qualname__", "")
    try:
        if module != "__main__" and getattr(import_module(module), name) is function:
            return f"{module}:{name}"
    except (ImportError, AttributeError, ValueError, TypeError):
        pass
    raise InputError(
        f"Workers cannot import {name or function!r}: give a style by name, or a function that "
        "stands at the top of a module, such as nst.kuwahara; its options go beside it."
    )


def _portable(value):
    if isinstance(value, Mapping):
        return {_portable(key): _portable(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_portable(one) for one in value]
    if isinstance(value, str | os.PathLike):
        path = os.path.expanduser(os.fspath(value))
        return os.path.abspath(path) if os.path.isfile(path) else os.fspath(value)
    return value


def files_of(words) -> list[str]:
    """The files that a described painter is made from."""
    if isinstance(words, dict):
        words = [*words, *words.values()]
    if isinstance(words, list):
        return sorted({file for word in words for file in files_of(word)})
    return [words] if isinstance(words, str) and os.path.isfile(words) else []


@lru_cache(maxsize=2)
def painter(description: str) -> Callable:
    """The painter behind a description; each process builds it once and keeps it."""
    words = json.loads(description)
    if "function" in words:
        module, name = words["function"].split(":")
        return partial(getattr(import_module(module), name), **words["options"])
    from nstlib.stylizers.door import stylizer

    return stylizer(words["stylizer"], **words["options"])


def prepare(manner: Manner) -> None:
    """Build the painter; what is wrong with it is found out before the first picture."""
    painter(manner.painter)


def paint_file(job: Job, manner: Manner) -> dict:
    """Paint a picture into its file. Returns its row for the manifest, whatever happens.

    Who asks again, because a worker died before it could report, gets the report and no second
    painting: the file is there, and is not what was there before.
    """
    row = job.row(manner)
    begin = time.perf_counter()
    try:
        row["sha256"] = content_hash(job.source)
        with warnings.catch_warnings(record=True) as notes:
            warnings.simplefilter("always")
            if state(job.target) in (None, job.before):
                _paint(job, manner)
        said = [str(note.message) for note in notes if issubclass(note.category, UserWarning)]
        row |= {"notes": said} if said else {}
    except Exception as error:  # one picture's trouble, of whatever kind, is not that of the others
        reason = str(error) if isinstance(error, NstError) else f"{type(error).__name__}: {error}"
        return row | {"status": "failed", "reason": reason}
    return row | {"status": "done", "seconds": round(time.perf_counter() - begin, 3)}


def _paint(job: Job, manner: Manner) -> None:
    picture = load_image(job.source, manner.size)
    painting = painter(manner.painter)(picture, **json.loads(manner.call))
    save_image(painting, job.target, quality=manner.quality, protect=[job.source])
