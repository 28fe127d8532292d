"""CSV: one column a lead.

The sampling rate stands in a comment ("# rate: 500 Hz"), or follows from a column of times, or is given by the caller.
Values are mV where neither a comment nor the name of a column says otherwise. Nothing is guessed from the values.
"""

from __future__ import annotations

import csv
import io
import math
import re
from array import array
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kalemia.errors import ReadError
from kalemia.read.leads import canonical
from kalemia.read.raw import MAX_VALUES, Raw, mv_per
from kalemia.records import DIGITIZED, LEADS

MAX_COLUMNS = 256

_RATE = re.compile(
    r"(?:(?:sampl[a-z]*[ _-]*)?(?:rate|freq|frequency)|fs)[ _]*[\[(]?(k?hz|hertz)?[\])]?"
    r"\s*[:=]?\s*(\d+(?:\.\d+)?)\s*(k?hz|hertz)?",
    re.I,
)
_UNIT = re.compile(r"units?\s*[:=]?\s*(\S.*)", re.I)
_NO_UNIT = re.compile(r"[\[(](?!filtered|raw|lead|einthoven|goldberger|wilson)[a-z\u00b5\u03bc/%]{1,6}[\])]$", re.I)
_COLUMN_UNIT = re.compile(r"[\s_]*[\[(]?\s*([\u00b5\u03bcumn]?v)\s*[\])]?$", re.I)
_TIME = re.compile(r"(?:time|t|seconds|sec)[\s_]*[\[(]?(s|sec|seconds|ms|us|\u00b5s)?[\])]?$", re.I)
_PER_SECOND = {"ms": 1e3, "us": 1e6, "\u00b5s": 1e6}
_NO_TABLE = (
    "the text is no table of leads; a first line that names the leads (I, II, V1 ...) "
    "and a column of numbers below each are accepted"
)


@dataclass(frozen=True)
class _Table:
    """A CSV file taken apart: names and values (rows, columns), what its comments say."""

    names: tuple[str, ...]
    values: NDArray[np.float64]
    rate: float | None
    unit: str
    digitized: bool


def load(path: Path) -> Raw:
    """Read a CSV file; its rate is NaN where it does not state one.

    Raises
    ------
    ReadError
        Where the file names no leads, or is otherwise no table of numbers.
    """
    content = path.read_bytes()
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise ReadError("the text is UTF-16, as spreadsheets save Unicode text; a CSV in UTF-8 is accepted")
    table = _parse(content.decode("utf-8-sig", errors="replace"))
    clock = next((k for k, name in enumerate(table.names) if _TIME.fullmatch(name.strip())), None)
    columns = [k for k, name in enumerate(table.names) if k != clock and canonical(_bare(name))]
    if any(_NO_UNIT.search(table.names[k]) and not _unit_of(table.names[k]) for k in columns):
        raise ReadError("a column of the CSV states a unit that is not known; mV, uV or V is accepted")
    rate = table.rate or (_from_clock(table, clock) if clock is not None else math.nan)
    scale = [mv_per(_unit_of(table.names[k]) or table.unit) or math.nan for k in columns]
    return Raw(
        signal=np.ascontiguousarray((table.values[:, columns] * scale).T, dtype=np.float32),
        rate=rate,
        names=tuple(_bare(table.names[k]) for k in columns),
        digitized=table.digitized,
    )


def looks(head: bytes) -> bool:
    """Tell whether a file that begins so has a line that names leads above numbers."""
    whole = head.decode("utf-8-sig", errors="replace").rpartition("\n")[0]  # the last line may be cut
    try:
        return any(canonical(_bare(name)) in LEADS for name in _parse(whole).names)
    except ReadError:
        return False


def _parse(text: str) -> _Table:
    """Take comments, the line of names and the rows of numbers apart."""
    comments: list[str] = []
    lines: list[str] = []
    for line in text.splitlines():
        stripped = line.strip()
        if stripped.startswith("#"):
            comments.append(stripped)
        elif stripped:
            lines.append(line)
    if comments and lines and number(re.split(r"[\t;,]", lines[0])[0]) is not None:
        lines.insert(0, comments[-1].lstrip("# "))  # where numpy.savetxt puts the names
    if len(lines) < 2:
        raise ReadError(_NO_TABLE)
    mark = max("\t;,", key=lines[0].count)
    names = tuple(name.strip() for name in next(csv.reader(io.StringIO(lines[0]), delimiter=mark)))
    if len(names) > MAX_COLUMNS:
        raise ReadError(f"the CSV names {len(names):,} columns; up to {MAX_COLUMNS} are accepted")
    if any(number(name) is not None for name in names):
        raise ReadError("the first line of the CSV holds numbers; one that names the leads (I, II, V1 ...) is accepted")
    if not any(canonical(_bare(name)) for name in names):
        raise ReadError(_NO_TABLE)
    if len(names) * (len(lines) - 1) > MAX_VALUES:
        raise ReadError(f"the CSV holds more than {MAX_VALUES:,} numbers; a shorter one is accepted")
    rate, unit = _stated(comments)
    return _Table(names, _values(lines[1:], mark, len(names)), rate, unit, f"# {DIGITIZED}" in comments)


