"""What a reader sees first: the number with its interval, or why there is none."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from markup_tree import Node, parse, percent, table_rows
from report_examples import EVERY, FAILED, HIGH, KIDNEY, REFUSED, estimate, result

from kalemia.estimate.predict import Result
from kalemia.records import NOTICE, Estimate
from kalemia.report import words
from kalemia.report.answer import answer, warnings

LINK = "How far to trust this"


def shown(given: Estimate) -> Node:
    return parse(answer(result(given))).one("section", "answer")


def test_a_high_estimate_is_grasped_from_its_first_lines() -> None:
    section = shown(HIGH)
    assert section.one("p", "number").text == "5.9 mEq/L"
    assert section.one("span", "unit").text == "mEq/L"
    assert section.one("p", "range").text == "90 % interval 5.1 to 6.8"
    assert section.one("p", "level").text == "▲ High: above 5.5 is likelier than not (71 %)"
    assert section.one("p", "level").one("span")["aria-hidden"] == "true"
    assert section.one("p", "level").one("strong").text == "High"
    assert section.one("p", "validated").text == (
        "The model was trained on simulated ECGs, and the interval was validated on simulated ECGs only."
    )
    assert section.one("p", "label").text == "Potassium estimated from the ECG and the population kidney"
    assert section.one("p", "evidence").text == words.evidence(HIGH)
    assert len(section.all("svg", "scale")) == 1
    notice = section.one("p", "notice")
    assert (notice.text, notice["role"], notice.one("strong").text) == (f"{NOTICE} {LINK}", "note", NOTICE)


@pytest.mark.parametrize(("name", "symbol"), [("high", "▲"), ("low", "▼"), ("normal", "●"), ("uncertain", "◆")])
def test_the_level_says_its_meaning_with_its_shape(name: str, symbol: str) -> None:
    level, meaning = words.level(EVERY[name]) or ("", "")
    assert shown(EVERY[name]).one("p", "level").text == f"{symbol} {level}: {meaning}"


def test_without_a_level_none_is_shown() -> None:
    assert shown(replace(HIGH, level=None)).all("p", "level") == []


def test_the_probabilities_before_and_after_stand_in_a_table_each_with_its_bar() -> None:
    table = shown(HIGH).one("table", "probabilities")
    assert table.one("caption").text == (
        "Probability before and after this ECG. Population: kidney (outpatients with chronic kidney disease)."
    )
    assert [head.text for head in table.one("thead").all("th")] == ["mEq/L", "before", "after", ""]
    assert table_rows(table) == [
        ["above 5.5", "6.1 %", "71 %", ""],
        ["above 6.0", "1.8 %", "44 %", ""],
        ["above 6.5", "< 1 %", "> 99 %", ""],
        ["below 3.5", "3.7 %", "< 1 %", ""],
    ]
    assert [percent(fill["width"]) for fill in table.all("rect", "fill")] == [71, 44, 100, 0]


def test_without_a_population_there_is_no_before() -> None:
    section = shown(replace(HIGH, population=None))
    assert section.one("p", "label").text == "Potassium estimated from the ECG"
    assert section.one("caption").text == "Probability before and after this ECG."
    assert [row[1:3] for row in table_rows(section.one("table"))] == [
        ["", "71 %"], ["", "44 %"], ["", "> 99 %"], ["", "< 1 %"]
    ]  # fmt: skip


def test_without_probabilities_there_is_no_table() -> None:
    assert shown(replace(HIGH, probability_above={}, probability_below={})).all("table") == []


def test_what_a_population_is_called_by_a_file_becomes_no_markup() -> None:
    section = shown(replace(HIGH, population=replace(KIDNEY, people="<b>our</b> tests")))
    assert section.one("caption").text.endswith("Population: kidney (<b>our</b> tests).")


def test_without_evidence_nothing_is_said_of_it_and_no_curves_are_drawn() -> None:
    section = parse(answer(Result(replace(HIGH, likelihood_ratio={})))).one("section", "answer")
    assert section.all("p", "evidence") == section.all("svg", "beliefs") == section.all("ul") == []


def test_the_curves_stand_on_the_scale_and_their_key_below_it() -> None:
    section = shown(HIGH)
    assert section.one("svg", "scale").all("svg", "beliefs") != []
    parts = [child.attributes.get("class", "").split()[0] for child in section.children if isinstance(child, Node)]
    assert parts == ["result", "evidence", "scale", "key", "validated", "notice"]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"interval_validated_on": None}, "The model was trained on simulated ECGs."),
        ({"model": None}, "The interval was validated on simulated ECGs only."),
        ({"model": None, "interval_validated_on": None}, None),
    ],
)
def test_what_a_model_was_made_with_is_said_where_it_is_known(changes: dict[str, Any], sentence: str | None) -> None:
    notes = shown(replace(HIGH, **changes)).all("p", "validated")
    assert [note.text for note in notes] == [sentence] * (sentence is not None)


def test_an_estimate_near_a_limit_has_one_decimal_like_any_other() -> None:
    assert shown(estimate(5.52, 4.8, 6.5, "high")).one("p", "number").text == "5.5 mEq/L"


@pytest.mark.parametrize(
    ("given", "label", "reason"),
    [
        (REFUSED, "Refused: no estimate", "Lead V5 is flat"),
        (FAILED, "Failed: no estimate", "ecg.dcm is not an ECG"),
        (replace(FAILED, source="ward/ecg", reason="ward/ecg: empty"), "Failed: no estimate", "ecg: empty"),
        (replace(REFUSED, reason=None), "Refused: no estimate", "No reason was given"),
        (replace(HIGH, potassium_meq_l=None), "Estimated: no estimate", "No reason was given"),
    ],
)
def test_where_there_is_no_number_the_reason_stands_in_its_place(given: Estimate, label: str, reason: str) -> None:
    section = shown(given)
    assert section.one("p", "label").text == label
    assert section.one("p", "reason").text == reason
    assert section.one("p", "notice").text == f"{NOTICE} {LINK}"
    assert section.all("svg") == section.all("p", "number") == section.all("p", "evidence") == []


def test_warnings_are_a_list_under_their_heading() -> None:
    given = replace(HIGH, warnings=("The page ward/ecg.dcm was turned.", "QRS 142 ms: a wide complex."))
    section = parse(warnings(given) or "").one("section", "warnings")
    assert section.one("h2").text == "Warnings"
    assert [item.text for item in section.all("li")] == ["The page ecg.dcm was turned.", "QRS 142 ms: a wide complex."]
    assert warnings(replace(HIGH, warnings=())) is None


def test_the_notice_is_the_estimates_own() -> None:
    assert shown(replace(HIGH, notice="For a study.")).one("p", "notice").text == f"For a study. {LINK}"


def test_every_level_has_a_name_and_a_shape_of_its_own() -> None:
    assert set(words.NAMED) == set(words.SYMBOL)
    assert len(set(words.SYMBOL.values())) == len(words.SYMBOL)
