"""The two waves that the lines of a grid are."""

from __future__ import annotations

import numpy as np
import pytest
from drawn_pages import ruled
from numpy.typing import NDArray

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


# ---- its steps


@pytest.mark.parametrize("shape", [(120, 240), (240, 120)])
@pytest.mark.parametrize("channel", [0, 1, 2])
def test_a_dot_is_as_dark_as_it_is_beside_a_sixtieth_of_the_page(shape: tuple[int, int], channel: int) -> None:
    center = shape[0] // 2, shape[1] // 2
    share = 1 / (2 * np.pi * 4**2)  # what is left of a dot in the middle of a blur by 4 px
    for depth in (2, 100):
        paper = np.full((*shape, 3), 200, np.uint8)
        paper[(*center, channel)] -= depth
        flat = carrier.flatten(paper)
        near = depth * (1 - share)
        assert flat[center] == pytest.approx(min(near / (near * np.sqrt(share) + 2), 1.5), rel=0.01)
        beside = share * np.exp(-1 / 2)  # 4 px away
        expected = -depth * beside / (near * np.sqrt(beside) + 2)
        assert flat[center[0], center[1] + 4] == pytest.approx(expected, rel=0.015)


def test_power_beyond_the_spectrum_is_that_of_its_edge() -> None:
    powers = np.arange(8 * 5, dtype=np.float32).reshape(1, 8, 5)
    beyond = carrier.sampled(powers, np.array([[0.9, 0.5, 0.0, 0.0]]), np.array([[0.0, 0.9, 0.9, -0.9]]))
    # 5 a row, 1 a column; the last row and column are reached but for a thousandth.
    assert beyond[0] == pytest.approx([23.999, 38.994, 34.995, 0], abs=1e-4)
    opposite = carrier.sampled(powers, np.array([[-0.25, -0.125]]), np.array([[0.125, -0.25]]))
    assert opposite[0] == pytest.approx([3 * 5 + 2, 6 * 5 + 1])


@pytest.mark.parametrize("direction", [0, 1])
def test_rays_run_along_the_axes_and_turn_with_them(direction: int) -> None:
    radii = np.array([0.05, 0.2, 0.4])
    rows, columns = np.mgrid[0:64, 0:33].astype(np.float32)
    turn = carrier.ANGLES[:, None]
    along, beside = 64 * radii * np.cos(turn), 64 * radii * np.sin(turn)
    sign = 1 if direction == 0 else np.where(turn > 0, -1, 1)  # what lies at negative frequencies is seen opposite
    x, y = (along, beside) if direction == 0 else (np.abs(beside), sign * along)
    assert carrier._polar(columns, radii, direction) == pytest.approx(np.clip(x, 0, 31.999), abs=1e-3)
    assert carrier._polar(rows, radii, direction) == pytest.approx(32 + y, abs=1e-3)


@pytest.mark.parametrize(
    ("peaks", "score"),
    [
        ({}, 0),
        ({1.0: 2.0}, 2),
        ({1.0: 9.0}, 4),  # a peak counts up to four
        ({1.0: -2.0}, 0),
        ({0.2: 2.0}, 2),
        ({0.4: 2.0}, 0.7),
        ({0.6: 2.0}, 0.7),
        ({0.8: 2.0}, 0.7),
        ({2.0: 2.0}, 0.6),
        ({0.5: 2.0}, -1),
        ({0.1: 2.0}, -1),
        ({0.3: 2.0}, -1),
        ({1 / 3: 2.0}, -1),
        ({0.2 / 3: 2.0}, -1),
        ({1.0: 2.0, 0.2: 3.0, 0.5: 1.0}, 4.5),
        ({1.4: 3.0}, 0),
        ({4.0: 3.0}, 0),
    ],
)
def test_a_grid_has_power_at_some_frequencies_and_none_at_others(peaks: dict[float, float], score: float) -> None:
    radii = np.exp(np.linspace(np.log(0.005), np.log(0.49), 2000))
    for rest in (0.0, -7.0):
        ray = np.full(len(radii), rest)
        for at, height in peaks.items():
            ray[np.abs(np.log(radii / (0.1 * at))) < 0.02] += height
        assert carrier._comb(ray, radii, np.array([0.1])) == pytest.approx([score])
    assert carrier._comb(np.linspace(0, 9, len(radii)), radii, np.array([0.1, 0.4])) == pytest.approx([0, 0], abs=1e-9)


STEPS = np.exp(np.linspace(-3, -1, 401))
"""Frequencies that rise by a half per cent."""


