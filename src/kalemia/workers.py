"""Processes to share work out to, which do not outlive the one that started them."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.connection import wait


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
