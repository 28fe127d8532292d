"""R peaks in a stream: where the low-passed signal bends most, and which of those places are beats.

How much it bends is the sum of the absolute second difference over 70 ms, which is small in T waves, however tall. A
place is looked at when what follows it for 1.3 s is known. The filter is later than that, so that it costs no time.
"""

from __future__ import annotations

from collections import deque

import numpy as np

from kalemia.stream.conditioning import Ticks
from kalemia.stream.integers import middle

LAG = 6
"""Ticks to either side that the second difference reaches."""
WIDTH = 21
"""Ticks that it is added up over."""
BEND_LATE = LAG + WIDTH // 2
"""Ticks after which it is known how much the signal bends."""
APART = 60
"""Ticks on both sides in which it bends nowhere more."""
WAIT = 390
"""Ticks that what follows a place is waited for."""
LOOK = 330
"""Of these, how many are looked at: places later than this may still be unknown."""
HIGH, LOW = 40, 14
"""Percent of a usual beat's bend: enough for a beat, and enough in a pause where nothing else is."""
T_LATEST, T_PERCENT = 126, 70
"""A T wave comes within as many ticks of its beat and bends less than this percentage of it."""
PAIR_SPREAD, PAIR_TIMES = 7, 3
"""Or as much, but as late after its beat as after so many of the last eight."""
MOST_FOLD = 3
"""As many times a usual beat counts a beat at most: an artefact must not set what is usual."""
LOST = 1500
"""Ticks without a beat after which what is usual is learned anew."""
USUAL_RR, LONGEST_RR = 300, 600
KEPT = 8


class Bends:
    """Finds the places that bend most."""

    def __init__(self) -> None:
        self._level = np.zeros(2 * LAG, np.int64)
        self._bends = np.zeros(WIDTH - 1, np.int64)
        self._most = self._at = 0

    def push(self, ticks: Ticks) -> list[tuple[int, int, int]]:
        """Return of each place that was found when it was (tick), where it is (tick), and how much it bends."""
        level = np.append(self._level, ticks.level)
        bends = np.append(self._bends, np.abs(level[2 * LAG :] - 2 * level[LAG:-LAG] + level[: -2 * LAG]))
        self._level, self._bends = level[len(level) - 2 * LAG :], bends[len(bends) - WIDTH + 1 :]
        sums = np.cumsum(np.append(0, bends))
        found = []
        for place, bend in enumerate((sums[WIDTH:] - sums[:-WIDTH]).tolist(), ticks.first - BEND_LATE):
            if place < 0:
                continue
            if bend > self._most:
                self._most, self._at = bend, place
            elif place - self._at >= APART:
                if self._most:
                    found.append((place + BEND_LATE, self._at, self._most))
                self._most, self._at = bend, place
        return found


class Beats:
    """Tells which of those places are beats."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[int, int]] = deque()
        self._last: tuple[int, int] | None = None  # the beat before: where, and how much it bends
        self._usual: deque[int] = deque(maxlen=KEPT)
        self._intervals: deque[int] = deque(maxlen=KEPT)
        self._pairs: deque[int] = deque(maxlen=KEPT)

    @property
    def due(self) -> int | None:
        """The tick at which the next place can be told."""
        return self._waiting[0][0] + WAIT + BEND_LATE if self._waiting else None

    def add(self, at: int, bend: int) -> None:
        """Take in a place."""
        self._waiting.append((at, bend))

    def tell(self) -> int | None:
        """Return where the next place is, if it is a beat."""
        at, bend = self._waiting.popleft()
        after = [(later - at, other) for later, other in self._waiting if later - at <= LOOK]
        if self._last is not None and at - self._last[0] > LOST:
            self._last = None
        if self._last is None:
            self._learn(max([bend, *(other for _, other in after)]))
        usual = middle(self._usual)
        since = at - self._last[0] if self._last else LONGEST_RR
        if bend * 100 < LOW * usual:
            return None
        following = next((late for late, other in after if other * 100 >= HIGH * usual), LOOK)
        if self._last is not None and since <= T_LATEST and self._is_t_wave(bend, since, following):
            return None
        if bend * 100 < HIGH * usual and not self._in_pause(bend, since, following, after):
            return None
        self._take(at, bend, since)
        return at

    def _learn(self, bend: int) -> None:
        for kept in (self._usual, self._intervals, self._pairs):
            kept.clear()
        self._usual.extend([bend] * 3)

    def _is_t_wave(self, bend: int, since: int, following: int) -> bool:
        assert self._last is not None
        if bend * 100 < T_PERCENT * self._last[1]:
            return True
        if following * 5 <= since * 6:
            return False
        seen = sum(abs(pair - since) <= PAIR_SPREAD for pair in self._pairs)
        self._pairs.append(since)
        return seen >= PAIR_TIMES

    def _in_pause(self, bend: int, since: int, following: int, after: list[tuple[int, int]]) -> bool:
        """Tell whether a place that bends little is the likeliest beat in a pause."""
        if any(other > bend for late, other in after if late < following):
            return False
        rr = middle(self._intervals) if len(self._intervals) >= 2 else USUAL_RR
        since = min(since, LONGEST_RR)
        return since * 10 > rr * 6 and following * 10 > rr * 6 and (since + following) * 10 > rr * 16

    def _take(self, at: int, bend: int, since: int) -> None:
        if self._last is not None and since < LONGEST_RR:
            self._intervals.append(since)
        if self._last is not None and since > T_LATEST:
            self._pairs.append(0)
        self._usual.append(min(bend, MOST_FOLD * middle(self._usual)))
        self._last = at, bend
