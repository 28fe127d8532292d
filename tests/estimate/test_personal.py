"""Earlier draws shift a patient's estimates: by how much, and what is refused."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

import kalemia
from kalemia import Calibration, Draw, Estimate, calibrate
from kalemia.cli import app
from kalemia.errors import CalibrationError
from kalemia.estimate.model import DEFAULT, Model
from kalemia.estimate.predict import examine
from kalemia.simulate import simulate
from kalemia.simulate.formats import write_wfdb

MODEL = Model.load(DEFAULT)
PARTS = MODEL.card.personal


def estimated(potassium: float) -> Estimate:
    return Estimate("x", "estimated", potassium_meq_l=potassium, model=MODEL.name)


def test_the_offset_is_the_shrunk_mean_of_what_draws_showed() -> None:
    between, within = PARTS["between_meq_l"] ** 2, PARTS["within_meq_l"] ** 2
    for count in (1, 2, 5):
        own = calibrate([estimated(4.0)] * count, [5.0] * count)
        share = between / (between + within / count)
        assert own.offset_meq_l == pytest.approx(share, abs=0.001)
        left = (between * (1 - share) + within) / (between + within)
        assert own.spread_scale == pytest.approx(np.sqrt(left), abs=0.001)
        assert own.draws == count


@given(st.lists(st.tuples(st.floats(2.5, 8), st.floats(2.5, 8), st.floats(0, 3000)), min_size=1, max_size=12))
def test_an_offset_stays_within_what_the_draws_say(rows: list[tuple[float, float, float]]) -> None:
    estimates = [replace(estimated(said), source=str(k)) for k, (said, _, _) in enumerate(rows)]
    own = calibrate(estimates, [Draw(true, days) for _, true, days in rows])
    most = max(abs(true - said) for said, true, _ in rows)
    assert abs(own.offset_meq_l) <= most * 1.5 + 0.001
    assert 0 < own.spread_scale <= 1


def test_old_draws_count_less_and_a_further_one_counts() -> None:
    young, old, ancient = (calibrate([estimated(4.0)], [Draw(5.0, days)]) for days in (0, 90, 3650))
    assert young.offset_meq_l > old.offset_meq_l > ancient.offset_meq_l
    assert ancient.offset_meq_l == pytest.approx(0, abs=0.01)
    assert ancient.spread_scale == pytest.approx(1, abs=0.001)
    assert young.spread_scale < old.spread_scale
    assert calibrate([estimated(4.0)] * 2, [5.0, Draw(5.0, 90)]).offset_meq_l > young.offset_meq_l


def test_draws_of_one_time_that_disagree_are_named() -> None:
    estimates = [replace(estimated(4.0), source=name) for name in "abc"]
    for draws, apart in (
        ([4.0, 5.2, 4.1], True),
        ([Draw(4.0, 3), Draw(5.2, 3.02), Draw(8.0, 9)], True),
        ([4.1, 5.1, 4.2], False),
        ([Draw(4.0, 1), Draw(5.2, 1.5), Draw(4.1, 9)], False),
    ):
        sentence = calibrate(estimates, draws).sentence
        assert ("lie 1.2 mEq/L apart, more than a laboratory errs" in sentence) == apart


def test_an_estimate_is_shifted_narrowed_and_says_so() -> None:
    recording = next(iter(simulate(1, 1))).recording
    plain = kalemia.predict(recording)
    assert plain.potassium_meq_l is not None
    own = calibrate([plain], [plain.potassium_meq_l + 1])
    shifted = kalemia.predict(recording, calibration=own)
    assert shifted.potassium_meq_l == pytest.approx(plain.potassium_meq_l + own.offset_meq_l, abs=0.011)
    assert shifted.personal_offset_meq_l == own.offset_meq_l
    assert (
        shifted.warnings[-1]
        == f"Shifted by {own.offset_meq_l:+.2f} mEq/L for this patient, as an earlier blood draw showed."
    )
    assert plain.interval_meq_l is not None
    assert shifted.interval_meq_l is not None
    assert np.diff(shifted.interval_meq_l)[0] == pytest.approx(
        own.spread_scale * np.diff(plain.interval_meq_l)[0], abs=0.03
    )
    assert shifted.probability_above["5.5"] > plain.probability_above["5.5"]
    assert json.loads(json.dumps(shifted.to_dict()))["personal_offset_meq_l"] == own.offset_meq_l
    low, high = MODEL.card.range_meq_l
    far, forecast = replace(own, offset_meq_l=20.0), MODEL.forecast_of(4.0, 0.5, 8)
    assert far.apply(forecast, (low, high)).potassium_meq_l == high
    assert replace(far, offset_meq_l=-20.0).apply(forecast, (low, high)).potassium_meq_l == low


def test_two_ecgs_may_be_alike_to_the_last_figure() -> None:
    """In memory they have one source, too; what was measured at each counts."""
    alike = [estimated(4.0), estimated(4.0)]
    assert alike[0] == alike[1]
    assert calibrate(alike, [Draw(5.4), Draw(3.6, 2.0)]).draws == 2


def test_what_is_no_calibration_is_refused() -> None:
    refused = Estimate("x", "refused", reason="noise")
    for estimates, draws, said in (
        ([estimated(4.0)], [], "1 estimates and 0 draws"),
        ([], [], "none of the 0 earlier ECGs"),
        ([refused], [4.0], "none of the 1 earlier ECGs"),
        ([estimated(4.0)] * 2, [4.0, 4.5], r"an earlier ECG \(x\) is given with 4 and 4.5 mEq/L"),
        ([estimated(4.0)], [16.0], "potassium of 16; .*mg/dL"),
        ([estimated(4.0)], [float("nan")], "potassium of nan"),
        ([estimated(4.0)], [Draw(4.0, -1)], "-1 days ago"),
        ([estimated(4.0), replace(estimated(4.0), model=Model.load("v5-4k").name)], [4.0, 4.0], "several models"),
        ([replace(estimated(4.0), personal_offset_meq_l=0.2)], [4.0], "calibrated"),
        ([replace(estimated(4.0), prevalence=0.03)], [4.0], "told a prevalence"),
        ([replace(estimated(4.0), model=replace(MODEL.name, sha256="0"))], [4.0], "by another 12-4k"),
    ):
        with pytest.raises(CalibrationError, match=said):
            calibrate(estimates, draws)
    some = calibrate([refused, estimated(4.0)], [9.0, 5.0])
    assert (some.draws, some.left_out) == (1, 1)
    assert "1 more could not be used" in some.sentence
    own = Calibration(0.1, 0.9, 1, Model.load("v5-4k").name)
    with pytest.raises(CalibrationError, match="calibrate with that one"):
        examine(next(iter(simulate(1, 1))).recording, calibration=own)


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
    for text, said in (
        ("ecg,K\na.hea,4\n", "has no column potassium_meq_l"),
        ("ecg,potassium_meq_l\n", "has 0 rows"),
        ("ecg,potassium_meq_l\na.hea,four\n", "line 2 holds what is no number"),
        ("ecg,potassium_meq_l\nnone.hea,4.0\n", "none of the 1 earlier ECGs could be estimated.*cannot be opened"),
        ("ecg,potassium_meq_l\na.hea,17\n", "line 2: .*mg/dL"),
        ("ecg,potassium_meq_l,days_go\na.hea,4,9\n", "has a column days_go"),
        ("ecg,potassium_meq_l\na.hea,3,8\n", "more fields than there are columns"),
        ("ecg,potassium_meq_l\na.hea,4\na.hea,4\n", "names a.hea more than once"),
        ("ecg,potassium_meq_l\na.hea,4\nb,4\n./a.dat,5\n", "names ./a.dat more than once, in lines 2 and 4"),
        ("ecg,potassium_meq_l\na,4\ncopy.hea,5\n", "names copy.hea more than once, in lines 2 and 3"),
        ("ecg,potassium_meq_l\nnone,4\nnone,5\n", "names none more than once"),
        ("ecg,potassium_meq_l\na,4\n./today,5\n", "line 3 is .*today.hea, which is to be estimated"),
        ("ecg,potassium_meq_l\nagain.hea,5\n", "line 2 is .*today.hea, which is to be estimated"),
        ("ecg,potassium_meq_l\na\0b,4\n", "names no file|no CSV text"),
    ):
        table.write_text(text)
        code, output = run("--calibration", str(table))
        assert code != 0
        assert re.search(said, output), said
    assert "cannot be read" in run("--calibration", str(tmp_path / "no.csv"))[1]
    assert "a folder" in run("--calibration", str(tmp_path))[1]
