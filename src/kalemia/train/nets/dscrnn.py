"""The founding study's network, and the one that is shipped: convolution in depth, then a recurrent layer."""

from __future__ import annotations

from collections.abc import Mapping

from kalemia.train.design import Design
from kalemia.train.nets.layers import KERNELS, POOLS, Last, Separable, blocks
from kalemia.train.nets.network import Network


class DSCRNN(Network):
    """Three depthwise-separable blocks and an LSTM (DOI 10.5573/ieie.2022.59.2.59).

    With bias-free depthwise kernels and PyTorch's LSTM the study's network has 3,979, 9,809 or 180,089 parameters at
    (channels, LSTM) = (16, 10), (32, 16), (176, 88), its dense layer included.
    """

    source = "DOI 10.5573/ieie.2022.59.2.59"

    def __init__(self, design: Design, _samples: int) -> None:
        super().__init__(design, design.lstm, *blocks(Separable, design.channels), Last(design.channels, design.lstm))

    def details(self) -> Mapping[str, object]:
        """Return the kernels, the pools, and how many parameters the study's own network of these widths has."""
        known = {"kernels": KERNELS, "pools": POOLS, "founding_study_parameters": self.study_parameters}
        return {**known, **super().details()}

    @property
    def study_parameters(self) -> int:
        """How many the founding study's own network of these widths has: no side input, one output."""
        return sum(p.numel() for p in self.parameters()) + self.design.lstm + 1
