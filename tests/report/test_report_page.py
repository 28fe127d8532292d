"""A page as a whole: one document that stands alone, says what it is not, and lets nothing of a file become markup."""

from __future__ import annotations

import base64
import copy
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from importlib import resources
from typing import Any

import cv2
import numpy as np
import pytest
from markup_tree import Node, beside_policy, parse
from report_examples import EVERY, FAILED, HIGH, NORMAL, REFUSED, beat, recording, result

import kalemia
from ecgs import traced
from kalemia.estimate.evidence import Evidence
from kalemia.estimate.judged import real_potassium
from kalemia.estimate.population import Population
from kalemia.estimate.predict import Result
from kalemia.records import NOTICE, Before, Estimate
from kalemia.report import page
from kalemia.report.document import document
from kalemia.report.markup import Markup, element, join
from likelihoods import bell


def sections(root: Node) -> list[str]:
    return [heading.text for heading in root.all("h2")]


@pytest.fixture(params=EVERY, ids=str)
def each(request: pytest.FixtureRequest) -> Estimate:
    return EVERY[request.param]


def test_every_page_is_one_well_formed_document(each: Estimate) -> None:
    html = page(result(each))
    root = parse(html)
    assert html.startswith("<!doctype html>\n<html lang=")
    assert html.endswith("</html>\n")
    assert root.one("html")["lang"] == "en"
    ids = root.values("id")
    assert len(ids) == len(set(ids))
    assert set(" ".join(root.values("aria-labelledby")).split()) <= set(ids)
    used = re.findall(r"url\(#([^)]+)\)", html)
    assert set(used) <= set(ids)


def test_every_page_stands_alone(each: Estimate) -> None:
    html = beside_policy(page(result(each)))
    assert not re.search(r"https?://|//\w|src=|@import|@font-face|xmlns|<script|<link|javascript:| style=", html)
    assert re.findall(r"url\((?!#)", html) == []


def test_the_policy_admits_pictures_within_the_page_and_this_style_sheet_alone() -> None:
    head = parse(page(result(HIGH))).one("head")
    (css,) = head.one("style").children
    digest = base64.b64encode(hashlib.sha256(str(css).encode()).digest()).decode()
    policies = [meta["content"] for meta in head.all("meta") if "http-equiv" in meta.attributes]
    assert policies == [f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'"]
    assert [meta["http-equiv"] for meta in head.all("meta") if "http-equiv" in meta.attributes] == [
        "Content-Security-Policy"
    ]
    assert css == resources.files("kalemia.report").joinpath("style.css").read_text(encoding="utf-8")


def test_a_page_says_its_letters_its_width_and_that_it_has_a_dark_side() -> None:
    metas = parse(page(result(HIGH))).one("head").all("meta")
    assert metas[0]["charset"] == "utf-8"
    named = {meta["name"]: meta["content"] for meta in metas if "name" in meta.attributes}
    assert named == {"viewport": "width=device-width, initial-scale=1", "color-scheme": "light dark"}


def test_every_page_says_what_it_is_not(each: Estimate) -> None:
    html = beside_policy(page(result(each)))
    text = parse(html).text
    assert NOTICE in text.split("The ECG")[0]
    assert re.search(r"[Tt]rained on ?simulated ECGs", text)
    assert not re.search(r"exclude|\bsafe|ruled out|laborator", html, re.IGNORECASE)


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("high", "ecg.dcm: estimated potassium 5.9 mEq/L – Kalemia"),
        ("low", "ecg.dcm: estimated potassium 2.9 mEq/L – Kalemia"),
        ("refused", "ecg.dcm: Refused – Kalemia"),
        ("failed", "ecg.dcm: Failed – Kalemia"),
    ],
)
def test_the_title_says_the_file_and_what_came_of_it(name: str, title: str) -> None:
    assert parse(page(result(EVERY[name]))).one("title" if name == "failed" else "head").text.startswith(title)


def test_the_header_names_the_file_without_its_folder_and_the_status(each: Estimate) -> None:
    root = parse(page(result(each)))
    header = root.one("header")
    assert header.one("h1").one("bdi").text == "ecg.dcm"
    assert header.one("p", "brand").text == "Kalemia"
    assert header.one("p", f"status-{each.status}").text == each.status.capitalize()
    assert "ward/" not in root.text


