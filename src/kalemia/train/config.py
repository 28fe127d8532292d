"""A training configuration: a YAML file, checked before anything is computed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from kalemia.errors import TrainError
from kalemia.records import LEADS

LARGEST_BYTES = 64_000
_SAID = {
    "extra_forbidden": "not a field of a configuration",
    "missing": "missing; a value is needed",
    "tuple_type": "not a list",
    "model_type": "not a group of fields",
}
"""What pydantic says in its own words, in ours."""
Count = Annotated[int, Field(ge=8, le=10_000_000)]


class Patients(BaseModel):
    """How many simulated patients each part has; no patient is in two parts."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    train: Count
    validation: Count
    calibration: Count
    test: Count


class Config(BaseModel):
    """What `kalemia train` needs to know; the same file gives the same model."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,40}$")
    version: str = Field(pattern=r"^\d+\.\d+\.\d+$")
    leads: tuple[str, ...] = Field(min_length=1)
    channels: int = Field(ge=1, le=1024)
    lstm: int = Field(ge=1, le=1024)
    level: str = "clinic"
    seed: int = Field(ge=0, lt=2**63)
    patients: Patients
    epochs: int = Field(ge=1, le=1000)
    batch: int = Field(ge=2, le=65536)
    learning_rate: float = Field(gt=0, le=1)
    weight_decay: float = Field(ge=0, le=1, default=0.0)

    @classmethod
    def load(cls, path: Path) -> Config:
        """Read a YAML file; TrainError with one sentence where it is wrong."""
        try:
            if not (path.is_file() and path.stat().st_size <= LARGEST_BYTES) and path.exists() and not path.is_dir():
                raise TrainError(f"{path}: no configuration; expected a YAML file of at most {LARGEST_BYTES:,} bytes")
            # Text only: dates, merges and tags, which YAML would build, have no place here; pydantic makes the numbers.
            fields = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506
            if not isinstance(fields, dict):
                raise TrainError(f"{path}: no fields; expected such as those of configs/v5-4k.yaml")
            config = cls.model_validate(fields)
        except OSError as exc:
            raise TrainError(f"{path}: cannot be read ({exc.strerror}); expected a YAML configuration") from exc
        except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as exc:
            raise TrainError(f"{path}: not YAML; expected fields like those of configs/v5-4k.yaml") from exc
        except ValidationError as exc:
            # A name that is misspelled explains the one that is missing.
            wrong = min(exc.errors(), key=lambda error: error["type"] != "extra_forbidden")
            where = ".".join(str(part) for part in wrong["loc"]) or "the whole file"
            raise TrainError(f"{path}: {where}: {_SAID.get(wrong['type'], wrong['msg'])}") from exc
        if unknown := set(config.leads) - set(LEADS):
            raise TrainError(f"{path}: leads: {', '.join(sorted(unknown))} unknown; accepted are {', '.join(LEADS)}")
        if len(set(config.leads)) < len(config.leads):
            raise TrainError(f"{path}: leads: {', '.join(config.leads)} name one twice; each is accepted once")
        return config
