"""The folder in which a cohort is built: one run at a time holds it, and a later run goes on with what it finds."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from kalemia import __version__
from kalemia.errors import CohortError
from kalemia.system import atomic

PLAN, LOCK = "plan.json", "lock"
BEFORE_SHARDS = {
    PLAN,
    "steps.json",
    "pairs.parquet",
    "draws.parquet",
    "listed.parquet",
    "asked.parquet",
    "table.parquet",
}
"""What lies in the folder before signals are read."""


def fingerprint(path: Path) -> list[str | int]:
    """Return what tells a file from another, or from itself after it was changed."""
    known = path.stat()
    return [str(path.resolve()), known.st_size, known.st_mtime_ns]


@contextmanager
def claim(out: Path, plan: Mapping[str, object]) -> Iterator[Path]:
    """Give the folder in which a cohort is built, for nobody else; one begun with the same plan is gone on with.

    Parameters
    ----------
    out
        The cohort's folder, which must not exist; it is built in `out`.partial.
    plan
        What the cohort follows from, as plain values for JSON.

    Raises
    ------
    CohortError
        `out` exists, cannot be made, another cohort was begun there, or another run is building it.
    """
    whole = out.absolute()
    if not whole.name or whole.name == ".." or os.path.lexists(whole):
        raise CohortError(f"{out} already exists; expected a folder that is not there yet")
    partial = whole.with_name(f"{whole.name}.partial")
    lock = FileLock(partial / LOCK, blocking=False)
    with atomic.writing(out, CohortError):
        atomic.writable(partial)
        try:
            lock.acquire()
        except Timeout as exc:
            raise CohortError(f"{partial}: another run is building there; wait for it, or give another folder") from exc
    with lock:
        with atomic.writing(out, CohortError):
            _begin(partial, json.dumps({"kalemia": __version__, **plan}, indent=1, sort_keys=True))
        yield partial


def _begin(partial: Path, plan: str) -> None:
    """Keep the plan in the folder, emptied of what an earlier plan left before it read signals."""
    begun = partial / PLAN
    if begun.exists() and begun.read_text(encoding="utf-8") == plan:
        return
    there = [path for path in partial.iterdir() if path.name != LOCK]
    if any(path.name not in BEFORE_SHARDS for path in there):
        raise CohortError(
            f"{partial} holds something else, or was begun before a file changed; remove it, or give another folder"
        )
    for path in there:  # a table was wrong, say, and is mended now
        path.unlink()
    atomic.write({begun: plan.encode()})
