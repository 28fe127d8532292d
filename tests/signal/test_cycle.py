"""The median cycle: what it is of, and how alike its beats are."""

from __future__ import annotations

import numpy as np
import pytest

from kalemia.signal.cycle import score


@pytest.mark.parametrize("share", [0.0, 0.1, 0.3, 0.5])
def test_the_score_is_the_share_of_common_power(share: float) -> None:
    rng = np.random.default_rng(1)
    beat = np.sin(np.linspace(0, 12, 160)).astype(np.float32)
    rms = float(np.sqrt(np.mean(np.square(beat))))
    beats = beat + rng.normal(0, share * rms, (40, 160)).astype(np.float32)
    assert score(beats, beat) == pytest.approx(1 - share**2, abs=0.02)
