"""Log-likelihoods of known answers, for models whose reasons are known."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kalemia.estimate.evidence import BIN_MEQ_L, BINS, CENTRES_MEQ_L, EDGES_MEQ_L, binned

IN_ITS_BIN = 0.2


def with_median(potassium: NDArray[np.floating], apart: int = BINS) -> NDArray[np.float64]:
    """Return log-likelihoods (n, 30) whose median under the flat population is exactly each potassium (n,), mEq/L.

    What is not in its own bin lies so many bins to either side, or in the first and the last. What is no number stays
    none; only 2 to 9.5 mEq/L has bins.
    """
    known = np.isfinite(potassium)
    assert (EDGES_MEQ_L[0] < potassium[known]).all()
    assert (potassium[known] < EDGES_MEQ_L[-1]).all()
    bins, rows = binned(potassium), np.arange(len(potassium))
    part = IN_ITS_BIN * (potassium - EDGES_MEQ_L[bins]) / BIN_MEQ_L
    shares = np.full((len(potassium), BINS), 1e-12)
    shares[rows, bins] = IN_ITS_BIN
    shares[rows, np.maximum(bins - apart, 0)] += 0.5 - part
    shares[rows, np.minimum(bins + apart, BINS - 1)] += 0.5 + part - IN_ITS_BIN
    return np.asarray(np.log(shares))


def bell(middle: float, width: float) -> NDArray[np.float64]:
    """Return the log-likelihood (30,) of a normal distribution, less a constant."""
    return np.asarray(-0.5 * np.square((CENTRES_MEQ_L - middle) / width))
