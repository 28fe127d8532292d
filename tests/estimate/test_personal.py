"""Earlier draws shift a patient's estimates: by how much, and what is refused."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

import kalemia
from kalemia import Calibration, Draw, Estimate, calibrate
from kalemia.cli import app
from kalemia.errors import CalibrationError
from kalemia.estimate import personal
from kalemia.estimate.evidence import Evidence
from kalemia.estimate.model import DEFAULT, Model
from kalemia.estimate.predict import examine
from kalemia.simulate import simulate
from kalemia.simulate.formats import write_wfdb
from likelihoods import bell

MODEL = Model.load(DEFAULT)
PARTS = MODEL.card.personal


def estimated(off: float = 0.0, true: float = 4.0) -> Estimate:
    """Return an estimate of an ECG of this potassium whose network is off by so much for it."""
    alone = PARTS["intercept_meq_l"] + PARTS["slope"] * true + off
    return Estimate("x", "estimated", potassium_meq_l=4.0, alone_meq_l=alone, model=MODEL.name)


def test_the_offset_is_the_shrunk_mean_of_what_draws_showed() -> None:
    between, within = PARTS["between_meq_l"] ** 2, PARTS["within_meq_l"] ** 2
    for count in (1, 2, 5):
        own = calibrate([estimated(0.5)] * count, [4.0] * count)
        share = between / (between + within / count)
        assert own.offset_meq_l == pytest.approx(-0.5 * share / PARTS["slope"], abs=0.001)
        left = between * (1 - share) + within
        assert own.spread_meq_l == pytest.approx(np.sqrt(left) / PARTS["slope"], abs=0.001)
        assert own.draws == count


@given(st.lists(st.tuples(st.floats(-2, 2), st.floats(2.5, 8), st.floats(0, 3000)), min_size=1, max_size=12))
def test_an_offset_stays_within_what_the_draws_say(rows: list[tuple[float, float, float]]) -> None:
    estimates = [replace(estimated(off, true), source=str(k)) for k, (off, true, _) in enumerate(rows)]
    own = calibrate(estimates, [Draw(true, days) for _, true, days in rows])
    most = max(abs(off) for off, _, _ in rows) / PARTS["slope"]
    assert abs(own.offset_meq_l) <= most * 1.5 + 0.001
    assert 0 < own.spread_meq_l <= np.hypot(PARTS["between_meq_l"], PARTS["within_meq_l"]) / PARTS["slope"] + 1e-4


def test_old_draws_count_less_and_a_further_one_counts() -> None:
    young, old, ancient = (calibrate([estimated(-0.5)], [Draw(4.0, days)]) for days in (0, 90, 3650))
    assert young.offset_meq_l > old.offset_meq_l > ancient.offset_meq_l
    assert ancient.offset_meq_l == pytest.approx(0, abs=0.01)
    everything = np.hypot(PARTS["between_meq_l"], PARTS["within_meq_l"]) / PARTS["slope"]
    assert ancient.spread_meq_l == pytest.approx(everything, abs=0.001)
    assert young.spread_meq_l < old.spread_meq_l
    assert calibrate([estimated(-0.5)] * 2, [4.0, Draw(4.0, 90)]).offset_meq_l > young.offset_meq_l


@pytest.mark.parametrize(
    ("draws", "apart"),
    [
        ([4.0, 5.2, 4.1], 1.2),
        ([Draw(4.0, 3), Draw(5.2, 3.04), Draw(8.0, 9)], 1.2),  # within an hour
        ([Draw(4.0, 1), Draw(5.2, 1.05), Draw(4.1, 9)], 0.0),
        ([4.1, 5.1, 4.2], 1.0),
        ([5.0], 0.0),
    ],
)
def test_draws_of_one_hour_that_disagree_are_known(draws: list[Draw | float], apart: float) -> None:
    estimates = [replace(estimated(), source=str(place)) for place, _ in enumerate(draws)]
    assert calibrate(estimates, draws).apart_meq_l == pytest.approx(apart, abs=1e-3)


CHECK = "more than a laboratory errs: check them and their days_ago"


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({}, "Shifted by +0.25 mEq/L for this patient, as an earlier blood draw showed."),
        (
            {"offset_meq_l": -0.5, "draws": 3},
            "Shifted by -0.50 mEq/L for this patient, as 3 earlier blood draws showed.",
        ),
        (
            {"left_out": 2},
            "Shifted by +0.25 mEq/L for this patient, as an earlier blood draw showed; "
            "2 more could not be used, since their ECGs were not estimated.",
        ),
        ({"apart_meq_l": 1.0}, "Shifted by +0.25 mEq/L for this patient, as an earlier blood draw showed."),
        (
            {"apart_meq_l": 1.24, "draws": 2},
            "Shifted by +0.25 mEq/L for this patient, as 2 earlier blood draws showed; "
            f"draws of the same time lie 1.2 mEq/L apart, {CHECK}.",
        ),
    ],
)  # fmt: skip
def test_a_calibration_says_what_it_was_made_from(fields: dict[str, Any], sentence: str) -> None:
    assert replace(Calibration(0.25, 0.9, 1, MODEL.name), **fields).sentence == sentence


@given(st.lists(st.tuples(st.floats(-3, 3), st.floats(0, 800)), min_size=1, max_size=6))
def test_the_offset_is_the_best_linear_prediction(rows: list[tuple[float, float]]) -> None:
    """Of what stays with a patient and fades within 180 days, given what was seen of it: as regression has it."""
    errors, days = np.array(rows).T
    measured = np.full(len(days), 5.0)
    between, within = PARTS["between_meq_l"] ** 2, PARTS["within_meq_l"] ** 2
    everything = np.concatenate([[0.0], days])
    covariance = between * np.exp(-np.abs(everything[:, None] - everything) / 180.0)
    seen = covariance[1:, 1:] + within * np.eye(len(days))
    weights = covariance[0, 1:] @ np.linalg.inv(seen)
    own = personal._offset(PARTS["intercept_meq_l"] + 5.0 * PARTS["slope"] + errors, measured, days, MODEL)
    assert own.offset_meq_l == pytest.approx(-(weights @ errors) / PARTS["slope"], abs=6e-4)
    left = between - weights @ covariance[1:, 0] + within
    assert own.spread_meq_l == pytest.approx(np.sqrt(left) / PARTS["slope"], abs=6e-5)
    assert (own.draws, own.model, own.left_out, own.apart_meq_l) == (len(rows), MODEL.name, 0, 0.0)


def test_an_estimate_is_shifted_narrowed_and_says_so() -> None:
    recording = next(iter(simulate(1, 1))).recording
    plain = kalemia.predict(recording)
    own = calibrate([plain], [6.5])
    shifted = kalemia.predict(recording, calibration=own)
    assert shifted.alone_meq_l == plain.alone_meq_l  # what the network says is what it is
    assert shifted.likelihood_ratio["high"] > 2 * plain.likelihood_ratio["high"]
    assert shifted.potassium_meq_l is not None
    assert plain.potassium_meq_l is not None
    assert shifted.potassium_meq_l > plain.potassium_meq_l
    assert shifted.personal_offset_meq_l == own.offset_meq_l
    assert (
        shifted.warnings[-1]
        == f"Shifted by {own.offset_meq_l:+.2f} mEq/L for this patient, as an earlier blood draw showed."
    )
    assert shifted.probability_above["5.5"] > plain.probability_above["5.5"]
    assert json.loads(json.dumps(shifted.to_dict()))["personal_offset_meq_l"] == own.offset_meq_l


def test_two_ecgs_may_be_alike_to_the_last_figure() -> None:
    """In memory they have one source, too; what was measured at each counts."""
    alike = [estimated(), estimated()]
    assert alike[0] == alike[1]
    assert calibrate(alike, [Draw(5.4), Draw(3.6, 2.0)]).draws == 2


REFUSED = Estimate("y", "refused", reason="noise")
OTHERS = "earlier ECGs were estimated by several models; expected one"
NONE = "none of the {} earlier ECGs could be estimated; expected at least one"
ACCEPTED = "1.5 to 10 mEq/L is accepted (mg/dL: 3.91 times as many)"
ONE = estimated()


@pytest.mark.parametrize(
    ("estimates", "draws", "why"),
    [
        ([ONE], [], "1 estimates and 0 draws are given; expected one each"),
        ([], [4.0], "0 estimates and 1 draws are given; expected one each"),
        ([], [], NONE.format(0)),
        ([REFUSED], [4.0], NONE.format(1)),
        ([ONE, ONE], [4.0, 4.5], "an earlier ECG (x) is given with 4 and 4.5 mEq/L; one potassium is accepted"),
        ([ONE], [16.0], f"a draw has a potassium of 16; {ACCEPTED}"),
        ([ONE], [1.49], f"a draw has a potassium of 1.49; {ACCEPTED}"),
        ([ONE], [float("nan")], f"a draw has a potassium of nan; {ACCEPTED}"),
        ([REFUSED, ONE], [16.0, 4.0], f"a draw has a potassium of 16; {ACCEPTED}"),
        ([ONE], [Draw(4.0, -1)], "a draw was -1 days ago; 0 to 36525 days are accepted"),
        ([ONE], [Draw(4.0, 36526)], "a draw was 36526 days ago; 0 to 36525 days are accepted"),
        ([ONE, replace(ONE, model=Model.load("v5-4k").name)], [4.0, 4.0], OTHERS),
        (
            [replace(ONE, model=replace(MODEL.name, sha256="0"))],
            [4.0],
            "the earlier ECGs were estimated by another 12-4k than is here; estimate them again",
        ),
    ],
)
def test_what_is_no_calibration_is_refused(estimates: list[Estimate], draws: list[Draw | float], why: str) -> None:
    with pytest.raises(CalibrationError) as caught:
        calibrate(estimates, draws)
    assert str(caught.value) == why


def test_what_was_refused_is_left_out_with_its_draw() -> None:
    some = calibrate([REFUSED, ONE, REFUSED], [9.0, 5.0, 2.0])
    assert some == replace(calibrate([ONE], [5.0]), left_out=2)


def test_the_limits_of_a_draw_are_accepted() -> None:
    for draw in (Draw(1.5), Draw(10.0), Draw(4.0, 36525)):
        draw.check()


def test_a_calibration_is_one_models() -> None:
    own = Calibration(0.1, 0.9, 1, Model.load("v5-4k").name)
    with pytest.raises(CalibrationError) as caught:
        examine(next(iter(simulate(1, 1))).recording, calibration=own)
    version = Model.load("v5-4k").name.version
    assert str(caught.value) == (
        f"the calibration was made with the model v5-4k {version}, and the estimate is of 12-4k {MODEL.name.version}; "
        "calibrate with that one"
    )


def test_what_an_ecg_says_is_read_off_the_patients_line() -> None:
    own = Calibration(-0.5, 0.7, 1, MODEL.name)
    evidence = Evidence.of(bell(5.0, 1.0))
    explains = (evidence.alone_meq_l - PARTS["intercept_meq_l"]) / PARTS["slope"]
    expected = Evidence.normal(explains - 0.5, 0.7)
    np.testing.assert_allclose(own.apply(evidence, MODEL.card).log_likelihood, expected.log_likelihood)


def test_an_ecg_like_an_earlier_one_has_about_its_potassium() -> None:
    """Of a patient the same ECG again is best explained by what was measured before, if many draws say so."""
    recording = next(iter(simulate(1, 1))).recording
    plain = kalemia.predict(recording)
    for true in (3.6, 5.0, 6.4):
        again = [replace(plain, source=str(number)) for number in range(50)]
        own = calibrate(again, [true] * 50)
        assert kalemia.predict(recording, calibration=own, population="flat").potassium_meq_l == pytest.approx(
            true, abs=0.1
        )


def test_the_command_line_takes_a_table_of_earlier_ecgs(tmp_path: Path) -> None:
    first, second, third = list(simulate(1, 4, "dialysis"))[:3]
    for name, one in (("a", first), ("copy", first), ("b", second), ("today", third), ("again", third)):
        write_wfdb(tmp_path / name, one)
    table = tmp_path / "earlier.csv"
    table.write_text(
        f"ecg, potassium_meq_l,days_ago\na.hea,{first.blood.measured_meq_l},30\nb.hea,{second.blood.measured_meq_l},\n"
    )

    def run(*more: str) -> tuple[int, str]:
        result = CliRunner().invoke(app, ["predict", str(tmp_path / "today.hea"), *more, "--json"])
        return result.exit_code, f"{result.output}{result.exception or ''}"

    code, output = run("--calibration", str(table))
    assert code == 0
    offset = json.loads(output[output.index("{") : output.rindex("}") + 1])["personal_offset_meq_l"]
    same = calibrate(
        [kalemia.predict(tmp_path / f"{name}.hea") for name in "ab"],
        [Draw(first.blood.measured_meq_l, 30), second.blood.measured_meq_l],
    )
    assert offset == same.offset_meq_l
    measured = f"{first.blood.measured_meq_l}".replace(".", ",")
    table.write_text(f"ecg;potassium_meq_l;days_ago\na.hea;{measured};30\nb.hea;{second.blood.measured_meq_l};\n")
    assert f'"personal_offset_meq_l": {offset}' in run("--calibration", str(table))[1]
    table.write_text(f"ecg,potassium_meq_l\na.hea,{first.blood.measured_meq_l}\nnone.hea,4\n")
    code, output = run("--calibration", str(table))
    assert code == 0
    assert re.search(r"none\.hea: not estimated, so its draw is not used: .*cannot be opened", output)
    for text, why in (
        ("ecg,potassium_meq_l\na,4\ncopy.hea,5\n", "names copy.hea more than once, in lines 2 and 3"),
        ("ecg,potassium_meq_l\nnone.hea,4.0\n", "none of the 1 earlier ECGs could be estimated.*cannot be opened"),
        ("ecg,potassium_meq_l\nagain.hea,5\n", "line 2 is .*today.hea, which is to be estimated"),
    ):
        table.write_text(text)
        code, output = run("--calibration", str(table))
        assert code != 0
        assert re.search(why, output), why
