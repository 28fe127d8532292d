"""Rows of trace: where they are, and along which ink each runs."""

from __future__ import annotations

import numpy as np
import pytest
from made import SCALE, paths, row_of, twelve
from numpy.typing import NDArray

from kalemia.digitize import follow, trace

Floats = NDArray[np.float32]
Reals = NDArray[np.float64]
TRUE = twelve()


def ink_of(*lines: Reals, height: int = 600, pen: int = 3) -> Floats:
    return paths(lines, height, pen=pen).sure


# ---- ink


@pytest.mark.parametrize(("value", "sure"), [(0.1, 0.0), (0.18, 0.0), (0.39, 0.5), (0.6, 1.0), (0.9, 1.0)])
def test_ink_is_sure_between_two_limits(value: float, sure: float) -> None:
    assert follow.certainty(np.full((1, 1), value, np.float32), (0.18, 0.6))[0, 0] == pytest.approx(sure, abs=1e-6)


# ---- one path


def test_a_path_runs_along_its_ink() -> None:
    true = row_of(TRUE["II"], 250.0)
    ink = ink_of(true)
    path = follow.follow(ink, np.array([250.0]), SCALE)[0]
    assert np.median(np.abs(path - true)) <= 2
    assert ink[path, np.arange(2000)].min() > 0.3


def test_two_rows_cross_no_gap_between_them() -> None:
    upper, lower = row_of(TRUE["V2"], 200.0), row_of(TRUE["II"], 400.0)
    path = follow.follow(ink_of(upper, lower), np.array([200.0, 400.0]), SCALE)
    assert np.median(np.abs(path[0] - upper)) <= 2
    assert np.median(np.abs(path[1] - lower)) <= 2


def test_a_gap_is_bridged_and_ink_is_preferred_to_the_straight_way() -> None:
    line = np.full(400, 250.0)
    line[150:250] = 290.0
    ink = ink_of(line)
    ink[:, 190:210] = 0
    path = follow.follow(ink, np.array([250.0]), SCALE)[0]
    assert np.abs(path[155:245] - 290).max() <= 3
    assert np.abs(path[:145] - 250).max() <= 2


def test_ink_that_is_another_rows_is_no_longer_offered() -> None:
    upper, lower = np.full(400, 200.0), np.full(400, 230.0)
    ink = ink_of(upper, lower)
    free = follow.follow(ink, np.array([200.0]), SCALE)
    assert np.abs(free - 200).max() <= 2
    taken = np.full((1, 400), 200), np.ones((1, 400), bool)
    hidden = follow.follow(ink, np.array([200.0]), SCALE, taken)
    assert np.abs(hidden - 230).max() <= 2


def test_in_pale_columns_a_step_runs_along_paler_ink(monkeypatch: pytest.MonkeyPatch) -> None:
    ink = np.zeros((500, 60), np.float32)
    ink[150:251, 19:22] = 0.2
    walls: list[Floats] = []

    def kept(_: Floats, wall: Floats) -> NDArray[np.intp]:
        walls.append(wall)
        return np.zeros((1, 60), np.intp)

    monkeypatch.setattr(follow, "_least", kept)
    follow.follow(ink, np.array([250.0]), SCALE)
    follow.follow(ink, np.array([250.0]), SCALE, pale=np.arange(60) == 20)
    dear, cheap = (float(wall[20, 0, -1]) for wall in walls)
    # CLIMBED makes a third of 0.2, PALE nearly three quarters; each pixel of the stroke costs so much less.
    assert dear - cheap == pytest.approx(101 * follow.ACROSS * (0.14 / 0.19 - 0.1 / 0.3), rel=0.01)
    assert walls[0][30].tolist() == walls[1][30].tolist()


