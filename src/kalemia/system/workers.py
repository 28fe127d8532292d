"""Processes to share work out to, which do not outlive the one that started them."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait
from typing import TypeVar

from kalemia.errors import KalemiaError

Job = TypeVar("Job")
Done = TypeVar("Done")


def pool(workers: int, start: str | None = None) -> ProcessPoolExecutor:
    """Return a pool of processes that end with their parent, even where it was killed.

    Parameters
    ----------
    workers
        How many.
    start
        "fork" or "spawn"; by default what the platform does.
    """
    return ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context(start), initializer=_end_with_parent)


def mapped(job: Callable[[Job], Done], jobs: Sequence[Job], workers: int) -> Iterator[Done]:
    """Do jobs in their order on several processes, each a fresh one: a fork amid the threads of a library may hang.

    Raises
    ------
    KalemiaError
        Where a worker process dies.
    """
    if workers <= 1 or len(jobs) < 2:
        yield from map(job, jobs)
        return
    with pool(min(workers, len(jobs)), "spawn") as processes:
        try:
            yield from processes.map(job, jobs)
        except BrokenProcessPool as exc:
            raise KalemiaError(
                "a worker process died, of too little memory perhaps: try fewer workers; a script that starts some "
                "needs `if __name__ == '__main__':`"
            ) from exc
        except BaseException:
            for child in multiprocessing.active_children():  # a job may take hours, which nobody who stops it waits for
                child.terminate()
            processes.shutdown(cancel_futures=True)
            raise


def _end_with_parent() -> None:
    """Watch the parent: workers of a parent that was killed would wait for its next job for ever.

    An interrupt is left to the parent; a termination ends a worker at once, whatever the parent does on one.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_DFL)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_watch, args=(parent.sentinel,), daemon=True).start()


def _watch(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)
