"""Every reason why a page is refused, in full, and values that are just no reason."""

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


def columns(clear: float) -> Columns:
    return Columns((0.0, 500.0, 1000.0, 1500.0, 2000.0), 500.0, clear)


NO_NAMES = Named(3, (0, 0, 0, 0), ())
TWO, ROWS, STRIPS = Layout(6, 2), Layout(12, 1), Layout(3, 4, 2)
ROW_BY_ROW = "give the leads row by row, such as --layout I/II/III"
BORDERS = (
    "it is not seen where one lead ends and the next begins; give a clearer page, the layout, or the leads row by row, "
    "such as --layout I/II/III"
)
UNNAMED = "the leads as read in the layout {} contradict each other, and labels that name them are not read; {}"
NAMES = UNNAMED.format("3x4", "give the layout, or the leads row by row, such as --layout I/II/III")
APART = "I, II and III are not seen at the same time, so that nothing read here could be checked"
LIMB = {"einthoven": None, "goldberger": None}


def known(reading: Reading, **values: Any) -> Reading:
    """Return a reading of which is said what would be computed."""
    reading.__dict__.update(values)
    return reading


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"columns": columns(0.24), "einthoven": 0.3}, BORDERS),
        ({"columns": columns(0.24), "einthoven": 0.3, "layout": TWO}, BORDERS),
        ({"columns": columns(0.25), "einthoven": 0.22}, None),
        ({"named": NO_NAMES, "einthoven": 0.26}, NAMES),
        ({"named": NO_NAMES, "einthoven": 0.25}, None),
        (
            {"named": NO_NAMES, "einthoven": 0.26, "given": True},
            UNNAMED.format("3x4", "the page seems to have another layout than the given one"),
        ),
        ({"named": NO_NAMES, "layout": Layout(3, 4, 0, CABRERA), "einthoven": 0.05}, None),
        ({"named": Named(3, (1, 1, 1, 0), ()), "einthoven": 0.5}, None),
        ({"named": Named(3, (1, 1, 1, 0), ()), "einthoven": 0.501}, NAMES),
        ({"named": NO_NAMES, "layout": STRIPS, "agreement": {"II": 0.99}}, NAMES.replace("3x4", "3x4+2")),
        ({"named": NO_NAMES, "layout": STRIPS, "agreement": {"II": 1.0}}, None),
        ({"named": NO_NAMES, **LIMB}, APART),
        (
            {"beyond_s": 3.5, "layout": TWO},
            "the traces go on for 3.5 s after the last lead of the layout 6x2; two ECGs side by side have to be cut "
            "apart",
        ),
        ({"beyond_s": 3.0}, None),
        (
            {"along": ("V4", "V5")},
            "labels stand along the rows (V4, V5): each holds several leads, and they are but a part of a page",
        ),
        (
            {"layout": STRIPS},
            "2 rows below the leads repeat none of them; two ECGs on a page have to be cut apart",
        ),
        (
            {"repeats": True},
            f"what stands where V4, V5 and V6 should be in the layout 3x4 obeys a law of limb leads; {ROW_BY_ROW}",
        ),
        (
            {"named": Named(3, (3, 3, 3, 1), ("V4", "V6"))},
            f"labels name other leads than V4, V6 of the layout 3x4; {ROW_BY_ROW}",
        ),
    ],
)
def test_reasons_in_full(changes: dict[str, Any], reason: str | None) -> None:
    assert doubts.of_page(made.reading(**changes)) == reason


SURE = dict.fromkeys(LEADS, 1.0)
FAINT = SURE | dict.fromkeys(("V1", "V2", "V3"), 0.19)


@pytest.mark.parametrize(
    ("confidence", "reason"),
    [
        (FAINT, "no trace is seen where V1, V2, V3 should be"),
        (FAINT | {"V2": 0.2}, None),
        (dict.fromkeys(LEADS[:2], 0.375), None),
        ({"I": 0.35}, None),
        ({"I": 0.34}, "the trace cannot be followed for sure (confidence 0.34, at least 0.35 is needed)"),
        ({"I": 0.5, "II": 0.18}, "the trace cannot be followed for sure (confidence 0.34, at least 0.35 is needed)"),
    ],
)
def test_traces_that_are_not_seen(confidence: dict[str, float], reason: str | None) -> None:
    assert doubts.of_page(known(made.reading(), confidence=confidence)) == reason


NONE_SEEN = "no heart beats of 20 to 300 a minute are seen on the traced rows"
FAST = (
    "what was read has 201 beats a minute and too few leads to be checked; if this is an ECG, give the leads row by "
    "row, such as --layout II"
)


@pytest.mark.parametrize(("bpm", "reason"), [(None, NONE_SEEN), (200.0, None), (200.6, FAST)])
def test_beats_that_are_none(bpm: float | None, reason: str | None) -> None:
    assert doubts.of_page(known(made.fewer(["II"]), heart_rate_bpm=bpm)) == reason


@pytest.mark.parametrize(("mixed", "seen"), [(0.4, False), (0.41, True)])
def test_rows_that_change_their_look(mixed: float, seen: bool) -> None:
    reason = "a row does not look like one lead from end to end, as where it holds several and the page is but a part"
    found = known(made.fewer(["V1", "V2", "V3"], mixed=mixed), heart_rate_bpm=70.0)
    assert doubts.of_page(found) == (reason if seen else None)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        (
            {"einthoven": 1.25, "goldberger": 2.0},
            "I + III differs from II by 125% of their power, as on curled paper or with other leads",
        ),
        (
            {"einthoven": 1.0, "goldberger": 1.25},
            "what stands where aVR, aVL and aVF should be does not sum up to zero (125% of their power is left); the "
            "page is curled, or has another layout than 3x4",
        ),
        ({"einthoven": 1.0, "goldberger": 1.0}, None),
    ],
)
def test_limb_leads_that_are_none(changes: dict[str, Any], reason: str | None) -> None:
    assert doubts.of_limb_leads(made.reading(**changes)) == reason
