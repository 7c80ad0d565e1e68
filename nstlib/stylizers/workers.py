"""Who paints a folder, picture by picture: this process, or workers of Dask (dask.distributed).

It brings the work to the cores of this machine or to those of many, and hands it to others when a
worker dies. What travels to a worker is the painter, unbuilt and pickled.
"""

import importlib.util
import logging
import pickle
import socket
import time
import uuid
import warnings
from asyncio import TimeoutError as AsyncTimeoutError  # before Python 3.11 not the built-in one
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from nstlib.errors import InputError, NstError
from nstlib.images.arrays import as_image
from nstlib.images.files import load_image, save_image
from nstlib.images.tags import kept_tags
from nstlib.machine import available_memory
from nstlib.stylizers.door import built, finished
from nstlib.stylizers.engine import digest

INSTALL = 'pip install "nstlib[folders]" (that is dask[distributed])'
WORKER_BYTES = 2e9  # a process with TensorFlow and a network, painting pictures of a few megapixels
START = 60.0  # seconds that workers on this machine may take, importing the package, to be there


class Job(NamedTuple):
    """A picture, what it becomes, and what the manifest says of it before it is painted: `row`."""

    source: Path
    target: Path
    row: dict


def paint_file(job: Job, paint: Callable, *, size, strength, preserve_color, **saving) -> dict:
    """Paint a picture into its file. Returns its row for the manifest, whatever happens: one
    picture's trouble, of whatever kind, is not that of the others. `saving` is for `save_image`."""
    row, begin = dict(job.row), time.perf_counter()
    try:
        row["sha256"] = digest(job.source.read_bytes())
        with warnings.catch_warnings(record=True) as notes:
            warnings.simplefilter("always")
            picture, alpha = load_image(job.source, size, alpha="mask")
            painting = finished(as_image(paint(picture)), picture, strength, preserve_color)
            about = {"alpha": alpha, "exif": kept_tags(job.source)}
            save_image(painting, job.target, protect=[job.source], **about, **saving)
        said = [str(note.message) for note in notes if issubclass(note.category, UserWarning)]
        row |= {"notes": said} if said else {}
    except Exception as error:
        reason = str(error) if isinstance(error, NstError) else f"{type(error).__name__}: {error}"
        return row | {"status": "failed", "reason": reason}
    return row | {"status": "done", "seconds": round(time.perf_counter() - begin, 3)}


@contextmanager
def at_work(jobs: list[Job], how: dict, paint, scheduler, workers, timeout) -> Iterator:
    """The rows of the manifest, as the pictures get done; the painter is ready then.

    `how` is what `paint_file` takes beside a painter, and `paint` what `door.painter` returns: what
    is wrong with it is raised before anything is painted.
    """
    alone = scheduler is None and workers == 1
    if not alone and importlib.util.find_spec("distributed") is None:
        if scheduler is not None or workers is not None:
            raise InputError(f"Several workers need Dask: {INSTALL}, or workers=1 without it.")
        alone, said = True, f"Dask is not installed: one picture after another. {INSTALL}"
        warnings.warn(said, stacklevel=4)
    if alone:
        painter = built(paint)
        yield (paint_file(job, painter, **how) for job in jobs)
        return
    with _client(scheduler, workers, len(jobs), timeout) as client:
        yield _rows(client, jobs, how, _sent(client, paint))


# --- On Dask --------------------------------------------------------------------------------------


@contextmanager
def _client(scheduler, workers: int | None, jobs: int, timeout: float) -> Iterator:
    """A client of the scheduler that is named or given, else of workers on this machine."""
    from distributed import Client

    if isinstance(scheduler, Client):
        yield scheduler
        return
    with ExitStack() as stack:
        if scheduler is None:
            cluster = _local_cluster(workers, jobs)
            scheduler, timeout = stack.enter_context(cluster), max(timeout, START)
        try:
            if isinstance(scheduler, str):
                _check_answers(scheduler, timeout)
            client = stack.enter_context(Client(scheduler, timeout=timeout))
            client.wait_for_workers(1, timeout=timeout)
        except (OSError, ValueError, AsyncTimeoutError) as error:
            raise InputError(
                f"No Dask scheduler with workers answered at {scheduler} within {timeout:g} s: "
                "start them, raise timeout, or leave scheduler out to use this machine."
            ) from error
        yield client


