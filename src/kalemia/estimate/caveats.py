"""What is known to mislead an estimate of potassium, seen in all leads of an ECG, whichever a model reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kalemia.records import Beat
from kalemia.signal.measure import measure

WIDE_QRS_MS = 130.0
FAST_BPM = 120.0
FLAT_T_MV = 0.15
"""The largest T wave of all leads below which there is none to speak of; so in 4 % of 210 real ECGs."""
ENOUGH_LEADS = 6
"""How many leads it takes to say that: one lead may lie across T."""
UPRIGHT = ("I", "II", "V4", "V5", "V6")
INVERTED_T_MV, MOST_INVERTED = -0.1, 3
"""From how many of the leads in which T is upright it is turned over; so in 5 % of ordinary, 15 % of sick patients."""


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
    """

    qrs_ms: float | None
    t_mv: Mapping[str, float]
    heart_rate_bpm: float

    @property
    def silent_t(self) -> bool:
        """Whether T is flat or turned over, so that an ordinary estimate says nothing."""
        return self._flat_t or bool(self._inverted)

    @property
    def warnings(self) -> list[str]:
        """What of the beat's shape changes T, or leaves none, whatever the potassium is: sentences."""
        sentences = []
        if self.qrs_ms is not None and self.qrs_ms > WIDE_QRS_MS:
            sentences.append(f"QRS {self.qrs_ms:.0f} ms: a wide complex changes the T wave whatever the potassium is.")
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
        return sentences

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


def findings(beat: Beat) -> Findings:
    """Measure the sound leads of a beat."""
    waves = measure(beat)
    widths_ms = [lead.qrs_ms for lead in waves.values()]  # the QRS complex is bounded once, over all leads
    return Findings(
        max(widths_ms, default=None), {name: lead.t_mv for name, lead in waves.items()}, beat.heart_rate_bpm
    )
