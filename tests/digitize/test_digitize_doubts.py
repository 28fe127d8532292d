"""What is refused, and why: a sound page with one thing wrong at a time."""

from __future__ import annotations

from typing import Any

import made
import numpy as np
import pytest

from kalemia.digitize import compose, doubts
from kalemia.digitize.borders import Columns
from kalemia.digitize.cells import Named
from kalemia.digitize.grid import plain
from kalemia.digitize.layout import CABRERA, Layout
from kalemia.digitize.page import Page
from kalemia.digitize.paper import Paper
from kalemia.digitize.reading import Reading
from kalemia.records import LEADS

UNCLEAR = Columns((0.0, 500.0, 1000.0, 1500.0, 2000.0), 500.0, 0.24)
UNNAMED = Named(3, (0, 0, 0, 0), ())
CABRERA_PAGE = Layout(3, 4, 0, CABRERA)


def test_nothing_speaks_against_a_sound_page() -> None:
    assert doubts.of_page(made.reading()) is None
    assert doubts.of_limb_leads(made.reading()) is None
    assert doubts.of_page(made.fewer(["II"])) is None


def faint(*names: str, sure: float = 0.1) -> dict[str, Any]:
    leads = made.in_columns(made.twelve())
    return {
        name: made.lead(name, lead.signal, sure, lead.row) if name in names else lead for name, lead in leads.items()
    }


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"columns": UNCLEAR, "einthoven": 0.21}, "it is not seen where one lead ends and the next begins"),
        ({"columns": UNCLEAR, "einthoven": None}, "it is not seen where one lead ends and the next begins"),
        ({"columns": UNCLEAR, "einthoven": 0.2}, None),
        ({"columns": UNCLEAR, "einthoven": 0.21, "layout": Layout(12, 1)}, None),
        ({"named": UNNAMED}, None),
        ({"named": UNNAMED, "einthoven": 0.24}, None),
        ({"named": UNNAMED, "einthoven": 0.26}, "the layout 3x4 contradict each other, and labels that name them"),
        ({"named": UNNAMED, "goldberger": 0.26}, "give the layout, or the leads row by row"),
        ({"named": UNNAMED, "goldberger": 0.26, "given": True}, "the page seems to have another layout than the given"),
        ({"named": UNNAMED, "layout": CABRERA_PAGE, "einthoven": 0.06}, "the layout cabrera-3x4 contradict"),
        ({"named": UNNAMED, "layout": CABRERA_PAGE, "einthoven": 0.04}, None),
        ({"named": Named(3, (1, 1, 1, 0), ()), "einthoven": 0.26}, None),
        ({"named": Named(3, (1, 1, 0, 0), ()), "einthoven": 0.26}, "contradict each other"),
        ({"named": Named(3, (2, 2, 1, 0), ()), "einthoven": 0.51}, "contradict each other"),
        ({"named": Named(3, (2, 2, 2, 0), ()), "einthoven": 0.51}, None),
        ({"named": UNNAMED, "layout": Layout(3, 4, 1), "agreement": {"II": 0.49}}, "contradict each other"),
        ({"named": UNNAMED, "layout": Layout(3, 4, 1), "agreement": {"II": 0.51}}, None),
        ({"leads": faint("V1", "V2", "V3")}, "no trace is seen where V1, V2, V3 should be"),
        ({"leads": faint("V1", "V2")}, None),
        ({"leads": faint("V1", "V2", "V3", sure=0.21)}, None),
        ({"beyond_s": 3.1}, "the traces go on for 3.1 s after the last lead of the layout 3x4; two ECGs side by side"),
        ({"beyond_s": 2.9}, None),
        ({"beyond_s": 3.1, "layout": Layout(12, 1)}, None),
        ({"along": ("V4", "V5", "V6", "V1")}, "labels stand along the rows (V4, V5, V6): each holds several leads"),
        ({"layout": Layout(12, 1), "mixed": 0.5}, None),
        ({"layout": Layout(3, 4, 2)}, "2 rows below the leads repeat none of them; two ECGs on a page"),
        ({"layout": Layout(3, 4, 1), "named": Named(3, (3, 3, 3, 3), ())}, None),
        ({"layout": Layout(3, 4, 2), "agreement": {"II": 0.99}}, None),
        ({"repeats": True}, "what stands where V4, V5 and V6 should be in the layout 3x4 obeys a law of limb leads"),
        ({"named": Named(3, (3, 3, 3, 1), ("V4", "V6"))}, "labels name other leads than V4, V6 of the layout 3x4"),
        ({"named": Named(3, (3, 3, 3, 2), ("V4",))}, None),
        ({"einthoven": None}, "I, II and III are not seen at the same time"),
        ({"leads": faint(*LEADS, sure=0.34)}, "the trace cannot be followed for sure (confidence 0.34, at least 0.35"),
        ({"leads": faint(*LEADS, sure=0.36)}, None),
    ],
)
def test_one_thing_wrong_is_one_reason(changes: dict[str, Any], reason: str | None) -> None:
    found = doubts.of_page(made.reading(**changes))
    if reason is None:
        assert found is None
    else:
        assert found is not None
        assert reason in found


