"""The ST segment of a median beat: the contiguous leads in which it is raised or lowered, as in an infarction.

Levels are those of the universal definition of myocardial infarction (Thygesen 2018, DOI 10.1161/CIR.0000000000000617),
with the lower of its limits where it asks for age and sex. It reads J; here ST counts as shifted by the smaller of its
levels 20 and 60 ms after J, so that neither a notch at the end of QRS nor a steep T wave is taken for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from kalemia.records import CABRERA, LEADS, R_SAMPLE, SAMPLES, Beat
from kalemia.signal.condition import RATE
from kalemia.signal.measure import qrs_bounds, sound_mv

EARLY_MS, LATE_MS = 20, 60
RAISED_MV, RAISED_V2_V3_MV = 0.1, 0.15
"""The definition's 1 mm; in V2 and V3 the 1.5 mm of women (2 and 2.5 mm of men from 40 on and below)."""
MIRRORED_MV, MIRRORED_V2_V3_MV = 0.05, 0.1
"""From where ST counts as raised if other leads show the contrary, which early repolarization lacks."""
LOWERED_MV = 0.1
"""Twice the definition's 0.5 mm, which a fifth of 512 ordinary ECGs reach."""
LEAST_SHARE = 0.25
"""Of a deep S, how much ST must be raised: a blocked left bundle or a thick heart raises it by less (Smith 2012, Ann
Emerg Med 60:766)."""
LEAST_STEEPNESS = 3.0
"""How much steeper than what follows QRS is where an ST segment can be told: 1 to 2.2 where high potassium makes QRS
and T one wave, 3.5 or more in simulated infarctions."""
CHEST = LEADS[6:]
CONTIGUOUS = (*pairwise(CABRERA), *pairwise(CHEST))
"""Leads that look at neighbouring parts of the heart; "-aVR" lies between I and II."""

Float32 = NDArray[np.float32]


@dataclass(frozen=True)
class ST:
    """Where ST is shifted, in two contiguous leads at least.

    Attributes
    ----------
    raised, lowered
        By lead, the level, mV against the PR segment.
    qrs_ms
        Width of the QRS complex before it; 0 where no ST segment can be told.
    """

    raised: Mapping[str, float]
    lowered: Mapping[str, float]
    qrs_ms: float

    @property
    def shift_mv(self) -> float:
        """How far ST is shifted in both of two contiguous leads."""
        return max(
            (
                min(abs(levels[lead]) for lead in pair)
                for levels in (self.raised, self.lowered)
                for pair in CONTIGUOUS
                if levels.keys() >= {*pair}
            ),
            default=0.0,
        )


NOTHING = ST({}, {}, 0.0)


def segment(beat: Beat, bounds: tuple[int, int] | None = None) -> ST:
    """Find the leads in which ST is shifted, of those of a beat without a problem and of the limb leads that follow.

    The `bounds` of the QRS complex are found if not given.
    """
    if not beat.good:
        return NOTHING
    beats_mv = sound_mv(beat)
    onset, end = bounds or qrs_bounds(beats_mv)
    stop = min(R_SAMPLE + round(0.62 * beat.rr_s * RATE), SAMPLES - 8)
    if not _stands_out(beats_mv, onset, end, stop):
        return NOTHING
    levels = _levels(dict(zip(beat.good, beats_mv, strict=True)), end)
    depth = dict(zip(beat.good, _depth(beats_mv[:, onset : end + 1]), strict=True))
    return _shifted(levels, depth, (end - onset) * 1000 / RATE)


def _stands_out(beats_mv: Float32, onset: int, end: int, stop: int) -> bool:
    """Tell whether the QRS complex is much steeper than what follows until `stop`, over all leads (leads, 270)."""
    slope = np.square(np.diff(beats_mv, axis=1)).sum(axis=0)
    after = slope[end + round(EARLY_MS * RATE / 1000) : stop]
    return bool(len(after)) and bool(slope[onset:end].max() >= LEAST_STEEPNESS**2 * after.max())


def _levels(beats_mv: Mapping[str, Float32], end: int) -> dict[str, float]:
    """Return by lead, the limb leads that follow from I and II included, how far ST is shifted, mV."""
    at = [min(end + round(ms * RATE / 1000), SAMPLES - 1) for ms in (EARLY_MS, LATE_MS)]
    seen: dict[str, NDArray[np.floating]] = {lead: mv[at] for lead, mv in beats_mv.items()}
    if seen.keys() >= {"I", "II"}:
        one, two = seen["I"], seen["II"]
        seen |= {"III": two - one, "-aVR": (one + two) / 2, "aVL": one - two / 2, "aVF": two - one / 2}
    return {lead: _lasting(*map(float, seen[lead])) for lead in (*CABRERA, *CHEST) if lead in seen}


def _lasting(early_mv: float, late_mv: float) -> float:
    """Return the smaller of two levels on one side of zero, else zero."""
    return min(early_mv, late_mv, key=abs) if early_mv * late_mv > 0 else 0.0


def _depth(complexes_mv: Float32) -> Float32:
    """Return the depth of Q or S in leads (leads, samples of QRS) that point down, else zero; mV."""
    height, depth = complexes_mv.max(axis=1), -complexes_mv.min(axis=1)
    return np.where(depth > height, depth, np.float32(0))


def _shifted(levels: Mapping[str, float], depth: Mapping[str, float], qrs_ms: float) -> ST:
    """Apply the limits to levels by lead, given the depth of QRS in leads in which it points down, mV."""

    def raised(usual_mv: float, v2_v3_mv: float) -> dict[str, float]:
        def far(lead: str) -> bool:
            limit_mv = v2_v3_mv if lead in ("V2", "V3") else usual_mv
            return levels[lead] >= max(limit_mv, LEAST_SHARE * depth.get(lead, 0.0))

        return _together(levels, far)

    def lowered(limit_mv: float) -> dict[str, float]:
        return _together(levels, lambda lead: levels[lead] <= -limit_mv)

    up = raised(RAISED_MV, RAISED_V2_V3_MV)
    if not up and lowered(MIRRORED_MV):
        up = raised(MIRRORED_MV, MIRRORED_V2_V3_MV)
    return ST(up, lowered(LOWERED_MV), qrs_ms)


def _together(levels: Mapping[str, float], far: Callable[[str], bool]) -> dict[str, float]:
    """Return the levels of leads that are far off together with a contiguous one."""
    off = set(filter(far, levels))
    together = {lead for pair in CONTIGUOUS if off.issuperset(pair) for lead in pair} if off else off
    return {lead: level for lead, level in levels.items() if lead in together}
