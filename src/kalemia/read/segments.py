"""WFDB records of several segments: one header lists others, which hold the signals one after the other.

Source: the WFDB Applications Guide, header(5). In a record of variable layout the first segment holds no samples, and
only names the signals; a segment called "~" is a gap.
"""

from __future__ import annotations

import re
from collections.abc import Set
from pathlib import Path

import numpy as np

from kalemia.errors import ReadError
from kalemia.read import wfdb
from kalemia.read.raw import MAX_VALUES, Raw

MAX_SEGMENTS = 10_000
_LINE = re.compile(r"([\w.-]+|~)\s+(\d{1,12})\b")
_SEGMENT = re.compile(r".*_(?:layout|\d{3,})\.hea")


def load(path: Path) -> Raw:
    """Read a record, of one segment or of several.

    Raises
    ------
    ReadError
        Where a header is malformed, a segment is missing or of another rate, or the whole is longer than is read.
    """
    lines = [line for line in wfdb.lines_of(path) if not line.startswith("#")]
    record = wfdb.RECORD_LINE.match(lines[0]) if lines else None
    if record is None or not record["segments"]:
        return wfdb.load(path)
    listed = _listed(lines, int(record["segments"][1:6]))
    total = sum(length for _, length in listed)
    rows: dict[str, np.ndarray] = {}
    first: Raw | None = None
    sentences: dict[str, None] = {}
    at = 0
    for name, length in listed:
        if name != "~" and length:
            raw = _segment(path, name)
            first = first or raw
            _place(rows, raw, at, length, total)
            sentences |= dict.fromkeys(raw.warnings)
            if raw.rate != first.rate:
                raise ReadError("the segments of the record have several sampling rates; one is accepted")
        at += length
    if first is None:
        raise ReadError("the record of several segments holds no samples; at least one segment with some is accepted")
    signal = np.stack([*rows.values()])
    return Raw(signal, first.rate, tuple(rows), first.start, tuple(sentences), lsb_mv=first.lsb_mv)


def of_others(folder: Path, files: Set[str]) -> set[str]:
    """Return which of a folder's headers are segments of other records there; a header is opened where some may be."""
    if not any(map(_SEGMENT.fullmatch, files)):
        return set()
    found: set[str] = set()
    for name in files:
        if not name.endswith(".hea") or _SEGMENT.fullmatch(name):
            continue
        try:
            lines = [line for line in wfdb.lines_of(folder / name) if not line.startswith("#")]
            record = wfdb.RECORD_LINE.match(lines[0]) if lines else None
            if record and record["segments"]:
                found |= {f"{segment}.hea" for segment, _ in _listed(lines, int(record["segments"][1:6]))}
        except (ReadError, OSError):
            continue
    return found


def _listed(lines: list[str], count: int) -> list[tuple[str, int]]:
    """Return name and length of each segment."""
    matches = [_LINE.match(line) for line in lines[1 : count + 1]]
    listed = [(match[1], int(match[2])) for match in matches if match]
    if len(listed) != count or not 1 <= count <= MAX_SEGMENTS:
        raise ReadError(
            f"the header states {count:,} segments and describes {len(listed):,}; 1 to {MAX_SEGMENTS:,} are read"
        )
    if any(name in (".", "..") for name, _ in listed):
        raise ReadError("the header points out of its folder; a segment must lie beside the header")
    if (total := sum(length for _, length in listed)) > MAX_VALUES:
        raise ReadError(f"the header states {total:,} samples a signal; up to {MAX_VALUES:,} in all are accepted")
    return listed


def _segment(path: Path, name: str) -> Raw:
    header = path.with_name(f"{name}.hea")
    if not header.is_file():
        raise ReadError("a segment that the header names is missing beside it")
    return wfdb.load(header)


def _place(rows: dict[str, np.ndarray], raw: Raw, at: int, length: int, total: int) -> None:
    """Lay a segment's signals into the rows of the record, which are NaN where a signal was not recorded."""
    for name, samples in zip(raw.names, raw.signal, strict=True):
        if name not in rows:
            if total * (len(rows) + 1) > MAX_VALUES:
                raise ReadError(f"the record holds more than {MAX_VALUES:,} samples; a shorter one is accepted")
            rows[name] = np.full(total, np.nan, np.float32)
        rows[name][at : at + min(length, len(samples))] = samples[:length]
