"""What training makes small: maximum likelihood of a normal error whose spread the network says itself.

Networks that differ in nothing but their seed differ on real ECGs by more than most designs do, and their mean is
better than most of them. So several can teach one: it is fitted to the mean of what they say of each lead, and less to
the truth (Hinton, Vinyals and Dean 2015, "Distilling the knowledge in a neural network"), and keeps the size of one.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from kalemia.train.examples import Examples
from kalemia.train.nets import Estimator, SeveralLeads
from kalemia.train.nets.estimator import present

TAUGHT_WITHIN_MEQ_L = 0.35
"""The distance from its teachers' mean that costs a taught network 1."""
TRUTH_SHARE = 0.3
"""How much the likelihood of the truth counts beside it."""


@dataclass(frozen=True, eq=False)
class Batch:
    """Some examples as tensors.

    Attributes
    ----------
    waves, side, true
        (n, leads, samples), (n, leads + 1) and the potassium (n,), mEq/L.
    lesson
        (n, leads) the mean of what teachers say of each lead, mEq/L; None where there are none.
    """

    waves: Tensor
    side: Tensor
    true: Tensor
    lesson: Tensor | None = None

    @classmethod
    def of(cls, examples: Examples) -> Batch:
        """Return all examples."""
        waves, side, true = map(torch.from_numpy, (examples.waves, examples.side, examples.potassium))
        return cls(waves, side, true)

    def __len__(self) -> int:
        return len(self.true)

    def only(self, pick: Tensor, device: torch.device) -> Batch:
        """Return some of them, on a device."""
        lesson = None if self.lesson is None else self.lesson[pick].to(device)
        waves, side, true = (own[pick].to(device) for own in (self.waves, self.side, self.true))
        return Batch(waves, side, true, lesson)


def nll(potassium: Tensor, spread: Tensor, true: Tensor) -> Tensor:
    """Return the negative logarithm of the likelihood of each normal error, less a constant."""
    return torch.log(spread) + 0.5 * torch.square((true - potassium) / spread)


def loss(net: Estimator, batch: Batch, dice: torch.Generator) -> tuple[Tensor, Tensor]:
    """Return what training makes small, and the mean absolute error of the leads on the way, mEq/L.

    Of several leads each has to answer for itself, and all that a piece of a batch shows have to together: any number
    of them, so that the network can do with those that an ECG has.
    """
    leads = batch.waves.shape[1]
    shown = int(torch.randint(1, leads + 1, (), generator=dice))
    rows = torch.randperm(leads, generator=dice)[:shown]
    there = present(batch.waves[:, rows])
    potassium, spread = net.each(batch.waves, batch.side, rows)
    own = mean(nll(potassium, spread, batch.true[:, None]), there)
    if isinstance(net, SeveralLeads):
        own = own + mean(nll(*net.combined(potassium, spread, there), batch.true), there.any(dim=1))
    error = mean((potassium.detach() - batch.true[:, None]).abs(), there)
    if batch.lesson is None:
        return own, error
    return taught(potassium, batch.lesson[:, rows], there, own), error


def taught(potassium: Tensor, lesson: Tensor, there: Tensor, own: Tensor) -> Tensor:
    """Return the loss of a taught network: its distance from the lesson, and a share of its `own` loss."""
    return mean(torch.square((potassium - lesson) / TAUGHT_WITHIN_MEQ_L), there) + TRUTH_SHARE * own


def mean(losses: Tensor, counted: Tensor) -> Tensor:
    """Return the mean of those that are counted."""
    return (losses * counted).sum() / counted.sum().clamp(min=1)
