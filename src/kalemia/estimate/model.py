"""A bundled model: an ONNX file and the JSON card beside it; numpy in, numpy out.

The card is parsed once, into a typed dataclass. It names what the network takes, how far its errors reach on patients
kept apart (for the interval and the probabilities), and what it was trained on, because a model must say that wherever
it speaks.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kalemia.errors import ModelError
from kalemia.estimate.likeness import Likeness
from kalemia.records import HIGH_MEQ_L, Beat, ModelName
from kalemia.signal import condition
from kalemia.signal.beat import R_SAMPLE, SAMPLES
from kalemia.system import bounded

# onnxruntime would write what it is used for into the user's cache, for its maker to collect.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

MAX_ONNX_BYTES, MAX_CARD_BYTES = 64_000_000, 4_000_000
MAX_SPREAD_MEQ_L = 50.0
SHARES = 0.0001, 0.9999
"""Of ECGs above 5.5, what may be told; beyond, a calibration has nobody of one kind."""
DEFAULT = "12-4k"
"""The bundled model that `predict` takes: it reads whichever of the leads I, II and V1 to V6 are there and good."""

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

Float32 = NDArray[np.float32]


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
    leads: tuple[str, ...]
    least_leads: int
    parameters: int
    architecture: Mapping[str, Any]
    preprocessing: Mapping[str, Any]
    trained_on: str
    validated_on: str
    training: Mapping[str, Any]
    metrics: Mapping[str, Any]
    error_levels: tuple[float, ...]
    error_quantiles: tuple[tuple[float, ...], ...]
    range_meq_l: tuple[float, float]
    prevalence: float
    personal: Mapping[str, float]
    likeness: Mapping[str, Any]
    onnx_sha256: str
    notice: str

    @classmethod
    def load(cls, path: Path) -> Card:
        """Read a card from its JSON file; ModelError where it is missing or a field is missing or unknown."""
        try:
            fields: dict[str, Any] = json.loads(
                bounded.content(path, MAX_CARD_BYTES, "the JSON card of a model", ModelError)
            )
            tuples: dict[str, Any] = {k: _tuples(v) for k, v in fields.items()}
        except (ValueError, TypeError, AttributeError, RecursionError) as exc:
            raise ModelError(f"{path}: not a model card; expected the JSON that kalemia train writes") from exc
        known = {field.name for field in dataclasses.fields(cls)}
        strange = [f"{name[:40]!r} is missing" for name in sorted(known - set(tuples))]
        strange += [f"{name[:40]!r} is not known" for name in sorted(set(tuples) - known)]
        if fault := strange[0] if strange else cls(**tuples).fault():
            raise ModelError(f"{path}: not a model card ({fault}); expected the JSON that kalemia train writes")
        return cls(**tuples)

    def fault(self) -> str | None:
        """Say which field is not what the network or the interval needs, or None."""
        wrong = [name for name, kind in _KINDS.items() if not isinstance(getattr(self, name), kind)]
        if wrong:
            return f"{wrong[0]} is not of its kind"
        if not self.leads or not all(isinstance(lead, str) for lead in self.leads):
            return "leads are not names"
        if not 1 <= self.least_leads <= len(self.leads):
            return "least_leads is no number of leads"
        if len(self.error_quantiles) != len(self.leads) - self.least_leads + 1:
            return "error_quantiles have no row for every number of leads"
        rows = {f"error_quantiles row {row}": values for row, values in enumerate(self.error_quantiles)}
        for name, values in {"error_levels": self.error_levels, "range_meq_l": self.range_meq_l, **rows}.items():
            if not _rising(values):
                return f"{name} are not rising numbers"
        if len(self.error_levels) < 3 or any(len(row) != len(self.error_levels) for row in self.error_quantiles):
            return "error_levels and error_quantiles differ in length"
        if len(self.range_meq_l) != 2 or not 0 < self.error_levels[0] < self.error_levels[-1] < 1:
            return "range_meq_l is no range, or error_levels are no shares"
        if not 0 <= self.prevalence <= 1:
            return "prevalence is no share"
        parts = [self.personal.get(name) for name in ("between_meq_l", "within_meq_l")]
        if not all(isinstance(part, int | float) and 0 <= part < MAX_SPREAD_MEQ_L for part in parts) or not parts[1]:
            return "personal has no between_meq_l and within_meq_l"
        try:
            Likeness.from_dict(self.likeness)
        except ValueError:
            return "likeness has no mean, axes and limit"
        return None

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


def _tuples(value: Any) -> Any:
    """Return JSON's lists as tuples, to the second depth that a card has."""
    return tuple(tuple(v) if isinstance(v, list) else v for v in value) if isinstance(value, list) else value


