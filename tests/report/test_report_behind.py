"""What stands behind an estimate: the ECG, the beat, the quality of the leads, the model."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import numpy as np
import pytest
from markup_tree import Node, parse, percent, table_rows
from report_examples import HIGH, REFUSED, beat, recording

from kalemia.estimate.caveats import Findings
from kalemia.estimate.personal import Draw, Earlier
from kalemia.estimate.predict import Result
from kalemia.records import LEADS, Beat, Estimate
from kalemia.report.behind import behind, ecg
from kalemia.signal.st import ST


def shown(estimate: Estimate, used: Beat | None, earlier: Earlier | None = None) -> Node:
    return parse(behind(Result(estimate, beat=used, earlier=earlier)))


def test_the_ecg_stands_with_its_facts_above_and_its_remarks_below() -> None:
    drawn = parse(ecg(replace(recording(), start=datetime(2026, 3, 1, 14, 5)), beat())).one("section", "recording")
    assert drawn.one("p", "facts").text == "12 leads · 10.0 s · 500 Hz · recorded 2026-03-01 14:05"
    assert len(drawn.one("figure").all("svg", "ecg")) == 1
    caption = drawn.one("figcaption").text
    assert caption.startswith("25 mm/s, 10 mm/mV")
    assert caption.endswith("A stroke at the foot of a row marks an R peak that was found.")


def test_the_sheet_scrolls_and_can_be_reached_by_keyboard() -> None:
    sheet = parse(ecg(recording(), None)).one("div", "sheet")
    assert parse(ecg(recording(), None)).one("p", "sideways").text == "Wider than this screen: push it sideways."
    assert (sheet["tabindex"], sheet["role"], sheet["aria-label"]) == ("0", "region", "The ECG, scrolls sideways")


@pytest.mark.parametrize(
    ("leads", "seconds", "rate", "facts"),
    [(("V5",), 30.0, 250.0, "Lead V5 · 30.0 s · 250 Hz"), (("I", "II"), 150.0, 100.0, "2 leads · 2 min · 100 Hz")],
)
def test_the_facts_of_an_ecg(leads: tuple[str, ...], seconds: float, rate: float, facts: str) -> None:
    assert parse(ecg(recording(leads, seconds, rate), None)).one("p", "facts").text == facts


def test_an_empty_recording_is_said_to_be_empty() -> None:
    no_samples = replace(recording(), signal=np.empty((12, 0), np.float32))
    no_leads = replace(recording(()), confidence=())
    for empty in (no_samples, no_leads):
        drawn = parse(ecg(empty, None))
        assert drawn.one("p").text == "The recording is empty."
        assert drawn.all("svg") == []


def test_the_beat_is_drawn_in_millivolts_with_its_axes() -> None:
    used = shown(HIGH, beat()).section("The beat that was used")
    assert used.one("dl").all("dd")[0].text == "74 /min"
    # 1.0 of the normalized wave times a gain of 1.5 mV, and a margin.
    assert used.one("svg", "beat")["aria-label"] == "Median beat of lead V5, -0.1 to 1.6 mV"
    assert used.one("div", "beats")["class"] == "beats beats-one"
    assert used.one("figcaption").text == (
        "What the model saw, after filtering. Median of 11 beats; zero is the level of the PR segment; R is at 0 ms. "
        "The numbers were measured by machine, in the leads in which the waves are seen."
    )


@pytest.mark.parametrize(
    ("days", "ago"), [(None, ""), (0.2, " of the same day"), (1.3, " a day ago"), (9.0, " 9 days ago")]
)
def test_the_earlier_beat_is_dashed_below_and_the_caption_says_whose_it_is(days: float | None, ago: str) -> None:
    earlier = Earlier(beat(("II", "V5")), Draw(5.1, days), "ward/march.dcm")
    used = shown(HIGH, beat(), earlier).section("The beat that was used")
    assert [line["class"] for line in used.one("svg", "beat").all("path")][-2:] == ["earlier", "trace"]
    dashed = f" Dashed: the patient's earlier ECG (march.dcm){ago}, when the blood test said 5.1 mEq/L. "
    assert dashed in used.one("figcaption").text


def test_how_long_before_is_told_by_the_recordings_too() -> None:
    earlier = Earlier(beat(), Draw(5.1), "march.dcm", datetime(2026, 3, 1))
    root = shown(replace(HIGH, recorded=datetime(2026, 3, 4)), beat(), earlier)
    assert "(march.dcm) 3 days ago, when" in root.section("The beat that was used").one("figcaption").text


def test_a_lead_that_was_not_good_earlier_has_no_dashed_beat() -> None:
    earlier = Earlier(beat(("II", "V5"), problems=(None, "is flat")), Draw(5.1), "march.dcm")
    both = shown(replace(HIGH, leads_used=("II", "V5")), beat(), earlier)
    assert [len(svg.all("path", "earlier")) for svg in both.all("svg", "beat")] == [1, 0]


def test_without_a_heart_rate_that_of_the_beat_is_said() -> None:
    used = shown(replace(HIGH, heart_rate_bpm=None), beat()).section("The beat that was used")
    assert used.one("dl").all("dd")[0].text == "75 /min"


def test_of_a_refusal_the_beat_is_one_that_was_found() -> None:
    found = shown(REFUSED, beat()).section("The beat that was found")
    assert found.one("figcaption").text.startswith("Not given to the model. Median of 11 beats")


def test_a_beat_of_twelve_leads_has_a_picture_each() -> None:
    root = shown(replace(HIGH, leads_used=LEADS), beat())
    assert len(root.all("svg", "beat")) == 12
    assert root.one("div", "beats")["class"] == "beats"
    assert root.all("div", "pair") == []


def test_a_beat_of_no_lead_that_is_known_is_left_out() -> None:
    root = shown(replace(HIGH, leads_used=("X",)), beat())
    assert root.all("svg", "beat") == []
    assert [heading.text for heading in root.all("h2")] == ["Signal quality", "The model"]


@pytest.mark.parametrize(
    ("leads", "columns"),
    [
        (("V5",), [["The beat that was used"], ["Signal quality", "The model"]]),
        (LEADS[-6:], [["The beat that was used"], ["Signal quality", "The model"]]),
        (LEADS[-7:], [["The beat that was used", "The model"], ["Signal quality"]]),
    ],
)
def test_the_model_goes_below_the_shorter_of_two_columns(leads: tuple[str, ...], columns: list[list[str]]) -> None:
    pair = shown(HIGH, beat(leads)).one("div", "pair")
    halves = [child for child in pair.children if isinstance(child, Node)]
    assert [[heading.text for heading in half.all("h2")] for half in halves] == columns


def test_without_a_beat_quality_and_model_are_left() -> None:
    root = shown(HIGH, None)
    assert [heading.text for heading in root.all("h2")] == ["Signal quality", "The model"]
    assert table_rows(root.one("table", "quality")) == [["V5", "0.97", "", "used"]]


def test_the_quality_of_every_lead_stands_with_its_use() -> None:
    used = replace(beat(("II", "V4", "V5"), problems=(None, "is flat", None)), quality=np.array([0.5, 0.1, 0.9]))
    table = shown(replace(HIGH, leads_used=("II", "V5")), used).one("table", "quality")
    # What the estimate says of a lead goes before what the beat says.
    assert table_rows(table) == [
        ["II", "0.50", "", "used"], ["V4", "0.10", "", "not used: is flat"], ["V5", "0.97", "", "used"]
    ]  # fmt: skip
    assert [percent(fill["width"]) for fill in table.all("rect", "fill")] == [50, 10, 97]
    assert [strong.text for strong in table.all("strong")] == ["used", "used"]
    heads = table.one("thead").all("th")
    assert [(head.text, head.attributes.get("colspan")) for head in heads] == [
        ("Lead", None), ("Quality, 0 to 1", "2"), ("Use", None)
    ]  # fmt: skip


def test_of_a_refusal_no_lead_was_used() -> None:
    table = shown(REFUSED, beat(("V5",))).one("table", "quality")
    assert table_rows(table) == [["V5", "0.05", "", "not used"]]


def facts(root: Node) -> dict[str, str]:
    terms = root.section("The model").one("dl")
    return {term.text: value.text for term, value in zip(terms.all("dt"), terms.all("dd"), strict=True)}


def test_the_model_is_named_with_what_it_was_made_with() -> None:
    assert facts(shown(HIGH, beat())) == {
        "Name": "v5-4k 1.0.0",
        "Trained on": "simulated ECGs",
        "Interval validated on": "simulated ECGs",
        "SHA-256 of its file": "9f86d081884c…",
    }
    assert HIGH.model is not None
    short = replace(HIGH, interval_validated_on=None, model=replace(HIGH.model, sha256="9f86d081884c"))
    assert list(facts(shown(short, None)).items())[1:] == [
        ("Trained on", "simulated ECGs"), ("SHA-256 of its file", "9f86d081884c")
    ]  # fmt: skip


def test_a_beat_without_numbers_is_drawn_empty() -> None:
    hollow = beat(("V5",))
    hollow.waveform[:] = np.nan
    hollow.quality[:] = np.nan
    root = shown(replace(HIGH, quality={}), hollow)
    assert root.one("svg", "beat").one("path", "trace")["d"] == ""
    assert table_rows(root.one("table", "quality")) == [["V5", "nan", "", "used"]]
    assert percent(root.one("rect", "fill")["width"]) == 0


def test_the_beat_stands_with_the_usual_numbers() -> None:
    used = shown(replace(HIGH, leads_used=LEADS), beat()).section("The beat that was used")
    numbers = dict(zip(*([cell.text for cell in used.one("dl").all(tag)] for tag in ("dt", "dd")), strict=True))
    assert [*numbers] == ["Rate", "Rhythm", "PR", "QRS", "QT", "QTc (Fridericia)", "Axis"]
    assert numbers["Rhythm"] == "regular, with P waves; RR 800 ms"
    assert numbers["Axis"] == "30°"  # between I and II, which are alike
    for name in ("PR", "QRS", "QT", "QTc (Fridericia)"):
        assert numbers[name].endswith(" ms")


@pytest.mark.parametrize(
    ("changes", "rhythm"),
    [
        ({"r_peaks_s": np.cumsum([0.6, 1.0, 0.7, 1.1, 0.5, 0.9])}, "irregular, with P waves; RR 500 to 1100 ms"),
        ({"r_peaks_s": np.array([1.0, 1.8])}, "too few beats to say, with P waves; RR 800 ms"),
        ({"r_peaks_s": np.array([1.0])}, "too few beats to say, with P waves"),
        ({"ectopic_s": np.array([1.6])}, "regular, with P waves, 1 ectopic beat; RR 800 ms"),
        ({"ectopic_s": np.array([1.6, 4.0])}, "regular, with P waves, 2 ectopic beats; RR 800 ms"),
    ],
)
def test_the_rhythm_is_told(changes: dict[str, Any], rhythm: str) -> None:
    used = shown(HIGH, replace(beat(), **changes)).section("The beat that was used")
    assert used.one("dl").all("dd")[1].text == rhythm


def test_what_is_not_seen_has_no_number() -> None:
    bare = beat(("V5",))
    bare.waveform[:, :70] = bare.waveform[:, 120:] = 0
    values = [value.text for value in shown(HIGH, bare).section("The beat that was used").one("dl").all("dd")]
    assert values[1].startswith("regular, no P wave stands out")
    assert values[2] == values[4] == values[5] == "not seen"
    assert len(values) == 6  # no axis of a chest lead


def test_st_is_shown_by_lead_where_it_is_shifted() -> None:
    shifted = Findings(95.0, {}, 75.0, st=ST({"V2": 0.21, "V3": 0.3}, {"II": -0.12}, 95.0))
    used = parse(behind(Result(HIGH, beat=beat(), findings=shifted))).one("div", "st")
    assert [cell.text for cell in used.all("dt")] == ["V2", "V3", "II"]
    assert [cell.text for cell in used.all("dd")] == ["+0.21", "+0.30", "−0.12"]
    calm = Findings(95.0, {}, 75.0)
    assert parse(behind(Result(HIGH, beat=beat(), findings=calm))).all("div", "st") == []
