"""Writes WFDB records: a header, and 16-bit samples of all leads interleaved, 1,000 counts a mV."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

COUNTS_PER_MV = 1000
UNKNOWN = -32768
"""What format 16 stores where there is no sample."""


def counts(signal: NDArray[np.float32]) -> NDArray[np.int16]:
    """Return a signal (leads, samples) in mV as what is stored; NaN as `UNKNOWN`."""
    stored = np.clip(np.round(signal * COUNTS_PER_MV), -32767, 32767)
    return np.where(np.isfinite(stored), stored, UNKNOWN).astype("<i2")


def files(name: str, leads: Sequence[str], rate: float, stored: NDArray[np.int16], comment: str) -> dict[str, bytes]:
    """Return the two files of a record by their names; `stored` is from `counts`, `rate` in Hz."""
    lines = [f"{name} {len(leads)} {rate:g} {stored.shape[1]}"]
    for lead, samples in zip(leads, stored, strict=True):
        checksum = int(samples.sum(dtype=np.int64)) & 0xFFFF
        first = int(samples[0]) if samples.size else 0
        lines.append(f"{name}.dat 16 {COUNTS_PER_MV}(0)/mV 16 0 {first} {checksum} 0 {lead}")
    lines.append(f"# {comment}")
    return {f"{name}.hea": ("\n".join(lines) + "\n").encode("ascii"), f"{name}.dat": stored.T.tobytes()}
