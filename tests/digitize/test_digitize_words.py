"""Words of ink beside rows: the sizes that letters have, how close they stand, and what makes a word not whole."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from made import like, paths
from numpy.typing import NDArray

from kalemia.digitize import label, letters
from kalemia.digitize.label import Label

SCALE = 10.0
Box = tuple[int, int, int, int]
"""Left, top, width and height, px."""


def words(*boxes: Box, ink: float = 1.0) -> list[Label]:
    """Return the words that are read where these boxes are full of ink."""
    page = paths([np.full(400, 290.0)], 300, on=[np.zeros(400)])
    for left, top, width, height in boxes:
        page.sure[top : top + height, left : left + width] = ink
    return label.read(page, SCALE)


def place(word: Label) -> tuple[float, float, float]:
    return word.x, word.y, word.height


@pytest.mark.parametrize(
    ("width", "height", "read"),
    [(20, 10, False), (20, 11, True), (20, 54, True), (20, 55, False), (120, 54, True), (122, 54, False)],
)
def test_letters_are_so_large(width: int, height: int, read: bool) -> None:
    found = words((60, 100, width, height))
    assert [place(word) for word in found] == ([(60.0, 100 + height / 2, height)] if read else [])


def test_what_is_half_ink_and_less_is_none() -> None:
    assert words((60, 100, 20, 30), ink=0.5) == []
    assert len(words((60, 100, 20, 30), ink=0.6)) == 1


@pytest.mark.parametrize(("height", "belongs"), [(6, False), (7, True)])
def test_a_low_piece_belongs_to_a_word_where_it_may_be_of_a_letter(height: int, belongs: bool) -> None:
    (word,) = words((60, 100, 20, 30), (84, 120, 2, height))
    (alone,) = words((60, 100, 20, 30))
    assert word.whole == belongs
    assert np.array_equal(word.likeness, alone.likeness) != belongs


@pytest.mark.parametrize(
    ("beside", "whole"),
    [
        ((0, 0, 1, 130), False),
        ((0, 0, 2, 130), False),
        ((20, 0, 2, 110), False),
        ((19, 0, 3, 100), True),  # above
        ((48, 0, 2, 110), False),
        ((58, 0, 2, 110), True),
    ],
)
def test_a_word_is_whole_where_nothing_but_letters_is_near(beside: Box, whole: bool) -> None:
    (word,) = words((5, 100, 10, 30), (24, 100, 12, 30), beside)
    assert place(word) == (5, 115, 30)
    assert word.whole == whole


def test_a_pattern_of_letters_is_no_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(label, "MOST_LETTERS", 3)
    apart = [(60 + 100 * k, 100, 20, 30) for k in range(3)]
    assert [word.x for word in words(*apart)] == [60, 160, 260]
    assert words(*apart, (60, 200, 20, 30)) == []


@pytest.mark.parametrize(
    ("some", "bounds"),
    [
        ([(100, 500, 10, 20), (118, 500, 10, 20)], [(100, 500, 128, 520)]),
        ([(100, 500, 10, 20), (119, 500, 10, 20)], [(100, 500, 110, 520), (119, 500, 129, 520)]),
        ([(100, 500, 10, 20), (122, 500, 10, 30)], [(100, 500, 132, 530)]),  # the taller letter's height counts
        ([(100, 500, 10, 20), (112, 505, 10, 20)], [(100, 500, 122, 525)]),
        ([(100, 500, 10, 20), (112, 506, 10, 20)], [(100, 500, 110, 520), (112, 506, 122, 526)]),
        ([(100, 505, 10, 20), (112, 500, 10, 20)], [(100, 500, 122, 525)]),
        ([(100, 500, 40, 20), (112, 500, 10, 20), (148, 500, 10, 20)], [(100, 500, 158, 520)]),
        ([(100, 500, 10, 9)], [(100, 500, 110, 509)]),
        ([(100, 500, 10, 8)], []),
        ([(100, 500, 71, 16)], [(100, 500, 171, 516)]),
        ([(100, 500, 72, 16)], []),
    ],
)
def test_how_close_letters_of_a_word_stand(some: Sequence[Box], bounds: Sequence[Box]) -> None:
    assert [word[:4] for word in label._words(np.array(some), 9.0)] == bounds


@pytest.mark.parametrize(
    ("x", "y", "along"),
    [
        (230.0, 100.0, False),  # a label of the row's first lead begins so far right at most
        (231.0, 100.0, True),
        (231.0, 240.0, False),
        (231.0, 239.0, True),
        (231.0, -40.0, False),
        (231.0, -39.0, True),
    ],
)
def test_from_where_on_and_how_near_a_name_stands_along_a_row(x: float, y: float, along: bool) -> None:
    word = Label(x, y, 20.0, like("V4"), whole=True)
    assert label.along([word], 50.0, np.array([100.0, 900.0]), SCALE) == (["V4"] if along else [])


# ---- letters


def drawn(*boxes: Box, size: tuple[int, int]) -> NDArray[np.float32]:
    picture = np.zeros(size, np.float32)
    for left, top, width, height in boxes:
        picture[top : top + height, left : left + width] = 1
    return picture


def field(word: NDArray[np.float32], stretch: float = 1.0) -> NDArray[np.float32]:
    """Return a word on its field, whose ink is above 0."""
    return letters._normal(word, stretch).reshape(letters.HEIGHT + 2 * letters.EDGE, letters.WIDTH + 2 * letters.EDGE)


@pytest.mark.parametrize(
    ("size", "stretch", "width"),
    [((32, 32), 1.0, 16), ((32, 32), 0.75, 12), ((32, 16), 1.5, 12), ((16, 44), 1.0, 44), ((16, 90), 1.0, 44)],
)
def test_a_word_stands_at_the_left_of_its_field_as_wide_as_it_is(
    size: tuple[int, int], stretch: float, width: int
) -> None:
    found = field(np.ones(size, np.float32), stretch)
    half = (found.max() + found.min()) / 2
    assert np.flatnonzero(found[11] > half).tolist() == [*range(3, 3 + width)]
    assert np.flatnonzero(found[:, 3 + width // 2] > half).tolist() == [*range(3, 19)]


def test_the_narrowest_and_the_emptiest_word_have_a_field() -> None:
    assert np.isfinite(field(np.ones((200, 1), np.float32))).all()
    assert not field(np.zeros((16, 16), np.float32)).any()
    blurred = field(np.ones((200, 1), np.float32))[11, 1:6]
    assert blurred == pytest.approx(blurred[::-1])  # one pixel wide
    assert (np.diff(blurred) != 0).all()


def test_fine_lines_are_averaged() -> None:
    lines = np.zeros((64, 64), np.float32)
    lines[:, ::4] = 1
    assert (field(lines)[11, 5:17] > 0).all()


def test_a_picture_is_cut_to_its_ink() -> None:
    picture = drawn((3, 4, 5, 6), (20, 12, 2, 3), size=(30, 40)) * 100
    assert letters._cut(picture).shape == (11, 19)
    picture[28, 38] = 30  # less than a third of the darkest is none
    assert letters._cut(picture).shape == (11, 19)
    picture[28, 38] = 31
    assert letters._cut(picture).shape == (25, 36)
    assert letters._cut(picture)[0, 0] == 100


def test_a_picture_is_framed_20_px_from_the_corner() -> None:
    framed = letters._framed(np.full((30, 50), 7, np.float32))
    assert framed.shape == (120, 440)
    assert (framed[20:50, 20:70] == 7).all()
    assert framed.sum() == 7 * 30 * 50


def test_names_are_drawn_in_ten_fonts_two_of_them_slanted() -> None:
    bars = letters._drawn("I")
    assert len(bars) == 10
    for picture in bars:
        assert picture.max() > 200
        assert 36 < picture.shape[0] < 52
    shapes = [picture.shape for picture in bars[:3]]
    assert shapes[1] == (shapes[0][0] + 4, shapes[0][1] + 4)  # bolder by two pixels on each side
    assert shapes[2] == (shapes[0][0] + 8, shapes[0][1] + 8)
    for upright, slanted in zip(bars[:2], bars[8:], strict=True):
        assert slanted.shape[0] == pytest.approx(upright.shape[0], abs=1)
        assert slanted.shape[1] - upright.shape[1] == pytest.approx(0.2 * upright.shape[0], abs=2)
        top, bottom = (np.flatnonzero(slanted[row] > 100).mean() for row in (2, -3))
        assert top > bottom  # to the right, as italics are


def test_each_name_is_held_against_its_spellings() -> None:
    templates, owner = letters._templates()
    assert templates.shape == (len(owner), 22 * 50)
    counts = {name: int((owner == k).sum()) for k, name in enumerate(letters.NAMES)}
    assert counts["I"] == counts["V1"] == 40  # fonts and widths
    assert counts["aVR"] == counts["V3R"] == counts["-aVR"] == 80  # AVR, V3r
    assert np.linalg.norm(templates, axis=1) == pytest.approx(1, abs=1e-4)
