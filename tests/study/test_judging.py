"""What cross-validated estimates come to: whom each figure is of, and what is written."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("polars")
metrics = pytest.importorskip("sklearn.metrics")

from kalemia import __version__
from kalemia.cohort import Cohort, simulated
from kalemia.judge import resampled
from kalemia.study.crossval import CrossValidated, Estimates
from kalemia.study.judging import COLUMNS, Judging
from kalemia.study.plan import BOOSTING, Budget, Entrant, Study
from kalemia.study.results import StudiedBudget, StudyResult, Training
from kalemia.train.baselines import MEDIAN
from kalemia.train.design import Design

N = 80
NETWORK, BOOSTED, FEWER = (
    Entrant("DSCRNN", ("V5",), Design("DSCRNN", 3, 2)),
    Entrant(BOOSTING, ("V5",)),
    Entrant(MEDIAN, ("V5",)),
)
STUDY = Study("network", "Which network?", (NETWORK, BOOSTED, FEWER), "DSCRNN")
NETWORK_FIT = {
    "fold": 0, "seed": 0, "learning_rate": 0.01, "epochs": 2, "validation_loss": 0.5,
    "training_mae_meq_l": [1.0, 0.9], "validation_mae_meq_l": [1.1, 1.0], "parameters": 100,
}  # fmt: skip
NETWORK_TRAINING = Training(0, 0, 0.01, None, 2, 0.5, (1.0, 0.9), (1.1, 1.0), 100)


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Cohort:
    folder = tmp_path_factory.mktemp("cohort") / "kidney"
    simulated.write(folder, N, 2, "kidney")
    return Cohort.open(folder)


@pytest.fixture(autouse=True)
def _fewer_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resampled, "ROUNDS", 400)


def true_of(cohort: Cohort) -> np.ndarray:
    return cohort.table["potassium_meq_l"].to_numpy().astype(np.float64)


def crossvalidated(
    true: np.ndarray, number: np.ndarray, error: float, seeds: int, trainings: list[Training]
) -> CrossValidated:
    """Make estimates that miss by so much, of the ECGs at some places, tested in two folds."""
    rng = np.random.default_rng(int(1000 * error))
    fold = np.arange(len(number)) % 2
    potassium = true[number] + rng.normal(0, error, (seeds, len(number)))
    held = {
        (k, seed): (own, Estimates(true[own] + rng.normal(0, error, len(own)), np.full(len(own), error)))
        for k in (0, 1)
        for seed in range(seeds)
        if len(own := number[fold != k][::2])
    }
    return CrossValidated(number, fold, potassium, np.full_like(potassium, error), held, tuple(trainings))


@pytest.fixture(scope="module")
def estimates(cohort: Cohort) -> dict[Entrant, CrossValidated]:
    true = true_of(cohort)
    every = np.arange(N)
    return {
        NETWORK: crossvalidated(true, every, 0.3, 2, [NETWORK_TRAINING]),
        BOOSTED: crossvalidated(true, every[10:], 0.6, 1, [Training(0, 0, learning_rate=0.05, rounds=7)]),
        FEWER: crossvalidated(true, every[:30], 1.2, 1, [Training(0, 0)]),
    }


@pytest.fixture
def judging(cohort: Cohort, estimates: dict[Entrant, CrossValidated]) -> Judging:
    return Judging(STUDY, estimates, cohort)


@pytest.fixture
def result(judging: Judging) -> StudyResult:
    return judging.result(Budget(folds=2, seeds=2), quick=True)


def test_a_result_says_what_was_asked_and_of_whom(cohort: Cohort, result: StudyResult) -> None:
    assert (result.study, result.asks, result.kalemia) == ("network", "Which network?", __version__)
    assert result.quick
    assert result.budget == StudiedBudget(2, 2, (0.006, 0.002), 20, 6, 150, 64)
    assert (result.cohort.labels, result.cohort.ecgs, result.cohort.hemolyzed) == ("simulated", N, cohort.hemolyzed)
    assert (result.cohort.source, result.cohort.level, result.cohort.seed) == ("simulated", "kidney", 2)
    assert result.cohort.digest == cohort.digest
    assert result.potassium_sd_meq_l == pytest.approx(true_of(cohort).std(), abs=1e-4)
    assert (result.sensitivity_asked, result.prevalence, result.interval_coverage) == (0.9, 0.04, 0.9)


def test_figures_of_an_entrant_are_of_its_own_ecgs_and_the_means_of_its_seeds(
    cohort: Cohort, estimates: dict[Entrant, CrossValidated], result: StudyResult
) -> None:
    true = true_of(cohort)
    for entrant, row in zip(estimates, result.entrants, strict=True):
        own = estimates[entrant]
        r2 = [metrics.r2_score(true[own.number], potassium) for potassium in own.potassium]
        assert row.name == entrant.name
        assert row.ecgs == len(own.number)
        assert row.r2.value == pytest.approx(np.mean(r2), abs=1e-4)
        assert row.r2_by_seed == pytest.approx(tuple(r2), abs=1e-4)
    assert [len(row.cuts_meq_l) for row in result.entrants] == [4, 2, 2]
    assert result.entrants[0].coverage_by_subgroup["all"].ecgs == N
    assert result.entrants[2].coverage_by_subgroup == {}  # of seven validation patients there is no interval


def test_differences_are_of_the_ecgs_that_both_have(
    cohort: Cohort, estimates: dict[Entrant, CrossValidated], result: StudyResult
) -> None:
    assert [(row.name, row.against, row.ecgs) for row in result.differences] == [
        (BOOSTING, "DSCRNN", 70),
        (MEDIAN, "DSCRNN", 30),
    ]
    true = true_of(cohort)
    for row, first, second in zip(result.differences, (slice(10, None), slice(0, 30)), (BOOSTED, FEWER), strict=True):
        base = np.mean([np.abs(seed[first] - true[first]).mean() for seed in estimates[NETWORK].potassium])
        other = np.abs(estimates[second].potassium[0] - true[first]).mean()
        assert row.mae_meq_l.value == pytest.approx(other - base, abs=1e-4)
        assert row.r2.below_zero
    assert result.reference == "DSCRNN"


def test_a_network_has_a_size_and_the_others_none(result: StudyResult) -> None:
    network, *others = result.entrants
    assert network.design == NETWORK.design
    assert network.layers is not None
    assert network.parameters == sum(layer.parameters for layer in network.layers) > 0
    assert network.macs == sum(layer.macs for layer in network.layers) > network.parameters
    assert network.us_per_ecg is None
    assert all(layer.us is None for layer in network.layers)
    for row in others:
        assert (row.parameters, row.macs, row.design, row.layers) == (0, 0, None, None)


def test_a_study_that_is_timed_has_the_time_of_each_layer(
    cohort: Cohort, estimates: dict[Entrant, CrossValidated]
) -> None:
    timed = Judging(replace(STUDY, timed=True), {NETWORK: estimates[NETWORK]}, cohort)
    (row,) = timed.result(Budget(), quick=False).entrants
    assert row.layers is not None
    times = [layer.us for layer in row.layers]
    assert all(us is not None and us >= 0 for us in times)
    assert row.us_per_ecg == pytest.approx(sum(us or 0 for us in times), abs=0.051)


def test_how_fits_went_is_kept_with_what_each_has(result: StudyResult) -> None:
    network, boosted, median = (row.fits for row in result.entrants)
    assert boosted == (Training(0, 0, learning_rate=0.05, rounds=7),)
    assert median == (Training(0, 0),)
    assert network[0].validation_mae_meq_l == (1.1, 1.0)
    assert json.loads(result.to_json())["entrants"][0]["fits"] == [NETWORK_FIT]


def test_the_files_are_the_result_and_every_estimate(
    cohort: Cohort, estimates: dict[Entrant, CrossValidated], judging: Judging, result: StudyResult, tmp_path: Path
) -> None:
    judging.write(tmp_path, result)
    assert StudyResult.from_json((tmp_path / "network.json").read_bytes()) == result
    rows = list(csv.DictReader(io.StringIO((tmp_path / "network.csv").read_text())))
    assert tuple(rows[0]) == COLUMNS
    assert [row["entrant"] for row in rows] == ["DSCRNN"] * 80 + [BOOSTING] * 70 + [MEDIAN] * 30
    first, last = rows[0], rows[-1]
    ecg, patient, potassium = cohort.table.select("ecg", "patient", "potassium_meq_l").row(0)
    assert (first["ecg"], first["patient"], first["potassium_meq_l"]) == (ecg, patient, f"{potassium:.2f}")
    assert float(first["estimate_meq_l"]) == pytest.approx(estimates[NETWORK].potassium[:, 0].mean(), abs=1e-4)
    assert float(first["low_meq_l"]) < float(first["estimate_meq_l"]) < float(first["high_meq_l"])
    assert (last["low_meq_l"], last["high_meq_l"]) == ("", "")
    assert [row["fold"] for row in rows[:4]] == ["0", "1", "0", "1"]
