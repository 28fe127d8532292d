"""What cross-validated estimates are worth: alarms at a cut and intervals that validation patients alone decided."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kalemia.judge.metrics import LEAST_ERRORS, TAILS, conformal, frozen_cut
from kalemia.judge.resampled import Predictions, Reals
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
    cuts_meq_l: list[float | None]

    @property
    def covered(self) -> Reals | None:
        """The share of seeds whose interval holds the measured potassium, (n,); None where there is none."""
        held = [one.covered for one in self.seeds if one.covered is not None]
        return np.asarray(np.mean(held, axis=0)) if held else None


def decide(estimates: CrossValidated, true: Reals) -> Verdict:
    """Decide cuts and intervals of an entrant; `true` is the potassium of all ECGs of the cohort, mEq/L.

    The cut of a fit is frozen on its validation patients; its interval is split
    conformal: the order statistics of the validation errors in units of the spread that the entrant expects. Where a
    fit has too few of them nobody has an interval.
    """
    called = np.zeros(estimates.potassium.shape, bool)
    low, high = np.full((2, *estimates.potassium.shape), np.nan)
    cuts: list[float | None] = []
    for (fold, seed), (number, held) in estimates.held.items():
        tested = estimates.fold == fold
        estimate, spread = estimates.potassium[seed, tested], estimates.spread[seed, tested]
        cut = frozen_cut(true[number], held.potassium)
        cuts.append(None if cut is None else round(cut, 4))
        called[seed, tested] = cut is not None and estimate > cut
        below, above = conformal((true[number] - held.potassium) / held.spread, TAILS)
        low[seed, tested], high[seed, tested] = estimate + spread * below, estimate + spread * above
    own = true[estimates.number]
    has_cut = all(cut is not None for cut in cuts)
    if any(len(number) < LEAST_ERRORS for number, _ in estimates.held.values()):
        low[:], high[:] = np.nan, np.nan
    seeds = tuple(
        Predictions(
            potassium,
            alarms if has_cut else None,
            None if np.isnan(bottom).any() else (own >= bottom) & (own <= top),
        )
        for potassium, alarms, bottom, top in zip(estimates.potassium, called, low, high, strict=True)
    )
    return Verdict(seeds, low, high, cuts)
