"""A page read under one layout: its rows cut into leads, and how well they obey what ECGs obey."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from kalemia import body
from kalemia.digitize import cells, drawn, heart, label, laws, layout, own, paper, strips
from kalemia.digitize.borders import Columns
from kalemia.digitize.cells import Named
from kalemia.digitize.label import Label
from kalemia.digitize.layout import Layout
from kalemia.digitize.paper import Paper
from kalemia.digitize.row import RATE, Lead, Row
from kalemia.digitize.sheet import Sheet

Reals = NDArray[np.float64]

MARKED = 0.3
"""Columns whose borders are marked more clearly than this tell where the leads begin, else the traces do."""
LINE = 0.8
"""A column with more than this of the line between two leads hides the trace."""
MIXED = 3.0
"""How much speaks against a layout whose leads, all of them, look like two leads each."""
LAWLESS = 0.3
"""Where the limb leads have a larger residual, they are others, and strips need no second look."""
CHEST = frozenset(("V4", "V5", "V6"))
"""Leads that obey a law of limb leads where the rows carry those throughout, and in one of 70 hearts."""
OBEYED = 0.08
"""Limb leads alone are known by their laws where their residuals are below this."""


@dataclass(frozen=True, eq=False)
class Reading:
    """A page's leads under one layout, and how well they obey what ECGs obey.

    Attributes
    ----------
    layout, columns, paper
        How the leads stand, from where to where, and at which speed and gain.
    given
        Whether the user named the layout.
    leads, strips
        The leads, and the rhythm strips under the names of the leads that they repeat.
    agreement
        Correlation of each strip with its lead.
    named
        What labels say about the names.
    einthoven, goldberger
        Residuals of the laws of limb leads; None where the leads are not there together.
    beyond_s
        How much longer than the last lead the traces go on, s.
    repeats
        Whether V4, V5 and V6 obey a law of limb leads, and neither labels nor the user name them.
    mixed
        The share of leads that change their look on the way.
    along
        Names that stand along rows of one lead.
    assumed
        Sentences about what the page does not show.
    vector
        Whether the paths of a PDF were read.
    """

    layout: Layout
    columns: Columns
    paper: Paper
    given: bool
    leads: Mapping[str, Lead]
    strips: Mapping[str, Lead]
    agreement: Mapping[str, float]
    named: Named
    einthoven: float | None
    goldberger: float | None
    beyond_s: float
    repeats: bool
    mixed: float
    along: tuple[str, ...]
    assumed: tuple[str, ...]
    vector: bool

    @cached_property
    def heart_rate_bpm(self) -> float | None:
        """Mean beats a minute; None where none are seen."""
        return heart.rate_bpm(self.leads, self.strips)

    @cached_property
    def confidence(self) -> dict[str, float]:
        """How sure each lead is, 0..1, as it is printed in its column."""
        return {name: self.sure(lead) for name, lead in self.leads.items()}

    def sure(self, lead: Lead) -> float:
        """Return how sure a lead or strip is, 0..1: ink under its path, less where limb leads contradict each other."""
        ink = lead.sure[np.isfinite(lead.signal)]
        if not ink.size:
            return 0.0
        value = float(np.mean(ink))
        broken = (self.einthoven or 0.0) > body.MAX_RESIDUAL
        broken_augmented = broken or (self.goldberger or 0.0) > body.MAX_RESIDUAL
        if (broken and lead.name in ("I", "II", "III")) or (broken_augmented and lead.name in ("aVR", "aVL", "aVF")):
            value *= 0.5
        return round(float(np.clip(value, 0, 1)), 3)

    @property
    def residuals(self) -> list[float]:
        """The residuals of those laws that can be tested."""
        return [value for value in (self.einthoven, self.goldberger) if value is not None]

    @property
    def obeyed(self) -> bool:
        """Whether limb leads obey their laws so well, and labels name none otherwise, that no label need be read."""
        return bool(self.residuals) and max(self.residuals) < OBEYED and not self.named.contradicted

    @property
    def score(self) -> float:
        """How much speaks for the layout: clear borders, laws obeyed, strips that repeat a lead."""
        upright = 0.3 if self.paper.pulse else 0.0
        usual = 0.0 if self.layout.order == layout.STANDARD else -0.3
        return (
            self._bordered
            + 0.8 * self._lawful
            + self._repeated
            + upright
            + usual
            + 1.5 * self.named.score
            + 0.03 * sum(self.named.confirmed)
            - (1.0 if self.repeats else 0.0)
            - MIXED * self.mixed
        )

    @property
    def _bordered(self) -> float:
        borders = 1.5 * self.columns.clear if self.layout.columns > 1 else 0.0
        # A trace that goes on after the last column has more columns; a page that is cut off has not all of its last.
        return borders - (min(1.0, self.beyond_s / 1.2) if self.beyond_s > 0 else min(1.0, -self.beyond_s / 4))

    @property
    def _lawful(self) -> float:
        values = [np.clip(-np.log10(value / 0.5), -0.5, 1.2) for value in self.residuals]
        return float(np.mean(values)) if values else -0.2

    @property
    def _repeated(self) -> float:
        # Strips that repeat no lead are rows of leads.
        alike = sum(value * (1 if name in strips.USUAL else strips.UNUSUAL) for name, value in self.agreement.items())
        return 0.8 * alike / self.layout.strips - 0.55 if self.layout.strips else 0.0


def cut(
    sheet: Sheet, chosen: Layout, columns: Columns, width: float, labels: list[list[Label]], given: bool
) -> Reading:
    """Cut the rows of a page into leads as a layout has them.

    `width` is that of its columns as printed, px, and `labels` are those of its cells, column by column.
    """
    timed = _timed(sheet, chosen, columns, width)
    leads = {lead.name: lead for lead in _leads(timed, chosen)}
    signals = {name: lead.signal for name, lead in leads.items()}
    einthoven = laws.residual(signals, RATE)
    lawful = einthoven is None or einthoven < LAWLESS
    below = _below(sheet, chosen, timed, width, leads, again=lawful and not timed.vector)
    named = cells.named(labels, chosen.order, chosen.rows)
    return Reading(
        layout=chosen,
        columns=timed.columns,
        paper=timed.papers[0],
        given=given,
        leads=leads,
        strips=below.leads,
        agreement=below.agreement,
        named=named,
        einthoven=einthoven,
        goldberger=laws.goldberger(signals, RATE),
        beyond_s=(timed.end - timed.columns.edges[-1]) / (timed.papers[0].speed * sheet.scale),
        repeats=not given and not named.names >= CHEST and laws.repeats(signals, RATE),
        mixed=float(np.mean([not laws.one_lead(signal, RATE) for signal in signals.values()])),
        along=_along(sheet, chosen, timed.columns),
        assumed=(*timed.papers[0].assumed, *_assumed(chosen, timed.papers), *below.assumed),
        vector=timed.vector,
    )


@dataclass(frozen=True, eq=False)
class _Timed:
    """Rows on their page's time, which begins at `first` and goes on to `end`, px, and the paper of each.

    They are as a PDF draws them where they are `vector`, and so are the columns.
    """

    rows: Sequence[Row]
    papers: Sequence[Paper]
    columns: Columns
    first: float
    end: float
    vector: bool


def _timed(sheet: Sheet, chosen: Layout, columns: Columns, width: float) -> _Timed:
    """Put the rows of a page on its time: as they are drawn where a PDF's paths fit, without pulses else."""
    paths, end = sheet.paths, sheet.end
    papers = paper.of_rows(sheet.paper, sheet.pulses, chosen)
    per_s = papers[0].speed * sheet.scale
    placed = drawn.placed(paths, chosen, sheet.drawn, width, per_s) if sheet.drawn else None
    if placed is not None:
        paths, columns = placed.paths, placed.columns
        end = max(end, columns.edges[-1])
    first = columns.edges[0] if columns.clear > MARKED else sheet.start
    rows = [Row(paths, r, first, end, own, sheet.scale) for r, own in enumerate(papers)]
    for r, row in enumerate(rows):
        if placed is not None:
            row.shown = placed.shown(r, row.x)
        else:
            row.clear(sheet.pulses[r], sheet.steps(r), sheet.marks(chosen.rows).lines > LINE)
    return _Timed(rows, papers, columns, first, end, placed is not None)


