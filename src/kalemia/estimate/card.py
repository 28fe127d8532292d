"""The card of a model: the JSON file beside its ONNX file, parsed once into a typed dataclass.

It names what the network takes, how far its errors reach on patients kept apart (for the interval and the
probabilities), and what it was trained on, because a model must say that wherever it speaks.
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
from kalemia.estimate.forecast import MAX_SPREAD_MEQ_L
from kalemia.estimate.likeness import Likeness
from kalemia.records import HIGH_MEQ_L, R_SAMPLE, SAMPLES
from kalemia.signal import condition
from kalemia.system import bounded

MAX_CARD_BYTES = 4_000_000
SHARES = 0.0001, 0.9999
"""Of ECGs above 5.5, what may be told; beyond, a calibration has nobody of one kind."""

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
Level = Annotated[float, Meta(gt=0, lt=1)]
Quantile = Annotated[float, Meta(gt=-1e6, lt=1e6)]


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
    cut_meq_l: Quantile | None


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
    error_levels, error_quantiles
        The distribution of (measured - estimated) / spread on patients kept apart for calibration: conformal quantiles
        at the given levels, without unit; a row for every number of leads used, from `least_leads` to all.
    range_meq_l
        The potassium that the training patients had; no estimate goes beyond it.
    prevalence
        The share of the patients kept apart for calibration who were above 5.5 mEq/L.
    personal
        `between_meq_l` and `within_meq_l`: standard deviations of what an estimate is off by that stay with a patient
        and that come with each ECG, among `patients` simulated dialysis patients.
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
    error_levels: Annotated[tuple[Level, ...], Meta(min_length=3)]
    error_quantiles: tuple[tuple[Quantile, ...], ...]
    range_meq_l: tuple[Quantile, Quantile]
    prevalence: Share
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
        if len(self.error_quantiles) != most - least + 1:
            raise ValueError("error_quantiles have no row for every number of leads")
        rows = {f"error_quantiles row {row}": values for row, values in enumerate(self.error_quantiles)}
        for name, values in {"error_levels": self.error_levels, "range_meq_l": self.range_meq_l, **rows}.items():
            if list(values) != sorted(values):
                raise ValueError(f"{name} are not rising numbers")
        if not 0 < self.error_levels[0] < self.error_levels[-1] < 1:
            raise ValueError("error_levels are no shares that rise")
        if any(len(row) != len(self.error_levels) for row in self.error_quantiles):
            raise ValueError("error_levels and error_quantiles differ in length")
        between, within = (self.personal.get(name, math.nan) for name in ("between_meq_l", "within_meq_l"))
        if not (0 <= between < MAX_SPREAD_MEQ_L and 0 < within < MAX_SPREAD_MEQ_L):
            raise ValueError("personal has no between_meq_l and within_meq_l")
        Likeness.from_dict(self.likeness)

    def odds(self, prevalence: float) -> float:
        """Return how many times those of the calibration the odds of more than 5.5 are where this share of ECGs has it.

        Of patients above 5.5 and of those not above, each is taken to look as in the calibration; only how many there
        are of either differs (Saerens 2002, "Adjusting the outputs of a classifier to new a priori probabilities").

        Raises
        ------
        ModelError
            Where the share is none, or the calibration had patients of one kind only.
        """
        least, most = SHARES
        if not (isinstance(prevalence, int | float) and least <= prevalence <= most):
            raise ModelError(
                f"the prevalence is {prevalence!r:.20}; a share from {least} to {most} is accepted, such as 0.03"
            )
        own = self.prevalence
        if not least <= own <= most:
            raise ModelError(
                f"model {self.name}: none or all of its calibration's patients were above {HIGH_MEQ_L} mEq/L; "
                "it takes no prevalence"
            )
        return prevalence / (1 - prevalence) * (1 - own) / own

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
