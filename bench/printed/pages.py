"""Draws a recording as the page that an ECG machine prints, with the place of every sample on it.

Lengths on the page are millimetres from its upper left corner until they are drawn.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from kalemia.records import Recording
from printed import brush
from printed.brush import RGB, Font, Pixels, Points
from printed.layouts import PrintedLayout, Stretch, printed, stretches

PULSE_S = 0.2
BLACK: RGB = (20, 20, 20)


@dataclass(frozen=True)
class Ruling:
    """The lines of the paper.

    Attributes
    ----------
    kind
        "lines" every 1 and 5 mm; "dots" every 1 mm and lines every 5; "dotted" lines; "major", every 5 mm only; "none".
    minor, major
        Colors of the 1 mm and the 5 mm lines.
    minor_mm, major_mm
        How wide they are.
    bold
        Whether every 25 mm lines are bolder still.
    crisp
        Whether they fill whole pixels, as screens draw them.
    shift_mm
        Where the first lines lie.
    whole
        Whether the grid fills the page, or only the traces' part of it.
    """

    kind: Literal["lines", "dots", "dotted", "major", "none"] = "lines"
    minor: RGB = (250, 205, 205)
    major: RGB = (235, 130, 130)
    minor_mm: float = 0.12
    major_mm: float = 0.2
    bold: bool = False
    crisp: bool = False
    shift_mm: tuple[float, float] = (0.0, 0.0)
    whole: bool = True


@dataclass(frozen=True)
class Style:
    """How a page looks; lengths in mm on the paper."""

    px_per_mm: float = 8.0
    speed_mm_s: float = 25.0
    gain_mm_mv: float = 10.0
    chest: float = 1.0  # gain of the chest leads over that of the limb leads
    row_mm: float = 25.0
    margin_mm: float = 5.0
    pulse: Literal["left", "right", "none"] = "left"
    separator: Literal["none", "line", "split", "tick", "dotted"] = "none"
    label: Literal["above", "below", "on", "beside"] = "above"
    label_mm: float = 2.8
    font: Font = "sans"
    pen_mm: float = 0.3
    ink: RGB = BLACK
    opacity: float = 1.0
    paper: RGB = (255, 255, 255)
    grid: Ruling = Ruling()
    header: tuple[tuple[str, ...], ...] = ()  # columns of lines of text
    footer: str = ""
    text_mm: float = 2.2


@dataclass(frozen=True, eq=False)
class PrintedTrace:
    """One lead as it is printed once: sample `start + i` of the page's recording lies at `points[i]`, (x, y) pixels."""

    lead: str
    start: int
    points: Points


@dataclass(frozen=True, eq=False)
class PrintedPage:
    """A picture of a page with what is true of it.

    Attributes
    ----------
    image
        uint8 (height, width, 3), RGB.
    recording
        What is printed, mV about each lead's median, NaN elsewhere; sample 0 is the left end of the traces.
    layout
        Its name, as `PrintedLayout.name`.
    px_per_mm
        Pixels per mm; on average where the page is seen from the side.
    speed_mm_s, gain_mm_mv
        As printed; `gain_mm_mv` is that of the limb leads.
    traces
        Where every sample lies.
    """

    image: Pixels
    recording: Recording
    layout: str
    px_per_mm: float
    speed_mm_s: float = 25.0
    gain_mm_mv: float = 10.0
    traces: tuple[PrintedTrace, ...] = ()


@dataclass(frozen=True)
class _Cell:
    """Where a stretch is drawn: from `x` mm on, with zero at `y` mm, at `gain` mm/mV."""

    shown: Stretch
    x: float
    y: float
    gain: float
    first: bool  # in its row
    last: bool

    @property
    def up(self) -> float:
        """How far a millivolt goes up on the page, mm."""
        return -self.gain if self.shown.label.startswith("-") else self.gain


