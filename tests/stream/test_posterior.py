"""Likelihood times prior in whole numbers: what `estimate` says of the same."""

from __future__ import annotations

import numpy as np
import pytest

from kalemia.estimate.evidence import BINS, CENTRES_MEQ_L, EDGES_MEQ_L, Evidence
from kalemia.estimate.population import KNOWN, Population
from kalemia.estimate.predict import level
from kalemia.records import HIGH_MEQ_L, LOW_MEQ_L
from kalemia.stream.posterior import ABOVE, BELOW, posterior
from kalemia.stream.tables import log_prior, logarithms

LEVELS = ("uncertain", "low", "normal", "high")


@pytest.mark.parametrize("population", KNOWN)
@pytest.mark.parametrize(("middle", "spread"), [(3.0, 0.3), (4.4, 0.5), (5.6, 0.6), (7.5, 1.0), (5.0, 4.0)])
def test_it_is_what_an_estimate_says(population: str, middle: float, spread: float) -> None:
    log_likelihood = -0.5 * np.square((CENTRES_MEQ_L - middle) / spread)
    after = Population.load(population).given(Evidence.of(log_likelihood))
    found = posterior(np.round(256 * log_likelihood).astype(int).tolist(), log_prior(population))
    assert found.above == pytest.approx(1e4 * after.above(HIGH_MEQ_L), abs=20)
    assert found.below == pytest.approx(1e4 * after.below(LOW_MEQ_L), abs=20)
    quantiles = (found.low_meq, found.middle_meq, found.high_meq)
    assert quantiles == pytest.approx([1000 * after.quantile(q) for q in (0.05, 0.5, 0.95)], abs=5)
    if min(abs(found.above - 5000), abs(found.below - 5000), abs(found.above + found.below - 1000)) > 20:
        assert LEVELS[found.level] == level(after)


def test_a_likelihood_of_one_bin_stays_in_it() -> None:
    for place in range(BINS):
        alone = [0 if at == place else -12_000 for at in range(BINS)]
        found = posterior(alone, [0] * BINS)
        assert 1000 * EDGES_MEQ_L[place] <= found.low_meq < found.middle_meq < found.high_meq
        assert found.high_meq <= 1000 * EDGES_MEQ_L[place + 1]
        assert (found.above, found.below) == (10_000 * (place >= ABOVE), 10_000 * (place < BELOW))


def test_the_cuts_are_those_of_an_estimate() -> None:
    assert EDGES_MEQ_L[ABOVE] == HIGH_MEQ_L
    assert EDGES_MEQ_L[BELOW] == LOW_MEQ_L


def test_a_share_of_nothing_has_a_logarithm() -> None:
    shares = np.zeros(BINS)
    shares[10] = 1.0
    assert logarithms(shares)[9:12] == (-12_800, 0, -12_800)
