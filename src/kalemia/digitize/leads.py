"""From rows of trace to leads in mV: every layout that the page may have is tried, the leads' own laws choose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from kalemia.digitize import check, layout, pulse
from kalemia.digitize.layout import Columns, Layout
from kalemia.digitize.trace import Paths
from kalemia.errors import DigitizeError

Reals = NDArray[np.float64]

RATE = 500.0
SPEEDS = (25.0, 50.0)
GAINS = (5.0, 10.0, 20.0)
COLUMN_S = {1: 10.0, 2: 5.0, 3: 2.5, 4: 2.5}
"""Seconds that a column of leads lasts, by the number of columns."""
RATES = (100.0, 125.0, 200.0, 250.0, 300.0, 400.0, 500.0, 1000.0)
"""Hz: at which recorders sample."""
MAX_GAP_MM = 2.5
"""Shorter interruptions of a trace are bridged."""
MIN_ON = 0.5
STEP_MM, WHITE = 0.7, 0.65
"""A trace that steps over so much paper, which is so much of the step, has been on something else: a label, a pulse,
the lead before. A steep stroke of a QRS is pale, but not white."""
START_MM, END_MM = 6.0, 1.5
"""How far from a lead's beginning, where labels stand, and from its end such a step cuts the lead short."""
AFTER_PULSE_MM = 0.8
MIN_AGREEMENT = 0.9
USUAL_STRIPS, ALIKE, DOUBTFUL = ("II", "V1", "V5"), 0.06, 0.02
"""Leads that are printed as strips: one is taken where another agrees better by less than the second, and said to be
assumed where by more than the third."""
SHIFT = 35
"""Samples by which a strip may be shifted beside the row that it repeats: on a photo, paper is never quite squared."""


@dataclass(frozen=True)
class Paper:
    """Speed and gain, what of them is assumed, and whether a calibration pulse is seen, which stands upright."""

    speed: float
    gain: float
    assumed: tuple[str, ...]
    pulse: bool


@dataclass(frozen=True, eq=False)
class Lead:
    """One lead: (samples,) mV at 500 Hz on the page's time, certainty 0..1, its row, and px of the squared page."""

    name: str
    signal: Reals
    sure: Reals
    row: int
    x: Reals
    y: Reals


@dataclass(frozen=True, eq=False)
class Reading:
    """A page's leads under one layout, and how well they obey what ECGs obey."""

    layout: Layout
    columns: Columns
    paper: Paper
    leads: Mapping[str, Lead]
    strips: Mapping[str, Lead]
    agreement: Mapping[str, float]
    einthoven: float | None
    goldberger: float | None
    beyond_s: float
    assumed: tuple[str, ...] = ()
    vector: bool = False

    @property
    def score(self) -> float:
        """How much speaks for the layout: clear borders, laws obeyed, strips that repeat a lead."""
        laws = [value for value in (self.einthoven, self.goldberger) if value is not None]
        lawful = float(np.mean([np.clip(-np.log10(value / 0.5), -0.5, 1.2) for value in laws])) if laws else -0.2
        # Strips that repeat no lead are rows of leads.
        strips = self.layout.strips
        agreed = 0.5 * sum(self.agreement.values()) / strips - 0.35 if strips else 0.0
        borders = 1.5 * self.columns.clear if self.layout.columns > 1 else 0.0
        borders -= min(1.0, self.beyond_s / 1.2)  # a trace that goes on after the last column has more columns
        upright = 0.3 if self.paper.pulse else 0.0
        return borders + 0.5 * lawful + agreed + upright - (0.15 if self.layout.cabrera else 0.0)


def read(paths: Paths, scale: float, wanted: str, drawn: Sequence[Reals] = ()) -> Reading:
    """Name the rows of a squared page and cut them into leads.

    `drawn` are traces that a PDF holds as paths, (points, 2) px of the squared page; they are taken where they fit.

    Raises
    ------
    DigitizeError
        Where no layout fits the rows.
    """
    on = paths.on > MIN_ON
    pulses = [pulse.find(y, seen, scale) for y, seen in zip(paths.y, on, strict=True)]
    paper = _paper(pulses)
    start, end = _ends(on, pulses, scale)
    readings = [
        _reading(paths, chosen, paper, pulses, start, end, scale, drawn)
        for chosen in layout.TWELVE
        if chosen.rows + chosen.strips == len(paths.center) and wanted in ("auto", chosen.name)
    ]
    if not readings:
        raise DigitizeError(_no_layout(len(paths.center), wanted))
    return max(readings, key=lambda reading: reading.score)


