"""Traces that a PDF holds as paths, put in the place of the pixels: their points are better."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from kalemia.digitize.borders import Columns
from kalemia.digitize.layout import Layout
from kalemia.digitize.row import RATE
from kalemia.digitize.trace import Paths

Reals = NDArray[np.float64]

RATES = (100.0, 125.0, 200.0, 250.0, 300.0, 400.0, 500.0, 1000.0)
"""Hz: at which recorders sample."""
EVEN, OF_A_RATE = 0.1, 0.012
"""Points are a sample apart where 90 % of their steps are within the first, as a share; at a usual rate where it is
within the second, as a logarithm."""


@dataclass(frozen=True, eq=False)
class Placed:
    """Rows of drawn traces put on the time of their columns, and from which px on each was moved by how many, a row."""

    paths: Paths
    columns: Columns
    moved: list[tuple[Reals, Reals]]

    def shown(self, row: int, x: Reals) -> Reals:
        """Return where on the page, px, the points of a row stand that are at `x` of the page's time."""
        starts, moves = self.moved[row]
        return np.asarray(x - moves[np.clip(np.searchsorted(starts, x, "right") - 1, 0, None)], np.float64)


def placed(paths: Paths, layout: Layout, drawn: Sequence[Reals], width: float, per_s: float) -> Placed | None:
    """Return the rows with the points of drawn traces instead of pixels, one trace a lead; None where they don't fit.

    Each drawn lead begins at its column's border, wherever the printer put it; a column is `width` px wide, and a
    second `per_s`.
    """
    near = _of_rows(paths, drawn)
    if [len(lines) for lines in near] != [layout.columns] * layout.rows + [1] * layout.strips:
        return None
    first = float(np.median([lines[0][0, 0] for lines in near]))
    edges = tuple(first + width * c for c in range(layout.columns + 1))
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
    return Placed(Paths(paths.center, paths.y, on, tuple(traces), paths.sure), Columns(edges, width, 1.0), moved)


def _of_rows(paths: Paths, drawn: Sequence[Reals]) -> list[list[Reals]]:
    """Return the drawn traces of each row, from left to right."""
    near: list[list[Reals]] = [[] for _ in paths.center]
    for line in drawn:
        near[int(np.argmin(np.abs(paths.center - np.median(line[:, 1]))))].append(line)
    for lines in near:
        lines.sort(key=lambda line: float(line[0, 0]))
    return near


def _smooth(line: Reals, per_s: float) -> tuple[Reals, Reals]:
    """Return a drawn trace from x 0 on, px, as the smooth curve through its points.

    Programs draw a point a sample: where its spacing is nearly that of a usual rate, it is that rate, whatever the
    rounding of the program made of its page.
    """
    x = line[:, 0] - line[0, 0] + 1e-6 * np.arange(len(line))
    steps = np.diff(x)
    step = float(np.median(steps))
    if step > 0 and float(np.quantile(np.abs(steps - step), 0.9)) < EVEN * step:
        rate = min(RATES, key=lambda rate: abs(np.log(per_s / step / rate)))
        if abs(np.log(per_s / step / rate)) < OF_A_RATE:
            x = np.arange(len(line)) * (per_s / rate)
    fine = np.arange(0.0, x[-1], per_s / RATE / 2)
    return fine, np.asarray(CubicSpline(x, line[:, 1])(fine), np.float64)
