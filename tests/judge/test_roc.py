"""Curves beside people: what is drawn is what scikit-learn and counting say, and signs can be told apart."""

from __future__ import annotations

import re

import numpy as np
import pytest

pytest.importorskip("matplotlib")
metrics = pytest.importorskip("sklearn.metrics")

from kalemia.judge.figures.agreement import Pairs
from kalemia.judge.figures.roc import Question, alarms, beside_people
from kalemia.judge.figures.style import drawn

RNG = np.random.default_rng(0)
TRUTH = np.arange(60) % 3 == 0
SCORES = {
    "published": TRUTH + RNG.normal(0, 0.4, 60),
    "small": TRUTH + RNG.normal(0, 1, 60),
    "tiny": RNG.normal(0, 1, 60),
}


def people(*reached: tuple[int, int]) -> dict[str, np.ndarray]:
    """Make people who see so many of the 20 ill and call so many of the 40 others."""
    ill, well = np.flatnonzero(TRUTH), np.flatnonzero(~TRUTH)
    return {
        f"doctor {k}": np.isin(np.arange(60), np.concatenate([ill[:seen], well[:called]]))
        for k, (seen, called) in enumerate(reached)
    }


def question(*reached: tuple[int, int]) -> Question:
    return Question(TRUTH, SCORES, people(*reached))


def test_each_panel_says_every_area_and_where_each_doctor_stands() -> None:
    figure = beside_people({"high": question((5, 2), (10, 8)), "low": question()}, "published", {"high": "20 of 60"})
    high, low = figure.axes
    legend = high.get_legend()
    assert legend is not None
    areas = [f"{name}: {metrics.roc_auc_score(TRUTH, score):.3f}" for name, score in SCORES.items()]
    assert [text.get_text() for text in legend.get_texts()] == [*areas, "doctors, 1 to 2"]
    assert legend.get_title().get_text() == "20 of 60"
    marks = [np.asarray(line.get_xydata()) for line in high.lines if line.get_marker() == "D"]
    assert np.concatenate([mark.reshape(-1, 2) for mark in marks]) == pytest.approx(
        np.array([[0.95, 0.25], [0.8, 0.5]])
    )
    assert [text.get_text() for text in high.texts] == ["1", "2"]
    assert not low.texts


def test_curves_differ_by_more_than_color_and_the_reference_is_thickest() -> None:
    axes = beside_people({"high": question()}, "published", {}).axes[0]
    curves = {str(line.get_label()).split(":")[0]: line for line in axes.lines if ":" in str(line.get_label())}
    assert len({(curve.get_linestyle(), curve.get_linewidth()) for curve in curves.values()}) == 3
    assert max(curves, key=lambda name: curves[name].get_linewidth()) == "published"


@pytest.mark.parametrize(
    "reached", [((3, 0), (3, 0), (3, 1), (2, 0), (4, 0)), ((0, 0), (0, 0), (0, 1)), ((20, 40), (20, 40))]
)
def test_no_number_lies_on_another_or_on_a_mark(reached: tuple[tuple[int, int], ...]) -> None:
    axes = beside_people({"high": question(*reached)}, "published", {}).axes[0]
    numbers = np.array([text.get_position() for text in axes.texts])
    marks = np.array([(1 - called / 40, seen / 20) for seen, called in reached])
    for place, number in enumerate(numbers):
        others = np.concatenate([numbers[place + 1 :], marks])
        assert np.abs(others - number).max(axis=1).min() > 0.04


def test_the_same_question_gives_the_same_bytes() -> None:
    once, again = (drawn(beside_people({"high": question((5, 2))}, "published", {}), "svg") for _ in range(2))
    assert once == again
    assert re.search(rb"published: 0\.\d{3}", once)
    assert drawn(beside_people({"high": question()}, "published", {}), "png").startswith(b"\x89PNG")


def test_alarms_are_scikit_learns_curves() -> None:
    true = np.where(TRUTH, 6.0, 4.0)
    nobody = Pairs(np.full(60, 4.0), SCORES["tiny"])
    figure = alarms(
        {"small": Pairs(true, SCORES["small"]), "nobody is high": nobody, "tiny": Pairs(true, SCORES["tiny"])}
    )
    left, right = figure.axes
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["small", "tiny"]
    for place, name in enumerate(("small", "tiny")):
        false, hit, _ = metrics.roc_curve(TRUTH, SCORES[name])
        assert np.array_equal(left.lines[place].get_xydata(), np.column_stack([1 - false, hit]))
        recalled, precise = np.asarray(right.lines[place].get_xydata(), float).T
        trapezoids = np.sum(-np.diff(recalled) * precise[:-1])
        assert trapezoids == pytest.approx(metrics.average_precision_score(TRUTH, SCORES[name]), abs=0.06)
    assert len({(str(line.get_linestyle()), line.get_color()) for line in left.lines[:2]}) == 2
    share = next(line for line in right.lines if line.get_linestyle() == ":")
    assert np.asarray(share.get_ydata()).tolist() == pytest.approx([1 / 3, 1 / 3])


def test_alarms_of_nobody_who_is_high_are_drawn_empty() -> None:
    left, right = alarms({"nobody is high": Pairs(np.full(60, 4.0), SCORES["tiny"])}).axes
    assert len(left.lines) == 1  # of guessing
    assert not right.lines
