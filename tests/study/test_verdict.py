"""Cuts and intervals of a cross-validation: validation patients decide them, fold by fold and seed by seed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("sklearn")
pytest.importorskip("polars")

from kalemia.judge.metrics import LEAST_ERRORS, TAILS, conformal, frozen_cut
from kalemia.study.crossval import CrossValidated, Estimates
from kalemia.study.verdict import decide

N = 200
RNG = np.random.default_rng(5)
TRUE = RNG.uniform(3, 8, N)
FOLD = np.arange(N) % 2
HELD = {0: np.arange(1, N, 4), 1: np.arange(0, N, 4)}
"""Of each fold, places of the validation ECGs: half of those that are not tested."""


def estimates(seeds: int = 1) -> CrossValidated:
    """Make estimates whose error grows with the spread that is expected."""
    spread = RNG.uniform(0.2, 1.0, (seeds, N))
    potassium = TRUE + spread * RNG.standard_normal((seeds, N))
    held = {
        (fold, seed): (places, Estimates(TRUE[places] + RNG.normal(0, 0.5, len(places)), np.full(len(places), 0.5)))
        for fold, places in HELD.items()
        for seed in range(seeds)
    }
    return CrossValidated(np.arange(N), FOLD, potassium, spread, held, ())


def same(answers: np.ndarray | None, others: np.ndarray | None) -> bool:
    assert answers is not None
    assert others is not None
    return np.array_equal(answers, others)


def test_alarms_are_above_the_cut_of_the_fold_and_the_seed() -> None:
    own = estimates(seeds=2)
    found = decide(own, TRUE)
    cuts = {fit: frozen_cut(TRUE[places], held.potassium) for fit, (places, held) in own.held.items()}
    assert found.cuts_meq_l == tuple(round(cut or 0, 4) for cut in cuts.values())
    assert len(set(found.cuts_meq_l)) == 4
    for seed, predictions in enumerate(found.seeds):
        assert predictions.called is not None
        for fold in (0, 1):
            tested = fold == FOLD
            above = own.potassium[seed, tested] > (cuts[fold, seed] or 0)
            assert np.array_equal(predictions.called[tested], above)
            assert 0 < above.sum() < len(above)


def test_intervals_are_conformal_in_units_of_the_spread() -> None:
    own = estimates(seeds=2)
    found = decide(own, TRUE)
    for (fold, seed), (places, held) in own.held.items():
        tested = fold == FOLD
        below, above = conformal((TRUE[places] - held.potassium) / held.spread, TAILS)
        assert found.low[seed, tested] == pytest.approx(own.potassium[seed, tested] + below * own.spread[seed, tested])
        assert found.high[seed, tested] == pytest.approx(own.potassium[seed, tested] + above * own.spread[seed, tested])
    for seed, predictions in enumerate(found.seeds):
        assert same(predictions.covered, (found.low[seed] <= TRUE) & (found.high[seed] >= TRUE))
        assert predictions.covered is not None
        assert 0.8 < predictions.covered.mean() < 1
    assert found.covered is not None
    both = [seed.covered for seed in found.seeds]
    assert found.covered == pytest.approx(np.mean([one for one in both if one is not None], axis=0))
    assert {0.5, 1} <= set(np.unique(found.covered)) <= {0, 0.5, 1}


def test_the_truth_of_tested_patients_moves_no_cut_and_no_interval() -> None:
    own = estimates()
    whole = decide(own, TRUE)
    changed = TRUE.copy()
    changed[np.setdiff1d(np.arange(N), np.concatenate(list(HELD.values())))] += 3
    again = decide(own, changed)
    assert again.cuts_meq_l == whole.cuts_meq_l
    assert np.array_equal(again.low, whole.low)
    assert same(again.seeds[0].called, whole.seeds[0].called)
    assert not same(again.seeds[0].covered, whole.seeds[0].covered)


def test_of_few_validation_patients_in_one_fold_nobody_has_an_interval() -> None:
    own = estimates()
    places, held = own.held[1, 0]
    for count, known in ((LEAST_ERRORS, True), (LEAST_ERRORS - 1, False)):
        few = places[:count], Estimates(held.potassium[:count], held.spread[:count])
        found = decide(replace(own, held={**own.held, (1, 0): few}), TRUE)
        assert (found.covered is not None) is known
        assert (found.seeds[0].covered is not None) is known
        assert np.isnan(found.low).all() is np.bool_(not known)
        assert found.seeds[0].called is not None  # a cut needs one patient


def test_where_nobody_who_validates_is_high_there_are_no_alarms() -> None:
    own = estimates()
    low = TRUE.copy()
    low[HELD[1]] = 4.0
    found = decide(own, low)
    assert found.cuts_meq_l[0] is not None
    assert found.cuts_meq_l[1] is None
    assert found.seeds[0].called is None
    assert found.seeds[0].covered is not None


def test_an_entrant_of_some_ecgs_is_held_against_their_potassium() -> None:
    """Places in the cohort's table: the truth is of the whole table."""
    own = estimates()
    table = np.full(N + 50, np.nan)
    table[50:] = TRUE
    moved = {fit: (places + 50, held) for fit, (places, held) in own.held.items()}
    found = decide(replace(own, number=np.arange(N) + 50, held=moved), table)
    assert found.cuts_meq_l == decide(own, TRUE).cuts_meq_l
    assert same(found.seeds[0].covered, decide(own, TRUE).seeds[0].covered)
