"""The records of all sources: how many, from which patients and real records, and what is cut from them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from kalemia.cohort.cohort import Cohort
from kalemia.cohort.split import SHARES
from kalemia.errors import TrainError
from kalemia.simulate import read_bases
from kalemia.train import bases
from kalemia.train.config import Config, Portion
from kalemia.train.examples import Examples, joined
from kalemia.train.labelled import CohortReader, Generator, Maker, made

PARTS = tuple(SHARES)
COHORT = "cohort"
KINDS = ("measured", "simulated", "semi-simulated")


@dataclass(frozen=True)
class SourceFacts:
    """What a model's card says of a source; what does not apply to it is None.

    Attributes
    ----------
    patients, records, beats
        How many each part has: patients, ECGs, and those of the ECGs that could be used.
    share, bases, base_records, bases_skipped
        Of what is made: its share of the records; of changed ECGs how many real records each part has, which, and which
        of those listed cannot be changed.
    cohort, level, seed, labels, hemolyzed
        Of a cohort: its digest, what it was simulated from, what kind of ECGs these are, and its hemolyzed draws.
    """

    name: str
    patients: Mapping[str, int]
    records: Mapping[str, int]
    beats: Mapping[str, int]
    share: float | None = None
    bases: Mapping[str, int] | None = None
    base_records: Mapping[str, tuple[str, ...]] | None = None
    bases_skipped: tuple[str, ...] | None = None
    cohort: str | None = None
    level: str | None = None
    seed: int | None = None
    labels: str | None = None
    hemolyzed: int | None = None

    def to_json(self) -> dict[str, Any]:
        """Return what applies."""
        return {name: value for name, value in asdict(self).items() if value is not None}


class Plan(Protocol):
    """What a source gives to each part."""

    @property
    def name(self) -> str:
        """What it is called."""

    @property
    def labels(self) -> str:
        """What kind of ECGs these are."""

    @property
    def patients(self) -> Mapping[str, range]:
        """Return the patients, or the rows, of each part."""

    def count(self, part: str) -> int:
        """Return how many records a part has."""

    def maker(self, part: str, seed: int) -> Maker:
        """Return what makes the records of a part."""

    def facts(self, beats: Mapping[str, int]) -> SourceFacts:
        """Return what the card says of the source, of whose records so many could be used."""


@dataclass(frozen=True)
class Generated:
    """What a source that is made for the training gives to each part.

    Attributes
    ----------
    portion
        As in the configuration.
    patients
        Of each part, by number.
    bases
        Of each part the usable real records and their files; empty where patients are simulated.
    skipped
        Records that cannot be changed.
    """

    portion: Portion
    patients: dict[str, range]
    bases: dict[str, dict[str, str]] = field(default_factory=dict)
    skipped: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """E.g. "simulated clinic"."""
        return self.portion.name

    @property
    def labels(self) -> str:
        """What kind of ECGs these are."""
        return self.portion.labels

    def count(self, part: str) -> int:
        """Return how many records a part has."""
        return len(self.patients[part]) * self.portion.each

    def maker(self, part: str, seed: int) -> Generator:
        """Return what makes the records of a part."""
        files = tuple(self.bases.get(part, {}).values())
        return Generator(self.name, self.portion.level, seed, self.portion.each, files)

    def facts(self, beats: Mapping[str, int]) -> SourceFacts:
        """Return what the card says of the source, of whose records so many could be used."""
        return SourceFacts(
            self.name,
            patients={part: len(patients) for part, patients in self.patients.items()},
            records={part: self.count(part) for part in self.patients},
            beats=beats,
            share=self.portion.share,
            bases={part: len(records) for part, records in self.bases.items()} if self.bases else None,
            base_records={part: tuple(records) for part, records in self.bases.items()} if self.bases else None,
            bases_skipped=self.skipped if self.bases else None,
        )


@dataclass(frozen=True, eq=False)
class FromCohort:
    """What a cohort gives to each part: patients by a hash of their name, so that further ones move none.

    Attributes
    ----------
    cohort
        The folder, opened.
    rows
        Of each part, places in its table; hemolyzed draws are in none.
    """

    cohort: Cohort
    rows: dict[str, tuple[int, ...]]

    @property
    def labels(self) -> str:
        """What kind of ECGs these are."""
        return self.cohort.labels

    @property
    def patients(self) -> dict[str, range]:
        """Return the places of each part in its rows."""
        return {part: range(len(rows)) for part, rows in self.rows.items()}

    @property
    def name(self) -> str:
        """E.g. "cohort kidney"."""
        return f"{COHORT} {self.cohort.folder.name}"

    def count(self, part: str) -> int:
        """Return how many records a part has."""
        return len(self.rows[part])

    def maker(self, part: str, seed: int) -> CohortReader:  # noqa: ARG002 - nothing of a cohort is drawn
        """Return what reads the records of a part."""
        return CohortReader(self.name, self.cohort.folder, self.rows[part])

    def facts(self, beats: Mapping[str, int]) -> SourceFacts:
        """Return what the card says of the cohort, of whose ECGs so many could be used."""
        names = self.cohort.table["patient"]
        level, seed = self.cohort.made or (None, None)
        return SourceFacts(
            self.name,
            patients={part: names[list(rows)].n_unique() for part, rows in self.rows.items()},
            records={part: len(rows) for part, rows in self.rows.items()},
            beats=beats,
            cohort=self.cohort.digest,
            level=level,
            seed=seed,
            labels=self.labels,
            hemolyzed=self.cohort.hemolyzed,
        )


def plans(config: Config, base: Path | None) -> list[Plan]:
    """Share out patients and real records; TrainError or SimulateError where there are not enough of them."""
    cohorts = [_from_cohort(config.folder / name) for name in config.cohorts]
    if fault := _cohort_fault(config, cohorts):
        raise TrainError(f"cohorts: {fault}")
    return [*(_generated(config, portion, base) for portion in config.sources), *cohorts]


def _cohort_fault(config: Config, cohorts: Sequence[FromCohort]) -> str | None:
    if len({plan.cohort.digest for plan in cohorts}) < len(cohorts):
        return f"{', '.join(config.cohorts)} hold one cohort twice; each is accepted once"
    names = [plan.name for plan in cohorts]
    if twice := [name for name in names if names.count(name) > 1]:
        return f"two folders are called {twice[0].partition(' ')[2]}; give them different names"
    levels = {(portion.level, config.seed) for portion in config.sources if portion.bases is None}
    for cohort in (plan.cohort for plan in cohorts):
        if cohort.made is not None and cohort.made in levels:
            level, seed = cohort.made
            return (
                f"{cohort.folder} has the patients that the source of level {level} makes with the seed {seed}, "
                "so that they would be in several parts; change the configuration's seed"
            )
    return None


def labels(plans: Sequence[Plan]) -> str:
    """Return what kinds of ECGs a model is trained and validated on, such as "simulated and semi-simulated"."""
    kinds = {kind for plan in plans for kind in plan.labels.split(" and ")}
    return " and ".join(sorted(kinds, key=lambda kind: KINDS.index(kind) if kind in KINDS else len(KINDS)))


def _from_cohort(folder: Path) -> FromCohort:
    cohort = Cohort.open(folder)
    rows = cohort.parts()
    if bare := [part for part, some in rows.items() if not some]:
        raise TrainError(
            f"{folder}: none of its {len(cohort):,} ECGs ({cohort.hemolyzed:,} hemolyzed) falls to {bare[0]}; give a "
            "larger cohort"
        )
    return FromCohort(cohort, rows)


def _generated(config: Config, portion: Portion, base: Path | None) -> Generated:
    assert config.records is not None, "a configuration with sources says how many records there are"
    # Shares are of records, and a patient is whole: as many patients as come nearest, and at least one.
    sizes = {
        part: max(1, round(count * portion.share / portion.each)) for part, count in config.records.model_dump().items()
    }
    patients = parts(sizes)
    if portion.bases is None:
        return Generated(portion, patients)
    listed = bases.split(config.folder / portion.bases, base)
    usable: dict[str, dict[str, str]] = {}
    for part, records in listed.items():
        unfit = {str(path) for path, _ in read_bases(records.values()).skipped}
        usable[part] = {record: file for record, file in records.items() if file not in unfit}
    skipped = [record for part, records in listed.items() for record in records if record not in usable[part]]
    return Generated(portion, patients, usable, tuple(skipped))


def parts(sizes: Mapping[str, int]) -> dict[str, range]:
    """Give each part its own patients, by number."""
    ends = np.cumsum([0, *sizes.values()])
    return {name: range(int(ends[i]), int(ends[i + 1])) for i, name in enumerate(sizes)}


def gather(
    plans: Sequence[Plan], part: str, config: Config, workers: int = 1, progress: Callable[[int], None] | None = None
) -> Examples:
    """Make the records of a part and cut them, source after source."""
    return joined(
        [made(plan.maker(part, config.seed), plan.patients[part], config.cut, workers, progress) for plan in plans]
    )


def facts(plans: Sequence[Plan], examples: Mapping[str, Examples]) -> list[SourceFacts]:
    """Return what the card says of each source.

    Raises
    ------
    TrainError
        Where a source gives nothing to a part: the card would speak of it in vain.
    """
    sources = []
    for plan in plans:
        own = plan.facts({part: int((some.sources == plan.name).sum()) for part, some in examples.items()})
        if bare := [part for part, count in own.beats.items() if not count]:
            raise TrainError(
                f"{own.name}: none of its {own.records[bare[0]]:,} ECGs for {bare[0]} has enough good leads of "
                "the configuration; change leads or least_leads, or leave the source out"
            )
        sources.append(own)
    return sources
