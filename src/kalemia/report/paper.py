"""An ECG on millimetre paper as inline SVG: 25 mm/s, 10 mm/mV; lengths in this file are mm on that paper."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kalemia.records import LEADS, Beat, Recording
from kalemia.report.markup import Markup, element, join

Samples = NDArray[np.float64]

MM_PER_S = 25.0
MM_PER_MV = 10.0
ROW_S = 10.0
COLUMN_S = 2.5
COLUMNS = (("I", "II", "III"), ("aVR", "aVL", "aVF"), ("V1", "V2", "V3"), ("V4", "V5", "V6"))
RHYTHM = "II"

LEFT, RIGHT, EDGE = 15.0, 5.0, 5.0
"""Margins; multiples of 5, so that zero mV and zero seconds lie on thick lines of the paper."""
WIDTH = LEFT + ROW_S * MM_PER_S + RIGHT
UP, DOWN = (15.0, 25.0), (10.0, 20.0)
"""The least and the most that a row reaches above and below its zero line."""

MAX_ROWS = 24
WRAPPED_ROWS = 6
"""Long recordings of few leads are continued on this many rows altogether."""
MAX_POINTS = 40_000
POINTS_PER_S = 400.0
UNIT = 0.02
"""Paths are written in whole multiples of this: finer than any screen or printer shows, and short."""


@dataclass(frozen=True)
class Strip:
    """A stretch of one lead in its place: `left` from the first sample of the row."""

    lead: str
    start_s: float
    length_s: float
    left: float = 0.0
    label: str = ""


@dataclass(frozen=True, eq=False)
class Trace:
    """A strip with the samples it shows: `x` from the left edge of the paper, `y` upwards from the zero line."""

    strip: Strip
    x: Samples
    y: Samples


@dataclass(frozen=True, eq=False)
class Drawing:
    """The finished picture and what has to be said below it."""

    svg: Markup
    remarks: tuple[str, ...]


def draw(recording: Recording, beat: Beat | None, name: str = "ecg") -> Drawing:
    """Return the ECG as it was recorded, unfiltered, with the R peaks of the beat marked.

    A page with several ECGs gives each a name of its own, which the ids within the picture begin with.

    Twelve leads are laid out in four columns above a rhythm strip; anything else gets a row a lead, and a recording
    of few leads goes on for several rows. Each lead is shifted so that its median lies on the zero line.
    """
    rows = layout(recording)
    seconds = sum(strip.length_s for row in rows for strip in row)
    points_per_s = min(POINTS_PER_S, MAX_POINTS / seconds)
    medians = {lead: _median(recording, lead, rows) for lead in {strip.lead for row in rows for strip in row}}
    traces = [[_trace(recording, strip, medians[strip.lead], points_per_s) for strip in row] for row in rows]
    peaks = np.empty(0) if beat is None else beat.r_peaks_s
    return Drawing(_svg(recording, traces, peaks, name), tuple(_remarks(recording, traces, peaks)))


def layout(recording: Recording) -> list[list[Strip]]:
    """Return the rows of the paper, each a list of strips."""
    if set(LEADS) <= set(recording.leads):
        others = [lead for lead in recording.leads if lead not in LEADS]
        return (_twelve(recording) + [[_whole(recording, lead, 0.0)] for lead in others])[:MAX_ROWS]
    wraps = max(1, WRAPPED_ROWS // len(recording.leads))
    starts = [k * ROW_S for k in range(wraps) if k == 0 or k * ROW_S < recording.duration_s]
    return [[_whole(recording, lead, start)] for start in starts for lead in recording.leads][:MAX_ROWS]


def _twelve(recording: Recording) -> list[list[Strip]]:
    rows = [[_column(recording, lead, k) for k, lead in enumerate(leads)] for leads in zip(*COLUMNS, strict=True)]
    return [*rows, [_whole(recording, RHYTHM, 0.0)]]


def _whole(recording: Recording, lead: str, start_s: float) -> Strip:
    length = min(ROW_S, max(recording.duration_s - start_s, 0.0))
    wrapped = recording.duration_s > ROW_S and start_s > 0
    return Strip(lead, start_s, length, label=f"{lead}, from {start_s:g} s" if wrapped else lead)


def _column(recording: Recording, lead: str, column: int) -> Strip:
    """Return the strip of one of four columns: its own 2.5 s, or where a page was digitized, what there is."""
    start = min(column * COLUMN_S, max(recording.duration_s - COLUMN_S, 0.0))
    if not np.isfinite(_samples(recording, lead, start, COLUMN_S)).any():
        recorded = np.flatnonzero(np.isfinite(_samples(recording, lead, 0.0, ROW_S)))
        start = float(recorded[0] / recording.rate) if recorded.size else start
    length = min(COLUMN_S, recording.duration_s)
    return Strip(lead, start, length, left=column * COLUMN_S * MM_PER_S, label=lead)


def _samples(recording: Recording, lead: str, start_s: float, length_s: float) -> Samples:
    first = round(start_s * recording.rate)
    cut = recording.lead(lead)[first : first + max(1, round(length_s * recording.rate))].astype(float)
    cut[~np.isfinite(cut)] = np.nan
    return cut


def _median(recording: Recording, lead: str, rows: Iterable[list[Strip]]) -> float:
    """Return the level of a lead in mV over all that is drawn of it; 0 where nothing was recorded."""
    ends = [strip.start_s + strip.length_s for row in rows for strip in row if strip.lead == lead]
    drawn = _samples(recording, lead, 0.0, max(ends))
    drawn = drawn[np.isfinite(drawn)]
    return float(np.median(drawn)) if drawn.size else 0.0


def _trace(recording: Recording, strip: Strip, median: float, points_per_s: float) -> Trace:
    values = _samples(recording, strip.lead, strip.start_s, strip.length_s) - median
    kept = thin(values, int(2 * recording.rate / points_per_s))
    return Trace(strip, LEFT + strip.left + kept / recording.rate * MM_PER_S, values[kept] * MM_PER_MV)


def thin(values: Samples, step: int) -> NDArray[np.intp]:
    """Return the places of the lowest and highest value of every `step` samples, so that no peak is lost.

    A block with a NaN keeps the NaN, so that a gap stays a gap.
    """
    if step <= 2:
        return np.arange(values.size)
    whole = values.size // step
    blocks = values[: whole * step].reshape(whole, step)
    extremes = np.sort(np.stack([blocks.argmin(axis=1), blocks.argmax(axis=1)], axis=1), axis=1)
    places = (extremes + step * np.arange(whole)[:, None]).ravel()
    return np.concatenate([places, np.arange(whole * step, values.size)])


def path(x: Samples, y: Samples) -> str:
    """Return the `d` of a path through the points, in multiples of `UNIT`, broken where y is NaN."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], np.isfinite(y), [False]])))
    steps = np.stack([x, np.nan_to_num(y)], axis=1) / UNIT
    whole = np.rint(steps).astype(np.int64)
    return "".join(_run(whole[first:end]) for first, end in edges.reshape(-1, 2))