def _no_layout(rows: int, wanted: str) -> str:
    what = f"{rows} row{'' if rows == 1 else 's'} of trace {'is' if rows == 1 else 'are'} seen"
    if wanted != "auto":
        return f"{what}, which does not fit the layout {wanted}"
    return (
        f"{what}, which is no layout of twelve leads that is read; 3x4, 6x2, 12x1 and 4x3 with up to three strips are"
    )


def _paper(pulses: list[list[pulse.Pulse]]) -> Paper:
    """Return speed and gain as the pulses show them, or as they are usual."""
    whole = [p for row in pulses for p in row if p.whole]
    assumed = []
    speed, gain = SPEEDS[0], GAINS[1]
    heights = [p.height for row in pulses for p in row]
    if heights:
        height = float(np.median([p.height for p in whole] or heights))
        gain = min(GAINS, key=lambda g: abs(np.log(g / height)))
    if not heights or abs(np.log(gain / height)) > 0.18:
        gain = 10.0
        assumed.append("No calibration pulse is seen: 10 mm/mV is assumed.")
    if whole and float(np.median([p.right - p.left for p in whole])) > 7.5:
        speed = 50.0
    elif not whole or float(np.median([p.right - p.left for p in whole])) < 4:
        assumed.append("No calibration pulse of 0.2 s is seen: 25 mm/s is assumed.")
    return Paper(speed, gain, tuple(assumed), bool(heights))


