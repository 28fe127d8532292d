"""What networks say, some records at a time: of what they validate on, of what is studied, to what they teach."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from kalemia.estimate.evidence import CENTRES_MEQ_L, quantiles
from kalemia.train.examples import Examples, Float32
from kalemia.train.loss import Batch, surprise
from kalemia.train.nets import Estimator

AT_ONCE = 1024
"""How many records are answered at once: all of them would need gigabytes."""


@torch.no_grad()
def answers(net: Estimator, batch: Batch) -> Tensor:
    """Return the log-likelihoods (n, 30) of a network that is no longer trained; some records at a time."""
    net.eval()
    device = next(net.parameters()).device
    pieces = zip(torch.split(batch.waves, AT_ONCE), torch.split(batch.side, AT_ONCE), strict=True)
    return torch.cat([net(*(part.to(device) for part in piece)) for piece in pieces]).cpu()


def estimates(net: Estimator, examples: Examples) -> tuple[Float32, Float32]:
    """Return the median and the standard deviation (n,), mEq/L, of what is known in the training's mix."""
    return _in_the_mix(net, answers(net, Batch.of(examples)))


def _in_the_mix(net: Estimator, answer: Tensor) -> tuple[Float32, Float32]:
    shares = torch.softmax((answer + net.log_mix.cpu()).double(), dim=-1).numpy()
    middle = shares @ CENTRES_MEQ_L
    spread = np.sqrt((shares * np.square(CENTRES_MEQ_L - middle[:, None])).sum(axis=1))
    return quantiles(shares, 0.5).astype(np.float32), spread.astype(np.float32)


def validated(net: Estimator, held: Batch) -> tuple[float, float]:
    """Return the mean surprise, and the mean absolute error in mEq/L."""
    answer = answers(net, held)
    potassium, _ = _in_the_mix(net, answer)
    surprised = surprise(answer, net.log_mix.cpu(), held.bins)
    return float(surprised.mean()), float(np.mean(np.abs(potassium - held.true.numpy())))


@torch.no_grad()
def lesson(teachers: Sequence[Estimator], batch: Batch) -> Tensor:
    """Return the mean log-likelihoods of teachers, lead by lead: (n, leads, 30)."""
    pieces = zip(torch.split(batch.waves, AT_ONCE), torch.split(batch.side, AT_ONCE), strict=True)
    return torch.cat([torch.stack([teacher.each(*piece) for teacher in teachers]).mean(dim=0) for piece in pieces])
