"""A model judged on a cohort: every figure is that of its estimates, and a file is read as it was written."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

pytest.importorskip("polars")
metrics = pytest.importorskip("sklearn.metrics")

from kalemia import __version__
from kalemia.cohort.cohort import schema
from kalemia.errors import CohortError
from kalemia.estimate.card import Card
from kalemia.estimate.model import Model
from kalemia.judge.estimates import CohortEstimates
from kalemia.judge.evaluation import Evaluation, evaluate, text
from kalemia.judge.spans import Span
from kalemia.judge.subgroups import Share
from kalemia.records import Estimate, ModelName

if TYPE_CHECKING:
    from kalemia.cohort import Cohort


@pytest.fixture(scope="module")
def card(tiny: Model) -> Card:
    return replace(tiny.card, metrics={"cut_likelihood_ratio": 1.1})


@pytest.fixture(scope="module")
def evaluation(cohort: Cohort, made_up: CohortEstimates, card: Card) -> Evaluation:
    return evaluate(made_up, cohort, card)


def true_and_estimated(cohort: Cohort, made_up: CohortEstimates) -> tuple[np.ndarray, np.ndarray]:
    return made_up.numbers.true(cohort), made_up.numbers.potassium


def test_it_says_what_was_judged(cohort: Cohort, made_up: CohortEstimates, card: Card, evaluation: Evaluation) -> None:
    assert evaluation.model == ModelName("tiny", card.version, card.onnx_sha256, card.trained_on)
    assert evaluation.kalemia == __version__
    assert (evaluation.cohort.folder, evaluation.cohort.labels) == ("kidney", "simulated")
    assert (evaluation.cohort.ecgs, evaluation.cohort.digest) == (60, cohort.digest)
    estimated = len(made_up.numbers.rows)
    assert (evaluation.judged.ecgs, evaluation.judged.estimated) == (len(made_up.rows), estimated)
    assert evaluation.judged.patients == cohort.table["patient"].gather(made_up.numbers.rows).n_unique()
    assert evaluation.left_out == made_up.left_out
    assert sum(evaluation.refused.values()) == len(made_up.rows) - estimated


def test_figures_are_those_of_the_estimates(cohort: Cohort, made_up: CohortEstimates, evaluation: Evaluation) -> None:
    true, estimate = true_and_estimated(cohort, made_up)
    called = made_up.numbers.ratio > 1.1
    expected = {
        "mae_meq_l": metrics.mean_absolute_error(true, estimate),
        "r2": metrics.r2_score(true, estimate),
        "auroc_above_5.5": metrics.roc_auc_score(true > 5.5, estimate),
        "sensitivity": metrics.recall_score(true > 5.5, called),
        "specificity": metrics.recall_score(true <= 5.5, ~called),
        "coverage": np.mean(np.abs(true - estimate) <= 0.8 + 1e-9),
    }
    for name, value in expected.items():
        assert evaluation.figures[name].value == pytest.approx(value, abs=1e-4), name
    assert evaluation.potassium_sd_meq_l == pytest.approx(true.std(), abs=1e-4)
    assert evaluation.interval_width_meq_l == 1.6
    assert evaluation.called_high == Share.of(made_up.numbers.chance >= 0.5)
    assert (evaluation.population, evaluation.cut_likelihood_ratio) == ("dialysis", 1.1)
    assert (evaluation.sensitivity_asked, evaluation.prevalence, evaluation.interval_coverage) == (0.9, 0.04, 0.9)


def test_coverage_is_told_by_group(cohort: Cohort, evaluation: Evaluation) -> None:
    groups = evaluation.coverage_by_subgroup
    assert groups["all"].value == evaluation.figures["coverage"].value
    assert groups["female"].ecgs + groups["male"].ecgs == groups["all"].ecgs == evaluation.judged.estimated


def test_probabilities_are_held_against_what_was_measured(
    cohort: Cohort, made_up: CohortEstimates, evaluation: Evaluation
) -> None:
    above = made_up.numbers.true(cohort) > 5.5
    assert evaluation.probability.brier == pytest.approx(
        metrics.brier_score_loss(above, made_up.numbers.chance), abs=1e-4
    )
    assert sum(tenth.ecgs for tenth in evaluation.probability.tenths) == len(above)


def test_without_a_frozen_cut_there_is_no_sensitivity(
    cohort: Cohort, made_up: CohortEstimates, card: Card, evaluation: Evaluation
) -> None:
    found = evaluate(made_up, cohort, replace(card, metrics={}))
    assert found.cut_likelihood_ratio is None
    assert {"sensitivity", "specificity", "ppv"} == set(evaluation.figures) - set(found.figures)


def test_a_file_is_read_as_it_was_written(evaluation: Evaluation) -> None:
    assert Evaluation.from_json(evaluation.to_json()) == evaluation
    plain = json.loads(evaluation.to_json())
    assert list(plain) == [
        "model", "kalemia", "cohort", "left_out", "judged", "refused", "potassium_sd_meq_l", "population",
        "cut_likelihood_ratio", "sensitivity_asked", "prevalence", "interval_coverage", "interval_width_meq_l",
        "figures", "called_high", "coverage_by_subgroup", "probability",
    ]  # fmt: skip
    assert list(plain["probability"]) == ["brier_of_the_share", "brier_above_5.5", "tenths"]
    assert list(plain["probability"]["tenths"][0]) == ["said", "ecgs", "value", "low", "high"]
    assert list(plain["called_high"]) == ["ecgs", "value", "low", "high"]
    assert plain["model"] == vars(evaluation.model)
    alone = replace(evaluation, cut_likelihood_ratio=None)
    assert json.loads(alone.to_json())["cut_likelihood_ratio"] is None
    assert Evaluation.from_json(alone.to_json()) == alone


@pytest.mark.parametrize("field", ["model", "figures", "probability", "judged"])
def test_a_damaged_file_is_not_read(evaluation: Evaluation, field: str) -> None:
    plain = json.loads(evaluation.to_json())
    with pytest.raises(ValueError, match=field):
        Evaluation.from_json(json.dumps(plain | {field: 3}).encode())


def test_fewer_than_two_estimates_get_a_sentence_with_the_first_reason(cohort: Cohort, card: Card) -> None:
    refused = Estimate("a", "refused", reason="V5 is flat")
    one = Estimate("b", "estimated", 5.0, (4.0, 6.0), 0.9, {"5.5": 0.3}, likelihood_ratio={"high": 1.0, "low": 1.0})
    few = CohortEstimates(np.arange(3), (one, refused, refused), {})
    with pytest.raises(CohortError) as error:
        evaluate(few, cohort, card)
    assert str(error.value) == (
        f"{cohort.folder}: 1 of 3 ECGs could be estimated, at least two are needed; the first reason is: V5 is flat"
    )
    with pytest.raises(CohortError, match=r"at least two are needed$"):
        evaluate(CohortEstimates(np.arange(1), (one,), {}), cohort, card)


def test_a_terminal_shows_what_matters(evaluation: Evaluation) -> None:
    shown = replace(
        evaluation,
        left_out={"hemolyzed": 1234},
        refused={"a lead is flat": 3},
        judged=replace(evaluation.judged, ecgs=1500, estimated=300),
        figures={"r2": Span(0.5, 0.4, 0.6), "coverage": Span(0.9, None, None), "ppv": Span(0.3, None, None)},
        called_high=Share(300, 0.047, 0.03, 0.0744),
    )
    assert text(shown).splitlines() == [
        f"tiny {evaluation.model.version} on 1,500 ECGs of kidney (simulated potassium)",
        "  left out: 1,234 hemolyzed",
        "  refused: 1,200",
        "    3 a lead is flat",
        "  R2: 0.500 (0.400 to 0.600)",
        "  share of 0.9 intervals that hold: 0.900",
        "  called high: 4.7% (3.0% to 7.4%)",
        "  population: dialysis",
    ]


def test_a_row_of_the_cohort_is_judged_as_the_laboratory_wrote_it(cohort: Cohort) -> None:
    """Tables hold 32-bit numbers: 5.5 may be 5.5000001, and would be above 5.5."""
    assert schema()["potassium_meq_l"] == cohort.table["potassium_meq_l"].dtype
    table = cohort.table.with_columns(potassium_meq_l=cohort.table["potassium_meq_l"] * 0 + np.float32(5.6))
    estimates = CohortEstimates(np.arange(2), (Estimate("a", "refused"),) * 2, {})
    numbers = replace(estimates.numbers, rows=np.arange(2))
    assert numbers.true(replace(cohort, table=table)).tolist() == [5.6, 5.6]
