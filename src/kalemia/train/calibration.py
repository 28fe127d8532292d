"""How sure a network may be: one factor for its log-likelihoods, by the number of leads, from patients kept apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

from kalemia.errors import TrainError
from kalemia.estimate.evidence import binned, quantiles
from kalemia.estimate.model import Model
from kalemia.estimate.population import Population
from kalemia.judge.metrics import LEAST_ERRORS
from kalemia.train.answers import AT_ONCE
from kalemia.train.examples import Examples, Float32

SURENESS = (0.2, 3.0)
"""Factors beyond would be of a network that has learned nothing, or something else."""

Float64 = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Intervals:
    """Estimates and the ends of their intervals (n,), mEq/L."""

    estimate: Float64
    low: Float64
    high: Float64

    def hold(self, true: Float32) -> NDArray[np.bool_]:
        """Tell in which of them the true potassium lies (n,)."""
        return np.asarray((true >= self.low) & (true <= self.high))


def calibrate(model: Model, examples: Examples, mix: Population, seed: int) -> tuple[float, ...]:
    """Return what log-likelihoods are multiplied with so that patients kept apart surprise least ("temperature").

    A factor for every number of leads used, from the least to all; where fewer are, they are drawn for every record
    from those that are good. Where too few records have so many leads, that of fewer leads stands in. The source is
    Guo 2017, "On calibration of modern neural networks".
    """
    found: list[float] = []
    for count in counts(model):
        some = examples.fewer(count, seed)
        found.append(found[-1] if found and len(some) < LEAST_ERRORS else _sureness(model, some, mix))
    return tuple(found)


def counts(model: Model) -> range:
    """Return how many leads an estimate may rest on."""
    return range(model.card.least_leads, len(model.card.leads) + 1)


def _sureness(model: Model, examples: Examples, mix: Population) -> float:
    answer, bins = answers(model, examples), binned(examples.potassium)[:, None]
    if not np.isfinite(answer).all():
        raise TrainError("training diverged: the network returns no numbers; take a lower learning rate")

    def surprise(factor: float) -> float:
        logs = log_softmax(factor * answer + np.log(mix.shares), axis=1)
        return -float(np.take_along_axis(logs, bins, axis=1).mean())

    return round(float(minimize_scalar(surprise, bounds=SURENESS, method="bounded").x), 4)


def answers(model: Model, examples: Examples) -> Float64:
    """Return log-likelihoods (n, 30); some records at a time, since all at once would need gigabytes."""
    cuts = range(AT_ONCE, len(examples), AT_ONCE)
    pieces = zip(np.split(examples.waves, cuts), np.split(examples.side, cuts), strict=True)
    return np.concatenate([model.run(waves, side) for waves, side in pieces]).astype(np.float64)


def shares(model: Model, examples: Examples, population: Population) -> Float64:
    """Return what is known of each ECG where they are from a population: probabilities of the bins (n, 30)."""
    return np.asarray(softmax(answers(model, examples) + np.log(population.shares), axis=1))


def intervals(known: Float64, coverage: float) -> Intervals:
    """Return medians and intervals of this coverage from probabilities of the bins (n, 30)."""
    tail = (1 - coverage) / 2
    return Intervals(*(quantiles(known, level) for level in (0.5, tail, 1 - tail)))
