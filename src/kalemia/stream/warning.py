"""When to warn: N of the last M windows, separate levels for beginning and end, and a rest after the end."""

from __future__ import annotations

from kalemia.stream.events import Settings


class Warner:
    """The state of a warning. A window that says nothing speaks neither for it nor against it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._window = (1 << settings.among) - 1
        self._for = self._against = self._resting = 0
        self.on = False

    def push(self, above: int | None) -> bool:
        """Take in the probability of more than 5.5 mEq/L, 10,000ths, or None; return whether the warning changed."""
        settings = self._settings
        self._for = (self._for << 1 | (above is not None and above >= settings.on)) & self._window
        self._against = (self._against << 1 | (above is not None and above < settings.off)) & self._window
        self._resting = max(0, self._resting - 1)
        if not self.on and not self._resting and self._for.bit_count() >= settings.enough:
            self.on = True
            return True
        if self.on and self._against.bit_count() >= settings.enough:
            self.on, self._resting, self._for = False, settings.rest, 0
            return True
        return False

    def rest(self, windows: int) -> None:
        """Pass windows that say nothing, after as many as are remembered."""
        self._resting = max(0, self._resting - windows)
