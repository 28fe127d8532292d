"""What cross-validated estimates are worth: alarms at a cut and intervals that validation patients alone decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from kalemia.judge.metrics import LEAST_ERRORS, TAILS, conformal, frozen_cut
from kalemia.judge.resampled import Bools, Predictions, Reals
from kalemia.study.crossval import CrossValidated


@dataclass(frozen=True, eq=False)
class Verdict:
    """What an entrant's estimates come to.

    Attributes
    ----------
    seeds
        Of each seed: estimates, whether they are above the cut, whether the interval holds.
    low, high
        (seeds, n) intervals, mEq/L; NaN where validation is too small for any.
    cuts_meq_l
        Of each fit, by fold and then by seed; None where no validation patient was above 5.5.
    """

    seeds: tuple[Predictions, ...]
    low: Reals
    high: Reals
    cuts_meq_l: tuple[float | None, ...]

    @property
    def covered(self) -> Reals | None:
        """The share of seeds whose interval holds the measured potassium, (n,); None where there is none."""
        held = [seed.covered for seed in self.seeds if seed.covered is not None]
        return np.asarray(np.mean(held, axis=0)) if held else None


def decide(estimates: CrossValidated, true: Reals) -> Verdict:
    """Decide cuts and intervals of an entrant; `true` is the potassium of all ECGs of the cohort, mEq/L.

    The cut of a fit is frozen on its validation patients; its interval is split conformal: the order statistics of the
    validation errors in units of the spread that the entrant expects. Where a fit has too few of them nobody has an
    interval, and where one has no cut nobody has alarms.
    """
    cuts = {fit: frozen_cut(true[number], held.potassium) for fit, (number, held) in estimates.held.items()}
    low, high = _intervals(estimates, true)
    own, decided = true[estimates.number], not np.isnan(low).any()
    seeds = tuple(
        Predictions(potassium, called, (own >= bottom) & (own <= top) if decided else None)
        for potassium, called, bottom, top in zip(estimates.potassium, _alarms(estimates, cuts), low, high, strict=True)
    )
    return Verdict(seeds, low, high, tuple(None if cut is None else round(cut, 4) for cut in cuts.values()))


def _intervals(estimates: CrossValidated, true: Reals) -> Reals:
    """Return low and high (2, seeds, n), mEq/L."""
    ends = np.full((2, *estimates.potassium.shape), np.nan)
    if any(len(number) < LEAST_ERRORS for number, _ in estimates.held.values()):
        return ends
    for (fold, seed), (number, held) in estimates.held.items():
        tested = estimates.fold == fold
        errors = conformal((true[number] - held.potassium) / held.spread, TAILS)
        ends[:, seed, tested] = estimates.potassium[seed, tested] + np.outer(errors, estimates.spread[seed, tested])
    return ends


def _alarms(estimates: CrossValidated, cuts: Mapping[tuple[int, int], float | None]) -> list[Bools | None]:
    """Return of each seed which estimates (n,) are above the cut of their fit."""
    above = np.zeros(estimates.potassium.shape, bool)
    for (fold, seed), cut in cuts.items():
        if cut is None:
            return [None] * len(above)
        tested = estimates.fold == fold
        above[seed, tested] = estimates.potassium[seed, tested] > cut
    return list(above)
