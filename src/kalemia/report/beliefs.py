"""What is known before the ECG, what the ECG says, and what is known after it: three curves over potassium."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kalemia.estimate.evidence import CENTRES_MEQ_L, EDGES_MEQ_L
from kalemia.report.markup import Markup, element
from kalemia.report.scales import percent

if TYPE_CHECKING:
    from kalemia.estimate.predict import Result

Reals = NDArray[np.float64]

BEFORE, AFTER = "before this ECG: what is known of such patients", "after it: both together"
SAYS = "what this ECG says on its own (its likelihood)"
SAYS_OF_A_PATIENT = "what this ECG says beside the patient's earlier ones (its likelihood)"


def curves(result: Result) -> Markup | None:
    """Return the three curves, as high as they are told; None where there is no evidence.

    The first and the last enclose the same area, as probabilities do; the likelihood is as tall as there is room.
    """
    if result.evidence is None or result.population is None:
        return None
    before, after = result.population.shares, result.population.given(result.evidence).shares
    tallest = max(before.max(), after.max())
    says = np.exp(result.evidence.log_likelihood - result.evidence.log_likelihood.max())
    return element(
        "svg",
        element("path", d=_area(before / tallest), class_="before"),
        element("path", d=_area(after / tallest), class_="after"),
        element("path", d=_line(says), class_="says", vector_effect="non-scaling-stroke"),
        x="0",
        width=f"{percent(float(EDGES_MEQ_L[-1]))}%",
        viewBox="0 0 100 100",
        preserveAspectRatio="none",
        class_="beliefs",
    )


def key(result: Result) -> Markup | None:
    """Return what the curves are."""
    if result.evidence is None or result.population is None:
        return None
    says = SAYS_OF_A_PATIENT if result.estimate.earlier_ecgs else SAYS
    items = [
        element("li", element("span", class_=f"swatch swatch-{name}", aria_hidden="true"), text)
        for name, text in (("before", BEFORE), ("says", says), ("after", AFTER))
    ]
    return element("ul", *items, class_="key beliefs-key")


def _line(heights: Reals) -> str:
    """Return a smooth path through heights (30,) of 0 to 1: a quadratic spline whose corners they are."""
    low, high = EDGES_MEQ_L[[0, -1]]
    x, y = 100 * (CENTRES_MEQ_L - low) / (high - low), 100 - 98 * heights
    middles = (np.stack([x[1:] + x[:-1], y[1:] + y[:-1]]) / 2).T
    corners = [*zip(x, y, strict=True)]
    bends = [f"Q{_point(*corner)} {_point(*end)}" for corner, end in zip(corners[1:-1], middles[1:], strict=True)]
    return f"M{_point(*corners[0])}L{_point(*middles[0])}{''.join(bends)}L{_point(*corners[-1])}"


def _area(heights: Reals) -> str:
    return f"{_line(heights)}L100 100L0 100Z"


def _point(x: float, y: float) -> str:
    return f"{x:.1f} {y:.1f}"