def best_of(*peaks: tuple[int, int, float], size: float = 255 / STEPS[200]) -> tuple[int, int]:
    """Return which of some peaks across (0) and down (1) are taken, as places in STEPS; 255 mm are at place 200."""
    scores = np.zeros((2, len(STEPS)))
    for direction, place, height in peaks:
        scores[direction, place] = height
    best, across, down = carrier._square(scores, STEPS, round(size))
    a, b = (int(np.argmin(np.abs(STEPS - frequency))) for frequency in (across, down))
    assert best == scores[0, a] + scores[1, b]
    return a, b


@pytest.mark.parametrize(
    ("peaks", "taken"),
    [
        # lines that are 10 % longer one way cost 1
        ([(0, 200, 5), (1, 200, 5), (1, 220, 5.98)], (200, 200)),
        ([(0, 200, 5), (1, 200, 5), (1, 220, 6.02)], (200, 220)),
        ([(0, 200, 5), (1, 200, 5), (1, 180, 5.98)], (200, 200)),
        ([(0, 200, 5), (1, 200, 5), (1, 180, 6.02)], (200, 180)),
        # and none are by more than 20 %
        ([(0, 200, 5), (1, 239, 9)], (200, 239)),
        ([(0, 200, 5), (1, 242, 9)], None),
        ([(0, 200, 5), (1, 161, 9)], (200, 161)),
        ([(0, 200, 5), (1, 158, 9)], None),
        # a page 1.8 times as wide or as narrow as 255 mm costs 0.75
        ([(0, 200, 5), (1, 200, 5), (0, 320, 5.36), (1, 320, 5.36)], (200, 200)),
        ([(0, 200, 5), (1, 200, 5), (0, 320, 5.39), (1, 320, 5.39)], (320, 320)),
        ([(0, 200, 5), (1, 200, 5), (0, 80, 5.36), (1, 80, 5.36)], (200, 200)),
        ([(0, 200, 5), (1, 200, 5), (0, 80, 5.39), (1, 80, 5.39)], (80, 80)),
        # the first and the last frequency are looked at, too
        ([(0, 0, 50), (1, 30, 50)], (0, 30)),
        ([(0, 30, 50), (1, 0, 50)], (30, 0)),
        ([(0, 400, 50), (1, 370, 50)], (400, 370)),
        ([(0, 370, 50), (1, 400, 50)], (370, 400)),
    ],
)
def test_lines_are_about_square_and_the_page_about_as_wide_as_usual(
    peaks: list[tuple[int, int, float]], taken: tuple[int, int] | None
) -> None:
    found = best_of(*peaks)
    if taken is None:
        assert found != (peaks[0][1], peaks[1][1])
    else:
        assert found == taken


def lattice(waves: NDArray[np.float64], shape: tuple[int, int]) -> NDArray[np.float32]:
    """Return lines 1 and 5 mm apart as waves of (2, 2) cycles a px."""
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]]
    places = [wave[0] * x + wave[1] * y for wave in waves]
    lines = sum(np.cos(2 * np.pi * h / 5 * place) for place in places for h in (1, 2, 3, 4, 5, 10))
    return np.asarray(lines, np.float32)


@pytest.mark.parametrize("shape", [(150, 190), (300, 420)])
def test_across_and_down_have_waves_of_their_own(shape: tuple[int, int]) -> None:
    waves = np.array([[np.cos(0.1), np.sin(0.1)], [0.9 * np.sin(0.07), 0.9 * np.cos(0.07)]]) / 6
    noise = np.random.default_rng(1).normal(size=shape)
    found = carrier.find((lattice(waves, shape) + noise).astype(np.float32))
    assert found is not None
    assert found == pytest.approx(waves, abs=0.03 / 6)


@pytest.mark.parametrize("order", [1, -1])
def test_lines_that_perspective_blurs_are_those_of_the_part_that_shows_them_best(order: int) -> None:
    frequency = np.linspace(0.2, 0.1, 2600)[::order]
    u, v = np.cumsum(frequency), frequency * np.arange(384)[:, None]
    lines = sum(np.cos(2 * np.pi * h / 5 * u) + np.cos(2 * np.pi * h / 5 * v) for h in (1, 2, 3, 4, 5, 10))
    found = carrier.find(np.asarray(lines, np.float32))
    assert found is not None
    assert found[0] == pytest.approx([0.19, 0], abs=0.008)
    assert found[1] == pytest.approx([0, 0.19], abs=0.008)
    assert carrier.find(np.random.default_rng(2).normal(size=(384, 900)).astype(np.float32)) is None
