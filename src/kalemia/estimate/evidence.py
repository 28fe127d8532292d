"""What an ECG says of potassium, and what becomes of it where a patient comes from.

An ECG gives a likelihood: how well each potassium explains it. A population gives shares of patients by potassium,
before any ECG. Their product is what is known after it (Bayes' rule), and the only place where the two meet.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from kalemia.records import HIGH_MEQ_L, LOW_MEQ_L

Reals = NDArray[np.float64]

EDGES_MEQ_L: Reals = np.arange(2.0, 9.51, 0.25)
"""Potassium is told apart in 30 bins of 0.25 mEq/L; what lies beyond counts to the first or the last."""
CENTRES_MEQ_L: Reals = (EDGES_MEQ_L[1:] + EDGES_MEQ_L[:-1]) / 2
BINS, BIN_MEQ_L = len(CENTRES_MEQ_L), 0.25
NORMAL_MEQ_L = (LOW_MEQ_L, HIGH_MEQ_L)
SIDES_MEQ_L = {"high": (HIGH_MEQ_L, 8.0), "low": (2.5, LOW_MEQ_L)}
"""What a normal potassium is held against: every bin between counts as much, whatever a population has of it."""
CUTS_ABOVE_MEQ_L = (HIGH_MEQ_L, 6.0, 6.5)
CUTS_BELOW_MEQ_L = (LOW_MEQ_L,)
"""What an estimate has the probability of."""
SUREST = -50.0
"""The natural logarithm of the least likelihood, beside the greatest one: surer is no evidence, and not every number
below is one of a computer."""
LITTLE = 2.0
"""An ECG that makes neither side as many times likelier or less likely than normal says little."""


@dataclass(frozen=True, eq=False)
class Evidence:
    """How well each potassium explains an ECG.

    Attributes
    ----------
    log_likelihood
        (30,) natural logarithm for each bin, zero for the mean likelihood of a normal potassium.
    """

    log_likelihood: Reals

    @classmethod
    def of(cls, log_likelihood: NDArray[np.floating]) -> Evidence:
        """Return the evidence of log-likelihoods (30,) that may lack a constant."""
        raised = np.maximum(log_likelihood.astype(np.float64) - float(np.max(log_likelihood)), SUREST)
        return cls(raised - np.log(_mean(np.exp(raised), NORMAL_MEQ_L)))

    @property
    def likelihood_ratio(self) -> Mapping[str, float]:
        """How many times likelier the ECG is at a high, and at a low, potassium than at a normal one: three digits.

        The mean likelihood over 5.5 to 8 mEq/L, and over 2.5 to 3.5, divided by that over 3.5 to 5.5.
        """
        return {side: float(f"{ratio:.3g}") for side, ratio in ratios(self.log_likelihood).items()}

    @property
    def says_little(self) -> bool:
        """Whether the ECG tells neither a high nor a low potassium from a normal one."""
        return says_little(self.likelihood_ratio)

    def widened(self, error_meq_l: float) -> Evidence:
        """Return the same with a further error, mEq/L, that is independent of what the ECG says."""
        if not error_meq_l:
            return self
        peak = float(self.log_likelihood.max())
        return Evidence.of(np.log(_blur(error_meq_l) @ np.exp(self.log_likelihood - peak)))


@dataclass(frozen=True, eq=False)
class Shares:
    """How likely each potassium is: of a population, or of a patient after an ECG.

    Attributes
    ----------
    shares
        (30,) probabilities of the bins; they sum to one, and within a bin every potassium is as likely.
    """

    shares: Reals

    def given(self, evidence: Evidence) -> Shares:
        """Return what is known after an ECG."""
        product = self.shares * np.exp(evidence.log_likelihood - float(evidence.log_likelihood.max()))
        return Shares(product / product.sum())

    def below(self, cut_meq_l: float) -> float:
        """Return the probability of a potassium below a cut."""
        return float(np.interp(cut_meq_l, EDGES_MEQ_L, self._cumulative))

    def above(self, cut_meq_l: float) -> float:
        """Return the probability of a potassium above a cut."""
        return 1.0 - self.below(cut_meq_l)

    def quantile(self, level: float) -> float:
        """Return the potassium, mEq/L, below which the true one is with this probability."""
        return float(np.interp(level, self._cumulative, EDGES_MEQ_L))

    @property
    def chances_above(self) -> dict[str, float]:
        """The probabilities of more than each limit that an estimate speaks of, to three decimals."""
        return {f"{cut:.1f}": round(self.above(cut), 3) for cut in CUTS_ABOVE_MEQ_L}

    @property
    def chances_below(self) -> dict[str, float]:
        """The same of less."""
        return {f"{cut:.1f}": round(self.below(cut), 3) for cut in CUTS_BELOW_MEQ_L}

    def interval(self, coverage: float) -> tuple[float, float]:
        """Return the central interval (low, high) in mEq/L that holds the true potassium with this probability."""
        return self.quantile((1 - coverage) / 2), self.quantile((1 + coverage) / 2)

    @cached_property
    def _cumulative(self) -> Reals:
        return np.concatenate([[0.0], np.cumsum(self.shares)])


def quantiles(shares: Reals, level: float) -> Reals:
    """Return of many shares (..., 30) the potassium below which each has this probability, (...) in mEq/L."""
    cumulative = np.cumsum(shares, axis=-1)
    bins = np.minimum((cumulative < level).sum(axis=-1, keepdims=True), BINS - 1)
    inside = np.take_along_axis(shares, bins, axis=-1)
    over = np.take_along_axis(cumulative, bins, axis=-1) - level
    return np.asarray((EDGES_MEQ_L[1:][bins] - BIN_MEQ_L * over / np.maximum(inside, 1e-300))[..., 0])


def binned(potassium_meq_l: NDArray[np.floating]) -> NDArray[np.intp]:
    """Return the bin of each potassium."""
    return np.clip(np.searchsorted(EDGES_MEQ_L, potassium_meq_l, side="right") - 1, 0, BINS - 1)


def says_little(likelihood_ratio: Mapping[str, float]) -> bool:
    """Tell whether ratios of `Evidence` tell neither a high nor a low potassium from a normal one."""
    return all(1 / LITTLE < ratio < LITTLE for ratio in likelihood_ratio.values())


def ratios(log_likelihoods: Reals) -> dict[str, Reals]:
    """Return of many log-likelihoods (..., 30) what `Evidence.likelihood_ratio` says of each, (...) a side."""
    likelihoods = np.exp(log_likelihoods - log_likelihoods.max(axis=-1, keepdims=True))
    normal = _mean(likelihoods, NORMAL_MEQ_L)
    return {side: _mean(likelihoods, bounds) / normal for side, bounds in SIDES_MEQ_L.items()}


def _mean(values: Reals, bounds: tuple[float, float]) -> Reals:
    """Return the mean over the bins between two potassiums, mEq/L, of values (..., 30)."""
    return np.asarray(values[..., _between(bounds)].mean(axis=-1))


@lru_cache(maxsize=8)
def _between(bounds: tuple[float, float]) -> slice:
    """Return the bins between two potassiums, mEq/L."""
    return slice(*np.searchsorted(EDGES_MEQ_L, bounds).tolist())


@lru_cache(maxsize=8)
def _blur(error_meq_l: float) -> Reals:
    """Return by how much each bin (columns) is taken for each (rows) where a normal error comes on top."""
    apart = (CENTRES_MEQ_L[:, None] - CENTRES_MEQ_L) / error_meq_l
    weights = np.exp(-0.5 * np.square(apart))
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))
