"""Figures of estimates against measured potassium, as SVG and PNG: what papers show and reviewers ask for."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, MaxNLocator
from numpy.typing import NDArray

from kalemia.records import HIGH_MEQ_L

Reals = NDArray[np.float64]
Bools = NDArray[np.bool_]

INK, MUTED, LINE, BLUE, RED = "#1b1e22", "#575d66", "#dedbd5", "#1f5c9e", "#b3261e"
COLORS = (BLUE, RED, "#22703f", "#b07d10", "#6b4fa0", "#3c8a94", "#a3477c", "#575d66", "#8c6d46", "#1b1e22", "#9aa0a8")
DASHES: tuple[Any, ...] = (
    *("-", "--", ":", "-."),
    *((0, dashes) for dashes in ((9, 2), (1, 3), (6, 1, 1, 1, 1, 1), (2, 1), (10, 3, 3, 3))),
)
"""Nine kinds of line, so that color is never the only sign."""
EDGES_MEQ_L = (0.0, 3.5, 4.5, 5.5, 6.5, 7.5, 99.0)
"""Bins of box plots."""
STYLE: Any = {
    "font.family": "sans-serif",
    "font.size": 10,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": MUTED,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "grid.color": LINE,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "legend.frameon": False,
    "svg.fonttype": "none",
    "path.simplify_threshold": 0.4,  # of a dot: curves of thousands of steps look the same with fewer
    "svg.hashsalt": "kalemia",  # else the names inside an SVG differ from run to run
}
DOTS_A_INCH = {"svg": 90, "png": 150}
"""In an SVG these are the points of scatter plots alone, which would else be most of a report's size."""
LARGE = (5.0, 4.4)
"""Of a panel that is alone, in inches."""
VARIANT = "ionic variant"
ROOM = 0.045
"""What the number of a mark takes, in specificity and sensitivity."""
BLOCKS = {"0": "first block", "1": "second block", "2": "third block", "3": "LSTM"}
MEASURED, ESTIMATED = "measured potassium, mEq/L", "estimate, mEq/L"


@dataclass(frozen=True, eq=False)
class Estimates:
    """What somebody says of n ECGs, each while it was tested: measured, estimated, mEq/L (n,) each."""

    true: Reals
    estimate: Reals


@dataclass(frozen=True, eq=False)
class Question:
    """A question about n ECGs that has a yes or a no.

    Attributes
    ----------
    truth
        (n,) the right answers.
    scores
        By name: (n,) numbers that are the higher the likelier yes is.
    people
        By name: (n,) answers of who only says yes or no.
    """

    truth: Bools
    scores: Mapping[str, Reals]
    people: Mapping[str, Bools]


def drawn(figure: Figure, kind: str) -> bytes:
    """Return a figure as "svg" or "png"; the same figure always as the same bytes."""
    stream = io.BytesIO()
    with mpl.rc_context(STYLE):
        figure.savefig(stream, format=kind, dpi=DOTS_A_INCH[kind], metadata={"Date": None} if kind == "svg" else None)
    return stream.getvalue()


