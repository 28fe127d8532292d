"""What ecgdatakit parsed, as a Raw: only samples, names, rate and time are taken over."""

from __future__ import annotations

import re
import warnings
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kalemia.errors import ReadError
from kalemia.read.raw import MAX_VALUES, Raw, mv_per

if TYPE_CHECKING:
    from ecgdatakit import ECGRecord, Lead, Parser


def parsed(parser: type[Parser], path: Path) -> tuple[ECGRecord, tuple[str, ...]]:
    """Return what `parser` makes of the file, and a sentence where a checksum in it does not fit.

    Raises
    ------
    ReadError
        With the parser's own reason, without the path that it names.
    """
    from ecgdatakit import ChecksumWarning, ECGDataKitError

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            record = parser().parse(path)
        except ECGDataKitError as exc:
            reason = " ".join(str(exc).replace(str(path), "the file").split())
            reason = re.sub(r"'[^']*'", "...", reason)[:200].rstrip(".")  # what it quotes may be a name
            raise ReadError(f"as {parser.FORMAT_NAME} the file is damaged or of a kind not read ({reason})") from exc
    if any(issubclass(warning.category, ChecksumWarning) for warning in caught):
        return record, ("A checksum in the file does not fit what it holds; the file may be damaged.",)
    return record, ()


def raw(record: ECGRecord, sentences: tuple[str, ...] = (), rate: float | None = None) -> Raw:
    """Turn a parsed record into a Raw, in mV, with the sampling rate that most leads share.

    Parameters
    ----------
    record
        What the parser returned.
    sentences
        Warnings to carry along.
    rate
        The exact sampling rate, Hz, where the file states one that ecgdatakit rounds.
    """
    if not record.leads:
        raise ReadError("the file holds no ECG lead")
    shared = Counter(lead.sampling_rate for lead in record.leads).most_common(1)[0][0]
    leads = [lead for lead in record.leads if lead.sampling_rate == shared]
    starts = [_first(lead) for lead in leads]
    begin = min(starts)
    length = max(start - begin + len(lead.samples) for start, lead in zip(starts, leads, strict=True))
    if length * len(leads) > MAX_VALUES:
        raise ReadError(f"the ECG holds {length * len(leads):,} samples; up to {MAX_VALUES:,} are accepted")
    signal = np.full((len(leads), length), np.nan, dtype=np.float32)
    for row, (start, lead) in enumerate(zip(starts, leads, strict=True)):
        signal[row, start - begin : start - begin + len(lead.samples)] = _millivolts(lead)
    if len(leads) < len(record.leads):
        sentences += (f"{len(record.leads) - len(leads)} leads have another sampling rate and were left out.",)
    return Raw(
        signal=signal,
        rate=rate or float(shared),
        names=tuple(lead.label for lead in leads),
        start=_start(record.recording.date),
        warnings=sentences,
        lsb_mv=max(lead.resolution * (mv_per(lead.resolution_unit) or 0.0) for lead in leads),
    )


def _first(lead: Lead) -> int:
    """Return the number of a lead's first sample: SCP-ECG leads need not begin together."""
    return int(lead.annotations.get("start_sample", "1"))


def _millivolts(lead: Lead) -> np.ndarray:
    """Return the samples in mV."""
    physical = lead.to_physical() if lead.is_raw and lead.resolution_unit else lead
    scale = mv_per(physical.units)
    if scale is None or not physical.resolution:
        raise ReadError("a lead states no unit of voltage, so millivolts cannot be known")
    return physical.samples * scale


def _start(date: object) -> datetime | None:
    """Return the time of the recording by the machine's clock, without a zone."""
    return date.replace(tzinfo=None) if isinstance(date, datetime) else None
