"""Rows on small pages of straight lines: what is a row, whose a stretch is, which strokes are left out."""

from __future__ import annotations

import numpy as np
import pytest
from made import paths
from numpy.typing import NDArray

from kalemia.digitize import trace
from kalemia.digitize.trace import Paths

Floats = NDArray[np.float32]
Places = NDArray[np.intp]
SCALE = 4.0


def page(*heights: int, width: int = 100, height: int = 300) -> Floats:
    """Return a page with lines of a pixel across it."""
    ink = np.zeros((height, width), np.float32)
    ink[list(heights)] = 1
    return ink


def followed(ink: Floats) -> Paths:
    found = trace.trace(ink, SCALE)
    assert found is not None
    return found


# ---- the quality of rows


def rows_with(*shares: float) -> Paths:
    """Return rows that have ink on such shares of their columns."""
    ink = [np.where(np.arange(200) < round(200 * share), 1.0, 0.0) for share in shares]
    return paths([np.full(200, 30.0 + 40 * k) for k in range(len(shares))], 40 * len(shares) + 20, ink)


def test_a_row_with_just_the_share_of_ink_is_kept() -> None:
    rows = rows_with(1, 1, 0.5, 0.495)
    assert rows.rows(np.array([True, True, True, False])).of_quality(0.5).center.tolist() == [30, 70, 110]
    assert rows.of_quality(0.67).center.tolist() == [30, 70]
    assert rows.of_quality(0.66).center.tolist() == [30, 70, 110, 150]


def test_a_row_with_just_the_share_of_ink_is_not_faint() -> None:
    rows = rows_with(1, 0.94, 1, 0.935, 1)
    assert [rows.faint(row) for row in range(5)] == [False, False, False, True, False]


def test_of_some_rows_the_ink_stays_the_whole_pages() -> None:
    rows = rows_with(1, 0.9, 0.8)
    some = rows.rows(np.array([True, False, True]))
    assert some.sure is rows.sure
    assert some.on.mean(axis=1).tolist() == pytest.approx([1, 0.8])
    assert [line[1][0] for line in some.lines] == [30, 110]


# ---- where rows are


@pytest.mark.parametrize(("high", "found"), [(6, []), (10, [10]), (14, [14]), (150, [150]), (288, [289]), (292, [])])
def test_what_runs_along_the_edge_is_no_row(high: int, found: list[int]) -> None:
    assert trace.rows(page(high), SCALE).tolist() == pytest.approx(found, abs=1)


@pytest.mark.parametrize(
    ("high", "found"), [(24, []), (25, [22]), (26, [24]), (100, [100]), (574, [577]), (575, [579]), (576, [])]
)
def test_the_edge_is_two_millimeters_wide(high: int, found: list[int]) -> None:
    ink = page(high, width=3, height=600)  # near it a line is smoothed together with its mirror image
    assert trace.rows(ink, 10.0).tolist() == found


@pytest.mark.parametrize(("apart", "count"), [(34, 1), (38, 2)])
def test_rows_are_nine_millimeters_apart(apart: int, count: int) -> None:
    assert len(trace.rows(page(150, 150 + apart), SCALE)) == count


@pytest.mark.parametrize(("bold", "columns", "count"), [(1, 18, 1), (1, 22, 2), (5, 10, 1), (5, 16, 2)])
def test_a_row_has_a_fifth_of_the_longest_rows_columns(bold: int, columns: int, count: int) -> None:
    ink = page(100)
    ink[198 : 198 + bold, :columns] = 1  # bold ink reaches farther, and is ink once
    assert len(trace.rows(ink, SCALE)) == count


@pytest.mark.parametrize(("gray", "count"), [(0.18, 1), (0.22, 2)])
def test_pale_ink_counts_for_less(gray: float, count: int) -> None:
    ink = page(100)
    ink[200] = gray
    assert len(trace.rows(ink, SCALE)) == count
    ink[200:204] = gray / 4  # as much within a millimeter and a half
    assert len(trace.rows(ink, SCALE)) == count


@pytest.mark.parametrize(("columns", "count"), [(84, 2), (92, 1)])
def test_two_rows_have_less_ink_between_them(columns: int, count: int) -> None:
    ink = page(*range(100, 131))
    ink[131:170, :columns] = 1
    ink[170:201, :99] = 1
    assert len(trace.rows(ink, SCALE)) == count


# ---- whole pages


