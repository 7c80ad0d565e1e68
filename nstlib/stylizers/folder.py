"""A folder of pictures, painted: side by side on Dask, going on where it stopped, with a list."""

import glob
import json
import os
import time
import warnings
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from nstlib.errors import InputError, choice, number
from nstlib.files import readable, unwritten, writable, write
from nstlib.images.formats import EXTENSIONS, READABLE, sorted_out
from nstlib.machine import progress
from nstlib.stylizers.door import painter
from nstlib.stylizers.engine import digest, fingerprint
from nstlib.stylizers.workers import Job, at_work

MANIFEST = "nstlib-manifest.jsonl"
SAID, NAMED = 3, 50  # files that a message names, with the reason and without


@dataclass(frozen=True)
class FolderReport:
    """What became of a folder: names of pictures, relative to it."""

    manifest: Path
    done: tuple[str, ...]
    skipped: tuple[str, ...]  # done in an earlier run
    failed: dict[str, str]  # with the reason
    seconds: float

    def __str__(self) -> str:
        painted = f"{len(self.done)} painted in {self.seconds:.1f} s, {len(self.skipped)} before"
        return f"{painted}, {len(self.failed)} passed over: see {self.manifest}"


class Manifest:
    """The list of what has been painted, and how, a JSON object a line, in the folder `out`.

    `rows` holds the last row of each source. A row is added to the file when its picture is done,
    and on the disk before the next; what a kill may have left of a line is passed over.
    """

    def __init__(self, out: Path):
        self.path, self.rows = out / MANIFEST, {}
        for line in self.path.read_bytes().splitlines() if self.path.exists() else []:
            with suppress(ValueError, TypeError, KeyError):
                row = json.loads(line.decode("utf-8", "surrogateescape"))
                self.rows[row["source"]] = row

    def add(self, row: dict) -> None:
        self.rows[row["source"]] = row
        try:
            with open(self.path, "ab") as file:
                file.write(_line(row))
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            said = f"{unwritten(self.path, error)} Start again: it goes on from what is done."
            raise InputError(said) from error

    def tidy(self, planned: Iterable[dict] = ()) -> None:
        """Note what is about to be done, if anything, and write one line a source."""
        self.rows |= {row["source"]: row for row in planned}
        rows = (self.rows[source] for source in sorted(self.rows))
        write(self.path, b"".join(map(_line, rows)))


def _line(row: dict) -> bytes:
    return json.dumps(row, ensure_ascii=False).encode("utf-8", "surrogateescape") + b"\n"


def stylize_folder(
    source,
    out,
    paint,
    *,
    size: int | None = None,
    strength: float = 1.0,
    preserve_color: bool = False,
    extension: str | None = None,
    quality: int = 92,
    lossless: bool = False,
    scheduler=None,
    workers: int | None = None,
    timeout: float = 10.0,
    **options,
) -> FolderReport:
    """Paint every picture of a folder, or of a glob ("photos/**/*.jpg"), into the folder `out`.

    `paint` and `options` are what `nst.stylizer` takes: "red_fuji", or "adain", style="mosaic"; or
    `paint` is a stylizer, or any function picture -> picture, with its options. `size` is the
    longest side in pixels at which pictures are read, at most; `strength` and `preserve_color` are
    those of a stylizer, `quality` and `lossless` those of `save_image`. `extension`, such as
    ".jpg", is one for all; else a picture keeps its own, or gets ".png" behind it if that cannot be
    written. Folders in the folder stay. Transparency and the tags of a shot are kept.

    By itself it starts so many `workers`, processes of this machine; with 1 it is done in this one.
    `scheduler` is a `dask.distributed` one, by address ("tcp://10.0.0.5:8786"), a Client or a
    Cluster, whose machines find the folders and nstlib under the same names; it has `timeout`
    seconds to answer.

    Run again, it paints what is new, has changed or failed, or is to be painted otherwise, by the
    hash of its content and the list of what was done, `nstlib-manifest.jsonl` in `out`. A file that
    cannot be read is passed over, with a warning. Raises InputError for a folder without pictures,
    for a style that is unknown, for files in `out` that are not in the list, for two pictures that
    would become one file, or if no scheduler answers.
    """
    begin, out = time.perf_counter(), Path(os.path.expanduser(out))
    for name, given, unit in (("workers", workers, "processes"), ("size", size, "pixels")):
        if given is not None:
            number(name, given, 1, whole=True, unit=unit)
    number("strength", strength, 0, 1, hint="0 is the photo.")
    paint = painter(paint, **options)
    number("quality", quality, 1, 100, whole=True)
    how = dict(size=size, strength=strength, preserve_color=preserve_color)
    how |= dict(quality=quality, lossless=lossless)
    everything, others = _jobs(source, out, extension, settings=fingerprint([paint, how]))
    if others:
        warnings.warn(f"{source} also holds {others}.", stacklevel=2)
    manifest = Manifest(out)
    _check_out(everything, manifest)
    jobs = [job for job in everything if not _is_done(job, manifest)]
    if jobs:
        with at_work(jobs, how, paint, scheduler, workers, timeout) as rows:
            manifest.tidy(job.row for job in jobs)
            for row in progress(rows, total=len(jobs), desc="Painting"):
                manifest.add(row)
        manifest.tidy()
    return _report(manifest, everything, jobs, time.perf_counter() - begin)


