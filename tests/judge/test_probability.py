"""Whether probabilities hold: Brier scores, tenths, and what another prevalence changes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("polars")
metrics = pytest.importorskip("sklearn.metrics")

from kalemia.estimate.card import Card
from kalemia.estimate.model import Model
from kalemia.judge.probability import Tenth, at_odds, brier, probability, tenths
from kalemia.judge.subgroups import Share

RNG = np.random.default_rng(3)
CHANCE = RNG.uniform(0, 1, 203)
ABOVE = RNG.uniform(0, 1, 203) < CHANCE


@pytest.fixture
def card(tiny: Model) -> Card:
    """The tiny model's card, as if a quarter of its calibration had been above."""
    return replace(tiny.card, prevalence=0.25)


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


def test_other_odds_are_those_of_bayes() -> None:
    assert at_odds(np.array([0.5, 0.2]), 1.0) == pytest.approx([0.5, 0.2])
    assert at_odds(np.array([0.5, 0.2]), 4.0) == pytest.approx([0.8, 0.5])  # odds of 1 to 1 and of 1 to 4
    assert at_odds(np.array([0.0, 1.0]), 3.0).tolist() == [0.0, 1.0]


def test_being_told_the_prevalence_shifts_the_probabilities(card: Card) -> None:
    above = np.arange(203) % 2 == 0
    found = probability(CHANCE, above, card)
    share = above.mean()
    assert found.brier_of_the_share == round(share * (1 - share), 4)
    assert found.brier == brier(CHANCE, above)
    assert found.tenths == tenths(CHANCE, above)
    assert found.shifted is not None
    assert (found.shifted.prevalence, found.shifted.of_the_calibration) == (round(share, 4), 0.25)
    moved = at_odds(CHANCE, card.odds(float(share)))
    assert found.shifted.tenths == tenths(moved, above)
    assert found.shifted.brier == brier(moved, above)
    assert np.mean(moved) > np.mean(CHANCE)  # half are above here, a quarter were


@pytest.mark.parametrize(("share", "prevalence"), [(0.0, 0.25), (1.0, 0.25), (0.5, 0.0), (0.5, 1.0)])
def test_where_everybody_is_on_one_side_nothing_can_be_told(card: Card, share: float, prevalence: float) -> None:
    above = np.arange(200) < 200 * share
    assert probability(CHANCE[:200], above, replace(card, prevalence=prevalence)).shifted is None


def test_the_share_alone_has_the_brier_score_of_a_coin(card: Card) -> None:
    found = probability(np.full(8, 0.25), np.arange(8) < 2, card)
    assert found.brier_of_the_share == found.brier == 0.1875