def test_a_page_of_fewer_leads_is_doubted_by_its_look_and_its_rate() -> None:
    rows = made.fewer(["V1", "V2", "V3"], mixed=0.41)
    assert "a row does not look like one lead from end to end" in str(doubts.of_page(rows))
    assert doubts.of_page(made.fewer(["V1", "V2", "V3"], mixed=0.39)) is None


def with_rate(names: list[str], bpm: float | None, **changes: Any) -> Reading:
    reading = made.fewer(names, **changes)
    reading.__dict__["heart_rate_bpm"] = bpm  # where `cached_property` keeps it
    return reading


@pytest.mark.parametrize(
    ("reading", "reason"),
    [
        (with_rate(["II"], None), "no heart beats of 20 to 300 a minute are seen"),
        (with_rate(["II", "V5"], 201.0), "what was read has 201 beats a minute and too few leads to be checked"),
        (with_rate(["II", "V5"], 199.0), None),
        (with_rate(["II", "V5"], 201.0, given=True), None),
        (with_rate(["I", "II", "III"], 201.0), None),
    ],
)
def test_patterns_beat_faster_than_hearts(reading: Reading, reason: str | None) -> None:
    found = doubts.of_page(reading)
    assert (found is None) == (reason is None)
    assert reason is None or reason in str(found)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"einthoven": 1.01}, "I + III differs from II by 101% of their power, as on curled paper"),
        ({"einthoven": 0.99, "goldberger": 0.99}, None),
        ({"goldberger": 1.2}, "aVR, aVL and aVF should be does not sum up to zero (120% of their power is left)"),
        ({"einthoven": None, "goldberger": None}, None),
    ],
)
def test_limb_leads_that_are_none_are_refused(changes: dict[str, Any], reason: str | None) -> None:
    found = doubts.of_limb_leads(made.reading(**changes))
    assert (found is None) == (reason is None)
    assert reason is None or reason in str(found)


# ---- how sure, and what speaks for a layout


@pytest.mark.parametrize(
    ("einthoven", "goldberger", "halved"),
    [
        (0.2, 0.2, ()),
        (0.21, 0.0, ("I", "II", "III", "aVR", "aVL", "aVF")),
        (0.0, 0.21, ("aVR", "aVL", "aVF")),
        (None, None, ()),
    ],
)
def test_leads_that_contradict_each_other_are_half_as_sure(
    einthoven: float | None, goldberger: float | None, halved: tuple[str, ...]
) -> None:
    reading = made.reading(leads=faint(*LEADS, sure=0.8), einthoven=einthoven, goldberger=goldberger)
    assert reading.confidence == {name: 0.4 if name in halved else 0.8 for name in LEADS}


def test_confidence_is_of_what_is_known() -> None:
    signal = np.where(np.arange(1000) < 500, 1.0, np.nan)
    lead = made.lead("V1", signal)
    lead.sure[500:] = 0
    lead.sure[:250] = 0.5
    assert made.reading().sure(lead) == 0.75
    assert made.reading().sure(made.lead("V1", np.full(1000, np.nan))) == 0
    assert made.reading().sure(made.lead("V1", signal, sure=1.2)) == 1


@pytest.mark.parametrize(
    ("changes", "much"),
    [
        ({"layout": Layout(12, 1)}, -1.5),  # no borders
        ({"columns": UNCLEAR}, 1.5 * (0.24 - 1)),
        ({"beyond_s": 0.6}, -0.5),
        ({"beyond_s": 2.4}, -1.0),
        ({"beyond_s": -2.0}, -0.5),
        ({"beyond_s": -8.0}, -1.0),
        ({"einthoven": 0.05}, 0.8 * (1.1 - 1.2)),  # the mean of a decade below 0.5, and of 1.2 at most
        ({"einthoven": 0.5}, 0.8 * (0.6 - 1.2)),
        ({"einthoven": 5.0}, 0.8 * (0.35 - 1.2)),
        ({"einthoven": None, "goldberger": None}, 0.8 * (-0.2 - 1.2)),
        ({"layout": Layout(3, 4, 1)}, -0.55),
        ({"layout": Layout(3, 4, 1), "agreement": {"II": 1.0}}, 0.25),
        ({"layout": Layout(3, 4, 1), "agreement": {"aVF": 1.0}}, 0.8 * 0.6 - 0.55),
        ({"layout": Layout(3, 4, 2), "agreement": {"II": 1.0, "V1": 0.9}}, 0.8 * 0.95 - 0.55),
        ({"paper": Paper(25.0, 10.0, (), pulse=False)}, -0.3),
        ({"layout": CABRERA_PAGE}, -0.3),
        ({"named": UNNAMED}, -1.5 - 0.03 * 12),
        ({"repeats": True}, -1.0),
        ({"mixed": 0.5}, -1.5),
    ],
)
def test_what_speaks_for_and_against_a_layout(changes: dict[str, Any], much: float) -> None:
    # Both residuals at 0.01 count 1.2 each, the most.
    assert made.reading(**changes).score - made.reading().score == pytest.approx(much)


