"""Speed and gain of the paper, as calibration pulses show them or as they are usual."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from kalemia.digitize.layout import Layout
from kalemia.digitize.pulse import Pulse

SPEEDS = (25.0, 50.0)
GAINS = (5.0, 10.0, 20.0)
OF_A_GAIN = 0.18
"""A pulse's height is that of one of the gains within this, as a logarithm."""
WIDTHS_MM = 4.0, 7.5
"""A pulse of 0.2 s is at least as wide as the first; one wider than the second was printed at 50 mm/s."""
MIN_PULSES, OF_ONE_HEIGHT = 3, 0.15
"""So many pulses, of heights within this as a logarithm, tell the gain of the limb or of the chest leads alone."""
MAX_S = 13.0
"""Columns of a page last no longer together."""
ASSUMED_GAIN = "No calibration pulse is seen: 10 mm/mV is assumed."
ASSUMED_SPEED = "No calibration pulse of 0.2 s is seen: 25 mm/s is assumed."
LONG = "No calibration pulse of 0.2 s is seen: 50 mm/s is assumed, at which the traces last no longer than usual."


@dataclass(frozen=True)
class Paper:
    """Speed and gain, what of them is assumed, and whether a calibration pulse is seen, which stands upright.

    The gain may be `given` by the user.
    """

    speed: float
    gain: float
    assumed: tuple[str, ...]
    pulse: bool
    given: bool = False

    def stated(self, speed: float | None, gain: float | None) -> Paper:
        """Return the paper at the speed and the gain that a user gives; other pulses are said to be seen."""
        known = (ASSUMED_SPEED, LONG) * bool(speed) + (ASSUMED_GAIN,) * bool(gain)
        assumed = [each for each in self.assumed if each not in known]
        if gain and ASSUMED_GAIN not in self.assumed and abs(np.log(gain / self.gain)) > OF_A_GAIN:
            assumed.append(f"The calibration pulses show {self.gain:g} mm/mV; the given gain of {gain:g} is used.")
        return Paper(speed or self.speed, gain or self.gain, tuple(assumed), self.pulse, bool(gain))


def of_pulses(pulses: Sequence[Pulse]) -> Paper:
    """Return speed and gain as pulses show them, or as they are usual."""
    whole = [pulse for pulse in pulses if pulse.whole]
    heights = [pulse.height for pulse in whole or pulses]
    # Gains lie so far apart that one at most is within reach.
    shown = [gain for gain in GAINS if heights and abs(np.log(gain / np.median(heights))) <= OF_A_GAIN]
    speed, gain = SPEEDS[0], shown[0] if shown else GAINS[1]
    assumed = [] if shown else [ASSUMED_GAIN]
    wide = float(np.median([pulse.right - pulse.left for pulse in whole])) if whole else 0.0
    if wide > WIDTHS_MM[1]:
        speed = SPEEDS[1]
    elif wide < WIDTHS_MM[0]:
        assumed.append(ASSUMED_SPEED)
    return Paper(speed, gain, tuple(assumed), bool(pulses))


def of_length(paper: Paper, mm: float) -> Paper:
    """Return what is known of the paper where the traces are so long: more than 13 s at once are not printed."""
    if paper.speed != SPEEDS[0] or ASSUMED_SPEED not in paper.assumed or mm < MAX_S * SPEEDS[0]:
        return paper
    others = tuple(sentence for sentence in paper.assumed if sentence != ASSUMED_SPEED)
    return replace(paper, speed=SPEEDS[1], assumed=(*others, LONG))


def of_rows(paper: Paper, pulses: Sequence[Sequence[Pulse]], layout: Layout) -> list[Paper]:
    """Return speed and gain of each row: chest leads in rows of their own may have a gain of their own."""
    papers = [paper] * len(pulses)
    if layout.columns > 1 or paper.given:
        return papers
    for chest in (False, True):
        rows = [r for r, names in enumerate(layout.leads) if names[0].startswith("V") == chest]
        whole = [pulse for r in rows for pulse in pulses[r] if pulse.whole]
        heights = np.array([pulse.height for pulse in whole])
        if len(whole) >= MIN_PULSES and np.abs(np.log(heights / np.median(heights))).max() < OF_ONE_HEIGHT:
            for r in rows:
                papers[r] = of_pulses(whole)
    return papers
