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
DEFAULT = "12-4k"
"""The bundled model that `predict` takes: it reads whichever of the leads I, II and V1 to V6 are there and good."""

Float32 = NDArray[np.float32]


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
        self._sureness = np.array(card.sureness)

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
        takes = {entry.name: entry.shape[1:] for entry in session.get_inputs()}
        if takes != {"beats": [leads, SAMPLES], "side": [leads + 1]}:
            raise ModelError(
                f"model {self.card.name}: its ONNX file does not take the {leads} leads that its card names"
            )
        return session

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
        session = self._session
        try:
            outputs = session.run(None, {"beats": beats, "side": side})
        except Exception as exc:  # onnxruntime raises a class of its own per fault
            raise ModelError(f"model {self.card.name}: its network cannot be run on a beat") from exc
        if [np.shape(output) for output in outputs] != [(len(beats), BINS)] or outputs[0].dtype.kind != "f":
            raise ModelError(f"model {self.card.name}: its network does not answer with {BINS} likelihoods a beat")
        row = np.clip(shown(beats) - self.card.least_leads, 0, len(self._sureness) - 1)
        return np.asarray(outputs[0] * self._sureness[row][:, None])

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
