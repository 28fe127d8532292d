"""The median beat of a lead as a picture: mV against ms from R."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kalemia.records import R_SAMPLE, Beat
from kalemia.report.curve import Values, curve
from kalemia.report.markup import Markup, element
from kalemia.signal.condition import RATE

BEAT_MS = (-300.0, 600.0)
LARGE, SMALL, THUMB = (440.0, 250.0), (280.0, 190.0), (84.0, 34.0)
TELLING = ("V4", "II", "V5", "V2", "V3", "V6", "I", "V1")
"""Leads in the order in which they are shown: II and V4 are those in which T was measured before and after dialysis."""


@dataclass(frozen=True)
class Frame:
    """The plot area of a beat and what it spans; `x` and `y` go from ms and mV to the picture."""

    width: float
    height: float
    low_mv: float
    high_mv: float
    left: float = 44.0
    top: float = 26.0
    beside: float = 14.0
    below: float = 36.0

    @property
    def right(self) -> float:
        """Where 600 ms lie; beyond is room for half of that number."""
        return self.width - self.beside

    @property
    def bottom(self) -> float:
        """Where the lowest voltage lies; below are the numbers and the name of the axis."""
        return self.height - self.below

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


def beats(beat: Beat, leads: tuple[str, ...], earlier: Beat | None = None) -> list[Markup]:
    """Return the median beat of each of these leads in mV against ms from R, all on the same scale.

    Below it lies that of an earlier ECG, if there is one, where the lead was good.
    """
    shown = millivolts(beat, leads)
    below = {} if earlier is None else millivolts(earlier, tuple(lead for lead in shown if lead in earlier.good))
    frame = framed([*shown.values(), *below.values()], LARGE if len(shown) == 1 else SMALL)
    reach = f"{frame.low_mv:.1f} to {frame.high_mv:.1f} mV"
    return [
        panel(
            lead,
            frame,
            *(line(frame, below[lead], "earlier") for _ in range(lead in below)),
            line(frame, mv, "trace"),
            summary=reach,
        )
        for lead, mv in shown.items()
    ]


def millivolts(beat: Beat, leads: tuple[str, ...]) -> dict[str, Values]:
    """Return the median beat of those of these leads that it has, (270,) in mV each."""
    rows = {lead: beat.leads.index(lead) for lead in leads if lead in beat.leads}
    return {lead: (beat.waveform[row] * beat.gain_mv[row]).astype(float) for lead, row in rows.items()}


def framed(waveforms: list[Values], size: tuple[float, float]) -> Frame:
    """Return the plot area, within a picture of this width and height, that all these waves in mV fit into."""
    return Frame(*size, *_spanned(waveforms))


def _spanned(waveforms: list[Values]) -> tuple[float, float]:
    """Return the voltages, mV, between which all waves lie, and a margin."""
    values = np.concatenate([[-0.05, 0.05], *waveforms])
    values = values[np.isfinite(values)]
    margin = 0.05 * float(np.ptp(values))
    return float(values.min()) - margin, float(values.max()) + margin


def thumb(beat: Beat, leads: tuple[str, ...]) -> Markup | None:
    """Return a small picture of the beat in the lead that tells most of those that were looked at, for lists."""
    shown = millivolts(beat, tuple(sorted(leads, key=telling))[:1])
    if not shown:
        return None
    ((lead, mv),) = shown.items()
    frame = Frame(*THUMB, *_spanned([mv]), left=2, top=2, below=2, beside=2)
    return element(
        "svg",
        line(frame, mv, "trace", every=3),
        class_="thumb",
        viewBox=f"0 0 {THUMB[0]:g} {THUMB[1]:g}",
        role="img",
        aria_label=f"Median beat of lead {lead}",
    )


def telling(lead: str) -> int:
    """Return the place of a lead among those that tell most."""
    return TELLING.index(lead) if lead in TELLING else len(TELLING)


def line(frame: Frame, values_mv: Values, class_: str, every: int = 1) -> Markup:
    """Return one beat, (270,) in mV, as a line through every n-th sample."""
    times = (np.arange(values_mv.size) - R_SAMPLE) / RATE * 1000
    return curve(frame.x(times)[::every], frame.y(values_mv)[::every], class_)


def panel(lead: str, frame: Frame, *lines: Markup, summary: str) -> Markup:
    """Return the axes with the name of the lead and the lines, and a summary for those who do not see them."""
    return element(
        "svg",
        element("title", f"Median beat of lead {lead}"),
        *_axes(frame),
        element("text", lead, x=frame.left, y=frame.top - 10, class_="lead"),
        *lines,
        class_="beat",
        viewBox=f"0 0 {frame.width:g} {frame.height:g}",
        role="img",
        aria_label=f"Median beat of lead {lead}, {summary}",
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
