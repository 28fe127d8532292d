"""A trained network becomes a model: its ONNX file, and a card with how it came about, its errors and its metrics."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from scipy.special import softmax

from kalemia import __version__
from kalemia.estimate.card import PREPROCESSING, Card
from kalemia.estimate.evidence import CENTRES_MEQ_L
from kalemia.estimate.likeness import learned
from kalemia.estimate.model import Model
from kalemia.export.onnx import to_onnx
from kalemia.records import NOTICE
from kalemia.train import labelled, nets, personal
from kalemia.train.calibration import answers, calibrate
from kalemia.train.config import Config
from kalemia.train.design import Cut
from kalemia.train.examples import Examples, mix_of
from kalemia.train.mix import SourceFacts
from kalemia.train.nets import Estimator, SeveralLeads
from kalemia.train.teaching import Taught
from kalemia.train.tested import metrics_of

SEVERAL = (
    "trained on several leads: one set of weights reads each lead alone, with a bias a lead after the first block and "
    "a dense layer a lead; the leads' log-likelihoods are added up and divided by a power of their number; a lead that "
    "is zero throughout is left out"
)


@dataclass(frozen=True)
class History:
    """How a model came about: from which ECGs of which sources, and how well its networks validate."""

    config: Config
    labels: str
    beats: Mapping[str, int]
    refused: Mapping[str, int]
    sources: tuple[SourceFacts, ...]
    taught: Taught

    def to_json(self) -> dict[str, Any]:
        """Return it as a card has it."""
        return {
            "kalemia": __version__,
            "config": self.config.model_dump(mode="json"),
            "labels": self.labels,
            "split": "by patient, and by the real record beneath; none is in two parts",
            "beats": dict(self.beats),
            "refused": dict(self.refused),
            "sources": [source.to_json() for source in self.sources],
            "network": self.taught.fitted.to_json(),
            "teachers": [teacher.to_json() for teacher in self.taught.teachers],
        }


@dataclass(frozen=True)
class Finished:
    """A model's file and card."""

    onnx: bytes
    card: Card


def finish(
    name: str,
    leads: tuple[str, ...],
    net: Estimator,
    examples: Mapping[str, Examples],
    history: History,
    workers: int = 1,
) -> Finished:
    """Calibrate a network on the calibration part, then test it on the test part."""
    onnx, config = to_onnx(net, len(leads)), history.config
    card = _draft(name, leads, net, onnx, examples, history)
    mix = mix_of(examples["train"].potassium)
    sureness = calibrate(Model(onnx, card), examples["calibration"], mix, config.seed)
    alike = learned(examples["train"].waves, examples["calibration"].waves)
    card = replace(card, sureness=sureness, likeness=alike.to_dict())
    parts = personal_parts(Model(onnx, card), config, len(examples["calibration"]), workers)
    card = replace(card, personal=parts)
    return Finished(onnx, replace(card, metrics=metrics_of(Model(onnx, card), examples, mix, config.seed)))


def _draft(
    name: str,
    leads: tuple[str, ...],
    net: Estimator,
    onnx: bytes,
    examples: Mapping[str, Examples],
    history: History,
) -> Card:
    """Return the card of a model that nobody has calibrated or tested."""
    least = min(history.config.needed, len(leads))
    return Card(
        name=name,
        version=history.config.version,
        leads=leads,
        least_leads=least,
        parameters=nets.parameters(net),
        architecture=_architecture(net),
        preprocessing=PREPROCESSING,
        trained_on=history.labels,
        validated_on=history.labels,
        training=history.to_json(),
        metrics={},
        sureness=(1.0,) * (len(leads) - least + 1),
        mix=tuple(round(float(share), 6) for share in mix_of(examples["train"].potassium).shares),
        personal={"intercept_meq_l": 0.0, "slope": 1.0, "between_meq_l": 0.0, "within_meq_l": 1.0},
        likeness={},
        onnx_sha256=hashlib.sha256(onnx).hexdigest(),
        notice=NOTICE,
    )


def _architecture(net: Estimator) -> dict[str, object]:
    design = net.body.design
    return {
        "network": design.kind,
        "leads": SEVERAL if isinstance(net, SeveralLeads) else "one",
        "channels": design.channels,
        "lstm": design.lstm,
        **net.body.details(),
    }


def personal_parts(model: Model, config: Config, calibrated: int, workers: int = 1) -> dict[str, float]:
    """Return how much of a model's error stays with a patient, on simulated patients who are in no part of the data."""
    series, what = personal.patients(calibrated), Cut(model.card.leads, model.card.least_leads)
    examples = labelled.made(personal.maker(config.seed), series, what, workers)
    alone = softmax(answers(model, examples), axis=1) @ CENTRES_MEQ_L
    return personal.components(alone, examples.potassium, examples.patients)
