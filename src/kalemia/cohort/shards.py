"""Shards of a cohort: the signals of a thousand ECGs as one array, and their rows beside it."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from kalemia.cohort.cohort import schema
from kalemia.records import LEADS, Recording
from kalemia.system import atomic, wfdb

PER_SHARD = 1000
RATE = 500.0

Row = dict[str, Any]
"""Some of the columns of `schema` by name; the others are null."""


@dataclass(frozen=True)
class Shape:
    """What every signal of a cohort is: its leads, and samples at 500 Hz; others are brought to it."""

    leads: tuple[str, ...] = LEADS
    samples: int = 5000


class Source(Protocol):
    """What the ECGs come from; it is sent to worker processes."""

    def __len__(self) -> int:
        """How many ECGs there are."""

    def records(self, numbers: range) -> Iterator[tuple[Row, Recording] | str]:
        """Yield the row and the signal of each ECG of these numbers, or in a few words why it is left out."""


class ShardFiles(NamedTuple):
    """The files of a shard: a list of what was left out, which is written last, the signals and the rows."""

    done: Path
    signals: Path
    rows: Path


@dataclass(frozen=True)
class ShardWriter:
    """Writes the shard of some ECGs, unless it is there, and returns how many were left out and why."""

    folder: Path
    source: Source
    shape: Shape

    def __call__(self, numbers: range) -> dict[str, int]:
        """Write the ECGs of these numbers."""
        files = self._files(numbers)
        if (before := _before(files, len(numbers))) is not None:
            return before
        rows: list[Row] = []
        signals: list[NDArray[np.int16]] = []
        lost: Counter[str] = Counter()
        for record in self.source.records(numbers):
            if isinstance(record, str):
                lost[record] += 1
            elif not set(record[1].leads) & set(self.shape.leads):
                lost["without any of the leads"] += 1
            else:
                row, recording = record
                rows.append({**row, "shard": files.signals.name, "row": len(rows)})
                signals.append(wfdb.counts(framed(recording, self.shape)))
        held = np.stack(signals) if signals else np.zeros((0, len(self.shape.leads), self.shape.samples), "<i2")
        atomic.write({files.signals: _npy(held), files.rows: _parquet(rows)})
        atomic.write({files.done: json.dumps(lost).encode()})
        return lost

    def _files(self, numbers: range) -> ShardFiles:
        number = f"{numbers.start // PER_SHARD:04d}"
        names = (f"done-{number}.json", f"signals-{number}.npy", f"rows-{number}.parquet")
        return ShardFiles(*(self.folder / name for name in names))


def _before(files: ShardFiles, count: int) -> dict[str, int] | None:
    """Return what an earlier run left out of a shard of `count` ECGs; None where it did not write all of it."""
    try:
        lost: dict[str, int] = json.loads(files.done.read_text(encoding="utf-8"))
        held, rows = len(np.load(files.signals, mmap_mode="r")), len(pl.read_parquet(files.rows, columns=["row"]))
        return lost if held == rows == count - sum(lost.values()) else None
    except (OSError, ValueError, EOFError, AttributeError, TypeError, pl.exceptions.PolarsError):
        return None


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
