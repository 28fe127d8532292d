"""What is known to mislead an estimate of potassium, seen in all leads of an ECG, whichever a model reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kalemia.records import Beat
from kalemia.signal.measure import MS, Waves, measure, qrs_bounds, sound_mv, t_heights
from kalemia.signal.st import NOTHING, ST, segment

WIDE_QRS_MS = 130.0
FAST_BPM = 120.0
FLAT_T_MV = 0.15
"""The largest T wave of all leads below which there is none to speak of; so in 4 % of 210 real ECGs."""
ENOUGH_LEADS = 6
"""How many leads it takes to say that: one lead may lie across T."""
UPRIGHT = ("I", "II", "V4", "V5", "V6")
INVERTED_T_MV, MOST_INVERTED = -0.1, 3
"""From how many of the leads in which T is upright it is turned over; so in 5 % of ordinary, 15 % of sick patients."""

LEAST_P_MV = 0.05
"""The height of P in II and V1 below which there is none; of 497 ordinary ECGs 6 have a wide QRS without it."""
LEFT_BLOCK = " in the form of a left bundle-branch block"
NO_P = " without a P wave, as in a ventricular rhythm, in fibrillation with a bundle-branch block or at high potassium"

RAISING = "infarction, pericarditis or early repolarization"
LOWERING = "ischemia, hypertrophy or by digitalis"


@dataclass(frozen=True)
class Findings:
    """What the sound leads of an ECG show.

    Attributes
    ----------
    qrs_ms
        Width of the QRS complex; None where no lead is sound.
    t_mv
        By lead, the height of T.
    heart_rate_bpm
        Of the beats.
    form
        What the QRS complex looks like, should it be wide: nothing in particular, `LEFT_BLOCK` or `NO_P`.
    st
        Where ST is raised or lowered.
    """

    qrs_ms: float | None
    t_mv: Mapping[str, float]
    heart_rate_bpm: float
    form: str = ""
    st: ST = NOTHING

    @property
    def hides_potassium(self) -> bool:
        """Whether T is flat or turned over, or ST raised, so that an ordinary estimate cannot be called normal."""
        return self._flat_t or bool(self._inverted) or bool(self.st.raised)

    @property
    def warnings(self) -> list[str]:
        """What of the beat's shape changes T, or leaves none, whatever the potassium is: sentences."""
        sentences = []
        if self.qrs_ms is not None and self.qrs_ms > WIDE_QRS_MS:
            wide = "a wide complex changes the T wave whatever the potassium is."
            sentences.append(f"QRS {self.qrs_ms:.0f} ms{self.form}: {wide}")
        if self.heart_rate_bpm > FAST_BPM:
            sentences.append(f"Heart rate {self.heart_rate_bpm:.0f} bpm: the next P wave may lie on the T wave.")
        if self._flat_t:
            sentences.append(
                f"No T wave to speak of: the largest of {len(self.t_mv)} leads is {1000 * self._largest_t_mv:.0f} uV, "
                "so there is little to read potassium from."
            )
        if inverted := self._inverted:
            sentences.append(
                f"T is turned over in {', '.join(inverted)}: ischemia, strain or drugs hide what potassium does."
            )
        return sentences + self._shifts

    @property
    def _shifts(self) -> list[str]:
        """Where ST is raised or lowered, and what does that: sentences."""
        return [
            f"ST is {shifted} by up to {max(map(abs, levels.values())):.2f} mV: in {', '.join(levels)}, as in {what}, "
            f"which change T whatever the potassium is; {potassium}, too."
            for shifted, levels, what, potassium in (
                ("raised", self.st.raised, RAISING, "high potassium can raise ST"),
                ("lowered", self.st.lowered, LOWERING, "low potassium can lower ST"),
            )
            if levels
        ]

    @property
    def _largest_t_mv(self) -> float:
        return max(map(abs, self.t_mv.values()))

    @property
    def _flat_t(self) -> bool:
        return len(self.t_mv) >= ENOUGH_LEADS and self._largest_t_mv < FLAT_T_MV

    @property
    def _inverted(self) -> list[str]:
        """The leads in which T is turned over, where they are enough."""
        leads = [lead for lead in UPRIGHT if self.t_mv.get(lead, 0.0) < INVERTED_T_MV]
        return leads if len(leads) >= MOST_INVERTED else []


def findings(beat: Beat, whole: Beat) -> Findings:
    """Measure the sound leads of a beat, and its form in those of the `whole` one.

    The whole beat has all leads that were recorded soundly, those too that are unlike what a model was trained on: an
    infarction or a block may be why.
    """
    if not beat.good:
        return Findings(None, {}, beat.heart_rate_bpm, st=segment(whole))
    beats_mv = sound_mv(beat)
    onset, end = bounds = qrs_bounds(beats_mv)
    qrs_ms = (end - onset) * MS
    t_mv = dict(zip(beat.good, t_heights(beats_mv, end, beat.rr_s).tolist(), strict=True))
    st = segment(whole, bounds if whole.good == beat.good else None)
    return Findings(qrs_ms, t_mv, beat.heart_rate_bpm, form(measure(whole)) if qrs_ms > WIDE_QRS_MS else "", st)


def form(waves: Mapping[str, Waves]) -> str:
    """Say what a wide QRS complex looks like: see Findings.

    Left bundle-branch block is QS or rS in V1 and an upright complex in I and V6 (Surawicz 2009,
    DOI 10.1161/CIRCULATIONAHA.108.191095), without its notches, which a median of filtered beats does not keep.
    """
    if waves.keys() >= {"II", "V1"} and max(abs(waves[lead].p_mv) for lead in ("II", "V1")) < LEAST_P_MV:
        return NO_P
    if waves.keys() >= {"I", "V1", "V6"}:
        up = {lead: waves[lead].r_mv / max(-waves[lead].q_mv, -waves[lead].s_mv, 1e-3) for lead in ("I", "V1", "V6")}
        if up["V1"] < 1 / 3 and up["I"] > 2 and up["V6"] > 1:
            return LEFT_BLOCK
    return ""


def ectopy(beat: Beat) -> list[str]:
    """Say how many beats are ectopic, where some are."""
    found, ectopic = len(beat.r_peaks_s), len(beat.ectopic_s)
    if not ectopic:
        return []
    be = "is" if ectopic == 1 else "are"
    return [
        f"{ectopic} of {found} beats {be} ectopic (early, and of another shape): none of them was read, "
        "and the heart rate counts them."
    ]
