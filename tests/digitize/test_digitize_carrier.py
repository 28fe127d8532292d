"""The two waves that the lines of a grid are."""

from __future__ import annotations

import numpy as np
import pytest
from drawn_pages import ruled

from kalemia.digitize import carrier


def test_dark_lines_stand_out_of_any_paper_and_are_clipped() -> None:
    paper, *_ = ruled(6.0)
    flat = carrier.flatten(paper)
    assert flat[0, 15] > 1  # on a line of 5 mm
    assert flat.max() <= 1.5
    assert flat.min() >= -1.5
    red = paper.copy()
    red[..., 0] = 255
    np.testing.assert_array_equal(carrier.flatten(red), flat)
    assert np.abs(carrier.flatten(np.full((200, 200, 3), 90, np.uint8))).max() < 1e-4


@pytest.mark.parametrize(
    ("length", "side", "step", "places"),
    [(1000, 256, 128, [0, 124, 248, 372, 496, 620, 744]), (256, 256, 128, [0]), (300, 256, 128, [0])],
)
def test_tiles_cover_a_length(length: int, side: int, step: float, places: list[int]) -> None:
    assert carrier.starts(length, side, step).tolist() == places


def test_a_wave_has_its_power_at_its_frequency() -> None:
    y, x = np.mgrid[0:64, 0:64]
    tile = (3 + np.cos(2 * np.pi * (10 * x + 4 * y) / 64)).astype(np.float32)
    power = carrier.power(tile, np.ones_like(tile), 64)
    assert power.shape == (64, 33)
    assert divmod(int(power.argmax()), 33) == (32 + 4, 10)
    assert power[32, 0] == pytest.approx(0, abs=1e-3)  # the mean is left out
    fx, fy = np.array([[10, -10, 10]]) / 64, np.array([[4, -4, -4]]) / 64
    where = carrier.sampled(power[None], fx, fy)
    assert where[0, :2] == pytest.approx([power.max()] * 2, rel=1e-5)
    assert where[0, 2] == pytest.approx(0, abs=1)


def test_power_between_frequencies_is_interpolated() -> None:
    powers = np.zeros((2, 8, 5), np.float32)
    powers[0, 4, 1], powers[0, 4, 2], powers[0, 5, 1], powers[0, 5, 2] = 1, 2, 3, 8
    powers[1] = 5
    both = carrier.sampled(powers, np.array([[1 / 8, 1.5 / 8, 1 / 8, 1.5 / 8]]), np.array([[0, 0, 0.5 / 8, 0.5 / 8]]))
    assert both.ravel() == pytest.approx([1, 1.5, 2, 3.5, 5, 5, 5, 5])
    own = carrier.sampled(powers, np.array([[1 / 8], [2 / 8]]), np.array([[0.0], [0.0]]))
    assert own.ravel() == pytest.approx([1, 5])


@pytest.mark.parametrize(("pitch", "angle"), [(6.0, 0.0), (3.0, 10.0), (8.0, -12.0), (9.0, 5.0)])
def test_the_waves_of_a_grid_are_found(pitch: float, angle: float) -> None:
    paper, *_ = ruled(pitch, angle, size=(400, 520))
    waves = carrier.find(carrier.flatten(paper))
    assert waves is not None
    turn = np.radians(angle)
    expected = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]]) / pitch
    assert np.abs(waves - expected).max() < 0.03 / pitch


def test_squares_may_be_a_little_longer_one_way() -> None:
    steps = np.exp(np.linspace(-3, -1, 400))
    scores = np.zeros((2, 400))
    scores[0, 200], scores[1, 230], scores[1, 300] = 5, 5, 6
    best, across, down = carrier._square(scores, steps, 1000)
    assert (best, across, down) == pytest.approx((10, steps[200], steps[230]))
    likely = np.zeros((2, 400))
    likely[:, 240] = likely[:, 20] = 5  # the same lines may be those of 1 mm or of 5: a page is 255 mm wide
    assert carrier._square(likely, steps, 1000)[1] == pytest.approx(steps[240])
