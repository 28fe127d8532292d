"""The whole chain as a stream: samples in, events out, to the bit what `firmware` says of the same samples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from kalemia.stream.events import MISSING, Event, Kind, Reason, Settings, Signal, Statement
from kalemia.stream.integers import integers, is_whole, ln_mv, middle_twice, rounded
from kalemia.stream.network import Network
from kalemia.stream.posterior import posterior
from kalemia.stream.segment import WINDOW, Beat, Second, Segment, Window
from kalemia.stream.tables import Integers, lowpass
from kalemia.stream.warning import Warner
from kalemia.stream.window import LEAST_BEATS, cycle, fault, unlike

AT_ONCE = 10_000
"""Samples that are filtered at once: a day of them must not need the memory for it."""
TICKS = 1 << 32


class Chain:
    """One lead of one patient.

    Attributes
    ----------
    statement
        The latest window's, or None before the first.
    signal
        What the signal is worth now.
    """

    def __init__(self, settings: Settings, network: Network) -> None:
        self._settings, self._network = settings, network
        self._base, self._held = settings.first_tick, 0
        self._segment, self._warner = Segment(settings.rate), Warner(settings)
        self.statement: Statement | None = None
        self.signal = Signal.UNKNOWN

    @property
    def warns(self) -> bool:
        """Whether the warning is on."""
        return self._warner.on

    def push(self, samples: Sequence[int] | NDArray[np.integer]) -> list[Event]:
        """Take in samples (n,) of the rate in the settings; return what happened, in order.

        They are whole microvolts, or MISSING or masked; ValueError where they are something else.
        """
        values, known = self._measured(integers(samples, MISSING))
        pieces = (slice(first, first + AT_ONCE) for first in range(0, len(values), AT_ONCE))
        items = (item for piece in pieces for item in self._segment.push(values[piece], known[piece]))
        return [event for item in items for event in self._told(item)]

    def gap(self, samples: int) -> list[Event]:
        """Leave out samples that were never taken: what was collected is lost, and the filter settles anew."""
        if not is_whole(samples) or samples < 0:
            raise ValueError(f"a gap of {samples!r} samples; expected a whole number from 0 on")
        return self._anew(samples, self._settings)

    def set_rate(self, rate: int) -> list[Event]:
        """Go on with samples of another rate, Hz, as after a gap; ValueError where it is none that is taken."""
        return self._anew(0, replace(self._settings, rate=rate))

    def set_prior(self, log_prior: Sequence[int]) -> None:
        """Replace the prior by (30,) natural logarithms in 256ths: another population, or the patient's own draws."""
        self._settings = replace(self._settings, log_prior=log_prior)

    def _measured(self, samples: Integers) -> tuple[Integers, NDArray[np.bool_]]:
        """Return samples within the converter's limits, the one before in place of a missing one; which are known."""
        there = samples != MISSING
        latest = np.maximum.accumulate(np.where(there, np.arange(1, len(samples) + 1), 0))
        values = np.append(self._held, np.clip(samples, -self._settings.rail_uv, self._settings.rail_uv))[latest]
        if len(values):
            self._held = int(values[-1])
        return values, there & (np.abs(values) < self._settings.rail_uv)

    def _anew(self, samples: int, settings: Settings) -> list[Event]:
        _, up, down = lowpass(self._settings.rate)
        tick, missed = self._segment.tick, samples * up // down
        events = [self._stated(Statement(self._at(tick), Reason.GAP))]
        windows, counted = 1 + missed // WINDOW, 1 + min(missed // WINDOW, settings.among)
        for _ in range(counted):
            events += self._warned(tick, None)
        self._warner.rest(windows - counted)
        events += self._became(tick, Signal.UNKNOWN)
        self._base = self._at(tick + self._segment.conditioner.ahead() + missed)
        self._settings, self._segment = settings, Segment(settings.rate)
        return events

    def _at(self, tick: int) -> int:
        return (self._base + tick) % TICKS

    def _told(self, item: Beat | Second | Window) -> Iterator[Event]:
        """Turn what happens in a segment into events."""
        if isinstance(item, Beat):
            kind = Kind.REFUSED if item.reason else Kind.BEAT
            yield Event(kind, self._at(item.tick), int(item.reason) or item.rr)
        elif isinstance(item, Second):
            if item.off:
                yield from self._became(item.tick, Signal.OFF)
            elif self.signal is Signal.OFF:
                yield from self._became(item.tick, Signal.POOR)
        else:
            statement = self._judged(item)
            good = statement.reason is Reason.NONE
            yield self._stated(statement)
            if self.signal is not Signal.OFF:
                yield from self._became(item.tick, Signal.GOOD if good else Signal.POOR)
            yield from self._warned(item.tick, statement.above if good else None)

    def _became(self, tick: int, signal: Signal) -> Iterator[Event]:
        if signal is not self.signal:
            self.signal = signal
            yield Event(Kind.SIGNAL, self._at(tick), signal)

    def _stated(self, statement: Statement) -> Event:
        self.statement = statement
        return Event(Kind.STATEMENT, statement.tick, statement.reason, statement)

    def _warned(self, tick: int, above: int | None) -> Iterator[Event]:
        if self._warner.push(above):
            yield Event(Kind.WARNING, self._at(tick), int(self._warner.on))

    def _judged(self, window: Window) -> Statement:
        """Make of a window's beats a statement, or say why not."""
        silent = Statement(self._at(window.tick), _hindrance(window), beats=len(window.beats))
        if silent.reason:
            return silent
        rr_twice = middle_twice(window.intervals)
        found = cycle(np.stack(window.beats), rr_twice)
        measured = replace(
            silent,
            reason=fault(found, len(window.beats)),
            alike=found.alike,
            rr_ms=rounded(rr_twice * 5, 3),
            gain_uv=found.gain_uv,
            quality=found.quality,
        )
        reason = measured.reason or unlike(found.wave, rr_twice) or _pacing(window)
        if reason:
            return replace(measured, reason=reason)
        log_likelihood = tuple(self._network(found.wave, ln_mv(found.gain_uv), measured.rr_ms))
        known = posterior(log_likelihood, self._settings.log_prior)
        return replace(
            measured,
            low_meq=known.low_meq,
            middle_meq=known.middle_meq,
            high_meq=known.high_meq,
            above=known.above,
            below=known.below,
            level=known.level,
            log_likelihood=log_likelihood,
        )


def _hindrance(window: Window) -> Reason:
    """Say why the beats of a window are not looked at, or NONE."""
    if window.off:
        return Reason.LEAD_OFF
    if len(window.beats) >= LEAST_BEATS and window.intervals:
        return Reason.NONE
    if window.unmeasured:
        return Reason.UNMEASURED
    return Reason.FEW if window.beats else Reason.NO_BEATS


def _pacing(window: Window) -> Reason:
    """Say that most beats are led by a pacemaker's spike, or NONE."""
    return Reason.PACED if window.whole >= 3 and window.paced * 10 > window.whole * 6 else Reason.NONE
