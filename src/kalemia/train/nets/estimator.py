"""From what a network reads in each lead to what that says of potassium.

Two things are added to every network here: the gain and the RR interval go into the dense layer beside what was read,
because normalization takes the T wave's voltage away; and the answer is no number but a likelihood, so that what an ECG
says does not depend on how many of the training's patients had which potassium (`loss.surprise`).
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.polynomial import legendre
from torch import Tensor, nn

from kalemia.estimate.evidence import BINS, CENTRES_MEQ_L, EDGES_MEQ_L
from kalemia.records import SAMPLES
from kalemia.train.nets.network import Network

ORDER = 6
"""A logarithm of a likelihood is a polynomial of this degree in potassium: smooth, with room for two peaks."""
CROWDING = 0.7
"""To begin with: n leads count as n ** (1 - 0.7), for they mostly say the same."""


@dataclass(frozen=True)
class Shape:
    """What is read, and what input is scaled by.

    Attributes
    ----------
    leads, samples
        Of the waves.
    mix
        (30,) shares of the training's patients by potassium, in the bins of `estimate.evidence`.
    side_centre, side_scale
        Mean and standard deviation of the side inputs: logarithm of each gain in mV, then RR in s.
    """

    leads: int
    samples: int = SAMPLES
    mix: tuple[float, ...] = (1 / BINS,) * BINS
    side_centre: tuple[float, ...] = ()
    side_scale: tuple[float, ...] = ()


class Estimator(nn.Module):
    """Waves (n, leads, samples) and side inputs (n, leads + 1) -> log-likelihoods of potassium (n, 30).

    Those of an ECG may lack a constant.
    """

    side_centre: Tensor
    side_scale: Tensor
    polynomials: Tensor
    log_mix: Tensor

    def __init__(self, shape: Shape, body: Network) -> None:
        super().__init__()
        self.shape, self.body = shape, body
        self.register_buffer("side_centre", torch.tensor(shape.side_centre or (0.0,) * (shape.leads + 1)))
        self.register_buffer("side_scale", torch.tensor(shape.side_scale or (1.0,) * (shape.leads + 1)))
        self.register_buffer("polynomials", _polynomials(), persistent=False)
        self.register_buffer("log_mix", torch.tensor(shape.mix).log(), persistent=False)

    def scaled_side(self, side: Tensor) -> Tensor:
        """Return the side inputs with mean 0 and standard deviation 1 on the training data."""
        return (side - self.side_centre) / self.side_scale

    def states(self, waves: Tensor, side: Tensor, rows: Tensor | None = None) -> Tensor:
        """Return what the dense layer of each lead sees, (n, leads, width + 2); of the leads `rows` only, if given."""
        raise NotImplementedError

    def each(self, waves: Tensor, side: Tensor, rows: Tensor | None = None) -> Tensor:
        """Return the log-likelihoods of each lead alone (n, leads, 30); of the leads `rows` only, if given."""
        raise NotImplementedError


def _polynomials() -> Tensor:
    """Return Legendre's polynomials of the degrees 1 to `ORDER` over the bins, (ORDER, 30)."""
    low, high = EDGES_MEQ_L[[0, -1]]
    unit = (2 * CENTRES_MEQ_L - low - high) / (high - low)
    return torch.tensor(legendre.legvander(unit, ORDER)[:, 1:].T.astype(np.float32))


class OneLead(Estimator):
    """A network of one lead, and one dense layer."""

    def __init__(self, shape: Shape, body: Network) -> None:
        super().__init__(shape, body)
        self.dense = nn.Linear(body.width + 2, ORDER)

    def forward(self, waves: Tensor, side: Tensor) -> Tensor:
        """Return log-likelihoods."""
        return torch.as_tensor(self.dense(self._seen(waves, side)) @ self.polynomials)

    def _seen(self, waves: Tensor, side: Tensor) -> Tensor:
        return torch.cat([self.body(waves), self.scaled_side(side)], dim=1)

    def states(self, waves: Tensor, side: Tensor, rows: Tensor | None = None) -> Tensor:
        """Return what the dense layer sees, (n, 1, width + 2)."""
        del rows  # one lead is all there is
        return self._seen(waves, side)[:, None]

    def each(self, waves: Tensor, side: Tensor, rows: Tensor | None = None) -> Tensor:
        """Answer as `forward` does; the one answer stands for all leads: (n, 1, 30)."""
        del rows  # one lead is all there is
        return torch.as_tensor(self(waves, side))[:, None]


