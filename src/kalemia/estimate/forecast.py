"""What a model expects of one beat: a potassium, and how far the true one may lie from it.

The errors on patients kept apart for calibration say how far: conformal quantiles of (measured - estimated) / spread.
Where an ECG comes from other patients, of whom more or fewer are above 5.5 mEq/L, `odds` says so.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kalemia.records import HIGH_MEQ_L

MAX_SPREAD_MEQ_L = 50.0


@dataclass(frozen=True, eq=False)
class Errors:
    """How (measured - estimated) / spread is distributed; its median is zero.

    Attributes
    ----------
    levels
        (n,) rising shares.
    quantiles
        (n,) below which the error is with these probabilities, without unit.
    """

    levels: NDArray[np.float64]
    quantiles: NDArray[np.float64]

    def quantile(self, level: float) -> float:
        """Return the error below which one is with this probability."""
        return float(np.interp(level, self.levels, self.quantiles))

    def below(self, error: float) -> float:
        """Return the probability of a smaller error."""
        return float(np.interp(error, self.quantiles, self.levels, left=0.0, right=1.0))


@dataclass(frozen=True)
class Forecast:
    """What a model says about one beat.

    Attributes
    ----------
    potassium_meq_l
        The estimate: the median of what the true potassium may be, where the odds are those of the calibration.
    spread_meq_l
        What the errors are multiplied with.
    errors
        How they are distributed.
    odds
        How many times those of the calibration the odds of more than 5.5 mEq/L are where the beat comes from.
    """

    potassium_meq_l: float
    spread_meq_l: float
    errors: Errors
    odds: float = 1.0

    def widened(self, error_meq_l: float) -> Forecast:
        """Return the same with a further error, mEq/L, that is independent of the network's own."""
        return replace(self, spread_meq_l=math.hypot(self.spread_meq_l, error_meq_l))

    @property
    def sane(self) -> bool:
        """Whether these are numbers that an interval can be made of."""
        return math.isfinite(self.potassium_meq_l) and 0 < self.spread_meq_l < MAX_SPREAD_MEQ_L

    def interval(self, coverage: float) -> tuple[float, float]:
        """Return the conformal interval (low, high) in mEq/L that holds the true potassium with this probability."""
        return self.quantile((1 - coverage) / 2), self.quantile((1 + coverage) / 2)

    def quantile(self, level: float) -> float:
        """Return the potassium, mEq/L, below which the true one is with this probability."""
        below = self._below(HIGH_MEQ_L)
        asked = level * (below + self.odds * (1 - below))
        trained = asked if asked <= below else below + (asked - below) / self.odds
        return self.potassium_meq_l + self.spread_meq_l * self.errors.quantile(trained)

    def probability_above(self, cut_meq_l: float) -> float:
        """Return the probability that the true potassium is above a cut."""
        under, below = self._below(cut_meq_l), self._below(HIGH_MEQ_L)
        above = max(below - under, 0.0) + self.odds * (1 - max(under, below))
        return above / (below + self.odds * (1 - below))

    def _below(self, cut_meq_l: float) -> float:
        """Return the probability, in the calibration's mix, that the true potassium is below a cut."""
        return self.errors.below((cut_meq_l - self.potassium_meq_l) / self.spread_meq_l)