def _check_answers(address: str, timeout: float) -> None:
    """Raise OSError or ValueError where nobody listens.

    A Client that fails to connect is closed by the garbage collector, whenever that runs: inside
    the start of the next Client it waits for a lock that it holds itself, forever.
    """
    from distributed.comm import parse_address, parse_host_port

    protocol, place = parse_address(address)
    if protocol in ("tcp", "tls"):
        socket.create_connection(parse_host_port(place), timeout).close()


def _local_cluster(workers: int | None, jobs: int):
    """So many workers on this machine, or as many as it has cores and memory for."""
    from dask.system import CPU_COUNT
    from distributed import LocalCluster

    fitting = min(jobs, CPU_COUNT, int(available_memory() / WORKER_BYTES))
    workers = workers or max(1, fitting)
    threads = str(max(1, CPU_COUNT // workers))
    share = {"TF_NUM_INTRAOP_THREADS": threads, "OMP_NUM_THREADS": threads}
    return LocalCluster(
        n_workers=workers, threads_per_worker=1, memory_limit=None, dashboard_address=None,
        silence_logs=logging.CRITICAL,
        env=share | {"NST_PROGRESS": "0", "TF_CPP_MIN_LOG_LEVEL": "3"},
    )  # fmt: skip


def _sent(client, paint):
    """The packed painter as a task of its own, which has built it on one worker, so that a style
    that is unknown is an error now; a worker that is lost takes nothing with it."""
    import cloudpickle

    try:
        packed = cloudpickle.dumps(paint)
    except Exception as error:  # of whatever kind: every object in it is asked
        raise InputError(
            f"The painter cannot be sent to workers ({error}): leave open files out, or workers=1."
        ) from error
    sent = client.submit(prepare, packed, pure=False)
    try:
        sent.result()
    except ModuleNotFoundError as error:
        raise InputError(f"The workers lack a module ({error}): install nstlib there.") from error
    return sent


def prepare(packed: bytes) -> bytes:
    _unpacked(packed)
    return packed


@lru_cache(maxsize=2)
def _unpacked(packed: bytes) -> Callable:
    """The painter that has arrived; each worker builds it once and keeps it."""
    return built(pickle.loads(packed))


def _paint_there(job: Job, packed: bytes, how: dict) -> dict:
    return paint_file(job, _unpacked(packed), **how)


def _key(job: Job) -> str:
    """The picture's name, as text that can be sent."""
    return job.row["source"].encode("utf-8", "replace").decode()


def _rows(client, jobs: list[Job], how: dict, sent) -> Iterator[dict]:
    """Every picture is a task. The tasks of a worker that died go to others, even those that it has
    reported; one whose workers died four times is given up."""
    from distributed import CancelledError, as_completed

    run, keys = uuid.uuid4().hex, map(_key, jobs)  # Dask's dashboard shows the keys
    futures = [
        client.submit(_paint_there, job, sent, how, key=f"{key} ({run}-{number})")
        for number, (job, key) in enumerate(zip(jobs, keys, strict=True))
    ]
    waiting = dict(zip((future.key for future in futures), jobs, strict=True))
    for future in as_completed(futures):
        job = waiting.pop(future.key)
        try:
            row = future.result()
        except CancelledError as error:
            said = "The Dask scheduler is lost. Start again: it goes on from what is done."
            raise NstError(said) from error
        except Exception as error:  # as when workers die of a picture, one after another
            reason = f"{type(error).__name__}: {error}"
            row = job.row | {"status": "failed", "reason": reason}
        yield row
        future.release()
