"""Estimates of a cohort: what predicting says of each ECG, whoever works, and why others were refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

pytest.importorskip("polars")
pytest.importorskip("sklearn")

from pathlib import Path

from kalemia.estimate.population import Population
from kalemia.estimate.predict import predict
from kalemia.judge import estimates
from kalemia.judge.estimates import CohortEstimates, estimate_cohort
from kalemia.records import Estimate, Recording

if TYPE_CHECKING:
    from kalemia.cohort import Cohort


@pytest.fixture(scope="module")
def asked(cohort: Cohort, tiny_path: Path) -> CohortEstimates:
    return estimate_cohort(tiny_path, cohort)


def test_they_are_what_predicting_says(cohort: Cohort, tiny_path: Path, asked: CohortEstimates) -> None:
    assert asked.rows.tolist() == np.flatnonzero(~cohort.table["hemolyzed"].to_numpy()).tolist()
    for place in (0, 1, 20, len(asked.rows) - 1):
        assert asked.estimates[place] == predict(cohort.recording(int(asked.rows[place])), tiny_path)
    assert {one.status for one in asked.estimates} == {"estimated", "refused"}


def test_they_are_of_patients_of_a_population(cohort: Cohort, own_model: Path, asked: CohortEstimates) -> None:
    assert asked.population == "kidney"
    sick = Population.load("emergency")
    found = estimate_cohort(own_model, cohort, population=sick)
    assert found.population == "emergency"
    place = next(place for place, one in enumerate(asked.estimates) if one.status == "estimated")
    recording = cohort.recording(int(found.rows[place]))
    assert found.estimates[place] == predict(recording, own_model, population=sick)
    assert found.estimates[place].likelihood_ratio == asked.estimates[place].likelihood_ratio
    assert found.estimates[place].potassium_meq_l != asked.estimates[place].potassium_meq_l


def test_two_workers_say_the_same(
    cohort: Cohort, tiny_path: Path, asked: CohortEstimates, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(estimates, "CHUNK", 30)
    assert estimate_cohort(tiny_path, cohort, workers=2).estimates == asked.estimates


def test_it_is_told_how_many_are_done(cohort: Cohort, own_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(recording: Recording) -> Estimate:
        return Estimate(recording.source, "refused", reason="no")

    done: list[tuple[int, int]] = []
    monkeypatch.setattr(estimates, "CHUNK", 25)
    monkeypatch.setattr(estimates, "predict", lambda recording, _, population: refused(recording))
    count = len(cohort) - cohort.hemolyzed
    found = estimate_cohort(own_model, cohort, progress=lambda *both: done.append(both))
    assert done == [(25, count), (50, count), (count, count)]
    assert [one.source for one in found.estimates] == cohort.table["ecg"].gather(found.rows).to_list()


def test_numbers_are_those_of_what_was_estimated(cohort: Cohort, made_up: CohortEstimates) -> None:
    own = made_up.numbers
    kept = [place for place, one in enumerate(made_up.estimates) if one.status == "estimated"]
    assert own.rows.tolist() == made_up.rows[kept].tolist()
    rows = zip(own.potassium, own.low, own.high, own.chance, own.ratio, strict=True)
    for place, row in zip(kept, rows, strict=True):
        one = made_up.estimates[place]
        bounds, ratio = one.interval_meq_l or (), one.likelihood_ratio["high"]
        assert row == (one.potassium_meq_l, *bounds, one.probability_above["5.5"], ratio)
    true = cohort.table["potassium_meq_l"].to_numpy()[own.rows]
    assert own.true(cohort) == pytest.approx(true, abs=0.0051)
    assert own.true(cohort).tolist() == [round(float(value), 2) for value in own.true(cohort)]


def test_of_nothing_that_was_estimated_there_are_no_numbers() -> None:
    none = CohortEstimates(np.arange(2), (Estimate("a", "refused"), Estimate("b", "failed")), {})
    assert [part.shape for part in (none.numbers.rows, none.numbers.potassium, none.numbers.ratio)] == [(0,)] * 3


def test_reasons_are_counted_by_their_kind_the_most_frequent_first(made_up: CohortEstimates) -> None:
    refused = [one for one in made_up.estimates if one.status == "refused"]
    assert sum(made_up.refused().values()) == len(refused)
    assert list(made_up.refused()) == ["a heart rate of … bpm", "a lead is flat"]


def test_only_the_most_frequent_reasons_are_listed() -> None:
    many = [Estimate("a", "refused", reason=f"reason {chr(97 + k)}") for k in range(20)]
    often = [
        Estimate("a", "failed", reason="often"),
        Estimate("a", "refused", reason="often"),
        Estimate("a", "refused"),
    ]
    found = CohortEstimates(np.arange(23), (*many, *often), {}).refused()
    assert len(found) == 12
    assert next(iter(found.items())) == ("often", 2)
    assert CohortEstimates(np.arange(3), tuple(often), {}).refused() == {"often": 2, "no reason": 1}
