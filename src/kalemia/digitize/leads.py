"""From rows of trace to leads in mV: every layout that the page may have is tried, the leads' own laws choose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from kalemia.digitize import check, label, layout, pulse
from kalemia.digitize.label import Label, Named
from kalemia.digitize.layout import Columns, Layout
from kalemia.digitize.trace import Paths, steps
from kalemia.errors import DigitizeError

Reals = NDArray[np.float64]

RATE = 500.0
SPEEDS = (25.0, 50.0)
GAINS = (5.0, 10.0, 20.0)
LABEL_MM = 3.0, 20.0
"""A label begins so far left of its lead's beginning at most, and of its row's, where a pulse may stand between."""
RATES = (100.0, 125.0, 200.0, 250.0, 300.0, 400.0, 500.0, 1000.0)
"""Hz: at which recorders sample."""
MIN_PULSES, OF_ONE_HEIGHT = 3, 0.15
"""So many pulses, of heights within this as a logarithm, tell the gain of the limb or of the chest leads alone."""
MAX_S = 13.0
"""Columns of a page last no longer together."""
ASSUMED_SPEED = "No calibration pulse of 0.2 s is seen: 25 mm/s is assumed."
LONG = "No calibration pulse of 0.2 s is seen: 50 mm/s is assumed, at which the traces last no longer than usual."
MAX_GAP_MM = 2.5
"""Shorter interruptions of a trace are bridged."""
MIN_ON = 0.5
START_MM, END_MM = 6.0, 1.5
"""How far from a lead's beginning, where labels stand, and from its end such a step cuts the lead short."""
AFTER_PULSE_MM = 0.8
LINE, LINE_MM = 0.8, 0.5
"""A column with more than the first of the line between two leads hides the trace, within the second of the border."""
MIN_COLUMN = 0.1
"""A page shows at least so much of its last column."""
MIN_AGREEMENT = 0.9
MIXED = 3.0
"""How much speaks against a layout whose leads, all of them, look like two leads each."""
OBEYED = 0.08
"""Limb leads alone are known by their laws where their residuals are below this."""
BY_LAWS = "Hardly a label is read: the limb leads are named by the laws that they obey."
FEW_ROWS = 3
"""Of no more rows than this, one that looks as good as the others is not taken for text."""
MIN_NAMED = 0.5
"""Other leads than the twelve are taken where labels name so many of them and contradict none."""
USUAL_STRIPS, ALIKE, DOUBTFUL, UNUSUAL = ("II", "V1", "V5"), 0.06, 0.02, 0.6
"""Leads that are printed as strips: one is taken where another agrees better by less than the second, and said to be
assumed where by more than the third. Another lead as a strip counts as the last: rows of two leads repeat, too."""
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
    named: Named
    einthoven: float | None
    goldberger: float | None
    beyond_s: float
    repeats: bool = False
    mixed: float = 0.0
    along: tuple[str, ...] = ()
    assumed: tuple[str, ...] = ()
    vector: bool = False

    @property
    def obeyed(self) -> bool:
        """Whether limb leads obey their laws so well, and labels name none otherwise, that no label need be read."""
        laws = [value for value in (self.einthoven, self.goldberger) if value is not None]
        return bool(laws) and max(laws) < OBEYED and not self.named.contradicted

    @property
    def score(self) -> float:
        """How much speaks for the layout: clear borders, laws obeyed, strips that repeat a lead."""
        laws = [value for value in (self.einthoven, self.goldberger) if value is not None]
        lawful = float(np.mean([np.clip(-np.log10(value / 0.5), -0.5, 1.2) for value in laws])) if laws else -0.2
        # Strips that repeat no lead are rows of leads.
        strips = self.layout.strips
        alike = sum(value * (1 if name in USUAL_STRIPS else UNUSUAL) for name, value in self.agreement.items())
        agreed = 0.8 * alike / strips - 0.55 if strips else 0.0
        borders = 1.5 * self.columns.clear if self.layout.columns > 1 else 0.0
        # A trace that goes on after the last column has more columns; a page that is cut off has not all of its last.
        borders -= min(1.0, self.beyond_s / 1.2) if self.beyond_s > 0 else min(1.0, -self.beyond_s / 4)
        upright = 0.3 if self.paper.pulse else 0.0
        usual = 0.0 if self.layout.order == layout.STANDARD else -0.3
        return (
            borders
            + 0.8 * lawful
            + agreed
            + upright
            + usual
            + 1.5 * self.named.score
            + 0.03 * sum(self.named.confirmed)
            - (1.0 if self.repeats else 0.0)
            - MIXED * self.mixed
        )


