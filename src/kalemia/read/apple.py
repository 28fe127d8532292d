"""What an Apple Watch exports: lead I below some lines of what it is, of which name and birth date are never read."""

from __future__ import annotations

from array import array
from datetime import datetime
from pathlib import Path

import numpy as np

from kalemia.errors import ReadError
from kalemia.read.csv import number
from kalemia.read.raw import Raw, mv_per

_READ = {"Sample Rate", "Lead", "Unit", "Recorded Date"}


def looks(text: str) -> bool:
    """Tell whether a text begins like such an export."""
    return "Sample Rate," in text and "\nLead," in text


def load(path: Path) -> Raw:
    """Read an export.

    Raises
    ------
    ReadError
        Where it lacks its unit, its sample rate or its samples.
    """
    stated: dict[str, str] = {}
    values = array("d")
    for line in path.read_text(encoding="utf-8-sig", errors="replace").splitlines():
        key, comma, value = line.partition(",")
        if not comma and (sample := number(key)) is not None:
            values.append(sample)
        elif key in _READ:
            stated[key] = value.strip()
    scale = mv_per(stated.get("Unit", ""))
    rate = number(stated.get("Sample Rate", "").partition(" ")[0])
    if scale is None or rate is None or not values:
        raise ReadError("the Apple Watch export lacks its unit, sample rate or samples")
    signal = np.array(values, dtype=np.float64)[None, :] * scale
    return Raw(
        signal.astype(np.float32), rate, (stated.get("Lead", ""),), start=_start(stated.get("Recorded Date", ""))
    )


def _start(text: str) -> datetime | None:
    """Return a date like "2024-01-24 07:04:49 +0800" by the watch's own clock."""
    try:
        return datetime.strptime(text[:19], "%Y-%m-%d %H:%M:%S")
    except ValueError:
        return None
