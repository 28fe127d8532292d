"""Arithmetic in whole numbers, defined so that C computes the same: division rounds down."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from kalemia.stream.tables import EXP_STEPS, LN_2, LOG2_1000, Integers


def is_whole(value: object) -> bool:
    """Tell whether a value is a whole number by its type; True and False are none."""
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def integers(samples: ArrayLike, masked: int) -> Integers:
    """Return whole numbers (n,) with another in place of masked ones; ValueError where they are something else."""
    given: np.ma.MaskedArray[tuple[int, ...], np.dtype[np.generic]]
    try:
        given = np.ma.asarray(samples)
    except ValueError:
        given = np.ma.asarray([samples], object)
    known = given.dtype.kind in "iu" and np.can_cast(given.dtype, np.int64)
    if given.ndim != 1 or (given.size and not known):
        raise ValueError(f"samples of type {given.dtype} and shape {given.shape}; expected whole microvolts (n,)")
    return np.asarray(np.ma.filled(np.ma.asarray(given, np.int64), masked))


def rounded(dividend: int, divisor: int) -> int:
    """Return a quotient rounded to the nearest, half up; the divisor is positive."""
    return (2 * dividend + divisor) // (2 * divisor)


def middle(values: Sequence[int]) -> int:
    """Return the upper one of the middle values."""
    return sorted(values)[len(values) // 2]


def middle_twice(values: Sequence[int]) -> int:
    """Return twice the median."""
    ordered = sorted(values)
    return ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]


def ln_mv(microvolts: int) -> int:
    """Return the natural logarithm of a positive voltage in mV, 1024ths."""
    whole = microvolts.bit_length() - 1
    part = microvolts << (30 - whole)
    log2 = whole
    for _ in range(16):
        part = part * part >> 30
        log2 = 2 * log2 + (part >> 31)
        part >>= part >> 31
    return rounded((log2 - LOG2_1000) * LN_2, 1 << 22)


def exp_minus(logarithm: int) -> int:
    """Return exp(-v) in 2**31sts of v >= 0 in 256ths."""
    if logarithm >> len(EXP_STEPS):
        return 0
    value = 1 << 31
    for bit, step in enumerate(EXP_STEPS):
        if logarithm >> bit & 1:
            value = value * step >> 31
    return value
