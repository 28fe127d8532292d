"""What a person reads where a page is refused: each sentence in full, and the limits on either side."""

from __future__ import annotations

from typing import Any

import made
import pytest

from kalemia.digitize import doubts
from kalemia.digitize.borders import Columns
from kalemia.digitize.cells import Named
from kalemia.digitize.layout import CABRERA, Layout
from kalemia.digitize.reading import Reading
from kalemia.records import LEADS

ROWS = "give the leads row by row, such as --layout I/II/III"
UNCLEAR = Columns((0.0, 500.0, 1000.0, 1500.0, 2000.0), 500.0, 0.24)
UNNAMED = Named(3, (0, 0, 0, 0), ())


def faint(*names: str, sure: float) -> dict[str, Any]:
    leads = made.in_columns(made.twelve())
    return {
        name: made.lead(name, lead.signal, sure, lead.row) if name in names else lead for name, lead in leads.items()
    }


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"columns": UNCLEAR, "einthoven": 0.21},
            "it is not seen where one lead ends and the next begins; give a clearer page, the layout, or the leads row "
            "by row, such as --layout I/II/III",
        ),
        (
            {"named": UNNAMED, "einthoven": 0.26},
            "the leads as read in the layout 3x4 contradict each other, and labels that name them are not read; give "
            "the layout, or the leads row by row, such as --layout I/II/III",
        ),
        (
            {"named": UNNAMED, "einthoven": 0.26, "given": True},
            "the leads as read in the layout 3x4 contradict each other, and labels that name them are not read; the "
            "page seems to have another layout than the given one",
        ),
        ({"leads": faint("V1", "V2", "V3", sure=0.1)}, "no trace is seen where V1, V2, V3 should be"),
        (
            {"beyond_s": 3.14},
            "the traces go on for 3.1 s after the last lead of the layout 3x4; two ECGs side by side have to be cut "
            "apart",
        ),
        (
            {"along": ("V4", "V5", "V6", "V1")},
            "labels stand along the rows (V4, V5, V6): each holds several leads, and they are but a part of a page",
        ),
        (
            {"layout": Layout(3, 4, 2)},
            "2 rows below the leads repeat none of them; two ECGs on a page have to be cut apart",
        ),
        (
            {"repeats": True},
            f"what stands where V4, V5 and V6 should be in the layout 3x4 obeys a law of limb leads; {ROWS}",
        ),
        (
            {"named": Named(3, (3, 3, 3, 1), ("V4", "V6"))},
            f"labels name other leads than V4, V6 of the layout 3x4; {ROWS}",
        ),
        (
            {"einthoven": None},
            "I, II and III are not seen at the same time, so that nothing read here could be checked",
        ),
        (
            {"leads": faint(*LEADS, sure=0.344)},
            "the trace cannot be followed for sure (confidence 0.34, at least 0.35 is needed)",
        ),
    ],
)
def test_a_doubt_is_one_sentence(changes: dict[str, Any], sentence: str) -> None:
    assert doubts.of_page(made.reading(**changes)) == sentence


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"einthoven": 1.0, "goldberger": 1.0}, None),
        ({"einthoven": None, "goldberger": None}, None),
        (
            {"einthoven": 1.01},
            "I + III differs from II by 101% of their power, as on curled paper or with other leads",
        ),
        (
            {"goldberger": 1.01},
            "what stands where aVR, aVL and aVF should be does not sum up to zero (101% of their power is left); the "
            "page is curled, or has another layout than 3x4",
        ),
        (
            {"einthoven": 1.5, "goldberger": 2.0},
            "I + III differs from II by 150% of their power, as on curled paper or with other leads",
        ),
    ],
)
def test_what_is_wrong_with_limb_leads_is_one_sentence(changes: dict[str, Any], sentence: str | None) -> None:
    assert doubts.of_limb_leads(made.reading(**changes)) == sentence


@pytest.mark.parametrize(
    ("changes", "doubted"),
    [
        ({"columns": Columns(UNCLEAR.edges, 500.0, 0.25), "einthoven": 0.21}, False),
        ({"named": UNNAMED, "einthoven": 0.25}, False),
        ({"named": UNNAMED, "layout": Layout(3, 4, 0, CABRERA), "einthoven": 0.05}, False),
        ({"named": Named(3, (2, 2, 1, 1), ()), "einthoven": 0.5}, False),
        ({"named": UNNAMED, "layout": Layout(3, 4, 1), "agreement": {"II": 0.5}}, False),
        ({"leads": faint("V1", "V2", "V3", sure=0.2)}, False),
        ({"beyond_s": 3.0}, False),
        ({"leads": faint(*LEADS, sure=0.35)}, False),
        ({"layout": Layout(3, 4, 1)}, False),
    ],
)
def test_a_limit_itself_is_no_doubt(changes: dict[str, Any], doubted: bool) -> None:
    assert (doubts.of_page(made.reading(**changes)) is not None) is doubted


def with_rate(names: list[str], bpm: float | None, **changes: Any) -> Reading:
    reading = made.fewer(names, **changes)
    reading.__dict__["heart_rate_bpm"] = bpm  # where `cached_property` keeps it
    return reading


@pytest.mark.parametrize(
    ("reading", "sentence"),
    [
        (with_rate(["II"], None), "no heart beats of 20 to 300 a minute are seen on the traced rows"),
        (
            with_rate(["II", "V5"], 201.4),
            "what was read has 201 beats a minute and too few leads to be checked; if this is an ECG, give the leads "
            "row by row, such as --layout II",
        ),
        (with_rate(["II", "V5"], 200.0), None),
        (
            made.fewer(["V1", "V2", "V3"], mixed=0.41),
            "a row does not look like one lead from end to end, as where it holds several and the page is but a part",
        ),
        (made.fewer(["V1", "V2", "V3"], mixed=0.4), None),
    ],
)
def test_a_page_of_fewer_leads_is_doubted_in_one_sentence(reading: Reading, sentence: str | None) -> None:
    assert doubts.of_page(reading) == sentence