def _stated(comments: list[str]) -> tuple[float | None, str]:
    """Return the sampling rate, Hz, and the unit that comments state: each is a part of its own, up to a comma."""
    parts = [part.strip() for line in comments for part in re.split(r"[,;]", line.lstrip("#"))]
    rates = {_hertz(found) for part in parts if (found := _RATE.fullmatch(part))}
    units = {found[1].strip() for part in parts if (found := _UNIT.fullmatch(part))}
    if len(rates) > 1:
        raise ReadError("the comments of the CSV state several sampling rates; one is accepted")
    if len(units) > 1 or any(mv_per(unit) is None for unit in units):
        raise ReadError("the comments of the CSV state a unit that is not known, or several; mV, uV or V is accepted")
    return next(iter(rates), None), next(iter(units), "mV")


def _hertz(rate: re.Match[str]) -> float:
    return float(rate[2]) * (1e3 if "khz" in {(rate[1] or "").lower(), (rate[3] or "").lower()} else 1)


def _values(lines: list[str], mark: str, width: int) -> NDArray[np.float64]:
    """Return the numbers (rows, columns); an empty cell is NaN."""
    if mark == ";":
        lines = [line.replace(",", ".") for line in lines]
    try:  # fast, but knows no empty cells
        table = np.loadtxt(lines, delimiter=mark, comments=None, ndmin=2)
    except ValueError:
        return _slow_values(lines, mark, width)
    return table if table.shape[1] == width else _slow_values(lines, mark, width)


def _slow_values(lines: list[str], mark: str, width: int) -> NDArray[np.float64]:
    """Return the numbers cell by cell, or say in which row there is something else."""
    values = array("d")
    for row, line in enumerate(lines, start=2):
        cells = line.split(mark)
        if len(cells) != width:
            raise ReadError(f"row {row} of the CSV has {len(cells)} cells where its first line names {width}")
        for cell in cells:
            value = math.nan if not cell.strip() else number(cell)
            if value is None:
                raise ReadError(f"row {row} of the CSV holds something else than numbers and empty cells")
            values.append(value)
    return np.array(values, dtype=np.float64).reshape(-1, width)


def _from_clock(table: _Table, column: int) -> float:
    """Return the sampling rate, Hz, from a column of times; refuse one with gaps."""
    times = table.values[:, column]
    steps = np.diff(times)
    if len(steps) < 2 or not np.isfinite(times).all() or not steps.min() > 0:
        raise ReadError("the times of the CSV do not increase; a time for every row, at even steps, is accepted")
    step = (times[-1] - times[0]) / len(steps)
    if np.abs(times - times[0] - step * np.arange(len(times))).max() > 1.5 * step:
        raise ReadError("the times of the CSV have gaps; a time for every row, at even steps, is accepted")
    unit = _TIME.fullmatch(table.names[column].strip())
    rate = _PER_SECOND.get((unit[1] or "s").lower() if unit else "s", 1.0) / step
    return float(round(rate)) if math.isclose(rate, round(rate), rel_tol=1e-4) else float(rate)


def number(cell: str) -> float | None:
    """Return a number, NaN for one that is not finite, or None."""
    try:
        number = float(cell)
    except ValueError:
        return None
    return number if math.isfinite(number) else math.nan


def _unit_of(name: str) -> str | None:
    """Return the unit at the end of a column's name: "I (uV)", "V1_mV"; "V" alone is a lead's own letter."""
    match = _COLUMN_UNIT.search(name)
    return match[1] if match and match.start() > 0 and match[0].strip() not in {"v", "V"} else None


def _bare(name: str) -> str:
    """Return a column's name without its unit."""
    return _COLUMN_UNIT.sub("", name) if _unit_of(name) else name
