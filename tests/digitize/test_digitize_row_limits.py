"""Rows and leads just on both sides of their limits, at ten pixels a millimeter: two samples a pixel."""

from __future__ import annotations

from dataclasses import replace

import made
import numpy as np
import pytest
from numpy.typing import NDArray

from kalemia.digitize.pulse import Pulse
from kalemia.digitize.row import Row, ends

Reals = NDArray[np.float64]
SCALE = 10.0
COLUMNS = np.arange(1000)
CURVE = 300 - (COLUMNS - 500.0) ** 2 / 1000


def row(on: Reals | None = None, first: float = 0.0, end: float = 999.0, line: Reals = CURVE) -> Row:
    paths = made.paths([line], 400, None if on is None else [on])
    return Row(paths, 0, first, end, made.PAPER, SCALE)


def ink(*spans: tuple[int, int]) -> Reals:
    return np.where(sum((first <= COLUMNS) & (last > COLUMNS) for first, last in spans), 1.0, 0.0)


def known(read: Row) -> Reals:
    """Return where a row is known, px."""
    return read.x[np.isfinite(read.mv)]


# ---- a row


def test_a_row_has_no_steps_nor_lines_until_it_is_told() -> None:
    read = row()
    assert (len(read.steps), len(read.lined)) == (0, 0)


def test_a_row_that_ends_before_it_begins_is_one_sample() -> None:
    read = row(first=500.0, end=400.0)
    assert read.x.tolist() == [500.0]
    assert read.mv.shape == (1,)
    assert row(first=500.0, end=500.4).x.tolist() == [500.0]
    assert row(first=500.0, end=500.5).x.tolist() == [500.0, 500.5]


@pytest.mark.parametrize(("gap", "bridged"), [((300, 324), True), ((300, 325), False)])
def test_a_gap_of_two_and_a_half_millimeters_is_bridged(gap: tuple[int, int], bridged: bool) -> None:
    read = known(row(ink((0, gap[0]), (gap[1], 1000)), first=0.25))
    inside = (read > gap[0] - 1) & (read < gap[1])
    assert inside.sum() == (2 * (gap[1] - gap[0] + 1) if bridged else 0)
    assert len(read) == (1998 if bridged else 1998 - 2 * (gap[1] - gap[0] + 1))


def test_a_gap_beside_the_first_or_the_last_pixel_is_not_bridged() -> None:
    read = known(row(ink((0, 1), (41, 959), (999, 1000))))
    assert (read[0], read[read < 999][-1]) == (0, 958)
    assert not ((read > 0) & (read < 41)).any()


@pytest.mark.parametrize(("on", "seen"), [(0.3, False), (0.31, True)])
def test_a_column_has_ink_from_three_tenths_on(on: float, seen: bool) -> None:
    paths = replace(made.paths([CURVE], 400), on=np.where(COLUMNS < 500, 1.0, on)[None])
    read = Row(paths, 0, 0.0, 999.0, made.PAPER, SCALE)
    assert known(read).max() == (999 if seen else 499)
    assert read.sure[-1] == pytest.approx(on)


def test_a_row_is_known_on_its_last_pixel() -> None:
    assert known(row(ink((0, 401)), first=400.0)).tolist() == [400.0]
    assert known(row(ink((600, 1000)), first=600.0))[0] == 600.0


def test_two_pixels_are_a_row_and_one_is_none() -> None:
    assert known(row(ink((0, 2)))).tolist() == [0, 0.5, 1]
    assert len(known(row(ink((0, 1))))) == 0


@pytest.mark.parametrize("points", [0, 1, 2])
def test_two_points_are_a_line_and_one_is_none(points: int) -> None:
    line = np.array([100.0, 200.0])[:points], np.array([50.0, 60.0])[:points]
    read = Row(replace(made.paths([CURVE], 400), lines=(line,)), 0, 0.0, 999.0, made.PAPER, SCALE)
    assert len(read.mv) == len(read.y) == len(read.sure) == 1999
    if points < 2:
        assert np.isnan([read.mv, read.y, read.sure]).all()
    else:
        assert read.y[[200, 300, 400]].tolist() == [50, 55, 60]


