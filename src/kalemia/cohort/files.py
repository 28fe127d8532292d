"""ECGs that lie as files: read one after the other, in any format that `kalemia.read` knows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from kalemia.cohort.cohort import schema
from kalemia.cohort.shards import Row
from kalemia.errors import ReadError
from kalemia.read import read
from kalemia.records import Recording

UNREAD = "cannot be read as an ECG"


@dataclass(frozen=True)
class Files:
    """Rows of a cohort and the file of each, in a folder that they may not lead out of."""

    folder: Path
    rows: tuple[Row, ...]
    paths: tuple[str, ...]

    @classmethod
    def of(cls, pairs: pl.DataFrame, folder: Path) -> Files:
        """Take the rows of a table with a column `path`; columns that a cohort does not have are left out."""
        known = [name for name in schema() if name in pairs.columns]
        return cls(folder, tuple(pairs.select(known).to_dicts()), tuple(pairs["path"].to_list()))

    def __len__(self) -> int:
        """How many ECGs there are."""
        return len(self.rows)

    def records(self, numbers: range) -> Iterator[tuple[Row, Recording] | str]:
        """Yield the row and the signal of each ECG, or why it is left out."""
        root = self.folder.resolve()
        for number in numbers:
            path = self.folder / self.paths[number]
            try:
                there = [file for file in (path, path.with_name(f"{path.name}.hea")) if file.is_file()]
                outside = not path.resolve().is_relative_to(root)
            except (OSError, ValueError, RuntimeError):  # a name that no file can have, or links in a circle
                there, outside = [], False
            if outside:
                yield "whose path leads out of the folder"
            elif not there:
                yield "whose file is not there"
            else:
                yield self._read(number, there[0])

    def _read(self, number: int, path: Path) -> tuple[Row, Recording] | str:
        try:
            return self.rows[number], read(path)
        except ReadError:
            return UNREAD