@pytest.mark.parametrize(
    ("name", "level"),
    [("high", "high"), ("low", "low"), ("normal", "normal"), ("uncertain", "uncertain"), ("refused", "refused")],
)
def test_the_level_colors_the_page(name: str, level: str) -> None:
    assert parse(page(result(EVERY[name]))).one("body")["class"] == f"level-{level}"


@pytest.mark.parametrize(
    ("known", "origin"),
    [
        ({}, "from the ECG and the population kidney"),
        ({"population": None}, "from the ECG alone"),
        ({"population": None, "earlier_ecgs": 1}, "from the ECG and earlier ones with their blood draws"),
        ({"earlier_ecgs": 2}, "from the ECG and earlier ones with their blood draws and the population kidney"),
    ],
)
def test_the_last_line_says_what_the_page_was_made_from(known: dict[str, Any], origin: str) -> None:
    footer = parse(page(result(replace(HIGH, **known)))).one("footer")
    assert footer.text == f"Made by Kalemia {kalemia.__version__} {origin}."


def test_every_page_says_how_far_to_trust_it_and_links_there_from_its_notice(each: Estimate) -> None:
    root = parse(page(result(each)))
    link = root.one("p", "notice").one("a")
    section = root.section("How far to trust this")
    assert (link.text, link["href"], section["id"]) == ("How far to trust this", "#trust", "trust")
    assert "only a blood test says" in section.text
    assert "is not known here" in section.text  # of a model that nobody judged


def test_what_a_bundled_model_reaches_on_real_patients_stands_on_its_page() -> None:
    model = next(card for card in kalemia.models() if card.name == "12-4k")
    assert HIGH.model is not None
    judged = replace(HIGH, model=replace(HIGH.model, name=model.name, sha256=model.onnx_sha256))
    reached = real_potassium().of(model.onnx_sha256)
    assert reached is not None
    text = parse(page(result(judged))).section("How far to trust this").text
    assert f"12-4k called high {reached.sensitivity.value:.0%} of the {real_potassium().high}" in text


def test_the_header_says_when_the_ecg_was_recorded() -> None:
    root = parse(page(result(replace(HIGH, recorded=datetime(2026, 3, 2, 8, 15)))))
    assert root.one("h1").text == "ecg.dcm · recorded 2026-03-02 08:15"


def test_the_parts_of_a_page_have_their_order() -> None:
    assert sections(parse(page(result(HIGH)))) == [
        "Warnings", "The ECG", "The beat that was used", "The model", "Signal quality", "How far to trust this"
    ]  # fmt: skip


def test_parts_that_do_not_exist_are_left_out() -> None:
    root = parse(page(Result(replace(HIGH, warnings=(), model=None, quality={}, interval_validated_on=None))))
    assert sections(root) == ["How far to trust this"]
    assert "5.9 mEq/L" in root.text


def test_a_refusal_draws_the_ecg_but_claims_no_use_and_no_number() -> None:
    problems = tuple("is flat" if lead == "V5" else None for lead in recording().leads)
    root = parse(page(Result(REFUSED, recording(), beat(problems=problems))))
    assert sections(root) == [
        "The ECG", "The beat that was found", "The model", "Signal quality", "How far to trust this"
    ]  # fmt: skip
    assert "not used: is flat" in root.text
    assert "mEq/L" not in root.text


def test_a_failure_draws_nothing() -> None:
    root = parse(page(replace(result(FAILED), page=traced(recording(("V5",))))))
    assert root.all("svg") == root.all("img") == []
    assert sections(root) == ["The model", "How far to trust this"]


