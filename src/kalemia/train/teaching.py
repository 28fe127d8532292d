"""One network from a configuration: fitted alone, or taught by others that differ in nothing but their seed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from kalemia.errors import TrainError
from kalemia.system import atomic
from kalemia.system.workers import mapped
from kalemia.train import loop
from kalemia.train.config import Config
from kalemia.train.examples import Examples
from kalemia.train.loop import Fitted
from kalemia.train.training import Progress

TAUGHT_EPOCHS = 2
"""How many times as long a taught network is trained: what it follows has no noise that it could learn by heart."""

Report = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is."""


@dataclass(frozen=True, eq=False)
class Taught:
    """The network that is kept, and those that it has learned from: one a seed where there are several, else none."""

    fitted: Fitted
    teachers: tuple[Fitted, ...] = ()


def fit(
    config: Config, train: Examples, validation: Examples, unfinished: Path, workers: int, report: Report
) -> Taught:
    """Fit the network of a configuration; its teachers, if it has several seeds, side by side.

    What was fitted before a stop lies in the folder `unfinished`, under a name that this configuration and these
    records alone have.
    """
    with atomic.writing(unfinished, TrainError):
        unfinished.mkdir(exist_ok=True)
    kept = unfinished / _fingerprint(config, train)
    if config.seeds == 1:
        progress, file = _epochs(report, "training", config.epochs), _file(kept, config.seed)
        course = config.course
        return Taught(loop.fit(config.design, train, validation, course, config.seed, kept=file, progress=progress))
    seeds = [config.seed + number for number in range(config.seeds)]
    teachers = []
    for teacher in mapped(partial(_teacher, config, train, validation, kept), seeds, workers):
        teachers.append(teacher)
        report("training teachers", len(teachers), config.seeds)
    course, seed = replace(config.course, epochs=config.epochs * TAUGHT_EPOCHS), config.seed + config.seeds
    pupil = loop.fit(
        config.design,
        train,
        validation,
        course,
        seed,
        teachers=[teacher.net for teacher in teachers],
        kept=_file(kept, seed),
        progress=_epochs(report, "training on their mean", course.epochs),
    )
    return Taught(pupil, tuple(teachers))


def _teacher(config: Config, train: Examples, validation: Examples, kept: Path, seed: int) -> Fitted:
    return loop.fit(config.design, train, validation, config.course, seed, kept=_file(kept, seed))


def _file(kept: Path, seed: int) -> Path:
    return kept.with_name(f"{kept.name}-{seed}")


def _epochs(report: Report, what: str, epochs: int) -> Progress:
    """Return what reports each epoch."""

    def progress(epoch: int, mae_meq_l: float) -> None:
        report(f"{what}, validation MAE {mae_meq_l:.3f} mEq/L", epoch, epochs)

    return progress


def _fingerprint(config: Config, train: Examples) -> str:
    digest = hashlib.sha256(config.model_dump_json().encode())
    for array in (train.waves, train.side, train.potassium):
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()[:12]
