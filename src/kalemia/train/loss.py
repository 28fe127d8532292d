"""What training makes small: the surprise at the true potassium, once the training's own mix of patients is taken in.

What a network says is added to the logarithm of the mix before it is judged, so that the network itself learns the
likelihood and not how many of the training's patients had which potassium (logit adjustment: Menon 2021, "Long-tail
learning via logit adjustment").

Networks that differ in nothing but their seed differ on real ECGs by more than most designs do, and their mean is
better than most of them. So several can teach one: it is fitted to the mean of what they say of each lead, and less to
the truth (Hinton, Vinyals and Dean 2015, "Distilling the knowledge in a neural network"), and keeps the size of one.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, log_softmax, softmax

from kalemia.estimate.evidence import CENTRES_MEQ_L, binned
from kalemia.train.examples import Examples
from kalemia.train.nets import Estimator, SeveralLeads
from kalemia.train.nets.estimator import present

LESSON_SHARE, TRUTH_SHARE = 3.0, 0.3
"""How much what its teachers say, and the truth, count for a taught network."""


@dataclass(frozen=True, eq=False)
class Batch:
    """Some examples as tensors.

    Attributes
    ----------
    waves, side, true
        (n, leads, samples), (n, leads + 1) and the potassium (n,), mEq/L.
    bins
        (n,) in which bin of `estimate.evidence` the potassium is.
    lesson
        (n, leads, 30) the mean log-likelihoods of teachers; None where there are none.
    """

    waves: Tensor
    side: Tensor
    true: Tensor
    bins: Tensor
    lesson: Tensor | None = None

    @classmethod
    def of(cls, examples: Examples) -> Batch:
        """Return all examples."""
        waves, side, true = map(torch.from_numpy, (examples.waves, examples.side, examples.potassium))
        return cls(waves, side, true, torch.from_numpy(binned(examples.potassium)))

    def __len__(self) -> int:
        return len(self.true)

    def only(self, pick: Tensor, device: torch.device) -> Batch:
        """Return some of them, on a device."""
        lesson = None if self.lesson is None else self.lesson[pick].to(device)
        waves, side, true, bins = (own[pick].to(device) for own in (self.waves, self.side, self.true, self.bins))
        return Batch(waves, side, true, bins, lesson)


def surprise(log_likelihoods: Tensor, log_mix: Tensor, bins: Tensor) -> Tensor:
    """Return the negative logarithm of the probability that was given to the true bins (...)."""
    logits = log_likelihoods + log_mix
    flat = cross_entropy(logits.reshape(-1, logits.shape[-1]), bins.reshape(-1), reduction="none")
    return flat.reshape(bins.shape)


def expected(log_likelihoods: Tensor, log_mix: Tensor) -> Tensor:
    """Return the mean potassium (...), mEq/L, of what is known in the training's mix."""
    centres = torch.tensor(CENTRES_MEQ_L, dtype=log_likelihoods.dtype, device=log_likelihoods.device)
    return softmax(log_likelihoods + log_mix, dim=-1) @ centres


def loss(net: Estimator, batch: Batch, dice: torch.Generator) -> tuple[Tensor, Tensor]:
    """Return what training makes small, and the mean absolute error of the leads on the way, mEq/L.

    Of several leads each has to answer for itself, and all that a piece of a batch shows have to together: any number
    of them, so that the network can do with those that an ECG has.
    """
    leads = batch.waves.shape[1]
    shown = int(torch.randint(1, leads + 1, (), generator=dice))
    rows = torch.randperm(leads, generator=dice)[:shown]
    there = present(batch.waves[:, rows])
    answer = net.each(batch.waves, batch.side, rows)
    own = mean(surprise(answer, net.log_mix, batch.bins[:, None].expand(answer.shape[:2])), there)
    if isinstance(net, SeveralLeads):
        own = own + mean(surprise(net.combined(answer, there), net.log_mix, batch.bins), there.any(dim=1))
    error = mean((expected(answer.detach(), net.log_mix) - batch.true[:, None]).abs(), there)
    if batch.lesson is None:
        return own, error
    return taught(answer + net.log_mix, batch.lesson[:, rows] + net.log_mix, there, own), error


def taught(answer: Tensor, lesson: Tensor, there: Tensor, own: Tensor) -> Tensor:
    """Return the loss of a taught network: its surprise at the lesson, both in the mix, and a share of its `own`."""
    surprised = -(softmax(lesson, dim=-1) * log_softmax(answer, dim=-1)).sum(dim=-1)
    return LESSON_SHARE * mean(surprised, there) + TRUTH_SHARE * own


def mean(losses: Tensor, counted: Tensor) -> Tensor:
    """Return the mean of those that are counted."""
    return (losses * counted).sum() / counted.sum().clamp(min=1)