def test_an_ecg_on_paper_is_shown_as_it_was_given_with_what_was_traced() -> None:
    root = parse(page(replace(result(HIGH), page=traced(recording(("V5",))))))
    assert sections(root)[:3] == ["Warnings", "The page", "The ECG"]
    image = root.one("img", "scan")
    caption = "The page as it was given, with what was traced drawn on it in color"
    assert image["alt"] == caption
    assert root.all("figcaption")[0].text.startswith(f"{caption}. What stands around the rows of the ECG is left out")
    kind, data = image["src"].split(",")
    assert kind == "data:image/webp;base64"
    shown = cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), cv2.IMREAD_COLOR)
    assert shown is not None
    height, width = shown.shape[:2]
    above = round((height / width - 40 / 160) * width)  # a trace near the edge keeps a few mm of the page
    assert height / width < 0.4  # of the upper half, where no row is, nothing else is left
    row = shown[above + round((height - above) * 20 / 40)].astype(int)
    colored = np.ptp(row, axis=1) > 60
    assert colored[round(width * 20 / 160) : round(width * 140 / 160)].all()
    assert not colored[: round(width * 5 / 160)].any()


def test_a_page_of_a_photo_stays_below_one_and_a_half_megabytes() -> None:
    noise = np.random.default_rng(0).integers(0, 255, (3000, 4000, 3), np.uint8)
    whole = (np.array([[0, 0], [4000, 0], [4000, 3000], [0, 3000]]),)
    photo = replace(traced(recording(("V5",))), rgb=noise, boxes=whole)
    assert len(page(replace(result(HIGH), page=photo))) < 1_500_000


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
        population=Before(NASTY, NASTY, {}, {}),
        interval_validated_on=NASTY,
        notice=NASTY,
        model=replace(HIGH.model, name=NASTY, trained_on=NASTY) if HIGH.model else None,
    )
    evidence, population = Evidence.of(bell(6.6, 0.9)), Population.load("kidney")
    for shown in (nasty, replace(nasty, status="refused", reason=NASTY, potassium_meq_l=None)):
        cut = beat(leads, problems=(NASTY, None))
        html = page(Result(shown, recording(leads), cut, evidence=evidence, population=population))
        root = parse(html)
        assert root.all("script") == []
        assert not any(name.startswith("on") for node in root.below() for name in node.attributes)
        assert not re.search("[\x00\x1b\u202e\udcff]", html)
        html.encode("utf-8")


def test_a_page_changes_nothing_that_it_shows() -> None:
    shown = result(HIGH)
    assert shown.recording is not None
    before, samples = json.dumps(HIGH.to_dict()), copy.deepcopy(shown.recording.signal)
    page(shown)
    assert json.dumps(HIGH.to_dict()) == before
    np.testing.assert_array_equal(shown.recording.signal, samples)


def test_a_document_of_another_kind_has_the_same_frame() -> None:
    root = parse(document("Rows", element("main", element("p", "a < b"))))
    assert root.one("title").text == "Rows"
    assert "class" not in root.one("body").attributes
    assert [child.tag for child in root.one("body").children if isinstance(child, Node)] == ["main", "footer"]
    assert root.one("main").text == "a < b"
    assert root.one("footer").text == f"Made by Kalemia {kalemia.__version__} from the ECG alone."


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


def test_every_class_that_a_page_uses_to_color_or_place_is_in_the_style_sheet() -> None:
    css = resources.files("kalemia.report").joinpath("style.css").read_text(encoding="utf-8")
    styled = set(re.findall(r"\.([a-z][\w-]*)", css))
    for shown in (HIGH, NORMAL, REFUSED):
        used = {name for names in parse(page(result(shown))).values("class") for name in names.split()}
        # Names by which tests and readers of the source find a part, and that look like what holds them.
        assert used - styled <= {
            "recording", "status-estimated", "level-refused", "zone", "point", "curves", "beliefs"
        }  # fmt: skip


def test_elements_escape_text_and_attributes() -> None:
    assert element("p", "a<b", None, element("b", "&"), class_='"') == '<p class="&quot;">a&lt;b<b>&amp;</b></p>'
    assert join("<", Markup("<i>")) == "&lt;<i>"
    assert element("meta", charset="utf-8") == '<meta charset="utf-8">'
    assert (
        element("text", x=1.50, y=2, aria_label="a\x1bb", for_=None)
        == '<text x="1.5" y="2" aria-label="a\ufffdb"></text>'
    )
    assert join("a", "", None, "b") == "ab"
