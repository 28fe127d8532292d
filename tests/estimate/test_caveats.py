"""What misleads an estimate is seen in all leads, whichever the model reads."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import kalemia
from kalemia.estimate.caveats import LEFT_BLOCK, NO_P, Findings, findings, form
from kalemia.estimate.model import Model
from kalemia.records import EIGHT, LEADS, Recording
from kalemia.signal.beat import cut
from kalemia.signal.measure import Waves, measure
from kalemia.signal.st import ST, segment
from kalemia.simulate.heart import RATE
from kalemia.simulate.levels import LEVELS
from kalemia.simulate.patient import LEFT_BLOCK as LEFT_BUNDLE
from kalemia.simulate.patient import Day, draw
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
    changed = replace(patient, body=body, block=LEFT_BUNDLE if kind == "block" else patient.block)
    if "infarction" in kind:
        changed = replace(changed, region=2, ischemia=1.0 if "large" in kind else 0.7)
    signal = place(changed, DAY, 4.2, 10 * RATE, np.random.default_rng(0))
    return Recording(twelve(signal, 0.001), float(RATE), LEADS)


def warned(kind: str) -> str:
    return " ".join(kalemia.predict(ecg(kind), "i-4k").warnings)


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("block", " ms in the form of a left bundle-branch block: a wide complex changes the T wave whatever the "),
        ("infarction", " mV: in II, aVF, III, as in infarction, pericarditis or early repolarization, which change T "),
        ("infarction", " mV: in aVL, I, V4, V5, V6, as in ischemia, hypertrophy or by digitalis, which change T "),
        ("fast", "the next P wave may lie on the T wave"),
        ("no T", "No T wave to speak of: the largest of 8 leads is"),
        ("inverted T", "T is turned over in"),
    ],
)
def test_it_is_seen_whichever_lead_the_model_reads(kind: str, sentence: str) -> None:
    assert sentence in warned(kind)
    assert sentence not in warned("ordinary")


def test_a_large_infarction_is_refused_and_still_warned_of() -> None:
    estimate = kalemia.predict(ecg("large infarction"), "i-4k")
    assert (estimate.status, estimate.potassium_meq_l) == ("refused", None)
    assert str(estimate.reason).startswith("ST is shifted by 0.3")
    assert any(one.startswith("ST is raised by up to 0.4") for one in estimate.warnings)


def test_an_ordinary_ecg_has_none() -> None:
    assert warned("ordinary") == ""


WIDE = "QRS {} ms{}: a wide complex changes the T wave whatever the potassium is."
FAST = "Heart rate {} bpm: the next P wave may lie on the T wave."
FLAT = "No T wave to speak of: the largest of {} leads is {} uV, so there is little to read potassium from."
TURNED = "T is turned over in {}: ischemia, strain or drugs hide what potassium does."
RAISED = (
    "ST is raised by up to 0.35 mV: in V2, V3, as in infarction, pericarditis or early repolarization, which change T "
    "whatever the potassium is; high potassium can raise ST, too."
)
LOWERED = (
    "ST is lowered by up to 0.12 mV: in aVL, I, as in ischemia, hypertrophy or by digitalis, which change T whatever "
    "the potassium is; low potassium can lower ST, too."
)
V2_V3, AVL_I = {"V2": 0.35, "V3": 0.2}, {"aVL": -0.12, "I": -0.11}
INVERTED = FLAT.format(8, 149), TURNED.format("I, II, V4, V5, V6")


@pytest.mark.parametrize(
    ("seen", "warnings", "silent"),
    [
        (Findings(90.0, UPRIGHT, 70.0), (), False),
        (Findings(90.0, UPRIGHT, 70.0, LEFT_BLOCK), (), False),
        (Findings(150.0, UPRIGHT, 70.0, LEFT_BLOCK), (WIDE.format(150, LEFT_BLOCK),), False),
        (Findings(90.0, UPRIGHT, 70.0, "", ST(V2_V3, AVL_I, 90.0)), (RAISED, LOWERED), True),
        (Findings(90.0, UPRIGHT, 70.0, "", ST(V2_V3, {}, 90.0)), (RAISED,), True),
        (Findings(90.0, UPRIGHT, 70.0, "", ST({}, AVL_I, 90.0)), (LOWERED,), False),
        (Findings(130.0, UPRIGHT, 120.0), (), False),
        (Findings(130.6, UPRIGHT, 120.4), (WIDE.format(131, ""), FAST.format(120)), False),
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
    assert seen.hides_potassium is silent


def test_the_findings_are_those_of_the_sound_leads() -> None:
    beat = cut(ecg("ordinary"), EIGHT)
    measured = measure(beat)
    found = findings(beat, beat)
    assert found.t_mv == {lead: waves.t_mv for lead, waves in measured.items()}
    assert found.qrs_ms == measured["V1"].qrs_ms
    assert found.heart_rate_bpm == beat.heart_rate_bpm
    some = findings(replace(beat, problems=("flat", *beat.problems[1:])), beat)
    assert set(some.t_mv) == set(EIGHT[1:])
    nothing = replace(beat, problems=("flat",) * 8)
    assert findings(nothing, nothing) == Findings(None, {}, beat.heart_rate_bpm)


@pytest.mark.parametrize(("kind", "seen"), [("block", LEFT_BLOCK), ("infarction", ""), ("ordinary", "")])
def test_the_form_and_st_are_those_of_the_leads_that_no_model_knows_too(kind: str, seen: str) -> None:
    whole = cut(ecg(kind), EIGHT)
    known = replace(whole, problems=("unlike", "unlike", "unlike", *whole.problems[3:]))
    found = findings(known, whole)
    assert found.form == seen
    assert found.st == segment(whole)
    assert bool(found.st.raised) == (kind == "infarction")


def waves(p: float, r: float, s: float, q: float = 0.0) -> Waves:
    return replace(measure(cut(ecg("ordinary"), EIGHT))["II"], p_mv=p, r_mv=r, s_mv=s, q_mv=q)


BLOCKED = {"I": waves(0.1, 1.0, -0.1), "II": waves(0.1, 1.0, -0.1)} | {
    "V1": waves(0.0, 0.3, -1.0),
    "V6": waves(0.1, 1.0, -0.5),
}


@pytest.mark.parametrize(
    ("changed", "seen"),
    [
        ({}, LEFT_BLOCK),
        ({"V1": waves(0.0, 0.35, -1.0)}, ""),
        ({"V1": waves(0.0, 0.3, 0.0, -1.0)}, LEFT_BLOCK),  # QS
        ({"I": waves(0.1, 1.0, -0.6)}, ""),
        ({"V6": waves(0.1, 1.0, -1.1)}, ""),
        ({"V6": waves(0.1, 1.0, 0.0, -1.1)}, ""),
        ({"II": waves(0.04, 1.0, 0.0)}, NO_P),
        ({"II": waves(-0.06, 1.0, 0.0)}, LEFT_BLOCK),
        ({"II": waves(0.04, 1.0, 0.0), "V1": waves(0.06, 0.3, -1.0)}, LEFT_BLOCK),
    ],
)
def test_a_wide_complex_has_a_form(changed: dict[str, Waves], seen: str) -> None:
    assert form(BLOCKED | changed) == seen


@pytest.mark.parametrize("lacking", ["I", "V1", "V6"])
def test_without_its_leads_no_form_is_told(lacking: str) -> None:
    assert form({lead: seen for lead, seen in BLOCKED.items() if lead != lacking}) == ""
    assert form({"V1": waves(0.0, 0.3, -1.0)}) == ""


def test_nothing_is_called_normal_where_t_is_silent(monkeypatch: pytest.MonkeyPatch, tiny_path: Path) -> None:
    """A network that is sure of 4.4 mEq/L would call both ECGs normal."""
    monkeypatch.setattr(Model, "run", lambda _model, beats, _side: np.tile(bell(4.4, 0.4), (len(beats), 1)))
    assert kalemia.predict(ecg("ordinary"), tiny_path).level == "normal"
    flat = kalemia.predict(ecg("no T"), tiny_path)
    assert flat.level == "uncertain"
    assert any("No T wave" in warning for warning in flat.warnings)
