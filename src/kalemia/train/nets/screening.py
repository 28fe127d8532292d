"""A network of the kind that screens for hyperkalemia."""

from __future__ import annotations

from torch import nn

from kalemia.train.design import Design
from kalemia.train.nets.layers import Standard
from kalemia.train.nets.network import Network

DEPTH, WIDTH = 8, 32


class Screening(Network):
    """Eight narrow convolutions in depth, then two dense layers, as in Galloway 2019.

    DOI 10.1001/jamacardio.2019.0640. Width doubles after three layers, and every other layer halves the steps.
    """

    source = "DOI 10.1001/jamacardio.2019.0640"

    def __init__(self, design: Design, samples: int) -> None:
        widths = [1, *(design.channels * 2 ** (place // 3) for place in range(DEPTH))]
        layers = [
            Standard(widths[place], widths[place + 1], 5 if place < DEPTH // 2 else 3, 2 if place % 2 == 0 else 1)
            for place in range(DEPTH)
        ]
        steps = samples // 2 ** (DEPTH // 2)
        dense = nn.Sequential(
            nn.Flatten(), nn.Linear(widths[-1] * steps, 64), nn.ReLU(), nn.Linear(64, WIDTH), nn.ReLU()
        )
        super().__init__(design, WIDTH, *layers, dense)
