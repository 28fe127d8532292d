"""The records of all sources: how many, from which patients and real records, and their beats."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kalemia.simulate import read_bases
from kalemia.train import bases, data
from kalemia.train.config import Config, Source
from kalemia.train.data import Beats, Maker


@dataclass(frozen=True)
class Plan:
    """What a source gives to each part.

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


def plans(config: Config, base: Path | None) -> list[Plan]:
    """Share out patients and real records; TrainError or SimulateError where there are not enough of them."""
    return [_plan(config, source, base) for source in config.sources]


def _plan(config: Config, source: Source, base: Path | None) -> Plan:
    # Shares are of records, and a patient is whole: as many patients as come nearest, and at least one.
    sizes = {
        part: max(1, round(count * source.share / source.each)) for part, count in config.records.model_dump().items()
    }
    patients = data.parts(sizes)
    if source.bases is None:
        return Plan(source, patients)
    listed = bases.split(config.folder / source.bases, base)
    usable: dict[str, dict[str, str]] = {}
    for part, records in listed.items():
        unfit = {str(path) for path, _ in read_bases(records.values()).skipped}
        usable[part] = {record: file for record, file in records.items() if file not in unfit}
    skipped = [record for part, records in listed.items() for record in records if record not in usable[part]]
    return Plan(source, patients, usable, tuple(skipped))


def gather(
    plans: list[Plan], part: str, config: Config, workers: int = 1, progress: Callable[[int], None] | None = None
) -> Beats:
    """Make the records of a part and cut their beats, source after source."""
    return data.joined(
        [
            data.made(p.maker(part, config.seed), p.patients[part], config.leads, workers, progress, config.needed)
            for p in plans
        ]
    )
