"""The card of a model: the JSON file beside its ONNX file, parsed once into a typed dataclass.

It names what the network takes, how sure it may be, and what it was trained on, because a model must say that wherever
it speaks.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, TypedDict

import msgspec
from msgspec import Meta

from kalemia.errors import ModelError
from kalemia.estimate.evidence import BINS
from kalemia.estimate.likeness import Likeness
from kalemia.records import R_SAMPLE, SAMPLES
from kalemia.signal import condition
from kalemia.system import bounded

MAX_CARD_BYTES = 4_000_000
MAX_SPREAD_MEQ_L, LEAST_SPREAD_MEQ_L = 50.0, 1e-3
LEAST_SLOPE, MAX_SLOPE = 0.01, 10.0
"""Of a line along which no ECG follows potassium nothing can be expected."""
MIX_ERRS = 1e-3
"""By how much the shares of a mix may miss one together: they are rounded."""

PREPROCESSING: Mapping[str, Any] = {
    "rate_hz": condition.RATE,
    "lowpass_hz": condition.PASS_HZ,
    "baseline_samples": condition.BASELINE_SAMPLES,
    "baseline_passes": condition.BASELINE_PASSES,
    "beat_samples": SAMPLES,
    "r_sample": R_SAMPLE,
    "beats": "(n, leads, 270), divided by gain_mv, PR segment at zero; zero throughout where a lead is left out",
    "side": "(n, leads + 1): ln(gain_mv) a lead, then rr_s",
}
"""What becomes of a signal before a network sees it; a model that was trained on anything else is not loaded."""

Share = Annotated[float, Meta(ge=0, le=1)]
Sureness = Annotated[float, Meta(gt=0, le=10)]


class _Source(TypedDict, total=False):
    cohort: str | None
    level: str | None
    seed: int | None
    labels: str | None
    bases: Any


class _Config(TypedDict, total=False):
    seed: int
    sources: list[_Source]


class _Training(TypedDict, total=False):
    sources: list[_Source]
    config: _Config


class _Metrics(TypedDict, total=False):
    cut_likelihood_ratio: float | None


class _Judged(TypedDict):
    """What an evaluation reads of those fields that may hold anything."""

    training: _Training
    metrics: _Metrics


@dataclass(frozen=True)
class Card:
    """What is known about a model; the JSON file beside it, field by field.

    Attributes
    ----------
    leads
        The leads of the beat that the network takes, in order.
    least_leads
        How many of them must be good; those that are not are left out.
    trained_on
        "simulated" or what else the training ECGs were; every report says it.
    validated_on
        What ECGs the interval's coverage was measured on.
    sureness
        What the network's log-likelihoods are multiplied with so that patients kept apart for calibration surprise
        least; a factor for every number of leads used, from `least_leads` to all.
    mix
        (30,) shares of the training's patients by potassium, in the bins of `evidence`.
    personal
        How what an ECG says alone follows potassium among `patients` simulated dialysis patients: `intercept_meq_l` and
        `slope` of a line, and the standard deviations of what it is off by, `between_meq_l` that stays with a patient
        and `within_meq_l` that comes with each ECG.
    likeness
        What tells the training's beats from others, see `Likeness`; empty where there were none.
    """

    name: str
    version: str
    leads: Annotated[tuple[str, ...], Meta(min_length=1)]
    least_leads: int
    parameters: int
    architecture: Mapping[str, Any]
    preprocessing: Mapping[str, Any]
    trained_on: str
    validated_on: str
    training: Mapping[str, Any]
    metrics: Mapping[str, Any]
    sureness: tuple[Sureness, ...]
    mix: Annotated[tuple[Share, ...], Meta(min_length=BINS, max_length=BINS)]
    personal: Mapping[str, float]
    likeness: Mapping[str, Any]
    onnx_sha256: str
    notice: str

    @classmethod
    def load(cls, path: Path) -> Card:
        """Read a card from its JSON file; ModelError where it is missing, or a field is missing, wrong or unknown."""
        content = bounded.content(path, MAX_CARD_BYTES, "the JSON card of a model", ModelError)
        try:
            fields = _fields(content)
            card = msgspec.convert(fields, cls)
            msgspec.convert(fields, _Judged)
            if unknown := sorted(fields.keys() - vars(card).keys()):
                raise ValueError(f"{unknown[0][:40]!r} is not known")
            card.check()
        except (ValueError, RecursionError) as exc:
            raise ModelError(f"{path}: not a model card ({exc}); expected the JSON that kalemia train writes") from exc
        return card

    def check(self) -> None:
        """Raise a ValueError where fields, each of its own kind, do not go together."""
        least, most = self.least_leads, len(self.leads)
        if not 1 <= least <= most:
            raise ValueError("least_leads is no number of leads")
        if len(self.sureness) != most - least + 1:
            raise ValueError("sureness has no factor for every number of leads")
        if abs(sum(self.mix) - 1) > MIX_ERRS:
            raise ValueError("the shares of mix do not sum to one")
        if reason := self._personal_fault():
            raise ValueError(f"personal has no {reason}")
        Likeness.from_dict(self.likeness)

    def _personal_fault(self) -> str | None:
        """Name what is missing in `personal`, or cannot be."""
        bounds = {
            "intercept_meq_l": (-MAX_SPREAD_MEQ_L, MAX_SPREAD_MEQ_L),
            "slope": (LEAST_SLOPE, MAX_SLOPE),
            "between_meq_l": (0.0, MAX_SPREAD_MEQ_L),
            "within_meq_l": (LEAST_SPREAD_MEQ_L, MAX_SPREAD_MEQ_L),
        }
        for name, (low, high) in bounds.items():
            if not low <= self.personal.get(name, math.nan) <= high:
                return name
        return None

    def dump(self) -> bytes:
        """Return the card as JSON."""
        return (json.dumps(asdict(self), indent=1, allow_nan=False) + "\n").encode("utf-8")


def _fields(content: bytes) -> dict[str, Any]:
    """Return the fields of a card's JSON, before which an editor may have put a mark; ValueError where it is none."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")) or 0 in content[:4]:
        raise ValueError("its text is UTF-16 or UTF-32, not UTF-8")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise ValueError(f"its text is not UTF-8, at byte {exc.start}") from exc
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.DecodeError:
        if found := re.search(r"[:,[]\s*(NaN|-?Infinity)\b", text):  # which Python writes, and JSON has not
            line = text.count("\n", 0, found.start(1)) + 1
            raise ValueError(f"{found[1]} in line {line} is no number of JSON") from None
        raise
