"""A value and its 95 % interval, as text."""

from __future__ import annotations

from collections.abc import Mapping


def shown(three: Mapping[str, float | None]) -> str:
    """Return a value and its interval, e.g. "0.182 (0.140 to 0.221)"."""
    return _said(three, "")


def signed(three: Mapping[str, float | None]) -> str:
    """Return a difference and its interval, e.g. "+0.012 (-0.004 to +0.030)"."""
    return _said(three, "+")


def _said(three: Mapping[str, float | None], sign: str) -> str:
    value, low, high = (three[key] for key in ("value", "low", "high"))
    if value is None:
        return "undefined"
    around = "" if low is None or high is None else f" ({number(low, sign)} to {number(high, sign)})"
    return f"{number(value, sign)}{around}"


def number(value: float, sign: str) -> str:
    """Return a number of three decimals with a true minus; a `sign` of "+" shows that of positive ones, too."""
    return f"{value:{sign}.3f}".replace("-0.000", "0.000").replace("-", "\u2212")