def _grid(count: int, columns: int, size: tuple[float, float], **sharing: Any) -> tuple[Figure, list[Axes]]:
    columns = min(columns, count)
    rows = -(-count // columns)
    figure = Figure(figsize=(size[0] * columns, size[1] * rows), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False, **sharing).ravel().tolist()
    for spare in axes[count:]:
        spare.remove()
    return figure, axes[:count]


def forest(rows: Mapping[str, Mapping[str, float | None]], name: str, mark: str | None = None) -> Figure:
    """Return values with their 95 % intervals, one a row, best first; a line marks the row `mark`."""
    with mpl.rc_context(STYLE):
        known = {who: three for who, three in rows.items() if three["value"] is not None}
        order = sorted(known, key=lambda who: float(known[who]["value"] or 0))
        figure = Figure(figsize=(7.2, 0.9 + 0.33 * len(order)), layout="constrained")
        axes = figure.subplots()
        for place, who in enumerate(order):
            low, high = known[who]["low"], known[who]["high"]
            value, own = float(known[who]["value"] or 0), RED if who == mark else BLUE
            if low is not None and high is not None:
                axes.plot([low, high], [place, place], color=own, linewidth=2, alpha=0.55, solid_capstyle="butt")
            axes.plot([value], [place], "o", color=own, markersize=6)
            axes.annotate(f"{value:.3f}", (1.01, place), xycoords=("axes fraction", "data"), va="center", color=MUTED)
        if mark in known:
            axes.axvline(float(known[mark]["value"] or 0), color=RED, linewidth=0.8, linestyle=":")
        axes.set(yticks=range(len(order)), yticklabels=order, xlabel=f"{name}, 95 % interval over patients")
        axes.grid(visible=False, axis="y")
        axes.margins(y=0.5 / max(1, len(order)))
        return figure


def scatter(panels: Mapping[str, Estimates], notes: Mapping[str, str]) -> Figure:
    """Return estimates against measured potassium, a panel for each who estimated, with a note in each."""
    with mpl.rc_context(STYLE):
        figure, axes = _grid(len(panels), 3, (3.0, 2.9) if len(panels) > 1 else LARGE, sharex=True, sharey=True)
        low, high = _span([value for one in panels.values() for value in (one.true, one.estimate)])
        for each, (name, one) in zip(axes, panels.items(), strict=True):
            each.plot([low, high], [low, high], color=MUTED, linewidth=0.8, linestyle="--")
            each.scatter(one.true, one.estimate, **_dots(len(one.true)))
            each.axvline(HIGH_MEQ_L, color=RED, linewidth=0.8)
            each.axhline(HIGH_MEQ_L, color=RED, linewidth=0.8)
            each.set(title=name, xlim=(low, high), ylim=(low, high))
            plain = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1.5}
            note = notes.get(name, "")
            each.text(0.03, 0.96, note, transform=each.transAxes, va="top", fontsize=8.5, color=MUTED, bbox=plain)
        figure.supxlabel(MEASURED, fontsize=10)
        figure.supylabel(ESTIMATED, fontsize=10)
        return figure


def bland_altman(panels: Mapping[str, Estimates]) -> Figure:
    """Return the error against the mean of both, with bias and limits of agreement (Bland and Altman 1986)."""
    with mpl.rc_context(STYLE):
        figure, axes = _grid(len(panels), 3, (3.0, 2.7) if len(panels) > 1 else LARGE, sharex=True, sharey=True)
        for each, (name, one) in zip(axes, panels.items(), strict=True):
            error, middle = one.estimate - one.true, (one.estimate + one.true) / 2
            each.scatter(middle, error, **_dots(len(one.true)))
            bias, limit = error.mean(), 1.96 * error.std()
            for height, dash in ((bias, "-"), (bias - limit, "--"), (bias + limit, "--")):
                each.axhline(height, color=RED, linewidth=1, linestyle=dash)
                each.annotate(
                    f"{height:+.2f}", (0.99, height), xycoords=("axes fraction", "data"),
                    xytext=(0, 2), textcoords="offset points", ha="right", va="bottom", fontsize=8.5, color=RED,
                )  # fmt: skip
            each.set(title=name)
        figure.supxlabel("mean of estimate and measured potassium, mEq/L", fontsize=10)
        figure.supylabel("estimate \u2212 measured, mEq/L", fontsize=10)
        return figure


