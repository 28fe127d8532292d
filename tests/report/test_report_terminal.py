"""An estimate as a person reads it on a terminal."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from report_examples import EVERY, FAILED, HIGH, REFUSED, estimate

from kalemia.records import LEADS, NOTICE
from kalemia.report import text


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
    printed = text(EVERY[name])
    assert printed.endswith(NOTICE)
    assert "trained on simulated ECGs" in printed
    assert not re.search(r"exclude|\bsafe|ruled out|laborator", printed, re.IGNORECASE)


def test_many_leads_are_summed_up_by_the_worst() -> None:
    printed = text(replace(HIGH, quality=dict.fromkeys(LEADS, 0.99) | {"V2": 0.81}))
    assert "quality      lowest 0.81 (V2) of 12 leads" in printed


def test_a_file_name_cannot_write_to_the_terminal() -> None:
    printed = text(replace(HIGH, source="a\x1b[2J\nb\u202e\udcff.dat", warnings=("x\ny\r",)))
    assert printed.splitlines()[0] == "a\ufffd[2J b\ufffd\ufffd.dat"
    assert len(printed.splitlines()) == len(text(replace(HIGH, warnings=("x",))).splitlines())
    printed.encode("utf-8")


def test_an_estimate_without_interval_level_or_probability() -> None:
    bare = replace(HIGH, interval_meq_l=None, level=None, probability_above={}, probability_below={})
    assert text(bare).splitlines()[1] == "  estimate     5.9 mEq/L"


@pytest.mark.parametrize(
    ("low", "high", "printed"),
    [
        (3.2, 5.0, "reaches below 3.5"),
        (4.0, 5.6, "reaches above 5.5"),
        (3.2, 5.6, "reaches below 3.5 and above 5.5"),
    ],
)
def test_uncertain_says_which_limit_is_crossed(low: float, high: float, printed: str) -> None:
    assert f"UNCERTAIN: the interval {printed}" in text(estimate(4.5, low, high, "uncertain"))


def test_uncertain_within_the_limits_is_for_want_of_a_t_wave() -> None:
    assert "UNCERTAIN: its T waves say too little" in text(estimate(4.5, 4.0, 5.0, "uncertain"))


@pytest.mark.parametrize(
    ("above", "below", "line"),
    [
        ({"5.5": 0.71}, {}, "probability  71 % above 5.5"),
        ({}, {"3.5": 0.02}, "probability  2 % below 3.5"),
        ({"6.0": 0.5, "5.5": 0.999}, {"3.5": 0.0}, "probability  > 99 % above 5.5, < 1 % below 3.5"),
    ],
)
def test_of_the_probabilities_those_of_the_level_are_printed(
    above: dict[str, float], below: dict[str, float], line: str
) -> None:
    shown = text(replace(HIGH, probability_above=above, probability_below=below))
    assert [row.strip() for row in shown.splitlines() if "probability" in row] == [line]


@pytest.mark.parametrize(
    ("leads", "line"),
    [
        (("I", "II", "V5"), "quality      I 0.90, II 0.90, V5 0.90"),
        (("I", "II", "V4", "V5"), "quality      lowest 0.90 (I) of 4 leads"),
    ],
)
def test_three_leads_are_listed_and_more_are_not(leads: tuple[str, ...], line: str) -> None:
    assert line in text(replace(HIGH, leads_used=leads, quality=dict.fromkeys(leads, 0.9)))


def test_of_a_refusal_beats_were_found_and_leads_are_needed() -> None:
    printed = text(replace(REFUSED, beats_used=11, leads_used=("I", "V5"), heart_rate_bpm=74.6))
    assert "  beats found  11\n" in printed
    assert "  leads needed I, V5\n" in printed
    assert "  heart rate   75 bpm\n" in printed
    assert "estimate" not in printed


def test_what_is_not_known_has_no_line() -> None:
    bare = replace(FAILED, model=None, reason="ward/ecg.dcm is empty")
    assert text(bare).splitlines() == ["ward/ecg.dcm", "  failed: ecg.dcm is empty", f"  {NOTICE}"]
