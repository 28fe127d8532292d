"""From a model and a cohort to a model that is calibrated on it, where that helps."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from kalemia import __version__
from kalemia.adapt.figures import Figures, figures
from kalemia.adapt.folds import Fitted, Held, fitted, held
from kalemia.adapt.gather import Gathered, gather
from kalemia.adapt.layer import Ecgs, Layer
from kalemia.cohort.cohort import Cohort
from kalemia.errors import AdaptError, NoGainError
from kalemia.estimate.card import Card
from kalemia.estimate.evidence import ratios
from kalemia.estimate.model import Model
from kalemia.export.head import Head, head_of, states, with_head
from kalemia.judge.metrics import frozen_cut
from kalemia.report.words import origin
from kalemia.system import atomic

SUFFIX = "-adapted"
Report = Callable[[str, int, int], None]
"""Told what is done, how much of it, and of how much."""


@dataclass(frozen=True, eq=False)
class Adapted:
    """A model that was fitted to a cohort, and what that brings; nothing is written yet.

    Attributes
    ----------
    onnx, card
        Its file and its card.
    figures
        Of patients kept apart.
    left_out
        Why how many ECGs of the cohort were not used.
    """

    onnx: bytes
    card: Card
    figures: Figures
    left_out: Mapping[str, int]

    @property
    def ecgs(self) -> int:
        """How many were used."""
        return int(self.card.metrics["records"])

    @property
    def text(self) -> str:
        """What a person reads of it: what was used, then a table, a line a figure."""
        before, after = self.figures.before, self.figures.after
        lines = [f"{self._from} on {self.card.training['adapted']['on']}; not used:"]
        lines += [f"  {count:,} {why}" for why, count in self.left_out.items()] or ["  none"]
        lines.append(_row("Of patients who were kept apart, in turn", "as it is", "adapted"))
        lines += [_row(name, *(str(getattr(one, field)) for one in (before, after))) for field, name in NAMES.items()]
        return "\n".join([*lines, f"Adapting adds {self.figures.gain:+} bits an ECG."])

    def write(self, out: Path) -> Path:
        """Write NAME.onnx and NAME.json into a folder and return the ONNX file's path.

        Raises
        ------
        NoGainError
            Where patients who were kept apart do not show that it helps; nothing is written.
        AdaptError
            Where it cannot be written.
        """
        if not self.figures.sure:
            raise NoGainError(f"{self._no_gain()}; nothing was written")
        path = out / f"{self.card.name}.onnx"
        with atomic.writing(out, AdaptError):
            atomic.writable(out)
            atomic.write({path: self.onnx, path.with_suffix(".json"): self.card.dump()})
        return path

    def _no_gain(self) -> str:
        kept, enough = (
            f"patients kept apart do not show that adapting {self._from} helps",
            self.figures.enough(self.ecgs),
        )
        if enough is None:
            return f"{kept}, and nothing in these {self.ecgs:,} ECGs suggests that more of them would"
        return f"{kept}; about {enough:,} ECGs like these {self.ecgs:,} may"

    @property
    def _from(self) -> str:
        return str(self.card.training["adapted"]["from"]["name"])


NAMES = {
    "bits": "bits added to the cohort's own shares",
    "auroc": "AUROC for more than 5.5 mEq/L",
    "coverage": "0.9 intervals that hold",
}
"""What the fields of `Reached` are called."""


def _row(name: str, before: str, after: str) -> str:
    return f"{name:<42}{before:<26}{after}"


def adapt(
    model: str | Path, cohort: Cohort, workers: int = 1, report: Report | None = None, *, outside: bool = False
) -> Adapted:
    """Fit the last layer of a model to the ECGs of a cohort, and see by cross-validation what that brings.

    Raises
    ------
    AdaptError
        Where the cohort has too few ECGs that the model can use, or all on one side of 5.5 mEq/L.
    CohortError
        Where the training simulated these very patients.
    """
    report = report or (lambda _what, _done, _all: None)
    loaded = Model.load(model)
    if "adapted" in loaded.card.training:
        raise AdaptError(f"{model}: was adapted already; give the model that it was made from")
    head = head_of(loaded.onnx)
    gathered = gather(model, cohort, workers, partial(report, "reading"), outside=outside)
    layer, ecgs = Layer(head.layer, head.polynomials), seen(loaded, head, gathered)
    tried = held(layer, ecgs, workers, partial(report, "cross-validating"))
    fit = fitted(layer, ecgs)
    onnx = with_head(loaded.onnx, head.with_layer(fit.layer.weights, fit.layer.polynomials))
    reached = figures(tried, ecgs)
    card = _card(loaded.card, onnx, cohort, ecgs, fit, tried, reached)
    return Adapted(onnx, card, reached, gathered.left_out)


def seen(model: Model, head: Head, gathered: Gathered) -> Ecgs:
    """Return ECGs as the last layer of a model sees them, each scaled by how sure it may be with as many leads."""
    leads = gathered.waves.any(axis=2).sum(axis=1)
    sure = np.array(model.card.sureness)[np.clip(leads - model.card.least_leads, 0, len(model.card.sureness) - 1)]
    read = states(model.onnx, head, gathered.waves, gathered.side)
    return Ecgs(read * sure[:, None], gathered.potassium, gathered.patients)


def _card(card: Card, onnx: bytes, cohort: Cohort, ecgs: Ecgs, fit: Fitted, tried: Held, reached: Figures) -> Card:
    """Return the card of the adapted model: what it says of its training is added to, of its figures replaced."""
    kind = "real" if cohort.labels == "measured" else cohort.labels
    patients = len(np.unique(ecgs.patients))
    on = f"{len(ecgs):,} {kind} ECGs of {cohort.folder.resolve().name} ({patients:,} patients)"
    made = {} if cohort.made is None else dict(zip(("level", "seed"), cohort.made, strict=True))
    source = {"name": f"adapted on {on}", "cohort": cohort.digest, "labels": cohort.labels, **made}
    how: dict[str, Any] = {
        "kalemia": __version__,
        "from": {"name": card.name, "version": card.version, "onnx_sha256": card.onnx_sha256},
        "on": on,
        "line": None if fit.line is None else asdict(fit.line),
        "strength": None if math.isinf(fit.strength) else fit.strength,
        "sureness": fit.sureness,
    }
    training = {**card.training, "sources": [*card.training.get("sources", ()), source], "adapted": how}
    return replace(
        card,
        name=f"{card.name}{SUFFIX}",
        trained_on=f"{origin(card.trained_on)}, calibrated on {on}",
        validated_on=on,
        training=training,
        metrics=_metrics(ecgs, patients, kind, tried, reached),
        onnx_sha256=hashlib.sha256(onnx).hexdigest(),
        reference=None,  # what compares two ECGs was not adapted, and would contradict what was
    )


def _metrics(ecgs: Ecgs, patients: int, kind: str, tried: Held, reached: Figures) -> dict[str, Any]:
    """Return the metrics of the card, all of patients who were kept apart in turn."""
    cut = frozen_cut(ecgs.potassium, ratios(tried.after)["high"])
    return {
        "patients": patients,
        "records": len(ecgs),
        "ecgs": kind,
        "interval_coverage": reached.after.coverage.value,
        "cut_likelihood_ratio": None if cut is None else round(cut, 4),
        "adapted": asdict(reached),
    }
