"""The rows of a table that are not in its cohort, each with the reason: `dropped.csv`, to mend a table by."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from kalemia.cohort.cohort import TABLE
from kalemia.cohort.files import Files
from kalemia.cohort.foreign import ForeignTable
from kalemia.errors import CohortError
from kalemia.system import atomic

NAME = "dropped.csv"
ROW, WRITTEN = "row", "potassium as written"
COLUMNS = {ROW: pl.UInt32, "path": pl.String, "patient": pl.String, WRITTEN: pl.String, "why": pl.String}
"""`row` counts the rows that could be read, from 1; it is empty for a line that is no row."""
LONGEST = 200
"""Characters of a line that is no row."""


def write(out: Path, parts: Sequence[pl.DataFrame]) -> None:
    """Write the rows of all parts into a cohort's folder, in the order of the table."""
    rows = pl.concat([part.select(pl.col(name).cast(kind) for name, kind in COLUMNS.items()) for part in parts])
    with atomic.writing(out / NAME, CohortError):
        atomic.write({out / NAME: rows.sort(ROW, nulls_last=True).write_csv().encode()})


def lines(table: ForeignTable) -> pl.DataFrame:
    """Return the lines that are no rows, with what they hold in the place of a path."""
    rejects = table.rejects()
    held = [f"line {number:,}: {text[:LONGEST]}" for number, text, _ in rejects]
    why = [f"no row: {reason}" for *_, reason in rejects]
    empty: dict[str, list[str | None]] = {name: [None] * len(rejects) for name in COLUMNS}
    return pl.DataFrame(empty | {"path": held, "why": why}, schema=COLUMNS)


def unread(out: Path, rows: pl.DataFrame, files: Files) -> pl.DataFrame:
    """Return the rows whose ECG could not be read, which is tried once more, and said why."""
    there = set(pl.read_parquet(out / TABLE, columns=["ecg"])["ecg"])
    numbers = [number for number, ecg in enumerate(rows["ecg"]) if ecg not in there]
    why = [_why(next(files.records(range(number, number + 1)))) for number in numbers]
    return rows[numbers].with_columns(why=pl.Series(why, dtype=pl.String))


def _why(record: object) -> str:
    return record if isinstance(record, str) else "without any of the leads"
