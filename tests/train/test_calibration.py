"""How sure a network may be: as sure as patients kept apart show, for every number of leads."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

torch = pytest.importorskip("torch", reason="training needs torch")

from noise import noise

from kalemia.errors import TrainError
from kalemia.estimate.card import Card
from kalemia.estimate.evidence import BINS, Evidence, Shares, binned
from kalemia.estimate.model import Model
from kalemia.estimate.population import Population
from kalemia.train import calibration
from kalemia.train.calibration import SURENESS, Intervals, answers, calibrate, counts, intervals, shares
from kalemia.train.examples import Examples
from likelihoods import bell

FLAT = Population(np.full(BINS, 1 / BINS), "even", "nobody", "a test")


class Sure(Model):
    """A model of one lead that knows potassium to within 0.6, and says so to within a factor."""

    def __init__(self, card: Card, factor: float) -> None:
        self.card, self.factor = card, factor

    def run(self, _waves: Any, side: Any) -> NDArray[np.float64]:
        """Say what the gain tells."""
        return self.factor * np.stack([bell(float(gain), 0.6) for gain in side[:, 0]])


def told(n: int, seed: int) -> Examples:
    """Return ECGs whose potassium is even from 2 to 9.5, and whose gain tells it with an error of 0.6."""
    own, rng = noise(n, seed), np.random.default_rng(seed)
    true = rng.uniform(2.0, 9.5, n)
    side = np.stack([true + rng.normal(0, 0.6, n), np.ones(n)], axis=1)
    return replace(own, side=side.astype(np.float32), potassium=true.astype(np.float32))


@pytest.mark.parametrize("factor", [0.5, 1.0, 2.0])
def test_a_network_is_made_as_sure_as_it_is_right(tiny: Model, factor: float) -> None:
    """Of 4,000 ECGs the factor's standard deviation is 0.025 of it, a quarter of what it may be off."""
    (sureness,) = calibrate(Sure(tiny.card, factor), told(4000, 1), FLAT, 0)
    assert sureness * factor == pytest.approx(1.0, rel=0.1)


def test_a_network_that_says_nothing_right_is_not_believed(tiny: Model) -> None:
    wrong = told(500, 2)
    wrong = replace(wrong, potassium=np.roll(wrong.potassium, 1))
    assert calibrate(Sure(tiny.card, 1.0), wrong, FLAT, 0)[0] == pytest.approx(SURENESS[0], abs=0.01)


def test_the_factor_surprises_least_in_the_mix(tiny: Model) -> None:
    """Of every hundredth, where ECGs are taken to be of kidney patients, and where every potassium is as likely."""
    examples, model, found = told(400, 3), Sure(tiny.card, 1.0), []
    said, rows = model.run(examples.waves, examples.side), np.arange(400)
    for mix in (FLAT, Population.load("kidney")):
        surprises = {}
        for factor in np.arange(0.21, 3.0, 0.01):
            chances = mix.shares * np.exp(factor * said)
            own = chances[rows, binned(examples.potassium)] / chances.sum(axis=1)
            surprises[float(factor)] = float(-np.log(own).mean())
        least = min(surprises, key=surprises.__getitem__)
        found.append(least)
        assert calibrate(model, examples, mix, 0)[0] == pytest.approx(least, abs=0.01)
    assert found[1] > found[0] + 0.1


def test_shares_are_what_is_known_in_a_population(tiny: Model) -> None:
    examples, kidney = told(20, 1), Population.load("kidney")
    model = Sure(tiny.card, 1.0)
    found = shares(model, examples, kidney)
    for own, answer in zip(found, model.run(examples.waves, examples.side), strict=True):
        np.testing.assert_allclose(own, kidney.given(Evidence.of(answer)).shares, atol=1e-12)


