"""Which readings of a page are tried, and which is taken: with steps before and after that find what is stated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import made
import numpy as np
import pytest
from made import SCALE, like

from kalemia.digitize import borders, cells, label, layout, leads, reading
from kalemia.digitize.borders import Columns
from kalemia.digitize.cells import Named
from kalemia.digitize.label import Label
from kalemia.digitize.layout import CABRERA, STANDARD, Layout
from kalemia.digitize.paper import Paper
from kalemia.digitize.reading import Reading
from kalemia.digitize.sheet import Sheet
from kalemia.digitize.trace import Paths
from kalemia.errors import DigitizeError

SOUND = made.reading()


def page(*ink: float) -> Paths:
    """Return rows 100 px apart that have ink under so large a share of their path."""
    on = [(np.arange(100) < 100 * share).astype(float) for share in ink]
    return made.paths([np.full(100, 100.0 * (r + 1)) for r in range(len(ink))], 100 * (len(ink) + 1), on)


def sheet(rows: int, speed: float = 25.0, end: float = 2000.0) -> Sheet:
    paper = Paper(speed, 10.0, (), pulse=True)
    return Sheet(page(*[1.0] * rows), SCALE, paper, [[]] * rows, 0.0, end, [], ())


# ---- rows of text


def tried(
    monkeypatch: pytest.MonkeyPatch, rows: Paths, found: Sequence[Sequence[Reading]], wanted: str = "auto"
) -> tuple[list[list[float]], Reading]:
    """Return the rows, by their centers, of which readings were looked for, and what is taken of those found."""
    seen: list[list[float]] = []
    word = Label(0.0, 0.0, 20.0, like("V1"), whole=True)
    lines = [np.zeros((2, 2))]

    def of(paths: Paths, scale: float, labels: list[Label], drawn: Any, _said: Any) -> Paths:
        assert (scale, labels, drawn) == (SCALE, [word], lines)
        return paths

    def readings(paths: Any, stated: Layout | None) -> Sequence[Reading]:
        assert stated == layout.stated(wanted)
        seen.append(paths.center.tolist())
        return found[len(seen) - 1]

    def words(paths: Paths, scale: float) -> list[Label]:
        assert (paths, scale) == (rows, SCALE)
        return [word]

    monkeypatch.setattr(label, "read", words)
    monkeypatch.setattr(Sheet, "of", of)
    monkeypatch.setattr(leads, "_readings", readings)
    return seen, leads.read(rows, SCALE, wanted, lines)


FIRST, SECOND, THIRD = ([replace(SOUND, mixed=mixed)] for mixed in (0.2, 0.1, 0.3))


@pytest.mark.parametrize(
    ("ink", "found", "without", "taken"),
    [
        ([1, 1, 1, 1], [FIRST], [], FIRST),
        ([0.93, 1, 1, 1], [FIRST, SECOND], [[0]], SECOND),
        ([0.93, 1, 1, 1], [FIRST, THIRD], [[0]], FIRST),
        ([0.95, 1, 1, 0.95], [FIRST], [], FIRST),
        ([1, 1, 1, 0.93], [FIRST, SECOND], [[3]], SECOND),
        ([0.93, 1, 1, 1, 0.93], [FIRST, SECOND, THIRD], [[0], [4]], SECOND),
        ([0.93, 1, 1, 1], [[], FIRST], [[0]], FIRST),
        ([1, 1, 1, 1], [[], FIRST], [[0]], FIRST),
        ([1, 1, 1, 1], [[], [], FIRST], [[0], [3]], FIRST),
        ([0.93, 1, 1], [[], FIRST], [[0]], FIRST),
    ],
)
def test_the_first_or_last_row_may_be_one_of_text(
    monkeypatch: pytest.MonkeyPatch,
    ink: list[float],
    found: list[list[Reading]],
    without: list[list[int]],
    taken: list[Reading],
) -> None:
    seen, best = tried(monkeypatch, page(*ink), found)
    every = [100.0 * (r + 1) for r in range(len(ink))]
    assert seen == [every, *([x for r, x in enumerate(every) if r not in left] for left in without)]
    assert best is taken[0]


@pytest.mark.parametrize(
    ("ink", "wanted", "reason"),
    [
        (
            [1, 1, 1],
            "auto",
            "3 rows of trace are seen, no layout of twelve leads (3x4, 6x2, 12x1 and 4x3 with up to three strips), and "
            "labels that name them are not read; give the leads row by row, such as --layout I/II/III",
        ),
        ([1, 1, 1, 1], "6x2", "4 rows of trace are seen, which does not fit the layout 6x2"),
        ([1], "6x2", "1 row of trace is seen, which does not fit the layout 6x2"),
    ],
)
def test_a_row_of_few_or_of_a_stated_layout_is_none_of_text(
    monkeypatch: pytest.MonkeyPatch, ink: list[float], wanted: str, reason: str
) -> None:
    with pytest.raises(DigitizeError) as caught:
        tried(monkeypatch, page(*ink), [[]], wanted)
    assert str(caught.value) == reason


# ---- shapes


@pytest.mark.parametrize(
    ("rows", "speed", "stated", "widths"),
    [
        (1, 25.0, None, {"1x1": [250]}),
        (3, 25.0, None, {"3x4": [62.5], "3x2": [125], "3x1": [250], "3x5": [50, 62.5]}),
        (3, 50.0, None, {"3x4": [62.5, 125], "3x2": [125], "3x1": [250], "3x5": [50, 62.5]}),
        (2, 50.0, Layout(2, 3, 0, STANDARD[:6]), {"2x3": [62.5, 250 / 3, 500 / 3]}),
        (2, 25.0, Layout(2, 3, 0, STANDARD[:6]), {"2x3": [62.5, 250 / 3]}),
        (1, 25.0, Layout(1, 6, 0, STANDARD[:6]), {"1x6": [250 / 6]}),
    ],
)
def test_columns_are_tried_as_wide_as_they_are_printed_and_thirteen_seconds_at_most(
    monkeypatch: pytest.MonkeyPatch, rows: int, speed: float, stated: Layout | None, widths: dict[str, list[float]]
) -> None:
    seen: dict[str, list[float]] = {}

    def of_shape(_: Sheet, shape: Layout, width: float, wanted: Layout | None) -> list[Reading]:
        assert wanted is stated
        seen.setdefault(shape.name, []).append(width / SCALE)
        return [SOUND]

    monkeypatch.setattr(leads, "_of_shape", of_shape)
    found = list(leads._readings(sheet(rows, speed), stated))
    assert {name: pytest.approx(some) for name, some in widths.items()} == seen
    assert len(found) == sum(map(len, widths.values()))


# ---- one shape

WIDTH = 500.0
WORD = Label(0.0, 0.0, 20.0, like("V1"), whole=True)


class Shape:
    """One shape of a page: what its labels give and confirm, and which readings are cut."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, *, names: Sequence[str] | None = None, share: float = 1.0, wrong: int = 0
    ) -> None:
        self.names, self.share, self.wrong = names, share, wrong
        self.reading = SOUND
        self.cuts: list[tuple[tuple[str, ...], bool]] = []
        self.columns: Columns | None = None
        for room, name in ((borders, "beginning"), (borders, "columns"), (cells, "in_cells"), (cells, "given"),
                           (cells, "named"), (reading, "cut")):  # fmt: skip
            monkeypatch.setattr(room, name, getattr(self, f"_{name}"))
        monkeypatch.setattr(Sheet, "marks", lambda _, rows: rows)

    def _beginning(self, marks: Any, on: Any, start: float, scale: float) -> float:
        assert (marks, start, scale) == (len(on), 0.0, SCALE)
        return start + 7

    def _columns(self, marks: Any, count: int, width: float, start: float, end: float, scale: float) -> Columns:
        assert (width, start, scale) == (WIDTH, 7.0, SCALE)
        self.columns = Columns(tuple(start + width * c for c in range(count + 1)), width, 1.0)
        return self.columns

    def _in_cells(self, words: Any, some: Any, centers: Any, scale: float) -> list[list[Label]]:
        assert (len(centers), scale) == (3, SCALE)
        return [[WORD]] * len(some)

    def _given(self, labels: list[list[Label]], usual: Sequence[str]) -> list[str] | None:
        assert usual == STANDARD
        assert labels[0] == [WORD]
        return None if self.names is None else list(self.names)

    def _named(self, labels: Any, order: Sequence[str], rows: int) -> Named:
        assert len(labels) == len(order)
        return Named(rows, (round(self.share * len(order)),) + (0,) * (len(order) // rows - 1), ("I",) * self.wrong)

    def _cut(self, own: Sheet, chosen: Layout, columns: Any, width: Any, labels: Any, given: bool) -> Reading:
        assert (own.start, columns, width, labels[0]) == (7.0, self.columns, WIDTH, [WORD])
        self.cuts.append((chosen.order, given))
        return replace(self.reading, layout=chosen, given=given)

    def read(self, shape: Layout, stated: Layout | None = None, end: float = 2000.0) -> list[tuple[str, ...]]:
        """Return the orders of the readings in a shape of three rows."""
        found = leads._of_shape(sheet(3, end=end), shape, WIDTH, stated)
        assert all(own.given == (stated is not None) for own in found)
        return [own.layout.order for own in found]


def test_a_shape_of_twelve_leads_is_read_in_both_usual_orders(monkeypatch: pytest.MonkeyPatch) -> None:
    shape = Shape(monkeypatch, share=0.0, wrong=3)
    assert shape.read(Layout(3, 4)) == [STANDARD, CABRERA]
    assert shape.cuts == [(STANDARD, False), (CABRERA, False)]


def test_names_that_labels_give_are_read_beside_usual_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    own = (*STANDARD[6:], *STANDARD[:6])
    assert Shape(monkeypatch, names=own).read(Layout(3, 4)) == [STANDARD, CABRERA, own]
    assert Shape(monkeypatch, names=STANDARD).read(Layout(3, 4)) == [STANDARD, CABRERA]
    assert Shape(monkeypatch, names=("V7", "V8", "V9")).read(Layout(3, 1))[-1] == ("V7", "V8", "V9")


def test_a_stated_layout_is_read_alone_however_much_of_it_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    stated = Layout(3, 4, 0, CABRERA)
    shape = Shape(monkeypatch, names=STANDARD)
    assert shape.read(stated, stated, end=600.0) == [CABRERA]
    assert shape.cuts == [(CABRERA, True)]


@pytest.mark.parametrize(("end", "count"), [(1556.0, 0), (1557.0, 2), (2007.0, 2)])
def test_a_tenth_of_the_last_column_is_seen(monkeypatch: pytest.MonkeyPatch, end: float, count: int) -> None:
    assert len(Shape(monkeypatch).read(Layout(3, 4), end=end)) == count


@pytest.mark.parametrize(
    ("share", "wrong", "read"),
    [
        (1.0, 0, [STANDARD[:3], STANDARD[3:6], STANDARD[6:9], STANDARD[9:]]),
        (0.66, 0, [STANDARD[:3], STANDARD[3:6], STANDARD[6:9], STANDARD[9:]]),
        (0.33, 0, []),
        (1.0, 1, []),
    ],
)
def test_fewer_leads_are_read_where_labels_name_half_of_them_and_contradict_none(
    monkeypatch: pytest.MonkeyPatch, share: float, wrong: int, read: list[tuple[str, ...]]
) -> None:
    shape = Shape(monkeypatch, share=share, wrong=wrong)
    shape.reading = replace(SOUND, einthoven=0.2)
    assert shape.read(Layout(3, 1)) == read
    tried = {order for order, _ in shape.cuts}
    assert tried == {*read, STANDARD[:3], STANDARD[3:6]}  # limb leads may obey their laws


def test_half_of_the_leads_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    shape = Shape(monkeypatch, share=0.5)
    shape.reading = replace(SOUND, einthoven=0.2)
    assert shape.read(Layout(3, 2)) == [STANDARD[:6], STANDARD[6:], CABRERA[:6]]


def test_limb_leads_without_labels_that_obey_their_laws_are_said_to(monkeypatch: pytest.MonkeyPatch) -> None:
    shape = Shape(monkeypatch, share=0.0)
    shape.reading = replace(SOUND, assumed=("First.",))
    found = leads._of_shape(sheet(3), Layout(3, 1), WIDTH, None)
    assert [own.layout.order for own in found] == [STANDARD[:3], STANDARD[3:6]]
    assert {own.assumed for own in found} == {("First.", leads.BY_LAWS)}
    shape.share = 1.0
    assert leads._of_shape(sheet(3), Layout(3, 1), WIDTH, None)[0].assumed == ("First.",)
