"""Calibration pulses just on both sides of what is taken for one."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from kalemia.digitize import pulse
from kalemia.digitize.pulse import Pulse

SCALE = 8.0
Reals = NDArray[np.float64]


def levels(*parts: tuple[int, float]) -> Reals:
    """Return a row (columns,), mm upwards, that stays so many columns at a height, one after the other."""
    return np.concatenate([np.full(columns, float(high)) for columns, high in parts])


def found(up: Reals, first: int = 0, last: int | None = None) -> list[Pulse]:
    """Return the pulses of a row with ink from one column to another."""
    x = np.arange(len(up))
    return pulse.find(-up * SCALE, (x >= first) & (x <= (len(up) - 1 if last is None else last)), SCALE)


def edges(pulses: list[Pulse]) -> list[tuple[int, int]]:
    return [(round(one.left * SCALE), round(one.right * SCALE)) for one in pulses]


@pytest.mark.parametrize(
    ("left", "seen"), [(23.0, True), (24.5, True), (24.625, False), (60.0, False), (120.5, False), (120.625, True)]
)
def test_a_pulse_stands_within_28_mm_of_an_end_but_for_its_far_edge(left: float, seen: bool) -> None:
    before = round(left * SCALE)
    assert bool(found(levels((before, 0), (40, 10), (1200 - before - 40, 0)))) == seen


def test_what_lies_beyond_the_ends_of_the_trace_is_not_looked_at() -> None:
    short = levels((20, 0), (40, 10), (60, 0), (24, 10), (60, 0), (40, 10), (20, 0))
    assert edges(found(short, 90, 180)) == [(120, 144)]
    assert edges(found(short)) == [(20, 60), (204, 244)]


@pytest.mark.parametrize(
    ("rise", "fall", "seen"),
    [
        (10.0, 10.0, True),
        (10.0, 6.625, True),
        (10.0, 6.375, False),
        (6.625, 10.0, True),
        (6.375, 10.0, False),
        (3.875, 3.875, True),
        (3.75, 3.75, False),
        (5.0, 3.75, False),
        (3.75, 5.0, False),
        (24.0, 24.0, True),
        (24.125, 24.125, False),
    ],
)
def test_edges_are_as_high_as_a_pulse_and_alike(rise: float, fall: float, seen: bool) -> None:
    assert bool(found(levels((60, -rise), (40, 0), (1100, -fall)))) == seen


@pytest.mark.parametrize(("before", "after", "seen"), [(10, 11, True), (11, 11, False), (10, 12, False)])
def test_an_edge_rises_within_its_reach(before: int, after: int, seen: bool) -> None:
    up = levels((60, 0), (before, 8), (40, 10), (after, 8), (1000, 0))
    assert edges(found(up)) == ([(60 + before, 100 + before)] if seen else [])


@pytest.mark.parametrize(("beside", "seen"), [(10, True), (11, False)])
def test_a_pulse_whose_rise_is_cut_off_begins_at_the_very_beginning(beside: int, seen: bool) -> None:
    up = levels((30, 0), (beside, 8), (40, 10), (1000, 0))
    parts = found(up, first=30)
    assert edges(parts) == ([(30 + beside, 70 + beside)] if seen else [])
    assert not any(part.whole for part in parts)


@pytest.mark.parametrize(("beside", "seen"), [(11, True), (12, False)])
def test_a_pulse_whose_fall_is_cut_off_ends_at_the_very_end(beside: int, seen: bool) -> None:
    up = levels((1000, 0), (40, 10), (beside, 8), (30, 0))
    parts = found(up, last=1039 + beside)
    assert edges(parts) == ([(1000, 1040)] if seen else [])
    assert not any(part.whole for part in parts)


def test_what_is_too_high_does_not_hide_the_pulse_after_it() -> None:
    up = levels((30, 0), (40, 25), (40, 0), (40, 10), (1000, 0))
    assert edges(found(up)) == [(110, 150)]


@pytest.mark.parametrize(("narrow", "taken"), [(25, "whole"), (23, "part")])
def test_both_edges_are_worth_five_millimeters_of_width(narrow: int, taken: str) -> None:
    up = levels((64, 10), (40, 0), (narrow, 10), (1000, 0))
    whole = (104, 104 + narrow)
    assert edges(found(up)) == [whole if taken == "whole" else (0, 64)]


def test_of_two_alike_the_first_is_taken() -> None:
    assert edges(found(levels((30, 0), (40, 10), (30, 0), (40, 10), (1000, 0)))) == [(30, 70)]


# ---- parts, at one pixel a mm: a plateau is 2 to 12 columns long


@pytest.mark.parametrize(
    ("heights", "low", "high", "runs"),
    [
        ([0, 0, 0, 5, 5, 5, 0, 0, 0], 0, 8, [(0, 3), (3, 6)]),  # the last one begins too late
        ([0, 0, 0, 5, 5, 5, 0, 0, 0], 1, 7, [(1, 3), (3, 6)]),
        ([0, 0, 0, 5, 5, 5, 0, 0, 0], 2, 5, []),
        ([0, 5, 5, 5, 5, 5, 5, 0], 0, 4, [(1, 5)]),  # as far as it is looked
        ([0, 9, 0, 0, 9, 0, 9], 0, 6, [(2, 4)]),
        ([0, 0.2, 0.4, 0.6, 0.8, 1.0, 9], 0, 6, [(0, 3), (3, 6)]),
        ([1.0, 0.8, 0.6, 0.4, 0.2, 0.0, 9], 0, 6, [(0, 3), (3, 6)]),
        ([0, 9, *[5.0] * 12, 0, 9, 0], 0, 16, [(2, 14)]),
        ([0, 9, *[5.0] * 13, 0, 9, 0], 0, 17, [(3, 15)]),  # too long from its beginning
    ],
)
def test_plateaus(heights: list[float], low: int, high: int, runs: list[tuple[int, int]]) -> None:
    assert pulse._plateaus(np.array(heights, float), low, high, 1.0) == runs


@pytest.mark.parametrize(
    ("first", "last", "height"),
    [
        (0, 59, 9.0),  # the feet on the left are flat, those on the right are not
        (9, 49, 9.0),  # there is just room for one
        (10, 59, 6.0),
        (10, 50, 6.0),
        (10, 49, 9.0),  # for none: the lowest beside it
        (11, 49, 8.5),
        (16, 44, 8.5),
        (16, 43, 8.0),
    ],
)
def test_the_height_is_over_the_foot_that_there_is(first: int, last: int, height: float) -> None:
    up = levels((9, -8), (6, 1), (5, 2), (20, 10), (5, 4), (6, 4), (9, -7))
    up[[3, 5, 7, 44, 47, 50, 53, 55]] = -9.0, -9.0, -9.0, 1.5, 4.1, 4.1, -8.0, -9.0
    up[11:15] = 2.0 if first > 10 else 1.0
    assert pulse._height(up, 20, 40, 10.0, first, last, 10.0) == pytest.approx(height)


def test_a_foot_is_two_columns_long_at_least() -> None:
    up = levels((2, 1), (4, 7), (6, 10), (5, 7))
    assert pulse._height(up, 6, 12, 10.0, 0, 16, 2.0) == pytest.approx(3.0)
    assert pulse._height(up, 5, 9, 10.0, 2, 11, 2.0) == pytest.approx(3.0)
