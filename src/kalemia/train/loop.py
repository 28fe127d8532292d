"""Fit a network to examples, at one learning rate after the other; what a stopped training goes on from is a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from kalemia.errors import TrainError
from kalemia.train.answers import lesson
from kalemia.train.design import Course, Design
from kalemia.train.examples import Examples, mix_of
from kalemia.train.loss import Batch
from kalemia.train.nets import Estimator, Shape, build
from kalemia.train.training import Curve, Progress, Trainee


@dataclass(frozen=True, eq=False)
class Fitted:
    """A trained network, with the weights of the epoch that validates best, its seed and rate, and how it went."""

    net: Estimator
    seed: int
    rate: float
    curve: Curve

    def to_json(self) -> dict[str, int | float]:
        """Return what a model's card says of it."""
        loss, mae = round(self.curve.loss, 5), round(self.curve.mae_meq_l, 5)
        return {"seed": self.seed, "validation_loss": loss, "validation_mae_meq_l": mae}


def fit(
    design: Design,
    train: Examples,
    validation: Examples,
    course: Course,
    seed: int,
    *,
    teachers: Sequence[Estimator] = (),
    kept: Path | None = None,
    progress: Progress | None = None,
    device: str = "cpu",
) -> Fitted:
    """Train from a seed; keep the learning rate, and the weights of the epoch, that validate best.

    Parameters
    ----------
    teachers
        Networks that teach this one, beside the truth.
    kept
        What the files are called that a stopped training goes on from, one a learning rate: see `file_of`.

    Returns
    -------
    The same for the same data and seed, with the same version of torch on the same kind of processor.
    """
    if len(train) < course.batch or not len(validation):
        raise TrainError(
            f"{len(train)} training beats are left; at least one batch of {course.batch} is needed; "
            "give more, or a smaller batch"
        )
    # Sums on several threads depend on how many there are; so small a network is as fast on one.
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(device == "cpu")
    learned = Batch.of(train)
    if teachers:
        learned = replace(learned, lesson=lesson(teachers, learned))
    held, shape = Batch.of(validation), _shape(train)
    tries = []
    for rate in course.rates:
        file = None if kept is None else file_of(kept, rate)
        torch.manual_seed(seed)
        training = Trainee(build(design, shape).to(device), course, rate, len(learned), seed, file)
        curve = training.run(learned, held, progress)
        tries.append(Fitted(training.best.eval(), seed, rate, curve))
    best = min(tries, key=lambda fitted: fitted.curve.loss)
    if not np.isfinite(best.curve.loss):
        raise TrainError(
            f"training diverged at every learning rate ({', '.join(f'{rate:g}' for rate in course.rates)}); "
            "take a lower one"
        )
    return best


def fastest() -> str:
    """Return the fastest device that is there; another than the processor gives other last digits every time."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def file_of(kept: Path, rate: float) -> Path:
    """Return the file that the training at a learning rate goes on from."""
    return kept.with_name(f"{kept.name}-rate{rate:g}.pt")


def _shape(train: Examples) -> Shape:
    _, leads, samples = train.waves.shape
    return Shape(
        leads,
        samples,
        mix=tuple(map(float, mix_of(train.potassium).shares)),
        side_centre=tuple(map(float, train.side.mean(axis=0))),
        side_scale=tuple(map(float, train.side.std(axis=0) + 1e-6)),
    )
