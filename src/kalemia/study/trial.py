"""One network of a study: trained until its validation stops improving, at each learning rate that may be tried."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from kalemia.errors import TrainError
from kalemia.study import designs
from kalemia.study.designs import Shape
from kalemia.study.examples import Examples
from kalemia.study.plan import Budget, Design
from kalemia.train import nets
from kalemia.train.checkpoint import Checkpoint
from kalemia.train.loop import CLIP_NORM, nll

WEIGHT_DECAY = 1e-4
AT_ONCE = 512

Reals = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Data:
    """ECGs with their potassium (n,), mEq/L, and patients (n,)."""

    examples: Examples
    potassium: NDArray[np.float32]
    patients: NDArray[np.str_]

    def only(self, chosen: NDArray[np.bool_]) -> Data:
        """Return some of the ECGs."""
        return Data(self.examples.only(chosen), self.potassium[chosen], self.patients[chosen])


@dataclass(frozen=True, eq=False)
class Estimates:
    """Estimates (n,) and the spread (n,) that an entrant expects of their errors, mEq/L."""

    potassium: Reals
    spread: Reals


@dataclass
class _Best:
    """How a training goes: its best epoch, and by epoch the MAE of training (while it trains) and validation."""

    loss: float
    epoch: int
    curves: list[list[float]]


class Trial:
    """A network that was trained, and how that went."""

    def __init__(self, design: Design, train: Data, validation: Data, budget: Budget, seed: int, kept: Path) -> None:
        torch.set_num_threads(1)  # fits run side by side
        shape = _shape(train)
        files = [kept.with_name(f"{kept.stem}-rate{rate:g}.pt") for rate in budget.rates]
        tries = [
            _trained(design, shape, train, validation, budget, rate, seed, file)
            for rate, file in zip(budget.rates, files, strict=True)
        ]
        self.net, about = min(tries, key=lambda one: float(one[1]["validation_loss"]))
        if not np.isfinite(about["validation_loss"]):
            raise TrainError(f"training diverged at every learning rate ({', '.join(f'{r:g}' for r in budget.rates)})")
        self.about = {**about, "parameters": nets.parameters(self.net)}
        self.files = files

    def estimates(self, data: Data) -> Estimates:
        """Estimate."""
        return Estimates(*(part.astype(np.float64) for part in _said(self.net, data)))

    def forget(self) -> None:
        """Delete what a training that is stopped would go on from."""
        for file in self.files:
            file.unlink(missing_ok=True)


def _shape(train: Data) -> Shape:
    own = train.examples
    return Shape(
        own.waves.shape[1],
        own.waves.shape[2],
        float(train.potassium.mean()),
        float(train.potassium.std()) + 1e-6,
        tuple(map(float, own.side.mean(axis=0))),
        tuple(map(float, own.side.std(axis=0) + 1e-6)),
    )


def _trained(
    design: Design,
    shape: Shape,
    train: Data,
    validation: Data,
    budget: Budget,
    rate: float,
    seed: int,
    file: Path,
) -> tuple[designs.Estimator, dict[str, Any]]:
    torch.manual_seed(seed)
    net = designs.build(shape, design).to(_device())
    weights = designs.build(shape, design).to(_device())  # those of the best epoch
    optimizer = torch.optim.AdamW(net.parameters(), lr=rate, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=budget.halve)
    dice = torch.Generator().manual_seed(seed)
    kept = Checkpoint(file, net=net, weights=weights, optimizer=optimizer, schedule=schedule, dice=dice)
    best = _Best(**(kept.restore() or {"loss": np.inf, "epoch": 0, "curves": [[], []]}))
    tensors = _tensors(train)
    while len(best.curves[1]) < budget.epochs and len(best.curves[1]) - best.epoch < budget.patience:
        best.curves[0].append(round(_epoch(net, optimizer, tensors, budget.batch, dice), 4))
        loss, mae = _validated(net, validation)
        best.curves[1].append(round(mae, 4))
        schedule.step(loss)
        if loss < best.loss:
            best.loss, best.epoch = loss, len(best.curves[1])
            weights.load_state_dict(net.state_dict())
        kept.save(asdict(best))
    kept.save(asdict(best), now=True)
    return weights.eval(), {
        "learning_rate": rate,
        "epochs": best.epoch,
        "validation_loss": best.loss,
        "training_mae_meq_l": best.curves[0],
        "validation_mae_meq_l": best.curves[1],
    }


def _epoch(
    net: designs.Estimator,
    optimizer: torch.optim.Optimizer,
    tensors: tuple[torch.Tensor, ...],
    batch: int,
    dice: torch.Generator,
) -> float:
    """Take a step a batch; return the MAE on the way, mEq/L."""
    net.train()
    errors = []
    for pick in torch.split(torch.randperm(len(tensors[2]), generator=dice), batch):
        if len(pick) < 2:  # batch norm has nothing to average
            continue
        waves, side, true = (tensor[pick].to(_device()) for tensor in tensors)
        optimizer.zero_grad()
        potassium, spread = net(waves, side)
        nll(potassium, spread, true).mean().backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(net.parameters(), CLIP_NORM)
        optimizer.step()
        errors.append(torch.abs(potassium.detach() - true))
    return float(torch.cat(errors).mean())


def _device() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def _tensors(data: Data) -> tuple[torch.Tensor, ...]:
    own = data.examples
    return torch.from_numpy(own.waves), torch.from_numpy(own.side), torch.from_numpy(data.potassium)


@torch.no_grad()
def _said(net: designs.Estimator, data: Data) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    net.eval()
    waves, side, _ = _tensors(data)
    pieces = zip(torch.split(waves, AT_ONCE), torch.split(side, AT_ONCE), strict=True)
    said = [net(*(part.to(_device()) for part in some)) for some in pieces]
    potassium, spread = (torch.cat(parts).cpu().numpy() for parts in zip(*said, strict=True))
    return potassium, spread


def _validated(net: designs.Estimator, data: Data) -> tuple[float, float]:
    potassium, spread = _said(net, data)
    loss = nll(*map(torch.from_numpy, (potassium, spread, data.potassium))).mean()
    return float(loss), float(np.mean(np.abs(data.potassium - potassium)))
