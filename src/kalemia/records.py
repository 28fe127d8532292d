"""What the rooms pass to each other: a Recording, the Beat cut from it, the Estimate made of that.

Only numpy is imported here. Every number carries its unit in its name or in the docstring.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from importlib import import_module
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

LEADS = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
"""The canonical names of the twelve standard leads, in the order that Kalemia writes them."""
EIGHT = ("I", "II", *LEADS[6:])
"""The leads that are measured; the other four follow from I and II."""
CABRERA = ("aVL", "I", "-aVR", "II", "aVF", "III")
"""The limb leads by their angle, as some pages print them; "-aVR" is upside down."""
_SPELLED = {name.lower(): name for name in LEADS}

LOW_MEQ_L, HIGH_MEQ_L = 3.5, 5.5
"""Potassium below is low, above is high."""

DIGITIZED = "digitized from a picture"
"""The comment by which a file says that its leads were traced, one by one, and need not obey Einthoven's law."""


@dataclass(frozen=True, eq=False)
class Recording:
    """An electrocardiogram as it was measured, free of names, birth dates and record numbers.

    Attributes
    ----------
    signal
        float32 (leads, samples) in mV; NaN where nothing was recorded or printed.
    rate
        Samples per second, Hz.
    leads
        One name a row of `signal`; the standard twelve, in any case, become those of `LEADS`.
    source
        Where it came from: the path as the user gave it, or "simulated".
    start
        When the first sample was taken, if the file says so.
    confidence
        One number in 0..1 a lead; 1.0 for a digital file.
    warnings
        Sentences about what had to be inferred or repaired; they are carried into the estimate.
    digitized
        Whether it was traced from a picture, which makes an estimate less sure.
    """

    signal: NDArray[np.float32]
    rate: float
    leads: tuple[str, ...]
    source: str = "memory"
    start: datetime | None = None
    confidence: tuple[float, ...] = ()
    warnings: tuple[str, ...] = ()
    digitized: bool = False

    def __post_init__(self) -> None:
        signal = _millivolts(self.signal)
        if not (_strings(self.leads) and _strings(self.warnings)):
            raise ValueError("leads and warnings are no tuples of text; expected such as ('I', 'V5')")
        object.__setattr__(self, "leads", tuple(_SPELLED.get(name.lower(), name) for name in self.leads))
        if signal.ndim != 2 or signal.shape[0] != len(self.leads):
            raise ValueError(f"signal has shape {signal.shape}; expected ({len(self.leads)} leads, samples)")
        if len(set(self.leads)) != len(self.leads):
            raise ValueError(f"leads {self.leads} name one lead twice; expected each once")
        try:
            rate = float(self.rate)
        except (TypeError, ValueError, OverflowError):
            rate = math.nan
        if not (math.isfinite(rate) and rate > 0):
            raise ValueError(f"rate is {self.rate!s:.20} Hz; expected a positive number")
        object.__setattr__(self, "rate", rate)
        object.__setattr__(self, "signal", signal)
        object.__setattr__(self, "warnings", tuple(self.warnings))
        object.__setattr__(self, "confidence", tuple(self.confidence) or (1.0,) * len(self.leads))
        if len(self.confidence) != len(self.leads):
            raise ValueError(f"{len(self.confidence)} confidences for {len(self.leads)} leads; expected one each")

    @property
    def duration_s(self) -> float:
        """Length of the recording in seconds."""
        return float(self.signal.shape[1] / self.rate)

    def lead(self, name: str) -> NDArray[np.float32]:
        """Return the samples of one lead, mV; KeyError where the recording lacks it."""
        if name not in self.leads:
            raise KeyError(f"no lead {name!r}; this recording has {', '.join(self.leads)}")
        samples: NDArray[np.float32] = self.signal[self.leads.index(name)]
        return samples

    def _repr_html_(self) -> str:
        """Return what a notebook shows: the ECG on millimetre paper."""
        return str(_drawn("recording_html")(self))

    def plot(self, ax: Any = None) -> Any:
        """Draw the ECG on millimetre paper into matplotlib's Axes, by default new ones, and return them."""
        return _drawn("plot_recording")(self, ax)


def _drawn(what: str) -> Any:
    """Return what draws: by name and when it is asked for, since the report lies downstream of all that it draws."""
    return getattr(import_module("kalemia.report"), what)


def _millivolts(signal: Any) -> NDArray[np.float32]:
    """Return what a caller gave as samples; what is masked was not recorded."""
    samples = np.asarray(signal)
    if samples.dtype.kind not in "fiu":
        raise ValueError("signal holds something else than real numbers; expected millivolts")
    samples = samples.astype(np.float32, copy=False)
    return np.where(signal.mask, np.float32(np.nan), samples) if hasattr(signal, "mask") else samples


def _strings(values: Any) -> bool:
    return isinstance(values, tuple | list) and all(isinstance(value, str) for value in values)


SAMPLES, R_SAMPLE = 270, 90
"""How many samples at 300 Hz a beat has, and which of them is R: as in the founding study."""


