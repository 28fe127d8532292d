"""The founding study's network with standard convolutions and without its recurrent layer."""

from __future__ import annotations

from kalemia.train.design import Design
from kalemia.train.nets.layers import Mean, Standard, blocks
from kalemia.train.nets.network import Network


class CNN(Network):
    """Three convolutional blocks and the mean over time (DOI 10.5573/ieie.2022.59.2.59)."""

    source = "DOI 10.5573/ieie.2022.59.2.59"

    def __init__(self, design: Design, _samples: int) -> None:
        super().__init__(design, design.channels, *blocks(Standard, design.channels), Mean())
