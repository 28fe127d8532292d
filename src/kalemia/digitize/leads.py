"""From rows of trace to leads in mV: every layout that the page may have is tried, the leads' own laws choose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

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
MAX_GAP_MM = 2.5
"""Shorter interruptions of a trace are bridged."""
MIN_ON = 0.5
MIN_AGREEMENT = 0.9
USUAL_STRIPS = ("II", "V1", "V5")


@dataclass(frozen=True)
class Paper:
    """Speed and gain, and what of them is assumed."""

    speed: float
    gain: float
    assumed: tuple[str, ...]


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
    assumed: tuple[str, ...] = field(default=())

    @property
    def score(self) -> float:
        """How much speaks for the layout: clear borders, laws obeyed, strips that repeat a lead."""
        laws = [value for value in (self.einthoven, self.goldberger) if value is not None]
        lawful = float(np.mean([np.clip(-np.log10(value / 0.5), -0.5, 2) for value in laws])) if laws else -0.2
        agreed = float(np.mean(list(self.agreement.values()))) if self.agreement else 0.0
        borders = self.columns.clear if self.layout.columns > 1 else 0.0
        borders -= min(1.0, self.beyond_s / 1.2)  # a trace that goes on after the last column has more columns
        return borders + 0.5 * lawful + 0.3 * agreed - (0.15 if self.layout.cabrera else 0.0)


def read(paths: Paths, scale: float, wanted: str) -> Reading:
    """Name the rows of a squared page and cut them into leads.

    Raises
    ------
    DigitizeError
        Where no layout fits the rows.
    """
    on = paths.on > MIN_ON
    pulses = [pulse.find(y, seen, scale) for y, seen in zip(paths.y, on, strict=True)]
    paper = _paper(pulses)
    start, end = _ends(paths, on, pulses, scale)
    readings = [
        _reading(paths, chosen, paper, start, end, scale)
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
    return Paper(speed, gain, tuple(assumed))


def _ends(paths: Paths, on: NDArray[np.bool_], pulses: list[list[pulse.Pulse]], scale: float) -> tuple[float, float]:
    """Return where the traces begin and end, px, the pulses left out: the median of the rows."""
    width = on.shape[1]
    middle = width / 2
    found = [p for row in pulses for p in row]
    left = [p.right * scale for p in found if p.right * scale < middle]
    right = [p.left * scale for p in found if p.left * scale > middle]
    need = max(1, len(on) // 2)
    low = float(np.median(left)) + 0.8 * scale if len(left) >= need else 0.0
    high = float(np.median(right)) - 0.8 * scale if len(right) >= need else float(width)
    starts, stops = [], []
    for seen in on:
        solid = np.convolve(seen, np.ones(round(3 * scale)) / round(3 * scale), "same") > 0.7
        columns = np.flatnonzero(solid & seen)
        columns = columns[(columns >= low) & (columns <= high)]
        if columns.size:
            starts.append(float(columns[0]))
            stops.append(float(columns[-1]))
    return (float(np.median(starts)), float(np.median(stops))) if starts else (low, high)


def _reading(paths: Paths, chosen: Layout, paper: Paper, start: float, end: float, scale: float) -> Reading:
    """Cut the rows into leads as a layout has them."""
    marks = layout.marks(paths, slice(0, chosen.rows), scale)
    width = COLUMN_S[chosen.columns] * paper.speed * scale
    columns = layout.columns(marks, chosen.columns, width, start, end, scale)
    first = columns.edges[0] if columns.clear > 0.3 else start
    rows = [_Row(paths, r, first, end, paper, scale) for r in range(len(paths.center))]
    leads = {}
    for r, names in enumerate(chosen.leads):
        for c, name in enumerate(names):
            last = columns.edges[c + 1] if c + 1 < chosen.columns else max(columns.edges[c + 1], end) + 1
            leads[name.removeprefix("-")] = rows[r].lead(name, columns.edges[c], last)
    strips, agreement, assumed = {}, {}, list(paper.assumed)
    for r in range(chosen.rows, len(rows)):
        whole = rows[r].lead("", first, end + 1)
        name, agreed = _repeated(whole, leads)
        if name in strips or agreed < MIN_AGREEMENT:
            name = "II" if r == len(rows) - 1 and "II" not in strips and chosen.strips == 1 else ""
            if name:
                assumed.append(f"The rhythm strip agrees with no lead (r {agreed:.2f} at most); it is not used.")
            if name:
                agreement[name] = check.agreement(whole.signal, leads[name].signal, 10)
            continue
        agreement[name] = agreed
        strips[name] = Lead(name, whole.signal, whole.sure, r, whole.x, whole.y)
    plain = {name: lead.signal for name, lead in leads.items()}
    return Reading(
        chosen, columns, paper, leads, strips, agreement,
        check.residual(plain, RATE), check.goldberger(plain, RATE),
        max(0.0, (end - columns.edges[-1]) / (paper.speed * scale)), tuple(assumed),
    )  # fmt: skip


def _repeated(strip: Lead, leads: Mapping[str, Lead]) -> tuple[str, float]:
    """Return which lead a rhythm strip repeats, and their correlation."""
    agreed = {name: check.agreement(strip.signal, lead.signal, 10) for name, lead in leads.items()}
    # II and aVF, or V5 and V6, are much alike: what is printed as a strip usually decides.
    best = max(agreed, key=lambda name: agreed[name] + (0.04 if name in USUAL_STRIPS else 0))
    return best, agreed[best]


class _Row:
    """A row of trace resampled to 500 Hz from the beginning of its page's time."""

    def __init__(self, paths: Paths, row: int, first: float, end: float, paper: Paper, scale: float) -> None:
        self.row = row
        self.scale = scale
        y, on = paths.y[row], paths.on[row] > 0.3
        per_sample = paper.speed * scale / RATE
        count = max(1, int(np.floor((end - first) / per_sample)) + 1)
        self.x = first + np.arange(count) * per_sample
        known = np.flatnonzero(on)
        if len(known) < 2:
            self.y = self.sure = np.full(count, np.nan)
            self.mv = self.y
            return
        inside = (self.x >= known[0]) & (self.x <= known[-1])
        self.y = np.where(inside, PchipInterpolator(known, y[known], extrapolate=False)(self.x), np.nan)
        self.sure = np.interp(self.x, np.arange(len(y)), paths.on[row])
        after = np.searchsorted(known, self.x)
        before = known[np.clip(after - 1, 0, len(known) - 1)]
        far = known[np.clip(after, 0, len(known) - 1)] - before > MAX_GAP_MM * scale
        self.y[far] = np.nan
        self.mv = -self.y / (scale * paper.gain)

    def lead(self, name: str, first: float, last: float) -> Lead:
        """Return the part between two columns of pixels as a lead; one called -aVR is turned over."""
        inside = (self.x >= first) & (self.x < last)
        signal = np.where(inside, self.mv, np.nan)
        if np.isfinite(signal).any():
            signal = signal - np.nanmedian(signal)
        if name.startswith("-"):
            signal = -signal
        y = np.where(inside, self.y, np.nan)
        return Lead(name.removeprefix("-"), signal, np.where(inside, self.sure, np.nan), self.row, self.x, y)
