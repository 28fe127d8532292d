"""What is known of a page before its layout: rows, paper, pulses, labels, and where the traces begin and end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from kalemia.digitize import borders, paper, pulse, row
from kalemia.digitize.follow import steps
from kalemia.digitize.label import Label
from kalemia.digitize.paper import Paper
from kalemia.digitize.pulse import Pulse
from kalemia.digitize.trace import Paths
from kalemia.read.printed import Printed

Reals = NDArray[np.float64]

MIN_ON = 0.5
SILENT = Printed()


@dataclass(frozen=True, eq=False)
class Sheet:
    """A squared page before its layout.

    Attributes
    ----------
    paths
        Its rows of trace.
    scale
        Pixels a mm.
    paper
        Speed and gain.
    pulses
        Of each row.
    start, end
        Where most traces begin and end, px.
    labels
        Words that may be names of leads.
    drawn
        Traces that a PDF holds as paths, (points, 2) px.
    beside
        Of these, those beside each row below the leads, where a layout has strips.
    marked, stepped
        What `marks` and `steps` found before: layouts share it.
    """

    paths: Paths
    scale: float
    paper: Paper
    pulses: list[list[Pulse]]
    start: float
    end: float
    labels: list[Label]
    drawn: Sequence[Reals]
    beside: Sequence[list[Label]] = ()
    marked: dict[int, borders.Marks] = field(default_factory=dict)
    stepped: dict[int, Reals] = field(default_factory=dict)

    @classmethod
    def of(
        cls, paths: Paths, scale: float, labels: list[Label], drawn: Sequence[Reals], said: Printed = SILENT
    ) -> Sheet:
        """Look for pulses beside the rows, and say by them, or as the user does, what paper it is."""
        on = paths.on > MIN_ON
        pulses = pulse.agreeing([pulse.find(y, seen, scale) for y, seen in zip(paths.y, on, strict=True)])
        start, end = row.ends(on, pulses, scale)
        seen = paper.of_pulses([own for some in pulses for own in some])
        known = paper.of_length(seen, (end - start) / scale).stated(said.speed, said.gain)
        return cls(paths, scale, known, pulses, start, end, labels, drawn)

    def marks(self, rows: int) -> borders.Marks:
        """Return the marks of borders in the first rows."""
        if rows not in self.marked:
            self.marked[rows] = borders.marks(self.paths, slice(0, rows), self.scale)
        return self.marked[rows]

    def steps(self, row: int) -> Reals:
        """Return where a row's path steps over paper."""
        if row not in self.stepped:
            self.stepped[row] = steps(self.paths.y[row], self.paths.sure, self.scale)
        return self.stepped[row]
