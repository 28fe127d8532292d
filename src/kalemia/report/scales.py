"""Numbers as small pictures: the scale with the estimate and its interval, and bars."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from kalemia.records import HIGH_MEQ_L, LOW_MEQ_L, Estimate
from kalemia.report import words
from kalemia.report.markup import Markup, element, join

SCALE_MEQ_L = (2.0, 10.0)
BAND_TOP, BAND_HEIGHT = 20, 44
CURVES_HEIGHT = 96
"""By how much the band is taller where curves stand in it."""


def percent(value_meq_l: float) -> float:
    """Return where on the scale a potassium lies."""
    low, high = SCALE_MEQ_L
    return round(float(np.clip(100 * (value_meq_l - low) / (high - low), 0, 100)), 2)


def scale(estimate: Estimate, curves: Markup | None = None) -> Markup:
    """Return the estimate and its interval between 2 and 10 mEq/L, with low, normal and high set apart.

    Positions are percentages, so that the text keeps its size on a phone. `curves` stand above the interval, as wide as
    the scale says.
    """
    assert estimate.potassium_meq_l is not None
    summary = f"{words.potassium(estimate.potassium_meq_l)} {words.UNIT}, {words.interval(estimate) or 'no interval'}"
    taller = 0 if curves is None else CURVES_HEIGHT
    height = BAND_HEIGHT + taller
    return element(
        "svg",
        element("title", "The estimate on a scale from 2 to 10 mEq/L", id="scale-title"),
        element("desc", f"{summary}. Low is below 3.5, high is above 5.5.", id="scale-desc"),
        *_zones(height),
        None if curves is None else element("svg", curves, y=BAND_TOP + 20, height=CURVES_HEIGHT, class_="curves"),
        *(_tick(value, BAND_TOP + height) for value in range(2, 11)),
        *(_limit(value, BAND_TOP + height) for value in (LOW_MEQ_L, HIGH_MEQ_L)),
        *_interval(estimate, taller),
        element("circle", cx=f"{percent(estimate.potassium_meq_l)}%", cy=BAND_TOP + taller + 30, r=8, class_="point"),
        class_="scale",
        width="100%",
        height=88 + taller,
        role="img",
        aria_labelledby="scale-title scale-desc",
    )


def _zones(height: int) -> list[Markup]:
    edges = [*pairwise((SCALE_MEQ_L[0], LOW_MEQ_L, HIGH_MEQ_L, SCALE_MEQ_L[1]))]
    return [_zone(name, *edge, height) for name, edge in zip(("low", "normal", "high"), edges, strict=True)]


def _zone(name: str, low: float, high: float, height: int) -> Markup:
    left, right = percent(low), percent(high)
    return join(
        element("rect", x=f"{left}%", y=BAND_TOP, width=f"{right - left}%", height=height, class_=f"zone zone-{name}"),
        element("text", name, x=f"{(left + right) / 2}%", y=BAND_TOP + 15, class_="zone-name"),
    )


def _tick(value: int, bottom: int) -> Markup:
    return element("text", str(value), x=f"{percent(value)}%", y=bottom + 17, class_="tick")


def _limit(value: float, bottom: int) -> Markup:
    at = f"{percent(value)}%"
    return join(
        element("line", x1=at, x2=at, y1=BAND_TOP - 4, y2=bottom, class_="limit"),
        element("text", str(value), x=at, y=BAND_TOP - 8, class_="limit-name"),
    )


def _interval(estimate: Estimate, lower: int) -> list[Markup]:
    if estimate.interval_meq_l is None:
        return []
    left, right = map(percent, estimate.interval_meq_l)
    top = BAND_TOP + lower + 26
    return [element("rect", x=f"{left}%", y=top, width=f"{right - left:g}%", height=8, rx=4, class_="interval")]


def bar(fraction: float) -> Markup:
    """Return a horizontal bar for a number in 0..1 that is printed beside it, hidden from screen readers."""
    filled = float(np.clip(np.nan_to_num(fraction), 0, 1)) * 100
    return element(
        "svg",
        element("rect", width="100%", height=8, rx=4, class_="track"),
        element("rect", width=f"{filled:.1f}%", height=8, rx=4, class_="fill"),
        class_="bar",
        width="100%",
        height=8,
        aria_hidden="true",
    )


def signed_bar(value: float, reach: float) -> Markup:
    """Return a bar to the right of the middle for a positive number and to the left for a negative one.

    It fills its half at `reach`; the number is printed beside it, so that it is hidden from screen readers.
    """
    half = float(np.clip(50 * abs(value) / reach, 0, 50))
    side = "raises" if value > 0 else "lowers"
    return element(
        "svg",
        element("rect", width="100%", height=14, class_="track"),
        element("rect", x=f"{50 if value > 0 else 50 - half:.1f}%", width=f"{half:.1f}%", height=14, class_=side),
        element("line", x1="50%", x2="50%", y1=0, y2=14, class_="limit"),
        class_="bar",
        width="100%",
        height=14,
        aria_hidden="true",
    )
