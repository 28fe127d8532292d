"""A stretch of a stream without a gap: filter, peaks, beats and windows, event after event.

Ticks are counted from its first sample. Whatever happens at one tick comes in one order, which is that of the C code:
a place becomes known, a place is told, a beat is complete, a second ends, a window ends.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from kalemia.signal.condition import RATE
from kalemia.signal.peaks import SNAP_REACH
from kalemia.stream.conditioning import LATE, UNKNOWN, Conditioner, Mask
from kalemia.stream.detection import LOST, Beats, Bends
from kalemia.stream.events import Reason
from kalemia.stream.pacing import Spikes
from kalemia.stream.tables import Integers
from kalemia.stream.window import AFTER, BEFORE, KEPT, MOST_BEATS

WINDOW = 10 * RATE
SETTLED = LATE
"""From this conditioned tick on the baseline is known."""
REACH = BEFORE + SNAP_REACH, AFTER + SNAP_REACH
"""Conditioned ticks before a place, and from it on, that its beat may lie in."""
COMPLETE = LATE + REACH[1] - 1
"""Ticks after a place at which its beat is complete."""
FLAT_UV, FLAT_SECONDS = 50, 4
"""A lead that spans less for as long is off, or the heart stands still: it is the same to a recorder."""
MOST_RR = 52


@dataclass(frozen=True)
class Beat:
    """A beat whose R is at a tick; `rr` ticks after the one before, 0 where that is not known."""

    tick: int
    rr: int
    reason: Reason


@dataclass(frozen=True)
class Second:
    """The second that ends with a tick, and whether the lead is off."""

    tick: int
    off: bool


@dataclass
class Window:
    """What a window collects until its last tick."""

    tick: int
    beats: list[Integers] = field(default_factory=list)
    intervals: list[int] = field(default_factory=list)
    unmeasured: int = 0
    paced: int = 0
    whole: int = 0
    off: bool = False
    """Whether the lead was off in any second of it."""


class Segment:
    """The state of a stretch."""

    def __init__(self, rate: int) -> None:
        self.conditioner = Conditioner(rate)
        self._spikes, self._bends, self._beats = Spikes(rate), Bends(), Beats()
        self._kept = REACH[0] + COMPLETE
        self._conditioned = np.zeros(self._kept, np.int64)
        self._level, self._known = np.zeros(RATE, np.int64), np.ones(RATE, np.bool_)
        self._complete: deque[int] = deque()
        self._spans: deque[tuple[int, int]] = deque(maxlen=FLAT_SECONDS)
        self._peak: int | None = None
        self._second = RATE - 1
        self._window = Window(LATE + SETTLED + WINDOW - 1)
        self._first = 0
        self.tick = 0
        """How many ticks there were."""

    def push(self, samples: Integers, known: Mask) -> Iterator[Beat | Second | Window]:
        """Take in samples (n,), uV, of which some are known; tell what happens."""
        self._spikes.push(samples)
        ticks = self.conditioner.push(samples, known)
        self._first, self.tick = ticks.first, ticks.first + len(ticks.level)
        self._conditioned = np.append(self._conditioned[-self._kept :], ticks.conditioned)
        self._level = np.append(self._level[-RATE:], ticks.level)
        self._known = np.append(self._known[-RATE:], ticks.known)
        places = deque(self._bends.push(ticks))
        while (tick := self._due(places)) < self.tick:
            self._spikes.until(tick)
            if places and places[0][0] == tick:
                _, at, bend = places.popleft()
                self._beats.add(at, bend)
            if self._beats.due == tick and (told := self._beats.tell()) is not None:
                self._complete.append(told)
            if self._complete and self._complete[0] + COMPLETE == tick:
                yield self._beat(self._complete.popleft())
            if self._second == tick:
                yield self._lead(tick)
                self._second += RATE
            if self._window.tick == tick:
                yield self._window
                self._window = Window(tick + WINDOW)

    def _due(self, places: deque[tuple[int, int, int]]) -> int:
        """Return the next tick at which something happens."""
        due = [self._second, self._window.tick]
        if places:
            due.append(places[0][0])
        if self._beats.due is not None:
            due.append(self._beats.due)
        if self._complete:
            due.append(self._complete[0] + COMPLETE)
        return min(due)

    def _beat(self, at: int) -> Beat:
        """Find R at its largest deflection, and keep the beat."""
        start = at - REACH[0] + LATE - self._first + self._kept
        near = self._conditioned[start : start + sum(REACH)]
        around = near[BEFORE : BEFORE + 2 * SNAP_REACH + 1]
        moved = int(np.abs(np.where(around == UNKNOWN, 0, around)).argmax())
        peak, samples = at - SNAP_REACH + moved, near[moved : moved + KEPT]
        rr = peak - self._peak if self._peak is not None and self._peak >= SETTLED else 0
        rr, self._peak = rr if rr <= LOST else 0, peak
        window = self._window
        if rr and len(window.intervals) < MOST_RR:
            window.intervals.append(rr)
        if peak - BEFORE < SETTLED:
            return Beat(peak, rr, Reason.UNSETTLED)
        if (samples == UNKNOWN).any():
            window.unmeasured += 1
            return Beat(peak, rr, Reason.UNMEASURED)
        window.whole += 1
        window.paced += self._spikes.lead(peak)
        if len(window.beats) < MOST_BEATS:
            window.beats.append(samples)
        return Beat(peak, rr, Reason.NONE)

    def _lead(self, tick: int) -> Second:
        """Tell whether the lead is off."""
        stop = tick + 1 - self._first + RATE
        level, known = self._level[stop - RATE : stop], self._known[stop - RATE : stop]
        self._spans.append((int(level.min()), int(level.max())))
        flat = max(high for _, high in self._spans) - min(low for low, _ in self._spans) < FLAT_UV
        off = (flat and len(self._spans) == FLAT_SECONDS) or 2 * int(known.sum()) <= RATE
        self._window.off |= off
        return Second(tick, off)
