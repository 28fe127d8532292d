"""The founding study's dense layers alone."""

from __future__ import annotations

from torch import nn

from kalemia.train.design import Design
from kalemia.train.nets.network import Network


class FNN(Network):
    """Two hidden layers, each as wide as `channels` says (DOI 10.5573/ieie.2022.59.2.59)."""

    source = "DOI 10.5573/ieie.2022.59.2.59"

    def __init__(self, design: Design, samples: int) -> None:
        hidden = design.channels
        first = nn.Sequential(nn.Flatten(), nn.Linear(samples, hidden), nn.ReLU())
        super().__init__(design, hidden, first, nn.Linear(hidden, hidden), nn.ReLU())