@dataclass(frozen=True, eq=False)
class Beat:
    """The median cardiac cycle of a recording: 270 samples at 300 Hz, R at sample 90.

    Attributes
    ----------
    waveform
        float32 (leads, 270), divided by `gain_mv`; zero is the level of the PR segment.
    gain_mv
        (leads,) what normalization divided by, mV: the largest deflection of the beat.
    leads
        One name a row of `waveform`.
    rr_s
        Median RR interval, s; with ectopic beats that of all beats, from one sinus beat to the next.
    count
        How many beats stand behind the median; ectopic ones never do.
    quality
        (leads,) 0..1.
    problems
        Per lead: why it must not be used, or None.
    r_peaks_s
        Times of the R peaks found in the recording, s.
    ectopic_s
        Those of them that are ectopic: early, and of another shape than the sinus beats.
    """

    waveform: NDArray[np.float32]
    gain_mv: NDArray[np.float32]
    leads: tuple[str, ...]
    rr_s: float
    count: int
    quality: NDArray[np.float32]
    problems: tuple[str | None, ...]
    r_peaks_s: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    ectopic_s: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))

    @property
    def heart_rate_bpm(self) -> float:
        """Beats per minute, ectopic ones counted."""
        return 60.0 / self.rr_s

    @cached_property
    def good(self) -> tuple[str, ...]:
        """The leads without a problem."""
        return tuple(lead for lead, problem in zip(self.leads, self.problems, strict=True) if problem is None)


Level = Literal["low", "normal", "high", "uncertain"]

NOTICE = "Research use. Not a medical device. Does not replace a blood test."


@dataclass(frozen=True)
class ModelName:
    """Which model spoke: its name, version, the sha256 of its ONNX file, and what it was trained on."""

    name: str
    version: str
    sha256: str
    trained_on: str


@dataclass(frozen=True)
class Before:
    """What is known before the ECG: the population that a patient is taken from, and its shares by potassium."""

    name: str
    people: str
    probability_above: Mapping[str, float]
    probability_below: Mapping[str, float]


@dataclass(frozen=True)
class DoubtfulDraw:
    """A laboratory's potassium in a hemolyzed sample, and how likely the true one is above 5.5 mEq/L.

    `hemolysis_index` is in mg/dL, None where only "hemolyzed" is known; `added_meq_l` is what burst cells added
    if they added as much as they do on average.
    """

    potassium_meq_l: float
    hemolysis_index: float | None
    added_meq_l: float
    probability_without_ecg: float
    probability_with_ecg: float


@dataclass(frozen=True)
class Estimate:
    """What Kalemia says about one input; `to_dict` is a line of `kalemia predict --json`.

    A refused or failed estimate has no potassium, only a `reason`. Potassium, interval and probabilities are of a
    patient of the `population`; the level is "high" where more than 5.5 mEq/L has a probability of a half, "low" where
    less than 3.5 has, "normal" where 3.5 to 5.5 has nine tenths, T can be read and ST is not raised, else "uncertain".
    `likelihood_ratio` is what the ECG says on its own: how many times likelier it is at a "high" (5.5 to 8), and at a
    "low" potassium (2.5 to 3.5), than at a normal one; beside `earlier_ecgs` of the patient, if there are some.
    `recorded` is when the ECG was, where it says so. `leads_used` of a refused one are those that were looked at. A
    `doubtful_draw` goes into nothing else.
    """

    source: str
    status: Literal["estimated", "refused", "failed"]
    potassium_meq_l: float | None = None
    interval_meq_l: tuple[float, float] | None = None
    interval_coverage: float | None = None
    probability_above: Mapping[str, float] = field(default_factory=dict)
    probability_below: Mapping[str, float] = field(default_factory=dict)
    level: Level | None = None
    likelihood_ratio: Mapping[str, float] = field(default_factory=dict)
    population: Before | None = None
    interval_validated_on: str | None = None
    earlier_ecgs: int = 0
    reason: str | None = None
    recorded: datetime | None = None
    heart_rate_bpm: float | None = None
    beats_used: int = 0
    leads_used: tuple[str, ...] = ()
    quality: Mapping[str, float] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    model: ModelName | None = None
    doubtful_draw: DoubtfulDraw | None = None
    notice: str = NOTICE

    def to_dict(self) -> dict[str, Any]:
        """Return plain lists, dictionaries, numbers and strings, in the order of the JSON contract."""
        return {name: _plain(value) for name, value in vars(self).items()}

    def _repr_html_(self) -> str:
        """Return what a notebook shows: the first part of the report."""
        return str(_drawn("estimate_html")(self))

    def plot(self, ax: Any = None) -> Any:
        """Draw the estimate and its interval on a scale of potassium into matplotlib's Axes, by default new ones."""
        return _drawn("plot_estimate")(self, ax)


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, datetime):
        return value.isoformat()
    return (
        {name: _plain(part) for name, part in vars(value).items()}
        if isinstance(value, ModelName | Before | DoubtfulDraw)
        else value
    )
