"""A third kind of record, for tests only: real beats that carry what potassium does to the atlas's patients.

A model trained on simulated and on morphed records has met both rules, yet never this pairing of them; training on it
raised nothing but its own score.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from kalemia.records import Recording
from kalemia.simulate.base import Base, Bases, base_of
from kalemia.simulate.levels import Level, level_named
from kalemia.simulate.marks import TIMES_MS, ramp, retimed
from kalemia.simulate.morphed import LABELS, laid
from kalemia.simulate.records import Simulated, generators, simulate_one, twelve

USUAL_MEQ_L = 4.2
LARGEST = 3.0
"""Most by which a simulated wave is enlarged to match the real one."""


def atlas_difference(
    bases: Bases, seed: int, index: int, level: str | Level = "clinic", potassium_meq_l: float | None = None
) -> Simulated:
    """Lay the difference between one simulated patient at two potassiums, a wanted one and 4.2, on a real recording.

    Its waves are moved to the times of the real ones and scaled to the size of the real QRS complex and T.

    Raises
    ------
    SimulateError
        As `simulate_one`.
    BeatError, SimulateError
        Where the simulated patient has no beat that can be measured, as in ventricular rhythm without a QRS complex.
    """
    made = simulate_one(seed, index, level, potassium_meq_l)
    usual = base_of(simulate_one(seed, index, level, USUAL_MEQ_L).recording, "usual")
    other = base_of(made.recording, "other")
    which = generators(seed, f"{level_named(level).name}, difference", (index,), 1)[0]
    base = bases.usable[int(which.integers(len(bases.usable)))]
    difference = retimed(other.beat - usual.beat, usual.marks, base.marks) * _size(base, usual)
    signal = twelve(laid(base, difference), level_named(level).step_mv)
    name = f"d{index:06d}"
    return replace(
        made,
        recording=Recording(signal, made.recording.rate, made.recording.leads, source=LABELS),
        name=name,
        patient=name,
        variant=base.name,
        labels=LABELS,
    )


def _size(real: Base, simulated: Base) -> NDArray[np.float32]:
    """Return how much larger the real waves are, (450,): P, then QRS, then T."""
    p, qrs, t = np.clip(_heights(real) / _heights(simulated), 0.0, LARGEST)
    at_qrs = ramp(real.marks.p_end, real.marks.onset)
    at_t = ramp(real.marks.end, real.marks.t_start)
    return np.asarray(p + (qrs - p) * at_qrs + (t - qrs) * at_t, dtype=np.float32)


def _heights(base: Base) -> NDArray[np.float64]:
    """Return how far P, QRS and T span, root mean square over leads, mV."""
    own = base.marks
    parts = ((own.p_start, own.p_end), (own.onset, own.end), (own.t_start, own.t_end))
    spans = [np.ptp(base.beat[:, (first <= TIMES_MS) & (last >= TIMES_MS)], axis=1) for first, last in parts]
    return np.asarray(np.sqrt(np.mean(np.square(spans), axis=1)) + 1e-6, dtype=np.float64)