def _report(manifest: Manifest, everything: list, jobs: list, seconds: float) -> FolderReport:
    rows = [manifest.rows[job.row["source"]] for job in jobs]
    done = tuple(row["source"] for row in rows if row["status"] == "done")
    failed = {row["source"]: row["reason"] for row in rows if row["status"] != "done"}
    skipped = tuple(sorted({job.row["source"] for job in everything} - {*done, *failed}))
    if failed:
        some = " ".join(f"{name}: {reason}" for name, reason in list(failed.items())[:SAID])
        rest = ", ".join(list(failed)[SAID:NAMED]) + ", …" * (len(failed) > NAMED)
        also = f" Also: {rest}." if rest else ""
        warnings.warn(f"{len(failed)} of {len(everything)} passed over. {some}{also}", stacklevel=3)
    notes = [note for row in rows for note in row.get("notes", [])]
    if notes:
        some = " ".join(notes[:SAID])
        more = f" {len(notes) - SAID} more are in {manifest.path}." * (len(notes) > SAID)
        warnings.warn(f"{some}{more}", stacklevel=3)
    return FolderReport(manifest.path, done, skipped, failed, seconds)


# --- What is to be done ---------------------------------------------------------------------------


def _jobs(source, out: Path, extension: str | None, settings: str) -> tuple[list[Job], str]:
    """The pictures and what they become: their own names, or these with another extension; and
    what is not taken."""
    if extension is not None:
        extension = choice("extension", f".{extension.lower().lstrip('.')}", EXTENSIONS)
    root, names, others = find_pictures(source, out)
    jobs, taken = [], {}
    for name in names:
        output = str(PurePosixPath(name).with_suffix(extension)) if extension else _writable(name)
        other = taken.setdefault(output.casefold() if extension else output, name)
        if other != name:
            raise InputError(
                f"{other} and {name} would both become {output}: leave extension out, or rename."
            )
        row = {"source": name, "output": output, "settings": settings, "status": "planned"}
        jobs.append(Job((root / name).absolute(), (out / output).absolute(), row))
    return jobs, others


def _writable(name: str) -> str:
    """The name, with .png behind it if pictures can be read from such files, but not written."""
    return name if PurePosixPath(name).suffix.lower() in EXTENSIONS else f"{name}.png"


def find_pictures(source, out: Path) -> tuple[Path, list[str], str]:
    """A folder and the pictures in it, as names relative to it, "summer/sea.jpg", in order; and
    what else looks like one, with what to do, as half a sentence.

    `source` is a folder, searched with all that is in it, a glob ("photos/**/*.jpg", the folder
    being the part before the first star), or a file. Hidden files are left out, and what lies in
    the folder `out`. Raises MissingFile, or InputError if there are no pictures.
    """
    root, found = _searched(Path(os.path.expanduser(source)))
    inside = out.resolve()
    if inside == root.resolve():
        raise InputError(f"{out} is the folder that is read: name another one for the paintings.")
    around = inside.is_relative_to(root.resolve())
    if around:
        found = (path for path in found if not path.resolve().is_relative_to(inside))
    pictures, others = sorted_out(root, found)
    if not pictures:
        known = f", but {others}" if others else f" ({READABLE})"
        raise InputError(f"{source} holds no pictures that can be read{known}.")
    return root, sorted(path.relative_to(root).as_posix() for path in pictures), others


def _searched(path: Path) -> tuple[Path, Iterable[Path]]:
    """The folder that is meant, and everything in it, or all that matches."""
    if path.is_dir():
        return path, path.rglob("*")
    starred = [place for place, part in enumerate(path.parts) if glob.has_magic(part)]
    if path.exists() or not starred:
        return path.parent, [readable(path, "folder")]
    root, pattern = Path(*path.parts[: starred[0]]), Path(*path.parts[starred[0] :])
    return root, root.glob(str(pattern))


def _check_out(jobs: list[Job], manifest: Manifest) -> None:
    """Nothing may be painted over but what an earlier run has painted."""
    ours = {row.get("output") for row in manifest.rows.values()}
    for job in jobs:
        if job.target.exists() and job.row["output"] not in ours:
            raise InputError(
                f"{job.target} is there already, and not in {MANIFEST}: name an empty folder."
            )
    writable(manifest.path)


def _is_done(job: Job, manifest: Manifest) -> bool:
    """Whether an earlier run has painted just this content in just this manner."""
    row = manifest.rows.get(job.row["source"], {})
    expected = job.row | {"status": "done"}
    if not (expected.items() <= row.items() and job.target.exists()):
        return False
    try:
        return row["sha256"] == digest(job.source.read_bytes())
    except OSError:
        return False