def _ends(on: NDArray[np.bool_], pulses: list[list[pulse.Pulse]], scale: float) -> tuple[float, float]:
    """Return where the traces begin and end, px, the pulses left out: the median of the rows."""
    width = on.shape[1]
    middle = width / 2
    found = [p for row in pulses for p in row]
    left = [p.right * scale for p in found if p.right * scale < middle]
    right = [p.left * scale for p in found if p.left * scale > middle]
    need = max(1, len(on) // 2)
    low = float(np.median(left)) + AFTER_PULSE_MM * scale if len(left) >= need else 0.0
    high = float(np.median(right)) - AFTER_PULSE_MM * scale if len(right) >= need else float(width)
    starts, stops = [], []
    for seen in on:
        solid = np.convolve(seen, np.ones(round(3 * scale)) / round(3 * scale), "same") > 0.7
        columns = np.flatnonzero(solid & seen)
        columns = columns[(columns >= low) & (columns <= high)]
        if columns.size:
            starts.append(float(columns[0]))
            stops.append(float(columns[-1]))
    return (float(np.median(starts)), float(np.median(stops))) if starts else (low, high)


def _reading(
    paths: Paths,
    chosen: Layout,
    paper: Paper,
    pulses: list[list[pulse.Pulse]],
    start: float,
    end: float,
    scale: float,
    drawn: Sequence[Reals],
) -> Reading:
    """Cut the rows into leads as a layout has them."""
    marks = layout.marks(paths, slice(0, chosen.rows), scale)
    width = COLUMN_S[chosen.columns] * paper.speed * scale
    columns = layout.columns(marks, chosen.columns, width, start, end, scale)
    first = columns.edges[0] if columns.clear > 0.3 else start
    vector = False
    if drawn:
        placed = _placed(paths, chosen, drawn, width)
        if placed is not None:
            paths, columns, first, vector = placed[0], placed[1], placed[1].edges[0], True
            end = max(end, columns.edges[-1])
    rows = [_Row(paths, r, first, end, paper, scale) for r in range(len(paths.center))]
    if not vector:
        for row, own in zip(rows, pulses, strict=True):
            row.clear(paths, own)
    leads = {}
    for r, names in enumerate(chosen.leads):
        for c, name in enumerate(names):
            last = columns.edges[c + 1] if c + 1 < chosen.columns else max(columns.edges[c + 1], end) + 1
            leads[name.removeprefix("-")] = rows[r].lead(name, columns.edges[c], last)
    strips, agreement, assumed = {}, {}, list(paper.assumed)
    for r in range(chosen.rows, len(rows)):
        whole = rows[r].lead("", first, end + 1)
        name, agreed, best = _repeated(whole, leads)
        if name in strips or agreed < MIN_AGREEMENT:
            name = "II" if r == len(rows) - 1 and "II" not in strips and chosen.strips == 1 else ""
            if name:
                assumed.append(f"The rhythm strip agrees with no lead (r {agreed:.2f} at most); it is not used.")
            if name:
                agreement[name] = check.agreement(whole.signal, leads[name].signal, SHIFT)
            continue
        agreement[name] = agreed
        if check.agreement(whole.signal, leads[best].signal, SHIFT) > agreed + DOUBTFUL:
            assumed.append(f"The rhythm strip is assumed to be {name}, as usual, although {best} agrees better.")
        late = check.aligned(whole.signal, leads[name].signal, SHIFT)[1]
        strips[name] = _earlier(replace(whole, name=name), late)
    plain = {name: lead.signal for name, lead in leads.items()}
    return Reading(
        chosen, columns, paper, leads, strips, agreement,
        check.residual(plain, RATE), check.goldberger(plain, RATE),
        max(0.0, (end - columns.edges[-1]) / (paper.speed * scale)), tuple(assumed), vector,
    )  # fmt: skip


def _placed(paths: Paths, chosen: Layout, drawn: Sequence[Reals], width: float) -> tuple[Paths, Columns] | None:
    """Return the rows with the points of drawn traces instead of pixels, one trace a lead; None where they don't fit.

    Each drawn lead begins at its column's border, wherever the printer put it.
    """
    near: list[list[Reals]] = [[] for _ in paths.center]
    for line in drawn:
        near[int(np.argmin(np.abs(paths.center - np.median(line[:, 1]))))].append(line)
    expected = [chosen.columns] * chosen.rows + [1] * chosen.strips
    if [len(lines) for lines in near] != expected:
        return None
    for lines in near:
        lines.sort(key=lambda line: float(line[0, 0]))
    first = float(np.median([lines[0][0, 0] for lines in near]))
    edges = tuple(first + width * c for c in range(chosen.columns + 1))
    moved, on = [], np.zeros_like(paths.on)
    for r, lines in enumerate(near):
        parts = []
        for c, line in enumerate(lines):
            x, y = _smooth(line, width / COLUMN_S[chosen.columns])
            x = x + edges[c]
            inside = x < edges[c + 1] if len(lines) > 1 else np.ones(len(x), bool)
            parts.append(np.stack([x[inside], y[inside]]))
            on[r, max(0, int(x[0])) : int(x[inside][-1]) + 1] = 1
        joined = np.concatenate(parts, axis=1)
        moved.append((joined[0] + 1e-6 * np.arange(joined.shape[1]), joined[1]))
    return Paths(paths.center, paths.y, on, tuple(moved), paths.sure), Columns(edges, width, 1.0)


def _smooth(line: Reals, per_s: float) -> tuple[Reals, Reals]:
    """Return a drawn trace from x 0 on, px, as the smooth curve through its points.

    Programs draw a point a sample: where its spacing is nearly that of a usual rate, it is that rate, whatever the
    rounding of the program made of its page.
    """
    x = line[:, 0] - line[0, 0] + 1e-6 * np.arange(len(line))
    steps = np.diff(x)
    step = float(np.median(steps))
    if step > 0 and float(np.quantile(np.abs(steps - step), 0.9)) < 0.1 * step:
        rate = min(RATES, key=lambda rate: abs(np.log(per_s / step / rate)))
        if abs(np.log(per_s / step / rate)) < 0.012:
            x = np.arange(len(line)) * (per_s / rate)
    fine = np.arange(0.0, x[-1], per_s / RATE / 2)
    return fine, np.asarray(CubicSpline(x, line[:, 1])(fine), np.float64)


def _repeated(strip: Lead, leads: Mapping[str, Lead]) -> tuple[str, float, str]:
    """Return which lead a rhythm strip repeats, their correlation, and the lead that it agrees with best."""
    agreed = {name: check.agreement(strip.signal, lead.signal, SHIFT) for name, lead in leads.items()}
    best = max(agreed, key=lambda name: agreed[name])
    # II and aVF, or V5 and V6, are much alike: what is printed as a strip usually decides.
    usual = [name for name in USUAL_STRIPS if name in agreed and agreed[name] > agreed[best] - ALIKE]
    name = max(usual, key=lambda name: agreed[name]) if usual else best
    return name, agreed[name], best


def _earlier(lead: Lead, samples: int) -> Lead:
    """Return a lead moved to an earlier time; what is moved in from beyond its end is NaN."""
    known = np.roll(np.arange(len(lead.signal)), -samples)
    beyond = np.zeros(len(known), bool)
    beyond[len(known) - samples if samples > 0 else 0 : len(known) if samples > 0 else -samples] = True
    signal, sure, y = (np.where(beyond, np.nan, part[known]) for part in (lead.signal, lead.sure, lead.y))
    return replace(lead, signal=signal, sure=sure, x=lead.x[known], y=y)


class _Row:
    """A row of trace resampled to 500 Hz from the beginning of its page's time."""

    def __init__(self, paths: Paths, row: int, first: float, end: float, paper: Paper, scale: float) -> None:
        self.row = row
        self.scale = scale
        self.steps: Reals = np.zeros(0)
        on = paths.on[row] > 0.3
        per_sample = paper.speed * scale / RATE
        count = max(1, int(np.floor((end - first) / per_sample)) + 1)
        self.x: Reals = np.asarray(first + np.arange(count) * per_sample, np.float64)
        known = np.flatnonzero(on)
        x, y = paths.lines[row]
        if len(known) < 2 or len(x) < 2:
            self.y = self.sure = np.full(count, np.nan, np.float64)
            self.mv = self.y
            return
        inside = (self.x >= known[0]) & (self.x <= known[-1])
        self.y = np.where(inside, np.interp(self.x, x, y), np.nan)
        self.sure = np.interp(self.x, np.arange(len(on)), paths.on[row]).astype(np.float64)
        after = np.searchsorted(known, self.x)
        before = known[np.clip(after - 1, 0, len(known) - 1)]
        far = known[np.clip(after, 0, len(known) - 1)] - before > MAX_GAP_MM * scale
        self.y[far] = np.nan
        self.mv = -self.y / (scale * paper.gain)

    def clear(self, paths: Paths, pulses: Sequence[pulse.Pulse]) -> None:
        """Forget what is a pulse; remember where the trace steps over paper."""
        for own in pulses:
            beside = AFTER_PULSE_MM * self.scale
            if own.left * self.scale < self.x[len(self.x) // 2]:
                self.mv = np.where(self.x < own.right * self.scale + beside, np.nan, self.mv)
            else:
                self.mv = np.where(self.x > own.left * self.scale - beside, np.nan, self.mv)
        self.steps = _steps(paths.y[self.row], paths.sure, STEP_MM * self.scale)

    def lead(self, name: str, first: float, last: float) -> Lead:
        """Return the part between two columns of pixels as a lead; one called -aVR is turned over."""
        first, last = self._bounds(first, last)
        inside = (self.x >= first) & (self.x < last)
        signal = np.where(inside, self.mv, np.nan)
        if np.isfinite(signal).any():
            signal = signal - np.nanmedian(signal)
        if name.startswith("-"):
            signal = -signal
        y = np.where(inside & np.isfinite(self.mv), self.y, np.nan)
        sure = np.where(inside, self.sure, np.nan)
        return Lead(name.removeprefix("-"), signal, sure, self.row, self.x, y)

    def _bounds(self, first: float, last: float) -> tuple[float, float]:
        """Return the part of a lead between a step over paper where its label stands and one at its very end."""
        late = self.steps[(self.steps >= first) & (self.steps < first + START_MM * self.scale)]
        early = self.steps[(self.steps < last) & (self.steps >= last - END_MM * self.scale)]
        return (float(late[-1]) if late.size else first), (float(early[0]) if early.size else last)


def _steps(y: Reals, sure: NDArray[np.float32], most: float) -> Reals:
    """Return the columns, px, before which a path (columns,) steps over more than `most` px, mostly without ink."""
    found = []
    for k in np.flatnonzero(np.abs(np.diff(y)) > most):
        low, high = sorted(
            (int(np.clip(round(y[k]), 0, len(sure) - 1)), int(np.clip(round(y[k + 1]), 0, len(sure) - 1)))
        )
        white = float(np.sum(1 - sure[low : high + 1, k : k + 2].max(axis=1)))
        if white > max(most, WHITE * (high + 1 - low)):
            found.append(k + 1.0)
    return np.array(found)