def _run(points: NDArray[np.int64]) -> str:
    moves = np.diff(points, axis=0)
    moves = moves[moves.any(axis=1)]
    x, y = points[0]
    # A run of a single point is drawn as a dot: the line has round ends.
    line = " ".join(map(str, moves.ravel().tolist())).replace(" -", "-") if moves.size else "0 0"
    return f"M{x} {y}l{line}"


def _reach(values: Iterable[Samples], limits: tuple[float, float]) -> float:
    """Return how far a row must reach for these values, in whole thick squares."""
    highest = max((float(finite.max()) for v in values if (finite := v[np.isfinite(v)]).size), default=0.0)
    return float(np.clip(5 * np.ceil((highest + 1) / 5), *limits))


def _svg(recording: Recording, rows: list[list[Trace]], peaks: Samples, name: str) -> Markup:
    parts, top = [], EDGE
    marked = [len(row) == 1 for row in rows]
    for number, row in enumerate(rows):
        up, down = _reach((t.y for t in row), UP), _reach((-t.y for t in row), DOWN)
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


def _row(row: list[Trace], name: str, zero: float, reach: tuple[float, float], peaks: Samples) -> Markup:
    up, down = reach
    clip = element("rect", x=LEFT - 1, y=zero - up, width=WIDTH - LEFT, height=up + down)
    return join(
        element("clipPath", clip, id=name),
        element("path", d=f"M{LEFT - 10} {zero}h2v-{MM_PER_MV}h5v{MM_PER_MV}h2", class_="pulse"),
        element("g", *(_line(trace, zero, reach) for trace in row), clip_path=f"url(#{name})"),
        _marks(row[0].strip, peaks, zero + down),
        *(_label(trace, zero - up, zero) for trace in row),
    )


