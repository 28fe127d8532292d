"""The founding study's network with standard convolutions: what separable ones are measured against."""

from __future__ import annotations

from kalemia.train.design import Design
from kalemia.train.nets.layers import Last, Standard, blocks
from kalemia.train.nets.network import Network


class CRNN(Network):
    """Three convolutional blocks and an LSTM (DOI 10.5573/ieie.2022.59.2.59)."""

    source = "DOI 10.5573/ieie.2022.59.2.59"

    def __init__(self, design: Design, _samples: int) -> None:
        super().__init__(design, design.lstm, *blocks(Standard, design.channels), Last(design.channels, design.lstm))
