"""Whether probabilities hold: Brier scores, and tenths of the ECGs by what was said."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("polars")
metrics = pytest.importorskip("sklearn.metrics")

from kalemia.judge.probability import Tenth, brier, probability, tenths
from kalemia.judge.subgroups import Share

RNG = np.random.default_rng(3)
CHANCE = RNG.uniform(0, 1, 203)
ABOVE = RNG.uniform(0, 1, 203) < CHANCE


def test_the_brier_score_is_scikit_learns() -> None:
    assert brier(CHANCE, ABOVE) == round(metrics.brier_score_loss(ABOVE, CHANCE), 4)
    assert brier(np.array([1.0, 0.0]), np.array([True, False])) == 0
    assert brier(np.array([0.5, 0.5]), np.array([True, False])) == 0.25


def test_tenths_hold_each_ecg_once_in_the_order_of_what_was_said() -> None:
    found = tenths(CHANCE, ABOVE)
    assert [tenth.ecgs for tenth in found] == [21] * 3 + [20] * 7
    order = np.argsort(CHANCE)
    assert found[0].chance == round(CHANCE[order[:21]].mean(), 4)
    assert found[0].value == round(ABOVE[order[:21]].mean(), 4)
    assert found[9] == Tenth(
        round(CHANCE[order[-20:]].mean(), 4),
        20,
        *(getattr(Share.of(ABOVE[order[-20:]]), end) for end in ("value", "low", "high")),
    )
    assert sum(tenth.ecgs * tenth.value for tenth in found) == pytest.approx(ABOVE.sum(), abs=0.02)
    assert np.all(np.diff([tenth.chance for tenth in found]) > 0)


def test_of_few_ecgs_each_is_a_part_of_its_own() -> None:
    found = tenths(np.array([0.7, 0.2, 0.4]), np.array([True, False, True]))
    assert [(tenth.chance, tenth.ecgs, tenth.value) for tenth in found] == [(0.2, 1, 0), (0.4, 1, 1), (0.7, 1, 1)]


def test_probabilities_are_held_against_what_the_share_alone_would_say() -> None:
    found = probability(CHANCE, ABOVE)
    share = ABOVE.mean()
    assert found.brier_of_the_share == round(share * (1 - share), 4)
    assert found.brier == brier(CHANCE, ABOVE) < found.brier_of_the_share
    assert found.tenths == tenths(CHANCE, ABOVE)


def test_the_share_alone_has_the_brier_score_of_a_coin() -> None:
    found = probability(np.full(8, 0.25), np.arange(8) < 2)
    assert found.brier_of_the_share == found.brier == 0.1875
