"""The constants of the stream's arithmetic, in Python and as the C header that `firmware` is compiled with."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import exp, log

import numpy as np
from numpy.typing import NDArray

from kalemia.estimate.evidence import SUREST
from kalemia.estimate.population import KNOWN, Population
from kalemia.signal.condition import RATE, kernel

RATES_HZ = (125, 250, 300, 500)
TAP_BITS = 15
LOG_BITS = 8
"""Natural logarithms of likelihoods and shares are kept in 256ths."""
EXP_STEPS = tuple(round(exp(-(2.0**bit) / 2**LOG_BITS) * 2**31) for bit in range(13))
"""exp(-v) is the product of those whose bit is set in v, 256ths; from 32 on it is zero."""
LN_2, LOG2_1000 = round(log(2) * 2**16), round(log(1000) / log(2) * 2**16)

Integers = NDArray[np.int64]


@lru_cache(maxsize=len(RATES_HZ))
def lowpass(rate: int) -> tuple[Integers, int, int]:
    """Return the taps (odd,) of the low-pass at `up` times a rate, in 2**15ths, and up and down.

    The taps that one output takes sum to one exactly, or the offset of an electrode would leave a ripple.
    """
    taps, up, down = kernel(float(rate))
    whole = np.round(taps.astype(np.float64) * 2**TAP_BITS).astype(np.int64)
    for phase in range(up):
        own = whole[phase::up]
        own[np.argmax(own)] += 2**TAP_BITS - own.sum()
    return whole, up, down


@lru_cache(maxsize=len(KNOWN))
def log_prior(population: str) -> tuple[int, ...]:
    """Return the natural logarithms of a named population's shares (30,), 256ths."""
    return logarithms(Population.load(population).shares)


def logarithms(shares: NDArray[np.float64]) -> tuple[int, ...]:
    """Return the natural logarithms of shares (30,) in 256ths, the largest zero."""
    raised = np.maximum(np.log(np.maximum(shares / shares.max(), 1e-300)), SUREST)
    return tuple(np.round(raised * 2**LOG_BITS).astype(int).tolist())


def header() -> str:
    """Return the C header of these tables."""
    filters = [(rate, *lowpass(rate)) for rate in RATES_HZ]
    priors = {name: log_prior(name) for name in KNOWN}
    lines = [
        "/* Written by python -m kalemia.stream; do not edit. */",
        "#ifndef KAL_CONSTANTS_H",
        "#define KAL_CONSTANTS_H",
        "",
        "#include <stdint.h>",
        "",
        f"#define KAL_RATE {RATE}",
        f"#define KAL_TAP_BITS {TAP_BITS}",
        f"#define KAL_LN_2 {LN_2}",
        f"#define KAL_LOG2_1000 {LOG2_1000}",
        f"#define KAL_EXP_BITS {len(EXP_STEPS)}",
        _array("uint32_t", "kal_exp_steps", EXP_STEPS, "u"),
        *(_array("int16_t", f"kal_taps_{rate}", taps.tolist()) for rate, taps, _, _ in filters),
        "",
        "struct kal_lowpass {",
        "    const int16_t *taps;",
        "    uint16_t rate, count, up, down;",
        "};",
        "",
        f"#define KAL_RATES {len(filters)}",
        "static const struct kal_lowpass kal_lowpasses[KAL_RATES] = {",
        *(f"    {{kal_taps_{rate}, {rate}, {len(taps)}, {up}, {down}}}," for rate, taps, up, down in filters),
        "};",
        "",
        "/* Natural logarithms of the shares of populations by potassium, 256ths, the largest zero. */",
        "enum kal_population {",
        *(f"    KAL_POPULATION_{name.upper()}," for name in priors),
        "    KAL_POPULATIONS",
        "};",
        "static const int16_t kal_populations[KAL_POPULATIONS][30] = {",
        *(f"    {_braced(values)}, /* {name} */" for name, values in priors.items()),
        "};",
        "",
        "#endif",
    ]
    return "\n".join(lines) + "\n"


def _array(kind: str, name: str, values: Sequence[int], suffix: str = "") -> str:
    """Return a constant array of C."""
    return f"static const {kind} {name}[{len(values)}] = {_braced(values, suffix)};"


def _braced(values: Sequence[int], suffix: str = "") -> str:
    """Return numbers as C initializes an array with them, ten a line."""
    numbers = [f"{value}{suffix}" for value in values]
    rows = (", ".join(numbers[first : first + 10]) for first in range(0, len(numbers), 10))
    return "{\n        " + ",\n        ".join(rows) + "}"
