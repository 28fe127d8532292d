"""From what a network reads in each lead to potassium and its spread.

Two things are added to every network here: the gain and the RR interval go into the dense layer beside what was read,
because normalization takes the T wave's voltage away; and a second output says how far off the first may be.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from kalemia.records import SAMPLES
from kalemia.train.nets.network import Network

SPREAD_FLOOR_MEQ_L = 0.1
ABSENT = -1e4  # the logarithm of a weight that is none


@dataclass(frozen=True)
class Shape:
    """What is read, and what input and output are scaled by.

    Attributes
    ----------
    leads, samples
        Of the waves.
    centre_meq_l, scale_meq_l
        Mean and standard deviation of the training potassium; the last layer speaks in these units.
    side_centre, side_scale
        The same of the side inputs: logarithm of each gain in mV, then RR in s.
    """

    leads: int
    samples: int = SAMPLES
    centre_meq_l: float = 4.5
    scale_meq_l: float = 1.5
    side_centre: tuple[float, ...] = ()
    side_scale: tuple[float, ...] = ()


class Estimator(nn.Module):
    """Waves (n, leads, samples) and side inputs (n, leads + 1) -> potassium and spread (n,), mEq/L."""

    side_centre: Tensor
    side_scale: Tensor

    def __init__(self, shape: Shape, body: Network) -> None:
        super().__init__()
        self.shape, self.body = shape, body
        self.register_buffer("side_centre", torch.tensor(shape.side_centre or (0.0,) * (shape.leads + 1)))
        self.register_buffer("side_scale", torch.tensor(shape.side_scale or (1.0,) * (shape.leads + 1)))

    def scaled_side(self, side: Tensor) -> Tensor:
        """Return the side inputs with mean 0 and standard deviation 1 on the training data."""
        return (side - self.side_centre) / self.side_scale

    def each(self, waves: Tensor, side: Tensor, rows: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Estimate from each lead alone: potassium and spread (n, leads), mEq/L; of the leads `rows` only, if given."""
        raise NotImplementedError

    def answer(self, outputs: Tensor) -> tuple[Tensor, Tensor]:
        """Return potassium and spread in mEq/L from the dense layer's (..., 2)."""
        potassium, spread = outputs.unbind(dim=-1)
        spread = nn.functional.softplus(spread) * self.shape.scale_meq_l + SPREAD_FLOOR_MEQ_L
        return self.shape.centre_meq_l + self.shape.scale_meq_l * potassium, spread


class OneLead(Estimator):
    """A network of one lead, and one dense layer."""

    def __init__(self, shape: Shape, body: Network) -> None:
        super().__init__(shape, body)
        self.dense = nn.Linear(body.width + 2, 2)

    def forward(self, waves: Tensor, side: Tensor) -> tuple[Tensor, Tensor]:
        """Estimate; the spread is one standard deviation as the network sees it."""
        return self.answer(self.dense(torch.cat([self.body(waves), self.scaled_side(side)], dim=1)))

    def each(self, waves: Tensor, side: Tensor, rows: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Estimate, as `forward`; the one answer stands for all leads: (n, 1)."""
        del rows  # one lead is all there is
        potassium, spread = self(waves, side)
        return potassium[:, None], spread[:, None]


class SeveralLeads(Estimator):
    """Several leads, each read by the same network.

    A network that sees all leads at once learns relations between leads that the training data have and patients do
    not. This one reads each lead for itself, told which it is by a bias of its own after the first layer and a dense
    layer of its own, and combines what the leads say. A lead whose wave is zero throughout is left out.
    """

    def __init__(self, shape: Shape, body: Network) -> None:
        super().__init__(shape, body)
        seen = body.width + 2
        self.lead_code = nn.Parameter(torch.zeros(shape.leads, *body.marks(shape.samples)))
        self.dense = nn.Parameter(torch.empty(shape.leads, seen, 2).uniform_(-(seen**-0.5), seen**-0.5))
        self.bias = nn.Parameter(torch.zeros(shape.leads, 2))
        self.log_shares = nn.Parameter(torch.full((3,), -0.7))

    def only(self, rows: Sequence[int]) -> SeveralLeads:
        """Return the estimator of some of its leads, with the same weights: it says of them what this one does."""
        own, beside = list(rows), [*rows, self.shape.leads]
        shape = replace(
            self.shape,
            leads=len(own),
            side_centre=tuple(self.side_centre[beside].tolist()),
            side_scale=tuple(self.side_scale[beside].tolist()),
        )
        part, weights = SeveralLeads(shape, copy.deepcopy(self.body)), self.state_dict()
        weights |= {name: weights[name][own] for name in ("lead_code", "dense", "bias")}
        weights |= {name: weights[name][beside] for name in ("side_centre", "side_scale")}
        part.load_state_dict(weights)
        return part.eval()

    def each(self, waves: Tensor, side: Tensor, rows: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Estimate from each lead alone: potassium and spread (n, leads), mEq/L; of the leads `rows` only, if given."""
        scaled = self.scaled_side(side)
        gain, rr = scaled[:, :-1, None], scaled[:, None, -1:]
        code, dense, bias = (torch.as_tensor(own) for own in (self.lead_code, self.dense, self.bias))
        if rows is not None:
            waves, gain, code, dense, bias = waves[:, rows], gain[:, rows], code[rows], dense[rows], bias[rows]
        leads = waves.shape[1]
        first = self.body.first(waves.reshape(-1, 1, waves.shape[2]))  # leads lie in the batch: (n * leads, ...)
        marked = first.reshape(-1, leads, *first.shape[1:]) + code
        state = self.body.rest(marked.reshape(-1, *first.shape[1:]))
        seen = torch.cat([state.reshape(-1, leads, state.shape[1]), gain, rr.expand(-1, leads, -1)], dim=2)
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

    def forward(self, waves: Tensor, side: Tensor) -> tuple[Tensor, Tensor]:
        """Estimate from all leads; the spread is one standard deviation as the network sees it."""
        return self.combined(*self.each(waves, side), present(waves))


def present(waves: Tensor) -> Tensor:
    """Tell which leads (n, leads) of waves (n, leads, samples) are there: not zero throughout."""
    return waves.abs().amax(dim=2) > 0
