"""Writes a cohort shard by shard into FOLDER.partial, where it goes on if it is stopped, and renames it at the end."""

from __future__ import annotations

import io
import json
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import IO, Any, Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from kalemia import __version__
from kalemia.cohort import flow
from kalemia.cohort.cohort import CARD, FLOW, TABLE, schema
from kalemia.cohort.flow import Step
from kalemia.errors import CohortError
from kalemia.records import LEADS, Recording
from kalemia.system import atomic, wfdb
from kalemia.system.workers import mapped

PER_SHARD = 1000
RATE = 500.0
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

Row = dict[str, Any]
Progress = Callable[[int, int], None]
"""Called with how many ECGs are done, and how many there are."""


@dataclass(frozen=True)
class Shape:
    """What every signal of a cohort is: its leads, and samples at 500 Hz; others are brought to it."""

    leads: tuple[str, ...] = LEADS
    samples: int = 5000


class Source(Protocol):
    """What the ECGs come from; it is sent to worker processes."""

    def records(self, numbers: range) -> Iterator[tuple[Row, Recording] | str]:
        """Yield the row and the signal of each ECG of these numbers, or in a few words why it is left out."""


def fingerprint(path: Path) -> list[Any]:
    """Return what tells a file from another, or from itself after it was changed."""
    known = path.stat()
    return [str(path.resolve()), known.st_size, known.st_mtime_ns]


@contextmanager
def claim(out: Path, plan: dict[str, Any]) -> Iterator[Path]:
    """Give the folder in which a cohort is built, for nobody else; one begun with the same plan is gone on with.

    Raises
    ------
    CohortError
        `out` exists, cannot be made, another cohort was begun there, or another run is building it.
    """
    whole = out.absolute()
    if not whole.name or whole.name == ".." or os.path.lexists(whole):
        raise CohortError(f"{out} already exists; expected a folder that is not there yet")
    partial = whole.with_name(f"{whole.name}.partial")
    with atomic.writing(out, CohortError):
        atomic.writable(partial)
        lock = (partial / LOCK).open("w")
    with lock:
        with atomic.writing(out, CohortError):
            _hold(lock, partial)
            _begin(partial, json.dumps({"kalemia": __version__, **plan}, indent=1, sort_keys=True))
        yield partial


def _hold(lock: IO[str], partial: Path) -> None:
    """Lock a file until it is closed; CohortError where another process did."""
    try:
        import fcntl
    except ImportError:  # not on this system
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as exc:
        raise CohortError(f"{partial}: another run is building there; wait for it, or give another folder") from exc


def _begin(partial: Path, plan: str) -> None:
    """Keep the plan in the folder, emptied of what an earlier plan found before it read signals."""
    begun = partial / PLAN
    if begun.exists() and begun.read_text(encoding="utf-8") == plan:
        return
    found = [path for path in partial.iterdir() if path.name != LOCK]
    if any(path.name not in BEFORE_SHARDS for path in found):
        raise CohortError(
            f"{partial} holds something else, or was begun before a file changed; remove it, or give another folder"
        )
    for path in found:  # a table was wrong, say, and is mended now
        path.unlink()
    atomic.write({begun: plan.encode()})


def finish(
    out: Path,
    partial: Path,
    source: Source,
    count: int,
    steps: Sequence[Step],
    about: dict[str, Any],
    shape: Shape | None = None,
    workers: int = 1,
    progress: Progress | None = None,
) -> list[Step]:
    """Write the signals of `count` ECGs that are not written yet, then the table; return all steps.

    `about` is kept in `cohort.json`.
    """
    shape = shape or Shape()
    job = _Shard(partial, source, shape)
    ranges = [range(first, min(first + PER_SHARD, count)) for first in range(0, count, PER_SHARD)]
    try:
        left_out: Counter[str] = Counter()
        done = 0
        for numbers, lost in zip(ranges, mapped(job, ranges, workers), strict=True):
            left_out.update(lost)
            done += len(numbers)
            if progress:
                progress(done, count)
        return _close(out, partial, shape, [*steps], left_out, about)
    except OSError as exc:
        raise CohortError(f"{partial}: cannot be written ({exc.strerror}); the next run goes on from there") from exc


