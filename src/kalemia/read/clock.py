"""Columns of a table that count time or samples, and the sampling rate that they state."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kalemia.body import RATES_HZ
from kalemia.errors import ReadError

_WORDS = r"(?:\w+[ _])?time ?stamps?|(?:\w+[ _])?time|datetime|t|seconds?|secs?|zeit(?:stempel)?|temps|tiempo|tempo"
_UNITS = r"s|sec|secs|seconds?|ms|msec|milliseconds?|us|\u03bcs|\u00b5s|microseconds?|ns|nanoseconds?"
_TIME = re.compile(rf"(?:{_WORDS}|\u0432\u0440\u0435\u043c\u044f)(?:[\s_]*[\[(/]?\s*({_UNITS})?\s*[\])]?)", re.I)
_UNIT = re.compile(rf"[\[(]?\s*({_UNITS}|[hms]+:[hms:.]+)\s*[\])]?", re.I)
_PER_SECOND = (
    dict.fromkeys(("m", "msec", "millisecond"), 1e3)
    | dict.fromkeys(("u", "\u03bc", "\u00b5", "microsecond"), 1e6)
    | dict.fromkeys(("n", "nanosecond"), 1e9)
)
_COUNTER = re.compile(r"|(?:index|idx|samples?|row|n|no|nr|unnamed: 0)?[ _.]*(?:#|number|no|index|0)?\.?", re.I)
_CLOCK = re.compile(r"(?:(\d{1,2}):)?(\d{1,2}):(\d{1,2}(?:[.,]\d+)?)")
_DAY_S = 86_400.0


def is_time(name: str, unit: str, cell: str) -> bool:
    """Tell whether a column is one of times, by its name, its unit or a clock that one of its cells shows."""
    return bool(_TIME.fullmatch(name) or _UNIT.fullmatch(unit) or _CLOCK.search(cell))


def is_index(name: str, values: NDArray[np.float64]) -> bool:
    """Tell whether a column is called an index and counts one by one."""
    return _COUNTER.fullmatch(name) is not None and bool((np.diff(values) == 1).all())


def seconds(cells: Sequence[str]) -> NDArray[np.float64] | None:
    """Return the time of each cell that shows a clock, "0:00.004" or "2024-01-24 07:04:49,123", s; None if not all do.

    A clock may pass midnight; dates are not looked at.
    """
    found = [_CLOCK.search(cell) for cell in cells]
    if not all(found):
        return None
    times = np.array([_second(match) for match in found if match])
    days = np.cumsum(np.diff(times, prepend=times[:1]) < -_DAY_S / 2)
    return np.asarray(times + _DAY_S * days)


def _second(clock: re.Match[str]) -> float:
    return 3600 * int(clock[1] or 0) + 60 * int(clock[2]) + float(clock[3].replace(",", "."))


def rate(times: NDArray[np.float64], name: str, unit: str = "") -> float:
    """Return the sampling rate, Hz, from a column of times, in s where neither its name nor its unit says otherwise.

    Where neither says anything and no ECG has that rate, the times are counts or in some other unit: NaN.

    Raises
    ------
    ReadError
        Where the times do not increase at even steps.
    """
    steps = np.diff(times)
    if len(steps) < 2 or not np.isfinite(times).all() or not steps.min() > 0:
        raise ReadError("the times of the CSV do not increase; a time for every row, at even steps, is accepted")
    step = (times[-1] - times[0]) / len(steps)
    if np.abs(times - times[0] - step * np.arange(len(times))).max() > 1.5 * step:
        raise ReadError("the times of the CSV have gaps; a time for every row, at even steps, is accepted")
    named = _UNIT.fullmatch(unit) or _TIME.fullmatch(name)
    written = ((named[1] if named else None) or "").lower()
    found = _PER_SECOND.get(written.rstrip("s"), 1.0) / step
    if not (written or RATES_HZ[0] <= found <= RATES_HZ[1]):
        return math.nan
    return float(round(found)) if math.isclose(found, round(found), rel_tol=1e-4) else float(found)
