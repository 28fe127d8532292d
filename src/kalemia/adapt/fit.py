"""How a last layer is fitted to some ECGs: along a line of potassium, then weight by weight, then how sure it may be.

Each starts from what the layer says and is pulled back to it, so that few ECGs move it little (maximum a posteriori).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize, minimize_scalar
from scipy.special import log_softmax

from kalemia.adapt.layer import Ecgs, Layer, Reals, surprise
from kalemia.estimate.evidence import CENTRES_MEQ_L

PIVOT_MEQ_L = 4.5
"""About which potassium is stretched, so that the slope does not move what is usual."""
SHIFT_MEQ_L, SLOPE, SURENESS = 0.2, 0.15, 0.25
"""How far from (0, 1, 1) a line is expected: standard deviations, of the slope's and the sureness' logarithm."""
SUREST = 1.0
"""A logarithm of sureness beyond would be of a network that has learned something else."""
LEAST_STATE = 0.05
"""Of the largest: a state that hardly varies is not blown up."""


@dataclass(frozen=True)
class Line:
    """What a likelihood becomes: that of a potassium is the old one of another, to a power.

    Attributes
    ----------
    shift_meq_l, slope
        The other potassium is 4.5 + shift + slope (potassium - 4.5).
    sureness
        The power.
    """

    shift_meq_l: float = 0.0
    slope: float = 1.0
    sureness: float = 1.0

    def moved(self, layer: Layer) -> Layer:
        """Return the layer that says so; beyond the bins the outermost ones stand."""
        other = PIVOT_MEQ_L + self.shift_meq_l + self.slope * (CENTRES_MEQ_L - PIVOT_MEQ_L)
        rows = [np.interp(other, CENTRES_MEQ_L, row) for row in layer.polynomials]
        return Layer(layer.weights, np.array(rows)).times(self.sureness)


def line(layer: Layer, ecgs: Ecgs) -> Line:
    """Return the line along which a layer fits some ECGs."""
    log_shares, bins = ecgs.log_shares(), ecgs.bins
    coefficients, expected = ecgs.states @ layer.weights, np.array([SHIFT_MEQ_L, SLOPE, SURENESS])
    plain = Layer(np.eye(coefficients.shape[1]), layer.polynomials)

    def loss(at: Reals) -> float:
        said = _line(at).moved(plain).says(coefficients)
        return float(surprise(said, log_shares, bins).sum() + 0.5 * np.square(at / expected).sum())

    simplex = np.vstack([np.zeros(3), np.diag(expected / 2)])
    found = minimize(
        loss, np.zeros(3), method="Nelder-Mead", options={"initial_simplex": simplex, "xatol": 1e-3, "fatol": 1e-3}
    )
    return _line(found.x)


def _line(at: Reals) -> Line:
    shift, slope, sureness = at
    return Line(float(shift), float(np.exp(slope)), float(np.exp(sureness)))


def weights(layer: Layer, ecgs: Ecgs, strengths: Sequence[float]) -> list[Layer]:
    """Return the layer with weights that fit some ECGs, each pulled back to its own (ridge): a layer a strength.

    A strength is the inverse of the variance that is expected of a weight's change, in units in which every state has
    a mean square of one: a change of one moves log-likelihoods by one at the ends of the scale. Infinite, none changes.
    Each is found from the one before, so that it takes less time where they are in order.
    """
    log_shares, places = ecgs.log_shares(), (np.arange(len(ecgs)), ecgs.bins)
    size = np.sqrt(np.square(ecgs.states).mean(axis=0))
    size = np.maximum(size, LEAST_STATE * size.max())
    scaled, before = ecgs.states / size, ecgs.states @ layer.weights
    shape = layer.weights.shape

    def loss(flat: Reals, strength: float) -> tuple[float, Reals]:
        change = flat.reshape(shape)
        logs = log_softmax((before + scaled @ change) @ layer.polynomials + log_shares, axis=1)
        off = np.exp(logs)
        off[places] -= 1
        value = 0.5 * strength * np.square(change).sum() - logs[places].sum()
        return float(value), (scaled.T @ (off @ layer.polynomials.T) + strength * change).ravel()

    found, layers = np.zeros(layer.weights.size), []
    for strength in strengths:
        if math.isfinite(strength):
            found = minimize(loss, found, (strength,), method="L-BFGS-B", jac=True, options={"ftol": 1e-6}).x
        layers.append(Layer(layer.weights + found.reshape(shape) / size[:, None], layer.polynomials))
    return layers


def sureness(said: Reals, log_shares: Reals, bins: NDArray[np.intp]) -> float:
    """Return what log-likelihoods (n, 30) are multiplied with so that ECGs that none was fitted to surprise least."""

    def loss(log: float) -> float:
        return float(surprise(said * math.exp(log), log_shares, bins).sum() + 0.5 * (log / SURENESS) ** 2)

    return math.exp(float(minimize_scalar(loss, bounds=(-SUREST, SUREST), method="bounded").x))
