"""What `cohort.json` says of a cohort: where its ECGs come from, what its shards hold, how many each step left."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from kalemia.cohort.flow import Step


@dataclass(frozen=True)
class Origin:
    """Where ECGs come from.

    Attributes
    ----------
    source
        "simulated", the name of a collection, or of a table.
    window_min
        Of measured potassium, how many minutes before or after the ECG the draw could be.
    level, seed
        Of simulated patients: whoever shares both shares patients.
    """

    source: str
    window_min: float | None = None
    level: str | None = None
    seed: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return what applies as plain values for JSON."""
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True)
class Card:
    """What a cohort holds; every signal has these `leads`, this rate and this many samples."""

    kalemia: str
    origin: Origin
    labels: tuple[str, ...]
    leads: tuple[str, ...]
    rate_hz: float
    samples: int
    ecgs: int
    patients: int
    flow: tuple[Step, ...]

    def to_json(self) -> str:
        """Return what stands in `cohort.json`."""
        held = asdict(self)
        head = {"kalemia": held.pop("kalemia"), **self.origin.to_dict()}
        del held["origin"]
        return json.dumps(head | held, indent=1)

    @classmethod
    def from_json(cls, text: str) -> Card:
        """Read what `to_json` wrote; ValueError, KeyError or TypeError where it is something else."""
        held = json.loads(text)
        card = cls(
            kalemia=str(held["kalemia"]),
            origin=Origin(**{name: held.get(name) for name in Origin.__dataclass_fields__}),
            labels=tuple(map(str, held["labels"])),
            leads=tuple(map(str, held["leads"])),
            rate_hz=float(held["rate_hz"]),
            samples=int(held["samples"]),
            ecgs=int(held["ecgs"]),
            patients=int(held["patients"]),
            flow=tuple(Step(**step) for step in held["flow"]),
        )
        if not (card.leads and card.rate_hz > 0 and card.samples > 0):
            raise ValueError("signals without leads, a rate or samples")
        return card
