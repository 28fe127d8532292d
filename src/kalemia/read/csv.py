"""CSV: one column a lead.

The sampling rate stands in a comment ("# rate: 500 Hz"), or follows from a column of times, or is given by the caller.
Values are mV where a comment, a name, a row of units or the caller does not say otherwise. Nothing is guessed from the
values, and what cannot be read for sure is refused: no cell of a lead is ever passed over.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kalemia.errors import ReadError
from kalemia.read import clock
from kalemia.read.comments import Stated
from kalemia.read.leads import canonicals, says_ecg, unnamed
from kalemia.read.raw import MAX_VALUES, Raw, mv_per, mv_per_step
from kalemia.read.text import check_blank, decides, decode, is_number, numbers
from kalemia.records import LEADS

MAX_COLUMNS = 256

_MARKS = ("\t", ";", "|", ",")
_UNKNOWN = re.compile(r"[\[(](?!filtered|raw|lead|einthoven|goldberger|wilson)[^\s\])]{1,8}[\])]$", re.I)
_VOLT = r"[\u00e2]?[\u00b5\u03bcumn]?v|(?:micro|milli)?volts?|\u043c\u043a?\u0432"
_COUNTED = r"[\d.]+\s*\w+(?:\s*/\s*\w+)?|adu|adc|counts?|lsb|nu"
_UNIT = re.compile(rf"(?:\s*[\[(]\s*({_VOLT}|{_COUNTED})\s*[\])]|(?:[\s_,-]|\s*/\s*|\s+in\s+)+({_VOLT}))$", re.I)
_COUNTS = {"adu", "adc", "counts", "count", "lsb", "nu"}
_NO_TABLE = (
    "the text is no table of leads; a first line that names the leads (I, II, V1 ...) "
    "and a column of numbers below each are accepted"
)
_NUMBERS = (
    "the first line of the CSV holds numbers; one that names the leads (I, II, V1 ...) is accepted, or one column or "
    "row of numbers with --lead"
)


@dataclass(frozen=True)
class _Table:
    """A table taken apart: names and units of its columns, what stands below them, what its comments say.

    `values` (rows, columns) are there where all are numbers as programs write them, else `cells`, a row a sample.
    `first` is the number of the first of its rows, by which errors name one.
    """

    names: tuple[str, ...]
    units: tuple[str, ...]
    values: NDArray[np.float64] | None
    cells: tuple[tuple[str, ...], ...]
    first: int
    stated: Stated

    def texts(self, column: int) -> list[str]:
        """Return what the cells of a column hold; nothing where all of the table are plain numbers."""
        return [row[column] for row in self.cells]

    def cell(self, column: int) -> str:
        """Return what the first cell of a column holds; nothing where all of the table are plain numbers."""
        return self.cells[0][column] if self.cells else ""

    def columns(self, chosen: Sequence[int]) -> NDArray[np.float64]:
        """Return the numbers (rows, chosen) of some columns, written in one style; an empty cell is NaN."""
        if self.values is not None:
            return self.values[:, list(chosen)]
        read = numbers([row[k] for row in self.cells for k in chosen])
        if read is None:
            raise ReadError(self._odd(chosen))
        return read.reshape(-1, len(chosen))

    def _odd(self, chosen: Sequence[int]) -> str:
        for number, row in enumerate(self.cells, start=self.first):
            if any(row[k] and not is_number(row[k]) for k in chosen):
                return f"row {number} of the CSV holds something else than numbers and empty cells"
        return "the CSV writes its numbers in several ways; one decimal mark for all is accepted"


def load(path: Path) -> Raw:
    """Read a CSV file; its rate is NaN where it does not state one.

    Raises
    ------
    ReadError
        Where the file names no leads, or is otherwise no table of numbers.
    """
    table = _parse(decode(path.read_bytes()))
    leads, times, others = _sorted(table)
    units = [_unit(table, k) for k in leads]
    numeric = [k for k in times if table.values is not None or is_number(table.cell(k))]
    values = table.columns([*leads, *numeric])  # together, because all are in one style
    scale = [mv_per_step(unit or "mV") or math.nan for unit in units]
    signal = (values[:, : len(leads)] - table.stated.baseline) * scale
    clocks = {k: values[:, column] for column, k in enumerate(numeric, start=len(leads))}
    return Raw(
        signal=np.ascontiguousarray(signal.T, dtype=np.float32),
        rate=_rate(table, times, clocks),
        names=tuple(_bare(table.names[k]) for k in leads),
        warnings=_left_out(table, others),
        digitized=table.stated.digitized,
        unit=next((unit for unit in units if unit), None),
    )


def looks(text: str) -> bool:
    """Tell whether a text that begins so has a line that names leads above numbers; its last line may be cut."""
    try:
        table = _parse(text.rpartition("\n")[0])
        leads, times, _ = _sorted(table)
        table.columns(leads)
    except ReadError:
        return False
    named = any(lead in LEADS for lead in canonicals(tuple(map(_bare, table.names))))
    return named or (bool(times) and says_ecg(table.names[leads[0]]))


def _parse(text: str) -> _Table:
    """Take comments, the line of names, a line of units and the rows apart."""
    comments, lines = _lines(text)
    if comments and lines and is_number(re.split(r"[\t;,|]", lines[0])[0].strip()):
        last = comments[-1].lstrip("# ")
        if any(canonicals(tuple(map(_bare, re.split(r"[\t;,|]\s*", last))))):
            lines.insert(0, last)  # where numpy.savetxt puts the names
    mark, lines = _trimmed(lines)
    names = tuple(_split(lines[0], mark)) if lines else ()
    if names and all(map(is_number, names)) and 1 in (len(lines), len(names)):
        names, lines, mark = ("",), ["", *(lines if len(names) == 1 else names)], "\t"
    if len(lines) < 2:
        raise ReadError(_NO_TABLE)
    if len(names) > MAX_COLUMNS:
        raise ReadError(f"the CSV names {len(names):,} columns; up to {MAX_COLUMNS} are accepted")
    if any(map(is_number, names)):
        raise ReadError(_NUMBERS)
    if len(names) * (len(lines) - 1) > MAX_VALUES:
        raise ReadError(f"the CSV holds more than {MAX_VALUES:,} numbers; a shorter one is accepted")
    units = tuple(cell.strip("[]() ") for cell in _split(lines[1], mark))
    first = 2 if any(mv_per(unit) is not None for unit in units) else 1
    units = units if first == 2 and len(units) == len(names) else ("",) * len(names)
    values = _values(lines[first:], mark, len(names))
    cells = () if values is not None else _cells(lines[first:], mark, len(names), first + 1)
    return _Table(names, units, values, cells, first + 1, Stated.of(comments))


def _lines(text: str) -> tuple[list[str], list[str]]:
    """Return the comments, and the other lines that hold anything; "sep=;" is a word to spreadsheets."""
    every = text.splitlines()
    lines = [line for line in every if line.strip()]
    if len(lines) != len(every):
        check_blank(every, "CSV")
    comments = [line.strip() for line in lines if line.lstrip()[0] == "#"] if "#" in text else []
    if comments:
        lines = [line for line in lines if line.lstrip()[0] != "#"]
    return comments, lines[1:] if lines and lines[0].lower().startswith("sep=") else lines


def _trimmed(lines: list[str]) -> tuple[str, list[str]]:
    """Return what stands between the columns, and the lines without what of it ends each of them."""
    head, row = (*lines, "", "")[:2]
    mark = next((mark for mark in _MARKS if mark in head), None)
    if mark is None:  # one column, whose commas are in its numbers, unless they end each row
        mark = next((end for end in _MARKS if row.endswith(end)), "\t")
    longer = row.count(mark) > head.count(mark) or head.endswith(mark)
    if longer and len(lines) > 1 and all(line.endswith(mark) for line in lines[1:]):
        return mark, [head.removesuffix(mark), *(line[:-1] for line in lines[1:])]
    return mark, lines


def _split(line: str, mark: str) -> list[str]:
    try:
        return [cell.strip(" '\"") for cell in next(csv.reader([line], delimiter=mark, skipinitialspace=True))]
    except csv.Error as exc:
        raise ReadError(_NO_TABLE) from exc


def _values(lines: list[str], mark: str, width: int) -> NDArray[np.float64] | None:
    """Return the numbers (rows, columns) where all cells hold some that can be meant in one way only, else None."""
    body = "\n".join(lines)
    comma, point = mark != "," and "," in body, "." in body
    if (comma and point) or ((comma or point) and not decides("," if comma else ".", body)):
        return None
    if comma:
        lines = [line.replace(",", ".") for line in lines]
    for rows in (lines, (_filled(line, mark) for line in lines)):
        with suppress(ValueError):  # fast, but knows no empty cells
            table = np.loadtxt(rows, delimiter=mark, comments=None, ndmin=2)
            return table if table.shape[1] == width else None
    return None


def _filled(line: str, mark: str) -> str:
    """Return a line whose empty cells hold "nan"."""
    if not (mark + mark in line or line.startswith(mark) or line.endswith(mark)):
        return line
    return mark.join(cell or "nan" for cell in line.split(mark))


def _cells(lines: list[str], mark: str, width: int, first: int) -> tuple[tuple[str, ...], ...]:
    """Return what all cells hold, or say which row has more or fewer than there are names."""
    split = _cleaned if any(odd in line for line in lines for odd in " '\"") else str.split
    rows = tuple(tuple(split(line, mark)) for line in lines)
    for number, row in enumerate(rows, start=first):
        if len(row) != width:
            commas = "; decimal commas are accepted between semicolons or tabs" if mark == "," else ""
            raise ReadError(f"row {number} of the CSV has {len(row)} cells where its first line names {width}{commas}")
    return rows


def _cleaned(line: str, mark: str) -> list[str]:
    return _split(line, mark) if '"' in line else [cell.strip(" '") for cell in line.split(mark)]


def _sorted(table: _Table) -> tuple[list[int], list[int], list[int]]:
    """Return which columns are leads, which are times, and which others; the one signal without a name is a lead."""
    bare = tuple(map(_bare, table.names))
    known = canonicals(bare)
    times = [
        k
        for k, name in enumerate(table.names)
        if known[k] is None and clock.is_time(name, table.units[k], table.cell(k))
    ]
    others = [k for k, lead in enumerate(known) if lead is None and k not in times and not _counts(table, k)]
    leads = [k for k, lead in enumerate(known) if lead is not None]
    if all(known[k] in ("X", "Y", "Z") for k in leads):  # beside an ECG without a name they are of an accelerometer
        alone = unnamed([bare[k] for k in others])
        if alone is not None and (table.values is not None or is_number(table.cell(others[alone]))):
            return [others[alone]], times, sorted({*leads, *others} - {others[alone]})
    if not leads:
        raise ReadError(_NO_TABLE)
    if nameless := [k + 1 for k in others if not table.names[k]]:
        raise ReadError(f"column {nameless[0]} of the CSV has no name and holds something; a name for each is accepted")
    return leads, times, others


def _counts(table: _Table, column: int) -> bool:
    """Tell whether a column is an index, or one without a name or anything in it."""
    if table.values is not None:
        values = table.values[:, column]
        if np.isnan(values).all():
            return not table.names[column]
    else:
        texts = table.texts(column)
        if not any(texts):
            return not table.names[column]
        if not all(text.isdecimal() for text in texts):
            return False
        values = np.array(texts, dtype=np.float64)
    return len(table.names) > 1 and clock.is_index(table.names[column], values)


def _left_out(table: _Table, others: Sequence[int]) -> tuple[str, ...]:
    """Say which columns are no lead; their names stay behind, for they may hold anything."""
    if not others:
        return ()
    *first, last = (str(k + 1) for k in others)
    which = f"Columns {', '.join(first)} and {last}" if first else f"Column {last}"
    are = "are named like no ECG lead and were" if first else "is named like no ECG lead and was"
    return (f"{which} of {len(table.names)} {are} left out.",)


def _rate(table: _Table, times: Sequence[int], values: dict[int, NDArray[np.float64]]) -> float:
    """Return the sampling rate, Hz, that a comment states, else the columns of times; NaN where neither does.

    A recorder may write when a phone got each sample beside when it was taken: times at even steps count.
    """
    if not times:
        return table.stated.rate or math.nan
    found, faults = _clocked(table, times, values)
    known = [rate for rate in found if not math.isnan(rate)]
    stated = [table.stated.rate] if table.stated.rate else []
    if len(known + stated) > 1 and max(known + stated) > 1.05 * min(known + stated):
        raise ReadError(
            "a comment and the times of the CSV state different sampling rates; one is accepted"
            if stated
            else "two columns of times of the CSV state different sampling rates; one is accepted"
        )
    if not found and not stated:
        raise faults[0]
    return (stated + known or [math.nan])[0]


def _clocked(
    table: _Table, times: Sequence[int], values: dict[int, NDArray[np.float64]]
) -> tuple[list[float], list[ReadError]]:
    """Return the sampling rates, Hz, of the columns of times, and what is wrong with others."""
    found: list[float] = []
    faults: list[ReadError] = []
    for k in sorted(times, key=lambda k: k not in values):  # a clock is the less exact
        clocked = values[k] if k in values else clock.seconds(table.texts(k))
        try:
            if clocked is None:
                raise ReadError(
                    "the times of the CSV are not understood; seconds, or clocks like 0:00.004, are accepted"
                )
            found.append(clock.rate(clocked, table.names[k], table.units[k]))
        except ReadError as exc:
            faults.append(exc)
    return found, faults


def _unit(table: _Table, column: int) -> str | None:
    """Return the unit of a lead's numbers, None where the file names none."""
    name, row = table.names[column], table.units[column]
    unit = _unit_of(name) or row
    if unit.lower() in _COUNTS:
        unit = table.stated.gain or unit
    if (unit and mv_per_step(unit) is None) or (not unit and _UNKNOWN.search(name)):
        raise ReadError(
            "a column of the CSV states a unit that is not known; mV, uV or V is accepted, or counts and a gain, 200/mV"
        )
    if unit and table.stated.unit and mv_per_step(unit) != mv_per_step(table.stated.unit):
        raise ReadError(
            f"a comment of the CSV states {table.stated.unit:.20}, and a column {unit:.20}; one unit is accepted"
        )
    return unit or table.stated.unit or table.stated.gain


def _unit_of(name: str) -> str | None:
    """Return the unit at the end of a column's name: "I (uV)", "V1_mV"; "V" alone is a lead's own letter."""
    found = _UNIT.search(name)
    return found[1] or found[2] if found and found.start() > 0 else None


def _bare(name: str) -> str:
    """Return a column's name without its unit."""
    return _UNIT.sub("", name) if _unit_of(name) else name
