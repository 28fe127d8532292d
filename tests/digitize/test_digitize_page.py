"""A page squared up, its ink, and what is paper: on pages whose every pixel is known."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from kalemia.digitize import ink, page
from kalemia.digitize.grid import Grid, plain
from kalemia.digitize.page import Page

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float64]


def lined(pitch: float, size: tuple[int, int] = (400, 600), every: tuple[float, float] = (5.0, 5.0)) -> Pixels:
    """Return paper with red lines every so many mm, across and down."""
    paper = np.full((*size, 3), 255, np.uint8)
    for k in range(200):
        for axis, mm in enumerate(every):
            at = round(k * mm * pitch)
            line = (slice(None), slice(at, at + 2)) if axis == 0 else (slice(at, at + 2), slice(None))
            paper[line] = (240, 150, 150)
    return paper


# ---- squaring up


@pytest.mark.parametrize(
    ("pitch", "scale"), [(5.0, 8.0), (8.0, 8.0), (8.1, 8.2), (8.9, 9.0), (10.0, 10.0), (14.0, 10.0)]
)
def test_a_squared_page_has_eight_to_ten_pixels_a_millimeter(pitch: float, scale: float) -> None:
    squared = page.square(np.full((300, 400, 3), 255, np.uint8), plain((300, 400), pitch))
    assert squared.scale == pytest.approx(scale)
    assert squared.rgb.shape[:2] == pytest.approx((300 * scale / pitch, 400 * scale / pitch), abs=1)


@pytest.mark.parametrize(("pitch", "angle"), [(8.0, 0.0), (6.0, 4.0), (16.0, -3.0)])
def test_places_go_to_the_squared_page_and_back(pitch: float, angle: float) -> None:
    squared = page.square(np.full((300, 400, 3), 255, np.uint8), plain((300, 400), pitch, angle))
    x, y = np.array([10.0, 200.0, 390.0]), np.array([290.0, 150.0, 20.0])
    back = squared.source(*squared.place(x, y))
    np.testing.assert_allclose(back, (x, y), atol=1e-9)
    across, _ = squared.place(np.array([0.0, pitch]), np.array([0.0, 0.0]))
    assert np.hypot(*np.diff(squared.place(np.array([0.0, pitch]), np.zeros(2)), axis=1)) == pytest.approx(
        squared.scale
    )
    assert across[1] > across[0]


@pytest.mark.parametrize(("pitch", "angle"), [(8.0, 0.0), (5.0, 0.0), (6.0, 4.0), (17.0, -3.0)])
def test_what_is_drawn_is_where_the_grid_says(pitch: float, angle: float) -> None:
    paper = np.full((420, 560, 3), 255, np.uint8)
    spots = np.array([(100, 120), (420, 300), (250, 200)])
    for x, y in spots:
        cv2.circle(paper, (int(x), int(y)), 8, (0, 0, 0), -1)
    squared = page.square(paper, plain((420, 560), pitch, angle))
    dark = 255.0 - squared.rgb.mean(axis=2)
    down, across = np.mgrid[0 : dark.shape[0], 0 : dark.shape[1]]
    for x, y in zip(*squared.place(spots[:, 0] + 0.5, spots[:, 1] + 0.5), strict=True):
        near = np.hypot(across - x, down - y) < 14 * squared.scale / pitch
        weight = dark * near
        assert (weight * across).sum() / weight.sum() == pytest.approx(x, abs=0.15)
        assert (weight * down).sum() / weight.sum() == pytest.approx(y, abs=0.15)


def test_what_lies_outside_the_picture_is_no_paper() -> None:
    squared = page.square(np.full((300, 400, 3), 255, np.uint8), plain((300, 400), 8.0, 20.0))
    height, width = squared.inside.shape
    corners = [squared.inside[y, x] for y, x in ((2, 2), (2, width - 3), (height - 3, 2), (height - 3, width - 3))]
    assert corners == [False] * 4
    assert squared.inside[height // 2, width // 2]
    assert squared.inside.mean() == pytest.approx(300 * 400 / (height * width), abs=0.05)


def test_a_page_goes_on_a_little_beyond_its_grid_and_is_no_larger_than_a_sheet() -> None:
    even = plain((400, 6000), 8.0)
    part = Grid(even.u, even.v, 1, even.center, 1.0, 1.0, 0.0, np.array([[1000.0, 100.0], [1800.0, 300.0]]))
    left, top, right, bottom = page._extent((400, 6000), part)
    u, v = part.millimeters(np.array([1000.0, 1800.0, 0.0]), np.array([100.0, 300.0, 400.0]))
    assert (left, right) == pytest.approx((u[0] - 14, u[1] + 14))
    assert (top, bottom) == pytest.approx((even.millimeters(np.zeros(1), np.zeros(1))[1][0], v[2]))
    left, _, right, _ = page._extent((400, 6000), even)
    assert right - left == 560


# ---- paper beside a table


def paper_of(light: NDArray[np.uint8], ruled: Floats | None = None) -> NDArray[np.bool_]:
    """Return what is paper of a picture of 1 px a mm."""
    rgb = np.repeat(light[..., None], 3, axis=2)
    places = np.zeros((2, 0)) if ruled is None else ruled
    return page._paper(rgb, np.ones(light.shape, bool), 1.0, places)


def test_a_dark_table_at_the_margin_is_no_paper_and_a_dark_spot_within_is() -> None:
    light = np.full((120, 160), 220, np.uint8)
    light[:, :20] = 60
    light[50:70, 80:110] = 60
    paper = paper_of(light)
    assert not paper[:, :20].any()
    assert not paper[5:-5, 20].any()  # its shadow
    assert paper[5:-5, 22:].all()


@pytest.mark.parametrize(("dark", "paper"), [(130, False), (134, True)])
def test_a_table_is_darker_than_six_tenths_of_the_brightest_near_it(dark: int, paper: bool) -> None:
    light = np.full((120, 160), 220, np.uint8)
    light[:, :20] = dark
    assert paper_of(light)[60, 5] == paper


def test_dark_paper_whose_lines_are_seen_is_no_table() -> None:
    light = np.full((120, 160), 220, np.uint8)
    light[:, :40] = 60
    y, x = np.mgrid[5:120:12, 5:40:12]
    assert not paper_of(light)[60, 20]
    assert paper_of(light, np.stack([x.ravel(), y.ravel()]).astype(float))[60, 20]


# ---- distortion


def page_of(rgb: Pixels, scale: float = 8.0) -> Page:
    return Page(rgb, scale, 0.0, 0.0, plain(rgb.shape[:2], scale), np.ones(rgb.shape[:2], bool))


@pytest.mark.parametrize(
    ("every", "distorted"),
    [
        ((5.0, 5.0), False),
        ((5.0, 6.5), True),
        ((3.5, 5.0), True),
        ((5.1, 4.9), False),
        ((10.0, 5.0), True),
        ((2.5, 2.5), False),
    ],
)
def test_lines_repeat_every_five_millimeters(every: tuple[float, float], distorted: bool) -> None:
    assert page.distorted(page_of(lined(8.0, every=every))) == distorted


def test_paper_without_lines_is_not_distorted() -> None:
    assert not page.distorted(page_of(np.full((400, 600, 3), 255, np.uint8)))
    noise = np.random.default_rng(3).integers(150, 255, (400, 600, 3)).astype(np.uint8)
    assert not page.distorted(page_of(noise))
    assert not page.distorted(page_of(lined(8.0, (150, 180), (6.5, 6.5)))), "too small to tell"


def test_what_repeats_is_like_itself_after_a_period() -> None:
    strip = np.tile((np.arange(600) % 40 < 4)[:, None] * np.float32(100), (1, 20))
    alike = page._repeated(strip, 8.0)
    assert len(alike) == round(12.8 * 8)
    assert alike[0] == pytest.approx(1)
    assert alike[40] == pytest.approx(1, abs=0.05)
    assert alike[20] < 0


# ---- ink


def traced(paper: Pixels, color: tuple[int, int, int] = (20, 20, 20)) -> tuple[Pixels, NDArray[np.bool_]]:
    """Return a page with a trace, and which pixels lie under the middle of its pen."""
    height, width = paper.shape[:2]
    x = np.arange(width)
    y = height / 2 + 60 * np.sin(x / 17) * np.exp(-(((x - width / 2) / 120) ** 2))
    points = np.round(np.stack([x, y], -1)).astype(np.int32)
    drawn = paper.copy()
    cv2.polylines(drawn, [points], False, color, 3, cv2.LINE_AA)
    under = np.zeros((height, width), np.uint8)
    cv2.polylines(under, [points], False, 1, 1)
    return drawn, under > 0


def far_from(under: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return np.asarray(cv2.dilate(under.astype(np.uint8), np.ones((11, 11), np.uint8)) == 0)


@pytest.mark.parametrize("color", [(20, 20, 20), (20, 20, 120), (110, 110, 110)])
@pytest.mark.parametrize("shade", [1.0, 0.55])
def test_the_trace_is_ink_and_the_grid_is_none(color: tuple[int, int, int], shade: float) -> None:
    drawn, under = traced(lined(8.0), color)
    light = np.linspace(1, shade, drawn.shape[1])[None, :, None]
    found = ink.ink(page_of((drawn * light).astype(np.uint8)))
    assert found.dtype == np.float32
    assert np.median(found[under]) > 0.7
    assert np.quantile(found[far_from(under)], 0.99) < 0.15


def test_a_grid_as_dark_as_the_trace_is_none() -> None:
    paper = lined(8.0)
    paper[(paper != 255).any(axis=2)] = (90, 90, 90)
    drawn, under = traced(paper)
    found = ink.ink(page_of(drawn))
    assert np.median(found[under]) > 0.5
    assert np.median(found[far_from(under) & (paper[..., 0] == 90)]) < 0.1


def test_blank_paper_has_no_ink() -> None:
    assert not ink.ink(page_of(np.full((400, 600, 3), 255, np.uint8))).any()


def test_what_is_wider_than_a_pen_is_no_ink_and_the_edge_of_paper_is_none() -> None:
    drawn, _ = traced(lined(8.0))
    drawn[40:110, 60:200] = 30
    found = ink.ink(page_of(drawn))
    assert found[60:90, 80:180].max() < 0.3
    sheet = page_of(drawn)
    sheet.inside[:, 560:] = False
    assert found[:, 560:].max() > 0.7
    assert ink.ink(sheet)[:, 560:].max() < 0.1


def test_what_repeats_from_cell_to_cell_is_the_grid() -> None:
    density = np.zeros((80, 80, 3), np.float32)
    density[::10] = 0.5
    density[33, 44] = 2.0
    inside = np.ones((80, 80), bool)
    grid = ink._grid(density, inside, 10)
    np.testing.assert_array_equal(grid[::10], 0.5)
    assert grid[33, 44].max() == 0
    inside[:40] = False
    density[:40] = 7
    assert ink._grid(density, inside, 10)[20].max() == pytest.approx(0.5)
    uneven = ink._grid(density[:77, :73], inside[:77, :73], 10)
    assert uneven.shape == (77, 73, 3)


@pytest.mark.parametrize(
    ("cells", "blocks"), [(3, [(0, 3)]), (16, [(0, 8), (8, 16)]), (20, [(0, 10), (10, 20)]), (1, [(0, 1)])]
)
def test_blocks_of_cells(cells: int, blocks: list[tuple[int, int]]) -> None:
    assert ink._blocks(cells) == blocks


def test_lines_over_most_of_the_page_are_removed_and_traces_are_not() -> None:
    density = np.zeros((90, 90, 3), np.float32)
    density[40, :75] = 1.0  # five sixths of the width
    density[:60, 50] = 0.8  # two thirds of the height
    ink._remove_lines(density)
    assert density[40, 10].max() == 0
    assert density[40, 80].max() == pytest.approx(-1.0)
    assert density[10, 50].min() == pytest.approx(0.8)


def test_the_color_that_tells_ink_from_grid_is_found() -> None:
    density = np.zeros((100, 100, 3), np.float32)
    rng = np.random.default_rng(4)
    density[..., 1:] = rng.uniform(0, 0.4, (100, 100, 1))  # a red grid speaks in green and blue
    density[50] = 1.0
    inside = np.ones((100, 100), bool)
    projected = ink._projected(density, inside)
    assert projected[50] == pytest.approx(np.ones(100), abs=0.02)
    assert np.delete(projected, 50, axis=0).max() < 0.15
    assert not ink._projected(np.full((50, 50, 3), 5e-4 / 3, np.float32), inside[:50, :50]).any()
    assert ink._projected(3 * density, inside).max() <= 1.2
