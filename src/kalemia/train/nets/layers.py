"""Layers that several networks are made of."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

KERNELS = (128, 64, 64)
POOLS = (2, 5, 1)
"""Of the founding study's three blocks (DOI 10.5573/ieie.2022.59.2.59)."""


class Depthwise(nn.Conv1d):
    """A kernel a channel, without a bias: (n, c, t) -> (n, c, t), zero beyond the ends.

    Training multiplies by banded matrices instead, the same sums: on a processor the gradient of a depthwise
    convolution took 60 % of a step, and the whole step takes 0.6 times as long this way.
    """

    def __init__(self, channels: int, kernel: int) -> None:
        super().__init__(channels, channels, kernel, groups=channels, bias=False)
        # "same" for even kernels, written out because a device needs to know which side is longer
        self.beyond = ((kernel - 1) // 2, kernel // 2)

    def forward(self, steps: Tensor) -> Tensor:
        """Convolve."""
        if not self.training or steps.shape[2] > 3 * len(self.weight[0, 0]):  # of a long window most would be zero
            return super().forward(nn.functional.pad(steps, self.beyond))
        last = steps.shape[2] - 1
        diagonals = nn.functional.pad(self.weight[:, 0], [last - side for side in self.beyond])  # -last to last
        banded = diagonals.flip(1).unfold(1, last + 1, 1).flip(1)  # (c, t, t): from each step to each
        return torch.bmm(steps.transpose(0, 1), banded).transpose(0, 1)


class Separable(nn.Sequential):
    """Depthwise then pointwise convolution, batch norm, ReLU, max-pooling: (n, c, t) -> (n, channels, t // pool)."""

    def __init__(self, inputs: int, channels: int, kernel: int, pool: int) -> None:
        super().__init__(Depthwise(inputs, kernel), nn.Conv1d(inputs, channels, 1), *_after(channels, pool))


class Standard(nn.Sequential):
    """Convolution over all channels, batch norm, ReLU, max-pooling: the twin of `Separable`."""

    def __init__(self, inputs: int, channels: int, kernel: int, pool: int) -> None:
        pad = nn.ConstantPad1d(((kernel - 1) // 2, kernel // 2), 0.0)
        super().__init__(pad, nn.Conv1d(inputs, channels, kernel), *_after(channels, pool))


def _after(channels: int, pool: int) -> list[nn.Module]:
    return [nn.BatchNorm1d(channels), nn.ReLU(), *([nn.MaxPool1d(pool)] if pool > 1 else [])]


class Mean(nn.Module):
    """The mean over time: (n, channels, t) -> (n, channels)."""

    def forward(self, steps: Tensor) -> Tensor:
        """Average."""
        return steps.mean(dim=2)


class Last(nn.Module):
    """The last state of an LSTM that reads (n, channels, t) from first to last: (n, width)."""

    def __init__(self, inputs: int, width: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(inputs, width, batch_first=True)

    def forward(self, steps: Tensor) -> Tensor:
        """Read."""
        states, _ = self.lstm(steps.transpose(1, 2))
        return torch.as_tensor(states[:, -1])


def blocks(block: Callable[[int, int, int, int], nn.Module], channels: int) -> list[nn.Module]:
    """Return the founding study's three blocks, separable or standard: (n, 1, t) -> (n, channels, t // 10)."""
    widths = (1, channels, channels)
    return [block(width, channels, kernel, pool) for width, kernel, pool in zip(widths, KERNELS, POOLS, strict=True)]