def _rising(values: Any) -> bool:
    kinds = isinstance(values, tuple) and all(type(v) in {int, float} and abs(v) < 1e6 for v in values)
    return kinds and bool((np.diff(values) >= 0).all())


_KINDS: dict[str, type] = {
    **dict.fromkeys(("name", "version", "trained_on", "validated_on", "onnx_sha256", "notice"), str),
    **dict.fromkeys(("leads", "error_levels", "error_quantiles", "range_meq_l"), tuple),
    **dict.fromkeys(("architecture", "preprocessing", "training", "metrics", "personal", "likeness"), dict),
    **dict.fromkeys(("parameters", "least_leads"), int),
    "prevalence": float,
}


@dataclass(frozen=True)
class Forecast:
    """What a model says about one beat: the potassium and the spread it expects, in mEq/L, and from how many leads.

    `odds` is how many times those of the calibration the odds of more than 5.5 mEq/L are where the beat comes from.
    """

    potassium_meq_l: float
    spread_meq_l: float
    leads: int = 1
    odds: float = 1.0

    def widened(self, error_meq_l: float) -> Forecast:
        """Return the same with a further error, mEq/L, that is independent of the network's own."""
        return dataclasses.replace(self, spread_meq_l=math.hypot(self.spread_meq_l, error_meq_l))

    @property
    def sane(self) -> bool:
        """Whether these are numbers that an interval can be made of."""
        return math.isfinite(self.potassium_meq_l) and 0 < self.spread_meq_l < MAX_SPREAD_MEQ_L


class Model:
    """A network that is ready to run."""

    def __init__(self, onnx: bytes, card: Card) -> None:
        digest = hashlib.sha256(onnx).hexdigest()
        if digest != card.onnx_sha256:
            raise ModelError(f"model {card.name}: its file has sha256 {digest[:12]}, its card {card.onnx_sha256[:12]}")
        if changed := [name for name, value in PREPROCESSING.items() if card.preprocessing.get(name) != value]:
            raise ModelError(f"model {card.name}: it was trained on beats with another {changed[0]}; train it again")
        self.card = card
        self._onnx, self._likeness = onnx, Likeness.from_dict(card.likeness)
        self._levels, quantiles = np.array(card.error_levels), np.array(card.error_quantiles)
        # An estimate is the median of what it says of the patient, so that "high" means that high is likelier than not.
        self._medians = np.array([np.interp(0.5, self._levels, row) for row in quantiles])
        self._quantiles = quantiles - self._medians[:, None]

    @classmethod
    def load(cls, name: str | Path) -> Model:
        """Load a bundled model by name, or any by the path of its ONNX file with its card beside it."""
        return _load(str(name))

    @property
    def name(self) -> ModelName:
        """The model's name as an Estimate carries it."""
        return ModelName(self.card.name, self.card.version, self.card.onnx_sha256, self.card.trained_on)

    @cached_property
    def _session(self) -> Any:
        import onnxruntime as ort

        options = ort.SessionOptions()
        options.intra_op_num_threads = 1  # a beat takes 0.1 ms; a second thread costs more than it brings
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            session = ort.InferenceSession(self._onnx, options, providers=["CPUExecutionProvider"])
        except Exception as exc:  # onnxruntime raises a class of its own per fault
            raise ModelError(
                f"model {self.card.name}: its ONNX file is damaged or of a kind that cannot be run"
            ) from exc
        leads = len(self.card.leads)
        takes = {found.name: found.shape[1:] for found in session.get_inputs()}
        if takes != {"beats": [leads, SAMPLES], "side": [leads + 1]}:
            raise ModelError(
                f"model {self.card.name}: its ONNX file does not take the {leads} leads that its card names"
            )
        return session

    def run(self, beats: Float32, side: Float32) -> tuple[Float32, Float32]:
        """Estimate many beats.

        Parameters
        ----------
        beats
            float32 (n, leads, 270), normalized, leads as in the card.
        side
            float32 (n, leads + 1): natural logarithm of each lead's gain in mV, then the RR interval in s.

        Returns
        -------
        potassium and spread, float32 (n,) each, mEq/L. The potassium is what the network says, moved to the median of
        the errors that the card has for as many leads.
        """
        expected = (len(self.card.leads), SAMPLES)
        if beats.ndim != 3 or beats.shape[1:] != expected or side.shape != (len(beats), expected[0] + 1):
            raise ModelError(
                f"model {self.card.name}: beats have shape {beats.shape}, expected (n, {expected[0]}, {expected[1]})"
            )
        session = self._session
        try:
            outputs = session.run(None, {"beats": beats, "side": side})
        except Exception as exc:  # onnxruntime raises a class of its own per fault
            raise ModelError(f"model {self.card.name}: its network cannot be run on a beat") from exc
        if [np.shape(output) for output in outputs] != [(len(beats),)] * 2:
            raise ModelError(
                f"model {self.card.name}: its network does not answer with a potassium and a spread a beat"
            )
        potassium, spread = outputs
        low, high = self.card.range_meq_l
        medians = self._medians[self._row(shown(beats))].astype(np.float32)
        return np.clip(potassium + spread * medians, low, high), spread

    def forecast(self, beat: Beat) -> Forecast:
        """Estimate one beat from those of the model's leads that it has in good condition."""
        beats, side = inputs([beat], self.card.leads)
        potassium, spread = self.run(beats, side)
        return Forecast(float(potassium[0]), float(spread[0]), int(shown(beats)[0]))

    def unlike(self, wave: Float32) -> str | None:
        """Say why a normalized beat (270,) is unlike those that the model was trained on, or None."""
        return None if self._likeness is None else self._likeness.problem(wave)

    def interval(self, forecast: Forecast, coverage: float) -> tuple[float, float]:
        """Return the conformal interval (low, high) in mEq/L that holds the true potassium with this probability."""
        return self.quantile(forecast, (1 - coverage) / 2), self.quantile(forecast, (1 + coverage) / 2)

    def quantile(self, forecast: Forecast, level: float) -> float:
        """Return the potassium, mEq/L, below which the true one is with this probability."""
        below = self._below(forecast, HIGH_MEQ_L)
        asked = level * (below + forecast.odds * (1 - below))
        trained = asked if asked <= below else below + (asked - below) / forecast.odds
        error = np.interp(trained, self._levels, self._errors(forecast))
        return forecast.potassium_meq_l + forecast.spread_meq_l * float(error)

    def probability_above(self, forecast: Forecast, cut_meq_l: float) -> float:
        """Return the probability that the true potassium is above a cut."""
        under, below = self._below(forecast, cut_meq_l), self._below(forecast, HIGH_MEQ_L)
        above = max(below - under, 0.0) + forecast.odds * (1 - max(under, below))
        return above / (below + forecast.odds * (1 - below))

    def _below(self, forecast: Forecast, cut_meq_l: float) -> float:
        """Return the probability, in the calibration's mix, that the true potassium is below a cut."""
        needed = (cut_meq_l - forecast.potassium_meq_l) / forecast.spread_meq_l
        return float(np.interp(needed, self._errors(forecast), self._levels, left=0.0, right=1.0))

    def _errors(self, forecast: Forecast) -> NDArray[np.float64]:
        return np.asarray(self._quantiles[self._row(forecast.leads)])

    def _row(self, leads: NDArray[np.intp] | int) -> NDArray[np.intp]:
        """Return the place of the errors for a number of leads."""
        return np.asarray(np.clip(np.subtract(leads, self.card.least_leads), 0, len(self._quantiles) - 1))


