"""What moved an estimate: the sentence, the table with its bars, the beat over simulated ones."""

from __future__ import annotations

import re
from dataclasses import replace
from importlib import resources
from typing import Any

import numpy as np
import pytest
from markup_tree import Node, beside_policy, parse, percent, points, table_rows
from report_examples import FAILED, HIGH, REFUSED, beat, recording

from kalemia.errors import ModelError
from kalemia.estimate.explain import SHOWN_MEQ_L, Explanation, explain
from kalemia.estimate.model import Model
from kalemia.estimate.population import Population
from kalemia.estimate.predict import Result, examine
from kalemia.records import LEADS, Estimate
from kalemia.report import page, words
from kalemia.report.explanation import drawn, figures, sentence
from kalemia.report.labels import apart
from kalemia.simulate import simulate_one

TWELVE = beat()


def explanation(p: float, qrs: float, t: float, ordinary: float = 4.5, leads: tuple[str, ...] = ("V5",)) -> Explanation:
    mv = TWELVE.waveform[: len(leads)] * 1.5
    return Explanation(
        potassium_meq_l=5.9,
        ordinary_meq_l=ordinary,
        added_meq_l={"P": p, "QRS": qrs, "ST-T": t},
        leads=leads,
        has_p=True,
        simulated_mv={level: mv * np.float32(level / 5) for level in SHOWN_MEQ_L},
    )


TALL_T = explanation(0.12, -0.31, 1.04)


def shown(why: Explanation, estimate: Estimate = HIGH) -> Node:
    return parse("".join(drawn(estimate, beat(), why)))


@pytest.fixture(scope="module")
def examined(tiny_path: object) -> Result:
    """A simulated patient's result with all that an explanation needs."""
    return examine(simulate_one(1, 3, level="clean").recording, str(tiny_path))


@pytest.mark.parametrize(
    ("why", "line"),
    [
        (
            TALL_T,
            "Most of what raises this estimate above 4.5 mEq/L, the model's answer to an ordinary beat, comes from "
            "ST-T (+1.0 mEq/L).",
        ),
        (
            explanation(0.0, -0.6, -0.1, ordinary=6.7),
            "Most of what lowers this estimate below 6.7 mEq/L, the model's answer to an ordinary beat, comes from "
            "QRS (−0.6 mEq/L).",
        ),
        (explanation(0.3, 0.4, 0.5), "ST-T raises this estimate most (+0.5 mEq/L)."),
        (explanation(0.3, 0.4, -0.5), "ST-T lowers this estimate most (−0.5 mEq/L)."),
        (explanation(0.2, 0.0, -0.1, ordinary=5.87), "P raises this estimate most (+0.2 mEq/L)."),
        (explanation(0.2, 0.0, 1.0, ordinary=6.9), "ST-T raises this estimate most (+1.0 mEq/L)."),
        (explanation(0.1, 0.91, 0.94), "QRS and ST-T raise this estimate most (+0.9 mEq/L each)."),
        (explanation(-0.91, 0.1, -0.94), "P and ST-T lower this estimate most (−0.9 mEq/L each)."),
        (explanation(0.04, -0.04, 0.0), "None of the three parts alone moves this estimate by 0.1 mEq/L."),
    ],
)
def test_one_sentence_says_what_moved_the_estimate_most(why: Explanation, line: str) -> None:
    assert sentence(why) == line
    assert shown(why).one("p", "moved").text == line


@pytest.mark.parametrize(("added", "is_most"), [(0.69, False), (0.71, True)])
def test_most_is_more_than_half(added: float, is_most: bool) -> None:
    assert sentence(explanation(0.1, 0.2, added)).startswith("Most of what") == is_most


def test_the_parts_stand_in_a_table_with_what_is_left_without_them() -> None:
    table = shown(TALL_T).one("table", "parts")
    assert table_rows(table) == [
        ["P", "+0.1", "", "5.8"],
        ["QRS", "−0.3", "", "6.2"],
        ["ST-T", "+1.0", "", "4.9"],
        ["All three", "+1.4", "", "4.5"],
    ]
    heads = table.one("thead").all("th")
    assert [(head.text, head.attributes.get("colspan")) for head in heads] == [
        ("Part", None), ("Adds, mEq/L", "2"), ("Without it", None)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("why", "reach"),
    [
        (TALL_T, 1.4),
        (explanation(0.1, -0.2, 0.3, ordinary=5.8), 1.0),
        (explanation(0.1, -1.9, 0.3, ordinary=5.8), 1.9),
        (explanation(0.1, 0.2, 0.3, ordinary=8.4), 2.5),
    ],
)
def test_the_longest_bar_fills_its_half_but_small_changes_look_small(why: Explanation, reach: float) -> None:
    bars = [bar.all("rect")[1] for bar in shown(why).one("table", "parts").all("svg", "bar")]
    added = [*why.added_meq_l.values(), why.potassium_meq_l - why.ordinary_meq_l]
    assert [percent(bar["width"]) for bar in bars] == pytest.approx([50 * abs(a) / reach for a in added], abs=0.06)
    assert [bar["class"] for bar in bars] == ["raises" if a > 0 else "lowers" for a in added]


