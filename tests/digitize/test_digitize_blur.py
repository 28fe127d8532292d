"""Wide blurs."""

from __future__ import annotations

import numpy as np
import pytest

from kalemia.digitize.blur import blurred


@pytest.mark.parametrize("sigma", [2.0, 9.0, 16.0])
def test_a_point_is_blurred_to_the_width_asked_for(sigma: float) -> None:
    point = np.zeros((161, 161), np.float32)
    point[80, 80] = 1
    soft = blurred(point, sigma)
    place = np.arange(161) - 80
    assert soft.sum() == pytest.approx(1, rel=0.02)
    for profile in (soft.sum(axis=0), soft.sum(axis=1)):
        assert (profile @ place) / profile.sum() == pytest.approx(0, abs=0.6)
        assert np.sqrt(profile @ place**2 / profile.sum()) == pytest.approx(sigma, rel=0.08)


def test_even_paper_stays_even_and_keeps_its_channels() -> None:
    assert blurred(np.full((50, 70, 3), 4.0, np.float32), 13.0) == pytest.approx(np.full((50, 70, 3), 4.0))