def read(paths: Paths, scale: float, wanted: str, drawn: Sequence[Reals] = ()) -> Reading:
    """Name the rows of a squared page and cut them into leads.

    `drawn` are traces that a PDF holds as paths, (points, 2) px of the squared page; they are taken where they fit.

    Raises
    ------
    DigitizeError
        Where no layout fits the rows.
    """
    stated = layout.stated(wanted)
    labels = label.read(paths, scale)
    readings = _readings(paths, scale, stated, labels, drawn)
    for row, fewer in ((0, slice(1, None)), (-1, slice(0, -1))):
        # The first or last row may be one of text; of two or three that look alike, it is a part of a page.
        many = len(paths.center) > FEW_ROWS
        if len(paths.center) > 1 and (paths.faint(row) or (not readings and stated is None and many)):
            readings += _readings(paths.rows(fewer), scale, stated, labels, drawn)
    if not readings:
        raise DigitizeError(_no_layout(len(paths.center), wanted))
    return max(readings, key=lambda reading: reading.score)


def _readings(
    paths: Paths, scale: float, stated: Layout | None, labels: list[Label], drawn: Sequence[Reals]
) -> list[Reading]:
    on = paths.on > MIN_ON
    pulses = pulse.agreeing([pulse.find(y, seen, scale) for y, seen in zip(paths.y, on, strict=True)])
    start, end = _ends(on, pulses, scale)
    sheet = _Sheet(paths, scale, _of_length(_paper(pulses), (end - start) / scale), pulses, start, end, labels, drawn)
    return [
        reading
        for shape in _shapes(len(paths.center), stated)
        for width in layout.WIDTHS_MM.get(shape.columns, (250 / shape.columns,))
        if shape.columns * width <= MAX_S * sheet.paper.speed
        for reading in _of_shape(sheet, shape, width * scale, stated)
    ]


@dataclass(frozen=True, eq=False)
class _Sheet:
    """What is known of a page before its layout: rows, paper, pulses, where traces begin and end, px, labels, paths."""

    paths: Paths
    scale: float
    paper: Paper
    pulses: list[list[pulse.Pulse]]
    start: float
    end: float
    labels: list[Label]
    drawn: Sequence[Reals]
    marked: dict[int, layout.Marks] = field(default_factory=dict)
    stepped: dict[int, Reals] = field(default_factory=dict)

    def marks(self, rows: int) -> layout.Marks:
        """Return the marks of borders in the first rows; layouts share them."""
        if rows not in self.marked:
            self.marked[rows] = layout.marks(self.paths, slice(0, rows), self.scale)
        return self.marked[rows]

    def steps(self, row: int) -> Reals:
        """Return where a row's path steps over paper; readings share them."""
        if row not in self.stepped:
            self.stepped[row] = steps(self.paths.y[row], self.paths.sure, self.scale)
        return self.stepped[row]


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


def _of_shape(sheet: _Sheet, shape: Layout, width: float, stated: Layout | None) -> list[Reading]:
    """Return the readings of a page in one shape: with the names of usual layouts, and with those that labels give."""
    marks = sheet.marks(shape.rows)
    sheet = replace(sheet, start=layout.beginning(marks, sheet.paths.on[: shape.rows], sheet.start, sheet.scale))
    columns = layout.columns(marks, shape.columns, width, sheet.start, sheet.end, sheet.scale)
    if columns.edges[-2] > sheet.end - MIN_COLUMN * width and stated is None:
        return []
    before, far = (reach * sheet.scale for reach in LABEL_MM)
    cells = [
        label.Cell(columns.edges[c], r, far if c == 0 else before)
        for c in range(shape.columns)
        for r in range(shape.rows)
    ]
    found = label.in_cells(sheet.labels, cells, sheet.paths.center, sheet.scale)
    if stated is not None:
        return [_reading(sheet, stated, columns, width, found)]
    readings = []
    for chosen in (*layout.TWELVE, *layout.FEWER):
        if (chosen.rows, chosen.columns, chosen.strips) == (shape.rows, shape.columns, shape.strips):
            named = label.named(found, chosen.order, chosen.rows)
            said = chosen.known or (named.share >= MIN_NAMED and not named.contradicted)
            reading = _reading(sheet, chosen, columns, width, found) if said or chosen.limb else None
            if reading is not None and (said or reading.obeyed):
                readings.append(reading if said else replace(reading, assumed=(*reading.assumed, BY_LAWS)))
    given = label.given(found, layout.STANDARD)
    if given is not None and all(tuple(given) != reading.layout.order for reading in readings):
        readings.append(_reading(sheet, replace(shape, order=tuple(given)), columns, width, found))
    return readings


