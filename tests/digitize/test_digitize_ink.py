"""What is darker than paper and grid, step by step, on densities whose every pixel is known."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from kalemia.digitize import ink
from kalemia.digitize.grid import plain
from kalemia.digitize.page import Page

Floats = NDArray[np.float32]
SCALE = 4.0
"""Pixels a mm at which wide things are looked for: pages of so many are not made smaller."""


def page_of(rgb: NDArray[np.uint8], scale: float = SCALE) -> Page:
    return Page(rgb, scale, 0.0, 0.0, plain(rgb.shape[:2], scale), np.ones(rgb.shape[:2], bool))


def blank(height: int, width: int) -> Floats:
    return np.zeros((height, width, 3), np.float32)


def everywhere(density: Floats) -> NDArray[np.bool_]:
    return np.ones(density.shape[:2], bool)


# ---- beside the paper around


@pytest.mark.parametrize(
    ("value", "line", "between"),
    [
        (20, 2.546, 0.0),
        (3, 4.155, 0.0),  # what is nearly black is noise
        (178, 0.359, 0.0),
        (181, 0.257, -0.086),  # so pale that it may be paper: it counts among what is around
        (220, 0.111, -0.037),
    ],
)
def test_density_is_beside_the_paper_between_lines(value: int, line: float, between: float) -> None:
    rgb = np.full((160, 160, 3), 255, np.uint8)
    rgb.reshape(160, 40, 4, 3)[:, :, 2] = value
    density = ink._density(page_of(rgb))
    assert density[80, 82] == pytest.approx(np.full(3, line), abs=0.004)
    assert density[80, 80] == pytest.approx(np.full(3, between), abs=0.004)


def test_each_channel_has_its_own_density() -> None:
    rgb = np.full((80, 80, 3), 200, np.uint8)
    rgb[40] = (200, 100, 50)
    assert ink._density(page_of(rgb))[40, 40] == pytest.approx(np.log([1, 2, 4]), abs=0.03)


def test_a_shadow_has_no_density_and_the_ink_in_it_has_its_own() -> None:
    light = np.linspace(255, 100, 200)[None, :, None] * np.ones((120, 1, 3))
    light[60] *= 0.25
    density = ink._density(page_of(light.astype(np.uint8)))
    assert np.abs(density[20:40, 20:180]).max() < 0.06
    assert density[60, 20:180] == pytest.approx(np.full((160, 3), np.log(4)), abs=0.06)


def test_what_lies_outside_has_no_density_and_does_not_count_among_what_is_around() -> None:
    rgb = np.full((120, 120, 3), 255, np.uint8)
    rgb[:, 60::4] = 190
    page = page_of(rgb)
    assert ink._density(page)[60, 59].max() < -0.02
    page.inside[:, 60:] = False
    density = ink._density(page)
    assert not density[:, 60:].any()
    assert np.abs(density[:, :60]).max() < 1e-3


def test_the_edge_of_the_paper_has_no_density() -> None:
    rgb = np.full((120, 120, 3), 255, np.uint8)
    rgb[:, 100:] = 60
    page = page_of(rgb)
    page.inside[:, 110:] = False
    assert not ink._density(page)[:, 99:103].any()


# ---- what is wider than ink


@pytest.mark.parametrize(("side", "wide"), [(11, 0.0), (12, 1.0)])
@pytest.mark.parametrize("scale", [4.0, 8.0])
def test_what_is_three_millimeters_wide_is_no_ink(side: int, wide: float, scale: float) -> None:
    side, middle = round(side * scale / 4), round(80 * scale / 4)
    density = blank(2 * middle, 3 * middle)
    block = np.s_[middle : middle + side, middle : middle + side]
    density[block] = 1.0
    density[5] = 1.0
    found, edge = ink._wide(density, everywhere(density), scale)
    assert found.shape == density.shape
    assert edge.shape == density.shape[:2]
    inner = slice(middle + side // 4, middle + side - side // 4)
    assert found[inner, inner].min() == found[inner, inner].max() == wide
    assert found[:20].max() == 0
    assert not edge.any()


@pytest.mark.parametrize(
    ("step", "outside", "columns"),
    [
        (0.41, 131, [99, 100, 101, 102]),
        (0.39, 131, []),
        (0.41, 132, [100, 101, 102]),  # more than 8 mm from what is no paper it is something printed
        (0.41, 134, [102]),
        (0.41, 135, []),
    ],
)
def test_the_paper_ends_where_what_is_wide_changes_near_what_is_no_paper(
    step: float, outside: int, columns: list[int]
) -> None:
    density = blank(100, 200)
    density[:, 100:, 1] = step
    inside = everywhere(density)
    inside[:, outside:] = False
    edge = ink._wide(density, inside, SCALE)[1]
    assert [np.flatnonzero(row).tolist() for row in edge[::33]] == [columns] * 4


# ---- what repeats


def lattice(height: int, width: int) -> Floats:
    """Return lines and dots, of another color each, that repeat every ten pixels."""
    density = blank(height, width)
    density[3::10] = 0.5, 0.1, 0.0
    density[:, 7::10] = 0.2, 0.4, 0.6
    density[5::10, 5::10] = 0.9
    return density


@pytest.mark.parametrize("size", [(80, 80), (77, 73), (71, 89), (200, 40), (10, 10), (14, 33)])
def test_whatever_repeats_is_the_grid(size: tuple[int, int]) -> None:
    density = lattice(*size)
    np.testing.assert_array_equal(ink._grid(density, everywhere(density), 10), density)


def test_each_block_of_the_page_has_its_own_grid() -> None:
    density = lattice(170, 160)
    density[80:] *= 2
    density[:, 80:] *= 3
    np.testing.assert_array_equal(ink._grid(density, everywhere(density), 10), density)


def test_only_cells_that_are_mostly_paper_tell_the_grid() -> None:
    density = blank(10, 34)
    density[:, :10], density[:, 10:20], density[:, 20:30], density[:, 30:] = 1.0, 2.0, 4.0, 8.0
    inside = everywhere(density)
    inside[:, :10] = False
    assert ink._grid(density, inside, 10).max() == ink._grid(density, inside, 10).min() == 3.0
    inside[:5, 20:30] = False  # just half of it
    assert ink._grid(density, inside, 10).max() == 2.0
    inside[0, 20] = inside[5, 20] = True
    assert ink._grid(density, inside, 10).max() == 3.0
    inside[:] = False
    assert ink._grid(density, inside, 10).max() == 1.0  # there is none: then that of any cell is as good


@pytest.mark.parametrize(("inked", "left"), [(207, 0.8), (210, 0.0)])
@pytest.mark.parametrize("axis", [0, 1])
def test_what_runs_over_seven_tenths_is_a_line(inked: int, left: float, axis: int) -> None:
    density = blank(300, 40) if axis == 0 else blank(40, 300)
    along = density if axis == 0 else density.swapaxes(0, 1)
    along[:inked, 20] = 0.8
    along[:, 30] = -0.5
    ink._remove_lines(density)
    assert along[0, 20] == pytest.approx(np.full(3, left))
    assert along[0, 30] == pytest.approx(np.full(3, -0.5))
    assert not along[:, 10].any()


# ---- the color of ink


def projected(density: Floats) -> Floats:
    return ink._projected(density, everywhere(density))


def inked(color: tuple[float, float, float]) -> Floats:
    """Return paper without grid, and a trace of one color over a fiftieth of it."""
    density = blank(100, 100)
    density[50:52] = color
    return density


@pytest.mark.parametrize(
    ("pixel", "value"),
    [
        ((1.0, 0.5, 0.0), 1.0),
        ((0.5, 0.25, 0.0), 0.5),
        ((1.0, 0.0, 0.0), 0.8),
        ((0.0, 1.0, 0.0), 0.4),
        ((0.0, 0.0, 1.0), 0.0),
        ((0.0, 0.0, -1.0), 0.0),
        ((-1.0, -1.0, 0.0), 0.0),
        ((1.15, 0.575, 0.0), 1.15),
        ((3.0, 0.0, 0.0), 1.2),
    ],
)
def test_without_a_grid_the_color_of_the_trace_tells_ink(pixel: tuple[float, float, float], value: float) -> None:
    density = inked((1.0, 0.5, 0.0))
    density[11, 11] = pixel
    assert projected(density)[11, 11] == pytest.approx(value, abs=1e-5)


@pytest.mark.parametrize(
    ("trace", "grid", "weights"),
    [
        (1.0, 0.4, (0.0377, 0.481, 0.481)),
        (0.1, 0.06, (0.139, 0.430, 0.430)),
        (1.0, 1.2, (1 / 3, 1 / 3, 1 / 3)),  # what is more than a third as dark as the trace is not of the grid
    ],
)
def test_a_channel_in_which_the_grid_speaks_weighs_less(
    trace: float, grid: float, weights: tuple[float, float, float]
) -> None:
    density = inked((trace, trace, trace))
    density[:50:4, :, 0] = density[52::4, :, 0] = grid
    for k in range(3):
        density[11, 10 + k] = np.eye(3)[k] * trace
    assert projected(density)[11, 10:13] == pytest.approx(weights, abs=0.004)


def test_no_channel_speaks_against_ink() -> None:
    density = inked((1.0, 1.0, 0.2))
    density[:50:4, :, 1:] = density[52::4, :, 1:] = 0.3  # green and blue together, so that blue would count against
    density[11, 11:14] = (1, 0, 0), (0, 1, 0), (0, 0, 1)
    red, green, blue = projected(density)[11, 11:14]
    assert blue == 0
    assert red + green == pytest.approx(1.0, abs=1e-5)
    assert 0.2 < green < 0.4


def test_what_lies_outside_does_not_tell_the_color() -> None:
    density = inked((1.0, 0.5, 0.0))
    density[:20] = 0.0, 0.0, 5.0
    inside = everywhere(density)
    inside[:20] = False
    assert ink._projected(density, inside)[50, 50] == pytest.approx(1.0, abs=1e-5)
    assert projected(density)[50, 50] == 0


@pytest.mark.parametrize(("total", "seen"), [(0.0011, True), (0.0009, False)])
def test_the_darkest_of_blank_paper_is_no_ink(total: float, seen: bool) -> None:
    found = projected(inked((total / 3, total / 3, total / 3)))
    assert found.dtype == np.float32
    assert found.shape == (100, 100)
    assert bool(found.any()) == seen


@pytest.mark.parametrize(("pixels", "trace_seen"), [(10, False), (9, True)])
def test_four_in_a_thousand_pixels_tell_the_color(pixels: int, trace_seen: bool) -> None:
    density = blank(100, 100)
    density[50] = 1.0, 1.0, 0.0
    density[20, : 2 * pixels : 2] = 0.0, 0.0, 5.0
    assert (projected(density)[50, 50] > 0.5) == trace_seen
