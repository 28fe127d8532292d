"""What a format's reader hands to the rules that hold for every format."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

MAX_VALUES = 16_000_000
"""Samples times channels that are read at most: twelve leads at 500 Hz for three quarters of an hour, in 64 MB."""

_MV_PER_UNIT = {"v": 1e3, "mv": 1.0, "uv": 1e-3, "\u00b5v": 1e-3, "\u03bcv": 1e-3, "nv": 1e-6}


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
    unitless
        Whether the signal holds counts of which the file does not say how many are a mV.
    """

    signal: NDArray[np.float32]
    rate: float
    names: tuple[str, ...]
    start: datetime | None = None
    warnings: tuple[str, ...] = ()
    counts: NDArray[np.float32] | None = None
    lsb_mv: float = 0.0
    digitized: bool = False
    unitless: bool = False


@lru_cache(maxsize=64)
def mv_per(unit: str) -> float | None:
    """Return how many mV one `unit` is ("uV" gives 0.001), or None where it is no unit of voltage."""
    return _MV_PER_UNIT.get(unit.strip().lower())
