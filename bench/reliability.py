"""Draws the picture of docs/trust.md: the likelihood ratio that a model states, and the true one of real ECGs.

    python bench/reliability.py

From docs/measured/real-ratios.csv, which bench/judge.py writes. Bars are 95 % intervals of a ratio of two shares
(Katz 1978), a half added to each count, since some bins have no normal ECG.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kalemia.judge.figures.style import COLORS, INK, LINE, REFERENCE, SMALL, drawn, styled

DOCS = Path(__file__).parent.parent / "docs"
MODELS = ("12-4k", "v5-4k", "i-4k")
WITHIN = 2.0
"""A factor by which a ratio may be off."""
SPAN = 0.15, 40.0
TICKS = (0.25, 0.5, 1, 2, 4, 8, 16, 32)


def bins(model: str) -> list[dict[str, str]]:
    """Return the rows of a model."""
    with (DOCS / "measured" / "real-ratios.csv").open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if row["model"] == model]


def panel(axes: Axes, model: str, color: str) -> None:
    """Draw the bins of a model."""
    rows = bins(model)
    high, normal = (np.array([int(row[name]) for row in rows]) for name in ("high", "normal"))
    stated = np.array([float(row["its mean"]) for row in rows])
    shares = [(count + 0.5) / (count.sum() + 0.5) for count in (high, normal)]
    spread = np.sqrt(sum(1 / (count + 0.5) - 1 / (count.sum() + 0.5) for count in (high, normal)))
    true = shares[0] / shares[1]
    axes.fill_between(SPAN, np.array(SPAN) / WITHIN, np.array(SPAN) * WITHIN, color=LINE, alpha=0.7, linewidth=0)
    axes.plot(SPAN, SPAN, linestyle="--", **REFERENCE)
    away = np.abs(np.exp(np.log(true) + 1.96 * spread * np.array([[-1], [1]])) - true)
    axes.errorbar(stated, true, away, fmt="o", color=color, capsize=3, linewidth=1.2)
    for x, y, count in zip(stated, true, high + normal, strict=True):
        axes.annotate(f"{count} ECGs", (x, y), (6, -3), textcoords="offset points", fontsize=SMALL, color=INK)
    axes.set(xscale="log", yscale="log", xlim=SPAN, ylim=(0.1, 200), title=model, xlabel="stated ratio")
    axes.set_xticks(TICKS, [f"{tick:g}" for tick in TICKS])
    axes.set_yticks((0.25, 1, 4, 16, 64), ["0.25", "1", "4", "16", "64"])
    axes.minorticks_off()


@styled
def picture() -> Figure:
    """Return a panel a model."""
    figure = Figure(figsize=(10.5, 3.6), layout="constrained")
    panels = figure.subplots(1, len(MODELS), sharey=True)
    for axes, model, color in zip(panels, MODELS, COLORS, strict=False):
        panel(axes, model, color)
    panels[0].set_ylabel("true ratio, real ECGs")
    return figure


if __name__ == "__main__":
    path = DOCS / "reliability.svg"
    path.write_bytes(drawn(picture(), "svg"))
    print(path)
