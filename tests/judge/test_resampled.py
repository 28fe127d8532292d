"""Figures of merit on resampled patients: scikit-learn says the same of each resample."""

from __future__ import annotations

import numpy as np
import pytest

metrics = pytest.importorskip("sklearn.metrics")
from scipy.stats import linregress

from kalemia.judge import resampled
from kalemia.judge.metrics import regression
from kalemia.judge.resampled import Predictions, merits, span, spans, weights
from kalemia.judge.spans import Span

RNG = np.random.default_rng(0)
N = 300
PATIENTS = np.array([f"p{k // 3}" for k in range(N)])
TRUE = np.round(RNG.normal(5, 1.3, N), 1)
ESTIMATE = np.round(4 + 0.3 * TRUE + RNG.normal(0, 0.5, N), 1)  # with ties
CALLED, COVERED = ESTIMATE > 5.6, np.abs(ESTIMATE - TRUE) < 1.5


@pytest.fixture(scope="module")
def found() -> dict[str, np.ndarray]:
    return merits(TRUE, Predictions(ESTIMATE, CALLED, COVERED), PATIENTS)


@pytest.mark.parametrize("resample", [0, 1, 77])
def test_scikit_learn_says_the_same(found: dict[str, np.ndarray], resample: int) -> None:
    _, which = np.unique(PATIENTS, return_inverse=True)
    w = weights(100, range(resample, resample + 1))[0, which]
    expected = {
        "mae_meq_l": metrics.mean_absolute_error(TRUE, ESTIMATE, sample_weight=w),
        "rmse_meq_l": metrics.root_mean_squared_error(TRUE, ESTIMATE, sample_weight=w),
        "r2": metrics.r2_score(TRUE, ESTIMATE, sample_weight=w),
        "auroc_above_5.5": metrics.roc_auc_score(TRUE > 5.5, ESTIMATE, sample_weight=w),
        "auprc_at_least_6.0": metrics.average_precision_score(TRUE >= 6.0, ESTIMATE, sample_weight=w),
        "auroc_below_3.5": metrics.roc_auc_score(TRUE < 3.5, -ESTIMATE, sample_weight=w),
        "sensitivity": metrics.recall_score(TRUE > 5.5, CALLED, sample_weight=w),
        "specificity": metrics.recall_score(TRUE <= 5.5, ~CALLED, sample_weight=w),
        "coverage": np.average(COVERED, weights=w),
    }
    assert {name: found[name][resample] for name in expected} == pytest.approx(expected, abs=1e-9)


CUTS = {
    "above_5.5": TRUE > 5.5,
    "at_least_5.5": TRUE >= 5.5,
    "at_least_6.0": TRUE >= 6.0,
    "at_least_6.5": TRUE >= 6.5,
    "below_3.5": TRUE < 3.5,
}


@pytest.mark.parametrize("question", CUTS)
@pytest.mark.parametrize("resample", [0, 13])
def test_areas_are_scikit_learns_for_every_question(found: dict[str, np.ndarray], question: str, resample: int) -> None:
    w = weights(100, range(resample, resample + 1))[0, np.unique(PATIENTS, return_inverse=True)[1]]
    score = -ESTIMATE if question == "below_3.5" else ESTIMATE
    area = metrics.roc_auc_score(CUTS[question], score, sample_weight=w)
    precision = metrics.average_precision_score(CUTS[question], score, sample_weight=w)
    assert found[f"auroc_{question}"][resample] == pytest.approx(area, abs=1e-9)
    assert found[f"auprc_{question}"][resample] == pytest.approx(precision, abs=1e-9)


@pytest.mark.parametrize("resample", [0, 5])
def test_errors_of_each_bin_and_limits_are_weighed(found: dict[str, np.ndarray], resample: int) -> None:
    w = weights(100, range(resample, resample + 1))[0, np.unique(PATIENTS, return_inverse=True)[1]]
    error = ESTIMATE - TRUE
    for low, high in ((0, 3.5), (3.5, 5.5), (5.5, 6.5), (6.5, 99)):
        inside = (low <= TRUE) & (high > TRUE)
        expected = np.average(np.abs(error[inside]), weights=w[inside])
        assert found[f"mae_meq_l_{low:g}_to_{high:g}"][resample] == pytest.approx(expected)
    bias = np.average(error, weights=w)
    half = 1.96 * np.sqrt(np.average(np.square(error - bias), weights=w))
    assert found["bias_meq_l"][resample] == pytest.approx(bias)
    assert found["lower_limit_meq_l"][resample] == pytest.approx(bias - half)
    assert found["upper_limit_meq_l"][resample] == pytest.approx(bias + half)


