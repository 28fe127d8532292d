"""Which lead stands where on a page, and for how long."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from kalemia.records import CABRERA, LEADS, Recording


@dataclass(frozen=True)
class Stretch:
    """One lead as it is printed once: its label, its row from 0, and its samples from start to stop."""

    label: str
    row: int
    start: int
    stop: int

    @property
    def lead(self) -> str:
        """The label without the sign that says that it is printed upside down."""
        return self.label.removeprefix("-")


@dataclass(frozen=True)
class PrintedLayout:
    """Which lead stands where, as a printer is told.

    The reader has a table of layouts of its own (`kalemia.digitize.layout`), and shares no line with this one: a
    mistake in a table that both used would be drawn and read alike, and no test would see it.

    Attributes
    ----------
    columns
        The leads of each column, from top to bottom; "-aVR" is printed upside down.
    strips
        The leads of the rhythm strips below, each as long as all columns.
    seconds
        How long the page is.
    """

    columns: tuple[tuple[str, ...], ...]
    strips: tuple[str, ...] = ()
    seconds: float = 10.0

    @property
    def name(self) -> str:
        """Rows by columns and the number of strips, such as "3x4+1"; "cabrera-6x2" in Cabrera's order."""
        first = "cabrera-" if "-aVR" in self.leads else ""
        last = f"+{len(self.strips)}" if self.strips else ""
        return f"{first}{max(map(len, self.columns))}x{len(self.columns)}{last}"

    @property
    def leads(self) -> tuple[str, ...]:
        """Every lead once, "-aVR" as it is printed."""
        return tuple(dict.fromkeys(name for column in (*self.columns, self.strips) for name in column))


def layout(
    rows: int, columns: int, strips: tuple[str, ...] = (), cabrera: bool = False, seconds: float = 10
) -> PrintedLayout:
    """Return a layout of the twelve leads, such as 3 rows by 4 columns.

    Raises
    ------
    ValueError
        Rows times columns are not twelve.
    """
    if rows * columns != len(LEADS):
        raise ValueError(f"{rows} rows by {columns} columns hold {rows * columns} leads; expected twelve")
    order = (*CABRERA, *LEADS[6:]) if cabrera else LEADS
    return PrintedLayout(tuple(order[i * rows : (i + 1) * rows] for i in range(columns)), strips, seconds)


def stretches(layout: PrintedLayout, rate: float) -> Iterator[Stretch]:
    """Yield what a page prints, column by column and the strips last; `rate` in Hz."""
    bounds = [round(float(at)) for at in np.linspace(0, layout.seconds, len(layout.columns) + 1) * rate]
    for column, names in enumerate(layout.columns):
        for row, name in enumerate(names):
            yield Stretch(name, row, bounds[column], bounds[column + 1])
    for row, name in enumerate(layout.strips, max(map(len, layout.columns))):
        yield Stretch(name, row, bounds[0], bounds[-1])


def printed(recording: Recording, layout: PrintedLayout) -> Recording:
    """Return what a page of this layout prints of a recording, NaN elsewhere, on the page's time axis."""
    shown = list(stretches(layout, recording.rate))
    leads = tuple(name for name in recording.leads if name in {stretch.lead for stretch in shown})
    kept = np.full((len(leads), round(layout.seconds * recording.rate)), np.nan, dtype=np.float32)
    for stretch in shown:
        part = slice(stretch.start, stretch.stop)
        kept[leads.index(stretch.lead), part] = recording.lead(stretch.lead)[part]
    return Recording(kept, recording.rate, leads, recording.source)
