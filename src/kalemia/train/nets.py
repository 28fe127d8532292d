"""The founding study's DSCRNN: three separable blocks, an LSTM, one dense layer (DOI 10.5573/ieie.2022.59.2.59).

With bias-free depthwise kernels and PyTorch's LSTM the study's network has 3,979, 9,809 or 180,089 parameters at
(channels, LSTM) = (16, 10), (32, 16), (176, 88). Two things are added to it here: the gain and the RR interval go into
the dense layer beside the LSTM's last state, because normalization takes the T wave's voltage away; and a second output
says how far off the first may be. For several leads one such network is shared: see SharedDSCRNN.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

KERNELS = (128, 64, 64)
POOLS = (2, 5, 1)
SPREAD_FLOOR_MEQ_L = 0.1
ABSENT = -1e4  # the logarithm of a weight that is none


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
        layers: list[nn.Module] = [
            Depthwise(inputs, kernel),
            nn.Conv1d(inputs, channels, 1),
            nn.BatchNorm1d(channels),
            nn.ReLU(),
        ]
        super().__init__(*layers, *([nn.MaxPool1d(pool)] if pool > 1 else []))


class Network(nn.Module):
    """What the networks share: blocks and an LSTM that read waves, and the scales of input and output."""

    side_centre: Tensor
    side_scale: Tensor

    def __init__(self, size: Size, inputs: int) -> None:
        super().__init__()
        self.size = size
        widths = (inputs, size.channels, size.channels)
        self.blocks = nn.Sequential(
            *(Separable(w, size.channels, k, p) for w, k, p in zip(widths, KERNELS, POOLS, strict=True))
        )
        self.lstm = nn.LSTM(size.channels, size.lstm, batch_first=True)
        self.register_buffer("side_centre", torch.tensor(size.side_centre or (0.0,) * (size.leads + 1)))
        self.register_buffer("side_scale", torch.tensor(size.side_scale or (1.0,) * (size.leads + 1)))

    def last_state(self, steps: Tensor) -> Tensor:
        """Read (n, channels, 27) from first to last: (n, lstm)."""
        states, _ = self.lstm(steps.transpose(1, 2))
        return torch.as_tensor(states[:, -1])

    def scaled_side(self, side: Tensor) -> Tensor:
        """Return the side inputs with mean 0 and standard deviation 1 on the training data."""
        return (side - self.side_centre) / self.side_scale

    def each(self, beats: Tensor, side: Tensor, rows: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Estimate from each lead alone: potassium and spread (n, leads), mEq/L; of the leads `rows` only, if given."""
        raise NotImplementedError

    def answer(self, outputs: Tensor) -> tuple[Tensor, Tensor]:
        """Return potassium and spread in mEq/L from the dense layer's (..., 2)."""
        potassium, spread = outputs.unbind(dim=-1)
        spread = nn.functional.softplus(spread) * self.size.scale_meq_l + SPREAD_FLOOR_MEQ_L
        return self.size.centre_meq_l + self.size.scale_meq_l * potassium, spread


