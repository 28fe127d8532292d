"""A simulated hour of one lead, in which potassium rises: what an exported page plays."""

from __future__ import annotations

import base64
import zlib
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kalemia.simulate import LEVELS, simulate_one

RATE, MINUTES = 125, 60
SEED, PATIENT = 4, 0
STEP_UV = 10
"""What one step of the simulated converter is worth."""
FIRST, LAST, RISES = 4.4, 7.6, (12, 44)
"""Potassium at the beginning and at the end, mEq/L, and the minutes between which it rises."""
OFF_S, MOVES_S = (480, 525), (1200, 1260)
"""When an electrode is off, and when the patient moves, s."""
STORY = (
    f"A simulated patient before hemodialysis, not a real one. Potassium rises from {FIRST} to {LAST} mEq/L between "
    f"minutes {RISES[0]} and {RISES[1]}. In minute {OFF_S[0] // 60} an electrode comes off, in minute "
    f"{MOVES_S[0] // 60} the patient moves."
)
SETTLES_S = 0.5
"""How long the difference between the ends of two minutes takes to die away."""

Steps = NDArray[np.int16]


@dataclass(frozen=True, eq=False)
class Hour:
    """Samples (n,) in steps of the converter, and the potassium of each minute, mEq/L."""

    steps: Steps
    potassium_meq_l: tuple[float, ...]

    @property
    def microvolts(self) -> NDArray[np.int64]:
        """The samples as the chain takes them."""
        return self.steps.astype(np.int64) * STEP_UV

    def packed(self) -> str:
        """Return the samples as base64 of deflated bytes: differences of two, the near ones of either sign small."""
        differences = np.diff(self.steps.astype(np.int32), prepend=0)
        folded = np.where(differences < 0, -2 * differences - 1, 2 * differences)
        planes = np.concatenate([folded & 255, folded >> 8]).astype(np.uint8)
        squeezed = zlib.compressobj(9, wbits=-15)
        return base64.b64encode(squeezed.compress(planes.tobytes()) + squeezed.flush()).decode()


def simulated(lead: str, minutes: int = MINUTES) -> Hour:
    """Return the hour, or its first minutes, of a patient whose heart answers to potassium."""
    from scipy.signal import resample_poly

    level = replace(
        LEVELS["clinic"], seconds=60, minutes=tuple(range(MINUTES)), penetrance=1.0, fibrillation_share=0.0,
        motion_share=0.0, pop_share=0.0, filtered=False,
    )  # fmt: skip
    rise = np.interp(np.arange(MINUTES), RISES, (FIRST, LAST)).round(2).tolist()[:minutes]
    made = [simulate_one(SEED, PATIENT, level, potassium, minute).recording for minute, potassium in enumerate(rise)]
    pieces = [resample_poly(recording.lead(lead), RATE, int(recording.rate)) for recording in made]
    return Hour(np.round(_disturbed(_joined(pieces)) * 1000 / STEP_UV).astype(np.int16), tuple(rise))


def _joined(pieces: list[NDArray[np.float32]]) -> NDArray[np.float64]:
    """Put minutes one after the other without a step between them."""
    fade = np.exp(-np.arange(60 * RATE) / (SETTLES_S * RATE))
    joined = [np.asarray(pieces[0], np.float64)]
    for piece in pieces[1:]:
        joined.append(piece + (joined[-1][-1] - piece[0]) * fade)
    return np.concatenate(joined)


def _disturbed(signal: NDArray[np.float64]) -> NDArray[np.float64]:
    """Let an electrode come off and the patient move."""
    rng = np.random.default_rng(SEED)
    off, moves = (slice(begin * RATE, end * RATE) for begin, end in (OFF_S, MOVES_S))
    signal[off] = 0.0
    moving = signal[moves]
    knots = rng.standard_normal(8 * (MOVES_S[1] - MOVES_S[0])) * 0.6
    moving += np.interp(np.arange(len(moving)), np.linspace(0, len(moving), len(knots)), knots)
    return signal
