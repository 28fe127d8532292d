"""The part of a network that is adapted, its last layer, and ECGs as that layer sees them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax

from kalemia.estimate.evidence import binned
from kalemia.estimate.population import Population

Reals = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Layer:
    """States become log-likelihoods of potassium.

    Attributes
    ----------
    weights
        (states, order).
    polynomials
        (order, 30) over the bins of potassium.
    """

    weights: Reals
    polynomials: Reals

    def says(self, states: Reals) -> Reals:
        """Return the log-likelihoods (n, 30) of states (n, states); they may lack a constant."""
        return np.asarray(states @ self.weights @ self.polynomials)

    def times(self, sureness: float) -> Layer:
        """Return the layer that is so many times as sure."""
        return Layer(self.weights * sureness, self.polynomials)


@dataclass(frozen=True, eq=False)
class Ecgs:
    """ECGs with a laboratory's potassium.

    Attributes
    ----------
    states
        (n, states) what the last layer of a network reads of each.
    potassium
        (n,) mEq/L.
    patients
        (n,) names.
    """

    states: Reals
    potassium: Reals
    patients: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.potassium)

    @property
    def bins(self) -> NDArray[np.intp]:
        """The bins of the potassium, (n,)."""
        return binned(self.potassium)

    def only(self, chosen: NDArray[np.intp] | NDArray[np.bool_]) -> Ecgs:
        """Return some of them."""
        return Ecgs(self.states[chosen], self.potassium[chosen], self.patients[chosen])

    def log_shares(self) -> Reals:
        """Return the logarithms of the shares of these ECGs by potassium, smoothed, (30,)."""
        return np.log(Population.of(self.potassium, "cohort", "the cohort", "the cohort").shares)


def surprise(log_likelihoods: Reals, log_shares: Reals, bins: NDArray[np.intp]) -> Reals:
    """Return the negative logarithm of the probability that was given to the true bins, (n,) nats.

    Shares before the ECG, (30,) or (n, 30), are taken in first, so that what is fitted is a likelihood and not how many
    of the cohort's patients have which potassium.
    """
    logs = log_softmax(log_likelihoods + log_shares, axis=1)
    return np.asarray(-np.take_along_axis(logs, bins[:, None], axis=1)[:, 0])
