"""The wording that the terminal, the page and the index share."""

from __future__ import annotations

from dataclasses import replace

import pytest
from report_examples import EVERY, HIGH, KIDNEY, NORMAL, REFUSED, chances

from kalemia.records import Before, DoubtfulDraw, Estimate, Level
from kalemia.report import words


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (5.9, "5.9"),
        (5.96, "6.0"),
        (5.5, "5.5"),
        (5.52, "5.5"),
        (5.46, "5.5"),
        (3.5, "3.5"),
        (3.496, "3.5"),
        (3.54, "3.5"),
        (3.56, "3.6"),
        (5.5000001, "5.5"),
        (10.0, "10.0"),
    ],
)
def test_potassium_has_one_decimal(value: float, shown: str) -> None:
    assert words.potassium(value) == shown


def test_an_interval_is_rounded_as_its_bounds_are() -> None:
    assert words.bounds((3.496, 5.52)) == "3.5 to 5.5"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0, "< 1 %"),
        (0.004, "< 1 %"),
        (0.006, "< 1 %"),
        (0.01, "1.0 %"),
        (0.0564, "5.6 %"),
        (0.0994, "9.9 %"),
        (0.0996, "10 %"),
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


TELLS = "and this ECG makes it likelier; a blood test tells"
UNSURE = "3.5 to 5.5 has a probability of {} %, too little to be called normal"
NORMALLY = "3.5 to 5.5 is very likely ({}), but not certain; a blood test tells"


def said(
    level: Level,
    high: float | None,
    low: float | None,
    ratios: tuple[float, float] = (1.0, 1.0),
    before: Before | None = KIDNEY,
) -> str:
    """What a level means where more than 5.5 and less than 3.5 are as likely, and the ECG so many times likelier."""
    given = replace(HIGH, level=level, population=before, **chances(high, low, ratios))
    name, meaning = words.level(given) or ("", "")
    assert name == level.capitalize()
    return meaning


def test_a_level_says_how_likely_it_is() -> None:
    assert said("high", 0.634, 0.01) == "above 5.5 is likelier than not (63 %)"
    assert said("low", 0.01, 0.52) == "below 3.5 is likelier than not (52 %)"
    assert said("high", None, 0.01) == "above 5.5 is likelier than not"
    assert said("low", 0.01, None) == "below 3.5 is likelier than not"
    assert words.level(EVERY["refused"]) is None


def test_normal_says_how_much_of_it_is_the_populations_and_that_it_is_not_certain() -> None:
    assert said("normal", 0.019, 0.03) == NORMALLY.format("95 %; 90 % before this ECG")
    assert said("normal", 0.0, 0.002) == NORMALLY.format("> 99 %; 90 % before this ECG")
    assert said("normal", 0.019, 0.03, before=None) == NORMALLY.format("95 %")
    assert said("normal", 0.019, 0.03, before=replace(KIDNEY, probability_below={})) == NORMALLY.format("95 %")
    assert said("normal", 0.019, None) == "3.5 to 5.5 is very likely, but not certain; a blood test tells"


@pytest.mark.parametrize(
    ("high", "low", "ratios", "meaning"),
    [
        (0.34, 0.01, (7.5, 0.1), f"above 5.5 is possible (34 %), {TELLS}"),
        (0.07, 0.31, (0.1, 9.0), f"below 3.5 is possible (31 %), {TELLS}"),
        (0.34, 0.01, (2.0, 0.1), f"above 5.5 is possible (34 %), {TELLS}"),
        (0.14, 0.11, (1.99, 1.99), UNSURE.format(75)),
        (0.2, 0.3, (4.0, 4.0), f"below 3.5 is possible (30 %), {TELLS}"),
        (0.3, 0.2, (4.0, 4.0), f"above 5.5 is possible (30 %), {TELLS}"),
        # A ratio is of equal weights: where the population's own are others, the probability may fall all the same.
        (0.061, 0.3, (2.1, 0.9), UNSURE.format(63)),
        (0.062, 0.3, (2.1, 0.9), f"above 5.5 is possible (6.2 %), {TELLS}"),
    ],
)
def test_uncertain_says_which_side_the_ecg_made_likelier(
    high: float, low: float, ratios: tuple[float, float], meaning: str
) -> None:
    assert said("uncertain", high, low, ratios) == meaning


def test_without_a_population_an_ecg_leans_by_its_ratio_alone() -> None:
    assert said("uncertain", 0.02, 0.2, (3.0, 1.0), None) == f"above 5.5 is possible (2.0 %), {TELLS}"


@pytest.mark.parametrize(
    ("high", "low", "meaning"),
    [
        (0.08, 0.021, UNSURE.format(89)),
        (0.06, 0.041, UNSURE.format(89)),
        (0.06, 0.05, UNSURE.format(89)),
        (0.22, 0.2, UNSURE.format(58)),
        (0.07, 0.05, UNSURE.format(88)),
        (0.4, 0.35, UNSURE.format(25)),
        (0.07, 0.03, "3.5 to 5.5 would be very likely, but the T waves say too little"),
        (0.01, 0.0, "3.5 to 5.5 would be very likely, but the T waves say too little"),
        (None, 0.03, "neither high nor low nor normal is likely enough"),
    ],
)
def test_uncertain_without_a_side_says_what_normal_lacks(high: float | None, low: float, meaning: str) -> None:
    assert said("uncertain", high, low) == meaning


