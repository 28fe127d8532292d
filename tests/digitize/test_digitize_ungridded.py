"""The scale of a page without a grid, from pulses drawn on white paper."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from kalemia.digitize import ungridded
from kalemia.digitize.grid import Grid

Floats = NDArray[np.float64]
Pixels = NDArray[np.uint8]


def pulses(size_px: tuple[int, int] = (25, 50), tops: tuple[int, ...] = (60, 180, 300), lean: float = 0.0) -> Pixels:
    """Return white paper with pulses above each other, so many px wide and high between the middles of strokes."""
    paper = np.full((420, 500, 3), 255, np.uint8)
    wide, high = size_px
    for top in tops:
        left = 40 + round(lean * top)
        corners = [(left - 8, top + high), (left, top + high), (left, top), (left + wide, top)]
        corners += [(left + wide, top + high), (left + wide + 300, top + high)]
        cv2.polylines(paper, [np.array(corners, np.int32)], False, (0, 0, 0), 2)
    return paper


@pytest.mark.parametrize("px", [4, 5, 8])
def test_pulses_tell_the_scale_of_a_page_without_a_grid(px: int) -> None:
    found = ungridded.find(pulses((5 * px, 10 * px)))
    assert found is not None
    assert found.pitch == pytest.approx(px, rel=0.02)
    assert found.angle == pytest.approx(0, abs=0.2)
    assert found.strength == 0


def test_the_column_of_pulses_tells_the_angle() -> None:
    found = ungridded.find(pulses(lean=-0.05))
    assert found is not None
    assert found.angle == pytest.approx(np.degrees(np.arctan(0.05)), abs=0.4)
    assert ungridded.find(pulses(lean=-0.12)) is None


@pytest.mark.parametrize(
    "paper",
    [
        pulses(tops=(60,)),  # one alone
        pulses(tops=(60, 100)),  # not above each other but beside
        pulses((40, 50)),  # too wide
        pulses((18, 50)),  # too narrow
        pulses((22, 50)),  # a page seen from the side
        pulses((6, 12)),  # too small
        np.full((400, 500, 3), 255, np.uint8),
    ],
)
def test_what_shows_no_scale_has_none(paper: Pixels) -> None:
    assert ungridded.find(paper) is None


def test_pulses_that_grow_down_the_page_are_seen_from_the_side() -> None:
    near, far = pulses((25, 50), (60,)), pulses((27, 54), (300,))
    assert ungridded.find(np.minimum(near, far)) is None
    assert ungridded.find(np.minimum(near, pulses((25, 50), (300,)))) is not None


def test_a_filled_box_is_no_pulse() -> None:
    paper = pulses()
    for top in (60, 180, 300):
        paper[top : top + 50, 40:66] = 0
    assert ungridded.find(paper) is None


def test_letters_do_not_hide_the_taller_pulses() -> None:
    paper = pulses()
    for top in (20, 150, 280):
        cv2.rectangle(paper, (300, top), (309, top + 19), (0, 0, 0), 2)
    found = ungridded.find(paper)
    assert found is not None
    assert found.pitch == pytest.approx(5, rel=0.02)


@pytest.mark.parametrize(("lean", "found"), [(0.1, True), (-0.1, True), (0.11, False), (-0.11, False)])
def test_a_page_without_a_grid_may_lean_by_six_degrees(lean: float, found: bool) -> None:
    assert (ungridded.find(pulses(lean=lean)) is not None) == found


def test_a_pulse_has_a_roof_and_an_empty_room() -> None:
    open_ = pulses()
    inked = pulses()
    for top in (60, 180, 300):
        open_[top - 3 : top + 4, 50:54] = 255
        inked[top + 25 : top + 30, 42:64] = 0
    assert ungridded._pulses(open_).shape == (0, 4)
    assert ungridded._pulses(inked).shape == (0, 4)
    x, y, wide, high = ungridded._pulses(pulses()).T
    assert x == pytest.approx([40] * 3, abs=1)
    assert np.sort(y) == pytest.approx([60, 180, 300], abs=2)
    assert wide == pytest.approx([25] * 3, abs=0.6)
    assert high == pytest.approx([50] * 3, abs=1.1)


# ---- limits


def standing(*sizes: tuple[float, float], x: float = 100.0, apart: float = 200.0) -> Floats:
    """Return pulses of widths and heights, px, that stand above each other."""
    return np.array([[x, 50 + k * apart, wide, high] for k, (wide, high) in enumerate(sizes)])


def shown(monkeypatch: pytest.MonkeyPatch, found: Floats) -> Grid | None:
    """Return the lattice of a page, 500 px high and 800 wide, on which these pulses are found."""
    monkeypatch.setattr(ungridded, "_pulses", lambda _: found)
    return ungridded.find(np.full((500, 800, 3), 255, np.uint8))


def test_the_scale_is_that_of_width_and_height(monkeypatch: pytest.MonkeyPatch) -> None:
    found = shown(monkeypatch, standing((40, 80), (41, 82), (41, 82)))
    assert found is not None
    assert found.pitch == pytest.approx(8.2)
    assert found.angle == pytest.approx(0, abs=1e-6)
    assert found.cover.max(axis=0).tolist() == [800, 500]
    uneven = shown(monkeypatch, standing((40, 82), (40, 82)))
    assert uneven is not None
    assert uneven.pitch == pytest.approx(8.1)


@pytest.mark.parametrize(
    ("sizes", "even"),
    [
        # pulses 80 px high may be off by 2.5 % and by a pixel in 80: 3.75 %
        (((40, 83), (40, 83)), True),
        (((40, 83.2), (40, 83.2)), False),
        (((41.4, 80), (41.4, 80)), True),
        (((41.7, 80), (41.7, 80)), False),
        # four pulses, of which the lowest is larger or smaller: the line through them grows by 0.9 of that
        (((40, 78.5), (40, 79.5), (40, 80.5), (40, 81.3)), True),
        (((40, 78.4), (40, 79.5), (40, 80.5), (40, 81.6)), False),
        (((40, 81.3), (40, 80.5), (40, 79.5), (40, 78.5)), True),
        (((40, 81.6), (40, 80.5), (40, 79.5), (40, 78.4)), False),
    ],
)
def test_an_even_page_has_pulses_of_one_shape_and_size(
    monkeypatch: pytest.MonkeyPatch, sizes: tuple[tuple[float, float], ...], even: bool
) -> None:
    assert (shown(monkeypatch, standing(*sizes)) is not None) == even


@pytest.mark.parametrize(("degrees", "there"), [(5.99, True), (-5.99, True), (6.01, False), (-6.01, False)])
def test_the_line_through_the_pulses_is_upright(monkeypatch: pytest.MonkeyPatch, degrees: float, there: bool) -> None:
    lean = float(np.tan(np.radians(degrees)))
    page = np.array([[200 - lean * y, y, 40.0, 80.0] for y in (50.0, 250.0, 450.0)])
    found = shown(monkeypatch, page)
    assert (found is not None) == there
    assert found is None or found.angle == pytest.approx(degrees)


@pytest.mark.parametrize(
    ("pulses", "column"),
    [
        ([[100, 50, 40, 80], [100, 250, 40, 80]], [0, 1]),
        ([[100, 50, 40, 80], [100, 178, 40, 80]], None),  # they overlap: 1.6 heights apart at least
        ([[100, 50, 40, 80], [100, 179, 40, 80]], [0, 1]),
        ([[100, 50, 40, 80], [179, 250, 40, 80]], [0, 1]),
        ([[100, 50, 40, 80], [180, 250, 40, 80]], None),  # beside: by two widths
        ([[100, 50, 40, 80], [21, 250, 40, 80]], [0, 1]),
        ([[100, 50, 40, 80], [20, 250, 40, 80]], None),
        ([[100, 50, 40, 80], [100, 250, 40, 92]], [0, 1]),  # of one size: within 15 %, as logarithms 92.9
        ([[100, 50, 40, 80], [100, 250, 40, 94]], None),
        ([[100, 50, 40, 80], [100, 250, 46, 80]], [0, 1]),
        ([[100, 50, 40, 80], [100, 250, 47, 80]], None),
        ([[300, 50, 10, 20], [300, 150, 10, 20], [300, 250, 10, 20], [100, 50, 40, 80], [100, 250, 40, 80]], [3, 4]),
        ([[300, 50, 10, 20], [300, 150, 10, 20], [100, 50, 40, 80]], [0, 1]),  # the tallest stands alone
        ([[100, 50, 40, 80]], None),
    ],
)
def test_a_column_is_of_the_tallest_pulses_alike(pulses: list[list[float]], column: list[int] | None) -> None:
    given = np.array(pulses, float)
    found = ungridded._column(given)
    assert (None if found is None else found.tolist()) == (None if column is None else given[column].tolist())


def box(
    *,
    wide: int = 20,
    high: int = 40,
    pen: int = 2,
    right_pen: int = 2,
    lower: int = 0,
    longer: int = 0,
    paper: int = 255,
    ink: int = 0,
    height: int = 200,
    roof: tuple[int, int] | None = None,
    at: tuple[int, int] = (60, 80),
) -> Pixels:
    """Return a page with one pulse: strokes of a pen, `wide` px from middle to middle and `high` px long.

    The right one begins `lower` and is `longer`; the roof lies on top, or in the rows given.
    """
    page = np.full((height, 200, 3), paper, np.uint8)
    y, x = at
    page[y : y + high, x : x + pen] = ink
    right = x + wide + pen // 2 - right_pen // 2
    page[y + lower : y + lower + high + longer, right : right + right_pen] = ink
    first, last = roof or (0, pen)
    page[y + first : y + last, x : x + wide + pen] = ink
    return page


@pytest.mark.parametrize(
    ("changes", "size"),
    [
        ({}, (81, 61, 20, 38)),  # an opening of even height moves strokes a pixel down
        ({"pen": 4, "right_pen": 4}, (82, 61, 20, 36)),
        ({"pen": 3, "right_pen": 5}, (81.5, 61, 20, 37)),
        ({"longer": 4}, (81, 61, 20, 40)),  # the mean of both strokes
        ({"at": (1, 80)}, (81, 2, 20, 38)),  # at the edge of the page
        ({"high": 14, "wide": 6}, (81, 61, 6, 12)),  # the shortest
        ({"high": 13, "wide": 6}, None),
        ({"wide": 16}, (81, 61, 16, 38)),  # width over height 0.42 .. 0.6, of 38 px
        ({"wide": 15}, None),
        ({"wide": 22}, (81, 61, 22, 38)),
        ({"wide": 23}, None),
        ({"high": 52, "wide": 21}, None),  # both limits are outside
        ({"high": 52, "wide": 30}, None),
        ({"high": 50, "wide": 24, "longer": 8}, None),  # as are those of strokes that are alike
        ({"high": 50, "wide": 24, "lower": 6, "longer": -6, "roof": (0, 2)}, None),
        ({"high": 79, "wide": 40}, (81, 61, 40, 77)),  # strokes of 0.4 of the page are an edge of it
        ({"high": 80, "wide": 40}, None),
        ({"pen": 9, "right_pen": 3, "wide": 18}, (84.5, 61, 18, 37)),
        ({"pen": 10, "right_pen": 4, "wide": 17}, None),  # a quarter of its height is no stroke
        ({"paper": 200, "ink": 163}, (81, 61, 20, 38)),
        ({"paper": 200, "ink": 164}, None),  # ink is darker than 0.82 of the paper
        ({"lower": 5, "longer": -5, "roof": (0, 2)}, (81, 61, 20, 35.5)),
        ({"lower": 6, "longer": -6, "roof": (0, 2)}, None),  # strokes begin at one height
        ({"longer": 6}, (81, 61, 20, 41)),
        ({"longer": 7}, None),  # and are of one length
        ({"roof": (3, 4)}, (81, 61, 20, 38)),
        ({"roof": (4, 5)}, None),
        ({"roof": (-1, 0)}, (81, 60, 20, 39)),
        ({"roof": (-2, -1)}, None),
    ],
)
def test_a_pulse_is_two_strokes_below_a_roof(
    changes: dict[str, Any], size: tuple[float, float, float, float] | None
) -> None:
    found = ungridded._pulses(box(**changes))
    assert found.shape == (0 if size is None else 1, 4)
    assert size is None or found[0] == pytest.approx(size)


def test_the_room_of_a_pulse_is_empty_but_for_specks() -> None:
    # Strokes of 40 px leave a room of 20 rows and 16 columns.
    for inked, there in ((15, True), (16, False)):
        page = box()
        page[80, 83 : 83 + inked] = 0
        assert len(ungridded._pulses(page)) == there
    for row, there in ((72, True), (73, False), (92, False), (93, True)):
        page = box()
        page[row, 82:100] = 0
        assert len(ungridded._pulses(page)) == there
