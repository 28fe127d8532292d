"""Values and shares with their intervals: figures of merit, coverage, and whether probabilities hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kalemia.judge.figures.style import BLUE, INK, MUTED, RED, REFERENCE, single, styled
from kalemia.judge.probability import Tenth
from kalemia.judge.spans import Span
from kalemia.judge.subgroups import VARIANT, Share


@styled
def forest(rows: Mapping[str, Span], name: str, mark: str | None = None) -> Figure:
    """Return values with their 95 % intervals, one a row, best first; a line marks the row `mark`."""
    known = {who: span.value for who, span in rows.items() if span.value is not None}
    order = sorted(known, key=lambda who: known[who])
    figure, axes = single(7.2, 0.9 + 0.33 * len(order))
    for place, who in enumerate(order):
        low, high, color = rows[who].low, rows[who].high, RED if who == mark else BLUE
        if low is not None and high is not None:
            axes.plot([low, high], [place, place], color=color, linewidth=2, alpha=0.55, solid_capstyle="butt")
        axes.plot([known[who]], [place], "o", color=color, markersize=6)
        _right(axes, place, f"{known[who]:.3f}")
    if mark in known:
        axes.axvline(known[mark], color=RED, linewidth=0.8, linestyle=":")
    axes.set(yticks=range(len(order)), yticklabels=order, xlabel=f"{name}, 95 % interval over patients")
    axes.grid(visible=False, axis="y")
    axes.margins(y=0.5 / max(1, len(order)))
    return figure


@styled
def coverage(rows: Mapping[str, Share], target: float) -> Figure:
    """Return the coverage of an interval in each group of patients, with Wilson's 95 % interval.

    The many variants of simulated hearts, of which each has few patients, are left to the JSON.
    """
    names = [name for name in reversed([*rows]) if not name.startswith(VARIANT)]
    figure, axes = single(7.2, 0.9 + 0.3 * len(names))
    for place, name in enumerate(names):
        share, color = rows[name], INK if name == "all" else BLUE
        axes.plot([share.low, share.high], [place, place], color=color, linewidth=2, alpha=0.55)
        axes.plot([share.value], [place], "o", color=color, markersize=5)
        _right(axes, place, f"{share.ecgs:,}")
    axes.axvline(target, color=RED, linewidth=1, linestyle=":")
    axes.set(yticks=range(len(names)), yticklabels=names, xlabel="share of intervals that hold; ECGs at the right")
    axes.grid(visible=False, axis="y")
    return figure


@styled
def probability(tenths: Sequence[Tenth]) -> Figure:
    """Return how many were above 5.5 mEq/L, with Wilson's interval, against the probability that was given."""
    figure, axes = single(4.6, 4.2)
    axes.plot([0, 1], [0, 1], linestyle="--", **REFERENCE)
    for tenth in tenths:
        axes.plot([tenth.chance] * 2, [tenth.low, tenth.high], color=BLUE, linewidth=2, alpha=0.55)
    axes.plot([tenth.chance for tenth in tenths], [tenth.value for tenth in tenths], "o", color=BLUE, markersize=5)
    most = max(max(tenth.chance, tenth.high) for tenth in tenths)
    axes.set(xlabel="probability of more than 5.5 mEq/L", ylabel="share that was above")
    axes.set(xlim=(-0.02 * most, 1.04 * most), ylim=(-0.02 * most, 1.04 * most))
    return figure


def _right(axes: Axes, place: int, text: str) -> None:
    """Write beside a row, outside of the panel."""
    axes.annotate(text, (1.01, place), xycoords=("axes fraction", "data"), va="center", color=MUTED)
