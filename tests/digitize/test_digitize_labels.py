"""Names of leads: letters by their shape, words among ink, and the cells that they name."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from made import like, paths
from numpy.typing import NDArray

from kalemia.digitize import cells, label, letters
from kalemia.digitize.cells import Cell, Named
from kalemia.digitize.label import Label
from kalemia.digitize.letters import NAMES
from kalemia.digitize.trace import Paths
from kalemia.records import LEADS
from printed import brush

SCALE = 8.0
CENTERS = np.array([100.0, 300.0, 500.0])


# ---- letters


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("font", ["italic", "narrow"])
def test_a_name_is_most_like_itself(name: str, font: brush.Font) -> None:
    word = brush.letters(name, 20.0, font)
    rows, columns = np.flatnonzero(word.max(axis=1) > 0.3), np.flatnonzero(word.max(axis=0) > 0.3)
    likeness = letters.likeness(word[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])
    assert likeness.shape == (len(NAMES),)
    assert NAMES[int(likeness.argmax())] == name
    assert likeness.max() > 0.75


def test_a_word_is_brought_to_one_size_of_mean_0_and_length_1() -> None:
    small, large = (
        letters._normal(np.ones((8, 6), np.float32), 1.0),
        letters._normal(np.ones((32, 24), np.float32), 1.0),
    )
    np.testing.assert_allclose(small, large, atol=1e-5)
    assert small.mean() == pytest.approx(0, abs=1e-6)
    assert np.linalg.norm(small) == pytest.approx(1, abs=1e-5)
    wide = letters._normal(np.ones((16, 400), np.float32), 1.0).reshape(22, 50)
    assert (wide[11, 5:45] > 0).all()  # no wider than the field
    assert (wide[11, [0, -1]] < 0).all()


# ---- words


def page_of(words: Sequence[tuple[str, int, int]], height: float = 20.0) -> Paths:
    """Return three rows of trace with words at places (left, middle), px."""
    rows = paths([np.full(900, center) for center in CENTERS], 600)
    for text, left, middle in words:
        word = brush.letters(text, height, "bold")
        top = middle - word.shape[0] // 2
        part = rows.sure[top : top + word.shape[0], left : left + word.shape[1]]
        np.maximum(part, word, out=part)
    return rows


def test_words_beside_rows_are_read_with_their_places() -> None:
    read = label.read(page_of([("V2", 60, 60), ("aVF", 400, 260)]), SCALE)
    assert [(word.name, word.whole) for word in read] == [("V2", True), ("aVF", True)]
    assert [word.x for word in read] == pytest.approx([60, 400], abs=4)
    assert [word.y for word in read] == pytest.approx([60, 260], abs=4)
    assert [word.height for word in read] == pytest.approx([20, 20], abs=3)


def test_a_word_that_a_trace_may_cut_is_not_whole() -> None:
    for gap, whole in ((9, False), (16, True)):
        rows = page_of([("V2", 60, 60)])
        (free,) = label.read(rows, SCALE)
        right = 60 + brush.letters("V2", 20.0, "bold").shape[1]
        rows.sure[20:101, right + gap : right + gap + 3] = 1  # a QRS
        (word,) = label.read(rows, SCALE)
        assert free.whole
        assert word.whole is whole


def test_what_is_too_large_too_small_or_a_pattern_is_no_word() -> None:
    assert label.read(page_of([("V2", 60, 60)], height=50.0), SCALE) == []
    assert label.read(page_of([("V2", 60, 60)], height=6.0), SCALE) == []
    dots = paths([np.full(900, 30.0)], 900)
    dots.sure[60:, ::6] = 1
    dots.sure[60::12] = dots.sure[61::12] = dots.sure[62::12] = dots.sure[63::12] = dots.sure[64::12] = 0
    assert label.read(dots, SCALE) == []


def boxes(*some: tuple[int, int, int, int]) -> NDArray[np.int_]:
    return np.array(some)


@pytest.mark.parametrize(
    ("some", "words"),
    [
        (boxes((0, 0, 10, 16), (14, 0, 8, 16)), [(0, 0, 22, 16, [0, 1])]),
        (boxes((14, 0, 8, 16), (0, 0, 10, 16)), [(0, 0, 22, 16, [1, 0])]),
        (boxes((0, 0, 10, 16), (18, 0, 8, 16)), [(0, 0, 10, 16, [0]), (18, 0, 26, 16, [1])]),  # a gap
        (boxes((0, 0, 10, 16), (12, 20, 8, 16)), [(0, 0, 10, 16, [0]), (12, 20, 20, 36, [1])]),  # another line
        (boxes((0, 0, 10, 16), (12, 4, 8, 16)), [(0, 0, 20, 20, [0, 1])]),
        (boxes((0, 0, 80, 16)), []),  # wider than a name is
        (boxes((0, 0, 10, 8)), []),  # lower than a letter is
    ],
)
def test_letters_close_together_on_a_line_are_a_word(
    some: NDArray[np.int_], words: list[tuple[int, int, int, int, list[int]]]
) -> None:
    assert label._words(some, 9.0) == words


def word(name: str, x: float, y: float, *, sure: float = 0.95, height: float = 20.0, whole: bool = True) -> Label:
    return Label(x, y, height, like(name, sure), whole)


@pytest.mark.parametrize(
    ("likeness", "clear"),
    [
        ({"V3": 0.9}, True),
        ({"V8": 0.9, "V3": 0.83}, True),
        ({"V8": 0.9, "V3": 0.85}, False),
        ({"V3": 0.9, "V8": 0.89}, True),
    ],
)
def test_a_rare_name_must_be_clear(likeness: dict[str, float], clear: bool) -> None:
    values = np.full(len(NAMES), 0.1, np.float32)
    for name, much in likeness.items():
        values[NAMES.index(name)] = much
    read = Label(0.0, 0.0, 20.0, values, whole=True)
    assert read.clear is clear
    assert read.name == max(likeness, key=lambda name: likeness[name])
    assert read.sure == pytest.approx(max(likeness.values()))


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ([word("V4", 300, 90)], ["V4"]),
        ([word("V4", 140, 90)], []),  # the row's own label
        ([word("V4", 143, 90)], []),
        ([word("V4", 146, 90)], ["V4"]),
        ([word("V4", 300, 215)], ["V4"]),
        ([word("V4", 300, 200 + 213)], ["V4"]),
        ([word("V4", 300, 90, sure=0.79)], []),
        ([word("II", 300, 90)], []),
        ([word("V4", 300, 90, whole=False)], []),
        ([word("V4", 300, 90, whole=False), word("V5", 600, 90, whole=False)], ["V4", "V5"]),
    ],
)
def test_names_along_rows(words: list[Label], names: list[str]) -> None:
    assert label.along(words, 0.0, CENTERS, SCALE) == names


def test_a_word_far_from_every_row_is_along_none() -> None:
    assert label.along([word("V4", 300, 100 - 14 * SCALE - 1)], 0.0, CENTERS, SCALE) == []
    assert label.along([word("V4", 300, 100 - 14 * SCALE + 1)], 0.0, CENTERS, SCALE) == ["V4"]


# ---- cells

CELLS = [Cell(left, row, 24.0) for left in (50.0, 450.0) for row in (0, 1, 2)]


def in_cells(*words: Label) -> list[list[str]]:
    return [[read.name for read in some] for some in cells.in_cells(list(words), CELLS, CENTERS, SCALE)]


def test_a_label_belongs_to_the_cell_at_whose_left_end_it_stands() -> None:
    named = in_cells(word("V1", 60, 90), word("V5", 455, 310), word("aVR", 27, 510), word("V3", 121, 90))
    assert named == [["V1", "V3"], [], ["aVR"], [], ["V5"], []]
    assert in_cells(word("V1", 26, 90), word("V1", 122, 90)) == [[]] * 6
    assert in_cells(word("V1", 26.5, 90), word("V1", 121.5, 90)) == [["V1", "V1"], *[[]] * 5]


def test_labels_of_a_page_have_one_height() -> None:
    low, high = word("V2", 60, 290, height=16.2), word("V3", 60, 490, height=24.8)
    assert in_cells(word("V1", 60, 90), low, high)[:3] == [["V1"], ["V2"], ["V3"]]
    low, high = word("V2", 60, 290, height=15.8), word("V3", 60, 490, height=25.2)
    assert in_cells(word("V1", 60, 90), word("V4", 460, 90), low, high)[:3] == [["V1"], [], []]


def test_a_bar_is_a_name_where_others_of_its_column_begin() -> None:
    beside = word("V2", 60, 290)
    assert in_cells(word("I", 60, 90), beside)[0] == ["I"]
    assert in_cells(word("I", 71, 90), beside)[0] == ["I"]
    assert in_cells(word("I", 73, 90), beside)[0] == []  # further right than the label below
    assert in_cells(word("I", 60, 121), beside)[0] == ["I"]
    assert in_cells(word("I", 60, 123), beside)[0] == []  # lower beside its row than that
    assert in_cells(word("III", 60, 90), word("V2", 460, 290))[0] == []
    assert in_cells(word("III", 60, 90), word("I", 60, 290), word("V2", 460, 290))[0] == []  # an I may be anything
    assert in_cells(word("III", 60, 90), word("II", 60, 290))[:2] == [["III"], ["II"]]


def test_without_any_name_that_is_sure_there_is_none() -> None:
    assert in_cells(word("V1", 60, 90, sure=0.75)) == [[]] * 6
    assert in_cells(word("I", 60, 90)) == [[]] * 6


def test_a_bar_alone_in_its_column_is_a_name_but_for_one_stroke() -> None:
    row = [Cell(50.0, 0, 24.0)]
    for name, sure, kept in (("II", 0.76, 1), ("III", 0.76, 1), ("II", 0.75, 0), ("I", 0.76, 0)):
        found = cells.in_cells([word(name, 60, 90, sure=sure)], row, CENTERS[:1], SCALE)
        assert [read.name for read in found[0]] == [name] * kept
    both = cells.in_cells([word("II", 60, 90), word("I", 90, 90)], row, CENTERS[:1], SCALE)
    assert [read.name for read in both[0]] == ["II"]


def named(*some: Label | None, names: Sequence[str] = LEADS[:6], rows: int = 3) -> Named:
    return cells.named([[] if read is None else [read] for read in some], names, rows)


SIX = [word(name, 60, 90) for name in LEADS[:6]]
LIMB = frozenset(LEADS[:6])


def test_labels_confirm_the_names_of_a_layout_column_by_column() -> None:
    assert named(*SIX) == Named(3, (3, 3), (), LIMB)
    assert named(None, *SIX[1:5], None) == Named(3, (2, 2), (), LIMB - {"I", "aVF"})
    assert named(*SIX, rows=6) == Named(6, (6,), (), LIMB)
    with pytest.raises(ValueError, match="longer"):
        named(*SIX[:5])


def test_a_certain_whole_word_that_is_another_name_contradicts() -> None:
    other = word("V6", 60, 90)
    assert named(other, *SIX[1:]) == Named(3, (2, 3), ("I",), LIMB - {"I"})
    assert named(word("V6", 60, 90, whole=False), *SIX[1:]).contradicted == ()
    assert named(word("V6", 60, 90, sure=0.79), *SIX[1:]).contradicted == ()
    assert named(SIX[0], word("III", 60, 90), *SIX[2:]) == Named(3, (2, 3), (), LIMB - {"II"})  # a bar may be anything
    near = Label(60.0, 90.0, 20.0, np.maximum(like("V6", 0.9), like("I", 0.79)), whole=True)
    assert named(near, *SIX[1:]) == Named(3, (2, 3), (), LIMB - {"I"})
    nearer = Label(60.0, 90.0, 20.0, np.maximum(like("V6", 0.9), like("I", 0.88)), whole=True)
    assert named(nearer, *SIX[1:]) == Named(3, (3, 3), (), LIMB)
    poor = Label(60.0, 90.0, 20.0, like("I", 0.59), whole=True)
    assert named(poor, *SIX[1:]) == Named(3, (2, 3), (), LIMB - {"I"})


def test_avr_printed_upside_down_may_be_labelled_either_way() -> None:
    for label_ in ("aVR", "-aVR"):
        assert named(word(label_, 60, 90), names=("-aVR",), rows=1) == Named(1, (1,), (), frozenset({"-aVR"}))
    assert named(word("-aVR", 60, 90), names=("aVR",), rows=1).confirmed == (0,)


@pytest.mark.parametrize(
    ("found", "share", "score"),
    [
        (Named(3, (3, 3, 3, 3), ()), 1.0, 1.0),
        (Named(3, (0, 0, 0, 0), ()), 0.0, 0.0),
        (Named(3, (3, 0, 0, 0), ()), 0.25, 0.25 - 0.25 * 3 / 4),
        (Named(3, (2, 0, 0, 0), ()), 2 / 12, 2 / 12),  # no column is full
        (Named(3, (2, 2, 2, 2), ("I", "II")), 8 / 12, 8 / 12 - 4 / 12),
        (Named(3, (0, 0, 0, 0), tuple(LEADS)), 0.0, -1.0),
    ],
)
def test_what_labels_say_of_a_layout(found: Named, share: float, score: float) -> None:
    assert found.share == pytest.approx(share)
    assert found.score == pytest.approx(score)


def given(*names: str | None, usual: Sequence[str] = LEADS, **changes: Label) -> list[str] | None:
    labels = [[] if name is None else [changes.get(name, word(name, 60, 90))] for name in names]
    return cells.given(labels, usual)


def test_labels_give_names_where_they_are_sure_and_each_once() -> None:
    assert given("V4", "V5", "V6") == ["V4", "V5", "V6"]
    assert given("V4", "V5", "V5") is None
    assert given("V4", "V5", None) is None
    assert given("V4", "V5", "V6", V6=word("V6", 60, 90, sure=0.79)) is None
    assert given("V4", "V5", "V6", V6=word("V6", 60, 90, whole=False)) is None


def test_a_few_unread_cells_are_as_usual_where_all_others_are() -> None:
    assert given("I", None, "III", usual=("I", "II", "III")) == ["I", "II", "III"]
    assert given("I", None, None, usual=("I", "II", "III")) is None
    assert given("V1", None, "III", usual=("I", "II", "III")) is None
    assert given("I", "II", "III", None, usual=("I", "II", "III")) is None, "there is no usual fourth"
    best = [[word("V1", 60, 90, sure=0.85), word("V2", 60, 90)]]
    assert cells.given(best, ("V1",)) == ["V2"]


def test_a_rare_name_is_taken_where_it_is_clear_or_another_is() -> None:
    unclear = {rare: np.maximum(like(rare, 0.9), like("V3", 0.88)) for rare in ("V8", "V9")}
    v8, v9 = (Label(60.0, 90.0, 20.0, likeness, whole=True) for likeness in unclear.values())
    assert given("I", "II", "V8", usual=("V1",), V8=v8) is None
    assert given("I", "V9", "V8", V8=v8) == ["I", "V9", "V8"]
    assert given("I", "V9", "V8", V8=v8, V9=v9) is None
    assert given("I", "V9") is None, "nothing would betray that a rare name is misread"
    assert given("I", "V2") == ["I", "V2"]


def test_a_cell_without_a_label_confirms_and_contradicts_nothing() -> None:
    assert named(*[None] * 6) == Named(3, (0, 0), ())
    assert Named(2, (0,), ("I", "II", "III")).score == -1.0
    assert Named(2, (2,), ()).score == 1.0


@pytest.mark.parametrize(("off", "kept"), [(11.5, True), (12.0, False), (-11.5, True), (-12.0, False)])
def test_a_bar_stands_within_a_millimeter_and_a_half_of_the_others(off: float, kept: bool) -> None:
    found = cells.in_cells([word("I", 60 + off, 90), word("V2", 60, 290)], CELLS, CENTERS, SCALE)
    assert bool(found[0]) is kept


@pytest.mark.parametrize(("off", "kept"), [(31.5, True), (32.0, False), (-31.5, True), (-32.0, False)])
def test_a_bar_stands_as_high_beside_its_row_as_the_others(off: float, kept: bool) -> None:
    found = cells.in_cells([word("I", 60, 100 + off), word("V2", 60, 300)], CELLS, CENTERS, SCALE)
    assert bool(found[0]) is kept
