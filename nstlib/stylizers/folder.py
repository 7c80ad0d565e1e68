"""A folder of pictures, painted: side by side on Dask, going on where it stopped, with a list.

Dask (dask.distributed) is an extra: pip install "nstlib[folders]". It brings the work to the
cores of this machine or to those of many, and hands it to others when a worker dies.
"""

import hashlib
import importlib.util
import json
import os
import time
import warnings
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from nstlib.errors import InputError
from nstlib.files import write_problem
from nstlib.images.files import EXTENSIONS
from nstlib.machine import progress
from nstlib.stylizers.folder_files import SAID, Manifest, content_hash, find_pictures, output_names
from nstlib.stylizers.folder_work import (
    Job,
    Manner,
    described,
    files_of,
    paint_file,
    prepare,
    state,
)

INSTALL = 'pip install "nstlib[folders]" (that is dask[distributed])'


@dataclass(frozen=True)
class FolderReport:
    """What became of a folder: names of pictures, relative to it."""

    manifest: Path
    done: tuple[str, ...]
    skipped: tuple[str, ...] = ()  # done in an earlier run
    failed: dict[str, str] = field(default_factory=dict)  # with the reason
    seconds: float = 0.0

    def __str__(self) -> str:
        parts = [f"{len(self.done)} painted in {self.seconds:.1f} s"]
        parts += [f"{len(self.skipped)} done before"] if self.skipped else []
        parts += [f"{len(self.failed)} passed over"] if self.failed else []
        return f"{', '.join(parts)}: see {self.manifest}"


def stylize_folder(
    source,
    out,
    paint,
    *,
    size: int | None = None,
    strength: float = 1.0,
    preserve_color: bool = False,
    extension: str | None = None,
    quality: int = 95,
    scheduler=None,
    workers: int | None = None,
    timeout: float = 10.0,
    **options,
) -> FolderReport:
    """Paint every picture of a folder, or of a glob ("photos/**/*.jpg"), into the folder `out`.

    `paint` and `options` are what `nst.stylizer` takes: "poppies", or "adain", style="poppies"; or
    a function picture -> picture that can be imported, and its options. Each worker makes the
    stylizer once. `size` is the longest side in pixels at which pictures are read, at most;
    `extension` another format, such as ".jpg"; folders in the folder stay.

    Without `scheduler`, so many `workers`, processes of this machine, are started, with 1 it is
    done in this process. `scheduler` is a `dask.distributed` one, by address
    ("tcp://10.0.0.5:8786"), a Client or a Cluster, on whose machines the folders and nstlib are to
    be found under the same names; it has `timeout` seconds to answer.

    Run again, it paints what is new, has changed or failed, or is to be painted otherwise, by the
    hash of its content and the list of what was done, `nstlib-manifest.jsonl` in `out`. A file that
    cannot be read is passed over, with a warning. Raises InputError for a folder without pictures,
    for a style that is unknown, for files in `out` that are not in the list, or if no scheduler
    answers.
    """
    begin, out = time.perf_counter(), Path(os.path.expanduser(out))
    manner = _manner(paint, options, size, strength, preserve_color, quality)
    root, names = find_pictures(source, out)
    outputs = output_names(names, _extension(extension))
    everything = [_job(name, outputs[name], root, out) for name in names]
    manifest = Manifest(out)
    _check_out(out, everything, manifest)
    jobs = [job for job in everything if not _is_done(job, manner, manifest.rows.get(job.name))]
    if jobs:
        with closing(_run(jobs, manner, scheduler, workers, timeout)) as rows:
            next(rows)  # the painter is ready; what is wrong with it has changed nothing
            manifest.plan(job.row(manner) for job in jobs)
            for row in progress(rows, total=len(jobs), desc="Painting"):
                manifest.add(row)
        manifest.tidy()
    return _report(manifest, jobs, names, time.perf_counter() - begin)


# --- What is to be done ---------------------------------------------------------------------------


