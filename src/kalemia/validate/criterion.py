"""What a row of the acceptance table asks of the simulator, what was measured, and the verdict."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Measurement:
    """A number that was measured, and a note to be shown beside it."""

    value: float
    note: str = ""


@dataclass(frozen=True)
class Criterion:
    """A row of the table.

    Attributes
    ----------
    id
        As in the table of the clinic's figures, with a letter where a row has several numbers.
    what, unit
        What is measured.
    expected, source
        What was found in patients, and where that was published.
    low, high
        Between which a simulator passes; None for a number that is reported only.
    tolerance
        How the limits follow from what is expected.
    digits
        Decimals that are shown.
    """

    id: str
    what: str
    unit: str
    expected: str
    source: str
    low: float | None = None
    high: float | None = None
    tolerance: str = "-"
    digits: int = 1

    @property
    def expected_shown(self) -> str:
        """What is expected, with its unit where it is a mere number."""
        number = self.expected.lstrip("+-").replace(".", "", 1).isdigit()
        return f"{self.expected} {self.unit}" if number and self.unit else self.expected

    def check(self, measured: Measurement) -> Outcome:
        """Return the verdict on what is shown, with its digits; what could not be measured is missed, if limited."""
        if self.low is None or self.high is None:
            return Outcome(self, measured, "reported")
        low, value, high = (round(number, self.digits) for number in (self.low, measured.value, self.high))
        return Outcome(self, measured, "pass" if low <= value <= high else "missed")


@dataclass(frozen=True)
class Outcome:
    """A criterion with what was measured; the verdict is "pass", "missed", "reported", or why nothing was measured."""

    criterion: Criterion
    measured: Measurement
    verdict: str

    @property
    def shown(self) -> str:
        """What was measured, in words."""
        if math.isnan(self.measured.value):
            return self.measured.note or "not measured"
        number = f"{self.measured.value:.{self.criterion.digits}f} {self.criterion.unit}".rstrip()
        return f"{number} ({self.measured.note})" if self.measured.note else number

    def to_dict(self) -> dict[str, Any]:
        """Return plain numbers and strings; None for what could not be measured."""
        value = None if math.isnan(self.measured.value) else round(self.measured.value, 6)
        return vars(self.criterion) | {"got": value, "note": self.measured.note, "verdict": self.verdict}