def boxes(panels: Mapping[str, Estimates]) -> Figure:
    """Return the estimates in each bin of measured potassium as boxes: median, middle half, 5 to 95 %."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(8.4, 3.9), layout="constrained")
        axes = figure.subplots()
        names = _bin_names()
        width = 0.8 / len(panels)
        for number, (name, one) in enumerate(panels.items()):
            binned = [one.estimate[(one.true >= a) & (one.true < b)] for a, b in pairwise(EDGES_MEQ_L)]
            places = [k + (number - (len(panels) - 1) / 2) * width for k in range(len(names))]
            filled = [(place, some) for place, some in zip(places, binned, strict=True) if len(some)]
            own = COLORS[number % len(COLORS)]
            axes.boxplot(
                [some for _, some in filled], positions=[place for place, _ in filled], widths=0.82 * width,
                whis=(5, 95), showfliers=False, patch_artist=True, manage_ticks=False,
                boxprops={"facecolor": own, "alpha": 0.45, "edgecolor": own}, medianprops={"color": INK},
                whiskerprops={"color": own}, capprops={"color": own},
            )  # fmt: skip
            axes.plot([], [], "s", color=own, alpha=0.6, label=name)
        for place, (a, b) in enumerate(pairwise(EDGES_MEQ_L)):
            own_bin = next(iter(panels.values())).true
            inside = own_bin[(own_bin >= a) & (own_bin < b)]
            if len(inside):
                axes.plot([place - 0.45, place + 0.45], [inside.mean()] * 2, color=INK, linewidth=1, linestyle=":")
        axes.set(xticks=range(len(names)), xticklabels=names, xlabel=MEASURED, ylabel=ESTIMATED)
        axes.grid(visible=False, axis="x")
        axes.plot([], [], ":", color=INK, label="mean measured")
        axes.legend(ncols=len(panels) + 1, loc="lower center", bbox_to_anchor=(0.5, 1.0))
        return figure


def curves(panels: Mapping[str, Sequence[tuple[Sequence[float], Sequence[float]]]]) -> Figure:
    """Return training and validation MAE by epoch, a line a fit and a panel for each who was fitted."""
    with mpl.rc_context(STYLE):
        figure, axes = _grid(len(panels), 4, (2.6, 2.6), sharey=True)
        for each, (name, fits) in zip(axes, panels.items(), strict=True):
            for training, validation in fits:
                epochs = range(1, len(training) + 1)
                each.plot(epochs, training, color=MUTED, linewidth=0.9, alpha=0.7)
                each.plot(epochs, validation, color=BLUE, linewidth=1.1, alpha=0.9)
            each.set(title=name)
        axes[0].plot([], [], color=MUTED, label="training")
        axes[0].plot([], [], color=BLUE, label="validation")
        axes[0].legend(fontsize=8.5)
        figure.supxlabel("epoch", fontsize=10)
        figure.supylabel("MAE, mEq/L", fontsize=10)
        return figure


def alarms(panels: Mapping[str, Estimates]) -> Figure:
    """Return ROC and precision-recall curves for potassium above 5.5 mEq/L."""
    from sklearn.metrics import precision_recall_curve, roc_curve

    with mpl.rc_context(STYLE):
        figure, (left, right) = _grid(2, 2, (4.4, 3.9))
        shown = {name: one for name, one in panels.items() if 0 < np.mean(one.true > HIGH_MEQ_L) < 1}
        for number, (name, one) in enumerate(shown.items()):
            drawing: dict[str, Any] = {"linewidth": 1.3, **_look(number)}
            truth = one.true > HIGH_MEQ_L
            false, hit, _ = roc_curve(truth, one.estimate)
            precision, recall, _ = precision_recall_curve(truth, one.estimate, drop_intermediate=True)
            left.plot(1 - false, hit, label=name, **drawing)
            right.plot(recall, precision, **drawing)
        left.plot([0, 1], [1, 0], color=MUTED, linewidth=0.8, linestyle=":")
        for one in list(shown.values())[:1]:
            right.axhline(float(np.mean(one.true > HIGH_MEQ_L)), color=MUTED, linewidth=0.8, linestyle=":")
        left.set(
            xlabel="specificity",
            ylabel="sensitivity",
            title="Above 5.5 mEq/L: ROC",
            xlim=(1.01, -0.01),
            ylim=(-0.01, 1.01),
        )
        right.set(
            xlabel="sensitivity (recall)",
            ylabel="predictive value (precision)",
            title="Precision and recall",
            ylim=(0, 1.01),
        )
        figure.legend(loc="outside lower center", ncols=4, fontsize=8.5)
        return figure


def judged(panels: Mapping[str, Question], reference: str, notes: Mapping[str, str]) -> Figure:
    """Return ROC curves beside what people answered, a panel a question, with a note in each.

    The score named `reference` is drawn thick and black; every area under a curve stands in the legend. People are
    marks, numbered in the order of `Question.people`.
    """
    with mpl.rc_context(STYLE):
        figure, axes = _grid(len(panels), 2, (3.7, 5.3), sharey=True)
        for each, (name, question) in zip(axes, panels.items(), strict=True):
            _curves(each, question, reference)
            _people(each, question)
            each.plot([0, 1], [1, 0], color=MUTED, linewidth=0.8, linestyle=":")
            each.set(title=name, xlabel="specificity", xlim=(1.03, -0.03), ylim=(-0.03, 1.03))
            each.set_box_aspect(1)
            each.set_anchor("N")
            # Below the panel: within it a legend would lie on somebody's mark.
            legend = each.legend(
                loc="upper left",
                bbox_to_anchor=(0, -0.16),
                borderaxespad=0,
                fontsize=9,
                title=notes.get(name),
                title_fontsize=9,
                handlelength=3,
            )
            legend.set_alignment("left")
        axes[0].set_ylabel("sensitivity")
        return figure


def _curves(axes: Axes, question: Question, reference: str) -> None:
    """Draw the ROC curve of every score; the reference lies on top."""
    from sklearn.metrics import roc_auc_score, roc_curve

    others = [name for name in question.scores if name != reference]
    for name, score in question.scores.items():
        look = (
            {"color": INK, "linewidth": 2.2} if name == reference else {"linewidth": 1.4, **_look(others.index(name))}
        )
        false, hit, _ = roc_curve(question.truth, score)
        label = f"{name}: {roc_auc_score(question.truth, score):.3f}"
        axes.plot(1 - false, hit, label=label, zorder=3 if name == reference else 2, **look)


def _people(axes: Axes, question: Question) -> None:
    """Mark what each person reached, and number the marks."""
    marks = np.array(
        [(np.mean(~yes[~question.truth]), np.mean(yes[question.truth])) for yes in question.people.values()]
    )
    for number, (mark, at) in enumerate(zip(marks, _beside(marks), strict=True), start=1):
        plain = {"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 0.6}
        axes.plot(*np.transpose([mark, at]), color=INK, linewidth=0.6, zorder=4)
        axes.plot(*mark, "D", color=INK, markeredgecolor="white", markersize=6.5, zorder=5)
        x, y = at
        axes.text(x, y, str(number), ha="center", va="center_baseline", fontsize=8.5, bbox=plain, zorder=5)
    if len(marks):
        label = f"doctors, 1 to {len(marks)}"
        axes.plot([], [], "D", color=INK, markeredgecolor="white", markersize=6.5, label=label)


def _beside(marks: Reals) -> Reals:
    """Return where numbers stand beside marks (n, 2): near, neither they nor their lines on other marks or numbers."""
    angles, reaches = np.radians([0, -35, 35, -60, 60, -80, 80, 140, -140, 180]), ROOM * np.arange(1.1, 5, 0.5)
    away = np.stack([np.outer(reaches, -np.cos(angles)), np.outer(reaches, np.sin(angles))], axis=2).reshape(-1, 2)
    placed = np.empty((0, 2))
    for number, mark in enumerate(marks):
        others = np.concatenate([np.delete(marks, number, axis=0), placed])
        places = mark + away
        lines = mark + np.linspace(0.5, 1, 9)[:, None, None] * away
        near = np.abs(places[:, None] - others).max(axis=2) < ROOM
        crossed = np.linalg.norm(lines[:, :, None] - others, axis=3) < ROOM / 2
        free = ~near.any(axis=1) & ~crossed.any(axis=(0, 2)) & (places[:, 0] < 1.01) & (places[:, 1] > 0)
        placed = np.concatenate([placed, places[[int(free.argmax())]]])
    return placed


def calibration(panels: Mapping[str, Estimates], groups: int = 10) -> Figure:
    """Return mean measured against mean estimated potassium in tenths of the estimates."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.0, 4.2), layout="constrained")
        axes = figure.subplots()
        ends = []
        for number, (name, one) in enumerate(panels.items()):
            if np.ptp(one.estimate) < 1e-9:
                continue  # one estimate for all has no curve
            parts = np.array_split(np.argsort(one.estimate, kind="stable"), min(groups, len(one.true)))
            said, was = ([values[part].mean() for part in parts] for values in (one.estimate, one.true))
            ends += [*said, *was]
            axes.plot(said, was, marker="o", markersize=3.5, label=name, linewidth=1.2, **_look(number))
        low, high = _span([np.array(ends or [3.5, 6.5])])
        axes.plot([low, high], [low, high], color=MUTED, linewidth=0.8, linestyle="--")
        axes.set(
            xlabel="mean estimate of a tenth, mEq/L",
            ylabel="mean measured potassium, mEq/L",
            xlim=(low, high),
            ylim=(low, high),
        )
        if len(panels) > 1:
            figure.legend(loc="outside right center", fontsize=8.5)
        return figure


