"""What a model's interval rests on: conformal quantiles of its errors on patients kept apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kalemia.errors import TrainError
from kalemia.estimate.model import Model, shown
from kalemia.judge import metrics
from kalemia.judge.metrics import LEAST_ERRORS
from kalemia.train.answers import AT_ONCE
from kalemia.train.examples import Examples, Float32

ERROR_LEVELS = np.concatenate(
    [[0.0005, 0.001, 0.0025, 0.005], np.linspace(0.01, 0.99, 99), [0.995, 0.9975, 0.999, 0.9995]]
)

Float64 = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Intervals:
    """Estimates and the ends of their intervals (n,), mEq/L."""

    estimate: Float32
    low: Float64
    high: Float64

    def hold(self, true: Float32) -> NDArray[np.bool_]:
        """Tell in which of them the true potassium lies (n,)."""
        return np.asarray((true >= self.low) & (true <= self.high))


def calibrate(model: Model, examples: Examples, seed: int) -> tuple[tuple[float, ...], ...]:
    """Return the conformal quantiles of (true - estimate) / spread on patients kept apart, at ERROR_LEVELS.

    A row for every number of leads used, from the least to all (`judge.metrics.conformal`); where fewer are, they
    are drawn for every record from those that are good. Where too few records have so many leads, the row of fewer
    leads stands in: its interval is wider.
    """
    rows: list[tuple[float, ...]] = []
    for count in counts(model):
        some = examples.fewer(count, seed)
        rows.append(rows[-1] if rows and len(some) < LEAST_ERRORS else _quantiles(model, some))
    return tuple(rows)


def counts(model: Model) -> range:
    """Return how many leads an estimate may rest on."""
    return range(model.card.least_leads, len(model.card.leads) + 1)


def _quantiles(model: Model, examples: Examples) -> tuple[float, ...]:
    estimate, spread = answers(model, examples)
    errors = (examples.potassium - estimate) / spread
    if not np.isfinite(errors).all():
        raise TrainError("training diverged: the network returns no numbers; take a lower learning rate")
    return tuple(round(float(error), 5) for error in metrics.conformal(errors, ERROR_LEVELS))


def answers(model: Model, examples: Examples) -> tuple[Float32, Float32]:
    """Return potassium and spread (n,) in mEq/L; some records at a time, since all at once would need gigabytes."""
    cuts = range(AT_ONCE, len(examples), AT_ONCE)
    pieces = zip(np.split(examples.waves, cuts), np.split(examples.side, cuts), strict=True)
    potassium, spread = zip(*(model.run(waves, side) for waves, side in pieces), strict=True)
    return np.concatenate(potassium), np.concatenate(spread)


def intervals(model: Model, examples: Examples, coverage: float) -> Intervals:
    """Return the estimates and their intervals of this coverage."""
    estimate, spread = answers(model, examples)
    answered = zip(estimate, spread, shown(examples.waves), strict=True)
    bounds = np.array([model.forecast_of(float(k), float(s), int(n)).interval(coverage) for k, s, n in answered])
    return Intervals(estimate, bounds[:, 0], bounds[:, 1])
