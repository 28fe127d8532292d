"""The grid of a page, on papers whose millimeters are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from drawn_pages import ruled
from numpy.typing import NDArray

from kalemia.digitize import carrier, grid
from kalemia.digitize.grid import Grid, plain

Floats = NDArray[np.float64]


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


def test_the_nodes_of_a_plain_grid_cover_it_evenly() -> None:
    even = plain((80, 160), 8.0)
    assert even.cover.shape == (81, 2)
    assert np.unique(even.cover[:, 0]).tolist() == np.linspace(0, 160, 9).tolist()
    u, v = even.millimeters(np.array([80.0, 160.0]), np.array([40.0, 80.0]))
    assert u.tolist() == [0, 10]
    assert v.tolist() == [0, 5]


# ---- the page and its smaller copy


def made(u: tuple[float, ...], v: tuple[float, ...], cover: list[tuple[float, float]] | None = None) -> Grid:
    degree = {3: 1, 6: 2, 10: 3}[len(u)]
    places = np.array(cover or [(400.0, 300.0)])
    return Grid(np.array(u), np.array(v), degree, (400.0, 300.0), 200.0, 1.0, 0.02, places)


EVEN = made((3.0, 40.0, 4.0), (-2.0, -6.0, 38.0), [(400, 300), (420, 500)])


@pytest.mark.parametrize(("factor", "size"), [(1, 2200), (1, 40), (4, 2200)])
def test_the_grid_is_looked_for_on_a_copy_of_2200_px(monkeypatch: pytest.MonkeyPatch, factor: int, size: int) -> None:
    page = np.random.default_rng(4).integers(0, 255, (factor * 4, factor * size, 3)).astype(np.uint8)
    seen: list[NDArray[np.uint8]] = []

    def flatten(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
        seen.append(rgb)
        return np.zeros(rgb.shape[:2], np.float32)

    monkeypatch.setattr(carrier, "flatten", flatten)
    monkeypatch.setattr(carrier, "find", lambda lines: np.eye(2) if lines.shape == (4, size) else None)
    monkeypatch.setattr(grid, "_follow", lambda lines, waves: EVEN if (waves == np.eye(2)).all() else None)
    found = grid.find(page)
    means = page.reshape(4, factor, size, factor, 3).mean(axis=(1, 3))
    assert np.abs(seen[0] - means).max() <= 0.5
    assert found is not None
    assert (found.center, found.scale) == ((400 * factor, 300 * factor), 200 * factor)
    assert found.cover.tolist() == (EVEN.cover * factor).tolist()
    assert (found.u.tolist(), found.residual) == (EVEN.u.tolist(), 0.02)


def test_what_cannot_be_followed_is_no_grid(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carrier, "find", lambda _: np.eye(2))
    page = np.zeros((60, 80, 3), np.uint8)
    for cover, there in ((np.zeros((0, 2)), False), (np.zeros((1, 2)), True)):
        monkeypatch.setattr(grid, "_follow", lambda *_, cover=cover: replace(EVEN, cover=cover))
        assert (grid.find(page) is not None) == there

    def fails(*_: object) -> Grid:
        raise np.linalg.LinAlgError

    monkeypatch.setattr(grid, "_follow", fails)
    assert grid.find(page) is None


def test_a_scan_without_a_grid_has_nothing_left() -> None:
    even = plain((60, 80), 8.0, 3.0)
    assert (even.residual, even.degree, even.center, even.scale) == (0, 1, (40, 30), 1)


# ---- from millimeters to pixels


@pytest.mark.parametrize(
    ("page", "far"),
    [
        (EVEN, 300),
        (made((3, 40, 4, 2, 1, -1.5), (-2, -6, 38, -1, 2, 1)), 300),
        (made((3, 40, 4, 2, 1, -1.5, 1, 0, 0, -1), (-2, -6, 38, -1, 2, 1, 0, 0.5, 0, 1)), 250),
    ],
)
def test_pixels_are_where_the_millimeters_are(page: Grid, far: float) -> None:
    x, y = np.meshgrid(400 + np.linspace(-far, far, 7), 300 + np.linspace(-far, far, 5))
    back = page.pixels(*page.millimeters(x, y))
    assert back[0] == pytest.approx(x, abs=1e-3)
    assert back[1] == pytest.approx(y, abs=1e-3)
    nothing = page.pixels(np.zeros((0, 3)), np.zeros((0, 3)))
    assert [axis.shape for axis in nothing] == [(0, 3), (0, 3)]


@pytest.mark.parametrize("sign", [1, -1])
def test_places_far_outside_are_come_nearer_by_eight_steps_of_a_quarter(sign: int) -> None:
    # At twice the scale u is 10 times what is linear of it: the first guess is 20 times the scale away.
    cubic = (0.0, 40.0, 0.0, 0.0, 0.0, 0.0, 90.0, 0.0, 0.0, 0.0)
    swapped = (0.0, 0.0, 40.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 90.0)
    page = made(cubic, swapped)
    far, here = np.array([sign * 800.0]), np.array([0.0])
    assert page.pixels(far, here)[0] == pytest.approx(400 + sign * 200 * (20 - 2))
    assert page.pixels(here, far)[1] == pytest.approx(300 + sign * 200 * (20 - 2))
