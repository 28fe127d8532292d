"""What a Recording, a Beat and an Estimate hold, and what they refuse to hold."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError, replace
from typing import Any

import numpy as np
import pytest

from kalemia.records import LEADS, NOTICE, SAMPLES, Beat, Before, Estimate, ModelName, Recording


def test_a_recording_is_float32_and_knows_its_length() -> None:
    recording = Recording(np.zeros((2, 1001), dtype=np.float64), 250.0, ("I", "V5"))
    assert recording.signal.dtype == np.float32
    assert recording.duration_s == pytest.approx(4.004)
    assert recording.confidence == (1.0, 1.0)


def test_a_lead_is_chosen_by_name_wherever_it_stands() -> None:
    signal = np.arange(6, dtype=np.float32).reshape(3, 2)
    recording = Recording(signal, 500.0, ("V5", "I", "aVR"))
    np.testing.assert_array_equal(recording.lead("I"), [2, 3])
    with pytest.raises(KeyError, match="no lead 'V1'; this recording has V5, I, aVR"):
        recording.lead("V1")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"leads": ("I", "I")}, "name one lead twice"),
        ({"leads": ("I",)}, r"signal has shape \(2, 5\); expected \(1 leads"),
        ({"signal": np.zeros(5)}, r"signal has shape \(5,\)"),
        ({"rate": 0.0}, "rate is 0.0 Hz; expected a positive number"),
        ({"rate": -1.0}, "rate is -1.0 Hz"),
        ({"rate": float("nan")}, "rate is nan Hz"),
        ({"rate": float("inf")}, "rate is inf Hz"),
        ({"confidence": (1.0,)}, "1 confidences for 2 leads"),
    ],
)
def test_a_recording_that_contradicts_itself_is_refused(change: dict[str, Any], sentence: str) -> None:
    fields: dict[str, Any] = {"signal": np.zeros((2, 5)), "rate": 500.0, "leads": ("I", "II")}
    with pytest.raises(ValueError, match=sentence):
        Recording(**fields | change)


def test_the_twelve_leads_have_their_canonical_names() -> None:
    assert LEADS == ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")


def test_the_heart_rate_is_sixty_over_rr() -> None:
    one = np.ones(1, np.float32)
    beat = Beat(np.zeros((1, 270), np.float32), one, ("I",), 0.75, 9, one, (None,))
    assert beat.heart_rate_bpm == pytest.approx(80.0)


CONTRACT = (
    "source", "status", "potassium_meq_l", "interval_meq_l", "interval_coverage", "probability_above",
    "probability_below", "level", "likelihood_ratio", "population", "interval_validated_on", "earlier_ecgs",
    "reason", "recorded", "heart_rate_bpm", "beats_used", "leads_used", "quality", "warnings", "model",
    "doubtful_draw", "notice",
)  # fmt: skip


def test_a_line_of_json_has_the_keys_of_the_contract_in_their_order() -> None:
    estimate = Estimate(
        "p/ecg.dcm",
        "estimated",
        5.9,
        (5.1, 6.8),
        0.9,
        {"5.5": 0.71, "6.0": 0.44, "6.5": 0.2},
        {"3.5": 0.0},
        "high",
        {"high": 14.2, "low": 0.3},
        Before("kidney", "kidney patients", {"5.5": 0.061}, {"3.5": 0.037}),
        "simulated",
        leads_used=("V5",),
        quality={"V5": 0.97},
        model=ModelName("v5-4k", "1.0.0", "ab" * 32, "simulated"),
    )
    line = estimate.to_dict()
    assert tuple(line) == CONTRACT
    assert list(line["model"]) == ["name", "version", "sha256", "trained_on"]
    assert line["interval_meq_l"] == [5.1, 6.8]
    assert line["probability_above"] == {"5.5": 0.71, "6.0": 0.44, "6.5": 0.2}
    assert line["likelihood_ratio"] == {"high": 14.2, "low": 0.3}
    assert line["population"] == {
        "name": "kidney",
        "people": "kidney patients",
        "probability_above": {"5.5": 0.061},
        "probability_below": {"3.5": 0.037},
    }
    assert line["leads_used"] == ["V5"]
    assert json.loads(json.dumps(line)) == line


@pytest.mark.parametrize("status", ["refused", "failed"])
def test_without_an_estimate_every_key_is_still_there(status: Any) -> None:
    line = Estimate("p/ecg.dcm", status, reason="it is a picture").to_dict()
    assert tuple(line) == CONTRACT
    assert line["potassium_meq_l"] is line["interval_meq_l"] is line["level"] is line["model"] is None
    assert line["population"] is None
    assert line["probability_above"] == line["likelihood_ratio"] == {}
    assert line["reason"] == "it is a picture"


def test_every_estimate_says_that_it_is_research() -> None:
    assert Estimate("a", "failed").notice == NOTICE
    assert "Not a medical device" in NOTICE
    assert "Does not replace a blood test" in NOTICE
    assert "exclude" not in NOTICE


def test_records_cannot_be_changed_in_place() -> None:
    estimate = Estimate("a", "failed")
    with pytest.raises(FrozenInstanceError):
        estimate.status = "estimated"  # type: ignore[misc]
    assert replace(estimate, status="refused").status == "refused"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"signal": np.ones((1, 9), dtype=complex)}, "real numbers"),
        ({"signal": np.array([["1", "2"]])}, "real numbers"),
        ({"leads": "V5"}, "tuples of text"),
        ({"leads": (5,)}, "tuples of text"),
        ({"warnings": "hello"}, "tuples of text"),
        ({"rate": "fast"}, "rate is fast Hz"),
        ({"rate": None}, "rate is None Hz"),
    ],
)
def test_what_is_no_recording_is_said(fields: dict[str, Any], said: str) -> None:
    whole: dict[str, Any] = {"signal": np.ones((1, 9)), "rate": 500.0, "leads": ("V5",)}
    with pytest.raises(ValueError, match=said):
        Recording(**(whole | fields))


def test_what_is_masked_was_not_recorded() -> None:
    masked: Any = np.ma.masked_array(np.ones((1, 3)), mask=[[False, True, False]])
    np.testing.assert_array_equal(Recording(masked, 500.0, ("V5",)).signal, [[1, np.nan, 1]])


def test_leads_are_spelled_in_one_way() -> None:
    assert Recording(np.ones((3, 9), np.float32), 500.0, ("avf", "v5", "X")).leads == ("aVF", "V5", "X")


def test_a_beat_knows_its_good_leads_and_its_rate() -> None:
    ones = np.ones(3, np.float32)
    beat = Beat(np.zeros((3, SAMPLES), np.float32), ones, ("I", "II", "V5"), 1.5, 9, ones, (None, "flat", None))
    assert beat.good == ("I", "V5")
    assert beat.heart_rate_bpm == 40.0
    assert beat.r_peaks_s.size == 0


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"leads": ("I", "I")}, "leads ('I', 'I') name one lead twice; expected each once"),
        ({"leads": ("I",)}, "signal has shape (2, 5); expected (1 leads, samples)"),
        ({"leads": "V5"}, "leads and warnings are no tuples of text; expected such as ('I', 'V5')"),
        ({"signal": np.ones((2, 5), bool)}, "signal holds something else than real numbers; expected millivolts"),
        ({"rate": "f" * 50}, f"rate is {'f' * 20} Hz; expected a positive number"),
        ({"confidence": (1.0, 0.5, 0.2)}, "3 confidences for 2 leads; expected one each"),
    ],
)
def test_what_is_no_recording_is_said_to_the_letter(fields: dict[str, Any], sentence: str) -> None:
    whole: dict[str, Any] = {"signal": np.zeros((2, 5)), "rate": 500.0, "leads": ("I", "II")}
    with pytest.raises(ValueError, match="expected") as caught:
        Recording(**(whole | fields))
    assert str(caught.value) == sentence


def test_what_a_recording_holds_is_a_tuple_however_it_was_given() -> None:
    given: dict[str, Any] = {"leads": ["i", "AVR"], "warnings": ["dim"], "confidence": [0.5, 1]}
    made = Recording(np.zeros((2, 5), np.int16), "250", **given)  # type: ignore[arg-type]
    assert (made.leads, made.warnings, made.confidence) == (("I", "aVR"), ("dim",), (0.5, 1))
    assert (made.rate, made.source, made.digitized) == (250.0, "memory", False)
    assert made.signal.dtype == np.float32
