"""A blood test that nobody trusts: how likely a high potassium is, given the value, its hemolysis and the ECG.

Red cells that burst in the tube leave their potassium in the serum. How much of a value that may be is known roughly,
from the free hemoglobin, or from how far hemolyzed samples lie above the next, sound one. The value then says how well
each true potassium explains it, as an ECG does, and the two are multiplied.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kalemia.body import PLAUSIBLE_MEQ_L
from kalemia.errors import LaboratoryError
from kalemia.estimate.evidence import CENTRES_MEQ_L, Evidence, Reals
from kalemia.estimate.population import Population
from kalemia.records import HIGH_MEQ_L, DoubtfulDraw

ADDED_PER_INDEX = 0.0045
"""mEq/L that a unit of the hemolysis index (1 mg/dL of free hemoglobin) adds: 0.40 and 0.51 per 0.1 g/dL in two sets of
samples that were hemolyzed as samples are (Mansour 2009, "Correction factors for estimating potassium concentrations in
samples with in vitro hemolysis")."""
VARIES = 0.3
"""The standard deviation of what is added, as a share of it. Between 14 people it is about 0.15 (0.23 to 0.39 around
0.33, DOI 10.1515/cclm-2025-0330); that tubes differ as much again is assumed."""
UNKNOWN_MEQ_L = (0.86, 0.7)
"""Mean and standard deviation of what is added where only "hemolyzed" is known. 75 patients had 4.68 in such a sample
and 3.82 in the next one within four hours (Lampang Medical Journal, article 259823); the second number is assumed."""
LABORATORY_MEQ_L = 0.2
"""Standard deviation of a sound value: two blood methods differ by 0.13 to 0.32 in the mean."""
LARGEST_INDEX = 2000.0
LEAST_ADDED_MEQ_L = 1e-3
"""No laboratory gives a third decimal."""
STEPS = 60
"""In which what may have been added is looked at, up to four standard deviations above its mean."""
FLOOR = 1e-9
"""No laboratory is so sure that an ECG could not speak against it."""


@dataclass(frozen=True)
class Hemolyzed:
    """What a laboratory found in a hemolyzed sample.

    Attributes
    ----------
    potassium_meq_l
        The value.
    index
        The hemolysis index, mg/dL of free hemoglobin (100 are 0.1 g/dL); None where only "hemolyzed" is known.
    """

    potassium_meq_l: float
    index: float | None = None

    def check(self) -> None:
        """Raise a LaboratoryError where no laboratory says so."""
        low, high = PLAUSIBLE_MEQ_L
        if not low <= self.potassium_meq_l <= high:
            raise LaboratoryError(
                f"the laboratory's potassium is {self.potassium_meq_l:g}; {low:g} to {high:g} mEq/L is accepted"
            )
        if self.index is not None and not 0 <= self.index <= LARGEST_INDEX:
            raise LaboratoryError(f"the hemolysis index is {self.index:g}; 0 to {LARGEST_INDEX:g} mg/dL is accepted")

    def evidence(self) -> Evidence:
        """Return how well each true potassium explains the value."""
        added, weights = self._added()
        off = self.potassium_meq_l - CENTRES_MEQ_L[:, None] - added
        return Evidence.of(np.log(np.exp(-0.5 * np.square(off / LABORATORY_MEQ_L)) @ weights + FLOOR))

    @property
    def added_meq_l(self) -> tuple[float, float]:
        """The mean and the standard deviation of what hemolysis may have added."""
        if self.index is None:
            return UNKNOWN_MEQ_L
        mean = ADDED_PER_INDEX * abs(self.index)  # no -0
        return mean, VARIES * mean

    def _added(self) -> tuple[Reals, Reals]:
        """Return what hemolysis may have added, mEq/L, and how likely each is: gamma distributed, as it adds only."""
        mean, deviation = self.added_meq_l
        if mean < LEAST_ADDED_MEQ_L:
            return np.zeros(1), np.ones(1)
        added = (np.arange(STEPS) + 0.5) / STEPS * (mean + 4 * deviation)
        shape, scale = (mean / deviation) ** 2, deviation**2 / mean
        logs = (shape - 1) * np.log(added) - added / scale
        weights = np.exp(logs - logs.max())
        return added, weights / weights.sum()


def judged(draw: Hemolyzed, population: Population, ecg: Evidence) -> DoubtfulDraw:
    """Return how likely the true potassium of a patient of a population is high, without the ECG and with it."""
    without = population.given(draw.evidence())
    chances = (round(known.above(HIGH_MEQ_L), 3) for known in (without, without.given(ecg)))
    index = None if draw.index is None else abs(draw.index)  # no -0
    return DoubtfulDraw(draw.potassium_meq_l, index, round(draw.added_meq_l[0], 2), *chances)
