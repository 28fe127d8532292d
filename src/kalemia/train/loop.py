"""Fit a DSCRNN: maximum likelihood of a normal error whose spread the network says itself.

Networks that differ in nothing but their seed differ on real ECGs by more than most designs do, and their mean is
better than most of them. So several can teach one: it is fitted to the mean of what they say of each lead, and less to
the truth (Hinton, Vinyals and Dean 2015, "Distilling the knowledge in a neural network"), and keeps the size of one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from kalemia.errors import TrainError
from kalemia.train.checkpoint import Checkpoint
from kalemia.train.config import Config
from kalemia.train.data import Beats
from kalemia.train.nets import Network, SharedDSCRNN, Size, network, present

CLIP_NORM = 1.0
PIECE = 32
"""How many records of a batch are read at a time: all of them would not stay in a processor's cache, and the network of
180k parameters would take 2.5 times as long. Batch norm then averages a piece, too (Hoffer 2017, "ghost" batches)."""
AT_ONCE = 1024
"""How many records are validated at once: all of them would need gigabytes."""
TAUGHT_WITHIN_MEQ_L = 0.35
"""The distance from its teachers' mean that costs a taught network 1."""
TRUTH_SHARE = 0.3
"""How much the likelihood of the truth counts beside it."""
TAUGHT_EPOCHS = 2
"""How many times as long a taught network is trained: what it follows has no noise that it could learn by heart."""


@dataclass(frozen=True, eq=False)
class Fitted:
    """A trained network, its seed, and how well it validates: mean negative log-likelihood, and MAE in mEq/L."""

    net: Network
    seed: int
    loss: float
    mae_meq_l: float


def fit(
    config: Config,
    train: Beats,
    validation: Beats,
    seed: int,
    progress: Callable[[int, float], None] | None = None,
    teachers: Sequence[Network] = (),
    kept: Path | None = None,
) -> Fitted:
    """Train from a seed, taught by other networks if there are any; keep the weights of the epoch that validates best.

    `progress` is called with the epoch and its validation MAE, mEq/L; what a stopped training goes on from is in the
    file `kept`. The same configuration and seed give the same
    weights with the same version of torch on the same kind of processor.
    """
    if len(train) < config.batch or not len(validation):
        raise TrainError(
            f"{len(train)} training beats are left; at least one batch of {config.batch} is needed; "
            "give more, or a smaller batch"
        )
    torch.manual_seed(seed)
    # Sums on several threads depend on how many there are; so small a network is as fast on one.
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    net = network(_size(config, train))
    epochs = epochs_of(config, bool(teachers))
    steps = epochs * (len(train) // config.batch)
    optimizer = torch.optim.AdamW(net.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, config.learning_rate, total_steps=steps, pct_start=0.15)
    data: tuple[Tensor, ...] = tensors(train)
    if teachers:
        data = (*data, _lesson(teachers, *data[:2]))
    held = tensors(validation)
    shuffle = torch.Generator().manual_seed(seed)
    weights = network(net.size)  # of the best epoch
    state = Checkpoint(kept, net=net, weights=weights, optimizer=optimizer, schedule=schedule, shuffle=shuffle)
    known = state.restore() or {"epoch": 0, "best": np.inf, "best_mae": np.inf}
    while known["epoch"] < epochs:
        _epoch(net, optimizer, schedule, data, config.batch, shuffle)
        loss, mae = _validate(net, held)
        if loss < known["best"]:
            known |= {"best": loss, "best_mae": mae}
            weights.load_state_dict(net.state_dict())
        known["epoch"] += 1
        state.save(known, now=known["epoch"] == epochs)
        if progress:
            progress(known["epoch"], mae)
    if not np.isfinite(known["best"]):
        raise TrainError(f"training diverged; the learning rate {config.learning_rate} is too high for these data")
    return Fitted(weights.eval(), seed, known["best"], known["best_mae"])


def epochs_of(config: Config, taught: bool) -> int:
    """Return how many epochs a network is trained, taught by others or not."""
    return config.epochs * TAUGHT_EPOCHS if taught else config.epochs


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


def nll(potassium: Tensor, spread: Tensor, true: Tensor) -> Tensor:
    """Return the negative logarithm of the likelihood of each normal error, less a constant."""
    return torch.log(spread) + 0.5 * torch.square((true - potassium) / spread)


@torch.no_grad()
def _lesson(teachers: Sequence[Network], waves: Tensor, side: Tensor) -> Tensor:
    """Return the mean of what the teachers say of each lead, (n, leads) in mEq/L."""
    pieces = zip(torch.split(waves, AT_ONCE), torch.split(side, AT_ONCE), strict=True)
    said = [torch.stack([teacher.each(*piece)[0] for teacher in teachers]).mean(dim=0) for piece in pieces]
    return torch.cat(said)


def _loss(net: Network, data: tuple[Tensor, ...], dice: torch.Generator) -> Tensor:
    """Return what training makes small, of waves, side inputs, potassium and, where there are teachers, what they say.

    Of several leads each has to answer for itself, and all that a piece of a batch shows have to together: any number
    of them, so that the network can do with those that an ECG has.
    """
    waves, side, true, *lesson = data
    leads = waves.shape[1]
    shown = int(torch.randint(1, leads + 1, (), generator=dice))
    rows = torch.randperm(leads, generator=dice)[:shown]
    there = present(waves[:, rows])
    potassium, spread = net.each(waves, side, rows)
    loss = _mean(nll(potassium, spread, true[:, None]), there)
    if isinstance(net, SharedDSCRNN):
        loss = loss + _mean(nll(*net.combined(potassium, spread, there), true), there.any(dim=1))
    if not lesson:
        return loss
    apart = torch.square((potassium - lesson[0][:, rows]) / TAUGHT_WITHIN_MEQ_L)
    return _mean(apart, there) + TRUTH_SHARE * loss


def _mean(losses: Tensor, counted: Tensor) -> Tensor:
    return (losses * counted).sum() / counted.sum().clamp(min=1)


def _epoch(
    net: Network,
    optimizer: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LRScheduler,
    data: tuple[Tensor, ...],
    batch: int,
    shuffle: torch.Generator,
) -> None:
    net.train()
    order = torch.randperm(len(data[2]), generator=shuffle)
    for pick in torch.split(order[: len(order) // batch * batch], batch):
        optimizer.zero_grad()
        for piece in torch.split(pick, PIECE):
            loss = _loss(net, tuple(tensor[piece] for tensor in data), shuffle) * (len(piece) / batch)
            loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(net.parameters(), CLIP_NORM)
        optimizer.step()
        schedule.step()


@torch.no_grad()
def _validate(net: Network, held: tuple[Tensor, Tensor, Tensor]) -> tuple[float, float]:
    net.eval()
    waves, side, true = held
    answers = [net(*some) for some in zip(torch.split(waves, AT_ONCE), torch.split(side, AT_ONCE), strict=True)]
    potassium, spread = (torch.cat(several) for several in zip(*answers, strict=True))
    return float(nll(potassium, spread, true).mean()), float(torch.mean(torch.abs(potassium - true)))