def _manner(paint, options: dict, size, strength, preserve_color, quality) -> Manner:
    """How to paint; what can be wrong with it is found out here, not by every picture."""
    if size is not None and not (isinstance(size, int) and size >= 1):
        raise InputError(f"size is {size!r}; it is a number of pixels, 1 or more.")
    if not 0 <= strength <= 1:
        raise InputError(f"strength is {strength!r}; it runs from 0, the photo, to 1.")
    if not (isinstance(quality, int) and 1 <= quality <= 100):
        raise InputError(f"quality is {quality!r}; it must be a whole number from 1 to 100.")
    words = described(paint, options)
    call = {"strength": strength} if strength != 1 else {}
    call |= {"preserve_color": True} if preserve_color else {}
    files = {file: content_hash(Path(file)) for file in files_of(words)}
    everything = [words, call, size, quality, files]
    settings = hashlib.sha256(json.dumps(everything, sort_keys=True).encode()).hexdigest()[:16]
    return Manner(json.dumps(words), json.dumps(call), size, quality, settings)


def _extension(extension: str | None) -> str | None:
    if extension is None:
        return None
    dotted = f".{extension.lower().lstrip('.')}"
    if dotted not in EXTENSIONS:
        raise InputError(f"extension is {extension!r}; it can be {', '.join(EXTENSIONS)}.")
    return dotted


def _check_out(out: Path, jobs: list[Job], manifest: Manifest) -> None:
    """Nothing may be painted over but what an earlier run has painted."""
    sources = {job.source.resolve() for job in jobs}
    ours = {row.get("output") for row in manifest.rows.values()}
    for job in jobs:
        if job.target.resolve() in sources:
            raise InputError(f"{job.target} would be painted over: name another folder than {out}.")
        if job.before is not None and job.output not in ours:
            raise InputError(
                f"{job.target} is there already, and {manifest.path.name} does not say that it was "
                "painted: name a new or an empty folder."
            )
    problem = write_problem(out)
    if problem:
        raise InputError(f"The folder of the paintings, {out}, {problem}.")


def _job(name: str, output: str, root: Path, out: Path) -> Job:
    target = (out / output).absolute()
    return Job(name, output, (root / name).absolute(), target, state(target))


def _is_done(job: Job, manner: Manner, row: dict | None) -> bool:
    """Whether an earlier run has painted just this content in just this manner."""
    if row is None or job.before is None:
        return False
    expected = {"status": "done", "output": job.output, "settings": manner.settings}
    if any(row.get(key) != value for key, value in expected.items()):
        return False
    try:
        return row.get("sha256") == content_hash(job.source)
    except OSError:
        return False


def _report(manifest: Manifest, jobs: list[Job], names: list[str], seconds: float) -> FolderReport:
    rows = [manifest.rows[job.name] for job in jobs]
    done = tuple(row["source"] for row in rows if row["status"] == "done")
    failed = {row["source"]: row["reason"] for row in rows if row["status"] != "done"}
    skipped = tuple(sorted(set(names) - {job.name for job in jobs}))
    if failed:
        some = " ".join(f"{name}: {reason}" for name, reason in list(failed.items())[:SAID])
        more = f" And {len(failed) - SAID} more." if len(failed) > SAID else ""
        warnings.warn(f"{len(failed)} of {len(names)} passed over. {some}{more}", stacklevel=3)
    return FolderReport(manifest.path, done, skipped, failed, seconds)


# --- Who does it ----------------------------------------------------------------------------------


def _run(jobs: list[Job], manner: Manner, scheduler, workers, timeout: float) -> Generator:
    """None when the painter is ready, then the rows of the manifest, as the pictures are done."""
    if workers is not None and not (isinstance(workers, int) and workers >= 1):
        raise InputError(f"workers is {workers!r}; it is a number of processes, 1 or more.")
    alone = scheduler is None and workers == 1
    if not alone and importlib.util.find_spec("distributed") is None:
        if scheduler is not None or workers is not None:
            raise InputError(f"Several workers need Dask: {INSTALL}, or workers=1 without it.")
        message = f"Dask is not installed, so one picture is painted after another. {INSTALL}"
        warnings.warn(message, stacklevel=3)
        alone = True
    if alone:
        return _one_by_one(jobs, manner)
    from nstlib.stylizers.folder_dask import on_dask

    return on_dask(jobs, manner, scheduler, workers, timeout)


def _one_by_one(jobs: list[Job], manner: Manner) -> Generator:
    prepare(manner)
    yield None
    for job in jobs:
        yield paint_file(job, manner)
