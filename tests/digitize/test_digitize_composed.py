"""A page put together of what was read of it: every value in its place, and boxes about rows to the pixel."""

from __future__ import annotations

import made
import numpy as np
import pytest
from made import SCALE
from numpy.typing import NDArray

from kalemia.digitize import Digitized, compose
from kalemia.digitize.grid import plain
from kalemia.digitize.layout import Layout
from kalemia.digitize.page import Page
from kalemia.digitize.reading import Reading
from kalemia.digitize.row import Lead

RGB = np.full((800, 2200, 3), 255, np.uint8)


def squared(angle: float = 0.0) -> Page:
    """Return a squared page of 8 px a mm of a page of 10 px a mm."""
    grid = plain((800, 2200), 10.0, angle)
    u, v = grid.millimeters(np.zeros(1), np.zeros(1))
    rgb, known = np.zeros((640, 1760, 3), np.uint8), np.ones((640, 1760), bool)
    return Page(rgb, SCALE, float(u[0]), float(v[0]), grid, known)


def composed(reading: Reading, angle: float = 0.0) -> Digitized:
    return compose.digitized(RGB, squared(angle), reading, "a.png", 1)


def test_every_value_is_in_its_place() -> None:
    found = composed(
        made.reading(einthoven=0.25, goldberger=0.125, agreement={"II": 0.75}, assumed=("Something.",)), angle=3.0
    )
    assert (found.einthoven, found.goldberger) == (0.25, 0.125)
    assert found.strip_agreement == {"II": 0.75}
    assert found.assumed == ("Something.",)
    assert found.angle_degrees == pytest.approx(3.0)
    assert found.rgb is RGB
    assert [trace.lead for trace in found.traces] == [*made.reading().leads]
    law = "I + III differs from II by 25% of their power: the leads as read contradict each other."
    assert found.recording.warnings == ("Something.", law)


def test_strips_are_traced_after_the_leads() -> None:
    strip = made.lead("II", made.twelve()["II"], row=3)
    assert [trace.lead for trace in composed(made.reading(strips={"II": strip})).traces][11:] == ["V6", "II"]


@pytest.mark.parametrize(("columns", "beyond_s", "said"), [(2, 0.8, True), (2, 0.7, False), (1, 0.8, False)])
def test_what_is_beyond_the_columns_is_said(columns: int, beyond_s: float, said: bool) -> None:
    reading = made.reading(layout=Layout(12 // columns, columns), beyond_s=beyond_s)
    assert len(list(compose._warnings(reading))) == said


def trace(*mv: tuple[int, float], row: int = 0) -> Lead:
    """Return a trace at 100 px that is flat but for some samples."""
    signal = np.zeros(1001)
    for sample, much in mv:
        signal[sample] = much
    return made.lead(f"V{row + 1}", signal, row=row)


def boxes(*leads: Lead) -> list[NDArray[np.float64]]:
    """Return the boxes about leads, px of the squared page."""
    found = composed(made.reading(leads={lead.name: lead for lead in leads})).boxes
    return [np.stack(squared().place(box[:, 0], box[:, 1]), -1) for box in found]


@pytest.mark.parametrize(
    ("mv", "high", "low"),
    [
        ((), 100 - 8.5 * 8, 100 + 8.5 * 8),  # labels stand there
        (((500, 0.6),), 100 - 8.5 * 8, 100 + 8.5 * 8),
        (((500, 0.75),), 100 - 7.5 * 8 - 1.5 * 8, 100 + 8.5 * 8),  # the pen is beside the trace
        (((500, -0.6),), 100 - 8.5 * 8, 100 + 8.5 * 8),
        (((500, -0.75),), 100 - 8.5 * 8, 100 + 7.5 * 8 + 1.5 * 8),
        (((500, 1.5), (600, -1.0)), 100 - 15 * 8 - 1.5 * 8, 100 + 10 * 8 + 1.5 * 8),
    ],
)
def test_a_box_holds_its_row_with_labels_and_pulses(mv: tuple[tuple[int, float], ...], high: float, low: float) -> None:
    (found,) = boxes(trace(*mv))
    left, right = -14 * 8.0, 1000 * 0.4 + 14 * 8
    corners = [(left, high), (right, high), (right, low), (left, low)]
    np.testing.assert_allclose(found[[0, 39, 40, 79]], corners, atol=1e-6)
    np.testing.assert_allclose(np.diff(found[:40, 0]), (right - left) / 39, atol=1e-6)


def test_a_box_holds_all_leads_of_its_row_and_rows_without_trace_have_none() -> None:
    nothing, second = made.lead("V9", np.full(1001, np.nan), row=5), made.lead("V2", np.zeros(1001))
    second.x[:] += 500
    found = boxes(nothing, trace(), second, trace(row=3))
    assert [float(box[:, 0].max()) for box in found] == pytest.approx([900 + 14 * 8, 400 + 14 * 8])
