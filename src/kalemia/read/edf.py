"""EDF and BDF, with their "+" variants where the recording is continuous, by edfio.

It is Python and numpy, not a library written in C: nothing in Python can catch a crash that a damaged header provokes
there. What it would mend in silence is refused here: records that are missing, data that begin elsewhere, empty ranges.
Source: www.edfplus.info/specs/edf.html.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kalemia.errors import ReadError
from kalemia.read.leads import canonical
from kalemia.read.raw import MAX_VALUES, Raw, mv_per

if TYPE_CHECKING:
    from edfio import Bdf, BdfSignal, Edf, EdfSignal

MAX_SIGNALS = 256


def load(path: Path) -> Raw:
    """Read the ECG leads of an EDF or BDF file.

    Raises
    ------
    ReadError
        Where the recording has gaps, the file holds fewer data than its header states, or names no lead in volts.
    """
    file = _parsed(path.read_bytes())
    voltages = [signal for signal in file.signals if mv_per(signal.physical_dimension) is not None]
    chosen = _chosen(voltages)
    if file.num_data_records * chosen[0].samples_per_data_record * len(chosen) > MAX_VALUES:
        raise ReadError(f"the recording holds more than {MAX_VALUES:,} samples; a shorter one is accepted")
    lines = [_line(signal) for signal in chosen]
    left_out = len(voltages) - len(chosen)
    sentence = f"{left_out} of {len(voltages)} signals are no ECG lead, or sampled apart, and were left out."
    return Raw(
        signal=np.stack([_millivolts(signal, *line) for signal, line in zip(chosen, lines, strict=True)]),
        rate=chosen[0].samples_per_data_record / _positive(file.data_record_duration, "duration of a data record"),
        names=tuple(signal.label.strip() for signal in chosen),
        start=_start(file),
        warnings=(sentence,) if left_out else (),
        lsb_mv=max(abs(step_mv) for step_mv, _ in lines),
    )


def _parsed(content: bytes) -> Edf | Bdf:
    """Return the file; a ReadError where its header does not fit what follows."""
    from edfio import read_bdf, read_edf

    count = _stated(content[252:256], "number of signals")
    if not 1 <= count <= MAX_SIGNALS:
        raise ReadError(f"the EDF header states {count} signals; 1 to {MAX_SIGNALS} are accepted")
    begin = 256 * (count + 1)
    if len(content) < begin or _stated(content[184:192], "number of its bytes") != begin:
        raise ReadError(f"the EDF header is cut short, or not as long as it states; {count} signals take {begin} bytes")
    if content[192:197] in (b"EDF+D", b"BDF+D"):
        raise ReadError("the EDF recording is not continuous (EDF+D); one without gaps is accepted")
    records = _stated(content[236:244], "number of data records")
    padded = content[:begin].replace(b"\0", b" ") + content[begin:]  # as writers in C leave fields
    file = (read_bdf if content[0] == 0xFF else read_edf)(padded, header_encoding="latin-1")
    if records > file.num_data_records:
        raise ReadError(f"the EDF file holds {file.num_data_records} data records where its header states {records}")
    if not records or not file.num_data_records:
        raise ReadError("the EDF file holds no data record")
    return file


def _chosen(signals: Sequence[EdfSignal | BdfSignal]) -> list[EdfSignal | BdfSignal]:
    """Return the signals that are named like leads and share the sampling rate of the first of them."""
    named = [signal for signal in signals if canonical(signal.label) and signal.samples_per_data_record > 0]
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


def _stated(field: bytes, what: str) -> int:
    """Return a whole number out of the header."""
    try:
        return int(field.replace(b"\0", b" "))
    except ValueError as exc:
        raise ReadError(f"the EDF header states no number as {what}") from exc


def _positive(number: float, what: str) -> float:
    if not 0 < number < math.inf:
        raise ReadError(f"the EDF header states no positive number as {what}")
    return number


def _start(file: Edf | Bdf) -> datetime | None:
    """Return date and time of the start, or None where the header has none."""
    try:
        return file.startdatetime
    except ValueError:
        return None
