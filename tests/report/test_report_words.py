"""The wording that the terminal, the page and the index share."""

from __future__ import annotations

from dataclasses import replace

import pytest
from report_examples import EVERY, HIGH, NORMAL, UNCERTAIN, estimate

from kalemia.records import Estimate
from kalemia.report import words


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (5.9, "5.9"),
        (5.96, "6.0"),
        (5.5, "5.5"),
        (5.52, "5.52"),
        (5.46, "5.46"),
        (3.5, "3.5"),
        (3.496, "3.496"),
        (3.54, "3.54"),
        (3.56, "3.6"),
        (5.5000001, "5.500"),
        (10.0, "10.0"),
    ],
)
def test_rounding_does_not_move_a_value_across_a_limit(value: float, shown: str) -> None:
    assert words.potassium(value) == shown


def test_an_interval_is_rounded_as_its_bounds_are() -> None:
    assert words.bounds((3.496, 5.52)) == "3.496 to 5.52"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0, "< 1 %"),
        (0.004, "< 1 %"),
        (0.006, "1 %"),
        (0.01, "1 %"),
        (0.714, "71 %"),
        (0.994, "99 %"),
        (0.996, "> 99 %"),
        (1.0, "> 99 %"),
        (float("nan"), "unknown"),
    ],
)
def test_a_probability_is_never_zero_or_one(value: float, shown: str) -> None:
    assert words.probability(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"), [(0.84, "+0.8"), (-0.84, "−0.8"), (0.04, "0.0"), (-0.04, "0.0"), (0.0, "0.0"), (12.0, "+12.0")]
)
def test_a_change_has_its_sign_unless_it_is_none(value: float, shown: str) -> None:
    assert words.change(value) == shown


@pytest.mark.parametrize(
    ("given", "level"),
    [
        (EVERY["high"], ("High", "above 5.5")),
        (EVERY["low"], ("Low", "below 3.5")),
        (EVERY["normal"], ("Normal", "the whole interval lies within 3.5 to 5.5")),
        (UNCERTAIN, ("Uncertain", "the interval reaches below 3.5 and above 5.5")),
        (estimate(4.5, 3.2, 5.0, "uncertain"), ("Uncertain", "the interval reaches below 3.5")),
        (estimate(4.5, 4.0, 5.6, "uncertain"), ("Uncertain", "the interval reaches above 5.5")),
        (estimate(4.5, 3.5, 5.5, "uncertain"), ("Uncertain", "its T waves say too little")),
        (replace(UNCERTAIN, interval_meq_l=None), ("Uncertain", "the interval reaches below 3.5 and above 5.5")),
        (EVERY["refused"], None),
    ],
)
def test_a_level_has_its_name_and_its_meaning(given: Estimate, level: tuple[str, str] | None) -> None:
    assert words.level(given) == level


@pytest.mark.parametrize(
    ("coverage", "shown"),
    [(0.9, "90 % interval 5.1 to 6.8"), (0.955, "95.5 % interval 5.1 to 6.8"), (None, "interval 5.1 to 6.8")],
)
def test_an_interval_says_how_many_it_holds_for(coverage: float | None, shown: str) -> None:
    assert words.interval(replace(HIGH, interval_coverage=coverage)) == shown
    assert words.interval(replace(HIGH, interval_meq_l=None)) is None


def test_there_is_an_estimate_only_with_a_number() -> None:
    assert words.is_estimated(HIGH)
    assert not words.is_estimated(replace(HIGH, potassium_meq_l=None))
    assert not words.is_estimated(replace(HIGH, status="refused"))


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("a/b/c.dat", "c.dat"),
        ("C:\\x\\c.dat", "c.dat"),
        ("c.dat", "c.dat"),
        ("a/b/", "b"),
        ("a\\b\\", "b"),
        ("/", "recording"),
        ("", "recording"),
    ],
)
def test_only_the_file_name_is_kept(source: str, name: str) -> None:
    assert words.file_name(source) == name


@pytest.mark.parametrize(
    ("source", "reason", "shown"),
    [
        ("ward/ecg.dcm", "ward/ecg.dcm is not an ECG", "ecg.dcm is not an ECG"),
        ("ward/ecg.dcm", "twice: ward/ecg.dcm, ward/ecg.dcm", "twice: ecg.dcm, ecg.dcm"),
        ("ecg.dcm", "ecg.dcm: empty", "ecg.dcm: empty"),
        ("ward/", "the folder ward/ is empty", "the folder ward/ is empty"),
        ("ecg.dcm", None, "no reason was given"),
    ],
)
def test_a_reason_does_not_show_the_folder(source: str, reason: str | None, shown: str) -> None:
    assert words.reason(replace(NORMAL, source=source, reason=reason)) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("lead V5 is flat", "Lead V5 is flat"),
        ("flat", "Flat"),
        ("aVR is flat", "aVR is flat"),
        ("ecg.dat is flat", "ecg.dat is flat"),
        ("I is flat", "I is flat"),
        ("12 leads", "12 leads"),
    ],
)
def test_a_sentence_gets_its_capital_unless_it_starts_with_a_name(text: str, shown: str) -> None:
    assert words.sentence(text) == shown


@pytest.mark.parametrize(
    ("data", "phrase"),
    [
        ("simulated", "simulated ECGs"),
        ("semi-simulated", "semi-simulated ECGs"),
        ("measured", "measured ECGs"),
        ("simulated and semi-simulated", "simulated and semi-simulated ECGs"),
        ("nothing: the weights are drawn", "nothing: the weights are drawn"),
    ],
)
def test_where_a_model_comes_from_is_a_phrase(data: str, phrase: str) -> None:
    assert words.origin(data) == phrase


def test_a_model_is_named_with_its_origin() -> None:
    assert HIGH.model is not None
    assert words.model(HIGH.model) == "v5-4k 1.0.0, trained on simulated ECGs"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (9.98, "10.0 s"),
        (119.9, "119.9 s"),
        (120.0, "2 min"),
        (300.0, "5 min"),
        (3540.0, "59 min"),
        (3600.0, "1 h 0 min"),
        (3660.0, "61 min"),
        (7140.0, "119 min"),
        (7200.0, "2 h 0 min"),
        (86400.0 + 300, "24 h 5 min"),
    ],
)
def test_durations_are_said_shortly(seconds: float, shown: str) -> None:
    assert words.duration(seconds) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("V5 칼륨", "V5 칼륨"),
        ("a\tb\nc", "a b c"),
        ("a\x00\x1b[31m", "a\ufffd\ufffd[31m"),
        ("\u202eb\udcff", "\ufffdb\ufffd"),
    ],
)
def test_what_does_not_print_is_replaced(text: str, shown: str) -> None:
    assert words.clean(text) == shown