def test_the_intervals_are_those_of_what_is_known(tiny: Model) -> None:
    known = shares(Sure(tiny.card, 1.0), told(20, 1), FLAT)
    reached = intervals(known, 0.9)
    for row, own in enumerate(map(Shares, known)):
        assert reached.estimate[row] == pytest.approx(own.quantile(0.5))
        assert (reached.low[row], reached.high[row]) == pytest.approx(own.interval(0.9))


def test_the_interval_covers_what_it_says(tiny: Model) -> None:
    """Of 4,000 ECGs a share's standard deviation is 0.005, a quarter of what it may be off."""
    examples = told(4000, 5)
    reached = intervals(shares(Sure(tiny.card, 1.0), examples, FLAT), 0.9)
    assert reached.hold(examples.potassium).mean() == pytest.approx(0.9, abs=0.02)


def test_an_interval_holds_its_ends() -> None:
    ends = Intervals(np.full(4, 5.0), np.full(4, 4.0), np.full(4, 6.0))
    assert ends.hold(np.array([4, 6, 3.99, 6.01], np.float32)).tolist() == [True, True, False, False]


def test_answers_in_pieces_are_the_answers(tiny: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    examples = noise(20, 1)
    whole = answers(tiny, examples)
    monkeypatch.setattr(calibration, "AT_ONCE", 7)
    np.testing.assert_allclose(answers(tiny, examples), whole, rtol=1e-4, atol=1e-5)


class Several:
    """A model of three leads that says little of everybody."""

    def __init__(self, card: Card, least_leads: int = 1) -> None:
        self.card = replace(card, leads=("I", "II", "V5"), least_leads=least_leads, sureness=(1.0,) * (4 - least_leads))

    def run(self, waves: Any, _side: Any) -> NDArray[np.float64]:
        """Say 5 mEq/L, the more surely the more leads there are."""
        return np.stack([bell(5.0, 1.0) * count for count in waves.any(axis=2).sum(axis=1)])


@pytest.mark.parametrize("least", [1, 2, 3])
def test_there_is_a_factor_for_every_number_of_leads(tiny: Model, least: int) -> None:
    model = Several(tiny.card, least)
    assert list(counts(model)) == list(range(least, 4))  # type: ignore[arg-type]
    potassium = np.random.default_rng(1).normal(5.0, 0.8, 60).astype(np.float32)
    waves, side = np.ones((60, 3, 270), np.float32), np.ones((60, 4), np.float32)
    examples = replace(noise(60, 1), waves=waves, side=side, potassium=potassium)
    found = calibrate(model, examples, FLAT, 0)  # type: ignore[arg-type]
    assert len(found) == 4 - least
    assert [factor * leads for factor, leads in zip(found, range(least, 4), strict=True)] == pytest.approx(
        [found[0] * least] * len(found), rel=0.01
    )


@pytest.mark.parametrize(("full", "few"), [(3, True), (18, True), (19, False)])
def test_few_records_of_many_leads_have_the_factor_of_fewer(tiny: Model, full: int, few: bool) -> None:
    waves, side = np.zeros((60, 3, 270), np.float32), np.ones((60, 4), np.float32)
    waves[:, 0], waves[:25, 1], waves[:full, 2] = 1, 1, 1
    examples = replace(noise(60, 1), waves=waves, side=side)
    one, two, three = calibrate(Several(tiny.card), examples, FLAT, 0)  # type: ignore[arg-type]
    assert len({one, two}) == 2
    assert (three == two) is few


@pytest.mark.parametrize("wrong", [1, 900])
def test_a_network_that_returns_no_numbers_is_not_calibrated(
    tiny: Model, monkeypatch: pytest.MonkeyPatch, wrong: int
) -> None:
    said = np.zeros(900)
    said[:wrong] = np.nan
    monkeypatch.setattr(calibration, "answers", lambda *_: said.reshape(30, 30))
    with pytest.raises(TrainError, match="training diverged: the network returns no numbers; take a lower learning"):
        calibrate(tiny, noise(30, 1), FLAT, 1)
