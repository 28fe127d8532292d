"""The records of all sources: how many, from which patients and real records, and their beats."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from kalemia.cohort.cohort import Cohort
from kalemia.cohort.split import SHARES
from kalemia.errors import TrainError
from kalemia.records import Recording
from kalemia.simulate import read_bases
from kalemia.train import bases, data
from kalemia.train.config import Config, Source
from kalemia.train.data import Beats, Known, Maker, Making

PARTS = tuple(SHARES)
COHORT = "cohort"
KINDS = ("measured", "simulated", "semi-simulated")


class Plan(Protocol):
    """What a source gives to each part."""

    @property
    def labels(self) -> str:
        """What kind of ECGs these are."""

    @property
    def patients(self) -> Mapping[str, range]:
        """Return the patients, or the rows, of each part."""

    def count(self, part: str) -> int:
        """Return how many records a part has."""

    def maker(self, part: str, seed: int) -> Making:
        """Return what makes the records of a part."""

    def said(self, beats: dict[str, Beats]) -> dict[str, Any]:
        """Return what the card says of the source."""


@dataclass(frozen=True)
class Made:
    """What a source that is made for the training gives to each part.

    Attributes
    ----------
    source
        As in the configuration.
    patients
        Of each part, by number.
    bases
        Of each part the usable real records and their files; empty where patients are simulated.
    skipped
        Records that cannot be changed.
    """

    source: Source
    patients: dict[str, range]
    bases: dict[str, dict[str, str]] = field(default_factory=dict)
    skipped: tuple[str, ...] = ()

    @property
    def labels(self) -> str:
        """What kind of ECGs these are."""
        return self.source.labels

    def count(self, part: str) -> int:
        """Return how many records a part has."""
        return len(self.patients[part]) * self.source.each

    def maker(self, part: str, seed: int) -> Maker:
        """Return what makes the records of a part."""
        files = tuple(self.bases.get(part, {}).values())
        return Maker(self.source.name, self.source.level, seed, self.source.each, files)

    def said(self, beats: dict[str, Beats]) -> dict[str, Any]:
        """Return what the card says of the source."""
        own = {part: some.sources == self.source.name for part, some in beats.items()}
        known: dict[str, Any] = {
            "name": self.source.name,
            "share": self.source.share,
            "patients": {part: len(patients) for part, patients in self.patients.items()},
            "records": {part: self.count(part) for part in self.patients},
            "beats": {part: int(mine.sum()) for part, mine in own.items()},
        }
        if self.bases:
            known["bases"] = {part: len(records) for part, records in self.bases.items()}
            known["base_records"] = {part: list(records) for part, records in self.bases.items()}
            known["bases_skipped"] = list(self.skipped)
        return known


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

    def maker(self, part: str, seed: int) -> CohortMaker:  # noqa: ARG002 - nothing of a cohort is drawn
        """Return what reads the records of a part."""
        return CohortMaker(self.name, self.cohort.folder, self.rows[part])

    def said(self, beats: dict[str, Beats]) -> dict[str, Any]:
        """Return what the card says of the cohort."""
        names = self.cohort.table["patient"]
        made = dict(zip(("level", "seed"), self.cohort.made or (), strict=False))
        return {
            "name": self.name,
            "cohort": self.cohort.digest,
            **made,
            "labels": self.labels,
            "hemolyzed": self.cohort.hemolyzed,
            "patients": {part: names[list(rows)].n_unique() for part, rows in self.rows.items()},
            "records": {part: len(rows) for part, rows in self.rows.items()},
            "beats": {part: int((some.sources == self.name).sum()) for part, some in beats.items()},
        }


@dataclass(frozen=True)
class CohortMaker:
    """Reads ECGs of a cohort."""

    source: str
    folder: Path
    rows: tuple[int, ...]
    each: int = 1

    def __call__(self, patients: range) -> Iterator[Known]:
        """Yield the ECGs at these places of the rows."""
        cohort = Cohort.open(self.folder)
        table = cohort.table.select("potassium_meq_l", "patient")
        for place in patients:
            potassium, patient = table.row(self.rows[place])
            yield Labelled(cohort.recording(self.rows[place]), float(potassium), str(patient))


@dataclass(frozen=True, eq=False)
class Labelled:
    """A recording whose potassium, mEq/L, a laboratory measured."""

    recording: Recording
    potassium_meq_l: float
    patient: str


def plans(config: Config, base: Path | None) -> list[Plan]:
    """Share out patients and real records; TrainError or SimulateError where there are not enough of them."""
    cohorts = [_from_cohort(config.folder / name) for name in config.cohorts]
    names = [one.name for one in cohorts]
    digests = [one.cohort.digest for one in cohorts]
    if len(set(digests)) < len(digests):
        raise TrainError(f"cohorts: {', '.join(config.cohorts)} hold one cohort twice; each is accepted once")
    if twice := [name for name in names if names.count(name) > 1]:
        raise TrainError(f"cohorts: two folders are called {twice[0].partition(' ')[2]}; give them different names")
    levels = {(source.level, config.seed) for source in config.sources if source.bases is None}
    if alike := [one.cohort for one in cohorts if one.cohort.made in levels]:
        level, seed = alike[0].made or ("", 0)
        raise TrainError(
            f"cohorts: {alike[0].folder} has the patients that the source of level {level} makes with the seed {seed}, "
            "so that they would be in several parts; change the configuration's seed"
        )
    return [*(_plan(config, source, base) for source in config.sources), *cohorts]


def labels(plans: Sequence[Plan]) -> str:
    """Return what kinds of ECGs a model is trained and validated on, such as "simulated and semi-simulated"."""
    found = {kind for plan in plans for kind in plan.labels.split(" and ")}
    return " and ".join(sorted(found, key=lambda kind: KINDS.index(kind) if kind in KINDS else len(KINDS)))


def _from_cohort(folder: Path) -> FromCohort:
    cohort = Cohort.open(folder)
    rows = cohort.parts()
    if bare := [part for part, some in rows.items() if not some]:
        raise TrainError(
            f"{folder}: none of its {len(cohort):,} ECGs ({cohort.hemolyzed:,} hemolyzed) falls to {bare[0]}; give a "
            "larger cohort"
        )
    return FromCohort(cohort, rows)


def _plan(config: Config, source: Source, base: Path | None) -> Made:
    assert config.records is not None, "a configuration with sources says how many records there are"
    # Shares are of records, and a patient is whole: as many patients as come nearest, and at least one.
    sizes = {
        part: max(1, round(count * source.share / source.each)) for part, count in config.records.model_dump().items()
    }
    patients = data.parts(sizes)
    if source.bases is None:
        return Made(source, patients)
    listed = bases.split(config.folder / source.bases, base)
    usable: dict[str, dict[str, str]] = {}
    for part, records in listed.items():
        unfit = {str(path) for path, _ in read_bases(records.values()).skipped}
        usable[part] = {record: file for record, file in records.items() if file not in unfit}
    skipped = [record for part, records in listed.items() for record in records if record not in usable[part]]
    return Made(source, patients, usable, tuple(skipped))


def check_used(plans: Sequence[Plan], beats: Mapping[str, Beats]) -> None:
    """Raise a TrainError where a source gives no beat to a part: the model's card would speak of it in vain."""
    for plan in plans:
        said = plan.said(dict(beats))
        if bare := [part for part, count in said["beats"].items() if not count]:
            raise TrainError(
                f"{said['name']}: none of its {said['records'][bare[0]]:,} ECGs for {bare[0]} has enough good leads of "
                "the configuration; change leads or least_leads, or leave the source out"
            )


def gather(
    plans: Sequence[Plan], part: str, config: Config, workers: int = 1, progress: Callable[[int], None] | None = None
) -> Beats:
    """Make the records of a part and cut their beats, source after source."""
    return data.joined(
        [
            data.made(p.maker(part, config.seed), p.patients[part], config.leads, workers, progress, config.needed)
            for p in plans
        ]
    )
