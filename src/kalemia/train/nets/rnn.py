"""The founding study's recurrent layer without any convolution."""

from __future__ import annotations

from torch import nn

from kalemia.train.design import Design
from kalemia.train.nets.layers import Last
from kalemia.train.nets.network import Network


class RNN(Network):
    """An LSTM that reads the wave as it is (DOI 10.5573/ieie.2022.59.2.59)."""

    source = "DOI 10.5573/ieie.2022.59.2.59"

    def __init__(self, design: Design, _samples: int) -> None:
        super().__init__(design, design.lstm, nn.Identity(), Last(1, design.lstm))
