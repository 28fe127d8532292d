"""What misleads an estimate is seen in all leads, whichever the model reads."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import kalemia
from kalemia.estimate.caveats import Findings
from kalemia.estimate.model import Model
from kalemia.records import EIGHT, LEADS, Recording
from kalemia.simulate.heart import RATE
from kalemia.simulate.levels import LEVELS
from kalemia.simulate.patient import LEFT_BLOCK, Day, draw
from kalemia.simulate.records import twelve
from kalemia.simulate.rhythm import place

DAY = Day(0, 0, 0, 0, 0, rate_factor=1.0, voltage_factor=1.0, repolarization_ms=0)
UPRIGHT = dict.fromkeys(EIGHT, 0.4)


@cache
def ecg(kind: str) -> Recording:
    """Return ten seconds of a clean patient at 4.2 mEq/L with something about T, QRS or the rate."""
    patient = draw(np.random.default_rng(1), replace(LEVELS["clean"], spread=0.0))
    body = {
        "no T": replace(patient.body, t_gain=0.02 * patient.body.t_gain),
        "inverted T": replace(patient.body, t_gain=-patient.body.t_gain),
        "fast": replace(patient.body, rr_s=0.47),
    }.get(kind, patient.body)
    changed = replace(patient, body=body, block=LEFT_BLOCK if kind == "block" else patient.block)
    signal = place(changed, DAY, 4.2, 10 * RATE, np.random.default_rng(0))
    return Recording(twelve(signal, 0.001), float(RATE), LEADS)


def warned(kind: str) -> str:
    return " ".join(kalemia.predict(ecg(kind), "i-4k").warnings)


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("block", "a wide complex changes the T wave whatever the potassium is"),
        ("fast", "the next P wave may lie on the T wave"),
        ("no T", "No T wave to speak of: the largest of 8 leads is"),
        ("inverted T", "T is turned over in"),
    ],
)
def test_it_is_seen_whichever_lead_the_model_reads(kind: str, sentence: str) -> None:
    assert sentence in warned(kind)
    assert sentence not in warned("ordinary")


def test_an_ordinary_ecg_has_none() -> None:
    assert warned("ordinary") == ""


def test_one_lead_alone_says_nothing_of_a_flat_t() -> None:
    assert not Findings(90.0, {"V5": 0.05}, 70.0).silent_t
    assert Findings(90.0, dict.fromkeys(EIGHT, 0.05), 70.0).silent_t
    assert not Findings(90.0, UPRIGHT, 70.0).silent_t
    assert Findings(90.0, UPRIGHT | dict.fromkeys(("I", "V5", "V6"), -0.2), 70.0).silent_t
    assert not Findings(90.0, UPRIGHT | dict.fromkeys(("V1", "V2", "V3"), -0.2), 70.0).silent_t


def test_nothing_is_called_normal_where_t_is_silent(tiny: Model, tiny_path: Path, tmp_path: Path) -> None:
    """A model with a narrow interval would call both ECGs normal."""
    narrow = tuple(tuple(0.001 * value for value in row) for row in tiny.card.error_quantiles)
    card = replace(tiny.card, name="narrow", error_quantiles=narrow, range_meq_l=(4.0, 5.0))
    (tmp_path / "narrow.onnx").write_bytes(tiny_path.read_bytes())
    (tmp_path / "narrow.json").write_bytes(card.dump())
    assert kalemia.predict(ecg("ordinary"), tmp_path / "narrow.onnx").level == "normal"
    flat = kalemia.predict(ecg("no T"), tmp_path / "narrow.onnx")
    assert flat.level == "uncertain"
    assert any("No T wave" in warning for warning in flat.warnings)