def probability(sets: Mapping[str, Sequence[Mapping[str, Any]]]) -> Figure:
    """Return how many were above 5.5 mEq/L, with Wilson's interval, against the probability that was given.

    `sets` are tenths of the ECGs by probability, by how it was said.
    """
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(4.6, 4.2), layout="constrained")
        axes = figure.subplots()
        axes.plot([0, 1], [0, 1], color=MUTED, linewidth=0.8, linestyle="--")
        most = max(max(one["said"], one["high"]) for tenths in sets.values() for one in tenths)
        for (name, tenths), color, mark in zip(sets.items(), (BLUE, RED), "os", strict=False):
            for one in tenths:
                axes.plot([one["said"]] * 2, [one["low"], one["high"]], color=color, linewidth=2, alpha=0.55)
            said = [one["said"] for one in tenths]
            axes.plot(said, [one["value"] for one in tenths], mark, color=color, markersize=5, label=name)
        axes.set(xlabel="probability of more than 5.5 mEq/L", ylabel="share that was above")
        axes.set(xlim=(-0.02 * most, 1.04 * most), ylim=(-0.02 * most, 1.04 * most))
        axes.legend(fontsize=8.5)
        return figure


def layers(panels: Mapping[str, Sequence[Mapping[str, Any]]]) -> Figure:
    """Return what networks cost, layer upon layer: parameters, multiply-accumulates, and time where it was taken."""
    asked = {"parameters": "Parameters", "macs": "Multiply-accumulates", "us": "Microseconds"}
    costs = {what: title for what, title in asked.items() if what in next(iter(panels.values()))[0]}
    with mpl.rc_context(STYLE):
        figure, sides = _grid(len(costs), len(costs), (9.2 / len(costs), 0.9 + 0.42 * len(panels)), sharey=True)
        names = list(dict.fromkeys(_layer(layer) for some in panels.values() for layer in some))
        for each, (what, title) in zip(sides, costs.items(), strict=True):
            for place, some in enumerate(panels.values()):
                start = 0.0
                for number, name in enumerate(names):
                    count = sum(float(layer[what]) for layer in some if _layer(layer) == name)
                    color, said = COLORS[number % len(COLORS)], None if place else name
                    each.barh(place, count, left=start, color=color, label=said)
                    start += count
                each.annotate(f" {start:,.0f}", (start, place), va="center", fontsize=8.5, color=MUTED)
            each.set(title=title, yticks=range(len(panels)), yticklabels=list(panels))
            each.margins(x=0.24)
            each.grid(visible=False, axis="y")
            each.xaxis.set_major_formatter(EngFormatter(sep=""))
            each.xaxis.set_major_locator(MaxNLocator(4))
        sides[0].invert_yaxis()
        handles, labels = sides[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=5, fontsize=8.5)
        return figure


