"""Figures of networks: a line a fit, and bars whose parts sum to what a network costs."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("matplotlib")
pytest.importorskip("polars")
pytest.importorskip("sklearn")

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from kalemia.study import figures
from kalemia.study.results import Layer, Training

FIT = Training(0, 0, training_mae_meq_l=(1.0, 0.8, 0.7), validation_mae_meq_l=(1.1, 0.9, 0.95))
SMALL = (
    Layer("body.0.0", 100, 2000, 1.5),
    Layer("body.0.1", 50, 1000, 0.5),
    Layer("body.1", 20, 10, 0.25),
    Layer("dense", 7, 7, 0.125),
)
LARGE = (Layer("body.0.0", 1000, 9000, 4.0), Layer("body.3", 500, 500, 8.0), Layer("dense", 70, 70, 1.0))


def lengths(axes: Axes) -> dict[float, list[float]]:
    """Return by row how long the parts of its bar are, those of nothing left out."""
    found: dict[float, list[float]] = defaultdict(list)
    for bar in axes.patches:
        assert isinstance(bar, Rectangle)
        if bar.get_width():
            found[bar.get_y() + bar.get_height() / 2].append(bar.get_width())
    return dict(found)


def test_learning_has_a_panel_for_each_and_two_lines_a_fit() -> None:
    figure = figures.learning({"4k": [FIT, replace(FIT, seed=1)], "180k": [FIT]})
    first, second = figure.axes
    assert [axes.get_title(loc="left") for axes in (first, second)] == ["4k", "180k"]
    assert len(first.lines) == 4 + 2  # and those of the legend
    assert len(second.lines) == 2
    training, validation = (np.asarray(line.get_xydata(), float) for line in second.lines)
    assert training.tolist() == [[1, 1.0], [2, 0.8], [3, 0.7]]
    assert validation.tolist() == [[1, 1.1], [2, 0.9], [3, 0.95]]
    legend = first.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["training", "validation"]
    assert figure.get_supxlabel() == "epoch"


def test_a_training_without_an_epoch_has_empty_lines() -> None:
    (axes,) = figures.learning({"4k": [Training(0, 0, training_mae_meq_l=(), validation_mae_meq_l=())]}).axes
    assert [len(np.asarray(line.get_xdata())) for line in axes.lines] == [0] * 4


def test_layers_of_one_block_are_one_part_and_parts_sum_to_the_whole() -> None:
    figure = figures.layers({"small": SMALL, "large": LARGE})
    parameters, macs, us = figure.axes
    assert [axes.get_title(loc="left") for axes in figure.axes] == [
        "Parameters",
        "Multiply-accumulates",
        "Microseconds",
    ]
    assert lengths(parameters) == {0: [150, 20, 7], 1: [1000, 70, 500]}
    assert lengths(macs) == {0: [3000, 10, 7], 1: [9000, 70, 500]}
    assert lengths(us) == {0: [2.0, 0.25, 0.125], 1: [4.0, 1.0, 8.0]}
    assert [text.get_text() for text in parameters.texts] == [" 177", " 1,570"]
    assert [label.get_text() for label in parameters.get_yticklabels()] == ["small", "large"]
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == ["first block", "second block", "dense", "LSTM"]


def test_time_is_drawn_where_it_was_taken() -> None:
    figure = figures.layers({"small": [replace(layer, us=None) for layer in SMALL]})
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["Parameters", "Multiply-accumulates"]
    assert len(figures.layers({"small": SMALL, "large": [replace(layer, us=None) for layer in LARGE]}).axes) == 2


def test_the_first_network_is_on_top() -> None:
    low, high = figures.layers({"small": SMALL, "large": LARGE}).axes[0].get_ylim()
    assert low > high
