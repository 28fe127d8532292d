"""The one-cycle beat of the founding study: filtered, cut at the R peaks, taken as a median, and gated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kalemia.errors import BeatError
from kalemia.records import Beat, Recording
from kalemia.signal import peaks, quality
from kalemia.signal.condition import RATE
from kalemia.signal.cycle import Cycle, medians

MIN_RATE_HZ, MAX_RATE_HZ = 100.0, 20_000.0
MIN_S = 2.0
MAX_S = 60.0


@dataclass(frozen=True, eq=False)
class Cycles:
    """The median cycle of each of some leads, from which a Beat of any of them is made.

    Attributes
    ----------
    by_lead
        What was cut from each lead.
    problems
        By lead: why it must not be used, or None.
    rr_s
        RR interval, s, as in `Beat`.
    r_peaks_s
        (beats,) times of the R peaks, s.
    ectopic_s
        Those of them that are ectopic.
    """

    by_lead: dict[str, Cycle]
    problems: dict[str, str | None]
    rr_s: float
    r_peaks_s: NDArray[np.float64]
    ectopic_s: NDArray[np.float64]

    def beat(self, leads: Sequence[str]) -> Beat:
        """Return the Beat of some of the leads, in this order."""
        chosen, problems = [self.by_lead[lead] for lead in leads], [self.problems[lead] for lead in leads]
        sound = [cycle.alike for cycle, problem in zip(chosen, problems, strict=True) if problem is None]
        scores = [0.0 if problem else cycle.score for cycle, problem in zip(chosen, problems, strict=True)]
        return Beat(
            waveform=np.stack([cycle.waveform for cycle in chosen]),
            gain_mv=np.array([cycle.gain_mv for cycle in chosen], np.float32),
            leads=tuple(leads),
            rr_s=self.rr_s,
            count=min(sound, default=0),
            quality=np.array(scores, np.float32),
            problems=tuple(problems),
            r_peaks_s=self.r_peaks_s,
            ectopic_s=self.ectopic_s,
        )


def cut(recording: Recording, leads: Sequence[str] | None = None) -> Beat:
    """Cut the median one-cycle beat.

    Parameters
    ----------
    recording
        100 to 20,000 Hz, at least 2 s and two heartbeats; of a long one the first 60 s are used.
    leads
        The leads wanted, in this order; all of the recording's if None.

    Raises
    ------
    BeatError
        A wanted lead is missing, the rate is out of range, the recording too short, or no two heartbeats are found. A
        lead that is there but cannot be used (flat, clipped, noisy, too few beats) is returned with its problem
        in `Beat.problems`.
    """
    leads = (leads,) if isinstance(leads, str) else tuple(dict.fromkeys(leads or recording.leads))
    return cycles(recording, leads).beat(leads)


def cycles(recording: Recording, leads: Sequence[str], beside: Sequence[str] = ()) -> Cycles:
    """Return the median cycle of each of these leads, and of others `beside` them; BeatError as in `cut`."""
    _check(recording, leads)
    raw = recording.signal[:, : round(MAX_S * recording.rate)]
    detection = peaks.find(raw, recording.rate, recording.leads, leads, beside)
    if len(detection.peaks) < 2:
        raise BeatError(f"{len(detection.peaks)} heartbeats found; at least two are needed")
    of_leads = medians(detection, len(leads))
    leads = (*leads, *beside)
    wanted = raw[[recording.leads.index(name) for name in leads]]
    problems = quality.problems(wanted, recording.rate, of_leads)
    return Cycles(
        by_lead=dict(zip(leads, of_leads, strict=True)),
        problems=dict(zip(leads, problems, strict=True)),
        rr_s=detection.rr / RATE,
        r_peaks_s=detection.peaks / RATE,
        ectopic_s=detection.ectopic / RATE,
    )


def _check(recording: Recording, leads: Sequence[str]) -> None:
    """Raise a BeatError where no beat of these leads can be looked for."""
    if absent := [name for name in leads if name not in recording.leads]:
        raise BeatError(f"lead {', '.join(absent)} is missing; this recording has {', '.join(recording.leads)}")
    if not MIN_RATE_HZ <= recording.rate <= MAX_RATE_HZ:
        raise BeatError(
            f"sampled at {recording.rate:g} Hz; {MIN_RATE_HZ:g} Hz at least are needed to see the QRS complex, "
            f"and {MAX_RATE_HZ:,.0f} Hz at most are taken"
        )
    if not leads:
        raise BeatError("the recording has no leads; at least one is needed")
    if recording.duration_s < MIN_S:
        raise BeatError(f"the recording lasts {recording.duration_s:.1f} s; at least {MIN_S:g} s are needed")