def _line(trace: Trace, zero: float, reach: tuple[float, float]) -> Markup:
    # What lies far outside is cut off by the clip path anyway; limiting it keeps the numbers short.
    y = zero - np.clip(trace.y, -reach[1] - 5, reach[0] + 5)
    return element("path", d=path(trace.x, y), class_="trace", transform=f"scale({UNIT})")


def _marks(strip: Strip, peaks: Samples, bottom: float) -> Markup:
    """Return a short stroke at the foot of the row below every R peak."""
    shown = peaks[(peaks >= strip.start_s) & (peaks < strip.start_s + strip.length_s)]
    places = LEFT + (shown - strip.start_s) * MM_PER_S
    return element("path", d="".join(f"M{x:.2f} {bottom - 2.5:g}v2" for x in places), class_="peak")


def _label(trace: Trace, top: float, zero: float) -> Markup:
    left = LEFT + trace.strip.left
    # Beside the name, not across the trace, where it would look like the spike of a pacemaker.
    separator = f"M{left:g} {top + 1.5:g}v3.5" if trace.strip.left else ""
    empty = None if np.isfinite(trace.y).any() else element("text", "not recorded", x=left + 8, y=zero - 2)
    return join(
        element("path", d=separator, class_="pulse") if separator else None,
        element("text", trace.strip.label, x=left + 1, y=top + 4.5, class_="lead"),
        empty,
    )


def _remarks(recording: Recording, rows: list[list[Trace]], peaks: Samples) -> Iterator[str]:
    yield "25 mm/s, 10 mm/mV: a small square is 0.04 s by 0.1 mV. Not filtered; each lead is shifted to its median."
    strips = [trace.strip for row in rows for trace in row]
    if moved := [s.lead for s in strips if s.left and abs(s.left / MM_PER_S - s.start_s) > 0.1]:
        yield f"Recorded at another moment than the column shows: {', '.join(moved)}."
    if peaks.size:
        yield "A stroke at the foot of a row marks an R peak that was found."
    end = max(strip.start_s + strip.length_s for strip in strips)
    if end < recording.duration_s - 0.05:
        yield f"Drawn are the first {end:.0f} s of {duration(recording.duration_s)}."
    undrawn = len(recording.leads) - len({strip.lead for strip in strips})
    if undrawn:
        yield f"{undrawn} more leads are not drawn."
    if cut := _cut_off(rows):
        yield f"Cut off at the edge of the row: {', '.join(cut)}."


def _cut_off(rows: list[list[Trace]]) -> list[str]:
    def outside(trace: Trace) -> bool:
        y = trace.y[np.isfinite(trace.y)]
        return bool(y.size and (y.max() > UP[1] or y.min() < -DOWN[1]))

    return list(dict.fromkeys(trace.strip.lead for row in rows for trace in row if outside(trace)))


def duration(seconds: float) -> str:
    """Return e.g. "10.0 s", "5 min" or "1 h 0 min"."""
    if seconds < 120:
        return f"{seconds:.1f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 and minutes != 60 else f"{minutes // 60} h {minutes % 60} min"
