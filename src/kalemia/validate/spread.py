"""Shares work out to processes, in order, and ends them whatever happens."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

from kalemia.errors import EvaluateError
from kalemia.system.workers import pool

Found = TypeVar("Found")


def spread(job: Callable[..., Found], *arguments: Iterable[object], workers: int) -> Iterator[Found]:
    """Yield `job` of each set of arguments, as `map` does; with one worker in this process.

    Raises
    ------
    EvaluateError
        Where a worker process dies.
    """
    if workers == 1:
        yield from map(job, *arguments)
        return
    # Spawned, not forked: numpy may hold threads, and a fork in the middle of them can hang.
    with pool(workers, "spawn") as processes:
        try:
            yield from processes.map(job, *arguments)
        except BrokenProcessPool as error:
            raise EvaluateError("a worker process died while ECGs were measured; try fewer workers") from error
        finally:
            processes.shutdown(cancel_futures=True)
