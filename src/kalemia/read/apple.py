"""What an Apple Watch exports: lines of what it is, then one number a line. The name and birth date are never read.

Keys, words and numbers are those of the phone's language and region, so nothing is known by its English name, but by
what it is: a rate is a number and a word ("511,422 hertz"), and below it stand a lead and a unit of voltage.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from itertools import dropwhile
from pathlib import Path

import numpy as np

from kalemia.body import RATES_HZ
from kalemia.errors import ReadError
from kalemia.read.leads import canonical
from kalemia.read.raw import Raw, mv_per
from kalemia.read.text import STYLES, check_blank, decode, is_number, numbers
from kalemia.records import LEADS

MAX_STATED = 40
"""Lines above the samples; a watch writes eleven."""

_ENGLISH = re.compile(r"^\"?Sample Rate\"?[,;\t].*^\"?Lead\"?[,;\t]", re.M | re.S)
_RATE = re.compile(r"(\d[\d.,' ]*?)\s*[^\d\s.,;']+")
_DATE = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d")
_LEAD = re.compile(r"[A-Za-z]+\d?")
_NUMBERS = re.compile(r"^[-\d]", re.M)
_PAIR = re.compile(r"\s*(?:\"[^\"]*\"|[^,;\t\"]*)[,;\t](.*)")
_FILLED = re.compile(r'["; \t]|,\n|,\Z')
_LACKS = "the Apple Watch export lacks its unit, sample rate or samples"


@dataclass(frozen=True)
class _Export:
    """An export taken apart: how many lines stand above its rate, its rate, lead and unit, and what stands below."""

    lines: int
    rate: str
    lead: str
    unit: str
    date: str
    samples: tuple[str, ...]


def looks(text: str) -> bool:
    """Tell whether a text begins like such an export."""
    if _ENGLISH.search(text):
        return True
    if _NUMBERS.search("\n".join(text.split("\n", 5)[:5])):
        return False  # at once, for the many tables that are none: more lines than that stand above the samples
    export = _export(text.rpartition("\n")[0])
    return export.lines > 2 and bool(export.unit and export.samples) and all(map(is_number, export.samples))


def load(path: Path) -> Raw:
    """Read an export.

    Raises
    ------
    ReadError
        Where it lacks its unit, its sample rate or its samples, or one of these is no number.
    """
    text = decode(path.read_bytes())
    check_blank(text.splitlines(), "Apple Watch export")
    export = _export(text)
    scale = mv_per(export.unit)
    if scale is None or not export.rate or not export.samples:
        raise ReadError(_LACKS)
    samples, rate = _numbers(export)
    signal = samples[None, :] * scale
    return Raw(signal.astype(np.float32), rate, (export.lead,), start=_start(export.date), unit=export.unit)


def _export(text: str) -> _Export:
    """Take an export apart: the unit is the first one of voltage below a number and a word, and ends what is stated.

    All lines below the unit are samples, whatever they hold. The patient's name stands far above and is left there.
    """
    values: list[str] = []
    rate = -1
    lines = [line for line in text.splitlines() if line.strip()]
    below = len(lines)
    for number, line in enumerate(lines[:MAX_STATED]):
        found = _PAIR.match(line)
        values.append(_cell(found[1]) if found else "")
        if rate >= 0 and mv_per(values[-1]) is not None:
            below = number + 1
            break
        rate = number if _RATE.fullmatch(values[-1]) else rate
    date = next((match[0] for value in values[1:] if (match := _DATE.match(value))), "")
    words = [word for value in values[rate + 1 : below] for word in _LEAD.findall(value)] if rate >= 0 else []
    lead = next((word for word in reversed(words) if canonical(word) in LEADS), "")
    stated = values[rate] if rate >= 0 else ""
    unit = values[-1] if below < len(lines) else ""
    return _Export(rate, stated, lead, unit, date, _samples(lines[below:]))


def _samples(lines: list[str]) -> tuple[str, ...]:
    if _FILLED.search("\n".join(lines)):
        lines = [_cell(line) for line in lines]
    return tuple(dropwhile(lambda cell: not cell, lines))  # an empty line that was filled up


def _cell(line: str) -> str:
    """Return what is on a line, without quotes and the separators with which spreadsheets fill it up."""
    return line.strip().rstrip(" ,;\t").strip('" ')


def _numbers(export: _Export) -> tuple[np.ndarray, float]:
    """Return the samples and the rate, Hz, written in one style: that in which the rate is one that watches have."""
    low, high = RATES_HZ
    found = _RATE.fullmatch(export.rate)
    stated = found[1].strip() if found else ""
    styles = [style for style in STYLES if style.reads([stated]) and low <= style.value(stated) <= high]
    read = numbers((stated, *export.samples), styles)
    if read is not None:
        return read[1:], float(read[0])
    odd = next((k for k, cell in enumerate(export.samples) if not is_number(cell)), None)
    if odd is None:
        raise ReadError("the Apple Watch export writes its numbers in several ways; one decimal mark is accepted")
    raise ReadError(f"sample {odd + 1} of the Apple Watch export is no number")


def _start(date: str) -> datetime | None:
    """Return a date like "2024-01-24 07:04:49" by the watch's own clock; one of another era is none."""
    try:
        start = datetime.fromisoformat(date)
    except ValueError:
        return None
    return start if 2000 <= start.year < 2100 else None
