"""Figures of values with intervals: each stands at its value, and its interval round it."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("matplotlib")
pytest.importorskip("polars")
pytest.importorskip("sklearn")

from matplotlib.axes import Axes
from matplotlib.colors import same_color

from kalemia.judge.figures import intervals
from kalemia.judge.figures.style import BLUE, INK, RED
from kalemia.judge.probability import Tenth
from kalemia.judge.spans import Span
from kalemia.judge.subgroups import Share

SPANS = {
    "b": Span(0.2, 0.1, 0.3),
    "a": Span(0.5, 0.4, 0.6),
    "no interval": Span(-0.1, None, None),
    "undefined": Span(None, None, None),
}


def dots(axes: Axes, mark: str = "o") -> dict[float, float]:
    """Return by height where the dots are."""
    lines = [np.asarray(line.get_xydata(), float) for line in axes.lines if line.get_marker() == mark]
    return {float(y): float(x) for line in lines for x, y in line}


def bars(axes: Axes) -> dict[float, tuple[float, float]]:
    """Return by height from where to where the bars go."""
    lines = [np.asarray(line.get_xydata(), float) for line in axes.lines if line.get_alpha() == 0.55]
    return {float(line[0, 1]): (float(line[0, 0]), float(line[1, 0])) for line in lines}


def names(axes: Axes) -> list[str]:
    return [label.get_text() for label in axes.get_yticklabels()]


def test_a_forest_has_the_best_on_top_and_leaves_out_what_is_not_defined() -> None:
    (axes,) = intervals.forest(SPANS, "R2", "b").axes
    assert names(axes) == ["no interval", "b", "a"]
    assert dots(axes) == {0: -0.1, 1: 0.2, 2: 0.5}
    assert bars(axes) == {1: (0.1, 0.3), 2: (0.4, 0.6)}
    assert [text.get_text() for text in axes.texts] == ["-0.100", "0.200", "0.500"]
    assert axes.get_xlabel() == "R2, 95 % interval over patients"


@pytest.mark.parametrize(("mark", "lines"), [("b", [0.2]), ("undefined", []), ("nobody", []), (None, [])])
def test_a_line_marks_who_others_are_measured_against(mark: str | None, lines: list[float]) -> None:
    (axes,) = intervals.forest(SPANS, "R2", mark).axes
    dotted = [line for line in axes.lines if line.get_linestyle() == ":"]
    assert [float(np.asarray(line.get_xdata())[0]) for line in dotted] == lines
    red = [line for line in axes.lines if line.get_marker() == "o" and same_color(line.get_color(), RED)]
    assert len(red) == len(lines)


def test_a_forest_of_nothing_that_is_defined_is_drawn_empty() -> None:
    (axes,) = intervals.forest({"a": Span(None, None, None)}, "R2").axes
    assert not axes.lines
    assert names(axes) == []


def test_coverage_has_all_on_top_and_the_count_of_each() -> None:
    rows = {
        "all": Share(1200, 0.9, 0.88, 0.92),
        "female": Share(700, 0.95, 0.93, 0.97),
        "ionic variant wall-01": Share(30, 0.8, 0.6, 0.9),
    }
    (axes,) = intervals.coverage(rows, 0.9).axes
    assert names(axes) == ["female", "all"]
    assert dots(axes) == {0: 0.95, 1: 0.9}
    assert bars(axes) == {0: (0.93, 0.97), 1: (0.88, 0.92)}
    assert [text.get_text() for text in axes.texts] == ["700", "1,200"]
    colors = [line.get_color() for line in axes.lines if line.get_marker() == "o"]
    assert [same_color(*both) for both in zip(colors, (BLUE, INK), strict=True)] == [True, True]
    target = next(line for line in axes.lines if line.get_linestyle() == ":")
    assert np.asarray(target.get_xdata()).tolist() == [0.9, 0.9]


def test_probabilities_stand_at_what_was_said_and_what_was_true() -> None:
    (axes,) = intervals.probability((Tenth(0.1, 20, 0.15, 0.05, 0.36), Tenth(0.6, 20, 0.5, 0.3, 0.8))).axes
    assert dots(axes) == {0.15: 0.1, 0.5: 0.6}
    upright = [np.asarray(line.get_xydata(), float) for line in axes.lines if line.get_alpha() == 0.55]
    assert [tuple(line[:, 1]) for line in upright] == [(0.05, 0.36), (0.3, 0.8)]
    assert [line[:, 0].tolist() for line in upright] == [[0.1, 0.1], [0.6, 0.6]]
    assert axes.get_xlim() == axes.get_ylim() == pytest.approx((-0.016, 0.832))  # the highest end is 0.8
    ideal = next(line for line in axes.lines if line.get_linestyle() == "--")
    assert np.asarray(ideal.get_xydata()).tolist() == [[0, 0], [1, 1]]


def test_a_probability_beyond_all_intervals_is_drawn() -> None:
    (axes,) = intervals.probability((Tenth(0.5, 20, 0.1, 0.05, 0.2),)).axes
    assert axes.get_xlim() == pytest.approx((-0.01, 0.52))