def test_it_says_what_occlusion_is_and_is_not() -> None:
    text = shown(TALL_T).text
    for statement in (
        "Occlusion: each part of the beat was replaced",
        "(4.2 mEq/L, this RR interval, QRS as large as here)",
        "The RR interval and the voltages of QRS, which the model is given beside the beat, stayed this patient's.",
        "The parts do not add up",
        "a model's reasons are not a heart's: the bars say what moved this number, not what potassium did.",
        "the nearest line is no estimate",
    ):
        assert statement in text
    assert "No P wave" not in text
    assert "earlier ECGs" not in text


def test_a_missing_p_wave_is_said() -> None:
    assert "No P wave stands out in this beat" in shown(replace(TALL_T, has_p=False)).all("figcaption")[0].text


def test_what_earlier_ecgs_changed_is_said_to_be_no_part_of_it() -> None:
    given = replace(HIGH, potassium_meq_l=6.3, earlier_ecgs=1)
    assert shown(TALL_T, given).one("p", "moved").text == (
        "Today's ECG and the blood draws alone make it 5.9 mEq/L; what the comparison with earlier ECGs changes is in "
        "none of the bars. "
        f"{sentence(TALL_T)}"
    )


@pytest.mark.parametrize(("population", "digitized"), [("kidney", True), ("dialysis", False)])
def test_an_estimate_is_explained_in_its_population_and_as_surely_as_it_was_made(
    tiny: Model, monkeypatch: pytest.MonkeyPatch, population: str, digitized: bool
) -> None:
    asked = []

    def remember(*given: object, **how: object) -> Explanation:
        asked.append((given, how))
        return TALL_T

    monkeypatch.setattr("kalemia.estimate.explain.explain", remember)
    known, read = Population.load(population), replace(recording(), digitized=digitized)
    figures(Result(HIGH, read, TWELVE, model=tiny, population=known))
    assert asked == [((TWELVE, tiny, known), {"error_meq_l": 0.2 if digitized else 0.0})]


def test_a_page_explains_its_estimate_with_the_model_that_made_it(examined: Result, tiny: Model) -> None:
    assert examined.beat is not None
    why = explain(examined.beat, tiny)
    root = parse(page(examined))
    section = root.section("What moved the estimate")
    assert section.one("p", "moved").text == sentence(why)
    assert [row[1] for row in table_rows(section.one("table", "parts"))][:3] == [
        words.change(added) for added in why.added_meq_l.values()
    ]
    ids = root.values("id")
    assert len(ids) == len(set(ids))
    headings = [heading.text for heading in root.all("h2")]
    assert headings.index("The ECG") < headings.index("What moved the estimate") < headings.index("The model")


@pytest.mark.parametrize(
    "changes",
    [{"beat": None}, {"model": None}, {"estimate": REFUSED}, {"estimate": FAILED}],
    ids=["no beat", "no model", "refused", "failed"],
)
def test_what_is_no_estimate_or_lacks_what_made_it_is_not_explained(examined: Result, changes: dict[str, Any]) -> None:
    assert len(figures(examined)) == 2
    lacking = replace(examined, **changes)
    assert figures(lacking) == []
    html = page(lacking)
    assert "What moved" not in html
    assert 'class="known' not in html


