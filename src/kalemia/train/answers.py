"""What networks say, some records at a time: of what they validate on, of what is studied, to what they teach."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from kalemia.train.examples import Examples, Float32
from kalemia.train.loss import Batch, nll
from kalemia.train.nets import Estimator

AT_ONCE = 1024
"""How many records are answered at once: all of them would need gigabytes."""


@torch.no_grad()
def answers(net: Estimator, batch: Batch) -> tuple[Tensor, Tensor]:
    """Return potassium and spread (n,), mEq/L, of a network that is no longer trained; some records at a time."""
    net.eval()
    device = next(net.parameters()).device
    pieces = zip(torch.split(batch.waves, AT_ONCE), torch.split(batch.side, AT_ONCE), strict=True)
    potassium, spread = zip(*(net(*(part.to(device) for part in piece)) for piece in pieces), strict=True)
    return torch.cat(potassium).cpu(), torch.cat(spread).cpu()


def estimates(net: Estimator, examples: Examples) -> tuple[Float32, Float32]:
    """Return potassium and spread (n,), mEq/L, as arrays."""
    potassium, spread = answers(net, Batch.of(examples))
    return potassium.numpy(), spread.numpy()


def validated(net: Estimator, held: Batch) -> tuple[float, float]:
    """Return the mean negative log-likelihood, and the mean absolute error in mEq/L."""
    potassium, spread = answers(net, held)
    return float(nll(potassium, spread, held.true).mean()), float(torch.mean(torch.abs(potassium - held.true)))


@torch.no_grad()
def lesson(teachers: Sequence[Estimator], batch: Batch) -> Tensor:
    """Return the mean of what teachers say of each lead, (n, leads) in mEq/L."""
    pieces = zip(torch.split(batch.waves, AT_ONCE), torch.split(batch.side, AT_ONCE), strict=True)
    return torch.cat([torch.stack([teacher.each(*piece)[0] for teacher in teachers]).mean(dim=0) for piece in pieces])
