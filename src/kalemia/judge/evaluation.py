"""A model judged on a cohort: what its estimates come to against the laboratory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from kalemia import __version__
from kalemia.cohort.cohort import Cohort
from kalemia.errors import CohortError
from kalemia.estimate.card import Card
from kalemia.estimate.predict import COVERAGE, LIKELY
from kalemia.judge import compare, stored
from kalemia.judge.estimates import CohortEstimates
from kalemia.judge.metrics import SENSITIVITY
from kalemia.judge.probability import Probability, probability
from kalemia.judge.resampled import PREVALENCE, Predictions, impossible
from kalemia.judge.spans import Span
from kalemia.judge.stored import Count, Portion
from kalemia.judge.subgroups import Share, coverages
from kalemia.records import HIGH_MEQ_L, ModelName

TITLES = {
    "r2": "R2",
    "mae_meq_l": "MAE, mEq/L",
    "auroc_above_5.5": "AUROC > 5.5",
    "sensitivity": "sensitivity at the frozen cut",
    "specificity": "specificity there",
    "coverage": f"share of {COVERAGE:g} intervals that hold",
}
"""Of the figures that a terminal shows."""


@dataclass(frozen=True)
class JudgedCohort:
    """The cohort: its name, how many ECGs it has, and what tells it from another."""

    labels: str
    folder: str
    ecgs: Count
    digest: str


@dataclass(frozen=True)
class Counts:
    """How many ECGs were judged, how many of these estimated, and of how many patients those are."""

    ecgs: Count
    estimated: Count
    patients: Count


@dataclass(frozen=True)
class Evaluation:
    """What the JSON of an evaluation says.

    Attributes
    ----------
    left_out, refused
        Why how many ECGs were not judged, or judged and not estimated.
    population
        Which one the estimates are of.
    cut_likelihood_ratio
        The cut of the model's card, at which sensitivity and specificity are; None where it has none.
    figures
        Figures of merit by their names in `resampled.merits`.
    """

    model: ModelName
    kalemia: str
    cohort: JudgedCohort
    left_out: Mapping[str, Count]
    judged: Counts
    refused: Mapping[str, Count]
    potassium_sd_meq_l: float
    population: str
    cut_likelihood_ratio: float | None
    sensitivity_asked: Portion
    prevalence: Portion
    interval_coverage: Portion
    interval_width_meq_l: float
    figures: Mapping[str, Span]
    called_high: Share
    coverage_by_subgroup: Mapping[str, Share]
    probability: Probability

    def __post_init__(self) -> None:
        if name := impossible(self.figures):
            raise ValueError(f"{name} cannot be what it is said to be")

    def to_json(self) -> bytes:
        """Return it as a file."""
        return stored.to_json(self)

    @classmethod
    def from_json(cls, content: bytes) -> Evaluation:
        """Read it back; ValueError where it is damaged."""
        return stored.from_json(cls, content)


def evaluate(estimates: CohortEstimates, cohort: Cohort, card: Card) -> Evaluation:
    """Judge estimates by what the laboratory measured.

    Raises
    ------
    CohortError
        Where fewer than two ECGs were estimated.
    """
    _require_two(estimates, cohort)
    own = estimates.numbers
    true, table = own.true(cohort), cohort.table[own.rows]
    patients = table["patient"].to_numpy().astype(str)
    cut = card.metrics.get("cut_likelihood_ratio")
    covered = (true >= own.low) & (true <= own.high)
    predictions = Predictions(own.potassium, None if cut is None else own.ratio > cut, covered)
    return Evaluation(
        model=ModelName(card.name, card.version, card.onnx_sha256, card.trained_on),
        kalemia=__version__,
        cohort=JudgedCohort(cohort.labels, cohort.folder.name, len(cohort), cohort.digest),
        left_out=estimates.left_out,
        judged=Counts(len(estimates.rows), len(true), len(set(patients))),
        refused=estimates.refused(),
        potassium_sd_meq_l=round(float(true.std()), 4),
        population=estimates.population,
        cut_likelihood_ratio=cut,
        sensitivity_asked=SENSITIVITY,
        prevalence=PREVALENCE,
        interval_coverage=COVERAGE,
        interval_width_meq_l=round(float(np.median(own.high - own.low)), 3),
        figures=compare.summary(true, [predictions], patients),
        called_high=Share.of(own.chance >= LIKELY),
        coverage_by_subgroup=coverages(covered, table),
        probability=probability(own.chance, true > HIGH_MEQ_L),
    )


def _require_two(estimates: CohortEstimates, cohort: Cohort) -> None:
    """Raise a CohortError where fewer than two ECGs were estimated, of which no figure can be made."""
    count = len(estimates.numbers.rows)
    if count < 2:
        first = next((f"; the first reason is: {one.reason}" for one in estimates.estimates if one.reason), "")
        raise CohortError(
            f"{cohort.folder}: {count} of {len(estimates.rows):,} ECGs could be estimated, at least two are needed"
            f"{first}"
        )


def text(evaluation: Evaluation) -> str:
    """Return an evaluation as lines for a terminal."""
    model, judged, cohort = evaluation.model, evaluation.judged, evaluation.cohort
    called = evaluation.called_high
    figures = {title: evaluation.figures[name] for name, title in TITLES.items() if name in evaluation.figures}
    lines = [
        f"{model.name} {model.version} on {judged.ecgs:,} ECGs of {cohort.folder} ({cohort.labels} potassium)",
        *(f"  left out: {count:,} {why}" for why, count in evaluation.left_out.items()),
        f"  refused: {judged.ecgs - judged.estimated:,}",
        *(f"    {count:,} {why}" for why, count in evaluation.refused.items()),
        *(f"  {title}: {figure}" for title, figure in figures.items()),
        f"  called high: {called.value:.1%} ({called.low:.1%} to {called.high:.1%})",
        f"  population: {evaluation.population}",
    ]
    return "\n".join(lines)
