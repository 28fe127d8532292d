from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from report_examples import FAILED, HIGH, REFUSED, beat, recording
from test_report_page import Reader

from kalemia.estimate.explain import SHOWN_MEQ_L, Explanation
from kalemia.records import LEADS
from kalemia.report import page, words
from kalemia.report.explanation import sentence
from kalemia.report.pictures import signed_bar

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


@pytest.mark.parametrize(
    ("why", "said"),
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
        (explanation(0.1, 0.91, 0.94), "QRS and ST-T raise this estimate most (+0.9 mEq/L each)."),
        (explanation(0.04, -0.04, 0.0), "None of the three parts alone moves this estimate by 0.1 mEq/L."),
    ],
)
def test_one_sentence_says_what_moved_the_estimate_most(why: Explanation, said: str) -> None:
    assert sentence(why) == said


@pytest.mark.parametrize(
    ("value", "said"), [(0.84, "+0.8"), (-0.84, "−0.8"), (0.04, "0.0"), (-0.04, "0.0"), (0.0, "0.0"), (12.0, "+12.0")]
)
def test_a_change_has_its_sign_unless_it_is_none(value: float, said: str) -> None:
    assert words.change(value) == said


def test_the_parts_stand_in_a_table_with_what_is_left_without_them() -> None:
    html = page(HIGH, recording(), beat(), why=TALL_T)
    table = html.split('class="parts"')[1].split("</table>")[0]
    rows = [
        [re.sub(r"<.*?>", "", cell) for cell in re.findall(r"<t[hd].*?</t[hd]>", row)]
        for row in table.split("<tbody>")[1].split("</tr>")[:-1]
    ]
    assert rows == [
        ["P", "+0.1", "", "5.8"],
        ["QRS", "−0.3", "", "6.2"],
        ["ST-T", "+1.0", "", "4.9"],
        ["All three", "+1.4", "", "4.5"],
    ]


def test_a_bar_points_right_for_what_raises_and_left_for_what_lowers() -> None:
    assert 'x="50.0%" width="25.0%" height="14" class="raises"' in signed_bar(0.5, 1.0)
    assert 'x="25.0%" width="25.0%" height="14" class="lowers"' in signed_bar(-0.5, 1.0)
    assert 'x="0.0%" width="50.0%"' in signed_bar(-3.0, 1.0)


def test_the_page_with_an_explanation_is_one_well_formed_document_that_stands_alone() -> None:
    html = page(replace(HIGH, leads_used=LEADS), recording(), beat(), why=explanation(0.1, 0.2, 0.3, leads=LEADS))
    reader = Reader(html)
    assert len(reader.values("id")) == len(set(reader.values("id")))
    assert not re.search(r"https?://|//\w|src=|<script|<link| style=|javascript:", html)
    assert not re.search(r"exclude|\bsafe|ruled out|laborator", html, re.IGNORECASE)
    assert "Content-Security-Policy" in html
    assert reader.values("content")[:1] == Reader(page(HIGH)).values("content")[:1]


def test_it_says_what_occlusion_is_and_is_not() -> None:
    text = Reader(page(HIGH, recording(), beat(), why=TALL_T)).text
    for said in (
        "Occlusion: each part of the beat was replaced",
        "(4.2 mEq/L, this RR interval, QRS as large as here)",
        "The RR interval and the voltages of QRS, which the model is given beside the beat, stayed this patient's.",
        "The parts do not add up",
        "a model's reasons are not a heart's",
        "the nearest line is no estimate",
    ):
        assert said in text
    assert "No P wave" not in text
    assert "personal offset" not in text


def test_a_missing_p_wave_and_a_personal_offset_are_said() -> None:
    estimate = replace(HIGH, potassium_meq_l=6.3, personal_offset_meq_l=0.4)
    text = Reader(page(estimate, recording(), beat(), why=replace(TALL_T, has_p=False))).text
    assert "No P wave stands out in this beat" in text
    assert "The network itself says 5.9 mEq/L; the patient's personal offset of +0.4 is not part of this." in text


@pytest.mark.parametrize("estimate", [REFUSED, FAILED], ids=["refused", "failed"])
def test_where_there_is_no_estimate_nothing_is_explained(estimate: object) -> None:
    html = page(estimate, recording(), beat(), why=TALL_T)  # type: ignore[arg-type]
    assert "What moved" not in html
    assert "Occlusion" not in html
    assert 'class="known' not in html


def test_without_an_explanation_nothing_is_explained() -> None:
    assert "What moved" not in page(HIGH, recording(), beat())


def test_the_beat_is_drawn_last_over_five_simulated_ones_each_with_its_own_line() -> None:
    html = page(HIGH, recording(), beat(), why=TALL_T)
    (panel,) = re.findall(r'<svg class="beat".*?</svg>', html.split("What moved")[1].split("The beat that")[0])
    lines = re.findall(r'<path d="M[^"]*" class="(known \w+|trace)"', panel)
    assert lines == [f"known known{level:g}" for level in SHOWN_MEQ_L] + ["trace"]
    css = html.split("<style>")[1].split("</style>")[0]
    dashes = [re.search(rf"\.known{level:g} {{[^}}]*stroke-dasharray: ([^;]+);", css) for level in SHOWN_MEQ_L]
    told_apart = [None if found is None else found[1] for found in dashes]
    assert len(set(told_apart)) == len(SHOWN_MEQ_L)  # also without color: five patterns, the last one a whole line


def test_the_key_names_every_line() -> None:
    html = page(HIGH, recording(), beat(), why=TALL_T)
    key = re.sub(r"<.*?>", "|", html.split('class="key"')[1].split("</ul>")[0])
    assert re.findall(r"\|([^|>]+)\|", key) == ["3 mEq/L", "4 mEq/L", "5 mEq/L", "6 mEq/L", "7 mEq/L", "this ECG"]


def test_those_who_do_not_see_the_lines_hear_the_heights_of_t() -> None:
    labels = Reader(page(HIGH, recording(), beat(), why=TALL_T)).values("aria-label")
    (said,) = [label for label in labels if "height of T" in label]
    assert said.startswith("Median beat of lead V5, height of T 0.5")
    assert re.search(r"in simulated beats 0\.3\d at 3, 0\.4\d at 4, 0\.5\d at 5, 0\.7\d at 6, 0\.8\d at 7 mEq/L$", said)


@pytest.mark.parametrize(
    ("leads", "shown"),
    [
        (("I", "II", "V1", "V2", "V3", "V4", "V5", "V6"), ["II", "V2", "V4", "V5"]),
        (("I", "V1", "V6"), ["I", "V1", "V6"]),
        (("III", "aVF"), ["III", "aVF"]),
    ],
)
def test_four_leads_are_shown_at_most(leads: tuple[str, ...], shown: list[str]) -> None:
    why = explanation(0.1, 0.2, 0.3, leads=leads)
    html = page(replace(HIGH, leads_used=leads), recording(), beat(), why=why)
    labels = Reader(html).values("aria-label")
    assert [label.split(",")[0].split()[-1] for label in labels if "height of T" in label] == shown
    assert (f"Shown are 4 of the {len(leads)} leads" in html) == (len(leads) > 4)
