"""What misleads an estimate is seen in all leads, whichever the model reads."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import kalemia
from kalemia.estimate.caveats import Findings, findings
from kalemia.estimate.model import Model
from kalemia.records import EIGHT, LEADS, Recording
from kalemia.signal.beat import cut
from kalemia.signal.measure import measure
from kalemia.simulate.heart import RATE
from kalemia.simulate.levels import LEVELS
from kalemia.simulate.patient import LEFT_BLOCK, Day, draw
from kalemia.simulate.records import twelve
from kalemia.simulate.rhythm import place
from likelihoods import bell

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


WIDE = "QRS {} ms: a wide complex changes the T wave whatever the potassium is."
FAST = "Heart rate {} bpm: the next P wave may lie on the T wave."
FLAT = "No T wave to speak of: the largest of {} leads is {} uV, so there is little to read potassium from."
TURNED = "T is turned over in {}: ischemia, strain or drugs hide what potassium does."
INVERTED = FLAT.format(8, 149), TURNED.format("I, II, V4, V5, V6")


@pytest.mark.parametrize(
    ("seen", "warnings", "silent"),
    [
        (Findings(90.0, UPRIGHT, 70.0), (), False),
        (Findings(130.0, UPRIGHT, 120.0), (), False),
        (Findings(130.6, UPRIGHT, 120.4), (WIDE.format(131), FAST.format(120)), False),
        (Findings(None, {}, 70.0), (), False),
        (Findings(90.0, dict.fromkeys(EIGHT, -0.149), 70.0), INVERTED, True),
        (Findings(90.0, dict.fromkeys(EIGHT[:6], 0.1494), 70.0), (FLAT.format(6, 149),), True),
        (Findings(90.0, dict.fromkeys(EIGHT[:5], 0.01), 70.0), (), False),  # too few leads to tell
        (Findings(90.0, dict.fromkeys(EIGHT, 0.01) | {"V1": -0.15}, 70.0), (), False),
        (Findings(90.0, UPRIGHT | dict.fromkeys(("I", "V5", "V6"), -0.101), 70.0), (TURNED.format("I, V5, V6"),), True),
        (Findings(90.0, UPRIGHT | dict.fromkeys(("I", "V5", "V6"), -0.1), 70.0), (), False),
        (Findings(90.0, UPRIGHT | dict.fromkeys(("I", "V5"), -0.3), 70.0), (), False),
        (Findings(90.0, UPRIGHT | dict.fromkeys(("V1", "V2", "V3"), -0.3), 70.0), (), False),
        (Findings(90.0, dict.fromkeys(("II", "V4", "V6"), -0.3), 70.0), (TURNED.format("II, V4, V6"),), True),
    ],
)
def test_what_misleads_is_said_from_its_limit_on(seen: Findings, warnings: tuple[str, ...], silent: bool) -> None:
    assert tuple(seen.warnings) == warnings
    assert seen.silent_t is silent


def test_the_findings_are_those_of_the_sound_leads() -> None:
    beat = cut(ecg("ordinary"), EIGHT)
    measured = measure(beat)
    found = findings(beat)
    assert found.t_mv == {lead: waves.t_mv for lead, waves in measured.items()}
    assert found.qrs_ms == measured["V1"].qrs_ms
    assert found.heart_rate_bpm == beat.heart_rate_bpm
    some = findings(replace(beat, problems=("flat", *beat.problems[1:])))
    assert set(some.t_mv) == set(EIGHT[1:])
    assert findings(replace(beat, problems=("flat",) * 8)) == Findings(None, {}, beat.heart_rate_bpm)


def test_nothing_is_called_normal_where_t_is_silent(monkeypatch: pytest.MonkeyPatch, tiny_path: Path) -> None:
    """A network that is sure of 4.4 mEq/L would call both ECGs normal."""
    monkeypatch.setattr(Model, "run", lambda _model, beats, _side: np.tile(bell(4.4, 0.4), (len(beats), 1)))
    assert kalemia.predict(ecg("ordinary"), tiny_path).level == "normal"
    flat = kalemia.predict(ecg("no T"), tiny_path)
    assert flat.level == "uncertain"
    assert any("No T wave" in warning for warning in flat.warnings)