def draw(recording: Recording, layout: PrintedLayout, style: Style | None = None) -> PrintedPage:
    """Draw a recording as a page.

    Raises
    ------
    ValueError
        The recording lacks a lead of the layout, or is shorter than the page.
    """
    style = style or Style()
    if absent := [name for name in layout.leads if name.removeprefix("-") not in recording.leads]:
        raise ValueError(f"lead {', '.join(absent)} of layout {layout.name} is missing in the recording")
    if recording.duration_s < layout.seconds:
        raise ValueError(f"the recording lasts {recording.duration_s:g} s; the page needs {layout.seconds:g} s")
    level = np.nanmedian(recording.signal, axis=1, keepdims=True)
    shown = printed(replace(recording, signal=recording.signal - level), layout)
    cells = list(_cells(layout, style, recording.rate))
    image = _paper(layout, style)
    _furniture(image, cells, layout, style)
    traces = tuple(_trace(shown, cell, style) for cell in cells)
    for trace in traces:
        brush.stroke(image, trace.points, style.pen_mm * style.px_per_mm, style.ink, style.opacity)
    return PrintedPage(image, shown, layout.name, style.px_per_mm, style.speed_mm_s, style.gain_mm_mv, traces)


def _trace(shown: Recording, cell: _Cell, style: Style) -> PrintedTrace:
    stretch = cell.shown
    samples = shown.lead(stretch.lead)[stretch.start : stretch.stop].astype(np.float64)
    seconds = np.arange(len(samples)) / shown.rate
    mm = np.stack([cell.x + seconds * style.speed_mm_s, cell.y - samples * cell.up], axis=1)
    return PrintedTrace(stretch.lead, stretch.start, mm * style.px_per_mm - 0.5)


def _left_mm(style: Style) -> float:
    """Return where the traces begin."""
    pulse = (PULSE_S * style.speed_mm_s + 4.0) if style.pulse == "left" else 0.0
    return style.margin_mm + pulse + (4 * style.label_mm if style.label == "beside" else 0.0)


def _top_mm(style: Style) -> float:
    return style.margin_mm + 1.7 * style.text_mm * max(map(len, style.header), default=0)


def _size_mm(layout: PrintedLayout, style: Style) -> tuple[float, float]:
    """Return width and height of the page."""
    rows = max(map(len, layout.columns)) + len(layout.strips)
    pulse = (PULSE_S * style.speed_mm_s + 3.0) if style.pulse == "right" else 0.0
    width = _left_mm(style) + layout.seconds * style.speed_mm_s + pulse + style.margin_mm
    return width, _top_mm(style) + rows * style.row_mm + style.margin_mm + (2 * style.text_mm if style.footer else 0)


def _cells(layout: PrintedLayout, style: Style, rate: float) -> Iterator[_Cell]:
    end = round(layout.seconds * rate)
    for shown in stretches(layout, rate):
        x = _left_mm(style) + shown.start / rate * style.speed_mm_s
        y = _top_mm(style) + (shown.row + 0.55) * style.row_mm
        gain = style.gain_mm_mv * (style.chest if shown.lead.startswith("V") else 1.0)
        yield _Cell(shown, x, y, gain, shown.start == 0, shown.stop == end)


def _paper(layout: PrintedLayout, style: Style) -> Pixels:
    """Return the page with its grid."""
    mm = _size_mm(layout, style)
    width, height = (round(length * style.px_per_mm) for length in mm)
    image = np.empty((height, width, 3), dtype=np.uint8)
    image[:] = style.paper
    top = 0 if style.grid.whole else round(_top_mm(style) * style.px_per_mm)
    foot = height if style.grid.whole or not style.footer else height - round(3 * style.text_mm * style.px_per_mm)
    _rule(image[top:foot], style.grid, style.px_per_mm)
    return image


def _rule(image: Pixels, grid: Ruling, px: float) -> None:
    """Draw the grid's lines, the fine ones first."""
    layers = [(1.0, grid.minor, grid.minor_mm), (5.0, grid.major, grid.major_mm)]
    layers = layers[{"none": 2, "major": 1}.get(grid.kind, 0) :]
    if grid.bold:
        layers.append((25.0, grid.major, 2.5 * grid.major_mm))
    turned = image.transpose(1, 0, 2)
    for pitch, color, mm in layers:
        x, y = (
            brush.lines(count, (shift % pitch) * px - 0.5, pitch * px, mm * px, grid.crisp)
            for count, shift in zip(image.shape[1::-1], grid.shift_mm, strict=True)
        )
        dots = grid.kind == "dots" and pitch == 1.0
        down, along = (brush.lines(count, 0.0, px / 2, px / 4) for count in image.shape[:2])
        brush.rule(image, x, color, y if dots else down if grid.kind == "dotted" else None)
        if not dots:
            brush.rule(turned, y, color, along if grid.kind == "dotted" else None)


