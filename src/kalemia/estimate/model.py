"""A bundled model: an ONNX file and the JSON card beside it; numpy in, numpy out."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from functools import cached_property, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kalemia.errors import ModelError
from kalemia.estimate.card import PREPROCESSING, Card
from kalemia.estimate.evidence import BINS, Evidence
from kalemia.estimate.likeness import Likeness
from kalemia.records import SAMPLES, Beat, ModelName
from kalemia.system import bounded

# onnxruntime would write what it is used for into the user's cache, for its maker to collect.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

MAX_ONNX_BYTES = 64_000_000
REFERENCE = ".reference.onnx"
"""How the file ends, beside a model's, of the network that compares two ECGs."""
DEFAULT = "12-4k"
"""The bundled model that `predict` takes: it reads whichever of the leads I, II and V1 to V6 are there and good."""

Float32 = NDArray[np.float32]


class Model:
    """A network that is ready to run."""

    def __init__(self, onnx: bytes, card: Card, reference: Path | None = None) -> None:
        """Take an ONNX file and its card, and where the file is that compares two ECGs: it is read when it is asked."""
        _check_digest(card.name, onnx, card.onnx_sha256)
        if changed := [name for name, value in PREPROCESSING.items() if card.preprocessing.get(name) != value]:
            raise ModelError(f"model {card.name}: it was trained on beats with another {changed[0]}; train it again")
        self.card = card
        self.onnx, self._reference, self._likeness = onnx, reference, Likeness.from_dict(card.likeness)

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
        leads = len(self.card.leads)
        return _session(self.card.name, self.onnx, {"beats": [leads, SAMPLES], "side": [leads + 1]}, leads)

    def check_compares(self) -> None:
        """Raise a ModelError where there is no network that compares two ECGs, or it cannot be run."""
        _ = self._pair_session

    @cached_property
    def _pair_session(self) -> Any:
        if self.card.reference is None or self._reference is None:
            others = ", ".join(card.name for card in bundled() if card.reference)
            raise ModelError(
                f"model {self.card.name} has no network that compares two ECGs of a patient; of the bundled ones "
                f"{others or 'none'} have one"
            )
        onnx = bounded.content(self._reference, MAX_ONNX_BYTES, "an ONNX file", ModelError)
        name, leads = f"{self.card.name}{REFERENCE}", len(self.card.leads)
        _check_digest(name, onnx, self.card.reference.onnx_sha256)
        beat, side = [leads, SAMPLES], [leads + 1]
        takes = {"beats": beat, "side": side, "earlier_beats": beat, "earlier_side": side, "draw": []}
        return _session(name, onnx, takes, leads)

    def run(self, beats: Float32, side: Float32) -> NDArray[np.float64]:
        """Say of many beats how well each potassium explains them.

        Parameters
        ----------
        beats
            float32 (n, leads, 270), normalized, leads as in the card.
        side
            float32 (n, leads + 1): natural logarithm of each lead's gain in mV, then the RR interval in s.

        Returns
        -------
        log-likelihoods (n, 30) in the bins of `evidence`, which may lack a constant: what the network says, times how
        sure it may be with as many leads.
        """
        expected = (len(self.card.leads), SAMPLES)
        if beats.ndim != 3 or beats.shape[1:] != expected or side.shape != (len(beats), expected[0] + 1):
            raise ModelError(
                f"model {self.card.name}: beats have shape {beats.shape}, expected (n, {expected[0]}, {expected[1]})"
            )
        answer = self._answer(self._session, {"beats": beats, "side": side})
        return answer * self._factors(self.card.sureness, shown(beats))

    def compare(self, beat: Beat, earlier: Sequence[Beat], draws: Sequence[float]) -> NDArray[np.float64]:
        """Say what a beat says of potassium beside earlier ones of the same heart.

        Parameters
        ----------
        beat, earlier
            Today's, and n others; what leads both have in good condition is compared.
        draws
            The potassium, mEq/L, that was measured with each earlier one.

        Returns
        -------
        log-likelihoods (n, 30) of potassium now, as `run` returns them.

        Raises
        ------
        ModelError
            The model has no network for that, or it returns what is no number.
        """
        session, reference = self._pair_session, self.card.reference
        assert reference is not None, "its file was there"
        now, now_side = (np.repeat(one, len(earlier), axis=0) for one in inputs([beat], self.card.leads))
        then, then_side = inputs(earlier, self.card.leads)
        there = now.any(axis=2) & then.any(axis=2)
        given = {"beats": now, "side": now_side, "earlier_beats": then, "earlier_side": then_side}
        answer = self._answer(session, given | {"draw": np.array(draws, np.float32)})
        if not np.isfinite(answer).all():
            raise ModelError("the network returned no number for this beat and an earlier one")
        return answer * self._factors(reference.sureness, there.sum(axis=1))

    def _answer(self, session: Any, given: dict[str, Float32]) -> NDArray[np.float64]:
        """Return what a network says of n beats, (n, 30)."""
        try:
            outputs = session.run(None, given)
        except Exception as exc:  # onnxruntime raises a class of its own per fault
            raise ModelError(f"model {self.card.name}: its network cannot be run on a beat") from exc
        count = len(given["beats"])
        if [np.shape(output) for output in outputs] != [(count, BINS)] or outputs[0].dtype.kind != "f":
            raise ModelError(f"model {self.card.name}: its network does not answer with {BINS} likelihoods a beat")
        return np.asarray(outputs[0], np.float64)

    def _factors(self, sureness: tuple[float, ...], leads: NDArray[np.intp]) -> NDArray[np.float64]:
        """Return how sure a network may be of beats with so many leads (n,): factors (n, 1)."""
        row = np.clip(leads - self.card.least_leads, 0, len(sureness) - 1)
        return np.asarray(np.array(sureness)[row][:, None])

    def evidence(self, beat: Beat) -> Evidence:
        """Return what a beat says, from those of the model's leads that it has in good condition.

        Raises
        ------
        ModelError
            The network returns what is no number.
        """
        (log_likelihood,) = self.run(*inputs([beat], self.card.leads))
        if not np.isfinite(log_likelihood).all():
            raise ModelError("the network returned no number for this beat")
        return Evidence.of(log_likelihood)

    def unlike(self, waves: Float32) -> list[str | None]:
        """Say of each normalized beat (n, 270) why it is unlike those that the model was trained on, or None."""
        return [None] * len(waves) if self._likeness is None else self._likeness.problems(waves)


