"""Recordings, beats and estimates that the tests of the report draw."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kalemia.estimate.evidence import Evidence
from kalemia.estimate.population import Population
from kalemia.estimate.predict import Result
from kalemia.records import LEADS, Beat, Before, Estimate, ModelName, Recording
from likelihoods import bell

MODEL = ModelName("v5-4k", "1.0.0", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "simulated")
RR_S = 0.8


def cycle(t: NDArray[np.float64]) -> NDArray[np.float64]:
    """P, R and T as Gaussians, in mV."""
    waves = ((-0.16, 0.02, 0.1), (0.0, 0.012, 1.0), (0.26, 0.035, 0.4))
    return sum((h * np.exp(-0.5 * ((t - m) / s) ** 2) for m, s, h in waves), start=np.zeros_like(t))


def recording(
    leads: tuple[str, ...] = LEADS, seconds: float = 10.0, rate: float = 500.0, offset: float = 0.3
) -> Recording:
    t = np.arange(round(seconds * rate)) / rate
    beat = cycle((t + RR_S / 2) % RR_S - RR_S / 2)
    noise = np.random.default_rng(0).normal(0, 0.01, (len(leads), t.size))
    return Recording((beat + noise + offset).astype(np.float32), rate, leads, "ward/ecg.dcm")


def beat(leads: tuple[str, ...] = LEADS, seconds: float = 10.0, problems: tuple[str | None, ...] = ()) -> Beat:
    waveform = np.tile(cycle((np.arange(270) - 90) / 300), (len(leads), 1)).astype(np.float32)
    return Beat(
        waveform,
        np.full(len(leads), 1.5, np.float32),
        leads,
        RR_S,
        11,
        np.full(len(leads), 0.9, np.float32),
        problems or (None,) * len(leads),
        r_peaks_s=np.arange(RR_S, seconds, RR_S),
    )


KIDNEY = Before(
    "kidney", "outpatients with chronic kidney disease", {"5.5": 0.061, "6.0": 0.018, "6.5": 0.004}, {"3.5": 0.037}
)
HIGH = Estimate(
    "ward/ecg.dcm",
    "estimated",
    5.9,
    (5.1, 6.8),
    0.9,
    {"5.5": 0.71, "6.0": 0.44, "6.5": 1.0},
    {"3.5": 0.0},
    "high",
    {"high": 36.4, "low": 0.0312},
    KIDNEY,
    "simulated",
    heart_rate_bpm=74.1,
    beats_used=11,
    leads_used=("V5",),
    quality={"V5": 0.97},
    warnings=("QRS 142 ms: a wide complex.", "The mains filter was on."),
    model=MODEL,
)
REFUSED = Estimate(
    "ward/ecg.dcm", "refused", reason="lead V5 is flat", leads_used=("V5",), quality={"V5": 0.05}, model=MODEL
)
FAILED = Estimate("ward/ecg.dcm", "failed", reason="ward/ecg.dcm is not an ECG", model=MODEL)


def estimate(value: float, low: float, high: float, level: Any, **changes: Any) -> Estimate:
    return replace(HIGH, potassium_meq_l=value, interval_meq_l=(low, high), level=level, **changes)


def chances(high: float | None, low: float | None, ratios: tuple[float, float] = (1.0, 1.0)) -> dict[str, Any]:
    """What an estimate says of more than 5.5 and less than 3.5, and how many times likelier its ECG is there."""
    return {
        "probability_above": {} if high is None else {"5.5": high},
        "probability_below": {} if low is None else {"3.5": low},
        "likelihood_ratio": dict(zip(("high", "low"), ratios, strict=True)),
    }


LOW = estimate(2.9, 2.3, 3.6, "low", **chances(0.004, 0.83, (0.2, 41.0)))
NORMAL = estimate(4.4, 3.7, 5.2, "normal", warnings=(), **chances(0.019, 0.03, (0.3, 0.8)))
UNCERTAIN = estimate(4.6, 3.2, 6.1, "uncertain", warnings=(), **chances(0.112, 0.06))
EVERY = {"high": HIGH, "low": LOW, "normal": NORMAL, "uncertain": UNCERTAIN, "refused": REFUSED, "failed": FAILED}


def result(estimate: Estimate) -> Result:
    """An estimate with the ECG and the beat that it could have been made from, and evidence of a high potassium."""
    if estimate.population is None:
        return Result(estimate, recording(), beat())
    known = Population.load(estimate.population.name)
    return Result(estimate, recording(), beat(), evidence=Evidence.of(bell(6.6, 0.9)), population=known)
