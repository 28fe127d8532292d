"""What the bundled models reach on real potassium, beside the network published with those ECGs and seven doctors.

The cards of the models speak of ECGs like those of their training. This asset speaks of patients: emergency ECGs with
a laboratory's potassium, which judge and were never trained on. `bench/judge.py` writes it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

ASSET = "judged.json"


@dataclass(frozen=True)
class Reached:
    """A share between 0 and 1 and its 95 % interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.2f} ({self.low:.2f} to {self.high:.2f})"


@dataclass(frozen=True)
class Judged:
    """How well somebody tells who of the judged patients has a high or a low potassium.

    Attributes
    ----------
    name
        A bundled model, the published network or a doctor.
    sha256
        Of the model's ONNX file; "" for others.
    sensitivity, specificity
        Share of those at 5.5 mEq/L and above who are called high, and of the others who are not.
    auroc_high, auroc_low
        Area under the ROC curve for 5.5 mEq/L and above, and for 3.5 and below; None for who only says yes or no.
    """

    name: str
    sha256: str
    sensitivity: Reached
    specificity: Reached
    auroc_high: Reached | None
    auroc_low: Reached | None


@dataclass(frozen=True)
class RealPotassium:
    """What everybody reaches on the same ECGs, those that no bundled model refused.

    Attributes
    ----------
    source
        Where the ECGs are from.
    ecgs, judged, high, low
        How many there are, how many no model refused, and how many of these are at 5.5 mEq/L and above, and at 3.5
        and below.
    """

    source: str
    ecgs: int
    judged: int
    high: int
    low: int
    models: tuple[Judged, ...]
    published: Judged
    doctors: tuple[Judged, ...]

    def of(self, sha256: str) -> Judged | None:
        """Return what the model with this hash reaches; None if it was not judged."""
        return next((model for model in self.models if model.sha256 == sha256), None)


@cache
def real_potassium() -> RealPotassium:
    """Return what is known of the bundled models on real potassium."""
    asset = json.loads((files("kalemia") / "assets" / ASSET).read_text(encoding="utf-8"))
    several = {key: tuple(_judged(each) for each in asset.pop(key)) for key in ("models", "doctors")}
    return RealPotassium(**asset | several | {"published": _judged(asset["published"])})


def _judged(entry: Mapping[str, Any]) -> Judged:
    shares = {
        key: None if entry[key] is None else Reached(**entry[key])
        for key in ("sensitivity", "specificity", "auroc_high", "auroc_low")
    }
    return Judged(**{**entry, **shares})