def test_what_a_path_runs_on_is_full_ink() -> None:
    ink = 0.4 * page(100, 200)
    ink[100, 60:] = 0.2
    found = followed(ink)
    assert found.center == pytest.approx([100, 200], abs=1)
    assert found.on[0, [10, 80]] == pytest.approx([1, (0.5 - 0.18) / 0.42], abs=1e-6)
    assert found.sure[100, [10, 80]] == pytest.approx([1, (0.5 - 0.18) / 0.42], abs=1e-6)
    assert found.y[:, 5:95] == pytest.approx(np.tile([[100.0], [200.0]], 90), abs=0.05)
    assert [line[0][[0, -1]].tolist() for line in found.lines] == [[-0.5, 99.0], [-0.5, 99.0]]


def test_ink_is_made_five_times_as_dark_at_most_and_never_paler() -> None:
    pale = 0.19 * page(100)
    pale[100, :10] = 0.08
    assert followed(pale).on[0, [5, 50]] == pytest.approx([(0.4 - 0.18) / 0.42, 1], abs=1e-5)
    dark = 2 * page(100)
    dark[100, :10] = 0.39
    assert followed(dark).on[0, [5, 50]] == pytest.approx([0.5, 1], abs=1e-5)


def test_lines_of_text_that_lead_to_a_trace_are_no_rows() -> None:
    ink = page(100)
    ink[146:150, 20:50] = ink[54:58, 60:90] = 1
    assert len(trace.rows(ink, SCALE)) == 3
    found = followed(ink)
    assert found.center == pytest.approx([100], abs=1)
    assert found.y == pytest.approx(np.full((1, 100), 100.0), abs=0.05)
    assert len(found.lines) == 1


def test_a_row_goes_straight_on_where_the_nearest_ink_is_another_rows() -> None:
    ink = page(100, 150, width=400)
    ink[150, 185:215] = 0
    found = followed(ink)
    assert found.y == pytest.approx(np.tile([[100.0], [150.0]], 400), abs=0.05)
    assert found.on[1, [184, 185, 214, 215]].tolist() == [1, 0, 0, 1]


def test_a_peak_on_a_pale_stroke_is_followed() -> None:
    ink = page(200)
    ink[200, 50:55] = 0
    ink[150, 50:55] = 1
    ink[151:200, 49] = ink[151:200, 55] = 0.15
    found = followed(ink)
    assert found.y[0, [10, 90]] == pytest.approx([200, 200], abs=0.05)
    assert found.on.min() == 1
    assert found.y[0, 52] == pytest.approx(150, abs=3)


def test_along_a_pale_stroke_no_path_leaves_its_row_for_another() -> None:
    ink = page(100, 150, 280, width=400)
    ink[150, 185:215] = ink[280, 50:55] = 0
    ink[230, 50:55] = 1
    ink[231:280, 49] = ink[231:280, 55] = 0.15
    found = followed(ink)
    assert found.on[2].min() == 1
    assert found.y[:2] == pytest.approx(np.tile([[100.0], [150.0]], 400), abs=0.05)


def test_beyond_the_page_its_edge_is_under_a_path() -> None:
    ink = np.arange(12, dtype=np.float32).reshape(4, 3)
    assert trace._under(ink, np.array([[-3, 1, 9], [0, 3, 4]])).tolist() == [[0, 4, 11], [0, 10, 11]]


# ---- whose a stretch is


def test_a_row_lies_on_another_for_a_third_of_the_page() -> None:
    centers = np.array([50.0, 100.0])
    for columns, extra in ((35, 0), (34, None)):
        path = np.full((2, 100), 100)
        path[0, columns:] = 50
        assert trace._not_own(path, centers, 10.0) == extra


@pytest.mark.parametrize(("away", "extra"), [(6, 0), (7, None)])
def test_a_row_lies_on_another_nearer_than_a_line_is_wide(away: int, extra: int | None) -> None:
    path = np.full((2, 100), 100)
    path[0] -= away
    assert trace._not_own(path, np.array([50.0, 100.0]), 10.0) == extra


def test_of_all_that_share_the_one_farthest_astray_on_the_shared_way_goes() -> None:
    path = np.full((4, 100), 100)
    path[1, :60], path[3, 60:] = 400, 300  # the second is far from its middle only where it is alone
    centers = np.array([100.0, 80.0, 140.0, 130.0])
    assert trace._not_own(path, centers, 10.0) == 2
    assert trace._not_own(path[[0, 1, 3]], centers[[0, 1, 3]], 10.0) == 2


