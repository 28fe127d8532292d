"""A cohort of simulated patients, with what a laboratory would have measured beside what their hearts felt."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from kalemia.cohort import build
from kalemia.cohort.build import Progress
from kalemia.cohort.card import Origin
from kalemia.cohort.claim import claim
from kalemia.cohort.flow import Step
from kalemia.cohort.shards import Row, Shape
from kalemia.errors import CohortError
from kalemia.records import Recording
from kalemia.simulate import Simulated, simulate
from kalemia.simulate.dataset import MOST_PATIENTS
from kalemia.simulate.heart import RATE
from kalemia.simulate.levels import level_named

FIRST_DAY = datetime(2000, 1, 1, 8)


@dataclass(frozen=True)
class _Patients:
    """Simulated patients; ECG n is record n % `each` of patient n // `each`."""

    level: str
    seed: int
    count: int
    each: int

    def __len__(self) -> int:
        """How many ECGs there are."""
        return self.count * self.each

    def records(self, numbers: range) -> Iterator[tuple[Row, Recording] | str]:
        """Yield the row and the signal of each ECG."""
        first, last = numbers.start // self.each, -(-numbers.stop // self.each)
        number = first * self.each
        for made in simulate(last - first, self.seed, self.level, first):
            if number in numbers:
                yield row(made), made.recording
            number += 1


def row(made: Simulated) -> Row:
    """Return the row of a simulated ECG."""
    time = FIRST_DAY + timedelta(days=made.day, minutes=made.minute)
    drawn = made.parameters
    return {
        "ecg": made.name,
        "patient": made.patient,
        "time": time,
        "potassium_meq_l": made.blood.measured_meq_l,
        "draw_time": time + timedelta(minutes=made.blood.gap_min),
        "gap_min": made.blood.gap_min,
        "specimen": "serum",
        "hemolyzed": made.blood.hemolyzed,
        "censored": None,
        "labels": made.labels,
        "true_meq_l": made.potassium_meq_l,
        "age_y": drawn.get("age_y"),
        "sex": None if "female" not in drawn else "female" if drawn["female"] else "male",
        "kidney_disease": None,
        "dialysis": bool(drawn.get("dialysis")),
        "atrial_fibrillation": bool(drawn.get("fibrillation")),
        "wide_qrs": bool(drawn.get("block")),
        "variant": made.variant,
    }


def write(
    out: Path, count: int, seed: int, level: str = "kidney", workers: int = 1, progress: Progress | None = None
) -> list[Step]:
    """Build a cohort of `count` simulated patients in the new folder `out`, or go on where an earlier run was stopped.

    Raises
    ------
    CohortError, SimulateError
        An argument is out of range, or `out` cannot be written: one sentence.
    """
    preset = level_named(level)
    if not 1 <= count <= MOST_PATIENTS:
        raise CohortError(f"count is {count}; expected 1 to {MOST_PATIENTS:,}")
    patients = _Patients(level, seed, count, preset.records)
    steps = [Step("ECGs simulated", len(patients), count)]
    shape = Shape(preset.leads, preset.seconds * RATE)
    origin = Origin("simulated", level=level, seed=seed)
    with claim(out, {"from": "simulate", "level": level, "seed": seed, "count": count}) as partial:
        return build.finish(out, partial, patients, steps, origin, shape, workers, progress)
