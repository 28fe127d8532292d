"""Figures of agreement: what is drawn is what was measured and estimated, and lines stand where the numbers say."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest

pytest.importorskip("matplotlib")
pytest.importorskip("sklearn")

from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.colors import same_color
from matplotlib.lines import Line2D

from kalemia.judge.figures import agreement
from kalemia.judge.figures.agreement import Pairs
from kalemia.judge.figures.style import INK, MUTED, RED

RNG = np.random.default_rng(0)
TRUE = RNG.uniform(3.0, 8.0, 80)
GOOD, POOR = Pairs(TRUE, TRUE + RNG.normal(0.2, 0.3, 80)), Pairs(TRUE, RNG.uniform(4, 5, 80))
PANELS = {"good": GOOD, "poor": POOR}


def points(panel: Axes) -> np.ndarray:
    return np.asarray(panel.collections[0].get_offsets())


def horizontal(panel: Axes, color: str) -> list[float]:
    """Return the heights of the lines of a color that are level."""
    lines = [np.asarray(line.get_ydata(), float) for line in panel.lines if same_color(line.get_color(), color)]
    return [float(line[0]) for line in lines if len(line) == 2 and line[0] == line[1]]


def labelled(lines: Iterable[Line2D], label: str) -> Line2D:
    return next(line for line in lines if line.get_label() == label)


def test_a_scatter_has_a_panel_for_each_with_the_same_axes_and_the_mark_of_high() -> None:
    figure = agreement.scatter(PANELS, {"good": "R2 0.9"})
    for panel, (name, pairs) in zip(figure.axes, PANELS.items(), strict=True):
        assert panel.get_title(loc="left") == name
        assert np.array_equal(points(panel), np.column_stack([pairs.true, pairs.estimate]))
        assert horizontal(panel, RED) == [5.5]
        assert panel.get_xlim() == panel.get_ylim()
        low, high = panel.get_xlim()
        assert low < min(TRUE.min(), GOOD.estimate.min(), POOR.estimate.min())
        assert high > max(TRUE.max(), GOOD.estimate.max(), POOR.estimate.max())
    assert [panel.texts[0].get_text() for panel in figure.axes] == ["R2 0.9", ""]
    assert figure.get_supxlabel() == "measured potassium, mEq/L"
    assert figure.get_supylabel() == "estimate, mEq/L"


def test_few_points_are_larger_than_many() -> None:
    many = Pairs(np.tile(TRUE, 4), np.tile(GOOD.estimate, 4))
    dots = [agreement.scatter({"": pairs}, {}).axes[0].collections[0] for pairs in (GOOD, many)]
    few, lots = (one.get_sizes()[0] for one in dots if isinstance(one, PathCollection))
    assert few > lots


def test_one_panel_alone_is_larger_than_each_of_several() -> None:
    alone, three = (agreement.scatter(dict.fromkeys(names, GOOD), {}) for names in ("a", "abc"))
    assert alone.get_size_inches()[0] > three.get_size_inches()[0] / 3
    assert len(agreement.bland_altman(dict.fromkeys("abcd", GOOD)).axes) == 4  # and no empty fifth and sixth


def test_limits_of_agreement_are_bland_and_altmans() -> None:
    figure = agreement.bland_altman(PANELS)
    for panel, pairs in zip(figure.axes, PANELS.values(), strict=True):
        error = pairs.estimate - pairs.true
        assert points(panel)[:, 0] == pytest.approx((pairs.estimate + pairs.true) / 2)
        assert points(panel)[:, 1] == pytest.approx(error)
        bias, low, high = error.mean(), error.mean() - 1.96 * error.std(), error.mean() + 1.96 * error.std()
        assert horizontal(panel, RED) == pytest.approx([bias, low, high])
        assert [text.get_text() for text in panel.texts] == [f"{height:+.2f}" for height in (bias, low, high)]


def test_boxes_hold_the_middle_half_of_each_bin() -> None:
    true = np.array([3.0] * 5 + [4.0] * 5 + [8.0] * 5)
    estimate = np.concatenate([np.arange(5.0), np.arange(5.0) + 1, np.arange(5.0) + 2])
    figure = agreement.boxes({"a": Pairs(true, estimate)})
    (axes,) = figure.axes
    corners = [np.asarray(patch.get_path().vertices) for patch in axes.patches]
    assert [(box[:, 1].min(), box[:, 1].max()) for box in corners] == [(1, 3), (2, 4), (3, 5)]
    assert [box[:, 0].mean() for box in corners] == pytest.approx([0, 1, 5], abs=0.2)
    names = [label.get_text() for label in axes.get_xticklabels()]
    assert names == ["below 3.5", "3.5 to 4.5", "4.5 to 5.5", "5.5 to 6.5", "6.5 to 7.5", "7.5 and above"]
    dotted = [line for line in axes.lines if line.get_linestyle() == ":" and len(np.asarray(line.get_xdata())) == 2]
    assert [float(np.asarray(line.get_ydata())[0]) for line in dotted] == [3.0, 4.0, 8.0]  # the mean measured there
    assert [float(np.asarray(line.get_xdata(), float).mean()) for line in dotted] == [0, 1, 5]


def test_whiskers_are_those_of_nine_in_ten() -> None:
    estimate = np.arange(101.0)
    (axes,) = agreement.boxes({"a": Pairs(np.full(101, 4.0), estimate)}).axes
    ends = {float(value) for line in axes.lines for value in np.asarray(line.get_ydata(), float)}
    assert {5.0, 25.0, 50.0, 75.0, 95.0} <= ends
    assert max(ends) == 95  # nothing beyond is drawn


def test_boxes_of_several_stand_beside_each_other_and_are_named() -> None:
    (axes,) = agreement.boxes(PANELS).axes
    middles = [float(np.asarray(patch.get_path().vertices)[:, 0].mean()) for patch in axes.patches]
    assert np.all(np.diff(np.sort(middles)) > 0.1)
    legend = axes.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["good", "poor", "mean measured"]


def test_calibration_is_of_tenths_by_what_was_estimated() -> None:
    (axes,) = agreement.calibration(PANELS).axes
    line = labelled(axes.lines, "poor")
    order = np.argsort(POOR.estimate)
    assert np.asarray(line.get_xdata()) == pytest.approx(POOR.estimate[order].reshape(10, 8).mean(axis=1))
    assert np.asarray(line.get_ydata()) == pytest.approx(POOR.true[order].reshape(10, 8).mean(axis=1))
    straight = next(line for line in axes.lines if same_color(line.get_color(), MUTED))
    assert np.array_equal(straight.get_xdata(), straight.get_ydata())


def test_one_estimate_for_all_has_no_calibration() -> None:
    flat = Pairs(TRUE, np.full(80, 4.4))
    figure = agreement.calibration({"flat": flat})
    assert len(figure.axes[0].lines) == 1
    assert figure.axes[0].get_xlim() == pytest.approx((3.5 - 0.17, 6.5 + 0.17))
    assert not figure.legends
    assert not agreement.calibration({"flat": flat, "too": flat}).legends
    assert [text.get_text() for text in agreement.calibration(PANELS | {"flat": flat}).legends[0].get_texts()] == [
        "good",
        "poor",
    ]


def test_a_figure_does_not_change_how_others_look() -> None:
    import matplotlib as mpl

    before = mpl.rcParams["axes.edgecolor"]
    figure = agreement.scatter({"a": GOOD}, {})
    assert mpl.rcParams["axes.edgecolor"] == before
    assert not figure.axes[0].spines["top"].get_visible()
    assert not same_color(before, figure.axes[0].spines["left"].get_edgecolor()) or same_color(before, INK)
