"""Medians of small arrays, to the bit what numpy's say: by sorting, which takes a third of the time of a selection."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def median(values: NDArray[Any], axis: int = -1) -> NDArray[Any]:
    """Return the median over an axis; NaN where a value is."""
    ordered = np.sort(values, axis=axis)  # NaN comes last
    count = ordered.shape[axis]
    middle = (ordered.take((count - 1) // 2, axis) + ordered.take(count // 2, axis)) / 2
    last = ordered.take(-1, axis)
    return np.asarray(np.where(np.isnan(last), last, middle))


def median_of(values: NDArray[np.float32], known: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return the median over axis 1 of the values (leads, beats, samples) that are known, zero where none is."""
    if not values.shape[1]:
        return np.zeros((len(values), values.shape[2]), np.float32)
    ordered = np.sort(np.where(known, values, np.float32(np.inf)), axis=1)
    count = known.sum(axis=1, keepdims=True)
    middle = np.concatenate([np.maximum(count - 1, 0) // 2, count // 2], axis=1)
    found = np.take_along_axis(ordered, middle, axis=1).mean(axis=1)
    return np.where(count[:, 0], found, np.float32(0))
