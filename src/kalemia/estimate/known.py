"""What is known of a patient beside the ECG: a population, earlier ECGs with their blood draws, a doubtful draw."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import datetime

from kalemia.estimate.evidence import Evidence
from kalemia.estimate.hemolysis import Hemolyzed
from kalemia.estimate.model import Model
from kalemia.estimate.personal import Calibration, Earlier
from kalemia.estimate.population import Population
from kalemia.records import Beat, Estimate, Recording

PAGE_ERROR_MEQ_L = 0.2
"""How far reading a page moves an estimate: RMS 0.15 to 0.2 on 35 that were drawn, then scanned or photographed."""


@dataclass(frozen=True, eq=False)
class Known:
    """What is known of a patient beside the ECG: see `predict`."""

    population: Population
    calibration: Calibration | None = None
    lab: Hemolyzed | None = None

    def check(self, model: Model) -> None:
        """Raise where a model cannot take this in."""
        if self.lab is not None:
            self.lab.check()
        if self.calibration is not None:
            self.calibration.check(model)
            model.check_compares()

    def fitting(self, beat: Beat, start: datetime | None) -> Known:
        """Return what is known of the patient with this beat, whose ECG starts then."""
        if self.calibration is None:
            return self
        own = self.calibration.fitting(beat, start)
        return replace(self, calibration=own, population=own.known(self.population, start))

    def evidence(self, beat: Beat, recording: Recording, model: Model) -> Evidence:
        """Return what a beat says, beside earlier ones where there are some; less surely if read from pages."""
        alone = model.evidence(beat).widened(PAGE_ERROR_MEQ_L * recording.digitized)
        if self.calibration is None:
            return alone
        pages = recording.digitized + any(each.digitized for each in self.calibration.earlier)
        found = self.calibration.apply(alone, beat, recording.start, model)
        return found.widened(PAGE_ERROR_MEQ_L * math.sqrt(pages)) if self.calibration.earlier else found

    def noted(self, estimate: Estimate) -> Estimate:
        """Return an estimate that says so."""
        if self.calibration is None:
            return estimate
        warnings = (*estimate.warnings, *self.calibration.sentences)
        return replace(estimate, earlier_ecgs=len(self.calibration.earlier), warnings=warnings)

    def last(self, start: datetime | None) -> Earlier | None:
        """Return the last of the earlier ECGs."""
        earlier = () if self.calibration is None else self.calibration.earlier
        return min(earlier, key=lambda each: each.days(start), default=None)
