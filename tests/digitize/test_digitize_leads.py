"""Leads read from rows of trace that tests made: no picture, no grid, no ink."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from drawn_pages import ecg
from made import PAPER, SCALE, lead, like, paths
from numpy.typing import NDArray

from kalemia.digitize import doubts, leads, reading
from kalemia.digitize.borders import Columns
from kalemia.digitize.cells import Cell
from kalemia.digitize.label import Label
from kalemia.digitize.layout import CABRERA, STANDARD, Layout
from kalemia.digitize.paper import ASSUMED_GAIN, ASSUMED_SPEED
from kalemia.digitize.sheet import Sheet
from kalemia.digitize.trace import Paths
from kalemia.errors import DigitizeError
from printed import brush

Reals = NDArray[np.float64]
TRUE = ecg()
LEFT, TOP, ROW = 120, 200, 224
"""Where the traces begin, where the first row is, and how far rows are apart, px."""
PER_S = 25 * SCALE


def rows(*names: Sequence[str], labels: bool = True, pulse: bool = True, seconds: float = 10.0) -> Paths:
    """Return rows of trace, each of leads one after the other, as they run on a squared page."""
    width = round(LEFT + seconds * PER_S + 40)
    lines, on = [], []
    for r, row in enumerate(names):
        zero = TOP + r * ROW
        y, ink = np.full(width, float(zero)), np.zeros(width)
        share = seconds / len(row)
        for c, name in enumerate(row):
            x = np.arange(round(LEFT + c * share * PER_S), round(LEFT + (c + 1) * share * PER_S))
            signal = -TRUE[name[1:]] if name.startswith("-") else TRUE[name]
            y[x] = zero - np.interp((x - LEFT) / PER_S % 10, np.arange(5000) / 500, signal) * 10 * SCALE
            ink[x[8 if c else 0 :]] = 1
        if pulse:
            y[40:80] -= 10 * SCALE
            ink[24:96] = 1
        lines.append(y)
        on.append(ink)
    page = paths(lines, TOP + len(names) * ROW, on)
    for r, row in enumerate(names if labels else []):
        for c, name in enumerate(row):
            word = brush.letters(name, 22.0, "narrow")
            left, top = round(LEFT + c * seconds / len(row) * PER_S) + 10, TOP + r * ROW - 90
            part = page.sure[top : top + word.shape[0], left : left + word.shape[1]]
            np.maximum(part, word, out=part)
    return page


def by_columns(names: Sequence[str], count: int) -> list[tuple[str, ...]]:
    return [tuple(names[r::count]) for r in range(count)]


def fits(found: reading.Reading, names: Sequence[str]) -> None:
    """Assert that each lead is there, where its column is, and as high as it was drawn."""
    assert set(found.leads) == {name.removeprefix("-") for name in names}
    for name, read in found.leads.items():
        seconds = (read.x - LEFT) / PER_S
        true = np.interp(seconds, np.arange(5000) / 500, TRUE[name])
        known = np.isfinite(read.signal)
        off = read.signal[known] - true[known]
        assert known.sum() > 0.9 * 5000 / found.layout.columns
        assert np.sqrt(np.mean((off - np.median(off)) ** 2)) < 0.05, name


@pytest.mark.parametrize(
    ("layout", "names"),
    [("3x4", STANDARD), ("6x2", STANDARD), ("4x3", STANDARD), ("cabrera-3x4", CABRERA), ("12x1", STANDARD)],
)
def test_twelve_leads_are_read_in_their_layout(layout: str, names: tuple[str, ...]) -> None:
    count = int(layout.removeprefix("cabrera-").split("x")[0])
    found = leads.read(rows(*by_columns(names, count)), SCALE, "auto")
    assert found.layout.name == layout
    assert found.named.share > 0.9
    assert found.assumed == ()
    assert found.einthoven is not None
    assert found.einthoven < 0.01
    assert not found.given
    fits(found, names)


def test_a_strip_below_is_a_strip() -> None:
    found = leads.read(rows(*by_columns(STANDARD, 3), ("II",)), SCALE, "auto")
    assert found.layout.name == "3x4+1"
    assert list(found.strips) == ["II"]
    assert found.strips["II"].row == 3
    assert found.agreement["II"] > 0.99


def test_laws_name_limb_leads_and_labels_name_others() -> None:
    limb = rows(*by_columns(STANDARD[:6], 6), labels=False)
    found = leads.read(limb, SCALE, "auto")
    assert found.layout.order in (STANDARD[:6], CABRERA[:6])
    assert leads.BY_LAWS in found.assumed
    chest = leads.read(rows(*by_columns(STANDARD[6:], 6)), SCALE, "auto")
    assert tuple(chest.leads) == STANDARD[6:]
    assert chest.assumed == ()
    pair = leads.read(rows(("V4",), ("V5",)), SCALE, "auto")
    assert tuple(pair.leads) == ("V4", "V5")
    assert pair.assumed == ("The leads are named as their labels, or the user, say: V4, V5.",)


def test_what_the_user_names_is_taken() -> None:
    bare = rows(("V4",), ("V5",), labels=False)
    found = leads.read(bare, SCALE, "V4/V5")
    assert tuple(found.leads) == ("V4", "V5")
    assert found.given
    with pytest.raises(DigitizeError, match=r"^2 rows of trace are seen, which does not fit the layout 3x4$"):
        leads.read(bare, SCALE, "3x4")
    with pytest.raises(DigitizeError, match=r"^1 row of trace is seen, no layout"):
        leads.read(rows(("V4",), labels=False), SCALE, "auto")


def test_labels_in_another_order_are_believed() -> None:
    swapped = (*STANDARD[6:], *STANDARD[:6])
    found = leads.read(rows(*by_columns(swapped, 6)), SCALE, "auto")
    assert found.layout.order == swapped
    fits(found, swapped)


@pytest.mark.parametrize("count", [3, 6])
def test_rows_that_hold_other_leads_than_their_layout_are_doubted_without_labels(count: int) -> None:
    fifteen = by_columns((*STANDARD, "V1", "V6", "V6"), 3)
    shown = fifteen if count == 3 else by_columns(STANDARD[6:], 6)
    reason = doubts.of_page(leads.read(rows(*shown, labels=False), SCALE, "auto"))
    assert "give the layout, or the leads row by row, such as --layout I/II/III" in str(reason)


def test_two_ecgs_beside_each_other_are_doubted() -> None:
    beside = [row + row for row in by_columns(STANDARD, 3)]
    reason = doubts.of_page(leads.read(rows(*beside, seconds=20.0), SCALE, "auto"))
    assert "the layout 3x4; two ECGs side by side have to be cut apart" in str(reason)


@pytest.mark.parametrize("count", [1, 2])
def test_a_part_of_a_page_is_doubted(count: int) -> None:
    part = leads.read(rows(*by_columns(STANDARD, 3)[:count]), SCALE, "/".join(("V4", "V5")[:count]))
    assert "labels stand along the rows (" in str(doubts.of_page(part))


def test_two_ecgs_above_each_other_are_doubted() -> None:
    upper, lower = by_columns(STANDARD, 3), by_columns(STANDARD, 3)
    page = rows(*upper, *lower)
    other = ecg(bpm=91, seed=5)
    x = np.arange(LEFT, LEFT + 2000)
    y = page.y.copy()
    for r, row in enumerate(lower, 3):
        joined = np.concatenate([other[name][c * 1250 : (c + 1) * 1250] for c, name in enumerate(row)])
        y[r, x] = page.center[r] - np.interp((x - LEFT) / PER_S, np.arange(5000) / 500, joined) * 10 * SCALE
    lines = tuple((at, y[r][at.astype(int)]) for r, (at, _) in enumerate(page.lines))
    reason = doubts.of_page(leads.read(replace(page, y=y, lines=lines), SCALE, "auto"))
    assert "3 rows below the leads repeat none of them; two ECGs on a page" in str(reason)


def test_a_row_of_text_above_is_left_out() -> None:
    page = rows(*by_columns(STANDARD, 3), ("II",))
    text = np.where(np.arange(page.on.shape[1]) % 40 < 30, 1.0, 0.0)
    y = np.full((1, page.on.shape[1]), 60.0)
    line = (np.arange(page.on.shape[1], dtype=float), y[0])
    with_text = Paths(
        np.array([60.0, *page.center]),
        np.concatenate([y, page.y]),
        np.concatenate([text[None], page.on]),
        (line, *page.lines),
        page.sure,
    )
    assert leads.read(with_text, SCALE, "auto").layout.name == "3x4+1"
    below = replace(with_text, center=np.array([*page.center, 1100.0]))
    last = replace(
        below,
        y=np.roll(below.y, -1, axis=0),
        on=np.roll(below.on, -1, axis=0),
        lines=(*below.lines[1:], below.lines[0]),
    )
    assert leads.read(last, SCALE, "auto").layout.name == "3x4+1"


@pytest.mark.parametrize(
    ("count", "names"),
    [
        (1, ["1x1"]),
        (2, ["2x1"]),
        (3, ["3x4", "3x2", "3x1", "3x5"]),
        (4, ["3x4+1", "4x3", "3x2+1", "3x5+1"]),
        (6, ["3x4+3", "4x3+2", "6x2", "6x1"]),
        (12, ["12x1"]),
        (8, ["6x2+2"]),
        (10, []),
        (13, []),
    ],
)
def test_shapes_that_so_many_rows_may_have(count: int, names: list[str]) -> None:
    assert {shape.name for shape in leads._shapes(count, None)} == set(names)


def test_the_shape_that_is_stated_must_fit() -> None:
    stated = Layout(3, 4, 1)
    assert leads._shapes(4, stated) == [stated]
    assert leads._shapes(3, stated) == []


def test_cells_stand_column_by_column_and_labels_may_stand_left_of_them() -> None:
    columns = Columns((100.0, 600.0, 1100.0), 500.0, 1.0)
    assert leads._cells(Layout(2, 2), columns, SCALE) == [
        Cell(100.0, 0, 160.0),
        Cell(100.0, 1, 160.0),
        Cell(600.0, 0, 24.0),
        Cell(600.0, 1, 24.0),
    ]


# ---- what is known before the layout


def test_a_sheet_knows_its_paper_and_where_its_traces_begin() -> None:
    sheet = Sheet.of(rows(*by_columns(STANDARD, 3)), SCALE, [], ())
    assert sheet.paper == PAPER
    assert [len(pulses) for pulses in sheet.pulses] == [1, 1, 1]
    assert (sheet.start, sheet.end) == pytest.approx((LEFT, LEFT + 2000), abs=10)
    bare = Sheet.of(rows(*by_columns(STANDARD, 3), pulse=False), SCALE, [], ())
    assert bare.paper.assumed == (ASSUMED_GAIN, ASSUMED_SPEED)


def test_marks_and_steps_are_found_once() -> None:
    sheet = Sheet.of(rows(*by_columns(STANDARD, 3)), SCALE, [], ())
    assert sheet.marks(3) is sheet.marks(3)
    assert sheet.marks(2) is not sheet.marks(3)
    assert sheet.steps(0) is sheet.steps(0)
    assert replace(sheet, start=0.0).marks(3) is sheet.marks(3)


# ---- cutting


def cut(page: Paths, chosen: Layout, drawn: Sequence[Reals] = ()) -> reading.Reading:
    sheet = Sheet.of(page, SCALE, [], drawn)
    width = 2000 / chosen.columns
    columns = Columns(tuple(LEFT + width * c for c in range(chosen.columns + 1)), width, 1.0)
    empty: list[list[Label]] = [[] for _ in chosen.order]
    return reading.cut(sheet, chosen, columns, width, empty, given=False)


def test_pulses_are_no_part_of_a_lead() -> None:
    page = rows(("II",))
    assert page.on[0, 50] == 1
    found = cut(page, Layout(1, 1, 0, ("II",))).leads["II"]
    assert np.nanmin(found.x[np.isfinite(found.signal)]) == pytest.approx(LEFT, abs=10)


def test_a_trace_that_goes_on_is_said_to() -> None:
    page = rows(*by_columns(STANDARD, 3))
    whole = cut(page, Layout(3, 4))
    assert whole.beyond_s == pytest.approx(0, abs=0.05)
    sheet = Sheet.of(page, SCALE, [], ())
    short = Columns((120.0, 520.0, 920.0, 1320.0, 1720.0), 400.0, 1.0)
    assert reading.cut(sheet, Layout(3, 4), short, 400.0, [[]] * 12, given=False).beyond_s == pytest.approx(2, abs=0.05)


def test_leads_that_repeat_or_mix_are_seen() -> None:
    assert not cut(rows(*by_columns(STANDARD, 3)), Layout(3, 4)).repeats
    swapped = (*STANDARD[:9], "I", "II", "III")
    assert cut(rows(*by_columns(swapped, 3)), Layout(3, 4)).repeats
    edges = tuple(LEFT + 500.0 * c for c in range(5))
    sheet, chosen, columns = (
        Sheet.of(rows(*by_columns(swapped, 3)), SCALE, [], ()),
        Layout(3, 4),
        Columns(edges, 500.0, 1.0),
    )
    named = [[Label(0, 0, 20, like(name), whole=True)] for name in STANDARD]
    assert not reading.cut(sheet, chosen, columns, 500.0, named, given=False).repeats
    assert not reading.cut(sheet, chosen, columns, 500.0, [[]] * 12, given=True).repeats
    assert cut(rows(("I", "V1"), ("II", "V2")), Layout(2, 1, 0, ("V4", "V5"))).mixed > 0
    assert cut(rows(("V4",), ("V5",)), Layout(2, 1, 0, ("V4", "V5"))).mixed == 0


def test_drawn_paths_are_taken_where_they_fit() -> None:
    page = rows(("I",), ("II",))
    lines = [
        np.stack([LEFT + np.arange(5000) / 500 * PER_S, TOP + r * ROW - TRUE[name] * 10 * SCALE], -1)
        for r, name in enumerate(("I", "II"))
    ]
    chosen = Layout(2, 1, 0, ("I", "II"))
    found = cut(page, chosen, lines)
    assert found.vector
    for name in ("I", "II"):
        rest = found.leads[name].signal[5:4990] - TRUE[name][5:4990]
        assert np.nanstd(rest) < 0.002
    assert not cut(page, chosen, lines[:1]).vector


def test_each_row_has_the_gain_of_its_own_pulses_and_says_so() -> None:
    page = rows(*by_columns(STANDARD, 12))
    half = replace(page, y=page.y.copy())
    for r in range(6, 12):
        half.y[r] = half.center[r] + (half.y[r] - half.center[r]) / 2
    lines = tuple((x, half.y[r][x.astype(int)]) for r, (x, _) in enumerate(page.lines))
    found = cut(replace(half, lines=lines), Layout(12, 1))
    assert found.paper.gain == 10
    assert any("mm/mV: I 10, II 10, III 10, aVR 10, aVL 10, aVF 10, V1 5" in sentence for sentence in found.assumed)
    assert np.ptp(found.leads["V5"].signal[np.isfinite(found.leads["V5"].signal)]) == pytest.approx(
        np.ptp(TRUE["V5"]), rel=0.02
    )


def test_a_reading_keeps_the_rate_of_its_leads() -> None:
    found = cut(rows(("II",)), Layout(1, 1, 0, ("II",)))
    assert found.heart_rate_bpm == pytest.approx(72, abs=1)
    assert found.sure(lead("II", TRUE["II"])) == 1
