"""The pictures of a validation: a measure against potassium, shares of patients, and spreads side by side."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kalemia.report.markup import Markup, element

Values = NDArray[np.float64]

WIDTH, HEIGHT = 330.0, 216.0
LEFT, RIGHT, TOP, BOTTOM = 46.0, 12.0, 34.0, 34.0
POTASSIUM = (2.0, 9.0)


@dataclass(frozen=True)
class Curve:
    """A measure against potassium.

    Attributes
    ----------
    potassium
        (levels,) mEq/L.
    low, middle, high
        (levels,) 10 %, median and 90 % of the patients; a share has a middle only.
    """

    potassium: Values
    middle: Values
    low: Values | None = None
    high: Values | None = None


@dataclass(frozen=True)
class Reference:
    """What was seen in patients: a range of the measure, at a range of potassium or around one value of it."""

    potassium: tuple[float, float]
    low: float
    high: float
    middle: float


@dataclass(frozen=True)
class _Axes:
    low: float
    high: float

    def x(self, potassium: float) -> float:
        first, last = POTASSIUM
        return LEFT + (potassium - first) / (last - first) * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        return HEIGHT - BOTTOM - (value - self.low) / (self.high - self.low) * (HEIGHT - TOP - BOTTOM)

    def ticks(self) -> Values:
        steps = (digit * 10.0**power for power in range(-4, 7) for digit in (1, 2, 5))
        step = next(step for step in steps if (self.high - self.low) / step < 5)
        return np.arange(np.ceil(self.low / step), np.floor(self.high / step) + 1) * step + 0.0


def chart(title: str, unit: str, curve: Curve, references: Sequence[Reference] = ()) -> Markup:
    """Return a curve with its band, and what was seen in patients behind it."""
    drawn = [curve.middle, *(side for side in (curve.low, curve.high) if side is not None)]
    axes = _axes(np.concatenate([*drawn, [edge for each in references for edge in (each.low, each.high)]]), unit == "%")
    return element(
        "svg",
        element("title", f"{title} against potassium"),
        element("text", title, x=LEFT, y=16, class_="lead"),
        element("text", unit, x=LEFT - 6, y=TOP - 6, text_anchor="end"),
        *_grid(axes),
        *(_reference(axes, each) for each in references),
        _band(axes, curve),
        element("path", d=_path(axes, curve.potassium, curve.middle), class_="median"),
        class_="beat chart",
        viewBox=f"0 0 {WIDTH:g} {HEIGHT:g}",
        role="img",
        aria_label=_label(title, unit, curve),
    )


def _label(title: str, unit: str, curve: Curve) -> str:
    seen = np.flatnonzero(np.isfinite(curve.middle))
    ends = [f"{curve.middle[k]:.3g} {unit} at {curve.potassium[k]:g} mEq/L" for k in seen[[0, -1]]] if seen.size else []
    return f"{title}: {', '.join(ends) or 'not measured'}"


def _axes(values: Iterable[float], from_zero: bool) -> _Axes:
    finite = np.array([value for value in values if np.isfinite(value)] or [0.0, 1.0])
    low, high = float(finite.min()), float(finite.max())
    margin = 0.06 * (high - low) or 1.0
    return _Axes(0.0 if from_zero else low - margin, high + margin)


def _grid(axes: _Axes) -> list[Markup]:
    bottom = HEIGHT - BOTTOM
    lines = "".join(f"M{axes.x(k):.1f} {TOP:g}V{bottom:g}" for k in range(2, 10))
    lines += "".join(f"M{LEFT:g} {axes.y(tick):.1f}H{WIDTH - RIGHT:g}" for tick in axes.ticks())
    numbers = [
        element(
            "text", f"{tick:.3g}".replace("-", "\u2212"), x=LEFT - 6, y=f"{axes.y(tick) + 4:.1f}", text_anchor="end"
        )
        for tick in axes.ticks()
    ]
    levels = [element("text", str(k), x=f"{axes.x(k):.1f}", y=bottom + 15, text_anchor="middle") for k in range(2, 10)]
    name = element("text", "potassium, mEq/L", x=(LEFT + WIDTH - RIGHT) / 2, y=HEIGHT - 4, text_anchor="middle")
    return [element("path", d=lines, class_="axis"), *numbers, *levels, name]


def _reference(axes: _Axes, seen: Reference) -> Markup:
    first, last = (axes.x(k) for k in seen.potassium)
    top, bottom, middle = axes.y(seen.high), axes.y(seen.low), axes.y(seen.middle)
    return element(
        "g",
        element("rect", x=f"{first:.1f}", y=f"{top:.1f}", width=f"{last - first:.1f}", height=f"{bottom - top:.1f}"),
        element("path", d=f"M{first:.1f} {middle:.1f}H{last:.1f}"),
        class_="seen",
    )


def _band(axes: _Axes, curve: Curve) -> Markup | None:
    if curve.low is None or curve.high is None:
        return None
    there = _path(axes, curve.potassium, curve.high)
    back = _path(axes, curve.potassium[::-1], curve.low[::-1])
    return element("path", d=f"{there}L{back[1:]}Z", class_="band") if there and back else None


def _path(axes: _Axes, potassium: Values, values: Values) -> str:
    points = [f"{axes.x(k):.1f} {axes.y(v):.1f}" for k, v in zip(potassium, values, strict=True) if np.isfinite(v)]
    return "M" + "L".join(points) if points else ""


def strip(real: Values, simulated: Values) -> Markup:
    """Return the spreads of two sets of numbers, one above the other: 10 to 90 %, the middle half, the median."""
    spreads = [np.nanquantile(values, [0.1, 0.25, 0.5, 0.75, 0.9]) for values in (real, simulated)]
    low, high = min(s[0] for s in spreads), max(s[4] for s in spreads)
    margin = 0.04 * (high - low) or 1.0

    def percent(value: float) -> float:
        return round(float(100 * (value - low + margin) / (high - low + 2 * margin)), 2)

    def rect(first: float, last: float, top: float, height: float, class_: str) -> Markup:
        left = percent(first)
        return element(
            "rect", x=f"{left}%", y=top, width=f"{percent(last) - left:.2f}%", height=height, rx=1.5, class_=class_
        )

    parts = []
    for top, kind, spread in zip((1, 13), ("real", "simulated"), spreads, strict=True):
        at = f"{percent(spread[2])}%"
        parts += [
            rect(spread[0], spread[4], top + 4, 2, f"{kind} tails"),
            rect(spread[1], spread[3], top, 10, kind),
            element("line", x1=at, x2=at, y1=top, y2=top + 10, class_="middle"),
        ]
    return element("svg", *parts, class_="strip", width="100%", height=24, aria_hidden="true")
