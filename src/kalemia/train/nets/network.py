"""The base of all networks: layers that read one lead's wave."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor, nn

from kalemia.train.design import Design


class Network(nn.Sequential):
    """Layers that read the waves (n, 1, samples) of a lead: (n, width), from which a dense layer answers.

    A network is a subclass that builds its layers from a design and a number of samples, and one line in `NETWORKS`.
    Where several leads share one, what the first layer makes of a lead is marked with a bias of that lead.
    """

    source: ClassVar[str]
    """The paper that describes it."""

    def __init__(self, design: Design, width: int, *layers: nn.Module) -> None:
        super().__init__(*layers)
        self.design, self.width = design, width

    def details(self) -> Mapping[str, object]:
        """Return what a model's card says of the network beside its widths."""
        return {"source": self.source}

    def first(self, waves: Tensor) -> Tensor:
        """Return what the first layer makes of waves (n, 1, samples): (n, channels), or (n, channels, steps)."""
        return torch.as_tensor(self[0](waves))

    def rest(self, steps: Tensor) -> Tensor:
        """Return (n, width) from what the first layer made."""
        for layer in list(self)[1:]:
            steps = layer(steps)
        return steps

    @torch.no_grad()
    def marks(self, samples: int) -> tuple[int, ...]:
        """Return the shape of what marks a lead: a number a channel of the first layer, the same at every step."""
        training = self.training
        channels, *steps = self.eval().first(torch.zeros(1, 1, samples)).shape[1:]
        self.train(training)
        return channels, *(1 for _ in steps)