def _furniture(image: Pixels, cells: list[_Cell], layout: PrintedLayout, style: Style) -> None:
    """Draw all that is neither paper nor trace: pulses, separators, labels, text."""
    for cell in cells:
        _label(image, cell, style)
        if not cell.first:
            _separate(image, cell, style)
    _pulses(image, cells, layout, style)
    for column, text in enumerate(style.header):
        x = style.margin_mm + column * 70
        for row, line in enumerate(text):
            _write(image, line, x, style.margin_mm + 1.7 * row * style.text_mm, style.text_mm, style)
    if style.footer:
        foot = _size_mm(layout, style)[1] - 2 * style.text_mm
        _write(image, style.footer, style.margin_mm, foot, style.text_mm, style)


def _write(image: Pixels, text: str, x: float, y: float, mm: float, style: Style) -> None:
    """Write text whose upper left corner is (x, y) mm."""
    alpha = brush.letters(text, mm * style.px_per_mm, style.font)
    dark: RGB = style.ink if sum(style.ink) < 300 else BLACK
    brush.blend(image, alpha, dark, round(x * style.px_per_mm), round(y * style.px_per_mm))


def _label(image: Pixels, cell: _Cell, style: Style) -> None:
    text = cell.shown.label
    beside = style.label == "beside" and cell.first
    x = cell.x - 3.2 * style.label_mm if beside else cell.x + 1.0
    lift = {"above": -0.3 * style.row_mm, "below": 0.15 * style.row_mm, "on": -0.5 * style.label_mm}
    y = cell.y + (-0.5 * style.label_mm if beside else lift.get(style.label, lift["above"]))
    _write(image, text, x, y, style.label_mm, style)


def _separate(image: Pixels, cell: _Cell, style: Style) -> None:
    """Draw what stands between a lead and the one left of it."""
    half = {"line": 5.0, "tick": 1.5, "split": 5.0, "dotted": style.row_mm / 2}.get(style.separator, 0.0)
    spans = [(-half, half)]
    if style.separator == "split":
        spans = [(-half, -1.5), (1.5, half)]
    elif style.separator == "dotted":
        spans = [(low, low + 0.4) for low in np.arange(-half, half, 1.0)]
    pen = {"split": 0.4, "line": 0.3}.get(style.separator, 0.25)
    for low, high in spans if half else []:
        _line(image, [(cell.x, cell.y + low), (cell.x, cell.y + high)], pen, style)


def _line(image: Pixels, corners: list[tuple[float, float]], pen_mm: float, style: Style) -> None:
    brush.stroke(image, np.array(corners) * style.px_per_mm - 0.5, pen_mm * style.px_per_mm, style.ink, style.opacity)


def _pulses(image: Pixels, cells: list[_Cell], layout: PrintedLayout, style: Style) -> None:
    """Draw a pulse of 1 mV in every row, with the gain of the lead that it stands beside."""
    width = PULSE_S * style.speed_mm_s
    start = {
        "left": _left_mm(style) - width - 2.0 - (4 * style.label_mm if style.label == "beside" else 0.0),
        "right": _left_mm(style) + layout.seconds * style.speed_mm_s + 1.0,
    }.get(style.pulse, 0.0)
    for cell in cells:
        if style.pulse != "none" and (cell.first if style.pulse == "left" else cell.last):
            xs = [start - 1, start, start, start + width, start + width, start + width + 1]
            high = cell.y - cell.gain
            _line(image, list(zip(xs, [cell.y, cell.y, high, high, cell.y, cell.y], strict=True)), style.pen_mm, style)
