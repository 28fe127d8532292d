"""Fit a DSCRNN: maximum likelihood of a normal error whose spread the network says itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from kalemia.errors import TrainError
from kalemia.train.config import Config
from kalemia.train.data import Beats
from kalemia.train.nets import Network, SharedDSCRNN, Size, network, present

CLIP_NORM = 1.0
AT_ONCE = 1024
"""How many records are validated at once: all of them would need gigabytes."""


@dataclass(frozen=True, eq=False)
class Fitted:
    """A trained network, its seed, and how well it validates: mean negative log-likelihood, and MAE in mEq/L."""

    net: Network
    seed: int
    loss: float
    mae_meq_l: float


def fit(
    config: Config, train: Beats, validation: Beats, seed: int, progress: Callable[[int, float], None] | None = None
) -> Fitted:
    """Train from a seed; keep the weights of the epoch that validates best.

    `progress` is called with the epoch and its validation MAE, mEq/L. The same configuration and seed give the same
    weights with the same version of torch on the same kind of processor.
    """
    if len(train) < config.batch or not len(validation):
        raise TrainError(f"{len(train)} training beats are left; at least one batch of {config.batch} is needed")
    torch.manual_seed(seed)
    # Sums on several threads depend on how many there are; so small a network is as fast on one.
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    net = network(_size(config, train))
    steps = config.epochs * (len(train) // config.batch)
    optimizer = torch.optim.AdamW(net.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, config.learning_rate, total_steps=steps, pct_start=0.15)
    data = tensors(train)
    held = tensors(validation)
    shuffle = torch.Generator().manual_seed(seed)
    best, best_mae, weights = np.inf, np.inf, net.state_dict()
    for epoch in range(config.epochs):
        _epoch(net, optimizer, schedule, data, config.batch, shuffle)
        loss, mae = _validate(net, held)
        if loss < best:
            best, best_mae, weights = loss, mae, {k: v.clone() for k, v in net.state_dict().items()}
        if progress:
            progress(epoch + 1, mae)
    if not np.isfinite(best):
        raise TrainError(f"training diverged; the learning rate {config.learning_rate} is too high for these data")
    net.load_state_dict(weights)
    return Fitted(net.eval(), seed, best, best_mae)


def tensors(beats: Beats) -> tuple[Tensor, Tensor, Tensor]:
    """Return waves, side inputs and potassium of some beats as tensors."""
    return torch.from_numpy(beats.waves), torch.from_numpy(beats.side), torch.from_numpy(beats.potassium)


def _size(config: Config, train: Beats) -> Size:
    return Size(
        leads=len(config.leads),
        channels=config.channels,
        lstm=config.lstm,
        centre_meq_l=float(train.potassium.mean()),
        scale_meq_l=float(train.potassium.std()),
        side_centre=tuple(map(float, train.side.mean(axis=0))),
        side_scale=tuple(map(float, train.side.std(axis=0) + 1e-6)),
    )


def _nll(potassium: Tensor, spread: Tensor, true: Tensor) -> Tensor:
    return torch.log(spread) + 0.5 * torch.square((true - potassium) / spread)


def _loss(net: Network, waves: Tensor, side: Tensor, true: Tensor, dice: torch.Generator) -> Tensor:
    """Return what training makes small.

    Of several leads each has to answer for itself, and all that a batch shows have to together: any number of them, so
    that the network can do with those that an ECG has.
    """
    if not isinstance(net, SharedDSCRNN):
        potassium, spread = net(waves, side)
        return _mean(_nll(potassium, spread, true))
    leads = waves.shape[1]
    shown = int(torch.randint(1, leads + 1, (), generator=dice))
    rows = torch.randperm(leads, generator=dice)[:shown]
    there = present(waves[:, rows])
    potassium, spread = net.each(waves, side, rows)
    alone = _nll(potassium, spread, true[:, None])
    together = _nll(*net.combined(potassium, spread, there), true)
    return _mean(alone, there) + _mean(together, there.any(dim=1))


def _mean(losses: Tensor, counted: Tensor | None = None) -> Tensor:
    return losses.mean() if counted is None else (losses * counted).sum() / counted.sum().clamp(min=1)


def _epoch(
    net: Network,
    optimizer: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LRScheduler,
    data: tuple[Tensor, Tensor, Tensor],
    batch: int,
    shuffle: torch.Generator,
) -> None:
    net.train()
    order = torch.randperm(len(data[2]), generator=shuffle)
    for pick in torch.split(order[: len(order) // batch * batch], batch):
        waves, side, true = (tensor[pick] for tensor in data)
        optimizer.zero_grad()
        _loss(net, waves, side, true, shuffle).backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(net.parameters(), CLIP_NORM)
        optimizer.step()
        schedule.step()


@torch.no_grad()
def _validate(net: Network, held: tuple[Tensor, Tensor, Tensor]) -> tuple[float, float]:
    net.eval()
    waves, side, true = held
    answers = [net(*some) for some in zip(torch.split(waves, AT_ONCE), torch.split(side, AT_ONCE), strict=True)]
    potassium, spread = (torch.cat(several) for several in zip(*answers, strict=True))
    return float(_nll(potassium, spread, true).mean()), float(torch.mean(torch.abs(potassium - true)))
