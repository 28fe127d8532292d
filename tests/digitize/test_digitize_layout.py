"""Layouts: their names, their rows, and those that a user names."""

from __future__ import annotations

import pytest

from kalemia.digitize import layout
from kalemia.digitize.layout import CABRERA, STANDARD, Layout
from kalemia.digitize.letters import NAMES as LEAD_NAMES
from kalemia.errors import DigitizeError
from kalemia.records import LEADS


@pytest.mark.parametrize(
    ("shown", "name", "rows"),
    [
        (Layout(3, 4, 1), "3x4+1", (("I", "aVR", "V1", "V4"), ("II", "aVL", "V2", "V5"), ("III", "aVF", "V3", "V6"))),
        (Layout(6, 2), "6x2", tuple(zip(LEADS[:6], LEADS[6:], strict=True))),
        (Layout(2, 1, 0, ("V4", "V5")), "2x1", (("V4",), ("V5",))),
        (
            Layout(6, 2, 0, CABRERA),
            "cabrera-6x2",
            tuple(zip(("aVL", "I", "-aVR", "II", "aVF", "III"), LEADS[6:], strict=True)),
        ),
    ],
)
def test_leads_stand_column_by_column(shown: Layout, name: str, rows: tuple[tuple[str, ...], ...]) -> None:
    assert shown.name == name
    assert shown.leads == rows


def test_twelve_leads_are_known_and_limb_leads_are_no_chest_leads() -> None:
    assert Layout(3, 4).known
    assert Layout(12, 1, 0, CABRERA).known
    assert not Layout(6, 1, 0, STANDARD[:6]).known
    assert Layout(6, 1, 0, STANDARD[:6]).limb
    assert not Layout(6, 1, 0, STANDARD[6:]).limb
    assert not Layout(3, 4).limb


def test_every_layout_of_twelve_is_stated_by_its_name() -> None:
    assert len(layout.TWELVE) == 2 * 4 * 4
    assert layout.NAMES[0] == "auto"
    assert layout.stated("auto") is None
    for shown in layout.TWELVE:
        assert layout.stated(shown.name) == shown
    assert len(set(layout.NAMES)) == 33
    assert [shown.name for shown in layout.FEWER] == ["6x1"] * 3 + ["3x2"] * 3 + ["3x1"] * 4
    assert [shown.order for shown in layout.FEWER][-1] == ("V4", "V5", "V6")


@pytest.mark.parametrize(
    ("wanted", "shown"),
    [
        ("II", Layout(1, 1, 0, ("II",))),
        ("I/II/III", Layout(3, 1, 0, ("I", "II", "III"))),
        ("v1, V4 /v2,V5/ V3,v6", Layout(3, 2, 0, ("V1", "V2", "V3", "V4", "V5", "V6"))),
        ("avr/V4r", Layout(2, 1, 0, ("aVR", "V4R"))),
    ],
)
def test_leads_are_stated_row_by_row(wanted: str, shown: Layout) -> None:
    assert layout.stated(wanted) == shown


@pytest.mark.parametrize("wanted", ["5x5", "3x4+4", "I/I", "I,II/III", "I/Q", "", "3X4"])
def test_what_is_no_layout_is_refused(wanted: str) -> None:
    with pytest.raises(DigitizeError) as caught:
        layout.stated(wanted)
    assert str(caught.value) == (
        f"layout is {wanted!r}; accepted are auto, 3x4, 6x2, 12x1, 4x3, each with +1 to +3 for rhythm strips and with "
        "cabrera- before it, or the leads row by row, such as I/II/III or V1,V4/V2,V5/V3,V6"
    )


def test_a_page_may_have_all_leads_that_there_are_and_a_long_mistake_is_cut() -> None:
    every = layout.stated("/".join(LEAD_NAMES))
    assert every is not None
    assert every.order == LEAD_NAMES
    with pytest.raises(DigitizeError, match=f"layout is '{'x' * 59}; accepted"):
        layout.stated("x" * 200)


def test_columns_are_as_wide_as_their_seconds_at_a_usual_speed() -> None:
    for count, widths in layout.WIDTHS_MM.items():
        ten = {250 / count, 500 / count}  # ten seconds at 25 and at 50 mm/s, or 2.5 s a column
        assert set(widths) <= ten | {62.5}, count
        assert 62.5 in widths or 250 / count in widths
    assert layout.WIDTHS_MM[3] == (62.5, 250 / 3, 500 / 3)
    assert layout.WIDTHS_MM[5] == (50.0, 62.5)
    assert layout.SHAPES[:4] == layout.GRIDS