class SeveralLeads(Estimator):
    """Several leads, each read by the same network.

    A network that sees all leads at once learns relations between leads that the training data have and patients do
    not. This one reads each lead for itself, told which it is by a bias of its own after the first layer and a dense
    layer of its own, and adds up what the leads say. A lead whose wave is zero throughout is left out.
    """

    def __init__(self, shape: Shape, body: Network) -> None:
        super().__init__(shape, body)
        seen = body.width + 2
        self.lead_code = nn.Parameter(torch.zeros(shape.leads, *body.marks(shape.samples)))
        self.dense = nn.Parameter(torch.empty(shape.leads, seen, ORDER).uniform_(-(seen**-0.5), seen**-0.5))
        self.bias = nn.Parameter(torch.zeros(shape.leads, ORDER))
        self.crowding = nn.Parameter(torch.tensor(CROWDING))

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

    def states(self, waves: Tensor, side: Tensor, rows: Tensor | None = None) -> Tensor:
        """Return what the dense layer of each lead sees, (n, leads, width + 2); of the leads `rows` only, if given."""
        scaled = self.scaled_side(side)
        gain, rr, code = scaled[:, :-1, None], scaled[:, None, -1:], torch.as_tensor(self.lead_code)
        if rows is not None:
            waves, gain, code = waves[:, rows], gain[:, rows], code[rows]
        leads = waves.shape[1]
        first = self.body.first(waves.reshape(-1, 1, waves.shape[2]))  # leads lie in the batch: (n * leads, ...)
        marked = first.reshape(-1, leads, *first.shape[1:]) + code
        state = self.body.rest(marked.reshape(-1, *first.shape[1:]))
        return torch.cat([state.reshape(-1, leads, state.shape[1]), gain, rr.expand(-1, leads, -1)], dim=2)

    def each(self, waves: Tensor, side: Tensor, rows: Tensor | None = None) -> Tensor:
        """Return the log-likelihoods of each lead alone (n, leads, 30); of the leads `rows` only, if given."""
        seen, dense, bias = self.states(waves, side, rows), torch.as_tensor(self.dense), torch.as_tensor(self.bias)
        if rows is not None:
            dense, bias = dense[rows], bias[rows]
        return (torch.einsum("nls,lso->nlo", seen, dense) + bias) @ self.polynomials

    def combined(self, log_likelihoods: Tensor, present: Tensor) -> Tensor:
        """Add up what the leads (n, leads, 30) that are present say: see `added_up`."""
        return added_up(log_likelihoods, present, torch.as_tensor(self.crowding))

    def forward(self, waves: Tensor, side: Tensor) -> Tensor:
        """Return the log-likelihoods of all leads together."""
        return self.combined(self.each(waves, side), present(waves))


def added_up(log_likelihoods: Tensor, present: Tensor, crowding: Tensor) -> Tensor:
    """Add up what the leads (n, leads, 30) that are present say: (n, 30).

    Were they independent, their log-likelihoods would add up; they mostly say the same, so that n leads count as fewer,
    n to a power that is learned.
    """
    count = present.sum(dim=1, keepdim=True).clamp(min=1).to(log_likelihoods.dtype)
    return (log_likelihoods * present[:, :, None]).sum(dim=1) * count**-crowding


def present(waves: Tensor) -> Tensor:
    """Tell which leads (n, leads) of waves (n, leads, samples) are there: not zero throughout."""
    return waves.abs().amax(dim=2) > 0
