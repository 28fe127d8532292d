"""Cross-validation by patient: every entrant sees the same folds, and each is trained until validation stops improving.

What one fit says of its test fold is a file of its own, so that a study that was stopped goes on from there.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingRegressor

from kalemia import atomic
from kalemia.cohort.split import fold_of, place_of
from kalemia.errors import TrainError
from kalemia.train import baselines, designs, nets
from kalemia.train.designs import Design, Shape
from kalemia.train.examples import Examples
from kalemia.workers import mapped

VALIDATION = 0.12
"""Of the patients that are not tested."""
CLIP_NORM, WEIGHT_DECAY = 1.0, 1e-4
AT_ONCE = 512
BOOSTING = "gradient boosting on features"
MEASURED = (baselines.RIDGE, BOOSTING, baselines.SLOPE, baselines.MEDIAN)
"""Entrants that are no network."""

Reals = NDArray[np.float64]


@dataclass(frozen=True)
class Budget:
    """How long each entrant may try: the same for all.

    Attributes
    ----------
    folds, seeds
        Of the cross-validation, and networks of each fold.
    rates
        Learning rates that are tried; the one that validates best is kept.
    patience, halve, epochs
        Epochs without improvement after which training ends and the rate is halved, and epochs at most.
    batch
        ECGs at a time.
    """

    folds: int = 5
    seeds: int = 1
    rates: tuple[float, ...] = (0.006, 0.002)
    patience: int = 12
    halve: int = 4
    epochs: int = 150
    batch: int = 64


QUICK = Budget(folds=3, rates=(0.006,), patience=4, halve=2, epochs=14)


@dataclass(frozen=True)
class Entrant:
    """Who takes part: a network, or one of `MEASURED`, on some leads of some seconds."""

    name: str
    leads: tuple[str, ...]
    design: Design | None = None
    seconds: float = 0.9


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
class Answers:
    """What an entrant says of all ECGs, each while it was in the test fold.

    Attributes
    ----------
    number
        (n,) places in the cohort's table.
    potassium
        (seeds, n) estimates, mEq/L.
    about
        A mapping a fit: fold, seed, epochs, learning rate, validation MAE.
    """

    number: NDArray[np.int64]
    potassium: Reals
    about: tuple[Mapping[str, Any], ...]


def run(
    entrant: Entrant,
    data: Data,
    budget: Budget,
    folder: Path,
    workers: int = 1,
    progress: Callable[[], None] | None = None,
) -> Answers:
    """Cross-validate an entrant; fits that lie in `folder` are not done again."""
    fold = fold_of(data.patients.tolist(), budget.folds)
    seeds = budget.seeds if entrant.design else 1
    todo = [(number, seed) for number in range(budget.folds) for seed in range(seeds)]
    job = partial(_fit, entrant, data, budget, fold, folder)
    said = np.full((seeds, len(data.potassium)), np.nan)
    about = []
    for (number, seed), (estimates, known) in zip(todo, mapped(job, todo, workers), strict=True):
        said[seed, fold == number] = estimates
        about.append({"fold": number, "seed": seed, **known})
        if progress:
            progress()
    return Answers(data.examples.number, said, tuple(about))


def _fit(
    entrant: Entrant, data: Data, budget: Budget, fold: NDArray[np.int64], folder: Path, which: tuple[int, int]
) -> tuple[Reals, dict[str, Any]]:
    """Return what an entrant, fitted without a fold, says of it, and how the fit went."""
    number, seed = which
    kept = folder / f"{entrant.name.replace(' ', '-').replace(',', '')}-fold{number}-seed{seed}.npz"
    if kept.exists():
        with np.load(kept) as stored:
            return stored["potassium"], dict(json.loads(str(stored["about"])))
    tested = fold == number
    held = np.array([place_of(patient, "validation") < VALIDATION for patient in data.patients.tolist()])
    train, validation, test = (data.only(part) for part in (~tested & ~held, ~tested & held, tested))
    for name, part in (("training", train), ("validation", validation), ("test", test)):
        if len(part.potassium) < 2:
            raise TrainError(f"fold {number + 1} has {len(part.potassium)} ECGs for {name}; give a larger cohort")
    about: dict[str, Any] = {}
    if entrant.design is None:
        estimates = _measured(entrant.name, train, test, seed)
    else:
        estimates, about = _network(entrant.design, train, validation, test, budget, seed)
    stream = io.BytesIO()
    np.savez(stream, potassium=estimates, about=json.dumps(about))
    atomic.write({kept: stream.getvalue()})
    return estimates, about


def _measured(name: str, train: Data, test: Data, seed: int) -> Reals:
    """Return what an entrant that is no network says of the test fold."""
    seen = [baselines.table(data.examples.measures, data.examples.side) for data in (train, test)]
    if name != BOOSTING:
        return baselines.fitted(name, seen[0], train.potassium, seen[1], seed)
    trees = HistGradientBoostingRegressor(max_iter=300, learning_rate=0.05, max_leaf_nodes=15, random_state=seed)
    return np.asarray(trees.fit(seen[0], train.potassium).predict(seen[1]), np.float64)


def _network(
    design: Design, train: Data, validation: Data, test: Data, budget: Budget, seed: int
) -> tuple[Reals, dict[str, Any]]:
    """Return what a network says of the test fold, trained at the learning rate that validates best."""
    torch.set_num_threads(1)  # fits run side by side
    own = train.examples
    shape = Shape(
        own.waves.shape[1],
        own.waves.shape[2],
        float(train.potassium.mean()),
        float(train.potassium.std()) + 1e-6,
        tuple(map(float, own.side.mean(axis=0))),
        tuple(map(float, own.side.std(axis=0) + 1e-6)),
    )
    tries = [_trained(design, shape, train, validation, budget, rate, seed) for rate in budget.rates]
    net, about = min(tries, key=lambda one: float(one[1]["validation_loss"]))
    return _said(net, test)[0].astype(np.float64), {**about, "parameters": nets.parameters(net)}


def _trained(
    design: Design, shape: Shape, train: Data, validation: Data, budget: Budget, rate: float, seed: int
) -> tuple[designs.Estimator, dict[str, Any]]:
    torch.manual_seed(seed)
    net = designs.build(shape, design)
    optimizer = torch.optim.AdamW(net.parameters(), lr=rate, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=budget.halve)
    dice = torch.Generator().manual_seed(seed)
    tensors = _tensors(train)
    best, best_epoch, weights = np.inf, 0, net.state_dict()
    curve = []
    for epoch in range(1, budget.epochs + 1):
        net.train()
        for pick in torch.split(torch.randperm(len(train.potassium), generator=dice), budget.batch):
            if len(pick) < 2:  # batch norm has nothing to average
                continue
            waves, side, true = (tensor[pick] for tensor in tensors)
            optimizer.zero_grad()
            potassium, spread = net(waves, side)
            _nll(potassium, spread, true).backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(net.parameters(), CLIP_NORM)
            optimizer.step()
        loss, mae = _validated(net, validation)
        curve.append(round(mae, 4))
        schedule.step(loss)
        if loss < best:
            best, best_epoch = loss, epoch
            weights = {name: value.clone() for name, value in net.state_dict().items()}
        if epoch - best_epoch >= budget.patience:
            break
    net.load_state_dict(weights)
    return net.eval(), {
        "learning_rate": rate,
        "epochs": best_epoch,
        "validation_loss": best,
        "validation_mae_meq_l": curve,
    }


def _tensors(data: Data) -> tuple[torch.Tensor, ...]:
    own = data.examples
    return torch.from_numpy(own.waves), torch.from_numpy(own.side), torch.from_numpy(data.potassium)


def _nll(potassium: torch.Tensor, spread: torch.Tensor, true: torch.Tensor) -> torch.Tensor:
    return torch.mean(torch.log(spread) + 0.5 * torch.square((true - potassium) / spread))


@torch.no_grad()
def _said(net: designs.Estimator, data: Data) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    net.eval()
    waves, side, _ = _tensors(data)
    said = [net(*some) for some in zip(torch.split(waves, AT_ONCE), torch.split(side, AT_ONCE), strict=True)]
    potassium, spread = (torch.cat(parts).numpy() for parts in zip(*said, strict=True))
    return potassium, spread


def _validated(net: designs.Estimator, data: Data) -> tuple[float, float]:
    potassium, spread = _said(net, data)
    loss = float(np.mean(np.log(spread) + 0.5 * np.square((data.potassium - potassium) / spread)))
    return loss, float(np.mean(np.abs(data.potassium - potassium)))
