"""The small pictures of a page: the scale with the interval, bars, and the median beat."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from kalemia.records import HIGH_MEQ_L, LOW_MEQ_L, Beat, Estimate
from kalemia.report import words
from kalemia.report.markup import Markup, element, join
from kalemia.report.paper import UNIT, path
from kalemia.signal.beat import R_SAMPLE
from kalemia.signal.condition import RATE

Values = NDArray[np.float64]

SCALE_MEQ_L = (2.0, 10.0)
BAND_TOP, BAND_HEIGHT = 20, 44

BEAT_MS = (-300.0, 600.0)
LARGE, SMALL = (440.0, 250.0), (280.0, 190.0)


def _percent(value_meq_l: float) -> float:
    low, high = SCALE_MEQ_L
    return round(float(np.clip(100 * (value_meq_l - low) / (high - low), 0, 100)), 2)


def scale(estimate: Estimate) -> Markup:
    """Return the estimate and its interval between 2 and 10 mEq/L, with low, normal and high set apart.

    Positions are percentages, so that the text keeps its size on a phone. What lies outside is drawn at the edge with
    an arrow.
    """
    assert estimate.potassium_meq_l is not None
    said = f"{words.potassium(estimate.potassium_meq_l)} {words.UNIT}, {words.interval(estimate) or 'no interval'}"
    return element(
        "svg",
        element("title", "The estimate on a scale from 2 to 10 mEq/L", id="scale-title"),
        element("desc", f"{said}. Low is below 3.5, high is above 5.5.", id="scale-desc"),
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


@dataclass(frozen=True)
class Frame:
    """The plot area of a beat and what it spans; `x` and `y` go from ms and mV to the picture."""

    width: float
    height: float
    low_mv: float
    high_mv: float
    left: float = 44.0
    top: float = 26.0

    @property
    def right(self) -> float:
        """Where 600 ms lie; beyond is room for half of that number."""
        return self.width - 14

    @property
    def bottom(self) -> float:
        """Where the lowest voltage lies; below are the numbers and the name of the axis."""
        return self.height - 36

    def x(self, ms: Values) -> Values:
        """Return how far from the left edge a time is."""
        return self.left + (ms - BEAT_MS[0]) / (BEAT_MS[1] - BEAT_MS[0]) * (self.right - self.left)

    def y(self, mv: Values) -> Values:
        """Return how far from the top edge a voltage is."""
        return self.bottom - (mv - self.low_mv) / (self.high_mv - self.low_mv) * (self.bottom - self.top)

    def ticks(self) -> Values:
        """Return round voltages within the frame, three to six of them."""
        steps = (digit * 10.0**power for power in range(-3, 7) for digit in (1, 2, 5))
        step = next(step for step in steps if (self.high_mv - self.low_mv) / step < 6)
        return np.arange(np.ceil(self.low_mv / step), np.floor(self.high_mv / step) + 1) * step + 0.0


def beats(beat: Beat, leads: tuple[str, ...]) -> list[Markup]:
    """Return the median beat of each of these leads in mV against ms from R, all on the same scale."""
    shown = millivolts(beat, leads)
    frame = framed([*shown.values()], LARGE if len(shown) == 1 else SMALL)
    said = f"{frame.low_mv:.1f} to {frame.high_mv:.1f} mV"
    return [panel(lead, frame, line(frame, mv, "trace"), said=said) for lead, mv in shown.items()]


def millivolts(beat: Beat, leads: tuple[str, ...]) -> dict[str, Values]:
    """Return the median beat of those of these leads that it has, (270,) in mV each."""
    rows = {lead: beat.leads.index(lead) for lead in leads if lead in beat.leads}
    return {lead: (beat.waveform[row] * beat.gain_mv[row]).astype(float) for lead, row in rows.items()}


def framed(waveforms: list[Values], size: tuple[float, float]) -> Frame:
    """Return the plot area, within a picture of this width and height, that all these waves in mV fit into."""
    values = np.concatenate([[-0.05, 0.05], *waveforms])
    values = values[np.isfinite(values)]
    margin = 0.05 * float(np.ptp(values))
    return Frame(*size, float(values.min()) - margin, float(values.max()) + margin)


def line(frame: Frame, values_mv: Values, class_: str) -> Markup:
    """Return one beat, (270,) in mV, as a line."""
    times = (np.arange(values_mv.size) - R_SAMPLE) / RATE * 1000
    return element("path", d=path(frame.x(times), frame.y(values_mv)), class_=class_, transform=f"scale({UNIT})")


def panel(lead: str, frame: Frame, *lines: Markup, said: str) -> Markup:
    """Return the axes with the name of the lead and the lines; `said` goes on for those who do not see them."""
    return element(
        "svg",
        element("title", f"Median beat of lead {lead}"),
        *_axes(frame),
        element("text", lead, x=frame.left, y=frame.top - 10, class_="lead"),
        *lines,
        class_="beat",
        viewBox=f"0 0 {frame.width:g} {frame.height:g}",
        role="img",
        aria_label=f"Median beat of lead {lead}, {said}",
    )


def _axes(frame: Frame) -> list[Markup]:
    times, volts = np.array([-200.0, 0.0, 200.0, 400.0, 600.0]), frame.ticks()
    lines = "".join(f"M{at:.1f} {frame.top:g}V{frame.bottom:g}" for at in frame.x(times))
    lines += "".join(f"M{frame.left:g} {at:.1f}H{frame.right:g}" for at in frame.y(volts))
    zero = frame.y(np.zeros(1))[0]
    return [
        element("path", d=lines, class_="axis"),
        element("path", d=f"M{frame.left:g} {zero:.1f}H{frame.right:g}", class_="zero"),
        *(_number(ms, at, frame.bottom + 15, "middle") for ms, at in zip(times, frame.x(times), strict=True)),
        *(_number(mv, frame.left - 6, at + 4, "end") for mv, at in zip(volts, frame.y(volts), strict=True)),
        element("text", "ms from R", x=(frame.left + frame.right) / 2, y=frame.height - 4, text_anchor="middle"),
        element("text", "mV", x=frame.left - 6, y=frame.top - 10, text_anchor="end"),
    ]


def _number(value: float, x: float, y: float, anchor: str) -> Markup:
    shown = f"{value:.3g}".replace("-", "\u2212")
    return element("text", shown, x=f"{x:.1f}", y=f"{y:.1f}", text_anchor=anchor)
