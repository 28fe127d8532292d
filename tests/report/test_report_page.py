from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from importlib import resources

import numpy as np
import pytest
from report_examples import EVERY, FAILED, HIGH, REFUSED, beat, estimate, recording

from kalemia.records import NOTICE, Estimate
from kalemia.report import page
from kalemia.report.markup import Markup, element, join


class Reader(HTMLParser):
    """Collects tags, attributes and visible text, and fails on a tag that is not closed in its turn."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.texts: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(key, value or "") for key, value in attrs]
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.texts).split())

    def values(self, key: str) -> list[str]:
        return [value for name, value in self.attributes if name == key]


@pytest.fixture(params=EVERY, ids=str)
def each(request: pytest.FixtureRequest) -> Estimate:
    return EVERY[request.param]


def test_every_page_is_one_well_formed_document(each: Estimate) -> None:
    html = page(each, recording(), beat())
    reader = Reader(html)
    assert html.startswith("<!doctype html>")
    assert ("lang", "en") in reader.attributes
    assert len(reader.values("id")) == len(set(reader.values("id")))
    named = " ".join(reader.values("aria-labelledby")).split()
    assert set(named) <= set(reader.values("id"))


def test_every_page_stands_alone(each: Estimate) -> None:
    html = page(each, recording(), beat())
    assert not re.search(r"https?://|//\w|src=|@import|@font-face|xmlns|<script|<link|javascript:", html)
    assert re.findall(r"url\((?!#)", html) == []
    assert "default-src 'none'" in Reader(html).values("content")[0]


def test_every_page_says_what_it_is_not(each: Estimate) -> None:
    reader = Reader(page(each, recording(), beat()))
    assert NOTICE in reader.text.split("The ECG")[0]
    assert re.search(r"[Tt]rained on ?simulated ECGs", reader.text)
    assert not re.search(r"exclude|\bsafe|ruled out|laborator", page(each, recording(), beat()), re.IGNORECASE)


def test_a_high_estimate_is_grasped_from_its_first_lines() -> None:
    reader = Reader(page(HIGH, recording(), beat()))
    first = reader.text.split("The ECG")[0]
    for said in (
        "5.9 mEq/L",
        "90 % interval 5.1 to 6.8",
        "High: above 5.5; the interval reaches down to 5.1",
        "The model was trained on simulated ECGs, and the interval was validated on simulated ECGs only.",
        "QRS 142 ms: a wide complex.",
        "above 5.571 %",
        "above 6.5> 99 %",
        "below 3.5< 1 %",
    ):
        assert said in first
    assert "ward/" not in reader.text


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("low", "Low: below 3.5; the interval reaches up to 3.6"),
        ("normal", "Normal: the whole interval lies within 3.5 to 5.5"),
        ("uncertain", "Uncertain: the interval reaches below 3.5 and above 5.5"),
        ("refused", "Lead V5 is flat"),
        ("failed", "ecg.dcm is not an ECG"),
    ],
)
def test_each_status_says_its_meaning(name: str, said: str) -> None:
    assert said in Reader(page(EVERY[name], recording(), beat())).text


def test_a_refusal_draws_the_ecg_but_claims_no_use_and_no_number() -> None:
    problems = ("is flat" if lead == "V5" else None for lead in recording().leads)
    text = Reader(page(REFUSED, recording(), beat(problems=tuple(problems)))).text
    assert "25 mm/s" in text
    assert "not used: is flat" in text
    assert "The beat that was found" in text
    assert "mEq/L" not in text


def test_every_page_names_the_page_that_says_how_far_to_trust_it(each: Estimate) -> None:
    assert "How far to trust a number: the page of that name" in Reader(page(each)).text


def test_a_failure_draws_nothing() -> None:
    assert "svg" not in Reader(page(FAILED, recording(), beat())).tags


def test_parts_that_do_not_exist_are_left_out() -> None:
    text = Reader(page(replace(HIGH, warnings=(), model=None, quality={}, interval_validated_on=None))).text
    for heading in ("Warnings", "The ECG", "The beat", "Signal quality", "The model"):
        assert heading not in text
    assert "5.9 mEq/L" in text


def test_an_estimate_near_a_limit_is_printed_on_its_side_of_it() -> None:
    text = Reader(page(estimate(5.52, 4.8, 6.5, "high"))).text
    assert "5.52 mEq/L" in text


def test_the_scale_is_clamped_and_the_numbers_are_true() -> None:
    reader = Reader(page(estimate(9.1, 7.5, 11.3, "high")))
    assert "7.5 to 11.3" in reader.text
    assert "▸" in reader.text
    percents = [float(v[:-1]) for key in ("x", "x1", "cx") for v in reader.values(key) if v.endswith("%")]
    assert max(percents) == 100
    assert min(percents) == 0


NASTY = '<script>alert("1")</script>&"\'\x00\x1b[31m\u202e\udcff\n.dat'


def test_nothing_from_a_file_becomes_markup() -> None:
    leads = (NASTY, "V5")
    nasty = replace(
        HIGH,
        source=NASTY,
        warnings=(NASTY,),
        leads_used=leads,
        quality=dict.fromkeys(leads, 0.9),
        probability_above={NASTY: 0.5},
        interval_validated_on=NASTY,
        notice=NASTY,
        model=replace(HIGH.model, name=NASTY, trained_on=NASTY) if HIGH.model else None,
    )
    for shown in (nasty, replace(nasty, status="refused", reason=NASTY, potassium_meq_l=None)):
        html = page(shown, recording(leads), beat(leads, problems=(NASTY, None)))
        reader = Reader(html)
        assert "script" not in reader.tags
        assert {key for key, _ in reader.attributes if key.startswith("on")} == set()
        assert not re.search("[\x00\x1b\u202e\udcff]", html)
        html.encode("utf-8")


def test_a_page_changes_nothing_that_it_shows() -> None:
    before = json.dumps(HIGH.to_dict())
    signal = recording()
    samples = copy.deepcopy(signal.signal)
    page(HIGH, signal, beat())
    assert json.dumps(HIGH.to_dict()) == before
    np.testing.assert_array_equal(signal.signal, samples)


def test_the_beat_is_drawn_in_millivolts_with_its_axes() -> None:
    reader = Reader(page(HIGH, recording(), beat()))
    assert "Median of 11 beats · RR 800 ms · 74 beats per minute" in reader.text
    # 1.0 of the normalized wave times a gain of 1.5 mV, and a margin.
    assert "Median beat of lead V5, -0.1 to 1.6 mV" in reader.values("aria-label")
    assert "ms from R" in reader.text


def test_a_beat_of_twelve_leads_has_a_picture_each() -> None:
    leads = recording().leads
    html = page(replace(HIGH, leads_used=leads), recording(), beat())
    assert html.count('class="beat"') == 12


def test_a_beat_without_numbers_is_drawn_empty() -> None:
    hollow = beat(("V5",))
    hollow.waveform[:] = np.nan
    hollow.quality[:] = np.nan
    Reader(page(HIGH, recording(("V5",)), hollow))


def test_colors_contrast_at_least_four_and_a_half_to_one() -> None:
    css = resources.files("kalemia.report").joinpath("style.css").read_text(encoding="utf-8")
    palettes = [dict(re.findall(r"--([\w-]+): (#\w+)", block)) for block in re.findall(r":root \{(.*?)\}", css, re.S)]
    assert len(palettes) == 3
    for colors in palettes:
        for ink, ground in _pairs():
            assert _contrast(colors[ink], colors[ground]) >= 4.5, (ink, ground, colors[ink], colors[ground])


def _pairs() -> Iterator[tuple[str, str]]:
    for ink in ("ink", "muted", "high", "low", "normal", "uncertain", "none"):
        yield ink, "card"
    for ground in ("ground", "zone-low", "zone-normal", "zone-high"):
        yield "muted", ground
    yield "notice-ink", "notice"
    yield "ink", "paper"
    yield "trace", "paper"


def _contrast(one: str, other: str) -> float:
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(color: str) -> float:
    digits = color[1:] if len(color) == 7 else "".join(2 * digit for digit in color[1:])
    channels = (int(digits[k : k + 2], 16) / 255 for k in (0, 2, 4))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))


def test_elements_escape_text_and_attributes() -> None:
    assert element("p", "a<b", None, element("b", "&"), class_='"') == '<p class="&quot;">a&lt;b<b>&amp;</b></p>'
    assert join("<", Markup("<i>")) == "&lt;<i>"