def coverage(rows: Mapping[str, Mapping[str, Any]], target: float) -> Figure:
    """Return the coverage of an interval in each group of patients, with Wilson's 95 % interval.

    The many variants of simulated hearts, of which each has few patients, are left to the JSON.
    """
    rows = {name: row for name, row in rows.items() if not name.startswith(VARIANT)}
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.2, 0.9 + 0.3 * len(rows)), layout="constrained")
        axes = figure.subplots()
        for place, (name, row) in enumerate(list(rows.items())[::-1]):
            own = INK if name == "all" else BLUE
            axes.plot([row["low"], row["high"]], [place, place], color=own, linewidth=2, alpha=0.55)
            axes.plot([row["value"]], [place], "o", color=own, markersize=5)
            axes.annotate(
                f"{row['ecgs']:,}", (1.01, place), xycoords=("axes fraction", "data"), va="center", color=MUTED
            )
        axes.axvline(target, color=RED, linewidth=1, linestyle=":")
        axes.set(
            yticks=range(len(rows)),
            yticklabels=list(rows)[::-1],
            xlabel="share of intervals that hold; ECGs at the right",
        )
        axes.grid(visible=False, axis="y")
        return figure


def _dots(count: int) -> dict[str, Any]:
    """Return how points are drawn, so that few are seen and many do not hide each other."""
    size, alpha = (18, 0.7) if count < 300 else (8, 0.35)
    return {"s": size, "alpha": alpha, "color": BLUE, "linewidths": 0, "rasterized": True}


def _look(number: int) -> dict[str, Any]:
    """Return a color and a dash that tell a line from the others."""
    return {"color": COLORS[number % len(COLORS)], "linestyle": DASHES[number % len(DASHES)]}


def _layer(layer: Mapping[str, Any]) -> str:
    """Return what a layer is called in a legend: "body.0.0" is in the first block, "dense" the last."""
    _, _, place = str(layer["layer"]).partition(".")
    return BLOCKS.get(place.split(".")[0], str(layer["layer"]))


def _bin_names() -> list[str]:
    inner = [f"{a:g} to {b:g}" for a, b in pairwise(EDGES_MEQ_L[1:-1])]
    return [f"below {EDGES_MEQ_L[1]:g}", *inner, f"{EDGES_MEQ_L[-2]:g} and above"]


def _span(values: Sequence[Reals]) -> tuple[float, float]:
    both = np.concatenate(values)
    low, high = float(both.min()), float(both.max())
    margin = 0.04 * (high - low) + 0.05
    return low - margin, high + margin