def test_the_cheapest_path_is_found() -> None:
    cost = np.ones((5, 1, 4), np.float32)
    cost[[0, 1, 2, 3, 4], 0, [1, 1, 1, 3, 3]] = 0
    free = np.zeros((5, 1, 4), np.float32)
    assert follow._least(cost, free)[0].tolist() == [1, 1, 1, 3, 3]
    dear = np.tile(np.cumsum(np.full(4, 10, np.float32)), (5, 1, 1))
    straight = follow._least(cost, dear)[0]
    assert len(set(straight.tolist())) == 1
    assert straight[0] == 1
    cheap = np.tile(np.cumsum(np.full(4, 0.4, np.float32)), (5, 1, 1))
    assert follow._least(cost, cheap)[0].tolist() == [1, 1, 1, 3, 3]
    up = follow._least(cost[::-1], cheap)[0]
    assert up.tolist() == [3, 3, 1, 1, 1]


@pytest.mark.parametrize(
    ("high", "white", "stepped"), [(50, 50, True), (50, 20, False), (50, 40, True), (4, 4, False), (-50, 50, True)]
)
def test_a_step_over_paper_is_told_from_a_stroke(high: int, white: int, stepped: bool) -> None:
    y = np.where(np.arange(40) < 20, 60.0, 60.0 - high)
    sure = np.zeros((130, 40), np.float32)
    sure[y.astype(int), np.arange(40)] = 1
    low, top = sorted((60, 60 - high))
    sure[low : top + 1 - white, 19:21] = 1
    assert follow.steps(y, sure, 5.0).tolist() == ([20.0] if stepped else [])


# ---- rows


@pytest.mark.parametrize("centers", [(200.0,), (150.0, 320.0, 480.0), (100.0, 180.0)])
def test_rows_are_where_most_columns_have_ink(centers: tuple[float, ...]) -> None:
    ink = ink_of(*(row_of(TRUE["II"], center) for center in centers))
    found = trace.rows(ink, SCALE)
    assert found == pytest.approx(centers, abs=6)


def test_rows_are_apart_and_not_at_the_very_edge() -> None:
    near = ink_of(np.full(400, 200.0), np.full(400, 260.0))
    assert len(trace.rows(near, SCALE)) == 1
    assert len(trace.rows(ink_of(np.full(400, 10.0), np.full(400, 260.0)), SCALE)) == 1
    assert len(trace.rows(ink_of(np.full(400, 260.0), np.full(400, 590.0)), SCALE)) == 1
    word = ink_of(np.full(400, 300.0))
    word[100:110, :50] = 1  # an eighth of the width is no row
    assert trace.rows(word, SCALE) == pytest.approx([300], abs=2)


def test_every_row_is_traced_finer_than_a_pixel() -> None:
    true = [row_of(TRUE[name], zero) for name, zero in (("II", 200.0), ("V2", 400.0), ("V5", 620.0))]
    found = trace.trace(ink_of(*true, height=760), SCALE)
    assert found is not None
    assert found.center == pytest.approx([200, 400, 620], abs=6)
    assert found.on.mean() > 0.97
    for row, line in enumerate(true):
        x, y = found.lines[row]
        inner = (x > 5) & (x < 1995)
        assert np.sqrt(np.mean((y[inner] - np.interp(x[inner], np.arange(2000), line)) ** 2)) < 1.2
        assert np.median(np.abs(found.y[row] - line)) < 0.2


def test_pale_ink_is_followed_as_black_ink_is() -> None:
    true = row_of(TRUE["II"], 250.0)
    found = trace.trace(np.asarray(0.45 * ink_of(true), np.float32), SCALE)
    assert found is not None
    assert np.median(np.abs(found.y[0] - true)) < 0.3
    assert found.on.mean() > 0.95


def test_blank_pages_and_patterns_have_no_rows() -> None:
    assert trace.trace(np.zeros((400, 500), np.float32), SCALE) is None
    many = ink_of(*(np.full(300, 40.0 + 80 * k) for k in range(20)), height=1700)
    assert trace.trace(many, SCALE) is None
    most = ink_of(*(np.full(300, 40.0 + 80 * k) for k in range(18)), height=1500)
    assert trace.trace(most, SCALE) is not None


