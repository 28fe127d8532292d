"""What a true ECG obeys, and a page read wrongly does not: Einthoven's and Goldberger's laws, repeated leads."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

Reals = NDArray[np.float64]
SHIFT_S = 0.04
MIN_SAMPLES_S = 1.0
MIN_COMMON = 50
"""Samples that two signals are compared by, at least."""
LAWFUL = 0.1
BEAT_S, COARSE_HZ, SAME_LEAD = 0.8, 100.0, 0.6
"""A stretch with one beat, the rate at which stretches are compared, and how like each other those of one lead are."""


def residual(leads: Mapping[str, Reals], rate: float) -> float | None:
    """Return the power of I + III - II over that of the strongest of I, II and III; None where they don't overlap.

    Medians are removed and I and III may be moved by 40 ms beside II, so that a border read late does not count. In
    Cabrera's order aVL, I and aVR are printed together, whose law 2 aVL - 2 aVR = 3 I is.
    """
    usual = _law([leads.get("I"), leads.get("III"), leads.get("II")], (1, 1, -1), rate)
    return (
        usual if usual is not None else _law([leads.get("aVL"), leads.get("aVR"), leads.get("I")], (1, -1, -1.5), rate)
    )


def goldberger(leads: Mapping[str, Reals], rate: float) -> float | None:
    """Return the power of aVR + aVL + aVF over that of the strongest of them; None where they don't overlap.

    In Cabrera's order II, aVF and III are printed together, whose law is II + III = 2 aVF; in columns of four I, II and
    aVR, whose law is I + II = -2 aVR.
    """
    for names, signs in (
        (("aVR", "aVL", "aVF"), (1, 1, 1)),
        (("II", "III", "aVF"), (1, 1, -2)),
        (("I", "II", "aVR"), (1, 1, 2)),
    ):
        rest = _law([leads.get(name) for name in names], signs, rate)
        if rest is not None:
            return rest
    return None


def repeats(leads: Mapping[str, Reals], rate: float) -> bool:
    """Return whether V4, V5 and V6 obey a law of limb leads, as they never do: the rows carry those throughout."""
    three = [leads.get("V4"), leads.get("V6"), leads.get("V5")]
    rests = [_law(three, signs, rate) for signs in ((1, 1, -1), (1, 1, 1))]
    return any(rest is not None and rest < LAWFUL for rest in rests)


def _law(signals: list[Reals | None], signs: tuple[float, float, float], rate: float) -> float | None:
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
    shifts = range(-reach, reach + 1, 2)
    moved_a, moved_b = (np.stack([np.roll(signal, shift)[middle] for shift in shifts]) for signal in (a, b))
    k, m = _best(moved_a, moved_b, c[middle])
    rest = moved_a[k] + moved_b[m] + c[middle]
    return float(np.mean((rest - np.median(rest)) ** 2)) / power


def _best(a: Reals, b: Reals, c: Reals) -> tuple[int, int]:
    """Return which row of a and which of b, (shifts, samples), sum up with c (samples,) to the least variance."""
    a, b, c = (values - values.mean(axis=-1, keepdims=True) for values in (a, b, c))
    left = (a * a).sum(axis=1)[:, None] + (b * b).sum(axis=1) + 2 * (a @ b.T + (a @ c)[:, None] + b @ c)
    k, m = np.unravel_index(int(left.argmin()), left.shape)
    return int(k), int(m)


def one_lead(signal: Reals, rate: float) -> bool:
    """Return whether beats of the second half of a row, (samples,), look like those of its first half.

    Of 72 simulated rhythm strips all do; of 174 rows of two leads each, 95 don't.
    """
    known = np.flatnonzero(np.isfinite(signal))
    if known.size < 4 * BEAT_S * rate:
        return True
    row = signal[known[0] : known[-1] + 1]
    row = np.where(np.isfinite(row), row, np.nanmedian(row))
    row = (row - uniform_filter1d(row, round(rate)))[:: round(rate / COARSE_HZ)]
    size = round(BEAT_S * COARSE_HZ)
    early, late = (sliding_window_view(half, size) for half in np.array_split(row, 2))
    (early, power), (late, _) = _unit(early[:: size // 8]), _unit(late)
    with_qrs = power > 0.6 * np.quantile(power, 0.9)
    if not with_qrs.any():
        return True  # a flat row has but one look
    return float(np.median((early[with_qrs] @ late.T).max(axis=1))) > SAME_LEAD


def _unit(windows: Reals) -> tuple[Reals, Reals]:
    """Return windows, (n, samples), without their means and of length 1, and their lengths before."""
    windows = windows - windows.mean(axis=1, keepdims=True)
    power = np.linalg.norm(windows, axis=1)
    return windows / np.maximum(power, 1e-9)[:, None], power


def aligned(a: Reals, b: Reals, reach: int) -> tuple[float, int]:
    """Return the best correlation of two signals where both are known, and by how many samples the first is late.

    It may be late or early by at most `reach` samples.
    """
    best, late = -1.0, 0
    for shift in range(-reach, reach + 1):
        first, second = (a[shift:], b[: len(b) - shift]) if shift >= 0 else (a[:shift], b[-shift:])
        known = np.isfinite(first) & np.isfinite(second)
        if known.sum() > MIN_COMMON:
            x, y = first[known] - first[known].mean(), second[known] - second[known].mean()
            scale = float(np.sqrt((x @ x) * (y @ y)))
            if scale > 0 and float(x @ y) / scale > best:
                best, late = float(x @ y) / scale, shift
    return best, late


def alike(a: Reals, b: Reals, late: int) -> float:
    """Return the concordance of two signals, mV, the first of them `late` by so many samples: -1..1.

    It is their correlation, lessened where one is larger than the other (Lin 1989, DOI 10.2307/2532051), without their
    levels.
    """
    first, second = (a[late:], b[: len(b) - late]) if late >= 0 else (a[:late], b[-late:])
    known = np.isfinite(first) & np.isfinite(second)
    if known.sum() <= MIN_COMMON:
        return -1.0
    x, y = first[known] - first[known].mean(), second[known] - second[known].mean()
    power = float(x @ x + y @ y)
    return 2 * float(x @ y) / power if power > 0 else -1.0
