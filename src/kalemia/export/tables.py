"""The tables that every exported network looks things up in, as numbers and as C: `python -m kalemia.export.tables`."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable

import numpy as np
from numpy.polynomial import legendre
from numpy.typing import NDArray

from kalemia.estimate.evidence import BINS, CENTRES_MEQ_L, EDGES_MEQ_L, NORMAL_MEQ_L

Int64 = NDArray[np.int64]

ENTRIES = 129
"""In steps of 1/16 from 0 to 8; what lies between two is a line."""
ORDER = 6
WIDTH = 110


def _steps() -> NDArray[np.float64]:
    return np.arange(ENTRIES) / 16


def sigmoids() -> Int64:
    """Return the logistic function, Q15."""
    return _rounded(32768 / (1 + np.exp(-_steps())))


def log_sums() -> Int64:
    """Return ln(1 + exp(-x)), Q16; from the last on it is no more than half a unit of the answer, and left out."""
    sums = _rounded(65536 * np.log1p(np.exp(-_steps())))
    sums[-1] = 0
    return sums


def polynomials() -> Int64:
    """Return Legendre's polynomials of the degrees 1 to 6 (bins, degrees), Q14."""
    low, high = EDGES_MEQ_L[[0, -1]]
    return _rounded(16384 * legendre.legvander((2 * CENTRES_MEQ_L - low - high) / (high - low), ORDER)[:, 1:])


def normal_bins() -> tuple[int, int]:
    """Return the first bin of a normal potassium, and how many there are."""
    first, last = np.searchsorted(EDGES_MEQ_L, NORMAL_MEQ_L).tolist()
    return first, last - first


LOG_NORMAL_BINS = round(65536 * math.log(normal_bins()[1]))
"""The logarithm of how many bins a normal potassium has, Q16."""


def _rounded(values: NDArray[np.float64]) -> Int64:
    return np.rint(values).astype(np.int64)


def braced(values: Iterable[int]) -> str:
    """Return numbers as an initializer in C, wrapped."""
    lines, line = [], ""
    for value in values:
        if len(line) + len(f"{value}, ") > WIDTH:
            lines.append(line.rstrip())
            line = ""
        line += f"{value}, "
    return "{" + "\n     ".join([*lines, line.removesuffix(", ")]) + "}"


def header() -> str:
    """Return kal_tables.h."""
    return f"""\
/* Written by kalemia.export.tables; do not edit. */
#ifndef KAL_TABLES_H
#define KAL_TABLES_H

#include <stdint.h>

#define KAL_TABLE {ENTRIES} /* entries, in steps of 1/16 from 0 to 8 */
#define KAL_NORMAL_FIRST {normal_bins()[0]} /* bin of a normal potassium */
#define KAL_NORMAL_BINS {normal_bins()[1]}
#define KAL_LOG_NORMAL_BINS {LOG_NORMAL_BINS} /* natural logarithm of that many, Q16 */

extern const uint16_t kal_sigmoids[KAL_TABLE]; /* 1 / (1 + exp(-x)), Q15 */
extern const uint16_t kal_log_sums[KAL_TABLE]; /* ln(1 + exp(-x)), Q16 */
extern const int16_t kal_polynomials[{BINS}][{ORDER}]; /* Legendre's, of the degrees 1 to 6 over the bins, Q14 */

#endif
"""


def source() -> str:
    """Return kal_tables.c."""
    rows = ",\n    ".join(braced(row) for row in polynomials().tolist())
    return f"""\
/* Written by kalemia.export.tables; do not edit. */
#include "kal_tables.h"

const uint16_t kal_sigmoids[KAL_TABLE] =
    {braced(sigmoids().tolist())};

const uint16_t kal_log_sums[KAL_TABLE] =
    {braced(log_sums().tolist())};

const int16_t kal_polynomials[{BINS}][{ORDER}] = {{
    {rows}}};
"""


if __name__ == "__main__":
    from pathlib import Path

    Path(sys.argv[1], "kal_tables.h").write_text(header())
    Path(sys.argv[1], "kal_tables.c").write_text(source())
