"""Writes simulated recordings as a folder of WFDB records with labels.csv, whole or not at all."""

from __future__ import annotations

import csv
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from pathlib import Path

import numpy as np

from kalemia.errors import SimulateError
from kalemia.simulate.base import Paths, read_bases
from kalemia.simulate.levels import level_named
from kalemia.simulate.morphed import morph
from kalemia.simulate.records import Simulated, check_seed, simulate
from kalemia.workers import pool

COUNTS_PER_MV = 1000
PER_FOLDER = 1000
CHUNK = 50
MOST_RECORDS = 10_000_000
"""More than a terabyte: a slip of the finger, not a wish."""
COLUMNS = (
    "record", "patient", "day", "minute", "potassium_meq_l", "measured_meq_l", "gap_min", "hemolyzed",
    "labels", "level", "variant", "seed", "parameters",
)  # fmt: skip

Row = list[str]
Maker = Callable[[int, int, str, int], Iterator[Simulated]]
"""Yields `count` records of a seed and a level from a start on, as `simulate` does."""


def write(
    out: Path,
    count: int,
    seed: int,
    level: str = "clinic",
    workers: int = 1,
    progress: Callable[[int], None] | None = None,
    base: Paths | None = None,
) -> None:
    """Write `count` records and labels.csv to the new folder `out`; identical bytes for any number of workers.

    Parameters
    ----------
    out
        A folder that does not exist yet; it appears only when all of it is written.
    count, seed, level
        As in `simulate`; at least one record.
    workers
        Processes; more than one needs a script that can be imported (`if __name__ == "__main__"`).
    progress
        Called with the number of records written so far.
    base
        A folder or files of real 12-lead ECGs: they are changed (`morph`) instead of simulating patients.

    Raises
    ------
    SimulateError
        `out` exists, an argument is out of range, no file of `base` is usable, or the disk refuses.
    """
    out = Path(out)
    _check(out, count, seed, level, workers)
    make: Maker = simulate
    if base is not None:
        make = partial(_morphed, read_bases(base).paths)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        # A sibling, so that the rename at the end stays on one disk.
        partial_folder = Path(tempfile.mkdtemp(prefix=f".{out.name}-partial-", dir=out.parent))
    except OSError as error:
        raise SimulateError(f"cannot write beside {out}: {error.strerror}; expected a writable folder") from error
    try:
        _fill(partial_folder, make, count, seed, level, workers, progress)
        partial_folder.chmod(0o755)
        partial_folder.rename(out)
    except OSError as error:
        raise SimulateError(f"cannot write {out}: {error.strerror}; nothing was kept") from error
    except BrokenProcessPool as error:
        raise SimulateError(f"cannot write {out}: a worker process died; nothing was kept") from error
    finally:
        shutil.rmtree(partial_folder, ignore_errors=True)


def _check(out: Path, count: int, seed: int, level: str, workers: int) -> None:
    try:
        there = out.exists()
    except OSError as error:
        raise SimulateError(f"{out}: no folder can have this name ({error.strerror})") from error
    if there:
        raise SimulateError(f"{out} already exists; expected a folder that is not there yet")
    if not 1 <= count <= MOST_RECORDS:
        raise SimulateError(f"count is {count}; expected 1 to {MOST_RECORDS:,}")
    if workers < 1:
        raise SimulateError(f"workers is {workers}; expected 1 or more")
    check_seed(seed)
    level_named(level)


def _morphed(paths: tuple[str, ...], count: int, seed: int, level: str, start: int) -> Iterator[Simulated]:
    """Morph the recordings at `paths`; each process reads them once."""
    return morph(read_bases(paths), count, seed, level, start)


def _fill(
    folder: Path,
    make: Maker,
    count: int,
    seed: int,
    level: str,
    workers: int,
    progress: Callable[[int], None] | None,
) -> None:
    for first in range(0, count, PER_FOLDER):
        (folder / _subfolder(first)).mkdir()
    done = 0
    with (folder / "labels.csv").open("w", newline="", encoding="utf-8") as handle:
        labels = csv.writer(handle, lineterminator="\n")
        labels.writerow(COLUMNS)
        for rows in _chunks(folder, make, count, seed, level, workers):
            labels.writerows(rows)
            done += len(rows)
            if progress:
                progress(done)


def _chunks(folder: Path, make: Maker, count: int, seed: int, level: str, workers: int) -> Iterator[list[Row]]:
    """Yield the label rows of every chunk, in order."""
    job = partial(_write_chunk, folder, make, seed, level)
    spans = [range(first, min(first + CHUNK, count)) for first in range(0, count, CHUNK)]
    if workers == 1:
        yield from map(job, spans)
        return
    # Spawned, not forked: numpy may hold threads, and a fork in the middle of them can hang.
    with pool(workers, "spawn") as processes:
        try:
            yield from processes.map(job, spans)
        except BaseException:
            processes.shutdown(cancel_futures=True)
            raise


def _write_chunk(folder: Path, make: Maker, seed: int, level: str, span: range) -> list[Row]:
    return [_write_one(folder, made, level) for made in make(len(span), seed, level, span.start)]


def _subfolder(index: int) -> str:
    return f"{index // PER_FOLDER:04d}"


def _write_one(folder: Path, made: Simulated, level: str) -> Row:
    """Write one record; return its row of labels.csv."""
    record = f"{_subfolder(int(made.patient[1:]))}/{made.name}"
    write_wfdb(folder / record, made)
    drawn = json.dumps({name: round(value, 6) for name, value in made.parameters.items()})
    when = [str(made.day), str(made.minute)]
    blood = [f"{made.blood.measured_meq_l:.1f}", f"{made.blood.gap_min:.1f}", str(int(made.blood.hemolyzed))]
    made_as = [made.labels, level, made.variant, str(made.seed), drawn]
    return [record, made.patient, *when, f"{made.potassium_meq_l:.2f}", *blood, *made_as]


def write_wfdb(stem: Path, made: Simulated) -> None:
    """Write `stem`.hea and `stem`.dat: WFDB format 16, 1000 counts a mV, samples of all leads interleaved."""
    recording = made.recording
    counts = np.clip(np.round(recording.signal * COUNTS_PER_MV), -32767, 32767).astype("<i2")
    stem.with_suffix(".dat").write_bytes(counts.T.tobytes())
    lines = [f"{stem.name} {len(recording.leads)} {recording.rate:g} {counts.shape[1]}"]
    for lead, row in zip(recording.leads, counts, strict=True):
        checksum = int(row.sum(dtype=np.int64)) & 0xFFFF
        lines.append(f"{stem.name}.dat 16 {COUNTS_PER_MV}(0)/mV 16 0 {row[0]} {checksum} 0 {lead}")
    origin = "simulated, not a person" if made.labels == "simulated" else f"{made.labels}, a real record changed"
    lines.append(f"# {origin}; potassium {made.potassium_meq_l:.2f} mEq/L")
    stem.with_suffix(".hea").write_text("\n".join(lines) + "\n", encoding="ascii")
