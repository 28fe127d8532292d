"""Numbers as small pictures: the scale with the estimate and its interval, and bars."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from kalemia.records import HIGH_MEQ_L, LOW_MEQ_L, Estimate
from kalemia.report import words
from kalemia.report.markup import Markup, element, join

SCALE_MEQ_L = (2.0, 10.0)
BAND_TOP, BAND_HEIGHT = 20, 44


def _percent(value_meq_l: float) -> float:
    low, high = SCALE_MEQ_L
    return round(float(np.clip(100 * (value_meq_l - low) / (high - low), 0, 100)), 2)


def scale(estimate: Estimate) -> Markup:
    """Return the estimate and its interval between 2 and 10 mEq/L, with low, normal and high set apart.

    Positions are percentages, so that the text keeps its size on a phone. What lies outside is drawn at the edge with
    an arrow.
    """
    assert estimate.potassium_meq_l is not None
    summary = f"{words.potassium(estimate.potassium_meq_l)} {words.UNIT}, {words.interval(estimate) or 'no interval'}"
    return element(
        "svg",
        element("title", "The estimate on a scale from 2 to 10 mEq/L", id="scale-title"),
        element("desc", f"{summary}. Low is below 3.5, high is above 5.5.", id="scale-desc"),
        *_zones(),
        *(_tick(value) for value in range(2, 11)),
        *(_limit(value) for value in (LOW_MEQ_L, HIGH_MEQ_L)),
        *_interval(estimate),
        element("circle", cx=f"{_percent(estimate.potassium_meq_l)}%", cy=BAND_TOP + 30, r=8, class_="point"),
        class_="scale",
        width="100%",
        height=88,
        role="img",
        aria_labelledby="scale-title scale-desc",
    )


def _zones() -> list[Markup]:
    edges = [*pairwise((SCALE_MEQ_L[0], LOW_MEQ_L, HIGH_MEQ_L, SCALE_MEQ_L[1]))]
    return [_zone(name, *edge) for name, edge in zip(("low", "normal", "high"), edges, strict=True)]


def _zone(name: str, low: float, high: float) -> Markup:
    left, right = _percent(low), _percent(high)
    return join(
        element(
            "rect", x=f"{left}%", y=BAND_TOP, width=f"{right - left}%", height=BAND_HEIGHT, class_=f"zone zone-{name}"
        ),
        element("text", name, x=f"{(left + right) / 2}%", y=BAND_TOP + 15, class_="zone-name"),
    )


def _tick(value: int) -> Markup:
    return element("text", str(value), x=f"{_percent(value)}%", y=BAND_TOP + BAND_HEIGHT + 17, class_="tick")


def _limit(value: float) -> Markup:
    at = f"{_percent(value)}%"
    return join(
        element("line", x1=at, x2=at, y1=BAND_TOP - 4, y2=BAND_TOP + BAND_HEIGHT, class_="limit"),
        element("text", str(value), x=at, y=BAND_TOP - 8, class_="limit-name"),
    )


def _interval(estimate: Estimate) -> list[Markup]:
    if estimate.interval_meq_l is None:
        return []
    low, high = estimate.interval_meq_l
    left, right = _percent(low), _percent(high)
    bar = element("rect", x=f"{left}%", y=BAND_TOP + 26, width=f"{right - left:g}%", height=8, rx=4, class_="interval")
    outside = ((low < SCALE_MEQ_L[0], "0%", "◂", "start"), (high > SCALE_MEQ_L[1], "100%", "▸", "end"))
    arrows = [
        element("text", arrow, x=at, y=BAND_TOP + 37, text_anchor=anchor, class_="beyond")
        for beyond, at, arrow, anchor in outside
        if beyond
    ]
    return [bar, *arrows]


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
