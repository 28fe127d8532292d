"""An estimate as a person reads it on a terminal."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from report_examples import EVERY, FAILED, HIGH, REFUSED

from kalemia.records import LEADS, NOTICE
from kalemia.report import text


def test_a_high_estimate_in_full() -> None:
    assert (
        text(HIGH)
        == """ward/ecg.dcm
  estimate     5.9 mEq/L  (90 % interval 5.1 to 6.8)  HIGH: above 5.5 is likelier than not (71 %)
  evidence     An ECG like this is 36 times likelier at a high potassium than at a normal one, and 32 times less \
likely at a low one.
  above 5.5    6.1 % before this ECG, 71 % after it
  below 3.5    3.7 % before this ECG, < 1 % after it
  population   kidney (outpatients with chronic kidney disease)
  heart rate   74 bpm
  beats used   11
  leads used   V5
  quality      V5 0.97
  warning      QRS 142 ms: a wide complex.
  warning      The mains filter was on.
  model        v5-4k 1.0.0, trained on simulated ECGs
  interval     validated on simulated ECGs only
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
    quality = dict.fromkeys(LEADS, 0.99) | {"V2": 0.81, "V3": 0.3}
    printed = text(replace(HIGH, leads_used=tuple(lead for lead in LEADS if lead != "V3"), quality=quality))
    assert "quality      lowest 0.81 (V2) of 11 leads" in printed
    assert "quality      lowest 0.30 (V3) of 12 leads" in text(replace(REFUSED, quality=quality))


def test_a_file_name_cannot_write_to_the_terminal() -> None:
    printed = text(replace(HIGH, source="a\x1b[2J\nb\u202e\udcff.dat", warnings=("x\ny\r",)))
    assert printed.splitlines()[0] == "a\ufffd[2J b\ufffd\ufffd.dat"
    assert len(printed.splitlines()) == len(text(replace(HIGH, warnings=("x",))).splitlines())
    printed.encode("utf-8")


def test_an_estimate_without_interval_level_or_probability() -> None:
    bare = replace(
        HIGH,
        interval_meq_l=None,
        level=None,
        probability_above={},
        probability_below={},
        likelihood_ratio={},
        population=None,
    )
    assert text(bare).splitlines()[1:3] == ["  estimate     5.9 mEq/L", "  heart rate   74 bpm"]


@pytest.mark.parametrize(
    ("above", "below", "lines"),
    [
        ({"5.5": 0.71}, {}, ["above 5.5    6.1 % before this ECG, 71 % after it"]),
        ({}, {"3.5": 0.02}, ["below 3.5    3.7 % before this ECG, 2.0 % after it"]),
        ({"6.0": 0.5, "7.0": 0.1}, {"3.0": 0.1}, []),
    ],
)
def test_of_the_probabilities_those_of_the_level_are_printed(
    above: dict[str, float], below: dict[str, float], lines: list[str]
) -> None:
    shown = text(replace(HIGH, level=None, probability_above=above, probability_below=below))
    assert [row.strip() for row in shown.splitlines() if "after it" in row] == lines


def test_without_a_population_the_probability_stands_alone() -> None:
    assert "\n  above 5.5    71 %\n  below 3.5    < 1 %\n  heart rate" in text(replace(HIGH, population=None))


def test_an_ecg_that_says_little_is_said_to() -> None:
    assert "\n  evidence     This ECG says little: " in text(EVERY["uncertain"])


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
