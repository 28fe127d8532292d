"""An ECG on millimetre paper as inline SVG: 25 mm/s, 10 mm/mV or less; lengths in this file are mm on that paper."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from kalemia.records import Beat, Recording
from kalemia.report import words
from kalemia.report.curve import Values, curve, thin
from kalemia.report.markup import Markup, element, join
from kalemia.report.strips import MM_PER_S, ROW_S, Strip, layout, samples, straightened

UNFILTERED = "The drift of the baseline is taken off for display, nothing else."
LEFT, RIGHT, EDGE = 15.0, 5.0, 5.0
"""Margins; multiples of 5, so that zero mV and zero seconds lie on thick lines of the paper."""
WIDTH = LEFT + ROW_S * MM_PER_S + RIGHT
UP, DOWN = (15.0, 60.0), (10.0, 60.0)
"""The least and the most that a row reaches above and below its zero line."""
NAME_MM = 5.0
"""The height of a lead's name, which no wave shall run through."""
GAINS_MM_PER_MV = (10.0, 5.0, 2.5, 1.0, 0.5, 0.1, 0.01, 0.001)
"""The usual one, and smaller ones for what would leave its row."""
TALL_MM, TALL_SHARE = 40.0, 0.005
"""So high may waves be before a smaller gain is taken; the largest 0.5 % of samples, artefacts mostly, do not count."""

MAX_POINTS = 40_000
POINTS_PER_S = 400.0


@dataclass(frozen=True, eq=False)
class Line:
    """What a strip shows: `x` from the left edge of the paper, `y` upwards from the zero line."""

    strip: Strip
    x: Values
    y: Values


@dataclass(frozen=True, eq=False)
class Row:
    """The strips that stand side by side: `zero` from the top edge of the paper, `up` and `down` from there."""

    lines: list[Line]
    zero: float
    up: float
    down: float


@dataclass(frozen=True, eq=False)
class Sheet:
    """An ECG in its place on the paper."""

    rows: list[Row]
    mm_per_mv: float

    @property
    def height(self) -> float:
        """Of the paper."""
        return EDGE + sum(row.up + row.down for row in self.rows) + EDGE


@dataclass(frozen=True, eq=False)
class DrawnEcg:
    """The finished picture and what has to be said below it."""

    svg: Markup
    remarks: tuple[str, ...]


def draw(recording: Recording, beat: Beat | None, name: str = "ecg") -> DrawnEcg:
    """Return the ECG as it was recorded but for the drift of its baseline, with the R peaks of the beat marked.

    A page with several ECGs gives each a name of its own, which the ids within the picture begin with.
    """
    shown = sheet(recording)
    peaks = np.empty(0) if beat is None else beat.r_peaks_s
    return DrawnEcg(_svg(recording, shown, peaks, name), tuple(_remarks(recording, shown, peaks)))


def sheet(recording: Recording) -> Sheet:
    """Place an ECG on the paper.

    Twelve leads are laid out in four columns above a rhythm strip; anything else gets a row a lead, and a recording
    of few leads goes on for several rows. The median of each lead lies on the zero line, and rows are as high as their
    waves, of which none is cut; where they would be very high, the gain is smaller.
    """
    rows = layout(recording)
    seconds = sum(strip.length_s for row in rows for strip in row)
    points_per_s = min(POINTS_PER_S, MAX_POINTS / seconds)
    level = {lead: _level(recording, lead, rows) for lead in {strip.lead for row in rows for strip in row}}
    gain = _gain([mv for _, mv in level.values()])
    placed, top = [], EDGE
    for row in rows:
        lines = [_line(level[strip.lead], strip, gain, points_per_s) for strip in row]
        up = _reach((line.y for line in lines), NAME_MM, UP)
        placed.append(Row(lines, top + up, up, _reach((-line.y for line in lines), 1.0, DOWN)))
        top += up + placed[-1].down
    return Sheet(placed, gain)


Level = tuple[float, Values]
"""The rate of a lead, Hz, and its samples in mV without drift."""


def _level(recording: Recording, lead: str, rows: Iterable[list[Strip]]) -> Level:
    """Return all that is drawn of a lead, its median zero."""
    ends = [strip.start_s + strip.length_s for row in rows for strip in row if strip.lead == lead]
    drawn = straightened(samples(recording.lead(lead), recording.rate, 0.0, max(ends)), recording.rate)
    finite = drawn[np.isfinite(drawn)]
    return recording.rate, drawn - (float(np.median(finite)) if finite.size else 0.0)


def _gain(all_mv: list[Values]) -> float:
    heights = [np.abs(known) for mv in all_mv if (known := _known(mv)).size]
    tallest = max((float(np.quantile(mv, 1 - TALL_SHARE)) for mv in heights), default=0.0)
    return next((gain for gain in GAINS_MM_PER_MV if tallest * gain <= TALL_MM), GAINS_MM_PER_MV[-1])


def _known(values: Values) -> Values:
    return values[np.isfinite(values)]


def _line(level: Level, strip: Strip, gain: float, points_per_s: float) -> Line:
    rate, mv = level
    values = samples(mv, rate, strip.start_s, strip.length_s)
    kept = thin(values, int(2 * rate / points_per_s))
    return Line(strip, LEFT + strip.left + kept / rate * MM_PER_S, values[kept] * gain)