def test_an_interval_is_the_middle_nineteen_twentieths_of_the_resamples(found: dict[str, np.ndarray]) -> None:
    values = found["r2"]
    assert len(values) == 2001
    low, high = np.percentile(values[1:], [2.5, 97.5])
    assert span(values) == Span(round(values[0], 4), round(low, 4), round(high, 4))
    some = np.array([0.5, np.nan, 0.1, 0.3, np.inf])
    assert span(some) == Span(0.5, 0.105, 0.295)  # those that are defined
    assert span(np.array([0.5, np.nan])) == Span(0.5, None, None)


@pytest.mark.parametrize(("ecgs", "resamples"), [(300, 2000), (40_000, 1000), (200_000, 400)])
def test_large_cohorts_have_fewer_resamples(ecgs: int, resamples: int, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def weighed(_true: np.ndarray, _predictions: Predictions, w: np.ndarray) -> dict[str, np.ndarray]:
        asked.append(len(w))
        return {"r2": np.zeros(len(w))}

    monkeypatch.setattr(resampled, "_weighed", weighed)
    monkeypatch.setattr(resampled, "weights", lambda patients, piece: np.ones((len(piece), patients), np.int8))
    monkeypatch.setattr(resampled, "_of_few", lambda *_: set())
    monkeypatch.setattr(resampled, "AT_ONCE", 10**9)
    few = np.arange(ecgs) % 12
    merits(np.zeros(ecgs), Predictions(np.zeros(ecgs)), few.astype("U2"))
    assert sum(asked) == 1 + resamples


def test_predictions_of_some_of_the_ecgs_are_theirs() -> None:
    rows = np.array([5, 2, 9])
    some = Predictions(ESTIMATE, CALLED, None).only(rows)
    assert some.potassium.tolist() == ESTIMATE[[5, 2, 9]].tolist()
    assert some.called is not None
    assert some.called.tolist() == CALLED[[5, 2, 9]].tolist()
    assert some.covered is None
    half = Predictions(ESTIMATE, None, COVERED).only(TRUE > 5)
    assert half.called is None
    assert half.covered is not None
    assert len(half.covered) == len(half.potassium) == np.sum(TRUE > 5)


def test_of_the_patients_as_they_are_it_is_what_the_cards_say(found: dict[str, np.ndarray]) -> None:
    for name, value in regression(TRUE, ESTIMATE).items():
        assert found[name][0] == pytest.approx(value, abs=1e-4)
    line = linregress(ESTIMATE, TRUE)
    assert found["calibration_slope"][0] == pytest.approx(line.slope)
    error = ESTIMATE - TRUE
    assert found["upper_limit_meq_l"][0] == pytest.approx(error.mean() + 1.96 * error.std())
    sick, alarm, healthy = (np.mean(part) for part in (CALLED[TRUE > 5.5], CALLED[TRUE <= 5.5], [0.96]))
    assert found["ppv"][0] == pytest.approx(0.04 * sick / (0.04 * sick + healthy * alarm))


def test_a_resample_draws_patients_and_not_ecgs() -> None:
    drawn = weights(100, range(51))
    assert drawn.shape == (51, 100)
    assert np.array_equal(weights(100, range(20, 30)), drawn[20:30])
    assert drawn[1:].std(axis=1).mean() == pytest.approx(1, abs=0.1)
    assert (drawn[0] == 1).all()
    assert (drawn.sum(axis=1) == 100).all()
    one = merits(TRUE, Predictions(ESTIMATE), PATIENTS)
    alone = merits(TRUE, Predictions(ESTIMATE), np.array([f"p{k}" for k in range(N)]))
    twice = merits(np.tile(TRUE, 4), Predictions(np.tile(ESTIMATE, 4)), np.tile(PATIENTS, 4))
    assert span(twice["mae_meq_l"]) == span(one["mae_meq_l"])  # the same patients, four ECGs each
    assert span(alone["mae_meq_l"]).value == span(one["mae_meq_l"]).value


def test_what_is_not_defined_is_none() -> None:
    low = np.full(30, 4.0)
    found = spans(merits(low, Predictions(low), np.arange(30).astype(str)))
    assert found["auroc_above_5.5"] == Span(None, None, None)
    assert found["r2"].value is None
    assert found["calibration_slope"].value is None
    assert found["r"].value == 0
    assert "sensitivity" not in found


def test_a_large_cohort_is_weighed_in_pieces(monkeypatch: pytest.MonkeyPatch, found: dict[str, np.ndarray]) -> None:
    monkeypatch.setattr(resampled, "AT_ONCE", 10 * N)
    again = merits(TRUE, Predictions(ESTIMATE, CALLED, COVERED), PATIENTS)
    for name, values in found.items():
        np.testing.assert_allclose(again[name], values)


@pytest.mark.parametrize("resample", [0, 5])
def test_sensitivity_beside_somebody_is_on_the_roc_curve(resample: int) -> None:
    high, said = TRUE > 5.5, TRUE + RNG.normal(0, 1.5, N) > 6
    w = weights(N, range(resample + 1))
    found = resampled.sensitivity_beside(high, ESTIMATE, said, w)[resample]
    false, hit, _ = metrics.roc_curve(high, ESTIMATE, sample_weight=w[resample], drop_intermediate=False)
    alarms = np.average(said[~high], weights=w[resample][~high])
    assert found == pytest.approx(hit[false <= alarms + 1e-12].max())


def test_beside_somebody_without_a_false_alarm_it_counts_what_lies_above_all_the_well() -> None:
    truth, score = np.array([True, True, True, False, False]), np.array([3.0, 2.0, 1.0, 2.0, 0.0])
    w = np.ones((1, 5))
    silent, one_alarm = np.zeros(5, bool), np.array([False, False, False, True, False])
    assert resampled.sensitivity_beside(truth, score, silent, w) == pytest.approx([1 / 3])
    assert resampled.sensitivity_beside(truth, score, one_alarm, w) == pytest.approx([1.0])


def test_what_rests_on_few_patients_has_no_interval() -> None:
    true = np.concatenate([np.full(200, 4.5), np.full(5, 6.0)])
    estimate = np.concatenate([RNG.normal(4.5, 0.3, 200), np.full(5, 6.2)])
    found = spans(merits(true, Predictions(estimate, estimate > 5.5), np.arange(205).astype(str)))
    for name in ("sensitivity", "ppv", "auroc_above_5.5", "auprc_at_least_6.0", "mae_meq_l_5.5_to_6.5"):
        assert found[name].value is not None
        assert found[name].low is None
    for name in ("specificity", "mae_meq_l", "mae_meq_l_3.5_to_5.5", "r2"):
        assert found[name].low is not None
    alone = spans(merits(true[:9], Predictions(estimate[:9]), np.arange(9).astype(str)))
    assert alone["mae_meq_l"].low is None


@pytest.mark.parametrize(
    ("name", "span", "possible"),
    [
        ("r2", Span(-1e9, -2e9, 0.5), True),
        ("r2", Span(1.1, None, None), False),
        ("r", Span(-1.0, None, None), True),
        ("r", Span(-1.1, None, None), False),
        ("calibration_slope", Span(-3.0, -4.0, 7.0), True),
        ("bias_meq_l", Span(-3.0, -4.0, 7.0), True),
        ("mae_meq_l_6.5_to_99", Span(3.0, 2.0, 4.0), True),
        ("mae_meq_l_6.5_to_99", Span(-0.1, None, None), False),
        ("rmse_meq_l", Span(1.0, 2.0, 1.5), False),
        ("auroc_above_5.5", Span(1.0, 0.0, 1.0), True),
        ("auroc_above_5.5", Span(0.5, 0.4, 1.2), False),
        ("sensitivity", Span(None, -0.1, 0.4), False),
        ("ppv", Span(None, None, None), True),
        ("ppv", Span(float("nan"), None, None), False),
    ],
)
def test_a_figure_is_possible_or_not(name: str, span: Span, possible: bool) -> None:
    assert resampled.impossible({"coverage": Span(0.9, 0.8, 1.0), name: span}) == (None if possible else name)
