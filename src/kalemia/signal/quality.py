"""The quality gate: says of each lead whether its beats may be used, and if not, why."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kalemia.signal.cycle import Cycle
from kalemia.signal.peaks import FLAT_MV, LOUD_MV

MIN_BEATS = 2
MIN_SHARE = 0.4
MIN_SCORE = 0.7
CLIPPED_SHARE = 0.004
MIN_PLATEAUS = 3
SHORT = "short"
"""How the problem of a lead begins that is only too short, as a slow heart's are on a page of columns of 2.5 s."""
FAR_LIMIT = 0.25
"""How far from the median, in spans of the lead, a limit lies that is a recorder's and not the rest between beats."""

Float32 = NDArray[np.float32]


def problems(raw: Float32, rate: float, cycles: Sequence[Cycle]) -> list[str | None]:
    """Name what is wrong with each lead, or None.

    Parameters
    ----------
    raw
        (leads, samples) in mV, before any filter.
    rate
        Samples per second, Hz.
    cycles
        What was cut from each lead.
    """
    return [
        (raw_problem(samples, rate) if doubt else None) or beat_problem(cycle)
        for samples, doubt, cycle in zip(raw, _doubtful(raw), cycles, strict=True)
    ]


def _doubtful(raw: Float32) -> NDArray[np.bool_]:
    """Tell which leads may have a `raw_problem`: few do, and all are looked at together in a third of the time."""
    foot, top = raw.min(axis=1, keepdims=True), raw.max(axis=1, keepdims=True)
    before, after = raw[:, :-1], raw[:, 1:]
    with np.errstate(invalid="ignore"):
        span = top - foot
        near = np.minimum(top - after, after - foot) <= 1.1e-3 * span  # a little more than is near a limit
    held = np.bincount(np.flatnonzero(near & (before == after)) // near.shape[1], minlength=len(raw))
    sound = (span[:, 0] >= FLAT_MV) & np.isfinite(span[:, 0]) & (held < 2 * MIN_PLATEAUS)
    return np.asarray(~sound)


def raw_problem(samples: Float32, rate: float) -> str | None:
    """Name what is wrong with a lead (samples,) in mV before any filter, or None."""
    recorded = np.isfinite(samples)
    present = samples if recorded.all() else samples[recorded]
    if len(present) < 0.5 * len(samples) and len(present) < 2 * rate:
        return f"not recorded for {1 - len(present) / max(1, len(samples)):.0%} of the time"
    foot, top = (present.min(), present.max()) if len(present) else (0.0, 0.0)
    span = float(top - foot)
    if span < FLAT_MV:
        return f"flat: it spans {1000 * span:.0f} uV"
    stuck = sum(_stuck_share(present, float(limit), span) for limit in (top, foot))
    if stuck > CLIPPED_SHARE:
        return f"clipped: it stays at its limits for {stuck:.1%} of the time"
    return None


def _stuck_share(present: Float32, limit: float, span: float) -> float:
    """Return the share of time that a lead does not move from a limit that its recorder may have set, else zero.

    Beat after beat ends at such a limit; one plateau is an artefact, which the median beat ignores. The floor between
    the beats of a quiet lead, in steps of 5 or 10 uV, is a limit only if it lies far from the median, or if the lead is
    hardly anywhere else.
    """
    near = np.flatnonzero(np.abs(present[1:] - limit) <= 1e-3 * span)
    held, steps = near[present[near + 1] == present[near]], len(present) - 1
    share = len(held) / steps
    if share > 0.8:
        return share
    if len(held) < 2 * MIN_PLATEAUS or _plateaus(held, steps) < MIN_PLATEAUS:
        return 0.0
    return share if abs(float(np.median(present)) - limit) >= FAR_LIMIT * span else 0.0


def _plateaus(held: NDArray[np.intp], steps: int) -> int:
    """Count the runs of two or more neighbours in ascending steps, without one that is cut off by the last step."""
    return int(np.sum((np.diff(held, prepend=-2) == 1) & (np.diff(held, append=steps) > 1)))


def beat_problem(cycle: Cycle) -> str | None:
    """Say why the beats of a lead must not be used, or None."""
    alike, whole, gain_mv = cycle.alike, cycle.whole, cycle.gain_mv
    if whole < MIN_BEATS:
        return f"{SHORT}: {whole} whole beat{'s' * (whole != 1)} recorded, at least {MIN_BEATS} are needed"
    if alike < MIN_BEATS:
        return f"too few beats: {alike} of {whole} look alike, at least {MIN_BEATS} are needed"
    if gain_mv > LOUD_MV:  # of the beat, not of the raw lead, where one artefact may be as large
        return f"loud: its beat is {gain_mv:.0f} mV high, more than {LOUD_MV:.0f} mV is no heart"
    if gain_mv < FLAT_MV:
        return f"flat: its beat is {1000 * gain_mv:.0f} uV high"
    if alike < MIN_SHARE * whole:
        return f"noisy: only {alike} of {whole} beats look alike"
    if cycle.score < MIN_SCORE:
        return f"noisy: its beats have a quality of {cycle.score:.2f}, at least {MIN_SCORE} is needed"
    return None
