"""What is known to mislead an estimate of potassium, seen in all leads of an ECG, whichever a model reads."""

from __future__ import annotations

from dataclasses import dataclass

from kalemia.errors import BeatError
from kalemia.records import EIGHT, Beat, Recording
from kalemia.signal import quality
from kalemia.signal.beat import cut
from kalemia.signal.measure import MS, measure, qrs_bounds

WIDE_QRS_MS = 130.0
FAST_BPM = 120.0
FLAT_T_MV = 0.15
"""The largest T wave of all leads below which there is none to speak of; so in 4 % of 210 real ECGs."""
ENOUGH_LEADS = 6
"""How many leads it takes to say that: one lead may lie across T."""
UPRIGHT = ("I", "II", "V4", "V5", "V6")
INVERTED_T_MV, MOST_INVERTED = -0.1, 3
"""From how many of the leads in which T is upright it is turned over; so in 5 % of ordinary, 15 % of sick patients."""
EXCHANGED = -0.6
"""Correlation of the slopes of leads I and V6 from which the arms may be exchanged; so in 6 of 724 real ECGs."""


@dataclass(frozen=True)
class Told:
    """What the sound leads of an ECG show.

    Attributes
    ----------
    qrs_ms
        Width of the QRS complex; None where no lead is sound.
    t_mv
        By lead, the height of T.
    heart_rate_bpm
        Of the beats.
    """

    qrs_ms: float | None
    t_mv: dict[str, float]
    heart_rate_bpm: float


def told(recording: Recording, beat: Beat) -> Told:
    """Measure all sound leads of a recording; `beat` has those that the model reads."""
    whole = _all_leads(recording, beat)
    sound = [row for row, problem in enumerate(whole.problems) if problem is None]
    if not sound:
        return Told(None, {}, beat.heart_rate_bpm)
    onset, end = qrs_bounds(whole.waveform[sound] * whole.gain_mv[sound, None])
    heights = {lead: waves.t_mv for lead, waves in measure(whole).items()}
    return Told((end - onset) * MS, heights, beat.heart_rate_bpm)


def _all_leads(recording: Recording, beat: Beat) -> Beat:
    leads = tuple(lead for lead in EIGHT if lead in recording.leads)
    if not set(leads) - set(beat.leads):
        return beat
    try:
        return cut(recording, leads)
    except BeatError:
        return beat


def shapes(seen: Told) -> list[str]:
    """Say what of the beat's shape changes T, or leaves none, whatever the potassium is."""
    said = []
    if seen.qrs_ms is not None and seen.qrs_ms > WIDE_QRS_MS:
        said.append(f"QRS {seen.qrs_ms:.0f} ms: a wide complex changes the T wave whatever the potassium is.")
    if seen.heart_rate_bpm > FAST_BPM:
        said.append(f"Heart rate {seen.heart_rate_bpm:.0f} bpm: the next P wave may lie on the T wave.")
    if _flat(seen):
        said.append(
            f"No T wave to speak of: the largest of {len(seen.t_mv)} leads is "
            f"{1000 * max(map(abs, seen.t_mv.values())):.0f} uV, so there is little to read potassium from."
        )
    if inverted := _inverted(seen):
        said.append(f"T is turned over in {', '.join(inverted)}: ischemia, strain or drugs hide what potassium does.")
    return said


def silent_t(seen: Told) -> bool:
    """Tell whether T is flat or turned over, so that an ordinary estimate says nothing."""
    return _flat(seen) or bool(_inverted(seen))


def _flat(seen: Told) -> bool:
    return len(seen.t_mv) >= ENOUGH_LEADS and max(map(abs, seen.t_mv.values())) < FLAT_T_MV


def _inverted(seen: Told) -> list[str]:
    """Return the leads in which T is turned over, where they are enough."""
    leads = [lead for lead in UPRIGHT if seen.t_mv.get(lead, 0.0) < INVERTED_T_MV]
    return leads if len(leads) >= MOST_INVERTED else []


def electrodes(recording: Recording, beat: Beat) -> list[str]:
    """Say where electrodes, signs or gains may be wrong, if that is a matter to the leads of the beat."""
    said = []
    limb = "I" in beat.leads and "V6" in recording.leads
    if limb and quality.slope_correlation(recording, "I", "V6") < EXCHANGED:
        said.append("Lead I runs against V6: the arm electrodes may be exchanged.")
    if quality.upside_down(recording):
        said.append("I, II, V5 and V6 point down and aVR up: the ECG may be stored upside down.")
    sizes = {lead: quality.oversized(recording, lead) for lead in beat.leads}
    said += [
        f"{lead} is {times:.0f} times as large as the leads beside it: its gain may be wrong."
        for lead, times in sizes.items()
        if times
    ]
    return said