def _leads(timed: _Timed, chosen: Layout) -> Iterator[Lead]:
    """Yield the leads of a layout, row by row; the last of a row goes on as long as its trace."""
    edges = timed.columns.edges
    for r, names in enumerate(chosen.leads):
        for c, name in enumerate(names):
            last = edges[c + 1] if c + 1 < chosen.columns else max(edges[c + 1], timed.end) + 1
            yield timed.rows[r].lead(name, edges[c], last)


def _below(
    sheet: Sheet, chosen: Layout, timed: _Timed, width: float, leads: Mapping[str, Lead], again: bool
) -> strips.Strips:
    """Name the strips of a page; those that run into another row are followed `again`, as far as their lead reaches."""
    below = slice(chosen.rows, None)
    found = strips.named([row.lead("", timed.first, timed.end + 1) for row in timed.rows[below]], leads, sheet.beside)
    if not again:
        return found
    paths = own.followed(sheet.paths, {row: leads[name] for row, name in found.names.items()}, sheet.scale)
    if paths is sheet.paths:
        return found
    other = _timed(replace(sheet, paths=paths, stepped={}), chosen, timed.columns, width)
    return strips.named([row.lead("", other.first, other.end + 1) for row in other.rows[below]], leads, sheet.beside)


def _along(sheet: Sheet, chosen: Layout, columns: Columns) -> tuple[str, ...]:
    """Return the names that stand along rows, where each row should be one lead."""
    if chosen.columns > 1:
        return ()
    return tuple(label.along(sheet.labels, columns.edges[0], sheet.paths.center, sheet.scale))


def _assumed(chosen: Layout, papers: Sequence[Paper]) -> Iterator[str]:
    """Yield what is unusual about a layout and its rows, in sentences."""
    if len({own.gain for own in papers}) > 1:
        gains = ", ".join(f"{chosen.leads[r][0]} {own.gain:g}" for r, own in enumerate(papers))
        yield f"Rows are read at the gains of their own pulses, mm/mV: {gains}."
    if not (chosen.known or chosen in layout.FEWER):
        yield f"The leads are named as their labels, or the user, say: {', '.join(chosen.order)}."
