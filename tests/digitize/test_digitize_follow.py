"""The cheapest path along a row, its costs to the number, and what counts as a step over paper."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray

from kalemia.digitize import follow

Floats = NDArray[np.float32]
Places = NDArray[np.intp]
SCALE = 5.0
BAND = 120
"""24 mm."""


@pytest.fixture
def costs(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Floats, Floats]]:
    """Follow nothing, but keep the costs and the walls that would be followed; every path is at the top."""
    given: list[tuple[Floats, Floats]] = []

    def kept(cost: Floats, walls: Floats) -> Places:
        given.append((cost, walls))
        return np.zeros(cost.shape[1::-1], np.intp)

    monkeypatch.setattr(follow, "_least", kept)
    return given


def test_a_path_without_ink_is_the_middle_of_its_row() -> None:
    path = follow.follow(np.zeros((200, 30), np.float32), np.array([60.6, 140.4]), SCALE)
    assert path.tolist() == [[61] * 30, [140] * 30]


@pytest.mark.parametrize(("away", "seen"), [(BAND, True), (BAND + 1, False), (-BAND, True), (-BAND - 1, False)])
def test_a_trace_leaves_its_row_by_24_mm_at_most(away: int, seen: bool) -> None:
    ink = np.zeros((400, 30), np.float32)
    ink[200 + away] = 1
    path = follow.follow(ink, np.array([200.0]), SCALE)
    assert path.tolist() == [[200 + away if seen else 200] * 30]


def test_what_a_place_and_a_step_cost(costs: list[tuple[Floats, Floats]]) -> None:
    ink = np.zeros((400, 9), np.float32)
    ink[200, :4] = 0.39  # half sure where a path runs, nearly full where it steps, there or in the column beside
    ink[210, 6] = 0.2
    path = follow.follow(ink, np.array([200.0, 220.0]), SCALE)
    assert path[:, 0].tolist() == [80, 100]
    ((cost, walls),) = costs
    assert cost.shape == walls.shape == (9, 2, 2 * BAND + 1)
    assert cost[8, 0, [0, 60, BAND, 180, 240]] == pytest.approx([4.5, 4.125, 4, 4.125, 4.5])
    assert cost[0, 0, BAND] == pytest.approx(2)
    assert cost[0, 1, BAND - 20] == pytest.approx(2 + 0.5 / 36)
    assert cost[6, 0, BAND + 10] == pytest.approx(4 * (1 - 0.02 / 0.42) + 0.5 / 144)
    step = np.diff(walls, axis=2)
    assert walls[:, :, 0] == pytest.approx(np.full((9, 2), 0.306))
    assert step[:, 0, BAND - 1] == pytest.approx([0.016] * 5 + [0.306] * 4, abs=1e-4)
    assert step[:, 0, [BAND - 2, BAND]] == pytest.approx(np.full((9, 2), 0.306), abs=1e-4)
    pale = 0.006 + 0.3 * 2 / 3
    assert step[:, 0, BAND + 9] == pytest.approx([0.306] * 5 + [pale] * 3 + [0.306], abs=1e-4)
    assert step[:, 1, BAND - 11] == pytest.approx([0.306] * 5 + [pale] * 3 + [0.306], abs=1e-4)


def test_ink_of_another_row_is_hidden_for_three_millimeters(costs: list[tuple[Floats, Floats]]) -> None:
    taken = np.stack([np.full(5, 210), np.full(5, 190)]), np.zeros((2, 5), bool)
    taken[1][0, 2] = taken[1][1, 3] = True
    follow.follow(np.ones((400, 5), np.float32), np.array([200.0, 220.0]), SCALE, taken)
    ((cost, walls),) = costs
    bare = cost > 2
    assert [np.flatnonzero(bare[k, 0]).tolist() for k in (1, 2, 3)] == [[], list(range(122, 139)), []]
    assert [np.flatnonzero(bare[k, 1]).tolist() for k in (2, 3, 4)] == [[], list(range(82, 99)), []]
    assert np.array_equal(np.diff(walls, axis=2) > 0.1, bare[:, :, 1:])


def test_strips_go_beyond_the_page_as_paper() -> None:
    sure = np.arange(1, 9, dtype=np.float32).reshape(4, 2)
    strips = follow._strips(sure, np.array([-1, 3, -5, 5]), 1)
    assert strips.shape == (2, 4, 3)
    assert strips.flags.c_contiguous
    assert strips[0].tolist() == [[0, 1, 3], [7, 0, 0], [0, 0, 0], [0, 0, 0]]
    assert strips[1].tolist() == [[0, 2, 4], [8, 0, 0], [0, 0, 0], [0, 0, 0]]


def test_ink_is_taken_from_the_strip_and_no_further() -> None:
    strips = np.ones((3, 2, 9), np.float32)
    where = np.array([[False, True, True], [True, False, False]])
    follow._hide(strips, np.array([[4, 4, -3], [20, 4, 4]]), where, 2)
    assert [np.flatnonzero(strip == 0).tolist() for strip in strips[:, 0]] == [[], [2, 3, 4, 5, 6], [0]]
    assert [np.flatnonzero(strip == 0).tolist() for strip in strips[:, 1]] == [[8], [], []]


@pytest.mark.parametrize("seed", range(6))
def test_no_path_is_cheaper(seed: int) -> None:
    rng = np.random.default_rng(seed)
    cost = rng.uniform(0, 1, (5, 2, 4)).astype(np.float32)
    walls = np.cumsum(rng.uniform(0, 0.6, (5, 2, 4)), axis=2).astype(np.float32)

    def price(row: int, path: tuple[int, ...]) -> float:
        ways = sum(abs(walls[k, row, path[k]] - walls[k, row, path[k - 1]]) for k in range(1, 5))
        return float(ways + sum(cost[k, row, place] for k, place in enumerate(path)))

    every = list(product(range(4), repeat=5))
    best = [every[int(np.argmin([price(row, path) for path in every]))] for row in (0, 1)]
    assert follow._least(cost, walls).tolist() == [list(path) for path in best]


def stepping(high: float, top: float = 50.0, columns: int = 40) -> tuple[NDArray[np.float64], Floats]:
    """Return a path that goes down by so much before column 20, and the ink of nothing but its pixels."""
    y = np.where(np.arange(columns) < 20, top, top + high)
    sure = np.zeros((130, columns), np.float32)
    places = np.clip(np.round(y), 0, 129).astype(int)
    sure[places, np.arange(columns)] = 1
    return y, sure


@pytest.mark.parametrize(("high", "stepped"), [(7, False), (8, False), (9, True), (-8, False), (-9, True)])
def test_a_step_is_over_more_than_so_much_paper(high: int, stepped: bool) -> None:
    y, sure = stepping(high)  # both ends are ink: so many pixels of paper less one
    assert follow.steps(y, sure, 10.0).tolist() == ([20.0] if stepped else [])


@pytest.mark.parametrize(("gray", "stepped"), [(0.315, True), (0.325, False)])
def test_a_step_is_mostly_over_paper(gray: float, stepped: bool) -> None:
    y, sure = stepping(50)
    sure[51:100, 19] = gray  # 49 pixels of 51: just 0.65 of the way is paper
    assert bool(len(follow.steps(y, sure, 10.0))) == stepped
    sure[51:100, 19:21] = 0, gray
    assert bool(len(follow.steps(y, sure, 10.0))) == stepped


def test_a_path_that_comes_back_at_once_steps_twice() -> None:
    y, sure = np.full(40, 50.0), np.zeros((130, 40), np.float32)
    y[20] = 100
    sure[y.astype(int), np.arange(40)] = 1
    assert follow.steps(y, sure, 10.0).tolist() == [20.0, 21.0]


def test_ink_farther_than_the_two_columns_is_no_stroke() -> None:
    y, sure = stepping(50)
    sure[50:101, 18] = sure[50:101, 21] = 1
    assert follow.steps(y, sure, 10.0).tolist() == [20.0]


@pytest.mark.parametrize(("top", "high", "stepped"), [(-30.0, 36.0, False), (-30.0, 39.0, True), (121.0, 30.0, False)])
def test_a_path_beyond_the_page_steps_at_its_edge(top: float, high: float, stepped: bool) -> None:
    y, sure = stepping(high, top)
    assert follow.steps(y, sure, 10.0).tolist() == ([20.0] if stepped else [])
    assert follow.steps(y[::-1], sure[:, ::-1], 10.0).tolist() == ([20.0] if stepped else [])


@pytest.mark.parametrize(
    ("edge", "near", "stepped"), [(0, 7, False), (0, 8, True), (129, 122, False), (129, 121, True)]
)
def test_the_first_and_the_last_pixel_of_the_page_are_paper_too(edge: int, near: int, stepped: bool) -> None:
    y = np.where(np.arange(40) < 20, 1.6 * edge - 30, near)
    sure = np.zeros((130, 40), np.float32)
    sure[near, 20:] = 1  # so that near - edge pixels are paper
    for path, ink in ((y, sure), (y[::-1], sure[:, ::-1])):
        assert follow.steps(path, ink, 10.0).tolist() == ([20.0] if stepped else [])


def test_every_step_is_found_by_the_nearest_pixels() -> None:
    y = np.full(30, 59.6)
    y[5:12] = 68.5  # 60 to 68
    y[20:] = 68.7  # 60 to 69
    sure = np.zeros((130, 30), np.float32)
    for column, place in enumerate(np.round(y).astype(int)):
        sure[place, column] = 1
    assert follow.steps(y, sure, 10.0).tolist() == [20.0]
    y[5:12] = 68.6
    sure[:, 5:12] = sure[:, 20:21]
    assert follow.steps(y, sure, 10.0).tolist() == [5.0, 12.0, 20.0]
