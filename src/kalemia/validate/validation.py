"""What came of a validation, as lines of text and as JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass

from kalemia.validate.criterion import Outcome
from kalemia.validate.patients import Patients
from kalemia.validate.table import Table


@dataclass(frozen=True, eq=False)
class Validation:
    """What was measured and assessed.

    Attributes
    ----------
    patients, seed, level
        The simulated patients and what makes them again.
    outcomes
        The clinic's figures, realism and NeuroKit2's second opinion.
    ordinary
        Medians against those of real ECGs; empty where there are none.
    real
        The real ECGs that were compared with, or None.
    """

    patients: Patients
    seed: int
    level: str
    outcomes: tuple[Outcome, ...]
    ordinary: tuple[Outcome, ...]
    real: Table | None

    @property
    def all(self) -> tuple[Outcome, ...]:
        """Every row."""
        return self.outcomes + self.ordinary

    def count(self, verdict: str) -> int:
        """Return how many rows have a verdict."""
        return sum(outcome.verdict == verdict for outcome in self.all)

    @property
    def real_count(self) -> int:
        """How many real ECGs could be measured."""
        return 0 if self.real is None else int(self.real.measured.sum())

    @property
    def summary(self) -> str:
        """One line on the rows."""
        return f"{self.count('pass')} pass, {self.count('missed')} missed, {self.count('reported')} only reported"

    def text(self) -> str:
        """Return the table as aligned lines, and a summary."""
        cells = [("", "what", "expected", "simulated", "tolerance", "verdict")]
        for outcome in self.all:
            row = outcome.criterion
            cells.append((row.id, row.what, row.expected_shown, outcome.shown, row.tolerance, outcome.verdict))
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells
        ]
        return "\n".join([*lines, "", f"{self.summary}."])

    def to_json(self) -> str:
        """Return what was compared and every row, without the measures of single ECGs."""
        held = {
            "simulated": True,
            "patients": len(self.patients.own),
            "seed": self.seed,
            "level": self.level,
            "real": self.real_count or None,
            "rows": [outcome.to_dict() for outcome in self.all],
        }
        return json.dumps(held, indent=1, ensure_ascii=False)
