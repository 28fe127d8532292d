"""A training configuration: a YAML file, checked before anything is computed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError
from yaml.constructor import ConstructorError

from kalemia.errors import SimulateError, TrainError
from kalemia.records import LEADS
from kalemia.simulate.levels import level_named
from kalemia.system import bounded
from kalemia.train.design import Course, Cut, Design
from kalemia.train.nets import NETWORKS

LARGEST_BYTES = 64_000
_SENTENCES = {
    "extra_forbidden": "not a field of a configuration",
    "missing": "missing; a value is needed",
    "tuple_type": "not a list",
    "model_type": "not a group of fields",
    "string_pattern_mismatch": "not a name; accepted are lower-case letters, digits and hyphens, at most 41",
    "version": "not a version; three numbers such as 1.0.0 are accepted",
    "int_parsing": "not a whole number",
    "float_parsing": "not a number",
}
"""What pydantic says in its own words, in ours."""
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,40}$")]
Count = Annotated[int, Field(ge=8, le=10_000_000)]


class _Loader(yaml.BaseLoader):
    """Text only: dates, merges and tags, which YAML would build, have no place here; pydantic makes the numbers."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Return the fields; YAML would take the last of two that bear one name."""
        seen: set[str] = set()
        for key, _ in node.value:
            if str(key.value) in seen:
                raise ConstructorError(problem=f"{key.value!s:.40} is there twice; each field is accepted once")
            seen.add(str(key.value))
        return super().construct_mapping(node, deep)


class Portion(BaseModel):
    """A share of the records that are made, and what makes them.

    Attributes
    ----------
    level
        Of the simulator.
    share
        Of the records of every part; the shares of all make 1.
    bases
        A text file beside the configuration that names real records, one a line: their beats are changed by potassium.
        Without it patients are simulated.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    level: str
    share: float = Field(gt=0, le=1)
    bases: str | None = None

    @property
    def labels(self) -> str:
        """What kind of ECGs these are."""
        return "simulated" if self.bases is None else "semi-simulated"

    @property
    def name(self) -> str:
        """E.g. "simulated clinic"."""
        return f"{self.labels} {self.level}"

    @property
    def each(self) -> int:
        """How many records a patient has."""
        return level_named(self.level).records if self.bases is None else 1


class Records(BaseModel):
    """How many records each part has; no patient, and no real record beneath a changed one, is in two parts."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    train: Count
    validation: Count
    calibration: Count
    test: Count


