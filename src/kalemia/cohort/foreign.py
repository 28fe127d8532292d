"""Tables of hospitals, CSV or Parquet, of any length: read once, in bounded memory, by DuckDB."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from kalemia.cohort import header
from kalemia.errors import CohortError

MEMORY = "2GB"
"""Far more than filtering needs; the process as a whole stays below 4 GB."""
BLOCK_BYTES = 1 << 24
TIME = r"\d{4}-\d\d?-\d\d?[ T]\d\d?:\d\d(:\d\d(\.\d+)?)?"
"""The whole of a local time: a date alone, a clock of twelve hours or a zone would leave hours to a guess."""


def connect(threads: int) -> duckdb.DuckDBPyConnection:
    """Return a database in memory."""
    return duckdb.connect(config={"memory_limit": MEMORY, "threads": threads, "autoinstall_known_extensions": False})


def find(folder: Path, *names: str) -> Path | None:
    """Return the first of some files, as they are or gzipped, in a folder; None where there is none."""
    for name in names:
        for path in (folder / name, folder / f"{name}.gz"):
            if path.is_file():
                return path
    return None


def needed(folder: Path, *names: str) -> Path:
    """Return the first of some files; CohortError where there is none."""
    path = find(folder, *names)
    if path is None:
        raise CohortError(f"{folder}: has no {' or '.join(names)} (or .gz); give the folder that holds it")
    return path


class ForeignTable:
    """A table of text: every value as the file has it.

    Parameters
    ----------
    database
        From `connect`.
    path
        A CSV file, gzipped or not, or a Parquet file.
    columns
        What the table must have.

    Raises
    ------
    CohortError
        Where the file is no table, or lacks a column.
    """

    def __init__(self, database: duckdb.DuckDBPyConnection, path: Path, columns: Sequence[str]) -> None:
        self.database, self.path = database, path
        check_gzip(path)
        if path.name.lower().endswith((".parquet", ".pq")):
            self.sql = f"read_parquet('{globbed(path)}')"
            self.columns = self.fields = tuple(str(row[0]) for row in self.run(f"DESCRIBE SELECT * FROM {self.sql}"))
            if not set(columns) <= set(self.columns):
                raise CohortError(header.lacking(path, columns, self.columns))
        else:
            head = header.read(path, columns)
            self.columns, self.fields = head.names, tuple(f"c{k}" for k in range(len(head.names)))
            self.sql = _csv(path, self.fields, head.delimiter)

    def text(self, column: str) -> str:
        """Return SQL for a column as text; NULL where the table has none."""
        if column not in self.columns:
            return "CAST(NULL AS VARCHAR)"
        if (count := self.columns.count(column)) > 1:
            raise CohortError(f"{self.path}: has {count} columns called {column}; one is accepted")
        return f'CAST("{_doubled(self.fields[self.columns.index(column)])}" AS VARCHAR)'

    def run(self, sql: str) -> list[tuple[Any, ...]]:
        """Run SQL that reads this table; what is wrong with the file becomes a CohortError."""
        try:
            return self.database.execute(sql).fetchall()
        except duckdb.IOException as exc:
            raise CohortError(f"{self.path}: cannot be read, or its rows not written ({_first(exc)})") from exc
        except duckdb.Error as exc:
            raise CohortError(f"{self.path}: no table ({_first(exc)}); expected CSV or Parquet") from exc

    def select(self, columns: Mapping[str, str], to: Path, tail: str = "") -> pl.DataFrame:
        """Return columns, each SQL by its name, with what `tail` adds to the query.

        They pass through the Parquet file `to`: DuckDB streams them there, however long the table is.
        """
        listed = ", ".join(f'{sql} AS "{name}"' for name, sql in columns.items())
        self.run(f"COPY (SELECT {listed} FROM {self.sql} {tail}) TO '{quoted(to)}' (FORMAT parquet)")
        selected: pl.DataFrame = pl.read_parquet(to)
        return selected

    def rejected(self) -> int:
        """Return how many lines of this file were no rows, in what was run so far.

        Raises
        ------
        CohortError
            A quote is opened and not closed, so that nobody can tell how many rows it swallowed.
        """
        if not self.sql.startswith("read_csv"):
            return 0
        odd = "e.error_type = 'UNQUOTED VALUE' AND length(replace(e.csv_line, '\"', '')) % 2 != length(e.csv_line) % 2"
        [(count, unclosed)] = self.run(
            f"SELECT count(DISTINCT e.line), min(e.line) FILTER ({odd}) "
            "FROM reject_errors e JOIN reject_scans s USING (scan_id, file_id) "
            f"WHERE s.file_path = '{quoted(self.path)}'"
        )
        if unclosed is not None:
            raise CohortError(
                f"{self.path}: line {unclosed:,} has a quote that is not closed, and rows after it may be lost; mend it"
            )
        return int(count)

    def rejects(self) -> list[tuple[int, str, str]]:
        """Return the lines of this file that were no rows: their numbers, what they hold, and what is wrong."""
        if not self.sql.startswith("read_csv"):
            return []
        found = self.run(
            "SELECT e.line, any_value(e.csv_line), any_value(CAST(e.error_type AS VARCHAR)) "
            "FROM reject_errors e JOIN reject_scans s USING (scan_id, file_id) "
            f"WHERE s.file_path = '{quoted(self.path)}' GROUP BY e.line ORDER BY e.line"
        )
        return [(int(line), str(text or ""), str(why).lower()) for line, text, why in found]


def _csv(path: Path, fields: Sequence[str], delimiter: str) -> str:
    """Return SQL that reads a CSV file; nothing is left for DuckDB to sniff."""
    types = ", ".join(f"'{field}': 'VARCHAR'" for field in fields)
    return (
        f"read_csv('{globbed(path)}', auto_detect = false, header = true, columns = {{{types}}}, "
        f"delim = '{delimiter}', quote = '\"', escape = '\"', store_rejects = true)"
    )


def quoted(path: Path) -> str:
    """Return a path as it stands between quotes in SQL."""
    return str(path).replace("'", "''")


def globbed(path: Path) -> str:
    """Return the same for where DuckDB would take * and ? and [ for a pattern of several files."""
    return re.sub(r"([*?\[])", r"[\1]", quoted(path))


def _doubled(column: str) -> str:
    return column.replace('"', '""')


def check_window(minutes: float) -> None:
    """Raise a CohortError where a window is no number of minutes up to a week."""
    if not 0 < minutes <= 7 * 24 * 60:
        raise CohortError(f"the window is {minutes:g} minutes; more than 0 and up to a week is accepted")


def check_folder(folder: Path) -> None:
    """Raise a CohortError where the folder of ECGs is none."""
    if not folder.is_dir():
        raise CohortError(f"{folder}: no such folder; expected the one that ECGs lie in")


def time(text: str) -> str:
    """Return SQL for a local time; NULL where it is not wholly one, or lies centuries away."""
    moment, sane = f"TRY_CAST({text} AS TIMESTAMP)", "BETWEEN TIMESTAMP '1900-01-01' AND TIMESTAMP '2300-01-01'"
    return f"CASE WHEN regexp_full_match(trim({text}), '{TIME}') AND {moment} {sane} THEN {moment} END"


def _first(exc: Exception) -> str:
    return " ".join(str(exc).split("\n")[0].split())[:160]


def check_gzip(path: Path) -> None:
    """Raise a CohortError, with the lines that are there, where a gzipped file is cut off or not what it was."""
    if path.suffix != ".gz":
        return
    lines = 0
    try:
        with gzip.open(path, "rb") as file:
            while block := file.read(BLOCK_BYTES):
                lines += block.count(b"\n")
    except (EOFError, zlib.error, gzip.BadGzipFile) as exc:
        raise CohortError(
            f"{path}: the compressed file is damaged or cut off after {max(0, lines - 1):,} rows, and what comes after "
            "them is lost; get it again"
        ) from exc
    except OSError as exc:
        raise CohortError(f"{path}: cannot be read ({exc.strerror})") from exc
