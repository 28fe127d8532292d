"""Rows of trace in time and millivolts, on paths whose heights are known."""

from __future__ import annotations

import numpy as np
import pytest
from made import PAPER, SCALE, lead, paths
from numpy.typing import NDArray

from kalemia.digitize.paper import Paper
from kalemia.digitize.pulse import Pulse
from kalemia.digitize.row import Row, ends

Reals = NDArray[np.float64]
ZERO = 200.0
STEP_PX = 25 * SCALE / 500
"""Pixels a sample at 25 mm/s."""


def wave(columns: int = 1000) -> Reals:
    """Return a row that goes up by 10 mm, 1 mV, half way."""
    return np.where(np.arange(columns) < columns // 2, ZERO, ZERO - 10 * SCALE)


def ink(columns: int = 1000, first: int = 0, last: int = 1000, gap: tuple[int, int] = (0, 0)) -> Reals:
    x = np.arange(columns)
    return np.where((x >= first) & (x < last) & ~((x >= gap[0]) & (x < gap[1])), 1.0, 0.0)


def row(line: Reals, on: Reals | None = None, first: float = 0.0, end: float = 999.0, paper: Paper = PAPER) -> Row:
    return Row(paths([line], 400, None if on is None else [on]), 0, first, end, paper, SCALE)


def test_pixels_are_samples_and_millivolts() -> None:
    read = row(wave())
    assert len(read.x) == int(999 / STEP_PX) + 1
    assert np.diff(read.x) == pytest.approx(np.full(len(read.x) - 1, STEP_PX))
    early, late = read.x < 490, read.x > 510
    assert np.ptp(read.mv[early]) == np.ptp(read.mv[late]) == 0
    assert read.mv[late].mean() - read.mv[early].mean() == pytest.approx(1.0)
    assert read.sure == pytest.approx(np.ones(len(read.x)))


@pytest.mark.parametrize(
    ("paper", "samples", "mv"), [(Paper(50, 10, (), True), 1250, 1.0), (Paper(25, 5, (), True), 2498, 2.0)]
)
def test_fast_paper_has_fewer_samples_and_half_gain_twice_the_voltage(paper: Paper, samples: int, mv: float) -> None:
    read = row(wave(), paper=paper)
    assert len(read.x) == pytest.approx(samples, abs=3)
    assert np.ptp(read.mv) == pytest.approx(mv)


def test_a_row_begins_where_its_page_does() -> None:
    read = row(wave(), first=100.0, end=300.0)
    assert read.x[0] == 100.0
    assert read.x[-1] == pytest.approx(300, abs=STEP_PX)
    assert read.shown is read.x


def test_what_has_no_ink_is_not_known() -> None:
    read = row(wave(), ink(first=200, last=800))
    known = np.isfinite(read.mv)
    assert read.x[known].min() == pytest.approx(200, abs=STEP_PX)
    assert read.x[known].max() == pytest.approx(799, abs=STEP_PX)
    assert read.sure[read.x < 190].max() == 0
    assert np.isnan(row(wave(), ink(last=1)).mv).all()
    assert np.isnan(row(wave(), ink(last=0)).sure).all()


@pytest.mark.parametrize(("mm", "bridged"), [(2.25, True), (2.75, False)])
def test_short_gaps_are_bridged(mm: float, bridged: bool) -> None:
    read = row(wave(), ink(gap=(300, 300 + round(mm * SCALE))))
    inside = (read.x > 301) & (read.x < 300 + mm * SCALE - 2)
    assert np.isfinite(read.mv[inside]).all() == bridged
    assert np.isfinite(read.mv[read.x < 299]).all()


@pytest.mark.parametrize(
    ("pulse", "kept"), [(Pulse(3, 8, 10, True), (8.8, 125)), (Pulse(110, 115, 10, True), (0, 109.2))]
)
def test_a_pulse_is_forgotten_with_what_is_beyond_it(pulse: Pulse, kept: tuple[float, float]) -> None:
    read = row(wave())
    read.clear([pulse], np.zeros(0), np.zeros(1000, bool))
    known = read.x[np.isfinite(read.mv)] / SCALE
    assert known.min() == pytest.approx(kept[0], abs=0.06)
    assert known.max() == pytest.approx(min(kept[1], 999 / SCALE), abs=0.06)


def test_a_lead_is_a_part_of_its_row_about_its_median() -> None:
    read = row(wave())
    cut = read.lead("V1", 400.0, 700.0)
    known = cut.x[np.isfinite(cut.signal)]
    assert (cut.name, cut.row) == ("V1", 0)
    assert (known.min(), known.max()) == pytest.approx((400, 700), abs=2 * STEP_PX)
    assert known.max() < 700
    assert np.nanmedian(cut.signal) == 0
    assert cut.signal[np.searchsorted(cut.x, 450)] == pytest.approx(-1)
    assert np.array_equal(np.isfinite(cut.y), np.isfinite(cut.signal))
    assert np.array_equal(np.isfinite(cut.sure), (cut.x >= 400) & (cut.x < 700))
    turned = read.lead("-aVR", 400.0, 700.0)
    assert turned.name == "aVR"
    np.testing.assert_array_equal(turned.signal, -cut.signal)
    assert np.isnan(read.lead("V1", 2000.0, 3000.0).signal).all()


def test_a_step_over_paper_near_an_end_cuts_a_lead_short() -> None:
    read = row(wave())
    read.clear([], np.array([50.0, 410.0, 420.0, 445.0, 460.0, 600.0, 691.0, 696.0]), np.zeros(1000, bool))
    known = read.x[np.isfinite(read.lead("V1", 400.0, 700.0).signal)]
    assert known.min() == pytest.approx(445, abs=STEP_PX)  # the last one within 6 mm of the beginning
    assert known.max() == pytest.approx(691, abs=STEP_PX)  # within 1.5 mm of the end
    far = read.x[np.isfinite(read.lead("V1", 405.0, 715.0).signal)]
    assert far.max() == pytest.approx(715, abs=STEP_PX)


def test_under_a_line_between_leads_the_nearest_trace_is_held() -> None:
    line = wave()
    line[399:401] = ZERO - 50 * SCALE
    read = row(line)
    lined = np.zeros(1000, bool)
    lined[398:402] = True
    assert np.nanmax(read.lead("V1", 400.0, 700.0).signal) > 3
    read.clear([], np.zeros(0), lined)
    held = read.lead("V1", 400.0, 490.0)
    assert np.isfinite(held.signal[(held.x >= 400) & (held.x < 490)]).all()
    assert np.nanmax(np.abs(held.signal)) == pytest.approx(0, abs=1e-9)
    assert np.nanmax(read.lead("V1", 300.0, 490.0).signal) > 3, "far from a border it is the trace's own stroke"


@pytest.mark.parametrize("samples", [0, 3, -3])
def test_a_lead_is_moved_in_time(samples: int) -> None:
    before = lead("II", np.arange(10.0))
    moved = before.earlier(samples)
    expected = np.arange(10.0) + samples
    expected[(expected < 0) | (expected > 9)] = np.nan
    np.testing.assert_array_equal(moved.signal, expected)
    np.testing.assert_array_equal(np.isfinite(moved.sure), np.isfinite(expected))
    np.testing.assert_array_equal(np.isfinite(moved.y), np.isfinite(expected))
    np.testing.assert_array_equal(moved.x[np.isfinite(expected)], before.x[expected[np.isfinite(expected)].astype(int)])


# ---- where traces begin and end

RIGHT = Pulse(112.0, 117.0, 10, True)
LEFT = Pulse(3.0, 8.0, 10, True)


def on(*spans: tuple[int, int]) -> NDArray[np.bool_]:
    x = np.arange(1000)
    return np.stack([(x >= first) & (x < last) for first, last in spans])


def test_traces_begin_and_end_as_the_median_row_does() -> None:
    assert ends(on((100, 900), (110, 890), (120, 700)), [[], [], []], SCALE) == pytest.approx((110, 889), abs=9)
    assert ends(on((0, 0), (0, 0)), [[], []], SCALE) == (0.0, 1000.0)


def test_ink_of_less_than_three_millimeters_is_no_beginning() -> None:
    speck = on((200, 900))
    speck[0, 40:55] = True
    assert ends(speck, [[]], SCALE)[0] == pytest.approx(200, abs=9)
    speck[0, 940:950] = True
    assert ends(speck, [[]], SCALE)[1] == pytest.approx(899, abs=9)


@pytest.mark.parametrize(
    ("pulses", "first", "last"),
    [
        ([[LEFT], [LEFT], [LEFT]], 8.8 * SCALE, 999),
        ([[LEFT], [], []], 8.8 * SCALE, 999),  # a third of the rows is enough of three
        ([[RIGHT], [RIGHT], [RIGHT]], 0, 111.2 * SCALE),
        ([[LEFT, RIGHT], [LEFT, RIGHT], []], 8.8 * SCALE, 111.2 * SCALE),
    ],
)
def test_pulses_are_no_part_of_the_traces(pulses: list[list[Pulse]], first: float, last: float) -> None:
    found = ends(on((0, 1000), (0, 1000), (0, 1000)), pulses, SCALE)
    assert found == pytest.approx((first, last), abs=1.1)


def test_one_pulse_of_four_rows_is_too_few() -> None:
    whole = on((0, 1000), (0, 1000), (0, 1000), (0, 1000))
    assert ends(whole, [[LEFT], [], [], []], SCALE)[0] == 0
    assert ends(whole, [[LEFT], [LEFT], [], []], SCALE)[0] > 60


@pytest.mark.parametrize(("left", "kept"), [(50.0, "right"), (64.0, "left")])
def test_a_pulse_left_of_the_middle_stands_before_the_trace(left: float, kept: str) -> None:
    pulse = Pulse(left, left + 5, 10, True)
    first, last = ends(on((0, 1000)), [[pulse]], SCALE)
    if kept == "right":
        assert (first, last) == pytest.approx((8 * (left + 5.8), 999), abs=1.1)
    else:
        assert (first, last) == pytest.approx((0, 8 * (left - 0.8)), abs=1.1)
