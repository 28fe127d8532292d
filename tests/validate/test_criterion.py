"""Rows of the acceptance table, and how what came of them is shown, summed up and kept."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from tables import patients, table

from kalemia.validate.acceptance import assess, checks
from kalemia.validate.criterion import Criterion, Measurement, Outcome
from kalemia.validate.real import MEDIANS, against_real
from kalemia.validate.validation import Validation

SHARE = Criterion("F", "wide QRS", "%", "8.2", "somebody", 5.0, 13.3, "5.0 to 13.3, n = 170")


@pytest.mark.parametrize(
    ("digits", "value", "verdict"),
    [
        (1, 13.34, "pass"),
        (1, 13.36, "missed"),
        (0, 13.4, "pass"),
        (2, 13.31, "missed"),
        (1, 4.96, "pass"),
        (1, 4.94, "missed"),
    ],
)
def test_limits_hold_as_they_are_shown(digits: int, value: float, verdict: str) -> None:
    criterion = Criterion("F", "x", "%", "8.2", "somebody", 5.0, 13.3, digits=digits)
    assert criterion.check(Measurement(value)).verdict == verdict


@pytest.mark.parametrize(
    ("expected", "unit", "shown"),
    [
        ("8.2", "%", "8.2 %"),
        ("-12.8", "ms", "-12.8 ms"),
        ("+43", "uV", "+43 uV"),
        ("0", "", "0"),
        ("1.16 to 1.43", "", "1.16 to 1.43"),
        ("falls, then lost", "mV", "falls, then lost"),
        ("1.2.3", "mV", "1.2.3"),
    ],
)
def test_a_number_is_expected_with_its_unit(expected: str, unit: str, shown: str) -> None:
    assert Criterion("X", "x", unit, expected, "nobody").expected_shown == shown


@pytest.mark.parametrize(
    ("measured", "shown"),
    [
        (Measurement(8.16), "8.2 %"),
        (Measurement(8.16, "of 3"), "8.2 % (of 3)"),
        (Measurement(math.nan), "not measured"),
        (Measurement(math.nan, "too few ECGs"), "too few ECGs"),
    ],
)
def test_what_was_measured_is_shown(measured: Measurement, shown: str) -> None:
    assert SHARE.check(measured).shown == shown


def test_an_outcome_is_plain_json() -> None:
    held = SHARE.check(Measurement(8.123456789, "note")).to_dict()
    assert json.loads(json.dumps(held)) == {
        "id": "F", "what": "wide QRS", "unit": "%", "expected": "8.2", "source": "somebody", "low": 5.0, "high": 13.3,
        "tolerance": "5.0 to 13.3, n = 170", "digits": 1, "got": 8.123457, "note": "note", "verdict": "pass",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("id_", "expected", "low", "high"),
    [
        ("A1", -12.8, -12.8 * 1.3, -12.8 * 0.7),
        ("A2", 43, 43 * 0.7, 43 * 1.3),
        ("A3b", -2.7, -2.7 * 1.3, -2.7 * 0.7),
        ("D1a", 5.0 / 3.7, (1 + 5.0 / 3.7) / 2, 1.25 * 5.0 / 3.7),
        ("D1b", 4.0 / 2.7, (1 + 4.0 / 2.7) / 2, 1.25 * 4.0 / 2.7),
        ("D2", 188 / 167, (1 + 188 / 167) / 2, 1.25 * 188 / 167),
    ],
)
def test_limits_are_30_percent_of_a_slope_and_25_of_a_ratio(id_: str, expected: float, low: float, high: float) -> None:
    criterion = next(criterion for criterion, _ in checks() if criterion.id == id_)
    assert criterion.low == pytest.approx(low)
    assert criterion.high == pytest.approx(high)
    assert criterion.check(Measurement(expected)).verdict == "pass"


def test_no_change_at_all_passes_no_row_on_growth() -> None:
    for criterion, _ in checks():
        if criterion.id.startswith("D"):
            assert criterion.check(Measurement(1.0)).verdict == "missed"


@pytest.mark.parametrize("id_", ["A2b", "A2c", "A2d", "A2e", "E", "H2a", "H2b", "H2c", "Ia", "Ib", "M"])
def test_some_rows_are_only_reported(id_: str) -> None:
    criterion = next(criterion for criterion, _ in checks() if criterion.id == id_)
    assert (criterion.low, criterion.high) == (None, None)
    assert criterion.check(Measurement(1e6)).verdict == "reported"


def test_more_patients_leave_less_open() -> None:
    """The same share of 170 and of 38 patients: Wilson's interval is wider for few."""
    of = {criterion.id: criterion for criterion, _ in checks()}
    width = {}
    for id_ in ("Fa", "Fb", "Ga"):
        low, high = of[id_].low, of[id_].high
        assert low is not None
        assert high is not None
        assert low < float(of[id_].expected) < high
        width[id_] = high - low
    assert width["Fa"] < width["Ga"] < width["Fb"] + 5
    assert of["Fa"].tolerance.endswith("n = 170")
    assert of["Fb"].tolerance.endswith("n = 38")


