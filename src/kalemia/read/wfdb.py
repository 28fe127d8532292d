"""WFDB, the format of PhysioNet: a text header (.hea) beside one or more binary signal files.

Read here rather than by a library, because a header is untrusted text that names other files: it is checked before
anything else is opened. Source: the WFDB Applications Guide, header(5) and signal(5).
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kalemia.errors import ReadError
from kalemia.read import packing
from kalemia.read.leads import canonical
from kalemia.read.raw import MAX_VALUES, Raw, mv_per
from kalemia.records import DIGITIZED
from kalemia.system import bounded

MAX_HEADER_BYTES = 1_000_000
MAX_CHANNELS = 256

RECORD_LINE = re.compile(r"[\w.-]+(?P<segments>/\d+)?[ \t]+\d+(?:[ \t]+[-+.\deE]|[ \t]*$)")
"""How the first line of a header looks: a name, a count of signals, perhaps a rate."""

_Floats = NDArray[np.floating]
_FORMAT = re.compile(r"(\d{1,3})(?:x(\d{1,4}))?(?::(\d{1,6}))?(?:\+(\d{1,9}))?")
_GAIN = re.compile(r"([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d{1,3})?)(?:\(([-+]?\d{1,9})\))?(?:/(\S+))?")


class _Signal(NamedTuple):
    """One signal line of the header."""

    file: str
    format: int
    per_frame: int
    skew: int
    offset: int
    gain: float
    baseline: int
    unit: str
    zero: int
    first: int
    checksum: int | None
    name: str


@dataclass(frozen=True)
class _Header:
    """A whole header: frames per second, number of frames (0 where it is not stated) and the signals."""

    rate: float
    frames: int
    start: datetime | None
    signals: tuple[_Signal, ...]
    digitized: bool


def load(path: Path) -> Raw:
    """Read the record of one segment whose header is `path`.

    Raises
    ------
    ReadError
        Where the header is malformed, or its signal files are missing, short, elsewhere or stored in a way not read.
    """
    header = _parse(path)
    per_frame = _chosen_per_frame(header.signals)
    chosen = [k for k, s in enumerate(header.signals) if s.per_frame == per_frame and mv_per(s.unit) is not None]
    signals = [header.signals[k] for k in chosen]
    stored = [samples for _, samples in _stored(path.parent, header)]
    length = min(len(stored[k]) for k in chosen)
    counts = np.stack([stored[k][:length] for k in chosen])
    gain, baseline, zero = _columns(signals, counts.dtype)
    warnings: list[str] = []
    if len(chosen) < len(header.signals):
        warnings.append(
            f"{len(header.signals) - len(chosen)} of {len(header.signals)} signals are no voltage or have another "
            "sampling rate and were left out."
        )
    if header.frames and (damaged := _damaged(counts, signals)):
        warnings.append(
            f"The checksum of {', '.join(damaged)} in the header does not fit the samples; the file may be damaged."
        )
    signal = counts - baseline
    signal /= gain
    return Raw(
        signal=signal.astype(np.float32, copy=False),
        rate=header.rate * per_frame,
        names=tuple(s.name for s in signals),
        start=header.start,
        warnings=tuple(warnings),
        counts=(counts - zero).astype(np.float32, copy=False) if np.ptp(gain) > 0 else None,
        lsb_mv=float(1 / np.abs(gain).min()),
        digitized=header.digitized,
    )


def _columns(signals: list[_Signal], kind: np.dtype[np.floating]) -> tuple[_Floats, ...]:
    """Return counts per mV, the counts of 0 mV and the middle of the converter, each (signals, 1)."""
    gain = [s.gain / (mv_per(s.unit) or math.nan) for s in signals]
    return tuple(
        np.array(column, kind)[:, None] for column in (gain, [s.baseline for s in signals], [s.zero for s in signals])
    )


def _damaged(counts: _Floats, signals: list[_Signal]) -> list[str]:
    """Name the signals whose sum, modulo 2**16, is not the header's; samples that are not recorded make it unknown."""
    sums = counts.sum(axis=1, dtype=np.float64).tolist()
    return [
        s.name
        for s, total in zip(signals, sums, strict=True)
        if s.checksum is not None and not math.isnan(total) and (int(total) - s.checksum) % 65536
    ]


