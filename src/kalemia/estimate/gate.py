"""What of a beat a model must not judge, and when it judges none: asked of patients alone.

Simulated patients, of whom models are trained, are hearts by construction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from kalemia.estimate.model import Model
from kalemia.records import Beat, Recording
from kalemia.signal.electrodes import Electrodes
from kalemia.signal.pacing import pacing_spikes
from kalemia.signal.quality import SHORT
from kalemia.signal.st import ST

LEAST_CONFIDENCE = 0.5
RATES_BPM = (35, 170)
MIN_QRS_SHARE = 0.45
"""Of the power of a beat's slope, how much lies within 60 ms of R at least."""
MOST_SLOPE_RATIO = 100.0
"""How much steeper than everything after it a QRS complex may be."""

MOST_SHIFT_MV = 0.3
"""How far ST may be shifted in two contiguous leads beside a QRS complex that is not wide; 0.25 at most in 512 ordinary
ECGs."""
NARROW_QRS_MS = 120.0
"""Up to here potassium has not widened QRS, so that it is not what shifts ST."""
HIDDEN_QRS = "no QRS complex stands out from its other waves, as in a sine wave or a calibration signal"
LONE_QRS = "nothing follows its QRS complex, as when only a pacemaker's spikes are recorded"


def gated(beat: Beat, model: Model) -> Beat:
    """Return a recorded beat with the first problem of every lead: what it had, and what only a patient may have."""
    return _with(beat, unlike_beats(beat.waveform, beat.rr_s), model.unlike(beat.waveform))


def recorded(beat: Beat, recording: Recording, electrodes: Electrodes) -> Beat:
    """Return a beat with the first problem of every lead: what `cut` found, or how it was recorded."""
    sure = dict(zip(recording.leads, recording.confidence, strict=True))
    opposed = [against(electrodes.opposed.get(lead)) for lead in beat.leads]
    return _with(beat, [unsure(sure[lead]) for lead in beat.leads], opposed)


def _with(beat: Beat, *further: Sequence[str | None]) -> Beat:
    problems = zip(beat.problems, *further, strict=True)
    return replace(beat, problems=tuple(next(filter(None, of_lead), None) for of_lead in problems))


def unsure(confidence: float) -> str | None:
    """Say that a lead was traced too unsurely, or None."""
    if confidence < LEAST_CONFIDENCE:
        return f"it was traced with a confidence of {confidence:.2f}, at least {LEAST_CONFIDENCE} is needed"
    return None


def against(neighbours: str | None) -> str | None:
    """Say that a lead runs against its neighbours, where it does, or None."""
    return f"it runs against {neighbours}: its electrode or its sign is wrong" if neighbours else None


def unlike_beats(waves: NDArray[np.float32], rr_s: float) -> list[str | None]:
    """Say of each normalized beat (n, 270) that passed the gate why no model can judge it still, or None."""
    rate_bpm = 60.0 / rr_s
    slowest, fastest = RATES_BPM
    if not slowest <= rate_bpm <= fastest:
        limits = f"{slowest} to {fastest} bpm that models are trained on"
        return [f"its rate of {rate_bpm:.0f} bpm is outside of the {limits}"] * len(waves)
    slope = np.abs(np.diff(waves, axis=1))
    heart, qrs = slope[:, 40:225], slope[:, 72:108]
    rest = np.maximum(slope[:, 40:66].max(axis=1), slope[:, 114:225].max(axis=1))
    steepest = qrs.max(axis=1)
    weak = np.square(qrs).sum(axis=1) < MIN_QRS_SHARE * np.square(heart).sum(axis=1)
    hidden, alone = weak | (steepest < 1.05 * rest), steepest > MOST_SLOPE_RATIO * rest
    return [HIDDEN_QRS if one else LONE_QRS if other else None for one, other in zip(hidden, alone, strict=True)]


def refusal(beat: Beat, recording: Recording, least_leads: int) -> str | None:
    """Say why none of a gated beat is judged, or None."""
    # Where most leads are bad, the few that look good are not to be trusted either. A short one is not bad.
    long = [problem for problem in beat.problems if not (problem or "").startswith(SHORT)]
    if len(beat.good) < max(least_leads, len(long) / 2):
        return "; ".join(unused(beat))
    # Looked for in every lead there is: a spike is often small in the lead that the model takes.
    if pacing_spikes(recording.signal, recording.rate, beat.r_peaks_s):
        return "pacing spikes: a paced beat says nothing about potassium"
    return None


def injured(st: ST) -> str | None:
    """Say that ST is shifted so far, and not by potassium, that T tells nothing of it, or None."""
    if st.shift_mv < MOST_SHIFT_MV or st.qrs_ms > NARROW_QRS_MS:
        return None
    leads = ", ".join([*st.raised, *st.lowered])
    return (
        f"ST is shifted by {st.shift_mv:.2f} mV: in {leads}, beside a QRS complex that is not wide, as in a large "
        "infarction, which hides what potassium does to T, be it high or not"
    )


def unused(beat: Beat) -> list[str]:
    """Name the leads that cannot be used, together where the reason is the same."""
    by_reason: dict[str, list[str]] = {}
    for lead, problem in zip(beat.leads, beat.problems, strict=True):
        if problem:
            by_reason.setdefault(problem, []).append(lead)
    return [
        f"lead{'s' if len(leads) > 1 else ''} {', '.join(leads)} cannot be used ({problem})"
        for problem, leads in by_reason.items()
    ]
