"""Likelihood times prior in whole numbers: what is known of potassium after a beat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kalemia.estimate.evidence import BINS
from kalemia.stream.events import Level
from kalemia.stream.integers import exp_minus

ABOVE, BELOW = 14, 6
"""The first bin above 5.5 mEq/L, and the first not below 3.5."""
LEAST_MEQ, BIN_MEQ = 2000, 250
"""Where the bins begin and how wide they are, thousandths of mEq/L."""
WHOLE = 10_000
LIKELY, NORMAL_RISK = 5000, 1000


@dataclass(frozen=True)
class Posterior:
    """What is known of potassium: quantiles in thousandths of mEq/L, probabilities in 10,000ths."""

    low_meq: int
    middle_meq: int
    high_meq: int
    above: int
    below: int

    @property
    def level(self) -> Level:
        """The word for it, as `estimate.predict.level` has it."""
        if self.above >= LIKELY:
            return Level.HIGH
        if self.below >= LIKELY:
            return Level.LOW
        return Level.NORMAL if self.above + self.below <= NORMAL_RISK else Level.UNCERTAIN


def posterior(log_likelihood: Sequence[int], log_prior: Sequence[int]) -> Posterior:
    """Multiply a likelihood by a prior, both (30,) natural logarithms in 256ths that may lack a constant."""
    sums = [one + other for one, other in zip(log_likelihood, log_prior, strict=True)]
    most = max(sums)
    weights = [exp_minus(most - value) for value in sums]
    total = sum(weights)
    return Posterior(
        low_meq=_quantile(weights, total, 5),
        middle_meq=_quantile(weights, total, 50),
        high_meq=_quantile(weights, total, 95),
        above=sum(weights[ABOVE:]) * WHOLE // total,
        below=sum(weights[:BELOW]) * WHOLE // total,
    )


def _quantile(weights: Sequence[int], total: int, percent: int) -> int:
    """Return the potassium below which the true one is with a probability, thousandths of mEq/L."""
    left, place = total * percent, 0  # in hundredths of a weight
    while place < BINS - 1 and weights[place] * 100 < left:
        left -= weights[place] * 100
        place += 1
    return LEAST_MEQ + BIN_MEQ * place + BIN_MEQ * left // (weights[place] * 100)
