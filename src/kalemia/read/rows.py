"""CSV whose rows are recordings of one lead, with all samples as a list in one cell, as Withings exports them.

Its export names no unit: they are microvolts, as the maker's documentation of the same signal says
(developer.withings.com, "Heart v2 - Get"). Which lead it is depends on where the device was held, so a caller says it.
"""

from __future__ import annotations

import csv
import math
import re
from datetime import datetime
from pathlib import Path

import numpy as np

from kalemia.errors import ReadError
from kalemia.read.raw import Raw, mv_per, mv_per_step
from kalemia.read.text import decode, numbers

_LIST = re.compile(r"\"?\[([^\]\[]*)\]\"?")
_LOOKS = re.compile(r"[^\n\[{<]*[A-Za-z][^\n\[{<]*\r?\n[^\n\[{<]*\"?\[\s*-?\d")
_RATE = re.compile(r"(?:sampling[ _]?)?(?:frequency|rate|freq)(?:[ _]?\(?hz\)?)?", re.I)
_SCALE = re.compile(r"scal(?:e|ing)(?:[ _]?factor)?", re.I)
_WITHINGS = {"frequency", "wearposition", "signal"}


def looks(text: str) -> bool:
    """Tell whether a text begins with a line of names and a row that holds a list of numbers."""
    return _LOOKS.match(text) is not None


def parts(path: Path) -> list[str]:
    """Return the numbers of the rows of a file that holds several recordings, else nothing."""
    count = len(_lines(path)) - 1
    return [str(row) for row in range(1, count + 1)] if count > 1 else []


def load(path: Path, part: str = "") -> Raw:
    """Read the recording of a row, counted from 1, or that of the only one.

    Raises
    ------
    ReadError
        Where there is no such row, its samples are no numbers, or it has no list of them.
    """
    head, *rows = _lines(path)
    number = int(part) if part.isdecimal() else 0 if part else 1
    if (not part and len(rows) > 1) or not 1 <= number <= len(rows):
        raise ReadError(f"the CSV has {len(rows)} rows, a recording each; one is named by its number, such as FILE#1")
    found = _LIST.findall(rows[number - 1])
    if len(found) != 1 or rows[number - 1].count("[") != 1:
        raise ReadError("the row has no list of samples, or several; one between brackets is accepted")
    mark = ";" if ";" in head else ","
    names = [name.lower() for name in _split(head, mark)]
    cells = dict(zip(names, _split(_LIST.sub("[]", rows[number - 1]), mark), strict=False))
    samples = numbers([cell.strip() for cell in found[0].split(",")])
    if samples is None:
        raise ReadError("the list of samples holds something else than numbers")
    unit = _unit(cells)
    scale = mv_per_step(unit or "mV") or math.nan
    start = _start(next(iter(cells.values()), ""))
    signal = (samples[None, :] * scale).astype(np.float32)
    return Raw(signal, _number(cells, _RATE), ("signal",), start, unit=unit)


def _lines(path: Path) -> list[str]:
    lines = [line for line in decode(path.read_bytes()).splitlines() if line.strip()]
    if len(lines) < 2:
        raise ReadError("the CSV has a line of names and no row below it")
    return lines


def _split(line: str, mark: str) -> list[str]:
    return [cell.strip() for cell in next(csv.reader([line], delimiter=mark))]


def _number(cells: dict[str, str], called: re.Pattern[str]) -> float:
    """Return what stands in the cell that is called so, NaN where there is none or no number in it."""
    cell = next((cell for name, cell in cells.items() if called.fullmatch(name)), "")
    read = numbers([cell])
    return math.nan if read is None else float(read[0])


def _unit(cells: dict[str, str]) -> str | None:
    """Return the unit of the samples; a scaling factor, as Fitbit states it, is how many steps a mV has."""
    stated = cells.get("unit") or cells.get("units") or ""
    if mv_per(stated) is not None:
        return stated
    factor = _number(cells, _SCALE)
    if factor > 0:
        return f"{factor:g}/mV"
    return "uV" if set(cells) >= _WITHINGS else None


def _start(date: str) -> datetime | None:
    """Return a date such as "2024-01-01T10:00:00+01:00" by its own clock."""
    try:
        return datetime.fromisoformat(date).replace(tzinfo=None)
    except ValueError:
        return None
