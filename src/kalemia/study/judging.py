"""What cross-validated estimates come to: the result of a study, and a CSV with every estimate of every ECG."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kalemia import __version__
from kalemia.cohort.cohort import Cohort
from kalemia.errors import TrainError
from kalemia.estimate.predict import COVERAGE
from kalemia.judge import compare
from kalemia.judge.metrics import SENSITIVITY, regression
from kalemia.judge.resampled import PREVALENCE
from kalemia.judge.subgroups import coverages
from kalemia.study import verdict
from kalemia.study.crossval import CrossValidated
from kalemia.study.plan import Budget, Entrant, Study
from kalemia.study.results import (
    Difference,
    EntrantResult,
    Layer,
    StudiedBudget,
    StudiedCohort,
    StudyResult,
)
from kalemia.study.verdict import Verdict
from kalemia.system import atomic
from kalemia.train.nets import Shape, build, cost

COLUMNS = ("ecg", "patient", "potassium_meq_l", "entrant", "fold", "estimate_meq_l", "low_meq_l", "high_meq_l")


class Judging:
    """The estimates of all entrants of a study beside the potassium of its cohort, and what they come to."""

    def __init__(self, study: Study, estimates: Mapping[Entrant, CrossValidated], cohort: Cohort) -> None:
        self.study, self.cohort, self.table = study, cohort, cohort.table
        self.true: NDArray[np.float64] = self.table["potassium_meq_l"].to_numpy().astype(np.float64)
        self.patients: NDArray[np.str_] = self.table["patient"].to_numpy().astype(str)
        self.estimates = estimates
        self.verdicts = {entrant: verdict.decide(own, self.true) for entrant, own in estimates.items()}

    def result(self, budget: Budget, *, quick: bool) -> StudyResult:
        """Return what each entrant is, how it was fitted, what it reaches, who is better."""
        reference = next(entrant for entrant in self.estimates if entrant.name == self.study.reference)
        return StudyResult(
            study=self.study.name,
            asks=self.study.asks,
            kalemia=__version__,
            cohort=_cohort(self.cohort),
            budget=_budget(budget),
            quick=quick,
            potassium_sd_meq_l=round(float(self.true[self.estimates[reference].number].std()), 4),
            sensitivity_asked=SENSITIVITY,
            prevalence=PREVALENCE,
            interval_coverage=COVERAGE,
            entrants=tuple(self._entrant(entrant) for entrant in self.estimates),
            differences=tuple(self._minus(reference, other) for other in self.estimates if other != reference),
        )

    def _entrant(self, entrant: Entrant) -> EntrantResult:
        own, decided = self.estimates[entrant], self.verdicts[entrant]
        true, table = self.true[own.number], self.table[own.number]
        return EntrantResult(
            name=entrant.name,
            leads=entrant.leads,
            window_s=entrant.window_s,
            **_size(entrant, timed=self.study.timed),
            ecgs=len(own.number),
            figures=compare.summary(true, decided.seeds, self.patients[own.number]),
            r2_by_seed=tuple(regression(true, seed.potassium)["r2"] for seed in decided.seeds),
            cuts_meq_l=decided.cuts_meq_l,
            coverage_by_subgroup={} if decided.covered is None else coverages(decided.covered, table),
            fits=own.trainings,
        )

    def _minus(self, reference: Entrant, other: Entrant) -> Difference:
        """Return by how much another exceeds the reference, on the ECGs that both have."""
        numbers = self.estimates[reference].number, self.estimates[other].number
        common, ours, theirs = np.intersect1d(numbers[0], numbers[1], return_indices=True)
        first, second = (
            [seed.only(rows) for seed in self.verdicts[entrant].seeds]
            for entrant, rows in ((reference, ours), (other, theirs))
        )
        spans = compare.paired(self.true[common], first, second, self.patients[common])
        r2, mae, auroc = (spans[name] for name in compare.COMPARED)
        return Difference(other.name, reference.name, r2, mae, auroc, len(common))

    def csv(self) -> bytes:
        """Return a table with what each entrant estimates of each ECG: the means of its seeds."""
        stream = io.StringIO()
        written = csv.writer(stream, lineterminator="\n")
        written.writerow(COLUMNS)
        for entrant, own in self.estimates.items():
            rows = self.table[own.number].select("ecg", "patient", "potassium_meq_l").iter_rows()
            numbers = _means(own, self.verdicts[entrant])
            for (ecg, patient, potassium), fold, ends in zip(rows, own.fold, numbers, strict=True):
                cells = ("" if np.isnan(number) else f"{number:.4f}" for number in ends)
                written.writerow([ecg, patient, f"{potassium:.2f}", entrant.name, fold, *cells])
        return stream.getvalue().encode()

    def write(self, out: Path, result: StudyResult) -> None:
        """Write NAME.json and NAME.csv, both or none."""
        name = self.study.name
        with atomic.writing(out, TrainError):
            atomic.write({out / f"{name}.json": result.to_json(), out / f"{name}.csv": self.csv()})


def _means(own: CrossValidated, decided: Verdict) -> NDArray[np.float64]:
    """Return estimate, low and high (n, 3), mEq/L."""
    return np.stack([part.mean(axis=0) for part in (own.potassium, decided.low, decided.high)], axis=1)


def _cohort(cohort: Cohort) -> StudiedCohort:
    origin = cohort.card.origin
    return StudiedCohort(
        cohort.labels, len(cohort), cohort.hemolyzed, cohort.digest, origin.source, origin.level, origin.seed
    )


def _budget(budget: Budget) -> StudiedBudget:
    return StudiedBudget(**{field.name: getattr(budget, field.name) for field in fields(StudiedBudget)})


def _size(entrant: Entrant, *, timed: bool) -> dict[str, Any]:
    """Return what a network costs, altogether and layer upon layer, as fields of `EntrantResult`."""
    if entrant.design is None:
        return {"parameters": 0, "macs": 0}
    net = build(entrant.design, Shape(len(entrant.leads), entrant.cut.samples))
    times = cost.microseconds(net) if timed else {}
    layers = tuple(Layer(**asdict(layer), us=times.get(layer.layer)) for layer in cost.layers(net))
    return {
        "parameters": sum(layer.parameters for layer in layers),
        "macs": sum(layer.macs for layer in layers),
        "us_per_ecg": round(sum(times.values()), 1) if timed else None,
        "design": entrant.design,
        "layers": layers,
    }