def test_rows_of_text_have_less_ink() -> None:
    share = np.array([1.0, 0.85, 0.98, 0.5])
    rows = paths([np.full(1000, 50.0 + 100 * k) for k in range(4)], 400, [np.arange(1000) < 1000 * s for s in share])
    assert rows.of_quality(0.62).center.tolist() == [50, 150, 250]
    assert rows.of_quality(0.5).center.tolist() == [50, 150, 250, 350]
    assert [rows.faint(row) for row in range(4)] == [False, True, False, True]
    last = rows.rows(slice(1, None))
    assert last.center.tolist() == [150, 250, 350]
    assert last.y[:, 0].tolist() == [150, 250, 350]
    assert last.on.mean(axis=1) == pytest.approx(share[1:])
    assert [len(x) for x, _ in last.lines] == [850, 980, 500]


def test_of_two_paths_on_one_trace_the_one_led_astray_goes() -> None:
    centers = np.array([100.0, 300.0])
    path = np.stack([np.where(np.arange(1000) < 600, 300, 100), np.full(1000, 300)])
    assert trace._not_own(path, centers, 8.0) == 0
    assert trace._not_own(path[::-1], centers[::-1], 8.0) == 1
    short = np.stack([np.where(np.arange(1000) < 340, 300, 100), np.full(1000, 300)])
    assert trace._not_own(short, centers, 8.0) is None
    beside = np.stack([np.where(np.arange(1000) < 600, 294, 100), np.full(1000, 300)])
    assert trace._not_own(beside, centers, 8.0) is None
    assert trace._not_own(path[:1], centers[:1], 8.0) is None


def test_a_shared_stretch_belongs_to_the_nearer_row() -> None:
    centers = np.array([100.0, 300.0])
    path = np.stack([np.full(30, 100), np.full(30, 300)])
    path[:, 5:10], path[:, 20:23] = 180, 220
    lost = trace._contested(path, centers, 8.0)
    assert np.flatnonzero(lost[1]).tolist() == [5, 6, 7, 8, 9]  # 180 is nearer to the upper row
    assert np.flatnonzero(lost[0]).tolist() == [20, 21, 22]


@pytest.mark.parametrize(
    ("flags", "runs"), [("", []), ("0110", [(1, 3)]), ("1", [(0, 1)]), ("1011", [(0, 1), (2, 4)]), ("000", [])]
)
def test_runs(flags: str, runs: list[tuple[int, int]]) -> None:
    assert trace.runs(np.array([flag == "1" for flag in flags], bool)) == runs


def stroke_on(path: NDArray[np.intp], columns: slice, top: int, pale: float = 0.15) -> Floats:
    ink = np.zeros((600, 300), np.float32)
    for row in path:
        ink[row, np.arange(300)] = 1
    ink[top : path[0, 0] + 1, columns] = np.maximum(ink[top : path[0, 0] + 1, columns], pale)
    return ink


def test_a_pale_upright_stroke_on_a_path_is_left_out() -> None:
    path = np.full((1, 300), 400)
    left = trace._left_out(stroke_on(path, slice(100, 103), 300), path, SCALE)
    assert np.flatnonzero(left).tolist() == [99, 100, 101, 102, 103]
    assert not trace._left_out(stroke_on(path, slice(100, 103), 300, 0.07), path, SCALE).any()
    assert not trace._left_out(stroke_on(path, slice(100, 103), 392), path, SCALE).any()
    assert not trace._left_out(stroke_on(path, slice(100, 103), 300, 0.9), path, SCALE).any()


def test_a_stroke_across_rows_is_a_border() -> None:
    path = np.stack([np.full(300, 400), np.full(300, 200)])
    across = stroke_on(path, slice(100, 103), 150)
    assert not trace._left_out(across, path, SCALE).any()


def test_where_rows_step_together_leads_end() -> None:
    path = np.stack([np.full(300, 400), np.full(300, 200)])
    path[:, 101:] += 60
    ink = stroke_on(path[:1], slice(100, 103), 300)
    ink[200, :101] = ink[260, 101:] = 1
    assert not trace._left_out(ink, path, SCALE)[95:108].any()
    alone = path.copy()
    alone[1] = 200
    assert trace._left_out(ink, alone, SCALE)[95:108].any()
