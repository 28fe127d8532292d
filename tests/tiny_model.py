"""Make the model that the tests of the runtime run, so that they need no torch: `python tests/tiny_model.py`.

Its weights are drawn, not trained. It takes lead V5 and answers with numbers that differ from beat to beat, which is
all that the tests of model, predict and the command line ask of it.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import torch

from kalemia.estimate.card import PREPROCESSING, Card, Reference
from kalemia.estimate.evidence import BINS
from kalemia.estimate.model import REFERENCE
from kalemia.export.onnx import pair_to_onnx, to_onnx
from kalemia.records import NOTICE
from kalemia.train.design import Design
from kalemia.train.nets import Estimator, Shape, build, parameters
from kalemia.train.nets.paired import Comparison, Paired

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


def pair() -> Paired:
    """Return a network of two ECGs whose weights are drawn, too."""
    net = network()
    comparison = Comparison(SHAPE.leads, net.body.width + 2)
    rng = np.random.Generator(np.random.PCG64(8))
    with torch.no_grad():
        for weights in comparison.parameters():
            weights.copy_(torch.from_numpy(rng.normal(0, 0.3, tuple(weights.shape))))
    return Paired(net, comparison).eval()


def card(onnx: bytes, reference: bytes) -> Card:
    """Return a card of networks that are as sure as they say."""
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
        likeness={},
        onnx_sha256=hashlib.sha256(onnx).hexdigest(),
        reference=Reference(hashlib.sha256(reference).hexdigest(), parameters(pair()), 0, (1.0,)),
        notice=NOTICE,
    )


def write(folder: Path) -> None:
    """Write tiny.onnx, tiny.reference.onnx and tiny.json."""
    folder.mkdir(exist_ok=True)
    onnx = to_onnx(network(), SHAPE.leads)
    (folder / "tiny.onnx").write_bytes(onnx)
    reference = pair_to_onnx(pair(), SHAPE.leads)
    (folder / f"tiny{REFERENCE}").write_bytes(reference)
    (folder / "tiny.json").write_bytes(card(onnx, reference).dump())


if __name__ == "__main__":
    write(FOLDER)
