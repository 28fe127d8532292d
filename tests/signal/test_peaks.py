"""R peaks: which leads they are found in, and where."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from kalemia.signal.peaks import plausible

T = np.arange(5000) / 500.0


@pytest.mark.parametrize(
    ("samples", "expected"),
    [
        (np.sin(T), True),
        (np.full(5000, 0.3), False),
        (30 * np.sin(T), False),
        (np.where(T < 7.4, np.nan, np.sin(T)), True),  # a column of a page
        (np.where(T < 8.5, np.nan, np.sin(T)), False),
        (np.full(5000, np.nan), False),
        (np.empty(0), False),
    ],
)
def test_a_lead_is_plausible_where_it_moves_as_a_heart_does(samples: NDArray[np.floating], expected: bool) -> None:
    assert plausible(samples.astype(np.float32)) is expected
