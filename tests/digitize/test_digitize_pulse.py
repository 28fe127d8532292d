"""Calibration pulses on rows of known shape."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from kalemia.digitize import pulse
from kalemia.digitize.pulse import Pulse, agreeing

SCALE = 8.0
PULSE = Pulse(3.0, 8.0, 10.0, whole=True)
HALF = Pulse(3.0, 8.0, 5.1, whole=True)
PLATEAU = Pulse(250.0, 253.0, 5.2, whole=False)
Reals = NDArray[np.float64]


def row(*steps: tuple[float, float, float], width_mm: float = 150.0) -> Reals:
    """Return a row (columns,), px, at 400 px with plateaus from one mm to another, so many mm high."""
    y = np.full(round(width_mm * SCALE), 400.0)
    for left, right, high in steps:
        y[round(left * SCALE) : round(right * SCALE)] -= high * SCALE
    return y


def found(y: Reals, first_mm: float = 0.0, last_mm: float = 150.0) -> list[Pulse]:
    x = np.arange(len(y)) / SCALE
    return pulse.find(y, (x >= first_mm) & (x <= last_mm), SCALE)


@pytest.mark.parametrize("left", [3.0, 15.0, 140.0])
@pytest.mark.parametrize(("width", "high"), [(5.0, 10.0), (10.0, 10.0), (5.0, 5.0), (5.0, 20.0), (2.5, 4.0)])
def test_a_pulse_near_an_end_is_found_with_its_size(left: float, width: float, high: float) -> None:
    left = min(left, 148 - width)
    (one,) = found(row((left, left + width, high)))
    assert one.whole
    assert (one.left, one.right) == pytest.approx((left, left + width), abs=0.15)
    assert one.height == pytest.approx(high, abs=0.05)


@pytest.mark.parametrize(
    "step",
    [
        (70.0, 75.0, 10.0),  # in the middle of the row
        (3.0, 5.0, 10.0),  # too narrow
        (3.0, 17.0, 10.0),  # too wide
        (3.0, 8.0, 3.5),  # too low
        (3.0, 8.0, 25.0),  # too high
        (16.0, 21.0, -10.0),  # hangs down
    ],
)
def test_what_has_another_size_or_place_is_no_pulse(step: tuple[float, float, float]) -> None:
    assert found(row(step)) == []


def test_a_slope_is_no_edge_and_no_ink_is_no_row() -> None:
    y = row((10.0, 15.0, 10.0))
    slope = np.interp(np.arange(len(y)), [15 * SCALE, 20 * SCALE], [400 - 10 * SCALE, 400.0])
    y[round(15 * SCALE) : round(20 * SCALE)] = slope[round(15 * SCALE) : round(20 * SCALE)]
    assert found(y) == []
    assert pulse.find(y, np.zeros(len(y), bool), SCALE) == []


def test_a_pulse_cut_off_at_either_end_is_a_part_of_one() -> None:
    (left,) = found(row((0.0, 8.0, 10.0)), first_mm=4.0)
    assert not left.whole
    assert (left.right, left.height) == pytest.approx((8.0, 10.0), abs=0.2)
    (right,) = found(row((143.0, 150.0, 10.0)), last_mm=147.0)
    assert not right.whole
    assert (right.left, right.height) == pytest.approx((143.0, 10.0), abs=0.2)
    assert found(row((3.0, 8.0, 10.0)))[0].whole


def test_a_flat_beginning_before_a_deep_s_is_no_pulse() -> None:
    beat = row((4.5, 5.8, -9.0))
    assert found(beat, first_mm=2.0) == []
    assert len(found(row((0.0, 4.5, 9.0)), first_mm=2.0)) == 1, "as wide and high, but over its row"


def test_a_pulse_at_each_end_is_found_once() -> None:
    two = found(row((3.0, 8.0, 10.0), (140.0, 145.0, 10.0)))
    assert [round(one.left) for one in two] == [3, 140]
    short = row((10.0, 15.0, 10.0), width_mm=40.0)  # both ends see it
    assert len(pulse.find(short, np.ones(len(short), bool), SCALE)) == 1


def test_the_wider_plateau_is_taken_and_a_whole_one_before_a_part() -> None:
    (one,) = found(row((3.0, 6.0, 10.0), (10.0, 15.0, 10.0)))
    assert one.left == pytest.approx(10.0, abs=0.15)
    (whole,) = found(row((0.0, 7.0, 10.0), (12.0, 15.0, 10.0)), first_mm=0.5)
    assert whole.left == pytest.approx(12.0, abs=0.15)


def test_the_height_is_over_the_flattest_foot() -> None:
    y = row((10.0, 15.0, 10.0))
    y[round(15.3 * SCALE) : round(16.4 * SCALE)] += 4 * SCALE * np.hanning(9)  # a Q wave right of the pulse
    assert found(y)[0].height == pytest.approx(10.0, abs=0.1)


def test_noise_within_half_a_millimeter_leaves_a_plateau_flat() -> None:
    y = row((10.0, 15.0, 10.0))
    ripple = np.where(np.arange(len(y)) % 2 == 0, 0.2, -0.2) * SCALE
    assert len(found(y + ripple)) == 1
    assert found(y + 1.3 * ripple) == []


@pytest.mark.parametrize(
    ("rows", "kept"),
    [
        ([[PULSE], [], [PULSE, PLATEAU]], [[PULSE], [], [PULSE]]),
        ([[PULSE], [PULSE], [HALF], [HALF]], [[PULSE], [PULSE], [HALF], [HALF]]),
        ([[PULSE], [], []], [[PULSE], [], []]),
        ([[PLATEAU], [], []], [[], [], []]),
        ([[], []], [[], []]),
        ([[PULSE], [Pulse(5.5, 10.5, 10.0, whole=True)]], [[PULSE], []]),  # not above each other
        ([[Pulse(3, 8, 7.0, whole=True)], []], [[], []]),  # alone, and of no usual height
        ([[PLATEAU], [PLATEAU], [], []], [[PLATEAU], [PLATEAU], [], []]),
        ([[PLATEAU], [PLATEAU], [], [], []], [[], [], [], [], []]),  # parts of pulses in a few rows
        ([[PULSE], [PULSE], [], [], []], [[PULSE], [PULSE], [], [], []]),
    ],
)
def test_pulses_that_agree_are_kept(rows: list[list[Pulse]], kept: list[list[Pulse]]) -> None:
    assert agreeing(rows) == kept


def test_of_pulses_alone_the_one_of_the_best_size_is_kept() -> None:
    near = Pulse(3.0, 8.2, 10.5, whole=True)
    assert agreeing([[near], [Pulse(100.0, 105.0, 10.0, whole=True)]]) == [[], [Pulse(100.0, 105.0, 10.0, whole=True)]]


@pytest.mark.parametrize(
    ("other", "near", "like"),
    [
        (Pulse(0.0, 8.0, 10.0, whole=False), True, True),
        (Pulse(3.0, 9.9, 10.0, whole=True), True, True),
        (Pulse(3.0, 10.1, 10.0, whole=True), False, False),
        (Pulse(3.0, 8.0, 12.1, whole=True), True, True),
        (Pulse(3.0, 8.0, 12.3, whole=True), True, False),
    ],
)
def test_near_and_like(other: Pulse, near: bool, like: bool) -> None:
    assert PULSE.near(other) == near
    assert PULSE.like(other) == other.like(PULSE) == like


@pytest.mark.parametrize(
    ("size", "off"),
    [((5.0, 10.0), 0.0), ((10.0, 20.0), 0.0), ((5.0, 5.0), 0.0), ((5.5, 10.0), 0.0953), ((5.0, 11.0), 0.1906)],
)
def test_how_far_a_size_is_from_a_printed_one(size: tuple[float, float], off: float) -> None:
    assert Pulse(0.0, size[0], size[1], whole=True).off == pytest.approx(off, abs=1e-3)
