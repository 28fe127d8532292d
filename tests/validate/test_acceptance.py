"""The acceptance table: patients who answer exactly as the clinic's pass, those who don't are missed."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from tables import Changes, patients, table

from kalemia.errors import SimulateError, ValidateError
from kalemia.records import EIGHT
from kalemia.validate import answers
from kalemia.validate.acceptance import assess, checks
from kalemia.validate.answers import of
from kalemia.validate.criterion import Criterion, Measurement, Outcome
from kalemia.validate.patients import examine, ordinary, own_potassium
from kalemia.validate.real import MEDIANS, against_real
from kalemia.validate.table import COLUMNS, row, wide_qrs

LOW = Criterion("X", "x", "ms", "-12.8", "nobody", -16.6, -9.0, "30 %")


@pytest.mark.parametrize(
    ("value", "verdict"),
    [(-12.8, "pass"), (-9.0, "pass"), (-9.04, "pass"), (-8.9, "missed"), (-16.7, "missed"), (math.nan, "missed")],
)
def test_a_verdict_is_on_what_is_shown(value: float, verdict: str) -> None:
    assert LOW.check(Measurement(value)).verdict == verdict


def test_a_row_without_limits_is_only_reported() -> None:
    row = Criterion("X", "x", "%", "0", "nobody")
    assert row.check(Measurement(99.0)).verdict == "reported"
    assert row.check(Measurement(math.nan)).verdict == "reported"


def test_a_result_says_its_number_unit_and_note() -> None:
    assert LOW.check(Measurement(-12.84, "of 3")).shown == "-12.8 ms (of 3)"
    assert LOW.check(Measurement(math.nan)).shown == "not measured"
    assert LOW.expected_shown == "-12.8 ms"
    assert Criterion("X", "x", "mV", "falls", "nobody").expected_shown == "falls"
    said = json.loads(json.dumps(Outcome(LOW, Measurement(math.nan), "missed").to_dict()))
    assert (said["got"], said["low"], said["verdict"], said["id"]) == (None, -16.6, "missed", "X")


def _clinic(potassium: float) -> Changes:
    """Answer as the clinic's population does."""
    low, high = min(potassium, 4.1) - 4.1, max(potassium - 4.3, 0.0)
    t = {(lead, "t_mv"): 0.35 + 0.043 * low + 0.064 * high for lead in EIGHT}
    steep = {(lead, "t_downslope_mv_s"): (0.35 + 0.064 * high) * (10 + high) for lead in EIGHT}
    return t | steep | {
        ("II", "qtc_ms"): 400 - 12.8 * low,
        ("II", "pr_ms"): 167 - 4.6 * low + 10.8 * high,
        ("II", "p_ms"): 100 - 2.7 * low,
        ("II", "p_mv"): 0.1 - 0.0035 * low,
    }  # fmt: skip


def _verdicts(found: list[Outcome]) -> dict[str, str]:
    return {result.criterion.id: result.verdict for result in found}


def test_patients_who_answer_as_the_clinic_pass() -> None:
    found = {result.criterion.id: result for result in assess(patients(12, _clinic))}
    for id_ in ("A1", "A2", "A2a", "A3a", "A3b", "A3c", "Ba", "Bb", "D1a", "D1b", "D2"):
        assert found[id_].verdict == "pass", (id_, found[id_].shown)
    assert found["A1"].measured.value == pytest.approx(-12.8)
    assert found["A2c"].measured.value == pytest.approx(43)
    assert found["A3a"].measured.value == pytest.approx(-4.6)


def test_patients_who_do_not_answer_are_missed() -> None:
    found = _verdicts(assess(patients(12, lambda _: {})))
    for id_ in ("A1", "A2", "A2a", "A3a", "A3b", "A3c", "Ba", "Bb", "D1a", "D1b", "D2", "Fb", "Fd", "Ff", "Fh", "Ga"):
        assert found[id_] == "missed", id_


def test_every_row_has_an_id_of_its_own_and_a_source() -> None:
    rows = [row for row, _ in checks()]
    assert len({row.id for row in rows}) == len(rows)
    assert {row.id[0] for row in rows} == set("ABDEFGHIM")
    assert all(row.source and row.expected and row.what for row in rows)
    assert all((row.low is None) == (row.high is None) for row in rows)
    assert all(row.low < row.high for row in rows if row.low is not None and row.high is not None)


@pytest.mark.parametrize(
    ("id_", "low", "high"), [("A1", -16.64, -8.96), ("Fa", 5.0, 13.3), ("Fb", 19.1, 47.5), ("G2", 16.5, 36.9)]
)
def test_limits_follow_from_the_source(id_: str, low: float, high: float) -> None:
    row = next(row for row, _ in checks() if row.id == id_)
    assert (row.low, row.high) == pytest.approx((low, high), abs=0.05)


