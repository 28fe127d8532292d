"""What is known of a page before its layout, on straight rows drawn by hand."""

from __future__ import annotations

import made
import numpy as np
import pytest
from made import SCALE

from kalemia.digitize.label import Label
from kalemia.digitize.paper import ASSUMED_GAIN, ASSUMED_SPEED, LONG, Paper
from kalemia.digitize.sheet import Sheet
from kalemia.digitize.trace import Paths

WORD = Label(0.0, 0.0, 20.0, made.like("V1"), whole=True)


def rows(count: int, first: int, last: int, width: int, ink: float = 1.0) -> Paths:
    """Return straight rows that have ink from one column to another."""
    y = np.repeat(50.0 + 50 * np.arange(count)[:, None], width, axis=1)
    on = np.zeros(y.shape)
    on[:, first : last + 1] = ink
    lines = tuple((np.arange(float(width)), line) for line in y)
    return Paths(y[:, 0], y, on, lines, np.zeros((50 + 50 * count, width), np.float32))


@pytest.mark.parametrize(
    ("mm", "speed", "sentence"), [(324, 25.0, ASSUMED_SPEED), (325, 50.0, LONG), (326, 50.0, LONG)]
)
def test_traces_without_a_pulse_that_are_too_long_are_faster(mm: int, speed: float, sentence: str) -> None:
    page, drawn = rows(2, 100, 100 + 4 * mm, 1500), [np.zeros((2, 2))]
    found = Sheet.of(page, 4.0, [WORD], drawn)
    assert found.paper == Paper(speed, 10.0, (ASSUMED_GAIN, sentence), pulse=False)
    assert (found.start, found.end) == (100, 100 + 4 * mm)
    assert found.paths is page
    assert (found.scale, found.pulses, found.labels, found.drawn) == (4.0, [[], []], [WORD], drawn)


@pytest.mark.parametrize(("ink", "start"), [(0.51, 100.0), (0.5, 0.0)])
def test_a_trace_begins_where_there_is_more_ink_than_half(ink: float, start: float) -> None:
    assert Sheet.of(rows(1, 100, 400, 500, ink), 4.0, [], ()).start == start


def test_pulses_of_a_page_tell_its_gain_and_are_kept_row_by_row() -> None:
    page = rows(3, 0, 799, 800)
    for line in page.y[:2]:
        line[40:80] -= 5 * SCALE
    found = Sheet.of(page, SCALE, [], ())
    assert [len(some) for some in found.pulses] == [1, 1, 0]
    assert found.pulses[0][0].height == pytest.approx(5)
    assert found.paper == Paper(25.0, 5.0, (), pulse=True)
    assert found.start == pytest.approx(80 + 0.8 * SCALE, abs=1)


def sheet(page: Paths) -> Sheet:
    return Sheet(page, SCALE, made.PAPER, [[]] * len(page.center), 0.0, 799.0, [], ())


def test_marks_are_those_of_the_first_rows() -> None:
    page = rows(4, 0, 799, 800)
    page.on[0, 400:410] = page.on[2:, 400:410] = 0
    found = sheet(page)
    peaks = [found.marks(count).gaps.max() for count in (1, 2, 3, 4)]
    assert peaks == pytest.approx([1, 1 / 2, 2 / 3, 3 / 4], rel=1e-3)
    assert found.marks(2) is found.marks(2)


def test_steps_are_those_of_a_row() -> None:
    page = rows(2, 0, 799, 800)
    page.y[1, 300:] -= 20
    page.sure[50] = page.sure[100, :300] = page.sure[80, 300:] = 1
    found = sheet(page)
    assert found.steps(0).tolist() == []
    assert found.steps(1).tolist() == [300.0]
    assert found.steps(1) is found.steps(1)