@pytest.mark.parametrize(
    ("changes", "obeyed"),
    [
        ({}, True),
        ({"einthoven": 0.081}, False),
        ({"goldberger": 0.081}, False),
        ({"einthoven": None}, True),
        ({"einthoven": None, "goldberger": None}, False),
        ({"named": Named(3, (3, 3, 3, 2), ("V4",))}, False),
    ],
)
def test_limb_leads_are_known_by_laws(changes: dict[str, Any], obeyed: bool) -> None:
    assert made.reading(**changes).obeyed is obeyed


# ---- what is handed on


def squared(angle: float = 0.0) -> Page:
    grid = plain((800, 2200), 10.0, angle)
    u, v = grid.millimeters(np.zeros(1), np.zeros(1))
    return Page(
        np.zeros((640, 1760, 3), np.uint8), made.SCALE, float(u[0]), float(v[0]), grid, np.ones((640, 1760), bool)
    )


RGB = np.full((800, 2200, 3), 255, np.uint8)


def test_leads_are_handed_on_in_their_order_with_strips_for_short_ones() -> None:
    leads = {"V4R": made.lead("V4R", np.zeros(5000)), **dict(reversed(made.in_columns(made.twelve()).items()))}
    whole = made.lead("II", made.twelve()["II"], sure=0.9, row=3)
    found = compose.digitized(RGB, squared(), made.reading(leads=leads, strips={"II": whole}), "a.png", 2)
    recording = found.recording
    assert recording.leads == (*LEADS, "V4R")
    assert recording.signal.dtype == np.float32
    assert np.isfinite(recording.lead("II")).all()
    assert np.isnan(recording.lead("V1")).any()
    assert dict(zip(recording.leads, recording.confidence, strict=True))["II"] == 0.9
    assert (recording.source, recording.rate, recording.digitized) == ("a.png", 500.0, True)
    assert (found.page, found.kind, found.layout) == (2, "image", "3x4")
    assert (found.speed_mm_per_s, found.gain_mm_per_mv) == (25.0, 10.0)
    assert found.pixels_per_mm == pytest.approx(10.0)
    assert found.heart_rate_bpm == pytest.approx(75, abs=1)
    assert len(found.traces) == 14
    assert compose.digitized(RGB, squared(), made.reading(vector=True), "a.png", 1).kind == "vector"


@pytest.mark.parametrize(
    ("changes", "warnings"),
    [
        ({}, []),
        ({"assumed": ("Something is assumed.",)}, ["Something is assumed."]),
        ({"beyond_s": 0.8}, ["The traces go on for 0.8 s after the last lead; that is not read."]),
        ({"beyond_s": 0.6}, []),
        ({"beyond_s": 0.8, "layout": Layout(12, 1)}, []),
        ({"einthoven": 0.2, "goldberger": 0.2}, []),
        (
            {"einthoven": 0.3, "goldberger": 0.4},
            [
                "I + III differs from II by 30% of their power: the leads as read contradict each other.",
                "aVR + aVL differs from -aVF by 40% of their power: the leads as read contradict each other.",
            ],
        ),
        ({"einthoven": None, "goldberger": None}, []),
    ],
)
def test_what_is_wrong_or_assumed_is_said(changes: dict[str, Any], warnings: list[str]) -> None:
    assert list(compose._warnings(made.reading(**changes))) == warnings


@pytest.mark.parametrize("angle", [0.0, 3.0])
def test_traces_and_boxes_stand_on_the_picture(angle: float) -> None:
    signal = np.where(np.arange(5000) < 2500, 0.0, np.nan)
    signal[:200] = 1.0
    lead = made.lead("I", signal)
    page = squared(angle)
    found = compose.digitized(RGB, page, made.reading(leads={"I": lead}), "a.png", 1)
    (trace,) = found.traces
    known = np.isfinite(trace.y)
    assert known.sum() == np.isfinite(trace.x).sum() == 2500
    x, y = page.source(lead.x[known], lead.y[known])
    np.testing.assert_allclose(trace.x[known], x)
    np.testing.assert_allclose(trace.y[known], y)
    (box,) = found.boxes
    across, down = page.place(box[:, 0], box[:, 1])
    assert box.shape == (80, 2)
    assert (across.min(), across.max()) == pytest.approx((-14 * 8, lead.x[2499] + 14 * 8), abs=0.01)
    assert (down.min(), down.max()) == pytest.approx((20 - 1.5 * 8, 100 + 8.5 * 8), abs=0.01)


def test_rows_share_a_box_and_rows_without_trace_have_none() -> None:
    nothing = made.lead("V6", np.full(5000, np.nan), row=9)
    leads = made.in_columns(made.twelve())
    assert len(compose.digitized(RGB, squared(), made.reading(leads=leads | {"V6": nothing}), "a", 1).boxes) == 3