class DSCRNN(Network):
    """Normalized beats (n, leads, 270) and side inputs (n, leads + 1) -> potassium and spread (n,), mEq/L."""

    def __init__(self, size: Size) -> None:
        super().__init__(size, size.leads)
        self.dense = nn.Linear(size.lstm + size.leads + 1, 2)

    def forward(self, beats: Tensor, side: Tensor) -> tuple[Tensor, Tensor]:
        """Estimate; the spread is one standard deviation as the network sees it."""
        seen = torch.cat([self.last_state(self.blocks(beats)), self.scaled_side(side)], dim=1)
        return self.answer(self.dense(seen))

    def each(self, beats: Tensor, side: Tensor, rows: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Estimate, as `forward`; the one answer stands for all leads: (n, 1)."""
        del rows  # one lead is all there is
        potassium, spread = self(beats, side)
        return potassium[:, None], spread[:, None]


class SharedDSCRNN(Network):
    """Several leads, each read by the same weights: inputs and answers as those of a DSCRNN.

    A network that sees all leads at once learns relations between leads that the training data have and patients do
    not. This one reads each lead for itself, told which it is by a bias of its own after the first block and a dense
    layer of its own, and combines what the leads say. A lead whose beat is zero throughout is left out.
    """

    def __init__(self, size: Size) -> None:
        super().__init__(size, 1)
        seen = size.lstm + 2
        self.lead_code = nn.Parameter(torch.zeros(size.leads, size.channels, 1))
        self.dense = nn.Parameter(torch.empty(size.leads, seen, 2).uniform_(-(seen**-0.5), seen**-0.5))
        self.bias = nn.Parameter(torch.zeros(size.leads, 2))
        self.log_shares = nn.Parameter(torch.full((3,), -0.7))

    def only(self, rows: Sequence[int]) -> SharedDSCRNN:
        """Return the network of some of its leads, with the same weights: it says of them what this one does."""
        own, beside = list(rows), [*rows, self.size.leads]
        size = replace(
            self.size,
            leads=len(own),
            side_centre=tuple(self.side_centre[beside].tolist()),
            side_scale=tuple(self.side_scale[beside].tolist()),
        )
        part, weights = SharedDSCRNN(size), self.state_dict()
        weights |= {name: weights[name][own] for name in ("lead_code", "dense", "bias")}
        weights |= {name: weights[name][beside] for name in ("side_centre", "side_scale")}
        part.load_state_dict(weights)
        return part.eval()

    def each(self, beats: Tensor, side: Tensor, rows: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Estimate from each lead alone: potassium and spread (n, leads), mEq/L; of the leads `rows` only, if given."""
        scaled = self.scaled_side(side)
        gain, rr = scaled[:, :-1, None], scaled[:, None, -1:]
        code, dense, bias = (torch.as_tensor(own) for own in (self.lead_code, self.dense, self.bias))
        if rows is not None:
            beats, gain, code, dense, bias = beats[:, rows], gain[:, rows], code[rows], dense[rows], bias[rows]
        leads = beats.shape[1]
        first = self.blocks[0](beats.reshape(-1, 1, beats.shape[2]))  # leads lie in the batch: (n * leads, channels, t)
        told = first.reshape(-1, leads, *first.shape[1:]) + code
        state = self.last_state(self.blocks[1:](told.reshape(-1, *first.shape[1:])))
        seen = torch.cat([state.reshape(-1, leads, self.size.lstm), gain, rr.expand(-1, leads, -1)], dim=2)
        return self.answer(torch.einsum("nls,lso->nlo", seen, dense) + bias)

    def combined(self, potassium: Tensor, spread: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
        """Weigh the leads (n, leads) that are present by their precision: potassium and spread (n,), mEq/L.

        The variance is a learned share of the leads' own, another that many leads make smaller, since their errors are
        neither one nor independent, and a share of how far the leads are apart.
        """
        weight = torch.softmax(torch.where(present, -2 * torch.log(spread), ABSENT), dim=1)
        mean = (weight * potassium).sum(dim=1)
        own = (weight * torch.square(spread)).sum(dim=1)  # the harmonic mean of the variances
        apart = (weight * torch.square(potassium - mean[:, None])).sum(dim=1)
        common, single, between = torch.exp(self.log_shares)
        count = present.sum(dim=1).clamp(min=1)
        return mean, torch.sqrt(common * own + single * own / count + between * apart) + SPREAD_FLOOR_MEQ_L

    def forward(self, beats: Tensor, side: Tensor) -> tuple[Tensor, Tensor]:
        """Estimate from all leads; the spread is one standard deviation as the network sees it."""
        return self.combined(*self.each(beats, side), present(beats))


def present(beats: Tensor) -> Tensor:
    """Tell which leads (n, leads) of beats (n, leads, 270) are there: not zero throughout."""
    return beats.abs().amax(dim=2) > 0


def network(size: Size) -> Network:
    """Return the founding study's network for one lead, and the one that reads each lead alone for several."""
    return DSCRNN(size) if size.leads == 1 else SharedDSCRNN(size)


def parameters(net: nn.Module) -> int:
    """Count what training changes."""
    return sum(p.numel() for p in net.parameters())


def study_parameters(channels: int, lstm: int) -> int:
    """Count the founding study's own network of this width: one lead, no side input, one output."""
    added = 2 * (lstm + 2 + 1) - (lstm + 1)
    return parameters(DSCRNN(Size(1, channels, lstm))) - added
