"""A cohort from any group's own table of ECG files and potassium."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl

from kalemia.body import PLAUSIBLE_MEQ_L
from kalemia.cohort import build, dropped, foreign
from kalemia.cohort.build import Progress
from kalemia.cohort.card import Origin
from kalemia.cohort.claim import claim, fingerprint
from kalemia.cohort.cohort import SUBGROUPS
from kalemia.cohort.files import Files
from kalemia.cohort.flow import Step
from kalemia.cohort.foreign import ForeignTable
from kalemia.cohort.listed import faultless, once, spellings
from kalemia.errors import CohortError

NEEDED = ("path", "patient", "potassium_meq_l")
TIMES = ("time", "draw_time")
OTHERS = ("ecg", "hemolyzed", "specimen", "age_y", "sex", *SUBGROUPS)
COLUMNS = (*NEEDED, *TIMES, *OTHERS)
DESCRIBING = (*TIMES, "age_y", "sex", *SUBGROUPS)
"""Columns that may be empty."""
YES, NO = ("1", "1.0", "true", "t", "yes", "y"), ("0", "0.0", "false", "f", "no", "n")
OLDEST_Y = 120
_SEX = "WHEN 'f' THEN 'female' WHEN 'female' THEN 'female' WHEN 'm' THEN 'male' WHEN 'male' THEN 'male'"
MOST_WRONG = 0.5
OTHERS_NAME = "with the name of another ECG"


@dataclass(frozen=True)
class OwnTable:
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

    def name(self, column: str) -> str:
        """Return what the table calls a column of a cohort."""
        return self.names.get(column, column)


def write(own: OwnTable, out: Path, workers: int = 1, progress: Progress | None = None) -> list[Step]:
    """Build the cohort in the new folder `out`, or go on where an earlier run was stopped; return how many were left.

    Raises
    ------
    CohortError
        The table or a column is missing, its potassium is in another unit, or `out` cannot be written: one sentence.
    """
    if unknown := [name for name in own.names if name not in COLUMNS]:
        raise CohortError(f"no column {', '.join(unknown)} in a cohort; the columns are {', '.join(COLUMNS)}")
    if not own.table.is_file():
        raise CohortError(f"{own.table}: no such file; expected a CSV or Parquet table")
    foreign.check_window(own.window_min)
    foreign.check_folder(own.ecg)
    plan = {
        "from": "table",
        "table": fingerprint(own.table),
        "ecg": str(own.ecg.resolve()),
        "names": dict(own.names),
        "window_min": own.window_min,
    }
    origin = Origin(own.table.name, own.window_min)
    with claim(out, plan) as partial:
        rows, steps, lost = _rows(own, partial / "table.parquet", workers)
        files = Files.of(rows, own.ecg)
        finished = build.finish(out, partial, files, steps, origin, None, workers, progress)
        dropped.write(out, [*lost, dropped.unread(out, rows, files)])
        return finished


def _rows(own: OwnTable, copied: Path, workers: int) -> tuple[pl.DataFrame, list[Step], list[pl.DataFrame]]:
    """Return the rows that count, each ECG once, how many each step left, and the rows that were left out."""
    needed = dict.fromkeys([*map(own.name, NEEDED), *own.names.values()])
    table = ForeignTable(foreign.connect(workers), own.table, list(needed))
    rows, rejected = table.select(_columns(own, table), copied), table.rejected()
    _check_lines(own, len(rows), rejected)
    timed = all(own.name(column) in table.columns for column in TIMES)
    rows = _completed(rows)
    _check_unit(own, rows)
    judged = rows.with_columns(why=_why(own, timed=timed))
    good, faults = faultless(judged)
    listed, twice, notes, again = once(good, "path", ("potassium_meq_l", "patient", "hemolyzed"))
    ecgs = listed.unique("ecg", keep="first", maintain_order=True)
    named = listed.join(ecgs, on=dropped.ROW, how="anti").with_columns(why=pl.lit(OTHERS_NAME))
    left_out = {"lines that are no rows": rejected, **faults, **twice, OTHERS_NAME: len(named)}
    notes += [*spellings(ecgs["patient"]), *_unread(ecgs, timed=timed), *_bounded(ecgs)]
    kept = Step("ECGs", len(ecgs), ecgs["patient"].n_unique(), left_out, notes)
    lost = [dropped.lines(table), judged.filter(pl.col("why").is_not_null()), again, named]
    return ecgs, [Step("rows of the table", len(rows)), kept], lost


def _bounded(ecgs: pl.DataFrame) -> list[str]:
    """Return a sentence on values of which only a bound is known."""
    count = int(ecgs["censored"].is_not_null().sum())
    return [f"{count:,} values are bounds, such as >8.0; they count at the bound, marked in the column censored"] * (
        count > 0
    )


def _columns(own: OwnTable, table: ForeignTable) -> dict[str, str]:
    """Return SQL for each column of a cohort, and for whether there is a value that is not understood."""
    columns = {}
    for column in COLUMNS:
        text = f"trim({table.text(own.name(column))})"
        columns[column] = _typed(column, text)
        if column == "potassium_meq_l":
            columns[dropped.WRITTEN] = text
            columns["censored"] = f"CASE WHEN {text} ~ '[>≥].*' THEN 'above' WHEN {text} ~ '[<≤].*' THEN 'below' END"
        if column in (*DESCRIBING, "hemolyzed"):
            columns[f"{column} unread"] = f"{_typed(column, text)} IS NULL AND nullif({text}, '') IS NOT NULL"
    return columns


def _completed(rows: pl.DataFrame) -> pl.DataFrame:
    """Return rows with the columns of a cohort that follow from others."""
    return rows.with_row_index(dropped.ROW, offset=1).with_columns(
        ecg=pl.coalesce("ecg", "path"),
        hemolyzed=pl.col("hemolyzed").fill_null(value=False),
        gap_min=((pl.col("draw_time") - pl.col("time")).dt.total_seconds() / 60).cast(pl.Float32),
        labels=pl.lit("measured"),
    )


def _unread(ecgs: pl.DataFrame, *, timed: bool) -> list[str]:
    """Return a sentence on what columns that may be empty hold and nobody understands.

    Where both times count, no row is without them.
    """
    counts = {name: int(ecgs[f"{name} unread"].sum()) for name in DESCRIBING if not (timed and name in TIMES)}
    unread = [f"{count:,} of {name}" for name, count in counts.items() if count]
    return [f"values that are not understood count as unknown: {', '.join(unread)}"] if unread else []


def _typed(name: str, text: str) -> str:
    """Return SQL that gives a column its type; NULL where a value is none."""
    if name in TIMES:
        return foreign.time(text)
    # A comma before one or two last digits is decimal: between thousands there are three.
    if name == "potassium_meq_l":  # where a laboratory can measure no further it writes a bound: >8.0
        text = f"regexp_replace({text}, '^[<>≤≥]=?\\s*', '')"
    number = f"TRY_CAST(regexp_replace({text}, '^(\\d+),(\\d{{1,2}})$', '\\1.\\2') AS FLOAT)"
    if name == "potassium_meq_l":
        return number
    if name == "age_y":
        return f"CASE WHEN {number} BETWEEN 0 AND {OLDEST_Y} THEN {number} END"
    if name == "hemolyzed" or name in SUBGROUPS:
        yes, no = (", ".join(f"'{word}'" for word in words) for words in (YES, NO))
        return f"CASE WHEN lower({text}) IN ({yes}) THEN true WHEN lower({text}) IN ({no}) THEN false END"
    if name == "sex":
        return f"CASE lower({text}) {_SEX} END"
    if name == "path":  # a WFDB record has several names
        return f"nullif(regexp_replace(regexp_replace({text}, '^(\\./)+', ''), '\\.(hea|dat)$', ''), '')"
    if name == "patient":  # a spreadsheet makes 1.0 of 1; what it made of 01 is lost
        text = f"regexp_replace({text}, '^(0|-?[1-9]\\d*)\\.0+$', '\\1')"
    return f"nullif({text}, '')"


def _why(own: OwnTable, *, timed: bool) -> pl.Expr:
    """Return why a row is left out, or null."""
    low, high = PLAUSIBLE_MEQ_L
    why = (
        pl.when(pl.col("path").is_null() | pl.col("patient").is_null())
        .then(pl.lit("without a path or a patient"))
        .when(pl.col("potassium_meq_l").is_null() | pl.col("potassium_meq_l").is_nan())
        .then(pl.lit("without a potassium"))
        .when(~pl.col("potassium_meq_l").is_between(low, high))
        .then(pl.lit(f"outside {low:g} to {high:g} mEq/L"))
        .when(pl.col("hemolyzed unread"))
        .then(pl.lit("hemolyzed by neither yes nor no"))
    )
    if not timed:
        return why
    return (
        why.when(pl.col("gap_min").is_null())
        .then(pl.lit("without both times to the minute, or with a zone"))
        .when(pl.col("gap_min").abs() > own.window_min)
        .then(pl.lit(f"without a draw within {own.window_min:g} min"))
    )


def _check_lines(own: OwnTable, rows: int, rejected: int) -> None:
    """Raise where most lines are no rows: then the table is written otherwise than its header says."""
    if rejected > MOST_WRONG * (rows + rejected):
        raise CohortError(
            f"{own.table}: {rejected:,} of {rows + rejected:,} lines are no rows; text in UTF-8 with as many fields "
            "a line as the header has is accepted, and a decimal comma between commas only in quotes"
        )


def _check_unit(own: OwnTable, rows: pl.DataFrame) -> None:
    """Raise where most numbers are no potassium in mEq/L: a whole column in another unit is no slip of rows."""
    numbers = rows["potassium_meq_l"].drop_nulls().to_numpy()
    numbers = numbers[np.isfinite(numbers)]
    low, high = PLAUSIBLE_MEQ_L
    outside = int(np.sum(~((numbers >= low) & (numbers <= high))))
    if len(numbers) and outside > MOST_WRONG * len(numbers):
        column = own.name("potassium_meq_l")
        raise CohortError(
            f"{own.table}: {outside:,} of {len(numbers):,} values of {column} lie outside "
            f"{low:g} to {high:g} (their median is {np.median(numbers):.3g}); potassium in mEq/L, which is mmol/L, is "
            "accepted, and mg/dL are 3.91 times as many"
        )
