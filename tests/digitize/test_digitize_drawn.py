"""Traces that a PDF holds as paths, in the place of pixels."""

from __future__ import annotations

import made
import numpy as np
import pytest
from drawn_pages import ecg
from numpy.typing import NDArray

from kalemia.digitize import drawn
from kalemia.digitize.layout import STANDARD, Layout
from kalemia.digitize.trace import Paths

Reals = NDArray[np.float64]
TRUE = ecg()

PER_S = 200.0
SHOWN = Layout(3, 1, 0, STANDARD[:3])


def path(signal: Reals, zero: float, left: float = 50.0, rate: float = 500.0) -> Reals:
    """Return a trace as a program draws it: a point a sample."""
    x = left + np.arange(len(signal)) / rate * PER_S
    return np.stack([x, zero - signal * 80], -1)


def rows(count: int = 3) -> Paths:
    return made.paths([np.full(2200, 100.0 + 200 * row) for row in range(count)], 200 * count)


def test_drawn_traces_take_the_place_of_pixels_row_by_row() -> None:
    lines = [path(TRUE[name], 100.0 + 200 * row) for row, name in enumerate(("I", "II", "III"))]
    placed = drawn.placed(rows(), SHOWN, lines[::-1], 2000.0, PER_S)
    assert placed is not None
    assert placed.columns.edges == (50.0, 2050.0)
    assert placed.columns.clear == 1.0
    for row, name in enumerate(("I", "II", "III")):
        x, y = placed.paths.lines[row]
        at = np.arange(5, 4990) * PER_S / 500 + 50
        assert 100 + 200 * row - np.interp(at, x, y) == pytest.approx(TRUE[name][5:4990] * 80, abs=0.25)
        assert placed.paths.on[row, 50:2049].min() == 1
        assert placed.paths.on[row, :50].max() == 0


def test_each_column_begins_at_its_border_wherever_it_was_drawn() -> None:
    shown = Layout(1, 2, 0, ("I", "II"))
    lines = [path(TRUE["II"][:2500], 100.0, left=1060.0), path(TRUE["I"][:2500], 100.0)]
    placed = drawn.placed(rows(1), shown, lines, 1000.0, PER_S)
    assert placed is not None
    assert placed.columns.edges == (50.0, 1050.0, 2050.0)
    x, y = placed.paths.lines[0]
    at = np.arange(5, 2400) * PER_S / 500
    assert 100 - np.interp(at + 1050, x, y) == pytest.approx(TRUE["II"][5:2400] * 80, abs=0.25)
    assert 100 - np.interp(at + 50, x, y) == pytest.approx(TRUE["I"][5:2400] * 80, abs=0.25)
    assert (np.diff(x) > 0).all()
    assert placed.shown(0, np.array([0.0, 60.0, 1049.0, 1050.0, 1100.0])).tolist() == [0, 60, 1049, 1060, 1110]


def test_drawn_traces_that_are_not_one_a_lead_do_not_fit() -> None:
    lines = [path(TRUE["I"], 100.0), path(TRUE["II"], 300.0)]
    assert drawn.placed(rows(), SHOWN, lines, 2000.0, PER_S) is None
    assert drawn.placed(rows(), SHOWN, [*lines, lines[0]], 2000.0, PER_S) is None
    strip_below = Layout(2, 1, 1, ("I", "II"))
    assert drawn.placed(rows(), strip_below, [*lines, path(TRUE["II"], 500.0)], 2000.0, PER_S) is not None


@pytest.mark.parametrize(("off", "true"), [(1.006, True), (0.994, True), (1.02, False), (1.0, True)])
def test_points_nearly_at_a_usual_rate_are_at_that_rate(off: float, true: bool) -> None:
    line = path(np.sin(np.arange(1000) / 20), 100.0, rate=500.0)
    line[:, 0] = 50 + (line[:, 0] - 50) * off
    x, y = drawn._smooth(line, PER_S)
    assert x[0] == 0
    assert np.diff(x) == pytest.approx(np.full(len(x) - 1, PER_S / 1000))
    assert x[-1] == pytest.approx(999 / 500 * PER_S * (1 if true else off), abs=0.5)
    assert y[0] == pytest.approx(100)


def test_uneven_points_stay_where_they_are() -> None:
    x = np.sort(np.random.default_rng(1).uniform(0, 400, 300))
    line = np.stack([x + 7, 100 + x / 10], -1)
    at, y = drawn._smooth(line, PER_S)
    assert y == pytest.approx(100 + (at + x[0]) / 10, abs=1e-3)


def test_rows_keep_their_places_and_columns_the_width_of_the_paper() -> None:
    page = rows(1)
    placed = drawn.placed(page, Layout(1, 1, 0, ("I",)), [path(TRUE["I"], 100.0)], 2000.0, PER_S)
    assert placed is not None
    assert placed.paths.center is page.center
    assert placed.paths.y is page.y
    assert placed.paths.sure is page.sure
    assert placed.columns.width == 2000.0


@pytest.mark.parametrize(
    ("left", "points", "inked"),
    [
        (50.0, 99, (50, 90)),  # to 89.2
        (50.9, 99, (50, 90)),
        (0.0, 99, (0, 40)),
        (-3.0, 99, (0, 37)),
    ],
)
def test_ink_is_where_a_drawn_trace_runs(left: float, points: int, inked: tuple[int, int]) -> None:
    line = path(np.zeros(points), 100.0, left)
    placed = drawn.placed(rows(1), Layout(1, 1, 0, ("I",)), [line], 2000.0, PER_S)
    assert placed is not None
    assert np.flatnonzero(placed.paths.on[0]).tolist() == list(range(*inked))


def test_a_lead_that_is_too_long_ends_where_the_next_begins_and_one_alone_does_not() -> None:
    lines = [path(np.full(1000, 1.0), 100.0), path(np.full(1000, 2.0), 100.0, left=500.0)]
    both = drawn.placed(rows(1), Layout(1, 2, 0, ("I", "II")), lines, 200.0, PER_S)
    assert both is not None
    x, y = both.paths.lines[0]
    assert y[x < 249.99] == pytest.approx(20)
    assert y[x > 249.99] == pytest.approx(-60)
    assert np.count_nonzero(np.abs(x - 250) < 0.1) == 1
    assert x[-1] < 450
    assert np.flatnonzero(both.paths.on[0])[[0, -1]].tolist() == [50, 449]
    alone = drawn.placed(rows(1), Layout(1, 1, 0, ("I",)), lines[:1], 200.0, PER_S)
    assert alone is not None
    assert alone.paths.lines[0][0][-1] == pytest.approx(50 + 999 / 500 * PER_S, abs=0.3)


def test_points_above_each_other_and_steps_that_vary_stay_where_they_are() -> None:
    upright = np.array([[0.0, 0.0], [10.0, 0.0], [10.0, 50.0], [30.0, 50.0], [37.0, 50.0], [60.0, 50.0]])
    at, y = drawn._smooth(upright, PER_S)
    assert at[-1] == pytest.approx(60, abs=0.3)
    assert np.diff(y[np.abs(at - 10) < 0.3]).max() > 10
    steps = np.tile([0.4, 0.2, 0.4, 0.6], 100)  # the middle one is a sample's, but few are
    x = np.cumsum(steps)
    at, y = drawn._smooth(np.stack([x, 3 * x], -1), PER_S)
    assert y == pytest.approx(3 * (at + x[0]), abs=0.01)
