"""The report as Python has it: in a notebook, in matplotlib's Axes, and as a file."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import numpy as np
import pytest
from markup_tree import parse
from report_examples import FAILED, HIGH, REFUSED, recording, result

import kalemia
from kalemia.errors import KalemiaError
from kalemia.report import estimate_html, page, recording_html


def test_a_notebook_shows_the_number_and_its_warnings() -> None:
    root = parse(HIGH._repr_html_())
    assert root.one("p", "number").text == "5.9 mEq/L"
    assert len(root.one("section", "warnings").all("li")) == 2
    assert root.one("div", "kalemia").one("div", "level-high").all("section", "answer")
    assert "Lead V5 is flat" in parse(REFUSED._repr_html_()).text
    assert estimate_html(FAILED)


def test_a_notebook_shows_the_ecg() -> None:
    root = parse(recording()._repr_html_())
    assert len(root.all("path", "trace")) == 13
    ids = [parse(recording_html(recording(seconds=seconds))).values("id") for seconds in (8.0, 9.0)]
    assert not set(ids[0]) & set(ids[1])  # two in one notebook


def test_its_style_reaches_nothing_else_in_the_notebook() -> None:
    css = "".join(str(child) for child in parse(HIGH._repr_html_()).one("style").children)
    assert css.startswith(".kalemia {")
    assert css.endswith("}")
    assert css.count("{") == css.count("}")
    assert ":root" not in css
    assert "prefers-color-scheme" not in css
    assert not re.search(r"(?m)^\s*body\b", css)


def test_plots_go_into_the_axes_that_are_given() -> None:
    pyplot = pytest.importorskip("matplotlib.pyplot")
    figure, (above, below) = pyplot.subplots(2)
    shown = recording()
    assert shown.plot(above) is above
    assert HIGH.plot(below) is below
    names = [text.get_text() for text in above.texts]
    assert names == ["I", "aVR", "V1", "V4", "II", "aVL", "V2", "V5", "III", "aVF", "V3", "V6", "II"]
    traces = [line for line in above.lines if len(line.get_xdata()) > 100]
    assert len(traces) == 13
    assert np.ptp(np.asarray(traces[0].get_ydata(), float)) == pytest.approx(10, abs=1.0)  # a mV is 10 mm
    assert "5.9 mEq/L" in below.get_title()
    assert below.get_xlim() == (2, 10)
    pyplot.close(figure)


def test_a_plot_of_a_refused_one_says_why() -> None:
    pyplot = pytest.importorskip("matplotlib.pyplot")
    axes = REFUSED.plot()
    assert axes.get_title() == "Refused: lead V5 is flat"
    assert recording(("I",)).plot().texts
    pyplot.close("all")


def test_without_matplotlib_a_plot_says_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(KalemiaError, match=r"kalemia\[plot\]"):
        HIGH.plot()


def test_a_result_is_reported_where_one_says(tmp_path: Path) -> None:
    shown = result(HIGH)
    assert kalemia.report(shown, tmp_path / "new" / "mine.html").read_text("utf-8") == page(shown)
    assert kalemia.report(shown, tmp_path) == tmp_path / "ecg.html"


def test_an_estimate_is_reported_with_the_ecg_of_its_file(good: Path, tmp_path: Path) -> None:
    estimate = kalemia.predict(good)
    written = kalemia.report(estimate, tmp_path / "full.html").read_text("utf-8")
    assert written == page(kalemia.examine(good))
    assert parse(written).all("svg", "ecg")


def test_an_estimate_whose_file_says_something_else_is_reported_alone(good: Path, tmp_path: Path) -> None:
    other = kalemia.predict(good, population="dialysis", lab=kalemia.Hemolyzed(6.4))
    assert not parse(kalemia.report(other, tmp_path / "alone.html").read_text("utf-8")).all("svg", "ecg")
    assert not parse(kalemia.report(HIGH, tmp_path / "gone.html").read_text("utf-8")).all("svg", "ecg")


def test_the_bundled_models_are_listed_in_a_line_each() -> None:
    names = [card.name for card in kalemia.models()]
    assert {"12-4k", "v5-4k", "i-4k"} <= set(names)
    assert max(len(repr(card)) for card in kalemia.models()) < 400
