"""The grid of a page and the waves that it is, on papers whose millimeters are known."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from kalemia.digitize import carrier, grid, ungridded
from kalemia.digitize.blur import blurred
from kalemia.digitize.grid import Grid, plain
from kalemia.digitize.tiles import Tiles, _agreed, _moved, _spread

Floats = NDArray[np.float64]
Pixels = NDArray[np.uint8]


def ruled(
    pitch: float, angle: float = 0.0, size: tuple[int, int] = (360, 480), bend: float = 0.0, stretch: float = 1.0
) -> tuple[Pixels, Floats, Floats]:
    """Return paper with lines every 1 and 5 mm, and the millimeters u and v of each pixel.

    It is turned clockwise by `angle` degrees, bent by `bend` mm in the middle, and `stretch` times as high as wide.
    """
    y, x = np.mgrid[0 : size[0], 0 : size[1]].astype(np.float64)
    turn = np.radians(angle)
    u = (np.cos(turn) * x + np.sin(turn) * y) / pitch
    v = (-np.sin(turn) * x + np.cos(turn) * y) / pitch / stretch
    v = v + bend * np.sin(np.pi * x / size[1])
    dark = np.zeros(size)
    for mm, much, wide in ((1, 45, 0.15), (5, 90, 0.25)):
        for place in (u, v):
            off = np.abs((place + mm / 2) % mm - mm / 2)
            dark = np.maximum(dark, much * np.clip((wide - off) * pitch / 2 + 0.5, 0, 1))
    return np.repeat((255 - dark)[..., None], 3, axis=2).astype(np.uint8), u, v


# ---- what a grid knows


def bent() -> Grid:
    """Return a grid of the third degree: u has a square, v a cube."""
    u = np.array([10.0, 40.0, 2.0, 1.5, 0.5, 0, 0, 0, 0, 0])
    v = np.array([20.0, -2.0, 40.0, 0, 0, 0, 1.0, 0, 0, 0])
    return Grid(u, v, 3, (400.0, 300.0), 400.0, 1.0, 0.0, np.array([[400.0, 300.0], [400.0, 300.0]]))


def test_terms_are_products_of_powers_and_slopes_their_derivatives() -> None:
    x, y = np.array([0.3, -0.7]), np.array([0.2, 0.9])
    assert grid._exponents(2) == [(0, 0), (1, 0), (0, 1), (2, 0), (1, 1), (0, 2)]
    np.testing.assert_allclose(grid._terms(x, y, 2), np.stack([x**0, x, y, x**2, x * y, y**2], -1))
    across, down = grid._slopes(x, y, 3)
    step = 1e-6
    np.testing.assert_allclose(across, (grid._terms(x + step, y, 3) - grid._terms(x - step, y, 3)) / 2e-6, atol=1e-8)
    np.testing.assert_allclose(down, (grid._terms(x, y + step, 3) - grid._terms(x, y - step, 3)) / 2e-6, atol=1e-8)
    assert grid._padded(np.ones(3), 3).tolist() == [1, 1, 1] + [0] * 7


def test_millimeters_are_the_polynomials_and_pixels_their_inverse() -> None:
    u, v = bent().millimeters(np.array([800.0]), np.array([300.0]))
    assert (float(u[0]), float(v[0])) == pytest.approx((10 + 40 + 1.5, 20 - 2 + 1))
    x, y = np.meshgrid(np.linspace(0, 800, 9), np.linspace(0, 600, 7))
    back = bent().pixels(*bent().millimeters(x, y))
    np.testing.assert_allclose(back[0], x, atol=1e-3)
    np.testing.assert_allclose(back[1], y, atol=1e-3)
    again = bent().pixels(*bent().millimeters(x, y), start=(x + 5, y - 5))
    np.testing.assert_allclose(again[0], x, atol=1e-3)


def test_the_jacobian_is_the_derivative() -> None:
    x, y, step = np.array([120.0]), np.array([500.0]), 1e-3
    j = bent().jacobian(x, y)[0]
    right, left = bent().millimeters(x + step, y), bent().millimeters(x - step, y)
    low, high = bent().millimeters(x, y + step), bent().millimeters(x, y - step)
    for row in (0, 1):
        assert j[row, 0] == pytest.approx(float((right[row] - left[row])[0]) / 2e-3, rel=1e-6)
        assert j[row, 1] == pytest.approx(float((low[row] - high[row])[0]) / 2e-3, rel=1e-6)


@pytest.mark.parametrize(("pitch", "angle"), [(8.0, 0.0), (5.0, 3.0), (11.0, -6.0)])
def test_a_plain_grid_has_a_pitch_and_an_angle(pitch: float, angle: float) -> None:
    even = plain((600, 800), pitch, angle)
    assert (even.pitch, even.angle, even.strength) == pytest.approx((pitch, angle, 0.0))
    u, v = even.millimeters(np.array([400.0, 400 + pitch * np.cos(np.radians(angle))]),
                            np.array([300.0, 300 + pitch * np.sin(np.radians(angle))]))  # fmt: skip
    assert np.diff(u)[0] == pytest.approx(1)
    assert np.diff(v)[0] == pytest.approx(0, abs=1e-9)
    x, _ = even.pixels(u, v)
    assert x[1] == pytest.approx(400 + pitch * np.cos(np.radians(angle)))
    assert even.cover.min(axis=0).tolist() == [0, 0]
    assert even.cover.max(axis=0).tolist() == [800, 600]


def test_the_grid_of_a_larger_copy_has_the_same_millimeters() -> None:
    twice = grid._enlarged(bent(), 2.0)
    for small, large in zip(
        bent().millimeters(np.array([100.0]), np.array([50.0])),
        twice.millimeters(np.array([200.0]), np.array([100.0])),
        strict=True,
    ):
        assert large == pytest.approx(small)
    assert twice.pitch == pytest.approx(2 * bent().pitch)


# ---- finding it


@pytest.mark.parametrize(
    ("pitch", "angle", "bend", "stretch"),
    [(6.0, 0.0, 0.0, 1.0), (4.0, 4.0, 0.0, 1.0), (9.0, -7.0, 0.0, 1.0), (5.0, 0.0, 1.5, 1.0), (6.0, 1.0, 0.0, 1.15)],
)
def test_millimeters_are_found(pitch: float, angle: float, bend: float, stretch: float) -> None:
    paper, u, v = ruled(pitch, angle, bend=bend, stretch=stretch)
    found = grid.find(paper)
    assert found is not None
    y, x = np.mgrid[20:340:40, 20:460:40].astype(np.float64)
    rows, columns = y.astype(int), x.astype(int)
    read_u, read_v = found.millimeters(x + 0.5, y + 0.5)
    for read, true in ((read_u, u[rows, columns]), (read_v, v[rows, columns])):
        off = read - true
        assert np.abs(off - np.median(off)).max() < 0.12
    assert found.pitch == pytest.approx(pitch * np.sqrt(stretch), rel=0.01)
    assert found.angle == pytest.approx(angle, abs=0.3)
    assert found.strength > 0.8
    assert found.residual < 0.1


def test_a_large_page_is_found_on_a_smaller_copy() -> None:
    paper, u, _ = ruled(12.0, size=(700, 2600))
    found = grid.find(paper)
    assert found is not None
    assert found.pitch == pytest.approx(12, rel=0.002)
    read, _ = found.millimeters(np.array([100.0, 2500.0]), np.array([300.0, 300.0]))
    assert np.diff(read)[0] == pytest.approx(u[300, 2500] - u[300, 100], abs=0.05)


def test_paper_without_lines_has_no_grid() -> None:
    assert grid.find(np.full((300, 400, 3), 255, np.uint8)) is None
    noise = np.random.default_rng(1).integers(200, 255, (300, 400, 3)).astype(np.uint8)
    assert grid.find(noise) is None


def test_fits_are_not_bent_by_outliers() -> None:
    rng = np.random.default_rng(2)
    x, y = rng.uniform(-1, 1, 200), rng.uniform(-1, 1, 200)
    true = np.array([0.0, 3.0, -2.0])
    wanted = grid._terms(x, y, 1) @ true
    wanted[:40] += 5
    solved = grid._robust(grid._terms(x, y, 1), wanted, np.ones(200), 1, constant=True)
    assert solved == pytest.approx(true, abs=0.01)
    slopes = np.stack([np.full(200, 3.0), np.full(200, -2.0)], -1)
    slopes[:40] *= -1
    phase = grid._integrated(x, y, slopes, np.ones(200))
    assert phase[:3] == pytest.approx(true, abs=0.01)
    assert np.abs(phase[3:]).max() < 0.01
    unsure = grid._robust(grid._terms(x, y, 1), grid._terms(x, y, 1) @ true, np.full(200, 0.1), 1, constant=True)
    assert unsure == pytest.approx(true, abs=0.01)


def test_weights_tell_which_tiles_count() -> None:
    x = np.linspace(-1, 1, 50)
    design = grid._terms(x, 0 * x + np.linspace(1, -1, 50) ** 2, 1)
    weights = np.where(x < 0, 1.0, 0.0)
    wanted = np.where(x < 0, 2 * x, -7 * x)
    assert grid._robust(design, wanted, weights, 1, constant=True)[1] == pytest.approx(2, abs=0.01)


# ---- waves


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


# ---- tiles


def waves_of(pitch: float) -> Floats:
    return np.array([[1 / pitch, 0.0], [0.0, 1 / pitch]])


def test_tiles_lie_beside_each_other_over_the_page() -> None:
    tiles = Tiles.cut(np.random.default_rng(1).normal(size=(200, 300)).astype(np.float32), waves_of(5.0), 20.0)
    assert tiles.values.shape == (2 * 4, 100, 100)
    assert tiles.shape == (2, 4)
    assert (tiles.x.min(), tiles.x.max()) == (49.5, 249.5)
    assert (tiles.y.min(), tiles.y.max()) == (49.5, 149.5)
    first, second = tiles.neighbors
    pairs = set(zip(first.tolist(), second.tolist(), strict=True))
    assert pairs == {(0, 1), (1, 2), (2, 3), (4, 5), (5, 6), (6, 7), (0, 4), (1, 5), (2, 6), (3, 7)}
    small = Tiles.cut(np.ones((300, 300), np.float32), waves_of(2.0), 5.0)
    assert small.values.shape[1] == 56
    assert np.abs(small.values).max() == 0


@pytest.mark.parametrize("shift", [-0.3, 0.0, 0.2])
def test_what_is_left_of_a_phase_is_how_far_the_lines_were_moved(shift: float) -> None:
    y, x = np.mgrid[0:160, 0:240].astype(float)
    pitch = 8.0
    lines = sum(np.cos(2 * np.pi * h / 5 * (x / pitch - shift)) for h in (1, 2, 3, 4, 5)) + 0 * y
    tiles = Tiles.cut(lines.astype(np.float32), waves_of(pitch), 10.0)
    slopes = np.tile([1 / pitch, 0.0], (len(tiles.x), 1))
    left, coherence, period = tiles.left(tiles.x / pitch, slopes)
    assert period == 1.0  # the fifth harmonic tells the place best
    assert left == pytest.approx(np.full(len(tiles.x), -shift), abs=0.01)
    assert coherence.min() > 0.9
    only = np.cos(2 * np.pi / 5 * (x / pitch - shift)) + 0 * y
    left, _, period = Tiles.cut(only.astype(np.float32), waves_of(pitch), 10.0).left(tiles.x / pitch, slopes)
    assert period == 5.0
    assert left == pytest.approx(np.full(len(tiles.x), -shift), abs=0.02)


def test_as_many_tiles_as_turns_are_no_other_case() -> None:
    y, x = np.mgrid[0:300, 0:900]
    lines = (np.cos(2 * np.pi * x / 20) + np.cos(2 * np.pi * y / 20)).astype(np.float32)
    waves = np.array([[0.2 / 20 * 5, 0.0], [0.0, 0.2 / 20 * 5]])
    tiles = Tiles.cut(lines, waves, 2.8 * 2)
    vectors, clear = tiles.tracked(waves, ((5, 1.0),))
    assert len(tiles.x) >= 27
    assert np.abs(vectors - waves[:, None]).max() < 0.003
    assert clear.min() == 1


def test_waves_are_made_longer_and_turned() -> None:
    x, y = _moved(np.array([0.1, 0.0]), np.array([[1.0, 2.0, 1.0]]), np.array([[0.0, 0.0, np.pi / 2]]))
    np.testing.assert_allclose(x, [[0.1, 0.2, 0]], atol=1e-12)
    np.testing.assert_allclose(y, [[0, 0, 0.1]], atol=1e-12)


def test_a_value_spreads_at_a_cost_of_the_distance_squared() -> None:
    values = np.zeros((1, 7, 1))
    values[0, 3] = 10
    assert _spread(values, 1, 0.5)[0, :, 0].tolist() == [0, 8, 9.5, 10, 9.5, 8, 0]  # nothing costs more than 3


def test_neighbors_decide_between_waves_that_fit_alike() -> None:
    fits = np.zeros((1, 3, 1, 9))
    fits[0, 0, 0, 2] = fits[0, 2, 0, 2] = 5.0
    fits[0, 1, 0, [3, 8]] = 4.9, 5.0
    assert fits[0, 1, 0].argmax() == 8
    assert _agreed(fits)[0, 1, 0].argmax() == 3
    down = fits.swapaxes(0, 1)
    assert _agreed(down)[1, 0, 0].argmax() == 3


# ---- blur


@pytest.mark.parametrize("sigma", [2.0, 9.0, 16.0])
def test_a_point_is_blurred_to_the_width_asked_for(sigma: float) -> None:
    point = np.zeros((161, 161), np.float32)
    point[80, 80] = 1
    soft = blurred(point, sigma)
    place = np.arange(161) - 80
    assert soft.sum() == pytest.approx(1, rel=0.02)
    for profile in (soft.sum(axis=0), soft.sum(axis=1)):
        assert (profile @ place) / profile.sum() == pytest.approx(0, abs=0.6)
        assert np.sqrt(profile @ place**2 / profile.sum()) == pytest.approx(sigma, rel=0.08)


def test_even_paper_stays_even_and_keeps_its_channels() -> None:
    assert blurred(np.full((50, 70, 3), 4.0, np.float32), 13.0) == pytest.approx(np.full((50, 70, 3), 4.0))


# ---- without a grid


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


def test_the_nodes_of_a_plain_grid_cover_it_evenly() -> None:
    even = plain((80, 160), 8.0)
    assert even.cover.shape == (81, 2)
    assert np.unique(even.cover[:, 0]).tolist() == np.linspace(0, 160, 9).tolist()
    u, v = even.millimeters(np.array([80.0, 160.0]), np.array([40.0, 80.0]))
    assert u.tolist() == [0, 10]
    assert v.tolist() == [0, 5]
