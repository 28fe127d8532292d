"""A cohort from any group's own table of ECG files and potassium."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from kalemia.cohort import build, foreign
from kalemia.cohort.build import Progress
from kalemia.cohort.cohort import SUBGROUPS
from kalemia.cohort.files import Files
from kalemia.cohort.flow import Step
from kalemia.cohort.foreign import Table
from kalemia.cohort.pairing import PLAUSIBLE_MEQ_L
from kalemia.errors import CohortError

NEEDED = ("path", "patient", "potassium_meq_l")
TIMES = ("time", "draw_time")
OTHERS = ("ecg", "hemolyzed", "specimen", "age_y", "sex", *SUBGROUPS)
COLUMNS = (*NEEDED, *TIMES, *OTHERS)
YES = ("1", "true", "t", "yes", "y")
MOST_IMPLAUSIBLE = 0.5


@dataclass(frozen=True)
class Source:
    """A table, the folder of its ECGs, and what its columns are called.

    Attributes
    ----------
    table
        CSV or Parquet, a row an ECG.
    ecg
        The folder that the paths in it start from.
    names
        The table's name for a column of a cohort, where it is another.
    window_min
        How many minutes before or after the ECG the draw may be; only asked where the table has both times.
    """

    table: Path
    ecg: Path
    names: Mapping[str, str] = field(default_factory=dict)
    window_min: float = 60.0


def write(source: Source, out: Path, workers: int = 1, progress: Progress | None = None) -> list[Step]:
    """Build the cohort in the new folder `out`, or go on where an earlier run was stopped; return how many were left.

    Raises
    ------
    CohortError
        The table or a column is missing, its potassium is in another unit, or `out` cannot be written: one sentence.
    """
    if unknown := [name for name in source.names if name not in COLUMNS]:
        raise CohortError(f"no column {', '.join(unknown)} in a cohort; the columns are {', '.join(COLUMNS)}")
    if not source.table.is_file():
        raise CohortError(f"{source.table}: no such file; expected a CSV or Parquet table")
    known = source.table.stat()
    plan = {
        "from": "table",
        "table": [source.table.name, known.st_size, int(known.st_mtime)],
        "names": dict(source.names),
        "window_min": source.window_min,
    }
    partial = build.claim(out, plan)
    rows, steps = _rows(source, partial, workers)
    about = {"source": source.table.name, "window_min": source.window_min}
    return build.finish(
        out, partial, Files.of(rows, source.ecg), len(rows), steps, about, workers=workers, progress=progress
    )


def _rows(source: Source, partial: Path, workers: int) -> tuple[pl.DataFrame, list[Step]]:
    table = Table(foreign.connect(workers), source.table, [source.names.get(name, name) for name in NEEDED])
    asked = []
    for name in COLUMNS:
        text = f"trim({table.text(source.names.get(name, name))})"
        asked.append(f"{_typed(name, text)} AS {name}")
    copied = partial / "table.parquet"
    target = str(copied).replace("'", "''")
    table.run(f"COPY (SELECT {', '.join(asked)} FROM {table.sql}) TO '{target}' (FORMAT parquet)")
    read = pl.read_parquet(copied)
    timed = all(source.names.get(name, name) in table.columns for name in TIMES)
    judged = read.with_columns(
        ecg=pl.coalesce("ecg", "path"),
        hemolyzed=pl.col("hemolyzed").fill_null(value=False),
        gap_min=((pl.col("draw_time") - pl.col("time")).dt.total_seconds() / 60).cast(pl.Float32),
        labels=pl.lit("measured"),
    ).with_columns(why=_why(source, timed=timed))
    _check_unit(source, judged)
    good = judged.filter(pl.col("why").is_null())
    once = good.unique("path", keep="first", maintain_order=True)
    wrong = (
        judged.filter(pl.col("why").is_not_null()).group_by("why").len().sort("len", "why", descending=[True, False])
    )
    lost: dict[str, int] = {
        "lines that are no rows": table.rejected(),
        **dict(wrong.iter_rows()),
        "listed twice": len(good) - len(once),
    }
    return once, [Step("rows of the table", len(read)), Step("ECGs", len(once), once["patient"].n_unique(), lost)]


def _typed(name: str, text: str) -> str:
    """Return SQL that gives a column its type; NULL where a value is none."""
    if name in TIMES:
        return f"TRY_CAST({text} AS TIMESTAMP)"
    if name in ("potassium_meq_l", "age_y"):
        return f"TRY_CAST({text} AS FLOAT)"
    if name == "hemolyzed" or name in SUBGROUPS:
        listed = ", ".join(f"'{word}'" for word in YES)
        return f"CASE WHEN {text} IS NOT NULL AND {text} <> '' THEN lower({text}) IN ({listed}) END"
    if name == "sex":
        return f"CASE lower(left({text}, 1)) WHEN 'f' THEN 'female' WHEN 'm' THEN 'male' END"
    return f"nullif({text}, '')"


def _why(source: Source, *, timed: bool) -> Any:
    """Return why a row is left out, or null."""
    low, high = PLAUSIBLE_MEQ_L
    why = (
        pl.when(pl.col("path").is_null() | pl.col("patient").is_null())
        .then(pl.lit("without a path or a patient"))
        .when(pl.col("potassium_meq_l").is_null() | pl.col("potassium_meq_l").is_nan())
        .then(pl.lit("without a potassium"))
        .when(~pl.col("potassium_meq_l").is_between(low, high))
        .then(pl.lit(f"outside {low:g} to {high:g} mEq/L"))
    )
    if not timed:
        return why
    return (
        why.when(pl.col("gap_min").is_null())
        .then(pl.lit("without both times"))
        .when(pl.col("gap_min").abs() > source.window_min)
        .then(pl.lit(f"without a draw within {source.window_min:g} min"))
    )


def _check_unit(source: Source, judged: pl.DataFrame) -> None:
    """Raise where most numbers are no potassium in mEq/L: a whole column in another unit is no slip of rows."""
    numbers = judged["potassium_meq_l"].drop_nulls().to_numpy()
    low, high = PLAUSIBLE_MEQ_L
    outside = int(np.sum(~((numbers >= low) & (numbers <= high))))
    if len(numbers) and outside > MOST_IMPLAUSIBLE * len(numbers):
        column = source.names.get("potassium_meq_l", "potassium_meq_l")
        raise CohortError(
            f"{source.table}: {outside:,} of {len(numbers):,} values of {column} lie outside "
            f"{low:g} to {high:g} (their median is {np.median(numbers):.3g}); potassium in mEq/L, which is mmol/L, is "
            "accepted, and mg/dL are 3.91 times as many"
        )