@dataclass(frozen=True)
class _Shard:
    """Writes the shard of some ECGs, unless it is there, and returns how many were left out and why."""

    folder: Path
    source: Source
    shape: Shape

    def __call__(self, numbers: range) -> dict[str, int]:
        done, shard, table = self._files(numbers)
        if (before := self._before(numbers)) is not None:
            return before
        rows: list[Row] = []
        signals: list[NDArray[np.int16]] = []
        lost: Counter[str] = Counter()
        for one in self.source.records(numbers):
            if isinstance(one, str):
                lost[one] += 1
                continue
            row, recording = one
            if not set(recording.leads) & set(self.shape.leads):
                lost["without any of the leads"] += 1
                continue
            rows.append({**row, "shard": shard.name, "row": len(rows)})
            signals.append(wfdb.counts(framed(recording, self.shape)))
        held = np.stack(signals) if signals else np.zeros((0, len(self.shape.leads), self.shape.samples), "<i2")
        atomic.write({shard: _npy(held), table: _parquet(rows)})
        atomic.write({done: json.dumps(lost).encode()})
        return lost

    def _files(self, numbers: range) -> tuple[Path, Path, Path]:
        number = f"{numbers.start // PER_SHARD:04d}"
        names = (f"done-{number}.json", f"signals-{number}.npy", f"rows-{number}.parquet")
        return self.folder / names[0], self.folder / names[1], self.folder / names[2]

    def _before(self, numbers: range) -> dict[str, int] | None:
        """Return what an earlier run left out of this shard; None where it did not write all of it."""
        done, shard, table = self._files(numbers)
        try:
            lost = dict(json.loads(done.read_text(encoding="utf-8")))
            held, rows = len(np.load(shard, mmap_mode="r")), len(pl.read_parquet(table, columns=["row"]))
        except (OSError, ValueError, EOFError, pl.exceptions.PolarsError):
            return None
        return lost if held == rows == len(numbers) - sum(lost.values()) else None


def framed(recording: Recording, shape: Shape) -> NDArray[np.float32]:
    """Return the signal of a recording, mV, as (leads, samples) of a shape: other rates resampled, too long ones cut.

    NaN stands where there is no lead or no sample.
    """
    framed = np.full((len(shape.leads), shape.samples), np.nan, np.float32)
    for k, lead in enumerate(shape.leads):
        if lead in recording.leads:
            signal = recording.lead(lead)
            signal = signal if recording.rate == RATE else _resampled(signal, recording.rate)
            framed[k, : len(signal)] = signal[: shape.samples]
    return framed


def _resampled(signal: NDArray[np.float32], rate: float) -> NDArray[np.float32]:
    """Return a signal at 500 Hz; NaN stays where it was."""
    from scipy.signal import resample_poly

    ratio = (Fraction(RATE) / Fraction(rate)).limit_denominator(1000)
    known = np.isfinite(signal)
    if not known.any():
        return np.full(round(len(signal) * RATE / rate), np.nan, np.float32)
    places = np.arange(len(signal))
    whole = np.interp(places, places[known], signal[known])
    # Padded with what the ends are, or the filter would bend them.
    made = resample_poly(whole, ratio.numerator, ratio.denominator, padtype="line").astype(np.float32)
    nearest = np.minimum(np.round(np.arange(len(made)) * rate / RATE).astype(np.intp), len(signal) - 1)
    return np.where(known[nearest], made, np.float32(np.nan))


def _npy(signals: NDArray[np.int16]) -> bytes:
    stream = io.BytesIO()
    np.save(stream, signals.astype("<i2", copy=False), allow_pickle=False)
    return stream.getvalue()


def _parquet(rows: list[Row]) -> bytes:
    stream = io.BytesIO()
    pl.DataFrame(rows, schema=schema()).write_parquet(stream)
    return stream.getvalue()


def _close(
    out: Path, partial: Path, shape: Shape, steps: list[Step], left_out: Counter[str], about: dict[str, Any]
) -> list[Step]:
    """Join the rows of all shards, say how many each step left, and give the folder its name."""
    pieces = sorted(partial.glob("rows-*.parquet"))
    table = pl.concat([pl.read_parquet(piece) for piece in pieces]) if pieces else pl.DataFrame(schema=schema())
    steps.append(Step("ECGs in the cohort", len(table), table["patient"].n_unique(), dict(left_out.most_common())))
    if not len(table):
        why = "; ".join(line for step in steps for line in step.lost) or "there are no rows"
        raise CohortError(f"no ECG is left for {out}: {why}")
    stream = io.BytesIO()
    table.write_parquet(stream)
    card = {
        "kalemia": __version__,
        **about,
        "labels": sorted(table["labels"].unique().to_list()),
        "leads": shape.leads,
        "rate_hz": RATE,
        "samples": shape.samples,
        "ecgs": len(table),
        "patients": table["patient"].n_unique(),
        "flow": [step.to_dict() for step in steps],
    }
    written = {TABLE: stream.getvalue(), CARD: json.dumps(card, indent=1).encode(), FLOW: flow.svg(steps).encode()}
    atomic.write({partial / name: content for name, content in written.items()})
    kept = {*written, *table["shard"].unique().to_list()}
    for path in partial.iterdir():
        if path.name not in kept:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    partial.rename(out)
    return steps
