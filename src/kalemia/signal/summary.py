"""A beat in the numbers that an ECG is usually described with: rate, rhythm, PR, QRS, QT, QTc and axis."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kalemia.records import Beat
from kalemia.signal.measure import Waves, measure

SEEN_P_MV, SEEN_T_MV = 0.05, 0.1
"""How high P and T are in the leads in which their times are read."""
LEAST_INTERVALS = 4
IRREGULAR = 0.15
"""How much of the median RR interval lies between its tenth and ninetieth percentile where a rhythm is irregular:
with breathing it changes by less in most adults, in atrial fibrillation by more."""


@dataclass(frozen=True)
class Summary:
    """What describes a beat and its rhythm; None where it cannot be told.

    Attributes
    ----------
    heart_rate_bpm
        Ectopic beats counted.
    rr_ms
        The shortest and the longest RR interval between beats that are not ectopic.
    regular
        Whether they are about as long as each other.
    has_p
        Whether a P wave stands out in any lead.
    pr_ms, qrs_ms, qt_ms, qtc_ms
        Medians over the leads in which P, or T, is seen; QRS over all leads together; QTc by Fridericia.
    axis_degrees
        Of the QRS complex in the frontal plane, from the areas in I and II; 0 to the left, 90 downwards.
    """

    heart_rate_bpm: float
    rr_ms: tuple[float, float] | None
    regular: bool | None
    has_p: bool
    pr_ms: float | None
    qrs_ms: float
    qt_ms: float | None
    qtc_ms: float | None
    axis_degrees: float | None


def summary(beat: Beat) -> Summary | None:
    """Describe a beat by its leads without a problem; None where there is no such lead."""
    waves = measure(beat)
    if not waves:
        return None
    with_p = [lead for lead in waves.values() if abs(lead.p_mv) >= SEEN_P_MV]
    with_t = [lead for lead in waves.values() if abs(lead.t_mv) >= SEEN_T_MV]
    rr_ms = _rr_ms(beat)
    return Summary(
        heart_rate_bpm=beat.heart_rate_bpm,
        rr_ms=(float(rr_ms.min()), float(rr_ms.max())) if rr_ms.size else None,
        regular=_is_regular(rr_ms),
        has_p=bool(with_p),
        pr_ms=_median(lead.pr_ms for lead in with_p),
        qrs_ms=next(iter(waves.values())).qrs_ms,
        qt_ms=_median(lead.qt_ms for lead in with_t),
        qtc_ms=_median(lead.qtc_ms for lead in with_t),
        axis_degrees=_axis(waves["I"], waves["II"]) if {"I", "II"} <= waves.keys() else None,
    )


def _rr_ms(beat: Beat) -> NDArray[np.float64]:
    """Return the intervals between beats of which neither is ectopic, ms."""
    peaks = np.asarray(beat.r_peaks_s, float)
    sinus = ~np.isin(peaks, beat.ectopic_s)
    between: NDArray[np.float64] = 1000 * np.diff(peaks)[sinus[1:] & sinus[:-1]]
    return between


def _is_regular(rr_ms: NDArray[np.float64]) -> bool | None:
    if rr_ms.size < LEAST_INTERVALS:
        return None
    low, middle, high = np.percentile(rr_ms, (10, 50, 90))
    return bool(high - low <= IRREGULAR * middle)


def _median(values: Iterable[float]) -> float | None:
    known = [*values]
    return float(np.median(known)) if known else None


def _axis(one: Waves, two: Waves) -> float | None:
    """Return the angle of the mean QRS vector: I points to 0 degrees, aVF = II - I/2 to 90 and is shorter by sin 60."""
    across, down = one.qrs_area_mv_ms, (two.qrs_area_mv_ms - one.qrs_area_mv_ms / 2) * 2 / math.sqrt(3)
    return None if math.hypot(across, down) < 1.0 else math.degrees(math.atan2(down, across))
