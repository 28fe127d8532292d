"""The curves of what is known before an ECG, what it says, and what is known after it, read back from the drawing."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from markup_tree import Node, parse, percent
from numpy.typing import NDArray
from report_examples import HIGH, REFUSED

from kalemia.estimate.evidence import CENTRES_MEQ_L, Evidence
from kalemia.estimate.population import Population
from kalemia.estimate.predict import Result
from kalemia.report.beliefs import curves, key
from likelihoods import bell

KIDNEY = Population.load("kidney")
TALL = Result(HIGH, evidence=Evidence.of(bell(6.6, 0.9)), population=KIDNEY)
INSIDE = slice(1, -1)
"""Bins whose corners a curve has of its own; the outermost two are where it starts and ends."""


def drawn(result: Result) -> Node:
    return parse(curves(result) or "").one("svg", "beliefs")


def corners(path: str) -> NDArray[np.float64]:
    """Return the corners (n, 2) of a smooth path: potassium in mEq/L, and the height of its bin from 0 to 1."""
    ends = re.findall(r"Q([\d.]+) ([\d.]+) ", path)
    across, down = np.array(ends, dtype=float).T
    return np.stack([2.0 + across / 100 * 7.5, (100 - down) / 98], axis=1)


def heights(result: Result, name: str) -> NDArray[np.float64]:
    found = corners(drawn(result).one("path", name)["d"])
    np.testing.assert_allclose(found[:, 0], CENTRES_MEQ_L[INSIDE], atol=0.005)
    return found[:, 1]


def test_each_curve_is_as_high_as_what_it_tells() -> None:
    assert TALL.evidence is not None
    after = KIDNEY.given(TALL.evidence).shares
    tallest = max(KIDNEY.shares.max(), after.max())
    np.testing.assert_allclose(heights(TALL, "before"), (KIDNEY.shares / tallest)[INSIDE], atol=0.001)
    np.testing.assert_allclose(heights(TALL, "after"), (after / tallest)[INSIDE], atol=0.001)
    likelihood = np.exp(bell(6.6, 0.9) - bell(6.6, 0.9).max())
    np.testing.assert_allclose(heights(TALL, "says"), likelihood[INSIDE], atol=0.001)


@pytest.mark.parametrize("width", [0.3, 5.0])
def test_no_curve_is_taller_than_the_room_and_one_of_the_hills_fills_it(width: float) -> None:
    sharp = replace(TALL, evidence=Evidence.of(bell(5.0, width)))
    tops = {name: heights(sharp, name).max() for name in ("before", "says", "after")}
    assert max(tops.values()) == tops["says"] == pytest.approx(1, abs=0.01)
    assert max(tops["before"], tops["after"]) == pytest.approx(1, abs=0.01)
    assert (tops["after"] > tops["before"] + 0.3) == (width == 0.3)  # a hill that is sharper is taller


def test_a_hill_is_closed_at_the_ground_over_all_that_is_told_apart_and_the_likelihood_is_a_line() -> None:
    svg = drawn(TALL)
    for name in ("before", "after"):
        assert svg.one("path", name)["d"].endswith("L100 100L0 100Z")
    line = svg.one("path", "says")["d"]
    assert re.fullmatch(r"M1\.7 [\d.]+L[^Z]*L98\.3 [\d.]+", line)
    assert svg.one("path", "says")["vector-effect"] == "non-scaling-stroke"
    assert svg["viewbox"] == "0 0 100 100"
    assert svg["preserveaspectratio"] == "none"


def test_a_curve_has_no_edges_since_each_bend_ends_in_the_middle_of_two_corners() -> None:
    path = drawn(TALL).one("path", "says")["d"]
    places = np.array(re.findall(r"([\d.]+) ([\d.]+)", path), dtype=float)
    bends = places[2:-1].reshape(-1, 2, 2)  # after the start and the first middle, before the end
    corners = np.concatenate([places[:1], bends[:, 0], places[-1:]])
    ends = np.concatenate([places[1:2], bends[:, 1]])
    assert len(corners) == len(CENTRES_MEQ_L)
    np.testing.assert_allclose(ends, (corners[1:] + corners[:-1]) / 2, atol=0.11)


def test_the_drawing_is_as_wide_as_potassium_is_told_apart_on_the_scale() -> None:
    svg = drawn(TALL)
    assert svg["x"] == "0"
    assert percent(svg["width"]) == pytest.approx(100 * 7.5 / 8)


def test_the_hill_after_lies_over_the_one_before_and_the_line_over_both() -> None:
    assert [path["class"] for path in drawn(TALL).all("path")] == ["before", "after", "says"]


@pytest.mark.parametrize("lacking", [Result(REFUSED), replace(TALL, evidence=None), replace(TALL, population=None)])
def test_without_evidence_or_population_nothing_is_drawn(lacking: Result) -> None:
    assert curves(lacking) is key(lacking) is None


def test_the_key_names_every_curve_beside_its_look() -> None:
    entries = parse(key(TALL) or "").one("ul", "key").all("li")
    assert [entry.text for entry in entries] == [
        "before this ECG: what is known of such patients",
        "what this ECG says on its own (its likelihood)",
        "after it: both together",
    ]
    swatches = [entry.one("span") for entry in entries]
    assert [swatch["class"] for swatch in swatches] == [f"swatch swatch-{name}" for name in ("before", "says", "after")]
    assert {swatch["aria-hidden"] for swatch in swatches} == {"true"}


def test_with_earlier_ecgs_the_line_is_what_the_ecg_says_beside_them() -> None:
    own = replace(TALL, estimate=replace(HIGH, earlier_ecgs=1))
    assert parse(key(own) or "").all("li")[1].text == (
        "what this ECG says beside the patient's earlier ones (its likelihood)"
    )
