"""A trained network becomes a model: its ONNX file, and a card with how it came about, its errors and its metrics."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from kalemia import __version__
from kalemia.estimate.card import PREPROCESSING, Card, Reference
from kalemia.estimate.likeness import learned
from kalemia.estimate.model import Model
from kalemia.export.onnx import pair_to_onnx, to_onnx
from kalemia.records import NOTICE
from kalemia.train import nets, series
from kalemia.train.calibration import calibrate
from kalemia.train.config import Config
from kalemia.train.examples import Examples, mix_of
from kalemia.train.mix import SourceFacts
from kalemia.train.nets import Estimator, SeveralLeads
from kalemia.train.series import Learned
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
    """A model's file and card, and the file of what compares two ECGs, if there is one."""

    onnx: bytes
    card: Card
    reference: bytes | None = None


def finish(
    name: str,
    leads: tuple[str, ...],
    net: Estimator,
    examples: Mapping[str, Examples],
    history: History,
    learned_pairs: Learned | None = None,
) -> Finished:
    """Calibrate a network on the calibration part, then test it on the test part."""
    onnx, config = to_onnx(net, len(leads)), history.config
    card = _draft(name, leads, net, onnx, examples, history)
    mix = mix_of(examples["train"].potassium)
    sureness = calibrate(Model(onnx, card), examples["calibration"], mix, config.seed)
    alike = learned(examples["train"].waves, examples["calibration"].waves)
    card = replace(card, sureness=sureness, likeness=alike.to_dict())
    card = replace(card, metrics=metrics_of(Model(onnx, card), examples, mix, config.seed))
    if learned_pairs is None:
        return Finished(onnx, card)
    pair = pair_to_onnx(learned_pairs.net, len(leads))
    return Finished(onnx, replace(card, reference=_reference(card, learned_pairs, pair, config.seed)), pair)


def _reference(card: Card, learned: Learned, onnx: bytes, seed: int) -> Reference:
    """Return what the card says of the network of two ECGs."""
    return Reference(
        onnx_sha256=hashlib.sha256(onnx).hexdigest(),
        parameters=nets.parameters(learned.net),
        patients=learned.patients,
        sureness=series.sureness(learned.net, learned.held, learned.mix, card.least_leads, seed),
    )


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
        likeness={},
        onnx_sha256=hashlib.sha256(onnx).hexdigest(),
        reference=None,
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
