"""The potassium of simulated beats beside their T waves, so that lines near each other can be told apart."""

from __future__ import annotations

import numpy as np

from kalemia.records import R_SAMPLE
from kalemia.report.curve import Values
from kalemia.report.markup import Markup, element, join
from kalemia.report.plots import Frame
from kalemia.signal.condition import RATE
from kalemia.signal.measure import waves

RIGHT, WIDTH, HEIGHT = 46.0, 12.0, 13.0
"""How far to the right of the T waves labels stand, and what each takes, in units of the picture."""


def labels(frame: Frame, known: dict[float, Values], rr_s: float) -> list[Markup]:
    """Return the potassium, mEq/L, of each beat (270,) in mV beside its T wave, with a stroke from its top."""
    tops = {level: _top(frame, mv, rr_s) for level, mv in known.items()}
    order = sorted(tops, key=lambda level: tops[level][1])
    column = min(max(x for x, _ in tops.values()) + RIGHT, frame.right - WIDTH)
    heights = apart([tops[level][1] for level in order], HEIGHT, frame.top + 4, frame.bottom - 4)
    return [_label(level, tops[level], (column, at)) for level, at in zip(order, heights, strict=True)]


def _label(level: float, top: tuple[float, float], place: tuple[float, float]) -> Markup:
    (x, y), (column, at) = top, place
    return join(
        element("path", d=f"M{x:.1f} {y:.1f}L{column - 3:.1f} {at:.1f}", class_=f"leader known{level:g}"),
        element("text", f"{level:g}", x=f"{column:.1f}", y=f"{at + 4:.1f}", class_=f"at-wave known{level:g}"),
    )


def apart(places: list[float], least: float, low: float, high: float) -> list[float]:
    """Return ascending places so far from each other, each below the one before, within two bounds if there is room.

    The whole is moved back so that its middle stays.
    """
    pushed: list[float] = []
    for place in places:
        pushed.append(max(place, pushed[-1] + least) if pushed else place)
    back = sum(pushed) / len(pushed) - sum(places) / len(places)
    first = max(min(pushed[0] - back, high - (pushed[-1] - pushed[0])), low)
    return [place - pushed[0] + first for place in pushed]


def _top(frame: Frame, mv: Values, rr_s: float) -> tuple[float, float]:
    """Return where in the picture T is largest."""
    t_ms = waves(mv.astype(np.float32), rr_s).t_peak_ms
    sample = int(np.clip(round(t_ms / 1000 * RATE) + R_SAMPLE, 0, mv.size - 1))
    return float(frame.x(np.array(t_ms))), float(frame.y(mv[sample : sample + 1])[0])