@pytest.mark.parametrize(
    ("upper", "lower", "lost"),
    [(178, 183, 1), (199, 201, 0), (198, 201, 1), (199, 202, 0), (200, 200, 0), (150, 155, 1), (197, 203, None)],
)
def test_a_shared_stretch_is_that_of_the_nearer_middle(upper: int, lower: int, lost: int | None) -> None:
    path = np.stack([np.full(20, 100), np.full(20, 300), np.full(20, 500)])
    path[:2, 8:12] = [[upper], [lower]]
    found = trace._contested(path, np.array([100.0, 300.0, 500.0]), 8.0)
    expected = np.zeros((3, 20), bool)
    if lost is not None:
        expected[lost, 8:12] = True
    assert found.tolist() == expected.tolist()


def test_every_two_neighbors_are_compared() -> None:
    path = np.stack([np.full(20, 100), np.full(20, 300), np.full(20, 500)])
    path[1:, 3:5] = 380
    lost = trace._contested(path, np.array([100.0, 300.0, 500.0]), 8.0)
    assert np.argwhere(lost).tolist() == [[2, 3], [2, 4]]


# ---- pale strokes

PATH = np.full((1, 100), 200)


def stroke(top: int, bottom: int = 200, gray: float = 0.15, columns: slice = slice(40, 42)) -> Floats:
    ink = page(200)
    ink[top : bottom + 1, columns] = np.maximum(ink[top : bottom + 1, columns], gray)
    return ink


@pytest.mark.parametrize(
    ("ink", "left"),
    [
        (stroke(150), True),
        (stroke(150, gray=0.085), True),
        (stroke(150, gray=0.075), False),  # too pale
        (stroke(150, gray=0.4), True),
        (stroke(150, gray=0.42), False),  # found anyway
        (stroke(190), True),  # six pixels are left, a millimeter and a half, above those that are on the path
        (stroke(191), False),
        (stroke(150, 196), True),
        (stroke(150, 195), False),  # it does not reach the path
    ],
)
def test_a_stroke_that_is_left_out_is_pale_tall_and_on_the_path(ink: Floats, left: bool) -> None:
    assert np.flatnonzero(trace._left_out(ink, PATH, SCALE)).tolist() == ([39, 40, 41, 42] if left else [])


def test_a_stroke_is_beside_its_path_and_not_between_the_ends_of_it() -> None:
    path = PATH.copy()
    path[0, 30:60] = 190
    ink = np.zeros((300, 100), np.float32)
    ink[path, np.arange(100)] = 1
    ink[191:206, 40:42] = 0.15
    assert np.flatnonzero(trace._left_out(ink, path, SCALE)).tolist() == [39, 40, 41, 42]


def test_a_stroke_between_two_rows_is_the_borders() -> None:
    path = np.stack([np.full(100, 200), np.full(100, 140), np.full(100, 260)])
    ink = stroke(150)
    assert np.flatnonzero(trace._left_out(ink, path, SCALE)).tolist() == [39, 40, 41, 42]
    for top, bottom in ((140, 200), (200, 260)):
        assert not trace._left_out(stroke(top, bottom), path, SCALE).any()


def test_a_path_beyond_the_page_runs_along_its_edge() -> None:
    ink = np.zeros((100, 60), np.float32)
    ink[:40, 20:22] = ink[-40:, 40:42] = 0.15
    path = np.stack([np.full(60, -9), np.full(60, 120)])
    assert np.flatnonzero(trace._left_out(ink, path, SCALE)).tolist() == [19, 20, 21, 22, 39, 40, 41, 42]


@pytest.mark.parametrize(("other", "kept"), [(50, "a"), (53, "b"), (54, "")])
def test_a_millimeter_about_a_step_of_two_rows_nothing_is_left_out(other: int, kept: str) -> None:
    path = np.stack([np.full(100, 200), np.full(100, 60)])
    path[0, 50:] += 20
    path[1, other:] += 20
    ink = np.zeros((300, 100), np.float32)
    ink[110:200, 30:70] = 0.15
    ink[path, np.arange(100)] = 1
    left = np.flatnonzero(trace._left_out(ink, path, SCALE)).tolist()
    spared = {"a": range(46, 54), "b": range(46, 57), "": range(0)}[kept]
    assert left == [column for column in range(29, 71) if column not in spared]


def test_a_step_at_the_very_beginning_spares_what_there_is() -> None:
    path = np.stack([np.full(100, 200), np.full(100, 60)])
    path[:, 2:] += 20
    ink = np.zeros((300, 100), np.float32)
    ink[110:200, :20] = 0.15
    ink[path, np.arange(100)] = 1
    assert np.flatnonzero(trace._left_out(ink, path, SCALE)).tolist() == list(range(6, 21))