def test_an_estimate_that_cannot_be_explained_has_its_page_all_the_same(
    examined: Result, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise ModelError("lead X cannot be explained")

    monkeypatch.setattr("kalemia.estimate.explain.explain", refuse)
    html = page(examined)
    assert "What moved" not in html
    assert "mEq/L" in html


def beats_of(why: Explanation) -> list[Node]:
    return shown(why).all("svg", "beat")


def test_the_beat_is_drawn_last_over_five_simulated_ones_each_with_its_own_line() -> None:
    (panel,) = beats_of(TALL_T)
    lines = [path for path in panel.all("path") if path["class"].split()[0] in ("known", "trace")]
    assert [line["class"] for line in lines] == [f"known known{level:g}" for level in SHOWN_MEQ_L] + ["trace"]
    tops = [points(line["d"])[0][:, 1].min() for line in lines]
    assert np.diff(tops[:-1]).max() < -10  # R was made higher with potassium
    assert tops[2] == pytest.approx(tops[-1], abs=0.03)  # and at 5 mEq/L it is this beat
    assert min(tops) > 26


def test_lines_are_told_apart_without_color() -> None:
    css = resources.files("kalemia.report").joinpath("style.css").read_text(encoding="utf-8")
    dashes = [re.search(rf"\.known{level:g} {{[^}}]*stroke-dasharray: ([^;]+);", css) for level in SHOWN_MEQ_L]
    patterns = [None if dash is None else dash[1] for dash in dashes]
    assert len(set(patterns)) == len(SHOWN_MEQ_L)  # five patterns, the last one a whole line


def test_the_key_names_every_line_and_shows_it() -> None:
    entries = shown(TALL_T).one("ul", "key").all("li")
    assert [entry.text for entry in entries] == [*(f"{level:g} mEq/L" for level in SHOWN_MEQ_L), "this ECG"]
    assert [entry.one("path")["class"] for entry in entries] == [
        *(f"known known{level:g}" for level in SHOWN_MEQ_L), "trace"
    ]  # fmt: skip
    for entry in entries:
        picture = entry.one("svg")
        assert (picture["viewbox"], picture["aria-hidden"]) == ("0 0 48 8", "true")
        np.testing.assert_allclose(points(entry.one("path")["d"])[0], [[0, 4], [48, 4]])


def test_those_who_do_not_see_the_lines_hear_the_heights_of_t() -> None:
    (panel,) = beats_of(TALL_T)
    assert shown(TALL_T).one("p", "facts").text == "This beat over simulated ones of known potassium"
    assert panel["aria-label"].startswith("Median beat of lead V5, height of T 0.5")
    pattern = r"in simulated beats 0\.3\d at 3, 0\.4\d at 4, 0\.5\d at 5, 0\.7\d at 6, 0\.8\d at 7 mEq/L$"
    assert re.search(pattern, panel["aria-label"])


@pytest.mark.parametrize(
    ("leads", "panels", "class_"),
    [
        (("I", "II", "V1", "V2", "V3", "V4", "V5", "V6"), ["II", "V2", "V4", "V5"], "beats beats-large"),
        (("I", "V1", "V6", "V3", "III"), ["I", "V1", "V6", "V3"], "beats beats-large"),
        (("I", "V1", "V6"), ["I", "V1", "V6"], "beats beats-large"),
        (("III", "aVF"), ["III", "aVF"], "beats beats-large"),
        (("V6",), ["V6"], "beats beats-one"),
    ],
)
def test_four_leads_are_shown_at_most(leads: tuple[str, ...], panels: list[str], class_: str) -> None:
    root = shown(explanation(0.1, 0.2, 0.3, leads=leads), replace(HIGH, leads_used=leads))
    assert [panel.one("text", "lead").text for panel in root.all("svg", "beat")] == panels
    assert root.one("div", "beats")["class"] == class_
    counted = f"Shown are 4 of the {len(leads)} leads that were used."
    assert (counted in root.all("figcaption")[1].text) == (len(leads) > 4)


def test_every_lead_is_held_against_its_own_simulated_beat_in_a_frame_of_its_own() -> None:
    why = explanation(0.1, 0.2, 0.3, leads=("II", "V5"))
    scaled = {level: mv * np.array([[3.0], [0.5]], np.float32) for level, mv in why.simulated_mv.items()}
    first, second = beats_of(replace(why, simulated_mv=scaled))
    own = [points(panel.one("path", "trace")["d"])[0][:, 1].min() for panel in (first, second)]
    assert own[0] > own[1] + 50  # beside simulated beats three times as large this one is small
    for panel in (first, second):
        lines = [path for path in panel.all("path", "known") if "leader" not in path["class"]]
        assert min(points(path["d"])[0][:, 1].min() for path in lines) > 26


def test_the_potassium_of_each_simulated_beat_stands_beside_its_t_wave() -> None:
    (panel,) = beats_of(TALL_T)
    written = panel.all("text", "at-wave")
    assert [text.text for text in written] == ["7", "6", "5", "4", "3"]  # from the highest down
    assert [text["class"] for text in written] == [f"at-wave known{text.text}" for text in written]
    heights = [float(text["y"]) for text in written]
    assert np.diff(heights).min() >= 12.9
    leaders = panel.all("path", "leader")
    assert [leader["class"] for leader in leaders] == [f"leader known{level}" for level in "76543"]


@pytest.mark.parametrize(
    ("places", "moved"),
    [
        ([10.0, 40.0, 80.0], [10, 40, 80]),
        ([50.0, 50.0, 50.0], [40, 50, 60]),
        ([2.0, 3.0], [0, 10]),
        ([98.0, 99.0], [90, 100]),
    ],
)
def test_labels_stand_apart_within_their_picture(places: list[float], moved: list[float]) -> None:
    assert apart(places, 10.0, 0.0, 100.0) == pytest.approx(moved)


def test_leads_that_were_turned_over_are_named() -> None:
    why = explanation(0.1, 0.2, 0.3, leads=("II", "V5"))
    note = "QRS points the other way here in V5: the simulated beats were turned over."
    assert note in shown(replace(why, turned=("V5",))).text
    assert "turned over" not in shown(why).text


def test_the_twelve_leads_of_a_page_are_explained_without_breaking_it(tiny: Model) -> None:
    explained = Result(replace(HIGH, leads_used=LEADS), recording(), beat(), model=tiny)
    html = beside_policy(page(explained))
    assert "What moved the estimate" in html
    assert not re.search(r"https?://|//\w|src=|<script|<link| style=|javascript:", html)
    assert not re.search(r"exclude|\bsafe|ruled out|laborator", html, re.IGNORECASE)
