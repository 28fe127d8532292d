"""Tables of hospitals, CSV or Parquet, of any length: read once, in bounded memory, by DuckDB."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

from kalemia.errors import CohortError

MEMORY = "2GB"
"""Far more than filtering needs; the process as a whole stays below 4 GB."""
BLOCK_BYTES = 1 << 24


def connect(threads: int) -> duckdb.DuckDBPyConnection:
    """Return a database in memory."""
    return duckdb.connect(config={"memory_limit": MEMORY, "threads": threads, "autoinstall_known_extensions": False})


def found(folder: Path, *names: str) -> Path | None:
    """Return the first of some files, as they are or gzipped, in a folder; None where there is none."""
    for name in names:
        for path in (folder / name, folder / f"{name}.gz"):
            if path.is_file():
                return path
    return None


def needed(folder: Path, *names: str) -> Path:
    """Return the first of some files; CohortError where there is none."""
    path = found(folder, *names)
    if path is None:
        raise CohortError(f"{folder}: has no {' or '.join(names)} (or .gz); give the folder that holds it")
    return path


class Table:
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
        quoted = "'" + str(path).replace("'", "''") + "'"
        if path.name.endswith((".parquet", ".pq")):
            self.sql = f"read_parquet({quoted})"
        else:
            self.sql = f"read_csv({quoted}, header = true, all_varchar = true, store_rejects = true)"
        described = self.run(f"DESCRIBE SELECT * FROM {self.sql}")
        self.columns = tuple(str(row[0]) for row in described)
        if missing := [name for name in columns if name not in self.columns]:
            have = ", ".join(self.columns[:20])
            raise CohortError(f"{path}: has no column {', '.join(missing)}; its columns are {have}")

    def text(self, column: str) -> str:
        """Return SQL for a column as text; NULL where the table has none."""
        return f'CAST("{column}" AS VARCHAR)' if column in self.columns else "CAST(NULL AS VARCHAR)"

    def run(self, sql: str) -> list[tuple[Any, ...]]:
        """Run SQL that reads this table; what is wrong with the file becomes a CohortError."""
        try:
            return self.database.execute(sql).fetchall()
        except duckdb.IOException as exc:
            raise CohortError(_damaged(self.path) or f"{self.path}: cannot be read ({_first(exc)})") from exc
        except duckdb.Error as exc:
            raise CohortError(
                _damaged(self.path) or f"{self.path}: no table ({_first(exc)}); expected CSV or Parquet"
            ) from exc

    def rejected(self) -> int:
        """Return how many lines of this file were no rows, in what was run so far."""
        if self.sql.startswith("read_parquet"):
            return 0
        counted = self.run(
            "SELECT count(DISTINCT (e.line)) FROM reject_errors e JOIN reject_scans s USING (scan_id, file_id) "
            f"WHERE s.file_path = '{str(self.path).replace(chr(39), chr(39) * 2)}'"
        )
        return int(counted[0][0])


def _first(exc: Exception) -> str:
    return " ".join(str(exc).split("\n")[0].split())[:160]


def _damaged(path: Path) -> str | None:
    """Return what is said of a gzipped file that ends in the middle: how many of its lines are there."""
    if path.suffix != ".gz":
        return None
    lines = 0
    try:
        with gzip.open(path, "rb") as file:
            while block := file.read(BLOCK_BYTES):
                lines += block.count(b"\n")
    except (EOFError, zlib.error, gzip.BadGzipFile):
        return (
            f"{path}: the compressed file is damaged or cut off after {max(0, lines - 1):,} rows, and what comes after "
            "them is lost; get it again"
        )
    except OSError:
        return None
    return None
