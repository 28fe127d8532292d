"""Make the model that the tests of the runtime run, so that they need no torch: `python tests/tiny_model.py`.

Its weights are drawn, not trained. It takes lead V5 and answers with numbers that differ from beat to beat, which is
all that the tests of model, predict and the command line ask of it.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import torch

from kalemia.estimate.card import PREPROCESSING, Card
from kalemia.estimate.evidence import BINS
from kalemia.export.onnx import to_onnx
from kalemia.records import NOTICE
from kalemia.train.design import Design
from kalemia.train.nets import Estimator, Shape, build, parameters

FOLDER = Path(__file__).parent / "data"
DESIGN = Design("DSCRNN", channels=2, lstm=2)
SHAPE = Shape(1, side_centre=(0.0, 0.8), side_scale=(0.5, 0.2))


def network() -> Estimator:
    """Return a network whose weights depend on nothing but numpy's generator."""
    net = build(DESIGN, SHAPE)
    rng = np.random.Generator(np.random.PCG64(7))
    with torch.no_grad():
        for weights in net.parameters():
            weights.copy_(torch.from_numpy(rng.normal(0, 0.3, tuple(weights.shape))))
    return net.eval()


def card(onnx: bytes) -> Card:
    """Return a card of a network that is as sure as it says."""
    return Card(
        name="tiny",
        version="0.0.1",
        leads=("V5",),
        least_leads=1,
        parameters=parameters(network()),
        architecture={"network": DESIGN.kind, "channels": DESIGN.channels, "lstm": DESIGN.lstm},
        preprocessing=PREPROCESSING,
        trained_on="nothing: the weights are drawn",
        validated_on="nothing",
        training={},
        metrics={},
        sureness=(1.0,),
        mix=(1 / BINS,) * BINS,
        personal={"intercept_meq_l": 2.0, "slope": 0.6, "between_meq_l": 0.6, "within_meq_l": 0.5},
        likeness={},
        onnx_sha256=hashlib.sha256(onnx).hexdigest(),
        notice=NOTICE,
    )


def write(folder: Path) -> None:
    """Write tiny.onnx and tiny.json."""
    folder.mkdir(exist_ok=True)
    onnx = to_onnx(network(), SHAPE.leads)
    (folder / "tiny.onnx").write_bytes(onnx)
    (folder / "tiny.json").write_bytes(card(onnx).dump())


if __name__ == "__main__":
    write(FOLDER)
