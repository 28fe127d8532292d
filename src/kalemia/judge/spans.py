"""A value and its 95 % interval, and their text."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Span:
    """A value and its 95 % interval; None where they are not defined.

    As text it is "0.182 (0.140 to 0.221)"; with the format "+" it has signs, as a difference: "+0.012 (...)".
    """

    value: float | None
    low: float | None
    high: float | None

    def __str__(self) -> str:
        return format(self, "")

    def __format__(self, sign: str) -> str:
        interval = self.interval(sign)
        return f"{self.number(sign)} ({interval})" if interval else self.number(sign)

    def __neg__(self) -> Span:
        """Return a difference the other way round."""
        return Span(*(None if end is None else -end for end in (self.value, self.high, self.low)))

    def number(self, sign: str = "", decimals: int = 3) -> str:
        """Return the value alone."""
        return "undefined" if self.value is None else number(self.value, sign, decimals)

    def interval(self, sign: str = "") -> str:
        """Return the interval alone; nothing where there is none."""
        if self.value is None or self.low is None or self.high is None:
            return ""
        return f"{number(self.low, sign)} to {number(self.high, sign)}"

    @property
    def above_zero(self) -> bool:
        """Whether all of the interval is."""
        return (self.low or 0) > 0

    @property
    def below_zero(self) -> bool:
        """Whether all of the interval is."""
        return (self.high or 0) < 0


def number(value: float, sign: str = "", decimals: int = 3) -> str:
    """Return a number with a true minus, and none before zero; a `sign` of "+" shows that of positive ones, too."""
    text = f"{value:{sign}.{decimals}f}"
    return (text.lstrip("-") if float(text) == 0 else text).replace("-", "\u2212")
