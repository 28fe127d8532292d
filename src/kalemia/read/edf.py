"""EDF and BDF, with their "+" variants where the recording is continuous, by edfio.

It is Python and numpy, not a library written in C: nothing in Python can catch a crash that a damaged header provokes
there. What it would mend in silence, or fail at, is looked for in the header before: records that are missing, bytes
behind the last one, data that begin elsewhere, fields that are no numbers, empty ranges.
Source: www.edfplus.info/specs/edf.html.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kalemia.errors import ReadError
from kalemia.read.leads import canonicals, unnamed
from kalemia.read.raw import MAX_VALUES, Raw, mv_per

if TYPE_CHECKING:
    from edfio import Bdf, BdfSignal, Edf, EdfSignal

MAX_SIGNALS = 256
UNIT, SAMPLES = 96, 216
"""How many bytes of each signal stand before these fields of 8: first comes one field of all signals, then the next."""
RANGE = {104: "low", 112: "high", 120: "least", 128: "most"}


def load(path: Path) -> Raw:
    """Read the ECG leads of an EDF or BDF file.

    Raises
    ------
    ReadError
        Where the recording has gaps, the file holds fewer data than its header states, or names no lead in volts.
    """
    content = path.read_bytes()
    header = _header(content)
    file = _parsed(content, header)
    chosen = _chosen([signal for signal in file.signals if mv_per(signal.physical_dimension) is not None])
    if file.num_data_records * chosen[0].samples_per_data_record * len(chosen) > MAX_VALUES:
        raise ReadError(f"the recording holds more than {MAX_VALUES:,} samples; a shorter one is accepted")
    lines = [_line(signal) for signal in chosen]
    left_out = header.voltages - len(chosen)
    sentence = f"{left_out} of {header.voltages} signals are no ECG lead, or sampled apart, and were left out."
    return Raw(
        signal=np.stack([_millivolts(signal, *line) for signal, line in zip(chosen, lines, strict=True)]),
        rate=chosen[0].samples_per_data_record / header.duration_s,
        names=tuple(signal.label.strip() for signal in chosen),
        start=_start(content),
        warnings=(sentence,) if left_out else (),
        lsb_mv=max(abs(step_mv) for step_mv, _ in lines),
    )


@dataclass(frozen=True)
class _Header:
    """What the data are held against: where they begin and end, the length of a record, how many signals are volts."""

    begin: int
    end: int
    duration_s: float
    voltages: int


def _header(content: bytes) -> _Header:
    """Return what the header states; a ReadError where that is no number, or does not fit what follows."""
    count = _whole(content[252:256], "number of signals")
    if not 1 <= count <= MAX_SIGNALS:
        raise ReadError(f"the EDF header states {count} signals; 1 to {MAX_SIGNALS} are accepted")
    begin = 256 * (count + 1)
    if len(content) < begin or _whole(content[184:192], "number of its bytes") != begin:
        raise ReadError(f"the EDF header is cut short, or not as long as it states; {count} signals take {begin} bytes")
    if content[192:197] in (b"EDF+D", b"BDF+D"):
        raise ReadError("the EDF recording is not continuous (EDF+D); one without gaps is accepted")
    duration_s = _number(content[244:252], "duration of a data record", least=math.ulp(0.0))
    fields = {at: [content[256 + at * count + 8 * k :][:8] for k in range(count)] for at in (UNIT, SAMPLES, *RANGE)}
    samples = [_whole(field, "samples in a data record") for field in fields[SAMPLES]]
    if wrong := [number for number in samples if not 0 <= number <= MAX_VALUES]:
        raise ReadError(f"the EDF header states {wrong[0]} samples in a data record; up to {MAX_VALUES:,} are accepted")
    units = [mv_per(unit.decode("latin-1").strip(" \0")) for unit in fields[UNIT]]
    volts = [k for k in range(count) if samples[k] and units[k] is not None]
    for at, name in RANGE.items():
        for k in volts:
            (_number if name in ("low", "high") else _whole)(fields[at][k], f"{name} of a range")
    size = sum(samples) * (3 if content[0] == 0xFF else 2)
    return _Header(begin, begin + _records(content, len(content) - begin, size) * size, duration_s, len(volts))


def _records(content: bytes, held: int, size: int) -> int:
    """Return how many data records of `size` bytes there are; -1 in the header means that it was never closed."""
    stated, there = _whole(content[236:244], "number of data records"), held // size if size else 0
    if stated > there:
        raise ReadError(f"the EDF file holds {there} data records where its header states {stated}")
    if not stated or not there:
        raise ReadError("the EDF file holds no data record")
    return stated if stated > 0 else there


def _parsed(content: bytes, header: _Header) -> Edf | Bdf:
    """Return the file, without what stands behind its last record: edfio would take that for further ones."""
    from edfio import read_bdf, read_edf

    padded = content[: header.begin].replace(b"\0", b" ") + content[header.begin : header.end]  # as writers in C do
    return (read_bdf if content[0] == 0xFF else read_edf)(padded, header_encoding="latin-1")


def _chosen(signals: Sequence[EdfSignal | BdfSignal]) -> list[EdfSignal | BdfSignal]:
    """Return the signals that are named like leads and share the sampling rate of the first of them."""
    held = [signal for signal in signals if signal.samples_per_data_record > 0]
    labels = tuple(signal.label for signal in held)
    alone = unnamed(labels)
    named = [signal for signal, lead in zip(held, canonicals(labels), strict=True) if lead]
    named = named or ([] if alone is None else [held[alone]])
    if not named:
        raise ReadError("no signal in a unit of voltage is named like an ECG lead; I, II, V1 and the like are accepted")
    return [signal for signal in named if signal.samples_per_data_record == named[0].samples_per_data_record]


def _line(signal: EdfSignal | BdfSignal) -> tuple[float, float]:
    """Return how many mV a step of the stored numbers is, and their zero."""
    (low, high), (least, most) = signal.physical_range, signal.digital_range
    if low == high or least == most or not math.isfinite(high - low):
        raise ReadError("the EDF header states an empty range for a signal, so millivolts cannot be known")
    step = (high - low) / (most - least)
    scale = mv_per(signal.physical_dimension) or math.nan
    return step * scale, (low - least * step) * scale


def _millivolts(signal: EdfSignal | BdfSignal, step_mv: float, zero_mv: float) -> NDArray[np.float32]:
    return (signal.digital * step_mv + zero_mv).astype(np.float32)


def _whole(field: bytes, what: str) -> int:
    """Return a whole number out of the header."""
    try:
        return int(field.replace(b"\0", b" "))
    except ValueError as exc:
        raise ReadError(f"the EDF header states no number as {what}") from exc


def _number(field: bytes, what: str, least: float = -math.inf) -> float:
    """Return a finite number out of the header, positive where it must be."""
    try:
        number = float(field.replace(b"\0", b" "))
    except ValueError:
        number = math.nan
    if not math.isfinite(number) or number < least:
        raise ReadError(f"the EDF header states no {'positive ' if least > 0 else ''}number as {what}")
    return number


def _start(content: bytes) -> datetime | None:
    """Return date and time of the start; years are written with two digits, of which 85 to 99 mean 1985 to 1999."""
    try:
        day, month, year = (int(part) for part in content[168:176].replace(b"\0", b" ").split(b"."))
        hour, minute, second = (int(part) for part in content[176:184].replace(b"\0", b" ").split(b"."))
        return datetime(year + (1900 if year >= 85 else 2000), month, day, hour, minute, second)
    except ValueError:
        return None
