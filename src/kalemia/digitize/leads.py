"""From rows of trace to leads in mV: every layout that the page may have is tried, the leads' own laws choose."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from kalemia.digitize import borders, cells, label, layout, reading
from kalemia.digitize.borders import Columns
from kalemia.digitize.cells import Cell
from kalemia.digitize.label import Label
from kalemia.digitize.layout import Layout
from kalemia.digitize.paper import MAX_S, SPEEDS
from kalemia.digitize.reading import Reading
from kalemia.digitize.sheet import SILENT, Sheet
from kalemia.digitize.trace import Paths
from kalemia.errors import DigitizeError
from kalemia.read.printed import Printed

Reals = NDArray[np.float64]

LABEL_MM = 3.0, 20.0
"""A label begins so far left of its lead's beginning at most, and of its row's, where a pulse may stand between."""
MIN_COLUMN = 0.1
"""A page shows at least so much of its last column."""
FEW_ROWS = 3
"""Of no more rows than this, one that looks as good as the others is not taken for text."""
MIN_NAMED = 0.5
"""Other leads than the twelve are taken where labels name so many of them and contradict none."""
BY_LAWS = "Hardly a label is read: the limb leads are named by the laws that they obey."


def read(paths: Paths, scale: float, wanted: str, drawn: Sequence[Reals] = (), said: Printed = SILENT) -> Reading:
    """Name the rows of a squared page and cut them into leads.

    `drawn` are traces that a PDF holds as paths, (points, 2) px of the squared page; they are taken where they fit.
    Speed and gain are as `said`.

    Raises
    ------
    DigitizeError
        Where no layout fits the rows.
    """
    stated = layout.stated(wanted)
    labels = label.read(paths, scale)
    readings = list(_readings(Sheet.of(paths, scale, labels, drawn, said), stated))
    for row, fewer in ((0, slice(1, None)), (-1, slice(0, -1))):
        # The first or last row may be one of text; of two or three that look alike, it is a part of a page.
        many = len(paths.center) > FEW_ROWS
        if len(paths.center) > 1 and (paths.faint(row) or (not readings and stated is None and many)):
            readings += _readings(Sheet.of(paths.rows(fewer), scale, labels, drawn, said), stated)
    if not readings:
        raise DigitizeError(_no_layout(len(paths.center), wanted))
    return max(readings, key=lambda reading: reading.score)


def _readings(sheet: Sheet, stated: Layout | None) -> Iterator[Reading]:
    for shape in _shapes(len(sheet.paths.center), stated):
        for usual in layout.WIDTHS_MM.get(shape.columns, (250 / shape.columns,)):
            # At other speeds columns last as long as usual.
            width = usual if sheet.paper.speed in SPEEDS else usual * sheet.paper.speed / SPEEDS[0]
            if shape.columns * width <= MAX_S * sheet.paper.speed:
                yield from _of_shape(sheet, shape, width * sheet.scale, stated)


def _shapes(rows: int, stated: Layout | None) -> list[Layout]:
    """Return a layout of every shape that so many rows may have."""
    if stated is not None:
        return [stated] if stated.rows + stated.strips == rows else []
    shapes = [
        Layout(*shape, strips)
        for shape in layout.SHAPES
        for strips in range(layout.MAX_STRIPS + 1 if shape in layout.GRIDS else 2)
    ]
    return [shape for shape in shapes if shape.rows + shape.strips == rows and (shape.strips == 0 or shape.columns > 1)]


def _of_shape(sheet: Sheet, shape: Layout, width: float, stated: Layout | None) -> list[Reading]:
    """Return the readings of a page in one shape: with the names of usual layouts, and with those that labels give."""
    marks = sheet.marks(shape.rows)
    start = borders.beginning(marks, sheet.paths.on[: shape.rows], sheet.start, sheet.scale)
    sheet = replace(sheet, start=start)
    columns = borders.columns(marks, shape.columns, width, start, sheet.end, sheet.scale)
    if columns.edges[-2] > sheet.end - MIN_COLUMN * width and stated is None:
        return []
    labels = cells.in_cells(sheet.labels, _cells(shape, columns, sheet.scale), sheet.paths.center, sheet.scale)
    sheet = replace(sheet, beside=_beside(sheet, shape, columns))
    if stated is not None:
        return [reading.cut(sheet, stated, columns, width, labels, given=True)]
    readings = list(_usual(sheet, shape, columns, width, labels))
    names = cells.given(labels, layout.STANDARD)
    if names is not None and all(tuple(names) != usual.layout.order for usual in readings):
        readings.append(reading.cut(sheet, replace(shape, order=tuple(names)), columns, width, labels, given=False))
    return readings


def _cells(shape: Layout, columns: Columns, scale: float) -> list[Cell]:
    """Return where the leads of a shape stand, column by column."""
    before, far = (reach * scale for reach in LABEL_MM)
    return [
        Cell(columns.edges[c], r, far if c == 0 else before) for c in range(shape.columns) for r in range(shape.rows)
    ]


def _beside(sheet: Sheet, shape: Layout, columns: Columns) -> list[list[Label]]:
    """Return the labels of rhythm strips."""
    rows = range(shape.rows + shape.strips)
    every = [Cell(columns.edges[0], r, LABEL_MM[1] * sheet.scale) for r in rows]
    return cells.in_cells(sheet.labels, every, sheet.paths.center, sheet.scale)[shape.rows :]


def _usual(sheet: Sheet, shape: Layout, columns: Columns, width: float, labels: list[list[Label]]) -> Iterator[Reading]:
    """Yield the readings in usual layouts; fewer leads than twelve need labels, or laws that they obey."""
    for chosen in (*layout.TWELVE, *layout.FEWER):
        if (chosen.rows, chosen.columns, chosen.strips) != (shape.rows, shape.columns, shape.strips):
            continue
        named = cells.named(labels, chosen.order, chosen.rows)
        sure = chosen.known or (named.share >= MIN_NAMED and not named.contradicted)
        if not (sure or chosen.limb):
            continue
        tried = reading.cut(sheet, chosen, columns, width, labels, given=False)
        if sure:
            yield tried
        elif tried.obeyed:
            yield replace(tried, assumed=(*tried.assumed, BY_LAWS))


def _no_layout(rows: int, wanted: str) -> str:
    what = f"{rows} row{'' if rows == 1 else 's'} of trace {'is' if rows == 1 else 'are'} seen"
    if wanted != "auto":
        return f"{what}, which does not fit the layout {wanted}"
    return (
        f"{what}, no layout of twelve leads (3x4, 6x2, 12x1 and 4x3 with up to three strips), and labels that name "
        "them are not read; give the leads row by row, such as --layout I/II/III"
    )
