"""An ECG on millimetre paper as inline SVG: 25 mm/s, 10 mm/mV; lengths in this file are mm on that paper."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from kalemia.records import Beat, Recording
from kalemia.report import words
from kalemia.report.curve import Values, curve, thin
from kalemia.report.markup import Markup, element, join
from kalemia.report.strips import MM_PER_S, ROW_S, Strip, layout, samples

MM_PER_MV = 10.0

LEFT, RIGHT, EDGE = 15.0, 5.0, 5.0
"""Margins; multiples of 5, so that zero mV and zero seconds lie on thick lines of the paper."""
WIDTH = LEFT + ROW_S * MM_PER_S + RIGHT
UP, DOWN = (15.0, 25.0), (10.0, 20.0)
"""The least and the most that a row reaches above and below its zero line."""

MAX_POINTS = 40_000
POINTS_PER_S = 400.0


@dataclass(frozen=True, eq=False)
class Line:
    """What a strip shows: `x` from the left edge of the paper, `y` upwards from the zero line."""

    strip: Strip
    x: Values
    y: Values


@dataclass(frozen=True, eq=False)
class DrawnEcg:
    """The finished picture and what has to be said below it."""

    svg: Markup
    remarks: tuple[str, ...]


def draw(recording: Recording, beat: Beat | None, name: str = "ecg") -> DrawnEcg:
    """Return the ECG as it was recorded, unfiltered, with the R peaks of the beat marked.

    A page with several ECGs gives each a name of its own, which the ids within the picture begin with.

    Twelve leads are laid out in four columns above a rhythm strip; anything else gets a row a lead, and a recording
    of few leads goes on for several rows. Each lead is shifted so that its median lies on the zero line.
    """
    rows = layout(recording)
    seconds = sum(strip.length_s for row in rows for strip in row)
    points_per_s = min(POINTS_PER_S, MAX_POINTS / seconds)
    medians = {lead: _median(recording, lead, rows) for lead in {strip.lead for row in rows for strip in row}}
    lines = [[_line(recording, strip, medians[strip.lead], points_per_s) for strip in row] for row in rows]
    peaks = np.empty(0) if beat is None else beat.r_peaks_s
    return DrawnEcg(_svg(recording, lines, peaks, name), tuple(_remarks(recording, lines, peaks)))


def _median(recording: Recording, lead: str, rows: Iterable[list[Strip]]) -> float:
    """Return the level of a lead in mV over all that is drawn of it; 0 where nothing was recorded."""
    ends = [strip.start_s + strip.length_s for row in rows for strip in row if strip.lead == lead]
    drawn = samples(recording, lead, 0.0, max(ends))
    drawn = drawn[np.isfinite(drawn)]
    return float(np.median(drawn)) if drawn.size else 0.0


def _line(recording: Recording, strip: Strip, median: float, points_per_s: float) -> Line:
    values = samples(recording, strip.lead, strip.start_s, strip.length_s) - median
    kept = thin(values, int(2 * recording.rate / points_per_s))
    return Line(strip, LEFT + strip.left + kept / recording.rate * MM_PER_S, values[kept] * MM_PER_MV)


def _reach(values: Iterable[Values], limits: tuple[float, float]) -> float:
    """Return how far a row must reach for these values, in whole thick squares."""
    highest = max((float(finite.max()) for v in values if (finite := v[np.isfinite(v)]).size), default=0.0)
    return float(np.clip(5 * np.ceil((highest + 1) / 5), *limits))


def _svg(recording: Recording, rows: list[list[Line]], peaks: Values, name: str) -> Markup:
    parts, top = [], EDGE
    marked = [len(row) == 1 for row in rows]
    for number, row in enumerate(rows):
        up, down = _reach((line.y for line in row), UP), _reach((-line.y for line in row), DOWN)
        parts.append(_row(row, f"{name}-row{number}", top + up, (up, down), peaks if marked[number] else np.empty(0)))
        top += up + down
    height = top + EDGE
    return element(
        "svg",
        element("title", "The ECG as recorded", id=f"{name}-title"),
        element("desc", _description(recording), id=f"{name}-desc"),
        element("defs", _grid(f"{name}-mm")),
        element("rect", width=WIDTH, height=height, class_="paper"),
        element("rect", width=WIDTH, height=height, fill=f"url(#{name}-mm)"),
        *parts,
        class_="ecg",
        viewBox=f"0 0 {WIDTH:g} {height:g}",
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


def _row(row: list[Line], name: str, zero: float, reach: tuple[float, float], peaks: Values) -> Markup:
    up, down = reach
    clip = element("rect", x=LEFT - 1, y=zero - up, width=WIDTH - LEFT, height=up + down)
    return join(
        element("clipPath", clip, id=name),
        element("path", d=f"M{LEFT - 10} {zero}h2v-{MM_PER_MV}h5v{MM_PER_MV}h2", class_="pulse"),
        element("g", *(_curve(line, zero, reach) for line in row), clip_path=f"url(#{name})"),
        _marks(row[0].strip, peaks, zero + down),
        *(_label(line, zero - up, zero) for line in row),
    )


def _curve(line: Line, zero: float, reach: tuple[float, float]) -> Markup:
    # What lies far outside is cut off by the clip path anyway; limiting it keeps the numbers short.
    y = zero - np.clip(line.y, -reach[1] - 5, reach[0] + 5)
    return curve(line.x, y, "trace")


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


def _remarks(recording: Recording, rows: list[list[Line]], peaks: Values) -> Iterator[str]:
    yield "25 mm/s, 10 mm/mV: a small square is 0.04 s by 0.1 mV. Not filtered; each lead is shifted to its median."
    strips = [line.strip for row in rows for line in row]
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
    if cut := _cut_off(rows):
        yield f"Cut off at the edge of the row: {', '.join(cut)}."


def _cut_off(rows: list[list[Line]]) -> list[str]:
    def outside(line: Line) -> bool:
        y = line.y[np.isfinite(line.y)]
        return bool(y.size and (y.max() > UP[1] or y.min() < -DOWN[1]))

    return list(dict.fromkeys(line.strip.lead for row in rows for line in row if outside(line)))