def test_healthy_patients_are_assessed_in_every_row() -> None:
    outcomes = assess(patients(6, lambda _: {}))
    assert [outcome.criterion.id for outcome in outcomes] == [criterion.id for criterion, _ in checks()]
    of = {outcome.criterion.id: outcome for outcome in outcomes}
    assert of["M"].measured.value == 100.0
    assert of["G2"].measured.value == 100.0
    assert of["Fa"].measured.value == 0.0
    assert of["Ib"].shown == "90 ms (90, 90, 90, 90)"


@pytest.fixture
def validation() -> Validation:
    some = patients(3, lambda _: {})
    outcomes = (
        SHARE.check(Measurement(8.0)),
        SHARE.check(Measurement(80.0)),
        Outcome(SHARE, Measurement(math.nan), "gone"),
    )
    return Validation(some, 5, "clean", outcomes, (SHARE.check(Measurement(9.0)),), table(30))


def test_a_validation_counts_its_verdicts(validation: Validation) -> None:
    assert [validation.count(verdict) for verdict in ("pass", "missed", "reported", "gone")] == [2, 1, 0, 1]
    assert validation.summary == "2 pass, 1 missed, 0 only reported"
    assert len(validation.all) == 4
    assert validation.real_count == 30


def test_a_validation_as_text_and_json(validation: Validation) -> None:
    lines = validation.text().splitlines()
    assert lines[0].split() == ["what", "expected", "simulated", "tolerance", "verdict"]
    assert lines[2].endswith("80.0 %        5.0 to 13.3, n = 170  missed")
    assert lines[-1] == "2 pass, 1 missed, 0 only reported."
    held = json.loads(validation.to_json())
    assert {name: held[name] for name in ("simulated", "patients", "seed", "level", "real")} == {
        "simulated": True, "patients": 3, "seed": 5, "level": "clean", "real": 30,
    }  # fmt: skip
    assert [row["verdict"] for row in held["rows"]] == ["pass", "missed", "gone", "pass"]
    assert held["rows"][2]["got"] is None


def test_without_real_ecgs_there_are_none(validation: Validation) -> None:
    alone = Validation(validation.patients, 5, "clean", validation.outcomes, (), None)
    assert alone.real_count == 0
    assert json.loads(alone.to_json())["real"] is None


def test_medians_against_real_ecgs_are_in_every_lead_and_wave() -> None:
    assert len(MEDIANS) == 4 + 4 * 8
    outcomes = against_real(patients(5, lambda _: {}), table(21))
    assert [outcome.criterion.id for outcome in outcomes] == [f"R{k}" for k in range(1, 37)]
    assert {outcome.verdict for outcome in outcomes} == {"pass"}
    by_name = {outcome.criterion.what: outcome for outcome in outcomes}
    assert by_name["PR, median"].shown == "160 ms"
    assert by_name["T in V3, median"].criterion.expected == "0.30"


def test_nobody_measured_is_missed_against_real_ecgs() -> None:
    gone = patients(3, lambda _: {("II", "qrs_ms"): np.nan})
    (qrs,) = (o for o in against_real(gone, table(21)) if o.criterion.what == "QRS, median")
    assert (qrs.verdict, qrs.shown) == ("missed", "not measured")
