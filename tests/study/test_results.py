"""Results of studies as files: the same bytes there and back, and a sentence for what is damaged."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("polars")
pytest.importorskip("sklearn")
pytest.importorskip("matplotlib")

from study_results import NAMES, UNDEFINED, result

from kalemia.judge.spans import Span
from kalemia.study.results import StudyResult, text

DOCS = Path(__file__).parents[2] / "docs" / "study"


@pytest.mark.parametrize("study", NAMES)
def test_the_published_results_are_read_and_written_to_the_byte(study: str) -> None:
    content = (DOCS / f"{study}.json").read_bytes()
    found = StudyResult.from_json(content)
    assert found.to_json() == content
    plain = json.loads(content)
    assert [row.name for row in found.entrants] == [row["name"] for row in plain["entrants"]]
    assert found.entrants[0].auroc == Span(**plain["entrants"][0]["figures"]["auroc_above_5.5"])
    assert found.differences[-1].auroc == Span(**plain["differences"][-1]["auroc_above_5.5"])
    assert found.reference == plain["differences"][0]["against"]


@pytest.mark.parametrize("study", NAMES)
def test_a_result_is_what_was_written(study: str) -> None:
    assert StudyResult.from_json(result(study).to_json()) == result(study)


def test_what_does_not_apply_is_left_out_and_what_is_not_defined_is_null() -> None:
    found = json.loads(result("network").to_json())
    network, boosting, _ = found["entrants"]
    assert {"us_per_ecg", "design", "layers"} <= set(network)
    assert not {"us_per_ecg", "design", "layers"} & set(boosting)
    assert boosting["fits"] == [{"fold": 0, "seed": 0, "learning_rate": 0.05, "rounds": 200}]
    assert network["window_s"] is None
    assert network["cuts_meq_l"] == [5.1, None]
    assert network["figures"]["ppv"] == {"value": 0.3, "low": None, "high": None}
    assert network["design"] == {"kind": "DSCRNN", "channels": 16, "lstm": 10}
    assert found["cohort"] == {"labels": "simulated", "ecgs": 60, "hemolyzed": 3, "digest": "0", "level": "kidney"}
    assert "auroc_above_5.5" in found["differences"][0]


def test_a_result_without_entrants_is_damaged() -> None:
    with pytest.raises(ValueError, match=r"^nobody took part$"):
        StudyResult.from_json(json.dumps(json.loads(result("size").to_json()) | {"entrants": []}).encode())


def test_a_number_that_is_not_finite_is_not_written() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        replace(result("size"), potassium_sd_meq_l=float("nan")).to_json()


def without(found: dict[str, Any], *place: str | int) -> None:
    """Take a field out of a file."""
    for key in place[:-1]:
        found = found[key]  # type: ignore[index]
    del found[place[-1]]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "place",
    [
        ("study",),
        ("cohort", "ecgs"),
        ("budget", "folds", "more"),
        ("entrants", 0, "name"),
        ("entrants", 1, "figures", "r2"),
        ("entrants", 0, "figures", "mae_meq_l", "low"),
        ("differences", 0, "auroc_above_5.5"),
    ],
)
def test_a_file_without_a_field_is_damaged(place: tuple[str | int, ...]) -> None:
    found = json.loads(result("size").to_json())
    if place[-1] == "more":
        found["budget"]["folds"] = "five"
    else:
        without(found, *place)
    with pytest.raises(ValueError, match=r"^[^\n]*(Field required|Input should be|has no r2)[^\n]*$"):
        StudyResult.from_json(json.dumps(found).encode())


@pytest.mark.parametrize(
    "change",
    [{"entrants": []}, {"quick": "no"}, {"entrants": "all"}, {"potassium_sd_meq_l": None}, {"budget": {"rates": [1]}}],
)
def test_a_file_with_something_else_in_a_field_is_damaged(change: dict[str, Any]) -> None:
    found = json.loads(result("size").to_json())
    found["budget"] |= change.pop("budget", {})
    StudyResult.from_json(json.dumps(found).encode())  # a whole number is a number, too
    if change:
        with pytest.raises(ValueError, match=r"^[^\n]*(nobody took part|Input should be)[^\n]*$"):
            StudyResult.from_json(json.dumps(found | change).encode())


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff"])
def test_what_is_no_object_is_damaged(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"^[^\n]*(Invalid JSON|should be an object)[^\n]*$"):
        StudyResult.from_json(content)


def test_who_is_looked_for_is_found_or_not() -> None:
    found = result("window")
    assert found.entrant("2 s") is found.entrants[2]
    assert found.difference("2 s") is found.differences[1]
    assert found.difference("one cycle") is None
    assert found.entrant("10 s") is None
    assert replace(found, differences=()).reference == "one cycle"


def test_a_terminal_shows_everybody_and_the_differences() -> None:
    assert text(result("size")).splitlines() == [
        "size: Which?",
        "",
        "      parameters     ECGs  R2 (95 %)                   MAE     AUROC > 5.5",
        "180k     180,000       60  0.500 (0.400 to 0.600)      0.750   0.900 (0.850 to 0.950)",
        "4k         4,000       60  0.400 (0.300 to 0.500)      0.750   0.900 (0.850 to 0.950)",
        "",
        "R2 of 4k minus that of 180k: −0.020 (−0.040 to −0.010)",
        "",
        "On simulated potassium; its standard deviation is 1.40 mEq/L. Hemolyzed and left out: 3.",
    ]
    none = replace(result("size"), cohort=replace(result("size").cohort, hemolyzed=0), differences=())
    assert text(none).endswith("(0.850 to 0.950)\n\n\nOn simulated potassium; its standard deviation is 1.40 mEq/L.")


def test_a_terminal_shows_what_is_not_defined() -> None:
    found = result("size")
    small = replace(found.entrants[1], figures=dict.fromkeys(found.entrants[1].figures, UNDEFINED))
    lines = text(replace(found, entrants=(found.entrants[0], small))).splitlines()
    assert lines[4] == "4k         4,000       60  undefined                   undefined  undefined"
