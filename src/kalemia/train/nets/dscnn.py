"""The founding study's separable convolutions without its recurrent layer."""

from __future__ import annotations

from kalemia.train.design import Design
from kalemia.train.nets.layers import Mean, Separable, blocks
from kalemia.train.nets.network import Network


class DSCNN(Network):
    """Three depthwise-separable blocks and the mean over time (DOI 10.5573/ieie.2022.59.2.59)."""

    source = "DOI 10.5573/ieie.2022.59.2.59"

    def __init__(self, design: Design, _samples: int) -> None:
        super().__init__(design, design.channels, *blocks(Separable, design.channels), Mean())