def shown(waves: Float32) -> NDArray[np.intp]:
    """Count the leads that are there in waves (n, leads, 270): (n,)."""
    return np.asarray(waves.any(axis=2).sum(axis=1), dtype=np.intp)


def inputs(beats: Sequence[Beat], leads: tuple[str, ...]) -> tuple[Float32, Float32]:
    """Stack beats into what `Model.run` takes; a lead that is absent or has a problem is zero, its gain 1 mV."""
    waves = np.zeros((len(beats), len(leads), SAMPLES), np.float32)
    side = np.zeros((len(beats), len(leads) + 1), np.float32)
    for beat, wave, numbers in zip(beats, waves, side, strict=True):
        good = [place for place, lead in enumerate(leads) if lead in beat.good]
        rows = [beat.leads.index(leads[place]) for place in good]
        wave[good] = beat.waveform[rows]
        numbers[good] = np.log(np.maximum(beat.gain_mv[rows], 1e-3))
        numbers[-1] = beat.rr_s
    return waves, side


def bundled() -> list[Card]:
    """Return the cards of the bundled models."""
    return [Model.load(path.name.removesuffix(".onnx")).card for path in sorted(_assets().glob("*.onnx"))]


def _assets() -> Path:
    return Path(str(files("kalemia") / "assets"))


@lru_cache(maxsize=8)
def _load(name: str) -> Model:
    path = Path(name)
    if path.suffix != ".onnx":
        path = _assets() / f"{name}.onnx"
        known = sorted(p.stem for p in _assets().glob("*.onnx"))
        if name not in known:
            raise ModelError(
                f"no model {name!r}; the bundled ones are {', '.join(known)}, or give the path of a .onnx file"
            )
    onnx = bounded.content(path, MAX_ONNX_BYTES, "an ONNX file", ModelError)
    return Model(onnx, Card.load(path.with_suffix(".json")))
