"""What a forecast says of the true potassium: its interval, its probabilities, and what odds do to both."""

from __future__ import annotations

from dataclasses import replace
from statistics import NormalDist

import numpy as np
import pytest

from kalemia.estimate.forecast import Errors, Forecast

LEVELS = np.linspace(0.0005, 0.9995, 1999)
NORMAL = Errors(LEVELS, np.array([NormalDist().inv_cdf(level) for level in LEVELS]))
FORECASTS = [Forecast(4.2, 0.3, NORMAL), Forecast(5.5, 0.6, NORMAL), Forecast(7.1, 1.4, NORMAL)]
FAR = [Forecast(20.0, 0.1, NORMAL), Forecast(0.5, 0.1, NORMAL)]
each_forecast = pytest.mark.parametrize("forecast", FORECASTS, ids=lambda forecast: f"{forecast.potassium_meq_l}")


@each_forecast
def test_a_surer_interval_holds_the_less_sure_one(forecast: Forecast) -> None:
    bounds = [forecast.interval(coverage) for coverage in (0.1, 0.5, 0.8, 0.9, 0.95, 0.99)]
    lows, highs = [low for low, _ in bounds], [high for _, high in bounds]
    assert lows == sorted(lows, reverse=True)
    assert highs == sorted(highs)
    assert len(set(lows)) == len(set(highs)) == 6
    assert all(low < forecast.potassium_meq_l < high for low, high in bounds)


@each_forecast
def test_the_interval_of_normal_errors_is_that_of_the_normal_distribution(forecast: Forecast) -> None:
    low, high = forecast.interval(0.9)
    assert high - forecast.potassium_meq_l == pytest.approx(1.645 * forecast.spread_meq_l, rel=1e-3)
    assert forecast.potassium_meq_l - low == pytest.approx(1.645 * forecast.spread_meq_l, rel=1e-3)


@each_forecast
def test_a_higher_cut_is_less_likely_passed(forecast: Forecast) -> None:
    chances = [forecast.probability_above(cut_meq_l) for cut_meq_l in np.linspace(0, 15, 301)]
    assert chances == sorted(chances, reverse=True)
    assert chances[0] == 1.0
    assert chances[-1] == 0.0


@each_forecast
@pytest.mark.parametrize("coverage", [0.5, 0.8, 0.9, 0.96])
def test_the_probabilities_are_those_of_the_interval(forecast: Forecast, coverage: float) -> None:
    low, high = forecast.interval(coverage)
    assert forecast.probability_above(low) == pytest.approx((1 + coverage) / 2, abs=1e-6)
    assert forecast.probability_above(high) == pytest.approx((1 - coverage) / 2, abs=1e-6)


def test_skewed_errors_give_a_skewed_interval() -> None:
    skewed = Forecast(5.0, 0.5, Errors(np.array([0.05, 0.5, 0.95]), np.array([-1.2, 0.0, 2.8])))
    assert skewed.interval(0.9) == pytest.approx((4.4, 6.4))
    assert skewed.probability_above(5.0) == pytest.approx(0.5)
    assert skewed.probability_above(5.7) == pytest.approx(0.275)
    assert (skewed.probability_above(6.41), skewed.probability_above(4.39)) == (0.0, 1.0)  # none of the errors reaches


@pytest.mark.parametrize("odds", [0.03, 1.0, 4.5])
@pytest.mark.parametrize("forecast", [*FORECASTS, *FAR], ids=lambda forecast: f"{forecast.potassium_meq_l}")
def test_odds_change_how_likely_high_is_and_nothing_else(forecast: Forecast, odds: float) -> None:
    told = replace(forecast, odds=odds)
    before, after = (each.probability_above(5.5) for each in (forecast, told))
    assert after == pytest.approx(before * odds / (before * odds + 1 - before))
    for high in (6.0, 6.5, 8.0):  # among those above, each is as likely as before
        over, known = (each.probability_above(high) for each in (told, forecast))
        assert over * before == pytest.approx(known * after)
    for low in (3.5, 5.0):
        under, known = (1 - each.probability_above(low) for each in (told, forecast))
        assert under * (1 - before) == pytest.approx(known * (1 - after))
    levels = np.linspace(0.02, 0.98, 25)
    bounds = [told.quantile(float(level)) for level in levels]
    assert bounds == sorted(bounds)
    for level, bound in zip(levels, bounds, strict=True):
        assert told.probability_above(bound) == pytest.approx(1 - level, abs=1e-3)
    if odds == 1.0:
        assert told.interval(0.9) == forecast.interval(0.9)


@pytest.mark.parametrize(("own", "further", "both"), [(0.3, 0.4, 0.5), (0.5, 0.0, 0.5), (0.0, 0.2, 0.2)])
def test_an_independent_error_adds_in_squares(own: float, further: float, both: float) -> None:
    wide = Forecast(4.0, own, NORMAL, 0.3).widened(further)
    assert (wide.potassium_meq_l, wide.odds, wide.errors) == (4.0, 0.3, NORMAL)
    assert wide.spread_meq_l == pytest.approx(both)


@pytest.mark.parametrize(
    ("potassium", "spread", "sane"),
    [
        (5.0, 0.5, True),
        (5.0, 49.9, True),
        (5.0, 50.0, False),
        (5.0, 1e38, False),
        (5.0, 0.0, False),
        (5.0, -1.0, False),
        (5.0, float("nan"), False),
        (float("nan"), 0.5, False),
        (float("inf"), 0.5, False),
    ],
)
def test_an_interval_is_made_of_numbers_alone(potassium: float, spread: float, sane: bool) -> None:
    assert Forecast(potassium, spread, NORMAL).sane is sane
