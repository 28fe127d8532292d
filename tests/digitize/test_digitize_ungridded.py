"""The scale of a page without a grid, from pulses drawn on white paper."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from kalemia.digitize import ungridded

Pixels = NDArray[np.uint8]


def pulses(size_px: tuple[int, int] = (25, 50), tops: tuple[int, ...] = (60, 180, 300), lean: float = 0.0) -> Pixels:
    """Return white paper with pulses above each other, so many px wide and high between the middles of strokes."""
    paper = np.full((420, 500, 3), 255, np.uint8)
    wide, high = size_px
    for top in tops:
        left = 40 + round(lean * top)
        corners = [(left - 8, top + high), (left, top + high), (left, top), (left + wide, top)]
        corners += [(left + wide, top + high), (left + wide + 300, top + high)]
        cv2.polylines(paper, [np.array(corners, np.int32)], False, (0, 0, 0), 2)
    return paper


@pytest.mark.parametrize("px", [4, 5, 8])
def test_pulses_tell_the_scale_of_a_page_without_a_grid(px: int) -> None:
    found = ungridded.find(pulses((5 * px, 10 * px)))
    assert found is not None
    assert found.pitch == pytest.approx(px, rel=0.02)
    assert found.angle == pytest.approx(0, abs=0.2)
    assert found.strength == 0


def test_the_column_of_pulses_tells_the_angle() -> None:
    found = ungridded.find(pulses(lean=-0.05))
    assert found is not None
    assert found.angle == pytest.approx(np.degrees(np.arctan(0.05)), abs=0.4)
    assert ungridded.find(pulses(lean=-0.12)) is None


@pytest.mark.parametrize(
    "paper",
    [
        pulses(tops=(60,)),  # one alone
        pulses(tops=(60, 100)),  # not above each other but beside
        pulses((40, 50)),  # too wide
        pulses((18, 50)),  # too narrow
        pulses((22, 50)),  # a page seen from the side
        pulses((6, 12)),  # too small
        np.full((400, 500, 3), 255, np.uint8),
    ],
)
def test_what_shows_no_scale_has_none(paper: Pixels) -> None:
    assert ungridded.find(paper) is None


def test_pulses_that_grow_down_the_page_are_seen_from_the_side() -> None:
    near, far = pulses((25, 50), (60,)), pulses((27, 54), (300,))
    assert ungridded.find(np.minimum(near, far)) is None
    assert ungridded.find(np.minimum(near, pulses((25, 50), (300,)))) is not None


def test_a_filled_box_is_no_pulse() -> None:
    paper = pulses()
    for top in (60, 180, 300):
        paper[top : top + 50, 40:66] = 0
    assert ungridded.find(paper) is None


def test_letters_do_not_hide_the_taller_pulses() -> None:
    paper = pulses()
    for top in (20, 150, 280):
        cv2.rectangle(paper, (300, top), (309, top + 19), (0, 0, 0), 2)
    found = ungridded.find(paper)
    assert found is not None
    assert found.pitch == pytest.approx(5, rel=0.02)


@pytest.mark.parametrize(("lean", "found"), [(0.1, True), (-0.1, True), (0.11, False), (-0.11, False)])
def test_a_page_without_a_grid_may_lean_by_six_degrees(lean: float, found: bool) -> None:
    assert (ungridded.find(pulses(lean=lean)) is not None) == found


def test_a_pulse_has_a_roof_and_an_empty_room() -> None:
    open_ = pulses()
    inked = pulses()
    for top in (60, 180, 300):
        open_[top - 3 : top + 4, 50:54] = 255
        inked[top + 25 : top + 30, 42:64] = 0
    assert ungridded._pulses(open_).shape == (0, 4)
    assert ungridded._pulses(inked).shape == (0, 4)
    x, y, wide, high = ungridded._pulses(pulses()).T
    assert x == pytest.approx([40] * 3, abs=1)
    assert np.sort(y) == pytest.approx([60, 180, 300], abs=2)
    assert wide == pytest.approx([25] * 3, abs=0.6)
    assert high == pytest.approx([50] * 3, abs=1.1)
