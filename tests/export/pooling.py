"""A network without an LSTM as training writes it, its weights not yet trained."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import torch

from kalemia.estimate.model import Model
from kalemia.export.onnx import to_onnx
from kalemia.train.design import Design
from kalemia.train.nets import Shape, build
from kalemia.train.nets.estimator import SeveralLeads


def model(leads: int) -> Model:
    """Return a DSCNN of one lead: of its own, or one of several that shared it."""
    torch.manual_seed(1)
    net = build(Design("DSCNN", 16), Shape(leads)).eval()
    content = to_onnx(net.only([1]) if isinstance(net, SeveralLeads) else net, 1)
    card = replace(Model.load("v5-4k").card, name="pooling", architecture={"network": "DSCNN"}, reference=None)
    return Model(content, replace(card, onnx_sha256=hashlib.sha256(content).hexdigest()))
