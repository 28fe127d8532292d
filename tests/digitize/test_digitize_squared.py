"""What is paper of a squared page and whether its lines repeat: limits, millimeter by millimeter."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from kalemia.digitize import page
from kalemia.digitize.grid import Grid, plain

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]

LIGHT, DARK = 220, 60


def paper(light: NDArray[np.uint8], *ruled: tuple[float, float], inside: Bools | None = None) -> Bools:
    """Return what is paper of a picture of 1 px a mm whose lines are seen at places, x and y."""
    rgb = np.repeat(light[..., None], 3, axis=2)
    places = np.array(ruled, float).reshape(-1, 2).T
    return page._paper(rgb, np.ones(light.shape, bool) if inside is None else inside, 1.0, places)


def beside(width: int, dark: int = DARK, light: int = LIGHT) -> NDArray[np.uint8]:
    """Return a page whose left is dark for so many mm."""
    picture = np.full((100, 140), light, np.uint8)
    picture[:, :width] = dark
    return picture


def test_what_is_dark_for_a_millimeter_at_the_edge_is_no_table() -> None:
    for edge in (np.s_[:, :1], np.s_[:, -1:], np.s_[:1], np.s_[-1:]):
        picture = beside(0)
        picture[edge] = DARK
        assert paper(picture).all()
    assert not paper(beside(3))[50, :4].any()
    assert paper(beside(3))[50, 4:].all()


def test_a_bright_color_is_no_table() -> None:
    rgb = np.full((100, 140, 3), LIGHT, np.uint8)
    rgb[:, :30, :2] = DARK  # blue
    assert page._paper(rgb, np.ones((100, 140), bool), 1.0, np.zeros((2, 0))).all()


def test_paper_is_held_against_what_is_bright_within_thirty_millimeters() -> None:
    picture = beside(30, dark=100, light=160)  # dark enough beside 220, not beside 160
    assert paper(picture).all()
    picture[:, 45:60] = 220
    assert np.flatnonzero(~paper(picture)[50]).tolist() == [*range(14, 31)]  # with a millimeter of shadow


def test_the_outside_is_no_paper_and_what_is_dark_beside_it_is_a_table() -> None:
    inside = np.ones((100, 140), bool)
    inside[:, :20] = False
    picture = beside(0)
    picture[40:60, 20:40] = DARK
    found = paper(picture, inside=inside)
    assert not found[50, :41].any()
    assert found[30, 22:].all()
    assert found[50, 42:].all()


@pytest.mark.parametrize(
    ("ruled", "kept"),
    [
        ((15, 50), np.s_[45:56, 10:21]),  # six to each side, less a millimeter of shadow
        ((15.4, 49.6), np.s_[45:56, 10:21]),
        ((-5, 50), np.s_[45:56, :6]),
        ((15, 104), np.s_[94:, 10:21]),
        ((15, -9), np.s_[:6, 10:21]),
    ],
)
def test_dark_paper_is_paper_about_the_places_where_its_lines_are_seen(
    ruled: tuple[float, float], kept: tuple[slice, slice]
) -> None:
    expected = np.zeros((100, 29), bool)
    expected[kept] = True
    np.testing.assert_array_equal(paper(beside(30), ruled)[:, :29], expected)


@pytest.mark.parametrize(("apart", "one"), [(27, True), (28, False)])
def test_lines_no_further_apart_than_27_mm_are_of_one_paper(apart: int, one: bool) -> None:
    above = np.full((100, 140), LIGHT, np.uint8)
    above[:30] = DARK
    kept = np.flatnonzero(paper(above, (50, 15), (50 + apart, 15))[15])
    ends = [*range(45, 56 + apart)]
    assert kept.tolist() == (ends if one else [*ends[:11], *ends[-11:]])


def test_dark_paper_is_paper_where_its_grid_is_followed() -> None:
    picture = np.full((480, 640, 3), LIGHT, np.uint8)
    picture[:, :200] = DARK
    even = plain((480, 640), 8.0)
    assert page.square(picture, even).inside.all()
    bare = Grid(even.u, even.v, 1, even.center, 1.0, 1.0, 0.0, even.cover[even.cover[:, 0] > 100])
    assert not page.square(picture, bare).inside[:, :40].any()


# ---- lines that repeat


def alike(**peaks: float) -> Floats:
    """Return how like itself a profile is at 8 px a mm: as much as is stated at these px."""
    values = np.zeros(102)
    for at, much in peaks.items():
        values[int(at.removeprefix("at"))] = much
    return values


@pytest.mark.parametrize(
    ("peaks", "elsewhere"),
    [
        ({"at39": 0.5}, False),
        ({"at41": 0.5}, False),
        ({"at38": 0.5}, True),  # 4.75 mm
        ({"at42": 0.5}, True),  # 5.25 mm
        ({"at38": 0.4}, False),  # not clearly
        ({"at38": 0.41}, True),
        ({"at38": 0.5, "at40": 0.23}, False),
        ({"at38": 0.5, "at40": 0.22}, True),
        ({"at16": 0.5}, True),
        ({"at15": 0.5}, False),  # nearer than 2 mm: the lines' own width
        ({"at98": 0.5}, True),
        ({"at99": 0.5}, False),
    ],
)
def test_where_lines_repeat(monkeypatch: pytest.MonkeyPatch, peaks: dict[str, float], elsewhere: bool) -> None:
    strips: list[tuple[int, ...]] = []

    def repeated(strip: NDArray[np.float32], scale: float) -> Floats:
        assert scale == 8
        strips.append(strip.shape)
        return alike(**peaks)

    monkeypatch.setattr(page, "_repeated", repeated)
    assert page._elsewhere(np.zeros((30, 80), np.float32), 8.0) == elsewhere
    assert strips == [(30, 20)] * 4


def test_strips_are_averaged(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([alike(at38=0.9), alike(at38=0.9), alike(), alike()])
    monkeypatch.setattr(page, "_repeated", lambda *_: next(answers))
    assert page._elsewhere(np.zeros((30, 80), np.float32), 8.0)
    answers = iter([alike(at38=0.9), alike(), alike(), alike()])
    assert not page._elsewhere(np.zeros((30, 80), np.float32), 8.0)


def test_a_strip_must_be_two_of_the_longest_distances_long() -> None:
    lines = np.tile((np.arange(300) % 40 < 4)[:, None] * np.float32(100), (1, 3))
    assert not page._repeated(lines[:203], 8.0).any()
    assert page._repeated(lines[:204], 8.0)[40] > 0.9


def test_one_black_bar_does_not_hide_what_repeats_and_slow_shadows_do_not_repeat() -> None:
    lines = np.tile((np.arange(600) % 40 < 4)[:, None] * np.float32(10), (1, 3))
    for bar in (-100, 100):
        lines[300:304] = bar
        assert page._repeated(lines, 8.0)[40] > 0.5
    shadow = np.linspace(0, 300, 600)[:, None].astype(np.float32)
    even = np.tile((np.arange(600) % 40 < 4)[:, None] * np.float32(10), (1, 3))
    assert page._repeated(even + shadow, 8.0)[40] == pytest.approx(page._repeated(even, 8.0)[40], abs=0.1)
