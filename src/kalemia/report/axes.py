"""The report's pictures for matplotlib: the ECG on millimetre paper, and an estimate on its scale."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from kalemia.errors import KalemiaError
from kalemia.records import HIGH_MEQ_L, LOW_MEQ_L, Estimate, Recording
from kalemia.report import words
from kalemia.report.paper import LEFT, WIDTH, sheet
from kalemia.report.scales import SCALE_MEQ_L

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INCH_MM = 25.4
INK, FINE, THICK = "#17191c", "#f8e3df", "#efbfb8"
ZONES = ("#e7eff9", "#f1f1ef", "#fbe9e6")
LEVELS = {"high": "#b3261e", "low": "#1f5c9e", "uncertain": "#75560a"}


def plot_recording(recording: Recording, ax: Axes | None = None) -> Axes:
    """Draw an ECG on millimetre paper, 25 mm/s, as the report does; distances along the axes are mm on that paper."""
    shown = sheet(recording)
    axes = _axes((WIDTH / INCH_MM, shown.height / INCH_MM)) if ax is None else ax
    for step, color, width in ((1, FINE, 0.4), (5, THICK, 0.7)):
        axes.vlines(np.arange(0, WIDTH + 1, step), 0, shown.height, color, linewidth=width, zorder=0)
        axes.hlines(np.arange(0, shown.height + 1, step), 0, WIDTH, color, linewidth=width, zorder=0)
    for row in shown.rows:
        pulse = np.array([0, 2, 2, 7, 7, 9]), np.array([0, 0, 1, 1, 0, 0])
        axes.plot(LEFT - 10 + pulse[0], row.zero - shown.mm_per_mv * pulse[1], color=INK, linewidth=0.7)
        for line in row.lines:
            axes.plot(line.x, row.zero - line.y, color=INK, linewidth=0.7)
            name = LEFT + line.strip.left + 1, row.zero - row.up + 4.5
            axes.text(*name, line.strip.label, fontsize=8, fontweight="bold", color=INK)
    axes.set(xlim=(0, WIDTH), ylim=(shown.height, 0), xticks=[], yticks=[], aspect="equal")
    return axes


def plot_estimate(estimate: Estimate, ax: Axes | None = None) -> Axes:
    """Draw an estimate and its interval on a scale of potassium; of none, why there is none."""
    axes = _axes((6.0, 1.4)) if ax is None else ax
    edges = pairwise((SCALE_MEQ_L[0], LOW_MEQ_L, HIGH_MEQ_L, SCALE_MEQ_L[1]))
    for edge, color in zip(edges, ZONES, strict=True):
        axes.axvspan(*edge, color=color, zorder=0)
    axes.set(xlim=SCALE_MEQ_L, ylim=(-1, 1), yticks=[], xlabel=f"Potassium, {words.UNIT}")
    if not words.is_estimated(estimate) or estimate.potassium_meq_l is None:
        axes.set_title(f"{words.STATUS[estimate.status]}: {words.reason(estimate)}", fontsize=9, wrap=True)
        return axes
    color = LEVELS.get(str(estimate.level), INK)
    if estimate.interval_meq_l is not None:
        axes.plot(estimate.interval_meq_l, (0, 0), color=color, linewidth=5, solid_capstyle="round")
    axes.plot(estimate.potassium_meq_l, 0, "o", color=color, markersize=11, markeredgecolor="white")
    said = [words.potassium(estimate.potassium_meq_l), words.UNIT, words.interval(estimate)]
    axes.set_title(" ".join(part for part in said if part), fontsize=10)
    return axes


def _axes(inches: tuple[float, float]) -> Axes:
    """Return the only Axes of a new figure."""
    try:
        from matplotlib import pyplot
    except ImportError as exc:
        raise KalemiaError("plot() needs the package matplotlib; install it with pip install 'kalemia[plot]'") from exc
    return pyplot.subplots(figsize=inches, layout="constrained")[1]
