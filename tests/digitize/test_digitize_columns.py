"""Where rows begin beside labels, and columns of leads beside what marks their borders."""

from __future__ import annotations

import numpy as np
import pytest
from made import SCALE

from kalemia.digitize import borders
from kalemia.digitize.borders import Marks


def gaps(*places: int, width: int = 2200) -> Marks:
    values = np.zeros(width)
    values[list(places)] = 1.0
    return Marks(np.zeros(width), values, np.zeros(width))


def test_rows_begin_after_labels_beside_them() -> None:
    on = np.ones((3, 2200))
    on[:, 130:160] = 0
    on[:, 100:130:2] = 0
    assert borders.beginning(gaps(160), on, 100.0, SCALE) == 160.0
    assert borders.beginning(gaps(), on, 100.0, SCALE) == 100.0
    assert borders.beginning(gaps(100 + 17 * 8), on, 100.0, SCALE) == 100.0, "too far for a label"
    assert borders.beginning(gaps(160), np.ones((3, 2200)), 100.0, SCALE) == 100.0, "there is a trace before it"
    near = on.copy()
    near[:, 142:160] = 1
    assert borders.beginning(gaps(160), near, 100.0, SCALE) == 100.0, "and it comes close"
    every = range(160, 2200, 150)
    assert borders.beginning(gaps(*every), on, 100.0, SCALE) == 100.0, "gaps come with every beat"
    assert borders.beginning(gaps(100), on, 100.0, SCALE) == 100.0


def lines_at(*places: int, much: float = 1.0, width: int = 2200) -> Marks:
    values = np.zeros(width)
    values[list(places)] = much
    return Marks(values, np.zeros(width), np.zeros(width))


def test_columns_begin_where_borders_are_marked() -> None:
    found = borders.columns(lines_at(610, 1110, 1610), 4, 500.0, 100.0, 2100.0, SCALE)
    assert found.edges == (110.0, 610.0, 1110.0, 1610.0, 2110.0)
    assert (found.width, found.clear) == (500.0, 1.0)
    unmarked = borders.columns(lines_at(), 4, 500.0, 100.0, 2100.0, SCALE)
    assert unmarked.edges == (100.0, 600.0, 1100.0, 1600.0, 2100.0)
    assert unmarked.clear == 0
    alone = borders.columns(lines_at(), 1, 500.0, 100.0, 2100.0, SCALE)
    assert (alone.edges, alone.clear) == ((100.0, 2100.0), 0.0)


def test_columns_may_be_a_little_wider_and_hardly_marked_ones_stay() -> None:
    wide = borders.columns(lines_at(605, 1110, 1615), 4, 500.0, 100.0, 2120.0, SCALE)
    assert wide.width == pytest.approx(505)
    assert wide.edges[1:4] == pytest.approx((605, 1110, 1615), abs=1)
    faint = borders.columns(lines_at(640, 1140, 1640, much=0.3), 4, 500.0, 100.0, 2100.0, SCALE)
    assert faint.edges[0] == 100.0
    some = borders.columns(lines_at(610, 1110), 4, 500.0, 100.0, 2100.0, SCALE)
    assert some.clear == pytest.approx(2 / 3)


def test_labels_right_of_a_border_hint_at_it() -> None:
    marks = lines_at(610, 1110, 1610, much=0.5)
    marks.labels[[630, 1130, 1630]] = 1.0
    assert borders.columns(marks, 4, 500.0, 110.0, 2110.0, SCALE).clear == pytest.approx(1.0)
    marks = lines_at(610, 1110, 1610, much=0.5)
    marks.labels[[660, 1160, 1660]] = 1.0
    assert borders.columns(marks, 4, 500.0, 110.0, 2110.0, SCALE).clear == pytest.approx(0.5)


def test_the_largest_value_within_reach() -> None:
    assert borders._shifted_max(np.array([0.0, 3, 1, 2, 0, 5]), 2).tolist() == [3, 3, 2, 5, 5, 5]


