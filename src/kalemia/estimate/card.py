"""The card of a model: the JSON file beside its ONNX file, parsed once into a typed dataclass.

It names what the network takes, how sure it may be, and what it was trained on, because a model must say that wherever
it speaks.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
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
class Reference:
    """What is known about the network that compares two ECGs of a patient, NAME.reference.onnx.

    Attributes
    ----------
    onnx_sha256
        Of its file.
    parameters
        How many it has, those of the model itself among them, which it shares.
    patients
        How many simulated ones taught it.
    sureness
        As in `Card`, by the number of leads that both ECGs have.
    """

    onnx_sha256: str
    parameters: int
    patients: int
    sureness: tuple[Sureness, ...]


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
    reference
        Of the network that compares two ECGs of a patient; None where there is none.
    likeness
        What tells the training's beats from others, see `Likeness`; empty where there were none.
    """

    name: str
    version: str
    leads: Annotated[tuple[str, ...], Meta(min_length=1)]
    least_leads: int
    parameters: int
    architecture: Mapping[str, Any] = field(repr=False)
    preprocessing: Mapping[str, Any] = field(repr=False)
    trained_on: str
    validated_on: str
    training: Mapping[str, Any] = field(repr=False)
    metrics: Mapping[str, Any] = field(repr=False)
    sureness: tuple[Sureness, ...] = field(repr=False)
    mix: Annotated[tuple[Share, ...], Meta(min_length=BINS, max_length=BINS)] = field(repr=False)
    likeness: Mapping[str, Any] = field(repr=False)
    onnx_sha256: str = field(repr=False)
    reference: Reference | None = field(repr=False)
    notice: str = field(repr=False)

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
        if self.reference and len(self.reference.sureness) != most - least + 1:
            raise ValueError("the sureness of reference has no factor for every number of leads")
        Likeness.from_dict(self.likeness)

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