def test_pr_is_averaged_over_those_with_a_p_wave() -> None:
    made = patients(4, _clinic)
    for found in made.at.values():
        found.values[0, [COLUMNS["II", "p_mv"], COLUMNS["V1", "p_mv"]]] = 0.0
        found.values[0, COLUMNS["II", "pr_ms"]] = 1000.0
    assert answers.slope(made, of("II", "pr_ms"), answers.p_present).value == pytest.approx(-4.6)


def test_a_share_is_weighted_over_potassium_and_leaves_out_the_unmeasured() -> None:
    qrs = np.array([90, 130, 90, np.nan])

    def answer(potassium: float) -> Changes:
        return {("II", "qrs_ms"): qrs} if potassium == 7.2 else {}

    made = patients(4, answer)
    found = answers.share(made, wide_qrs, {6.5: 1.0, 7.2: 3.0})
    assert found.value == pytest.approx(100 * (1 / 3) * 3 / 4)
    assert answers.fewest_measured(made) == Measurement(75.0, "at 7.2 mEq/L")


def test_a_ratio_of_means_says_both() -> None:
    made = patients(3, lambda k: {("V4", "t_mv"): 0.5 if k in (6.0, 6.5) else 0.4})
    found = answers.growth(made, of("V4", "t_mv", 10))
    assert found.value == pytest.approx(1.25)
    assert found.note == "4.0 to 5.0 mm"


def test_correlation_is_over_patients_with_a_potassium_each() -> None:
    made = patients(30, lambda k: {("V5", "t_mv"): 0.1 * k, ("II", "t_mv"): 0.3})
    assert answers.correlation(made, of("V5", "t_mv")).value == pytest.approx(1.0)
    assert math.isnan(answers.correlation(made, of("II", "t_mv")).value)
    assert answers.explained(made, of("V5", "t_mv")).value == pytest.approx(1.0)


def test_nobody_measured_is_missed_and_breaks_nothing() -> None:
    made = patients(3, lambda _: dict.fromkeys(COLUMNS, np.nan))
    found = assess(made)
    assert {result.verdict for result in found} == {"missed", "reported"}
    assert all(result.verdict != "pass" for result in found)


@pytest.mark.parametrize(("t_mv", "verdict"), [(0.3, "pass"), (0.74, "pass"), (0.76, "missed"), (0.2, "missed")])
def test_medians_must_lie_in_the_middle_half_of_real_ones(t_mv: float, verdict: str) -> None:
    real = table(101, {("V5", "t_mv"): np.linspace(0, 1, 101)})
    found = against_real(patients(5, lambda _: {("V5", "t_mv"): t_mv}), real)
    assert len(found) == len(MEDIANS)
    (t,) = (result for result in found if result.criterion.what == "T in V5, median")
    assert t.verdict == verdict
    assert t.criterion.tolerance == "0.25 to 0.75"


def test_examined_patients_do_not_depend_on_processes_and_are_simulated() -> None:
    one, two = (examine(3, 5, "clean", workers, potassium=(4.1, 7.2)) for workers in (1, 2))
    for k in (4.1, 7.2):
        np.testing.assert_array_equal(one.at[k].values, two.at[k].values)
    np.testing.assert_array_equal(one.once.values, two.once.values)
    np.testing.assert_array_equal(one.own, own_potassium(3, 5))
    assert ((one.own >= 3.5) & (one.own <= 5.0)).all()
    np.testing.assert_array_equal(one.once.values, [row(ecg) for ecg in ordinary(3, 5, "clean")])
    steeper = one.at[7.2].of("V4", "t_downslope_mv_s") / one.at[4.1].of("V4", "t_downslope_mv_s")
    assert (steeper > 1.0).all()


def test_progress_counts_patients() -> None:
    steps: list[int] = []
    examine(2, 1, "clean", progress=steps.append, potassium=(4.1,))
    assert steps == [1, 1]


@pytest.mark.parametrize(("count", "said"), [(-1, "patients is -1"), (1, "expected 2 to"), (10**6, "expected 2 to")])
def test_a_wrong_number_of_patients_is_said(count: int, said: str) -> None:
    with pytest.raises(ValidateError, match=said):
        examine(count, 1)


def test_a_wrong_level_or_seed_is_the_simulators_to_say() -> None:
    with pytest.raises(SimulateError, match="no level"):
        examine(2, 1, "moon")
    with pytest.raises(SimulateError, match="seed is -1"):
        examine(2, -1)