# ---- limits, to the pixel


@pytest.mark.parametrize(
    ("far", "near", "begins"),
    [
        (32, 11, 160.0),
        (33, 11, 100.0),  # 44 of 60 columns are more than 0.72
        (0, 11, 160.0),
        (0, 12, 100.0),  # 12 of the last 20 are 0.6
    ],
)
@pytest.mark.parametrize(("ink", "seen"), [(0.31, True), (0.3, False)])
def test_little_ink_is_before_a_beginning(far: int, near: int, ink: float, begins: float, seen: bool) -> None:
    on = np.zeros((3, 2200))
    on[:, 100 : 100 + far] = on[:, 140 : 140 + near] = ink
    assert borders.beginning(gaps(160), on, 100.0, SCALE) == (begins if seen else 160.0)
    on[:2] = 0
    assert borders.beginning(gaps(160), on, 100.0, SCALE) == 160.0, "one row of three is a third"


@pytest.mark.parametrize(
    ("places", "start", "begins"),
    [
        ({160: 0.61}, 100.0, 160.0),
        ({160: 0.6}, 100.0, 100.0),
        ({227: 1.0}, 100.0, 227.0),
        ({228: 1.0}, 100.0, 100.0),  # 16 mm are the farthest
        ({130: 1.0, 160: 0.7}, 100.0, 160.0),  # the last one
        ({156: 1.0, 160: 0.7}, 100.0, 156.0),  # but for one half a millimeter before it
        ({155: 1.0, 160: 0.7}, 100.0, 160.0),
        ({160: 0.7, 161: 1.0}, 100.0, 161.0),
        ({160: 0.7, 161: 0.5}, 100.0, 160.0),
        ({100: 1.0}, 100.7, 100.0),
        ({100: 1.0, 101: 0.9}, 100.0, 100.0),
        ({98: 1.0, 101: 0.9}, 100.0, 101.0),  # what is before the start is another's
        ({0: 1.0}, -5.0, 0.0),
        ({122: 1.0}, -5.0, 122.0),
        ({123: 1.0}, -5.0, -5.0),
    ],
)
def test_rows_begin_at_the_last_clear_gap_near_their_start(
    places: dict[int, float], start: float, begins: float
) -> None:
    found = gaps()
    found.gaps[[*places]] = [*places.values()]
    assert borders.beginning(found, np.zeros((3, 2200)), start, SCALE) == begins


@pytest.mark.parametrize(
    ("first", "apart", "many", "much", "begins"),
    [
        (241, 41, 4, 1.0, 200.0),
        (241, 41, 5, 1.0, 100.0),  # as many as beats
        (240, 41, 5, 1.0, 200.0),  # 5 mm behind the beginning nothing has begun
        (241, 40, 5, 1.0, 100.0),
        (241, 39, 5, 1.0, 200.0),  # nearer than 5 mm two are one
        (241, 41, 5, 0.5, 100.0),
        (241, 41, 5, 0.49, 200.0),
    ],
)
def test_gaps_as_many_as_beats_are_no_beginning(first: int, apart: int, many: int, much: float, begins: float) -> None:
    found = gaps(200)
    found.gaps[[first + apart * k for k in range(many)]] = much
    assert borders.beginning(found, np.zeros((3, 2200)), 100.0, SCALE) == begins


def two(found: Marks, start: float = 100.0, width: float = 400.0, end: float = 900.0) -> tuple[float, float, float]:
    """Return where the first of two columns begins, how wide each is and how clear the border between them."""
    columns = borders.columns(found, 2, width, start, end, SCALE)
    assert columns.edges == pytest.approx([columns.edges[0] + columns.width * k for k in range(3)])
    return columns.edges[0], columns.width, columns.clear


