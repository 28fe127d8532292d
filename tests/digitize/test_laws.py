"""What checks of the leads as read say."""

from __future__ import annotations

import numpy as np
import pytest

from kalemia.digitize.laws import aligned


@pytest.mark.parametrize("late", [-20, 0, 13])
def test_how_late_a_repeated_lead_is(late: int) -> None:
    lead = np.cumsum(np.random.default_rng(1).normal(size=1000))
    short = np.where(np.arange(1000) < 600, lead, np.nan)
    agreed, found = aligned(np.roll(lead, late), short, 35)
    assert found == late
    assert agreed > 0.99
