"""A folder that two workers paint while one of them is killed, and who did what, for chapter 13.

A worker that is killed reports nothing. So each writes into a file when it begins and ends a task.
"""

import importlib.util
import logging
import os
import signal
import tempfile
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from nstlib.stylizers.folder import FolderReport, stylize_folder
from nstlib.stylizers.workers import INSTALL

# One core each, and no GPU: two processes would quarrel over its memory.
ENVIRONMENT = {
    "NST_PROGRESS": "0", "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1",
    "TF_NUM_INTRAOP_THREADS": "1", "OMP_NUM_THREADS": "1",
}  # fmt: skip
PRELOAD = ["nstlib.stylizers.one_pass"]  # before a worker takes tasks: TensorFlow takes a while
PAUSE = 0.01  # seconds between two looks at the file


class Span(NamedTuple):
    """A task: on which worker ("process name"), what, its seconds; `lost` if the worker died."""

    worker: str
    name: str
    begin: float
    end: float
    lost: bool


@dataclass(frozen=True)
class Accident:
    """What `folder_accident` tells: the report, the tasks, and when a worker was killed, if any."""

    report: FolderReport
    spans: tuple[Span, ...]
    killed: float | None


def folder_accident(source, out, paint, *, kill_after: int | None = 4, **options) -> Accident:
    """`nst.stylize_folder` by two workers; one is killed in the middle of a picture.

    That happens when `kill_after` pictures are done; None kills nobody, and then the workers are
    threads of this process. Without Dask the folder is painted all the same, by nobody's help.
    """
    if importlib.util.find_spec("distributed") is None:
        warnings.warn(f"No workers, no accident: Dask is missing. {INSTALL}", stacklevel=2)
        return Accident(stylize_folder(source, out, paint, workers=1, **options), (), None)
    with tempfile.TemporaryDirectory() as folder, _workers(kill_after is not None) as client:
        diary, killed = Path(folder) / "diary", []
        diary.touch()
        client.register_plugin(_diary_keeper(diary))
        if kill_after is not None:
            killer = threading.Thread(target=_kill, args=(diary, kill_after, killed), daemon=True)
            killer.start()
        report = stylize_folder(source, out, paint, scheduler=client, **options)
        if kill_after is not None:
            killer.join(timeout=1)
        spans = _spans(diary, *killed)
    zero = min(span.begin for span in spans)
    spans = (span._replace(begin=span.begin - zero, end=span.end - zero) for span in spans)
    return Accident(report, tuple(spans), killed[0] - zero if killed else None)


def show_accident(accident: Accident) -> None:
    """Draw each worker's tasks along the seconds: what was lost is hatched, what loads is gray."""
    import matplotlib.pyplot as plt

    workers = list(dict.fromkeys(span.worker for span in accident.spans))
    _, axis = plt.subplots(figsize=(10, 1 + 1.1 * len(workers)), layout="constrained")
    for worker, name, begin, end, lost in accident.spans:
        row, paints = workers.index(worker), not name.startswith("prepare")
        look = {"color": "C0" if paints else "0.7", "edgecolor": "white"}
        look |= {"color": "white", "edgecolor": "C3", "hatch": "////"} if lost else {}
        axis.barh(row, end - begin, left=begin, height=0.9, **look)
        if paints:
            dark = "C3" if lost else "white"
            box = {"facecolor": "white", "edgecolor": "none", "pad": 1} if lost else None
            where = {"rotation": 90, "ha": "center", "va": "center", "size": 7, "clip_on": True}
            axis.text((begin + end) / 2, row, name, color=dark, bbox=box, **where)
    if accident.killed is not None:
        axis.axvline(accident.killed, color="C3", linestyle=":")
    names = [f"worker {number}" for number in range(1, len(workers) + 1)]
    axis.set(
        yticks=range(len(workers)), yticklabels=names, xlabel="seconds; gray: loads; hatched: lost"
    )
    axis.invert_yaxis()
    plt.show()


# --- The plumbing ---------------------------------------------------------------------------------


@contextmanager
def _workers(processes: bool) -> Iterator:
    """A client of two workers: processes of this machine, or threads of this one."""
    from distributed import Client, LocalCluster

    logging.getLogger("distributed").setLevel("CRITICAL")
    how = {"n_workers": 2, "threads_per_worker": 1, "processes": processes, "memory_limit": None}
    how |= {"env": ENVIRONMENT, "preload": PRELOAD} if processes else {}
    how |= {"dashboard_address": None, "silence_logs": logging.CRITICAL}
    with LocalCluster(**how) as team, Client(team) as client:
        yield client


def _diary_keeper(diary: Path):
    """What tells a worker to write down when a task begins and ends."""
    from distributed import WorkerPlugin

    class DiaryKeeper(WorkerPlugin):
        def setup(self, worker):
            self.worker = worker

        def transition(self, key, start, finish, **_):
            if "executing" in (start, finish):
                who = f"{os.getpid()} {self.worker.name}"
                row = (who, finish == "executing", time.time(), key)
                with diary.open("a") as file:
                    file.write("\t".join(map(str, row)) + "\n")

    return DiaryKeeper()


def _spans(diary: Path, killed: float | None = None) -> list[Span]:
    """The tasks of a diary, in the order in which they began; those without an end were lost."""
    begun, spans = {}, []
    for line in diary.read_text().splitlines():
        worker, begins, at, key = line.split("\t")
        if begins == "True":
            begun[worker, key] = float(at)
        elif (worker, key) in begun:
            spans.append(_span(worker, key, begun.pop((worker, key)), float(at), lost=False))
    end = killed or time.time()
    spans += [_span(worker, key, at, end, lost=True) for (worker, key), at in begun.items()]
    return sorted(spans, key=lambda span: span.begin)


def _span(worker: str, key: str, begin: float, end: float, *, lost: bool) -> Span:
    return Span(worker, Path(key.rpartition(" (")[0] or key).stem, begin, end, lost)


def _kill(diary: Path, after: int, killed: list) -> None:
    """When so many pictures are done, kill a worker that has begun another, at once (signal 9)."""
    while not killed:
        time.sleep(PAUSE)
        pictures = _pictures(diary)
        if sum(not span.lost for span in pictures) < after:
            continue
        for span in pictures:
            process = int(span.worker.split()[0])
            if span.lost and _held(process, diary, span):
                killed.append(time.time())
                os.kill(process, 9)
                break


def _held(process: int, diary: Path, span: Span) -> bool:
    """Stop a process where this can be done; False, and on with it, if it had just ended a span."""
    if not hasattr(signal, "SIGSTOP"):
        return True
    os.kill(process, signal.SIGSTOP)
    held = any(one.lost and one[:3] == span[:3] for one in _pictures(diary))
    if not held:
        os.kill(process, signal.SIGCONT)
    return held


def _pictures(diary: Path) -> list[Span]:
    return [span for span in _spans(diary) if not span.name.startswith("prepare")]