@pytest.mark.parametrize(
    ("off", "much", "moved"),
    [
        (4, 0.14, False),  # a half of 0.25, and 0.04 a millimeter, speak against half a millimeter
        (4, 0.15, True),
        (16, 0.32, False),
        (16, 0.34, True),
        (-16, 0.32, False),
        (-16, 0.34, True),
        (80, 0.64, False),
        (80, 0.66, True),
        (-96, 0.74, True),
    ],
)
def test_columns_move_where_a_border_is_clear_enough(off: int, much: float, moved: bool) -> None:
    found = two(lines_at(500 + off, much=much))
    assert found == ((100.0 + off, 400.0, much) if moved else (100.0, 400.0, 0.0))
    gapped = Marks(np.zeros(2200), lines_at(500 + off, much=much).lines, np.zeros(2200))
    assert two(gapped) == found
    assert two(Marks(gapped.gaps, gapped.gaps, gapped.labels)) == found, "a line in a gap counts once"


@pytest.mark.parametrize(
    ("border", "width", "end", "first", "step"),
    [
        (596, 400.0, 900.0, 196.0, 400.0),  # 12 mm
        (597, 400.0, 900.0, 195.0, 402.0),  # no farther, but by wider columns
        (617, 400.0, 1020.0, 217.0, 400.0),  # as far as columns and traces differ in length
        (620, 400.0, 1020.0, 220.0, 400.0),
        (621, 400.0, 1020.0, 223.0, 398.0),
        (380, 400.0, 780.0, -20.0, 400.0),
        (379, 400.0, 780.0, -23.0, 402.0),
        (380, 200.0, 1500.0, 180.0, 200.0),  # never half a column
        (391, 200.0, 1500.0, 190.0, 201.0),
    ],
)
def test_how_far_columns_move(border: int, width: float, end: float, first: float, step: float) -> None:
    assert two(lines_at(border, much=9.0), width=width, end=end)[:2] == pytest.approx((first, step))


def test_columns_are_a_hundredth_wider_where_borders_are_clear() -> None:
    def three(*places: int, much: float) -> tuple[float, float]:
        found = borders.columns(lines_at(*places, much=much), 3, 400.0, 100.0, 1300.0, SCALE)
        return found.edges[0], found.width

    assert three(504, 908, much=1.0) == pytest.approx((100, 404))
    assert three(502, 904, much=1.0) == pytest.approx((100, 402))
    assert three(496, 892, much=1.0) == pytest.approx((100, 396))
    assert three(502, 904, much=0.19) == pytest.approx((100, 402))  # wider by a two hundredth costs 0.1
    assert three(502, 904, much=0.09) == pytest.approx((100, 400))


@pytest.mark.parametrize(
    ("label", "first", "clear"),
    [
        (500, 100.0, 0.5),
        (548, 100.0, 0.5),
        (549, 101.0, 0.5),  # 6 mm right of a border a label belongs to it
        (499, 99.0, 0.5),
    ],
)
def test_a_label_right_of_a_border_is_half_a_mark(label: int, first: float, clear: float) -> None:
    marks = lines_at()
    marks.labels[label] = 1.0
    assert two(marks) == (first, 400.0, clear)


def test_borders_are_looked_for_on_the_page_alone() -> None:
    assert two(lines_at(998, width=1000), start=600.0, end=1400.0)[::2] == (598.0, 1.0)
    assert two(lines_at(999, width=1000), start=600.0, end=1400.0)[::2] == (600.0, 0.0)
    assert two(lines_at(0, width=1000), start=-404.0, end=396.0)[::2] == (-400.0, 1.0)


def test_columns_begin_at_whole_pixels_and_one_where_the_traces_do() -> None:
    assert two(lines_at(), start=100.6, end=900.6)[0] == 101.0
    alone = borders.columns(lines_at(500), 1, 800.0, 100.6, 900.2, SCALE)
    assert (alone.edges, alone.width, alone.clear) == ((100.6, 900.2), 800.0, 0.0)
    assert two(lines_at(500, much=1.7)) == (100.0, 400.0, 1.0)
