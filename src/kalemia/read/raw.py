"""What a format's reader hands to the rules that hold for every format."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

MAX_VALUES = 16_000_000
"""Samples times channels that are read at most: twelve leads at 500 Hz for three quarters of an hour, in 64 MB."""

_SPELLED = {
    1e3: ("v", "volt", "volts"),
    1.0: ("mv", "millivolt", "millivolts", "milivolt", "\u043c\u0432"),
    1e-3: ("uv", "\u00b5v", "\u03bcv", "microvolt", "microvolts", "mikrovolt", "\u043c\u043a\u0432", "\u00e2\u03bcv"),
    1e-6: ("nv", "nanovolt", "nanovolts"),
}
"""In small letters; the last one of uV is UTF-8 that was taken for cp1252."""
_MV_PER_UNIT = {name: mv for mv, names in _SPELLED.items() for name in names}
_STEPS = r"(?:adu|adc|adc units?|counts?|units?|lsb|bits?|steps?|digits?)"
_PER_VOLT = re.compile(rf"(\d+(?:\.\d+)?)\s*{_STEPS}?\s*(?:/|per)\s*(\w+)", re.I)
_PER_STEP = re.compile(rf"(\d*\.?\d+(?:e-?\d+)?)\s*(\w+?)(?:\s*(?:/|per)\s*{_STEPS})?", re.I)


@dataclass(frozen=True, eq=False)
class Raw:
    """An ECG as its file states it: names as written, nothing checked, derived or repaired.

    Attributes
    ----------
    signal
        float32 (channels, samples) in mV; NaN where the file marks a sample as not recorded.
    rate
        Samples per second, Hz, as the file states it.
    names
        One name a channel, as written.
    start
        When the first sample was taken, if the file says so.
    warnings
        Sentences about what the reader had to infer.
    counts
        float32 (channels, samples), the stored numbers before the file's gains, where channels have different gains.
    lsb_mv
        The largest step between two stored values, mV; 0 where it is not known.
    digitized
        Whether the leads were traced from a picture, so that the rules of digital ECGs do not hold exactly.
    unit
        What the file says that its numbers are; None where it does not say, and they were taken as mV.
    """

    signal: NDArray[np.float32]
    rate: float
    names: tuple[str, ...]
    start: datetime | None = None
    warnings: tuple[str, ...] = ()
    counts: NDArray[np.float32] | None = None
    lsb_mv: float = 0.0
    digitized: bool = False
    unit: str | None = "its own"


@lru_cache(maxsize=64)
def mv_per(unit: str) -> float | None:
    """Return how many mV one `unit` is ("uV" gives 0.001), or None where it is no unit of voltage."""
    return _MV_PER_UNIT.get(unit.strip().lower())


def mv_per_step(unit: str) -> float | None:
    """Return how many mV one is of numbers in a unit or of a gain: "uV", "200/mV" as in WFDB, "5 uV/bit"; or None."""
    text = unit.strip()
    for pattern, power in ((_PER_VOLT, -1), (_PER_STEP, 1)):
        found = pattern.fullmatch(text)
        if found and (volts := mv_per(found[2])) is not None and (number := float(found[1])) > 0:
            return float(volts * number**power)
    return mv_per(text)
