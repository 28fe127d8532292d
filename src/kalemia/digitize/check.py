"""What a true ECG obeys, and a page read wrongly does not: Einthoven's and Goldberger's laws, repeated leads."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float64]
SHIFT_S = 0.04
MIN_SAMPLES_S = 1.0


def residual(leads: Mapping[str, Reals], rate: float) -> float | None:
    """Return the power of I + III - II over that of the strongest of I, II and III; None where they don't overlap.

    Medians are removed and I and III may be moved by 40 ms beside II, so that a border read late does not count.
    """
    return _law([leads.get("I"), leads.get("III"), leads.get("II")], (1, 1, -1), rate)


def goldberger(leads: Mapping[str, Reals], rate: float) -> float | None:
    """Return the power of aVR + aVL + aVF over that of the strongest of them; None where they don't overlap."""
    return _law([leads.get("aVR"), leads.get("aVL"), leads.get("aVF")], (1, 1, 1), rate)


def _law(signals: list[Reals | None], signs: tuple[int, int, int], rate: float) -> float | None:
    """Return how far three signals of the same time are from summing up to nothing."""
    if any(signal is None for signal in signals):
        return None
    stacked = np.stack([signal for signal in signals if signal is not None])
    together = np.isfinite(stacked).all(axis=0)
    if together.sum() < MIN_SAMPLES_S * rate:
        return None
    first, last = np.flatnonzero(together)[[0, -1]]
    part = stacked[:, first : last + 1]
    part = np.where(np.isfinite(part), part, np.nanmedian(part, axis=1, keepdims=True))
    part = part - np.median(part, axis=1, keepdims=True)
    power = float((part**2).mean(axis=1).max())
    if power <= 0:
        return None
    a, b, c = (sign * values for sign, values in zip(signs, part, strict=True))
    reach = round(SHIFT_S * rate)
    middle = slice(reach, len(c) - reach)
    best = np.inf
    for shift_a in range(-reach, reach + 1, 2):
        moved = np.roll(a, shift_a)[middle] + c[middle]
        for shift_b in range(-reach, reach + 1, 2):
            rest = moved + np.roll(b, shift_b)[middle]
            best = min(best, float(np.mean((rest - np.median(rest)) ** 2)))
    return best / power


def agreement(a: Reals, b: Reals, reach: int) -> float:
    """Return the correlation of two signals where both are known, the one moved by at most `reach` samples."""
    return aligned(a, b, reach)[0]


def aligned(a: Reals, b: Reals, reach: int) -> tuple[float, int]:
    """Return the best correlation of two signals, and by how many samples, at most `reach`, the first is late."""
    best, late = -1.0, 0
    for shift in range(-reach, reach + 1):
        one, other = (a[shift:], b[: len(b) - shift]) if shift >= 0 else (a[:shift], b[-shift:])
        known = np.isfinite(one) & np.isfinite(other)
        if known.sum() > 50:
            x, y = one[known] - one[known].mean(), other[known] - other[known].mean()
            scale = float(np.sqrt((x @ x) * (y @ y)))
            if scale > 0 and float(x @ y) / scale > best:
                best, late = float(x @ y) / scale, shift
    return best, late
