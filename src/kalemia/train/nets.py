"""The founding study's DSCRNN: three separable blocks, an LSTM, one dense layer (DOI 10.5573/ieie.2022.59.2.59).

With bias-free depthwise kernels and PyTorch's LSTM the study's network has 3,979, 9,809 or 180,089 parameters at
(channels, LSTM) = (16, 10), (32, 16), (176, 88). Two things are added to it here: the gain and the RR interval go into
the dense layer beside the LSTM's last state, because normalization takes the T wave's voltage away; and a second output
says how far off the first may be.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

KERNELS = (128, 64, 64)
POOLS = (2, 5, 1)
SPREAD_FLOOR_MEQ_L = 0.1


@dataclass(frozen=True)
class Size:
    """How large a DSCRNN is, and what its input and output are scaled by.

    Attributes
    ----------
    leads
        How many leads the beat has.
    channels, lstm
        Width of the separable blocks and of the recurrent layer.
    centre_meq_l, scale_meq_l
        Mean and standard deviation of the training potassium; the last layer speaks in these units.
    side_centre, side_scale
        The same of the side inputs: logarithm of each gain in mV, then RR in s.
    """

    leads: int
    channels: int
    lstm: int
    centre_meq_l: float = 4.5
    scale_meq_l: float = 1.5
    side_centre: tuple[float, ...] = ()
    side_scale: tuple[float, ...] = ()


class Separable(nn.Sequential):
    """Depthwise then pointwise convolution, batch norm, ReLU, max-pooling: (n, c, t) -> (n, channels, t // pool)."""

    def __init__(self, inputs: int, channels: int, kernel: int, pool: int) -> None:
        layers: list[nn.Module] = [
            # "same" for even kernels, written out because a device needs to know which side is longer
            nn.ConstantPad1d(((kernel - 1) // 2, kernel // 2), 0.0),
            nn.Conv1d(inputs, inputs, kernel, groups=inputs, bias=False),
            nn.Conv1d(inputs, channels, 1),
            nn.BatchNorm1d(channels),
            nn.ReLU(),
        ]
        super().__init__(*layers, *([nn.MaxPool1d(pool)] if pool > 1 else []))


class DSCRNN(nn.Module):
    """Normalized beats (n, leads, 270) and side inputs (n, leads + 1) -> potassium and spread (n,), mEq/L."""

    side_centre: Tensor
    side_scale: Tensor

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.size = size
        widths = (size.leads, size.channels, size.channels)
        self.blocks = nn.Sequential(
            *(Separable(w, size.channels, k, p) for w, k, p in zip(widths, KERNELS, POOLS, strict=True))
        )
        self.lstm = nn.LSTM(size.channels, size.lstm, batch_first=True)
        self.dense = nn.Linear(size.lstm + size.leads + 1, 2)
        self.register_buffer("side_centre", torch.tensor(size.side_centre or (0.0,) * (size.leads + 1)))
        self.register_buffer("side_scale", torch.tensor(size.side_scale or (1.0,) * (size.leads + 1)))

    def forward(self, beats: Tensor, side: Tensor) -> tuple[Tensor, Tensor]:
        """Estimate; the spread is one standard deviation as the network sees it."""
        steps = self.blocks(beats).transpose(1, 2)  # (n, 27, channels)
        states, _ = self.lstm(steps)
        seen = torch.cat([states[:, -1], (side - self.side_centre) / self.side_scale], dim=1)
        potassium, spread = self.dense(seen).unbind(dim=1)
        spread = nn.functional.softplus(spread) * self.size.scale_meq_l + SPREAD_FLOOR_MEQ_L
        return self.size.centre_meq_l + self.size.scale_meq_l * potassium, spread


def parameters(net: nn.Module) -> int:
    """Count what training changes."""
    return sum(p.numel() for p in net.parameters())


def study_parameters(channels: int, lstm: int) -> int:
    """Count the founding study's own network of this width: one lead, no side input, one output."""
    added = 2 * (lstm + 2 + 1) - (lstm + 1)
    return parameters(DSCRNN(Size(1, channels, lstm))) - added
