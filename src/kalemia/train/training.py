"""A network on its way: epoch after epoch, from where a stopped training was."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch.optim.lr_scheduler import OneCycleLR, ReduceLROnPlateau

from kalemia.train.answers import validated
from kalemia.train.checkpoint import Checkpoint
from kalemia.train.design import Course
from kalemia.train.loss import Batch, loss
from kalemia.train.nets import Estimator

CLIP_NORM = 1.0
RISES = 0.15
"""The share of a training in which the learning rate rises, where it rises and falls once."""
PIECE = 32
"""How many records of a batch are read at a time: all of them would not stay in a processor's cache, and the network of
180k parameters would take 2.5 times as long. Batch norm then averages a piece, too (Hoffer 2017, "ghost" batches)."""

Progress = Callable[[int, float], None]
"""Called with the epoch and its validation MAE, mEq/L."""


@dataclass
class Curve:
    """How a training goes.

    Attributes
    ----------
    best
        The epoch that validates best, from 1; 0 before there is any.
    loss, mae_meq_l
        Its mean negative log-likelihood, and mean absolute error, mEq/L, on the validation part.
    training_mae_meq_l, validation_mae_meq_l
        Of each epoch; of training while it trains.
    """

    best: int = 0
    loss: float = float("inf")
    mae_meq_l: float = float("inf")
    training_mae_meq_l: list[float] = field(default_factory=list)
    validation_mae_meq_l: list[float] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.validation_mae_meq_l)

    def add(self, training_mae_meq_l: float, loss: float, validation_mae_meq_l: float) -> bool:
        """Note an epoch, and tell whether none before validates as well."""
        self.training_mae_meq_l.append(round(training_mae_meq_l, 4))
        self.validation_mae_meq_l.append(round(validation_mae_meq_l, 4))
        if better := loss < self.loss:
            self.best, self.loss, self.mae_meq_l = len(self), loss, validation_mae_meq_l
        return better

    def state_dict(self) -> dict[str, Any]:
        """Return its fields."""
        return asdict(self)

    def load_state_dict(self, state: dict[str, Any], /) -> None:
        """Take them back."""
        vars(self).update(vars(Curve(**state)))


class Trainee:
    """A network on its way from the first epoch to the last."""

    def __init__(self, net: Estimator, course: Course, rate: float, records: int, seed: int, kept: Path | None) -> None:
        self.net, self.course = net, course
        self.best = copy.deepcopy(net)  # the weights of the best epoch
        self.optimizer = torch.optim.AdamW(net.parameters(), lr=rate, weight_decay=course.weight_decay)
        self.schedule: OneCycleLR | ReduceLROnPlateau
        if course.halve is None:
            steps = course.epochs * (records // course.batch)
            self.schedule = OneCycleLR(self.optimizer, rate, total_steps=steps, pct_start=RISES)
        else:
            self.schedule = ReduceLROnPlateau(self.optimizer, factor=0.5, patience=course.halve)
        self.dice = torch.Generator().manual_seed(seed)
        self.curve = Curve()
        self.kept = Checkpoint(
            kept,
            net=self.net,
            best=self.best,
            optimizer=self.optimizer,
            schedule=self.schedule,
            dice=self.dice,
            curve=self.curve,
        )

    @property
    def over(self) -> bool:
        """Whether all epochs are done, or too many in a row without a better validation."""
        epochs, patience = len(self.curve), self.course.patience
        return epochs >= self.course.epochs or (patience is not None and epochs - self.curve.best >= patience)

    def run(self, learned: Batch, held: Batch, progress: Progress | None) -> Curve:
        """Train from where a stopped training was to the end."""
        self.kept.restore()
        while not self.over:
            error = self.epoch(learned)
            loss, mae = validated(self.net, held)
            if self.curve.add(error, loss, mae):
                self.best.load_state_dict(self.net.state_dict())
            if isinstance(self.schedule, ReduceLROnPlateau):
                self.schedule.step(loss)
            self.kept.save(now=self.over)
            if progress:
                progress(len(self.curve), mae)
        return self.curve

    def epoch(self, learned: Batch) -> float:
        """Take a step a batch, all as large; return the mean absolute error on the way, mEq/L."""
        self.net.train()
        batch, errors = self.course.batch, []
        order = torch.randperm(len(learned), generator=self.dice)
        for pick in torch.split(order[: len(order) // batch * batch], batch):
            self.optimizer.zero_grad()
            for piece in torch.split(pick, PIECE):
                own, error = loss(self.net, learned.only(piece, self.device), self.dice)
                (own * (len(piece) / batch)).backward()  # type: ignore[no-untyped-call]
                errors.append(float(error) * len(piece))
            torch.nn.utils.clip_grad_norm_(self.net.parameters(), CLIP_NORM)
            self.optimizer.step()
            if isinstance(self.schedule, OneCycleLR):
                self.schedule.step()
        return sum(errors) / (len(order) // batch * batch)

    @property
    def device(self) -> torch.device:
        """Where the network is."""
        return next(self.net.parameters()).device