def signal_files(path: Path) -> set[str]:
    """Return the names of the signal files that the header `path` points to; empty where it is no header."""
    try:
        return {signal.file for signal in _parse(path).signals}
    except ReadError:
        return set()


def _chosen_per_frame(signals: tuple[_Signal, ...]) -> int:
    """Return the samples a frame of the first ECG lead: a record may hold slower or faster signals of other kinds."""
    voltages = [s for s in signals if mv_per(s.unit) is not None]
    if not voltages:
        raise ReadError("no signal of the record is stored in a unit of voltage; mV, uV and V are accepted")
    return next((s.per_frame for s in voltages if canonical(s.name)), voltages[0].per_frame)


def _stored(folder: Path, header: _Header) -> Iterator[tuple[_Signal, _Floats]]:
    """Yield each signal with its stored numbers, NaN where the format marks them as not recorded."""
    for file, group in groupby(header.signals, key=lambda s: s.file):
        signals = list(group)
        if len({(s.format, s.offset) for s in signals}) > 1:
            raise ReadError("the header states several storage formats for one signal file; one is accepted")
        data = _bytes_of(folder, file, signals[0].offset)
        width = sum(s.per_frame for s in signals)
        values = _values(data, signals)
        available = len(values) // width
        frames = header.frames or available
        if available < frames:
            raise ReadError(f"a signal file holds {available} samples a signal where the header states {frames}")
        if (total := frames * sum(s.per_frame for s in header.signals)) > MAX_VALUES:
            raise ReadError(f"the record holds {total:,} samples; up to {MAX_VALUES:,} are accepted")
        available = min(available, frames + max(s.skew for s in signals))
        # one row a sample of the frame, so that each signal lies together
        table = np.ascontiguousarray(values[: available * width].reshape(available, width).T)
        column = 0
        for signal in signals:
            rows = table[column : column + signal.per_frame]
            samples = rows[0] if len(rows) == 1 else rows.T.ravel()
            column += signal.per_frame
            if signal.format == 8:  # first differences
                samples = np.cumsum(samples) + signal.first
            yield signal, _shift(samples, signal, frames)


def _values(data: bytes, signals: list[_Signal]) -> _Floats:
    """Return the numbers of one signal file, frame by frame."""
    form, per_frame = signals[0].format, signals[0].per_frame
    if form not in packing.FLAC:
        return packing.unpack(data, form)
    if signals[0].offset or any(s.per_frame != per_frame for s in signals):
        raise ReadError("a FLAC signal file begins after others' bytes or holds several rates; plain ones are accepted")
    return packing.unflac(data, form, len(signals), per_frame, MAX_VALUES)


def _shift(samples: _Floats, signal: _Signal, frames: int) -> _Floats:
    """Undo the skew: sample 0 of a skewed signal is stored some frames later."""
    length = frames * signal.per_frame
    kept = samples[signal.skew * signal.per_frame :][:length]
    if len(kept) == length:
        return kept
    return np.concatenate([kept, np.full(length - len(kept), np.nan, dtype=samples.dtype)])


def _bytes_of(folder: Path, file: str, offset: int) -> bytes:
    """Return what the signal file holds after its own header of `offset` bytes."""
    if "/" in file or "\\" in file or file in {"..", ".", "~", "-"} or "\0" in file:
        raise ReadError("the header points out of its folder; a signal file must lie beside the header")
    target = folder / file
    try:
        size = bounded.size(target, "a signal file that the header names is accepted")
    except OSError as exc:
        raise ReadError("a signal file that the header names is missing beside it") from exc
    bounded.within(size, MAX_VALUES * 4 + offset, "a signal file")
    with target.open("rb") as stream:
        stream.seek(offset)
        return stream.read()


