"""Writes a cohort shard by shard into FOLDER.partial, where it goes on if it is stopped, and renames it at the end."""

from __future__ import annotations

import io
import shutil
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import polars as pl

from kalemia import __version__
from kalemia.cohort import flow, shards
from kalemia.cohort.card import Card, Origin
from kalemia.cohort.cohort import CARD, FLOW, TABLE, schema
from kalemia.cohort.flow import Step
from kalemia.cohort.shards import RATE, Shape, ShardWriter, Source
from kalemia.errors import CohortError
from kalemia.system import atomic
from kalemia.system.workers import mapped

Progress = Callable[[int, int], None]
"""Called with how many ECGs are done, and how many there are."""


def finish(
    out: Path,
    partial: Path,
    source: Source,
    steps: Sequence[Step],
    origin: Origin,
    shape: Shape | None = None,
    workers: int = 1,
    progress: Progress | None = None,
) -> list[Step]:
    """Write the signals that are not written yet, then the table and the card; return all steps.

    Parameters
    ----------
    out, partial
        The cohort's folder, and that in which it is built, from `claim`.
    source, origin
        The ECGs, and what the card says of where they come from.
    steps
        How many each step before this left.
    shape
        By default twelve leads of ten seconds.

    Raises
    ------
    CohortError
        No ECG is left, or the disk refuses.
    """
    shape, count = shape or Shape(), len(source)
    ranges = [range(first, min(first + shards.PER_SHARD, count)) for first in range(0, count, shards.PER_SHARD)]
    left_out: Counter[str] = Counter()
    try:
        for numbers, lost in zip(ranges, mapped(ShardWriter(partial, source, shape), ranges, workers), strict=True):
            left_out.update(lost)
            if progress:
                progress(numbers.stop, count)
        return _close(out, partial, shape, [*steps], left_out, origin)
    except OSError as exc:
        raise CohortError(f"{partial}: cannot be written ({exc.strerror}); the next run goes on from there") from exc


def _close(
    out: Path, partial: Path, shape: Shape, steps: list[Step], left_out: Counter[str], origin: Origin
) -> list[Step]:
    """Join the rows of all shards, say how many each step left, and give the folder its name."""
    table = _joined(partial)
    steps.append(Step("ECGs in the cohort", len(table), table["patient"].n_unique(), dict(left_out.most_common())))
    if not len(table):
        why = "; ".join(line for step in steps for line in step.lost) or "there are no rows"
        raise CohortError(f"no ECG is left for {out}: {why}")
    stream = io.BytesIO()
    table.write_parquet(stream)
    card = Card(
        kalemia=__version__,
        origin=origin,
        labels=tuple(sorted(table["labels"].unique())),
        leads=shape.leads,
        rate_hz=RATE,
        samples=shape.samples,
        ecgs=len(table),
        patients=table["patient"].n_unique(),
        flow=tuple(steps),
    )
    written = {TABLE: stream.getvalue(), CARD: card.to_json().encode(), FLOW: flow.svg(steps).encode()}
    _settle(partial, written, {*table["shard"]})
    partial.rename(out)
    return steps


def _joined(partial: Path) -> pl.DataFrame:
    pieces = sorted(partial.glob("rows-*.parquet"))
    return pl.concat([pl.read_parquet(piece) for piece in pieces]) if pieces else pl.DataFrame(schema=schema())


def _settle(partial: Path, written: Mapping[str, bytes], signals: set[str]) -> None:
    """Write the last files, and remove all that is no part of the cohort."""
    atomic.write({partial / name: content for name, content in written.items()})
    for path in partial.iterdir():
        if path.name not in {*written, *signals}:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
