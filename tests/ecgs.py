"""Electrocardiograms whose truth is exact: Gaussian waves at known times, with known heights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kalemia.digitize.result import Digitized, Trace
from kalemia.records import LEADS, Recording

Float64 = NDArray[np.float64]


@dataclass(frozen=True)
class Wave:
    """A Gaussian: its middle in s after R, its height in mV, its standard deviation in s."""

    at_s: float
    mv: float
    sd_s: float


P = Wave(-0.16, 0.12, 0.02)
R = Wave(0.0, 1.0, 0.012)
T = Wave(0.28, 0.3, 0.04)
HEART = (P, R, T)
SCALE = {"I": 0.6, "II": 1.0, "III": 0.4, "aVR": -0.8, "aVL": 0.1, "aVF": 0.7} | {
    "V1": -0.5, "V2": -0.7, "V3": 0.4, "V4": 1.1, "V5": 1.3, "V6": 0.9
}  # fmt: skip
"""How large HEART is in each lead; I + III = II."""


def drawn(waves: Sequence[Wave], t_s: Float64) -> Float64:
    """Return one beat at times after R, mV."""
    return sum((w.mv * np.exp(-0.5 * ((t_s - w.at_s) / w.sd_s) ** 2) for w in waves), start=np.zeros_like(t_s))


def beat_mv(waves: Sequence[Wave] = HEART) -> NDArray[np.float32]:
    """Return the beat (270,) that `cut` should find, mV."""
    return drawn(waves, (np.arange(270) - 90) / 300).astype(np.float32)


def r_times(rr_s: float, seconds: float) -> Float64:
    """Return the times of the R peaks in `recording`, s."""
    return np.arange(0.55, seconds, rr_s)


def recording(
    leads: Sequence[str] = LEADS,
    *,
    rate: float = 500.0,
    seconds: float = 10.0,
    rr_s: float = 0.8,
    waves: Sequence[Wave] = HEART,
    noise_mv: float = 0.002,
    scale: float = 1.0,
) -> Recording:
    """Return regular beats in every lead, each lead `SCALE` times HEART, with a little noise that no lead shares."""
    t = np.arange(round(seconds * rate)) / rate
    one = sum((drawn(waves, t - at) for at in r_times(rr_s, seconds + rr_s)), start=np.zeros_like(t))
    factors = np.array([SCALE.get(lead, 1.0) for lead in leads]) * scale
    noise = np.random.default_rng(0).normal(0, noise_mv, (len(factors), t.size)) if noise_mv else 0.0
    return Recording((factors[:, None] * one + noise).astype(np.float32), rate, tuple(leads))


def changed(original: Recording, lead: str, samples: NDArray[np.floating]) -> Recording:
    """Return a recording with one lead replaced."""
    signal = original.signal.copy()
    signal[original.leads.index(lead)] = samples
    return Recording(signal, original.rate, original.leads, original.source, warnings=original.warnings)


def traced(shown: Recording) -> Digitized:
    """Return a page of 80 by 160 points on which one lead was traced, and whose upper half is no row of an ECG."""
    line = Trace(shown.leads[0], np.linspace(10.0, 150.0, 100), np.full(100, 60.0))
    rows = np.array([[0.0, 40.0], [159.0, 40.0], [159.0, 79.0], [0.0, 79.0]])
    return Digitized(
        recording=shown,
        page=1,
        kind="image",
        pixels_per_mm=10.0,
        angle_degrees=0.0,
        speed_mm_per_s=25.0,
        gain_mm_per_mv=10.0,
        layout="1x1",
        assumed=(),
        einthoven=None,
        goldberger=None,
        strip_agreement={},
        heart_rate_bpm=75.0,
        rgb=np.full((80, 160, 3), 100, np.uint8),
        traces=(line,),
        boxes=(rows,),
    )
