"""What shows where one lead of a row ends and the next begins: lines, gaps and labels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from made import SCALE, paths
from numpy.typing import NDArray

from kalemia.digitize import borders
from kalemia.digitize.trace import Paths

Reals = NDArray[np.float64]


def three(gap: int | None = None, width: int = 1200) -> Paths:
    """Return three rows of trace, with a gap of 1.5 mm before a column."""
    x = np.arange(width)
    on = np.ones(width) if gap is None else np.where((x >= gap - 12) & (x < gap), 0.0, 1.0)
    return paths([np.full(width, 150.0 + 200 * row) for row in range(3)], 700, [on] * 3)


def test_a_gap_in_most_rows_marks_where_they_go_on() -> None:
    marks = borders.marks(three(600), slice(0, 3), SCALE)
    assert abs(int(marks.gaps.argmax()) - 600) <= 2
    assert marks.gaps.max() == pytest.approx(1, abs=0.05)
    assert marks.gaps[:580].max() == marks.gaps[620:].max() == 0
    rows = three(600)
    rows.on[1:, 580:620] = 1
    assert borders.marks(rows, slice(0, 3), SCALE).gaps.max() == 0, "a gap in one row of three is none"
    assert borders.marks(rows, slice(0, 1), SCALE).gaps.max() == pytest.approx(1, abs=0.05)


def test_upright_lines_beside_the_trace_mark_a_border() -> None:
    rows = three()
    for middle in (150, 350, 550):
        rows.sure[middle - 48 : middle - 12, 599:602] = 1
        rows.sure[middle + 12 : middle + 48, 599:602] = 1
    marks = borders.marks(rows, slice(0, 3), SCALE)
    assert abs(int(marks.lines.argmax()) - 600) <= 1
    assert marks.lines.max() > 0.5
    assert np.delete(marks.lines, slice(580, 620)).max() < 0.05
    assert borders.marks(three(), slice(0, 3), SCALE).lines.max() == 0


def test_strokes_of_the_trace_itself_are_no_lines() -> None:
    line = np.full(1200, 350.0)
    line[590:610] = 350 - 60 * np.hanning(20)
    rows = paths([line - 200, line, line + 200], 700)
    assert borders.marks(rows, slice(0, 3), SCALE).lines.max() < 0.2


def test_what_stands_out_of_every_beat_is_no_border() -> None:
    rows = three()
    for middle in (150, 350, 550):
        for x in range(100, 1200, 120):
            rows.sure[middle - 48 : middle - 12, x : x + 3] = 1
    assert borders.marks(rows, slice(0, 3), SCALE).lines.max() < 0.1


def test_letters_at_one_place_in_most_rows_mark_a_beginning() -> None:
    rows = three()
    for middle in (150, 350, 550):
        rows.sure[middle - 60 : middle - 40, 620:632] = 1
    marks = borders.marks(rows, slice(0, 3), SCALE)
    assert abs(int(marks.labels.argmax()) - 620) <= 1
    assert marks.labels.max() > 0.9
    alone = three()
    alone.sure[90:110, 620:632] = 1
    assert borders.marks(alone, slice(0, 3), SCALE).labels.max() > 0.3
    assert borders.marks(alone, slice(1, 3), SCALE).labels.max() == 0
    dust = three()
    dust.sure[105:111, 620:626] = 1
    assert borders.marks(dust, slice(0, 1), SCALE).labels.max() == 0


def test_rows_have_bands_half_way_to_their_neighbors() -> None:
    assert borders._between(three(), slice(0, 3), SCALE) == [(22, 250), (250, 450), (450, 678)]
    assert borders._between(three(), slice(0, 2), SCALE) == [(22, 250), (250, 450)]


# ---- each mark by itself, to the pixel


def bare(*centers: float, height: int = 300, width: int = 300, on: Reals | None = None) -> Paths:
    """Return straight rows of trace at these heights on a page without ink."""
    y = np.repeat(np.array(centers)[:, None], width, axis=1)
    there = np.ones(y.shape) if on is None else on
    return Paths(np.array(centers), y, there, (), np.zeros((height, width), np.float32))


def inked(rows: Paths, *boxes: tuple[int, int, int, int]) -> Paths:
    """Draw full boxes: left, top, width and height, px."""
    for left, top, width, height in boxes:
        rows.sure[top : top + height, left : left + width] = 1
    return rows


PX = 6.0
"""Pixels a mm."""


def lines(rows: Paths, *boxes: tuple[int, int, int, int]) -> Reals:
    return borders.marks(inked(rows, *boxes), slice(0, len(rows.center)), PX).lines


BESIDE = 1.5 * (1 - 9 / 36)
"""What a line 9 px wide counts, as long as a line need be, less what stands about it."""


@pytest.mark.parametrize(
    ("boxes", "mm"),
    [
        ([(100, 110, 9, 15)], 2.5),
        ([(100, 110, 9, 14)], 0),  # too short
        ([(100, 170, 9, 18)], 3),
        ([(100, 110, 9, 15), (100, 170, 9, 9)], 2.5),
        ([(100, 100, 9, 15), (100, 170, 9, 15)], 5),
        ([(100, 60, 9, 60), (100, 170, 9, 60)], 5),  # that is all that counts
        ([(100, 110, 9, 6), (100, 122, 9, 6)], 3),  # dots
        ([(100, 110, 9, 6), (100, 123, 9, 6)], 0),  # too far apart
        ([(100, 139, 9, 23)], 3),  # not the 5 px that may be the trace and its pen
        ([(100, 30, 9, 30)], 1),  # not what is farther from the row than 16 mm
        ([(100, 241, 9, 30)], 5 / 6),
    ],
)
def test_a_line_counts_by_its_length_beside_the_trace(boxes: list[tuple[int, int, int, int]], mm: float) -> None:
    found = lines(bare(150.0), *boxes)
    assert found[104] == pytest.approx(min(1.0, BESIDE * mm / 5), rel=1e-3)
    assert max(found[:90].max(), found[120:].max()) < 1e-9


@pytest.mark.parametrize("seen", [1, 2, 3])
def test_a_line_counts_by_the_rows_that_have_it(seen: int) -> None:
    boxes = [(100, 60 + 100 * row, 9, 20) for row in range(seen)]
    rows = bare(100.0, 200.0, 300.0, height=400)
    assert lines(rows, *boxes)[104] == pytest.approx(BESIDE * 20 / 30 * seen / 3, rel=1e-3)
    last = borders.marks(rows, slice(2, 3), PX).lines
    assert last[104] == pytest.approx(BESIDE * 20 / 30 if seen == 3 else 0, rel=1e-3)
    long = lines(bare(150.0, 350.0, height=500), (100, 60, 9, 60), (100, 170, 9, 60))
    assert long[104] == pytest.approx(BESIDE / 2, rel=1e-3), "however long it is in one of them"


@pytest.mark.parametrize(
    ("left", "counts"), [(96, True), (97, False), (146, True), (147, False), (152, False), (153, True)]
)
def test_what_stands_beside_a_step_of_the_trace_may_be_its_stroke(left: int, counts: bool) -> None:
    rows = bare(150.0)
    rows.y[:, 100:150] = 110.0
    found = lines(rows, (left, 113, 1, 34))
    assert bool(found.max() > 0.3) is counts
    assert lines(bare(150.0), (left, 113, 1, 34)).max() > 0.3


def test_five_lines_are_borders_and_of_more_the_clearest() -> None:
    def heights(*tall: int) -> list[float]:
        found = lines(bare(150.0, width=600), *((50 + 60 * k, 60, 9, size) for k, size in enumerate(tall)))
        return [float(found[54 + 60 * k]) for k in range(len(tall))]

    assert heights(20, 20, 20, 20, 20) == pytest.approx([BESIDE * 20 / 30] * 5, rel=1e-3)
    assert heights(20, 20, 20, 20, 20, 20) == pytest.approx([0] * 6, abs=1e-9)
    least, more = BESIDE * 15 / 30, BESIDE * 20 / 30
    assert heights(20, 15, 20, 15, 20, 20) == pytest.approx(
        [(much - least) / (1 - least) for much in (more, least, more, least, more, more)], rel=1e-3, abs=1e-9
    )
    # Six of nearly full height leave little, which is not made much of.
    most = BESIDE * 26 / 30
    assert heights(26, 26, 26, 40, 26, 26) == pytest.approx([0, 0, 0, (1 - most) / 0.2, 0, 0], rel=1e-3, abs=1e-9)


def test_lines_nearer_than_five_millimeters_are_one() -> None:
    for apart, borders_ in ((30, False), (29, True)):  # six, which are beats, and every other of six
        boxes = [(50 + apart * k, 60, 1, 40) for k in range(6)]
        assert bool(lines(bare(150.0, width=600), *boxes).max() > 0.1) is borders_


def test_a_gap_marks_the_column_where_ink_is_there_again() -> None:
    on = np.ones((1, 300))
    on[:, 40:50] = 0
    found = borders.marks(bare(150.0, on=on), slice(0, 1), SCALE).gaps
    assert np.flatnonzero(found).tolist() == [48, 49, 50, 51, 52]
    assert found[50:53] == pytest.approx(np.exp([0, -1 / 8, -4 / 8]), rel=1e-3)
    assert found[48:51].tolist() == pytest.approx(found[52:49:-1].tolist())


@pytest.mark.parametrize(
    ("ink", "wide", "scale", "gap"),
    [
        (0.0, 2, 8.0, True),
        (0.0, 1, 8.0, False),
        (0.29, 2, 8.0, True),
        (0.3, 2, 8.0, False),
        (0.0, 1, 1.0, True),
        (0.0, 4, 16.0, True),
        (0.0, 3, 16.0, False),
    ],
)
def test_a_gap_is_wide_and_without_ink(ink: float, wide: int, scale: float, gap: bool) -> None:
    on = np.ones((1, 300))
    on[:, 40 : 40 + wide] = ink
    assert bool(borders.marks(bare(150.0, on=on), slice(0, 1), scale).gaps.any()) is gap


@pytest.mark.parametrize(("many", "peak"), [(1, 0.0), (2, 0.5), (3, 0.75), (4, 1.0)])
def test_a_gap_counts_by_the_rows_that_have_it(many: int, peak: float) -> None:
    on = np.ones((4, 300))
    on[:many, 40:50] = 0
    rows = bare(50.0, 100.0, 150.0, 200.0, on=on)
    assert borders.marks(rows, slice(0, 4), SCALE).gaps.max() == pytest.approx(peak, rel=1e-3)


@pytest.mark.parametrize(
    ("box", "letter"),
    [
        ((50, 100, 4, 8), False),  # too low
        ((50, 100, 4, 9), True),
        ((50, 100, 4, 39), True),
        ((50, 100, 4, 40), False),  # too high
        ((50, 100, 71, 12), True),
        ((50, 100, 72, 12), False),  # too wide
        ((50, 100, 2, 9), False),  # a speck
        ((50, 100, 2, 10), True),
        ((50, 33, 4, 10), False),  # 14 mm from the row
        ((50, 34, 4, 10), True),
        ((50, 256, 4, 10), True),
        ((50, 257, 4, 10), False),
        ((50, 140, 4, 12), False),  # on the trace
        ((50, 139, 4, 11), True),  # which ends just above
        ((50, 151, 4, 11), True),
        ((0, 100, 4, 12), True),
    ],
)
def test_what_has_the_size_of_a_letter_beside_a_row_is_one(box: tuple[int, int, int, int], letter: bool) -> None:
    found = borders.marks(inked(bare(150.0), box), slice(0, 1), SCALE).labels
    assert np.flatnonzero(found).size == (0 if not letter else 7 if box[0] else 5)
    if letter and box[0]:
        assert int(found.argmax()) == box[0]
        assert found.max() == pytest.approx(1, abs=1e-3)
        assert found[box[0] + 2] == pytest.approx(np.exp(-4 / 2 / 2.4**2), rel=1e-3)


@pytest.mark.parametrize(("rows", "columns"), [(1, 7), (2, 5), (3, 3), (4, 0)])
def test_letters_of_one_row_count_by_its_share(rows: int, columns: int) -> None:
    page = inked(bare(*(60.0 + 60 * row for row in range(rows))), (50, 30, 4, 12), (50, 42 + 30, 4, 12))
    found = borders.marks(page, slice(0, rows), SCALE).labels
    assert found.max() == pytest.approx(1 / rows if columns else 0, rel=1e-3)
    assert np.flatnonzero(found).size == columns


def test_a_trace_that_leaves_the_page_touches_no_letter() -> None:
    rows = inked(bare(150.0), (50, 289, 4, 10), (90, 1, 4, 10), (130, 100, 4, 10))
    rows.y[:, :60], rows.y[:, 80:100] = 5000.0, -70.0
    near = replace(rows, center=np.array([290.0]))
    assert borders.marks(near, slice(0, 1), SCALE).labels[50] > 0.9
    rows.sure[299, 50:54] = rows.sure[0, 90:94] = 1
    assert borders.marks(near, slice(0, 1), SCALE).labels.max() == 0


def test_paper_is_no_letter_on_a_page_as_small_as_one() -> None:
    small = inked(bare(8.0, height=16, width=20), (0, 8, 20, 1))
    assert borders.marks(small, slice(0, 1), SCALE).labels.max() == 0


@pytest.mark.parametrize(
    ("centers", "which", "bands"),
    [
        ((200.5,), slice(0, 1), [(72, 328)]),
        ((100.0,), slice(0, 1), [(0, 228)]),
        ((200.0, 301.0), slice(0, 2), [(72, 250), (250, 429)]),
        ((200.0, 301.0), slice(1, 2), [(250, 429)]),
        ((200.0, 700.0), slice(0, 2), [(72, 328), (572, 828)]),
        ((200.0, 240.0, 300.0), slice(1, 2), [(220, 270)]),
    ],
)
def test_a_band_ends_half_way_to_the_next_row(
    centers: tuple[float, ...], which: slice, bands: list[tuple[int, int]]
) -> None:
    assert borders._between(bare(*centers), which, SCALE) == bands


def test_all_marks_together_are_their_sum() -> None:
    assert borders.Marks(np.array([1.0]), np.array([2.0]), np.array([4.0])).all.tolist() == [7.0]