def _no_layout(rows: int, wanted: str) -> str:
    what = f"{rows} row{'' if rows == 1 else 's'} of trace {'is' if rows == 1 else 'are'} seen"
    if wanted != "auto":
        return f"{what}, which does not fit the layout {wanted}"
    return (
        f"{what}, no layout of twelve leads (3x4, 6x2, 12x1 and 4x3 with up to three strips), and labels that name "
        "them are not read; give the leads row by row, such as --layout I/II/III"
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
        assumed.append(ASSUMED_SPEED)
    return Paper(speed, gain, tuple(assumed), bool(heights))


def _of_length(paper: Paper, mm: float) -> Paper:
    """Return what is known of the paper where the traces are so long: more than 13 s at once are not printed."""
    if paper.speed != SPEEDS[0] or ASSUMED_SPEED not in paper.assumed or mm < MAX_S * SPEEDS[0]:
        return paper
    others = tuple(sentence for sentence in paper.assumed if sentence != ASSUMED_SPEED)
    return replace(paper, speed=SPEEDS[1], assumed=(*others, LONG))


def _papers(sheet: _Sheet, chosen: Layout) -> list[Paper]:
    """Return speed and gain of each row: chest leads in rows of their own may have a gain of their own."""
    papers = [sheet.paper] * len(sheet.pulses)
    if chosen.columns > 1:
        return papers
    for chest in (False, True):
        rows = [r for r, names in enumerate(chosen.leads) if names[0].startswith("V") == chest]
        whole = [p for r in rows for p in sheet.pulses[r] if p.whole]
        heights = np.array([p.height for p in whole])
        if len(whole) >= MIN_PULSES and np.abs(np.log(heights / np.median(heights))).max() < OF_ONE_HEIGHT:
            for r in rows:
                papers[r] = _paper([whole])
    return papers


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
        # A trace begins where there is ink for the next 3 mm, and ends where there was for the last.
        size = round(3 * scale)
        solid = np.convolve(seen, np.ones(size) / size) > 0.7
        columns = np.arange(width)
        inside = seen & (columns >= low) & (columns <= high)
        first, last = np.flatnonzero(inside & solid[size - 1 :]), np.flatnonzero(inside & solid[:width])
        if first.size and last.size:
            starts.append(float(first[0]))
            stops.append(float(last[-1]))
    return (float(np.median(starts)), float(np.median(stops))) if starts else (low, high)


def _reading(sheet: _Sheet, chosen: Layout, columns: Columns, width: float, found: list[list[Label]]) -> Reading:
    """Cut the rows into leads as a layout has them; `found` are the labels of its cells."""
    paths, scale, end = sheet.paths, sheet.scale, sheet.end
    papers = _papers(sheet, chosen)
    paper = papers[0]
    first = columns.edges[0] if columns.clear > 0.3 else sheet.start
    vector, placed = False, None
    if sheet.drawn:
        placed = _placed(paths, chosen, sheet.drawn, width, paper.speed * scale)
        if placed is not None:
            paths, columns, first, vector = placed.paths, placed.columns, placed.columns.edges[0], True
            end = max(end, columns.edges[-1])
    rows = [_Row(paths, r, first, end, own, scale) for r, own in enumerate(papers)]
    if placed is not None:
        for row, moves in zip(rows, placed.moved, strict=True):
            row.shown = row.x - moves[1][np.clip(np.searchsorted(moves[0], row.x, "right") - 1, 0, None)]
    if not vector:
        lined = sheet.marks(chosen.rows).lines > LINE
        for r, (row, own) in enumerate(zip(rows, sheet.pulses, strict=True)):
            row.clear(own, sheet.steps(r), lined)
    leads = {}
    for r, names in enumerate(chosen.leads):
        for c, name in enumerate(names):
            last = columns.edges[c + 1] if c + 1 < chosen.columns else max(columns.edges[c + 1], end) + 1
            leads[name.removeprefix("-")] = rows[r].lead(name, columns.edges[c], last)
    strips, agreement, assumed = {}, {}, list(paper.assumed)
    if len({own.gain for own in papers}) > 1:
        gains = ", ".join(f"{chosen.leads[r][0]} {own.gain:g}" for r, own in enumerate(papers))
        assumed.append(f"Rows are read at the gains of their own pulses, mm/mV: {gains}.")
    if not (chosen.known or chosen in layout.FEWER):
        assumed.append(f"The leads are named as their labels, or the user, say: {', '.join(chosen.order)}.")
    for r in range(chosen.rows, len(rows)):
        whole = rows[r].lead("", first, end + 1)
        name, agreed, best = _repeated(whole, leads)
        if name in strips or agreed < MIN_AGREEMENT or not check.one_lead(whole.signal, RATE):
            usual = r == len(rows) - 1 and "II" not in strips and "II" in leads and chosen.strips == 1
            name = "II" if usual else ""
            if name:
                assumed.append(_unlike_strip(agreed))
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
        chosen, columns, paper, leads, strips, agreement, label.named(found, chosen.order, chosen.rows),
        check.residual(plain, RATE), check.goldberger(plain, RATE),
        (end - columns.edges[-1]) / (paper.speed * scale), check.repeats(plain, RATE),
        float(np.mean([not check.one_lead(signal, RATE) for signal in plain.values()])),
        tuple(label.along(sheet.labels, columns.edges[0], paths.center, scale)) if chosen.columns == 1 else (),
        tuple(assumed), vector,
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Placed:
    """Rows of drawn traces put on the time of their columns, and from which px on each was moved by how many, a row."""

    paths: Paths
    columns: Columns
    moved: list[tuple[Reals, Reals]]


def _unlike_strip(agreed: float) -> str:
    """Return why a rhythm strip is not used, which agrees with a lead by so much at most."""
    if agreed < MIN_AGREEMENT:
        return f"The rhythm strip agrees with no lead (r {agreed:.2f} at most); it is not used."
    return "The rhythm strip does not look like one lead from end to end; it is not used."


def _placed(paths: Paths, chosen: Layout, drawn: Sequence[Reals], width: float, per_s: float) -> _Placed | None:
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
    moved, traces, on = [], [], np.zeros_like(paths.on)
    for r, lines in enumerate(near):
        starts = np.array(edges[: len(lines)])
        moved.append((starts, starts - [line[0, 0] for line in lines]))
        parts = []
        for c, line in enumerate(lines):
            x, y = _smooth(line, per_s)
            x = x + edges[c]
            inside = x < edges[c + 1] if len(lines) > 1 else np.ones(len(x), bool)
            parts.append(np.stack([x[inside], y[inside]]))
            on[r, max(0, int(x[0])) : int(x[inside][-1]) + 1] = 1
        joined = np.concatenate(parts, axis=1)
        traces.append((joined[0] + 1e-6 * np.arange(joined.shape[1]), joined[1]))
    return _Placed(Paths(paths.center, paths.y, on, tuple(traces), paths.sure), Columns(edges, width, 1.0), moved)


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
        self.lined = np.zeros(0, np.intp)
        on = paths.on[row] > 0.3
        per_sample = paper.speed * scale / RATE
        count = max(1, int(np.floor((end - first) / per_sample)) + 1)
        self.x: Reals = np.asarray(first + np.arange(count) * per_sample, np.float64)
        self.shown = self.x  # where it stands on the page, wherever its time begins
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

    def clear(self, pulses: Sequence[pulse.Pulse], steps: Reals, lined: NDArray[np.bool_]) -> None:
        """Forget what is a pulse; remember where the trace steps over paper, and which columns have a line."""
        for own in pulses:
            beside = AFTER_PULSE_MM * self.scale
            if own.left * self.scale < self.x[len(self.x) // 2]:
                self.mv = np.where(self.x < own.right * self.scale + beside, np.nan, self.mv)
            else:
                self.mv = np.where(self.x > own.left * self.scale - beside, np.nan, self.mv)
        self.steps = steps
        self.lined = np.flatnonzero(lined)

    def lead(self, name: str, first: float, last: float) -> Lead:
        """Return the part between two columns of pixels as a lead; one called -aVR is turned over."""
        lines = self.lined[(np.minimum(abs(self.lined - first), abs(self.lined - last))) < LINE_MM * self.scale]
        first, last = self._bounds(first, last)
        inside = (self.x >= first) & (self.x < last)
        signal = np.where(inside, self.mv, np.nan)
        under = inside & np.isin(np.floor(self.x + 0.5), lines)
        beside = inside & ~under & np.isfinite(signal)
        if beside.any():
            # A line between two leads hides the trace: what is nearest is held.
            signal[under] = np.interp(self.x[under], self.x[beside], signal[beside])
        if np.isfinite(signal).any():
            signal = signal - np.nanmedian(signal)
        if name.startswith("-"):
            signal = -signal
        y = np.where(inside & np.isfinite(self.mv), self.y, np.nan)
        sure = np.where(inside, self.sure, np.nan)
        return Lead(name.removeprefix("-"), signal, sure, self.row, self.shown, y)

    def _bounds(self, first: float, last: float) -> tuple[float, float]:
        """Return the part of a lead between a step over paper where its label stands and one at its very end."""
        late = self.steps[(self.steps >= first) & (self.steps < first + START_MM * self.scale)]
        early = self.steps[(self.steps < last) & (self.steps >= last - END_MM * self.scale)]
        return (float(late[-1]) if late.size else first), (float(early[0]) if early.size else last)
