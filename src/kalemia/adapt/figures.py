"""What adapting brings, on ECGs of patients who were kept apart, and how many more labels would show it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from kalemia.adapt.folds import Held
from kalemia.adapt.layer import Ecgs, Reals, surprise
from kalemia.estimate.evidence import CENTRES_MEQ_L, quantiles
from kalemia.estimate.predict import COVERAGE
from kalemia.judge.resampled import areas, span, weights
from kalemia.judge.spans import Span
from kalemia.records import HIGH_MEQ_L

SURE = 2.0
"""A gain is sure from so many of its standard errors on."""
MOST_TIMES = 100
"""Labels that would have to be more than so many times as many are none that anybody has."""
ROUNDS, LEAST_ROUNDS, WEIGHTS = 1000, 100, 5_000_000
"""Resamples, and as few as `WEIGHTS` allow where ECGs are many."""


@dataclass(frozen=True)
class Reached:
    """What a model reaches, with 95 % intervals over resampled patients.

    Attributes
    ----------
    bits
        What an ECG adds to the cohort's shares by potassium: the mean logarithm of how much likelier the true bin of
        0.25 mEq/L is after it.
    auroc
        Of more than 5.5 mEq/L.
    coverage
        Share of the 0.9 intervals, in the cohort's shares, that hold.
    """

    bits: Span
    auroc: Span
    coverage: Span


@dataclass(frozen=True)
class Figures:
    """What a model reaches before and after it was adapted, and the bits that this brings; their standard error."""

    before: Reached
    after: Reached
    gain: Span
    gain_error: float

    @property
    def sure(self) -> bool:
        """Whether the gain is more than two of its standard errors."""
        return (self.gain.value or 0.0) > SURE * self.gain_error

    def enough(self, ecgs: int) -> int | None:
        """Return of how many ECGs the gain would be sure; None where hardly anybody has as many.

        Of n times as many the standard error is a root of n smaller. A gain that was not seen is taken to be what it
        would be if it were one standard error better.
        """
        seen = self.gain.value or 0.0
        hoped = seen if seen > 0 else seen + self.gain_error
        times = math.inf if hoped <= 0 else (SURE * self.gain_error / hoped) ** 2
        return None if times > MOST_TIMES else _rounded(ecgs * times)


def _rounded(count: float) -> int:
    """Return a count, rounded up to two digits."""
    step = int(10 ** max(0, len(str(int(count))) - 2))
    return math.ceil(count / step) * step


def figures(held: Held, ecgs: Ecgs) -> Figures:
    """Return what an adapted model reaches beside the model as it is, on ECGs that it was not fitted to."""
    names, which = np.unique(ecgs.patients, return_inverse=True)
    rounds = max(LEAST_ROUNDS, min(ROUNDS, WEIGHTS // len(ecgs)))
    drawn = weights(len(names), range(1 + rounds))[:, which]
    share = drawn / drawn.sum(axis=1, keepdims=True)
    bits = [share @ one for one in (added(held.before, held), added(held.after, held))]
    before, after = (
        Reached(span(own), span(areas(ecgs.potassium > HIGH_MEQ_L, above_alone(said), drawn)[0]), span(share @ inside))
        for own, said in zip(bits, (held.before, held.after), strict=True)
        for inside in [covered(said + held.log_shares, ecgs.potassium)]
    )
    gain = bits[1] - bits[0]
    return Figures(before, after, span(gain), round(float(gain[1:].std()), 4))


def added(said: Reals, held: Held) -> Reals:
    """Return what log-likelihoods (n, 30) add to the shares of the other folds, (n,) bits."""
    prior = np.take_along_axis(held.log_shares, held.bins[:, None], axis=1)[:, 0]
    return np.asarray((-surprise(said, held.log_shares, held.bins) - prior) / np.log(2))


def above_alone(said: Reals) -> Reals:
    """Return the probability of more than 5.5 mEq/L where every potassium is as likely before the ECG, (n,)."""
    return np.asarray(softmax(said, axis=1)[:, CENTRES_MEQ_L > HIGH_MEQ_L].sum(axis=1))


def covered(logs: Reals, potassium: Reals) -> NDArray[np.bool_]:
    """Tell which of the intervals that follow from log-probabilities (n, 30) hold the potassium (n,)."""
    known, tail = softmax(logs, axis=1), (1 - COVERAGE) / 2
    return np.asarray((potassium >= quantiles(known, tail)) & (potassium <= quantiles(known, 1 - tail)))