def _reach(values: Iterable[Values], room: float, limits: tuple[float, float]) -> float:
    """Return how far a row must reach for these values and some room, in whole thick squares."""
    highest = max((float(known.max()) for v in values if (known := _known(v)).size), default=0.0)
    return float(np.clip(5 * np.ceil((highest + room) / 5), *limits))


def _svg(recording: Recording, shown: Sheet, peaks: Values, name: str) -> Markup:
    rows = [
        _row(row, f"{name}-row{number}", shown.mm_per_mv, peaks if len(row.lines) == 1 else np.empty(0))
        for number, row in enumerate(shown.rows)
    ]
    return element(
        "svg",
        element("title", "The ECG as recorded", id=f"{name}-title"),
        element("desc", _description(recording), id=f"{name}-desc"),
        element("defs", _grid(f"{name}-mm")),
        element("rect", width=WIDTH, height=shown.height, class_="paper"),
        element("rect", width=WIDTH, height=shown.height, fill=f"url(#{name}-mm)"),
        *rows,
        class_="ecg",
        viewBox=f"0 0 {WIDTH:g} {shown.height:g}",
        role="img",
        aria_labelledby=f"{name}-title {name}-desc",
    )


def _description(recording: Recording) -> str:
    return f"Leads {', '.join(recording.leads)}; {recording.duration_s:.1f} s at {recording.rate:g} Hz."


def _grid(name: str) -> Markup:
    fine = "".join(f"M{k} 0v5M0 {k}h5" for k in range(1, 5))
    return element(
        "pattern",
        element("path", d=fine, class_="mm1"),
        element("path", d="M0 0v5M0 0h5M5 0v5M0 5h5", class_="mm5"),
        id=name,
        width=5,
        height=5,
        patternUnits="userSpaceOnUse",
    )


def _row(row: Row, name: str, gain: float, peaks: Values) -> Markup:
    top = row.zero - row.up
    clip = element("rect", x=LEFT - 1, y=top, width=WIDTH - LEFT, height=row.up + row.down)
    return join(
        element("clipPath", clip, id=name),
        element("path", d=f"M{LEFT - 10} {row.zero}h2v-{gain}h5v{gain}h2", class_="pulse"),
        element("g", *(_curve(line, row) for line in row.lines), clip_path=f"url(#{name})"),
        _marks(row.lines[0].strip, peaks, row.zero + row.down),
        *(_label(line, top, row.zero) for line in row.lines),
    )


def _curve(line: Line, row: Row) -> Markup:
    # What lies far outside is cut off by the clip path anyway; limiting it keeps the numbers short.
    return curve(line.x, row.zero - np.clip(line.y, -row.down - 5, row.up + 5), "trace")


def _marks(strip: Strip, peaks: Values, bottom: float) -> Markup:
    """Return a short stroke at the foot of the row below every R peak."""
    shown = peaks[(peaks >= strip.start_s) & (peaks < strip.start_s + strip.length_s)]
    places = LEFT + (shown - strip.start_s) * MM_PER_S
    return element("path", d="".join(f"M{x:.2f} {bottom - 2.5:g}v2" for x in places), class_="peak")


def _label(line: Line, top: float, zero: float) -> Markup:
    left = LEFT + line.strip.left
    # Beside the name, not across the trace, where it would look like the spike of a pacemaker.
    separator = f"M{left:g} {top + 1.5:g}v3.5" if line.strip.left else ""
    empty = None if np.isfinite(line.y).any() else element("text", "not recorded", x=left + 8, y=zero - 2)
    return join(
        element("path", d=separator, class_="pulse") if separator else None,
        element("text", line.strip.label, x=left + 1, y=top + 4.5, class_="lead"),
        empty,
    )


def _remarks(recording: Recording, shown: Sheet, peaks: Values) -> Iterator[str]:
    gain = shown.mm_per_mv
    yield f"25 mm/s, {gain:g} mm/mV: a small square is 0.04 s by {1 / gain:g} mV. {UNFILTERED}"
    strips = [line.strip for row in shown.rows for line in row.lines]
    if moved := [s.lead for s in strips if s.left and abs(s.left / MM_PER_S - s.start_s) > 0.1]:
        yield f"Recorded at another moment than the column shows: {', '.join(moved)}."
    if peaks.size:
        yield "A stroke at the foot of a row marks an R peak that was found."
    end = max(strip.start_s + strip.length_s for strip in strips)
    if end < recording.duration_s - 0.05:
        yield f"Drawn are the first {end:.0f} s of {words.duration(recording.duration_s)}."
    undrawn = len(recording.leads) - len({strip.lead for strip in strips})
    if undrawn:
        yield f"{undrawn} more leads are not drawn."
    if cut := _cut_off(shown.rows):
        yield f"Cut off at the edge of the row: {', '.join(cut)}."


def _cut_off(rows: list[Row]) -> list[str]:
    def outside(line: Line, row: Row) -> bool:
        y = _known(line.y)
        return bool(y.size and (y.max() > row.up or y.min() < -row.down))

    return list(dict.fromkeys(line.strip.lead for row in rows for line in row.lines if outside(line, row)))