# ---- pulses, lines and steps


@pytest.mark.parametrize(
    ("pulse", "kept"),
    [
        (Pulse(3.2, 8.2, 10, True), (90.0, 999.0)),
        (Pulse(90.8, 95.8, 10, True), (0.0, 900.0)),
        (Pulse(40.0, 45.0, 10, True), (458.0, 999.0)),
        (Pulse(49.9, 54.9, 10, True), (557.0, 999.0)),
        (Pulse(49.95, 54.95, 10, True), (0.0, 491.5)),  # in the very middle it stands behind the trace
    ],
)
def test_a_pulse_is_forgotten_to_the_sample(pulse: Pulse, kept: tuple[float, float]) -> None:
    read = row()
    read.clear([pulse], np.zeros(0), COLUMNS < 0)
    assert (known(read)[0], known(read)[-1]) == kept


@pytest.mark.parametrize(
    ("steps", "bounds"),
    [
        ([459.5], (459.5, 700.0)),
        ([460.0], (400.0, 700.0)),  # six millimeters from the beginning
        ([684.5], (400.0, 700.0)),
        ([685.0], (400.0, 685.0)),  # one and a half from the end
        ([700.0], (400.0, 700.0)),
        ([399.5, 410.0, 690.0, 695.0, 700.5], (410.0, 690.0)),
    ],
)
def test_a_lead_is_cut_short_to_the_sample(steps: list[float], bounds: tuple[float, float]) -> None:
    read = row()
    read.clear([], np.array(steps), COLUMNS < 0)
    cut = read.lead("II", 400.0, 700.0)
    inside = cut.x[np.isfinite(cut.signal)]
    assert (inside[0], inside[-1]) == (bounds[0], bounds[1] - 0.5)


@pytest.mark.parametrize(
    ("column", "held"),
    [
        (404, [403.5, 404.0]),
        (405, []),  # half a millimeter from the beginning
        (696, [695.5, 696.0]),
        (695, []),
        (550, []),
        (304, []),
    ],
)
def test_under_a_line_near_a_border_the_samples_of_its_pixel_are_held(column: int, held: list[float]) -> None:
    bare, lined = row(), row()
    lined.clear([], np.zeros(0), np.isin(COLUMNS, column))
    before, after = (read.lead("II", 400.0, 700.0).signal for read in (bare, lined))
    moved = (after - after[1100]) - (before - before[1100])
    assert bare.x[np.abs(moved) > 1e-6].tolist() == held


# ---- where traces begin and end


@pytest.mark.parametrize(("long", "first"), [(21, 200), (22, 40)])
def test_a_trace_begins_with_ink_on_seven_tenths_of_three_millimeters(long: int, first: int) -> None:
    seen = ink((40, 40 + long), (200, 900)) > 0
    assert ends(seen[None], [[]], SCALE) == (first, 899)
    assert ends(seen[None, ::-1], [[]], SCALE) == (100, 999 - first)


@pytest.mark.parametrize(
    ("pulse", "between"),
    [
        (Pulse(3.2, 8.2, 10, True), (90, 999)),
        (Pulse(90.8, 95.8, 10, True), (0, 900)),
        (Pulse(45.0, 49.9, 10, True), (507, 999)),
        (Pulse(45.0, 50.0, 10, True), (0, 999)),  # about the middle it is no pulse of a page
        (Pulse(50.0, 55.0, 10, True), (0, 999)),
        (Pulse(50.1, 55.0, 10, True), (0, 493)),
    ],
)
def test_between_pulses_a_trace_begins_and_ends_to_the_pixel(pulse: Pulse, between: tuple[int, int]) -> None:
    assert ends(np.ones((1, 1000), bool), [[pulse]], SCALE) == between


def test_a_row_with_too_little_before_the_pulses_has_no_end() -> None:
    pulse = Pulse(90.8, 95.8, 10, True)
    seen = np.stack([ink((100, 1000)), ink((890, 1000))]) > 0
    assert ends(seen, [[pulse], [pulse]], SCALE) == (100, 900)
