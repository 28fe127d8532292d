"""The first line of a CSV file: what its columns are called, and what stands between them.

DuckDB's `sniff_csv` is no help here: it stops at a first row of megabytes, renames one of two columns of one name,
skips an empty first line, and takes | for the delimiter where a decimal comma gives rows more fields than the header.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kalemia.errors import CohortError

HEAD_BYTES = 1 << 20
DELIMITERS = (",", ";", "\t", "|")
SHOWN = 20
ACCEPTED = "CSV in UTF-8 with commas, semicolons, tabs or | between fields"
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True)
class Header:
    """The names of the columns, in the order of the file, and the character between them."""

    names: tuple[str, ...]
    delimiter: str


def read(path: Path, needed: Sequence[str]) -> Header:
    """Return the header of a CSV file, gzipped or not; the delimiter is the one under which it has what is needed.

    Raises
    ------
    CohortError
        The file is empty or no UTF-8, or has not all columns that are needed: one sentence.
    """
    try:
        head = _head(path)
    except OSError as exc:
        raise CohortError(f"{path}: cannot be read ({exc.strerror})") from exc
    if head.startswith(_UTF_16):
        raise CohortError(f"{path}: is text in UTF-16; {ACCEPTED} is accepted")
    text = head.decode("utf-8-sig", "replace")
    if not text.strip() or text[0] in "\r\n":
        what = "its first line" if text.strip() else "the file"
        raise CohortError(f"{path}: {what} is empty; expected a header with {', '.join(needed)}, and rows")
    split = [Header(_names(text, delimiter), delimiter) for delimiter in DELIMITERS]
    for header in split:
        if set(needed) <= set(header.names):
            return header
    names = max((header.names for header in split), key=len)
    if {"\0", "\ufffd"} & {letter for name in names for letter in name}:
        raise CohortError(f"{path}: its first line is no text in UTF-8; {ACCEPTED} is accepted")
    raise CohortError(lacking(path, needed, names))


def lacking(path: Path, needed: Sequence[str], names: Sequence[str]) -> str:
    """Say which columns a table does not have, and which it has."""
    missing = ", ".join(name for name in needed if name not in names)
    have = ", ".join(f"{name:.40}" for name in names[:SHOWN])
    return f"{path}: has no column {missing}; its columns are {have}"


def rowless(path: Path) -> bool:
    """Tell whether a CSV file, gzipped or not, has nothing below its header, or not even that."""
    try:
        head = _head(path)
    except (OSError, EOFError, zlib.error):
        return False  # whoever reads it says what is wrong
    return len(head) < HEAD_BYTES and sum(bool(line.strip()) for line in head.splitlines()) < 2


def _head(path: Path) -> bytes:
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
        return file.read(HEAD_BYTES)


def _names(text: str, delimiter: str) -> tuple[str, ...]:
    try:
        return tuple(name.strip() for name in next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), []))
    except csv.Error:  # a name longer than any column's
        return ()
