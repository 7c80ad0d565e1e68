"""Files: may this be read, may that be written, written whole or not at all; where `data/` is."""

import errno
import os
import re
import tempfile
import uuid
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from nstlib.errors import InputError, MissingFile, did_you_mean

ADDRESS = re.compile(r"([a-z][a-z0-9+.-]+):/{1,2}(?!/)", re.IGNORECASE)  # not C:/


def readable(path: str | os.PathLike, what: str = "file", hint: str = "") -> Path:
    """The path of a file that is there, with ~ for the home folder.

    `what` is what messages call it, `hint` a sentence on where to get it. Raises MissingFile, and
    InputError for a folder and for an empty file.
    """
    path, end = Path(os.path.expanduser(path)), f" {hint}" if hint else ""
    if os.path.isdir(path):
        raise InputError(f"{path} is a folder, not a {what}: name a file in it.")
    if not os.path.exists(path):
        if ADDRESS.match(str(path)):  # Path takes one of its slashes away
            address = ADDRESS.sub(r"\1://", str(path))
            raise MissingFile(f"{address} is an address, not a file: download it, name the file.")
        raise MissingFile(
            f"There is no {what} {path}.{did_you_mean(path.name, _beside(path))}{end}"
        )
    if path.stat().st_size == 0:
        raise InputError(f"{path} is empty (0 bytes): copy or download it again.{end}")
    if not os.access(path, os.R_OK):
        raise InputError(f"{path} may not be read (permission denied): change its permissions.")
    return path


def _beside(path: Path) -> list[str]:
    with suppress(OSError):
        return os.listdir(path.parent)
    return []


def writable(
    path: str | os.PathLike,
    suffixes: Iterable[str] = (),
    *,
    overwrite: bool = True,
    protect: Iterable[str | os.PathLike] = (),
) -> Path:
    """The path of a file that may be written, asked before hours of work; its folder is made.

    It has to end in one of `suffixes`, if there are any. Raises InputError for a folder, for a file
    that is there when `overwrite` is False, for one in `protect` (the inputs of the work, whatever
    link or spelling leads to them), and where the folder cannot be written to.
    """
    path, suffixes = Path(os.path.expanduser(path)), tuple(suffixes)
    if os.path.isdir(path):
        raise InputError(f"{path} is a folder: name a file in it.")
    if suffixes and path.suffix.lower() not in suffixes:
        raise InputError(f"{path} does not end in {', '.join(suffixes)}: which format is it to be?")
    if os.path.exists(path):
        sources = map(os.path.expanduser, protect)
        if any(os.path.exists(source) and path.samefile(source) for source in sources):
            raise InputError(f"{path} is one of the files that are read: name another output.")
        if not overwrite:
            raise InputError(
                f"{path} is there already: name another, or allow overwriting it (--overwrite)."
            )
    problem = write_problem(path.parent)
    if problem:
        raise InputError(f"The folder of the output, {path.parent}, {problem}.")
    return path


def write_problem(folder: Path) -> str:
    """Why nothing can be written in `folder`, or "" if it can; makes a missing folder."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()  # the only test that is right everywhere
    except (FileExistsError, NotADirectoryError):
        return "is, or is in, a file, not a folder"
    except OSError as error:
        return f"cannot be written to ({error.strerror or error})"
    return ""


def write(path: str | os.PathLike, content: bytes) -> Path:
    """Write a file whole or not at all: beside the target first, then moved over it at once.

    A missing folder is made; a link goes on pointing to its file. Raises InputError when the disk
    refuses, and what was there before is unchanged.
    """
    path = Path(os.path.expanduser(path))
    target = Path(os.path.realpath(path))
    scratch = target.with_name(f".nstlib-{uuid.uuid4().hex}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with scratch.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())  # a full disk may show only here
        os.replace(scratch, target)
    except BaseException as error:
        with suppress(OSError):
            scratch.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise unwritten(path, error) from error
        raise
    return path


def unwritten(path: Path, error: OSError) -> InputError:
    """What to say of a file that the disk refused."""
    full = " The disk is full: free some room." * (error.errno == errno.ENOSPC)
    return InputError(
        f"{path} could not be written ({error.strerror or error}).{full} What was there before is "
        "unchanged."
    )


def data_folder() -> Path:
    """Where the pictures and networks are: NSTLIB_DATA, a clone's `data`, or inside the package."""
    package = Path(__file__).resolve().parent
    named = os.environ.get("NSTLIB_DATA")
    for folder in [Path(named)] if named else [package.parent / "data", package / "_data"]:
        if (folder / "images" / "manifest.json").is_file():
            return folder
    raise MissingFile(
        f"The bundled pictures are not in {named or package.parent / 'data'}: images/manifest.json "
        "is missing. Clone the repository again, or set NSTLIB_DATA to its data folder."
    )
