"""What an ECG says of potassium, what a population knows, and their product."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy.stats import norm

from kalemia.estimate.evidence import (
    BINS,
    CENTRES_MEQ_L,
    EDGES_MEQ_L,
    Evidence,
    Shares,
    binned,
    quantiles,
    ratios,
    says_little,
)
from kalemia.estimate.population import Population
from likelihoods import bell

FLAT = Shares(np.full(BINS, 1 / BINS))
NOTHING = Evidence.of(np.full(BINS, -3.7))


def normal(middle: float, width: float) -> Shares:
    shares = np.diff(norm.cdf(EDGES_MEQ_L, middle, width))
    return Shares(shares / shares.sum())


def test_a_constant_says_nothing() -> None:
    one, other = Evidence.of(bell(6, 1)), Evidence.of(bell(6, 1) + 17)
    np.testing.assert_allclose(one.log_likelihood, other.log_likelihood)
    np.testing.assert_allclose(NOTHING.log_likelihood, 0, atol=1e-12)


def test_zero_is_the_mean_likelihood_of_a_normal_potassium() -> None:
    likelihood = np.exp(Evidence.of(bell(7, 2)).log_likelihood)
    assert likelihood[(CENTRES_MEQ_L > 3.5) & (CENTRES_MEQ_L < 5.5)].mean() == pytest.approx(1)


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ({}, {"high": 1.0, "low": 1.0}),
        ({(5.5, 8.0): 8.0}, {"high": 8.0, "low": 1.0}),
        ({(2.5, 3.5): 0.25}, {"high": 1.0, "low": 0.25}),
        ({(5.5, 6.5): 2.0}, {"high": 1.4, "low": 1.0}),  # two fifths of the bins from 5.5 to 8
        ({(8.0, 9.5): 50.0, (2.0, 2.5): 50.0}, {"high": 1.0, "low": 1.0}),  # beyond what is averaged
        ({(3.5, 5.5): 4.0}, {"high": 0.25, "low": 0.25}),
        ({(5.5, 8.0): 1234.56}, {"high": 1230.0, "low": 1.0}),  # three digits
    ],
)
def test_a_ratio_holds_a_mean_likelihood_against_that_of_normal(
    steps: dict[tuple[float, float], float], expected: dict[str, float]
) -> None:
    likelihood = np.ones(BINS)
    for (low, high), factor in steps.items():
        likelihood[(low < CENTRES_MEQ_L) & (high > CENTRES_MEQ_L)] = factor
    evidence = Evidence.of(np.log(likelihood))
    assert evidence.likelihood_ratio == pytest.approx(expected)
    many = ratios(np.log(np.stack([likelihood, np.ones(BINS)])))
    assert {side: values[0] for side, values in many.items()} == pytest.approx(expected, rel=0.01)
    assert [values[1] for values in many.values()] == pytest.approx([1, 1])


@pytest.mark.parametrize(
    ("high", "low", "little"),
    [
        (1.0, 1.0, True),
        (1.99, 0.51, True),
        (2.0, 1.0, False),
        (0.5, 1.0, False),
        (1.0, 2.0, False),
        (1.0, 0.5, False),
        (8.0, 0.1, False),
    ],
)
def test_an_ecg_says_little_between_a_half_and_twice(high: float, low: float, little: bool) -> None:
    assert says_little({"high": high, "low": low}) is little


def test_it_says_little_where_its_ratios_do() -> None:
    assert NOTHING.says_little
    assert not Evidence.of(bell(7, 1)).says_little


def test_the_product_is_bayes_rule() -> None:
    """A normal prior and a normal likelihood make a normal posterior, whose mean and width have a formula."""
    after = normal(4.5, 0.6).given(Evidence.of(bell(6.0, 0.8)))
    weights = 1 / 0.6**2, 1 / 0.8**2
    middle, width = (4.5 * weights[0] + 6.0 * weights[1]) / sum(weights), sum(weights) ** -0.5
    np.testing.assert_allclose(after.shares, normal(middle, width).shares, atol=0.004)
    assert after.quantile(0.5) == pytest.approx(middle, abs=0.02)
    assert after.interval(0.9) == pytest.approx((middle - 1.645 * width, middle + 1.645 * width), abs=0.05)


def test_an_ecg_that_says_nothing_changes_nothing() -> None:
    np.testing.assert_allclose(normal(4.5, 0.5).given(NOTHING).shares, normal(4.5, 0.5).shares)


def test_odds_after_are_odds_before_times_the_ratio() -> None:
    """Where the likelihood is one within 3.5 to 5.5 and another above, as a ratio is defined for any population."""
    likelihood = np.where(CENTRES_MEQ_L > 5.5, 6.0, 1.0)
    before = normal(4.8, 0.7)
    after = before.given(Evidence.of(np.log(likelihood)))
    odds = [known.above(5.5) / known.below(5.5) for known in (before, after)]
    assert odds[1] == pytest.approx(6 * odds[0])


@pytest.mark.parametrize("cut", [2.0, 3.5, 4.1, 5.5, 6.37, 9.5])
def test_above_and_below_are_all(cut: float) -> None:
    known = normal(4.7, 0.9)
    assert known.above(cut) + known.below(cut) == pytest.approx(1)
    assert known.below(cut) == pytest.approx(norm.cdf(cut, 4.7, 0.9), abs=0.01)


def test_a_higher_cut_is_less_likely_passed() -> None:
    chances = [normal(4.7, 0.9).above(cut) for cut in np.linspace(1, 11, 101)]
    assert chances == sorted(chances, reverse=True)
    assert (chances[0], chances[-1]) == pytest.approx((1, 0))


@pytest.mark.parametrize("level", [0.001, 0.05, 0.3, 0.5, 0.72, 0.95, 0.999])
def test_a_quantile_is_where_so_much_lies_below(level: float) -> None:
    for known in (FLAT, normal(4.2, 0.4), normal(8.8, 2.0)):
        assert known.below(known.quantile(level)) == pytest.approx(level)
    assert FLAT.quantile(level) == pytest.approx(2 + 7.5 * level)


def test_quantiles_of_many_are_those_of_each() -> None:
    each = [normal(4.2, 0.4), normal(6.5, 1.2), FLAT]
    many = quantiles(np.stack([known.shares for known in each]), 0.3)
    assert many.tolist() == pytest.approx([known.quantile(0.3) for known in each])


def test_a_quantile_stays_on_the_scale() -> None:
    first, last = np.zeros(BINS), np.zeros(BINS)
    first[0] = last[-1] = 1.0
    assert Shares(first).interval(0.9) == pytest.approx((2.0125, 2.2375))
    assert Shares(last).interval(0.9) == pytest.approx((9.2625, 9.4875))
    assert Shares(last).quantile(1.0) == pytest.approx(9.5)


def test_a_surer_interval_holds_the_less_sure_one() -> None:
    known = normal(5.1, 0.8).given(Evidence.of(bell(7, 1)))
    bounds = [known.interval(coverage) for coverage in (0.5, 0.8, 0.9, 0.99)]
    assert all(outer[0] < inner[0] < inner[1] < outer[1] for inner, outer in pairwise(bounds))


@pytest.mark.parametrize(
    ("potassium", "place"),
    [(2.0, 0), (2.2499, 0), (2.25, 1), (3.499, 5), (3.5, 6), (5.5, 14), (9.49, 29), (0.0, 0), (9.5, 29), (12.0, 29)],
)
def test_each_potassium_has_a_bin(potassium: float, place: int) -> None:
    assert binned(np.array([potassium])).tolist() == [place]


# A further error, and what else is made of it


def test_a_further_error_makes_an_ecg_less_sure() -> None:
    sure = Evidence.of(bell(6.5, 0.5))
    blurred = sure.widened(0.5)
    width = [FLAT.given(evidence).interval(0.9) for evidence in (sure, blurred)]
    assert width[1][1] - width[1][0] == pytest.approx(2 * 1.645 * np.hypot(0.5, 0.5), rel=0.05)
    assert FLAT.given(blurred).quantile(0.5) == pytest.approx(6.5, abs=0.02)
    assert sure.widened(0.0) is sure


def test_what_says_nothing_says_nothing_with_a_further_error() -> None:
    np.testing.assert_allclose(NOTHING.widened(0.7).log_likelihood, 0, atol=1e-9)


def test_very_sure_evidence_is_widened_without_a_warning() -> None:
    blurred = Evidence.of(bell(4, 0.05)).widened(0.2)
    assert np.isfinite(blurred.log_likelihood).all()


@pytest.mark.parametrize("peak", [0, 15, BINS - 1])
def test_the_surest_network_leaves_numbers(peak: int) -> None:
    answer = np.full(BINS, -3e38, np.float32)
    answer[peak] = 3e38
    evidence = Evidence.of(answer / 2)
    after = Population.load("kidney").given(evidence)
    low, high = after.interval(0.9)
    assert EDGES_MEQ_L[peak] <= low < high <= EDGES_MEQ_L[peak + 1]
    assert all(0 <= ratio < np.inf for ratio in evidence.likelihood_ratio.values())
    assert np.isfinite(evidence.widened(0.2).log_likelihood).all()
