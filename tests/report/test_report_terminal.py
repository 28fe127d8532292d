from __future__ import annotations

import re
from dataclasses import replace

import pytest
from report_examples import EVERY, FAILED, HIGH, REFUSED, estimate

from kalemia.records import LEADS, NOTICE
from kalemia.report import text, words


def test_a_high_estimate_in_full() -> None:
    assert (
        text(HIGH)
        == """ward/ecg.dcm
  estimate     5.9 mEq/L  (90 % interval 5.1 to 6.8)  HIGH: above 5.5
  probability  71 % above 5.5, < 1 % below 3.5
  heart rate   74 bpm
  beats used   11
  leads used   V5
  quality      V5 0.97
  warning      QRS 142 ms: a wide complex.
  warning      The mains filter was on.
  model        v5-4k 1.0.0, trained on simulated ECGs
  interval     validated on simulated ECGs
  Research use. Not a medical device. Does not replace a blood test."""
    )


def test_a_refusal_in_full() -> None:
    assert (
        text(REFUSED)
        == """ward/ecg.dcm
  refused: lead V5 is flat
  leads needed V5
  quality      V5 0.05
  model        v5-4k 1.0.0, trained on simulated ECGs
  Research use. Not a medical device. Does not replace a blood test."""
    )


def test_a_failure_without_reason_or_model() -> None:
    assert "failed: no reason was given" in text(replace(FAILED, reason=None, model=None))


@pytest.mark.parametrize("name", EVERY)
def test_every_text_has_the_notice_and_no_forbidden_word(name: str) -> None:
    said = text(EVERY[name])
    assert said.endswith(NOTICE)
    assert "trained on simulated ECGs" in said
    assert not re.search(r"exclude|\bsafe|ruled out|laborator", said, re.IGNORECASE)


def test_many_leads_are_summed_up_by_the_worst() -> None:
    said = text(replace(HIGH, quality=dict.fromkeys(LEADS, 0.99) | {"V2": 0.81}))
    assert "quality      lowest 0.81 (V2) of 12 leads" in said


def test_a_file_name_cannot_write_to_the_terminal() -> None:
    said = text(replace(HIGH, source="a\x1b[2J\nb\u202e\udcff.dat", warnings=("x\ny\r",)))
    assert said.splitlines()[0] == "a\ufffd[2J b\ufffd\ufffd.dat"
    assert len(said.splitlines()) == len(text(replace(HIGH, warnings=("x",))).splitlines())
    said.encode("utf-8")


def test_an_estimate_without_interval_level_or_probability() -> None:
    bare = replace(HIGH, interval_meq_l=None, level=None, probability_above={}, probability_below={})
    assert text(bare).splitlines()[1] == "  estimate     5.9 mEq/L"


@pytest.mark.parametrize(
    ("value", "said"),
    [(5.9, "5.9"), (5.5, "5.5"), (5.52, "5.52"), (5.46, "5.46"), (3.496, "3.496"), (5.5000001, "5.500")],
)
def test_rounding_does_not_move_a_value_across_a_limit(value: float, said: str) -> None:
    assert words.potassium(value) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [(0.0, "< 1 %"), (0.004, "< 1 %"), (0.01, "1 %"), (0.714, "71 %"), (1.0, "> 99 %"), (float("nan"), "unknown")],
)
def test_a_probability_is_never_zero_or_one(value: float, said: str) -> None:
    assert words.probability(value) == said


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (3.2, 5.0, "reaches below 3.5"),
        (4.0, 5.6, "reaches above 5.5"),
        (3.2, 5.6, "reaches below 3.5 and above 5.5"),
    ],
)
def test_uncertain_says_which_limit_is_crossed(low: float, high: float, said: str) -> None:
    assert f"UNCERTAIN: the interval {said}" in text(estimate(4.5, low, high, "uncertain"))


@pytest.mark.parametrize(
    ("source", "name"),
    [("a/b/c.dat", "c.dat"), ("C:\\x\\c.dat", "c.dat"), ("c.dat", "c.dat"), ("a/b/", "b"), ("", "recording")],
)
def test_only_the_file_name_is_kept(source: str, name: str) -> None:
    assert words.file_name(source) == name


def test_a_sentence_gets_its_capital_unless_it_starts_with_a_name() -> None:
    assert words.sentence("lead V5 is flat") == "Lead V5 is flat"
    assert words.sentence("aVR is flat") == "aVR is flat"
    assert words.sentence("ecg.dat is flat") == "ecg.dat is flat"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("simulated", "simulated ECGs"),
        ("semi-simulated", "semi-simulated ECGs"),
        ("simulated and semi-simulated", "simulated and semi-simulated ECGs"),
        ("nothing: the weights are drawn", "nothing: the weights are drawn"),
    ],
)
def test_where_a_model_comes_from_is_a_phrase(data: str, said: str) -> None:
    assert words.origin(data) == said


def test_uncertain_within_the_limits_is_for_want_of_a_t_wave() -> None:
    assert "UNCERTAIN: its T waves say too little" in text(estimate(4.5, 4.0, 5.0, "uncertain"))
