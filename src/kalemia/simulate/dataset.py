"""Writes simulated recordings as a folder with a table of labels, whole or not at all."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kalemia.errors import SimulateError
from kalemia.simulate.base import Paths, read_bases
from kalemia.simulate.formats import Format, Labels, Shards, Wfdb
from kalemia.simulate.heart import RATE
from kalemia.simulate.levels import Level, level_named
from kalemia.simulate.morphed import check_level, morph
from kalemia.simulate.records import Simulated, check_counts, simulate
from kalemia.system.workers import mapped

CHUNK = 50
MOST_PATIENTS = 10_000_000
"""More than a terabyte: a slip of the finger, not a wish."""
FORMATS = ("wfdb", "parquet")


@dataclass(frozen=True)
class _Job:
    """What a process needs to make records and put them into their places; `base` holds paths to real ones."""

    folder: Path
    seed: int
    level: Level
    base: tuple[str, ...] | None
    form: Format

    @property
    def records(self) -> int:
        """How many records a patient has."""
        return 1 if self.base is not None else self.level.records

    def make(self, patients: range) -> Iterator[Simulated]:
        """Yield the records of these patients; each process reads the real ones once."""
        if self.base is None:
            return simulate(len(patients), self.seed, self.level, patients.start)
        return morph(read_bases(self.base), len(patients), self.seed, self.level, patients.start)

    def put(self, patients: range) -> list[Labels]:
        """Write the records of these patients; return their labels."""
        first = patients.start * self.records
        return [
            Labels.of(made, self.level.name, self.form.put(self.folder, number, made))
            for number, made in enumerate(self.make(patients), start=first)
        ]


def write(
    out: Path,
    count: int,
    seed: int,
    level: str | Level = "clinic",
    workers: int = 1,
    progress: Callable[[int], None] | None = None,
    base: Paths | None = None,
    form: str = "wfdb",
) -> int:
    """Write the records of `count` patients and a table of labels to the new folder `out`; return how many records.

    The bytes do not depend on the number of workers.

    Parameters
    ----------
    out
        A folder that does not exist yet; it appears only when all of it is written.
    count, seed, level
        As in `simulate`; at least one patient.
    workers
        Processes; more than one needs a script that can be imported (`if __name__ == "__main__"`).
    progress
        Called with the number of patients written so far.
    base
        A folder or files of real 12-lead ECGs: they are changed (`morph`) instead of simulating patients.
    form
        "wfdb", or "parquet" with int16 shards (needs polars).

    Raises
    ------
    SimulateError
        `out` exists, an argument is out of range, no file of `base` is usable, or the disk refuses.
    """
    out = Path(out)
    preset = level_named(level)
    _check(out, count, seed, workers, form)
    paths = None
    if base is not None:
        check_level(preset)
        paths = read_bases(base).paths
    with _appearing(out) as folder:
        job = _Job(folder, seed, preset, paths, _format(form, preset))
        records = job.records * count
        job.form.begin(folder, records)
        job.form.end(folder, _labels(job, count, workers, progress))
    return records


@contextmanager
def _appearing(out: Path) -> Iterator[Path]:
    """Give a folder that becomes `out` where all goes well, and vanishes where something does not."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        # A sibling, so that the rename at the end stays on one disk.
        folder = Path(tempfile.mkdtemp(prefix=f".{out.name}-partial-", dir=out.parent))
    except OSError as error:
        raise SimulateError(f"cannot write beside {out}: {error.strerror}; expected a writable folder") from error
    try:
        yield folder
        folder.chmod(0o755)
        folder.rename(out)
    except OSError as error:
        raise SimulateError(f"cannot write {out}: {error.strerror}; nothing was kept") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _check(out: Path, count: int, seed: int, workers: int, form: str) -> None:
    try:
        there = out.exists()
    except OSError as error:
        raise SimulateError(f"{out}: no folder can have this name ({error.strerror})") from error
    if there:
        raise SimulateError(f"{out} already exists; expected a folder that is not there yet")
    if not 1 <= count <= MOST_PATIENTS:
        raise SimulateError(f"count is {count}; expected 1 to {MOST_PATIENTS:,}")
    if workers < 1:
        raise SimulateError(f"workers is {workers}; expected 1 or more")
    if form not in FORMATS:
        raise SimulateError(f"no format {form!r} of data sets; the formats are {', '.join(FORMATS)}")
    check_counts(seed=seed)


def _format(form: str, level: Level) -> Format:
    return Wfdb() if form == "wfdb" else Shards(len(level.leads), level.seconds * RATE)


def _labels(job: _Job, count: int, workers: int, progress: Callable[[int], None] | None) -> Iterator[Labels]:
    """Write all records; yield their labels in order."""
    done = 0
    spans = [range(first, min(first + CHUNK, count)) for first in range(0, count, CHUNK)]
    for span, labels in zip(spans, mapped(job.put, spans, workers), strict=True):
        yield from labels
        done += len(span)
        if progress:
            progress(done)
