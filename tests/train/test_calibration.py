"""Conformal intervals: the textbook's quantiles, MAPIE's, and that they hold for any network."""

from __future__ import annotations

import math
import warnings
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

torch = pytest.importorskip("torch", reason="training needs torch")

from noise import noise

from kalemia.errors import TrainError
from kalemia.estimate.card import Card
from kalemia.estimate.model import Model
from kalemia.train import calibration
from kalemia.train.calibration import ERROR_LEVELS, Intervals, answers, calibrate, counts, intervals
from kalemia.train.examples import Examples


def errors(model: Model, examples: Examples) -> NDArray[np.float64]:
    estimate, spread = model.run(examples.waves, examples.side)
    return np.sort(((examples.potassium - estimate) / spread).astype(np.float64))


@pytest.mark.parametrize("n", [19, 99, 1000, 4321])
def test_the_quantiles_are_those_of_the_textbook(tiny: Model, n: int) -> None:
    examples = noise(n, 1)
    scores = errors(tiny, examples)
    for level, quantile in zip(ERROR_LEVELS, calibrate(tiny, examples, 0)[0], strict=True):
        place = Fraction(str(round(level, 4))) * (n + 1)
        rank = math.floor(place) if level < 0.5 else math.ceil(place)
        assert quantile == pytest.approx(scores[min(max(rank, 1), n) - 1], abs=1e-4), level


@pytest.mark.parametrize("coverage", [0.5, 0.8, 0.9])
def test_the_quantiles_are_those_of_mapie(tiny: Model, coverage: float) -> None:
    """MAPIE may land one rank further out, where its 1 - 0.9 is a little less than 0.1."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        regression = pytest.importorskip("mapie.regression", reason="MAPIE is the oracle")
        from mapie.conformity_scores import AbsoluteConformityScore
        from sklearn.dummy import DummyRegressor
    examples = noise(999, 2)
    scores = errors(tiny, examples)
    nothing = np.zeros((len(scores), 1))
    zero = DummyRegressor(strategy="constant", constant=0.0).fit(nothing, scores)
    oracle = regression.SplitConformalRegressor(
        zero, confidence_level=coverage, conformity_score=AbsoluteConformityScore(sym=False), prefit=True
    )
    _, bounds = oracle.conformalize(nothing, scores).predict_interval(nothing[:1])
    quantiles = calibrate(tiny, examples, 0)[0]
    for level, theirs in zip(((1 - coverage) / 2, (1 + coverage) / 2), bounds[0, :, 0], strict=True):
        own = quantiles[int(np.abs(ERROR_LEVELS - level).argmin())]
        ranks = [int(np.abs(scores - value).argmin()) for value in (own, theirs)]
        assert abs(ranks[0] - ranks[1]) <= 1


def recalibrated(tiny: Model, tiny_path: Path, n: int, seed: int) -> Model:
    quantiles = calibrate(tiny, noise(n, seed), 0)
    return Model(tiny_path.read_bytes(), replace(tiny.card, error_quantiles=quantiles))


def test_the_interval_covers_what_it_says_for_any_network(tiny: Model, tiny_path: Path) -> None:
    """Five trials of 2,000 and 2,000 ECGs: the mean's standard deviation is 0.004, a third of what it may be off."""
    covered = []
    for seed in range(5):
        test = noise(2000, 100 + seed)
        reached = intervals(recalibrated(tiny, tiny_path, 2000, seed), test, 0.9)
        covered.append(reached.hold(test.potassium).mean())
    assert np.mean(covered) == pytest.approx(0.9, abs=0.012)


def test_each_tail_is_missed_as_often(tiny: Model, tiny_path: Path) -> None:
    """Of 4,000 and 4,000 ECGs a tail's share has a standard deviation of 0.005, a third of what it may be off."""
    test = noise(4000, 2)
    reached = intervals(recalibrated(tiny, tiny_path, 4000, 1), test, 0.9)
    assert np.mean(test.potassium < reached.low) == pytest.approx(0.05, abs=0.015)
    assert np.mean(test.potassium > reached.high) == pytest.approx(0.05, abs=0.015)


def test_an_interval_holds_its_ends() -> None:
    ends = Intervals(np.full(4, 5, np.float32), np.full(4, 4.0), np.full(4, 6.0))
    assert ends.hold(np.array([4, 6, 3.99, 6.01], np.float32)).tolist() == [True, True, False, False]


def test_answers_in_pieces_are_the_answers(tiny: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    examples = noise(20, 1)
    whole = answers(tiny, examples)
    monkeypatch.setattr(calibration, "AT_ONCE", 7)
    for own, all_at_once in zip(answers(tiny, examples), whole, strict=True):
        np.testing.assert_allclose(own, all_at_once, rtol=1e-5)


class Several:
    """A model of three leads that says the same of everybody."""

    def __init__(self, card: Card, least_leads: int = 1) -> None:
        quantiles = card.error_quantiles * (4 - least_leads)
        self.card = replace(card, leads=("I", "II", "V5"), least_leads=least_leads, error_quantiles=quantiles)

    def run(self, waves: Any, _side: Any) -> tuple[Any, Any]:
        """Say 4.5."""
        return np.full(len(waves), 4.5), np.ones(len(waves))


@pytest.mark.parametrize("least", [1, 2, 3])
def test_there_is_a_row_for_every_number_of_leads(tiny: Model, least: int) -> None:
    model = Several(tiny.card, least)
    assert list(counts(model)) == list(range(least, 4))  # type: ignore[arg-type]
    examples = replace(noise(60, 1), waves=np.ones((60, 3, 270), np.float32), side=np.ones((60, 4), np.float32))
    assert len(calibrate(model, examples, 0)) == 4 - least  # type: ignore[arg-type]


def test_few_records_of_many_leads_have_the_interval_of_fewer(tiny: Model) -> None:
    waves, side = np.zeros((60, 3, 270), np.float32), np.ones((60, 4), np.float32)
    waves[:, 0], waves[:25, 1], waves[:3, 2] = 1, 1, 1
    examples = replace(noise(60, 1), waves=waves, side=side)
    one, two, three = calibrate(Several(tiny.card), examples, 0)  # type: ignore[arg-type]
    assert len({one, two}) == 2
    assert three == two


def test_a_network_that_returns_no_numbers_is_not_calibrated(tiny: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    nothing = np.full(30, np.nan)
    monkeypatch.setattr(calibration, "answers", lambda *_: (nothing, nothing))
    with pytest.raises(TrainError, match="training diverged: the network returns no numbers; take a lower learning"):
        calibrate(tiny, noise(30, 1), 1)
