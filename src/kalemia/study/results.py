"""What a study found, as its JSON holds it and as a table for a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from kalemia.judge import stored
from kalemia.judge.resampled import impossible
from kalemia.judge.spans import Span
from kalemia.judge.stored import Absent, Count, Portion
from kalemia.judge.subgroups import Share
from kalemia.train.design import Design

SHOWN = ("r2", "mae_meq_l", "auroc_above_5.5")
"""Figures of merit that sentences are about, so that every entrant must have them."""
Time = Annotated[float, Field(ge=0)]


@dataclass(frozen=True)
class StudiedCohort:
    """The cohort: what its potassium is, how many ECGs it has, what tells it from another, and how it was simulated."""

    labels: str
    ecgs: Count
    hemolyzed: Count
    digest: str
    source: Absent[str] = None
    level: Absent[str] = None
    seed: Absent[int] = None


@dataclass(frozen=True)
class StudiedBudget:
    """How long each entrant could try, as in `plan.Budget`."""

    folds: Count
    seeds: Count
    rates: tuple[float, ...]
    patience: Count | None
    halve: Count | None
    epochs: Count
    batch: Count


@dataclass(frozen=True)
class Layer:
    """What a layer costs for one ECG: parameters, multiply-accumulates, and microseconds if it was timed."""

    layer: str
    parameters: Count
    macs: Count
    us: Absent[Time] = None


@dataclass(frozen=True)
class Training:
    """How one fit went: by epoch, where it is a network's; its loss is that of the epoch that was kept."""

    fold: int
    seed: int
    learning_rate: Absent[float] = None
    rounds: Absent[int] = None
    epochs: Absent[int] = None
    validation_loss: Absent[float] = None
    training_mae_meq_l: Absent[tuple[float, ...]] = None
    validation_mae_meq_l: Absent[tuple[float, ...]] = None
    parameters: Absent[int] = None

    def __post_init__(self) -> None:
        if len(self.training_mae_meq_l or ()) != len(self.validation_mae_meq_l or ()):
            raise ValueError("the epochs of training and of validation are not as many")


@dataclass(frozen=True, kw_only=True)
class EntrantResult:
    """What an entrant is, how it was fitted, and what it reaches.

    Attributes
    ----------
    figures
        Figures of merit by their names in `judge.resampled.merits`.
    r2_by_seed
        Of the networks of each seed alone.
    cuts_meq_l
        Frozen on validation, of each fit, by fold and then by seed; None where nobody there was above 5.5.
    """

    name: str
    leads: tuple[str, ...]
    window_s: float | None
    parameters: Count
    macs: Count
    us_per_ecg: Absent[Time] = None
    design: Absent[Design] = None
    layers: Absent[tuple[Layer, ...]] = None
    ecgs: Count
    figures: Mapping[str, Span]
    r2_by_seed: tuple[float | None, ...]
    cuts_meq_l: tuple[float | None, ...]
    coverage_by_subgroup: Mapping[str, Share]
    fits: tuple[Training, ...]

    def __post_init__(self) -> None:
        if missing := [name for name in SHOWN if name not in self.figures]:
            raise ValueError(f"{self.name} has no {', '.join(missing)}")
        if wrong := impossible(self.figures):
            raise ValueError(f"{wrong} of {self.name} cannot be what it is said to be")

    @property
    def r2(self) -> Span:
        """How much of the variance of potassium is explained."""
        return self.figures["r2"]

    @property
    def mae(self) -> Span:
        """The mean absolute error, mEq/L."""
        return self.figures["mae_meq_l"]

    @property
    def auroc(self) -> Span:
        """The area under the ROC curve above 5.5 mEq/L."""
        return self.figures["auroc_above_5.5"]


@dataclass(frozen=True)
class Difference:
    """The figures of an entrant minus those of the reference, on the ECGs that both have."""

    name: str
    against: str
    r2: Span
    mae_meq_l: Span
    auroc: Annotated[Span, Field(alias="auroc_above_5.5")]
    ecgs: Count


@dataclass(frozen=True)
class StudyResult:
    """What the JSON of a study says: what each entrant is, how it was fitted, what it reaches, who is better."""

    study: str
    asks: str
    kalemia: str
    cohort: StudiedCohort
    budget: StudiedBudget
    quick: bool
    potassium_sd_meq_l: float
    sensitivity_asked: Portion
    prevalence: Portion
    interval_coverage: Portion
    entrants: tuple[EntrantResult, ...]
    differences: tuple[Difference, ...]

    def __post_init__(self) -> None:
        if not self.entrants:
            raise ValueError("nobody took part")

    def to_json(self) -> bytes:
        """Return it as a file."""
        return stored.to_json(self)

    @classmethod
    def from_json(cls, content: bytes) -> StudyResult:
        """Read it back; ValueError where it is damaged."""
        return stored.from_json(cls, content)

    @property
    def reference(self) -> str:
        """Whom the others are measured against."""
        return self.differences[0].against if self.differences else self.entrants[0].name

    def difference(self, name: str) -> Difference | None:
        """Return by how much an entrant differs from the reference; None of the reference, and of who is absent."""
        return next((row for row in self.differences if row.name == name), None)

    def entrant(self, name: str) -> EntrantResult | None:
        """Return an entrant; None of who is absent."""
        return next((row for row in self.entrants if row.name == name), None)


def text(result: StudyResult) -> str:
    """Return a study's result as lines: each entrant's size and errors, then the differences that matter."""
    width = max(len(row.name) for row in result.entrants)
    cohort = result.cohort
    left_out = f" Hemolyzed and left out: {cohort.hemolyzed:,}." if cohort.hemolyzed else ""
    lines = [
        f"{result.study}: {result.asks}",
        "",
        f"{'':{width}}  parameters     ECGs  {'R2 (95 %)':26}  {'MAE':6}  AUROC > 5.5",
        *(
            f"{row.name:{width}}  {row.parameters:10,}  {row.ecgs:7,}  {row.r2!s:26}  {row.mae.number():6}  {row.auroc}"
            for row in result.entrants
        ),
        "",
        *(f"R2 of {row.name} minus that of {row.against}: {row.r2:+}" for row in result.differences),
        "",
        f"On {cohort.labels} potassium; its standard deviation is {result.potassium_sd_meq_l:.2f} mEq/L.{left_out}",
    ]
    return "\n".join(lines)
