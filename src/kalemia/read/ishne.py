"""ISHNE Holter recordings: a day of samples of 16 bits, of which minutes are read.

Source: Badilini F. The ISHNE Holter Standard Output File Format. Ann Noninvasive Electrocardiol 1998;3:263-266.
A recording of more than ten minutes counts as one ECG of a minute every ten minutes of its first day; any minute of it
is named by when it begins after the start, as in `holter.ecg#13:20`.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from kalemia.errors import ReadError
from kalemia.read.raw import MAX_VALUES, Raw
from kalemia.records import LEADS

WINDOW_S, EVERY_S, DAY_S = 60, 600, 86_400
LEAD_CODES = dict(enumerate(("X", "Y", "Z", *LEADS), start=2))
FIXED_BYTES, MAX_LEADS = 522, 12
_NANOVOLT = 1e-6
_FAULT = -32768
_AFTER = re.compile(r"(\d{1,2}):(\d\d)(?::(\d\d))?")


def parts(path: Path) -> list[str]:
    """Return the minutes for which a long recording counts; none for one of up to ten minutes."""
    length_s = _Header.of(path).length_s
    if length_s <= EVERY_S:
        return []
    begins = range(0, int(min(length_s, DAY_S)) - WINDOW_S + 1, EVERY_S)
    return [f"{at // 3600}:{at // 60 % 60:02}" for at in begins]


def load(path: Path, part: str = "") -> Raw:
    """Read a minute, or the whole of a short recording.

    Raises
    ------
    ReadError
        Where the header contradicts itself, a lead has no resolution, or no minute of a long recording is named.
    """
    header = _Header.of(path)
    if not part and header.length_s > EVERY_S:
        raise ReadError("the Holter recording is long; a minute of it is named by when it begins, such as FILE#13:20")
    begin = round(_seconds(part) * header.rate) if part else 0
    count = min(WINDOW_S * header.rate if part else MAX_VALUES, header.samples - begin)
    if count <= 0:
        raise ReadError(f"the Holter recording lasts {header.length_s:,.0f} s; a minute within them is accepted")
    with path.open("rb") as stream:
        stream.seek(header.begin + 2 * begin * len(header.names))
        content = stream.read(2 * count * len(header.names))
    counts = np.frombuffer(content, "<i2").reshape(-1, len(header.names)).T
    step_mv = np.array(header.step_nv)[:, None] * _NANOVOLT
    signal = np.where(counts == _FAULT, np.nan, counts * step_mv).astype(np.float32)
    start = header.start and header.start + timedelta(seconds=begin / header.rate)
    short = (
        f"The header states {header.stated:,} samples a lead, the file holds {header.samples:,}; it may be cut short."
    )
    warnings = (short,) if header.samples < header.stated else ()
    return Raw(signal, float(header.rate), header.names, start, warnings, lsb_mv=float(step_mv.max()))


@dataclass(frozen=True)
class _Header:
    """Where the samples begin, how many there are and should be of a lead, their rate in Hz, names and steps in nV."""

    begin: int
    samples: int
    stated: int
    rate: int
    names: tuple[str, ...]
    step_nv: tuple[int, ...]
    start: datetime | None

    @property
    def length_s(self) -> float:
        return self.samples / self.rate

    @classmethod
    def of(cls, path: Path) -> _Header:
        """Read the fixed block; the patient's name and birth date in it are left."""
        size = path.stat().st_size
        with path.open("rb") as stream:
            fixed = stream.read(FIXED_BYTES)
        if len(fixed) < FIXED_BYTES:
            raise ReadError("the ISHNE file is cut short within its header; a whole one is accepted")
        (variable,) = struct.unpack_from("<i", fixed, 10)
        (count,) = struct.unpack_from("<h", fixed, 156)
        (rate,) = struct.unpack_from("<h", fixed, 272)
        begin = FIXED_BYTES + variable
        if not 1 <= count <= MAX_LEADS or rate <= 0 or not 0 <= variable <= size - FIXED_BYTES:
            raise ReadError(f"the ISHNE header states {count} leads at {rate} Hz; 1 to {MAX_LEADS} leads are accepted")
        steps = struct.unpack_from(f"<{count}h", fixed, 206)
        if min(steps) <= 0:
            raise ReadError("a lead of the ISHNE file states no resolution, so millivolts cannot be known")
        codes = struct.unpack_from(f"<{count}h", fixed, 158)
        names = tuple(LEAD_CODES.get(code, "") for code in codes)
        (stated,) = struct.unpack_from("<i", fixed, 14)
        return cls(begin, (size - begin) // (2 * count), stated, rate, names, steps, _start(fixed))


def _start(fixed: bytes) -> datetime | None:
    """Return the date and time at which the recording began."""
    day, month, year = struct.unpack_from("<3h", fixed, 138)
    try:
        return datetime(year, month, day, *struct.unpack_from("<3h", fixed, 150))
    except ValueError:
        return None


def _seconds(part: str) -> int:
    """Return what a time such as 13:20 or 13:20:30 after the start is in seconds."""
    found = _AFTER.fullmatch(part)
    if found is None:
        raise ReadError("behind the # of a Holter recording stands when a minute begins, such as 13:20 after the start")
    hours, minutes, seconds = (int(number or 0) for number in found.groups())
    return 3600 * hours + 60 * minutes + seconds
