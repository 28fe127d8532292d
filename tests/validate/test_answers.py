"""What potassium does in the terms of the clinic's figures: each number from patients whose measures are exact."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from tables import Changes, patients, table

from kalemia.validate import answers
from kalemia.validate.answers import of
from kalemia.validate.criterion import Measurement
from kalemia.validate.patients import POTASSIUM, Patients
from kalemia.validate.table import COLUMNS, Numbers, peaked_t, slow, wide_qrs


def linear(lead: str, name: str, at_four: float, step: float) -> Patients:
    """Return patients whose measure grows by a step a mEq/L, each from another height."""
    own = np.linspace(0.9, 1.1, 7)
    return patients(7, lambda k: {(lead, name): own * at_four + step * (k - 4.0)})


@pytest.mark.parametrize("step", [-12.8, 0.0, 43.0])
def test_a_slope_is_the_mean_of_the_patients_own(step: float) -> None:
    found = answers.slope(linear("II", "qtc_ms", 400.0, step), of("II", "qtc_ms"))
    assert found.value == pytest.approx(step, abs=1e-9)
    assert found.note in ("standard error 0.0", "standard error -0.0")


def test_a_slope_knows_how_far_patients_differ() -> None:
    steps = np.array([-20.0, -10.0, 0.0, 10.0])
    found = answers.slope(patients(4, lambda k: {("II", "qtc_ms"): 400 + steps * k}), of("II", "qtc_ms"))
    assert found.value == pytest.approx(-5.0)
    assert found.note == f"standard error {steps.std() / 2:.1f}"


def test_a_slope_is_between_two_and_four_and_a_bit() -> None:
    """What happens above 4.1 must not count."""
    made = patients(3, lambda k: {("II", "pr_ms"): 160.0 if k <= 4.1 else 900.0})
    assert answers.slope(made, of("II", "pr_ms")).value == pytest.approx(0.0)


def test_a_slope_leaves_out_who_could_not_be_measured_at_every_level() -> None:
    made = patients(3, lambda k: {("II", "qtc_ms"): np.array([400 + k, 400 + k, np.nan if k == 3.0 else 400 + 9 * k])})
    assert answers.slope(made, of("II", "qtc_ms")).value == pytest.approx(1.0)
    nobody = patients(2, lambda _: {("II", "qtc_ms"): np.nan})
    assert math.isnan(answers.slope(nobody, of("II", "qtc_ms")).value)


def test_the_mean_t_is_over_five_leads_in_uv() -> None:
    heights = {("I", "t_mv"): 0.1, ("II", "t_mv"): 0.2, ("V2", "t_mv"): 0.3, ("V4", "t_mv"): 0.4, ("V5", "t_mv"): 0.5}
    others = {("V1", "t_mv"): 9.0, ("V3", "t_mv"): 9.0, ("V6", "t_mv"): 9.0}
    np.testing.assert_allclose(answers.mean_t_uv(table(2, heights | others)), 300.0)


@pytest.mark.parametrize(("scale", "expected"), [(1.0, 0.3), (1000.0, 300.0)])
def test_a_measure_is_a_column_in_its_unit(scale: float, expected: float) -> None:
    np.testing.assert_allclose(of("V5", "t_mv", scale)(table(3)), expected)


def test_growth_is_weighted_over_the_levels_before_dialysis() -> None:
    heights = {4.3: 0.4, 6.0: 0.5, 6.5: 0.7}
    made = patients(3, lambda k: {("V4", "t_mv"): heights.get(k, 9.0)})
    found = answers.growth(made, of("V4", "t_mv", 10))
    assert found.value == pytest.approx(1.5)
    assert found.note == "4.0 to 6.0 mm"


def test_growth_is_of_the_same_patients() -> None:
    lost = np.array([160.0, 160.0, 160.0])
    made = patients(3, lambda k: {("II", "pr_ms"): lost if k != 6.5 else np.array([200.0, 200.0, np.nan])})
    made.at[4.3].values[2, COLUMNS["II", "pr_ms"]] = 900.0  # who cannot be followed must not count at the start either
    found = answers.growth(made, of("II", "pr_ms"), unit="ms")
    assert found.value == pytest.approx(180 / 160)
    assert found.note == "160 to 180 ms"
    nobody = answers.growth(patients(2, lambda _: {("II", "pr_ms"): np.nan}), of("II", "pr_ms"))
    assert math.isnan(nobody.value)


def test_growth_from_nothing_is_no_number() -> None:
    assert math.isnan(answers.growth(patients(2, lambda _: {("V4", "t_mv"): 0.0}), of("V4", "t_mv")).value)


@pytest.mark.parametrize(
    "weights", [answers.NORMAL, answers.ABOVE_5_5, answers.ABOVE_6_5, answers.ABOVE_7, answers.DIALYSIS]
)
def test_weights_are_shares_over_levels_that_are_measured(weights: answers.Weights) -> None:
    assert sum(weights.values()) == pytest.approx(1.0)
    assert set(weights) <= set(POTASSIUM)


@pytest.mark.parametrize(
    ("weights", "low", "high"),
    [
        (answers.ABOVE_5_5, 5.5, 9.0),
        (answers.ABOVE_6_5, 6.5, 9.0),
        (answers.ABOVE_7, 7.0, 9.0),
        (answers.NORMAL, 3.5, 5.0),
    ],
)
def test_weights_stand_for_their_range_and_fall(weights: answers.Weights, low: float, high: float) -> None:
    assert all(low <= k <= high for k in weights)
    if low > 5:
        assert list(weights.values()) == sorted(weights.values(), reverse=True)


def test_a_share_is_of_those_who_were_measured() -> None:
    rates = np.array([50.0, 70.0, np.nan, 55.0])

    def answer(_: float) -> Changes:
        return {("", "rate_bpm"): rates, ("II", "qrs_ms"): np.where(np.isnan(rates), np.nan, 90.0)}

    assert answers.share(patients(4, answer), slow, answers.NORMAL).value == pytest.approx(100 * 2 / 3)


@pytest.mark.parametrize(("at", "expected"), [(7.2, 50.0), (7.5, 30.0), (8.0, 20.0), (4.3, 0.0)])
def test_a_share_weighs_each_level(at: float, expected: float) -> None:
    made = patients(2, lambda k: {("II", "qrs_ms"): 140.0 if k == at else 90.0})
    assert answers.share(made, wide_qrs, answers.ABOVE_7).value == pytest.approx(expected)


def test_steepening_is_the_median_patient() -> None:
    factor = np.array([1.0, 1.2, 9.0])
    made = patients(3, lambda k: {("V4", "t_downslope_mv_s"): 4.5 * (factor if k == 6.0 else 1.0)})
    assert answers.steepening(made, "V4").value == pytest.approx(1.2)


@pytest.mark.parametrize(("width_ms", "long"), [(117.0, False), (119.0, True)])
def test_a_long_t_is_two_hundred_ms_between_tangents(width_ms: float, *, long: bool) -> None:
    assert answers.long_t(table(1, {("II", "t_width_ms"): width_ms}))[0] == long


def test_correlations_need_three_patients_who_differ() -> None:
    two = patients(2, lambda k: {("V5", "t_mv"): k})
    assert math.isnan(answers.correlation(two, of("V5", "t_mv")).value)
    falling = patients(20, lambda k: {("V5", "t_mv"): -k})
    assert answers.correlation(falling, of("V5", "t_mv")).value == pytest.approx(-1.0)


def test_in_renal_failure_every_patient_is_seen_once() -> None:
    """Patient i at level i modulo 6: a measure that tells patients apart must not look like potassium's."""
    levels: NDArray[np.float64] = np.array(answers.RENAL)
    made = patients(12, lambda k: {("V5", "t_mv"): np.where(np.resize(levels, 12) == k, k, -99.0)})
    assert answers.explained(made, of("V5", "t_mv")).value == pytest.approx(1.0)
    hidden = patients(12, lambda k: {("V5", "t_mv"): np.where(np.resize(levels, 12) == k, 0.3, k)})
    assert math.isnan(answers.explained(hidden, of("V5", "t_mv")).value)


