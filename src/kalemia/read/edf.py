"""EDF and BDF, with their "+" variants where the recording is continuous.

Read here, not by a library written in C: nothing in Python can catch a crash that a damaged header provokes there.
The header's fields of patient and recording are never looked at. Source: www.edfplus.info/specs/edf.html.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kalemia.errors import ReadError
from kalemia.read.leads import canonical
from kalemia.read.raw import MAX_VALUES, Raw, mv_per

_FIELDS = {
    "name": 16,
    "transducer": 80,
    "unit": 8,
    "low": 8,
    "high": 8,
    "least": 8,
    "most": 8,
    "filter": 80,
    "count": 8,
}
MAX_SIGNALS = 256


@dataclass(frozen=True)
class _Signal:
    """One signal: where it lies in a data record, in samples, and the line from stored numbers to mV."""

    name: str
    first: int
    count: int
    step_mv: float
    offset_mv: float


def load(path: Path) -> Raw:
    """Read the ECG leads of an EDF or BDF file.

    Raises
    ------
    ReadError
        Where the header is damaged, the recording has gaps, or the file holds fewer data than it states.
    """
    with path.open("rb") as stream:
        head = stream.read(256)
        if len(head) < 256:
            raise ReadError("the EDF header is cut short")
        count = int(_number(head[252:256], "number of signals"))
        if not 1 <= count <= MAX_SIGNALS:
            raise ReadError(f"the EDF header states {count} signals; 1 to {MAX_SIGNALS} are accepted")
        lines = stream.read(256 * count)
        if len(lines) < 256 * count:
            raise ReadError("the EDF header is cut short")
        data = stream.read()
    if head[192:197] in (b"EDF+D", b"BDF+D"):
        raise ReadError("the EDF recording is not continuous (EDF+D); one without gaps is accepted")
    width = 3 if head[0] == 0xFF else 2
    signals, per_record = _signals(lines, count)
    records = _records(head, data, per_record * width)
    chosen = _chosen(signals)
    rate = chosen[0].count / _number(head[244:252], "duration of a data record", positive=True)
    if records * chosen[0].count * len(chosen) > MAX_VALUES:
        raise ReadError(f"the recording holds more than {MAX_VALUES:,} samples; a shorter one is accepted")
    table = np.frombuffer(data, np.uint8, count=records * per_record * width).reshape(records, per_record, width)
    warning = (
        f"{len(signals) - len(chosen)} of {len(signals)} signals are no ECG lead, or sampled apart, and were left out."
    )
    return Raw(
        signal=np.stack([_millivolts(table, signal) for signal in chosen]),
        rate=rate,
        names=tuple(signal.name for signal in chosen),
        start=_start(head),
        warnings=(warning,) if len(chosen) < len(signals) else (),
        lsb_mv=max(abs(signal.step_mv) for signal in chosen),
    )


def _signals(lines: bytes, count: int) -> tuple[list[_Signal], int]:
    """Read the description of every signal in a unit of voltage, and the samples of all signals in a data record."""
    columns: dict[str, list[bytes]] = {}
    position = 0
    for field, width in _FIELDS.items():
        columns[field] = [lines[position + width * k :][:width] for k in range(count)]
        position += width * count
    signals = []
    first = 0
    for k in range(count):
        samples = int(_number(columns["count"][k], "samples in a data record"))
        if not 0 <= samples <= MAX_VALUES:
            raise ReadError(
                f"the EDF header states {samples} samples in a data record; up to {MAX_VALUES:,} are accepted"
            )
        scale = mv_per(columns["unit"][k].decode("latin-1").strip(" \0"))
        if scale is not None and samples:
            low, high, least, most = (
                _number(columns[f][k], f"{f} of a range") for f in ("low", "high", "least", "most")
            )
            if low == high or least == most:
                raise ReadError("the EDF header states an empty range for a signal, so millivolts cannot be known")
            step = (high - low) / (most - least)
            name = columns["name"][k].decode("latin-1").strip(" \0")
            signals.append(_Signal(name, first, samples, step * scale, (low - least * step) * scale))
        first += samples
    return signals, first


def _chosen(signals: list[_Signal]) -> list[_Signal]:
    """Return the signals that are named like leads and share the sampling rate of the first of them."""
    named = [signal for signal in signals if canonical(signal.name)]
    if not named:
        raise ReadError("no signal in a unit of voltage is named like an ECG lead; I, II, V1 and the like are accepted")
    return [signal for signal in named if signal.count == named[0].count]


def _records(head: bytes, data: bytes, size: int) -> int:
    """Return how many data records there are; -1 in the header means that it was never closed."""
    stated = int(_number(head[236:244], "number of data records"))
    held = len(data) // size if size else 0
    if stated > held:
        raise ReadError(f"the EDF file holds {held} data records where its header states {stated}")
    if held == 0 or stated == 0:
        raise ReadError("the EDF file holds no data record")
    return stated if stated > 0 else held


def _millivolts(table: NDArray[np.uint8], signal: _Signal) -> NDArray[np.float32]:
    """Return one signal in mV; the bytes (records, samples, 2 or 3) are little-endian two's complement."""
    stored = table[:, signal.first : signal.first + signal.count].reshape(-1, table.shape[2])
    wide = stored.astype(np.int32)
    if table.shape[2] == 2:
        numbers = wide[:, 0] | wide[:, 1] << 8
        numbers -= (numbers >> 15) << 16
    else:
        numbers = wide[:, 0] | wide[:, 1] << 8 | wide[:, 2] << 16
        numbers -= (numbers >> 23) << 24
    return (numbers * signal.step_mv + signal.offset_mv).astype(np.float32)


def _number(field: bytes, what: str, *, positive: bool = False) -> float:
    """Return a finite number out of the header."""
    text = field.decode("latin-1").strip(" \0")
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number) or (positive and number <= 0):
        raise ReadError(f"the EDF header states no {'positive ' if positive else ''}number as {what}")
    return number


def _start(head: bytes) -> datetime | None:
    """Return date and time of the start; years are written with two digits, of which 85 to 99 mean 1985 to 1999."""
    try:
        day, month, year = (int(part) for part in head[168:176].decode("latin-1").split("."))
        hour, minute, second = (int(part) for part in head[176:184].decode("latin-1").split("."))
        return datetime(year + (1900 if year >= 85 else 2000), month, day, hour, minute, second)
    except ValueError:
        return None
