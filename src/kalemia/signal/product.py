"""Matrix products small enough that the BLAS library keeps to one thread."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SINGLE_THREAD_WORK = 250_000
"""OpenBLAS takes more threads above 4 * 65,536 multiplications; they wait for each other longer than they work here."""


def product(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return a @ b, (m, k) by (k, n), in blocks of columns: workers then don't fight, and sums keep one order."""
    out = np.empty((a.shape[0], b.shape[1]), np.float32)
    block = max(1, SINGLE_THREAD_WORK // a.size)
    for first in range(0, b.shape[1], block):
        np.matmul(a, b[:, first : first + block], out=out[:, first : first + block])
    return out
