"""What predicting says of every ECG of a cohort that a model may be judged on, refusals included."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import compress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kalemia.cohort.cohort import Cohort
from kalemia.estimate.model import Model
from kalemia.estimate.population import DEFAULT, Population
from kalemia.estimate.predict import predict
from kalemia.judge.leakage import unseen
from kalemia.judge.reasons import kind
from kalemia.records import Estimate
from kalemia.system.workers import mapped

CHUNK = 100
REASONS = 12
"""Of refusals, how many are listed."""

Reals = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class CohortEstimates:
    """What a model estimates of the ECGs of a cohort that it may be judged on.

    Attributes
    ----------
    rows
        (n,) their places in the cohort's table.
    estimates
        Of each.
    left_out
        Why how many others are not judged.
    population
        Which one the ECGs were taken to be from.
    """

    rows: NDArray[np.intp]
    estimates: tuple[Estimate, ...]
    left_out: Mapping[str, int]
    population: str = DEFAULT

    @cached_property
    def numbers(self) -> Numbers:
        """The numbers of those that were estimated."""
        estimated = [estimate.status == "estimated" for estimate in self.estimates]
        rows = [
            (
                known.potassium_meq_l,
                *(known.interval_meq_l or (0.0, 0.0)),
                known.probability_above["5.5"],
                known.likelihood_ratio["high"],
            )
            for known in compress(self.estimates, estimated)
        ]
        return Numbers(self.rows[estimated], *np.array(rows, dtype=np.float64).reshape(-1, 5).T)

    def refused(self) -> dict[str, int]:
        """Return why how many were refused, the most frequent reasons."""
        reasons = [known.reason or "no reason" for known in self.estimates if known.status != "estimated"]
        return dict(Counter(map(kind, reasons)).most_common(REASONS))


@dataclass(frozen=True, eq=False)
class Numbers:
    """The numbers of n estimates, (n,) each.

    Places in the cohort's table, mEq/L, the probability of more than 5.5, and how many times likelier the ECG is there.
    """

    rows: NDArray[np.intp]
    potassium: Reals
    low: Reals
    high: Reals
    chance: Reals
    ratio: Reals

    def true(self, cohort: Cohort) -> Reals:
        """Return what the laboratory measured, mEq/L, with the two decimals that estimates and bounds have."""
        return np.round(cohort.table[self.rows]["potassium_meq_l"].to_numpy().astype(np.float64), 2)


def estimate_cohort(
    model: str | Path,
    cohort: Cohort,
    workers: int = 1,
    progress: Callable[[int, int], None] | None = None,
    *,
    outside: bool = False,
    population: Population | None = None,
) -> CohortEstimates:
    """Estimate, as `predict` does, every ECG of a cohort that may judge a model: `leakage.unseen` says which.

    Raises
    ------
    CohortError
        Where nothing is left to judge on, or the training simulated these very patients.
    """
    rows, left_out = unseen(Model.load(model).card, cohort, outside=outside)
    chunks = [rows[first : first + CHUNK] for first in range(0, len(rows), CHUNK)]
    estimates: list[Estimate] = []
    taken = population or Population.load(DEFAULT)
    for chunk in mapped(partial(_estimates, cohort.folder, model, taken), chunks, workers):
        estimates += chunk
        if progress:
            progress(len(estimates), len(rows))
    return CohortEstimates(np.array(rows), tuple(estimates), left_out, taken.name)


def _estimates(folder: Path, model: str | Path, population: Population, rows: tuple[int, ...]) -> list[Estimate]:
    cohort = Cohort.open(folder)
    return [predict(cohort.recording(row), model, population=population) for row in rows]
