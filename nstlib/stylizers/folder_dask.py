"""The pictures of a folder as tasks of Dask, on this machine or on those of a scheduler."""

import logging
import socket
from asyncio import TimeoutError as AsyncTimeoutError  # before Python 3.11 not the built-in one
from collections.abc import Generator
from contextlib import ExitStack

from nstlib.errors import InputError, NstError
from nstlib.machine import available_memory
from nstlib.stylizers.folder_work import Job, Manner, paint_file, prepare

WORKER_BYTES = 2e9  # a process with TensorFlow and a network, painting pictures of a few megapixels
START = 60.0  # seconds that workers on this machine may take, importing the package, to be there


def on_dask(jobs: list[Job], manner: Manner, scheduler, workers, timeout) -> Generator:
    """None when the painter is ready, then the rows of the manifest, as the pictures are done.

    Every picture is a task. The tasks of a worker that died go to others; one whose workers died
    four times is given up.
    """
    from distributed import as_completed

    with ExitStack() as stack:
        client = _client(stack, scheduler, workers or _fitting(len(jobs)), timeout)
        _prepared(client, manner)
        yield None
        futures = [client.submit(paint_file, job, manner, pure=False) for job in jobs]
        waiting = dict(zip((future.key for future in futures), jobs, strict=True))
        for future in as_completed(futures):
            yield _row_of(future, waiting.pop(future.key), manner)
            future.release()


def _client(stack: ExitStack, scheduler, workers: int, timeout: float):
    from distributed import Client

    if isinstance(scheduler, Client):
        return scheduler
    address, wait = scheduler, timeout
    if scheduler is None:
        scheduler, wait = stack.enter_context(_local_cluster(workers)), max(timeout, START)
    try:
        if isinstance(address, str):
            _check_answers(address, timeout)
        client = stack.enter_context(Client(scheduler, timeout=wait))
        client.wait_for_workers(1, timeout=wait)
    except (OSError, ValueError, AsyncTimeoutError) as error:
        raise InputError(
            f"No Dask scheduler with workers answered at {scheduler} within {wait:g} s: start "
            "`dask scheduler` and `dask worker ADDRESS`, raise timeout, or leave scheduler out to "
            "use this machine."
        ) from error
    return client


def _check_answers(address: str, timeout: float) -> None:
    """Raise OSError or ValueError where nobody listens.

    A Client that fails to connect is closed by the garbage collector, whenever that runs: inside
    the start of the next Client it waits for a lock that it holds itself, forever.
    """
    from distributed.comm import parse_address, parse_host_port

    protocol, place = parse_address(address)
    if protocol in ("tcp", "tls"):
        socket.create_connection(parse_host_port(place), timeout).close()


def _local_cluster(workers: int):
    from dask.system import CPU_COUNT
    from distributed import LocalCluster

    threads = str(max(1, CPU_COUNT // workers))
    quiet = {"NST_PROGRESS": "0", "TF_CPP_MIN_LOG_LEVEL": "3"}
    share = {"TF_NUM_INTRAOP_THREADS": threads, "OMP_NUM_THREADS": threads}
    return LocalCluster(
        n_workers=workers, threads_per_worker=1, memory_limit=None, dashboard_address=None,
        silence_logs=logging.CRITICAL, env=quiet | share,
    )  # fmt: skip


def _fitting(jobs: int) -> int:
    """How many workers this machine has cores and memory for."""
    from dask.system import CPU_COUNT

    return max(1, min(jobs, CPU_COUNT, int(available_memory() / WORKER_BYTES)))


def _prepared(client, manner: Manner) -> None:
    """Build the painter on one worker: a style that is unknown is an error now."""
    try:
        client.submit(prepare, manner, pure=False).result()
    except ModuleNotFoundError as error:
        raise InputError(f"The workers lack a module ({error}): install nstlib there.") from error


def _row_of(future, job: Job, manner: Manner) -> dict:
    """The row that a worker has reported. If it died since, Dask asks another one for it."""
    from distributed import CancelledError, KilledWorker

    try:
        return future.result()
    except CancelledError as error:
        raise NstError(
            "The Dask scheduler is lost. Start again: it goes on from what is done."
        ) from error
    except KilledWorker:
        reason = "the workers that painted it died, one after another: is it too large for them?"
    except (
        Exception
    ) as error:  # what goes wrong between machines is not the other pictures' trouble
        reason = f"{type(error).__name__}: {error}"
    return job.row(manner) | {"status": "failed", "reason": reason}