def test_those_without_p_do_not_count_in_renal_failure() -> None:
    def answer(k: float) -> Changes:
        lost = np.arange(24) % 2 == 0
        p_mv = np.where(lost, 0.0, 0.1)
        return {("II", "pr_ms"): np.where(lost, -999.0, 100 + k), ("II", "p_mv"): p_mv, ("V1", "p_mv"): p_mv}

    assert answers.explained(patients(24, answer), of("II", "pr_ms"), answers.p_present).value == pytest.approx(1.0)


def test_medians_are_the_last_with_all_in_a_note() -> None:
    made = patients(3, lambda k: {("II", "qrs_ms"): np.array([80.0, 90.0, 500.0]) + k})
    found = answers.medians(made, of("II", "qrs_ms"), (4.3, 9.0), 0)
    assert found == Measurement(99.0, "94, 99")


def test_the_fewest_measured_level_is_named() -> None:
    made = patients(4, lambda k: {("II", "qrs_ms"): np.array([90, np.nan, np.nan, 90]) if k == 9.0 else 90.0})
    assert answers.fewest_measured(made) == Measurement(50.0, "at 9 mEq/L")


@pytest.mark.parametrize("summary", [answers.mean, answers.median])
def test_what_was_not_measured_counts_in_no_summary(summary: Callable[[Numbers], float]) -> None:
    assert summary(np.array([1.0, np.nan, 3.0, np.inf])) == 2.0
    assert math.isnan(summary(np.array([np.nan])))
    assert math.isnan(summary(np.array([])))


def test_everyone_measured_and_everyone_with_p() -> None:
    some = table(3, {("II", "qrs_ms"): np.array([90.0, np.nan, 90.0]), ("", "rr_change"): np.array([0.02, 0.02, 0.3])})
    assert answers.measured(some).tolist() == [True, False, True]
    assert answers.p_present(some).tolist() == [True, True, False]
    assert peaked_t(some).tolist() == [False, False, False]
