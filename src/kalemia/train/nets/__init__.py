"""The networks, a file each, and how one is built: for one lead, or shared by several that it reads one by one."""

from __future__ import annotations

from collections.abc import Callable

from torch import nn

from kalemia.train.design import Design
from kalemia.train.nets.cnn import CNN
from kalemia.train.nets.crnn import CRNN
from kalemia.train.nets.dscnn import DSCNN
from kalemia.train.nets.dscrnn import DSCRNN
from kalemia.train.nets.estimator import Estimator, OneLead, SeveralLeads, Shape
from kalemia.train.nets.fnn import FNN
from kalemia.train.nets.network import Network
from kalemia.train.nets.rnn import RNN
from kalemia.train.nets.screening import Screening

__all__ = ["NETWORKS", "Estimator", "Network", "OneLead", "SeveralLeads", "Shape", "build", "parameters"]

NETWORKS: dict[str, Callable[[Design, int], Network]] = {
    "FNN": FNN,
    "CNN": CNN,
    "RNN": RNN,
    "CRNN": CRNN,
    "DSCNN": DSCNN,
    "DSCRNN": DSCRNN,
    "screening CNN": Screening,
}
"""Every network that can be trained or studied, by the name that configurations and studies call it."""


def build(design: Design, shape: Shape) -> Estimator:
    """Return an untrained network that estimates."""
    body = NETWORKS[design.kind](design, shape.samples)
    return OneLead(shape, body) if shape.leads == 1 else SeveralLeads(shape, body)


def parameters(net: nn.Module) -> int:
    """Count what training changes."""
    return sum(p.numel() for p in net.parameters())
