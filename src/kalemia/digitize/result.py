"""What digitizing a page gives: the recording, how the page was read, and where the trace runs on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kalemia.records import Recording


@dataclass(frozen=True, eq=False)
class Trace:
    """One lead on the image: (samples,) `x` and `y` in px of the upright page; NaN where it was not traced."""

    lead: str
    x: NDArray[np.float64]
    y: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Digitized:
    """A page that was read.

    Attributes
    ----------
    recording
        The signal at 500 Hz in mV on the page's own time: columns of a 3x4 page begin at 0, 2.5, 5 and 7.5 s. A lead
        that a rhythm strip repeats has the strip's ten seconds. NaN where nothing is printed.
    page
        Number of the page in its file, from 1.
    kind
        "image", or "vector" where the paths of a PDF were read.
    pixels_per_mm
        Pitch of the grid in the image; dots per 25.4 mm of a PDF.
    angle_degrees
        How far the rows are turned clockwise.
    speed_mm_per_s, gain_mm_per_mv
        Of the paper.
    layout
        Such as 3x4+1: rows, columns and rhythm strips.
    assumed
        Sentences about what the page does not show.
    einthoven, goldberger
        Residual power of I + III - II and of aVR + aVL + aVF as traced, over the strongest of the three; None where
        the leads are not there together.
    strip_agreement
        Correlation of a rhythm strip with the short lead that it repeats.
    heart_rate_bpm
        From the R peaks of all leads.
    rgb
        The upright page, uint8 (height, width, 3).
    traces
        Where each lead runs on it.
    boxes
        Regions of the rows, px of the upright page, as polygons (corners, 2): what may be shown.
    """

    recording: Recording
    page: int
    kind: str
    pixels_per_mm: float
    angle_degrees: float
    speed_mm_per_s: float
    gain_mm_per_mv: float
    layout: str
    assumed: tuple[str, ...]
    einthoven: float | None
    goldberger: float | None
    strip_agreement: Mapping[str, float]
    heart_rate_bpm: float | None
    rgb: NDArray[np.uint8] = field(repr=False)
    traces: tuple[Trace, ...] = field(repr=False)
    boxes: tuple[NDArray[np.float64], ...] = field(repr=False)

    def summary(self) -> str:
        """Say in a line how the page was read."""
        rate = "" if self.heart_rate_bpm is None else f", {self.heart_rate_bpm:.0f} beats/min"
        sure = min(self.recording.confidence)
        return (
            f"{self.layout}, {self.speed_mm_per_s:g} mm/s, {self.gain_mm_per_mv:g} mm/mV{rate}, "
            f"confidence of the poorest lead {sure:.2f}"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON, without the signal, the pixels and anything that names a person."""
        recording = self.recording
        printed = np.isfinite(recording.signal).mean(axis=1)
        return {
            "source": recording.source,
            "page": self.page,
            "kind": self.kind,
            "rate_hz": recording.rate,
            "duration_s": round(recording.duration_s, 3),
            "pixels_per_mm": round(self.pixels_per_mm, 4),
            "angle_degrees": round(self.angle_degrees, 3),
            "speed_mm_per_s": self.speed_mm_per_s,
            "gain_mm_per_mv": self.gain_mm_per_mv,
            "layout": self.layout,
            "leads": list(recording.leads),
            "confidence": {lead: round(c, 3) for lead, c in zip(recording.leads, recording.confidence, strict=True)},
            "printed_share": {lead: round(float(p), 3) for lead, p in zip(recording.leads, printed, strict=True)},
            "assumed": list(self.assumed),
            "einthoven_residual": _rounded(self.einthoven),
            "goldberger_residual": _rounded(self.goldberger),
            "strip_agreement": {lead: round(r, 4) for lead, r in self.strip_agreement.items()},
            "heart_rate_bpm": _rounded(self.heart_rate_bpm, 1),
            "warnings": list(recording.warnings),
        }


def _rounded(value: float | None, digits: int = 4) -> float | None:
    return None if value is None else round(value, digits)