LITTLE = (
    "This ECG says little: it fits a high, a low and a normal potassium about equally well, and rules out none of them."
)


@pytest.mark.parametrize(
    ("high", "low", "sentence"),
    [
        (1.0, 1.0, LITTLE),
        (1.99, 0.51, LITTLE),
        (2.0, 0.51, "2 times likelier at a high potassium than at a normal one, and 2 times less likely at a low one"),
        (0.5, 1.0, "2 times less likely at a high potassium than at a normal one, and about as likely at a low one"),
        (8.3, 0.1, "8 times likelier at a high potassium than at a normal one, and 10 times less likely at a low one"),
        (1.2, 4.4, "about as likely at a high potassium as at a normal one, and 4 times likelier at a low one"),
    ],
)
def test_the_evidence_is_one_sentence(high: float, low: float, sentence: str) -> None:
    given = replace(HIGH, likelihood_ratio={"high": high, "low": low})
    assert words.evidence(given) == (sentence if sentence == LITTLE else f"An ECG like this is {sentence}.")
    # Whom it is from does not matter to it.
    assert words.evidence(replace(given, population=None, level="normal")) == words.evidence(given)


def test_evidence_that_blood_draws_moved_is_of_this_patient() -> None:
    assert (words.evidence(replace(HIGH, earlier_ecgs=1)) or "").startswith("Of this patient, an ECG like")
    assert words.evidence(replace(HIGH, likelihood_ratio={})) is None


@pytest.mark.parametrize(
    ("ratio", "shown"),
    [
        (1.0, "about as likely"),
        (1.49, "about as likely"),
        (0.68, "about as likely"),
        (1.5, "1.5 times likelier"),
        (0.66, "1.5 times less likely"),
        (2.04, "2 times likelier"),
        (2.55, "2.5 times likelier"),
        (2.97, "3 times likelier"),
        (3.4, "3 times likelier"),
        (0.29, "3 times less likely"),
        (99.6, "100 times likelier"),
        (101.0, "over 100 times likelier"),
        (0.0, "over 100 times less likely"),
    ],
)
def test_a_ratio_is_said_as_so_many_times(ratio: float, shown: str) -> None:
    assert words.times(ratio) == shown


def test_chances_are_those_after_beside_those_before() -> None:
    assert words.chances(HIGH) == [
        ("above 5.5", "6.1 %", "71 %"),
        ("above 6.0", "1.8 %", "44 %"),
        ("above 6.5", "< 1 %", "> 99 %"),
        ("below 3.5", "3.7 %", "< 1 %"),
    ]
    assert words.chances(replace(HIGH, probability_below={"3.0": 0.2}))[-1] == ("below 3.0", "", "20 %")
    assert [before for _, before, _ in words.chances(replace(HIGH, population=None))] == [""] * 4


def test_a_population_is_named_with_who_they_are() -> None:
    assert words.population(HIGH) == "kidney (outpatients with chronic kidney disease)"
    assert words.population(REFUSED) is None


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


@pytest.mark.parametrize(
    ("draw", "sentence"),
    [
        (None, None),
        (
            DoubtfulDraw(6.4, None, 0.86, 0.41, 0.32),
            "The laboratory found 6.4 mEq/L in a hemolyzed sample, of which burst cells may have added about 0.9. The "
            "true potassium is above 5.5 with a probability of 41 % without this ECG, 32 % with it. This was tried on "
            "no patient and rules nothing out: draw blood again now. The estimate does not use this sample.",
        ),
        (
            DoubtfulDraw(7.0, 150.0, 0.68, 0.004, 0.999),
            "The laboratory found 7 mEq/L in a hemolyzed sample (index 150), of which burst cells may have added about "
            "0.7. The true potassium is above 5.5 with a probability of < 1 % without this ECG, > 99 % with it. This "
            "was tried on no patient and rules nothing out: draw blood again now. The estimate does not use this "
            "sample.",
        ),
    ],
)
def test_a_doubtful_draw_is_no_result(draw: DoubtfulDraw | None, sentence: str | None) -> None:
    assert words.laboratory(Estimate("x", "estimated", doubtful_draw=draw)) == sentence


def test_a_doubtful_draw_names_the_population_that_it_is_judged_in() -> None:
    estimate = Estimate(
        "x",
        "estimated",
        population=Before("kidney", "", {}, {}),
        doubtful_draw=DoubtfulDraw(6.4, None, 0.86, 0.41, 0.32),
    )
    assert "above 5.5, for a patient of the population kidney, with a" in str(words.laboratory(estimate))


@pytest.mark.parametrize(("count", "said"), [(0.6, "a day"), (1.4, "a day"), (1.6, "2 days"), (365.0, "365 days")])
def test_days_are_counted(count: float, said: str) -> None:
    assert words.days(count) == said
