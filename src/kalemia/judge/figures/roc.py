"""How well high potassium is told, at every possible cut: ROC and precision-recall curves, and people beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from sklearn.metrics import precision_recall_curve, roc_auc_score, roc_curve

from kalemia.judge.figures.agreement import Pairs
from kalemia.judge.figures.style import INK, REFERENCE, SMALL, boxed, grid, look, styled
from kalemia.records import HIGH_MEQ_L

Reals = NDArray[np.float64]
Bools = NDArray[np.bool_]

ROOM = 0.045
"""What the number of a mark takes, in specificity and sensitivity."""
MARK: dict[str, Any] = {"color": INK, "markeredgecolor": "white", "markersize": 6.5}
"""Of a person."""


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


@styled
def alarms(panels: Mapping[str, Pairs]) -> Figure:
    """Return ROC and precision-recall curves for potassium above 5.5 mEq/L."""
    figure, (left, right) = grid(2, 2, (4.4, 3.9))
    shown = {name: pairs for name, pairs in panels.items() if 0 < np.mean(pairs.true > HIGH_MEQ_L) < 1}
    for number, (name, pairs) in enumerate(shown.items()):
        line: dict[str, Any] = {"linewidth": 1.3, **look(number)}
        truth = pairs.true > HIGH_MEQ_L
        false, hit, _ = roc_curve(truth, pairs.estimate)
        precision, recall, _ = precision_recall_curve(truth, pairs.estimate, drop_intermediate=True)
        left.plot(1 - false, hit, label=name, **line)
        right.plot(recall, precision, **line)
    left.plot([0, 1], [1, 0], linestyle=":", **REFERENCE)
    for pairs in list(shown.values())[:1]:
        right.axhline(float(np.mean(pairs.true > HIGH_MEQ_L)), linestyle=":", **REFERENCE)
    left.set(xlabel="specificity", ylabel="sensitivity", title="Above 5.5 mEq/L: ROC")
    left.set(xlim=(1.01, -0.01), ylim=(-0.01, 1.01))
    right.set(xlabel="sensitivity (recall)", ylabel="predictive value (precision)", title="Precision and recall")
    right.set(ylim=(0, 1.01))
    if shown:
        figure.legend(loc="outside lower center", ncols=4, fontsize=SMALL)
    return figure


@styled
def beside_people(panels: Mapping[str, Question], reference: str, notes: Mapping[str, str]) -> Figure:
    """Return ROC curves beside what people answered, a panel a question, with a note in each.

    The score named `reference` is drawn thick and black; every area under a curve stands in the legend. People are
    marks, numbered in the order of `Question.people`.
    """
    figure, axes = grid(len(panels), 2, (3.7, 5.3), sharey=True)
    for panel, (name, question) in zip(axes, panels.items(), strict=True):
        _curves(panel, question, reference)
        _people(panel, question)
        panel.plot([0, 1], [1, 0], linestyle=":", **REFERENCE)
        panel.set(title=name, xlabel="specificity", xlim=(1.03, -0.03), ylim=(-0.03, 1.03))
        panel.set_box_aspect(1)
        panel.set_anchor("N")
        # Below the panel: within it a legend would lie on somebody's mark.
        below: Any = {"fontsize": 9, "title_fontsize": 9, "handlelength": 3, "borderaxespad": 0}
        legend = panel.legend(loc="upper left", bbox_to_anchor=(0, -0.16), title=notes.get(name), **below)
        legend.set_alignment("left")
    axes[0].set_ylabel("sensitivity")
    return figure


def _curves(axes: Axes, question: Question, reference: str) -> None:
    """Draw the ROC curve of every score; the reference lies on top."""
    others = [name for name in question.scores if name != reference]
    for name, score in question.scores.items():
        line: dict[str, Any] = {"color": INK, "linewidth": 2.2, "zorder": 3}
        if name != reference:
            line = {"linewidth": 1.4, "zorder": 2, **look(others.index(name))}
        false, hit, _ = roc_curve(question.truth, score)
        axes.plot(1 - false, hit, label=f"{name}: {roc_auc_score(question.truth, score):.3f}", **line)


def _people(axes: Axes, question: Question) -> None:
    """Mark what each person reached, and number the marks."""
    marks = np.array(
        [(np.mean(~yes[~question.truth]), np.mean(yes[question.truth])) for yes in question.people.values()]
    )
    for number, (mark, at) in enumerate(zip(marks, _beside(marks), strict=True), start=1):
        axes.plot(*np.transpose([mark, at]), color=INK, linewidth=0.6, zorder=4)
        axes.plot(*mark, "D", zorder=5, **MARK)
        x, y = at
        label: dict[str, Any] = {"ha": "center", "va": "center_baseline", "fontsize": SMALL, "bbox": boxed(0.85, 0.6)}
        axes.text(x, y, str(number), zorder=5, **label)
    if len(marks):
        axes.plot([], [], "D", label=f"doctors, 1 to {len(marks)}", **MARK)


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