class Config(BaseModel):
    """What `kalemia train` needs to know; the same file gives the same model.

    `sources` and `records` say what is made for the training; `cohorts` names folders of `kalemia cohort`, relative to
    the file, all of whose ECGs are used beside them or alone. `least_leads` is how many of the leads an ECG must have
    in good condition, all where it is not said. `parts` names further models that the same network gives: some of its
    leads, with the same weights. `series` is how many patients with several ECGs are simulated beside all these, to
    teach what an earlier ECG of a patient says; none by default. `network` is one of `nets.NETWORKS`, `channels` and
    `lstm` its widths.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: Name
    version: str = Field(pattern=r"^\d+\.\d+\.\d+$")
    leads: tuple[str, ...] = Field(min_length=1)
    least_leads: int | None = Field(ge=1, default=None)
    parts: dict[Name, tuple[str, ...]] = {}
    network: str = "DSCRNN"
    channels: int = Field(ge=1, le=1024)
    lstm: int = Field(ge=1, le=1024)
    sources: tuple[Portion, ...] = ()
    cohorts: tuple[str, ...] = ()
    seed: int = Field(ge=0, lt=2**63)
    seeds: int = Field(ge=1, le=100, default=1)
    records: Records | None = None
    series: Count | None = None
    epochs: int = Field(ge=1, le=1000)
    batch: int = Field(ge=2, le=65536)
    learning_rate: float = Field(gt=0, le=1)
    weight_decay: float = Field(ge=0, le=1, default=0.0)
    _folder: Path = PrivateAttr(default=Path())

    @property
    def needed(self) -> int:
        """How many of the leads an ECG must have in good condition; all where the file does not say."""
        return self.least_leads or len(self.leads)

    @property
    def design(self) -> Design:
        """Which network is trained."""
        return Design(self.network, self.channels, self.lstm)

    @property
    def course(self) -> Course:
        """How it is trained."""
        return Course(self.epochs, self.batch, (self.learning_rate,), self.weight_decay)

    @property
    def cut(self) -> Cut:
        """What is cut from each record."""
        return Cut(self.leads, self.needed)

    @property
    def folder(self) -> Path:
        """Where the configuration lies, and the lists that it names with it."""
        return self._folder

    @classmethod
    def load(cls, path: Path) -> Config:
        """Read a YAML file; TrainError with one sentence where it is wrong."""
        content = bounded.content(path, LARGEST_BYTES, "a YAML configuration", TrainError)
        try:
            fields = yaml.load(content.decode("utf-8"), Loader=_Loader)  # noqa: S506
            if not isinstance(fields, dict):
                raise TrainError(f"{path}: no fields; expected such as those of configs/12-4k.yaml")
            config = cls.model_validate(fields)
        except ConstructorError as exc:
            raise TrainError(f"{path}: {exc.problem}") from exc
        except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as exc:
            raise TrainError(f"{path}: not YAML; expected fields like those of configs/12-4k.yaml") from exc
        except ValidationError as exc:
            # A name that is misspelled explains the one that is missing.
            wrong = min(exc.errors(), key=lambda error: error["type"] != "extra_forbidden")
            where = ".".join(str(part) for part in wrong["loc"]) or "the whole file"
            kind = "version" if where == "version" and "pattern" in wrong["type"] else wrong["type"]
            raise TrainError(f"{path}: {where}: {_SENTENCES.get(kind, wrong['msg'])}") from exc
        if fault := _network_fault(config) or _lead_fault(config) or _source_fault(config):
            raise TrainError(f"{path}: {fault}")
        config._folder = path.parent
        return config


def _network_fault(config: Config) -> str | None:
    if config.network not in NETWORKS:
        return f"network: no {config.network:.40}; accepted are {', '.join(NETWORKS)}"
    return None


def _lead_fault(config: Config) -> str | None:
    if unknown := set(config.leads) - set(LEADS):
        return f"leads: {', '.join(sorted(unknown))} unknown; accepted are {', '.join(LEADS)}"
    if len(set(config.leads)) < len(config.leads):
        return f"leads: {', '.join(config.leads)} name one twice; each is accepted once"
    for name, leads in config.parts.items():
        if name == config.name or not leads or not set(leads) < set(config.leads):
            return f"parts: {name} has the leads {', '.join(leads)}; expected a new name and some of the leads"
    if config.needed > len(config.leads):
        return f"least_leads: {config.needed} of {len(config.leads)} leads; expected at most all"
    return None


def _source_fault(config: Config) -> str | None:
    if not config.sources and not config.cohorts:
        return "sources: missing; expected sources of records, cohorts, or both"
    if (config.records is None) == bool(config.sources):
        return "records: how many there are is expected with sources, and only with them"
    if len(set(config.cohorts)) < len(config.cohorts):
        return f"cohorts: {', '.join(config.cohorts)} name one twice; each is accepted once"
    names = [source.name for source in config.sources]
    for source in config.sources:
        try:
            level = level_named(source.level)
        except SimulateError as exc:
            return f"sources: {exc}"
        if source.bases is None and (absent := [lead for lead in config.leads if lead not in level.leads]):
            return f"sources: {source.name} has no lead {', '.join(absent)}; accepted are levels with all leads"
        if names.count(source.name) > 1:
            return f"sources: {source.name} is named twice; each is accepted once"
    if config.sources and abs((total := sum(source.share for source in config.sources)) - 1) > 1e-6:
        return f"sources: the shares make {total:g}; expected 1"
    return None