def _check_digest(name: str, onnx: bytes, expected: str) -> None:
    digest = hashlib.sha256(onnx).hexdigest()
    if digest != expected:
        raise ModelError(f"model {name}: its file has sha256 {digest[:12]}, its card {expected[:12]}")


def _session(name: str, onnx: bytes, takes: dict[str, list[int]], leads: int) -> Any:
    """Return a network that is ready to run, and takes what it should."""
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = 1  # a beat takes 0.1 ms; a second thread costs more than it brings
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        session = ort.InferenceSession(onnx, options, providers=["CPUExecutionProvider"])
    except Exception as exc:  # onnxruntime raises a class of its own per fault
        raise ModelError(f"model {name}: its ONNX file is damaged or of a kind that cannot be run") from exc
    if {entry.name: entry.shape[1:] for entry in session.get_inputs()} != takes:
        raise ModelError(f"model {name}: its ONNX file does not take the {leads} leads that its card names")
    return session


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
    return [Model.load(name).card for name in _bundled_names()]


models = bundled
"""What `kalemia.models` is."""


def _bundled_names() -> list[str]:
    return sorted(path.stem for path in _assets().glob("*.onnx") if not path.name.endswith(REFERENCE))


def _assets() -> Path:
    return Path(str(files("kalemia") / "assets"))


@lru_cache(maxsize=8)
def _load(name: str) -> Model:
    path = Path(name)
    if path.suffix != ".onnx":
        path = _assets() / f"{name}.onnx"
        known = _bundled_names()
        if name not in known:
            raise ModelError(
                f"no model {name!r}; the bundled ones are {', '.join(known)}, or give the path of a .onnx file"
            )
    onnx = bounded.content(path, MAX_ONNX_BYTES, "an ONNX file", ModelError)
    return Model(onnx, Card.load(path.with_suffix(".json")), path.with_suffix(REFERENCE))