def lines_of(path: Path) -> list[str]:
    """Return the lines of a header that are not empty."""
    bounded.within(bounded.size(path), MAX_HEADER_BYTES, "a header")
    return [line for line in map(str.strip, path.read_text(encoding="latin-1").splitlines()) if line]


def _parse(path: Path) -> _Header:
    """Read the header: the record line, then a line a signal; comments may hold a name: only our own is looked for."""
    stripped = lines_of(path)
    lines = [line for line in stripped if not line.startswith("#")]
    match = RECORD_LINE.match(lines[0]) if lines else None
    if match is None:
        raise ReadError("the header does not begin with a record line (name, number of signals, rate)")
    if match["segments"]:
        raise ReadError("a segment of the record is itself cut into segments; segments that hold signals are accepted")
    fields = lines[0].split()
    count = int(fields[1][:9])
    if not 1 <= count <= MAX_CHANNELS:
        raise ReadError(f"the header states {count} signals; 1 to {MAX_CHANNELS} are accepted")
    if len(lines) <= count:
        raise ReadError(f"the header states {count} signals and describes {len(lines) - 1}")
    # 250 Hz is the default of header(5)
    rate = _number(fields[2].partition("/")[0], "sampling rate") if len(fields) > 2 else 250.0
    frames = _number(fields[3], "number of samples") if len(fields) > 3 else 0.0
    if not 0 <= frames <= MAX_VALUES:
        raise ReadError(f"the header states {fields[3]} samples a signal; up to {MAX_VALUES:,} in all are accepted")
    signals = tuple(map(_signal, lines[1 : count + 1]))
    return _Header(rate, int(frames), _start(fields), signals, f"# {DIGITIZED}" in stripped)


def _signal(line: str) -> _Signal:
    """Read one signal line: file, format, gain(baseline)/unit, resolution, zero, first value, checksum, size, name."""
    fields = line.split(maxsplit=8)
    form = _matched(_FORMAT, fields[1]) if len(fields) > 1 else None
    gain = _matched(_GAIN, fields[2]) if len(fields) > 2 else None
    if form is None:
        raise ReadError("a signal line of the header states no storage format")
    if gain is None or float(gain[1]) == 0 or not math.isfinite(float(gain[1])):
        raise ReadError("a signal line of the header states no gain, so millivolts cannot be known")
    zero = int(_number(fields[4], "ADC zero")) if len(fields) > 4 else 0
    return _Signal(
        file=fields[0],
        format=int(form[1]),
        per_frame=int(form[2] or 1) or 1,
        skew=int(form[3] or 0),
        offset=int(form[4] or 0),
        gain=float(gain[1]),
        baseline=zero if gain[2] is None else int(gain[2]),
        unit=gain[3] or "mV",  # the default of header(5)
        zero=zero,
        first=int(_number(fields[5], "first value")) if len(fields) > 5 else zero,
        checksum=int(_number(fields[6], "checksum")) if len(fields) > 6 else None,
        name=fields[8] if len(fields) > 8 else "",
    )


@functools.lru_cache(maxsize=256)
def _matched(pattern: re.Pattern[str], field: str) -> re.Match[str] | None:
    """Match a whole field; most lines of most headers repeat the same ones."""
    return pattern.fullmatch(field)


def _number(text: str, what: str) -> float:
    """Return a finite number out of the header."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ReadError(f"the header states no number as {what}")
    return number


def _start(fields: list[str]) -> datetime | None:
    """Return when the record begins, where the record line states both time and date in full."""
    if len(fields) < 6:
        return None
    for form in ("%d/%m/%Y %H:%M:%S.%f", "%d/%m/%Y %H:%M:%S"):
        try:
            return datetime.strptime(f"{fields[5]} {fields[4]}", form)
        except ValueError:
            continue
    return None
