"""The files of a folder that is painted: which there are, what they become, what has been done."""

import glob
import hashlib
import json
import os
import warnings
from collections.abc import Iterable, Iterator
from itertools import chain, count
from pathlib import Path, PurePosixPath

from nstlib.errors import InputError, MissingFile, did_you_mean
from nstlib.files import write
from nstlib.images.files import EXTENSIONS

MANIFEST = "nstlib-manifest.jsonl"
SAID = 3  # files that a message names


def find_pictures(source, out: Path) -> tuple[Path, list[str]]:
    """A folder and the pictures in it, as names relative to it, "summer/sea.jpg", in order.

    `source` is a folder, searched with all that is in it, a glob ("photos/**/*.jpg", the folder
    being the part before the first star), or a file. Hidden files are left out, and what lies in
    the folder `out`. Raises MissingFile, or InputError if there are no pictures.
    """
    text = os.path.expanduser(os.fspath(source))
    root, found = _searched(text)
    inside = out.resolve()
    if inside == root.resolve():
        raise InputError(f"{out} is the folder that is read: name another one for the paintings.")
    names = sorted(
        path.relative_to(root).as_posix()
        for path in found
        if path.suffix.lower() in EXTENSIONS
        and path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(root).parts)
        and not (inside.is_relative_to(root.resolve()) and path.resolve().is_relative_to(inside))
    )
    if not names:
        raise InputError(f"{source} holds no pictures ({', '.join(EXTENSIONS)}).")
    return root, names


def _searched(text: str) -> tuple[Path, Iterator[Path]]:
    """The folder that is meant, and everything in it, or all that matches."""
    path = Path(text)
    if path.is_dir():
        if not os.access(path, os.R_OK | os.X_OK):
            raise InputError(f"The folder {path} cannot be read: check its permissions.")
        return path, path.rglob("*")
    if path.exists():
        return path.parent, iter([path])
    if not glob.has_magic(text):
        near = did_you_mean(path.name, os.listdir(path.parent) if path.parent.is_dir() else [])
        raise MissingFile(f"There is no folder {path}.{near}")
    parts = list(path.parts)
    first = next(place for place, part in enumerate(parts) if glob.has_magic(part))
    return Path(*parts[:first]), map(Path, glob.iglob(text, recursive=True))


def output_names(names: list[str], extension: str | None) -> dict[str, str]:
    """What each picture becomes: its own name, or its name with another extension.

    Where two would become one, also where only capitals differ, the first in order gets the name,
    those that keep their own extension before all others, and the next one is called "sea-png.jpg".
    A warning says so.
    """
    taken, outputs, renamed = set(), {}, {}
    for name in sorted(names, key=lambda name: (_with(name, extension) != name, name)):
        wanted = _with(name, extension)
        free = (one for one in _candidates(name, wanted) if one.casefold() not in taken)
        outputs[name] = next(free)
        taken.add(outputs[name].casefold())
        if outputs[name] != wanted:
            renamed[name] = outputs[name]
    if renamed:
        some = ", ".join(f"{old} becomes {new}" for old, new in list(renamed.items())[:SAID])
        more = f", and {len(renamed) - SAID} more" if len(renamed) > SAID else ""
        warnings.warn(f"Several pictures would get one name: {some}{more}.", stacklevel=3)
    return outputs


def _with(name: str, extension: str | None) -> str:
    return str(PurePosixPath(name).with_suffix(extension)) if extension else name


def _candidates(name: str, wanted: str) -> Iterator[str]:
    old, new = PurePosixPath(name), PurePosixPath(wanted)
    stem = f"{new.stem}-{old.suffix[1:].lower()}"
    others = (
        new.with_name(f"{stem}{end}{new.suffix}")
        for end in chain([""], map("-{}".format, count(2)))
    )
    return chain([wanted], map(str, others))


def content_hash(path: Path) -> str:
    """The SHA-256 of a file's bytes."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


class Manifest:
    """What has been done, a JSON object a line, in the folder of the paintings.

    `rows` holds the last row of each source. A row is added to the file when its picture is done,
    as a whole line or not at all, and on the disk before the next; what a kill may have left of a
    line is passed over when reading. `tidy` writes the file anew, at once, with one line a source.
    """

    def __init__(self, folder: Path):
        self.path = folder / MANIFEST
        lines = self.path.read_bytes().splitlines() if self.path.exists() else []
        self.rows = {row["source"]: row for row in filter(None, map(_row, lines))}

    def add(self, row: dict) -> None:
        self.rows[row["source"]] = row
        line = _line(row)
        with open(self.path, "ab", buffering=0) as file:
            before = file.tell()
            try:
                if file.write(line) != len(line):
                    raise OSError("the disk is full")
                os.fsync(file.fileno())
            except OSError as error:
                file.truncate(before)
                raise self._refused(error) from error

    def plan(self, rows: Iterable[dict]) -> None:
        """Note what is about to be done, before anything is."""
        self.rows |= {row["source"]: row for row in rows}
        self.tidy()

    def tidy(self) -> None:
        rows = (self.rows[source] for source in sorted(self.rows))
        try:
            write(self.path, b"".join(map(_line, rows)))
        except OSError as error:
            raise self._refused(error) from error

    def _refused(self, error: OSError) -> InputError:
        return InputError(
            f"{self.path} cannot be written ({error.strerror or error}). What is painted stays; "
            "make room and start again: it goes on from there."
        )


def _line(row: dict) -> bytes:
    return json.dumps(row, ensure_ascii=False).encode("utf-8", "surrogateescape") + b"\n"


def _row(line: bytes) -> dict | None:
    try:
        row = json.loads(line.decode("utf-8", "surrogateescape"))
    except ValueError:
        return None
    return row if isinstance(row, dict) and "source" in row else None
