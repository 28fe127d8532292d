"""How estimates agree with what was measured: scatter plots, limits of agreement, boxes, calibration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from kalemia.judge.figures.style import (
    BLUE,
    COLORS,
    ESTIMATED,
    INK,
    MEASURED,
    MUTED,
    RED,
    REFERENCE,
    SMALL,
    boxed,
    grid,
    look,
    single,
    styled,
    titled,
)
from kalemia.judge.resampled import LIMITS_SD
from kalemia.records import HIGH_MEQ_L

Reals = NDArray[np.float64]

EDGES_MEQ_L = (0.0, 3.5, 4.5, 5.5, 6.5, 7.5, 99.0)
"""Bins of box plots."""
LARGE = (5.0, 4.4)
"""Of a panel that is alone, in inches."""


@dataclass(frozen=True, eq=False)
class Pairs:
    """Measured and estimated potassium of n ECGs, each while it was tested, mEq/L (n,) each."""

    true: Reals
    estimate: Reals


@styled
def scatter(panels: Mapping[str, Pairs], notes: Mapping[str, str]) -> Figure:
    """Return estimates against measured potassium, a panel for each who estimated, with a note in each."""
    figure, axes = grid(len(panels), 3, (3.0, 2.9) if len(panels) > 1 else LARGE, sharex=True, sharey=True)
    low, high = _limits([values for pairs in panels.values() for values in (pairs.true, pairs.estimate)])
    for panel, (name, pairs) in zip(axes, panels.items(), strict=True):
        panel.plot([low, high], [low, high], linestyle="--", **REFERENCE)
        panel.scatter(pairs.true, pairs.estimate, **_dots(len(pairs.true)))
        panel.axvline(HIGH_MEQ_L, color=RED, linewidth=0.8)
        panel.axhline(HIGH_MEQ_L, color=RED, linewidth=0.8)
        panel.set(title=name, xlim=(low, high), ylim=(low, high))
        note: dict[str, Any] = {"va": "top", "fontsize": SMALL, "color": MUTED, "bbox": boxed(0.8, 1.5)}
        panel.text(0.03, 0.96, notes.get(name, ""), transform=panel.transAxes, **note)
    titled(figure, MEASURED, ESTIMATED)
    return figure


@styled
def bland_altman(panels: Mapping[str, Pairs]) -> Figure:
    """Return the error against the mean of both, with bias and limits of agreement (Bland and Altman 1986)."""
    figure, axes = grid(len(panels), 3, (3.0, 2.7) if len(panels) > 1 else LARGE, sharex=True, sharey=True)
    for panel, (name, pairs) in zip(axes, panels.items(), strict=True):
        error, middle = pairs.estimate - pairs.true, (pairs.estimate + pairs.true) / 2
        panel.scatter(middle, error, **_dots(len(pairs.true)))
        bias, limit = error.mean(), LIMITS_SD * error.std()
        for height, dash in ((bias, "-"), (bias - limit, "--"), (bias + limit, "--")):
            panel.axhline(height, color=RED, linewidth=1, linestyle=dash)
            panel.annotate(
                f"{height:+.2f}", (0.99, height), xycoords=("axes fraction", "data"),
                xytext=(0, 2), textcoords="offset points", ha="right", va="bottom", fontsize=SMALL, color=RED,
            )  # fmt: skip
        panel.set(title=name)
    titled(figure, "mean of estimate and measured potassium, mEq/L", "estimate \u2212 measured, mEq/L")
    return figure


@styled
def boxes(panels: Mapping[str, Pairs]) -> Figure:
    """Return the estimates in each bin of measured potassium as boxes: median, middle half, 5 to 95 %."""
    figure, axes = single(8.4, 3.9)
    width = 0.8 / len(panels)
    for number, (name, pairs) in enumerate(panels.items()):
        shift = (number - (len(panels) - 1) / 2) * width
        _boxes(axes, pairs, name, COLORS[number % len(COLORS)], shift, width)
    true = next(iter(panels.values())).true
    for place, inside in enumerate(_binned(true, true)):
        if len(inside):
            axes.plot([place - 0.45, place + 0.45], [inside.mean()] * 2, color=INK, linewidth=1, linestyle=":")
    names = _bin_names()
    axes.set(xticks=range(len(names)), xticklabels=names, xlabel=MEASURED, ylabel=ESTIMATED)
    axes.grid(visible=False, axis="x")
    axes.plot([], [], ":", color=INK, label="mean measured")
    axes.legend(ncols=len(panels) + 1, loc="lower center", bbox_to_anchor=(0.5, 1.0))
    return figure


def _boxes(axes: Axes, pairs: Pairs, name: str, color: str, shift: float, width: float) -> None:
    """Draw the boxes of one who estimated, so far beside the middle of each bin."""
    filled = [(place + shift, own) for place, own in enumerate(_binned(pairs.true, pairs.estimate)) if len(own)]
    axes.boxplot(
        [own for _, own in filled], positions=[place for place, _ in filled], widths=0.82 * width,
        whis=(5, 95), showfliers=False, patch_artist=True, manage_ticks=False,
        boxprops={"facecolor": color, "alpha": 0.45, "edgecolor": color}, medianprops={"color": INK},
        whiskerprops={"color": color}, capprops={"color": color},
    )  # fmt: skip
    axes.plot([], [], "s", color=color, alpha=0.6, label=name)


@styled
def calibration(panels: Mapping[str, Pairs], groups: int = 10) -> Figure:
    """Return mean measured against mean estimated potassium in tenths of the estimates."""
    figure, axes = single(7.0, 4.2)
    ends = []
    for number, (name, pairs) in enumerate(panels.items()):
        if np.ptp(pairs.estimate) < 1e-9:
            continue  # one estimate for all has no curve
        parts = np.array_split(np.argsort(pairs.estimate, kind="stable"), min(groups, len(pairs.true)))
        estimated, measured = ([values[part].mean() for part in parts] for values in (pairs.estimate, pairs.true))
        ends += [*estimated, *measured]
        axes.plot(estimated, measured, marker="o", markersize=3.5, label=name, linewidth=1.2, **look(number))
    low, high = _limits([np.array(ends or [3.5, 6.5])])
    axes.plot([low, high], [low, high], linestyle="--", **REFERENCE)
    names = {"xlabel": "mean estimate of a tenth, mEq/L", "ylabel": "mean measured potassium, mEq/L"}
    axes.set(**names, xlim=(low, high), ylim=(low, high))
    if ends and len(panels) > 1:
        figure.legend(loc="outside right center", fontsize=SMALL)
    return figure


def _dots(count: int) -> dict[str, Any]:
    """Return how points are drawn, so that few are seen and many do not hide each other."""
    size, alpha = (18, 0.7) if count < 300 else (8, 0.35)
    return {"s": size, "alpha": alpha, "color": BLUE, "linewidths": 0, "rasterized": True}


def _binned(true: Reals, values: Reals) -> list[Reals]:
    return [values[(true >= low) & (true < high)] for low, high in pairwise(EDGES_MEQ_L)]


def _bin_names() -> list[str]:
    inner = [f"{low:g} to {high:g}" for low, high in pairwise(EDGES_MEQ_L[1:-1])]
    return [f"below {EDGES_MEQ_L[1]:g}", *inner, f"{EDGES_MEQ_L[-2]:g} and above"]


def _limits(values: Sequence[Reals]) -> tuple[float, float]:
    """Return the ends of an axis that holds all values."""
    both = np.concatenate(values)
    low, high = float(both.min()), float(both.max())
    margin = 0.04 * (high - low) + 0.05
    return low - margin, high + margin
